/*
 * An adapter of the zoo: like a Trident TGUI9440
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vgadoc4b, and drivers/video/fbdev/tridentfb.c of Linux: a read of SR0B
 * selects the new mode of SR0D and SR0E, a write the old one; SR0E of the new
 * mode has the bank, with bit 1 inverted as it is written; GR0F turns on 3d8,
 * the bank, and 3d9, one for reads alone.  Chain-4 is packed always.
 */

#include "card.h"

#define SR0B_ID 0xe3
#define GR0F_SPLIT 0x01         /* 3d9 for reads */
#define GR0F_PORTS 0x04         /* 3d8 in place of SR0E */
#define SR0E_BANK 0x0f
#define SR0E_INVERTED 0x02
#define BANK_SIZE 0x10000

typedef struct Trident {
    uint8_t new_mode;
    uint8_t control[2][2];      /* SR0D and SR0E of the old and the new mode */
    uint8_t write_bank, read_bank; /* 3d8, 3d9 */
} Trident;

static int trident_read_register(Card *card, CardSet set, uint8_t index)
{
    Trident *own = card->own;

    if (set != CARD_SR || index < 0x0b || index == 0x0c || index > 0x0e) {
        return CARD_DEFAULT;
    }
    if (index == 0x0b) {
        own->new_mode = 1;
        return SR0B_ID;
    }
    return own->control[own->new_mode][index - 0x0d];
}

static bool trident_write_register(Card *card, CardSet set, uint8_t index,
                                   uint8_t value)
{
    Trident *own = card->own;

    if (set != CARD_SR || index < 0x0b || index == 0x0c || index > 0x0e) {
        return false;
    }
    if (index == 0x0b) {
        own->new_mode = 0;
    } else if (index == 0x0e && own->new_mode) {
        own->control[1][1] = value ^ SR0E_INVERTED;
    } else {
        own->control[own->new_mode][index - 0x0d] = value;
    }
    return true;
}

static int trident_read_port(Card *card, uint16_t port)
{
    const Trident *own = card->own;

    if (port == 0x3d8 || port == 0x3d9) {
        return port == 0x3d8 ? own->write_bank : own->read_bank;
    }
    return CARD_DEFAULT;
}

static bool trident_write_port(Card *card, uint16_t port, uint8_t value)
{
    Trident *own = card->own;

    if (port == 0x3d8) {
        own->write_bank = value;
    } else if (port == 0x3d9) {
        own->read_bank = value;
    }
    return port == 0x3d8 || port == 0x3d9;
}

static uint32_t trident_bank(const Card *card, uint32_t offset, bool write)
{
    const Trident *own = card->own;
    uint8_t gr0f = card->reg[CARD_GR][0x0f];

    (void)offset;
    if (!(gr0f & GR0F_PORTS)) {
        return (own->control[1][1] & SR0E_BANK) * BANK_SIZE;
    }
    return (!write && (gr0f & GR0F_SPLIT) ? own->read_bank : own->write_bank) *
           BANK_SIZE;
}

static bool trident_packed(const Card *card)
{
    (void)card;
    return true;
}

const Personality trident = {
    .name = "trident",
    .about = "two meanings of SR0D and SR0E, banks at 3d8 and 3d9 (TGUI9440)",
    .vendor = 0x1023,
    .device = 0x9440,
    .last_index = { [CARD_SR] = 0x0f, [CARD_GR] = 0x3f, [CARD_CR] = 0x7f },
    .bars = { { .size = 0x200000, .frame = true } },
    .own_size = sizeof(Trident),
    .read_register = trident_read_register,
    .write_register = trident_write_register,
    .read_port = trident_read_port,
    .write_port = trident_write_port,
    .bank = trident_bank,
    .packed = trident_packed,
};
