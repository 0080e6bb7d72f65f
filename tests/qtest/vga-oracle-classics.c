/*
 * A random guest for the oracle for legacy VGA: methods that books on the VGA
 * teach, register by register
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "vga-oracle-guest.h"

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
    emit(g, OP_OUT, crtc_port(g), 2, index | value << 8);
}

static void fill(Guest *g, uint32_t addr, int n, uint32_t size, uint32_t value)
{
    int i;

    for (i = 0; i < n; i++) {
        emit(g, OP_WRITE, addr + i * size, size, value);
    }
}

/*
 * "rep movs" by bytes; the written values are random, because only latches
 * count
 */
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

/* Two fonts of 256 characters each; bit 3 of the attribute chooses */
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
        emit_in(g, status_port(g));
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

/* Even and odd lines are in the two halves of the window, as on a CGA */
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

/* What a driver of text screens saves before it draws, and restores */
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

/* Only attributes change: the map mask protects the characters */
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

const Classic classics[CLASSICS] = {
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
