/*
 * A guest that checks whether each access to its VGA adapter works
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     vga-soak SEED ACCESSES [WAY...]
 *
 * First two threads, each on its own processor, write and read text and then
 * dots on alternating lines of the screen.  Meanwhile the main thread moves
 * the cursor, sets colors and sets the same mode again.  All three access each
 * WAY (ways.h), too.  Each read must give what its thread wrote, and so must
 * all of the memory in the end.
 *
 * Then come random accesses in three modes, to a font and by each WAY, which
 * depend only on SEED.  What they read, and all planes and registers in the
 * end, make a hash.  It must be the same however such an adapter is given to
 * the guest.  As software does, the guest loads the latches in the mode in
 * which it uses them.
 *
 * It is started in the adapter's directory of sysfs.
 */

#include <pthread.h>

#include "vga-text.h"
#include "vga-modes.h"
#include "ways.h"

#define LINE       160          /* bytes, of text; also used for dots */
#define WAYS       16
#define BARS       6

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

/* Ways besides memory */

static Way ways[WAYS];
static unsigned way_count;
static volatile uint8_t *bars[BARS];    /* those of memory */
static int bar_files[BARS];             /* those of ports */
static int config_file;

static uint32_t access_file(int fd, uint32_t at, unsigned size, bool write,
                            uint32_t value)
{
    ssize_t done = write ? pwrite(fd, &value, size, at)
                         : pread(fd, &value, size, at);

    if (done != size) {
        give_up("way");
    }
    return value;
}

static uint32_t access_memory(volatile uint8_t *at, unsigned size, bool write,
                              uint32_t value)
{
    switch (size) {
    case 1:
        return write ? *at = value : *at;
    case 2:
        return write ? *(volatile uint16_t *)at = value
                     : *(volatile uint16_t *)at;
    default:
        return write ? *(volatile uint32_t *)at = value
                     : *(volatile uint32_t *)at;
    }
}

static uint32_t mask(uint32_t value, unsigned size)
{
    return size < 4 ? value & ((1u << 8 * size) - 1) : value;
}

static uint32_t access_way(const Way *way, unsigned size, bool write,
                           uint32_t value)
{
    int bar = way->kind - '0';

    if (way->kind == 'p') {
        value = access_file(ports, way->at, size, write, value);
    } else if (way->kind == 'c') {
        value = access_file(config_file, way->at, size, write, value);
    } else if (bars[bar]) {
        value = access_memory(bars[bar] + way->at, size, write, value);
    } else {
        value = access_file(bar_files[bar], way->at, size, write, value);
    }
    return mask(value, size);
}

static void open_bar(int bar)
{
    char name[] = "resource0";
    void *memory;

    name[8] += bar;
    bar_files[bar] = open(name, O_RDWR);
    if (bar_files[bar] < 0) {
        return;                         /* not of this adapter */
    }
    memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED,
                  bar_files[bar], 0);
    bars[bar] = memory == MAP_FAILED ? NULL : memory;
}

static void open_ways(char **words)
{
    int i;

    for (i = 0; i < BARS; i++) {
        open_bar(i);
    }
    config_file = open("config", O_RDWR);
    for (; *words && way_count < WAYS; words++) {
        way_count += read_way(&ways[way_count], *words);
    }
}

/* /dev/port turns wider accesses into bytes. */
static unsigned way_size(const Way *way, uint64_t *state)
{
    unsigned widest = way->kind == 'p' ? 1 : way->widest;
    unsigned size = 1 << below(state, 3);

    return size > widest ? widest : size;
}

/* Writes the value that is there already, unless it is the adapter's memory. */
static uint32_t use_way(const Way *way, uint64_t *state, bool write)
{
    unsigned size = way_size(way, state);
    uint32_t value = write && way->mirror ? below(state, UINT32_MAX)
                                          : access_way(way, size, false, 0);

    if (write && !way->read_only) {
        access_way(way, size, true, value);
    }
    return mask(value, size);
}

static const Way *some_way(uint64_t *state)
{
    return way_count ? &ways[below(state, way_count)] : NULL;
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

/* Processors at the same time */

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

/* One of every other line */
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

        if (way_count && !below(&r->state, 16)) {
            use_way(some_way(&r->state), &r->state, false);
        } else if (below(&r->state, 2)) {
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

/* Ends a copy and posting, so that they begin anew. */
static void disturb_race(const Mode *mode, uint64_t *state)
{
    const Way *way = some_way(state);

    if (way && way->kind != 'p') {
        use_way(way, state, !way->mirror);
    }
    if (!below(state, 4)) {
        set_mode(mode);
    }
}

static unsigned long run_race(const Mode *mode, unsigned long count)
{
    uint64_t state = seed;
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
        disturb_race(mode, &state);
        usleep(1000);
    }
    return end_race(&racers[0]) + end_race(&racers[1]);
}

/* One processor, with all kinds of accesses */

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

/*
 * Choose how memory is written in the planar mode; the read loads the latches.
 */
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

static void go_way(void)
{
    const Way *way = some_way(&seed);

    if (way) {
        note(use_way(way, &seed, !below(&seed, 4)));
    }
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
    { go_way, 10 },
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
    if (argc < 3) {
        errno = EINVAL;
        give_up("SEED ACCESSES");
    }
    open_window();
    open_ways(argv + 3);
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
    sleep(5);                   /* so that QEMU's counters are complete */
    say("vga-soak: quiet\n");
    return 0;
}
