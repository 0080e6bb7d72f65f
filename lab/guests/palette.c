/*
 * A guest that loads palettes, and reports those that are not as written
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     palette SEED LOADS WAY...
 *
 * It loads one to all colors by bytes, strings and words, while a timer
 * interrupts a thousand times a second.  In between it makes all other
 * accesses that software may make there: it reads and writes the DAC's other
 * registers, memory and the status, accesses each WAY (ways.h), and sets modes
 * by their registers.  All reads are compared with a model of the DAC of
 * QEMU's adapters.
 */

#include "bare.h"
#include "bare-timer.h"
#include "vga-modes.h"

#define COLORS  256
#define WAYS    16
#define REPORTS 10             /* at most, of errors */
#define REPORT_LOADS 1000

static uint32_t seed, last_load;
static uint32_t loads, writes, reads, wrong;
static Way ways[WAYS];
static unsigned way_count;
static const Mode *mode = &modes[MODE_3];

static uint32_t below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (seed >> 8) % limit;
}

/* The DAC, and a model of it */

static struct {
    uint8_t palette[3 * COLORS];
    uint8_t cache[3];
    uint8_t part;               /* part of a color, for reads and writes */
    uint8_t read_index;
    uint8_t write_index;
    uint8_t state;
} dac;

static void check(const char *what, uint32_t value, uint32_t wanted)
{
    reads++;
    if (value != wanted && wrong++ < REPORTS) {
        say("palette: %s is %x, not %x: load %u, part %u, index %x/%x\n",
            what, value, wanted, loads, dac.part, dac.read_index,
            dac.write_index);
    }
}

static void model_write(uint8_t value)
{
    uint8_t *color = dac.palette + 3 * dac.write_index;

    writes++;
    dac.cache[dac.part] = value;
    if (++dac.part == 3) {
        color[0] = dac.cache[0];
        color[1] = dac.cache[1];
        color[2] = dac.cache[2];
        dac.part = 0;
        dac.write_index++;
    }
}

static void begin_write(uint8_t index)
{
    dac.write_index = index;
    dac.part = 0;
    dac.state = 0;
}

static void begin_read(uint8_t index)
{
    outb(index, 0x3c7);
    dac.read_index = index;
    dac.part = 0;
    dac.state = 3;
}

static void write_values(unsigned count)
{
    while (count--) {
        uint8_t value = below(64);

        outb(value, 0x3c9);
        model_write(value);
    }
}

static void write_string(unsigned count)
{
    static uint8_t values[3 * COLORS];
    const uint8_t *from = values;
    unsigned i;

    for (i = 0; i < count; i++) {
        values[i] = below(64);
        model_write(values[i]);
    }
    asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x3c9)
                 : "memory");
}

static void read_values(unsigned count)
{
    while (count--) {
        uint8_t wanted = dac.palette[3 * dac.read_index + dac.part];

        check("value", inb(0x3c9), wanted);
        if (++dac.part == 3) {
            dac.part = 0;
            dac.read_index++;
        }
    }
}

/* Events between the loads */

static unsigned some(void)
{
    return below(4) ? 1 + below(48) : 1 + below(3 * COLORS);
}

static void end_load(uint8_t index, unsigned count)
{
    loads++;
    if (below(2)) {
        begin_read(index);
        read_values(count);
    }
}

static void load_bytes(void)
{
    uint8_t index = below(COLORS);
    unsigned count = some();

    outb(index, 0x3c8);
    begin_write(index);
    write_values(count);
    end_load(index, count);
}

static void load_string(void)
{
    uint8_t index = below(COLORS);
    unsigned count = some();

    outb(index, 0x3c8);
    begin_write(index);
    write_string(count);
    end_load(index, count);
}

/* Write the index and the first value with one access. */
static void load_word(void)
{
    uint8_t index = below(COLORS), value = below(64);
    unsigned count = some();

    outw(value << 8 | index, 0x3c8);
    begin_write(index);
    model_write(value);
    write_values(count);
    end_load(index, count + 1);
}

static void go_on(void)
{
    write_values(1 + below(6));
}

static void read_back(void)
{
    begin_read(below(COLORS));
    read_values(1 + below(48));
}

static void read_on(void)
{
    read_values(1 + below(4));
}

static void read_indices(void)
{
    check("state", inb(0x3c7), dac.state);
    check("index", inb(0x3c8), dac.write_index);
}

/* On some adapters four reads of the mask unlock another register. */
static void use_mask(void)
{
    outb(0xff, 0x3c6);
    if (below(2)) {
        inb(0x3c6);
        inb(0x3c8);
    }
}

static void read_status(void)
{
    inb(0x3da);
}

static void write_memory(void)
{
    unsigned at = below(1000), count = 1 + below(200);

    while (count--) {
        window[mode->start + at++] = count;
    }
}

static void read_memory(void)
{
    (void)window[mode->start + below(1000)];
}

static void move_cursor(void)
{
    set(0x3d4, 0x0f, below(COLORS));
}

static void change_mode(void)
{
    mode = &modes[below(MODES)];
    set_mode(mode);
}

static void go_way(void)
{
    const Way *way;
    uint32_t value;

    if (!way_count) {
        return;
    }
    way = &ways[below(way_count)];
    value = access_way(way, 1 << below(way->widest < 4 ? way->widest : 3),
                       false, 0);
    if (way->dac) {
        check(way->name, value, dac.write_index);
    }
}

static void pause_some(void)
{
    wait_ticks(below(30));
}

static const struct {
    void (*act)(void);
    uint8_t weight;
} acts[] = {
    { load_bytes, 40 }, { load_string, 20 }, { load_word, 20 }, { go_on, 20 },
    { read_back, 20 }, { read_on, 10 }, { read_indices, 20 }, { use_mask, 5 },
    { read_status, 20 }, { write_memory, 20 }, { read_memory, 5 },
    { move_cursor, 10 }, { change_mode, 3 }, { go_way, 20 }, { pause_some, 1 },
};

static void act(void)
{
    unsigned i, sum = 0, pick;

    for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        sum += acts[i].weight;
    }
    pick = below(sum);
    for (i = 0; pick >= acts[i].weight; i++) {
        pick -= acts[i].weight;
    }
    acts[i].act();
}

static void read_command_line(const char *text)
{
    text = next_word(text);     /* the first word is the image's name */
    seed = read_number(&text);
    text = next_word(text);
    last_load = read_number(&text);
    while (*(text = next_word(text)) && way_count < WAYS) {
        way_count += read_way(&ways[way_count], text);
    }
}

static void report(void)
{
    begin_read(0);
    read_values(3 * COLORS);
    say("palette: %u loads, %u writes, %u reads, %u ticks: wrong %u\n", loads,
        writes, reads, ticks, wrong);
}

static void guest(const char *command_line)
{
    uint32_t next = REPORT_LOADS;

    read_command_line(command_line);
    set_mode(mode);
    start_timer();
    outb(0, 0x3c8);
    begin_write(0);
    write_values(3 * COLORS);
    while (loads < last_load) {
        act();
        if (loads >= next) {
            report();
            next += REPORT_LOADS;
        }
    }
    report();
    say("palette: done\n");
}
