/*
 * PCI windows of pc and q35: what QEMU says, and does, when BARs do not fit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its BARs may be as
 * large as one likes, since nobody touches what is in them.  What fits where is
 * tests/unit/test-pci-window.c's subject.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/units.h"
#include "vfio-user-machine.h"

#define CONFIG  VFIO_PCI_CONFIG_REGION_INDEX
#define SMALL   4096            /* what there is of a BAR, whatever it says */
#define WIDE    (PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)

typedef struct Case {
    const char *name;
    const char *type;           /* of the machine, with its properties */
    const char *options;        /* others, as -m */
    uint64_t size[2];           /* of BAR 0 and BAR 2 */
    uint32_t bits[2];           /* WIDE, or 0: a 32-bit BAR */
    const char *said;           /* the option it names; NULL: nothing */
    uint64_t below;             /* RAM below 4 GiB, 0: do not look */
    const char *also;           /* said, too */
} Case;

static const Case cases[] = {
    {
        .name = "fits", .type = "pc", .options = "-m 4G",
        .size = { 256 * MiB, 16 * MiB }, .bits = { WIDE },
        .below = 3 * GiB,
    }, {
        .name = "32-bit", .type = "pc", .options = "-m 4G",
        .size = { 512 * MiB, 512 * MiB },
        .said = "use -machine max-ram-below-4g=2G\n",
        .below = 3 * GiB,
    }, {
        .name = "32-bit-obeyed", .type = "pc,max-ram-below-4g=2G",
        .options = "-m 4G",
        .size = { 512 * MiB, 512 * MiB },
        .below = 2 * GiB,
    }, {
        .name = "32-bit-q35", .type = "q35", .options = "-m 2G",
        .size = { GiB, 512 * MiB },
        .said = "use -machine max-ram-below-4g=1G\n",
    }, {
        .name = "32-bit-never", .type = "q35", .options = "-m 2G",
        .size = { 2 * GiB },
        .said = "no option makes room",
    }, {
        .name = "vga", .type = "pc", .options = "-m 4G",
        .size = { 512 * MiB, 512 * MiB }, .bits = { WIDE },
        .said = "boot VGA adapter do not fit into the 1004M below",
        .also = "use -machine max-ram-below-4g=2G\n",
    }, {
        .name = "256G", .type = "q35", .options = "-m 4G",
        .size = { 256 * GiB }, .bits = { WIDE },
    }, {
        .name = "512G", .type = "q35", .options = "-m 4G",
        .size = { 512 * GiB }, .bits = { WIDE },
    }, {
        .name = "512G-39-bits", .type = "q35",
        .options = "-m 4G -cpu qemu64,phys-bits=39",
        .size = { 512 * GiB }, .bits = { WIDE },
        .said = "use -cpu qemu64,phys-bits=40\n",
    }, {
        .name = "two-512G", .type = "pc", .options = "-m 4G",
        .size = { 512 * GiB, 512 * GiB }, .bits = { WIDE, WIDE },
        .said = "use -cpu qemu64,phys-bits=41\n",
    }, {
        .name = "two-512G-obeyed", .type = "pc",
        .options = "-m 4G -cpu qemu64,phys-bits=41",
        .size = { 512 * GiB, 512 * GiB }, .bits = { WIDE, WIDE },
    }, {
        .name = "both", .type = "q35",
        .options = "-m 4G -cpu qemu64,phys-bits=39",
        .size = { 512 * GiB, GiB }, .bits = { WIDE },
        .said = "use -machine max-ram-below-4g=1G and -cpu qemu64,phys-bits=40",
    }, {
        .name = "auto-fits", .type = "pc,x-auto-pci-window=on",
        .options = "-m 4G",
        .size = { 256 * MiB, 16 * MiB }, .bits = { WIDE },
        .below = 3 * GiB,
    }, {
        .name = "auto-32-bit", .type = "pc,x-auto-pci-window=on",
        .options = "-m 4G",
        .size = { 512 * MiB, 512 * MiB },
        .said = "x-auto-pci-window sets max-ram-below-4g=2G\n",
        .below = 2 * GiB,
    }, {
        .name = "auto-q35", .type = "q35,x-auto-pci-window=on",
        .options = "-m 4G",
        .size = { GiB, 512 * MiB },
        .said = "x-auto-pci-window sets max-ram-below-4g=1G\n",
        .below = GiB,
    }, {
        .name = "auto-user", .options = "-m 4G",
        .type = "pc,x-auto-pci-window=on,max-ram-below-4g=3G",
        .size = { 512 * MiB, 512 * MiB },
        .said = "use -machine max-ram-below-4g=2G\n",
        .below = 3 * GiB,
    }, {
        .name = "auto-512G", .type = "q35,x-auto-pci-window=on",
        .options = "-m 4G",
        .size = { 512 * GiB }, .bits = { WIDE },
        .said = "x-auto-pci-window sets pci-hole64-size=512G\n",
        .below = 2 * GiB,
    },
};

static Adapter *adapter_of(const Case *c)
{
    Adapter *adapter = adapter_new();
    unsigned i;

    for (i = 0; i < 2; i++) {
        if (c->size[i]) {
            adapter_set_bar(adapter, 2 * i, SMALL, false);
            adapter_set_region_size(adapter, 2 * i, c->size[i]);
            adapter_data(adapter, CONFIG)[PCI_BASE_ADDRESS_0 + 8 * i] =
                c->bits[i];
        }
    }
    adapter_start(adapter);
    return adapter;
}

/* CMOS: 64 KiB pieces above 16 MiB, as firmware reads it */
static uint64_t ram_below_4g(QTestState *qts)
{
    uint64_t pieces;

    qtest_outb(qts, 0x70, 0x34);
    pieces = qtest_inb(qts, 0x71);
    qtest_outb(qts, 0x70, 0x35);
    pieces |= qtest_inb(qts, 0x71) << 8;
    return 16 * MiB + pieces * 64 * KiB;
}

static void test_case(const void *opaque)
{
    const Case *c = opaque;
    Adapter *adapter = adapter_of(c);
    g_autofree char *options = g_strdup_printf(
        "%s -device '{\"driver\":\"vfio-user-pci\",\"socket\":{"
        "\"type\":\"unix\",\"path\":\"%s\"}}'", c->options,
        adapter_path(adapter));
    Machine m;

    machine_start(&m, adapter, c->type, options);
    machine_check_alive(&m);
    if (c->said) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(m.log, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, c->said));
        g_assert_true(!c->also || strstr(text, c->also));
    }
    /* once, and nothing else */
    g_assert_cmpint(machine_said(&m, ""), ==, !!c->said);
    if (c->below) {
        g_assert_cmphex(ram_below_4g(m.qts), ==, c->below);
    }
    machine_stop(&m);
}

/* Without an assigned device it is the user's business */
static void test_emulated(void)
{
    Machine m;
    Adapter *adapter = adapter_new();

    adapter_start(adapter);
    machine_start(&m, adapter, "pc", "-m 4G -device pci-testdev,membar=2G");
    g_assert_cmpint(machine_said(&m, ""), ==, 0);
    machine_stop(&m);
}

/* One that is plugged later has the window that the guest was told of */
static void test_hotplug(void)
{
    static const Case large = {
        .size = { 64 * GiB }, .bits = { WIDE },
    };
    Machine m;

    machine_start(&m, adapter_of(&large), "pc", "-m 2G");
    machine_plug(&m, qdict_new());
    g_assert_cmpint(machine_said(&m, "-global i440FX-pcihost."
                                     "pci-hole64-size=64G"), ==, 1);
    machine_stop(&m);

    machine_start(&m, adapter_of(&large), "pc",
                  "-m 2G -global i440FX-pcihost.pci-hole64-size=64G");
    machine_plug(&m, qdict_new());
    g_assert_cmpint(machine_said(&m, ""), ==, 0);
    machine_stop(&m);
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("pc-window/%s", cases[i].name);

        qtest_add_data_func(path, &cases[i], test_case);
    }
    qtest_add_func("pc-window/emulated", test_emulated);
    qtest_add_func("pc-window/hotplug", test_hotplug);
    return g_test_run();
}
