/*
 * What the random guest of the engine's oracle does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The recipes are those of guest.py and oracle-test.py, which say more of them.
 */

#include "qemu/osdep.h"

#include "engine-oracle.h"
#include "pair.h"
#include "vga-engine-machine.h"

#define MEMORY 0xa0000
#define MEMORY_SIZE 0x20000
#define TEXT 0xb8000
#define SEQUENCER 0x3c4
#define GRAPHICS 0x3ce
#define CRTC 0x3d4
#define TICK (10 * MS)
#define LASTING (60 * MS)

#define NONE (-1)               /* no index: a port; no value: a read */

typedef struct Step {
    uint16_t port;              /* 0 ends a list */
    int16_t index, value;
} Step;

typedef struct Maker {
    const char *name;
    Step open[8];               /* what opens locks, and a VGA's window */
    Step lock[4];
    Step banks[5];              /* where the place of a bank is */
} Maker;

static const Maker makers[] = {
    { "s3",
      { { SEQUENCER, 8, 0x06 }, { CRTC, 0x38, 0x48 }, { CRTC, 0x39, 0xa5 },
        { CRTC, 0x6a, 0 }, { CRTC, 0x35, 0 }, { CRTC, 0x31, 5 } },
      { { SEQUENCER, 0x15, 2 }, { CRTC, 0x67, 0 }, { SEQUENCER, 8, 0 } },
      { { CRTC, 0x6a }, { CRTC, 0x35 } } },
    { "cirrus",
      { { SEQUENCER, 6, 0x12 }, { GRAPHICS, 9, 0 }, { GRAPHICS, 0xb, 0 },
        { SEQUENCER, 7, 0 }, { SEQUENCER, 0x17, 0 } },
      { { SEQUENCER, 0x17, 1 }, { SEQUENCER, 0x15, 3 } },
      { { GRAPHICS, 9 }, { GRAPHICS, 0xa }, { GRAPHICS, 0xb },
        { SEQUENCER, 7 } } },
    { "tseng",
      { { 0x3d8, NONE, 0xa0 }, { 0x3cd, NONE, 0 }, { 0x3cb, NONE, 0 } },
      { { 0x3cd, NONE, 0 }, { 0x3d8, NONE, 0x29 } },
      { { 0x3cd, NONE } } },
    { "trident",
      { { GRAPHICS, 0xf, 0 }, { SEQUENCER, 0xb, NONE },
        { SEQUENCER, 0xe, 2 } },
      { { GRAPHICS, 0xf, 2 }, { CRTC, 0x36, 0 }, { CRTC, 0x1e, 0 } },
      { { 0x3d8, NONE }, { 0x3d9, NONE }, { SEQUENCER, 0xe } } },
    { "matrox",
      { { 0x3de, 3, 0 }, { 0x3de, 4, 0 } },
      { { 0x3d8, NONE, 0x29 } },
      { { 0x3de, 4 } } },
    { "nvidia",
      { { CRTC, 0x1f, 0x57 }, { CRTC, 0x1d, 0 }, { CRTC, 0x1e, 0 } },
      { { CRTC, 0x1f, 0x99 } },
      { { CRTC, 0x1d }, { CRTC, 0x1e } } },
    { "intel",
      { { GRAPHICS, 0x10, 0 }, { GRAPHICS, 0x11, 0 } },
      { { GRAPHICS, 0x10, 0 } },
      { { GRAPHICS, 0x11 }, { GRAPHICS, 0x10 } } },
    { NULL },
};

static const Step mode_3[] = {
    { SEQUENCER, 0, 1 }, { SEQUENCER, 1, 0 }, { SEQUENCER, 2, 3 },
    { SEQUENCER, 3, 0 }, { SEQUENCER, 4, 2 }, { SEQUENCER, 0, 3 },
    { GRAPHICS, 0, 0 }, { GRAPHICS, 1, 0 }, { GRAPHICS, 2, 0 },
    { GRAPHICS, 3, 0 }, { GRAPHICS, 4, 0 }, { GRAPHICS, 5, 0x10 },
    { GRAPHICS, 6, 0x0e }, { GRAPHICS, 7, 0x0f }, { GRAPHICS, 8, 0xff },
    { CRTC, 0x11, 0x0e }, { CRTC, 0x14, 0x1f }, { CRTC, 0x17, 0xa3 }, { }
};
/* ... and what makes planes of it, or chain-4 */
static const Step mode_12[] = {
    { SEQUENCER, 2, 0x0f }, { SEQUENCER, 4, 6 }, { GRAPHICS, 5, 0 },
    { GRAPHICS, 6, 5 }, { CRTC, 0x14, 0 }, { CRTC, 0x17, 0xe3 }, { }
};
static const Step mode_13[] = {
    { SEQUENCER, 2, 0x0f }, { SEQUENCER, 4, 0x0e }, { GRAPHICS, 5, 0x40 },
    { GRAPHICS, 6, 5 }, { CRTC, 0x14, 0x40 }, { CRTC, 0x17, 0xa3 }, { }
};

/* What the guest knows of its state */
static const Maker *maker;
static uint16_t crtc = CRTC;
static bool chain4;

static const Maker *find_maker(const char *name)
{
    const Maker *found = makers;

    while (found->name && !g_str_equal(found->name, name)) {
        found++;
    }
    return found;
}

static uint32_t below(uint32_t n)
{
    return machine_random(n);
}

#define CHOICE(...) \
    ((const uint32_t[]) { __VA_ARGS__ }[below( \
        sizeof((const uint32_t[]) { __VA_ARGS__ }) / sizeof(uint32_t))])

/* Any; the borders more often */
static uint8_t some_byte(void)
{
    return CHOICE(0, 0xff, below(256));
}

static uint32_t some_value(unsigned size)
{
    return (below(0x10000) << 16 | below(0x10000)) >> (32 - 8 * size);
}

static void set(uint16_t port, uint8_t index, uint8_t value)
{
    oracle_out(port, value << 8 | index, 2);
}

static void do_step(const Step *step, int value)
{
    if (step->index == NONE) {
        oracle_out(step->port, value, 1);
    } else if (value == NONE) {
        oracle_out(step->port, step->index, 1);
        oracle_in(step->port + 1, 1);
    } else {
        set(step->port, step->index, value);
    }
}

static void do_steps(const Step *step)
{
    for (; step->port; step++) {
        do_step(step, step->value);
    }
}

/* Enough of it for the timer */
static void do_time(void)
{
    oracle_pass(CHOICE(TICK, LASTING));
}

/*
 * What guest.py does: any access to a VGA
 */

static void do_memory(void)
{
    unsigned size = CHOICE(1, 1, 2, 4);
    uint32_t where = below(10) < 3 ? 0x18000 + below(64)
                                   : below(MEMORY_SIZE - 4);

    if (below(2)) {
        oracle_read(MEMORY + where, size);
    } else {
        oracle_write(MEMORY + where, some_value(size), size);
    }
}

static void do_chain4(void)
{
    set(SEQUENCER, 4, 0x0e);
    set(GRAPHICS, 1, 0);
    set(GRAPHICS, 3, 0);
    set(GRAPHICS, 5, 0x40);
    set(GRAPHICS, 6, CHOICE(1, 5, 0xd));
    set(GRAPHICS, 8, 0xff);
    set(crtc, 0x14, 0x40);
}

static void do_mode(void)
{
    static const uint32_t bases[] = { 0, 0, 0x10000, 0x18000 };
    unsigned window = below(4);

    chain4 = !below(4);
    if (chain4) {
        do_chain4();
        return;
    }
    set(SEQUENCER, 4, CHOICE(2, 6));
    set(GRAPHICS, 6, window << 2 | below(4));
    oracle_read(MEMORY + bases[window] + below(0x8000), 1);
}

static void do_graphics(void)
{
    set(GRAPHICS, chain4 ? CHOICE(0, 2, 4, 7) : CHOICE(0, 1, 2, 3, 4, 5, 7, 8),
        some_byte());
}

static void do_crtc(void)
{
    unsigned index = below(0x19);

    if (!chain4 || index != 0x14) {
        set(crtc, index, some_byte());
        oracle_in(crtc + 1, 1);
    }
}

static void do_attribute(void)
{
    unsigned index = below(0x15);

    oracle_in(crtc + 6, 1);
    oracle_out(0x3c0, index, 1);
    oracle_out(0x3c0, some_byte(), 1);
    oracle_in(crtc + 6, 1);
    oracle_out(0x3c0, index, 1);
    oracle_in(0x3c1, 1);
    oracle_out(0x3c0, some_byte(), 1);
}

static void do_colors(void)
{
    int n;

    oracle_out(CHOICE(0x3c7, 0x3c8), some_byte(), 1);
    for (n = below(8); n > 0; n--) {
        if (below(10) < 6) {
            oracle_out(0x3c9, below(64), 1);
        } else {
            oracle_in(0x3c9, 1);
        }
    }
}

static void do_misc(void)
{
    uint8_t value = CHOICE(0x67, 0x47, 0xe3, 0x63, 0x66, 0xa6);

    crtc = value & 1 ? CRTC : CRTC - 0x20;
    oracle_out(0x3c2, value, 1);
    oracle_in(0x3cc, 1);
}

static void do_look(void)
{
    oracle_in(CHOICE(0x3c4, 0x3c5, 0x3c6, 0x3c7, 0x3c8, 0x3ca, 0x3cc, 0x3ce,
                     0x3cf, 0x3d4, 0x3d5, 0x3b4, 0x3b5), 1);
}

static void do_map_mask(void)
{
    set(SEQUENCER, 2, some_byte());
}

/*
 * What oracle-test.py adds: modes, drawing, and what the maker added
 */

static void do_reads(uint32_t address, unsigned size)
{
    /* A copy comes after 16, or after 1024 where many did not last. */
    unsigned i, n = CHOICE(20, 1100);

    for (i = 0; i < n; i++) {
        oracle_read(address + size * i, size);
    }
}

static void do_text(void)
{
    crtc = CRTC;
    chain4 = false;
    oracle_out(0x3c2, 0x67, 1);
    do_steps(maker->open);
    do_steps(mode_3);
    if (below(2)) {
        do_steps(maker->lock);
    }
    do_reads(TEXT, 2);
    do_time();
}

static void do_bank(void)
{
    unsigned n = 0;

    while (maker->banks[n].port) {
        n++;
    }
    if (n) {
        do_steps(maker->open);
        do_step(&maker->banks[below(n)],
                CHOICE(0, 0, 1, 0x11, some_byte()));
    }
}

/* Some bytes of the planes, each read and written, by any registers */
static void do_draw(void)
{
    uint32_t at = MEMORY + below(0x200);
    unsigned size = below(10) ? 1 : 2;
    int n;

    if (below(2)) {
        do_map_mask();
    }
    for (n = below(4); n > 0; n--) {
        uint8_t index = CHOICE(0, 1, 2, 3, 4, 5, 7, 8);

        set(GRAPHICS, index, some_byte() & (index == 5 ? 0x0b : 0xff));
    }
    for (n = below(40); n > 0; n--, at++) {
        oracle_read(at, size);
        oracle_write(at, below(256), size);
    }
}

/* In a row, from @at on */
static void do_run(uint32_t at, unsigned size)
{
    int n;

    for (n = 40; n > 0; n--, at += size) {
        if (below(10) < 7) {
            oracle_write(at, some_value(size), size);
        } else {
            oracle_read(at, size);
        }
    }
}

static void do_dots(void)
{
    do_run(MEMORY + below(0xf000), CHOICE(1, 2, 4));
}

static void do_cells(void)
{
    do_run(TEXT + 2 * below(2000), 2);
}

static void do_planar(void)
{
    int n;

    do_text();
    do_steps(mode_12);
    if (below(10) < 3) {
        do_bank();
    }
    for (n = 1 + below(11); n > 0; n--) {
        do_draw();
    }
}

static void do_linear(void)
{
    int n;

    do_text();
    do_steps(mode_13);
    chain4 = true;
    if (below(10) < 3) {
        do_bank();
    }
    do_reads(MEMORY, 4);
    do_time();
    for (n = 1 + below(5); n > 0; n--) {
        do_dots();
    }
}

/* What changes no window, so that a copy stays */
static void do_harmless(void)
{
    if (below(2)) {
        do_colors();
    } else {
        set(crtc, CHOICE(0xa, 0xb, 0xe, 0xf), some_byte());
    }
}

/* A register that a VGA does not have */
static void do_index(void)
{
    static const struct {
        uint8_t first, last;
    } beyond[] = { { 5, 0x1f }, { 9, 0x3f }, { 0x19, 0x7f }, { 0x19, 0x7f } };
    const uint16_t ports[] = { SEQUENCER, GRAPHICS, crtc, crtc };
    unsigned i = below(ARRAY_SIZE(beyond));
    Step step = {
        .port = ports[i],
        .index = beyond[i].first + below(beyond[i].last - beyond[i].first + 1),
    };

    do_step(&step, below(2) ? NONE : some_byte());
}

/* The latches, which some adapters show there, and by six bits of the index */
static void do_latch(void)
{
    do_step(&(Step) { crtc, CHOICE(0x22, 0x22, 0x62, 0xa2) }, NONE);
}

static void do_unused(void)
{
    uint16_t port = CHOICE(0x3b0, 0x3b8, 0x3c3, 0x3cb, 0x3cd, 0x3d0, 0x3d2,
                           0x3d6, 0x3d8, 0x3d9, 0x3de, 0x3df);
    unsigned size = (port & 3) != 3 ? CHOICE(1, 1, 2) : 1;

    if (below(2)) {
        oracle_in(port, size);
    } else {
        oracle_out(port, some_byte(), size);
    }
}

static void do_bar(void)
{
    int bars[6], n = 0, i;
    uint32_t offset, size = 0;
    bool io;

    for (i = 0; i < ARRAY_SIZE(bars); i++) {
        if (pair_bar_size(i, &io)) {
            bars[n++] = i;
        }
    }
    if (!n) {
        return;
    }
    i = bars[below(n)];
    size = pair_bar_size(i, &io);
    offset = below(MIN(size, 0x100)) & ~3;
    if (!below(5) && size > 0x2000) { /* where mirrors are */
        offset = CHOICE(0x1fc0, 0x3c0) + (below(0x20) & ~3);
    }
    if (below(10) < 4) {
        oracle_read_bar(i, offset);
    } else {
        oracle_write_bar(i, offset, CHOICE(0, 8, 0x80008, 0x3c4, 0x54, 0x10000,
                                           some_value(4)));
    }
}

typedef struct Recipe {
    void (*call)(void);
    unsigned weight;
} Recipe;

static void do_one(const Recipe *recipes, unsigned total)
{
    unsigned pick = below(total);

    for (; pick >= recipes->weight; recipes++) {
        pick -= recipes->weight;
    }
    recipes->call();
}

static void do_vga(void)
{
    static const Recipe recipes[] = {
        { do_memory, 60 }, { do_mode, 3 }, { do_graphics, 12 },
        { do_crtc, 3 }, { do_attribute, 2 }, { do_colors, 2 }, { do_misc, 1 },
        { do_look, 4 }, { do_map_mask, 8 },
    };

    do_one(recipes, 95);
}

void oracle_recipe(const char *personality)
{
    static const Recipe recipes[] = {
        { do_vga, 24 }, { do_text, 4 }, { do_planar, 2 }, { do_linear, 1 },
        { do_draw, 4 }, { do_dots, 3 }, { do_cells, 24 }, { do_harmless, 10 },
        { do_index, 2 }, { do_latch, 1 }, { do_bank, 1 }, { do_unused, 1 },
        { do_bar, 1 }, { do_time, 3 },
    };

    maker = find_maker(personality);
    do_one(recipes, 81);
}

void oracle_recipe_text(const char *personality)
{
    maker = find_maker(personality);
    do_text();
}
