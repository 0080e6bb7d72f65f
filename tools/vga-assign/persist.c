/*
 * A binding to vfio-pci that survives a reboot
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sources: driverctl's script and its rule 05-driverctl.rules (a file in
 * /etc/driverctl.d that is named after a device makes systemd run `driverctl
 * load-override`); udev(7); Linux, Documentation/ABI/testing/sysfs-bus-pci
 * (driver_override).
 */
#include <string.h>
#include <gio/gio.h>

#include "output.h"
#include "persist.h"
#include "steps.h"

#define HEADER "# Written by vga-assign bind --persist; unbind removes it.\n"

static bool driverctl_is_installed(const Machine *m)
{
    static const char *const programs[] = {
        "/usr/sbin/driverctl", "/sbin/driverctl", "/usr/bin/driverctl",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
        if (root_exists(m->root, programs[i])) {
            return true;
        }
    }
    return false;
}

const char *persist_name(PersistWay way)
{
    static const char *const names[] = {
        [PERSIST_NO] = NULL, [PERSIST_DRIVERCTL] = "driverctl",
        [PERSIST_UDEV] = "udev",
    };

    return names[way];
}

PersistWay persist_way(const char *name)
{
    for (PersistWay way = PERSIST_DRIVERCTL; way <= PERSIST_UDEV; way++) {
        if (g_strcmp0(name, persist_name(way)) == 0) {
            return way;
        }
    }
    return PERSIST_NO;
}

char *persist_file(PersistWay way, const char *bdf)
{
    return way == PERSIST_DRIVERCTL ?
           g_strconcat("/etc/driverctl.d/pci-", bdf, NULL) :
           g_strdup_printf("/etc/udev/rules.d/05-vga-assign-%s.rules", bdf);
}

/*
 * The ids are matched, too: another card may have the address after a change.
 */
static char *udev_rule(const MachineDevice *d)
{
    return g_strdup_printf(
        HEADER "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", "
        "ATTR{vendor}==\"0x%04x\", ATTR{device}==\"0x%04x\", "
        "ATTR{driver_override}=\"vfio-pci\", "
        "RUN{builtin}+=\"kmod load vfio-pci\"\n", d->bdf, d->vendor,
        d->device);
}

static bool persist_by_driverctl(const Machine *m, const MachineDevice *d,
                                 GPtrArray *steps, PersistWay *way,
                                 GError **error)
{
    g_autofree char *path = persist_file(PERSIST_DRIVERCTL, d->bdf);
    g_autofree char *driver = root_text(m->root, path);

    if (driver && !g_str_equal(driver, "vfio-pci")) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "%s: driverctl gives the device to '%s'; driverctl "
                    "unset-override %s ends that", path, driver, d->bdf);
        return false;
    }
    if (!driver) {
        *way = PERSIST_DRIVERCTL;
        steps_add(steps, STEP_CREATE, g_steal_pointer(&path), "vfio-pci\n");
    }
    return true;
}

static bool persist_by_udev(const Machine *m, const MachineDevice *d,
                            GPtrArray *steps, GError **error)
{
    g_autofree char *path = persist_file(PERSIST_UDEV, d->bdf);
    g_autofree char *rule = udev_rule(d);
    g_autofree char *old = NULL;
    size_t size;

    root_read(m->root, path, ROOT_TEXT_MAX, &old, &size);
    if (old && !g_str_has_prefix(old, HEADER)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "%s: exists, and vga-assign did not write it", path);
        return false;
    }
    if (g_strcmp0(old, rule) == 0) {
        return true;
    }
    if (old) {
        steps_add(steps, STEP_REMOVE, g_strdup(path), NULL);
    }
    steps_add(steps, STEP_CREATE, g_steal_pointer(&path), rule);
    return true;
}

bool persist_add(const Machine *m, const MachineDevice *d, GPtrArray *steps,
                 PersistWay *way, GError **error)
{
    *way = PERSIST_NO;
    if (driverctl_is_installed(m)) {
        return persist_by_driverctl(m, d, steps, way, error);
    }
    *way = PERSIST_UDEV;
    return persist_by_udev(m, d, steps, error);
}

static bool driverctl_has_it(const Machine *m, const char *bdf)
{
    g_autofree char *path = persist_file(PERSIST_DRIVERCTL, bdf);
    g_autofree char *driver = root_text(m->root, path);

    return g_strcmp0(driver, "vfio-pci") == 0;
}

bool persist_is_foreign(const Machine *m, const char *bdf, PersistWay way)
{
    return way != PERSIST_DRIVERCTL && driverctl_has_it(m, bdf);
}

void persist_remove(const Machine *m, const char *bdf, PersistWay way,
                    GPtrArray *steps)
{
    g_autofree char *rule = persist_file(PERSIST_UDEV, bdf);
    g_autofree char *text = NULL;
    size_t size;

    root_read(m->root, rule, ROOT_TEXT_MAX, &text, &size);
    if (text && g_str_has_prefix(text, HEADER)) {
        steps_add(steps, STEP_REMOVE, g_steal_pointer(&rule), NULL);
    }
    if (way == PERSIST_DRIVERCTL && driverctl_has_it(m, bdf)) {
        steps_add(steps, STEP_REMOVE, persist_file(way, bdf), NULL);
    }
}
