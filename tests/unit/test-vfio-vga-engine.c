/*
 * No write of a guest to an assigned VGA adapter is lost or overtaken
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The test links the real engine with the files of hw/vfio that it uses, and
 * with vga-engine-machine.c in place of QEMU.  Each access is also made to a
 * second adapter directly.  What the guest reads must be equal, and so must
 * all state of both adapters in the end.  The cases are in vga-engine-NAME.c,
 * as vga-engine-cases.h lists them.
 */

#include "qemu/osdep.h"

#include "vga-engine-cases.h"

void add_ways(const char *path, void (*test)(const void *),
              const MachineOptions *ways, size_t count)
{
    int i;

    for (i = 0; i < count; i++) {
        g_autofree char *full =
            g_strdup_printf("/vga-engine/%s%s%s%s", path,
                            ways[i].mmap ? "/mapped-bars" : "",
                            ways[i].no_ram ? "/exact" : "",
                            ways[i].quirks ? "/quirks" : "");

        g_test_add_data_func(full, &ways[i], test);
    }
}

void add_bar_ways(const char *path, void (*test)(const void *))
{
    static const MachineOptions ways[] = { { }, { .mmap = true } };

    add_ways(path, test, ways, ARRAY_SIZE(ways));
}

int main(int argc, char **argv)
{
    module_call_init(MODULE_INIT_QOM);
    g_test_init(&argc, &argv, NULL);

    posted_add_tests();
    config_add_tests();
    bars_add_tests();
    cost_add_tests();
    planes_add_tests();
    cursor_add_tests();
    random_add_tests();

    return g_test_run();
}
