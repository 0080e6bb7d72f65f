/*
 * An adapter of the zoo: like a Tseng ET4000/W32p
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - 03 to 3bf and then a0 to 3b8 or 3d8 give the key, 29 to 3d8 and then 01 to
 *   3bf take it back, and CR19 and up, without 33 and 35, need it: TSENG.TXT
 *   of VGADOC4B (Finn Thoegersen); tseng_driver.c of xf86-video-tseng 1.2.5.
 * - 3cd has the banks for writes and for reads, 3cb (of the W32) two more bits
 *   of each: et4000.c of svgalib 2.0.0, which masks 3cb with 33.
 * - Banks count in windows at a0000 alone, and not if CR36 has bit 4, of
 *   linear memory; chain-4 is packed always: vid_et4000w32.c of 86Box
 *   (c23ad1b).
 *
 * Not confirmed: that 3cb, 3cd, SR06 and up and AR15 and up need the key, too;
 * that a value of 3bf counts as a whole (the driver of X sets or clears its
 * bit 1).
 */

#include "card.h"

#define BANK_SIZE 0x10000
#define GR6_AT_B0000 0x08       /* or at b8000 */
#define CR36_LINEAR 0x10

typedef struct Tseng {
    uint8_t port_3bf, mode, segment, segment_high;
    uint8_t key;                /* 1: given */
} Tseng;

static int tseng_read_port(Card *card, uint16_t port)
{
    const Tseng *own = card->own;

    switch (port) {
    case 0x3bf:
        return own->port_3bf;
    case 0x3b8:
    case 0x3d8:
        return own->mode;
    case 0x3cb:
        return own->segment_high;
    case 0x3cd:
        return own->segment;
    default:
        return CARD_DEFAULT;
    }
}

static void tseng_write_key(Tseng *own, bool mode, uint8_t value)
{
    *(mode ? &own->mode : &own->port_3bf) = value;
    if (mode && own->port_3bf == 0x03 && value == 0xa0) {
        own->key = 1;
    } else if (!mode && own->mode == 0x29 && value == 0x01) {
        own->key = 0;
    }
}

static bool tseng_write_port(Card *card, uint16_t port, uint8_t value)
{
    Tseng *own = card->own;

    switch (port) {
    case 0x3bf:
    case 0x3b8:
    case 0x3d8:
        tseng_write_key(own, port != 0x3bf, value);
        return true;
    case 0x3cb:
    case 0x3cd:
        if (own->key) {
            *(port == 0x3cb ? &own->segment_high : &own->segment) = value;
        }
        return true;
    default:
        return false;
    }
}

static bool tseng_write_register(Card *card, CardSet set, uint8_t index,
                                 uint8_t value)
{
    const Tseng *own = card->own;

    (void)value;
    return !own->key && ((set == CARD_SR && index > 0x05) ||
                         (set == CARD_AR && index > 0x14) ||
                         (set == CARD_CR && index > 0x18 && index != 0x33 &&
                          index != 0x35));
}

static uint32_t tseng_bank(const Card *card, uint32_t offset, bool write)
{
    const Tseng *own = card->own;
    uint32_t low = write ? own->segment & 15 : own->segment >> 4;
    uint32_t high = write ? own->segment_high & 3 : own->segment_high >> 4 & 3;

    (void)offset;
    if ((card->reg[CARD_GR][6] & GR6_AT_B0000) ||
        (card->reg[CARD_CR][0x36] & CR36_LINEAR)) {
        return 0;
    }
    return (high << 4 | low) * BANK_SIZE;
}

static bool tseng_packed(const Card *card)
{
    (void)card;
    return true;
}

/*
 * 3bf is not among the ports that a PCI bridge or vfio's VGA region forwards
 * (3b0-3bb, 3c0-3df), so a guest can neither give the key nor take it back.
 * The adapter has it from the start: this model's choice, or its banks would
 * be out of every test's reach.
 */
static void tseng_reset(Card *card)
{
    ((Tseng *)card->own)->key = 1;
}

const Personality tseng = {
    .name = "tseng",
    .about = "a key, a bank for reads and one for writes (ET4000/W32p)",
    .vendor = 0x100c,
    .device = 0x3202,
    .last_index = { [CARD_CR] = 0x3f, [CARD_AR] = 0x1f },
    .bars = { { .size = 0x400000, .frame = true } },
    .own_size = sizeof(Tseng),
    .reset = tseng_reset,
    .write_register = tseng_write_register,
    .read_port = tseng_read_port,
    .write_port = tseng_write_port,
    .bank = tseng_bank,
    .packed = tseng_packed,
};
