/*
 * Which registers of an adapter's own leave its window as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every video BIOS of a real adapter writes registers that are not a VGA's: at
 * the end of a mode set, in a BAR, or after each line that it scrolls (Matrox
 * Mystique: port 3d8).  Such a write may move the window, and mostly does not.
 * Forgetting the window each time would be right, and would make each line of a
 * console as slow as without a copy.  So this file finds out, in three steps:
 *
 * 1. Such a write ends the copy: the adapter has everything before the write
 *    reaches it.  What the adapter's window held is kept, and what the guest
 *    writes there meanwhile is noted in it.
 * 2. When there is a copy again, which is read from the adapter anyway, all of
 *    it is compared with what was kept.  If it is the same, the write has left
 *    the window as it was.
 * 3. The same write leaves the next copies in place.  Any other one is step 1
 *    again.
 *
 * It is one write that is learned, not several in a row: the first of two can
 * switch a bank, and the second switch it back.
 *
 * A window that moved could hold the same by chance, such as an empty screen.
 * So what was kept tells nothing unless enough of it that the guest has not
 * written since differs from byte to byte.
 *
 * All of it runs under the BQL.
 */

#ifndef HW_VFIO_VGA_CHECK_H
#define HW_VFIO_VGA_CHECK_H

#include "qemu/bitmap.h"
#include "vga-copy.h"

/* Bytes that must differ from the one two before them, for a kept window */
#define VFIO_VGA_CHECK_DIFFER 32

/* A write whose effect is not known; compared byte by byte */
typedef struct VFIOVGAWrite {
    uint64_t offset; /* in the region */
    uint64_t data;
    uint32_t size;
    uint16_t region; /* VFIO_PCI_VGA_REGION_INDEX, or a BAR */
    int16_t index;   /* of an indexed register, or VFIO_VGA_UNKNOWN; else 0 */
} VFIOVGAWrite;

typedef struct VFIOVGACheck {
    VFIOVGAWrite write;   /* that ended the last copy, or was learned */
    bool watched;         /* it has, and nothing else has come since */
    bool learned;         /* it leaves the copy as it is */
    VFIOVGAWindow window; /* of that copy */
    uint8_t kept[VFIO_VGA_WINDOW_MAX]; /* of it, while watched */
    DECLARE_BITMAP(written, VFIO_VGA_WINDOW_MAX); /* since, by the guest */
} VFIOVGACheck;

/**
 * vfio_vga_check_forget: nothing is known of any write
 *
 * @check: the adapter's
 */
void vfio_vga_check_forget(VFIOVGACheck *check);

/**
 * vfio_vga_check_expects: does a write leave the copy as it is?
 *
 * @check: of an adapter with a copy
 * @write: the write, whose effect is not known otherwise
 *
 * Returns true if it was learned.  A register whose index is not known may be
 * another one each time, and is never expected.
 */
bool vfio_vga_check_expects(const VFIOVGACheck *check,
                            const VFIOVGAWrite *write);

/**
 * vfio_vga_check_begin: a write that was not expected ends a copy
 *
 * @check: the adapter's
 * @copy: what the adapter has is in @copy->adapter
 * @window: the window of the copy that ended
 * @write: the write
 */
void vfio_vga_check_begin(VFIOVGACheck *check, const VFIOVGACopy *copy,
                          VFIOVGAWindow window, const VFIOVGAWrite *write);

/**
 * vfio_vga_check_keep: the guest writes to memory while a window is watched
 *
 * @check: the adapter's
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
void vfio_vga_check_keep(VFIOVGACheck *check, uint32_t offset, uint32_t size,
                         const void *data);

/**
 * vfio_vga_check_sees_write: the guest writes to memory that no copy has
 *
 * @check: the adapter's
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
static inline void vfio_vga_check_sees_write(VFIOVGACheck *check,
                                             uint32_t offset, uint32_t size,
                                             const void *data)
{
    if (check->watched) {
        vfio_vga_check_keep(check, offset, size, data);
    }
}

/**
 * vfio_vga_check_compare: a copy has begun
 *
 * @check: the adapter's
 * @copy: the copy, as it was read
 */
void vfio_vga_check_compare(VFIOVGACheck *check, const VFIOVGACopy *copy);

#endif /* HW_VFIO_VGA_CHECK_H */
