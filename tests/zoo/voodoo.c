/*
 * An adapter of the zoo: like a 3dfx Voodoo3
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Voodoo3 2000, 3000, 3500 Graphics Engine for 3D Game Acceleration" (3dfx,
 * 1999) and include/video/tdfx.h of Linux: the registers of a mode are in the
 * I/O BAR, and the same in BAR 0; b0 to df of it are the VGA's ports.  vgaInit1
 * has the banks, in units of 32 KiB, and makes chain-4 packed.
 */

#include "card.h"

#define REGISTERS 64            /* of 32 bits */
#define VGA_INIT1 (0x2c / 4)
#define INIT1_BANK 0x3ff        /* for writes; for reads 10 bits above it */
#define INIT1_PACKED 0x00100000
#define BANK_SIZE 0x8000
#define MIRROR 0xb0
#define MIRROR_END 0xe0
#define IO_BAR 2

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

/* Both BARs have the same registers; the ports are in one of them */
static bool voodoo_is_mirror(int bar, uint32_t offset)
{
    return bar == IO_BAR && offset >= MIRROR && offset < MIRROR_END;
}

static uint32_t voodoo_read_bar(Card *card, int bar, uint32_t offset,
                                unsigned size)
{
    const Voodoo *own = card->own;

    if (voodoo_is_mirror(bar, offset)) {
        return card_read_mirror(card, 0x300 + offset, size);
    }
    return offset / 4 < REGISTERS ?
           own->reg[offset / 4] >> 8 * (offset & 3) : 0;
}

static void voodoo_write_bar(Card *card, int bar, uint32_t offset,
                             uint32_t value, unsigned size)
{
    Voodoo *own = card->own;
    uint32_t mask = (size == 4 ? 0 : 1u << 8 * size) - 1;
    int shift = 8 * (offset & 3);

    if (voodoo_is_mirror(bar, offset)) {
        card_write_mirror(card, 0x300 + offset, value, size);
    } else if (offset / 4 < REGISTERS) {
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
