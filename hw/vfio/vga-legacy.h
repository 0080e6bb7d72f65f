/*
 * Legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One guest access goes: window -> engine -> adapter.
 *
 * window   The three legacy ranges as MemoryRegions: 0xa0000 + 128 KiB of
 *          memory, ports 0x3b0 + 12 and 0x3c0 + 32.  vfio_populate_vga()
 *          makes them; vfio_vga_read() and vfio_vga_write() (declared in
 *          pci.h, where the quirks call them too) are their handlers.
 * engine   VFIOVGALegacy.  It knows offsets and bytes, no MemoryRegion.
 * adapter  VFIO_PCI_VGA_REGION_INDEX behind VFIODeviceIOOps: the host's
 *          vfio-pci, or whatever else implements the interface.
 *
 * An offset in this file is in bytes from the start of the VGA region.  The
 * region is laid out like the legacy ranges themselves (Linux,
 * include/uapi/linux/vfio.h, VFIO_PCI_VGA_REGION_INDEX), so an offset is the
 * bus address of the memory window or the port number.
 *
 * All of it runs under the BQL.
 */
#ifndef HW_VFIO_VGA_LEGACY_H
#define HW_VFIO_VGA_LEGACY_H

#include "exec/hwaddr.h"

struct VFIODevice;
struct VFIOPCIDevice;

/*
 * How often one access is tried while the host answers "again" (-EINTR,
 * -EAGAIN).  One further try is what it takes in practice; the bound is there
 * because nothing on the host may make QEMU spin without end.
 */
#define VFIO_VGA_LEGACY_TRIES 1000

typedef struct VFIOVGALegacy {
    struct VFIODevice *vbasedev; /* not owned */
    /* Accesses asked of the adapter, a retried one counted once */
    uint64_t reads;
    uint64_t writes;
    uint64_t failures; /* those of the above that the adapter did not do */
    bool warned; /* the user has been told of the first failure */
} VFIOVGALegacy;

/**
 * vfio_vga_legacy_init: start with no access made
 *
 * @legacy: state to fill in
 * @vbasedev: the adapter; must outlive @legacy, which holds no reference
 */
void vfio_vga_legacy_init(VFIOVGALegacy *legacy, struct VFIODevice *vbasedev);

/**
 * vfio_vga_legacy_read: one read of the adapter
 *
 * @legacy: the adapter's state
 * @offset: where, in bytes from the start of the VGA region
 * @size: how much, 1 to 8 bytes
 *
 * An adapter that fails, or gives fewer bytes, reads as all ones, which is
 * what a PCI host bridge returns for a cycle that no device claims.  The first
 * failure of an adapter is a warning, the later ones are counted and traced.
 *
 * Returns the value; the byte at @offset is the least significant one.
 */
uint64_t vfio_vga_legacy_read(VFIOVGALegacy *legacy, hwaddr offset,
                              unsigned size);

/**
 * vfio_vga_legacy_write: one write to the adapter
 *
 * @legacy: the adapter's state
 * @offset: where, in bytes from the start of the VGA region
 * @data: the value; the least significant byte goes to @offset
 * @size: how much, 1 to 8 bytes
 *
 * An adapter that fails loses the write.  Failures are reported as with
 * vfio_vga_legacy_read(), as far as they are known: vfio-user hands a posted
 * write over and does not wait, so one that its server refuses counts as done.
 */
void vfio_vga_legacy_write(VFIOVGALegacy *legacy, hwaddr offset, uint64_t data,
                           unsigned size);

/**
 * vfio_vga_legacy_enable: do what x-vga=on asks for
 *
 * @vdev: the adapter, attached, its class code property not yet resolved
 * @errp: on failure, why, with a hint that says what to do
 *
 * vfio_populate_vga() with a better explanation.  Also refuses what would
 * silently do nothing: an adapter that the user gave a class other than VGA,
 * whose windows would never be mapped, and a virtual function of SR-IOV, which
 * answers no legacy VGA address.
 *
 * Returns true on success; vdev->vga is then set.  Returns false on failure;
 * vdev->vga is then as it was.
 */
bool vfio_vga_legacy_enable(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_vga_legacy_explain: replace an error by its cause
 *
 * @vbasedev: the adapter that offers no usable VGA region
 * @sysfs: where the host's sysfs is: "/sys", or a test's imitation
 * @errp: in: the error met, set; out: "x-vga=on needs a VGA region, ..." with
 *        the cause and a hint, or with the text of the error met if no known
 *        cause applies
 *
 * The host says no more than -EINVAL, so the known causes are asked one by
 * one.  Reads the class code from the adapter's own configuration space: what
 * x-pci-class-code says is for the guest and not what the host looks at.
 */
void vfio_vga_legacy_explain(struct VFIODevice *vbasedev, const char *sysfs,
                             Error **errp);

#endif /* HW_VFIO_VGA_LEGACY_H */
