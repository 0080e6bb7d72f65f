/*
 * Adapters of the zoo that have nothing of their own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "plain" is the core.  "qemu" is the core with the memory of QEMU's `VGA`
 * (hw/display/vga.c), which shifts addresses as the CRTC does when it shows
 * them: so the two can be compared, access by access.
 */

#include "card.h"

#define SR4_SEQUENTIAL 0x04
#define SR4_CHAIN4 0x08
#define GR5_ODD_EVEN 0x10
#define GR6_ODD_EVEN 0x02
#define CR14_DOUBLEWORD 0x40
#define CR17_BYTE 0x40

const Personality plain = {
    .name = "plain",
    .about = "a VGA and nothing else",
    .vendor = 0x1234,
    .device = 0x1110,
    .bars = { { .size = 0x200000, .frame = true } },
};

static uint32_t qemu_plane_address(const Card *card, uint32_t offset,
                                   bool write)
{
    bool odd_even = write ? !(card->reg[CARD_SR][4] & SR4_SEQUENTIAL)
                          : card->reg[CARD_GR][5] & GR5_ODD_EVEN;

    if (card->reg[CARD_SR][4] & SR4_CHAIN4) {
        offset &= ~3;
    } else if (card->reg[CARD_GR][6] & GR6_ODD_EVEN) {
        offset &= ~1;
    }
    if (card->reg[CARD_CR][0x14] & CR14_DOUBLEWORD) {
        return offset >> 2;
    }
    return odd_even && !(card->reg[CARD_CR][0x17] & CR17_BYTE) ? offset >> 1
                                                               : offset;
}

const Personality qemu_std = {
    .name = "qemu",
    .about = "the same, with addresses as in QEMU's `VGA`",
    .vendor = 0x1234,
    .device = 0x1111,
    .last_index = { [CARD_CR] = 0xff },
    .bars = { { .size = 0x1000000, .frame = true } },
    .plane_address = qemu_plane_address,
};
