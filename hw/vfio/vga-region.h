/*
 * The VGA region of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host offers the legacy VGA memory and ports of an adapter as one region
 * (VFIO_PCI_VGA_REGION_INDEX).  This is its only caller: it tries again what
 * the host interrupted, reports what failed, and counts.  Nobody above sees
 * -EINTR or -EAGAIN.
 *
 * An offset is in bytes from the start of the region.  The region is laid out
 * like the legacy ranges themselves (Linux, include/uapi/linux/vfio.h), so an
 * offset is the bus address in the memory window, or the port number.  Bytes
 * are in the order of the bus.
 *
 * All of it runs under the BQL.
 */

#ifndef HW_VFIO_VGA_REGION_H
#define HW_VFIO_VGA_REGION_H

struct VFIODevice;
struct VFIODeviceIOOps;
struct VFIOVGAArbiter;
struct VFIOVGABARs;

/*
 * How often one access is tried while the host answers "again" (-EINTR,
 * -EAGAIN).  One further try is what it takes in practice; the bound is there
 * because nothing on the host may make QEMU spin without end.
 */
#define VFIO_VGA_REGION_TRIES 1000

typedef struct VFIOVGAHostRegion {
    struct VFIODevice *vbasedev;     /* not owned */
    const struct VFIODeviceIOOps *io_ops; /* the adapter's own */
    struct VFIOVGAArbiter *arbiter;  /* told of each call, or NULL */
    const struct VFIOVGABARs *bars;  /* or NULL */
    unsigned width;  /* bytes that one of many writes may have; 0: any */
    bool failed;     /* an access was not done; a reset clears it */
    bool warned;     /* the user has been told of the first failure */
    uint64_t reads;  /* calls, one that is tried again counted each time */
    uint64_t writes;
    uint64_t failures; /* accesses that the adapter did not do */
} VFIOVGAHostRegion;

/**
 * vfio_vga_region_init: start with no access made
 *
 * @region: state to fill in
 * @vbasedev: the adapter; must outlive @region, which holds no reference.  Its
 *            io_ops are those that are called, whoever wraps them later
 */
void vfio_vga_region_init(VFIOVGAHostRegion *region,
                          struct VFIODevice *vbasedev);

/**
 * vfio_vga_region_read: one read that the guest waits for
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, 1 to 8 bytes
 * @data: filled with what was read
 *
 * An adapter that fails, or gives fewer bytes, reads as all ones, which is
 * what a PCI host bridge returns for a cycle that no device claims.  The first
 * failure of an adapter is a warning, the later ones are counted and traced.
 */
void vfio_vga_region_read(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data);

/**
 * vfio_vga_region_write: one write of the guest
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, 1 to 8 bytes
 * @data: the bytes
 *
 * An adapter that fails loses the write.  Failures are reported as with
 * vfio_vga_region_read(), as far as they are known: vfio-user hands a posted
 * write over and does not wait, so one that its server refuses counts as done.
 */
void vfio_vga_region_write(VFIOVGAHostRegion *region, uint32_t offset,
                           uint32_t size, const void *data);

/**
 * vfio_vga_region_put: writes that the guest made some time ago
 *
 * @region: the adapter's
 * @offset: where they begin
 * @size: how much, any number of bytes
 * @data: the bytes, of ascending addresses without a gap
 * @one: it is one write of the guest, however wide
 *
 * In as few calls as the host takes, none wider than @region->width unless
 * @one.  Where the host does not take them together, each is tried by itself:
 * nothing is lost that would not have been lost otherwise.  Failures are
 * reported as with vfio_vga_region_write().
 */
void vfio_vga_region_put(VFIOVGAHostRegion *region, uint32_t offset,
                         uint32_t size, const void *data, bool one);

/**
 * vfio_vga_region_peek: a read that the guest does not ask for
 *
 * @region: the adapter's
 * @offset: where
 * @size: how much, any number of bytes
 * @data: filled with what was read; undefined on failure
 *
 * A failure is not the guest's affair, so nothing reports or counts it.
 *
 * Returns true if all of it was read.
 */
bool vfio_vga_region_peek(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data);

#endif /* HW_VFIO_VGA_REGION_H */
