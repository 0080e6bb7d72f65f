/*
 * Backdoors of NVIDIA's and ATI's adapters to their config space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vga-backdoors-doors.h"

const uint32_t bars[] = {
    0xe1000000, 0xe2000000, 0xe3000000, 0, 0xc400, 0xc500,
};

/*
 * The adapter and the guest
 */

static void fill(uint8_t *data, size_t size)
{
    size_t i;

    for (i = 0; i < size; i += 4) {
        stl_le_p(data + i, HOST);
    }
}

Adapter *adapter_of(uint16_t vendor)
{
    static const unsigned with_bar[] = { 0, 1, 2, 4, 5 };
    Adapter *adapter = adapter_new();
    unsigned i;

    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    stw_le_p(adapter_data(adapter, CONFIG) + PCI_VENDOR_ID, vendor);
    for (i = 0; i < ARRAY_SIZE(with_bar); i++) {
        bool io = with_bar[i] >= 4;

        adapter_set_bar(adapter, with_bar[i], io ? IO_SIZE : BAR_SIZE, io);
        fill(adapter_data(adapter, with_bar[i]), io ? IO_SIZE : BAR_SIZE);
    }
    /* ATI's quirks need a 64-bit BAR 2 */
    adapter_data(adapter, CONFIG)[PCI_BASE_ADDRESS_2] =
        PCI_BASE_ADDRESS_MEM_TYPE_64;
    adapter_set_pm(adapter);
    adapter_set_msi(adapter);
    stl_le_p(adapter_data(adapter, VGA) + 0x3d0, HOST);
    return adapter;
}

static void config_select(Machine *m, unsigned offset)
{
    qtest_outl(m->qts, 0xcf8,
               0x80000000 | MACHINE_SLOT << 11 | (offset & ~3));
}

uint32_t config_read(Machine *m, unsigned offset)
{
    config_select(m, offset);
    return qtest_inl(m->qts, 0xcfc);
}

void config_write(Machine *m, unsigned offset, uint32_t value)
{
    config_select(m, offset);
    qtest_outl(m->qts, 0xcfc, value);
}

static void set_command(Machine *m, uint16_t command)
{
    config_select(m, PCI_COMMAND);
    qtest_outw(m->qts, 0xcfc, command);
}

void firmware(Machine *m)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(bars); i++) {
        config_write(m, PCI_BASE_ADDRESS_0 + 4 * i,
                     bars[i] | (i < 4 ? 0 : PCI_BASE_ADDRESS_SPACE_IO));
    }
    set_command(m, IO_MEM);
}

void forget(Machine *m)
{
    AdapterAccess access;

    config_read(m, 0);          /* after this read posted writes have arrived */
    while (adapter_next(m->adapter, &access)) {
        /* which do not matter */
    }
}

void start_with(Machine *m, Adapter *adapter, const char *properties)
{
    adapter_start(adapter);
    machine_start(m, adapter, "pc", "");
    machine_plug(m, qobject_to(QDict, qobject_from_json(properties, NULL)));
    firmware(m);
    forget(m);
}

void start(Machine *m, uint16_t vendor)
{
    start_with(m, adapter_of(vendor), "{'x-vga': true}");
}

unsigned writes(Machine *m, unsigned region, AdapterAccess *last)
{
    AdapterAccess access;
    unsigned n = 0;

    config_read(m, 0);
    while (adapter_next(m->adapter, &access)) {
        if (access.write && access.region == region) {
            *last = access;
            n++;
        }
    }
    return n;
}

/*
 * The backdoors
 */

void open_bar5(Machine *m, const Door *door, uint32_t offset, bool write)
{
    qtest_outl(m->qts, bars[5], 1);
    qtest_outl(m->qts, bars[5] + 4, 1);
    qtest_outl(m->qts, bars[5] + 8, door->base + offset);
}

static void open_bar4(Machine *m, const Door *door, uint32_t offset,
                      bool write)
{
    qtest_outl(m->qts, bars[4], door->base + offset);
}

static void open_3d0(Machine *m, const Door *door, uint32_t offset, bool write)
{
    qtest_outw(m->qts, 0x3d4, 0x338);
    qtest_outl(m->qts, 0x3d0, door->base + offset);
    qtest_outw(m->qts, 0x3d4, write ? 0x738 : 0x538);
}

/* The same, one byte at a time */
static void open_3d0_bytes(Machine *m, const Door *door, uint32_t offset,
                           bool write)
{
    uint32_t address = door->base + offset;
    unsigned i;

    qtest_outb(m->qts, 0x3d4, 0x38);
    qtest_outb(m->qts, 0x3d5, 0x03);
    for (i = 0; i < 4; i++) {
        qtest_outb(m->qts, 0x3d0 + i, address >> 8 * i);
    }
    qtest_outb(m->qts, 0x3d4, 0x38);
    qtest_outb(m->qts, 0x3d5, write ? 0x07 : 0x05);
}

const Door doors[DOORS] = {
    {
        .name = "nvidia-bar0-1800", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = 0, .data = 0xe1001800,
    }, {
        .name = "nvidia-bar0-88000", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = 0, .data = 0xe1088000,
    }, {
        .name = "nvidia-bar5-1800", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = 5, .io = true, .data = 0xc50c, .base = 0x1800,
        .open = open_bar5,
    }, {
        .name = "nvidia-bar5-88000", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = 5, .io = true, .data = 0xc50c, .base = 0x88000,
        .open = open_bar5,
    }, {
        .name = "nvidia-3d0-1800", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = VGA, .io = true, .data = 0x3d0, .base = 0x1800,
        .open = open_3d0,
    }, {
        .name = "nvidia-3d0-88000", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = VGA, .io = true, .data = 0x3d0, .base = 0x88000,
        .open = open_3d0,
    }, {
        .name = "nvidia-3d0-bytes", .vendor = PCI_VENDOR_ID_NVIDIA,
        .region = VGA, .io = true, .data = 0x3d0, .base = 0x1800,
        .open = open_3d0_bytes,
    }, {
        .name = "ati-bar2-4000", .vendor = PCI_VENDOR_ID_ATI,
        .region = 2, .data = 0xe3004000,
    }, {
        .name = "ati-bar4-4000", .vendor = PCI_VENDOR_ID_ATI,
        .region = 4, .io = true, .data = 0xc404, .base = 0x4000,
        .open = open_bar4,
    },
};

uint32_t door_open(Machine *m, const Door *door, uint32_t offset, bool write)
{
    if (!door->open) {
        return door->data + offset;
    }
    door->open(m, door, offset, write);
    return door->data;
}

uint32_t get(Machine *m, const Door *door, uint32_t address, unsigned size)
{
    switch (size) {
    case 1:
        return door->io ? qtest_inb(m->qts, address) :
                          qtest_readb(m->qts, address);
    case 2:
        return door->io ? qtest_inw(m->qts, address) :
                          qtest_readw(m->qts, address);
    default:
        return door->io ? qtest_inl(m->qts, address) :
                          qtest_readl(m->qts, address);
    }
}

void put(Machine *m, const Door *door, uint32_t address, uint32_t value,
         unsigned size)
{
    switch (size) {
    case 1:
        door->io ? qtest_outb(m->qts, address, value) :
                   qtest_writeb(m->qts, address, value);
        break;
    case 2:
        door->io ? qtest_outw(m->qts, address, value) :
                   qtest_writew(m->qts, address, value);
        break;
    default:
        door->io ? qtest_outl(m->qts, address, value) :
                   qtest_writel(m->qts, address, value);
        break;
    }
}
