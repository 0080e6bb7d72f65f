/*
 * Legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This is what the rest of vfio-pci knows of legacy VGA.  One guest access goes
 *
 *  window  one of the three legacy ranges as a MemoryRegion: 0xa0000 + 128 KiB
 *          of memory, ports 0x3b0 + 12 and 0x3c0 + 32.  vfio_populate_vga()
 *          makes them; vfio_vga_read() and vfio_vga_write() (declared in pci.h,
 *          where the quirks call them, too) are their handlers.
 *  engine  which keeps some accesses for a while (vga-engine.h); there is none
 *          with x-vga-engine=forward
 *  region  VFIO_PCI_VGA_REGION_INDEX of the host's vfio-pci, or of whatever
 *          else implements VFIODeviceIOOps (vga-region.h)
 *
 * All of it runs under the BQL.
 */

#ifndef HW_VFIO_VGA_LEGACY_H
#define HW_VFIO_VGA_LEGACY_H

#include "vga-arbiter.h"
#include "vga-bars.h"
#include "vga-props.h"
#include "vga-region.h"
#include "qapi/qapi-types-vga-stats.h"

struct VFIOPCIDevice;
struct VFIOVGAEngine;

/* What is beside the windows in VFIOVGA */
typedef struct VFIOVGALegacy {
    VFIOVGAHostRegion region;
    struct VFIOVGAEngine *engine; /* or NULL */
    uint64_t reads;  /* of the guest, those that QEMU saw */
    uint64_t writes;
} VFIOVGALegacy;

/**
 * vfio_vga_legacy_setup: do what the options of legacy VGA ask for
 *
 * @vdev: the adapter, attached, its class code property not yet resolved
 * @errp: on failure, why, with a hint that says what to do
 *
 * With x-vga=on, vfio_populate_vga() with a better explanation.  Also refuses
 * what would silently do nothing: an adapter that the user gave a class other
 * than VGA, whose windows would never be mapped, and a virtual function of
 * SR-IOV, which answers no legacy VGA address.
 *
 * Returns true on success; vdev->vga is then set if x-vga is on.
 */
bool vfio_vga_legacy_setup(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_vga_legacy_start: the windows are about to be mapped
 *
 * @vdev: the adapter, with vdev->vga and its BARs registered
 */
void vfio_vga_legacy_start(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_legacy_stop: the windows are not mapped any more
 *
 * @vdev: the adapter, with vdev->vga; it has what the guest wrote afterwards
 */
void vfio_vga_legacy_stop(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_legacy_finalize: free vdev->vga
 *
 * @vdev: the adapter, with vdev->vga; its quirks were freed
 */
void vfio_vga_legacy_finalize(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_legacy_stats: what was counted
 *
 * @vdev: the adapter, with vdev->vga
 *
 * Returns the counters, to be freed with qapi_free_VFIOVGAStats().
 */
VFIOVGAStats *vfio_vga_legacy_stats(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_LEGACY_H */
