/*
 * Deciding when a fast path pays
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It costs time to begin posting or a copy, or to trap BARs, so each begins
 * only after many accesses in a row.  A pause between two accesses ends a row.
 * How long one access takes does not matter: that depends on the host, and on a
 * slow host the fast paths gain most.
 */

#ifndef HW_VFIO_VGA_HEAT_H
#define HW_VFIO_VGA_HEAT_H

#include "qemu/timer.h"

/* A longer pause than this, in milliseconds of guest time, ends a row */
#define VFIO_VGA_HEAT_PAUSE_MS 50

/* Accesses in a row after which a cheap fast path begins */
#define VFIO_VGA_HEAT_FIRST 16

/*
 * The clock is read once in so many accesses, since reading it can cost a call
 * of the host: a pause is found at the next such access.
 */
#define VFIO_VGA_HEAT_STEP 8

/* Zeroed before the first access */
typedef struct VFIOVGAHeat {
    int64_t last;   /* ms, when the clock was last read */
    unsigned count; /* accesses in this row */
} VFIOVGAHeat;

/**
 * vfio_vga_heat_now_ms: the guest's time
 *
 * All periods of legacy VGA use this clock.  It stops with the guest, when
 * nothing can be pending.
 */
static inline int64_t vfio_vga_heat_now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
}

/**
 * vfio_vga_heat_up: count one more access
 *
 * @heat: the counter of these accesses
 * @needed: how many accesses in a row are enough; a multiple of
 *          VFIO_VGA_HEAT_STEP
 *
 * Returns true after @needed accesses in a row; the next row begins then.
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
