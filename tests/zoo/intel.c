/*
 * An adapter of the zoo: like Intel graphics of the G45
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - GR10 is the mapping of addresses, with paging by bit 0, and GR11 goes with
 *   it: i810_reg.h of xf86-video-intel 2.99.917 and drivers/video/fbdev/i810
 *   of Linux 6.1, both for the i810.
 * - The VGA's ports are also at their own addresses in BAR 0: i810_main.c of
 *   Linux, and intelG33_regs.h of AROS for the G33.
 * - An index and data are the I/O BAR, BAR 4, by which VBIOSes write the page
 *   table of the graphics, at indices 1, 5, 9 and so on: hw/vfio/igd.c of QEMU
 *   9.2, which knew it from watching VBIOSes.
 * - VGACNTRL is at 71400 of BAR 0: i915_reg.h of Linux.
 * - BARs 0, 2 and 4 have 4 MiB, the frame and 8 bytes: lspci of 8086:2e22.
 *
 * Not confirmed, as Intel's manuals could not be read: that GR10 has the upper
 * four bits of a page and GR11 the lower eight, and that chain-4 is packed
 * with paging (the i810 has a bit of its own for it).  Any other register of
 * BAR 0 is taken by its address modulo 64.
 */

#include "card.h"

#define GR10_PAGING 0x01
#define GR10_PAGE 0xf0
#define PAGE_SIZE 0x10000
#define IO_BAR 4
#define IO_DATA 4
#define INDEX_GTT 0x01          /* the page table, which nothing here has */
#define MIRROR 0x3b0
#define MIRROR_END 0x3e0
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

static bool intel_is_mirror(uint32_t offset)
{
    return offset >= MIRROR && offset < MIRROR_END;
}

static uint32_t intel_read_bar(Card *card, int bar, uint32_t offset,
                               unsigned size)
{
    const Intel *own = card->own;

    if (bar == IO_BAR && offset < IO_DATA) {
        return own->index >> 8 * offset;
    }
    if (bar == IO_BAR) {
        if (own->index & INDEX_GTT) {
            return 0;
        }
        offset += own->index - IO_DATA;
    }
    return intel_is_mirror(offset) ? card_read_mirror(card, offset, size) :
           own->reg[offset / 4 % REGISTERS] >> 8 * (offset & 3);
}

static void intel_write_bar(Card *card, int bar, uint32_t offset,
                            uint32_t value, unsigned size)
{
    Intel *own = card->own;

    if (bar == IO_BAR && offset < IO_DATA) {
        own->index = size == 4 ? value : own->index;
        return;
    }
    if (bar == IO_BAR) {
        if (own->index & INDEX_GTT) {
            return;
        }
        offset += own->index - IO_DATA;
    }
    if (intel_is_mirror(offset)) {
        card_write_mirror(card, offset, value, size);
    } else if (size == 4) {
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
