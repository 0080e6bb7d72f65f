/*
 * An adapter of the zoo: like a Matrox Mystique
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - Six CRTC extensions behind an index of their own, at 3de and 3df, and all
 *   ports from 3c0 on again at 1fc0 of the control aperture, which is BAR 0,
 *   with the frame in BAR 1: drivers/video/fbdev/matrox of Linux 6.1
 *   (matroxfb_base.h, matroxfb_base.c, matroxfb_misc.c), and mga_dacG.c of
 *   xf86-video-mga 2.0.0. Later chips have more, and the Mystique 220 the two
 *   BARs in turn.
 * - The fourth has the bank of 64 KiB, seven bits, and the lowest does not
 *   count in a window of 128 KiB; bit 7 of the third makes chain-4 packed:
 *   vid_mga.c of 86Box (c23ad1b).
 *
 * Not confirmed: how wide the index is, and what an extension that is not
 * there reads.  Left out: the reads of latches and of the attribute controller
 * behind CR22 to CR26, and BAR 2.
 */

#include "card.h"

#define INDEX_MASK 0x07
#define EXTENSIONS 6
#define EXT3_MGA 0x80           /* not a VGA's mode: chain-4 is packed */
#define BANK 0x7f
#define BANK_128K 0x7e
#define BANK_SIZE 0x10000
#define GR6_WINDOW 0x0c         /* 0: 128 KiB */
#define MIRROR 0x1fc0
#define MIRROR_SIZE 0x20

typedef struct Matrox {
    uint8_t index, ext[INDEX_MASK + 1];
} Matrox;

static int matrox_read_port(Card *card, uint16_t port)
{
    const Matrox *own = card->own;

    if (port == 0x3de || port == 0x3df) {
        return port == 0x3de ? own->index : own->ext[own->index];
    }
    return CARD_DEFAULT;
}

static bool matrox_write_port(Card *card, uint16_t port, uint8_t value)
{
    Matrox *own = card->own;

    if (port == 0x3de) {
        own->index = value & INDEX_MASK;
    } else if (port == 0x3df && own->index < EXTENSIONS) {
        own->ext[own->index] = value;
    }
    return port == 0x3de || port == 0x3df;
}

static uint32_t matrox_bank(const Card *card, uint32_t offset, bool write)
{
    uint8_t mask = card->reg[CARD_GR][6] & GR6_WINDOW ? BANK : BANK_128K;

    (void)offset;
    (void)write;
    return (((Matrox *)card->own)->ext[4] & mask) * BANK_SIZE;
}

static bool matrox_packed(const Card *card)
{
    return ((Matrox *)card->own)->ext[3] & EXT3_MGA;
}

static bool matrox_is_mirror(int bar, uint32_t offset)
{
    return bar == 0 && offset >= MIRROR && offset < MIRROR + MIRROR_SIZE;
}

static uint32_t matrox_read_bar(Card *card, int bar, uint32_t offset,
                                unsigned size)
{
    return matrox_is_mirror(bar, offset) ?
           card_read_mirror(card, 0x3c0 + offset - MIRROR, size) : 0;
}

static void matrox_write_bar(Card *card, int bar, uint32_t offset,
                             uint32_t value, unsigned size)
{
    if (matrox_is_mirror(bar, offset)) {
        card_write_mirror(card, 0x3c0 + offset - MIRROR, value, size);
    }
}

const Personality matrox = {
    .name = "matrox",
    .about = "registers at 3de and 3df, the ports again in BAR 0 (Mystique)",
    .vendor = 0x102b,
    .device = 0x051a,
    .bars = { { .size = 0x4000 }, { .size = 0x800000, .frame = true } },
    .own_size = sizeof(Matrox),
    .read_port = matrox_read_port,
    .write_port = matrox_write_port,
    .bank = matrox_bank,
    .packed = matrox_packed,
    .read_bar = matrox_read_bar,
    .write_bar = matrox_write_bar,
};
