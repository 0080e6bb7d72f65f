/*
 * Which VBIOS a guest gets if the adapter's flash ROM can be read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/protocol.h"
#include "qemu/bswap.h"
#include "vga-rom-bench.h"

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
    start_plugged(&machine, adapter, "");
    says(&machine, "info: vfio vfio-user:");
    says(&machine, "the guest gets the VBIOS from the adapter's flash ROM, "
                   "because the ROM region is not pristine");

    /* The window is open while it is read, and afterwards as before */
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
    start_plugged(&machine, adapter, "");
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
    start_plugged(&machine, adapter, "'x-rom-source': 'flash',");
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
    start_plugged(&machine, adapter, "'x-rom-source': 'region',");
    says(&machine, "is a return");
    while (adapter_next(adapter, &access)) {
        g_assert_cmpint(access.region, !=, 0);
    }
    machine_stop(&machine);
}

/* The adapter has no ROM BAR, but the guest gets one */
static void test_flash_without_region(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    adapter_set_flash(adapter, &nvidia);
    start_plugged(&machine, adapter, "");
    says(&machine, "because the host gives none");
    guest_sees_image(&machine, &nvidia);
    machine_stop(&machine);
}

/* The flash ROM has garbage: the region is used, and QEMU says both */
static void test_flash_garbage(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(&nvidia);

    adapter_set_flash(adapter, NULL);
    adapter_post(adapter, nvidia.size);
    start_plugged(&machine, adapter, "");
    says(&machine, "VBIOS (ROM region): the entry point of its x86 image is a "
                   "return");
    says(&machine, "The flash ROM does not help: no VBIOS was found; the "
                   "flash ROM begins with 00 00 00 00");
    machine_stop(&machine);
}

/* If registers cannot be read, there is a message, and the guest runs */
static void test_flash_error(void)
{
    Machine machine;
    Adapter *adapter = adapter_with(NULL);

    adapter_set_flash(adapter, &nvidia);
    start(&machine, adapter, "");
    adapter_fault(adapter, ADAPTER_FAULT_ERROR, VFIO_USER_REGION_READ, 0);
    plug(&machine, "");
    says(&machine, "VBIOS (ROM region): the host gives none");
    says(&machine, "The flash ROM does not help: reading register 0x0 of BAR "
                   "0 failed: Input/output error");
    machine_stop(&machine);
}

/*
 * An adapter that stops answering is refused.  This used to end QEMU, which
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
               "x-rom-source=flash: it is not known how to read the flash "
               "ROM");
    plug_fails(&machine, "'x-rom-source': 'flash', 'romfile': 'x.rom',",
               "x-rom-source=flash contradicts romfile=x.rom");
    plug_fails(&machine, "'x-rom-source': 'region', 'rombar': 0,",
               "x-rom-source=region contradicts rombar=0");
    plug_fails(&machine, "'x-rom-source': 'file',",
               "x-rom-source=file needs romfile=FILE");
    plug_fails(&machine, "'x-rom-source': 'flash',", "x-rom-source");
    plug_fails(&machine, "'x-rom-check': 'on',", "x-rom-check");
    plug(&machine, "");
    machine_stop(&machine);
}

void rom_add_flash(void)
{
    qtest_add_func("vga-rom/flash/instead", test_flash_instead);
    qtest_add_func("vga-rom/flash/not-needed", test_flash_not_needed);
    qtest_add_func("vga-rom/flash/wanted", test_flash_wanted);
    qtest_add_func("vga-rom/flash/not-wanted", test_flash_not_wanted);
    qtest_add_func("vga-rom/flash/without-region", test_flash_without_region);
    qtest_add_func("vga-rom/flash/garbage", test_flash_garbage);
    qtest_add_func("vga-rom/flash/error", test_flash_error);
    qtest_add_func("vga-rom/flash/silent", test_flash_silent);
    qtest_add_func("vga-rom/flash/refused", test_flash_refused);
}
