/*
 * An adapter of the zoo: like a Cirrus Logic GD5446
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - 12 in SR06 opens what is beyond a VGA, else SR06 reads 0f: cirrusfb.c of
 *   Linux 6.1 writes it, and vid_cl54xx.c of 86Box (c23ad1b) has the bits.
 * - SR07 makes chain-4 packed with bit 0; GR09 and GR0A are two banks, and
 *   GR0B says how they and the extended write modes 4 and 5 work; SR17 puts
 *   the BLT engine's registers at b8000, if SR07 has bit 0; CR27 reads b8:
 *   hw/display/cirrus_vga.c of QEMU 10.2.2, and 86Box.
 * - Banks also count in planar modes with a window of 64 KiB at a0000: 86Box.
 * - CR22 reads the latches: include/video/cirrus.h of Linux, 86Box.  With the
 *   extended write modes go the upper bits of GR00, GR01 and GR05: 86Box.
 * - The DAC's hidden register is behind four reads of 3c6: WHDR in cirrusfb.c,
 *   QEMU.  Other accesses to the DAC make it begin again, and those to other
 *   ports do not: 86Box.
 *
 * Not confirmed: that a GD5446 has a lock at all.  By 86Box chips from the
 * GD5429 on do not, QEMU has none; this model has it for the sake of the
 * others.  Left out: pixels of 16 bits, latches of 8 bytes, all of the BLT
 * engine but that it fills rectangles with a color, in whatever mode it is.
 */

#include "card.h"

#define SR06_KEY 0x12
#define SR06_LOCKED 0x0f
#define SR07_PACKED 0x01
#define SR17_MMIO 0x04
#define SR17_MMIO_AT_END 0x40   /* of the linear frame, not at b8000 */
#define GR6_WINDOW 0x0c
#define GR6_64K 0x04
#define GR0B_DUAL 0x01
#define GR0B_BY_8 0x02
#define GR0B_EXTENDED 0x04      /* write modes */
#define GR0B_16K 0x20
#define MMIO 0xb8000
#define MMIO_SIZE 0x100
#define BLT_FOREGROUND 0x04
#define BLT_WIDTH 0x08          /* bytes less one, 13 bits */
#define BLT_HEIGHT 0x0a         /* lines less one, 11 bits */
#define BLT_PITCH 0x0c          /* of the destination */
#define BLT_DESTINATION 0x10
#define BLT_EXTENSIONS 0x1b
#define BLT_SOLID 0x04
#define BLT_START 0x40
#define BLT_START_GO 0x02

typedef struct Cirrus {
    uint8_t blt[MMIO_SIZE];
    uint8_t dac_reads;          /* of 3c6 in a row */
    uint8_t hidden;
} Cirrus;

static uint32_t cirrus_word(const uint8_t *at)
{
    return at[0] | at[1] << 8;
}

static int cirrus_read_register(Card *card, CardSet set, uint8_t index)
{
    if (set == CARD_SR && index == 0x06) {
        return card->reg[CARD_SR][0x06] == SR06_KEY ? SR06_KEY : SR06_LOCKED;
    }
    if (set == CARD_CR && index == 0x22) {
        return card->latch[card->reg[CARD_GR][4] & 3];
    }
    return set == CARD_CR && index == 0x27 ? 0xb8 : CARD_DEFAULT;
}

/* Locked, or one that the extended write modes make wider */
static bool cirrus_write_register(Card *card, CardSet set, uint8_t index,
                                  uint8_t value)
{
    bool extended = card->reg[CARD_GR][0x0b] & GR0B_EXTENDED;

    if (set == CARD_SR && index == 0x06) {
        card->reg[set][index] = value & 0x17;
        return true;
    }
    if (set == CARD_GR && extended && (index < 2 || index == 5)) {
        card->reg[set][index] = index == 5 ? value & 0x7f : value;
        return true;
    }
    if (card->reg[CARD_SR][0x06] != SR06_KEY &&
        ((set == CARD_SR && index > 0x06) ||
         (set == CARD_GR && index > 0x08) ||
         (set == CARD_CR && index > 0x18))) {
        return true;
    }
    if (set == CARD_GR && index == 0x0b && extended &&
        !(value & GR0B_EXTENDED)) {
        card->reg[set][0] &= 0x0f;
        card->reg[set][1] &= 0x0f;
        card->reg[set][5] &= ~0x04;
    }
    return false;
}

static bool is_dac(uint16_t port)
{
    return port >= 0x3c6 && port <= 0x3c9;
}

static int cirrus_read_port(Card *card, uint16_t port)
{
    Cirrus *own = card->own;

    if (port != 0x3c6) {
        own->dac_reads = is_dac(port) ? 0 : own->dac_reads;
        return CARD_DEFAULT;
    }
    if (own->dac_reads == 4) {
        own->dac_reads = 0;
        return own->hidden;
    }
    own->dac_reads++;
    return CARD_DEFAULT;
}

static bool cirrus_write_port(Card *card, uint16_t port, uint8_t value)
{
    Cirrus *own = card->own;
    bool hidden = port == 0x3c6 && own->dac_reads == 4;

    own->dac_reads = is_dac(port) ? 0 : own->dac_reads;
    if (hidden) {
        own->hidden = value;
    }
    return hidden;
}

static bool cirrus_packed(const Card *card)
{
    return card->reg[CARD_SR][0x07] & SR07_PACKED;
}

/* With two banks, each has a half of the window, and counts from its start */
static uint32_t cirrus_bank(const Card *card, uint32_t offset, bool write)
{
    const uint8_t *gr = card->reg[CARD_GR];
    int shift = gr[0x0b] & GR0B_16K ? 14 : 12;

    (void)write;
    if (!cirrus_packed(card) && (gr[6] & GR6_WINDOW) != GR6_64K) {
        return 0;
    }
    if (!(gr[0x0b] & GR0B_DUAL)) {
        return gr[0x09] << shift;
    }
    return offset & 0x8000 ? (gr[0x0a] << shift) - 0x8000 : gr[0x09] << shift;
}

static bool cirrus_is_mmio(const Card *card, uint32_t address)
{
    uint8_t sr17 = card->reg[CARD_SR][0x17];

    return (sr17 & SR17_MMIO) && !(sr17 & SR17_MMIO_AT_END) &&
           cirrus_packed(card) &&
           address >= MMIO && address < MMIO + MMIO_SIZE;
}

static void cirrus_blt(Card *card)
{
    const uint8_t *blt = ((Cirrus *)card->own)->blt;
    uint32_t width = (cirrus_word(blt + BLT_WIDTH) & 0x1fff) + 1;
    uint32_t height = (cirrus_word(blt + BLT_HEIGHT) & 0x7ff) + 1;
    uint32_t pitch = cirrus_word(blt + BLT_PITCH) & 0x1fff;
    uint32_t at = cirrus_word(blt + BLT_DESTINATION) |
                  (blt[BLT_DESTINATION + 2] & 0x3f) << 16;
    uint32_t x, y;

    if (!(blt[BLT_EXTENSIONS] & BLT_SOLID)) {
        return;
    }
    for (y = 0; y < height; y++) {
        for (x = 0; x < width; x++) {
            card->ram[(at + y * pitch + x) & (card->ram_size - 1)] =
                blt[BLT_FOREGROUND];
        }
    }
}

static int cirrus_read_memory(Card *card, uint32_t address)
{
    return cirrus_is_mmio(card, address) ?
           ((Cirrus *)card->own)->blt[address - MMIO] : CARD_DEFAULT;
}

/* Modes 4 and 5: each bit is a dot, of the foreground or of the background */
static bool cirrus_write_dots(Card *card, uint32_t address, uint8_t value)
{
    const uint8_t *gr = card->reg[CARD_GR];
    uint32_t offset = address - CARD_MEMORY, at;
    int i;

    if (!(gr[0x0b] & GR0B_EXTENDED) || (gr[5] & 7) < 4 || (gr[5] & 7) > 5 ||
        offset >= 0x10000) {
        return false;
    }
    at = (offset + cirrus_bank(card, offset, true)) *
         (gr[0x0b] & GR0B_BY_8 ? 8 : 1);
    for (i = 0; i < 8; i++) {
        if (value >> (7 - i) & 1) {
            card->ram[(at + i) & (card->ram_size - 1)] = gr[1];
        } else if ((gr[5] & 7) == 5) {
            card->ram[(at + i) & (card->ram_size - 1)] = gr[0];
        }
    }
    return true;
}

static bool cirrus_write_memory(Card *card, uint32_t address, uint8_t value)
{
    Cirrus *own = card->own;

    if (!cirrus_is_mmio(card, address)) {
        return cirrus_write_dots(card, address, value);
    }
    own->blt[address - MMIO] = value;
    if (address == MMIO + BLT_START && (value & BLT_START_GO)) {
        cirrus_blt(card);
        own->blt[BLT_START] = 0; /* as soon as it is done */
    }
    return true;
}

const Personality cirrus = {
    .name = "cirrus",
    .about = "a lock, two banks, write modes, a BLT engine at b8000 (GD5446)",
    .vendor = 0x1013,
    .device = 0x00b8,
    .last_index = { [CARD_SR] = 0x1f, [CARD_GR] = 0x3f, [CARD_CR] = 0x3f },
    .bars = { { .size = 0x800000, .frame = true } },
    .own_size = sizeof(Cirrus),
    .read_register = cirrus_read_register,
    .write_register = cirrus_write_register,
    .read_port = cirrus_read_port,
    .write_port = cirrus_write_port,
    .bank = cirrus_bank,
    .packed = cirrus_packed,
    .read_memory = cirrus_read_memory,
    .write_memory = cirrus_write_memory,
};
