/*
 * Unit test of a PCI device's address ranges in Linux's sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "qemu/pci-sysfs.h"

static void test_dir(void)
{
    static const struct {
        const char *host, *name;
    } hosts[] = {
        { "0000:01:00.0", "0000:01:00.0" },
        { "01:00.0", "0000:01:00.0" },
        { "1:0.0", "0000:01:00.0" },
        { "0:1:0.0", "0000:01:00.0" },
        { "10000:e1:1f.7", "10000:e1:1f.7" },
        { "a:b:c.1", "000a:0b:0c.1" },
    };
    static const char *const bad[] = { "", "01", "01:00", "x:y.z", "0.0" };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(hosts); i++) {
        g_autofree char *dir = pci_sysfs_dir(hosts[i].host);
        g_autofree char *name = g_path_get_basename(dir);

        g_assert_true(g_str_has_prefix(dir, "/sys/bus/pci/devices/"));
        g_assert_cmpstr(name, ==, hosts[i].name);
    }
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *dir = pci_sysfs_dir(bad[i]);

        g_assert_cmpstr(dir, ==, "");
    }
}

/* Read @text as a device's file "resource"; with NULL the file is missing */
static bool resources_of(const char *text, PCISysfsResource *resources)
{
    g_autofree char *dir = g_dir_make_tmp("pci-sysfs-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "resource", NULL);
    bool read;

    /* Old contents must not stay */
    memset(resources, 0x5a, PCI_SYSFS_RESOURCES * sizeof(*resources));
    if (text) {
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    read = pci_sysfs_resources(dir, resources);
    g_unlink(path);
    g_rmdir(dir);
    return read;
}

static void check(const PCISysfsResource *resource, uint64_t first,
                  uint64_t last, uint64_t flags)
{
    g_assert_true(resource->known);
    g_assert_cmphex(resource->first, ==, first);
    g_assert_cmphex(resource->last, ==, last);
    g_assert_cmphex(resource->flags, ==, flags);
}

static void test_adapter(void)
{
    PCISysfsResource r[PCI_SYSFS_RESOURCES];

    g_assert_true(resources_of(
        "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
        "0x00000080e0000000 0x00000080efffffff 0x000000000014220c\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x00000000f0000000 0x00000000f1ffffff 0x000000000014220c\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
        "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n", r));
    check(&r[0], 0xf6000000, 0xf6ffffff, 0x40200);
    check(&r[1], 0x80e0000000, 0x80efffffff, 0x14220c);
    check(&r[2], 0, 0, 0);
    check(&r[5], 0xe000, 0xe07f, 0x40101);
    check(&r[PCI_SYSFS_ROM], 0xc0000, 0xdffff, 0x212);
    g_assert_true(r[1].flags & PCI_SYSFS_MEM_64);
    g_assert_true(r[1].flags & PCI_SYSFS_PREFETCH);
    g_assert_false(r[0].flags & PCI_SYSFS_PREFETCH);
    g_assert_false(r[5].flags & PCI_SYSFS_MEM);
    g_assert_true(r[PCI_SYSFS_ROM].flags & PCI_SYSFS_ROM_SHADOW);
}

/* A malformed line does not affect the others */
static void test_broken(void)
{
    PCISysfsResource r[PCI_SYSFS_RESOURCES];
    unsigned i;

    g_assert_true(resources_of("0x1000 0x1fff\n\n0x2000 0x2fff 0x200\nx", r));
    for (i = 0; i < PCI_SYSFS_RESOURCES; i++) {
        if (i == 2) {
            check(&r[i], 0x2000, 0x2fff, 0x200);
        } else {
            g_assert_false(r[i].known);
            g_assert_cmphex(r[i].first | r[i].last | r[i].flags, ==, 0);
        }
    }
    g_assert_true(resources_of("", r));
    g_assert_false(r[0].known);
    g_assert_false(resources_of(NULL, r));
    g_assert_false(r[0].known);
    g_assert_false(pci_sysfs_resources("", r));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-sysfs/dir", test_dir);
    g_test_add_func("/pci-sysfs/resource/adapter", test_adapter);
    g_test_add_func("/pci-sysfs/resource/broken", test_broken);
    return g_test_run();
}
