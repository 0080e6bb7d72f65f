/*
 * A guest whose two processors access one VGA adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     race SEED ROUNDS WAY...
 *
 * Each writes and reads every other line of the window, in mode 13h and in a
 * text mode, so each read must give what the same processor has written.  The
 * first processor also loads and reads palettes, moves the cursor, sets the
 * same mode again and accesses each WAY (ways.h).  Each of these ends posting
 * and mappings that the other processor uses.  All numbers are hexadecimal.
 */

#include "bare.h"
#include "bare-smp.h"
#include "vga-modes.h"

#define LINE   160
#define LINES  200
#define COLORS 48
#define WAYS   16

typedef struct Racer {
    uint32_t seed;
    unsigned number;
    unsigned wrong;
    unsigned accesses;
    uint8_t model[LINE * LINES];
} Racer;

static Racer racers[2];
static const Mode *mode;
static Way ways[WAYS];
static unsigned way_count;
static volatile bool stop, stopped;

static uint32_t below(uint32_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return (*state >> 8) % limit;
}

static volatile uint16_t *cell(uint32_t at)
{
    return (volatile uint16_t *)(window + mode->start + at);
}

static uint32_t own_place(Racer *r)
{
    uint32_t line = 2 * below(&r->seed, LINES / 2) + r->number;

    return line * LINE + 2 * below(&r->seed, LINE / 2);
}

/* A few accesses at a time, as software makes them */
static void access_some(Racer *r)
{
    uint32_t at = own_place(r), count = 1 + below(&r->seed, 16);
    bool write = below(&r->seed, 4);

    for (; count-- && at / LINE % 2 == r->number; at += 2) {
        uint16_t *model = (uint16_t *)(r->model + at);

        r->accesses++;
        if (write) {
            *cell(at) = *model = below(&r->seed, 0x10000);
        } else {
            r->wrong += *cell(at) != *model;
        }
    }
}

static void second(void)
{
    while (!stop) {
        access_some(&racers[1]);
    }
    stopped = true;
}

static void use_palette(Racer *r)
{
    uint8_t value = below(&r->seed, 64);
    int i;

    outb(0, 0x3c8);
    for (i = 0; i < COLORS; i++) {
        outb((value + i) & 0x3f, 0x3c9);
    }
    if (below(&r->seed, 2)) {
        outb(0, 0x3c7);
        for (i = 0; i < COLORS; i++) {
            r->wrong += inb(0x3c9) != ((value + i) & 0x3f);
        }
    }
}

/*
 * The way is only read if it leads to the adapter's memory, half of which
 * belongs to the other processor
 */
static void use_way(Racer *r)
{
    const Way *way = &ways[below(&r->seed, way_count)];
    unsigned size = 1 << below(&r->seed, 3);
    uint32_t value;

    size = size > way->widest ? way->widest : size;
    value = access_way(way, size, false, 0);
    if (!way->read_only && !way->mirror && below(&r->seed, 2)) {
        access_way(way, size, true, value);
    }
}

static void first(Racer *r)
{
    switch (below(&r->seed, 12)) {
    case 0:
        use_palette(r);
        break;
    case 1:
        set_mode(mode);
        break;
    case 2:
        set(0x3d4, 0x0f, below(&r->seed, 256));
        break;
    case 3:
    case 4:
        if (way_count) {
            use_way(r);
        }
        break;
    default:
        access_some(r);
        break;
    }
}

static void check_all(Racer *r)
{
    uint32_t at;

    for (at = 0; at < LINE * LINES; at += 2) {
        if (at / LINE % 2 == r->number) {
            r->wrong += *cell(at) != *(uint16_t *)(r->model + at);
        }
    }
}

static void clear(void)
{
    uint32_t at;

    set_mode(mode);
    for (at = 0; at < LINE * LINES; at += 2) {
        *cell(at) = 0;
        *(uint16_t *)(racers[0].model + at) = 0;
        *(uint16_t *)(racers[1].model + at) = 0;
    }
    racers[0].wrong = racers[1].wrong = 0;
}

static void run(const char *name, uint32_t rounds)
{
    clear();
    stop = stopped = second_started = false;
    start_processor(second);
    while (rounds--) {
        first(&racers[0]);
    }
    stop = true;
    while (!stopped) {
    }
    check_all(&racers[0]);
    check_all(&racers[1]);
    say("race: %s: %u and %u accesses, wrong %u and %u\n", name,
        racers[0].accesses, racers[1].accesses, racers[0].wrong,
        racers[1].wrong);
}

static void guest(const char *text)
{
    uint32_t rounds;

    text = next_word(text);     /* the first word is the image's name */
    racers[0].seed = read_number(&text);
    racers[1].seed = ~racers[0].seed;
    racers[1].number = 1;
    text = next_word(text);
    rounds = read_number(&text);
    while (*(text = next_word(text)) && way_count < WAYS) {
        way_count += read_way(&ways[way_count], text);
    }
    mode = &modes[MODE_13];
    run("dots", rounds);
    mode = &modes[MODE_3];
    run("text", rounds);
    say("race: done\n");
}
