/*
 * A guest that draws on several display adapters, one after the other
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     vga-switch ROUNDS 0000:00:02.0 0000:00:03.0 ...
 *
 * It locks each adapter in Linux's VGA arbiter in turn (/dev/vga_arbiter,
 * Documentation/gpu/vgaarbiter.rst) and draws one more line, with the
 * adapter's name, on its text screen; each gets ROUNDS lines.  Firmware has
 * started only the first adapter.  The others get its mode, font and palette,
 * register by register.  Messages go to port 0x402, as SeaBIOS's do.
 */

#include "vga-text.h"

/* IBM VGA: numbers of the registers that make a mode */
enum { SEQ = 5, CRTC = 25, GFX = 9, ATTR = 21, DAC = 768 };
#define GLYPHS      256
#define GLYPH_ROWS  16
#define GLYPH_STEP  32

typedef struct Mode {
    uint8_t misc, seq[SEQ], crtc[CRTC], gfx[GFX], attr[ATTR], dac[DAC];
    uint8_t font[GLYPHS][GLYPH_ROWS];
} Mode;

/* Open plane 2, where the font is, at 0xa0000. */
static void font_open(void)
{
    set(0x3c4, 2, 0x04);
    set(0x3c4, 4, 0x06);
    set(0x3ce, 4, 0x02);
    set(0x3ce, 5, 0x00);
    set(0x3ce, 6, 0x04);
}

static void font_close(const Mode *mode)
{
    set(0x3c4, 2, mode->seq[2]);
    set(0x3c4, 4, mode->seq[4]);
    set(0x3ce, 4, mode->gfx[4]);
    set(0x3ce, 5, mode->gfx[5]);
    set(0x3ce, 6, mode->gfx[6]);
}

static void mode_read(Mode *mode)
{
    int i, row;

    mode->misc = inb(0x3cc);
    for (i = 0; i < SEQ; i++) {
        mode->seq[i] = get(0x3c4, i);
    }
    for (i = 0; i < CRTC; i++) {
        mode->crtc[i] = get(0x3d4, i);
    }
    for (i = 0; i < GFX; i++) {
        mode->gfx[i] = get(0x3ce, i);
    }
    for (i = 0; i < ATTR; i++) {
        inb(0x3da);
        outb(i, 0x3c0);
        mode->attr[i] = inb(0x3c1);
    }
    inb(0x3da);
    outb(0x20, 0x3c0);
    outb(0, 0x3c7);
    for (i = 0; i < DAC; i++) {
        mode->dac[i] = inb(0x3c9);
    }
    font_open();
    for (i = 0; i < GLYPHS; i++) {
        for (row = 0; row < GLYPH_ROWS; row++) {
            mode->font[i][row] = window[i * GLYPH_STEP + row];
        }
    }
    font_close(mode);
}

static void mode_write(const Mode *mode)
{
    int i, row;

    outb(mode->misc, 0x3c2);
    set(0x3c4, 0, 1);
    for (i = 1; i < SEQ; i++) {
        set(0x3c4, i, mode->seq[i]);
    }
    set(0x3c4, 0, 3);
    set(0x3d4, 0x11, 0);            /* CRTC registers 0-7 can be written */
    for (i = 0; i < CRTC; i++) {
        set(0x3d4, i, mode->crtc[i]);
    }
    for (i = 0; i < GFX; i++) {
        set(0x3ce, i, mode->gfx[i]);
    }
    for (i = 0; i < ATTR; i++) {
        inb(0x3da);
        outb(i, 0x3c0);
        outb(mode->attr[i], 0x3c0);
    }
    inb(0x3da);
    outb(0x20, 0x3c0);
    outb(0xff, 0x3c6);
    outb(0, 0x3c8);
    for (i = 0; i < DAC; i++) {
        outb(mode->dac[i], 0x3c9);
    }
    font_open();
    for (i = 0; i < GLYPHS; i++) {
        for (row = 0; row < GLYPH_ROWS; row++) {
            window[i * GLYPH_STEP + row] = mode->font[i][row];
        }
    }
    font_close(mode);
}

int main(int argc, char **argv)
{
    static Mode mode;
    char line[COLUMNS + 1];
    int fd, round, i;

    if (!open_ports()) {
        return 1;
    }
    if (argc < 4) {
        errno = EINVAL;
        give_up("ROUNDS and two addresses at least");
    }
    open_window();
    fd = open_arbiter();
    for (round = 0; round < atoi(argv[1]); round++) {
        for (i = 2; i < argc; i++) {
            arbiter(fd, "target PCI:%s", argv[i]);
            arbiter(fd, "lock io+mem", "");
            if (round == 0) {
                i == 2 ? mode_read(&mode) : mode_write(&mode);
                clear();
            }
            snprintf(line, sizeof(line), "Adapter %d, %s, round %d",
                     i - 2, argv[i], round);
            cells(round, line);
            arbiter(fd, "unlock io+mem", "");
            say("vga-switch: round %d, adapter %d\n", round, i - 2);
        }
    }
    say("vga-switch: done\n");
    return 0;
}
