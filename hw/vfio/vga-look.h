/*
 * When registers that were forgotten are read back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * After a write whose effect is not known, QEMU no longer knows any register,
 * so no copy can begin.  Reading the registers back takes 46 calls
 * (vfio_vga_regs_look()).  In the middle of a mode set these calls are wasted,
 * because the next such write comes at once.  For a program that uses the
 * screen afterwards they save thousands of calls.  Three signs tell the two
 * cases apart:
 *
 * - The guest leaves the adapter alone for a period.
 * - The guest reads memory many times in a row: a mode set does not.
 * - The guest writes more bytes than the window of a graphics mode has, and no
 *   register meanwhile: a mode set clears each byte once at most.
 *
 * Each look that finds no window doubles what the next look needs.
 */

#ifndef HW_VFIO_VGA_LOOK_H
#define HW_VFIO_VGA_LOOK_H

#include "qemu/units.h"
#include "vga-heat.h"

/* The window of graphics modes, a0000 to affff; those of text are smaller */
#define VFIO_VGA_LOOK_BYTES (64 * KiB)

typedef struct VFIOVGALook {
    bool due;          /* registers are forgotten */
    bool disturbed;    /* registers were written or forgotten in this period */
    unsigned calm;     /* periods in a row without writes of the guest */
    unsigned needed;   /* calm periods, or the factor of the other two signs */
    uint64_t written;  /* bytes of memory since a register was written */
    VFIOVGAHeat reads; /* of memory */
    uint64_t looks;    /* looks so far, for the counters */
} VFIOVGALook;

/**
 * vfio_vga_look_forgotten: registers were forgotten
 *
 * @look: the adapter's
 */
void vfio_vga_look_forgotten(VFIOVGALook *look);

/**
 * vfio_vga_look_again: forget that looks found no window, as after a reset
 *
 * @look: the adapter's
 */
void vfio_vga_look_again(VFIOVGALook *look);

/**
 * vfio_vga_look_sees_register: the guest writes a register that is known
 *
 * @look: the adapter's
 */
void vfio_vga_look_sees_register(VFIOVGALook *look);

/**
 * vfio_vga_look_sees_read: the guest reads memory
 *
 * @look: the adapter's
 *
 * Returns true if it is time to look.
 */
bool vfio_vga_look_sees_read(VFIOVGALook *look);

/**
 * vfio_vga_look_sees_write: the guest writes memory
 *
 * @look: the adapter's
 * @size: bytes
 *
 * Returns true if it is time to look.
 */
static inline bool vfio_vga_look_sees_write(VFIOVGALook *look, uint32_t size)
{
    look->written += size;
    return look->due && look->written > VFIO_VGA_LOOK_BYTES * look->needed;
}

/**
 * vfio_vga_look_period: a period is over
 *
 * @look: the adapter's
 * @busy: the guest wrote to memory in it
 *
 * Returns true if it is time to look.
 */
bool vfio_vga_look_period(VFIOVGALook *look, bool busy);

/**
 * vfio_vga_look_done: registers were read back
 *
 * @look: the adapter's
 * @found: they have a window
 */
void vfio_vga_look_done(VFIOVGALook *look, bool found);

#endif /* HW_VFIO_VGA_LOOK_H */
