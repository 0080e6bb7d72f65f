/*
 * PCI windows of pc and q35: whether assigned adapters' BARs fit, and what to
 * type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/pci-window.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "system/kvm.h"
#include "hw/i386/pc-window.h"
#include "hw/i386/x86.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_host.h"
#include "hw/pci/vga-assigned.h"
#include "hw/pci/vga-compat.h"
#include "hw/pci-host/i440fx.h"
#include "hw/pci-host/q35.h"
#include "target/i386/cpu.h"

/* Where SeaBIOS's window below 4 GiB ends, and the steps in which it grows */
#define FIRMWARE_SIZE   (256 * KiB)
#define FIRMWARE_PIECE  (4 * KiB)

/*
 * The state of the machine
 */

static bool is_hotplug_port(PCIDevice *dev)
{
    if (pci_find_capability(dev, PCI_CAP_ID_SHPC)) {
        return true;
    }
    return pci_is_express(dev) &&
           (pcie_cap_get_type(dev) == PCI_EXP_TYPE_ROOT_PORT ||
            pcie_cap_get_type(dev) == PCI_EXP_TYPE_DOWNSTREAM) &&
           (pci_get_word(dev->config + dev->exp.exp_cap + PCI_EXP_FLAGS) &
            PCI_EXP_FLAGS_SLOT);
}

/* The size in mem-reserve, pref32-reserve or pref64-reserve; or 0 */
static uint64_t reserved_in(PCIDevice *bridge, bool pref)
{
    uint8_t at = pci_find_capability(bridge, PCI_CAP_ID_VNDR);
    PCIBridgeQemuCap cap;
    uint64_t size;

    if (!at || pci_get_word(bridge->config + PCI_VENDOR_ID) !=
               PCI_VENDOR_ID_REDHAT) {
        return 0;
    }
    memcpy(&cap, bridge->config + at, sizeof(cap));
    if (cap.type != REDHAT_PCI_CAP_RESOURCE_RESERVE ||
        cap.len < sizeof(cap)) {
        return 0;
    }
    if (!pref || cap.mem_pref_32 != UINT32_MAX) {
        size = le32_to_cpu(pref ? cap.mem_pref_32 : cap.mem);
        return size == UINT32_MAX ? 0 : size;
    }
    size = le64_to_cpu(cap.mem_pref_64);
    return size == UINT64_MAX ? 0 : size;
}

typedef struct Collector {
    PCIDevice *vga;             /* the boot VGA, or NULL */
    GArray *entries;            /* of the current bus */
    bool assigned;              /* an assigned device was seen */
    bool assigned_vga;          /* one with legacy VGA was seen */
} Collector;

/* The root bus of a pxb shares the windows of the first root bus. */
static bool is_further_root(PCIBus *child)
{
    return child->parent_dev && !IS_PCI_BRIDGE(child->parent_dev);
}

static void collect_bus(PCIBus *bus, Collector *c);

static void collect_windows(PCIDevice *dev, Collector *c)
{
    g_autoptr(GArray) inner = pci_window_entries_new();
    Collector behind = { .vga = c->vga, .entries = inner };
    bool pref64 = (pci_get_word(dev->config + PCI_PREF_MEMORY_BASE) &
                   PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
    bool hotplug = is_hotplug_port(dev);
    int pref;

    collect_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), &behind);
    c->assigned |= behind.assigned;
    c->assigned_vga |= behind.assigned_vga;
    for (pref = 0; pref < 2; pref++) {
        PCIWindowEntry window = pci_window_bridge(inner, pref, pref64, hotplug);

        window.size = MAX(window.size, ROUND_UP(reserved_in(dev, pref),
                                                window.align));
        g_array_append_val(c->entries, window);
    }
}

static void collect_device(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Collector *c = opaque;
    int i;

    c->assigned |= pci_is_assigned(DEVICE(dev));
    c->assigned_vga |= pci_is_assigned_vga(DEVICE(dev));
    for (i = 0; i < PCI_NUM_REGIONS; i++) {
        PCIIORegion *r = &dev->io_regions[i];
        PCIWindowEntry bar = pci_window_bar(
            r->size, r->type & PCI_BASE_ADDRESS_MEM_TYPE_64,
            r->type & PCI_BASE_ADDRESS_MEM_PREFETCH);

        if (r->size && !(r->type & PCI_BASE_ADDRESS_SPACE_IO)) {
            bar.vga = dev == c->vga;
            bar.stays_low = pci_get_word(dev->config + PCI_CLASS_DEVICE) ==
                            PCI_CLASS_SERIAL_USB;
            g_array_append_val(c->entries, bar);
        }
    }
    if (IS_PCI_BRIDGE(dev)) {
        collect_windows(dev, c);
    }
}

static void collect_bus(PCIBus *bus, Collector *c)
{
    PCIBus *child;

    pci_for_each_device_under_bus(bus, collect_device, c);
    QLIST_FOREACH(child, &bus->child, sibling) {
        if (is_further_root(child)) {
            collect_bus(child, c);
        }
    }
}

/* Search for the boot VGA: by bootindex, then on a root bus, then in order */
typedef struct VGASearch {
    PCIDevice *best;
    int64_t bootindex;
    bool on_root;
} VGASearch;

static void search_bus(PCIBus *bus, VGASearch *s);

static void search_vga(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    VGASearch *s = opaque;
    int64_t bootindex = object_property_find(OBJECT(dev), "bootindex") ?
        object_property_get_int(OBJECT(dev), "bootindex", &error_abort) : -1;
    uint64_t rank = bootindex < 0 ? INT64_MAX : bootindex;
    bool on_root = pci_bus_is_root(bus);

    if (IS_PCI_BRIDGE(dev)) {
        search_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), s);
    }
    if (pci_get_word(dev->config + PCI_CLASS_DEVICE) != PCI_CLASS_DISPLAY_VGA) {
        return;
    }
    if (!s->best || rank < s->bootindex ||
        (rank == s->bootindex && on_root && !s->on_root)) {
        *s = (VGASearch) {
            .best = dev, .bootindex = rank, .on_root = on_root,
        };
    }
}

static void search_bus(PCIBus *bus, VGASearch *s)
{
    PCIBus *child;

    pci_for_each_device_under_bus(bus, search_vga, s);
    QLIST_FOREACH(child, &bus->child, sibling) {
        if (is_further_root(child)) {
            search_bus(child, s);
        }
    }
}

static bool firmware_is_seabios(void)
{
    static const char name[] = "SeaBIOS (version";
    g_autofree char *image = g_malloc0(FIRMWARE_SIZE);
    hwaddr base = 4 * GiB - FIRMWARE_SIZE, at;

    for (at = 0; at < FIRMWARE_SIZE; at += FIRMWARE_PIECE) {
        /* It may be copied to memory only by the first reset. */
        const void *rom = rom_ptr(base + at, FIRMWARE_PIECE);

        if (rom) {
            memcpy(image + at, rom, FIRMWARE_PIECE);
        } else {
            address_space_read(&address_space_memory, base + at,
                               MEMTXATTRS_UNSPECIFIED, image + at,
                               FIRMWARE_PIECE);
        }
    }
    return memmem(image, FIRMWARE_SIZE, name, sizeof(name) - 1);
}

static PCIWindowMemory memory_of(PCMachineState *pcms)
{
    X86MachineState *x86ms = X86_MACHINE(pcms);
    DeviceState *host = BUS(pcms->pcibus)->parent;

    return (PCIWindowMemory) {
        .q35 = object_dynamic_cast(OBJECT(host), TYPE_Q35_HOST_DEVICE),
        .below = x86ms->below_4g_mem_size,
        .above = x86ms->above_4g_mem_size,
        .reserved_end = pc_pci_hole64_start(),
    };
}

/*
 * Warnings
 */

static char *phys_bits_advice(unsigned bits)
{
    MachineState *ms = MACHINE(qdev_get_machine());
    X86CPU *cpu = X86_CPU(first_cpu);
    g_autofree char *model = cpu_model_from_type(ms->cpu_type);

    if (!kvm_enabled()) {
        return g_strdup_printf("-cpu %s,phys-bits=%u", model, bits);
    }
    if (!cpu->host_phys_bits) {
        return g_strdup_printf("-cpu %s,host-phys-bits=on on a host that has "
                               "%u bits or more", model, bits);
    }
    return g_strdup_printf("a host with %u address bits or more", bits);
}

char *pc_window_option_size(uint64_t size)
{
    return size % GiB ? g_strdup_printf("%" PRIu64 "M", size / MiB) :
                        g_strdup_printf("%" PRIu64 "G", size / GiB);
}

static char *advice_text(const PCIWindowAdvice *advice)
{
    g_autofree char *split = pc_window_option_size(advice->max_ram_below_4g);
    g_autofree char *bits = advice->phys_bits ?
                            phys_bits_advice(advice->phys_bits) : NULL;

    if (advice->max_ram_below_4g) {
        return g_strdup_printf("use -machine max-ram-below-4g=%s%s%s", split,
                               bits ? " and " : "", bits ?: "");
    }
    if (bits) {
        return g_strdup_printf("use %s", bits);
    }
    return g_strdup("no option makes room: leave a device out, or turn off "
                    "resizable BARs in the host's firmware setup");
}

/* @low_matters: room below 4 GiB is needed, and SeaBIOS can make it */
static void warn(const PCIWindowMemory *memory, unsigned phys_bits,
                 GArray *entries, bool low_matters)
{
    PCIWindowResult r = pci_window_place(memory, phys_bits, entries);
    PCIWindowAdvice advice;
    g_autofree char *text = NULL, *size = NULL, *room = NULL;

    if (!r.none && !r.vga_high) {
        return;
    }
    advice = pci_window_advise(memory, phys_bits, entries);
    if (!low_matters) {
        advice.max_ram_below_4g = 0;
        if (!advice.phys_bits) {
            return;
        }
    }
    text = advice_text(&advice);
    size = size_to_str(r.none);
    room = pc_window_option_size(r.room);
    if (r.none) {
        warn_report("PCI BARs of %s have no place in the guest, with %s below "
                    "4 GiB and %u address bits: %s", size, room, phys_bits,
                    text);
    } else if (advice.max_ram_below_4g) {
        warn_report("BARs of the boot VGA adapter do not fit into the %s below "
                    "4 GiB, where VBIOS and boot loaders reach them: %s", room,
                    text);
    }
}

/*
 * The guest places the BARs of an adapter that is plugged later in the window
 * that ACPI describes.
 */
static void hotplugged(DeviceListener *listener, DeviceState *dev)
{
    PCIDevice *pdev = (PCIDevice *)object_dynamic_cast(OBJECT(dev),
                                                       TYPE_PCI_DEVICE);
    PCMachineState *pcms = PC_MACHINE(qdev_get_machine());
    Object *host = OBJECT(BUS(pcms->pcibus)->parent);
    uint64_t hole, sum = 0;
    int i;

    if (!pdev || !pci_is_assigned(dev) || !dev->hotplugged) {
        return;
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (pdev->io_regions[i].type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
            sum += pdev->io_regions[i].size;
        }
    }
    hole = object_property_get_uint(host, PCI_HOST_PROP_PCI_HOLE64_SIZE,
                                    &error_abort);
    if (sum > hole) {
        g_autofree char *need = pc_window_option_size(pow2ceil(sum));
        g_autofree char *has = size_to_str(hole);

        warn_report("%s: 64-bit BARs do not fit into the guest's window of %s "
                    "for devices plugged later: use -global "
                    "%s.pci-hole64-size=%s", dev->id ?: "device", has,
                    object_get_typename(host), need);
    }
}

static DeviceListener listener = {
    .realize = hotplugged,
};

void pc_window_check(PCMachineState *pcms)
{
    g_autoptr(GArray) entries = pci_window_entries_new();
    Collector c = { .entries = entries };
    VGASearch search = { 0 };
    PCIWindowMemory memory;

    if (!pcms->pcibus) {
        return;
    }
    device_listener_register(&listener);
    search_bus(pcms->pcibus, &search);
    c.vga = search.best;
    collect_bus(pcms->pcibus, &c);
    if (c.assigned) {
        memory = memory_of(pcms);
        warn(&memory, X86_CPU(first_cpu)->phys_bits, entries,
             c.assigned_vga && firmware_is_seabios());
    }
}
