/*
 * A guest that checks whether all its posted writes arrive, and in order
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     posted WAY...
 *
 * Each case writes 64 bytes of VGA memory or 48 of the palette, so many that
 * KVM keeps them in its ring for a while.  Then it makes one other access, WAY
 * (see ways.h), in each width and direction, and counts, by reading, how many
 * of the writes have arrived.  If the way is a mirror of the adapter's memory
 * or of its DAC, a read through it must see what was written before, and a
 * write through it must last.
 */

#include "bare.h"
#include "vga-modes.h"

#define BYTES  64
#define COLORS 48
#define STATUS 0x3da            /* each read of it flushes posted writes */
#define MARK   0x3c5a96f0

typedef struct Found {
    unsigned memory;
    unsigned palette;
    bool ordered;               /* the access came after the writes */
} Found;

static uint8_t pattern;         /* differs from case to case */
static uint8_t model[BYTES];

/* Write data, and count how much of it has arrived */

static void write_memory(const Mode *mode)
{
    int i;

    pattern++;
    for (i = 0; i < BYTES; i++) {
        model[i] = pattern ^ i;
        window[mode->start + i] = model[i];
    }
}

static unsigned count_memory(const Mode *mode)
{
    unsigned i, count = 0;

    for (i = 0; i < BYTES; i++) {
        count += window[mode->start + i] == model[i];
    }
    return count;
}

static void write_palette(void)
{
    int i;

    pattern++;
    outb(0, 0x3c8);
    for (i = 0; i < COLORS; i++) {
        outb((pattern ^ i) & 0x3f, 0x3c9);
    }
}

static unsigned count_palette(void)
{
    unsigned i, count = 0;

    outb(0, 0x3c7);
    for (i = 0; i < COLORS; i++) {
        count += inb(0x3c9) == ((pattern ^ i) & 0x3f);
    }
    return count;
}

/* The bytes of a mirror that the window has as well */
static unsigned mirrored(const Mode *mode, unsigned size)
{
    return mode == &modes[MODE_3] && size > 2 ? 2 : size;
}

static bool is_mirrored(const Mode *mode, unsigned size, uint32_t value)
{
    unsigned i;

    for (i = 0; i < mirrored(mode, size); i++, value >>= 8) {
        if ((uint8_t)value != model[i]) {
            return false;
        }
    }
    return true;
}

static void mirror(const Mode *mode, unsigned size, uint32_t value)
{
    unsigned i;

    for (i = 0; i < mirrored(mode, size); i++, value >>= 8) {
        model[i] = value;
    }
}

/*
 * Cases
 */

/*
 * A write to a BAR makes QEMU forget the registers that it has seen, and so
 * forget that the mode is a text mode.
 */
static void begin_case(const Mode *mode)
{
    static const Mode *now;

    if (mode != now || mode == &modes[MODE_3]) {
        set_mode(mode);
        now = mode;
    }
}

/* A value that changes nothing, or that the mirror shows */
static uint32_t value_to_write(const Way *way, unsigned size)
{
    return way->mirror ? MARK : access_way(way, size, false, 0);
}

static Found run_case(const Mode *mode, const Way *way, unsigned size,
                      bool write)
{
    Found found = { .ordered = true };
    uint32_t value;

    begin_case(mode);
    value = write ? value_to_write(way, size) : 0;
    write_memory(mode);
    value = access_way(way, size, write, value);
    inb(STATUS);
    if (way->mirror && write) {
        mirror(mode, size, MARK);
    } else if (way->mirror) {
        found.ordered = is_mirrored(mode, size, value);
    }
    found.memory = count_memory(mode);

    value = write ? value_to_write(way, size) : 0;
    write_palette();
    value = access_way(way, size, write, value);
    inb(STATUS);
    if (way->dac && !write) {
        found.ordered = (uint8_t)value == COLORS / 3;
    }
    found.palette = count_palette();
    return found;
}

static void tell(const char *mode, const char *name, unsigned size,
                 const char *what, Found found)
{
    say("posted: %s %s %u %s: memory %u palette %u%s\n", mode, name, size, what,
        found.memory, found.palette, found.ordered ? "" : " too early");
}

static void run_way(const Way *way)
{
    static const struct {
        const char *name;
        int mode;
    } in[] = { { "dots", MODE_13 }, { "text", MODE_3 } };
    unsigned i, size, write;

    for (i = 0; i < (way->kind == 'p' ? 1 : 2); i++) {
        for (size = 1; size <= way->widest; size *= 2) {
            for (write = 0; write <= !way->read_only; write++) {
                tell(in[i].name, way->name, size,
                     write ? "write" : "read",
                     run_case(&modes[in[i].mode], way, size, write));
            }
        }
    }
}

/*
 * Register 14h of the CRTC moves writes to memory on QEMU's adapters: after it
 * they go to another place, and with another value of it there is no text
 * mode.
 */
static void run_register(void)
{
    Found found = { .ordered = true };

    begin_case(&modes[MODE_12]);
    write_memory(&modes[MODE_12]);
    outw(0x4014, 0x3d4);
    inb(STATUS);
    outw(0x0014, 0x3d4);
    inb(STATUS);
    found.memory = count_memory(&modes[MODE_12]);

    begin_case(&modes[MODE_3]);
    outw(0x5f14, 0x3d4);
    write_palette();
    outw(0x1f14, 0x3d4);
    inb(STATUS);
    found.palette = count_palette();
    tell("planes", "CRTC", 2, "write", found);
}

static void guest(const char *command_line)
{
    Way way;

    run_register();
    /* The first word is the image's name */
    while (*(command_line = next_word(command_line))) {
        if (read_way(&way, command_line)) {
            run_way(&way);
        }
    }
    say("posted: done\n");
}
