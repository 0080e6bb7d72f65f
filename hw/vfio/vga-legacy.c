/*
 * Legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VGA adapter answers at addresses that no BAR describes: the memory at
 * 0xa0000-0xbffff and the ports 0x3b0-0x3bb and 0x3c0-0x3df.  The firmware's
 * video BIOS, boot loaders and early operating systems cannot draw in any other
 * way.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-engine.h"
#include "vga-legacy.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qom/object.h"

/*
 * Handlers of the windows
 */

static const struct {
    const char *name;
    hwaddr base; /* bus address or port, and offset in the region */
    uint64_t size;
} legacy_windows[QEMU_PCI_VGA_NUM_REGIONS] = {
    [QEMU_PCI_VGA_MEM] = {
        "vfio-vga-mmio@0xa0000", QEMU_PCI_VGA_MEM_BASE, QEMU_PCI_VGA_MEM_SIZE
    },
    [QEMU_PCI_VGA_IO_LO] = {
        "vfio-vga-io@0x3b0", QEMU_PCI_VGA_IO_LO_BASE, QEMU_PCI_VGA_IO_LO_SIZE
    },
    [QEMU_PCI_VGA_IO_HI] = {
        "vfio-vga-io@0x3c0", QEMU_PCI_VGA_IO_HI_BASE, QEMU_PCI_VGA_IO_HI_SIZE
    },
};

/* How many bytes of an access that is not aligned come next */
static unsigned legacy_piece(hwaddr addr, unsigned size)
{
    unsigned piece = pow2floor(size);

    while (!QEMU_IS_ALIGNED(addr, piece)) {
        piece /= 2;
    }
    return piece;
}

/* What is past the end of the window is not of a VGA, and goes nowhere */
static void legacy_write_pieces(VFIOVGARegion *window, hwaddr addr,
                                uint64_t data, unsigned size)
{
    uint64_t end = MIN(addr + size, legacy_windows[window->nr].size);
    unsigned piece;

    for (; addr < end; addr += piece) {
        piece = legacy_piece(addr, end - addr);
        vfio_vga_write(window, addr, extract64(data, 0, 8 * piece), piece);
        data >>= 8 * piece;
    }
}

/* ... and reads as ones */
static uint64_t legacy_read_pieces(VFIOVGARegion *window, hwaddr addr,
                                   unsigned size)
{
    uint64_t end = MIN(addr + size, legacy_windows[window->nr].size);
    uint64_t data = UINT64_MAX;
    unsigned piece, shift;

    for (shift = 0; addr < end; addr += piece, shift += 8 * piece) {
        piece = legacy_piece(addr, end - addr);
        data = deposit64(data, shift, 8 * piece,
                         vfio_vga_read(window, addr, piece));
    }
    return extract64(data, 0, 8 * size);
}

void vfio_vga_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    VFIOVGARegion *window = opaque;
    VFIOVGA *vga = container_of(window, VFIOVGA, region[window->nr]);
    VFIOVGALegacy *legacy = &vga->legacy;
    uint32_t offset = window->offset + addr;
    uint64_t bytes = cpu_to_le64(data);

    if (!QEMU_IS_ALIGNED(addr, size)) {
        legacy_write_pieces(window, addr, data, size);
        return;
    }
    legacy->writes++;
    if (legacy->engine) {
        vfio_vga_engine_write(legacy->engine, offset, size, &bytes);
    } else {
        vfio_vga_region_write(&legacy->region, offset, size, &bytes);
    }
    trace_vfio_vga_legacy_write(legacy->region.vbasedev->name, offset, data,
                                size);
}

uint64_t vfio_vga_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIOVGARegion *window = opaque;
    VFIOVGA *vga = container_of(window, VFIOVGA, region[window->nr]);
    VFIOVGALegacy *legacy = &vga->legacy;
    uint32_t offset = window->offset + addr;
    uint64_t bytes = 0; /* in bus order, the first @size of them used */
    uint64_t data;

    if (!QEMU_IS_ALIGNED(addr, size)) {
        return legacy_read_pieces(window, addr, size);
    }
    legacy->reads++;
    if (legacy->engine) {
        vfio_vga_engine_read(legacy->engine, offset, size, &bytes);
    } else {
        vfio_vga_region_read(&legacy->region, offset, size, &bytes);
    }
    data = le64_to_cpu(bytes);
    trace_vfio_vga_legacy_read(legacy->region.vbasedev->name, offset, size,
                               data);
    return data;
}

/*
 * If a handler of a device calls another handler of the same device, the memory
 * core drops the access.  Here such calls are necessary: while writes to these
 * regions are posted (vga-posted.h), each handler of the device, including
 * those of BARs and quirks, empties KVM's ring first, and only writes to these
 * regions come out of the ring.  So these three regions allow it; vga-posted.h
 * says why that is safe, and without an engine nothing is posted.
 */
static void legacy_allow_reentry(MemoryRegion *mr)
{
    mr->disable_reentrancy_guard = true;
}

/*
 * The adapter gets aligned accesses of at most 4 bytes.  An access of 8 bytes
 * by the guest (TCG passes it on whole) is split, low half first, and not
 * refused.  One that is not aligned is split where a bus splits it: for KVM
 * address_space_rw() does that, but TCG passes on a word at an odd port, or a
 * doubleword at an even one, as it is.
 */
static const MemoryRegionOps vfio_vga_ops = {
    .read = vfio_vga_read,
    .write = vfio_vga_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

/*
 * Life
 */

/*
 * A region past num_initial_regions is not in the device's cache of region
 * info, and each access would ask the host for it again.
 */
static bool legacy_region_usable(VFIODevice *vbasedev, Error **errp)
{
    struct vfio_region_info *info = NULL; /* owned by the cache */
    const uint32_t rw = VFIO_REGION_INFO_FLAG_READ |
                        VFIO_REGION_INFO_FLAG_WRITE;
    int ret = -EINVAL;

    if (vbasedev->num_initial_regions > VFIO_PCI_VGA_REGION_INDEX) {
        ret = vfio_device_get_region_info(vbasedev, VFIO_PCI_VGA_REGION_INDEX,
                                          &info);
    }
    if (ret) {
        error_setg_errno(errp, -ret,
                         "failed getting region info for VGA region index %d",
                         VFIO_PCI_VGA_REGION_INDEX);
        return false;
    }

    if ((info->flags & rw) != rw ||
        info->size < QEMU_PCI_VGA_MEM_BASE + QEMU_PCI_VGA_MEM_SIZE) {
        error_setg(errp, "unexpected VGA info, flags 0x%lx, size 0x%lx",
                   (unsigned long)info->flags, (unsigned long)info->size);
        return false;
    }

    return true;
}

bool vfio_populate_vga(VFIOPCIDevice *vdev, Error **errp)
{
    VFIOVGA *vga;
    int i;

    if (!legacy_region_usable(&vdev->vbasedev, errp)) {
        return false;
    }

    vga = g_new0(VFIOVGA, 1);
    vfio_vga_region_init(&vga->legacy.region, &vdev->vbasedev);

    for (i = 0; i < ARRAY_SIZE(vga->region); i++) {
        VFIOVGARegion *region = &vga->region[i];

        region->offset = legacy_windows[i].base;
        region->nr = i;
        QLIST_INIT(&region->quirks);
        memory_region_init_io(&region->mem, OBJECT(vdev), &vfio_vga_ops,
                              region, legacy_windows[i].name,
                              legacy_windows[i].size);
        legacy_allow_reentry(&region->mem);
    }

    vdev->vga = vga;

    return true;
}

/*
 * The physical function of the host whose virtual function @vbasedev is, newly
 * allocated; NULL if it is not a virtual function.  Such a function answers no
 * legacy VGA address, whatever its class (PCI Express Base 6.0, 9.3.4.1.3),
 * and Linux offers the VGA region by the class alone.
 */
static char *legacy_physical_function(VFIODevice *vbasedev)
{
    g_autofree char *link = NULL;
    g_autofree char *target = NULL;

    if (!vbasedev->sysfsdev) {
        return NULL;
    }
    link = g_strdup_printf("%s/physfn", vbasedev->sysfsdev);
    target = g_file_read_link(link, NULL);
    return target ? g_path_get_basename(target) : NULL;
}

static bool legacy_enable(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *physfn = legacy_physical_function(&vdev->vbasedev);

    if (physfn) {
        error_setg(errp, "x-vga=on needs an adapter that answers legacy VGA "
                   "addresses, and a virtual function (this one is of %s) "
                   "answers none", physfn);
        error_append_hint(errp, "Assign %s itself, or leave x-vga out and "
                          "give the guest an emulated display.\n", physfn);
        return false;
    }

    if (vdev->class_code != PCI_ANY_ID && !vfio_is_vga(vdev)) {
        error_setg(errp, "x-vga=on contradicts x-pci-class-code=0x%06x",
                   vdev->class_code);
        error_append_hint(errp, "The legacy ranges belong to class 0x0300xx; "
                          "leave out one of the two options.\n");
        return false;
    }

    if (!vfio_populate_vga(vdev, errp)) {
        vfio_vga_explain(&vdev->vbasedev, "/sys", errp);
        return false;
    }

    return true;
}

bool vfio_vga_legacy_setup(VFIOPCIDevice *vdev, Error **errp)
{
    if (!vfio_vga_props_valid(vdev, errp)) {
        return false;
    }
    if ((vdev->features & VFIO_FEATURE_ENABLE_VGA) &&
        !legacy_enable(vdev, errp)) {
        return false;
    }
    if (!vfio_vga_arbiter_setup(vdev, errp)) {
        return false;
    }
    if (vdev->vga) {
        vdev->vga->legacy.region.arbiter = vdev->vga_hold.arbiter;
    }
    return true;
}

void vfio_vga_legacy_start(VFIOPCIDevice *vdev)
{
    vdev->vga->legacy.engine = vfio_vga_engine_init(vdev);
}

void vfio_vga_legacy_stop(VFIOPCIDevice *vdev)
{
    VFIOVGALegacy *legacy = &vdev->vga->legacy;

    if (legacy->engine) {
        vfio_vga_engine_exit(legacy->engine);
        legacy->engine = NULL;
    }
}

void vfio_vga_legacy_finalize(VFIOPCIDevice *vdev)
{
    vfio_vga_arbiter_finalize(vdev);
    g_free(vdev->vga);
    vdev->vga = NULL;
}

VFIOVGAStats *vfio_vga_legacy_stats(VFIOPCIDevice *vdev)
{
    const VFIOVGALegacy *legacy = &vdev->vga->legacy;
    VFIOVGAStats *stats = g_new0(VFIOVGAStats, 1);

    stats->path = object_get_canonical_path(OBJECT(vdev));
    stats->host_name = g_strdup(vdev->vbasedev.name);
    stats->tier = VFIO_VGA_TIER_FORWARD;
    stats->guest_reads = legacy->reads;
    stats->guest_writes = legacy->writes;
    stats->region_reads = legacy->region.reads;
    stats->region_writes = legacy->region.writes;
    stats->region_failures = legacy->region.failures;
    if (legacy->engine) {
        vfio_vga_engine_stats(legacy->engine, stats);
    }
    if (legacy->region.arbiter) {
        stats->has_arbiter_holds = true;
        stats->arbiter_holds = vfio_vga_arbiter_holds(legacy->region.arbiter);
    }
    return stats;
}
