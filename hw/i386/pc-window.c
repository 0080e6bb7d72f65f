/*
 * PCI windows of pc and q35: do assigned adapters' BARs fit, and what to type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual.
 */

#include "qemu/osdep.h"
#include CONFIG_DEVICES
#include "qapi/error.h"
#include "qemu/config-file.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/option.h"
#include "qemu/pci-window.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qstring.h"
#include "system/kvm.h"
#include "system/device-json.h"
#include "hw/i386/pc-window.h"
#include "hw/i386/x86.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_host.h"
#include "hw/pci-host/i440fx.h"
#include "hw/pci-host/q35.h"
#include "hw/vfio-user/probe.h"
#include "target/i386/cpu.h"

#define AUTO_PROPERTY "x-auto-pci-window"

/* Of the machine's own devices: a VGA adapter's 16 MiB are the largest */
#define OWN_DEVICES (32 * MiB)

/* linux/ioport.h: flags in sysfs' "resource" */
#define RESOURCE_MEM        0x200
#define RESOURCE_PREFETCH   0x2000
#define RESOURCE_MEM_64     0x100000

static GArray *entries_new(void)
{
    return g_array_new(false, false, sizeof(PCIWindowEntry));
}

/*
 * The machine as it is
 */

/* The parent of vfio-pci and of vfio-user-pci; there may be neither */
static bool is_assigned(PCIDevice *dev)
{
    return object_dynamic_cast(OBJECT(dev), "vfio-pci-device");
}

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

typedef struct Collector {
    PCIDevice *vga;             /* the boot VGA, or NULL */
    GArray *entries;            /* of the bus that is looked at */
    unsigned assigned;
} Collector;

static void collect_bus(PCIBus *bus, Collector *c);

static void collect_windows(PCIDevice *dev, Collector *c)
{
    g_autoptr(GArray) inner = entries_new();
    Collector behind = { .vga = c->vga, .entries = inner };
    bool pref64 = (pci_get_word(dev->config + PCI_PREF_MEMORY_BASE) &
                   PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64;
    bool hotplug = is_hotplug_port(dev);
    int pref;

    collect_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), &behind);
    c->assigned += behind.assigned;
    for (pref = 0; pref < 2; pref++) {
        PCIWindowEntry window = pci_window_bridge(inner, pref, pref64, hotplug);

        g_array_append_val(c->entries, window);
    }
}

static void collect_device(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    Collector *c = opaque;
    int i;

    c->assigned += is_assigned(dev);
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
    /* further root buses share the windows of the first */
    QLIST_FOREACH(child, &bus->child, sibling) {
        if (child->parent_dev && !IS_PCI_BRIDGE(child->parent_dev)) {
            collect_bus(child, c);
        }
    }
}

/* What the firmware takes for the boot VGA: bootindex, root bus, order */
typedef struct VGASearch {
    PCIDevice *best;
    int64_t bootindex;
    bool on_root;
} VGASearch;

static void search_vga(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    VGASearch *s = opaque;
    int64_t bootindex = object_property_find(OBJECT(dev), "bootindex") ?
        object_property_get_int(OBJECT(dev), "bootindex", &error_abort) : -1;
    uint64_t rank = bootindex < 0 ? INT64_MAX : bootindex;
    bool on_root = pci_bus_is_root(bus);

    if (IS_PCI_BRIDGE(dev)) {
        pci_for_each_device_under_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)),
                                      search_vga, s);
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

/* "1G": as the option takes it */
static char *option_size(uint64_t size)
{
    return size % GiB ? g_strdup_printf("%" PRIu64 "M", size / MiB) :
                        g_strdup_printf("%" PRIu64 "G", size / GiB);
}

static char *advice_text(const PCIWindowAdvice *advice)
{
    g_autofree char *split = option_size(advice->max_ram_below_4g);
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

static void warn(PCMachineState *pcms, const PCIWindowMemory *memory,
                 unsigned phys_bits, GArray *entries)
{
    PCIWindowResult r = pci_window_place(memory, phys_bits, entries);
    PCIWindowAdvice advice;
    g_autofree char *text = NULL, *size = NULL, *room = NULL;

    if (!r.none && !r.vga_high) {
        return;
    }
    advice = pci_window_advise(memory, phys_bits, entries);
    text = advice_text(&advice);
    size = size_to_str(r.none);
    room = option_size(r.room);
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
 * An adapter that is plugged later has its BARs placed by the guest, in the
 * window that QEMU told it of.
 */
static void hotplugged(DeviceListener *listener, DeviceState *dev)
{
    PCIDevice *pdev = (PCIDevice *)object_dynamic_cast(OBJECT(dev),
                                                       TYPE_PCI_DEVICE);
    PCMachineState *pcms = PC_MACHINE(qdev_get_machine());
    Object *host = OBJECT(BUS(pcms->pcibus)->parent);
    uint64_t hole, sum = 0;
    int i;

    if (!pdev || !is_assigned(pdev) || !dev->hotplugged) {
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
        g_autofree char *need = option_size(pow2ceil(sum));
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
    g_autoptr(GArray) entries = entries_new();
    Collector c = { .entries = entries };
    VGASearch search = { 0 };
    PCIWindowMemory memory;

    if (!pcms->pcibus) {
        return;
    }
    device_listener_register(&listener);
    pci_for_each_device_under_bus(pcms->pcibus, search_vga, &search);
    c.vga = search.best;
    collect_bus(pcms->pcibus, &c);
    if (c.assigned) {
        memory = memory_of(pcms);
        warn(pcms, &memory, X86_CPU(first_cpu)->phys_bits, entries);
    }
}

/*
 * Before there is a machine
 */

static void add_bar(GArray *entries, uint64_t size, bool is64, bool pref,
                    bool vga)
{
    PCIWindowEntry bar = pci_window_bar(size, is64, pref);

    bar.vga = vga;
    if (size && is_power_of_2(size)) {
        g_array_append_val(entries, bar);
    }
}

/* A line for each BAR: first address, last address, flags */
static bool probe_host(const char *dir, bool vga, GArray *entries,
                       Error **errp)
{
    g_autofree char *path = g_build_filename(dir, "resource", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) err = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t first, last, flags;
    int i;

    if (!g_file_get_contents(path, &text, NULL, &err)) {
        error_setg(errp, "%s", err->message);
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; i < PCI_ROM_SLOT && lines[i]; i++) {
        if (sscanf(lines[i], "%" SCNx64 " %" SCNx64 " %" SCNx64,
                   &first, &last, &flags) == 3 && (flags & RESOURCE_MEM)) {
            add_bar(entries, last - first + 1, flags & RESOURCE_MEM_64,
                    flags & RESOURCE_PREFETCH, vga);
        }
    }
    return true;
}

static bool probe_server(const char *path, bool vga, GArray *entries,
                         Error **errp)
{
#ifdef CONFIG_VFIO_USER
    VFIOUserBAR bars[VFIO_USER_PROBE_BARS] = { 0 };
    int i;

    if (!vfio_user_probe_bars(path, bars, errp)) {
        return false;
    }
    for (i = 0; i < VFIO_USER_PROBE_BARS; i++) {
        if (!(bars[i].bits & PCI_BASE_ADDRESS_SPACE_IO)) {
            add_bar(entries, bars[i].size,
                    bars[i].bits & PCI_BASE_ADDRESS_MEM_TYPE_64,
                    bars[i].bits & PCI_BASE_ADDRESS_MEM_PREFETCH, vga);
        }
    }
#endif
    return true;
}

/* "01:00.0" is short for "0000:01:00.0" */
static char *host_dir(const char *host)
{
    bool is_short = strchr(host, ':') == strrchr(host, ':');

    return g_strdup_printf("/sys/bus/pci/devices/%s%s",
                           is_short ? "0000:" : "", host);
}

static bool is_on(const char *value)
{
    bool on = false;

    return value && qapi_bool_parse("x-vga", value, &on, NULL) && on;
}

typedef struct DeviceOptions {
    const char *driver, *host, *dir, *socket;
    bool vga;
} DeviceOptions;

static void probe(const DeviceOptions *o, GArray *entries)
{
    g_autofree char *dir = o->host ? host_dir(o->host) : g_strdup(o->dir);
    Error *err = NULL;
    bool ok = true;

    if (g_str_equal(o->driver, "vfio-user-pci") && o->socket) {
        ok = probe_server(o->socket, o->vga, entries, &err);
    } else if ((g_str_equal(o->driver, "vfio-pci") ||
                g_str_equal(o->driver, "pci-assign")) && dir) {
        ok = probe_host(dir, o->vga, entries, &err);
    }
    if (!ok) {
        warn_reportf_err(err, AUTO_PROPERTY " does not know the BARs of %s: ",
                         o->socket ?: dir);
    }
}

static int probe_opts(void *opaque, QemuOpts *opts, Error **errp)
{
    DeviceOptions o = {
        .driver = qemu_opt_get(opts, "driver"),
        .host = qemu_opt_get(opts, "host"),
        .dir = qemu_opt_get(opts, "sysfsdev"),
        .socket = qemu_opt_get(opts, "socket.path"),
        .vga = is_on(qemu_opt_get(opts, "x-vga")),
    };

    if (o.driver) {
        probe(&o, opaque);
    }
    return 0;
}

static void probe_json(const QDict *opts, void *opaque)
{
    QDict *socket = qobject_to(QDict, qdict_get(opts, "socket"));
    DeviceOptions o = {
        .driver = qdict_get_try_str(opts, "driver"),
        .host = qdict_get_try_str(opts, "host"),
        .dir = qdict_get_try_str(opts, "sysfsdev"),
        .socket = socket ? qdict_get_try_str(socket, "path") : NULL,
        .vga = qdict_get_try_bool(opts, "x-vga", false) ||
               is_on(qdict_get_try_str(opts, "x-vga")),
    };

    if (o.driver) {
        probe(&o, opaque);
    }
}

static void auto_split(PCMachineState *pcms, bool q35, GArray *entries)
{
    uint64_t ram = MACHINE(pcms)->ram_size;
    PCIWindowMemory memory = pci_window_memory(q35, ram, 0);
    PCIWindowAdvice advice = pci_window_advise(&memory, 0, entries);

    if (!pcms->max_ram_below_4g && advice.max_ram_below_4g) {
        g_autofree char *split = option_size(advice.max_ram_below_4g);

        pcms->max_ram_below_4g = advice.max_ram_below_4g;
        info_report(AUTO_PROPERTY " sets max-ram-below-4g=%s", split);
    }
}

static void auto_hole64(PCMachineState *pcms, bool q35, GArray *entries)
{
    uint64_t ram = MACHINE(pcms)->ram_size;
    PCIWindowMemory memory = pci_window_memory(q35, ram,
                                               pcms->max_ram_below_4g);
    PCIWindowResult r = pci_window_place(&memory, 0, entries);
    uint64_t hole = (q35 ? 32 : 2) * GiB;   /* their defaults */
    g_autofree char *value = option_size(pow2ceil(r.high));

    if (r.high > hole) {
        object_register_sugar_prop(q35 ? TYPE_Q35_HOST_DEVICE :
                                   TYPE_I440FX_PCI_HOST_BRIDGE,
                                   PCI_HOST_PROP_PCI_HOLE64_SIZE, value, true);
        info_report(AUTO_PROPERTY " sets pci-hole64-size=%s", value);
    }
}

void pc_window_auto(PCMachineState *pcms, bool q35)
{
    g_autoptr(GArray) entries = entries_new();

    if (!pcms->auto_pci_window) {
        return;
    }
    qemu_opts_foreach(qemu_find_opts("device"), probe_opts, entries, NULL);
    qemu_foreach_json_device(probe_json, entries);
    if (entries->len) {
        add_bar(entries, OWN_DEVICES, false, false, false);
        auto_split(pcms, q35, entries);
        auto_hole64(pcms, q35, entries);
    }
}

static bool pc_window_get_auto(Object *obj, Error **errp)
{
    return PC_MACHINE(obj)->auto_pci_window;
}

static void pc_window_set_auto(Object *obj, bool value, Error **errp)
{
    PC_MACHINE(obj)->auto_pci_window = value;
}

void pc_window_class_init(ObjectClass *oc)
{
    object_class_property_add_bool(oc, AUTO_PROPERTY, pc_window_get_auto,
                                   pc_window_set_auto);
    object_class_property_set_description(oc, AUTO_PROPERTY,
        "Choose max-ram-below-4g and pci-hole64-size for the BARs of assigned "
        "devices on the command line");
}
