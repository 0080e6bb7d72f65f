/*
 * The engine's oracle in one process
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle-test.py asks two QEMUs and two servers for each access, so it makes
 * about ten thousand a second.  Here the engine's sources, the parts of QEMU
 * that they use (tests/unit/vga-engine-qemu.c) and both adapters (pair.h) are
 * one program, which makes about a million.
 */

#ifndef ZOO_ENGINE_ORACLE_H
#define ZOO_ENGINE_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* x-vga-engine, a VFIOVGATier, of the next machine_start() */
extern int oracle_tier;

/*
 * Does the guest read, after it wrote a register, before it writes to memory?
 * Reads of a mapped copy do not load the latches, but software reads in the mode
 * in which it uses them.
 */
extern bool oracle_loads_latches;

/*
 * The guest.  Each access goes to both adapters; what it reads is compared, if
 * it is not the status of the retrace, which counts its reads.  @size is 1, 2
 * or 4 bytes, in any place.
 */
void oracle_write(uint32_t address, uint32_t value, unsigned size);
uint32_t oracle_read(uint32_t address, unsigned size);
void oracle_out(uint16_t port, uint32_t value, unsigned size);
uint32_t oracle_in(uint16_t port, unsigned size);
void oracle_write_bar(int bar, uint32_t offset, uint32_t value);
uint32_t oracle_read_bar(int bar, uint32_t offset);

/* Time passes for the guest */
void oracle_pass(int64_t ns);

/* What a random guest does next; @personality knows locks, banks and keys */
void oracle_recipe(const char *personality);
/* The beginning: a text mode, as a VBIOS sets it */
void oracle_recipe_text(const char *personality);

#endif /* ZOO_ENGINE_ORACLE_H */
