/*
 * An adapter of the zoo: like an S3 Trio64
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "Trio32/Trio64 Graphics Accelerators" (S3, DB014-B, 1995), and vgadoc4b (Finn
 * Thoegersen, 1998): locks at CR38, CR39 and SR08; CR35, CR51 and CR6A have the
 * bank, if CR31 turns it on, and CR31 also makes chain-4 packed.  What is
 * locked reads as 0 here.
 */

#include "card.h"

#define CR31_BANK 0x01
#define CR31_PACKED 0x08
#define CR35_BANK 0x0f
#define CR51_BANK 0x0c          /* bits 4 and 5 of it */
#define CR6A_BANK 0x7f          /* all of it, where it is not 0 */
#define BANK_SIZE 0x10000

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
    if (!s3_is_open(card, set, index)) {
        return 0;
    }
    if (set == CARD_CR && index == 0x22) { /* a latch, for whoever saves it */
        return card->latch[card->reg[CARD_GR][4] & 3];
    }
    return CARD_DEFAULT;
}

/* CR2D to CR30 tell the chip, and cannot be written */
static bool s3_write_register(Card *card, CardSet set, uint8_t index,
                              uint8_t value)
{
    (void)value;
    return !s3_is_open(card, set, index) ||
           (set == CARD_CR && (index == 0x22 || index == 0x30 ||
                               (index >= 0x2d && index <= 0x2f)));
}

static uint32_t s3_bank(const Card *card, uint32_t offset, bool write)
{
    const uint8_t *cr = card->reg[CARD_CR];
    uint32_t bank = cr[0x6a] & CR6A_BANK;

    (void)offset;
    (void)write;
    if (!(cr[0x31] & CR31_BANK)) {
        return 0;
    }
    if (!bank) {
        bank = (cr[0x35] & CR35_BANK) | (cr[0x51] & CR51_BANK) << 2;
    }
    return bank * BANK_SIZE;
}

static bool s3_packed(const Card *card)
{
    return card->reg[CARD_CR][0x31] & CR31_PACKED;
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
};
