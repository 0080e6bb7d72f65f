/*
 * Modes of a VGA, and what a guest writes in them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VGA_ENGINE_MODES_H
#define VGA_ENGINE_MODES_H

#include "vga-engine-machine.h"

#define TEXT 0xb8000
#define SCREEN 2000           /* characters */

typedef struct Mode {
    uint32_t base, size;  /* the part of the window that is used */
    uint8_t misc, sr[5], cr14, cr17, gr[9];
} Mode;

enum {
    MODE_TEXT,
    MODE_FONT,            /* of a text mode, while it is loaded */
    MODE_PLANAR,
    MODE_13H,
    MODE_MONO,            /* text at b0000 */
    MODE__MAX,
};

extern const Mode modes[MODE__MAX];

/* Sets all registers of a mode, by bytes or, if @wide, by words. */
void mode_set(int mode, bool wide);

/* Starts in a text mode whose copy is mapped, if it can be. */
void text_start(MachineOptions options);

/* Writes @count characters from character @at of the screen on. */
void text_write(unsigned at, unsigned count);

/* Starts in a planar mode whose writes are posted. */
void graphics_start(MachineOptions options);

/* Write so much that posting begins, if @count is large enough and it may. */
void post_memory(unsigned count);
void post_colors(unsigned count);
bool is_posted(void);

/*
 * Writes 40h bytes around CARD_PROBE, which show there and in the places that
 * vga-engine-card.h names.
 */
void write_probe(uint8_t value);

#endif /* VGA_ENGINE_MODES_H */
