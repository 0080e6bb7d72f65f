/*
 * A VGA adapter of the zoo: the core
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include "card.h"

#define MISC_COLOR 0x01
#define MISC_RAM 0x02
#define MISC_PAGE 0x20
#define SR4_SEQUENTIAL 0x04     /* not odd/even */
#define SR4_CHAIN4 0x08
#define GR5_COMPARE 0x08        /* read mode 1 */
#define GR5_ODD_EVEN 0x10       /* of reads */
#define GR6_ODD_EVEN 0x02       /* bit 0 of an address chooses planes alone */
#define CR11_PROTECT 0x80       /* CR0 to CR7 */
#define STATUS_OFF 0x01         /* nothing is shown: a retrace of either kind */
#define STATUS_RETRACE 0x08     /* the vertical one */

/* Bits that a VGA's registers have; 0 behind those that it has not */
static const uint8_t widths[CARD_SETS][0x20] = {
    [CARD_SR] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e },
    [CARD_GR] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff },
    [CARD_AR] = {
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
        0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
        0xef, 0xff, 0x3f, 0x0f, 0x0f,
    },
};
/* The first index that is a maker's own, and the bits that an index has */
static const struct {
    uint8_t count;
    uint8_t mask;
} sets[CARD_SETS] = {
    [CARD_SR] = { 0x05, 0x07 },
    [CARD_GR] = { 0x09, 0x0f },
    [CARD_CR] = { 0x19, 0x3f },
    [CARD_AR] = { 0x15, 0x1f },
};

void card_init(Card *card, const Personality *personality, uint8_t *ram,
               uint32_t ram_size)
{
    memset(card, 0, sizeof(*card));
    card->personality = personality;
    card->ram = ram;
    card->ram_size = ram_size;
}

void card_reset(Card *card)
{
    memset(card->reg, 0, sizeof(card->reg));
    memset(card->index, 0, sizeof(card->index));
    card->attribute_data = false;
    card->misc = card->feature = 0;
    card->pel_mask = 0xff;
    card->dac_write = card->dac_read = card->dac_part = 0;
    card->dac_reading = false;
    if (card->personality->own_size) {
        memset(card->own, 0, card->personality->own_size);
    }
    if (card->personality->reset) {
        card->personality->reset(card);
    }
}

/*
 * Memory
 */

/* The window of this mode: 128 KiB, 64 KiB, monochrome or color text */
static bool card_decodes(const Card *card, uint32_t address, uint32_t *offset)
{
    static const struct {
        uint32_t base, size;
    } windows[] = {
        { 0xa0000, 0x20000 },
        { 0xa0000, 0x10000 },
        { 0xb0000, 0x8000 },
        { 0xb8000, 0x8000 },
    };
    int i = card->reg[CARD_GR][6] >> 2 & 3;

    *offset = address - windows[i].base;
    return (card->misc & MISC_RAM) && address >= windows[i].base &&
           *offset < windows[i].size;
}

/*
 * Chain-4 takes the two lowest bits for the plane and fills them in the plane's
 * address with the two above its 16 bits; odd/even takes the lowest and fills
 * it with Miscellaneous Output's page bit, whose value of every text mode, 1,
 * is the lower page.
 */
static uint32_t card_plane_address(const Card *card, uint32_t offset,
                                   bool write)
{
    if (card->personality->plane_address) {
        return card->personality->plane_address(card, offset, write);
    }
    if (card->reg[CARD_SR][4] & SR4_CHAIN4) {
        return (offset & 0xfffc) | (offset >> 16 & 3);
    }
    if (card->reg[CARD_GR][6] & GR6_ODD_EVEN) {
        return (offset & ~1) | !(card->misc & MISC_PAGE);
    }
    return offset;
}

/*
 * Finds the four bytes of an access, in the planes; @offset becomes the
 * window's with its bank.  Returns the place of the first in memory.
 */
static uint32_t card_place(const Card *card, uint32_t *offset, bool write)
{
    const Personality *personality = card->personality;

    if (personality->bank) {
        *offset += personality->bank(card, *offset, write);
    }
    if ((card->reg[CARD_SR][4] & SR4_CHAIN4) && personality->packed &&
        personality->packed(card)) {
        return *offset & ~3 & (card->ram_size - 1);
    }
    return 4 * card_plane_address(card, *offset, write) & (card->ram_size - 1);
}

/* Planes that the address chooses, for a write: a mask */
static uint8_t card_planes(const Card *card, uint32_t offset)
{
    if (card->reg[CARD_SR][4] & SR4_CHAIN4) {
        return 1 << (offset & 3);
    }
    if (!(card->reg[CARD_SR][4] & SR4_SEQUENTIAL)) {
        return offset & 1 ? 0x0a : 0x05;
    }
    return 0x0f;
}

static int card_read_plane(const Card *card, uint32_t offset)
{
    if (card->reg[CARD_SR][4] & SR4_CHAIN4) {
        return offset & 3;
    }
    if (card->reg[CARD_GR][5] & GR5_ODD_EVEN) {
        return (card->reg[CARD_GR][4] & 2) | (offset & 1);
    }
    return card->reg[CARD_GR][4] & 3;
}

/* Read mode 1: a bit for each dot that has the color, where planes care */
static uint8_t card_compare_colors(const Card *card)
{
    uint8_t differ = 0;
    int i;

    for (i = 0; i < 4; i++) {
        if (card->reg[CARD_GR][7] >> i & 1) {
            differ |= card->latch[i] ^
                      (card->reg[CARD_GR][2] >> i & 1 ? 0xff : 0);
        }
    }
    return ~differ;
}

uint8_t card_read_memory(Card *card, uint32_t address)
{
    const Personality *personality = card->personality;
    uint32_t offset, at;
    int found;

    if (personality->read_memory) {
        found = personality->read_memory(card, address);
        if (found != CARD_DEFAULT) {
            return found;
        }
    }
    if (!card_decodes(card, address, &offset)) {
        return 0xff;
    }
    at = card_place(card, &offset, false);
    memcpy(card->latch, card->ram + at, sizeof(card->latch));
    if ((card->reg[CARD_GR][5] & GR5_COMPARE) &&
        !(card->reg[CARD_SR][4] & SR4_CHAIN4)) {
        return card_compare_colors(card);
    }
    return card->latch[card_read_plane(card, offset)];
}

static uint8_t card_set_reset(const Card *card, int plane)
{
    return card->reg[CARD_GR][0] >> plane & 1 ? 0xff : 0;
}

/* What goes to one plane, with its bit mask; not for write mode 1 */
static uint8_t card_data(const Card *card, int plane, uint8_t value,
                         uint8_t *mask)
{
    const uint8_t *gr = card->reg[CARD_GR];
    int rotate = gr[3] & 7;
    uint8_t rotated = value >> rotate | value << (8 - rotate);

    *mask = gr[8];
    switch (gr[5] & 3) {
    case 0:
        return gr[1] >> plane & 1 ? card_set_reset(card, plane) : rotated;
    case 2:
        return value >> plane & 1 ? 0xff : 0;
    default: /* 3 */
        *mask &= rotated;
        return card_set_reset(card, plane);
    }
}

static uint8_t card_combine(const Card *card, int plane, uint8_t value)
{
    uint8_t latch = card->latch[plane];
    uint8_t data, mask;

    if ((card->reg[CARD_GR][5] & 3) == 1) {
        return latch;
    }
    data = card_data(card, plane, value, &mask);
    switch (card->reg[CARD_GR][3] >> 3 & 3) {
    case 1:
        data &= latch;
        break;
    case 2:
        data |= latch;
        break;
    case 3:
        data ^= latch;
        break;
    }
    return (data & mask) | (latch & ~mask);
}

void card_write_memory(Card *card, uint32_t address, uint8_t value)
{
    const Personality *personality = card->personality;
    uint32_t offset, at;
    uint8_t planes;
    int i;

    if (personality->write_memory &&
        personality->write_memory(card, address, value)) {
        return;
    }
    if (!card_decodes(card, address, &offset)) {
        return;
    }
    at = card_place(card, &offset, true);
    planes = card_planes(card, offset) & card->reg[CARD_SR][2];
    for (i = 0; i < 4; i++) {
        if (planes >> i & 1) {
            card->ram[at + i] = card_combine(card, i, value);
        }
    }
}

int64_t card_where(const Card *card, uint32_t address, bool write)
{
    uint32_t offset;

    return card_decodes(card, address, &offset) ?
           (int64_t)card_place(card, &offset, write) : -1;
}

/*
 * Registers behind an index
 */

static uint8_t card_index_mask(const Card *card, CardSet set)
{
    return card->personality->last_index[set] ?: sets[set].mask;
}

static uint8_t card_read_register(Card *card, CardSet set)
{
    const Personality *personality = card->personality;
    uint8_t index = card->index[set] & card_index_mask(card, set);

    if (personality->read_register) {
        int found = personality->read_register(card, set, index);

        if (found != CARD_DEFAULT) {
            return found;
        }
    }
    return card->reg[set][index];
}

/* The bits of a register that a write changes */
static uint8_t card_writable(const Card *card, CardSet set, uint8_t index)
{
    if (set == CARD_CR) {
        bool protected = index < 8 && (card->reg[set][0x11] & CR11_PROTECT);

        /* of the line compare, a split screen's */
        return !protected ? 0xff : index == 7 ? 0x10 : 0;
    }
    if (index < sets[set].count) {
        return widths[set][index];
    }
    return card->personality->last_index[set] ? 0xff : 0;
}

static void card_write_register(Card *card, CardSet set, uint8_t value)
{
    const Personality *personality = card->personality;
    uint8_t index = card->index[set] & card_index_mask(card, set);
    uint8_t mask = card_writable(card, set, index);

    if (personality->write_register &&
        personality->write_register(card, set, index, value)) {
        return;
    }
    card->reg[set][index] = (card->reg[set][index] & ~mask) | (value & mask);
}

/*
 * Ports
 */

static void card_write_attribute(Card *card, uint8_t value)
{
    if (card->attribute_data) {
        card_write_register(card, CARD_AR, value);
    } else {
        card->index[CARD_AR] = value & 0x3f;
    }
    card->attribute_data = !card->attribute_data;
}

/* Three bytes make a color, which changes as a whole */
static void card_write_dac(Card *card, uint8_t value)
{
    card->dac_cache[card->dac_part++] = value & 0x3f;
    if (card->dac_part == 3) {
        memcpy(card->dac + 3 * card->dac_write++, card->dac_cache, 3);
        card->dac_part = 0;
    }
}

static uint8_t card_read_dac(Card *card)
{
    uint8_t value = card->dac[3 * card->dac_read + card->dac_part++];

    if (card->dac_part == 3) {
        card->dac_read++;
        card->dac_part = 0;
    }
    return value;
}

/* A retrace lasts a few reads, so that a program that waits sees both states */
static uint8_t card_read_status(Card *card)
{
    uint8_t n = card->status_reads++;

    card->attribute_data = false;
    return n & 8 ? STATUS_RETRACE | STATUS_OFF : n & STATUS_OFF;
}

/* The CRTC's ports and the status are at 3bx or 3dx, never at both */
static bool card_has_port(const Card *card, uint16_t port)
{
    if (port >= 0x3b0 && port < 0x3c0) {
        return !(card->misc & MISC_COLOR);
    }
    if (port >= 0x3d0) {
        return card->misc & MISC_COLOR;
    }
    return true;
}

uint8_t card_read_port(Card *card, uint16_t port)
{
    const Personality *personality = card->personality;

    if (personality->read_port) {
        int found = personality->read_port(card, port);

        if (found != CARD_DEFAULT) {
            return found;
        }
    }
    if (!card_has_port(card, port)) {
        return 0xff;
    }
    switch (port) {
    case 0x3c0:
        return card->index[CARD_AR];
    case 0x3c1:
        return card_read_register(card, CARD_AR);
    case 0x3c4:
        return card->index[CARD_SR];
    case 0x3c5:
        return card_read_register(card, CARD_SR);
    case 0x3c6:
        return card->pel_mask;
    case 0x3c7:
        return card->dac_reading ? 3 : 0;
    case 0x3c8:
        return card->dac_write;
    case 0x3c9:
        return card_read_dac(card);
    case 0x3ca:
        return card->feature;
    case 0x3cc:
        return card->misc;
    case 0x3ce:
        return card->index[CARD_GR];
    case 0x3cf:
        return card_read_register(card, CARD_GR);
    case 0x3b4:
    case 0x3d4:
        return card->index[CARD_CR];
    case 0x3b5:
    case 0x3d5:
        return card_read_register(card, CARD_CR);
    case 0x3ba:
    case 0x3da:
        return card_read_status(card);
    default:
        return 0;
    }
}

static void card_write_dac_index(Card *card, bool reading, uint8_t value)
{
    *(reading ? &card->dac_read : &card->dac_write) = value;
    card->dac_reading = reading;
    card->dac_part = 0;
}

void card_write_port(Card *card, uint16_t port, uint8_t value)
{
    const Personality *personality = card->personality;

    if ((personality->write_port &&
         personality->write_port(card, port, value)) ||
        !card_has_port(card, port)) {
        return;
    }
    switch (port) {
    case 0x3c0:
        card_write_attribute(card, value);
        break;
    case 0x3c2:
        card->misc = value & ~0x10;
        break;
    case 0x3c4:
        card->index[CARD_SR] = value & card_index_mask(card, CARD_SR);
        break;
    case 0x3c5:
        card_write_register(card, CARD_SR, value);
        break;
    case 0x3c6:
        card->pel_mask = value;
        break;
    case 0x3c7:
    case 0x3c8:
        card_write_dac_index(card, port == 0x3c7, value);
        break;
    case 0x3c9:
        card_write_dac(card, value);
        break;
    case 0x3ce:
        card->index[CARD_GR] = value & card_index_mask(card, CARD_GR);
        break;
    case 0x3cf:
        card_write_register(card, CARD_GR, value);
        break;
    case 0x3b4:
    case 0x3d4:
        card->index[CARD_CR] = value & card_index_mask(card, CARD_CR);
        break;
    case 0x3b5:
    case 0x3d5:
        card_write_register(card, CARD_CR, value);
        break;
    case 0x3ba:
    case 0x3da:
        card->feature = value & 0x10;
        break;
    }
}

/*
 * BARs
 */

uint32_t card_read_mirror(Card *card, uint16_t port, unsigned size)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        value |= (uint32_t)card_read_port(card, port + i) << 8 * i;
    }
    return value;
}

void card_write_mirror(Card *card, uint16_t port, uint32_t value,
                       unsigned size)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        card_write_port(card, port + i, value >> 8 * i);
    }
}

uint32_t card_read_bar(Card *card, int bar, uint32_t offset, unsigned size)
{
    const Personality *personality = card->personality;
    uint32_t value = 0;

    if (personality->bars[bar].frame) {
        memcpy(&value, card->ram + (offset & (card->ram_size - 1)), size);
        return value;
    }
    return personality->read_bar ?
           personality->read_bar(card, bar, offset, size) : 0;
}

void card_write_bar(Card *card, int bar, uint32_t offset, uint32_t value,
                    unsigned size)
{
    const Personality *personality = card->personality;

    if (personality->bars[bar].frame) {
        memcpy(card->ram + (offset & (card->ram_size - 1)), &value, size);
    } else if (personality->write_bar) {
        personality->write_bar(card, bar, offset, value, size);
    }
}
