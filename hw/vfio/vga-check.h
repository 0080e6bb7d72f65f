/*
 * Which of an adapter's own registers leave its window as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The video BIOSes of real adapters write registers that a VGA does not have:
 * at the end of a mode set, in a BAR, or after each line that they scroll
 * (Matrox Mystique: port 3d8).  Such a write may move the window, but mostly
 * does not.  Forgetting the window each time would be correct, but would make
 * each line of a console as slow as without a copy.  So this file finds out, in
 * three steps:
 *
 * 1. Such a write ends the copy: all pending writes reach the adapter before
 *    it.  The contents of the window are kept, and the guest's later writes to
 *    the window are noted in them.
 * 2. When the next copy begins, which reads the window anyway, all of it is
 *    compared with the kept contents.  If they are equal, and the guest has
 *    changed any of them since, the write has left the window as it was, for
 *    reads and for writes.
 * 3. The same write leaves the next copies in place.  Any other write begins
 *    with step 1 again.
 *
 * Only a single write is learned, not several in a row: the first of two can
 * switch a bank, and the second can switch it back.
 *
 * A window that moved could have the same contents by chance, such as an empty
 * screen.  So kept contents prove nothing unless enough of their bytes differ
 * from each other, without those that the guest has written since.
 *
 * All functions run under the BQL.
 */

#ifndef HW_VFIO_VGA_CHECK_H
#define HW_VFIO_VGA_CHECK_H

#include "qemu/bitmap.h"
#include "vga-copy.h"

/* How many kept bytes must differ from the one two before them */
#define VFIO_VGA_CHECK_DIFFER 32

/* A write whose effect is not known; compared byte by byte */
typedef struct VFIOVGAWrite {
    uint64_t offset; /* in the region */
    uint64_t data;
    uint32_t size;
    uint16_t region; /* VFIO_PCI_VGA_REGION_INDEX, or a BAR */
    int16_t index;   /* of an indexed register, or VFIO_VGA_UNKNOWN; or 0 */
} VFIOVGAWrite;

typedef struct VFIOVGACheck {
    VFIOVGAWrite write;   /* the write that ended the last copy */
    bool watched;         /* no other such write has come since */
    bool learned;         /* the write leaves the copy as it is */
    bool changed;         /* the guest has changed kept contents since */
    VFIOVGAWindow window; /* of that copy */
    uint8_t kept[VFIO_VGA_WINDOW_MAX]; /* its contents, while watched */
    DECLARE_BITMAP(written, VFIO_VGA_WINDOW_MAX); /* by the guest since */
} VFIOVGACheck;

/**
 * vfio_vga_check_forget: forget the write that was watched or learned
 *
 * @check: the adapter's
 */
void vfio_vga_check_forget(VFIOVGACheck *check);

/**
 * vfio_vga_check_expects: does a write leave the copy as it is?
 *
 * @check: that of an adapter with a copy
 * @write: the write, whose effect is not known otherwise
 *
 * Returns true if this write was learned.  A write to a register whose index is
 * not known may reach another register each time, and is never expected.
 */
bool vfio_vga_check_expects(const VFIOVGACheck *check,
                            const VFIOVGAWrite *write);

/**
 * vfio_vga_check_begin: a write that was not expected ends a copy
 *
 * @check: the adapter's
 * @copy: the copy; @copy->adapter has the contents of the adapter's window
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
