/*
 * PCI windows of pc and q35: choosing max-ram-below-4g for assigned adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RAM is split before any device exists, so the devices are known only from the
 * command line.  hw/i386/pc-window.h describes the interface.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/config-file.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/option.h"
#include "qemu/pci-sysfs.h"
#include "qemu/pci-window.h"
#include "qemu/units.h"
#include "qobject/qbool.h"
#include "qobject/qdict.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "system/device-json.h"
#include "hw/i386/pc-window.h"
#include "hw/pci/pci.h"

#define AUTO_PROPERTY "x-auto-pci-window"

/* Room for the machine's own devices; a VGA adapter needs most, 16 MiB */
#define OWN_DEVICES (32 * MiB)

static void add_bar(GArray *entries, uint64_t size, bool is64, bool pref,
                    bool vga)
{
    PCIWindowEntry bar = pci_window_bar(size, is64, pref);

    bar.vga = vga;
    if (size && is_power_of_2(size)) {
        g_array_append_val(entries, bar);
    }
}

/* The value is text in a plain option and a boolean in a JSON one. */
static bool is_on(QObject *value)
{
    QString *text = qobject_to(QString, value);
    QBool *boolean = qobject_to(QBool, value);
    bool on = boolean && qbool_get_bool(boolean);

    if (text) {
        qapi_bool_parse("x-vga", qstring_get_str(text), &on, NULL);
    }
    return on;
}

static uint64_t size_of(QObject *value)
{
    QString *text = qobject_to(QString, value);
    QNum *number = qobject_to(QNum, value);
    uint64_t size = 0;

    if (text) {
        qemu_strtosz(qstring_get_str(text), NULL, &size);
    } else if (number) {
        qnum_get_try_uint(number, &size);
    }
    return size;
}

/* vfio-pci or a type derived from it; the header says why no vfio-user-pci */
static bool is_host_device(const char *driver)
{
    ObjectClass *class = driver ? module_object_class_by_name(driver) : NULL;

    return class && object_class_dynamic_cast(class, "vfio-pci");
}

/* Add the BARs of the device whose directory in sysfs is @dir */
static void add_resources(GArray *entries, const char *dir, bool vga)
{
    PCISysfsResource resources[PCI_SYSFS_RESOURCES];
    int i;

    /* vfio-pci reports a device that does not exist */
    if (!pci_sysfs_resources(dir, resources)) {
        return;
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        const PCISysfsResource *r = &resources[i];

        if (r->flags & PCI_SYSFS_MEM) {
            add_bar(entries, r->last - r->first + 1,
                    r->flags & PCI_SYSFS_MEM_64,
                    r->flags & PCI_SYSFS_PREFETCH, vga);
        }
    }
}

static void add_host_device(GArray *entries, const QDict *opts)
{
    const char *host = qdict_get_try_str(opts, "host");
    const char *sysfsdev = qdict_get_try_str(opts, "sysfsdev");
    g_autofree char *dir = host ? pci_sysfs_dir(host) :
                                  g_strdup(sysfsdev ?: "");

    add_resources(entries, dir, is_on(qdict_get(opts, "x-vga")));
}

/*
 * Add the room that bridges keep for devices plugged later.  SeaBIOS makes an
 * empty prefetchable window 64 bits wide, for pref32-reserve as well as for
 * pref64-reserve.
 */
static void add_reserve(GArray *entries, const QDict *opts)
{
    static const struct {
        const char *name;
        bool is64, pref;
    } reserves[] = {
        { "mem-reserve" },
        { "pref32-reserve", .is64 = true, .pref = true },
        { "pref64-reserve", .is64 = true, .pref = true },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(reserves); i++) {
        uint64_t size = size_of(qdict_get(opts, reserves[i].name));

        add_bar(entries, size ? pow2ceil(size) : 0, reserves[i].is64,
                reserves[i].pref, false);
    }
}

static void add_device(GArray *entries, const QDict *opts)
{
    if (is_host_device(qdict_get_try_str(opts, "driver"))) {
        add_host_device(entries, opts);
    } else {
        add_reserve(entries, opts);
    }
}

static int add_opts(void *opaque, QemuOpts *opts, Error **errp)
{
    g_autoptr(QDict) dict = qemu_opts_to_qdict(opts, NULL);

    add_device(opaque, dict);
    return 0;
}

void pc_window_auto(PCMachineState *pcms, bool q35)
{
    g_autoptr(GArray) entries = pci_window_entries_new();
    g_autofree char *split = NULL;
    PCIWindowMemory memory;
    PCIWindowAdvice advice;
    DeviceOption *json;

    if (!pcms->auto_pci_window || pcms->max_ram_below_4g) {
        return;
    }
    qemu_opts_foreach(qemu_find_opts("device"), add_opts, entries, NULL);
    QTAILQ_FOREACH(json, &device_opts, next) {
        add_device(entries, json->opts);
    }
    add_bar(entries, OWN_DEVICES, false, false, false);
    memory = pci_window_memory(q35, MACHINE(pcms)->ram_size, 0);
    advice = pci_window_advise(&memory, 0, entries);
    if (advice.max_ram_below_4g) {
        split = pc_window_option_size(advice.max_ram_below_4g);
        pcms->max_ram_below_4g = advice.max_ram_below_4g;
        info_report(AUTO_PROPERTY " sets max-ram-below-4g=%s", split);
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
        "Choose max-ram-below-4g for the BARs of the vfio-pci devices on the "
        "command line");
}
