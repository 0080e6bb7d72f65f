/*
 * The VGA region of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host offers the legacy VGA memory and ports of an adapter as one region
 * (VFIO_PCI_VGA_REGION_INDEX).  Only this file calls it: it repeats calls that
 * the host interrupted, reports failures, and counts.  Its callers never see
 * -EINTR or -EAGAIN.
 *
 * An offset is in bytes from the start of the region.  The region is laid out
 * like the legacy ranges themselves (Linux, include/uapi/linux/vfio.h), so an
 * offset is the bus address in the memory window, or the port number.  Bytes
 * are in the order of the bus.
 *
 * All functions run under the BQL.
 */

#ifndef HW_VFIO_VGA_REGION_H
#define HW_VFIO_VGA_REGION_H

struct VFIODevice;
struct VFIODeviceIOOps;
struct VFIOVGAArbiter;
struct VFIOVGABARs;

/*
 * How often one access is tried while the host answers "again" (-EINTR,
 * -EAGAIN).  In practice one further try is enough; the bound keeps the host
 * from making QEMU spin without end.
 */
#define VFIO_VGA_REGION_TRIES 1000

typedef struct VFIOVGAHostRegion {
    struct VFIODevice *vbasedev;     /* not owned */
    const struct VFIODeviceIOOps *io_ops; /* the adapter's own */
    struct VFIOVGAArbiter *arbiter;  /* notified of each call, or NULL */
    const struct VFIOVGABARs *bars;  /* or NULL */
    unsigned width;  /* bytes of the widest of several writes; 0: any */
    bool failed;     /* an access has failed; a reset clears it */
    bool warned;     /* the first failure was reported */
    uint64_t reads;  /* calls, with each repetition counted */
    uint64_t writes;
    uint64_t failures; /* accesses that failed */
} VFIOVGAHostRegion;

/**
 * vfio_vga_region_init: initialize the region
 *
 * @region: state to fill in
 * @vbasedev: the adapter; must outlive @region, which holds no reference.  Its
 *            present io_ops are called, even if they are wrapped later
 */
void vfio_vga_region_init(VFIOVGAHostRegion *region,
                          struct VFIODevice *vbasedev);

/**
 * vfio_vga_region_read: make one read of the guest
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, 1 to 8 bytes
 * @data: filled with what was read
 *
 * If the adapter fails or gives fewer bytes, the result is all ones, as from a
 * PCI host bridge for a cycle that no device claims.  The first failure of an
 * adapter is a warning, and later ones are counted and traced.
 */
void vfio_vga_region_read(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data);

/**
 * vfio_vga_region_write: make one write of the guest
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, 1 to 8 bytes
 * @data: the bytes
 *
 * If the adapter fails, the write is lost.  Failures are reported as with
 * vfio_vga_region_read(), as far as they are known: vfio-user does not wait for
 * a posted write, so a write that its server refuses counts as done.
 */
void vfio_vga_region_write(VFIOVGAHostRegion *region, uint32_t offset,
                           uint32_t size, const void *data);

/**
 * vfio_vga_region_put: make earlier writes of the guest
 *
 * @region: the adapter's
 * @offset: where they begin
 * @size: how much, any number of bytes
 * @data: the bytes, of ascending addresses without a gap
 * @one: whether the bytes are one write of the guest, however wide
 *
 * Makes as few calls as the host allows, none wider than @region->width unless
 * @one.  If the host does not take the bytes together, each piece is tried by
 * itself, so that no other write is lost.  Failures are reported as with
 * vfio_vga_region_write().
 */
void vfio_vga_region_put(VFIOVGAHostRegion *region, uint32_t offset,
                         uint32_t size, const void *data, bool one);

/**
 * vfio_vga_region_peek: make a read that the guest has not made
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, any number of bytes
 * @data: filled with what was read; undefined on failure
 *
 * A failure does not affect the guest, so it is neither reported nor counted.
 *
 * Returns true if all bytes were read.
 */
bool vfio_vga_region_peek(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data);

#endif /* HW_VFIO_VGA_REGION_H */
