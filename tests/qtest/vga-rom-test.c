/*
 * Which VBIOS a guest gets, and what QEMU says about it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process, with a ROM region, the
 * flash ROM of an NVIDIA adapter in BAR 0, or both. romfiles are made in a
 * directory. qtest plays the guest and reads the ROM BAR.  Tests of flash ROMs
 * that are in test-vfio-vga-flash.c are not repeated here.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/bswap.h"
#include "hw/pci/pci.h"
#include "vga-rom-bench.h"

/*
 * The ROM region
 */

static void test_region_good(void)
{
    Machine machine;

    start_plugged(&machine, adapter_with(&ours), "");
    says_nothing(&machine);
    guest_sees_image(&machine, &ours);
    machine_stop(&machine);
}

static void test_region_posted(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    adapter_post(adapter, ours.size);
    start_plugged(&machine, adapter, "");
    says(&machine, "warning: vfio vfio-user:");
    says(&machine, "VBIOS (ROM region): the entry point of its x86 image is a "
                   "return");
    says(&machine, "The flash ROM does not help: it is not known how to read "
                   "the flash ROM of vendor 0x");
    machine_stop(&machine);
}

static void test_region_missing(void)
{
    Machine machine;

    start_plugged(&machine, adapter_with(NULL), "");
    says(&machine, "VBIOS (ROM region): the host gives none");
    says(&machine, "romfile=FILE");
    machine_stop(&machine);
}

static void test_region_switched_off(void)
{
    Machine machine;
    AdapterAccess access;
    Adapter *adapter = adapter_with(&ours);

    start_plugged(&machine, adapter, "'rombar': 0,");
    says(&machine, "VBIOS (none, because of rombar=0): the guest's firmware "
                   "has nothing to run");
    says(&machine, "Leave out rombar=0.");
    machine_unplug(&machine);
    plug(&machine, "'romfile': '',");
    says(&machine, "VBIOS (none, because romfile= is empty): ");
    says(&machine, "Use romfile=FILE, or leave out romfile=.");
    while (adapter_next(adapter, &access)) {
        g_assert_cmpint(access.region, !=, ROM);
    }
    machine_stop(&machine);
}

static void test_region_unreadable(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    start(&machine, adapter, "");
    adapter_fault(adapter, ADAPTER_FAULT_ERROR, VFIO_USER_REGION_READ, ROM);
    plug(&machine, "");
    says(&machine, "Error reading device ROM: Input/output error");
    /* QEMU 11.1 drops what it cannot read, others leave it as ones */
    if (machine_said(&machine, "all its 4096 bytes are 0xff")) {
        says(&machine, "VBIOS (ROM region): all its 4096 bytes are 0xff: "
                       "nothing was read");
        says(&machine, "vga-assign rom dump");
    } else {
        says(&machine, "VBIOS (ROM region): the host gives none");
    }

    /* like a server that has a ROM only while it is mapped */
    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ADAPTER_REGIONS);
    guest_sees_image(&machine, &ours);
    machine_stop(&machine);
}

/* Two images, made for another device of the vendor */
static void test_region_ids(void)
{
    static const Image theirs[] = {
        { .size = 1024, .vendor = ADAPTER_VENDOR, .device = 0x1234,
          .mark = 0x33, .more = true },
        { .size = 1024, .vendor = ADAPTER_VENDOR, .device = 0x1234,
          .mark = 0x44 },
    };
    uint8_t seen[2048];
    Machine machine;
    Adapter *adapter = adapter_with(&theirs[0]);
    unsigned i;

    image_make(adapter_data(adapter, ROM) + 1024, &theirs[1]);
    start(&machine, adapter, "");
    plug(&machine, "'x-pci-device-id': 22136,");        /* 0x5678 */
    says_nothing(&machine);

    memcpy(seen, adapter_data(adapter, ROM), sizeof(seen));
    for (i = 0; i < sizeof(seen); i += 1024) {
        stw_le_p(seen + i + 0x46, 0x5678);
        image_sum(seen + i, 1024);
    }
    guest_sees(&machine, seen, sizeof(seen));
    machine_stop(&machine);
}

/*
 * x-vfio-user-server used to serve the ROM only to a client that had mapped
 * it, which no client does before its guest runs.
 */
static void test_region_served(void)
{
    static const Image image = {
        .size = 2048, .vendor = PCI_VENDOR_ID_QEMU,
        .device = PCI_DEVICE_ID_QEMU_VGA, .mark = 0x66,
    };
    g_autofree char *path = file_of_image(&image);
    g_autofree char *socket = g_strdup_printf("%s/served", rom_directory);
    g_autofree char *options = g_strdup_printf(
        "-device '{\"driver\":\"vfio-user-pci\",\"x-vga\":true,\"addr\":\"%u\","
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'",
        MACHINE_SLOT, socket);
    QTestState *server;
    Machine machine;

    server = qtest_initf("-M x-remote,vfio-user=on,auto-shutdown=off "
                         "-nodefaults -vga none -device VGA,id=gpu,romfile=%s "
                         "-object x-vfio-user-server,id=vfu,type=unix,path=%s,"
                         "device=gpu", path, socket);
    machine_start(&machine, adapter_new(), "pc", options);
    says_nothing(&machine);
    guest_sees_image(&machine, &image);
    machine_stop(&machine);
    qtest_quit(server);
}

static void test_region_checksum(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    adapter_data(adapter, ROM)[0x100]++;    /* a variable in the image */
    start_plugged(&machine, adapter, "");
    says(&machine, "VBIOS (ROM region): the checksum of its x86 image is "
                   "wrong, and QEMU repairs it for the guest");
    image_sum(adapter_data(adapter, ROM), ours.size);
    guest_sees(&machine, adapter_data(adapter, ROM), ours.size);
    machine_stop(&machine);
}

static void test_check_off(void)
{
    Machine machine;
    AdapterAccess access;
    Adapter *adapter = adapter_with(&ours);

    adapter_post(adapter, ours.size);
    start_plugged(&machine, adapter, "'x-rom-check': 'off',");
    says_nothing(&machine);
    g_assert_false(adapter_next(adapter, &access));
    machine_stop(&machine);
}

/*
 * Properties
 */

static void test_properties(void)
{
    Machine machine;

    start(&machine, adapter_with(&ours), "");
    machine_check_choice(&machine, "x-rom-check", "warn, error or off");
    machine_check_choice(&machine, "x-rom-source",
                         "auto, region, flash or file");
    machine_stop(&machine);
}

int main(int argc, char **argv)
{
    int status;

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }
    rom_directory = g_dir_make_tmp("vga-rom-test-XXXXXX", NULL);
    g_assert_nonnull(rom_directory);

    qtest_add_func("vga-rom/region/good", test_region_good);
    qtest_add_func("vga-rom/region/posted", test_region_posted);
    qtest_add_func("vga-rom/region/missing", test_region_missing);
    qtest_add_func("vga-rom/region/switched-off", test_region_switched_off);
    qtest_add_func("vga-rom/region/unreadable", test_region_unreadable);
    qtest_add_func("vga-rom/region/ids", test_region_ids);
    qtest_add_func("vga-rom/region/served", test_region_served);
    qtest_add_func("vga-rom/region/checksum", test_region_checksum);
    qtest_add_func("vga-rom/region/check-off", test_check_off);
    qtest_add_func("vga-rom/properties", test_properties);
    rom_add_flash();
    rom_add_file();
    status = g_test_run();

    /* neither libqtest nor GLib can remove a directory with its files */
    {
        GDir *dir = g_dir_open(rom_directory, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(rom_directory, name, NULL);

            g_unlink(path);
        }
        if (dir) {
            g_dir_close(dir);
        }
        g_rmdir(rom_directory);
    }
    g_free(rom_directory);
    return status;
}
