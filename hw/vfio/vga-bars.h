/*
 * When a VGA adapter's BARs are mapped into the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU does not see an access to a BAR that is mapped into the guest, so
 * nothing that the guest wrote to legacy VGA memory before may be on its way
 * then.  Therefore BARs are in one of two states:
 *
 *  trapped  QEMU sees each access.  Writes to legacy VGA may be kept for a
 *           while, and leave before the access to the BAR is made.
 *  mapped   As without legacy VGA.  Each legacy access is made at once.
 *
 * The first access to what could be mapped makes it mapped, so a driver that
 * uses BARs pays for one.  Firmware, boot loaders and consoles use none: they
 * have them trapped from each reset on, and the memory map does not change.
 * Where both are used in turn, many legacy accesses make BARs trapped again;
 * each change of the memory map costs, so that happens the less often, the
 * shorter it lasted.
 *
 * With TCG, BARs are not trapped again before a reset: what TCG has in its TLBs
 * it uses to the end of the block that it runs.
 */

#ifndef HW_VFIO_VGA_BARS_H
#define HW_VFIO_VGA_BARS_H

#include "exec/hwaddr.h"

struct VFIOPCIDevice;

/* Who wants to see each access; BARs are mapped if nobody does */
typedef enum VFIOBARsTrap {
    VFIO_BARS_TRAP_INTX = 1 << 0, /* an access is taken for the end of INTx */
    VFIO_BARS_TRAP_VGA = 1 << 1,
} VFIOBARsTrap;

/**
 * vfio_bars_trap: let accesses to BARs come to QEMU, or stop that
 *
 * @vdev: the device
 * @who: who wants it; others may want it, too
 * @trap: whether they do
 *
 * Changes the memory map, unless it is in that state already.  Needs the BQL.
 */
void vfio_bars_trap(struct VFIOPCIDevice *vdev, VFIOBARsTrap who, bool trap);

/* What makes it worth it: so many legacy accesses in a row */
#define VFIO_VGA_BARS_HEAT 256
/* If they were trapped for less than this, it was not worth it */
#define VFIO_VGA_BARS_MOMENT_MS 5000
/* Then they stay mapped for twice as long as the time before, up to this */
#define VFIO_VGA_BARS_REST_MIN_MS 50
#define VFIO_VGA_BARS_REST_MAX_MS 12800

/* All zero is mapped, and nothing there to be trapped */
typedef struct VFIOVGABARs {
    struct VFIOPCIDevice *vdev;
    bool wanted;      /* there is something, and the user wants it ordered */
    bool trapped;
    int64_t since;    /* ms, when they were trapped */
    int64_t mapped;   /* ms, when they were mapped again */
    int64_t rest;     /* ms from then that they are not trapped again */
    uint64_t changes; /* of the memory map, so far */
} VFIOVGABARs;

/**
 * vfio_vga_bars_init: BARs that can be mapped are trapped
 *
 * @bars: to fill in
 * @vdev: the adapter; its BARs are registered
 * @wanted: false if the user wants none to be trapped
 */
void vfio_vga_bars_init(VFIOVGABARs *bars, struct VFIOPCIDevice *vdev,
                        bool wanted);

/**
 * vfio_vga_bars_reset: trap the BARs again, in whatever state they are
 *
 * @bars: of an adapter that was reset, so none is decoded
 */
void vfio_vga_bars_reset(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_exit: map the BARs, unless another user traps them
 *
 * @bars: of an adapter that goes
 */
void vfio_vga_bars_exit(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_mapped: may the guest access BARs without being seen?
 *
 * @bars: of the adapter
 */
static inline bool vfio_vga_bars_mapped(const VFIOVGABARs *bars)
{
    return bars->wanted && !bars->trapped;
}

/**
 * vfio_vga_bars_cover: would an access go past QEMU, were BARs mapped?
 *
 * @bars: of the adapter
 * @nr: region
 * @off: where in it
 * @size: bytes
 */
bool vfio_vga_bars_cover(const VFIOVGABARs *bars, unsigned nr, hwaddr off,
                         unsigned size);

/**
 * vfio_vga_bars_map: map the BARs into the guest
 *
 * @bars: trapped
 *
 * All that the guest wrote is at the adapter, and nothing is kept from now on.
 */
void vfio_vga_bars_map(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_trap: trap the BARs again, if that pays
 *
 * @bars: mapped
 *
 * The caller has seen many legacy accesses.  Returns true if they are trapped;
 * QEMU does not know what the guest has done until then.
 */
bool vfio_vga_bars_trap(VFIOVGABARs *bars);

#endif /* HW_VFIO_VGA_BARS_H */
