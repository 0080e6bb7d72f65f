/*
 * An assigned adapter with an engine for its legacy VGA accesses, for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its window is memory,
 * as in a text mode, whatever is written to its registers.
 *
 *   vga-engine-when.c     when a write leaves, and when the timer stops
 *   vga-engine-before.c   before which other accesses it leaves
 *   vga-engine-latches.c  the adapter's latches are the guest's
 *   vga-engine-test.c     faults, properties
 */

#ifndef TESTS_VGA_ENGINE_BENCH_H
#define TESTS_VGA_ENGINE_BENCH_H

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "vfio-user-machine.h"

#define VGA       VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE  0xc0000
#define RW        (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define TEXT      0xb8000
#define GRAPH     0xa0000
#define IO_MEM    (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
#define MS        1000000
#define VISIBLE   (20 * MS)    /* a write has reached the adapter by then */
#define QUIET     (1100 * MS)  /* the timer has stopped by then */

#define BAR       0xe0000000   /* of the adapter, 4 KiB */

/* Properties of the adapter */
#define COMBINE "{'x-vga': true, 'x-vga-engine': 'combine'}"
#define COPY "{'x-vga': true, 'x-vga-engine': 'copy', " \
             "'x-vga-copy-ram': false}"
#define MAPPED "{'x-vga': true, 'x-vga-engine': 'copy'}"
#define CHAIN4 "{'x-vga': true, 'x-vga-engine': 'chain4', " \
             "'x-vga-copy-ram': false}"
#define CHAIN4_MAPPED "{'x-vga': true, 'x-vga-engine': 'chain4'}"

/* Start a machine with the plugged adapter, with @properties, which decodes */
void engine_start(Machine *m, const char *properties);
/* ... and which shows text, of which there is a copy */
void engine_start_text(Machine *m, const char *properties);
/* The guest resets the adapter, which then does not decode */
void engine_reset(Machine *m);
void set_command(Machine *m, uint16_t command);
void set_bar(Machine *m, uint32_t address);
/* Returns a counter of x-query-vga-stats; check_tier() checks its tier */
uint64_t counter(Machine *m, const char *name);
void check_tier(Machine *m, const char *tier);
/*
 * Wait until the adapter has answered a later access: posted writes have
 * arrived
 */
void wait_for_writes(Machine *m);
void check_adapter(Machine *m, uint32_t addr, const void *data, size_t size);
void put(Machine *m, uint32_t addr, const char *text);

/*
 * Set 80x25 text as a video BIOS does, only the registers that move the memory
 */
void set_text_mode(Machine *m);
/* Set a text mode's plane 2 at a0000, for its font */
void set_font_mode(Machine *m);
/* Access 16 of each 32 bytes: the rest of a cell is not shown */
void use_font(Machine *m);
/* Make enough accesses for a copy to pay */
void use_text_only(Machine *m);
void use_text(Machine *m);
/* From a text mode to mode 13h, in the order of a video BIOS */
void set_mode_13(Machine *m);
void use_mode_13(Machine *m);

/* Add the case "/vga-engine/NAME/TIER" */
void engine_add(const char *name, const char *tier, const void *data,
                void (*test)(const void *));

/*
 * The cases of each file
 */
void engine_add_when(void);
void engine_add_before(void);
void engine_add_latches(void);

#endif /* TESTS_VGA_ENGINE_BENCH_H */
