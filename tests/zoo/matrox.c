/*
 * An adapter of the zoo: like a Matrox Mystique
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "MGA-1064SG Developer Specification" (Matrox, 1996), and
 * drivers/video/fbdev/matrox of Linux: CRTC extensions behind an index of their
 * own, 3de and 3df, the fourth of which has the bank; the ports again at 1fc0
 * of the control aperture, BAR 0.
 */

#include "card.h"

#define EXTENSIONS 8
#define EXT3_MGA 0x80           /* not a VGA's mode: chain-4 is packed */
#define BANK_SIZE 0x10000
#define MIRROR 0x1fc0
#define MIRROR_SIZE 0x20

typedef struct Matrox {
    uint8_t index, ext[EXTENSIONS];
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
        own->index = value % EXTENSIONS;
    } else if (port == 0x3df) {
        own->ext[own->index] = value;
    }
    return port == 0x3de || port == 0x3df;
}

static uint32_t matrox_bank(const Card *card, uint32_t offset, bool write)
{
    (void)offset;
    (void)write;
    return (((Matrox *)card->own)->ext[4] & 0x7f) * BANK_SIZE;
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
