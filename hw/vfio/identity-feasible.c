/*
 * Whether a guest can have an adapter's BARs where the host has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Three things can prevent it: addresses that are free on no PC, memory and
 * devices of this machine, and the addresses of other adapters.
 * qemu/pci-window.h computes how the firmware places the rest.
 */

#include "qemu/osdep.h"

#include "bar-identity.h"
#include "hw/core/cpu.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/pcie_host.h"
#include "hw/pci/vga-compat.h"
#include "pci.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "qemu/pci-window.h"
#include "qemu/units.h"
#include "system/address-spaces.h"

/* Ranges in which no PCI device can be, whatever the size of RAM */
static const struct {
    PCIWindowRange range;
    const char *what;
    bool amd;                           /* only with an AMD processor */
} no_place[] = {
    { { 0, 0xfffff }, "the first MiB is" },
    { { PCI_WINDOW_END, 0xffffffff }, "the I/O APIC, the local APICs and the "
      "firmware are" },
    /* pc.c, AMD_HT_START */
    { { 0xfd00000000, 0xffffffffff }, "the HyperTransport area of AMD's "
      "processors is", true },
};

/* A BAR with its address, or the window of a bridge that covers several */
typedef struct IdentityRange {
    PCIWindowRange at;
    char *name;
} IdentityRange;

static void identity_range_free(gpointer data)
{
    IdentityRange *range = data;

    g_free(range->name);
    g_free(range);
}

/* An error about @range, followed by the reason */
#define identity_cannot(errp, range, format, ...) \
    error_setg(errp, "%s cannot be at 0x%" PRIx64 "-0x%" PRIx64 ": " format, \
               (range)->name, (range)->at.first, (range)->at.last, \
               ## __VA_ARGS__)

/*
 * Paths to devices
 */

static bool identity_is_on_path(VFIOBARIdentity *identity, PCIDevice *pdev)
{
    PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
    VFIOPCIDevice *vdev = vfio_bar_identity_device(identity);
    unsigned depth = vfio_bar_identity_path(PCI_DEVICE(vdev), path);

    while (depth) {
        if (path[--depth] == pdev) {
            return true;
        }
    }
    return false;
}

/* The devices at which the paths to @a and @b diverge */
static void identity_fork(PCIDevice *a, PCIDevice *b, PCIDevice **at_a,
                          PCIDevice **at_b)
{
    PCIDevice *path_a[VFIO_BAR_IDENTITY_DEPTH];
    PCIDevice *path_b[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth_a = vfio_bar_identity_path(a, path_a);
    unsigned depth_b = vfio_bar_identity_path(b, path_b);
    unsigned depth = MIN(depth_a, depth_b), i = 0;

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

/* The host's range of a BAR */
static PCIWindowRange identity_bar_range(VFIOPCIDevice *vdev, unsigned bar)
{
    uint64_t address = vdev->bar_identity.bars[bar].address;

    return (PCIWindowRange) { address, address + vdev->bars[bar].size - 1 };
}

static void identity_add(GPtrArray *ranges, PCIWindowRange at, char *name)
{
    IdentityRange *range = g_new(IdentityRange, 1);

    range->at = at;
    range->name = name;
    g_ptr_array_add(ranges, range);
}

static void identity_add_bars(GPtrArray *ranges, VFIOPCIDevice *vdev)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address) {
            identity_add(ranges, identity_bar_range(vdev, i),
                         g_strdup_printf("BAR %u of %s", i,
                                         vdev->vbasedev.name));
        }
    }
}

static void identity_cover(PCIWindowRange *window, VFIOPCIDevice *vdev,
                           bool prefetchable)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address &&
            identity_is_prefetchable(vdev, i) == prefetchable) {
            PCIWindowRange bar = identity_bar_range(vdev, i);

            pci_window_cover(window, &bar);
        }
    }
}

/* The window that @bridge needs for the BARs behind it */
static void identity_add_window(GPtrArray *ranges, PCIDevice *bridge,
                                bool prefetchable)
{
    PCIWindowRange window = PCI_WINDOW_RANGE_EMPTY;
    VFIOBARIdentity *identity;

    QLIST_FOREACH(identity, &vfio_bar_identities, next) {
        if (identity_is_on_path(identity, bridge)) {
            identity_cover(&window, vfio_bar_identity_device(identity),
                           prefetchable);
        }
    }
    if (window.last) {
        const char *id = DEVICE(bridge)->id;

        identity_add(ranges, window,
                     g_strdup_printf("the %s window of bridge %s",
                                     prefetchable ? "prefetchable" : "memory",
                                     id ?: object_get_typename(
                                               OBJECT(bridge))));
    }
}

/* The ranges that a device takes of its bus */
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

/*
 * Addresses that are not free on a PC, or on this machine
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

/* The host bridge of a pc or q35, which knows the end of memory, or NULL */
static Object *identity_host_bridge(void)
{
    Object *host = object_resolve_path_type("", TYPE_PCI_HOST_BRIDGE, NULL);

    return host && object_property_find(host, "pci-hole-start") ? host : NULL;
}

static bool identity_is_q35(void)
{
    return object_resolve_path_type("", TYPE_PCIE_HOST_BRIDGE, NULL);
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
        if (pci_window_meet(&range->at, &no_place[i].range) &&
            (!no_place[i].amd || identity_processor_is_amd())) {
            identity_cannot(errp, range, "%s there", no_place[i].what);
            return true;
        }
    }
    return false;
}

static bool identity_too_high(const IdentityRange *range, Error **errp)
{
    unsigned bits = identity_phys_bits();

    if (!bits || bits > 63 || range->at.last < (1ULL << bits)) {
        return false;
    }
    identity_cannot(errp, range, "the guest's processors have only %u "
                    "physical address bits", bits);
    error_append_hint(errp, "Use -cpu with phys-bits=%d, or with "
                      "host-phys-bits=on.\n", 64 - clz64(range->at.last));
    return true;
}

static void identity_hint_ram(const IdentityRange *range, Error **errp)
{
    uint64_t split = pci_window_split_below(identity_is_q35(),
                                            range->at.first);

    if (range->at.first >= 4 * GiB) {
        error_append_hint(errp, "Give the guest less memory (-m).\n");
    } else if (split) {
        error_append_hint(errp, "Use -machine max-ram-below-4g=%" PRIu64
                          "M.\n", split / MiB);
    }
}

/* Whether something is there that firmware cannot move */
static bool identity_is_taken_by(const IdentityRange *range, MemoryRegion *mr,
                                 Error **errp)
{
    if (memory_region_is_ram(mr) && !memory_region_is_ram_device(mr)) {
        identity_cannot(errp, range, "the guest's RAM is there");
        identity_hint_ram(range, errp);
        return true;
    }
    if (mr->owner && object_dynamic_cast(mr->owner, TYPE_PCI_DEVICE)) {
        return false;                   /* a BAR, which firmware will place */
    }
    identity_cannot(errp, range, "the guest's %s is there",
                    memory_region_name(mr) ?: "chipset");
    return true;
}

static bool identity_is_pluggable(const IdentityRange *range, Error **errp)
{
    DeviceMemoryState *hotplug = current_machine->device_memory;
    PCIWindowRange memory;

    if (!hotplug) {
        return false;
    }
    memory.first = hotplug->base;
    memory.last = hotplug->base + memory_region_size(&hotplug->mr) - 1;
    if (!pci_window_meet(&range->at, &memory)) {
        return false;
    }
    identity_cannot(errp, range, "memory can be plugged there");
    error_append_hint(errp, "Use -m without maxmem=.\n");
    return true;
}

static bool identity_is_taken(const IdentityRange *range, Error **errp)
{
    uint64_t at = range->at.first;

    while (at <= range->at.last) {
        MemoryRegionSection section = memory_region_find(get_system_memory(),
                                          at, range->at.last - at + 1);
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
            identity_is_pluggable(range, errp) ||
            identity_is_taken(range, errp)) {
            return false;
        }
    }
    return true;
}

/*
 * Addresses of other adapters
 */

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

            if (pci_window_meet(&one->at, &other->at)) {
                identity_cannot(errp, one, "%s would be at 0x%" PRIx64
                                "-0x%" PRIx64, other->name, other->at.first,
                                other->at.last);
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

    QLIST_FOREACH(other, &vfio_bar_identities, next) {
        if (other == &vdev->bar_identity) {
            continue;
        }
        identity_fork(PCI_DEVICE(vdev),
                      PCI_DEVICE(vfio_bar_identity_device(other)), &a, &b);
        if (!identity_check_pair(a, b, errp)) {
            return false;
        }
    }
    return true;
}

/* PCIWindowRange of all adapters' ranges, as seen from the root buses */
static GArray *identity_all_ranges(void)
{
    GArray *all = g_array_new(false, false, sizeof(PCIWindowRange));
    VFIOBARIdentity *identity;

    QLIST_FOREACH(identity, &vfio_bar_identities, next) {
        PCIDevice *pdev = PCI_DEVICE(vfio_bar_identity_device(identity));
        PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
        g_autoptr(GPtrArray) ranges = NULL;
        unsigned i;

        vfio_bar_identity_path(pdev, path);
        ranges = identity_ranges(path[0]);
        for (i = 0; i < ranges->len; i++) {
            IdentityRange *range = g_ptr_array_index(ranges, i);

            g_array_append_val(all, range->at);
        }
    }
    return all;
}

static bool identity_check_ecam(Error **errp)
{
    g_autoptr(GArray) taken = identity_all_ranges();
    uint64_t low_ram = identity_low_ram();

    if (!identity_is_q35() || pci_window_has_ecam(low_ram, taken)) {
        return true;
    }
    error_setg(errp, "the BARs leave no room for the 256 MiB of ECAM "
               "(memory-mapped configuration space) between RAM and 0x%llx",
               PCI_WINDOW_END);
    error_append_hint(errp, "Use -machine max-ram-below-4g=%" PRIu64 "M, or "
                      "-machine pc.\n",
                      pci_window_split_below(true, low_ram) / MiB);
    return false;
}

/*
 * All conditions together
 */

/* A bridge's window for memory that is not prefetchable has 32 bits */
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

bool vfio_bar_identity_feasible(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = vfio_bar_identity_path(pdev, path);

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
           identity_check_ecam(errp);
}
