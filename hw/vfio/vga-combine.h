/*
 * Combining writes to legacy VGA memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Write combining as in a bus bridge: writes to ascending addresses without a
 * gap become one call on the adapter's region, in order, with no byte left out
 * or added.  The owner flushes them before any other access to the adapter, and
 * by a timer.
 */

#ifndef HW_VFIO_VGA_COMBINE_H
#define HW_VFIO_VGA_COMBINE_H

#include "qemu/units.h"
#include "vga-region.h"

/* Bytes of one call, at most */
#define VFIO_VGA_COMBINE_MAX (4 * KiB)

/* Zeroed except for @region before the first use */
typedef struct VFIOVGACombine {
    VFIOVGAHostRegion *region; /* not owned */
    uint32_t base;             /* offset in the region of what is pending */
    uint32_t size;             /* bytes; 0: nothing is pending */
    uint32_t pending;          /* the number of the guest's writes */
    uint64_t writes;           /* of the guest that left with others */
    uint64_t calls;            /* on the region for these writes */
    uint8_t data[VFIO_VGA_COMBINE_MAX];
} VFIOVGACombine;

/**
 * vfio_vga_combine_write: keep one write of the guest
 *
 * @combine: the adapter's
 * @offset: where in the region
 * @size: bytes, at most VFIO_VGA_COMBINE_MAX
 * @data: the bytes
 *
 * Flushes what is pending unless the write continues it.
 */
void vfio_vga_combine_write(VFIOVGACombine *combine, uint32_t offset,
                            uint32_t size, const void *data);

/**
 * vfio_vga_combine_put: hand over what is pending
 *
 * @combine: the adapter's, with something pending
 */
void vfio_vga_combine_put(VFIOVGACombine *combine);

/**
 * vfio_vga_combine_flush: hand over what is pending, if anything is
 *
 * @combine: the adapter's
 *
 * It is inline because it runs before nearly every access, mostly without
 * anything to do.
 */
static inline void vfio_vga_combine_flush(VFIOVGACombine *combine)
{
    if (combine->size) {
        vfio_vga_combine_put(combine);
    }
}

#endif /* HW_VFIO_VGA_COMBINE_H */
