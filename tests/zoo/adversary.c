/*
 * Adapters of the zoo that an engine must not be taken in by
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * No adapter is known to do these things, and nothing in a VGA's documentation
 * forbids them.  All look like "plain" until the event, which no access causes;
 * one of them never reads back.
 */

#include "card.h"

#define TEXT 0xb8000
#define SCREEN 0x1000           /* bytes of the window that a screen has */

typedef struct Adversary {
    uint8_t events;
} Adversary;

static void adversary_event(Card *card)
{
    ((Adversary *)card->own)->events++;
}

static bool adversary_is_on(const Card *card)
{
    return ((Adversary *)card->own)->events & 1;
}

static int drop_read_memory(Card *card, uint32_t address)
{
    (void)address;
    return adversary_is_on(card) ? 0xff : CARD_DEFAULT;
}

static bool drop_write_memory(Card *card, uint32_t address, uint8_t value)
{
    (void)address;
    (void)value;
    return adversary_is_on(card);
}

const Personality adversary_drop = {
    .name = "drop",
    .about = "adversary: the window is not memory from one event to the next",
    .vendor = 0x1234,
    .device = 0x1112,
    .bars = { { .size = 0x200000, .frame = true } },
    .own_size = sizeof(Adversary),
    .read_memory = drop_read_memory,
    .write_memory = drop_write_memory,
    .event = adversary_event,
};

static uint32_t dual_bank(const Card *card, uint32_t offset, bool write)
{
    (void)offset;
    return adversary_is_on(card) && !write ? SCREEN : 0;
}

const Personality adversary_dual = {
    .name = "dual",
    .about = "adversary: from an event on reads come from somewhere else",
    .vendor = 0x1234,
    .device = 0x1113,
    .bars = { { .size = 0x200000, .frame = true } },
    .own_size = sizeof(Adversary),
    .bank = dual_bank,
    .event = adversary_event,
};

static int mute_read_register(Card *card, CardSet set, uint8_t index)
{
    (void)card;
    (void)set;
    (void)index;
    return 0xff;
}

const Personality adversary_mute = {
    .name = "mute",
    .about = "adversary: registers behind an index read as ff",
    .vendor = 0x1234,
    .device = 0x1114,
    .bars = { { .size = 0x200000, .frame = true } },
    .read_register = mute_read_register,
};

/* The first cell below a screen counts: nobody else writes it */
static void master_event(Card *card)
{
    int64_t at = card_where(card, TEXT + SCREEN, true);

    adversary_event(card);
    if (at >= 0) {
        card->ram[at]++;
    }
}

const Personality adversary_master = {
    .name = "master",
    .about = "adversary: each event writes a cell of the text window itself",
    .vendor = 0x1234,
    .device = 0x1115,
    .bars = { { .size = 0x200000, .frame = true } },
    .own_size = sizeof(Adversary),
    .event = master_event,
};
