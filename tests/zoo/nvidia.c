/*
 * An adapter of the zoo: like an NVIDIA GeForce
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CR1F, which locks what is beyond a VGA's CRTC, and the ports again in BAR 0:
 * drivers/video/fbdev/nvidia of Linux (nv_hw.c, nv_setup.c).  CR1D and CR1E,
 * the banks for writes and for reads in units of 32 KiB, and CR28, the format
 * of pixels: envytools (docs/hw/display/nv3/pcrtc.rst).  CR38 with the 32 bits
 * at 3d0, and BAR 5, through which software without BAR 0 reaches its
 * registers: hw/vfio/pci-quirks.c of QEMU.
 */

#include "card.h"

#define CR1F_KEY 0x57
#define CR38_SELECT 0x03
#define CR38_READ 0x05
#define CR38_WRITE 0x07
#define BANK_SIZE 0x8000
#define FRAME_BAR 1
#define IO_BAR 5
#define IO_ADDRESS 8
#define IO_DATA 12
#define REGISTERS 64            /* others of BAR 0, by address modulo it */

typedef struct Nvidia {
    uint32_t address;           /* at 3d0, with CR38 */
    uint32_t io_address;        /* of BAR 5 */
    uint32_t reg[REGISTERS];
} Nvidia;

/* The ports of a mirror are at a block's address plus their own */
static bool nvidia_mirrors(uint32_t offset, uint16_t *port)
{
    static const struct {
        uint32_t block;
        uint16_t first, last;
    } mirrors[] = {
        { 0x0c0000, 0x3c2, 0x3cf },     /* PRMVIO, but for the DAC */
        { 0x601000, 0x3c0, 0x3c1 },     /* PRMCIO */
        { 0x601000, 0x3d4, 0x3da },
        { 0x681000, 0x3c6, 0x3c9 },     /* PRMDIO */
    };
    unsigned i;

    for (i = 0; i < sizeof(mirrors) / sizeof(mirrors[0]); i++) {
        *port = offset - mirrors[i].block;
        if (offset >= mirrors[i].block + mirrors[i].first &&
            offset <= mirrors[i].block + mirrors[i].last) {
            return true;
        }
    }
    return false;
}

static uint32_t nvidia_read_bar(Card *card, int bar, uint32_t offset,
                                unsigned size)
{
    Nvidia *own = card->own;
    uint16_t port;

    if (bar == IO_BAR) {
        return offset == IO_ADDRESS ? own->io_address :
               offset == IO_DATA ? nvidia_read_bar(card, 0, own->io_address,
                                                   size) : 0;
    }
    return nvidia_mirrors(offset, &port) ? card_read_mirror(card, port, size)
           : own->reg[offset / 4 % REGISTERS] >> 8 * (offset & 3);
}

static void nvidia_write_bar(Card *card, int bar, uint32_t offset,
                             uint32_t value, unsigned size)
{
    Nvidia *own = card->own;
    uint16_t port;

    if (bar == IO_BAR && offset == IO_ADDRESS) {
        own->io_address = value & 0xffffff;
    } else if (bar == IO_BAR && offset == IO_DATA) {
        nvidia_write_bar(card, 0, own->io_address, value, size);
    } else if (bar == 0 && nvidia_mirrors(offset, &port)) {
        card_write_mirror(card, port, value, size);
    } else if (bar == 0 && size == 4) {
        own->reg[offset / 4 % REGISTERS] = value;
    }
}

static bool nvidia_write_register(Card *card, CardSet set, uint8_t index,
                                  uint8_t value)
{
    (void)value;
    return set == CARD_CR && index > 0x18 && index != 0x1f &&
           card->reg[CARD_CR][0x1f] != CR1F_KEY;
}

/* A byte of 3d0 to 3d3 */
static int nvidia_read_port(Card *card, uint16_t port)
{
    Nvidia *own = card->own;
    int shift = 8 * (port & 3);

    if (port < 0x3d0 || port > 0x3d3) {
        return CARD_DEFAULT;
    }
    switch (card->reg[CARD_CR][0x38]) {
    case CR38_SELECT:
        return own->address >> shift & 0xff;
    case CR38_READ:
        return nvidia_read_bar(card, 0, own->address + (port & 3), 1) & 0xff;
    default:
        return 0;
    }
}

static bool nvidia_write_port(Card *card, uint16_t port, uint8_t value)
{
    Nvidia *own = card->own;
    int shift = 8 * (port & 3);
    uint32_t *word = &own->reg[own->address / 4 % REGISTERS];
    uint16_t mirror;

    if (port < 0x3d0 || port > 0x3d3) {
        return false;
    }
    if (card->reg[CARD_CR][0x38] == CR38_SELECT) {
        word = &own->address;
    } else if (card->reg[CARD_CR][0x38] != CR38_WRITE) {
        return true;
    } else if (nvidia_mirrors(own->address + (port & 3), &mirror)) {
        card_write_port(card, mirror, value);
        return true;
    }
    *word = (*word & ~(0xffu << shift)) | (uint32_t)value << shift;
    return true;
}

static uint32_t nvidia_bank(const Card *card, uint32_t offset, bool write)
{
    (void)offset;
    return card->reg[CARD_CR][write ? 0x1d : 0x1e] * BANK_SIZE;
}

/* Of a format that is not a VGA's, chain-4 is packed */
static bool nvidia_packed(const Card *card)
{
    return card->reg[CARD_CR][0x28] & 3;
}

const Personality nvidia = {
    .name = "nvidia",
    .about = "a lock, banks, windows to BAR 0 at 3d0 and in BAR 5 (GeForce)",
    .vendor = 0x10de,
    .device = 0x0110,
    .last_index = { [CARD_CR] = 0xff },
    .bars = { { .size = 0x1000000 },
              [FRAME_BAR] = { .size = 0x2000000, .frame = true },
              [IO_BAR] = { .size = 0x80, .io = true } },
    .own_size = sizeof(Nvidia),
    .write_register = nvidia_write_register,
    .read_port = nvidia_read_port,
    .write_port = nvidia_write_port,
    .bank = nvidia_bank,
    .packed = nvidia_packed,
    .read_bar = nvidia_read_bar,
    .write_bar = nvidia_write_bar,
};
