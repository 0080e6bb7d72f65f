/*
 * An adapter of the zoo: like an NVIDIA GeForce
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - CR1F locks what is beyond a VGA's CRTC with 99 and opens it with 57; what
 *   is locked neither changes nor reads as it is, CR1F itself then reads 0:
 *   hw.h and nvreg.h of drivers/gpu/drm/nouveau/dispnv04 of Linux 6.1.
 * - The ports again in BAR 0, up to the GeForce 7: nvreg.h, nv_setup.c of
 *   xf86-video-nv 2.1.20, and docs/hw/mmio.rst of envytools (f102b82).
 * - CR1D and CR1E are the banks for writes and for reads in units of 32 KiB,
 *   CR28 the format of pixels, CR38 what the 32 bits at 3d0 are, with bit 0 as
 *   enable: docs/hw/display/nv3/pcrtc.rst of envytools, geforce.cc of Bochs
 *   (783b58f).
 * - BAR 5, of the G80 and later and of some GeForce 6 and 7, with its
 *   signature and its two enables: docs/hw/bus/bars.rst of envytools; 128
 *   bytes by lspci.
 *
 * Not confirmed: what CR1F reads if it is open; whether banks count while CR28
 * is 0 (Bochs says no, and has one bank for reads and writes); what accesses
 * of a byte to 3d0 do (Bochs has none).  Left out: memory by bit 31 of 3d0's
 * address, and BAR 3 by BAR 5.  Other registers of BAR 0 are taken by their
 * address modulo 64.
 */

#include <string.h>

#include "card.h"

#define CR1F_KEY 0x57
#define CR38_SELECT 0x03
#define CR38_READ 0x05
#define CR38_WRITE 0x07
#define BANK_SIZE 0x8000
#define FRAME_BAR 1
#define IO_BAR 5
#define IO_SIGNATURE 0x2469fdb9
#define IO_REGISTERS 8          /* of 32 bits: these */
#define IO_MASTER 0
#define IO_ENABLE 1
#define IO_ADDRESS 2            /* of BAR 0 */
#define IO_DATA 3
#define IO_FRAME_ADDRESS 4
#define IO_FRAME_DATA 5
#define REGISTERS 64            /* others of BAR 0 */

typedef struct Nvidia {
    uint32_t address;           /* at 3d0, with CR38 */
    uint32_t io[IO_REGISTERS];  /* BAR 5 */
    uint32_t reg[REGISTERS];
} Nvidia;

/* The ports of a mirror are at a block's address plus their own */
static bool nvidia_mirrors(uint32_t offset, uint16_t *port)
{
    static const struct {
        uint32_t block;
        uint16_t first, last;
    } mirrors[] = {
        { 0x0c0000, 0x3c2, 0x3c5 },     /* PRMVIO */
        { 0x0c0000, 0x3ca, 0x3cf },
        { 0x601000, 0x3b4, 0x3bb },     /* PRMCIO */
        { 0x601000, 0x3c0, 0x3c1 },
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

static uint32_t nvidia_read_register32(Card *card, uint32_t offset,
                                       unsigned size)
{
    const Nvidia *own = card->own;
    uint16_t port;

    return nvidia_mirrors(offset, &port) ? card_read_mirror(card, port, size)
           : own->reg[offset / 4 % REGISTERS] >> 8 * (offset & 3);
}

static void nvidia_write_register32(Card *card, uint32_t offset,
                                    uint32_t value, unsigned size)
{
    Nvidia *own = card->own;
    uint16_t port;

    if (nvidia_mirrors(offset, &port)) {
        card_write_mirror(card, port, value, size);
    } else if (size == 4) {
        own->reg[offset / 4 % REGISTERS] = value;
    }
}

/* The bytes of memory that BAR 5's second address is of */
static uint8_t *nvidia_frame(Card *card)
{
    uint32_t address = ((Nvidia *)card->own)->io[IO_FRAME_ADDRESS];

    return card->ram + (address & (card->ram_size - 1) & ~3);
}

static uint32_t nvidia_read_io(Card *card, unsigned i, unsigned size)
{
    const Nvidia *own = card->own;
    uint32_t value;

    if (i == IO_MASTER || !(own->io[IO_MASTER] & 1)) {
        return i == IO_MASTER ? IO_SIGNATURE : 0xffffffff;
    }
    if (i == IO_DATA && (own->io[IO_ENABLE] & 1)) {
        return nvidia_read_register32(card, own->io[IO_ADDRESS], size);
    }
    if (i == IO_FRAME_DATA && (own->io[IO_ENABLE] & 1)) {
        memcpy(&value, nvidia_frame(card), sizeof(value));
        return value;
    }
    return i < IO_REGISTERS ? own->io[i] : 0;
}

static void nvidia_write_io(Card *card, unsigned i, uint32_t value)
{
    Nvidia *own = card->own;

    if (i >= IO_REGISTERS || (i != IO_MASTER && !(own->io[IO_MASTER] & 1))) {
        return;
    }
    if (i == IO_DATA && (own->io[IO_ENABLE] & 1)) {
        nvidia_write_register32(card, own->io[IO_ADDRESS], value, 4);
    } else if (i == IO_FRAME_DATA && (own->io[IO_ENABLE] & 1)) {
        memcpy(nvidia_frame(card), &value, sizeof(value));
    } else {
        own->io[i] = i == IO_ADDRESS ? value & 0xfffffc : value;
    }
}

static uint32_t nvidia_read_bar(Card *card, int bar, uint32_t offset,
                                unsigned size)
{
    return bar == IO_BAR ? nvidia_read_io(card, offset / 4, size)
                         : nvidia_read_register32(card, offset, size);
}

static void nvidia_write_bar(Card *card, int bar, uint32_t offset,
                             uint32_t value, unsigned size)
{
    if (bar != IO_BAR) {
        nvidia_write_register32(card, offset, value, size);
    } else if (size == 4) {
        nvidia_write_io(card, offset / 4, value);
    }
}

static bool nvidia_is_locked(const Card *card, CardSet set, uint8_t index)
{
    return set == CARD_CR && index > 0x18 &&
           card->reg[CARD_CR][0x1f] != CR1F_KEY;
}

static int nvidia_read_register(Card *card, CardSet set, uint8_t index)
{
    return nvidia_is_locked(card, set, index) ? 0 : CARD_DEFAULT;
}

static bool nvidia_write_register(Card *card, CardSet set, uint8_t index,
                                  uint8_t value)
{
    (void)value;
    return index != 0x1f && nvidia_is_locked(card, set, index);
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
        return nvidia_read_register32(card, own->address + (port & 3), 1) &
               0xff;
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
    .read_register = nvidia_read_register,
    .write_register = nvidia_write_register,
    .read_port = nvidia_read_port,
    .write_port = nvidia_write_port,
    .bank = nvidia_bank,
    .packed = nvidia_packed,
    .read_bar = nvidia_read_bar,
    .write_bar = nvidia_write_bar,
};
