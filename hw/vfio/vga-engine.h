/*
 * Fewer calls for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each call on the VGA region costs far more than a cycle on a bus.  The engine
 * is between the guest's legacy accesses (vga-legacy.c) and the region
 * (vga-region.c).  It also sees the guest's accesses to BARs and config space
 * that go through QEMU, so it knows all that the guest does to the adapter
 * through QEMU, in order.  It works in tiers, which differ in speed, but not in
 * what the guest reads or what the adapter gets:
 *
 *  forward  Each access is one call on the region: there is no engine.
 *  combine  Write combining (vga-combine.h).  While there are many writes, KVM
 *           posts them as well (vga-posted.h).
 *  copy     While the adapter is in a text mode by its known registers
 *           (vga-regs.h), the guest works on a copy (vga-copy.h).
 *  chain4   The same in chain-4 modes.  The default is mode 13h only, which
 *           fits into its window: in a larger mode each bank would end the
 *           copy.
 *  planes   In a planar mode the guest works on a copy of the four planes
 *           (vga-planes.h).
 *
 * Order of accesses.  A write to memory reaches the adapter before any later
 * access of the guest: to another port or address, to a BAR, or to config
 * space; and before a reset or a stop of the machine.  A write to a copy
 * reaches the adapter before any later write to a register except the DAC and
 * the cursor, which only change how a picture looks, and before any access to a
 * BAR or config space.  Writes to a copy within one period are not ordered
 * among each other, and a write that another one replaces never reaches the
 * adapter.  docs/vga-assign/speed.rst has a row for each pair, with its test.
 *
 * Accesses that QEMU does not see.  QEMU does not see accesses to BARs that are
 * mapped into the guest, so BARs are not mapped while anything may be pending
 * (vga-bars.h).  Nor does it see what the adapter does by itself: while the
 * adapter may be bus master, as with a native driver, each access is forwarded
 * at once.  After any of that the registers are no longer known.
 *
 * Registers that a VGA does not have.  A write to a register of the adapter's
 * own, or to a BAR, may move the window, so after it the registers are not
 * known either, unless the same write has left the window as it was before
 * (vga-check.h).  When such writes have ceased, or the guest reads or writes
 * much memory, the registers are read back (vga-look.h).
 *
 * All times are the guest's (vga-heat.h).  The guest's clock stops with the
 * guest, and stopping the machine sends all pending writes.
 */

#ifndef HW_VFIO_VGA_ENGINE_H
#define HW_VFIO_VGA_ENGINE_H

#include "qapi/qapi-types-vga-stats.h"

struct VFIOPCIDevice;

typedef struct VFIOVGAEngine VFIOVGAEngine;

/**
 * vfio_vga_engine_init: make an engine, if the options ask for one
 *
 * @vdev: the adapter, with vdev->vga; its io_ops are wrapped
 *
 * Registers as a quirk, so a reset of the device resets it and finalizing the
 * device frees it.  It takes at most 216 KiB for each adapter, and 320 KiB more
 * after the first copy of the planes.
 *
 * Returns the engine, or NULL for tier forward.
 */
VFIOVGAEngine *vfio_vga_engine_init(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_engine_exit: send all pending writes, and end the engine's work
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
 * vfio_vga_engine_stats: fill in the engine's counters
 *
 * @e: the adapter's engine
 * @stats: the engine's members are set
 */
void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats);

#endif /* HW_VFIO_VGA_ENGINE_H */
