/*
 * Deciding when a fast path pays
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Posting, a copy and trapped BARs each cost something to begin with, so each
 * begins only after many accesses in a row.  A pause between two accesses ends
 * a row; how long one access takes does not, since that is the host's affair,
 * and on a slow host the fast paths are worth most.
 */

#ifndef HW_VFIO_VGA_HEAT_H
#define HW_VFIO_VGA_HEAT_H

#include "qemu/timer.h"

/* A longer pause than this, in milliseconds of guest time, ends a row */
#define VFIO_VGA_HEAT_PAUSE_MS 50

/* So many accesses in a row are enough for what costs little */
#define VFIO_VGA_HEAT_FIRST 16

/*
 * So often the clock is read, since that can cost a call of the host: a pause
 * is then found at the next such access.
 */
#define VFIO_VGA_HEAT_STEP 8

/* All zero: no access so far */
typedef struct VFIOVGAHeat {
    int64_t last;   /* ms, when the clock was last read */
    unsigned count; /* accesses in this row */
} VFIOVGAHeat;

/**
 * vfio_vga_heat_now_ms: the guest's time
 *
 * Every period of legacy VGA is measured in it: while the guest stands still,
 * so does this clock, and nothing can be pending then.
 */
static inline int64_t vfio_vga_heat_now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
}

/**
 * vfio_vga_heat_up: count one more access
 *
 * @heat: of these accesses
 * @needed: how many in a row are enough; a multiple of VFIO_VGA_HEAT_STEP
 *
 * Returns true if there were @needed in a row; the next row begins then.
 */
static inline bool vfio_vga_heat_up(VFIOVGAHeat *heat, unsigned needed)
{
    int64_t now;

    if (++heat->count % VFIO_VGA_HEAT_STEP) {
        return false;
    }
    now = vfio_vga_heat_now_ms();
    if (now - heat->last > VFIO_VGA_HEAT_PAUSE_MS) {
        heat->count = VFIO_VGA_HEAT_STEP;
    }
    heat->last = now;
    if (heat->count < needed) {
        return false;
    }
    heat->count = 0;
    return true;
}

#endif /* HW_VFIO_VGA_HEAT_H */
