/*
 * An adapter of the zoo: like a Trident TGUI9440
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - A read of SR0B selects the new mode of SR0D and SR0E: tridentfb.c of Linux
 *   6.1. A write selects the old one: vid_tgui9440.c of 86Box (c23ad1b).
 * - SR0E of the new mode has the bank of 64 KiB in its low 6 bits, with bit 1
 *   inverted as it is written; 3d8 has the bank for writes and 3d9 that for
 *   reads: trident_bank.c and trident_dac.c of xf86-video-trident 1.3.8.
 * - GR0F turns 3d8 and 3d9 on with bit 2, and a bank for reads of its own with
 *   bit 0, which is GR0E without 3d9, inverted in the same way; the bank of
 *   SR0E is that of the mode in which it was written last; with bit 7 of the
 *   new mode's SR0E clear some registers of the CRTC keep their values; SR0B
 *   reads e3; chain-4 is packed always: 86Box.
 *
 * Not confirmed: what makes up a bank in the old mode's SR0E.
 */

#include <string.h>

#include "card.h"

#define SR0B_ID 0xe3
#define GR0F_SPLIT 0x01         /* a bank for reads alone */
#define GR0F_PORTS 0x04         /* 3d8 and 3d9 in place of SR0E and GR0E */
#define BANK 0x3f
#define BANK_INVERTED 0x02
#define SR0E_OPEN 0x80
#define BANK_SIZE 0x10000

typedef struct Trident {
    uint8_t new_mode;
    uint8_t control[2][2];      /* SR0D and SR0E of the old and the new mode */
    uint8_t bank;               /* SR0E's */
    uint8_t write_bank, read_bank; /* 3d8, 3d9 */
} Trident;

static int trident_read_register(Card *card, CardSet set, uint8_t index)
{
    Trident *own = card->own;

    if (set != CARD_SR || index < 0x0b || index == 0x0c || index > 0x0e) {
        return CARD_DEFAULT;
    }
    if (index == 0x0b) {
        own->new_mode = 1;
        return SR0B_ID;
    }
    return own->control[own->new_mode][index - 0x0d];
}

static bool trident_is_locked(const Card *card, CardSet set, uint8_t index)
{
    static const uint8_t locked[] = {
        0x21, 0x29, 0x2a, 0x38, 0x39, 0x3b, 0x3c
    };
    const Trident *own = card->own;

    return set == CARD_CR && own->new_mode &&
           !(own->control[1][1] & SR0E_OPEN) &&
           memchr(locked, index, sizeof(locked));
}

static bool trident_write_register(Card *card, CardSet set, uint8_t index,
                                   uint8_t value)
{
    Trident *own = card->own;

    if (set == CARD_GR && index == 0x0e) {
        card->reg[set][index] = value ^ BANK_INVERTED;
        return true;
    }
    if (set != CARD_SR || index < 0x0b || index == 0x0c || index > 0x0e) {
        return trident_is_locked(card, set, index);
    }
    if (index == 0x0b) {
        own->new_mode = 0;
        return true;
    }
    if (index == 0x0e) {
        value ^= own->new_mode ? BANK_INVERTED : 0;
        own->bank = value;
    }
    own->control[own->new_mode][index - 0x0d] = value;
    return true;
}

static int trident_read_port(Card *card, uint16_t port)
{
    const Trident *own = card->own;

    if (port == 0x3d8 || port == 0x3d9) {
        return port == 0x3d8 ? own->write_bank : own->read_bank;
    }
    return CARD_DEFAULT;
}

static bool trident_write_port(Card *card, uint16_t port, uint8_t value)
{
    Trident *own = card->own;

    if (port == 0x3d8) {
        own->write_bank = value;
    } else if (port == 0x3d9) {
        own->read_bank = value;
    }
    return port == 0x3d8 || port == 0x3d9;
}

static uint32_t trident_bank(const Card *card, uint32_t offset, bool write)
{
    const Trident *own = card->own;
    uint8_t gr0f = card->reg[CARD_GR][0x0f], bank;

    (void)offset;
    if (!write && (gr0f & GR0F_SPLIT)) {
        bank = gr0f & GR0F_PORTS ? own->read_bank : card->reg[CARD_GR][0x0e];
    } else {
        bank = gr0f & GR0F_PORTS ? own->write_bank : own->bank;
    }
    return (bank & BANK) * BANK_SIZE;
}

static bool trident_packed(const Card *card)
{
    (void)card;
    return true;
}

const Personality trident = {
    .name = "trident",
    .about = "two meanings of SR0D and SR0E, banks at 3d8 and 3d9 (TGUI9440)",
    .vendor = 0x1023,
    .device = 0x9440,
    .last_index = { [CARD_SR] = 0x0f, [CARD_GR] = 0x3f, [CARD_CR] = 0x7f },
    .bars = { { .size = 0x200000, .frame = true } },
    .own_size = sizeof(Trident),
    .read_register = trident_read_register,
    .write_register = trident_write_register,
    .read_port = trident_read_port,
    .write_port = trident_write_port,
    .bank = trident_bank,
    .packed = trident_packed,
};
