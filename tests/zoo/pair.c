/*
 * Two adapters of one personality, which must stay the same
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "card.h"
#include "pair.h"

#define RAM_SIZE (2 * 1024 * 1024)

static Card cards[PAIR_CARDS];

bool pair_start(const char *personality)
{
    int i, which;

    for (i = 0; personalities[i]; i++) {
        if (g_str_equal(personalities[i]->name, personality)) {
            break;
        }
    }
    for (which = 0; personalities[i] && which < PAIR_CARDS; which++) {
        Card *card = &cards[which];

        card_init(card, personalities[i], g_malloc0(RAM_SIZE), RAM_SIZE);
        card->own = g_malloc0(card->personality->own_size);
        card_reset(card);
    }
    return personalities[i];
}

void pair_free(void)
{
    int which;

    for (which = 0; which < PAIR_CARDS; which++) {
        g_free(cards[which].ram);
        g_free(cards[which].own);
    }
}

uint32_t pair_read_port(PairCard which, uint16_t port, unsigned size)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        value |= (uint32_t)card_read_port(&cards[which], port + i) << 8 * i;
    }
    return value;
}

void pair_write_port(PairCard which, uint16_t port, uint32_t value,
                     unsigned size)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        card_write_port(&cards[which], port + i, value >> 8 * i);
    }
}

uint32_t pair_read_memory(PairCard which, uint32_t address, unsigned size)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        value |= (uint32_t)card_read_memory(&cards[which], address + i)
                 << 8 * i;
    }
    return value;
}

void pair_write_memory(PairCard which, uint32_t address, uint32_t value,
                       unsigned size)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        card_write_memory(&cards[which], address + i, value >> 8 * i);
    }
}

uint32_t pair_read_bar(PairCard which, int bar, uint32_t offset, unsigned size)
{
    return card_read_bar(&cards[which], bar, offset, size);
}

void pair_write_bar(PairCard which, int bar, uint32_t offset, uint32_t value,
                    unsigned size)
{
    card_write_bar(&cards[which], bar, offset, value, size);
}

uint32_t pair_bar_size(int bar, bool *io)
{
    const CardBar *found = &cards[PAIR_DIRECT].personality->bars[bar];

    *io = found->io;
    return found->size;
}

/*
 * The comparison
 */

static char *compare_bytes(const char *what, const void *direct,
                           const void *assigned, size_t size)
{
    const uint8_t *a = direct, *b = assigned;
    size_t i = 0;

    if (!size || !memcmp(a, b, size)) {
        return NULL;
    }
    while (a[i] == b[i]) {
        i++;
    }
    return g_strdup_printf("%s at 0x%zx: 0x%02x directly, 0x%02x assigned",
                           what, i, a[i], b[i]);
}

/* What selects a register, and what is in those without an index */
static char *compare_ports(const Card *a, const Card *b)
{
    const uint8_t ports[PAIR_CARDS][8] = {
        { a->attribute_data, a->misc, a->feature, a->pel_mask, a->dac_write,
          a->dac_read, a->dac_part, a->dac_reading },
        { b->attribute_data, b->misc, b->feature, b->pel_mask, b->dac_write,
          b->dac_read, b->dac_part, b->dac_reading },
    };

    return compare_bytes("flip-flop, 3c2, 3ca, 3c6 and DAC", ports[0], ports[1],
                         sizeof(ports[0]));
}

char *pair_compare(void)
{
    const Card *a = &cards[PAIR_DIRECT], *b = &cards[PAIR_ASSIGNED];
    char *text = compare_bytes("memory", a->ram, b->ram, RAM_SIZE);

    text = text ?: compare_bytes("registers (set * 256 + index)", a->reg,
                                 b->reg, sizeof(a->reg));
    text = text ?: compare_bytes("indices", a->index, b->index,
                                 sizeof(a->index));
    text = text ?: compare_bytes("colors", a->dac, b->dac, sizeof(a->dac));
    text = text ?: compare_ports(a, b);
    return text ?: compare_bytes("the maker's own state", a->own, b->own,
                                 a->personality->own_size);
}
