/*
 * A random guest for the oracle for legacy VGA: programming of a VGA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/vga-compat.h"
#include "vga-oracle-guest.h"

/*
 * Memory
 */

void recipe_access(Guest *g)
{
    uint32_t size = width(g);
    uint32_t addr = place(g, size);

    emit(g, below(g, 5) < 3 ? OP_WRITE : OP_READ, addr, size, guest_random(g));
}

/* The same place again, for reads of what was written, and for overwriting */
void recipe_again(Guest *g)
{
    uint32_t addr = place(g, 4);
    int n = 2 + below(g, 4);

    while (n--) {
        emit(g, below(g, 2) ? OP_WRITE : OP_READ, addr + below(g, 2), width(g),
             guest_random(g));
    }
}

/* Fill as "rep stos" does, for which KVM exits once for each element */
void recipe_fill(Guest *g)
{
    uint32_t size = width(g);
    int n = 4 + below(g, 40);
    uint32_t addr = place(g, n * size);
    uint32_t value = guest_random(g);
    bool same = below(g, 2);
    int i;

    for (i = 0; i < n; i++) {
        emit(g, OP_WRITE, addr + i * size, size,
             same ? value : guest_random(g));
    }
}

/*
 * Scroll, or copy by the latches.  The written values are not those that were
 * read, because replies come too late for that.  An adapter cannot tell the
 * difference, and ignores the values in write mode 1.
 */
void recipe_copy(Guest *g)
{
    uint32_t size = below(g, 2) ? 1 : width(g);
    int n = 2 + below(g, 24);
    bool down = below(g, 4) == 0;
    uint32_t step = below(g, 2) ? 160 : 80; /* a line */
    uint32_t addr = place(g, n * size + step);
    int i;

    if (below(g, 2)) {
        emit_reg(g, 0x3ce, 5, 0x01 | (below(g, 4) << 3));
    }
    for (i = 0; i < n; i++) {
        uint32_t at = addr + (down ? n - 1 - i : i) * size;

        emit(g, OP_READ, at + step, size, 0);
        emit(g, OP_WRITE, at, size, guest_random(g));
    }
}

/* One command makes many accesses; each device sees the bytes in this order */
void recipe_run(Guest *g)
{
    uint32_t size = 1 + below(g, below(g, 8) ? 16 : 64);
    uint32_t addr = place(g, size);

    emit(g, below(g, 3) ? OP_WRITE_RUN : OP_READ_RUN, addr, size,
         guest_random(g));
}

/*
 * Registers
 */

/*
 * Four bytes are aligned: unaligned ones are two cycles on any bus, and the
 * client passes them to a region as two.  QEMU's own bus has no cycles and
 * passes them on as a whole.  For VGA they go to portio_list, which has no
 * handler of four bytes and drops them, so there would be nothing to compare.
 * Since QEMU 11.0 qtest passes on two bytes as a whole, too, and models without
 * portio_list drop those at an odd port.
 */
static void emit_port(Guest *g, Op op, uint32_t addr, uint32_t size,
                      uint32_t value)
{
    if (size == 4 || VGA_COMPAT_11_0) {
        addr &= ~(size - 1);
    }
    emit(g, op, addr, size, value);
}

/* In 3 of 4 cases a port that is decoded */
static int random_index_port(Guest *g)
{
    int i = below(g, ARRAY_SIZE(index_ports));

    if (index_ports[i].port == (crtc_port(g) ^ 0x60) && below(g, 2)) {
        i ^= 1;
    }
    return i;
}

static void recipe_reg_write(Guest *g)
{
    int i = random_index_port(g);

    emit_reg(g, index_ports[i].port,
             index_ports[i].legal[below(g, index_ports[i].count)],
             guest_random(g));
}

static void recipe_reg_read(Guest *g)
{
    int i = random_index_port(g);

    if (below(g, 2)) {
        emit_out(g, index_ports[i].port, guest_random(g));
    }
    emit_port(g, OP_IN, index_ports[i].port + below(g, 2), 1 + below(g, 2), 0);
}

/* Registers that decide where a byte goes, with values that software uses */
static const struct {
    uint16_t port;
    uint8_t index;
    uint8_t values[6];
} drawing[] = {
    { 0x3c4, 2, { 0x0f, 0x0f, 0x01, 0x02, 0x04, 0x08 } }, /* map mask */
    { 0x3c4, 2, { 0x0f, 0x0f, 0x03, 0x0c, 0x05, 0x0a } },
    { 0x3c4, 4, { 0x06, 0x06, 0x02, 0x0e, 0x0e, 0x04 } }, /* memory mode */
    { 0x3ce, 0, { 0x00, 0x0f, 0x05, 0x0a, 0x01, 0x0c } }, /* set/reset */
    { 0x3ce, 1, { 0x00, 0x00, 0x0f, 0x05, 0x08, 0x03 } }, /* enable it */
    { 0x3ce, 2, { 0x00, 0x0f, 0x05, 0x0a, 0x01, 0x0c } }, /* compare */
    { 0x3ce, 3, { 0x00, 0x00, 0x08, 0x10, 0x18, 0x03 } }, /* rotate, function */
    { 0x3ce, 4, { 0x00, 0x01, 0x02, 0x03, 0x00, 0x02 } }, /* read map */
    { 0x3ce, 5, { 0x00, 0x01, 0x02, 0x03, 0x08, 0x10 } }, /* modes */
    { 0x3ce, 5, { 0x40, 0x00, 0x0b, 0x13, 0x0a, 0x18 } },
    { 0x3ce, 6, { 0x05, 0x01, 0x0e, 0x0a, 0x05, 0x0f } }, /* mapping */
    { 0x3ce, 7, { 0x0f, 0x00, 0x05, 0x0a, 0x01, 0x0c } }, /* don't care */
    { 0x3ce, 8, { 0xff, 0xff, 0x0f, 0xf0, 0x80, 0x55 } }, /* bit mask */
};

static void recipe_drawing(Guest *g)
{
    int n = 1 + below(g, 4);

    while (n--) {
        int i = below(g, ARRAY_SIZE(drawing));

        emit_reg(g, drawing[i].port, drawing[i].index,
                 drawing[i].values[below(g, ARRAY_SIZE(drawing[i].values))]);
    }
}

/* Start address and cursor, which text software changes all the time */
void recipe_cursor(Guest *g)
{
    uint8_t index = below(g, 2) ? 0x0c : 0x0e;

    emit_reg(g, crtc_port(g), index, guest_random(g));
    emit_reg(g, crtc_port(g), index + 1, guest_random(g));
}

static void recipe_protect(Guest *g)
{
    emit_reg(g, crtc_port(g), 0x11, guest_random(g));
    emit_reg(g, crtc_port(g), below(g, 8), guest_random(g));
    emit_in(g, crtc_port(g) + 1);
}

/*
 * 3c0 is index and data in turn, and reading Input Status 1 makes it the index
 */
void recipe_attribute(Guest *g)
{
    int n = 1 + below(g, 4);

    if (below(g, 3)) {
        emit_in(g, status_port(g));
    }
    while (n--) {
        emit_out(g, 0x3c0, below(g, 2) ? below(g, 0x15) : guest_random(g));
        if (below(g, 3) == 0) {
            emit_in(g, below(g, 2) ? 0x3c0 : 0x3c1);
        }
    }
}

void recipe_palette_write(Guest *g)
{
    int n = 1 + below(g, 14); /* not always whole colors */

    emit_out(g, 0x3c8, guest_random(g));
    while (n--) {
        emit_out(g, 0x3c9, guest_random(g));
    }
}

void recipe_palette_read(Guest *g)
{
    int n = 1 + below(g, 14);

    emit_out(g, 0x3c7, guest_random(g));
    emit_in(g, 0x3c7); /* DAC state */
    while (n--) {
        emit_in(g, 0x3c9);
    }
    emit_in(g, 0x3c8);
}

static void recipe_external(Guest *g)
{
    static const uint16_t reads[] = {
        0x3cc, 0x3ca, 0x3c2, 0x3c6, 0x3ba, 0x3da,
    };

    switch (below(g, 6)) {
    case 0:
        emit_out(g, 0x3c2, guest_random(g) | (below(g, 4) ? 1 : 0));
        break;
    case 1:
        emit_out(g, status_port(g), guest_random(g)); /* feature control */
        break;
    case 2:
        emit_out(g, 0x3c6, below(g, 2) ? 0xff : guest_random(g));
        break;
    default:
        emit_in(g, reads[below(g, ARRAY_SIZE(reads))]);
        break;
    }
}

/* Any port in any width, decoded or not, and pairs that straddle registers */
static void recipe_port(Guest *g)
{
    uint32_t size = width(g);
    uint32_t addr = below(g, 4) ? 0x3c0 + below(g, 0x21 - size)
                                : 0x3b0 + below(g, 0x0d - size);

    emit_port(g, below(g, 2) ? OP_IN : OP_OUT, addr, size, guest_random(g));
}

/* A few glyphs, read while they are made, and sometimes one of another font */
static void emit_glyphs(Guest *g)
{
    uint32_t font = below(g, 4) ? 0xa0000 : 0xa0000 + below(g, 8) * 0x2000;
    uint32_t glyph = below(g, 0x100);
    int n = 1 + below(g, 4);
    int i;

    while (n--) {
        uint32_t addr = font + glyph++ % 0x100 * 32;

        if (!below(g, 4)) {
            emit(g, OP_WRITE_RUN, addr, 16, guest_random(g));
            continue;
        }
        for (i = 0; i < 16; i++) {
            emit(g, OP_WRITE, addr + i, 1, guest_random(g));
        }
        if (!below(g, 4)) {
            emit(g, OP_READ, addr + below(g, 16), 1, 0);
        }
    }
}

/*
 * Load a font into plane 2 and go back to text, as INT 10h AX=1100h does, or
 * as Linux does, with a larger window
 */
void recipe_font(Guest *g)
{
    static const uint16_t open[][2] = {
        { 0x3c4, 0x0100 }, { 0x3c4, 0x0402 }, { 0x3c4, 0x0704 },
        { 0x3c4, 0x0300 }, { 0x3ce, 0x0204 }, { 0x3ce, 0x0005 },
    };
    static const uint16_t shut[][2] = {
        { 0x3c4, 0x0100 }, { 0x3c4, 0x0302 }, { 0x3c4, 0x0304 },
        { 0x3c4, 0x0300 }, { 0x3ce, 0x0004 }, { 0x3ce, 0x1005 },
        { 0x3ce, 0x0e06 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(open); i++) {
        emit(g, OP_OUT, open[i][0], 2, open[i][1]);
    }
    emit(g, OP_OUT, 0x3ce, 2, below(g, 2) ? 0x0406 : 0x0006);
    for (i = below(g, 4); i >= 0; i--) {
        emit_glyphs(g);
    }
    for (i = 0; i < ARRAY_SIZE(shut); i++) {
        emit(g, OP_OUT, shut[i][0], 2, shut[i][1]);
    }
}

static void recipe_mode(Guest *g)
{
    emit_mode(g, below(g, MODES));
}

/* Events that make a client leave a fast way, and return to it */

void recipe_step(Guest *g)
{
    static const uint8_t ms[] = { 1, 4, 10, 11, 20, 60 };

    emit(g, OP_STEP, 0, 0, ms[below(g, ARRAY_SIZE(ms))] * 1000000);
    if (below(g, 16) == 0) {
        emit(g, OP_STEP, 0, 0, 1200 * 1000000);
    }
}

static void emit_command(Guest *g, uint16_t command)
{
    emit(g, OP_OUT, 0xcf8, 4, CONFIG(PCI_COMMAND));
    emit(g, OP_OUT, 0xcfc, 2, command);
}

/*
 * Decoding goes off and on again.  In between there are no accesses, because
 * QEMU's VGA on its own bus decodes even then.
 */
void recipe_decode(Guest *g)
{
    emit_command(g, below(g, 2) ? 0 : PCI_COMMAND_IO);
    emit_command(g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

/* The same memory, past the window */
static void recipe_bar(Guest *g)
{
    uint32_t at = BAR + below(g, below(g, 2) ? 4 * BUSY : 256 * KiB - 4);
    int n = 1 + below(g, 3);

    while (n--) {
        emit(g, below(g, 3) ? OP_WRITE : OP_READ, at + below(g, 8), width(g),
             guest_random(g));
    }
}

static void recipe_stop(Guest *g)
{
    emit(g, OP_STOP, 0, 0, 0);
    recipe_access(g);
    recipe_again(g);
    emit(g, OP_CONT, 0, 0, 0);
}

/* As bus master an adapter has a driver of its own, which may do anything */
static void recipe_master(Guest *g)
{
    int i, n = 1 + below(g, 3);

    emit_command(g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    recipe_access(g);
    while (n--) {
        i = below(g, ARRAY_SIZE(drawing));
        emit(g, OP_OTHER, drawing[i].port, 1, drawing[i].index);
        emit(g, OP_OTHER, drawing[i].port + 1, 1,
             drawing[i].values[below(g, ARRAY_SIZE(drawing[i].values))]);
        recipe_access(g);
        recipe_fill(g);
    }
    emit_command(g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

static void recipe_reset(Guest *g)
{
    int n = below(g, 6);

    emit(g, OP_RESET, 0, 0, 0);
    while (n--) {
        recipe_again(g); /* where it was, with registers as the reset left */
        recipe_fill(g);
    }
    recipe_mode(g);
}

static void recipe_classic(Guest *g)
{
    classics[below(g, CLASSICS)].make(g);
}

/* Fill the planes, each with other data */
static void recipe_first(Guest *g)
{
    int plane, i;

    emit_reg(g, 0x3ce, 6, 0x05);
    emit_reg(g, 0x3ce, 8, 0xff);
    emit_reg(g, 0x3c4, 4, 0x06);
    for (plane = 0; plane < PLANES; plane++) {
        emit_reg(g, 0x3c4, 2, 1 << plane);
        for (i = 0; i < BUSY; i += RUN_MAX) {
            emit(g, OP_WRITE_RUN, MEM + i, RUN_MAX, guest_random(g));
        }
    }
    recipe_mode(g);
}

static const Recipe recipes[] = {
    { recipe_access, 300 },
    { recipe_again, 60 },
    { recipe_fill, 40 },
    { recipe_copy, 40 },
    { recipe_run, 40 },
    { recipe_drawing, 60 },
    { recipe_reg_write, 40 },
    { recipe_reg_read, 60 },
    { recipe_cursor, 30 },
    { recipe_protect, 10 },
    { recipe_attribute, 40 },
    { recipe_palette_write, 15 },
    { recipe_palette_read, 15 },
    { recipe_external, 50 },
    { recipe_port, 50 },
    { recipe_font, 5 },
    { recipe_mode, 8 },
    { recipe_text, 4 },
    { recipe_dots, 4 },
    { recipe_classic, 12 },
    { recipe_bar, 6 },
    { recipe_step, 20 },
    { recipe_decode, 2 },
    { recipe_stop, 1 },
    { recipe_master, 1 },
    { recipe_reset, 1 },
};

void guest_start(Guest *g, uint64_t seed, bool loads_latches)
{
    *g = (Guest) {
        .state = seed,
        .hash = 0xcbf29ce484222325ULL,
        .loads_latches = loads_latches,
    };
    g_queue_init(&g->queue);
    recipe_first(g);
}

void guest_end(Guest *g)
{
    g_queue_clear_full(&g->queue, g_free);
}

Access guest_next(Guest *g)
{
    g_autofree Access *a = NULL;

    if (g_queue_is_empty(&g->queue)) {
        recipe_pick(g, recipes, ARRAY_SIZE(recipes));
    }
    a = g_queue_pop_head(&g->queue);
    return *a;
}
