/*
 * An adapter of the zoo: like an S3 Trio64
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - 48 in CR38 opens CR30 and up, a5 in CR39 opens CR40 and up, 06 in SR08
 *   opens SR09 and up: s3fb.c of Linux 6.1, s3.c of svgalib 2.0.0, s3_driver.c
 *   of xf86-video-s3 0.6.5.
 * - CR35 and CR51 have the bank in parts (S3BankZero in s3_driver.c), CR6A has
 *   all of it, and each shows what another wrote; a bank is 64 KiB of memory,
 *   in all four planes together, and does not count in windows at b0000 and
 *   b8000; bit 3 of CR31 leaves a0000 alone of the windows; CR2D to CR30 tell
 *   the chip: vid_s3.c of 86Box (c23ad1b).
 * - Bit 3 of CR31 also reaches beyond 256 KiB: s3fb.c sets it for that.  So
 *   chain-4 is packed with it here.
 * - 5333:8811: s3fb.c.
 *
 * Not confirmed: that CR22 reads the latches, as on a Cirrus; that bit 0 of
 * CR31 turns banks on (86Box does not look at it); where CR38's part begins
 * (CR20 in 86Box, CR2D or CR30 elsewhere); which bits of the three keys count.
 */

#include "card.h"

#define CR31_BANK 0x01
#define CR31_ENHANCED 0x08
#define CR35_BANK 0x0f
#define CR51_BANK 0x0c          /* bits 4 and 5 of it */
#define BANK 0x7f
#define BANK_SIZE 0x10000
#define GR6_AT_B0000 0x08       /* or at b8000 */
#define SR4_CHAIN4 0x08
#define LOW_WINDOW 0xb0000      /* its end */

/* 01xx10xx, 101xxxxx and xxxx0110 are what opens them */
static bool s3_is_open(const Card *card, CardSet set, uint8_t index)
{
    if (set == CARD_SR && index > 0x08) {
        return (card->reg[CARD_SR][0x08] & 0x0f) == 0x06;
    }
    if (set != CARD_CR || index < 0x30 || index == 0x38 || index == 0x39) {
        return true;
    }
    return index < 0x40 ? (card->reg[CARD_CR][0x38] & 0xcc) == 0x48
                        : (card->reg[CARD_CR][0x39] & 0xe0) == 0xa0;
}

static int s3_read_register(Card *card, CardSet set, uint8_t index)
{
    if (set == CARD_CR && index == 0x22) { /* a latch, for whoever saves it */
        return card->latch[card->reg[CARD_GR][4] & 3];
    }
    return CARD_DEFAULT;
}

/* The bank is kept in CR6A */
static void s3_set_bank(Card *card, uint8_t bank)
{
    uint8_t *cr = card->reg[CARD_CR];

    cr[0x6a] = bank & BANK;
    cr[0x35] = (cr[0x35] & ~CR35_BANK) | (bank & CR35_BANK);
    cr[0x51] = (cr[0x51] & ~CR51_BANK) | (bank >> 2 & CR51_BANK);
}

/* CR2D to CR30 tell the chip, and cannot be written */
static bool s3_write_register(Card *card, CardSet set, uint8_t index,
                              uint8_t value)
{
    uint8_t bank = card->reg[CARD_CR][0x6a];

    if (!s3_is_open(card, set, index)) {
        return true;
    }
    if (set != CARD_CR) {
        return false;
    }
    switch (index) {
    case 0x35:
        card->reg[set][index] = value;
        s3_set_bank(card, (bank & ~CR35_BANK) | (value & CR35_BANK));
        return true;
    case 0x51:
        card->reg[set][index] = value;
        s3_set_bank(card, (bank & ~(CR51_BANK << 2)) |
                          (value & CR51_BANK) << 2);
        return true;
    case 0x6a:
        s3_set_bank(card, value);
        return true;
    default:
        return index == 0x22 || (index >= 0x2d && index <= 0x30);
    }
}

static uint32_t s3_bank(const Card *card, uint32_t offset, bool write)
{
    const uint8_t *cr = card->reg[CARD_CR];
    uint32_t bank = cr[0x6a] * BANK_SIZE;

    (void)offset;
    (void)write;
    if (!(cr[0x31] & CR31_BANK) || (card->reg[CARD_GR][6] & GR6_AT_B0000)) {
        return 0;
    }
    return card->reg[CARD_SR][4] & SR4_CHAIN4 ? bank : bank / 4;
}

/* A text window is gone then */
static bool s3_hides(const Card *card, uint32_t address)
{
    return (card->reg[CARD_CR][0x31] & CR31_ENHANCED) && address >= LOW_WINDOW;
}

static int s3_read_memory(Card *card, uint32_t address)
{
    return s3_hides(card, address) ? 0xff : CARD_DEFAULT;
}

static bool s3_write_memory(Card *card, uint32_t address, uint8_t value)
{
    (void)value;
    return s3_hides(card, address);
}

static bool s3_packed(const Card *card)
{
    return card->reg[CARD_CR][0x31] & CR31_ENHANCED;
}

static void s3_reset(Card *card)
{
    card->reg[CARD_CR][0x2d] = 0x88;
    card->reg[CARD_CR][0x2e] = 0x11;
    card->reg[CARD_CR][0x30] = 0xe1;
}

const Personality s3 = {
    .name = "s3",
    .about = "locks, banks in the CRTC (Trio64)",
    .vendor = 0x5333,
    .device = 0x8811,
    .last_index = { [CARD_SR] = 0x1f, [CARD_CR] = 0x7f },
    .bars = { { .size = 0x800000, .frame = true } },
    .reset = s3_reset,
    .read_register = s3_read_register,
    .write_register = s3_write_register,
    .bank = s3_bank,
    .packed = s3_packed,
    .read_memory = s3_read_memory,
    .write_memory = s3_write_memory,
};
