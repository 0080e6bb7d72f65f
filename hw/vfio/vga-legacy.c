/*
 * Legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VGA adapter answers at addresses that no BAR describes: the memory at
 * 0xa0000-0xbffff and the ports 0x3b0-0x3bb and 0x3c0-0x3df.  The firmware's
 * video BIOS, boot loaders and early operating systems know no other way to
 * draw.  The host offers these cycles as one region of the device, and each
 * guest access becomes one call on that region.
 *
 * Such a call can fail where a cycle on a bus cannot.  Several adapters share
 * the addresses, so Linux takes the legacy ranges from its VGA arbiter for
 * each call (vfio_pci_vga_rw() in drivers/vfio/pci/vfio_pci_rdwr.c) and waits,
 * interruptibly, while another owner holds them; a signal, and a vCPU gets
 * many, ends the wait with -EINTR.  To drop that access is a lost pixel or,
 * worse, a register written through the wrong index.  An adapter can also be
 * gone or powered down, and then every access fails, thousands for each screen
 * the guest draws: log lines nobody reads, except the first.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-legacy.h"
#include "hw/pci/pci_ids.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qom/object.h"

/*
 * Adapter
 */

/*
 * On PCI a memory write is posted, a port write is not: its initiator waits
 * for the completion (in PCI Express terms, an I/O Write is a Non-Posted
 * Request).  A guest may rely on a port write having happened once it is past
 * the instruction, so the call must not return before it has.
 */
static bool vfio_vga_legacy_posted(hwaddr offset)
{
    return offset >= QEMU_PCI_VGA_MEM_BASE;
}

/*
 * One call on the region, again while the host asks for it.  The call either
 * happened or did not: Linux takes the arbiter before the first byte moves.
 *
 * Returns the number of bytes moved, or -errno.
 */
static int vfio_vga_legacy_call(VFIOVGALegacy *legacy, bool write,
                                hwaddr offset, uint32_t size, void *data)
{
    VFIODevice *vbasedev = legacy->vbasedev;
    int tries = VFIO_VGA_LEGACY_TRIES;
    int ret;

    do {
        if (write) {
            ret = vbasedev->io_ops->region_write(
                vbasedev, VFIO_PCI_VGA_REGION_INDEX, offset, size, data,
                vfio_vga_legacy_posted(offset));
        } else {
            ret = vbasedev->io_ops->region_read(
                vbasedev, VFIO_PCI_VGA_REGION_INDEX, offset, size, data);
        }
    } while ((ret == -EINTR || ret == -EAGAIN) && --tries);

    return ret;
}

static void vfio_vga_legacy_failed(VFIOVGALegacy *legacy, bool write,
                                   hwaddr offset, unsigned size, int ret)
{
    const char *name = legacy->vbasedev->name;
    const char *direction = write ? "write" : "read";
    const char *reason = ret < 0 ? strerror(-ret) : "short transfer";

    legacy->failures++;
    trace_vfio_vga_legacy_failed(name, direction, offset, size, reason);

    if (legacy->warned) {
        return;
    }
    legacy->warned = true;
    warn_report(VFIO_MSG_PREFIX "%u-byte legacy VGA %s at 0x%"HWADDR_PRIx
                " failed: %s", name, size, direction, offset, reason);
    error_printf("The guest reads all ones and its writes are lost while the "
                 "adapter does not answer.\n"
                 "Look at the host's kernel log and at the adapter's power "
                 "state; further failures are\n"
                 "only counted, in x-vga-region-failures.\n");
}

/*
 * Engine
 */

void vfio_vga_legacy_init(VFIOVGALegacy *legacy, VFIODevice *vbasedev)
{
    *legacy = (VFIOVGALegacy) { .vbasedev = vbasedev };
}

uint64_t vfio_vga_legacy_read(VFIOVGALegacy *legacy, hwaddr offset,
                              unsigned size)
{
    uint64_t bytes = 0; /* in bus order, the first @size of them used */
    uint64_t data;
    int ret;

    ret = vfio_vga_legacy_call(legacy, false, offset, size, &bytes);
    data = le64_to_cpu(bytes);

    legacy->reads++;
    if (ret != (int)size) {
        vfio_vga_legacy_failed(legacy, false, offset, size, ret);
        data = MAKE_64BIT_MASK(0, size * 8);
    }

    trace_vfio_vga_read(legacy->vbasedev->name, offset, size, data);
    return data;
}

void vfio_vga_legacy_write(VFIOVGALegacy *legacy, hwaddr offset, uint64_t data,
                           unsigned size)
{
    uint64_t bytes = cpu_to_le64(data);
    int ret;

    ret = vfio_vga_legacy_call(legacy, true, offset, size, &bytes);

    legacy->writes++;
    if (ret != (int)size) {
        vfio_vga_legacy_failed(legacy, true, offset, size, ret);
    }

    trace_vfio_vga_write(legacy->vbasedev->name, offset, data, size);
}

/*
 * Window
 */

static const struct {
    const char *name;
    hwaddr base; /* bus address or port, and offset in the region */
    uint64_t size;
} vfio_vga_windows[QEMU_PCI_VGA_NUM_REGIONS] = {
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

void vfio_vga_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    VFIOVGARegion *region = opaque;
    VFIOVGA *vga = container_of(region, VFIOVGA, region[region->nr]);

    vfio_vga_legacy_write(&vga->legacy, region->offset + addr, data, size);
}

uint64_t vfio_vga_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIOVGARegion *region = opaque;
    VFIOVGA *vga = container_of(region, VFIOVGA, region[region->nr]);

    return vfio_vga_legacy_read(&vga->legacy, region->offset + addr, size);
}

/*
 * The memory core lets no handler of a device call another one of the same
 * device, and drops the access.  Here this has to happen: while writes to these
 * regions are posted (vga-posted.h), each handler of the device, of a BAR or of
 * a quirk as well, empties KVM's ring first, and out of it come writes to these
 * regions, and none but writes.  So they may: what makes it safe is said in
 * vga-engine.c, and without an engine nothing is posted.
 */
static void vfio_vga_allow_reentry(MemoryRegion *mr)
{
    mr->disable_reentrancy_guard = true;
}

/*
 * The adapter sees accesses of at most 4 bytes.  The guest may make one of 8
 * (TCG hands it over whole); it is split, low half first, not refused.
 */
static const MemoryRegionOps vfio_vga_ops = {
    .read = vfio_vga_read,
    .write = vfio_vga_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

/*
 * The counters live in vdev->vga, which instance_finalize frees: QOM deletes
 * an object's properties before that, so no reader can come too late.
 */
static void vfio_vga_legacy_add_counters(Object *obj, VFIOVGALegacy *legacy)
{
    const struct {
        const char *name;
        const uint64_t *value;
        const char *description;
    } counters[] = {
        { "x-vga-region-reads", &legacy->reads,
          "Legacy VGA reads asked of the adapter" },
        { "x-vga-region-writes", &legacy->writes,
          "Legacy VGA writes asked of the adapter" },
        { "x-vga-region-failures", &legacy->failures,
          "Legacy VGA reads and writes the adapter did not do" },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(counters); i++) {
        object_property_add_uint64_ptr(obj, counters[i].name,
                                       counters[i].value, OBJ_PROP_FLAG_READ);
        object_property_set_description(obj, counters[i].name,
                                        counters[i].description);
    }
}

/*
 * A region past num_initial_regions is not in the device's cache of region
 * info, and each access would ask the host for it anew.
 */
static bool vfio_vga_region_usable(VFIODevice *vbasedev, Error **errp)
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

    if (!vfio_vga_region_usable(&vdev->vbasedev, errp)) {
        return false;
    }

    vga = g_new0(VFIOVGA, 1);
    vfio_vga_legacy_init(&vga->legacy, &vdev->vbasedev);

    for (i = 0; i < ARRAY_SIZE(vga->region); i++) {
        VFIOVGARegion *region = &vga->region[i];

        region->offset = vfio_vga_windows[i].base;
        region->nr = i;
        QLIST_INIT(&region->quirks);
        memory_region_init_io(&region->mem, OBJECT(vdev), &vfio_vga_ops,
                              region, vfio_vga_windows[i].name,
                              vfio_vga_windows[i].size);
        vfio_vga_allow_reentry(&region->mem);
    }

    vfio_vga_legacy_add_counters(OBJECT(vdev), &vga->legacy);
    vdev->vga = vga;

    return true;
}

/*
 * Why there is no VGA region
 *
 * Each rule answers one question and returns what is wrong, newly allocated,
 * or NULL if that is not it.  Facts: Linux answers VFIO_DEVICE_GET_REGION_INFO
 * with -EINVAL unless has_vga, which vfio_pci_core_enable() sets if VGA access
 * is built in (CONFIG_VFIO_PCI_VGA), not disabled (disable_vga), and the
 * adapter's class is VGA (drivers/vfio/pci/vfio_pci_core.c).
 */

/* What a server serves is its own affair, and nothing in sysfs is about it */
static char *vfio_vga_cause_server(VFIODevice *vbasedev, const char *sysfs)
{
    if (!vbasedev->proxy) {
        return NULL;
    }
    return g_strdup("the vfio-user server offers no VGA region");
}

static char *vfio_vga_cause_mdev(VFIODevice *vbasedev, const char *sysfs)
{
    if (!vbasedev->mdev) {
        return NULL;
    }
    return g_strdup("mediated devices have no legacy VGA region");
}

static char *vfio_vga_cause_class(VFIODevice *vbasedev, const char *sysfs)
{
    uint16_t class = 0;
    int ret;

    ret = vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                        PCI_CLASS_DEVICE, sizeof(class),
                                        &class);
    class = le16_to_cpu(class);
    if (ret != sizeof(class) || class == PCI_CLASS_DISPLAY_VGA) {
        return NULL;
    }
    return g_strdup_printf("it is no VGA controller, its class is 0x%04x "
                           "(VGA is 0x%04x)", class, PCI_CLASS_DISPLAY_VGA);
}

/* Linux shows a boolean parameter as Y or N */
static char *vfio_vga_cause_disabled(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *path =
        g_strdup_printf("%s/module/vfio_pci/parameters/disable_vga", sysfs);
    g_autofree char *value = NULL;

    if (!g_file_get_contents(path, &value, NULL, NULL) || value[0] != 'Y') {
        return NULL;
    }
    return g_strdup("the host's vfio-pci was loaded with disable_vga=1");
}

/* vfio_pci.c declares disable_vga only #ifdef CONFIG_VFIO_PCI_VGA */
static char *vfio_vga_cause_not_built(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *module = g_strdup_printf("%s/module/vfio_pci", sysfs);
    g_autofree char *path =
        g_strdup_printf("%s/parameters/disable_vga", module);

    if (!g_file_test(module, G_FILE_TEST_IS_DIR) ||
        g_file_test(path, G_FILE_TEST_EXISTS)) {
        return NULL;
    }
    return g_strdup("the host's kernel was built without CONFIG_VFIO_PCI_VGA");
}

static char *vfio_vga_cause_driver(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *link = NULL;
    g_autofree char *target = NULL;
    g_autofree char *driver = NULL;

    /* A device given as a file descriptor has no known place in sysfs */
    if (!vbasedev->sysfsdev) {
        return NULL;
    }
    link = g_strdup_printf("%s/driver", vbasedev->sysfsdev);
    target = g_file_read_link(link, NULL);
    if (!target) {
        return NULL;
    }
    driver = g_path_get_basename(target);
    if (!strcmp(driver, "vfio-pci")) {
        return NULL;
    }
    return g_strdup_printf("its host driver is '%s', not 'vfio-pci'", driver);
}

/*
 * In this order: who answers for the device (one behind a vfio-user server is
 * marked as a mediated device too), what it is, then how the host's vfio-pci
 * was loaded and built, which holds for each driver on top of vfio_pci_core,
 * and the driver itself only when neither tells.
 */
static const struct {
    char *(*ask)(VFIODevice *vbasedev, const char *sysfs);
    const char *remedy;
} vfio_vga_causes[] = {
    { vfio_vga_cause_server,
      "Serve a VGA-class device, VGA or cirrus-vga for example, from a server "
      "that has one.\nOf QEMU's x-vfio-user-server, only one with legacy VGA "
      "assignment does." },
    { vfio_vga_cause_mdev,
      "Leave x-vga out. A mediated device with a display shows it with "
      "display=on." },
    { vfio_vga_cause_class,
      "Assign the VGA controller ('lspci -nn' shows [0300]), or leave x-vga "
      "out." },
    { vfio_vga_cause_disabled,
      "Remove disable_vga=1 from /etc/modprobe.d or from the host's kernel "
      "command line\n(vfio_pci.disable_vga=1, vfio-pci.disable_vga=1), then "
      "reload vfio-pci or reboot." },
    { vfio_vga_cause_not_built,
      "Boot a host kernel with CONFIG_VFIO_PCI_VGA=y; it exists on x86 only." },
    { vfio_vga_cause_driver,
      "Bind the adapter to vfio-pci, for example with\n"
      "'driverctl set-override ADDRESS vfio-pci'." },
};

void vfio_vga_legacy_explain(VFIODevice *vbasedev, const char *sysfs,
                             Error **errp)
{
    ERRP_GUARD();
    g_autofree char *cause = NULL;
    const char *remedy = "The host's kernel log may tell more; what x-vga=on "
                         "needs is in QEMU's documentation,\n"
                         "\"Legacy VGA assignment\".";
    int i;

    for (i = 0; i < ARRAY_SIZE(vfio_vga_causes) && !cause; i++) {
        cause = vfio_vga_causes[i].ask(vbasedev, sysfs);
        if (cause) {
            remedy = vfio_vga_causes[i].remedy;
        }
    }
    if (!cause) {
        cause = g_strdup(error_get_pretty(*errp));
    }

    error_free(*errp);
    *errp = NULL;
    error_setg(errp, "x-vga=on needs a VGA region, and the adapter offers "
               "none: %s", cause);
    error_append_hint(errp, "%s\n", remedy);
}

/*
 * The host's function that @vbasedev is a virtual function of, newly
 * allocated; NULL if it is none.  Such a function answers no legacy VGA
 * address, whatever its class (PCI Express Base 6.0, 9.3.4.1.3), and Linux
 * offers the VGA region by the class alone.
 */
static char *vfio_vga_physical_function(VFIODevice *vbasedev)
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

bool vfio_vga_legacy_enable(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *physfn = vfio_vga_physical_function(&vdev->vbasedev);

    if (physfn) {
        error_setg(errp, "x-vga=on needs an adapter that answers legacy VGA "
                   "addresses, and a virtual function (this one is of %s) "
                   "answers none", physfn);
        error_append_hint(errp, "Assign %s itself; or leave x-vga out, and "
                          "give the guest an emulated display.\n", physfn);
        return false;
    }

    if (vdev->class_code != PCI_ANY_ID && !vfio_is_vga(vdev)) {
        error_setg(errp, "x-vga=on contradicts x-pci-class-code=0x%06x",
                   vdev->class_code);
        error_append_hint(errp, "The legacy ranges belong to class 0x0300xx; "
                          "leave out one of the two.\n");
        return false;
    }

    if (!vfio_populate_vga(vdev, errp)) {
        vfio_vga_legacy_explain(&vdev->vbasedev, "/sys", errp);
        return false;
    }

    return true;
}
