/*
 * An adapter of the zoo: like Intel graphics of the G45
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Intel G35/G45 Express Chipset Graphics Controller Programmer's Reference
 * Manual", volume 3 (2009): GR10 turns paging of the window on and has the
 * upper bits of the page, GR11 the lower; MMIO_INDEX and MMIO_DATA are the I/O
 * BAR.  Any register of BAR 0 is taken, by its address modulo 64.  With paging,
 * chain-4 is packed.
 */

#include "card.h"

#define GR10_PAGING 0x01
#define GR10_PAGE 0xf0
#define PAGE_SIZE 0x10000
#define IO_BAR 4
#define IO_INDEX 0
#define IO_DATA 4
#define REGISTERS 64

typedef struct Intel {
    uint32_t index;
    uint32_t reg[REGISTERS];
} Intel;

static bool intel_paging(const Card *card)
{
    return card->reg[CARD_GR][0x10] & GR10_PAGING;
}

static uint32_t intel_bank(const Card *card, uint32_t offset, bool write)
{
    const uint8_t *gr = card->reg[CARD_GR];

    (void)offset;
    (void)write;
    return intel_paging(card) ?
           ((gr[0x10] & GR10_PAGE) << 4 | gr[0x11]) * PAGE_SIZE : 0;
}

static uint32_t intel_read_bar(Card *card, int bar, uint32_t offset,
                               unsigned size)
{
    const Intel *own = card->own;

    (void)size;
    if (bar == IO_BAR && offset < IO_DATA) {
        return own->index >> 8 * offset;
    }
    if (bar == IO_BAR) {
        offset += own->index - IO_DATA;
    }
    return own->reg[offset / 4 % REGISTERS] >> 8 * (offset & 3);
}

static void intel_write_bar(Card *card, int bar, uint32_t offset,
                            uint32_t value, unsigned size)
{
    Intel *own = card->own;

    if (size != 4) {
        return;
    }
    if (bar == IO_BAR && offset == IO_INDEX) {
        own->index = value;
    } else {
        offset = bar == IO_BAR ? own->index : offset;
        own->reg[offset / 4 % REGISTERS] = value;
    }
}

const Personality intel = {
    .name = "intel",
    .about = "pages by GR10 and GR11, index and data in an I/O BAR (G45)",
    .vendor = 0x8086,
    .device = 0x2e22,
    .last_index = { [CARD_GR] = 0x1f },
    .bars = { { .size = 0x400000 }, [2] = { .size = 0x2000000, .frame = true },
              [IO_BAR] = { .size = 8, .io = true } },
    .own_size = sizeof(Intel),
    .bank = intel_bank,
    .packed = intel_paging,
    .read_bar = intel_read_bar,
    .write_bar = intel_write_bar,
};
