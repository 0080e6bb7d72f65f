/*
 * A random guest for the oracle for legacy VGA: software that stays in a mode
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "vga-oracle-guest.h"

/*
 * Text software fills, prints, scrolls, moves the cursor and turns pages, for
 * a while before anything changes the mode
 */

void text_print(Guest *g)
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

void text_scroll(Guest *g)
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

    emit_reg(g, crtc_port(g), 0x0c, start >> 8);
    emit_reg(g, crtc_port(g), 0x0d, start);
}

/* Two registers that say where a byte is, on QEMU's models and on a VGA */
static void text_addressing(Guest *g)
{
    switch (below(g, 4)) {
    case 0:
        emit(g, OP_OUT, crtc_port(g), 2, 0xe317); /* by bytes */
        break;
    case 1:
        emit_out(g, 0x3c2, g->misc ^ 0x20); /* page */
        break;
    default:
        emit(g, OP_OUT, crtc_port(g), 2, 0xa317); /* by words */
        break;
    }
    recipe_again(g);
}

/* The contents of the screen, written past the window and read through it */
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

/* Load the latches, use them as one of @uses, and restore the registers */
static void use_latches(Guest *g, const uint16_t *uses, int count,
                        uint16_t modes)
{
    emit(g, OP_READ, place(g, 1), 1, 0);
    emit(g, OP_OUT, 0x3ce, 2, uses[below(g, count)]);
    emit(g, OP_WRITE, place(g, 1), 1, guest_random(g));
    emit(g, OP_OUT, 0x3ce, 2, 0x0003);
    emit(g, OP_OUT, 0x3ce, 2, modes);
    emit(g, OP_OUT, 0x3ce, 2, 0xff08);
}

/* The latches, loaded in a text mode and used after it */
void text_latches(Guest *g)
{
    static const uint16_t uses[] = { 0x1803, 0x1105, 0x0f08, 0x1003, 0x1305 };

    use_latches(g, uses, ARRAY_SIZE(uses), 0x1005);
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

/* Use the planes instead of chaining them, and go back */
static void dots_planes(Guest *g)
{
    emit(g, OP_OUT, 0x3c4, 2, 0x0602);
    recipe_again(g);
    emit(g, OP_OUT, 0x3c4, 2, 0x0f02);
}

static void dots_latches(Guest *g)
{
    static const uint16_t uses[] = { 0x1803, 0x4105, 0x0f08, 0x4005, 0x4305 };

    use_latches(g, uses, ARRAY_SIZE(uses), 0x4005);
}

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

    if (below(g, 2)) {
        emit(g, OP_STEP, 0, 0, 1200 * 1000 * 1000); /* posting has ended */
    }
    while (n--) {
        recipe_pick(g, list, count);
    }
}

void recipe_text(Guest *g)
{
    static const int text_modes[] = { MODE_3, MODE_1, MODE_7 };

    emit_mode(g, text_modes[below(g, ARRAY_SIZE(text_modes))]);
    recipe_some(g, text_recipes, ARRAY_SIZE(text_recipes));
}

void recipe_dots(Guest *g)
{
    emit_mode(g, MODE_13);
    recipe_some(g, dots_recipes, ARRAY_SIZE(dots_recipes));
}
