/*
 * Backdoors of NVIDIA's and ATI's adapters to their config space: through them
 * the guest sees its own addresses, and not the host's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its regions are
 * memory.  Each place that a backdoor leads to holds HOST, a BAR's address on
 * the host, as a physical adapter would show it. hw/vfio/pci-quirks.c
 * describes the backdoors.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vga-backdoors-doors.h"

/* Tests of each backdoor */

/* Read the whole register, its halves and its bytes, after one opening */
static void check_reads(Machine *m, const Door *door, unsigned offset,
                        uint32_t value)
{
    uint32_t address = door_open(m, door, offset, false);
    unsigned size, at;

    for (size = 4; size; size /= 2) {
        for (at = 0; at < 4; at += size) {
            g_assert_cmphex(get(m, door, address + at, size), ==,
                            extract32(value, 8 * at, 8 * size));
        }
    }
}

static void test_read(const void *opaque)
{
    const Door *door = opaque;
    Machine m;

    start(&m, door->vendor);
    check_reads(&m, door, PCI_VENDOR_ID,
                ADAPTER_DEVICE << 16 | door->vendor);
    check_reads(&m, door, PCI_BASE_ADDRESS_0, bars[0]);
    check_reads(&m, door, PCI_BASE_ADDRESS_2,
                bars[2] | PCI_BASE_ADDRESS_MEM_TYPE_64);
    check_reads(&m, door, PCI_BASE_ADDRESS_5, bars[5] | 1);
    check_reads(&m, door, PCI_ROM_ADDRESS, 0);

    config_write(&m, PCI_BASE_ADDRESS_1, 0xe8000000);
    check_reads(&m, door, PCI_BASE_ADDRESS_1, 0xe8000000);
    machine_stop(&m);
}

/*
 * A write changes the guest's BAR 1, and never reaches the adapter's register
 */
static void test_write(const void *opaque)
{
    const Door *door = opaque;
    const uint32_t where = 0xe5600000;
    AdapterAccess access;
    unsigned size, at;
    uint32_t address;
    Machine m;

    start(&m, door->vendor);
    for (size = 4; size; size /= 2) {
        config_write(&m, PCI_BASE_ADDRESS_1, bars[1]);
        address = door_open(&m, door, PCI_BASE_ADDRESS_1, true);
        forget(&m);
        for (at = 0; at < 4; at += size) {
            put(&m, door, address + at, extract32(where, 8 * at, 8 * size),
                size);
        }
        g_assert_cmpint(writes(&m, door->region, &access), ==, 0);
        g_assert_cmphex(config_read(&m, PCI_BASE_ADDRESS_1), ==, where);
        g_assert_cmphex(qtest_readl(m.qts, where), ==, HOST);
        g_assert_cmphex(qtest_readl(m.qts, bars[1]), !=, HOST);
    }

    /* The BAR's size can be found this way, and PCI_COMMAND can be written */
    put(&m, door, address, 0xff, 1);
    put(&m, door, address + 2, 0xffff, 2);
    g_assert_cmphex(config_read(&m, PCI_BASE_ADDRESS_1), ==,
                    0xffff0000 & -BAR_SIZE);
    address = door_open(&m, door, PCI_COMMAND, true);
    put(&m, door, address, IO_MEM | PCI_COMMAND_MASTER, 2);
    g_assert_cmphex(config_read(&m, PCI_COMMAND) & 0xffff, ==,
                    IO_MEM | PCI_COMMAND_MASTER);
    g_assert_cmphex(lduw_le_p(adapter_data(m.adapter, CONFIG) + PCI_COMMAND),
                    ==, IO_MEM | PCI_COMMAND_MASTER);
    machine_stop(&m);
}

/* An offset that is not a multiple of the size, and the end of config space */
static void test_edges(const void *opaque)
{
    const Door *door = opaque;
    uint32_t address, beyond;
    Machine m;

    start(&m, door->vendor);
    address = door_open(&m, door, PCI_BASE_ADDRESS_0 + 3, false);
    g_assert_cmphex(get(&m, door, address, 2), ==,
                    (bars[1] & 0xff) << 8 | bars[0] >> 24);
    address = door_open(&m, door, PCI_CFG_SPACE_SIZE - 4, false);
    g_assert_cmphex(get(&m, door, address, 4), ==, 0);

    /* A window returns nothing there; a mirror has other registers behind it */
    address = door_open(&m, door, PCI_CFG_SPACE_SIZE - 1, false);
    beyond = door->open ? 0xffff : (HOST & 0xff) << 8;
    g_assert_cmphex(get(&m, door, address, 2), ==, beyond);
    address = door_open(&m, door, PCI_CFG_SPACE_SIZE, false);
    stl_le_p(adapter_data(m.adapter, VGA) + 0x3d0, HOST);
    g_assert_cmphex(get(&m, door, address, 1), ==, HOST & 0xff);
    machine_stop(&m);
}

/* What is not config space is passed to the adapter */
static void test_elsewhere(const void *opaque)
{
    const Door *door = opaque;
    static const int32_t offsets[] = { -4, 0x100, 0x1000 };
    AdapterAccess access;
    uint32_t address;
    Machine m;
    int i;

    start(&m, door->vendor);
    for (i = 0; i < ARRAY_SIZE(offsets); i++) {
        stl_le_p(adapter_data(m.adapter, VGA) + 0x3d0, HOST);
        address = door_open(&m, door, offsets[i], true);
        forget(&m);
        put(&m, door, address, 0x12345678, 4);
        g_assert_cmpint(writes(&m, door->region, &access), >, 0);
        address = door_open(&m, door, offsets[i], false);
        put(&m, door, address, 0x87654321, 4);
        g_assert_cmphex(get(&m, door, address, 4), ==, 0x87654321);
    }
    g_assert_cmphex(config_read(&m, PCI_BASE_ADDRESS_0), ==, bars[0]);
    machine_stop(&m);
}

/* After a reset of the machine a window is closed */
static void test_reset(const void *opaque)
{
    const Door *door = opaque;
    QDict *response;
    uint32_t address;
    Machine m;

    start(&m, door->vendor);
    address = door_open(&m, door, PCI_BASE_ADDRESS_0, false);
    g_assert_cmphex(get(&m, door, address, 4), ==, bars[0]);
    response = qtest_qmp(m.qts, "{'execute': 'system_reset'}");
    qobject_unref(response);
    qtest_qmp_eventwait(m.qts, "RESET");
    firmware(&m);
    stl_le_p(adapter_data(m.adapter, VGA) + 0x3d0, HOST);
    g_assert_cmphex(get(&m, door, address, 4), ==,
                    door->open ? HOST : bars[0]);
    g_assert_cmphex(get(&m, door, door_open(&m, door, PCI_BASE_ADDRESS_0,
                                            false), 4), ==, bars[0]);
    machine_stop(&m);
}

/* Tests of one backdoor */

static void test_bar5_locks(void)
{
    Machine m;

    start(&m, PCI_VENDOR_ID_NVIDIA);
    /* Bit 0 of both registers opens it, and other bits do not... */
    qtest_outb(m.qts, bars[5] + 1, 1);
    qtest_outl(m.qts, bars[5] + 4, ~1);
    qtest_outl(m.qts, bars[5] + 8, 0x1810);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    qtest_outb(m.qts, bars[5], 1);
    qtest_outl(m.qts, bars[5] + 8, 0x1810);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    qtest_outb(m.qts, bars[5] + 4, 1);
    qtest_outl(m.qts, bars[5] + 8, 0x1810);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, bars[0]);
    /* ...close it, either */
    qtest_outb(m.qts, bars[5] + 1, 0);
    qtest_outw(m.qts, bars[5] + 6, 0);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, bars[0]);
    qtest_outb(m.qts, bars[5], 0);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    machine_stop(&m);
}

/* The address register can be written in any number of accesses */
static void test_address_parts(void)
{
    Machine m;
    unsigned i;

    start(&m, PCI_VENDOR_ID_NVIDIA);
    qtest_outl(m.qts, bars[5], 1);
    qtest_outl(m.qts, bars[5] + 4, 1);
    qtest_outl(m.qts, bars[5] + 8, 0);
    qtest_outw(m.qts, bars[5] + 10, 0x1810);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    qtest_outw(m.qts, bars[5] + 8, 0x8010);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    qtest_outw(m.qts, bars[5] + 10, 0x0008);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, bars[0]);
    for (i = 0; i < 4; i++) {
        qtest_outb(m.qts, bars[5] + 8 + i, 0x1814 >> 8 * i);
    }
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, bars[1]);
    machine_stop(&m);
}

static void test_3d0_shut(void)
{
    static const uint16_t values[] = { 0x038, 0x138, 0x438, 0x5538 };
    Machine m;
    int i;

    start(&m, PCI_VENDOR_ID_NVIDIA);
    for (i = 0; i < ARRAY_SIZE(values); i++) {
        qtest_outw(m.qts, 0x3d4, 0x338);
        qtest_outl(m.qts, 0x3d0, 0x1810);
        qtest_outw(m.qts, 0x3d4, 0x538);
        g_assert_cmphex(qtest_inl(m.qts, 0x3d0), ==, bars[0]);
        /* writes to another CRTC register, and reads, change nothing */
        qtest_outw(m.qts, 0x3d4, 0x000e);
        qtest_inw(m.qts, 0x3d4);
        g_assert_cmphex(qtest_inl(m.qts, 0x3d0), ==, bars[0]);
        qtest_outw(m.qts, 0x3d4, values[i]);
        g_assert_cmphex(qtest_inl(m.qts, 0x3d0), ==, 0x1810);
    }
    machine_stop(&m);
}

/* It has bits 15..8 of I/O BAR 4, and cannot be written */
static void test_ati_3c3(void)
{
    AdapterAccess access;
    Machine m;

    start(&m, PCI_VENDOR_ID_ATI);
    adapter_data(m.adapter, VGA)[0x3c2] = 0x67;
    adapter_data(m.adapter, VGA)[0x3c3] = 0x99;
    g_assert_cmphex(qtest_inb(m.qts, 0x3c3), ==, bars[4] >> 8);
    g_assert_cmphex(qtest_inw(m.qts, 0x3c2), ==, (bars[4] & 0xff00) | 0x67);
    config_write(&m, PCI_BASE_ADDRESS_4, 0xd200);
    g_assert_cmphex(qtest_inb(m.qts, 0x3c3), ==, 0xd2);
    forget(&m);
    qtest_outb(m.qts, 0x3c3, 1);
    g_assert_cmpint(writes(&m, VGA, &access), ==, 0);
    qtest_outw(m.qts, 0x3c2, 0x0163);
    g_assert_cmpint(writes(&m, VGA, &access), ==, 1);
    g_assert_cmphex(access.offset, ==, 0x3c2);
    g_assert_cmpint(access.count, ==, 1);
    g_assert_cmphex(config_read(&m, PCI_BASE_ADDRESS_4), ==, 0xd201);
    machine_stop(&m);
}

/* NVIDIA's driver re-arms MSI by a write to the ID of its capability */
static void test_msi_ack(void)
{
    AdapterAccess access;
    unsigned i;
    Machine m;

    start(&m, PCI_VENDOR_ID_NVIDIA);
    for (i = 0; i < 20; i++) {
        qtest_writeb(m.qts, bars[0] + 0x88000 + ADAPTER_MSI_CAP, 0xff);
    }
    machine_check_alive(&m);    /* the event loop has run */
    g_assert_cmpint(writes(&m, 0, &access), >=, 10);
    g_assert_cmphex(access.offset, ==, 0x88000 + ADAPTER_MSI_CAP);
    g_assert_cmpint(access.count, ==, 1);
    machine_stop(&m);
}

/*
 * A repeated write goes to the adapter by an ioeventfd, past QEMU and the
 * host's kernel, unless these change what is written.
 */
static void test_repeated(void)
{
    static const struct {
        unsigned offset;
        uint16_t value;
    } cases[] = {
        { ADAPTER_MSI_CAP + PCI_MSI_FLAGS, 0 },
        { ADAPTER_MSI_CAP + PCI_MSI_ADDRESS_LO, 0x1000 },
        { ADAPTER_MSI_CAP + PCI_MSI_DATA_64, 0x41 },
        { ADAPTER_PM_CAP + PCI_PM_CTRL, 0 },
        { ADAPTER_PM_CAP + PCI_CAP_LIST_NEXT, 0 },
    };
    AdapterAccess access;
    Machine m;
    int i, j;

    start(&m, PCI_VENDOR_ID_NVIDIA);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        for (j = 0; j < 20; j++) {
            qtest_writew(m.qts, bars[0] + 0x88000 + cases[i].offset,
                         cases[i].value);
        }
        machine_check_alive(&m);
        g_assert_cmpint(writes(&m, 0, &access), ==, 0);
    }
    machine_stop(&m);
}

static void test_no_geforce_quirks(void)
{
    Machine m;

    start_with(&m, adapter_of(PCI_VENDOR_ID_NVIDIA),
               "{'x-vga': true, 'x-no-geforce-quirks': true}");
    g_assert_cmphex(qtest_readl(m.qts, bars[0] + 0x88010), ==, HOST);
    g_assert_cmphex(qtest_readl(m.qts, bars[0] + 0x1810), ==, HOST);
    open_bar5(&m, &doors[2], PCI_BASE_ADDRESS_0, false);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    machine_stop(&m);
}

/* Without x-vga there is only the mirror that drivers use */
static void test_no_vga(void)
{
    Machine m;

    start_with(&m, adapter_of(PCI_VENDOR_ID_NVIDIA), "{}");
    g_assert_cmphex(qtest_readl(m.qts, bars[0] + 0x88010), ==, bars[0]);
    g_assert_cmphex(qtest_readl(m.qts, bars[0] + 0x1810), ==, HOST);
    open_bar5(&m, &doors[2], PCI_BASE_ADDRESS_0, false);
    g_assert_cmphex(qtest_inl(m.qts, bars[5] + 12), ==, HOST);
    machine_stop(&m);
}

/* An adapter that has the ID, but not the BAR that goes with it */
static void test_no_bar(void)
{
    static const struct {
        uint16_t vendor, device;
    } ids[] = {
        { PCI_VENDOR_ID_NVIDIA, ADAPTER_DEVICE },
        { PCI_VENDOR_ID_ATI, ADAPTER_DEVICE },
        { PCI_VENDOR_ID_REALTEK, 0x8168 },
        { PCI_VENDOR_ID_INTEL, 0x0166 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(ids); i++) {
        Adapter *adapter = adapter_new();
        uint8_t *config = adapter_data(adapter, CONFIG);
        Machine m;

        adapter_set_region(adapter, VGA, RW, VGA_SIZE);
        stw_le_p(config + PCI_VENDOR_ID, ids[i].vendor);
        stw_le_p(config + PCI_DEVICE_ID, ids[i].device);
        start_with(&m, adapter, "{'x-vga': true}");
        machine_unplug(&m);
        machine_stop(&m);
    }
}

static void test_unplug(const void *opaque)
{
    const Door *door = opaque;
    Machine m;

    start(&m, door->vendor);
    check_reads(&m, door, PCI_BASE_ADDRESS_0, bars[0]);
    machine_unplug(&m);
    machine_plug(&m, qobject_to(QDict, qobject_from_json("{'x-vga': true}",
                                                         NULL)));
    firmware(&m);
    stl_le_p(adapter_data(m.adapter, VGA) + 0x3d0, HOST);
    check_reads(&m, door, PCI_BASE_ADDRESS_0, bars[0]);
    machine_stop(&m);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(const void *opaque);
    } each[] = {
        { "read", test_read }, { "write", test_write },
        { "edges", test_edges }, { "elsewhere", test_elsewhere },
        { "reset", test_reset }, { "unplug", test_unplug },
    };
    int i, j;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < DOORS; i++) {
        for (j = 0; j < ARRAY_SIZE(each); j++) {
            g_autofree char *path = g_strdup_printf("vga-backdoors/%s/%s",
                                                    doors[i].name,
                                                    each[j].name);

            qtest_add_data_func(path, &doors[i], each[j].fn);
        }
    }
    qtest_add_func("vga-backdoors/nvidia-bar5/locks", test_bar5_locks);
    qtest_add_func("vga-backdoors/nvidia-bar5/parts", test_address_parts);
    qtest_add_func("vga-backdoors/nvidia-3d0/shut", test_3d0_shut);
    qtest_add_func("vga-backdoors/nvidia-bar0/msi-ack", test_msi_ack);
    qtest_add_func("vga-backdoors/nvidia-bar0/repeated", test_repeated);
    qtest_add_func("vga-backdoors/ati-3c3", test_ati_3c3);
    qtest_add_func("vga-backdoors/no-geforce-quirks", test_no_geforce_quirks);
    qtest_add_func("vga-backdoors/no-vga", test_no_vga);
    qtest_add_func("vga-backdoors/no-bar", test_no_bar);
    return g_test_run();
}
