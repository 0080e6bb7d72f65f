/*
 * Modes of a VGA for tests of the engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VGA_ENGINE_MODES_H
#define VGA_ENGINE_MODES_H

typedef struct Mode {
    uint32_t base, size;  /* what software uses of the window */
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

/* Sets all registers of a mode, by bytes or, if @wide, by words */
void mode_set(int mode, bool wide);

/* What each test starts with: a text mode whose copy is mapped, if it can be */
void text_start(MachineOptions options);

/* @count characters, @from the start, from @addr's @at on */
void text_write(unsigned at, unsigned count);

/* Planar modes, see vga-engine-planes.c */
void planes_add_tests(void);

/* The text cursor, see vga-engine-cursor.c */
void cursor_add_tests(void);

/* The random accesses, see vga-engine-random.c */
void random_add_tests(void);

#endif /* VGA_ENGINE_MODES_H */
