/*
 * PCI windows of pc and q35: what QEMU says and does if BARs do not fit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its BARs may have any
 * size, because no test accesses their contents. tests/unit/test-pci-window.c
 * tests which BARs fit where.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/units.h"
#include "vfio-user-machine.h"

#define CONFIG  VFIO_PCI_CONFIG_REGION_INDEX
#define VGA_SIZE 0xc0000        /* of the region */
#define SMALL   4096            /* the bytes a BAR really has */
#define WIDE    (PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)

typedef struct Case {
    const char *name;
    const char *type;           /* machine type with properties */
    const char *options;        /* other options, such as -m */
    uint64_t size[2];           /* of BAR 0 and BAR 2 */
    uint32_t bits[2];           /* WIDE, or 0 for a 32-bit BAR */
    const char *said;           /* the option in the message, or NULL */
    uint64_t below;             /* RAM below 4 GiB; 0: not checked */
    const char *also;           /* in the message as well */
    bool plain;                 /* without x-vga=on */
    const char *uefi;           /* the option that names a UEFI file */
    const char *bus;            /* NULL: the first bus */
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
        .name = "no-x-vga", .type = "pc", .options = "-m 4G", .plain = true,
        .size = { 512 * MiB, 512 * MiB },
    }, {
        .name = "no-x-vga-64-bit", .type = "pc", .options = "-m 4G",
        .plain = true,
        .size = { 512 * MiB, 512 * MiB }, .bits = { WIDE },
    }, {
        .name = "no-x-vga-39-bits", .type = "q35", .plain = true,
        .options = "-m 4G -cpu qemu64,phys-bits=39",
        .size = { 512 * GiB, GiB }, .bits = { WIDE },
        .said = "use -cpu qemu64,phys-bits=40\n",
    }, {
        .name = "uefi", .type = "pc", .options = "-m 4G", .uefi = "-bios ",
        .size = { 512 * MiB, 512 * MiB },
    }, {
        .name = "uefi-pflash", .type = "q35", .options = "-m 4G",
        .uefi = "-drive if=pflash,format=raw,readonly=on,file=",
        .size = { GiB, 512 * MiB }, .bits = { WIDE },
    }, {
        .name = "uefi-39-bits", .type = "q35", .uefi = "-bios ",
        .options = "-m 4G -cpu qemu64,phys-bits=39",
        .size = { 512 * GiB }, .bits = { WIDE },
        .said = "use -cpu qemu64,phys-bits=40\n",
    }, {
        .name = "pxb", .type = "q35", .options = "-m 4G "
            "-device pxb-pcie,id=px,bus_nr=8 "
            "-device pcie-root-port,id=rp,bus=px,chassis=1", .bus = "rp",
        .size = { GiB, 512 * MiB }, .bits = { WIDE },
        .said = "boot VGA adapter do not fit into",
        .also = "use -machine max-ram-below-4g=1G\n",
    }, {
        .name = "pref64-reserve", .type = "q35", .options = "-m 4G "
            "-cpu qemu64,phys-bits=39 "
            "-device pcie-root-port,id=rp,chassis=1,pref64-reserve=512G",
        .size = { 16 * MiB },
        .said = "use -cpu qemu64,phys-bits=40\n",
    }, {
        .name = "mem-reserve", .type = "pc", .options = "-m 4G "
            "-device pci-bridge,chassis_nr=1,mem-reserve=512M",
        .size = { 512 * MiB },
        .said = "use -machine max-ram-below-4g=2G\n",
    }, {
        .name = "pref32-reserve", .type = "pc", .options = "-m 4G "
            "-device pci-bridge,chassis_nr=1,pref32-reserve=512M",
        .size = { 512 * MiB },          /* for an empty one goes above 4 GiB */
    }, {
        .name = "auto-served", .type = "pc,x-auto-pci-window=on",
        .options = "-m 4G",
        .size = { 512 * MiB, 512 * MiB },
        .said = "use -machine max-ram-below-4g=2G\n",
        .below = 3 * GiB,
    }, {
        .name = "auto-reserve", .type = "pc,x-auto-pci-window=on",
        .options = "-m 4G -device pci-bridge,chassis_nr=1,mem-reserve=512M "
            "-device '{\"driver\":\"pci-bridge\",\"chassis_nr\":2,"
            "\"mem-reserve\":536870912}'",
        .size = { 16 * MiB },
        .said = "x-auto-pci-window sets max-ram-below-4g=2G\n",
        .below = 2 * GiB,
    },
};

/* A firmware volume that ends with an entry point */
#define UEFI_SIZE   (256 * KiB)
static const uint8_t UEFI[UEFI_SIZE] = {
    [0x28] = '_', 'F', 'V', 'H', [UEFI_SIZE - 16] = 0xe9,
};

static char *file_of(const uint8_t *data, size_t size)
{
    char *name;
    int fd = g_file_open_tmp("pc-window-test-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(name, (const char *)data, size, NULL));
    return name;
}

static Adapter *adapter_of(const Case *c)
{
    Adapter *adapter = adapter_new();
    unsigned i;

    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       VGA_SIZE);
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

/* CMOS has 64 KiB pieces above 16 MiB, as firmware reads it */
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
    g_autofree char *firmware = c->uefi ? file_of(UEFI, UEFI_SIZE) : NULL;
    g_autofree char *options = g_strdup_printf(
        "%s %s%s -device '{\"driver\":\"vfio-user-pci\",\"bus\":\"%s\","
        "\"x-vga\":%s,\"x-rom-check\":\"off\",\"socket\":{"
        "\"type\":\"unix\",\"path\":\"%s\"}}'", c->options, c->uefi ?: "",
        firmware ?: "", c->bus ?: strstr(c->type, "q35") ? "pcie.0" : "pci.0",
        c->plain ? "false" : "true", adapter_path(adapter));
    Machine m;

    machine_start(&m, adapter, c->type, options);
    machine_check_alive(&m);
    if (c->said) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(m.log, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, c->said));
        g_assert_true(!c->also || strstr(text, c->also));
    }
    /* once, and no other message */
    g_assert_cmpint(machine_said(&m, ""), ==, !!c->said);
    if (c->below) {
        g_assert_cmphex(ram_below_4g(m.qts), ==, c->below);
    }
    /* Some servers accept a single connection */
    g_assert_cmpint(adapter_requests(adapter, VFIO_USER_VERSION), ==, 1);
    machine_stop(&m);
    if (firmware) {
        unlink(firmware);
    }
}

/* The host's devices are only directories, so QEMU ends when it realizes one */

static char *said_with(const char *option, const char *dir)
{
    g_auto(GStrv) parts = g_strsplit(option, "DIR", -1);
    g_autofree char *device = g_strjoinv(dir, parts);
    g_autofree char *options = g_strdup_printf(
        "-M pc,x-auto-pci-window=on -m 4G %s", device);

    return machine_refusal(options);
}

/* Each way to name a host's device */
static void test_auto_host(void)
{
    static const char *const options[] = {
        "-device vfio-pci,sysfsdev=DIR",
        "-device vfio-pci,sysfsdev=DIR,x-vga=on",
        "-device vfio-pci-nohotplug,sysfsdev=DIR",
        "-device pci-assign,sysfsdev=DIR",
        "-device kvm-pci-assign,sysfsdev=DIR",
        "-device '{\"driver\":\"vfio-pci\",\"sysfsdev\":\"DIR\"}'",
    };
    /* BARs 0 and 1 of 512 MiB each, 32-bit; an I/O port BAR */
    static const char text[] =
        "0x00000000c0000000 0x00000000dfffffff 0x0000000000040200\n"
        "0x00000000e0000000 0x00000000ffffffff 0x0000000000042208\n"
        "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
    g_autofree char *dir = g_dir_make_tmp("pc-window-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "resource", NULL);
    unsigned i;

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    for (i = 0; i < ARRAY_SIZE(options); i++) {
        g_autofree char *said = NULL;

        /* These names come with another topic. */
        if (strstr(options[i], "pci-assign") &&
            !qtest_has_device("pci-assign")) {
            continue;
        }
        said = said_with(options[i], dir);
        g_test_message("%s: %s", options[i], said);
        g_assert_nonnull(strstr(said, "x-auto-pci-window sets "
                                      "max-ram-below-4g=2G\n"));
    }
    unlink(path);
    rmdir(dir);
}

/* Without an assigned device the user has to see to it */
static void test_emulated(void)
{
    Machine m;
    Adapter *adapter = adapter_new();

    adapter_start(adapter);
    machine_start(&m, adapter, "pc", "-m 4G -device pci-testdev,membar=2G");
    g_assert_cmpint(machine_said(&m, ""), ==, 0);
    machine_stop(&m);
}

/* An adapter that is plugged later gets the window that the guest knows */
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
        machine_add("pc-window", cases[i].name, &cases[i], test_case);
    }
    qtest_add_func("pc-window/emulated", test_emulated);
    qtest_add_func("pc-window/hotplug", test_hotplug);
    if (qtest_has_device("vfio-pci")) {
        qtest_add_func("pc-window/auto-host", test_auto_host);
    }
    return g_test_run();
}
