/*
 * An adapter of the zoo: like an ATI or AMD Radeon
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Radeon R5xx Acceleration" and "M56 Register Reference Guide" (AMD, 2007),
 * and r128_reg.h of the X driver: MM_INDEX and MM_DATA at the start of the I/O
 * BAR, and of BAR 2, reach every register; the VGA's ports are registers at
 * their own addresses; MEM_VGA_WP_SEL and MEM_VGA_RP_SEL have a bank for each
 * 32 KiB of the window, CRTC_EXT_CNTL makes chain-4 packed.
 */

#include "card.h"

#define REGISTERS 64            /* of 32 bits, the first of BAR 2 */
#define MM_INDEX 0x00
#define MM_DATA 0x04
#define MEM_VGA_WP_SEL (0x38 / 4)
#define MEM_VGA_RP_SEL (0x3c / 4)
#define CRTC_EXT_CNTL (0x54 / 4)
#define CRTC_EXT_LINEAR 0x08
#define BANK_SIZE 0x8000
#define MIRROR 0x3b0
#define MIRROR_END 0x3e0

typedef struct Ati {
    uint32_t reg[REGISTERS];
} Ati;

static uint32_t ati_bank(const Card *card, uint32_t offset, bool write)
{
    const Ati *own = card->own;
    uint32_t banks = own->reg[write ? MEM_VGA_WP_SEL : MEM_VGA_RP_SEL];

    return offset & BANK_SIZE ? ((banks >> 16 & 0x3ff) - 1) * BANK_SIZE
                              : (banks & 0x3ff) * BANK_SIZE;
}

static bool ati_packed(const Card *card)
{
    return ((Ati *)card->own)->reg[CRTC_EXT_CNTL] & CRTC_EXT_LINEAR;
}

/* The index may be of a register's byte, and never of MM_DATA itself */
static bool ati_indirect(Card *card, uint32_t *offset)
{
    uint32_t index = ((Ati *)card->own)->reg[MM_INDEX / 4];

    if (*offset < MM_DATA || *offset >= MM_DATA + 4) {
        return true;
    }
    *offset = (index & 0xffff) + (*offset - MM_DATA);
    return *offset < MM_DATA || *offset >= MM_DATA + 4;
}

static uint32_t ati_read_bar(Card *card, int bar, uint32_t offset,
                             unsigned size)
{
    const Ati *own = card->own;

    (void)bar;
    if (!ati_indirect(card, &offset)) {
        return 0;
    }
    if (offset >= MIRROR && offset < MIRROR_END) {
        return card_read_mirror(card, offset, size);
    }
    return offset / 4 < REGISTERS ?
           own->reg[offset / 4] >> 8 * (offset & 3) : 0;
}

static void ati_write_bar(Card *card, int bar, uint32_t offset, uint32_t value,
                          unsigned size)
{
    Ati *own = card->own;
    uint32_t mask = (size == 4 ? 0 : 1u << 8 * size) - 1;
    int shift;

    (void)bar;
    if (!ati_indirect(card, &offset)) {
        return;
    }
    shift = 8 * (offset & 3);
    if (offset >= MIRROR && offset < MIRROR_END) {
        card_write_mirror(card, offset, value, size);
    } else if (offset / 4 < REGISTERS) {
        own->reg[offset / 4] = (own->reg[offset / 4] & ~(mask << shift)) |
                               (value & mask) << shift;
    }
}

static void ati_reset(Card *card)
{
    Ati *own = card->own;

    own->reg[MEM_VGA_WP_SEL] = own->reg[MEM_VGA_RP_SEL] = 1 << 16;
}

const Personality ati = {
    .name = "ati",
    .about = "index and data in an I/O BAR, ports as registers (Radeon)",
    .vendor = 0x1002,
    .device = 0x5b60,
    .bars = { { .size = 0x2000000, .frame = true },
              [2] = { .size = 0x10000 }, [4] = { .size = 0x100, .io = true } },
    .own_size = sizeof(Ati),
    .reset = ati_reset,
    .bank = ati_bank,
    .packed = ati_packed,
    .read_bar = ati_read_bar,
    .write_bar = ati_write_bar,
};
