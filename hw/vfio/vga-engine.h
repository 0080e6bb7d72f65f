/*
 * Legacy VGA accesses of an assigned adapter, made fast
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between vga-legacy.c and the adapter's VFIODeviceIOOps, so it sees all that
 * the guest does to the device through QEMU, in order.  In tiers; each gives
 * the guest and the adapter what the one before would have given them:
 *
 *  forward  One access, one call on the region: no engine.
 *  combine  Writes to ascending addresses without a gap leave as one call, in
 *           order, none left out, when anything else is about to happen, and
 *           after VFIO_VGA_ENGINE_PERIOD_MS at the latest.  While there are
 *           many, KVM keeps them for as long (vga-posted.h).
 *  shadow   While the adapter is in a text mode, for all that is known of its
 *           registers (vga-state.h), the guest works on a copy of the window,
 *           or of the font while it loads one, and what it changed is written
 *           once in a period.  A busy copy is mapped as RAM and costs no exits,
 *           unless the user wants latches to be exact.
 *  linear   The same in mode 13h.  Not by itself: games and demos that use it
 *           know more of a VGA than a text console does.
 *
 * What is ordered.  A write to memory reaches the adapter before any later
 * access of the guest: another port or address, a BAR, config space; a reset, a
 * stop.  Of the shadow: before any later write to a register except the DAC and
 * the cursor, which only change how a picture looks, and before any access to a
 * BAR or config space; writes of a period are not ordered among each other, and
 * one that another replaces never leaves.  For each pair there is a row, with
 * its test, in docs/vga-assign/speed.rst.
 *
 * Nobody sees accesses to BARs that are mapped into the guest, so they are not
 * mapped while anything may be pending (vga-bars.h).  Nor does anybody see what
 * the adapter does by itself: each access is forwarded at once while it may be
 * bus master, which a native driver's adapter is.  After any of that, and after
 * a write to a BAR that QEMU sees, the registers are not known any more.
 *
 * And the latches.  A read that the copy answers does not load them; what the
 * guest read last is read again, really, when the copy is given up.  Reads of
 * a copy that is mapped are seen by nobody.  Software that uses latches loads
 * them by a read in the mode it uses them in.  Should some not, a write that
 * uses latches which no read that QEMU saw has loaded, it is counted, and no
 * copy is mapped from then on until the device is reset.
 */

#ifndef HW_VFIO_VGA_ENGINE_H
#define HW_VFIO_VGA_ENGINE_H

#include "qom/object.h"

struct VFIOPCIDevice;

/*
 * A write is at the adapter after so long, if QEMU's main loop gets to run: a
 * guest that halts right after it must see it, and 60 pictures a second show.
 */
#define VFIO_VGA_ENGINE_PERIOD_MS 10

/*
 * So many periods without a change, and nothing ticks any more: a second, or up
 * to 16 times as long where a mapped shadow changes now and then.
 */
#define VFIO_VGA_ENGINE_IDLE_PERIODS 100

typedef enum VFIOVGATier {
    VFIO_VGA_TIER_AUTO,
    VFIO_VGA_TIER_FORWARD,
    VFIO_VGA_TIER_COMBINE,
    VFIO_VGA_TIER_SHADOW,
    VFIO_VGA_TIER_LINEAR,
    VFIO_VGA_TIER__MAX,
} VFIOVGATier;

/* What the user wants; all zero is the default */
typedef struct VFIOVGAOptions {
    VFIOVGATier tier; /* the fastest to use */
    uint8_t width;    /* widest access the adapter may see; 0: any, or 1-8 */
    bool no_ram;      /* a busy shadow may not be mapped */
    bool no_bar_order; /* BARs stay mapped, whatever is pending */
} VFIOVGAOptions;

/**
 * vfio_vga_engine_class_init: add the properties that set VFIOVGAOptions
 *
 * @klass: class of which each adapter is
 */
void vfio_vga_engine_class_init(ObjectClass *klass);

/**
 * vfio_vga_engine_init: take the way of legacy accesses
 *
 * @vdev: the adapter, with vdev->vga; its io_ops are replaced
 *
 * Registers as a quirk, so a reset of the device resets it and finalizing the
 * device frees it.  At most 144 KiB for each adapter.
 */
void vfio_vga_engine_init(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_engine_exit: write what is pending and go out of the way
 *
 * @vdev: the adapter; may have no engine
 */
void vfio_vga_engine_exit(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_ENGINE_H */
