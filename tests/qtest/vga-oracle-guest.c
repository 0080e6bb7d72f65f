/*
 * A random guest for the oracle for legacy VGA: its building blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "vga-oracle-guest.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom generators) */
uint64_t guest_random(Guest *g)
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

uint32_t below(Guest *g, uint32_t n)
{
    return (guest_random(g) >> 32) % n;
}

uint32_t width(Guest *g)
{
    return 1 << below(g, 3);
}

const uint8_t legal_sr[LEGAL_SR] = { 0, 1, 2, 3, 4, 6 };
const uint8_t legal_gr[LEGAL_GR] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
const uint8_t legal_cr[LEGAL_CR] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
    0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
    0x18, 0x24, 0x26,
};

const IndexPort index_ports[INDEX_PORTS] = {
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

/* An access of any width consists of bytes to the ports it covers */
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

static void emit_latch_loads(Guest *g)
{
    if (g->loads_latches && g->registers_written) {
        g->registers_written = false;
        emit(g, OP_READ, 0xa0000, 1, 0);
        emit(g, OP_READ, 0xb0000, 1, 0);
        emit(g, OP_READ, 0xb8000, 1, 0);
    }
}

void emit(Guest *g, Op op, uint32_t addr, uint32_t size, uint32_t value)
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

void emit_out(Guest *g, uint16_t port, uint8_t value)
{
    emit(g, OP_OUT, port, 1, value);
}

void emit_in(Guest *g, uint16_t port)
{
    emit(g, OP_IN, port, 1, 0);
}

void emit_reg(Guest *g, uint16_t port, uint8_t index, uint8_t value)
{
    if (below(g, 3)) {
        emit(g, OP_OUT, port, 2, index | value << 8);
    } else {
        emit_out(g, port, index);
        emit_out(g, port + 1, value);
    }
}

uint16_t crtc_port(Guest *g)
{
    return g->misc & 1 ? 0x3d4 : 0x3b4;
}

uint16_t status_port(Guest *g)
{
    return crtc_port(g) + 6;
}

/*
 * Modes as a video BIOS sets them (values of the LGPL VGABIOS, and for mode X
 * Michael Abrash's)
 */

typedef struct Mode {
    uint8_t misc;
    uint8_t sr[5];
    uint8_t cr[25];
    uint8_t gr[9];
    uint8_t ar[21];
} Mode;

static const Mode modes[MODES] = {
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
    /* 4: 320x200 as on a CGA, odd and even chained in both controllers */
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

    emit_in(g, status_port(g)); /* flip-flop to index */
    for (i = 0; i < ARRAY_SIZE(((Mode *)0)->ar); i++) {
        emit_out(g, 0x3c0, i);
        emit_out(g, 0x3c0, values[i]);
    }
    emit_out(g, 0x3c0, 0x20); /* palette address source: show the picture */
}

/*
 * The sequencer is in reset, and CR0-7 are unprotected by CR11, as the IBM
 * manual demands
 */
void emit_mode(Guest *g, int nr)
{
    const Mode *mode = &modes[nr];

    emit_reg(g, 0x3c4, 0, 0x01);
    emit_regs(g, 0x3c4, mode->sr, 1, ARRAY_SIZE(mode->sr));
    emit_out(g, 0x3c2, mode->misc);
    emit_reg(g, 0x3c4, 0, 0x03);
    emit_reg(g, crtc_port(g), 0x11, mode->cr[0x11] & 0x7f);
    emit_regs(g, crtc_port(g), mode->cr, 0, ARRAY_SIZE(mode->cr));
    emit_regs(g, 0x3ce, mode->gr, 0, ARRAY_SIZE(mode->gr));
    emit_attributes(g, mode->ar);
}

/* Graphics controller register 6, bits 2 and 3 */
static const struct {
    uint32_t base;
    uint32_t size;
} mappings[] = {
    { 0xa0000, 128 * KiB }, { 0xa0000, 64 * KiB },
    { 0xb0000, 32 * KiB }, { 0xb8000, 32 * KiB },
};

uint32_t place(Guest *g, uint32_t size)
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

void recipe_pick(Guest *g, const Recipe *list, int count)
{
    int i, pick, sum = 0;

    for (i = 0; i < count; i++) {
        sum += list[i].weight;
    }
    pick = below(g, sum);
    for (i = 0; pick >= list[i].weight; i++) {
        pick -= list[i].weight;
    }
    list[i].make(g);
}
