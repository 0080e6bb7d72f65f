/*
 * An adapter with a VBIOS, and a guest that looks at it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vga-rom-bench.h"

char *rom_directory;

/*
 * Images
 */

void image_sum(uint8_t *image, uint32_t size)
{
    uint8_t sum = 0;
    uint32_t i;

    for (i = 0; i < size - 1; i++) {
        sum += image[i];
    }
    image[i] = -sum;
}

void image_make(uint8_t *data, const Image *image)
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
        data[3] = 0xeb;     /* code to run */
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

const Image ours = {
    .size = 2048, .vendor = ADAPTER_VENDOR, .device = ADAPTER_DEVICE,
    .mark = 0x11,
};

const Image nvidia = {
    .size = 2048, .vendor = NVIDIA, .device = ADAPTER_DEVICE, .mark = 0x22,
};

char *file_of(const void *data, size_t size)
{
    static unsigned n;
    char *path = g_strdup_printf("%s/%u.rom", rom_directory, n++);

    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

char *file_of_image(const Image *image)
{
    g_autofree uint8_t *data = g_malloc(image->size);

    image_make(data, image);
    return file_of(data, image->size);
}

/*
 * The adapter
 */

Adapter *adapter_with(const Image *image)
{
    Adapter *adapter = adapter_new();

    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX, RW, 0xc0000);
    if (image) {
        adapter_set_rom(adapter, 4096);
        image_make(adapter_data(adapter, ROM), image);
    }
    return adapter;
}

void adapter_post(Adapter *adapter, uint32_t size)
{
    adapter_data(adapter, ROM)[3] = 0xcb;
    image_sum(adapter_data(adapter, ROM), size);
}

void adapter_set_flash(Adapter *adapter, const Image *image)
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

void start(Machine *machine, Adapter *adapter, const char *options)
{
    adapter_start(adapter);
    machine_start(machine, adapter, "pc", options);
}

static QDict *properties(const char *json)
{
    g_autofree char *all = g_strdup_printf("{%s 'x-vga': true}", json);

    return qobject_to(QDict, qobject_from_json(all, &error_abort));
}

void plug(Machine *machine, const char *json)
{
    machine_plug(machine, properties(json));
}

void start_plugged(Machine *machine, Adapter *adapter, const char *json)
{
    start(machine, adapter, "");
    plug(machine, json);
}

void plug_fails(Machine *machine, const char *json, const char *why)
{
    g_autofree char *desc = machine_try_plug(machine, properties(json));

    g_assert_nonnull(desc);
    if (!strstr(desc, why)) {
        g_error("'%s' is not in '%s'", why, desc);
    }
}

void says(Machine *machine, const char *what)
{
    if (!machine_said(machine, what)) {
        g_error("QEMU does not say '%s'", what);
    }
}

void says_nothing(Machine *machine)
{
    g_assert_cmpint(machine_said(machine, ""), ==, 0);
}

void guest_sees(Machine *machine, const void *data, size_t size)
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

void guest_sees_image(Machine *machine, const Image *image)
{
    g_autofree uint8_t *data = g_malloc(image->size);

    image_make(data, image);
    guest_sees(machine, data, image->size);
}
