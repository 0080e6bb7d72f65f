/*
 * When a VGA adapter's BARs are mapped into the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU does not see an access to a BAR that is mapped into the guest, so no
 * earlier write to legacy VGA memory may be pending then.  Therefore BARs are
 * in one of two states:
 *
 *  trapped  QEMU sees each access.  Writes to legacy VGA may be kept for a
 *           while, and leave before the access to the BAR is made.
 *  mapped   The guest reaches BARs directly, as it does without legacy VGA.
 *           Each legacy access is made at once.
 *
 * The first access to a BAR that could be mapped maps all of them, so a driver
 * that uses BARs pays for one access.  Firmware, boot loaders and consoles use
 * no BARs: for them BARs stay trapped after each reset, and the memory map does
 * not change.  If a guest uses both in turn, many legacy accesses in a row trap
 * the BARs again.  Each change of the memory map costs time, so the shorter the
 * BARs were trapped, the later they are trapped again.
 *
 * With TCG, BARs are not trapped again before a reset: TCG uses its TLB entries
 * to the end of the block that it runs.
 */

#ifndef HW_VFIO_VGA_BARS_H
#define HW_VFIO_VGA_BARS_H

#include "exec/hwaddr.h"

struct VFIOPCIDevice;

/* Why accesses are trapped; BARs are mapped if there is no reason */
typedef enum VFIOBARsTrap {
    VFIO_BARS_TRAP_INTX = 1 << 0, /* an access is taken for the end of INTx */
    VFIO_BARS_TRAP_VGA = 1 << 1,
} VFIOBARsTrap;

/**
 * vfio_bars_trap: let accesses to BARs come to QEMU, or stop that
 *
 * @vdev: the device
 * @who: the reason, beside which there may be another one
 * @trap: whether this reason holds
 *
 * Changes the memory map if the first reason comes or the last one goes.  Needs
 * the BQL.
 */
void vfio_bars_trap(struct VFIOPCIDevice *vdev, VFIOBARsTrap who, bool trap);

/* Legacy accesses in a row after which trapping pays */
#define VFIO_VGA_BARS_HEAT 256
/* If BARs were trapped for less than this, it did not pay */
#define VFIO_VGA_BARS_MOMENT_MS 5000
/* Then they stay mapped for twice as long as the time before, up to this */
#define VFIO_VGA_BARS_REST_MIN_MS 50
#define VFIO_VGA_BARS_REST_MAX_MS 12800

/* All zero means mapped, without a BAR that could be trapped */
typedef struct VFIOVGABARs {
    struct VFIOPCIDevice *vdev;
    bool wanted;      /* there is such a BAR, and x-vga-bar-order=on */
    bool trapped;
    int64_t since;    /* ms, when BARs were trapped */
    int64_t mapped;   /* ms, when BARs were mapped again */
    int64_t rest;     /* ms after that in which they are not trapped again */
    uint64_t changes; /* of the memory map, so far */
} VFIOVGABARs;

/**
 * vfio_vga_bars_init: trap the BARs that can be mapped
 *
 * @bars: to fill in
 * @vdev: the adapter; its BARs are registered
 * @wanted: false if the user does not want BARs to be trapped
 */
void vfio_vga_bars_init(VFIOVGABARs *bars, struct VFIOPCIDevice *vdev,
                        bool wanted);

/**
 * vfio_vga_bars_reset: trap the BARs again, whatever their state
 *
 * @bars: those of an adapter that was reset, which decodes none of them
 */
void vfio_vga_bars_reset(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_exit: map the BARs, unless they are trapped for INTx
 *
 * @bars: those of an adapter that is unplugged
 */
void vfio_vga_bars_exit(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_mapped: may the guest access BARs unseen by QEMU?
 *
 * @bars: of the adapter
 */
static inline bool vfio_vga_bars_mapped(const VFIOVGABARs *bars)
{
    return bars->wanted && !bars->trapped;
}

/**
 * vfio_vga_bars_cover: would QEMU miss an access if BARs were mapped?
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
 * The caller has sent all pending writes, and keeps none from now on.
 */
void vfio_vga_bars_map(VFIOVGABARs *bars);

/**
 * vfio_vga_bars_trap: trap the BARs again, if that pays
 *
 * @bars: mapped
 *
 * The caller has seen many legacy accesses.  Returns true if BARs are trapped
 * now; QEMU does not know what the guest did through them before.
 */
bool vfio_vga_bars_trap(VFIOVGABARs *bars);

#endif /* HW_VFIO_VGA_BARS_H */
