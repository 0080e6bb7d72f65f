/*
 * Checks of the adapter itself
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "checkimpl.h"

#define PCI_HEADER_TYPE 0x0e
#define PCI_INTERRUPT_PIN 0x3d
#define VENDOR_AMD 0x1002

/* A 3D controller can be assigned without x-vga=on, but no other device. */
static void class_fix(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GString) names = g_string_new("");

    if (device_is_display(c->d)) {
        to_fix(r, "assign a VGA controller; or leave out x-vga=on and give the "
               "guest an emulated display beside it");
        return;
    }
    for (guint i = 0; i < c->m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(c->m->devices, i);

        if (device_is_vga(d) && !device_is_virtual(d)) {
            g_string_append_printf(names, "%s%s", names->len ? " or " : "",
                                   d->bdf);
        }
    }
    to_fix(r, names->len ? "assign a VGA controller: %s" :
           "assign a VGA controller; this machine has none%s", names->str);
}

void check_class(const CheckContext *c, CheckResult *r)
{
    if (device_is_virtual(c->d)) {
        is_fail(r, "it is a virtual function of %s, and virtual functions "
                "answer no legacy VGA addresses: the guest's firmware cannot "
                "show anything",
                c->d->physfn);
        to_fix(r, "assign %s itself; or leave out x-vga=on and give the guest "
               "an emulated display beside it", c->d->physfn);
    } else if (device_is_vga(c->d)) {
        is_ok(r, "VGA controller, class 0300");
    } else {
        is_fail(r, "its class is %04x, and only a VGA controller (0300) "
                "answers the legacy VGA addresses", c->d->class_code >> 8);
        class_fix(c, r);
    }
}

/* A header type that no device has shows that some registers read all ones. */
static bool has_bad_header(const MachineDevice *d)
{
    return d->config && d->config->len > PCI_HEADER_TYPE &&
           (d->config->data[PCI_HEADER_TYPE] & 0x7f) == 0x7f;
}

static bool is_in(const MachineDevice *d, const char *state)
{
    return g_strcmp0(d->power_state, state) == 0;
}

bool device_is_dead(const MachineDevice *d)
{
    return device_is_silent(d) || has_bad_header(d) || is_in(d, "D3cold") ||
           is_in(d, "error");
}

/* What keeps the adapter awake later; vfio-pci puts idle adapters to sleep. */
static const char *stay_awake(const Machine *m)
{
    return m->disable_idle_d3 == ANSWER_YES ? "" :
           "; to keep it awake: options vfio-pci disable_idle_d3=1 in "
           "/etc/modprobe.d/vfio.conf";
}

static void power_is_asleep(const CheckContext *c, CheckResult *r)
{
    is_fail(r, "it is asleep (D3cold)%s: a guest that starts now finds no "
            "adapter", device_is_silent(c->d) ?
            ", and its configuration space reads all ones" : "");
    to_fix(r, "echo on > /sys/bus/pci/devices/%s/power/control%s", c->d->bdf,
           stay_awake(c->m));
}

/* For an adapter that waking did not help or does not concern. */
static void power_is_off_the_bus(const CheckContext *c, CheckResult *r)
{
    is_fail(r, "it no longer answers on the bus (%s%s%s): it did not survive a "
            "reset, or got no power", device_is_silent(c->d) ?
            "its configuration space reads all ones" : has_bad_header(c->d) ?
            "its header type is 7f" : "its power state", c->d->power_state ?
            ", " : "", c->d->power_state ? c->d->power_state : "");
    to_fix(r, "switch the machine off and on (a reboot may not be enough)%s; if "
           "it happens again: firmware setup, PCIe power saving (ASPM) off",
           stay_awake(c->m));
}

void check_power(const CheckContext *c, CheckResult *r)
{
    bool kept_on = g_strcmp0(c->d->power_control, "on") == 0;

    if (is_in(c->d, "D3cold") && !kept_on) {
        power_is_asleep(c, r);
    } else if (device_is_dead(c->d)) {
        power_is_off_the_bus(c, r);
    } else if (!c->d->config) {
        is_unknown(r, "its configuration space could not be read");
        to_fix(r, AS_ROOT);
    } else if (is_in(c->d, "D3hot")) {
        is_ok(r, "it is asleep until it is used (D3hot), and answers");
    } else {
        is_ok(r, "it answers%s%s", c->d->power_state ? ", in state " : "",
              c->d->power_state ? c->d->power_state : "");
    }
}

/*
 * The other users of the line of @irq in /proc/interrupts; NULL if there are
 * none.
 */
static char *irq_sharers(const Machine *m, int irq)
{
    g_autofree char *prefix = g_strdup_printf("%d:", irq);
    g_auto(GStrv) lines = g_strsplit(m->interrupts ? m->interrupts : "", "\n",
                                     -1);

    for (char **line = lines; irq > 0 && *line; line++) {
        const char *names = strrchr(g_strstrip(*line), ' ');
        const char *gap = g_strrstr(*line, "  ");

        if (!g_str_has_prefix(*line, prefix) || !names) {
            continue;
        }
        names = g_strstrip((char *)(gap ? gap : names));
        return g_str_has_prefix(names, "vfio") || strchr(names, '-') ?
               NULL : g_strdup(names);
    }
    return NULL;
}

static bool vfio_forbids_sharing(Machine *m)
{
    g_autofree char *value =
        root_text(m->root, "/sys/module/vfio_pci/parameters/nointxmask");

    return value && *value && strchr("1yY", *value);
}

void check_interrupt(const CheckContext *c, CheckResult *r)
{
    bool known = c->d->config && c->d->config->len > PCI_INTERRUPT_PIN;
    unsigned pin = known ? c->d->config->data[PCI_INTERRUPT_PIN] : 0;
    g_autofree char *sharers = irq_sharers(c->m, c->d->irq);
    const char *msi = c->d->msi == ANSWER_YES ? ", MSI" :
                      c->d->msi == ANSWER_NO ? ", no MSI" : "";

    if (device_is_dead(c->d)) {
        is_na(r, "it does not answer");
    } else if (!known) {
        is_unknown(r, "its configuration space could not be read");
        to_fix(r, AS_ROOT);
    } else if (!pin) {
        is_ok(r, "no INTx%s", msi);
    } else if (sharers && vfio_forbids_sharing(c->m)) {
        is_fail(r, "its INTx is shared with %s, and vfio-pci was told not to "
                "share (nointxmask=1): QEMU does not start", sharers);
        to_fix(r, "remove nointxmask=1 from /etc/modprobe.d and reload "
               "vfio-pci, or use another slot");
    } else if (sharers) {
        is_ok(r, "INT%c on %d, shared with %s%s", 'A' + (pin - 1) % 4,
              c->d->irq, sharers, msi);
    } else {
        is_ok(r, "INT%c on %d%s", 'A' + (pin - 1) % 4, c->d->irq, msi);
    }
}

/*
 * Adapters that, as their users report, a bus reset leaves without function or
 * without a picture. vendor-reset can reset those that it knows
 * (github.com/gnif/vendor-reset, src/device-db.h).
 */
typedef struct ResetFamily {
    uint16_t first, last;
    const char *name;
    bool vendor_reset;
} ResetFamily;

static const ResetFamily reset_families[] = {
    { 0x6860, 0x687f, "Vega 10", true },
    { 0x66a0, 0x66af, "Vega 20", true },
    { 0x7310, 0x731f, "Navi 10", true },
    { 0x7340, 0x734f, "Navi 14", true },
    { 0x7360, 0x7362, "Navi 12", true },
    { 0x7550, 0x755f, "Navi 48 (RX 9070)", false },
    { 0x7590, 0x759f, "Navi 44 (RX 9060)", false },
    { 0x1114, 0x1114, "Krackan Point graphics", false },
    { 0x13c0, 0x13c0, "Granite Ridge graphics", false },
    { 0x150e, 0x150e, "Strix Point graphics", false },
    { 0x1586, 0x1586, "Strix Halo graphics", false },
    { 0x15bf, 0x15bf, "Phoenix graphics", false },
    { 0x15c8, 0x15c8, "Phoenix 2 graphics", false },
    { 0x15d8, 0x15d8, "Picasso graphics", false },
    { 0x15dd, 0x15dd, "Raven Ridge graphics", false },
    { 0x15e7, 0x15e7, "Barcelo graphics", false },
    { 0x1636, 0x1636, "Renoir graphics", false },
    { 0x1638, 0x1638, "Cezanne graphics", false },
    { 0x163f, 0x163f, "Van Gogh graphics", false },
    { 0x164c, 0x164c, "Lucienne graphics", false },
    { 0x164d, 0x164d, "Rembrandt graphics", false },
    { 0x164e, 0x164e, "Raphael graphics", false },
    { 0x1681, 0x1681, "Rembrandt graphics", false },
    { 0x1900, 0x1901, "Hawk Point graphics", false },
};

static const ResetFamily *reset_family(const MachineDevice *d)
{
    for (size_t i = 0; i < G_N_ELEMENTS(reset_families); i++) {
        if (d->vendor == VENDOR_AMD && d->device >= reset_families[i].first &&
            d->device <= reset_families[i].last) {
            return &reset_families[i];
        }
    }
    return NULL;
}

/*
 * A function of the slot that another driver has, which rules out a bus reset.
 */
static const MachineDevice *bus_sharer(const CheckContext *c)
{
    for (guint i = 0; i < c->m->devices->len; i++) {
        const MachineDevice *o = g_ptr_array_index(c->m->devices, i);

        if (o != c->d && o->domain == c->d->domain && o->bus == c->d->bus &&
            !device_is_virtual(o) && c->d->bus && o->driver &&
            !device_is_bound(o)) {
            return o;
        }
    }
    return NULL;
}

static const char *const without_reset =
    "shut the guest down from inside, never kill it; reboot the host before "
    "the next guest if the screen stays black";

static void reset_of_family(const CheckContext *c, CheckResult *r,
                            const ResetFamily *f)
{
    const char *methods = c->d->reset_methods;

    if (methods && *methods) {
        is_warn(r, "%s: %s adapters do not recover from such a reset, so the "
                "second guest may find a dead one", methods, f->name);
    } else {
        is_warn(r, "none: nothing resets %s adapters, so the second guest may "
                "find a dead one", f->name);
    }
    if (!f->vendor_reset) {
        to_fix(r, "%s", without_reset);
    } else if (root_exists(c->m->root, "/sys/module/vendor_reset")) {
        to_fix(r, "echo device_specific > /sys/bus/pci/devices/%s/reset_method",
               c->d->bdf);
    } else {
        to_fix(r, "install vendor-reset (github.com/gnif/vendor-reset); "
               "modprobe vendor-reset");
    }
}

/* A device of the same group moves with the adapter, others by themselves. */
static void fix_sharer(const CheckContext *c, CheckResult *r,
                       const MachineDevice *sharer)
{
    bool same = sharer->group >= 0 && sharer->group == c->d->group;
    g_autofree char *bind = check_bind_command(c->m, same ? c->d : sharer);

    to_fix(r, "%s", same && group_is_foreign(c->m, c->d) ?
           "first do what group says" : bind);
}

static bool resets_by(const char *methods, const char *method)
{
    return strncmp(methods, method, strlen(method)) == 0;
}

/*
 * Linux shows the file only for devices that it can reset (5.15,
 * drivers/pci/pci.c, pci_dev_reset_method_attr_is_visible).
 */
static void reset_is_missing(const CheckContext *c, CheckResult *r)
{
    is_warn(r, "none: sysfs has no reset_method for it, so Linux %u.%u knows "
            "no way to reset it, and the second guest may find the adapter as "
            "the first one left it", c->m->kernel_major, c->m->kernel_minor);
    to_fix(r, "%s", without_reset);
}

void check_reset(const CheckContext *c, CheckResult *r)
{
    const char *methods = c->d->reset_methods;
    const ResetFamily *family = reset_family(c->d);
    const MachineDevice *sharer = bus_sharer(c);

    if (!methods && !c->m->kernel_major) {
        is_na(r, "the release of Linux is not known, and sysfs has no "
              "reset_method");
    } else if (!methods && machine_kernel_before(c->m, 5, 15)) {
        is_na(r, "Linux %u.%u does not say; 5.15 and later do",
              c->m->kernel_major, c->m->kernel_minor);
    } else if (methods && resets_by(methods, "device_specific")) {
        is_ok(r, "%s", methods);
    } else if (family) {
        reset_of_family(c, r, family);
    } else if (!methods) {
        reset_is_missing(c, r);
    } else if (!*methods) {
        is_warn(r, "none: the second guest may find the adapter as the first "
                "one left it");
        to_fix(r, "%s", without_reset);
    } else if (g_str_equal(methods, "bus") && sharer) {
        is_warn(r, "bus, but %s on the same bus has the driver %s: vfio-pci "
                "cannot reset the bus then", sharer->bdf, sharer->driver);
        fix_sharer(c, r, sharer);
    } else {
        is_ok(r, "%s", methods);
    }
}
