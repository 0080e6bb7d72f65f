/*
 * An assigned adapter that records the accesses it gets
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VGA_LEGACY_CARD_H
#define TESTS_VGA_LEGACY_CARD_H

#include <linux/vfio.h>

#include "hw/vfio/pci.h"
#include "vfio-said.h"

typedef struct Call {
    bool write;
    uint8_t nr;
    off_t off;
    uint32_t size;
    bool post;
    uint8_t data[8];
} Call;

/* Returns how often @what is in @text */
int count(const char *text, const char *what);

/* The adapter: the calls it got, and its answers */

extern int regions_made;    /* MemoryRegions that have operations */
extern struct vfio_region_info vga_info;
extern int info_calls;      /* queries of the VGA region */
extern int info_ret;        /* the answer to them; 0: @vga_info */
extern Call last;
extern uint64_t calls;
extern uint16_t config_class;
extern int config_ret;      /* result of a read of the class; 0: all of it */
extern int answer;          /* result of the first @answer_times calls */
extern uint64_t answer_times;

/* No two neighbours are equal, and no symmetry hides a swapped byte */
uint8_t card_byte(off_t off);
uint64_t card_value(off_t off, unsigned size);
/* Each test starts here, with a healthy adapter and no messages */
VFIODevice card_new(void);
/* Checks that this was the last call */
void assert_write(off_t off, uint32_t size, uint64_t value, bool post);
void assert_read(off_t off, uint32_t size);

/* A device with x-vga=on that is this adapter */
VFIOPCIDevice *assigned_new(void);

/*
 * The cases of each file
 */
void legacy_add_explain(void);

#endif /* TESTS_VGA_LEGACY_CARD_H */
