/*
 * A PCI device's address ranges in Linux's sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qemu/osdep.h is left out, because the host tool may build this file without
 * QEMU.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#include "qemu/pci-sysfs.h"

char *pci_sysfs_dir(const char *host)
{
    unsigned domain, bus, slot, function;

    if (sscanf(host, "%x:%x:%x.%u", &domain, &bus, &slot, &function) != 4) {
        domain = 0;
        if (sscanf(host, "%x:%x.%u", &bus, &slot, &function) != 3) {
            return g_strdup("");
        }
    }
    return g_strdup_printf("/sys/bus/pci/devices/%04x:%02x:%02x.%x", domain,
                           bus, slot, function);
}

static void read_line(const char *line, PCISysfsResource *resource)
{
    PCISysfsResource r = { .known = true };

    if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &r.first, &r.last,
               &r.flags) == 3) {
        *resource = r;
    }
}

bool pci_sysfs_resources(const char *dir,
                         PCISysfsResource resources[PCI_SYSFS_RESOURCES])
{
    g_autofree char *path = g_build_filename(dir, "resource", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    memset(resources, 0, PCI_SYSFS_RESOURCES * sizeof(*resources));
    if (!*dir || !g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; i < PCI_SYSFS_RESOURCES && lines[i]; i++) {
        read_line(lines[i], &resources[i]);
    }
    return true;
}
