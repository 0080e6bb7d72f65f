/*
 * A guest that tells whether each access to its VGA adapter does what it should
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     vga-soak SEED ACCESSES
 *
 * First two threads, one a processor, write and read text and then dots, a line
 * of the screen each in turn, while the main one moves the cursor and sets
 * colors: each read must give what its thread wrote, and so must all of the
 * memory in the end.
 *
 * Then random accesses in three modes and to a font, which depend on SEED
 * alone.  What they read, and all planes and registers in the end, make a hash:
 * it is the same on each way that leads to such an adapter, or one of the ways
 * is wrong.  As software does, this loads the latches in the mode in which it
 * uses them.
 */

#include <pthread.h>

#include "vga-text.h"

#define PLANE_SIZE 0x10000
#define LINE       160          /* bytes, of text; also used for dots */

static uint64_t seed;
static uint64_t hash = 0xcbf29ce484222325ULL;
static unsigned long accesses;

static uint32_t below(uint64_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (*state >> 16) % limit;
}

static void note(uint32_t value)
{
    hash = (hash ^ value) * 0x100000001b3ULL;
    accesses++;
}

/*
 * Modes, as a video BIOS sets them
 */

typedef struct Mode {
    uint32_t start;             /* of the window, which is the mapping's */
    uint32_t size;
    uint8_t misc;
    uint8_t sr[5];
    uint8_t cr[25];
    uint8_t gr[9];
} Mode;

enum { MODE_3, MODE_FONT, MODE_12, MODE_13, MODES };

static const Mode modes[MODES] = {
    [MODE_3] = {
        TEXT, 0x8000, 0x67, { 0x03, 0x00, 0x03, 0x00, 0x02 },
        { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d,
          0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96,
          0xb9, 0xa3, 0xff },
        { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff } },
    /* the first font of a text mode, and a bit of the next */
    [MODE_FONT] = {
        0, 0x2400, 0x67, { 0x03, 0x00, 0x04, 0x00, 0x07 },
        { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d,
          0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96,
          0xb9, 0xa3, 0xff },
        { 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x04, 0x0f, 0xff } },
    [MODE_12] = {
        0, PLANE_SIZE, 0xe3, { 0x03, 0x01, 0x0f, 0x00, 0x06 },
        { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0x00,
          0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7,
          0x04, 0xe3, 0xff },
        { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff } },
    [MODE_13] = {
        0, PLANE_SIZE, 0x63, { 0x03, 0x01, 0x0f, 0x00, 0x0e },
        { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0x00,
          0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96,
          0xb9, 0xa3, 0xff },
        { 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff } },
};

static void set_mode(const Mode *mode)
{
    int i;

    outb(mode->misc, 0x3c2);
    for (i = 0; i < sizeof(mode->sr); i++) {
        set(0x3c4, i, mode->sr[i]);
    }
    set(0x3d4, 0x11, 0x0e);     /* unlocks the first eight */
    for (i = 0; i < sizeof(mode->cr); i++) {
        set(0x3d4, i, mode->cr[i]);
    }
    for (i = 0; i < sizeof(mode->gr); i++) {
        set(0x3ce, i, mode->gr[i]);
    }
}

static void set_planes(uint8_t write, uint8_t read)
{
    set(0x3c4, 2, write);
    set(0x3ce, 4, read);
}

static void color(uint8_t index, uint8_t value)
{
    int i;

    outb(index, 0x3c8);
    for (i = 0; i < 3; i++) {
        outb((value + i) & 0x3f, 0x3c9);
    }
}

/*
 * Processors at once
 */

typedef struct Racer {
    pthread_t thread;
    const Mode *mode;
    int number;
    unsigned long left;
    unsigned long wrong;
    uint64_t state;
    uint8_t model[0x8000];
} Racer;

static Racer racers[2];

/* Of every other line */
static uint32_t own_place(Racer *r)
{
    uint32_t lines = sizeof(r->model) / LINE / 2;

    return (2 * below(&r->state, lines) + r->number) * LINE +
           2 * below(&r->state, LINE / 2);
}

static void *race(void *opaque)
{
    Racer *r = opaque;

    while (r->left--) {
        uint32_t at = own_place(r);
        volatile uint16_t *cell = (void *)(window + r->mode->start + at);
        uint16_t *model = (void *)(r->model + at);

        if (below(&r->state, 2)) {
            r->wrong += *cell != *model;
        } else {
            *cell = *model = below(&r->state, 0x10000);
        }
    }
    return NULL;
}

static void begin_race(Racer *r, int number, const Mode *mode,
                       unsigned long count)
{
    *r = (Racer) {
        .mode = mode,
        .number = number,
        .left = count,
        .state = seed + number + 1,
    };
    if (pthread_create(&r->thread, NULL, race, r)) {
        give_up("pthread_create");
    }
}

static unsigned long end_race(Racer *r)
{
    uint32_t i;

    pthread_join(r->thread, NULL);
    for (i = 0; i < sizeof(r->model); i++) {
        if (i / LINE % 2 == r->number && i / LINE < 204) {
            r->wrong += window[r->mode->start + i] != r->model[i];
        }
    }
    return r->wrong;
}

static unsigned long run_race(const Mode *mode, unsigned long count)
{
    uint32_t i;

    set_mode(mode);
    for (i = 0; i < sizeof(racers[0].model); i += 4) {
        *(volatile uint32_t *)(window + mode->start + i) = 0;
    }
    for (i = 0; i < 2; i++) {
        begin_race(&racers[i], i, mode, count / 2);
    }
    for (i = 0; i < 100; i++) {
        set(0x3d4, 0x0f, i);
        color(i, i);
        usleep(1000);
    }
    return end_race(&racers[0]) + end_race(&racers[1]);
}

/*
 * One processor, and all that it can do
 */

static const Mode *mode;

static volatile uint8_t *place(uint32_t size)
{
    uint32_t at = below(&seed, 4) ? below(&seed, 4000)
                                  : below(&seed, mode->size - size);

    return window + mode->start + at;
}

static void read_some(void)
{
    volatile uint8_t *at = place(4);

    switch (below(&seed, 3)) {
    case 0:
        note(*at);
        break;
    case 1:
        note(*(volatile uint16_t *)at);
        break;
    default:
        note(*(volatile uint32_t *)at);
        break;
    }
}

static void write_some(void)
{
    volatile uint8_t *at = place(4);
    uint32_t value = below(&seed, UINT32_MAX);

    accesses++;
    switch (below(&seed, 3)) {
    case 0:
        *at = value;
        break;
    case 1:
        *(volatile uint16_t *)at = value;
        break;
    default:
        *(volatile uint32_t *)at = value;
        break;
    }
}

static void fill(void)
{
    int n = 1 + below(&seed, 200);
    volatile uint16_t *at = (void *)place(400);
    uint16_t value = below(&seed, 0x10000);

    accesses += n;
    while (n--) {
        *at++ = value++;
    }
}

static void scroll(void)
{
    int n = 1 + below(&seed, 80);
    volatile uint16_t *at = (void *)place(2 * LINE + 160);

    accesses += 2 * n;
    while (n--) {
        *at = at[LINE / 2];
        at++;
    }
}

static void set_colors(void)
{
    color(below(&seed, 256), below(&seed, 64));
    accesses += 4;
}

static void get_colors(void)
{
    int i;

    outb(below(&seed, 256), 0x3c7);
    for (i = 0; i < 3; i++) {
        note(inb(0x3c9));
    }
}

static void set_screen(void)
{
    set(0x3d4, 0x0c + below(&seed, 4), below(&seed, 16));
    accesses += 2;
}

/* How memory is written, in the planar mode; the read loads the latches */
static void set_graphics(void)
{
    static const struct {
        uint8_t index, mask;
    } registers[] = {
        { 0, 0x0f }, { 1, 0x0f }, { 3, 0x1f }, { 4, 0x03 }, { 5, 0x0b },
        { 7, 0x0f }, { 8, 0xff },
    };
    int i = below(&seed, 7);

    if (mode != &modes[MODE_12]) {
        return;
    }
    if (below(&seed, 4)) {
        set(0x3ce, registers[i].index, below(&seed, 256) & registers[i].mask);
    } else {
        set(0x3c4, 2, below(&seed, 16));
    }
    accesses += 2;
    read_some();
}

static void get_registers(void)
{
    note(get(0x3c4, below(&seed, 5)));
    note(get(0x3ce, below(&seed, 9)));
    note(get(0x3d4, below(&seed, 25)));
}

static void pause_some(void)
{
    usleep(below(&seed, 8) ? below(&seed, 2000) : 25000);
}

static void change_mode(void)
{
    mode = &modes[below(&seed, MODES)];
    set_mode(mode);
    accesses += 82;
    read_some();
}

static const struct {
    void (*act)(void);
    int weight;
} acts[] = {
    { read_some, 40 },
    { write_some, 60 },
    { fill, 30 },
    { scroll, 10 },
    { set_colors, 6 },
    { get_colors, 2 },
    { set_screen, 4 },
    { set_graphics, 20 },
    { get_registers, 2 },
    { pause_some, 3 },
    { change_mode, 1 },
};

static void act(void)
{
    int i, sum = 0, pick;

    for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        sum += acts[i].weight;
    }
    pick = below(&seed, sum);
    for (i = 0; pick >= acts[i].weight; i++) {
        pick -= acts[i].weight;
    }
    acts[i].act();
}

static void clear_planes(void)
{
    uint32_t i;

    set_mode(&modes[MODE_12]);
    for (i = 0; i < PLANE_SIZE; i += 4) {
        *(volatile uint32_t *)(window + i) = 0;
    }
}

static void note_all(void)
{
    int i, plane;

    for (i = 0; i < 5; i++) {
        note(get(0x3c4, i));
    }
    for (i = 0; i < 9; i++) {
        note(get(0x3ce, i));
    }
    for (i = 0; i < 25; i++) {
        note(get(0x3d4, i));
    }
    outb(0, 0x3c7);
    for (i = 0; i < 768; i++) {
        note(inb(0x3c9));
    }
    set_mode(&modes[MODE_12]);
    for (plane = 0; plane < 4; plane++) {
        set_planes(0x0f, plane);
        for (i = 0; i < PLANE_SIZE; i += 4) {
            note(*(volatile uint32_t *)(window + i));
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long count;

    if (!open_ports()) {
        return 1;
    }
    if (argc != 3) {
        errno = EINVAL;
        give_up("SEED ACCESSES");
    }
    open_window();
    seed = strtoull(argv[1], NULL, 0);
    count = strtoul(argv[2], NULL, 0);
    say("vga-soak: text, two processors: wrong %lu\n",
        run_race(&modes[MODE_3], count));
    say("vga-soak: dots, two processors: wrong %lu\n",
        run_race(&modes[MODE_13], count));
    clear_planes();
    mode = &modes[MODE_12];
    while (accesses < count) {
        act();
    }
    note_all();
    say("vga-soak: %lu accesses, hash %016llx\n", accesses,
        (unsigned long long)hash);
    say("vga-soak: done\n");
    sleep(5);                   /* so that all is counted that is to be */
    say("vga-soak: quiet\n");
    return 0;
}
