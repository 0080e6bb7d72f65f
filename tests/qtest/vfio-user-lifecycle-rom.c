/*
 * The option ROM of a vfio-user-pci device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "vfio-user-lifecycle-bench.h"

void rom_enable(QPCIDevice *dev)
{
    qpci_config_writel(dev, PCI_ROM_ADDRESS,
                       ROM_ADDRESS | PCI_ROM_ADDRESS_ENABLE);
}

static QPCIDevice *rom_start(Machine *machine, Adapter *adapter)
{
    QPCIDevice *dev = start_plugged(machine, adapter);

    rom_enable(dev);
    return dev;
}

/* This used to give the guest what was on QEMU's stack */
static void test_rom_unreadable(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    adapter_set_rom(adapter, 64 * 1024);
    dev = rom_start(&machine, adapter);

    adapter_fault(adapter, ADAPTER_FAULT_ERROR,
                  VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readb(machine.qts, ROM_ADDRESS + i), ==, 0xff);
        g_assert_cmphex(qtest_readw(machine.qts, ROM_ADDRESS + 2 * i), ==,
                        0xffff);
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* A ROM that the server says is empty used to be treated the same */
static void test_rom_empty(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    /* Config space has a ROM BAR, but the region has no bytes */
    adapter_set_rom(adapter, 64 * 1024);
    adapter_set_region(adapter, VFIO_PCI_ROM_REGION_INDEX, 0, 0);
    dev = rom_start(&machine, adapter);

    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(machine_said(&machine, "option ROM contents are"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* There is one error, after this many reads */
static void check_rom_fault(AdapterFault fault, unsigned reads)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i, before;

    adapter_set_rom(adapter, 64 * 1024);
    dev = rom_start(&machine, adapter);

    before = adapter_requests(adapter, VFIO_USER_REGION_READ);
    adapter_fault(adapter, fault, VFIO_USER_REGION_READ,
                  VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(adapter_requests(adapter, VFIO_USER_REGION_READ), ==,
                    before + reads);
    g_assert_cmpint(machine_said(&machine, "Error reading device ROM"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* A value that is not an error used to be added to the offset in the ROM */
static void test_rom_error_code(void)
{
    check_rom_fault(ADAPTER_FAULT_CODE, 1);
}

/* This used to go on forever */
static void test_rom_again(void)
{
    check_rom_fault(ADAPTER_FAULT_AGAIN, 11);
}

static void check_rom(uint32_t size, const char *capabilities)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    uint8_t *rom;
    uint32_t i;

    adapter_set_rom(adapter, size);
    if (capabilities) {
        adapter_set_capabilities(adapter, capabilities);
    }
    rom = adapter_data(adapter, VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < size; i++) {
        rom[i] = 1 + i % 251;
    }
    dev = rom_start(&machine, adapter);

    for (i = 0; i < size; i += size / 64) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + i), ==,
                        (uint32_t)ldl_le_p(rom + i));
    }
    g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + size - 4), ==,
                    ldl_le_p(rom + size - 4));

    g_free(dev);
    stop(&machine);
}

/* QEMU itself used to refuse this, as more than a message can carry */
static void test_rom_in_pieces(void)
{
    check_rom(2 * 1024 * 1024, NULL);
}

/* Not even config space is read in one piece */
static void test_rom_small_transfers(void)
{
    check_rom(4096,
              "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":64}}");
}

/*
 * QEMU writes its own device ID into a ROM made for another card of the
 * vendor, and corrects the checksum.  It used to correct the sum of the whole
 * region, while firmware uses the sum of the image.
 */
static uint8_t rom_image[2048];

static void rom_make(unsigned image_size)
{
    uint8_t *pcir = rom_image + 0x40;
    uint32_t noise = 1;
    unsigned i;

    for (i = 0; i < sizeof(rom_image); i++) {
        noise = noise * 1664525 + 1013904223;
        rom_image[i] = noise >> 24;
    }
    stw_le_p(rom_image, 0xaa55);
    rom_image[2] = image_size / 512;
    stw_le_p(rom_image + 0x18, 0x40);
    memcpy(pcir, "PCIR", 4);
    stw_le_p(pcir + 4, ADAPTER_VENDOR);
    stw_le_p(pcir + 6, ADAPTER_DEVICE ^ 0x00ff);
}

static uint8_t rom_sum(Machine *machine, unsigned size)
{
    uint8_t sum = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        sum += qtest_readb(machine->qts, ROM_ADDRESS + i);
    }
    return sum;
}

static void test_rom_checksum_of_image(void)
{
    /* the size in the image's header, and the bytes that the image has */
    static const unsigned sizes[][2] = {
        { 512, 512 },
        { 1024, 1024 },
        { 2048, 2048 },
        { 0, 2048 },        /* no size: everything, as before */
        { 127 * 512, 2048 }, /* more than the image has */
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;
        QPCIDevice *dev;

        rom_make(sizes[i][0]);
        adapter_set_rom(adapter, sizeof(rom_image));
        memcpy(adapter_data(adapter, VFIO_PCI_ROM_REGION_INDEX), rom_image,
               sizeof(rom_image));
        adapter_start(adapter);
        start(&machine, adapter);
        plug(&machine);
        dev = find();
        rom_enable(dev);

        g_assert_cmphex(qtest_readw(machine.qts, ROM_ADDRESS + 0x46), ==,
                        ADAPTER_DEVICE);
        g_assert_cmphex(rom_sum(&machine, sizes[i][1]), ==, 0);

        g_free(dev);
        stop(&machine);
        }
}

void lifecycle_add_rom(void)
{
    qtest_add_func("vfio-user/rom-unreadable", test_rom_unreadable);
    qtest_add_func("vfio-user/rom-empty", test_rom_empty);
    qtest_add_func("vfio-user/rom-error-code", test_rom_error_code);
    qtest_add_func("vfio-user/rom-again", test_rom_again);
    qtest_add_func("vfio-user/rom-in-pieces", test_rom_in_pieces);
    qtest_add_func("vfio-user/rom-small-transfers", test_rom_small_transfers);
    qtest_add_func("vfio-user/rom-checksum-of-image",
                   test_rom_checksum_of_image);
}
