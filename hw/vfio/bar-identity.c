/*
 * BARs of an assigned adapter where the host has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual.
 */

#include "qemu/osdep.h"

#include "hw/acpi/acpi_aml_interface.h"
#include "hw/acpi/aml-build.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie_host.h"
#include "hw/qdev-properties.h"
#include "hw/vfio/vfio-device.h"
#include "pci.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-common.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "system/system.h"
#include "trace.h"

#define BRIDGE_WINDOW   (1 * MiB)       /* what a bridge's window is made of */
#define MMCONFIG_SIZE   (256 * MiB)     /* of 256 buses */
#define CHIPSET_START   0xfec00000      /* the first I/O APIC */

/* Where no PCI device can be, whatever the guest's memory is like */
static const struct {
    uint64_t start, last;
    const char *what;
    bool amd;                           /* only with a processor of AMD's */
} no_place[] = {
    { 0, 0xfffff, "the first MiB is" },
    { CHIPSET_START, 0xffffffff, "the I/O APIC, the local APICs and the "
      "firmware are" },
    /* pc.c, AMD_HT_START */
    { 0xfd00000000, 0xffffffffff, "the HyperTransport area of AMD's "
      "processors is", true },
};

/* What takes up addresses: a BAR, or the window of a bridge for several */
typedef struct IdentityRange {
    uint64_t start, last;
    char *name;
} IdentityRange;

static void identity_range_free(gpointer data)
{
    IdentityRange *range = data;

    g_free(range->name);
    g_free(range);
}

static QLIST_HEAD(, VFIOBARIdentity) identities;

static VFIOPCIDevice *identity_vdev(VFIOBARIdentity *identity)
{
    return container_of(identity, VFIOPCIDevice, bar_identity);
}

/*
 * The way to a device
 */

/* The devices from the root bus to @pdev; their number, or 0 if too many */
static unsigned identity_path(PCIDevice *pdev,
                              PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH])
{
    unsigned depth = 0, i;
    PCIDevice *dev;

    for (dev = pdev; dev; dev = pci_get_bus(dev)->parent_dev) {
        depth++;
        if (pci_bus_is_root(pci_get_bus(dev))) {
            break;                      /* a pxb's bus has a parent as well */
        }
    }
    if (depth > VFIO_BAR_IDENTITY_DEPTH) {
        return 0;
    }
    for (dev = pdev, i = depth; i; dev = pci_get_bus(dev)->parent_dev) {
        path[--i] = dev;
    }
    return depth;
}

static bool identity_is_on_path(VFIOBARIdentity *identity, PCIDevice *pdev)
{
    PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = identity_path(PCI_DEVICE(identity_vdev(identity)), path);

    while (depth) {
        if (path[--depth] == pdev) {
            return true;
        }
    }
    return false;
}

/* The devices in which the ways to @a and @b differ first */
static void identity_fork(PCIDevice *a, PCIDevice *b, PCIDevice **at_a,
                          PCIDevice **at_b)
{
    PCIDevice *path_a[VFIO_BAR_IDENTITY_DEPTH];
    PCIDevice *path_b[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = MIN(identity_path(a, path_a), identity_path(b, path_b));
    unsigned i = 0;

    while (i + 1 < depth && path_a[i] == path_b[i]) {
        i++;
    }
    *at_a = path_a[i];
    *at_b = path_b[i];
}

/*
 * Ranges
 */

static bool identity_is_prefetchable(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bars[bar].type & PCI_BASE_ADDRESS_MEM_PREFETCH;
}

static uint64_t identity_last(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bar_identity.bars[bar].address + vdev->bars[bar].size - 1;
}

static void identity_add_bars(GPtrArray *ranges, VFIOPCIDevice *vdev)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address) {
            IdentityRange *range = g_new0(IdentityRange, 1);

            range->start = vdev->bar_identity.bars[i].address;
            range->last = identity_last(vdev, i);
            range->name = g_strdup_printf("BAR %u of %s", i,
                                          vdev->vbasedev.name);
            g_ptr_array_add(ranges, range);
        }
    }
}

static void identity_widen(IdentityRange *range, VFIOPCIDevice *vdev,
                           bool prefetchable)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        uint64_t start = vdev->bar_identity.bars[i].address;

        if (start && identity_is_prefetchable(vdev, i) == prefetchable) {
            start = QEMU_ALIGN_DOWN(start, BRIDGE_WINDOW);
            range->start = MIN(range->start, start);
            range->last = MAX(range->last,
                              identity_last(vdev, i) | (BRIDGE_WINDOW - 1));
        }
    }
}

/* The window that @bridge needs for what is behind it */
static void identity_add_window(GPtrArray *ranges, PCIDevice *bridge,
                                bool prefetchable)
{
    IdentityRange window = { .start = UINT64_MAX };
    VFIOBARIdentity *identity;

    QLIST_FOREACH(identity, &identities, next) {
        if (identity_is_on_path(identity, bridge)) {
            identity_widen(&window, identity_vdev(identity), prefetchable);
        }
    }
    if (window.last) {
        const char *id = DEVICE(bridge)->id;

        window.name = g_strdup_printf("the %s window of bridge %s",
                                      prefetchable ? "prefetchable" : "memory",
                                      id ?: object_get_typename(
                                                OBJECT(bridge)));
        g_ptr_array_add(ranges, g_memdup2(&window, sizeof(window)));
    }
}

/* What a device takes up of the bus that it is on */
static GPtrArray *identity_ranges(PCIDevice *pdev)
{
    GPtrArray *ranges = g_ptr_array_new_with_free_func(identity_range_free);

    if (IS_PCI_BRIDGE(pdev)) {
        identity_add_window(ranges, pdev, false);
        identity_add_window(ranges, pdev, true);
    } else {
        identity_add_bars(ranges, VFIO_PCI_DEVICE(pdev));
    }
    return ranges;
}

static bool identity_meet(const IdentityRange *a, uint64_t start, uint64_t last)
{
    return a->start <= last && start <= a->last;
}

/*
 * Whether that is possible
 */

static bool identity_processor_is_amd(void)
{
    g_autofree char *vendor = first_cpu ?
        object_property_get_str(OBJECT(first_cpu), "vendor", NULL) : NULL;

    return !g_strcmp0(vendor, "AuthenticAMD");
}

static unsigned identity_phys_bits(void)
{
    return first_cpu ? object_property_get_uint(OBJECT(first_cpu), "phys-bits",
                                                NULL) : 0;
}

/* The host bridge of a pc or q35, which knows where its memory ends, or NULL */
static Object *identity_host_bridge(void)
{
    Object *host = object_resolve_path_type("", TYPE_PCI_HOST_BRIDGE, NULL);

    return host && object_property_find(host, "pci-hole-start") ? host : NULL;
}

/* The end of RAM below 4 GiB */
static uint64_t identity_low_ram(void)
{
    return object_property_get_uint(identity_host_bridge(), "pci-hole-start",
                                    &error_abort);
}

static bool identity_no_place(const IdentityRange *range, Error **errp)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(no_place); i++) {
        if (identity_meet(range, no_place[i].start, no_place[i].last) &&
            (!no_place[i].amd || identity_processor_is_amd())) {
            error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64
                       ": %s there", range->name, range->start, range->last,
                       no_place[i].what);
            return true;
        }
    }
    return false;
}

static bool identity_too_high(const IdentityRange *range, Error **errp)
{
    unsigned bits = identity_phys_bits();

    if (!bits || bits > 63 || range->last < (1ULL << bits)) {
        return false;
    }
    error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64 ": the guest's "
               "processors have %u physical address bits", range->name,
               range->start, range->last, bits);
    error_append_hint(errp, "Use -cpu with phys-bits=%d, or with "
                      "host-phys-bits=on.\n", 64 - clz64(range->last));
    return true;
}

static void identity_hint_ram(const IdentityRange *range, Error **errp)
{
    /* q35 wants room for its memory-mapped configuration space as well */
    uint64_t below = object_resolve_path_type("", TYPE_PCIE_HOST_BRIDGE, NULL)
                     ? MMCONFIG_SIZE : 0;
    uint64_t limit = QEMU_ALIGN_DOWN(range->start, MMCONFIG_SIZE);

    if (range->start >= 4 * GiB) {
        error_append_hint(errp, "Give the guest less memory (-m).\n");
    } else if (limit > below) {
        error_append_hint(errp, "Use -machine max-ram-below-4g=%" PRIu64
                          "M.\n", (limit - below) / MiB);
    }
}

/* Something that is there now and that no firmware can move away */
static bool identity_is_taken_by(const IdentityRange *range, MemoryRegion *mr,
                                 Error **errp)
{
    if (memory_region_is_ram(mr) && !memory_region_is_ram_device(mr)) {
        error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64 ": the "
                   "guest's RAM is there", range->name, range->start,
                   range->last);
        identity_hint_ram(range, errp);
        return true;
    }
    if (mr->owner && object_dynamic_cast(mr->owner, TYPE_PCI_DEVICE)) {
        return false;                   /* a BAR of today's */
    }
    error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64 ": the guest's "
               "%s is there", range->name, range->start, range->last,
               memory_region_name(mr) ?: "chipset");
    return true;
}

static bool identity_is_taken(const IdentityRange *range, Error **errp)
{
    DeviceMemoryState *hotplug = current_machine->device_memory;
    uint64_t at = range->start;

    if (hotplug && identity_meet(range, hotplug->base, hotplug->base +
                                 memory_region_size(&hotplug->mr) - 1)) {
        error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64 ": memory "
                   "can be plugged there", range->name, range->start,
                   range->last);
        error_append_hint(errp, "Use -m without maxmem=.\n");
        return true;
    }
    while (at <= range->last) {
        MemoryRegionSection section = memory_region_find(get_system_memory(),
                                          at, range->last - at + 1);
        bool taken;

        if (!section.mr) {
            return false;
        }
        taken = identity_is_taken_by(range, section.mr, errp);
        memory_region_unref(section.mr);
        if (taken) {
            return true;
        }
        at = section.offset_within_address_space + int128_get64(section.size);
    }
    return false;
}

static bool identity_check_ranges(PCIDevice *pdev, Error **errp)
{
    g_autoptr(GPtrArray) ranges = identity_ranges(pdev);
    unsigned i;

    for (i = 0; i < ranges->len; i++) {
        IdentityRange *range = g_ptr_array_index(ranges, i);

        if (identity_no_place(range, errp) || identity_too_high(range, errp) ||
            identity_is_taken(range, errp)) {
            return false;
        }
    }
    return true;
}

/* The ranges of two devices on the same bus, or of one with itself */
static bool identity_check_pair(PCIDevice *a, PCIDevice *b, Error **errp)
{
    g_autoptr(GPtrArray) ranges_a = identity_ranges(a);
    g_autoptr(GPtrArray) ranges_b = identity_ranges(b);
    unsigned i, j;

    for (i = 0; i < ranges_a->len; i++) {
        IdentityRange *one = g_ptr_array_index(ranges_a, i);

        for (j = a == b ? i + 1 : 0; j < ranges_b->len; j++) {
            IdentityRange *other = g_ptr_array_index(ranges_b, j);

            if (identity_meet(one, other->start, other->last)) {
                error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64
                           ": %s would be at 0x%" PRIx64 "-0x%" PRIx64,
                           one->name, one->start, one->last, other->name,
                           other->start, other->last);
                return false;
            }
        }
    }
    return true;
}

static bool identity_check_others(VFIOPCIDevice *vdev, Error **errp)
{
    VFIOBARIdentity *other;
    PCIDevice *a, *b;

    QLIST_FOREACH(other, &identities, next) {
        if (other == &vdev->bar_identity) {
            continue;
        }
        identity_fork(PCI_DEVICE(vdev), PCI_DEVICE(identity_vdev(other)), &a,
                      &b);
        if (!identity_check_pair(a, b, errp)) {
            return false;
        }
    }
    return true;
}

/* Is anything that is asked for in here? */
static bool identity_is_wanted_in(uint64_t start, uint64_t last)
{
    VFIOBARIdentity *identity;

    QLIST_FOREACH(identity, &identities, next) {
        PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
        g_autoptr(GPtrArray) ranges = NULL;
        unsigned i;

        identity_path(PCI_DEVICE(identity_vdev(identity)), path);
        ranges = identity_ranges(path[0]);
        for (i = 0; i < ranges->len; i++) {
            if (identity_meet(g_ptr_array_index(ranges, i), start, last)) {
                return true;
            }
        }
    }
    return false;
}

/* q35's memory-mapped configuration space needs a place below 4 GiB as well */
static bool identity_check_mmconfig(VFIOPCIDevice *vdev, Error **errp)
{
    uint64_t low_ram = identity_low_ram(), start;

    if (!object_resolve_path_type("", TYPE_PCIE_HOST_BRIDGE, NULL)) {
        return true;
    }
    for (start = QEMU_ALIGN_DOWN(CHIPSET_START, MMCONFIG_SIZE) - MMCONFIG_SIZE;
         start >= low_ram; start -= MMCONFIG_SIZE) {
        if (!identity_is_wanted_in(start, start + MMCONFIG_SIZE - 1)) {
            return true;
        }
    }
    error_setg(errp, "the BARs leave no place for the 256 MiB of ECAM "
               "(memory-mapped configuration space) between RAM and 0x%x",
               CHIPSET_START);
    error_append_hint(errp, "Use -machine max-ram-below-4g=%" PRIu64 "M, or "
                      "-machine pc.\n",
                      (QEMU_ALIGN_DOWN(low_ram, MMCONFIG_SIZE) -
                       (low_ram > MMCONFIG_SIZE ? MMCONFIG_SIZE : 0)) / MiB);
    return false;
}

/* A window that is not prefetchable has 32 bits */
static bool identity_check_high(VFIOPCIDevice *vdev, Error **errp)
{
    unsigned i;

    if (pci_bus_is_root(pci_get_bus(PCI_DEVICE(vdev)))) {
        return true;
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address >= 4 * GiB &&
            !identity_is_prefetchable(vdev, i)) {
            error_setg(errp, "BAR %u cannot be at 0x%" PRIx64 " behind a "
                       "bridge: it is not prefetchable", i,
                       vdev->bar_identity.bars[i].address);
            error_append_hint(errp, "Put the adapter on the root bus.\n");
            return false;
        }
    }
    return true;
}

static bool identity_check(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = identity_path(pdev, path);

    if (!identity_host_bridge() || !fw_cfg_find()) {
        error_setg(errp, "the machine is neither a pc nor a q35");
        return false;
    }
    if (!depth) {
        error_setg(errp, "the adapter is behind more than %d bridges",
                   VFIO_BAR_IDENTITY_DEPTH - 1);
        return false;
    }
    if (!identity_check_high(vdev, errp) ||
        !identity_check_pair(pdev, pdev, errp)) {
        return false;
    }
    while (depth) {
        if (!identity_check_ranges(path[--depth], errp)) {
            return false;
        }
    }
    return identity_check_others(vdev, errp) &&
           identity_check_mmconfig(vdev, errp);
}

/*
 * The host's addresses
 */

static bool identity_set(VFIOPCIDevice *vdev, unsigned bar, uint64_t address,
                         uint64_t size, Error **errp)
{
    if (!address) {
        error_setg(errp, "BAR %u has no address on the host", bar);
        return false;
    }
    if (size != vdev->bars[bar].size || address % size) {
        error_setg(errp, "BAR %u of 0x%zx bytes cannot be at 0x%" PRIx64
                   ", where the host has 0x%" PRIx64 " bytes", bar,
                   vdev->bars[bar].size, address, size);
        return false;
    }
    vdev->bar_identity.bars[bar].address = address;
    return true;
}

static bool identity_is_memory(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bars[bar].size && !vdev->bars[bar].ioport;
}

static bool identity_read_sysfs(VFIOPCIDevice *vdev, const char *text,
                                Error **errp)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n = g_strv_length(lines), i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        uint64_t start, last;

        if (!identity_is_memory(vdev, i)) {
            continue;
        }
        if (i >= n || sscanf(lines[i], "%" SCNx64 " %" SCNx64, &start,
                             &last) != 2) {
            error_setg(errp, "sysfs does not tell where BAR %u is", i);
            return false;
        }
        if (!identity_set(vdev, i, start, last - start + 1, errp)) {
            return false;
        }
    }
    return true;
}

static bool identity_read_config(VFIOPCIDevice *vdev, Error **errp)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    uint32_t regs[PCI_ROM_SLOT + 1] = { };
    unsigned i;

    if (vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                      PCI_BASE_ADDRESS_0, PCI_ROM_SLOT * 4,
                                      regs) != PCI_ROM_SLOT * 4) {
        error_setg(errp, "the BARs cannot be read");
        return false;
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        uint64_t address = le32_to_cpu(regs[i]) & PCI_BASE_ADDRESS_MEM_MASK;

        if (!identity_is_memory(vdev, i)) {
            continue;
        }
        if (vdev->bars[i].mem64) {
            address |= (uint64_t)le32_to_cpu(regs[i + 1]) << 32;
        }
        if (!identity_set(vdev, i, address, vdev->bars[i].size, errp)) {
            return false;
        }
    }
    return true;
}

static bool identity_read(VFIOPCIDevice *vdev, Error **errp)
{
    g_autofree char *text = NULL;

    if (vdev->vbasedev.sysfsdev) {
        g_autofree char *file = g_build_filename(vdev->vbasedev.sysfsdev,
                                                 "resource", NULL);

        if (g_file_get_contents(file, &text, NULL, NULL)) {
            return identity_read_sysfs(vdev, text, errp);
        }
    }
    return identity_read_config(vdev, errp);
}

/*
 * What firmware is told
 */

static void identity_add_records(GByteArray *file, VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev), *path[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = identity_path(pdev, path), i, j;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        VFIOBARIdentityRecord record = {
            .address = cpu_to_le64(vdev->bar_identity.bars[i].address),
            .size = cpu_to_le64(vdev->bars[i].size),
            .bar = i,
            .depth = depth,
            .root = pci_bus_num(pci_get_bus(path[0])),
        };

        if (!vdev->bar_identity.bars[i].address) {
            continue;
        }
        for (j = 0; j < depth; j++) {
            record.path[j] = path[j]->devfn;
        }
        g_byte_array_append(file, (uint8_t *)&record, sizeof(record));
    }
}

/* Whether the file is in fw_cfg's directory */
static bool identity_has_file;

/*
 * A further file changes the select keys of others, which a guest may have
 * read already.  So the file is there from the first adapter of the command
 * line on, or not at all; what is in it may change later.
 */
static bool identity_reserve_file(Error **errp)
{
    FWCfgState *fw_cfg = fw_cfg_find();

    if (identity_has_file || phase_check(PHASE_MACHINE_READY)) {
        return true;
    }
    if (!fw_cfg_has_room(fw_cfg)) {
        error_setg(errp, "fw_cfg has no room for " VFIO_BAR_IDENTITY_FILE
                   ", which tells firmware of the addresses");
        error_append_hint(errp, "Use fewer -fw_cfg options, or -global "
                          "%s.x-file-slots=64.\n",
                          object_get_typename(OBJECT(fw_cfg)));
        return false;
    }
    fw_cfg_add_file(fw_cfg, VFIO_BAR_IDENTITY_FILE, NULL, 0);
    identity_has_file = true;
    return true;
}

static void identity_publish(void)
{
    static void *published;
    GByteArray *file = g_byte_array_new();
    VFIOBARIdentity *identity;
    size_t size;

    QLIST_FOREACH(identity, &identities, next) {
        identity_add_records(file, identity_vdev(identity));
    }
    size = file->len;
    fw_cfg_modify_file(fw_cfg_find(), VFIO_BAR_IDENTITY_FILE, file->data, size);
    g_free(published);
    published = g_byte_array_free(file, false);
}

/* Devices of the command line are realized before firmware could look */
static void identity_machine_done(Notifier *notifier, void *data)
{
    identity_publish();
}

static Notifier identity_notifier = { .notify = identity_machine_done };

static void identity_changed(void)
{
    static bool notified;

    if (!identity_has_file) {
        return;
    }
    if (phase_check(PHASE_MACHINE_READY)) {
        identity_publish();
    } else if (!notified) {
        notified = true;
        qemu_add_machine_init_done_notifier(&identity_notifier);
    }
}

/*
 * The life of an adapter
 */

static bool identity_is_asked_for(VFIOPCIDevice *vdev)
{
    switch (vdev->bar_identity.wish) {
    case ON_OFF_AUTO_ON:
        return true;
    case ON_OFF_AUTO_AUTO:
        return vdev->vendor_id == PCI_VENDOR_ID_NVIDIA && vfio_is_vga(vdev);
    default:
        return false;
    }
}

static bool identity_activate(VFIOPCIDevice *vdev, Error **errp)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;

    if (vdev->vbasedev.enable_migration == ON_OFF_AUTO_ON) {
        error_setg(errp, "enable-migration=on is given, and another host has "
                   "other addresses");
        return false;
    }
    /* The window of a bridge is for all in the list, so be in it */
    QLIST_INSERT_HEAD(&identities, identity, next);
    if (identity_read(vdev, errp) && identity_check(vdev, errp) &&
        identity_reserve_file(errp)) {
        vdev->vbasedev.enable_migration = ON_OFF_AUTO_OFF;
        identity->active = true;
        return true;
    }
    QLIST_REMOVE(identity, next);
    return false;
}

/* Returns whether the adapter can be had without */
static bool identity_refused(VFIOPCIDevice *vdev, Error *err, Error **errp)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;
    unsigned i;

    trace_vfio_bar_identity_refused(vdev->vbasedev.name, error_get_pretty(err));
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        identity->bars[i].address = 0;
    }
    if (identity->wish == ON_OFF_AUTO_ON) {
        error_propagate_prepend(errp, err, "x-bar-identity=on: ");
        return false;
    }
    identity->refusal = g_strdup(error_get_pretty(err));
    error_prepend(&err, "%s: x-bar-identity=auto: not possible: ",
                  vdev->vbasedev.name);
    warn_report_err(err);
    return true;
}

static char *identity_get_state(Object *obj, Error **errp)
{
    return vfio_bar_identity_describe(VFIO_PCI_DEVICE(obj));
}

/* Not of the class, which is asked for what can be set */
static void identity_add_state(Object *obj)
{
    if (!object_property_find(obj, "bar-identity")) {
        object_property_add_str(obj, "bar-identity", identity_get_state, NULL);
        object_property_set_description(obj, "bar-identity",
            "What has become of x-bar-identity, for each BAR");
    }
}

bool vfio_bar_identity_setup(VFIOPCIDevice *vdev, Error **errp)
{
    Error *err = NULL;
    unsigned i;

    identity_add_state(OBJECT(vdev));
    if (!identity_is_asked_for(vdev)) {
        return true;
    }
    if (!identity_activate(vdev, &err)) {
        return identity_refused(vdev, err, errp);
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address) {
            trace_vfio_bar_identity_wanted(vdev->vbasedev.name, i,
                                           vdev->bar_identity.bars[i].address,
                                           vdev->bars[i].size);
        }
    }
    identity_changed();
    return true;
}

void vfio_bar_identity_exit(VFIOPCIDevice *vdev)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;
    unsigned i;

    g_free(identity->refusal);
    identity->refusal = NULL;
    if (!identity->active) {
        return;
    }
    identity->active = false;
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        MemoryRegion *alias = &identity->bars[i].alias;

        if (alias->container) {
            memory_region_del_subregion(alias->container, alias);
        }
    }
    QLIST_REMOVE(identity, next);
    identity_changed();
}

/*
 * What the guest does
 */

static bool identity_decodes(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    /* As pci.c has it, outside D0 there are no BARs */
    if (pdev->pm_cap && pci_get_word(pdev->config + pdev->pm_cap + PCI_PM_CTRL)
                        & PCI_PM_CTRL_STATE_MASK) {
        return false;
    }
    return pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MEMORY;
}

static bool identity_is_reached(VFIOPCIDevice *vdev, unsigned bar)
{
    return PCI_DEVICE(vdev)->io_regions[bar].addr ==
           vdev->bar_identity.bars[bar].address;
}

/*
 * Has @addr and @val, of a config write, to do with a base address register's
 * size?  That is found by writing all ones, and reading what has become of it.
 */
static void identity_see_sizing(bool *sizing, unsigned reg, uint32_t addr,
                                uint32_t val, int len)
{
    if (ranges_overlap(addr, len, reg, 4)) {
        *sizing = addr == reg && len == 4 && val == UINT32_MAX;
    }
}

static void identity_set_alias(VFIOPCIDevice *vdev, unsigned bar, bool enabled)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    MemoryRegion *alias = &want->alias;
    g_autofree char *name = NULL;

    if (alias->container) {
        memory_region_set_enabled(alias, enabled);
    } else if (enabled) {
        PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];

        identity_path(PCI_DEVICE(vdev), path);
        name = g_strdup_printf("%s BAR %u at the host's address",
                               vdev->vbasedev.name, bar);
        memory_region_init_alias(alias, OBJECT(vdev), name, vdev->bars[bar].mr,
                                 0, vdev->bars[bar].size);
        /* BARs and the windows of bridges have priority 1 */
        memory_region_add_subregion_overlap(
            pci_get_bus(path[0])->address_space_mem, want->address, alias, -1);
    }
}

static void identity_warn(VFIOPCIDevice *vdev, unsigned bar)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    pcibus_t guest = PCI_DEVICE(vdev)->io_regions[bar].addr;

    trace_vfio_bar_identity_elsewhere(vdev->vbasedev.name, bar, want->address,
                                      guest);
    if (vdev->bar_identity.warned) {
        return;
    }
    vdev->bar_identity.warned = true;
    if (want->reached) {
        warn_report("%s: the guest has moved BAR %u away from 0x%" PRIx64
                    ", where the host has it; the adapter also answers there "
                    "while nothing else does", vdev->vbasedev.name, bar,
                    want->address);
    } else if (DEVICE(vdev)->hotplugged) {
        warn_report("%s: the guest, into which the adapter was plugged, has "
                    "not put BAR %u at 0x%" PRIx64 ", where the host has it; "
                    "the adapter also answers there while nothing else does "
                    "(for firmware to put it there, give the adapter on the "
                    "command line)", vdev->vbasedev.name, bar, want->address);
    } else {
        warn_report("%s: the guest's firmware has not put BAR %u at 0x%" PRIx64
                    ", where the host has it (does it read "
                    VFIO_BAR_IDENTITY_FILE "?); the adapter also answers "
                    "there while nothing else does", vdev->vbasedev.name, bar,
                    want->address);
    }
}

static void identity_update(VFIOPCIDevice *vdev, unsigned bar)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    bool decodes = identity_decodes(vdev);

    if (want->sizing_low || want->sizing_high) {
        return;
    }
    if (!decodes || identity_is_reached(vdev, bar)) {
        want->reached |= decodes;
        identity_set_alias(vdev, bar, false);
    } else {
        /* once for each time that it goes there */
        if (!want->alias.container || !want->alias.enabled) {
            identity_warn(vdev, bar);
        }
        identity_set_alias(vdev, bar, true);
    }
}

void vfio_bar_identity_written(VFIOPCIDevice *vdev, uint32_t addr,
                               uint32_t val, int len)
{
    unsigned i;

    if (!vdev->bar_identity.active) {
        return;
    }
    memory_region_transaction_begin();
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[i];
        unsigned reg = PCI_BASE_ADDRESS_0 + 4 * i;

        /* BARs are registered after realize has written the first time */
        if (!want->address || !vdev->bars[i].mr) {
            continue;
        }
        identity_see_sizing(&want->sizing_low, reg, addr, val, len);
        if (vdev->bars[i].mem64) {
            identity_see_sizing(&want->sizing_high, reg + 4, addr, val, len);
        }
        identity_update(vdev, i);
    }
    memory_region_transaction_commit();
}

/*
 * What others are told
 */

static bool identity_is_elsewhere(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bar_identity.bars[bar].address &&
           !identity_is_reached(vdev, bar);
}

static Aml *identity_aml_memory(uint64_t start, uint64_t size)
{
    if (start + size <= 4 * GiB) {
        return aml_memory32_fixed(start, size, AML_READ_WRITE);
    }
    return aml_qword_memory(AML_POS_DECODE, AML_MIN_FIXED, AML_MAX_FIXED,
                            AML_NON_CACHEABLE, AML_READ_WRITE, 0, start,
                            start + size - 1, 0, size);
}

static void identity_build_aml(AcpiDevAmlIf *adev, Aml *scope)
{
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(adev);
    bool any = false;
    Aml *dev, *crs;
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        any |= identity_is_elsewhere(vdev, i);
    }
    if (!any) {
        return;
    }
    crs = aml_resource_template();
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (identity_is_elsewhere(vdev, i)) {
            aml_append(crs, identity_aml_memory(
                                vdev->bar_identity.bars[i].address,
                                vdev->bars[i].size));
        }
    }
    dev = aml_device("HBAR");
    aml_append(dev, aml_name_decl("_HID", aml_eisaid("PNP0C02")));
    aml_append(dev, aml_name_decl("_UID",
                                  aml_int(0x100 + PCI_DEVICE(vdev)->devfn +
                                          (pci_dev_bus_num(PCI_DEVICE(vdev))
                                           << 16))));
    aml_append(dev, aml_name_decl("_CRS", crs));
    aml_append(scope, dev);
}

/* Whatever answers at the host's address is the adapter's */
static bool identity_is_visible(VFIOPCIDevice *vdev, unsigned bar)
{
    uint64_t at = vdev->bar_identity.bars[bar].address;
    uint64_t last = identity_last(vdev, bar);

    while (at <= last) {
        MemoryRegionSection section = memory_region_find(get_system_memory(),
                                                         at, last - at + 1);
        bool own;

        if (!section.mr || section.offset_within_address_space != at) {
            memory_region_unref(section.mr);
            return false;
        }
        own = section.mr->owner == OBJECT(vdev);
        at += int128_get64(section.size);
        memory_region_unref(section.mr);
        if (!own) {
            return false;
        }
    }
    return true;
}

static const char *identity_state(VFIOPCIDevice *vdev, unsigned bar)
{
    if (!identity_decodes(vdev)) {
        return "off";
    }
    if (identity_is_reached(vdev, bar)) {
        return "identical";
    }
    return identity_is_visible(vdev, bar) ? "alias" : "hidden";
}

char *vfio_bar_identity_describe(VFIOPCIDevice *vdev)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (identity->bars[i].address) {
            g_string_append_printf(text, "%sBAR %u: 0x%" PRIx64 " %s",
                                   text->len ? "; " : "", i,
                                   identity->bars[i].address,
                                   identity_state(vdev, i));
        }
    }
    if (!text->len) {
        g_string_append_printf(text, "off%s%s", identity->refusal ? ": " : "",
                               identity->refusal ?: "");
    }
    return g_string_free(text, false);
}

/*
 * Properties
 */

static int identity_get_wish(Object *obj, Error **errp)
{
    return VFIO_PCI_DEVICE(obj)->bar_identity.wish;
}

static void identity_set_wish(Object *obj, int value, Error **errp)
{
    if (DEVICE(obj)->realized) {
        qdev_prop_set_after_realize(DEVICE(obj), "x-bar-identity", errp);
        return;
    }
    VFIO_PCI_DEVICE(obj)->bar_identity.wish = value;
}

void vfio_bar_identity_class_init(ObjectClass *klass)
{
    ObjectProperty *property =
        object_class_property_add_enum(klass, "x-bar-identity", "OnOffAuto",
                                       &OnOffAuto_lookup, identity_get_wish,
                                       identity_set_wish);

    object_property_set_default_str(property, "off");
    object_class_property_set_description(klass, "x-bar-identity",
        "Have the memory BARs where the host has them; auto: of a VGA-class "
        "adapter of NVIDIA's, if possible");
    ACPI_DEV_AML_IF_CLASS(klass)->build_dev_aml = identity_build_aml;
}
