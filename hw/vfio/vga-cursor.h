/*
 * Keeping what a guest writes to the text cursor's registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A text screen's software moves the cursor behind each character that it
 * prints: two registers of the CRTC, in two to four accesses.  The cursor is
 * only looked at, so like what is in a copy these writes can wait for a while,
 * and those that are overwritten in time never leave.  The index that selects
 * such a register is kept with them.
 *
 * The registers are those of the IBM VGA: Cursor Start and End (0Ah, 0Bh) and
 * Cursor Location High and Low (0Eh, 0Fh).
 */

#ifndef HW_VFIO_VGA_CURSOR_H
#define HW_VFIO_VGA_CURSOR_H

#include "vga-regs.h"

/* All zero but for @region: nothing is kept */
typedef struct VFIOVGACursor {
    VFIOVGAHostRegion *region; /* not owned */
    uint32_t port;             /* of the CRTC's index; 0: nothing is kept */
    uint8_t index;             /* written there last */
    uint16_t changed;          /* registers to be written, bit by index */
    uint16_t wide;             /* those that came with their index at once */
    uint8_t value[16];         /* by index */
} VFIOVGACursor;

/**
 * vfio_vga_cursor_keep: keep a write, if it only concerns the cursor
 *
 * @c: the adapter's
 * @regs: what is known of its registers, before the write
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 * @data: the bytes
 *
 * Returns false if it is to be made, after vfio_vga_cursor_flush().
 */
bool vfio_vga_cursor_keep(VFIOVGACursor *c, const VFIOVGARegs *regs,
                          uint32_t port, uint32_t size, const void *data);

/**
 * vfio_vga_cursor_put: write what is kept to the adapter
 *
 * @c: the adapter's, with something kept
 */
void vfio_vga_cursor_put(VFIOVGACursor *c);

/**
 * vfio_vga_cursor_flush: write what is kept to the adapter, if anything is
 *
 * @c: the adapter's
 */
static inline void vfio_vga_cursor_flush(VFIOVGACursor *c)
{
    if (c->port) {
        vfio_vga_cursor_put(c);
    }
}

#endif /* HW_VFIO_VGA_CURSOR_H */
