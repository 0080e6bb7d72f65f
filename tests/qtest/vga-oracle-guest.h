/*
 * A random guest for the oracle for legacy VGA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It imitates software instead of making noise: most random values of the
 * registers would move the window away or protect all planes, so that the rest
 * of the run would have no effect.  Its accesses depend only on the seed.
 *
 *     guest_start(&guest, seed, false);
 *     while (...) {
 *         access = guest_next(&guest);
 *         ...
 *     }
 *     guest_end(&guest);
 *
 *   vga-oracle-guest.c     random numbers, accesses, registers, modes, places
 *   vga-oracle-recipes.c   programming of a VGA, at random, and which
 *                          of all recipes is next
 *   vga-oracle-screens.c   software that stays in a text mode or in mode 13h
 *   vga-oracle-classics.c  methods of books on the VGA, register by register
 */

#ifndef TESTS_VGA_ORACLE_GUEST_H
#define TESTS_VGA_ORACLE_GUEST_H

#include "vga-oracle-access.h"

typedef struct Guest {
    uint64_t state;
    uint64_t hash;  /* of all accesses */
    GQueue queue;   /* accesses that are not sent yet */
    uint32_t hot;   /* where in memory it works now */
    /* Its last values, to aim at what is decoded; a wrong guess does no harm */
    uint8_t misc;
    uint8_t gr_index;
    uint8_t gr6;
    /*
     * A client that maps a copy of the memory does not see reads from it, and
     * the latches stay as they are.  A guest that uses them later has to load
     * them in the mode in which it uses them, as software does.
     */
    bool loads_latches;
    bool registers_written; /* since the latches were loaded */
} Guest;

/*
 * It begins with planes full of data.  With @loads_latches the guest loads the
 * latches again after it has written registers.
 */
void guest_start(Guest *g, uint64_t seed, bool loads_latches);
Access guest_next(Guest *g);
void guest_end(Guest *g);

/*
 * Random numbers: 64 bits, one below @n, and the width of an access: 1, 2 or 4
 */
uint64_t guest_random(Guest *g);
uint32_t below(Guest *g, uint32_t n);
uint32_t width(Guest *g);

/*
 * Of the extensions behind the index ports only those are written that just
 * keep a value.  Cirrus has a blitter behind GR31, which would copy for as
 * long as it is told, and a linear framebuffer behind SR7.  SR6 is its key;
 * CR24 and CR26 show the flip-flop and index of the attribute controller.
 */
#define LEGAL_SR 6
#define LEGAL_GR 9
#define LEGAL_CR 27

extern const uint8_t legal_sr[LEGAL_SR];
extern const uint8_t legal_gr[LEGAL_GR];
extern const uint8_t legal_cr[LEGAL_CR];

typedef struct IndexPort {
    uint16_t port;
    const uint8_t *legal;
    int count;
} IndexPort;

#define INDEX_PORTS 4

extern const IndexPort index_ports[INDEX_PORTS];

/*
 * Queue an access.  Before a write to memory the latches are loaded if
 * necessary, and of a write to ports only the legal bytes are kept
 */
void emit(Guest *g, Op op, uint32_t addr, uint32_t size, uint32_t value);
void emit_out(Guest *g, uint16_t port, uint8_t value);
void emit_in(Guest *g, uint16_t port);

/* Write an index and its data, in one cycle or in two */
void emit_reg(Guest *g, uint16_t port, uint8_t index, uint8_t value);

/* The CRTC's port: 3b4 or 3d4, as bit 0 of Miscellaneous Output says */
uint16_t crtc_port(Guest *g);
uint16_t status_port(Guest *g);

enum { MODE_3, MODE_1, MODE_4, MODE_7, MODE_12, MODE_13, MODE_X, MODES };

/* Set a mode as a video BIOS does */
void emit_mode(Guest *g, int nr);

/* Most of the work is in this area, so that reads find what was written */
#define BUSY (16 * KiB)

/* Room for @size bytes: at an edge, or near the last place, which may move */
uint32_t place(Guest *g, uint32_t size);

typedef struct Recipe {
    void (*make)(Guest *g);
    int weight;
} Recipe;

/* Run one of the list, with a probability by its weight */
void recipe_pick(Guest *g, const Recipe *list, int count);

/*
 * vga-oracle-recipes.c
 */

void recipe_access(Guest *g);
/* The same place again, for reads of what was written, and for overwriting */
void recipe_again(Guest *g);
/* Fill as "rep stos" does, for which KVM exits once for each element */
void recipe_fill(Guest *g);
/* Scroll, or copy by the latches */
void recipe_copy(Guest *g);
/* One command makes many accesses */
void recipe_run(Guest *g);
/* Start address and cursor, which text software changes all the time */
void recipe_cursor(Guest *g);
void recipe_attribute(Guest *g);
void recipe_palette_write(Guest *g);
void recipe_palette_read(Guest *g);
/* Load a font into plane 2 and go back to text */
void recipe_font(Guest *g);
/* Time passes */
void recipe_step(Guest *g);
/* The adapter does not decode for a moment */
void recipe_decode(Guest *g);

/*
 * vga-oracle-screens.c
 */

void recipe_text(Guest *g);
void recipe_dots(Guest *g);
void text_print(Guest *g);
void text_scroll(Guest *g);
/* The latches, loaded in a text mode and used after it */
void text_latches(Guest *g);

/*
 * vga-oracle-classics.c
 */

typedef struct Classic {
    const char *name;
    void (*make)(Guest *g);
} Classic;

#define CLASSICS 23

extern const Classic classics[CLASSICS];

#endif /* TESTS_VGA_ORACLE_GUEST_H */
