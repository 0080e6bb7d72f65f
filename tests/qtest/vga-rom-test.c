/*
 * Which VBIOS a guest gets, and what QEMU says of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process, with a ROM region, the
 * flash ROM of an NVIDIA adapter in BAR 0, or both, and romfiles are made in
 * a directory.  The guest is played by qtest, which reads the ROM BAR.  What
 * test-vfio-vga-flash.c does of flash ROMs is not repeated here.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "hw/pci/pci.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

#define ROM         VFIO_PCI_ROM_REGION_INDEX
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ROM_ADDRESS 0xe0000000
#define NVIDIA      0x10de
#define GM204       0x124000a1      /* NV_PMC_BOOT_0 */
#define CONTROL     0x88050
#define CLOSED      0x00000001
#define PROM        0x300000

enum { X86 = 0, EFI = 3 };

static char *directory;

/*
 * Images
 */

typedef struct Image {
    uint32_t size;
    uint16_t vendor, device;
    uint8_t type;
    bool more;
    uint8_t mark;           /* tells two images apart */
} Image;

static void image_sum(uint8_t *image, uint32_t size)
{
    uint8_t sum = 0;
    uint32_t i;

    for (i = 0; i < size - 1; i++) {
        sum += image[i];
    }
    image[i] = -sum;
}

static void image_make(uint8_t *data, const Image *image)
{
    uint8_t *pcir = data + 0x40;

    memset(data, image->mark, image->size);
    stw_le_p(data, 0xaa55);
    data[2] = image->size / 512;
    if (image->type == EFI) {
        stw_le_p(data + 2, image->size / 512);
        stl_le_p(data + 4, 0x0ef1);
        stw_le_p(data + 8, 11);
        stw_le_p(data + 0xa, 0x8664);
        stw_le_p(data + 0xc, 0);
        stw_le_p(data + 0x16, 0x60);
    } else {
        data[3] = 0xeb;     /* something to run */
    }
    stw_le_p(data + 0x18, 0x40);
    memset(pcir, 0, 0x18);
    memcpy(pcir, "PCIR", 4);
    stw_le_p(pcir + 4, image->vendor);
    stw_le_p(pcir + 6, image->device);
    stw_le_p(pcir + 0xa, 0x18);
    pcir[0xf] = 3;
    stw_le_p(pcir + 0x10, image->size / 512);
    pcir[0x14] = image->type;
    pcir[0x15] = image->more ? 0 : 0x80;
    image_sum(data, image->size);
}

static const Image ours = {
    .size = 2048, .vendor = ADAPTER_VENDOR, .device = ADAPTER_DEVICE,
    .mark = 0x11,
};

static const Image nvidia = {
    .size = 2048, .vendor = NVIDIA, .device = ADAPTER_DEVICE, .mark = 0x22,
};

/* A file with the images, each behind the other; free the name with g_free() */
static char *file_of(const void *data, size_t size)
{
    static unsigned n;
    char *path = g_strdup_printf("%s/%u.rom", directory, n++);

    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

static char *file_of_image(const Image *image)
{
    g_autofree uint8_t *data = g_malloc(image->size);

    image_make(data, image);
    return file_of(data, image->size);
}

/*
 * The adapter
 */

static Adapter *adapter_with(const Image *image)
{
    Adapter *adapter = adapter_new();

    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX, RW, 0xc0000);
    if (image) {
        adapter_set_rom(adapter, 4096);
        image_make(adapter_data(adapter, ROM), image);
    }
    return adapter;
}

/* One whose ROM region has run: its entry point returns at once */
static void adapter_post(Adapter *adapter, uint32_t size)
{
    adapter_data(adapter, ROM)[3] = 0xcb;
    image_sum(adapter_data(adapter, ROM), size);
}

static void adapter_set_flash(Adapter *adapter, const Image *image)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *bar;

    stw_le_p(config + PCI_VENDOR_ID, NVIDIA);
    adapter_set_bar(adapter, 0, 4 * MiB, false);
    bar = adapter_data(adapter, 0);
    stl_le_p(bar, GM204);
    if (image) {
        image_make(bar + PROM, image);
    }
}

/*
 * The machine
 */

static void start(Machine *machine, Adapter *adapter, const char *options)
{
    adapter_start(adapter);
    machine_start(machine, adapter, "pc", options);
}

/* @json: further properties, each with a comma behind it */
static QDict *properties(const char *json)
{
    g_autofree char *all = g_strdup_printf("{%s 'x-vga': true}", json);

    return qobject_to(QDict, qobject_from_json(all, &error_abort));
}

static void plug(Machine *machine, const char *json)
{
    machine_plug(machine, properties(json));
}

static void plug_fails(Machine *machine, const char *json, const char *why)
{
    g_autofree char *desc = machine_try_plug(machine, properties(json));

    g_assert_nonnull(desc);
    if (!strstr(desc, why)) {
        g_error("'%s' is not in '%s'", why, desc);
    }
}

static void says(Machine *machine, const char *what)
{
    if (!machine_said(machine, what)) {
        g_error("QEMU does not say '%s'", what);
    }
}

static void says_nothing(Machine *machine)
{
    g_assert_cmpint(machine_said(machine, ""), ==, 0);
}

/* What the guest sees in its ROM BAR */
static void guest_sees(Machine *machine, const void *data, size_t size)
{
    g_autofree uint8_t *seen = g_malloc(size);
    QPCIBus *bus = qpci_new_pc(machine->qts, NULL);
    QPCIDevice *dev = qpci_device_find(bus, QPCI_DEVFN(MACHINE_SLOT, 0));

    g_assert_nonnull(dev);
    qpci_config_writel(dev, PCI_ROM_ADDRESS,
                       ROM_ADDRESS | PCI_ROM_ADDRESS_ENABLE);
    qpci_config_writew(dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    qtest_memread(machine->qts, ROM_ADDRESS, seen, size);
    g_assert_cmpmem(seen, size, data, size);
    g_free(dev);
    qpci_free_pc(bus);
}

static void guest_sees_image(Machine *machine, const Image *image)
{
    g_autofree uint8_t *data = g_malloc(image->size);

    image_make(data, image);
    guest_sees(machine, data, image->size);
}

/*
 * The ROM region
 */

static void test_region_good(void)
{
    Machine machine;

    start(&machine, adapter_with(&ours), "");
    plug(&machine, "");
    says_nothing(&machine);
    guest_sees_image(&machine, &ours);
    machine_stop(&machine);
}

static void test_region_posted(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    adapter_post(adapter, ours.size);
    start(&machine, adapter, "");
    plug(&machine, "");
    says(&machine, "warning: vfio vfio-user:");
    says(&machine, "VBIOS (ROM region): the entry point of its x86 image is a "
                   "return");
    says(&machine, "The flash ROM is no way out: no way to its flash ROM is "
                   "known: neither NVIDIA nor AMD made it");
    machine_stop(&machine);
}

static void test_region_missing(void)
{
    Machine machine;

    start(&machine, adapter_with(NULL), "");
    plug(&machine, "");
    says(&machine, "VBIOS (ROM region): the host gives none");
    says(&machine, "romfile=FILE");
    machine_stop(&machine);
}

static void test_region_switched_off(void)
{
    Machine machine;
    AdapterAccess access;
    Adapter *adapter = adapter_with(&ours);

    start(&machine, adapter, "");
    plug(&machine, "'rombar': 0,");
    says(&machine, "VBIOS (none): it is switched off");
    says(&machine, "leave out rombar=0");
    machine_unplug(&machine);
    plug(&machine, "'romfile': '',");
    says(&machine, "give romfile= the name of a file");
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
    says(&machine, "VBIOS (ROM region): all its 4096 bytes are 0xff: nothing "
                   "was read");
    says(&machine, "vga-assign rom dump");

    /* as a server may, that has a ROM for who has mapped it */
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
 * x-vfio-user-server used to serve the ROM only to a client that had mapped it,
 * as no client has whose guest does not run yet.
 */
static void test_region_served(void)
{
    static const Image image = {
        .size = 2048, .vendor = PCI_VENDOR_ID_QEMU,
        .device = PCI_DEVICE_ID_QEMU_VGA, .mark = 0x66,
    };
    g_autofree char *path = file_of_image(&image);
    g_autofree char *socket = g_strdup_printf("%s/served", directory);
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

    adapter_data(adapter, ROM)[0x100]++;    /* a variable of its own */
    start(&machine, adapter, "");
    plug(&machine, "");
    says(&machine, "VBIOS (ROM region): the checksum of its x86 image is "
                   "wrong, the guest gets it repaired");
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
    start(&machine, adapter, "");
    plug(&machine, "'x-rom-check': 'off',");
    says_nothing(&machine);
    g_assert_false(adapter_next(adapter, &access));
    machine_stop(&machine);
}

/*
 * The flash ROM
 */

static void test_flash_instead(void)
{
    Machine machine;
    AdapterAccess access;
    Image region = nvidia;
    Adapter *adapter;
    bool open = false, first = true;

    region.mark = 0x55;
    adapter = adapter_with(&region);
    adapter_set_flash(adapter, &nvidia);
    stl_le_p(adapter_data(adapter, 0) + CONTROL, CLOSED);
    adapter_post(adapter, region.size);
    start(&machine, adapter, "");
    plug(&machine, "");
    says(&machine, "info: vfio vfio-user:");
    says(&machine, "VBIOS: the guest gets it from the adapter's flash ROM, "
                   "because the ROM region is not pristine");

    /* The window is open while it is read, and as before afterwards */
    while (adapter_next(adapter, &access)) {
        if (access.region == 0 && access.offset == CONTROL && access.write) {
            g_assert_cmphex(ldl_le_p(access.data), ==, first ? 0 : CLOSED);
            open = first;
            first = false;
        }
        if (access.region == 0 && access.offset >= PROM) {
            g_assert_true(open);
            g_assert_cmpint(access.count, ==, 4);
        }
    }
    g_assert_false(first);
    g_assert_false(open);
    g_assert_cmphex(ldl_le_p(adapter_data(adapter, 0) + CONTROL), ==, CLOSED);
    guest_sees_image(&machine, &nvidia);
    machine_stop(&machine);
}

static void test_flash_not_needed(void)
{
    Machine machine;
    AdapterAccess access;
    Image region = nvidia;
    Adapter *adapter;

    region.mark = 0x55;
    adapter = adapter_with(&region);
    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    plug(&machine, "");
    says_nothing(&machine);
    while (adapter_next(adapter, &access)) {
        g_assert_cmpint(access.region, !=, 0);
    }
    guest_sees_image(&machine, &region);
    machine_stop(&machine);
}

static void test_flash_wanted(void)
{
    Machine machine;
    Image region = nvidia;
    Adapter *adapter;

    region.mark = 0x55;
    adapter = adapter_with(&region);
    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    plug(&machine, "'x-rom-source': 'flash',");
    says_nothing(&machine);
    guest_sees_image(&machine, &nvidia);
    machine_stop(&machine);
}

static void test_flash_not_wanted(void)
{
    Machine machine;
    AdapterAccess access;
    Adapter *adapter = adapter_with(&nvidia);

    adapter_set_flash(adapter, &nvidia);
    adapter_post(adapter, nvidia.size);
    start(&machine, adapter, "");
    plug(&machine, "'x-rom-source': 'region',");
    says(&machine, "is a return");
    while (adapter_next(adapter, &access)) {
        g_assert_cmpint(access.region, !=, 0);
    }
    machine_stop(&machine);
}

/* The adapter has no ROM BAR, the guest gets one */
static void test_flash_without_region(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    plug(&machine, "");
    says(&machine, "because the host gives none");
    guest_sees_image(&machine, &nvidia);
    machine_stop(&machine);
}

/* There is garbage in it: the region stays, and both are said */
static void test_flash_garbage(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&nvidia);

    adapter_set_flash(adapter, NULL);
    adapter_post(adapter, nvidia.size);
    start(&machine, adapter, "");
    plug(&machine, "");
    says(&machine, "VBIOS (ROM region): the entry point of its x86 image is a "
                   "return");
    says(&machine, "The flash ROM is no way out: there is no VBIOS in its "
                   "flash ROM, which begins with 00 00 00 00");
    machine_stop(&machine);
}

/* Registers that cannot be read: it is said, and the guest runs */
static void test_flash_error(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    adapter_fault(adapter, ADAPTER_FAULT_ERROR, VFIO_USER_REGION_READ, 0);
    plug(&machine, "");
    says(&machine, "VBIOS (ROM region): the host gives none");
    says(&machine, "The flash ROM is no way out: reading register 0x0 of BAR "
                   "0 failed: Input/output error");
    machine_stop(&machine);
}

/*
 * An adapter that stops to answer is refused.  This used to end QEMU, which
 * unmapped BARs that it had not been able to map.
 */
static void test_flash_silent(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    adapter_fault(adapter, ADAPTER_FAULT_SILENT, VFIO_USER_REGION_READ, 0);
    plug_fails(&machine, "'x-msg-timeout': 100,", "vfio-user:");
    says(&machine, "no reply within 100 ms");
    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ADAPTER_REGIONS);
    plug(&machine, "");
    guest_sees_image(&machine, &nvidia);
    machine_stop(&machine);
}

static void test_flash_refused(void)
{
    Machine machine;

    start(&machine, adapter_with(&ours), "");
    plug_fails(&machine, "'x-rom-source': 'flash',",
               "x-rom-source=flash: no way to its flash ROM is known");
    plug_fails(&machine, "'x-rom-source': 'flash', 'romfile': 'x.rom',",
               "x-rom-source=flash contradicts romfile=x.rom");
    plug_fails(&machine, "'x-rom-source': 'region', 'rombar': 0,",
               "x-rom-source=region contradicts rombar=0");
    plug_fails(&machine, "'x-rom-source': 'file',",
               "x-rom-source=file without a romfile");
    plug_fails(&machine, "'x-rom-source': 'flash',", "x-rom-source");
    plug_fails(&machine, "'x-rom-check': 'on',", "x-rom-check");
    plug(&machine, "");
    machine_stop(&machine);
}

/*
 * romfile=
 */

static char *romfile_property(const char *path)
{
    return g_strdup_printf("'romfile': '%s',", path);
}

/* The file is as the adapter's; what is wrong with the region is no matter */
static void test_file_good(void)
{
    g_autofree char *path = file_of_image(&ours);
    g_autofree char *property = romfile_property(path);
    Machine machine;
    Adapter *adapter = adapter_with(&ours);

    adapter_post(adapter, ours.size);
    start(&machine, adapter, "");
    plug(&machine, property);
    says_nothing(&machine);
    guest_sees_image(&machine, &ours);
    machine_stop(&machine);
}

/* One that is wrong: a warning that names it, an error if that is wanted */
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
    check_bad_file(data, sizeof(data), "its x86 image is for 1af4:100f, the "
                   "adapter is 1af4:10f0: SeaBIOS skips it");
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
    check_bad_file(data, 1024, "the x86 image at 0x0 has 2048 bytes, the last "
                   "1024 are missing");
}

static void test_file_checksum(void)
{
    uint8_t data[2048];

    image_make(data, &ours);
    data[0x100]++;
    check_bad_file(data, sizeof(data), "the checksum of its x86 image is "
                   "wrong");
}

/* The adapter's own, for a guest that is told another device ID */
static void test_file_hidden_ids(void)
{
    g_autofree char *path = file_of_image(&ours);
    g_autofree char *property = g_strdup_printf(
        "'romfile': '%s', 'x-pci-device-id': 22136,", path);
    g_autofree char *file = NULL;
    uint8_t seen[2048];
    size_t size;
    Machine machine;

    start(&machine, adapter_with(NULL), "");
    plug(&machine, property);
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

    /* PCI refuses it for a device that is plugged while the guest runs */
    adapter_start(adapter);
    options = g_strdup_printf(
        "-device '{\"driver\":\"vfio-user-pci\",\"x-vga\":true,\"rombar\":0,"
        "\"romfile\":\"%s\","
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'",
        path, adapter_path(adapter));
    machine_start(&machine, adapter, "pc", options);
    says(&machine, "with rombar=0 a BIOS runs it for no adapter in particular");
    says(&machine, "leave out rombar=0");
    machine_stop(&machine);
}

/*
 * Firmware
 */

static char *uefi_image(void)
{
    g_autofree uint8_t *data = g_malloc0(256 * KiB);

    /* a firmware volume somewhere, and a way into it at the end */
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

/* Adapters that OVMF has drivers for need no VBIOS there */
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

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return 0;
    }
    directory = g_dir_make_tmp("vga-rom-test-XXXXXX", NULL);
    g_assert_nonnull(directory);

    qtest_add_func("vga-rom/region/good", test_region_good);
    qtest_add_func("vga-rom/region/posted", test_region_posted);
    qtest_add_func("vga-rom/region/missing", test_region_missing);
    qtest_add_func("vga-rom/region/switched-off", test_region_switched_off);
    qtest_add_func("vga-rom/region/unreadable", test_region_unreadable);
    qtest_add_func("vga-rom/region/ids", test_region_ids);
    qtest_add_func("vga-rom/region/served", test_region_served);
    qtest_add_func("vga-rom/region/checksum", test_region_checksum);
    qtest_add_func("vga-rom/region/check-off", test_check_off);
    qtest_add_func("vga-rom/flash/instead", test_flash_instead);
    qtest_add_func("vga-rom/flash/not-needed", test_flash_not_needed);
    qtest_add_func("vga-rom/flash/wanted", test_flash_wanted);
    qtest_add_func("vga-rom/flash/not-wanted", test_flash_not_wanted);
    qtest_add_func("vga-rom/flash/without-region", test_flash_without_region);
    qtest_add_func("vga-rom/flash/garbage", test_flash_garbage);
    qtest_add_func("vga-rom/flash/error", test_flash_error);
    qtest_add_func("vga-rom/flash/silent", test_flash_silent);
    qtest_add_func("vga-rom/flash/refused", test_flash_refused);
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
    qtest_add_func("vga-rom/properties", test_properties);
    status = g_test_run();

    /* libqtest and GLib have none that removes a directory with its files */
    {
        GDir *dir = g_dir_open(directory, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(directory, name, NULL);

            g_unlink(path);
        }
        if (dir) {
            g_dir_close(dir);
        }
        g_rmdir(directory);
    }
    g_free(directory);
    return status;
}
