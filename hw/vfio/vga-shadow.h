/*
 * A copy of a VGA adapter's window that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two images of the window: what the guest sees, and what the adapter has.
 * What differs has to be written.  As the window is RAM-like (vga-state.h),
 * comparing is as good as noting each write: to write what is there already
 * changes nothing.  It needs no dirty log, so the guest's image can be mapped
 * as RAM and written without anybody's help, and 32 KiB compare in about the
 * time that one system call takes.
 */

#ifndef HW_VFIO_VGA_SHADOW_H
#define HW_VFIO_VGA_SHADOW_H

/*
 * Differences that are nearer than this (bytes) are written in one go, with
 * what is between: a call costs more than the bytes.
 */
#define VFIO_VGA_SHADOW_GAP 256

/**
 * vfio_vga_shadow_next: take over the next run of bytes that differ
 *
 * @guest: what the guest sees; may be written meanwhile by other threads
 * @adapter: what the adapter has; the run in it becomes what the guest has
 * @size: bytes of each, a multiple of 8
 * @from: where to start, in bytes, a multiple of 8
 * @start: set to where the run starts, in bytes, a multiple of 8
 *
 * A byte that changes while this looks at it is taken over or left for the
 * next time; @adapter never has a value that @guest did not have.
 *
 * Returns the run's length in bytes, a multiple of 8; 0 if nothing differs
 */
uint32_t vfio_vga_shadow_next(const uint64_t *guest, uint64_t *adapter,
                              uint32_t size, uint32_t from, uint32_t *start);

#endif /* HW_VFIO_VGA_SHADOW_H */
