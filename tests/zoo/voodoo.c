/*
 * An adapter of the zoo: like a 3dfx Voodoo3
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - The registers of a mode are in the I/O BAR, which is BAR 2; the VGA's
 *   ports are b0 to df of it; BAR 1 is the frame: include/video/tdfx.h and
 *   drivers/video/fbdev/tdfxfb.c of Linux 6.1.
 * - BAR 0 has the same 256 bytes, again and again in its first 512 KiB:
 *   banshee.cc of Bochs (783b58f).
 * - vgaInit1 has the bank for writes in bits 0 to 9 and that for reads in bits
 *   10 to 19, in units of 32 KiB, and makes chain-4 packed with bit 20:
 *   banshee.cc, and vid_voodoo_banshee.c of 86Box (c23ad1b).
 *
 * Not confirmed: whether banks count if bit 20 is 0, as in 86Box and here, or
 * do not, as in Bochs.  Left out: the locks of the CRTC in vgaInit1, and what
 * vgaInit0 turns off.
 */

#include "card.h"

#define REGISTERS 64            /* of 32 bits */
#define COPIES_END 0x80000      /* of them, in BAR 0 */
#define VGA_INIT1 (0x2c / 4)
#define INIT1_BANK 0x3ff        /* for writes; for reads 10 bits above it */
#define INIT1_PACKED 0x00100000
#define BANK_SIZE 0x8000
#define MIRROR 0xb0
#define MIRROR_END 0xe0

typedef struct Voodoo {
    uint32_t reg[REGISTERS];
} Voodoo;

static uint32_t voodoo_bank(const Card *card, uint32_t offset, bool write)
{
    uint32_t init1 = ((Voodoo *)card->own)->reg[VGA_INIT1];

    (void)offset;
    return (init1 >> (write ? 0 : 10) & INIT1_BANK) * BANK_SIZE;
}

static bool voodoo_packed(const Card *card)
{
    return ((Voodoo *)card->own)->reg[VGA_INIT1] & INIT1_PACKED;
}

static bool voodoo_is_mirror(uint32_t offset)
{
    return offset >= MIRROR && offset < MIRROR_END;
}

static uint32_t voodoo_read_bar(Card *card, int bar, uint32_t offset,
                                unsigned size)
{
    const Voodoo *own = card->own;

    (void)bar;
    if (offset >= COPIES_END) {
        return 0;
    }
    offset %= 4 * REGISTERS;
    return voodoo_is_mirror(offset) ?
           card_read_mirror(card, 0x300 + offset, size) :
           own->reg[offset / 4] >> 8 * (offset & 3);
}

static void voodoo_write_bar(Card *card, int bar, uint32_t offset,
                             uint32_t value, unsigned size)
{
    Voodoo *own = card->own;
    uint32_t mask = (size == 4 ? 0 : 1u << 8 * size) - 1;
    int shift = 8 * (offset & 3);

    (void)bar;
    if (offset >= COPIES_END) {
        return;
    }
    offset %= 4 * REGISTERS;
    if (voodoo_is_mirror(offset)) {
        card_write_mirror(card, 0x300 + offset, value, size);
    } else {
        own->reg[offset / 4] = (own->reg[offset / 4] & ~(mask << shift)) |
                               (value & mask) << shift;
    }
}

const Personality voodoo = {
    .name = "voodoo",
    .about = "an I/O BAR that each mode set writes (Voodoo3)",
    .vendor = 0x121a,
    .device = 0x0005,
    .last_index = { [CARD_CR] = 0x3f },
    .bars = { { .size = 0x2000000 }, { .size = 0x2000000, .frame = true },
              { .size = 0x100, .io = true } },
    .own_size = sizeof(Voodoo),
    .bank = voodoo_bank,
    .packed = voodoo_packed,
    .read_bar = voodoo_read_bar,
    .write_bar = voodoo_write_bar,
};
