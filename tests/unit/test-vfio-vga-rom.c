/*
 * Which VBIOS a guest gets, as far as that depends on the host's sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The test builds the files vga-rom*.c with mocks: an imitation of the
 * adapter's directory in sysfs, a ROM region and a flash ROM that differ, and
 * memory below 4 GiB with the guest's firmware.  Everything that needs no
 * sysfs is tested with a whole QEMU in tests/qtest/vga-rom-test.c.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "hw/pci/vga-compat.h"
#include "vfio-said.h"
#include "vfio-types.h"
#include "../../hw/vfio/vga-rom.c"
#include "../../hw/vfio/vga-rom-report.c"
#include "../../hw/vfio/vga-rom-source.c"

#define VENDOR  0x10de
#define DEVICE  0x1380
#define SIZE    1024

static VFIOPCIDevice vdev;
static char *sysfs;
static uint8_t region[SIZE], flash[SIZE];
static bool has_flash;
static unsigned flash_reads;
static char firmware[4];        /* signature of a firmware volume */

/* Mocks */

void vfio_props_add(ObjectClass *klass, const Property *props, size_t n)
{
    g_assert_not_reached();
}

void vfio_vga_dark_watch(void)
{
    g_assert_not_reached();
}

void vfio_props_get_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    g_assert_not_reached();
}

void vfio_props_set_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    g_assert_not_reached();
}

void vfio_props_set_default_enum(ObjectProperty *op, const Property *prop)
{
    g_assert_not_reached();
}

uint8_t *vfio_vga_flash_read(VFIODevice *vbasedev, size_t *size, Error **errp)
{
    flash_reads++;
    if (!has_flash) {
        error_setg(errp, "the window stays closed");
        return NULL;
    }
    *size = SIZE;
    return g_memdup2(flash, SIZE);
}

void vfio_pci_read_rom(VFIOPCIDevice *d)
{
    d->rom = g_memdup2(region, SIZE);
    d->rom_size = SIZE;
}

void vfio_pci_register_rom(VFIOPCIDevice *d, uint32_t size)
{
    g_assert_not_reached();
}

uint64_t memory_region_size(VGA_COMPAT_CONST_11_0 MemoryRegion *mr)
{
    return SIZE;
}

void *memory_region_get_ram_ptr(VGA_COMPAT_CONST_11_0 MemoryRegion *mr)
{
    g_assert_not_reached();
}

char *qemu_find_file(QemuFileType type, const char *name)
{
    g_assert_not_reached();
}

/* The firmware is a ROM that the first reset has not copied to memory yet */
void *rom_ptr(hwaddr addr, size_t size)
{
    static uint8_t vector[RESET_VECTOR_SIZE] = { 0xea, 0x5b, 0xe0 };

    if (addr == FIRMWARE_END - sizeof(vector)) {
        return vector;
    }
    return addr == FIRMWARE_END - 64 * KiB + FIRMWARE_SIGNATURE ? firmware
                                                                : NULL;
}

AddressSpace address_space_memory;

MemTxResult address_space_rw(VGA_COMPAT_CONST_11_1 AddressSpace *as,
                             hwaddr addr, MemTxAttrs attrs, void *buf,
                             hwaddr len, bool is_write)
{
    return MEMTX_DECODE_ERROR;
}

static int card_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                     uint32_t size, void *data)
{
    stw_le_p(data, off == PCI_VENDOR_ID ? VENDOR : DEVICE);
    return size;
}

static VFIODeviceIOOps card_ops = { .region_read = card_read };

/*
 * The host
 */

static void image_make(uint8_t *data, uint8_t mark)
{
    uint8_t *pcir = data + 0x40;
    uint8_t sum = 0;
    unsigned i;

    memset(data, mark, SIZE);
    stw_le_p(data, 0xaa55);
    data[2] = SIZE / 512;
    data[3] = 0xeb;
    stw_le_p(data + 0x18, 0x40);
    memset(pcir, 0, 0x18);
    memcpy(pcir, "PCIR", 4);
    stw_le_p(pcir + 4, VENDOR);
    stw_le_p(pcir + 6, DEVICE);
    stw_le_p(pcir + 0xa, 0x18);
    pcir[0xf] = 3;
    stw_le_p(pcir + 0x10, SIZE / 512);
    pcir[0x15] = 0x80;
    for (i = 0; i < SIZE - 1; i++) {
        sum += data[i];
    }
    data[i] = -sum;
}

/*
 * The seventh line of the adapter's "resource" is @seventh; the others do not
 * matter
 */
static void host_has(const char *seventh)
{
    g_autofree char *path = g_build_filename(sysfs, "resource", NULL);
    g_autofree char *text = g_strdup_printf(
        "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
        "0x00000000e0000000 0x00000000efffffff 0x000000000014220c\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x00000000f0000000 0x00000000f1ffffff 0x000000000014220c\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n%s",
        seventh);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

#define SHADOW "0x00000000000c0000 0x00000000000dffff 0x0000000000000212\n" \
               "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
#define PRISTINE "0x00000000f7000000 0x00000000f707ffff 0x0000000000046200\n"

static void card_new(const char *resource)
{
    image_make(region, 0x11);
    image_make(flash, 0x22);
    has_flash = true;
    flash_reads = 0;
    memset(firmware, 0, sizeof(firmware));
    g_string_truncate(said, 0);
    host_has(resource);

    object_initialize(&vdev, sizeof(vdev), TYPE_VFIO_PCI_DEVICE);
    vdev.vbasedev.name = (char *)"0000:01:00.0";
    vdev.vbasedev.sysfsdev = sysfs;
    vdev.vbasedev.io_ops = &card_ops;
    vdev.vendor_id = VENDOR;
    vdev.device_id = DEVICE;
    vdev.class_code = PCI_CLASS_DISPLAY_VGA << 8;
    vdev.vga = (VFIOVGA *)&vdev;        /* x-vga=on */
    PCI_DEVICE(&vdev)->rom_bar = -1;
}

static void card_free(void)
{
    g_free(vdev.rom);
    object_unref(OBJECT(&vdev));
}

static void guest_gets(const uint8_t *data)
{
    g_assert_cmpint(vdev.rom_size, ==, SIZE);
    g_assert_cmpmem(vdev.rom, SIZE, data, SIZE);
}

/*
 * Tests
 */

static void test_shadow(void)
{
    static const struct {
        const char *line;
        bool shadow;
    } lines[] = {
        { SHADOW, true },
        { "0x00000000000c0000 0x00000000000dffff 0x0000000000000200\n", true },
        /* kernels before 4.6 left the BAR's address in the line */
        { "0x00000000f7000000 0x00000000f707ffff 0x0000000000046202\n", true },
        { PRISTINE, false },
        { "0x0000000000000000 0x0000000000000000 0x0000000000000000\n", false },
        { "nonsense", false },
        { "", false },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(lines); i++) {
        host_has(lines[i].line);
        g_assert_cmpint(vfio_vga_rom_is_shadow(sysfs), ==, lines[i].shadow);
    }
    g_assert_false(vfio_vga_rom_is_shadow("/nowhere"));
    g_assert_false(vfio_vga_rom_is_shadow(NULL));
}

static void test_pristine(void)
{
    card_new(PRISTINE);
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_cmpstr(said->str, ==, "");
    g_assert_cmpint(flash_reads, ==, 0);
    guest_gets(region);
    card_free();
}

static void test_shadow_and_flash(void)
{
    card_new(SHADOW);
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_nonnull(strstr(said->str, "info: vfio 0000:01:00.0: the guest "
                            "gets the VBIOS from the adapter's flash ROM, "
                            "because the ROM region is the copy that has run"));
    g_assert_null(strstr(said->str, "warning"));
    guest_gets(flash);
    card_free();
}

static void test_shadow_alone(void)
{
    g_autofree char *name = g_path_get_basename(sysfs);
    Error *err = NULL;

    card_new(SHADOW);
    has_flash = false;
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_nonnull(strstr(said->str, "warning: vfio 0000:01:00.0: VBIOS (ROM "
                            "region): it is the kernel's copy at 0xc0000"));
    g_assert_nonnull(strstr(said->str, "romfile=NEW"));
    /* the message has the adapter's address */
    g_assert_nonnull(strstr(said->str, name));
    g_assert_nonnull(strstr(said->str, "\nThe flash ROM does not help: the "
                            "window stays closed\n"));
    guest_gets(region);
    card_free();

    card_new(SHADOW);
    has_flash = false;
    vdev.vga_rom.check = VFIO_ROM_CHECK_ERROR;
    g_assert_false(vfio_vga_rom_setup(&vdev, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "VBIOS (ROM region): it is "
                            "the kernel's copy at 0xc0000"));
    g_assert_cmpstr(said->str, ==, "");
    error_free(err);
    card_free();
}

static void test_shadow_wanted(void)
{
    card_new(SHADOW);
    vdev.vga_rom.source = VFIO_ROM_SOURCE_REGION;
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_nonnull(strstr(said->str, "the kernel's copy at 0xc0000"));
    g_assert_null(strstr(said->str, "flash ROM"));
    g_assert_cmpint(flash_reads, ==, 0);
    guest_gets(region);
    card_free();
}

/* For a UEFI guest the ROM is checked even without x-vga=on */
static void test_uefi(void)
{
    card_new(PRISTINE);
    vdev.vga = NULL;
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_cmpstr(said->str, ==, "");
    g_assert_null(vdev.rom);
    card_free();

    card_new(PRISTINE);
    vdev.vga = NULL;
    has_flash = false;
    memcpy(firmware, "_FVH", sizeof(firmware));
    g_assert_cmpint(vfio_vga_rom_firmware(), ==, VBIOS_FIRMWARE_UEFI);
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_nonnull(strstr(said->str, "it has no EFI image"));
    card_free();
}

static void test_off(void)
{
    card_new(SHADOW);
    vdev.vga_rom.check = VFIO_ROM_CHECK_OFF;
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_cmpstr(said->str, ==, "");
    g_assert_null(vdev.rom);

    vdev.vga_rom.source = VFIO_ROM_SOURCE_FLASH;
    g_assert_true(vfio_vga_rom_setup(&vdev, &error_abort));
    g_assert_cmpstr(said->str, ==, "");
    guest_gets(flash);
    card_free();
}

int main(int argc, char **argv)
{
    g_autofree char *resource = NULL;
    int status;

    vfio_types_register();
    g_test_init(&argc, &argv, NULL);
    said = g_string_new(NULL);
    sysfs = g_dir_make_tmp("vga-rom-XXXXXX", NULL);
    g_assert_nonnull(sysfs);

    g_test_add_func("/vga-rom/shadow", test_shadow);
    g_test_add_func("/vga-rom/pristine", test_pristine);
    g_test_add_func("/vga-rom/shadow-and-flash", test_shadow_and_flash);
    g_test_add_func("/vga-rom/shadow-alone", test_shadow_alone);
    g_test_add_func("/vga-rom/shadow-wanted", test_shadow_wanted);
    g_test_add_func("/vga-rom/uefi", test_uefi);
    g_test_add_func("/vga-rom/off", test_off);
    status = g_test_run();

    resource = g_build_filename(sysfs, "resource", NULL);
    g_unlink(resource);
    g_rmdir(sysfs);
    g_free(sysfs);
    g_string_free(said, true);
    return status;
}
