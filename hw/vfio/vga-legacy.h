/*
 * Legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This is the interface of legacy VGA to the rest of vfio-pci.  An access of
 * the guest passes
 *
 *  window  one of the three legacy ranges as a MemoryRegion: 0xa0000 + 128 KiB
 *          of memory, ports 0x3b0 + 12 and 0x3c0 + 32.  vfio_populate_vga()
 *          makes them; their handlers are vfio_vga_read() and vfio_vga_write(),
 *          which the quirks call as well (declared in pci.h)
 *  engine  keeps some accesses for a while (vga-engine.h); there is no engine
 *          with x-vga-engine=forward
 *  region  VFIO_PCI_VGA_REGION_INDEX of the host's vfio-pci, or of whatever
 *          else implements VFIODeviceIOOps (vga-region.h)
 *
 * All functions run under the BQL.
 */

#ifndef HW_VFIO_VGA_LEGACY_H
#define HW_VFIO_VGA_LEGACY_H

#include "vga-arbiter.h"
#include "vga-bars.h"
#include "vga-explain.h"
#include "vga-props.h"
#include "vga-region.h"
#include "qapi/qapi-types-vga-stats.h"

struct VFIOPCIDevice;
struct VFIOVGAEngine;

/* The members of VFIOVGA beside its windows */
typedef struct VFIOVGALegacy {
    VFIOVGAHostRegion region;
    struct VFIOVGAEngine *engine; /* or NULL */
    uint64_t reads;  /* of the guest, as far as QEMU saw them */
    uint64_t writes;
} VFIOVGALegacy;

/**
 * vfio_vga_legacy_setup: set up legacy VGA by the options
 *
 * @vdev: the adapter, attached, its class code property not yet resolved
 * @errp: set on failure to the reason, with a hint what to do
 *
 * With x-vga=on, calls vfio_populate_vga() and explains its errors.  It also
 * refuses two adapters that would never show a picture: one that the user gave
 * another class than VGA, whose windows would never be mapped, and a virtual
 * function of SR-IOV, which answers no legacy VGA address.
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
 * vfio_vga_legacy_stop: the windows are no longer mapped
 *
 * @vdev: the adapter, with vdev->vga; it gets all pending writes
 */
void vfio_vga_legacy_stop(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_legacy_finalize: free vdev->vga
 *
 * @vdev: the adapter, with vdev->vga; its quirks were freed
 */
void vfio_vga_legacy_finalize(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_legacy_stats: get the counters
 *
 * @vdev: the adapter, with vdev->vga
 *
 * Returns the counters, to be freed with qapi_free_VFIOVGAStats().
 */
VFIOVGAStats *vfio_vga_legacy_stats(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_LEGACY_H */
