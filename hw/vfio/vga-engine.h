/*
 * Fewer calls for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each call on the VGA region costs far more than a cycle on a bus.  The engine
 * is between the guest's legacy accesses (vga-legacy.c) and the region
 * (vga-region.c), and in the way of the guest's accesses to BARs and config
 * space that QEMU sees, so it knows all that the guest does to the adapter
 * through QEMU, in order.  It works in tiers; each gives the guest and the
 * adapter what the one before would have given them:
 *
 *  forward  Each access is one call on the region: there is no engine.
 *  combine  Write combining (vga-combine.h).  While there are many writes, KVM
 *           posts them as well (vga-posted.h).
 *  copy     While the adapter is in a text mode, for all that is known of its
 *           registers (vga-regs.h), the guest works on a copy (vga-copy.h).
 *  chain4   The same in chain-4 modes.  By default in mode 13h only, which fits
 *           into its window: in a larger one each bank would end the copy.
 *  planes   In a planar mode the guest works on a copy of the four planes
 *           (vga-planes.h).
 *
 * What is ordered.  A write to memory reaches the adapter before any later
 * access of the guest: to another port or address, to a BAR, or to config
 * space; and before a reset or a stop of the machine.  A write to a copy
 * reaches the adapter before any later write to a register except the DAC and
 * the cursor, which only change how a picture looks, and before any access to a
 * BAR or config space.  Writes to a copy within one period are not ordered
 * among each other, and one that another replaces never leaves.  For each pair
 * there is a row, with its test, in docs/vga-assign/speed.rst.
 *
 * What QEMU does not see.  Nobody sees accesses to BARs that are mapped into
 * the guest, so they are not mapped while anything may be pending (vga-bars.h).
 * Nor does anybody see what the adapter does by itself: each access is
 * forwarded at once while it may be bus master, which a native driver's adapter
 * is.  After any of that the registers are not known any more.
 *
 * What is not a VGA's.  A write to a register of the adapter's own, or to a
 * BAR, may move the window, so the registers are not known then either, unless
 * the same write has left the window as it was before (vga-check.h).  When such
 * writes have ceased, or the guest reads or writes much memory, the registers
 * are read back (vga-look.h).
 *
 * Time is the guest's (vga-heat.h).  While it stands still, so does the guest,
 * and what had to leave has left when the machine was stopped.
 */

#ifndef HW_VFIO_VGA_ENGINE_H
#define HW_VFIO_VGA_ENGINE_H

#include "qapi/qapi-types-vga-stats.h"

struct VFIOPCIDevice;

typedef struct VFIOVGAEngine VFIOVGAEngine;

/**
 * vfio_vga_engine_init: put an engine in the way, if the options ask for one
 *
 * @vdev: the adapter, with vdev->vga; its io_ops are wrapped
 *
 * Registers as a quirk, so a reset of the device resets it and finalizing the
 * device frees it.  At most 216 KiB for each adapter, and 320 KiB more once
 * there was a copy of the planes.
 *
 * Returns the engine, or NULL for tier forward.
 */
VFIOVGAEngine *vfio_vga_engine_init(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_engine_exit: write what is pending and go out of the way
 *
 * @e: the adapter's engine, which is freed with the device's quirks
 */
void vfio_vga_engine_exit(VFIOVGAEngine *e);

/**
 * vfio_vga_engine_read, vfio_vga_engine_write: a legacy access of the guest
 *
 * @e: the adapter's engine
 * @offset: where in the VGA region
 * @size: bytes, 1 to 8
 * @data: the bytes, in the order of the bus
 */
void vfio_vga_engine_read(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                          void *data);
void vfio_vga_engine_write(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                           const void *data);

/**
 * vfio_vga_engine_stats: what it has counted
 *
 * @e: the adapter's engine
 * @stats: the engine's part of it is filled in
 */
void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats);

#endif /* HW_VFIO_VGA_ENGINE_H */
