/*
 * A guest's VBIOS from a file, and the firmware that it is for
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "qemu/bswap.h"
#include "qemu/units.h"
#include "vga-rom-bench.h"

/*
 * romfile=
 */

static char *romfile_property(const char *path)
{
    return g_strdup_printf("'romfile': '%s',", path);
}

/* The file is the adapter's VBIOS; defects of the region do not matter */
static void test_file_good(void)
{
    g_autofree char *path = file_of_image(&ours);
    g_autofree char *property = romfile_property(path);
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    adapter_post(adapter, ours.size);
    start_plugged(&machine, adapter, property);
    says_nothing(&machine);
    guest_sees_image(&machine, &ours);
    machine_stop(&machine);
}

/* A bad file gives a warning that names it, or an error if that is wanted */
static void check_bad_file(const void *data, size_t size, const char *what)
{
    g_autofree char *path = file_of(data, size);
    g_autofree char *property = romfile_property(path);
    g_autofree char *strict = g_strdup_printf("%s 'x-rom-check': 'error',",
                                              property);
    g_autofree char *message = g_strdup_printf("VBIOS (romfile '%s'): %s",
                                               path, what);
    Machine machine;

    start(&machine, adapter_with(NULL), "");
    plug_fails(&machine, strict, message);
    says_nothing(&machine);
    plug(&machine, property);
    says(&machine, message);
    machine_stop(&machine);
}

static void test_file_ids(void)
{
    Image theirs = ours;
    uint8_t data[2048];

    theirs.device ^= 0x00ff;
    image_make(data, &theirs);
    check_bad_file(data, sizeof(data), "its x86 image is for 1af4:100f, and "
                   "the adapter is 1af4:10f0: SeaBIOS skips it");
}

static void test_file_header(void)
{
    uint8_t data[0x600 + 2048] = { };

    stl_le_p(data, 0x4947564e);
    stl_le_p(data + 4, 0x00200200);
    stl_le_p(data + 0x24, 0x600);
    image_make(data + 0x600, &ours);
    check_bad_file(data, sizeof(data), "it starts with NVIDIA's flash header");
}

static void test_file_efi(void)
{
    Image efi = ours;
    uint8_t data[2048];

    efi.type = EFI;
    image_make(data, &efi);
    check_bad_file(data, sizeof(data), "it has no x86 image: SeaBIOS finds "
                   "nothing to run");
}

static void test_file_cut(void)
{
    uint8_t data[2048];

    image_make(data, &ours);
    check_bad_file(data, 1024, "the x86 image at 0x0 has 2048 bytes, and the "
                   "last 1024 are missing");
}

static void test_file_checksum(void)
{
    uint8_t data[2048];

    image_make(data, &ours);
    data[0x100]++;
    check_bad_file(data, sizeof(data), "the checksum of its x86 image is "
                   "wrong");
}

/* The adapter's own VBIOS, for a guest that sees another device ID */
static void test_file_hidden_ids(void)
{
    g_autofree char *path = file_of_image(&ours);
    g_autofree char *property = g_strdup_printf(
        "'romfile': '%s', 'x-pci-device-id': 22136,", path);
    g_autofree char *file = NULL;
    uint8_t seen[2048];
    size_t size;
    Machine machine;

    start_plugged(&machine, adapter_with(NULL), property);
    says_nothing(&machine);
    image_make(seen, &ours);
    g_assert_true(g_file_get_contents(path, &file, &size, NULL));
    g_assert_cmpmem(file, size, seen, sizeof(seen));
    stw_le_p(seen + 0x46, 0x5678);
    image_sum(seen, sizeof(seen));
    guest_sees(&machine, seen, sizeof(seen));
    machine_stop(&machine);
}

static void test_file_without_bar(void)
{
    g_autofree char *path = file_of_image(&ours);
    g_autofree char *options = NULL;
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    /* PCI refuses the file for a device that is plugged while the guest runs */
    adapter_start(adapter);
    options = g_strdup_printf(
        "-device '{\"driver\":\"vfio-user-pci\",\"x-vga\":true,\"rombar\":0,"
        "\"romfile\":\"%s\","
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'",
        path, adapter_path(adapter));
    machine_start(&machine, adapter, "pc", options);
    says(&machine, "with rombar=0 a BIOS runs it for no adapter in particular");
    says(&machine, "Leave out rombar=0.");
    machine_stop(&machine);
}

/*
 * Firmware
 */

static char *uefi_image(void)
{
    g_autofree uint8_t *data = g_malloc0(256 * KiB);

    /* a firmware volume somewhere, and an entry point at the end */
    memcpy(data + 128 * KiB + 0x28, "_FVH", 4);
    data[256 * KiB - 16] = 0xe9;
    return file_of(data, 256 * KiB);
}

static void check_uefi(const char *options)
{
    g_autofree char *legacy = file_of_image(&ours);
    g_autofree char *efi = NULL;
    g_autofree char *with_legacy = romfile_property(legacy);
    g_autofree char *with_efi = NULL;
    Image image = ours;
    Machine machine;

    image.type = EFI;
    efi = file_of_image(&image);
    with_efi = romfile_property(efi);

    start(&machine, adapter_with(NULL), options);
    plug(&machine, with_efi);
    says_nothing(&machine);
    machine_unplug(&machine);
    plug(&machine, with_legacy);
    says(&machine, "it has no EFI image");
    machine_stop(&machine);
}

static void test_uefi_bios(void)
{
    g_autofree char *image = uefi_image();
    g_autofree char *options = g_strdup_printf("-bios %s", image);

    check_uefi(options);
}

static void test_uefi_pflash(void)
{
    g_autofree char *image = uefi_image();
    g_autofree char *options =
        g_strdup_printf("-drive if=pflash,format=raw,readonly=on,file=%s",
                        image);

    check_uefi(options);
}

/* Adapters for which OVMF has drivers need no VBIOS there */
static void test_uefi_drivers(void)
{
    static const struct {
        unsigned vendor, device;
        bool needless;
    } ids[] = {
        { 0x1013, 0x00a0, true }, { 0x1013, 0x00a8, true },
        { 0x1013, 0x00b8, true }, { 0x1234, 0x1111, true },
        { 0x1b36, 0x0100, true }, { 0x1af4, 0x1050, true },
        { 0x15ad, 0x0405, true },
        { 0x1013, 0x00bc }, { 0x1002, 0x5046 }, { 0x15ad, 0x0710 },
    };
    g_autofree char *firmware = uefi_image();
    g_autofree char *options = g_strdup_printf("-bios %s", firmware);
    g_autofree char *legacy = file_of_image(&ours);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(ids); i++) {
        g_autofree char *shown = g_strdup_printf("'x-pci-vendor-id': %u, "
            "'x-pci-device-id': %u,", ids[i].vendor, ids[i].device);
        g_autofree char *file = g_strdup_printf("%s 'romfile': '%s',", shown,
                                                legacy);
        Machine machine;

        start(&machine, adapter_with(NULL), options);
        plug(&machine, shown);
        g_assert_cmpint(machine_said(&machine, "the host gives none"), ==,
                        !ids[i].needless);
        machine_unplug(&machine);
        plug(&machine, file);
        g_assert_cmpint(machine_said(&machine, "it has no EFI image"), ==,
                        !ids[i].needless);
        machine_stop(&machine);
    }
}

void rom_add_file(void)
{
    qtest_add_func("vga-rom/file/good", test_file_good);
    qtest_add_func("vga-rom/file/ids", test_file_ids);
    qtest_add_func("vga-rom/file/header", test_file_header);
    qtest_add_func("vga-rom/file/efi", test_file_efi);
    qtest_add_func("vga-rom/file/cut", test_file_cut);
    qtest_add_func("vga-rom/file/checksum", test_file_checksum);
    qtest_add_func("vga-rom/file/hidden-ids", test_file_hidden_ids);
    qtest_add_func("vga-rom/file/without-bar", test_file_without_bar);
    qtest_add_func("vga-rom/uefi/bios", test_uefi_bios);
    qtest_add_func("vga-rom/uefi/pflash", test_uefi_pflash);
    qtest_add_func("vga-rom/uefi/drivers", test_uefi_drivers);
}
