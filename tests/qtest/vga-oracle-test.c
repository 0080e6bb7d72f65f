/*
 * An oracle for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between a guest and its adapter there is software, and what it gets wrong
 * shows as a wrong pixel much later: a write lost, two of them exchanged, a
 * byte in the wrong plane because a latch was not loaded.  A VGA has too much
 * hidden state (indices, a flip-flop, latches) to foresee which accesses tell.
 *
 * So random guests do, and twice.  One QEMU, the client, has the adapter
 * assigned, by vfio-user-pci from a server that is a QEMU too.  Another, the
 * direct one, has the same device model on its own bus.  Both get the same
 * accesses; each read has to give the same, and now and then all registers and
 * all of the planes are compared, read past the client: it may answer a guest
 * from a copy, but it must not leave the adapter behind.
 *
 * What is sent depends on the seed alone, neither on replies nor on the model,
 * so a seed is all it takes to replay a failure; the test does so, to find the
 * access after which the two adapters were different first.  Environment:
 *
 *   VGA_ORACLE_SEED         a number; default: a fixed one
 *   VGA_ORACLE_ACCESSES     for each model
 *   VGA_ORACLE_MODEL        only this one
 *   VGA_ORACLE_CLIENT_OPTS  properties of the client's vfio-user-pci:
 *                           prop=value,prop=value
 *   VGA_ORACLE_TIER         only this of the ways a client can work (tiers[])
 *
 * It needs no KVM: no processor runs in any of the QEMUs.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "libqmp.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "vga-stats.h"

#define DEFAULT_SEED 0x3c03da3c4ULL
#define DEFAULT_ACCESSES 24500 /* half a million for all tiers and models */
#define BATCH 256
#define HISTORY 32
#define DUMP_EVERY 20000 /* accesses; and at the end */

#define MEM 0xa0000
#define MEM_SIZE (128 * KiB)
#define PLANES 4

#define SLOT 4 /* of the adapter */
#define CONFIG(reg) (0x80000000 | SLOT << 11 | (reg))
#define BAR 0xe0000000 /* where BAR 0 goes, the frame buffer of each model */

static const char *const models[] = { "VGA", "cirrus-vga", "ati-vga" };

/*
 * Accesses
 */

typedef enum Op {
    OP_IN,
    OP_OUT,
    OP_READ,
    OP_WRITE,
    OP_READ_RUN,  /* ascending, as by "rep movs": QEMU splits it */
    OP_WRITE_RUN,
    OP_STEP,      /* so many ns pass, @value */
    /* What is no access, but happens to the machine */
    OP_STOP,
    OP_CONT,
    OP_RESET,
    OP_OTHER,     /* another writes to a port, past the guest */
} Op;

#define RUN_MAX 1024

typedef struct Access {
    uint32_t op;
    uint32_t size;  /* bytes: 1, 2 or 4; of a run, up to RUN_MAX */
    uint32_t addr;
    uint32_t value; /* of a write; of a run, what makes its bytes */
} Access;

static uint8_t run_byte(const Access *a, int i)
{
    return (a->value >> (i % 4 * 8)) + i / 4 * 0x1d;
}

/* The access as qtest command, which is also how it is reported */
static void access_print(GString *out, const Access *a)
{
    static const char suffix[] = { [1] = 'b', [2] = 'w', [4] = 'l' };
    int i;

    switch (a->op) {
    case OP_IN:
        g_string_append_printf(out, "in%c 0x%x\n", suffix[a->size], a->addr);
        break;
    case OP_OUT:
        g_string_append_printf(out, "out%c 0x%x 0x%x\n", suffix[a->size],
                               a->addr, a->value);
        break;
    case OP_READ:
        g_string_append_printf(out, "read%c 0x%x\n", suffix[a->size], a->addr);
        break;
    case OP_WRITE:
        g_string_append_printf(out, "write%c 0x%x 0x%x\n", suffix[a->size],
                               a->addr, a->value);
        break;
    case OP_READ_RUN:
        g_string_append_printf(out, "read 0x%x 0x%x\n", a->addr, a->size);
        break;
    case OP_WRITE_RUN:
        g_string_append_printf(out, "write 0x%x 0x%x 0x", a->addr, a->size);
        for (i = 0; i < a->size; i++) {
            g_string_append_printf(out, "%02x", run_byte(a, i));
        }
        g_string_append_c(out, '\n');
        break;
    case OP_STEP:
        g_string_append_printf(out, "clock_step %u\n", a->value);
        break;
    case OP_STOP:
    case OP_CONT:
    case OP_RESET:
        g_string_append_printf(out, "%s\n", a->op == OP_STOP ? "stop" :
                               a->op == OP_CONT ? "cont" : "system_reset");
        break;
    case OP_OTHER:
        g_string_append_printf(out, "other: outb 0x%x 0x%x\n", a->addr,
                               a->value);
        break;
    default:
        g_assert_not_reached();
    }
}

/*
 * What of a port depends on when it is read, and is not compared:
 *  - Input Status 1, 3ba or 3da: bit 0 display enable, bit 3 vertical retrace
 *  - Input Status 0, 3c2: bit 7 vertical retrace interrupt pending
 * QEMU's models make them up without a clock unless told to be precise (-vga
 * std,retrace=precise), but an adapter does not.  Everything else is state.
 */
static uint8_t port_mask(uint16_t port)
{
    switch (port) {
    case 0x3ba:
    case 0x3da:
        return (uint8_t)~0x09;
    case 0x3c2:
        return (uint8_t)~0x80;
    default:
        return 0xff;
    }
}

static uint32_t access_mask(const Access *a)
{
    uint32_t mask = 0;
    int i;

    for (i = 0; i < a->size; i++) {
        mask |= (uint32_t)port_mask(a->addr + i) << (i * 8);
    }
    return mask;
}

/* Do two replies to an access say the same? */
static bool access_agrees(const Access *a, const char *x, const char *y)
{
    uint64_t u, v;

    if (!g_str_has_prefix(x, "OK") || !g_str_has_prefix(y, "OK")) {
        return false;
    }
    if (a->op != OP_IN) {
        return !strcmp(x, y);
    }
    return !qemu_strtou64(x + 3, NULL, 0, &u) &&
           !qemu_strtou64(y + 3, NULL, 0, &v) &&
           !((u ^ v) & access_mask(a));
}

/*
 * The generator
 *
 * It plays software, not noise: most of what is random in each register would
 * leave the window elsewhere or all planes protected, and the rest of the run
 * with nothing to see.
 */

typedef struct Guest {
    uint64_t state;
    uint64_t hash;  /* of all accesses */
    GQueue queue;   /* of Access, made and not sent */
    uint32_t hot;   /* where in memory it is at work */
    /* What it last wrote, to aim at what is decoded; a wrong guess is fine */
    uint8_t misc;
    uint8_t gr_index;
    uint8_t gr6;
    /*
     * A client that maps a copy of the memory does not see what is read from
     * it, and latches are left as they are: what uses them later has to load
     * them where it uses them, as software does.
     */
    bool loads_latches;
    bool registers_written; /* since it did */
} Guest;

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom generators) */
static uint64_t guest_random(Guest *g)
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint32_t below(Guest *g, uint32_t n)
{
    return (guest_random(g) >> 32) % n;
}

static uint32_t width(Guest *g)
{
    return 1 << below(g, 3);
}

/*
 * Of the extensions behind the index ports only those that do no more than
 * keep a value: cirrus has a blitter behind GR31, which would copy for as long
 * as it is told, and a linear framebuffer behind SR7.  SR6 is its key, CR24
 * and CR26 show the flip-flop and index of the attribute controller.
 */
static const uint8_t legal_sr[] = { 0, 1, 2, 3, 4, 6 };
static const uint8_t legal_gr[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t legal_cr[] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
    0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
    0x18, 0x24, 0x26,
};

static const struct {
    uint16_t port;
    const uint8_t *legal;
    int count;
} index_ports[] = {
    { 0x3c4, legal_sr, ARRAY_SIZE(legal_sr) },
    { 0x3ce, legal_gr, ARRAY_SIZE(legal_gr) },
    { 0x3d4, legal_cr, ARRAY_SIZE(legal_cr) },
    { 0x3b4, legal_cr, ARRAY_SIZE(legal_cr) },
};

static uint8_t legal_byte(uint16_t port, uint8_t value)
{
    int i, j;

    for (i = 0; i < ARRAY_SIZE(index_ports); i++) {
        if (index_ports[i].port != port) {
            continue;
        }
        for (j = 0; j < index_ports[i].count; j++) {
            if (index_ports[i].legal[j] == value) {
                return value;
            }
        }
        return index_ports[i].legal[value % index_ports[i].count];
    }
    return value;
}

static void guest_note(Guest *g, uint16_t port, uint8_t value)
{
    if (port == 0x3c2) {
        g->misc = value;
    } else if (port == 0x3ce) {
        g->gr_index = value;
    } else if (port == 0x3cf && g->gr_index == 6) {
        g->gr6 = value;
    }
}

/* An access of any width is bytes to the ports it covers */
static uint32_t guest_port_value(Guest *g, const Access *a)
{
    uint32_t value = 0;
    int i;

    for (i = 0; i < a->size; i++) {
        uint8_t byte = legal_byte(a->addr + i, a->value >> (i * 8));

        guest_note(g, a->addr + i, byte);
        value |= (uint32_t)byte << (i * 8);
    }
    return value;
}

/* FNV-1a, by words */
static void guest_hash(Guest *g, const Access *a)
{
    const uint32_t words[] = { a->op, a->size, a->addr, a->value };
    int i;

    for (i = 0; i < ARRAY_SIZE(words); i++) {
        g->hash = (g->hash ^ words[i]) * 0x100000001b3ULL;
    }
}

static void emit(Guest *g, Op op, uint32_t addr, uint32_t size,
                 uint32_t value);

static void emit_latch_loads(Guest *g)
{
    if (g->loads_latches && g->registers_written) {
        g->registers_written = false;
        emit(g, OP_READ, 0xa0000, 1, 0);
        emit(g, OP_READ, 0xb0000, 1, 0);
        emit(g, OP_READ, 0xb8000, 1, 0);
    }
}

static void emit(Guest *g, Op op, uint32_t addr, uint32_t size, uint32_t value)
{
    Access a = { .op = op, .size = size, .addr = addr, .value = value };

    if (op == OP_WRITE || op == OP_WRITE_RUN) {
        emit_latch_loads(g);
    }
    if (op == OP_OUT) {
        a.value = guest_port_value(g, &a);
    } else if (op == OP_WRITE && size < 4) {
        a.value &= (1u << (size * 8)) - 1;
    }
    g->registers_written |= op == OP_OUT || op == OP_OTHER;
    guest_hash(g, &a);
    g_queue_push_tail(&g->queue, g_memdup2(&a, sizeof(a)));
}

static void emit_out(Guest *g, uint16_t port, uint8_t value)
{
    emit(g, OP_OUT, port, 1, value);
}

static void emit_in(Guest *g, uint16_t port)
{
    emit(g, OP_IN, port, 1, 0);
}

/* An index and its data, by one cycle or by two */
static void emit_reg(Guest *g, uint16_t port, uint8_t index, uint8_t value)
{
    if (below(g, 3)) {
        emit(g, OP_OUT, port, 2, index | value << 8);
    } else {
        emit_out(g, port, index);
        emit_out(g, port + 1, value);
    }
}

/* The CRTC is at 3b4 or 3d4, as bit 0 of Miscellaneous Output says */
static uint16_t crtc(Guest *g)
{
    return g->misc & 1 ? 0x3d4 : 0x3b4;
}

static uint16_t status(Guest *g)
{
    return crtc(g) + 6;
}

/*
 * Modes, as a video BIOS sets them (values of the LGPL VGABIOS, and for mode X
 * Michael Abrash's)
 */

typedef struct Mode {
    uint8_t misc;
    uint8_t sr[5];
    uint8_t cr[25];
    uint8_t gr[9];
    uint8_t ar[21];
} Mode;

static const Mode modes[] = {
    /* 3: 80x25 text */
    { 0x67, { 0x03, 0x00, 0x03, 0x00, 0x02 },
      { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e,
        0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff },
      { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
        0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00 } },
    /* 1: 40x25 text */
    { 0x67, { 0x03, 0x08, 0x03, 0x00, 0x02 },
      { 0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e,
        0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff },
      { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
        0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00 } },
    /* 4: 320x200, CGA's way, odd and even chained in both controllers */
    { 0x63, { 0x03, 0x09, 0x03, 0x00, 0x02 },
      { 0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x0f, 0x0f, 0xff },
      { 0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
        0x16, 0x17, 0x01, 0x00, 0x03, 0x00, 0x00 } },
    /* 7: 80x25 text, mono: window at b0000, CRTC at 3b4 */
    { 0x66, { 0x03, 0x00, 0x03, 0x00, 0x02 },
      { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e,
        0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x0f, 0x96, 0xb9, 0xa3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0a, 0x0f, 0xff },
      { 0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18,
        0x0e, 0x00, 0x0f, 0x08, 0x00 } },
    /* 12h: 640x480, planar */
    { 0xe3, { 0x03, 0x01, 0x0f, 0x00, 0x06 },
      { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff },
      { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e,
        0x3f, 0x01, 0x00, 0x0f, 0x00, 0x00 } },
    /* 13h: 320x200, chained */
    { 0x63, { 0x03, 0x01, 0x0f, 0x00, 0x0e },
      { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff },
      { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0f,
        0x00, 0x00 } },
    /* X: 320x240, 256 colors, planar */
    { 0xe3, { 0x03, 0x01, 0x0f, 0x00, 0x06 },
      { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0d, 0x3e, 0x00, 0x41, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0xea, 0xac, 0xdf, 0x28, 0x00, 0xe7, 0x06, 0xe3,
        0xff },
      { 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff },
      { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0f,
        0x00, 0x00 } },
};

enum { MODE_3, MODE_1, MODE_4, MODE_7, MODE_12, MODE_13, MODE_X };

static void emit_regs(Guest *g, uint16_t port, const uint8_t *values, int first,
                      int count)
{
    int i;

    for (i = first; i < count; i++) {
        emit_reg(g, port, i, values[i]);
    }
}

static void emit_attributes(Guest *g, const uint8_t *values)
{
    int i;

    emit_in(g, status(g)); /* flip-flop to index */
    for (i = 0; i < ARRAY_SIZE(((Mode *)0)->ar); i++) {
        emit_out(g, 0x3c0, i);
        emit_out(g, 0x3c0, values[i]);
    }
    emit_out(g, 0x3c0, 0x20); /* palette address source: show the picture */
}

/* Sequencer in reset, CR0-7 unprotected by CR11, as the IBM manual demands */
static void emit_mode(Guest *g, int nr)
{
    const Mode *mode = &modes[nr];

    emit_reg(g, 0x3c4, 0, 0x01);
    emit_regs(g, 0x3c4, mode->sr, 1, ARRAY_SIZE(mode->sr));
    emit_out(g, 0x3c2, mode->misc);
    emit_reg(g, 0x3c4, 0, 0x03);
    emit_reg(g, crtc(g), 0x11, mode->cr[0x11] & 0x7f);
    emit_regs(g, crtc(g), mode->cr, 0, ARRAY_SIZE(mode->cr));
    emit_regs(g, 0x3ce, mode->gr, 0, ARRAY_SIZE(mode->gr));
    emit_attributes(g, mode->ar);
}

static void recipe_mode(Guest *g)
{
    emit_mode(g, below(g, ARRAY_SIZE(modes)));
}

/*
 * Memory
 */

/* Graphics controller register 6, bits 2 and 3 */
static const struct {
    uint32_t base;
    uint32_t size;
} mappings[] = {
    { 0xa0000, 128 * KiB }, { 0xa0000, 64 * KiB },
    { 0xb0000, 32 * KiB }, { 0xb8000, 32 * KiB },
};

/* Most of the work is here, so that reads find what was written */
#define BUSY (16 * KiB)

/* Room for @size bytes: at an edge, or near the last place, which may move */
static uint32_t place(Guest *g, uint32_t size)
{
    int map = below(g, 16) ? g->gr6 >> 2 & 3 : below(g, ARRAY_SIZE(mappings));
    uint32_t base = mappings[map].base;
    uint32_t span = mappings[map].size;
    uint32_t addr;

    if (g->hot - base >= span || below(g, 4) == 0) {
        g->hot = base + below(g, below(g, 4) ? BUSY : span);
    }
    switch (below(g, 16)) {
    case 0:
        addr = base + span - below(g, 2 * size + 1);
        break;
    case 1:
        addr = base + below(g, 4);
        break;
    default:
        addr = g->hot + below(g, 256);
        break;
    }
    return CLAMP(addr, MEM, MEM + MEM_SIZE - size);
}

static void recipe_access(Guest *g)
{
    uint32_t size = width(g);
    uint32_t addr = place(g, size);

    emit(g, below(g, 5) < 3 ? OP_WRITE : OP_READ, addr, size, guest_random(g));
}

/* The same place again: what is read back, and a write over a write */
static void recipe_again(Guest *g)
{
    uint32_t addr = place(g, 4);
    int n = 2 + below(g, 4);

    while (n--) {
        emit(g, below(g, 2) ? OP_WRITE : OP_READ, addr + below(g, 2), width(g),
             guest_random(g));
    }
}

/* As "rep stos" does, for which KVM exits once an element */
static void recipe_fill(Guest *g)
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
 * Scroll, or copy by the latches.  What is written is not what was read, since
 * replies come too late for that; an adapter cannot tell, and in write mode 1
 * does not look.
 */
static void recipe_copy(Guest *g)
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

/* One command for many accesses: each device sees the bytes in this order */
static void recipe_run(Guest *g)
{
    uint32_t size = 1 + below(g, below(g, 8) ? 16 : 64);
    uint32_t addr = place(g, size);

    emit(g, below(g, 3) ? OP_WRITE_RUN : OP_READ_RUN, addr, size,
         guest_random(g));
}

/*
 * Registers
 */

/* 3/4 of the time where it is decoded */
static int random_index_port(Guest *g)
{
    int i = below(g, ARRAY_SIZE(index_ports));

    if (index_ports[i].port == (crtc(g) ^ 0x60) && below(g, 2)) {
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
    emit(g, OP_IN, index_ports[i].port + below(g, 2), 1 + below(g, 2), 0);
}

/* What decides where a byte goes, set to what software sets it to */
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

/* Start address and cursor: what text software does all day */
static void recipe_cursor(Guest *g)
{
    uint8_t index = below(g, 2) ? 0x0c : 0x0e;

    emit_reg(g, crtc(g), index, guest_random(g));
    emit_reg(g, crtc(g), index + 1, guest_random(g));
}

static void recipe_protect(Guest *g)
{
    emit_reg(g, crtc(g), 0x11, guest_random(g));
    emit_reg(g, crtc(g), below(g, 8), guest_random(g));
    emit_in(g, crtc(g) + 1);
}

/* 3c0 is index and data in turn, and Input Status 1 makes it index */
static void recipe_attribute(Guest *g)
{
    int n = 1 + below(g, 4);

    if (below(g, 3)) {
        emit_in(g, status(g));
    }
    while (n--) {
        emit_out(g, 0x3c0, below(g, 2) ? below(g, 0x15) : guest_random(g));
        if (below(g, 3) == 0) {
            emit_in(g, below(g, 2) ? 0x3c0 : 0x3c1);
        }
    }
}

static void recipe_palette_write(Guest *g)
{
    int n = 1 + below(g, 14); /* not always whole colors */

    emit_out(g, 0x3c8, guest_random(g));
    while (n--) {
        emit_out(g, 0x3c9, guest_random(g));
    }
}

static void recipe_palette_read(Guest *g)
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
        emit_out(g, status(g), guest_random(g)); /* feature control */
        break;
    case 2:
        emit_out(g, 0x3c6, below(g, 2) ? 0xff : guest_random(g));
        break;
    default:
        emit_in(g, reads[below(g, ARRAY_SIZE(reads))]);
        break;
    }
}

/*
 * Any port at any width, decoded or not, and pairs that straddle registers.
 *
 * Four bytes are aligned.  If not, they are two cycles on any bus, and so they
 * are where the client hands them to a region.  QEMU's own bus has no cycles
 * and hands them over whole, to portio_list in the case of VGA, which has no
 * handler of four bytes and drops them: there is nothing to be equal to.
 */
static void recipe_port(Guest *g)
{
    uint32_t size = width(g);
    uint32_t addr = below(g, 4) ? 0x3c0 + below(g, 0x21 - size)
                                : 0x3b0 + below(g, 0x0d - size);

    if (size == 4) {
        addr &= ~3;
    }
    emit(g, below(g, 2) ? OP_IN : OP_OUT, addr, size, guest_random(g));
}

/* A few glyphs, looked at while they are made; now and then of another font */
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
 * Font into plane 2 and back to text, as INT 10h AX=1100h does, or as Linux,
 * with a larger window
 */
static void recipe_font(Guest *g)
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

/*
 * What makes a client leave a fast way, and come back to it
 */

static void recipe_step(Guest *g)
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
 * Off and on again.  Between the two nothing is accessed: QEMU's VGA on a bus
 * of its own decodes then, too.
 */
static void recipe_decode(Guest *g)
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

/* As bus master an adapter has a driver of its own, which does what it wants */
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

/*
 * Text software: fills, prints, scrolls, moves the cursor, turns pages, and
 * goes on for a while before anything changes the mode
 */

static void text_print(Guest *g)
{
    int n = 1 + below(g, 80);
    uint32_t addr = place(g, 2 * n) & ~1;
    uint16_t cell = guest_random(g);

    while (n--) {
        emit(g, OP_WRITE, addr, 2, cell++);
        addr += 2;
    }
    recipe_cursor(g);
}

static void text_scroll(Guest *g)
{
    uint32_t addr = place(g, 480) & ~3;
    int i;

    for (i = 0; i < 320; i += 4) {
        emit(g, OP_READ, addr + 160 + i, 4, 0);
        emit(g, OP_WRITE, addr + i, 4, guest_random(g));
    }
}

static void text_page(Guest *g)
{
    uint16_t start = below(g, 8) * 0x800;

    emit_reg(g, crtc(g), 0x0c, start >> 8);
    emit_reg(g, crtc(g), 0x0d, start);
}

/* Where a byte is: two registers that QEMU's models and a VGA heed */
static void text_addressing(Guest *g)
{
    switch (below(g, 4)) {
    case 0:
        emit(g, OP_OUT, crtc(g), 2, 0xe317); /* by bytes */
        break;
    case 1:
        emit_out(g, 0x3c2, g->misc ^ 0x20); /* page */
        break;
    default:
        emit(g, OP_OUT, crtc(g), 2, 0xa317); /* by words */
        break;
    }
    recipe_again(g);
}

/* What is on the screen, written past the window and read through it */
static void text_bar(Guest *g)
{
    uint32_t addr = place(g, 8) & ~1;
    uint32_t at = BAR + (addr & 0x7fff) * 2;

    emit(g, OP_READ, addr, 2, 0);
    emit(g, OP_WRITE, at, 2, guest_random(g));
    emit(g, OP_READ, addr, 2, 0);
    emit(g, OP_WRITE, addr, 2, guest_random(g));
    emit(g, OP_READ, at, 2, 0);
}

/* The latches, loaded in a text mode and used after it */
static void text_latches(Guest *g)
{
    static const uint16_t uses[] = { 0x1803, 0x1105, 0x0f08, 0x1003, 0x1305 };

    emit(g, OP_READ, place(g, 1), 1, 0);
    emit(g, OP_OUT, 0x3ce, 2, uses[below(g, ARRAY_SIZE(uses))]);
    emit(g, OP_WRITE, place(g, 1), 1, guest_random(g));
    emit(g, OP_OUT, 0x3ce, 2, 0x0003);
    emit(g, OP_OUT, 0x3ce, 2, 0x1005);
    emit(g, OP_OUT, 0x3ce, 2, 0xff08);
}

/* A line or two of dots */
static void dots_line(Guest *g)
{
    uint32_t addr = place(g, 640) & ~3;
    int i;

    for (i = 0; i < 320; i += 4) {
        emit(g, OP_WRITE, addr + i, 4, guest_random(g));
    }
    emit(g, OP_READ, addr + below(g, 640), 1, 0);
}

/* By other planes than the chained ones, and back again */
static void dots_planes(Guest *g)
{
    emit(g, OP_OUT, 0x3c4, 2, 0x0602);
    recipe_again(g);
    emit(g, OP_OUT, 0x3c4, 2, 0x0f02);
}

static void dots_latches(Guest *g)
{
    static const uint16_t uses[] = { 0x1803, 0x4105, 0x0f08, 0x4005, 0x4305 };

    emit(g, OP_READ, place(g, 1), 1, 0);
    emit(g, OP_OUT, 0x3ce, 2, uses[below(g, ARRAY_SIZE(uses))]);
    emit(g, OP_WRITE, place(g, 1), 1, guest_random(g));
    emit(g, OP_OUT, 0x3ce, 2, 0x0003);
    emit(g, OP_OUT, 0x3ce, 2, 0x4005);
    emit(g, OP_OUT, 0x3ce, 2, 0xff08);
}

typedef struct Recipe {
    void (*make)(Guest *g);
    int weight;
} Recipe;

static const Recipe text_recipes[] = {
    { recipe_access, 30 },
    { recipe_again, 10 },
    { recipe_fill, 20 },
    { recipe_run, 10 },
    { recipe_cursor, 10 },
    { text_print, 20 },
    { text_scroll, 6 },
    { text_page, 6 },
    { text_latches, 1 },
    { recipe_step, 20 },
    { recipe_palette_write, 2 },
    { recipe_attribute, 1 },
    { recipe_font, 1 },
    { text_bar, 2 },
    { text_addressing, 2 },
    { recipe_decode, 1 },
};

static const Recipe dots_recipes[] = {
    { recipe_access, 30 },
    { recipe_again, 10 },
    { recipe_fill, 20 },
    { recipe_run, 10 },
    { recipe_copy, 1 },
    { recipe_palette_write, 4 },
    { dots_line, 4 },
    { dots_planes, 1 },
    { dots_latches, 1 },
    { text_page, 4 },
    { text_bar, 2 },
    { recipe_step, 20 },
    { recipe_decode, 1 },
};

static void recipe_some(Guest *g, const Recipe *list, int count)
{
    int n = 20 + below(g, 60);
    int i, pick, sum = 0;

    if (below(g, 2)) {
        emit(g, OP_STEP, 0, 0, 1200 * 1000 * 1000); /* nothing is posted now */
    }
    for (i = 0; i < count; i++) {
        sum += list[i].weight;
    }
    while (n--) {
        pick = below(g, sum);
        for (i = 0; pick >= list[i].weight; i++) {
            pick -= list[i].weight;
        }
        list[i].make(g);
    }
}

static void recipe_text(Guest *g)
{
    static const int text_modes[] = { MODE_3, MODE_1, MODE_7 };

    emit_mode(g, text_modes[below(g, ARRAY_SIZE(text_modes))]);
    recipe_some(g, text_recipes, ARRAY_SIZE(text_recipes));
}

static void recipe_dots(Guest *g)
{
    emit_mode(g, MODE_13);
    recipe_some(g, dots_recipes, ARRAY_SIZE(dots_recipes));
}

/*
 * The classics: what books on the VGA teach, register by register
 */

static void set_sr(Guest *g, uint8_t index, uint8_t value)
{
    emit(g, OP_OUT, 0x3c4, 2, index | value << 8);
}

static void set_gr(Guest *g, uint8_t index, uint8_t value)
{
    emit(g, OP_OUT, 0x3ce, 2, index | value << 8);
}

static void set_cr(Guest *g, uint8_t index, uint8_t value)
{
    emit(g, OP_OUT, crtc(g), 2, index | value << 8);
}

static void fill(Guest *g, uint32_t addr, int n, uint32_t size, uint32_t value)
{
    int i;

    for (i = 0; i < n; i++) {
        emit(g, OP_WRITE, addr + i * size, size, value);
    }
}

/* "rep movs" by bytes; what is written is random, latches are what counts */
static void copy(Guest *g, uint32_t to, uint32_t from, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        emit(g, OP_READ, from + i, 1, 0);
        emit(g, OP_WRITE, to + i, 1, guest_random(g));
    }
}

static void classic_mode_x(Guest *g)
{
    int plane;

    emit_mode(g, MODE_X);
    for (plane = 0; plane < PLANES; plane++) {
        set_sr(g, 2, 1 << plane);
        fill(g, 0xa0000 + plane * 80, 40, 2, guest_random(g));
    }
    set_sr(g, 2, 0x0f);
    fill(g, 0xa4000, 64, 4, guest_random(g));
}

static void classic_split_screen(Guest *g)
{
    int line;

    emit_mode(g, MODE_12);
    set_cr(g, 0x07, 0x3e & ~0x10);
    set_cr(g, 0x09, 0x40 & ~0x40);
    for (line = 0; line < 400; line += 50) {
        fill(g, 0xa0000 + line * 80, 8, 2, line);
        set_cr(g, 0x18, line);
        set_cr(g, 0x0c, line >> 8);
        set_cr(g, 0x0d, line);
    }
}

static void classic_latched_copy(Guest *g)
{
    emit_mode(g, MODE_X);
    set_gr(g, 5, 0x41); /* write mode 1 */
    copy(g, 0xa0000, 0xa1000, 200);
    set_gr(g, 5, 0x40);
}

static void classic_write_mode_2(Guest *g)
{
    int i;

    emit_mode(g, MODE_12);
    set_gr(g, 5, 0x02);
    for (i = 0; i < 32; i++) {
        set_gr(g, 8, 0x80 >> (i & 7));
        emit(g, OP_READ, 0xa0000 + i * 80, 1, 0);
        emit(g, OP_WRITE, 0xa0000 + i * 80, 1, i);
    }
}

static void classic_write_mode_3(Guest *g)
{
    int i;

    emit_mode(g, MODE_12);
    set_gr(g, 5, 0x03);
    set_gr(g, 0, below(g, 16));
    for (i = 0; i < 16; i++) { /* a glyph, transparent */
        emit(g, OP_READ, 0xa2000 + i * 80, 1, 0);
        emit(g, OP_WRITE, 0xa2000 + i * 80, 1, guest_random(g));
    }
}

static void classic_set_reset(Guest *g)
{
    emit_mode(g, MODE_12);
    set_gr(g, 1, 0x0f);
    set_gr(g, 0, below(g, 16));
    fill(g, 0xa0100, 100, 4, guest_random(g));
    set_gr(g, 1, 0x00);
}

static void classic_color_compare(Guest *g)
{
    int i;

    emit_mode(g, MODE_12);
    set_gr(g, 5, 0x08); /* read mode 1 */
    set_gr(g, 7, 0x0f);
    for (i = 0; i < 16; i++) {
        set_gr(g, 2, i);
        emit(g, OP_READ, 0xa0000 + below(g, BUSY), 1, 0);
    }
}

static void classic_bit_mask(Guest *g)
{
    int i;

    emit_mode(g, MODE_12);
    set_gr(g, 1, 0x0f);
    for (i = 0; i < 40; i++) { /* a line, dot by dot */
        set_gr(g, 0, i & 15);
        set_gr(g, 8, 0x80 >> (i & 7));
        emit(g, OP_READ, 0xa0000 + i * 81, 1, 0);
        emit(g, OP_WRITE, 0xa0000 + i * 81, 1, 0xff);
    }
}

static void classic_xor(Guest *g)
{
    emit_mode(g, MODE_12);
    set_gr(g, 3, 0x18);
    copy(g, 0xa0000, 0xa0000, 32);
    copy(g, 0xa0000, 0xa0000, 32);
    set_gr(g, 3, 0x09); /* and, rotated */
    copy(g, 0xa0000, 0xa0000, 32);
}

/* Two fonts of 256 characters each, the attribute's bit 3 chooses */
static void classic_512_characters(Guest *g)
{
    emit_mode(g, MODE_3);
    recipe_font(g);
    set_sr(g, 3, 0x04);
    fill(g, 0xb8000, 80, 2, 0x0f41);
    fill(g, 0xb8000 + 160, 80, 2, 0x0741);
    recipe_font(g);
    fill(g, 0xb8000 + 320, 80, 2, 0x0f42);
}

static void classic_132_columns(Guest *g)
{
    static const uint8_t cr[] = { 0xa0, 0x83, 0x84, 0x83, 0x8a, 0x9e };
    int i;

    emit_mode(g, MODE_3);
    set_cr(g, 0x11, 0x0e);
    for (i = 0; i < ARRAY_SIZE(cr); i++) {
        set_cr(g, i, cr[i]);
    }
    set_cr(g, 0x13, 66);
    fill(g, 0xb8000, 132 * 25, 2, 0x0720);
    copy(g, 0xb8000, 0xb8000 + 264, 264);
}

static void classic_8x8_font(Guest *g)
{
    emit_mode(g, MODE_3);
    recipe_font(g);
    set_cr(g, 0x09, 0x47);
    set_cr(g, 0x0a, 0x06);
    set_cr(g, 0x0b, 0x07);
    fill(g, 0xb8000, 80 * 50, 2, 0x1700 | below(g, 256));
}

static void classic_panning(Guest *g)
{
    int i;

    emit_mode(g, MODE_3);
    fill(g, 0xb8000, 82, 2, 0x0740);
    for (i = 0; i < 9; i++) {
        emit_in(g, status(g));
        emit_out(g, 0x3c0, 0x33);
        emit_out(g, 0x3c0, i == 8 ? 0 : i + 1);
        set_cr(g, 0x0d, i == 8);
        emit(g, OP_WRITE, 0xb8000 + 160 + 2 * i, 2, guest_random(g));
    }
    set_cr(g, 0x08, 0x05); /* preset row scan: smooth and vertical */
}

static void classic_pages(Guest *g)
{
    int page;

    emit_mode(g, MODE_3);
    for (page = 0; page < 8; page++) {
        fill(g, 0xb8000 + page * 0x1000, 40, 4, guest_random(g));
        set_cr(g, 0x0c, page * 8);
        set_cr(g, 0x0d, 0);
        emit(g, OP_READ, 0xb8000 + page * 0x1000, 4, 0);
    }
}

static void classic_planar_fill(Guest *g)
{
    int plane;

    emit_mode(g, MODE_12);
    for (plane = 0; plane < PLANES; plane++) {
        set_sr(g, 2, 1 << plane);
        set_gr(g, 4, plane);
        fill(g, 0xa0000, 80, 4, guest_random(g));
        emit(g, OP_READ, 0xa0000 + below(g, 320), 1, 0);
    }
}

static void classic_mode_13(Guest *g)
{
    int i;

    emit_mode(g, MODE_13);
    for (i = 0; i < 320 * 4; i += 4) {
        emit(g, OP_WRITE, 0xa0000 + i, 4, guest_random(g));
    }
    emit(g, OP_READ, 0xa0000 + below(g, 1024), 4, 0);
}

static void classic_fade(Guest *g)
{
    int i;

    emit_mode(g, MODE_13);
    emit_out(g, 0x3c8, 0);
    for (i = 0; i < 96; i++) {
        emit_out(g, 0x3c9, guest_random(g) & 0x3f);
    }
    recipe_palette_read(g);
}

/* Odd and even lines lie in halves of the window, as on a CGA */
static void classic_cga(Guest *g)
{
    emit_mode(g, MODE_4);
    fill(g, 0xb8000, 40, 2, guest_random(g));
    fill(g, 0xba000, 40, 2, guest_random(g));
    copy(g, 0xb8000, 0xba000, 80);
}

static void classic_color_to_mono(Guest *g)
{
    emit_mode(g, MODE_3);
    fill(g, 0xb8000, 40, 2, 0x0741);
    emit_mode(g, MODE_7);
    fill(g, 0xb0000, 40, 2, 0x0742);
    emit_out(g, 0x3c2, 0x67); /* the CRTC is at 3d4 again */
    set_cr(g, 0x0e, 0);
    emit(g, OP_READ, 0xb0000, 4, 0);
}

/* What a driver of text screens saves before it draws, and puts back */
static void classic_save_font(Guest *g)
{
    emit_mode(g, MODE_3);
    set_sr(g, 2, 0x04);
    set_sr(g, 4, 0x07);
    set_gr(g, 4, 0x02);
    set_gr(g, 5, 0x00);
    set_gr(g, 6, 0x05);
    emit(g, OP_READ_RUN, 0xa0000, 512, 0);
    emit(g, OP_WRITE_RUN, 0xa0000, 512, guest_random(g));
    set_sr(g, 2, 0x03);
    set_sr(g, 4, 0x02);
    set_gr(g, 4, 0x00);
    set_gr(g, 5, 0x10);
    set_gr(g, 6, 0x0e);
    emit(g, OP_READ_RUN, 0xb8000, 512, 0);
    fill(g, 0xb8000, 40, 2, guest_random(g));
}

/* Attributes only: the map mask keeps the characters */
static void classic_attributes(Guest *g)
{
    emit_mode(g, MODE_3);
    fill(g, 0xb8000, 80, 2, 0x0741);
    set_sr(g, 2, 0x02);
    fill(g, 0xb8000, 80, 2, 0x4e42);
    set_sr(g, 2, 0x03);
    emit(g, OP_READ_RUN, 0xb8000, 160, 0);
}

static void classic_text_scroll(Guest *g)
{
    emit_mode(g, MODE_3);
    text_scroll(g);
    text_print(g);
    text_scroll(g);
    emit(g, OP_STEP, 0, 0, 10 * 1000000);
    text_print(g);
}

static const struct {
    const char *name;
    void (*make)(Guest *g);
} classics[] = {
    { "mode X", classic_mode_x },
    { "split screen", classic_split_screen },
    { "latched copy", classic_latched_copy },
    { "write mode 2", classic_write_mode_2 },
    { "write mode 3", classic_write_mode_3 },
    { "set/reset", classic_set_reset },
    { "color compare", classic_color_compare },
    { "bit mask", classic_bit_mask },
    { "logical functions", classic_xor },
    { "512 characters", classic_512_characters },
    { "132 columns", classic_132_columns },
    { "8x8 font", classic_8x8_font },
    { "hardware panning", classic_panning },
    { "pages", classic_pages },
    { "planar fill", classic_planar_fill },
    { "mode 13h frame", classic_mode_13 },
    { "palette fade", classic_fade },
    { "CGA", classic_cga },
    { "color to monochrome", classic_color_to_mono },
    { "font saved and put back", classic_save_font },
    { "attributes by map mask", classic_attributes },
    { "text scroll", classic_text_scroll },
    { "latches out of text", text_latches },
};

static void recipe_classic(Guest *g)
{
    classics[below(g, ARRAY_SIZE(classics))].make(g);
}

/* Planes full of something, each of something else */
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

static void guest_start(Guest *g, uint64_t seed, bool loads_latches)
{
    *g = (Guest) {
        .state = seed,
        .hash = 0xcbf29ce484222325ULL,
        .loads_latches = loads_latches,
    };
    g_queue_init(&g->queue);
    recipe_first(g);
}

static void guest_end(Guest *g)
{
    g_queue_clear_full(&g->queue, g_free);
}

static Access guest_next(Guest *g)
{
    g_autofree Access *a = NULL;
    int i, pick, sum = 0;

    if (g_queue_is_empty(&g->queue)) {
        for (i = 0; i < ARRAY_SIZE(recipes); i++) {
            sum += recipes[i].weight;
        }
        pick = below(g, sum);
        for (i = 0; pick >= recipes[i].weight; i++) {
            pick -= recipes[i].weight;
        }
        recipes[i].make(g);
    }
    a = g_queue_pop_head(&g->queue);
    return *a;
}

/*
 * A QEMU that is sent many commands before its first reply is read
 *
 * libqtest waits for each reply, which is more than half of the time an access
 * takes (12 thousand a second, with batches 29).  QEMU does not ask for that:
 * it works off line by line what it gets, one reply to each, and the device
 * sees the same accesses.  So libqtest only starts the process (and ends it if
 * this one aborts); the command line's last -qtest, which is the one that
 * counts, is a socket of this test.
 */

typedef struct Pipe {
    QTestState *qts;
    int fd;
    int qmp;
    GString *out;
    size_t sent;
    GString *in;
    size_t read;  /* of @in, by pipe_reply() */
    int wanted;   /* replies */
} Pipe;

static int pipe_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static int pipe_accept(int listener)
{
    struct pollfd patience = { .fd = listener, .events = POLLIN };
    int fd;

    g_assert_cmpint(poll(&patience, 1, 50 * 1000), ==, 1);
    fd = accept(listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(listener);
    return fd;
}

static void pipe_open(Pipe *p, const char *path, const char *args)
{
    g_autofree char *qmp_path = g_strdup_printf("%s.qmp", path);
    g_autofree char *all = g_strdup_printf("%s -qtest unix:%s -qmp unix:%s",
                                           args, path, qmp_path);
    int listener = pipe_listen(path);
    int qmp_listener = pipe_listen(qmp_path);

    p->qts = qtest_init_ext(NULL, all, NULL, false);
    p->fd = pipe_accept(listener);
    p->qmp = pipe_accept(qmp_listener);
    qobject_unref(qmp_fd_receive(p->qmp)); /* greeting */
    qobject_unref(qmp_fd(p->qmp, "{ 'execute': 'qmp_capabilities' }"));
    g_unlink(qmp_path);
    p->out = g_string_new("");
    p->in = g_string_new("");
    g_unlink(path);
}

static void pipe_close(Pipe *p)
{
    close(p->fd);
    close(p->qmp);
    qtest_quit(p->qts);
    g_string_free(p->out, true);
    g_string_free(p->in, true);
}

static void pipe_put(Pipe *p, const Access *a)
{
    access_print(p->out, a);
    p->wanted++;
}

static void pipe_transmit(Pipe *p)
{
    ssize_t n = send(p->fd, p->out->str + p->sent, p->out->len - p->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    g_assert(n > 0 || errno == EAGAIN);
    p->sent += MAX(n, 0);
}

static void pipe_receive(Pipe *p)
{
    char data[16 * KiB];
    ssize_t i, n = recv(p->fd, data, sizeof(data), MSG_DONTWAIT);

    g_assert_cmpint(n, >, 0);
    for (i = 0; i < n; i++) {
        p->wanted -= data[i] == '\n';
    }
    g_string_append_len(p->in, data, n);
}

/* Neither may wait for the other: a QEMU whose replies nobody reads stops */
static void pipes_run(Pipe *pipes, int n)
{
    struct pollfd fds[2];
    int i, wanted;

    g_assert_cmpint(n, <=, ARRAY_SIZE(fds));
    for (;;) {
        wanted = 0;
        for (i = 0; i < n; i++) {
            Pipe *p = &pipes[i];

            wanted += p->wanted;
            fds[i].fd = p->wanted ? p->fd : -1;
            fds[i].events = POLLIN | (p->sent < p->out->len ? POLLOUT : 0);
        }
        if (!wanted) {
            return;
        }
        g_assert_cmpint(poll(fds, n, 60 * 1000), >, 0);
        for (i = 0; i < n; i++) {
            if (fds[i].revents & POLLOUT) {
                pipe_transmit(&pipes[i]);
            }
            if (fds[i].revents & ~POLLOUT) {
                pipe_receive(&pipes[i]);
            }
        }
    }
}

/* The next reply, valid until pipe_clear() */
static char *pipe_reply(Pipe *p)
{
    char *line = p->in->str + p->read;
    char *end = strchr(line, '\n');

    g_assert_nonnull(end);
    *end = 0;
    p->read += end - line + 1;
    return line;
}

static void pipe_clear(Pipe *p)
{
    g_string_truncate(p->out, 0);
    g_string_truncate(p->in, 0);
    p->sent = p->read = 0;
}

/*
 * The three QEMUs
 */

enum { CLIENT, DIRECT };

/*
 * Does to an access on its way to the client what a broken path would do.
 *
 * Returns false if it is of a kind that the fault leaves alone.
 */
typedef bool Fault(Access *a);

/*
 * How a client can work.  Of these properties the vfio-user-pci of before did
 * not have any, and works by the first.
 */
typedef struct Tier {
    const char *name;
    const char *options;
    bool loads_latches;
    const char *counter; /* tells that it was used */
} Tier;

static const Tier tiers[] = {
    { "forward", "" },
    { "combine", "x-vga-engine=combine", false, "combined-writes" },
    { "bytes", "x-vga-engine=copy,x-vga-copy-ram=off,x-vga-write-width=1",
      false, "copy-begins" },
    { "copy", "x-vga-engine=copy,x-vga-copy-ram=off", false,
      "copy-begins" },
    { "mapped", "x-vga-engine=copy", true, "copy-maps" },
    { "chain4", "x-vga-engine=chain4,x-vga-copy-ram=off", false,
      "chain4-begins" },
    { "chain4-mapped", "x-vga-engine=chain4", true, "chain4-begins" },
};

typedef struct Oracle {
    const Tier *tier;
    const char *model;
    char *dir;
    QTestState *server;
    Pipe pipes[2];
    Guest guest;
    Access past[HISTORY + BATCH]; /* done, then those of this batch */
    uint64_t done;
    bool diverged;
    uint64_t diverged_at;
    /* Of the guest's accesses, without those of comparing */
    uint64_t made;
    uint64_t good; /* after so many, everything agreed */
    uint64_t bad;  /* after so many, not any more */
    bool decodes;  /* off in the middle of recipe_decode() */
    bool in_batch;
    Fault *fault; /* on the next access it applies to */
    uint64_t fault_at;
    bool quiet;   /* to diverge is what is expected */
} Oracle;

static void oracle_start_server(Oracle *o)
{
    o->server = qtest_initf(
        "-machine x-remote,vfio-user=on,auto-shutdown=off -nodefaults "
        "-device %s,id=gpu,romfile= "
        "-object x-vfio-user-server,id=server,device=gpu,"
        "type=unix,path=%s/vfio", o->model, o->dir);
}

static char *client_options(const Tier *tier)
{
    const char *list = g_getenv("VGA_ORACLE_CLIENT_OPTS") ?: tier->options;
    g_auto(GStrv) options = g_strsplit(list, ",", 0);
    GString *args = g_string_new("");
    int i;

    for (i = 0; options[i] && *options[i]; i++) {
        g_string_append_printf(args, " -global vfio-user-pci.%s", options[i]);
    }
    return g_string_free(args, false);
}

/*
 * An access may reach over the end of the window.  What is behind it, where no
 * option ROM is, depends on the legacy hole, which x-vga=on turns on.
 */
static void oracle_start_guests(Oracle *o)
{
    g_autofree char *path = g_strdup_printf("%s/qtest", o->dir);
    g_autofree char *options = client_options(o->tier);
    g_autofree char *client = g_strdup_printf(
        "-machine pc -nodefaults -vga none%s -device "
        "'{\"driver\":\"vfio-user-pci\",\"id\":\"gpu\",\"addr\":\"%d\",\"x-vga\":true,"
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s/vfio\"}}'",
        options, SLOT, o->dir);
    g_autofree char *direct = g_strdup_printf(
        "-machine pc,x-legacy-hole=on -nodefaults -vga none -device "
        "%s,addr=%d,romfile=",
        o->model, SLOT);

    pipe_open(&o->pipes[CLIENT], path, client);
    pipe_open(&o->pipes[DIRECT], path, direct);
}

static void oracle_stop(Oracle *o)
{
    g_autofree char *socket = g_strdup_printf("%s/vfio", o->dir);

    pipe_close(&o->pipes[CLIENT]);
    pipe_close(&o->pipes[DIRECT]);
    qtest_quit(o->server);
    guest_end(&o->guest);
    g_unlink(socket);
    g_assert_cmpint(g_rmdir(o->dir), ==, 0);
    g_free(o->dir);
}

/*
 * Comparing
 */

static void print_last(const Access *past, int n)
{
    int i;

    for (i = -n; i < 0; i++) {
        g_autoptr(GString) line = g_string_new("    ");

        access_print(line, &past[i]);
        g_string_truncate(line, line->len - 1);
        g_test_message("%s", line->str);
    }
}

static void oracle_report(Oracle *o, int n, const char *what, const char *got,
                          const char *expected)
{
    o->diverged = true;
    o->diverged_at = o->done + n;
    o->bad = o->made + (o->in_batch ? n + 1 : 0);
    if (o->quiet) {
        return;
    }
    g_test_message("%s diverges at access %" PRIu64 ": %s", o->model,
                   o->diverged_at, what);
    g_test_message("  through the client: %s", got);
    g_test_message("  directly:           %s", expected);
    g_test_message("  after:");
    print_last(&o->past[HISTORY + n], MIN(o->diverged_at, HISTORY));
}

static void oracle_compare(Oracle *o, int n)
{
    int i;

    for (i = 0; i < n && !o->diverged; i++) {
        const Access *a = &o->past[HISTORY + i];
        const char *got = pipe_reply(&o->pipes[CLIENT]);
        const char *expected = pipe_reply(&o->pipes[DIRECT]);

        if (!access_agrees(a, got, expected)) {
            g_autoptr(GString) what = g_string_new("");

            access_print(what, a);
            g_string_truncate(what, what->len - 1);
            oracle_report(o, i, what->str, got, expected);
        }
    }
    pipe_clear(&o->pipes[CLIENT]);
    pipe_clear(&o->pipes[DIRECT]);
}

static void oracle_put(Oracle *o, int n, Access a)
{
    g_assert_cmpint(n, <, BATCH);
    if (a.op == OP_OUT && a.addr == 0xcfc && a.size == 2) {
        o->decodes = a.value & PCI_COMMAND_MEMORY;
    }
    o->past[HISTORY + n] = a;
    pipe_put(&o->pipes[DIRECT], &a);
    if (o->fault && o->fault(&a)) {
        o->fault = NULL;
        o->fault_at = o->done + n;
    }
    pipe_put(&o->pipes[CLIENT], &a);
}

/* Run and compare what has been put */
static void oracle_do(Oracle *o, int n)
{
    pipes_run(o->pipes, 2);
    oracle_compare(o, n);
    if (o->diverged) {
        return;
    }
    memmove(o->past, o->past + n, HISTORY * sizeof(o->past[0]));
    o->done += n;
}

/* Accesses of the test's own, by both guests */
static void oracle_guests(Oracle *o, const Access *list, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        oracle_put(o, i, list[i]);
    }
    oracle_do(o, n);
}

/* Decode on and BAR 0 mapped: firmware's doing, and there is none */
static void oracle_decode(Oracle *o)
{
    static const Access decode[] = {
        { .op = OP_OUT, .size = 4, .addr = 0xcf8,
          .value = CONFIG(PCI_BASE_ADDRESS_0) },
        { .op = OP_OUT, .size = 4, .addr = 0xcfc, .value = BAR },
        { .op = OP_OUT, .size = 4, .addr = 0xcf8,
          .value = CONFIG(PCI_COMMAND) },
        { .op = OP_OUT, .size = 2, .addr = 0xcfc,
          .value = PCI_COMMAND_IO | PCI_COMMAND_MEMORY },
    };

    oracle_guests(o, decode, ARRAY_SIZE(decode));
}

static uint8_t direct_byte(Oracle *o, const Access *a)
{
    Pipe *p = &o->pipes[DIRECT];
    uint64_t value = 0;
    const char *reply;

    pipe_put(p, a);
    pipes_run(p, 1);
    reply = pipe_reply(p);
    g_assert_true(g_str_has_prefix(reply, "OK"));
    if (a->op == OP_IN) {
        g_assert_cmpint(qemu_strtou64(reply + 3, NULL, 0, &value), ==, 0);
    }
    pipe_clear(p);
    return value;
}

/* By neither guest */
static void dump_out(Oracle *o, uint16_t port, uint8_t value)
{
    Access a = { .op = OP_OUT, .size = 1, .addr = port, .value = value };

    qtest_outb(o->server, port, value);
    direct_byte(o, &a);
}

/* The command has succeeded, and the event it ends with has come */
static void pipe_command(Pipe *p, const char *command, const char *event)
{
    bool done = false, happened = false;

    qmp_fd_send(p->qmp, "{ 'execute': %s }", command);
    while (!done || !happened) {
        QDict *message = qmp_fd_receive(p->qmp);

        g_assert_false(qdict_haskey(message, "error"));
        done |= qdict_haskey(message, "return");
        happened |= !g_strcmp0(qdict_get_try_str(message, "event"), event);
        qobject_unref(message);
    }
}

static uint64_t pipe_counter(Pipe *p, const char *name)
{
    QDict *response;

    qmp_fd_send(p->qmp, VGA_STATS_QUERY);
    while (response = qmp_fd_receive(p->qmp), qdict_haskey(response, "event")) {
        qobject_unref(response);
    }
    return vga_stats_counter(response, name);
}

static void oracle_event(Oracle *o, const Access *a)
{
    static const struct {
        const char *command;
        const char *event;
    } events[] = {
        [OP_STOP] = { "stop", "STOP" },
        [OP_CONT] = { "cont", "RESUME" },
        [OP_RESET] = { "system_reset", "RESET" },
    };
    int i;

    if (a->op == OP_OTHER) {
        dump_out(o, a->addr, a->value);
        return;
    }
    for (i = 0; i < ARRAY_SIZE(o->pipes); i++) {
        pipe_command(&o->pipes[i], events[a->op].command, events[a->op].event);
    }
    if (a->op == OP_RESET) {
        oracle_decode(o);
    }
}

/* Up to @n accesses, fewer if one is an event; returns how many it were */
static int oracle_batch(Oracle *o, int n)
{
    Access a = { };
    int i;

    for (i = 0; i < n; i++) {
        a = guest_next(&o->guest);
        if (a.op >= OP_STOP) {
            break;
        }
        oracle_put(o, i, a);
    }
    o->in_batch = true;
    oracle_do(o, i);
    o->in_batch = false;
    if (!o->diverged && i < n) {
        oracle_event(o, &a);
        i++;
    }
    o->made += o->diverged ? 0 : i;
    return i;
}

/*
 * Comparing out of band
 *
 * The server's own qtest reaches the adapter past the client.  Whatever is
 * changed to read the state is put back, so that a client that knows what its
 * guest wrote is still right about it.  Three things cannot be read and so not
 * be put back: flip-flop, DAC sub-index and latches.  The guests set the first
 * two before, and load the latches after.
 */

/*
 * All that the client still holds must have reached the adapter after so long.
 * Port reads are not posted, and nothing on its way may stay behind one.
 */
#define VISIBLE_MS 20

static void flush(Oracle *o)
{
    static const Access accesses[] = {
        { .op = OP_STEP, .value = VISIBLE_MS * 1000000 },
        { .op = OP_IN, .size = 1, .addr = 0x3da }, /* flip-flop: one of these */
        { .op = OP_IN, .size = 1, .addr = 0x3ba },
        { .op = OP_OUT, .size = 1, .addr = 0x3c7 }, /* DAC: first color */
        { .op = OP_IN, .size = 1, .addr = 0x3cc },
    };

    oracle_guests(o, accesses, ARRAY_SIZE(accesses));
}

static void load_latches(Oracle *o)
{
    static const Access accesses[] = {
        { .op = OP_READ, .size = 1, .addr = 0xa0000 },
        { .op = OP_READ, .size = 1, .addr = 0xb0000 },
        { .op = OP_READ, .size = 1, .addr = 0xb8000 },
    };

    oracle_guests(o, accesses, ARRAY_SIZE(accesses));
}

/* From both; what differs is reported as register @index, -1: has none */
static uint8_t dump_in(Oracle *o, uint16_t port, int index)
{
    Access a = { .op = OP_IN, .size = 1, .addr = port };
    uint8_t got = qtest_inb(o->server, port);
    uint8_t expected = direct_byte(o, &a);

    if (((got ^ expected) & port_mask(port)) && !o->diverged) {
        g_autofree char *what = g_strdup_printf("server's port 0x%x, index %d",
                                                port, index);
        g_autofree char *x = g_strdup_printf("0x%02x", got);
        g_autofree char *y = g_strdup_printf("0x%02x", expected);

        oracle_report(o, 0, what, x, y);
    }
    return expected;
}

static void dump_indexed(Oracle *o, uint16_t port, const uint8_t *indices,
                         int count)
{
    uint8_t saved = dump_in(o, port, -1);
    int i;

    for (i = 0; i < count; i++) {
        dump_out(o, port, indices[i]);
        dump_in(o, port + 1, indices[i]);
    }
    dump_out(o, port, saved);
}

static void dump_attributes(Oracle *o, uint16_t status)
{
    uint8_t saved = dump_in(o, 0x3c0, -1);
    int i;

    for (i = 0; i < 0x15; i++) {
        dump_out(o, 0x3c0, i);
        dump_in(o, 0x3c1, i);
        dump_in(o, status, -1);
    }
    dump_out(o, 0x3c0, saved);
    dump_in(o, status, -1);
}

static void dump_palette(Oracle *o)
{
    int i;

    dump_in(o, 0x3c8, -1);
    dump_in(o, 0x3c7, -1);
    for (i = 0; i < 3 * 256; i++) {
        dump_in(o, 0x3c9, i);
    }
    dump_out(o, 0x3c7, 0); /* as flush() left it */
}

/*
 * @size bytes from @addr.  The server has no processor, so qtest, which reads
 * memory as the first one would, has nothing to read with; the monitor has.
 */
static void server_read(Oracle *o, uint32_t addr, uint32_t size, uint8_t *data)
{
    g_autofree char *path = g_strdup_printf("%s/plane", o->dir);
    g_autofree char *content = NULL;
    gsize length = 0;

    qtest_qmp_assert_success(o->server, "{ 'execute': 'pmemsave', 'arguments':"
                             "{ 'val': %u, 'size': %u, 'filename': %s } }",
                             addr, size, path);
    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    g_assert_cmpint(length, ==, size);
    memcpy(data, content, size);
    g_unlink(path);
}

static void direct_read(Oracle *o, uint32_t addr, uint32_t size, uint8_t *data)
{
    Pipe *p = &o->pipes[DIRECT];
    g_autofree uint8_t *content = NULL;
    gsize length = 0;
    const char *reply;

    g_string_append_printf(p->out, "b64read 0x%x 0x%x\n", addr, size);
    p->wanted++;
    pipes_run(p, 1);
    reply = pipe_reply(p);
    g_assert_true(g_str_has_prefix(reply, "OK "));
    content = g_base64_decode(reply + 3, &length);
    g_assert_cmpint(length, ==, size);
    memcpy(data, content, size);
    pipe_clear(p);
}

static void dump_plane(Oracle *o, int plane)
{
    g_autofree uint8_t *got = g_malloc(MEM_SIZE);
    g_autofree uint8_t *expected = g_malloc(MEM_SIZE);
    int i;

    server_read(o, MEM, MEM_SIZE, got);
    direct_read(o, MEM, MEM_SIZE, expected);

    for (i = 0; i < MEM_SIZE && !o->diverged; i++) {
        if (got[i] != expected[i]) {
            g_autofree char *what = g_strdup_printf("server's plane %d, byte "
                                                    "0x%x", plane, i);
            g_autofree char *x = g_strdup_printf("0x%02x", got[i]);
            g_autofree char *y = g_strdup_printf("0x%02x", expected[i]);

            oracle_report(o, 0, what, x, y);
        }
    }
}

/*
 * A window of 128 KiB onto one plane, byte after byte.  A VGA has 64 KiB a
 * plane; QEMU's does not wrap there, so the other half is compared as well.
 */
static void dump_planes(Oracle *o, uint16_t crtc)
{
    struct {
        uint16_t port;
        uint8_t index;
        uint8_t value;
        uint8_t saved;
        uint8_t saved_index;
    } regs[] = {
        { 0x3c4, 4, 0x06 },  /* no chain 4, no odd/even */
        { 0x3ce, 5, 0x00 },  /* read mode 0, no odd/even */
        { 0x3ce, 6, 0x01 },  /* 128 KiB at a0000, no odd/even */
        { crtc, 0x14, 0x00 }, /* no doublewords: QEMU shifts CPU addresses */
        { 0x3ce, 4, 0x00 },  /* read map, last: the loop below needs it */
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        regs[i].saved_index = dump_in(o, regs[i].port, -1);
        dump_out(o, regs[i].port, regs[i].index);
        regs[i].saved = dump_in(o, regs[i].port + 1, regs[i].index);
        dump_out(o, regs[i].port + 1, regs[i].value);
    }
    for (i = 0; i < PLANES; i++) {
        dump_out(o, 0x3cf, i);
        dump_plane(o, i);
    }
    for (i = ARRAY_SIZE(regs) - 1; i >= 0; i--) {
        dump_out(o, regs[i].port, regs[i].index);
        dump_out(o, regs[i].port + 1, regs[i].saved);
        dump_out(o, regs[i].port, regs[i].saved_index);
    }
}

static void oracle_dump(Oracle *o)
{
    uint16_t crtc;

    while (!o->decodes && !o->diverged) {
        oracle_batch(o, 1);     /* load_latches() reads the window */
    }
    flush(o);
    if (o->diverged) {
        return;
    }
    crtc = dump_in(o, 0x3cc, -1) & 1 ? 0x3d4 : 0x3b4;
    dump_in(o, 0x3ca, -1);
    dump_indexed(o, 0x3c4, legal_sr, ARRAY_SIZE(legal_sr));
    dump_indexed(o, 0x3ce, legal_gr, ARRAY_SIZE(legal_gr));
    dump_indexed(o, crtc, legal_cr, ARRAY_SIZE(legal_cr));
    dump_attributes(o, crtc + 6);
    dump_palette(o);
    dump_planes(o, crtc);
    if (!o->diverged) {
        o->good = o->made;
        load_latches(o);
    }
}

/*
 * Tests
 */

static uint64_t environment(const char *name, uint64_t otherwise)
{
    const char *value = g_getenv(name);
    uint64_t number;

    if (!value) {
        return otherwise;
    }
    g_assert_cmpint(qemu_strtou64(value, NULL, 0, &number), ==, 0);
    return number;
}

static void oracle_start(Oracle *o, const Tier *tier, const char *model,
                         uint64_t seed)
{
    *o = (Oracle) { .tier = tier, .model = model };
    o->dir = g_dir_make_tmp("vga-oracle-XXXXXX", NULL);
    g_assert_nonnull(o->dir);
    oracle_start_server(o);
    oracle_start_guests(o);
    oracle_decode(o);
    guest_start(&o->guest, seed, tier->loads_latches);
}

static void oracle_run(Oracle *o, uint64_t accesses)
{
    uint64_t left = accesses;
    uint64_t until_dump = DUMP_EVERY;

    while (left && !o->diverged) {
        int n = oracle_batch(o, MIN(MIN(left, until_dump), BATCH));

        left -= n;
        until_dump -= n;
        if (!o->diverged && (!left || !until_dump)) {
            oracle_dump(o);
            until_dump = DUMP_EVERY;
        }
    }
}

/*
 * A divergence is seen when something reads what is wrong, which can be long
 * after the access that made it so.  That one is found by running the same
 * accesses again, fewer or more of them, with a comparison after the last.
 */
static bool run_again(const Tier *tier, const char *model, uint64_t seed,
                      uint64_t accesses)
{
    bool diverged;
    Oracle o;

    oracle_start(&o, tier, model, seed);
    o.quiet = true;
    oracle_run(&o, accesses);
    diverged = o.diverged;
    oracle_stop(&o);
    return diverged;
}

static void explain(const Tier *tier, const char *model, uint64_t seed,
                    uint64_t good, uint64_t bad)
{
    Access past[HISTORY + 1] = { };
    Guest g;
    uint64_t i;

    if (!run_again(tier, model, seed, bad)) {
        g_test_message("it does not happen again: not the accesses alone");
        return;
    }
    while (bad - good > 1) {
        uint64_t middle = good + (bad - good) / 2;

        if (run_again(tier, model, seed, middle)) {
            bad = middle;
        } else {
            good = middle;
        }
    }

    guest_start(&g, seed, tier->loads_latches);
    for (i = 0; i < bad; i++) {
        memmove(past, past + 1, HISTORY * sizeof(past[0]));
        past[HISTORY] = guest_next(&g);
    }
    guest_end(&g);
    g_test_message("first different after the last of these:");
    print_last(&past[HISTORY + 1], MIN(bad, HISTORY));
}

static void check_used(Oracle *o)
{
    uint64_t count = pipe_counter(&o->pipes[CLIENT], o->tier->counter);

    g_test_message("%s %" PRIu64, o->tier->counter, count);
    g_assert_cmpint(count, >, 0);
}

typedef struct Case {
    const Tier *tier;
    const char *model;
} Case;

static void test_model(const void *data)
{
    const Case *c = data;
    uint64_t seed = environment("VGA_ORACLE_SEED", DEFAULT_SEED);
    uint64_t accesses = environment("VGA_ORACLE_ACCESSES", DEFAULT_ACCESSES);
    int64_t time;
    Oracle o;

    g_test_message("VGA_ORACLE_TIER=%s VGA_ORACLE_MODEL=%s VGA_ORACLE_SEED=0x%"
                   PRIx64 " VGA_ORACLE_ACCESSES=%" PRIu64, c->tier->name,
                   c->model, seed, accesses);
    oracle_start(&o, c->tier, c->model, seed);
    time = g_get_monotonic_time();
    oracle_run(&o, accesses);
    time = g_get_monotonic_time() - time;
    g_test_message("%" PRIu64 " accesses in %" PRId64 " ms, hash 0x%" PRIx64,
                   o.done, time / 1000, o.guest.hash);
    if (c->tier->counter && !g_getenv("VGA_ORACLE_CLIENT_OPTS")) {
        check_used(&o);
    }
    oracle_stop(&o);
    if (o.diverged) {
        g_test_message("VGA_ORACLE_SEED=0x%" PRIx64 " replays it; to find the "
                       "access that did it takes a while", seed);
        explain(c->tier, c->model, seed, o.good, o.bad);
        g_test_fail();
    }
}

/* Each recipe of VGA software from a known state, compared after each */
static void test_classics(const void *data)
{
    const Case *c = data;
    Oracle o;
    int i, j;

    oracle_start(&o, c->tier, c->model, DEFAULT_SEED);
    for (i = 0; i < ARRAY_SIZE(classics) && !o.diverged; i++) {
        for (j = 0; j < 3; j++) {
            classics[i].make(&o.guest);
        }
        while (!g_queue_is_empty(&o.guest.queue) && !o.diverged) {
            oracle_batch(&o, MIN(g_queue_get_length(&o.guest.queue), BATCH));
        }
        if (!o.diverged) {
            oracle_dump(&o);
        }
        if (o.diverged) {
            g_test_message("recipe '%s'", classics[i].name);
        }
    }
    g_assert_false(o.diverged);
    oracle_stop(&o);
}

/* An oracle that never says no is none: it must see the smallest of faults */

static bool fault_lost_write(Access *a)
{
    if (a->op != OP_WRITE) {
        return false;
    }
    *a = (Access) { .op = OP_OUT, .size = 1, .addr = 0x80 }; /* nobody's */
    return true;
}

static bool fault_swapped_bytes(Access *a)
{
    if (a->op != OP_WRITE || a->size != 2 || a->value == bswap16(a->value)) {
        return false;
    }
    a->value = bswap16(a->value);
    return true;
}

static bool fault_wrong_crtc(Access *a)
{
    if (a->op != OP_OUT || a->addr != 0x3d4 || a->size != 2) {
        return false;
    }
    a->addr = 0x3b4;
    return true;
}

static bool fault_lost_latch(Access *a)
{
    if (a->op != OP_READ) {
        return false;
    }
    a->addr ^= 0x100;
    return true;
}

static const struct {
    const char *name;
    Fault *fault;
} faults[] = {
    { "lost-write", fault_lost_write },
    { "swapped-bytes", fault_swapped_bytes },
    { "wrong-crtc", fault_wrong_crtc },
    { "wrong-read", fault_lost_latch },
};

/*
 * One fault can be without effect (a write to a protected plane) or be undone,
 * so it is repeated until it is seen; a run without one has been seen to agree
 * by test_model().
 */
static void test_fault(const void *data)
{
    int i = GPOINTER_TO_INT(data);
    Oracle o;

    oracle_start(&o, &tiers[0], models[0], DEFAULT_SEED);
    o.quiet = true;
    while (!o.diverged && o.done < 40000) {
        o.fault = faults[i].fault;
        oracle_run(&o, 2000);
    }
    g_assert_true(o.diverged);
    g_test_message("%s at access %" PRIu64 ", seen at %" PRIu64,
                   faults[i].name, o.fault_at, o.diverged_at);
    oracle_stop(&o);
}

static uint64_t hash_of(uint64_t seed)
{
    uint64_t hash;
    Guest g;
    int i;

    guest_start(&g, seed, false);
    for (i = 0; i < 100000; i++) {
        guest_next(&g);
    }
    hash = g.hash;
    guest_end(&g);
    return hash;
}

static void test_replay(void)
{
    uint64_t hash = hash_of(DEFAULT_SEED);

    g_assert_cmphex(hash, ==, hash_of(DEFAULT_SEED));
    g_assert_cmphex(hash, !=, hash_of(DEFAULT_SEED + 1));
}

static void add_model(const Tier *tier, const char *model)
{
    g_autofree char *path = g_strdup_printf("/vga-oracle/%s/%s", tier->name,
                                            model);
    g_autofree char *classics_path = g_strdup_printf("%s/classics", path);
    Case *c = g_new(Case, 1);

    *c = (Case) { .tier = tier, .model = model };
    qtest_add_data_func_full(path, c, test_model, g_free);
    qtest_add_data_func_full(classics_path, g_memdup2(c, sizeof(*c)),
                             test_classics, g_free);
}

static bool is_wanted(const char *variable, const char *name)
{
    const char *only = g_getenv(variable);

    return !only || !strcmp(only, name);
}

/* Does a client know the properties that the tiers are made of? */
static bool have_tiers(void)
{
    QTestState *qts = qtest_init("-machine none");
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'device-list-properties',"
                             "'arguments': { 'typename': 'vfio-user-pci' } }");
    QListEntry *entry;
    bool have = false;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));

        have |= !strcmp(qdict_get_str(property, "name"), "x-vga-engine");
    }
    qobject_unref(reply);
    qtest_quit(qts);
    return have;
}

static void add_models(void)
{
    int count = have_tiers() ? ARRAY_SIZE(tiers) : 1;
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < ARRAY_SIZE(models); j++) {
            if (qtest_has_device(models[j]) &&
                is_wanted("VGA_ORACLE_TIER", tiers[i].name) &&
                is_wanted("VGA_ORACLE_MODEL", models[j])) {
                add_model(&tiers[i], models[j]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    int i;

    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_machine("x-remote") || !qtest_has_machine("pc") ||
        !qtest_has_device("vfio-user-pci") || !qtest_has_device(models[0])) {
        g_test_skip("needs machines x-remote and pc, devices VGA and "
                    "vfio-user-pci");
        return g_test_run();
    }

    qtest_add_func("/vga-oracle/replay", test_replay);
    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        g_autofree char *path = g_strdup_printf("/vga-oracle/fault/%s",
                                                faults[i].name);

        qtest_add_data_func(path, GINT_TO_POINTER(i), test_fault);
    }
    add_models();

    return g_test_run();
}
