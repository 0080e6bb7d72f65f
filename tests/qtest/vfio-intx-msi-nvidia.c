/*
 * prefer_msi with NVIDIA's adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-intx-msi-bench.h"

static const struct {
    unsigned chipset;
    uint32_t offset;        /* 0: prefer_msi is refused */
    unsigned size;
    uint32_t value;
} nvidia[] = {
    { 0x040, 0x88068, 1, 0xff },
    { 0x046 },                          /* NV46 */
    { 0x04b, 0x88068, 1, 0xff },
    { 0x04c },                          /* C61 */
    { 0x050 },                          /* NV50 */
    { 0x063 },
    { 0x084 },
    { 0x086 },
    { 0x092 },
    { 0x094, 0x88068, 1, 0xff },
    { 0x0a8, 0x88068, 1, 0xff },
    { 0x0aa },                          /* MCP77 */
    { 0x0c0, 0x88704, 1, 0xff },        /* GF100 */
    { 0x0c1, 0x88068, 1, 0xff },        /* GF108 */
    { 0x0ce, 0x88704, 1, 0xff },        /* GF114 */
    { 0x0d9, 0x88068, 1, 0xff },        /* GF119 */
    { 0x0e4, 0x88068, 1, 0xff },        /* GK104 */
    { 0x124, 0x88068, 1, 0xff },        /* GM204 */
    { 0x134, 0x88704, 4, 0 },           /* GP104 */
    { 0x162, 0x88704, 4, 0 },           /* TU102 */
    { 0x192, 0x88704, 4, 0 },           /* AD102 */
    { 0x036 },                          /* not known */
};

static Adapter *nvidia_adapter(unsigned chipset)
{
    Adapter *adapter = new_adapter();
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    stw_le_p(config + PCI_VENDOR_ID, 0x10de);
    stl_le_p(adapter_data(adapter, 0), chipset << 20 | 0xa1);
    return adapter;
}

static void test_nvidia(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = nvidia_adapter(nvidia[number].chipset);
    g_autofree char *desc = NULL;
    Guest guest;

    adapter_set_rearm(adapter, nvidia[number].offset, nvidia[number].size,
                      nvidia[number].value);
    start(&guest, adapter);
    if (nvidia[number].offset) {
        plug(&guest, "on");
        check_interrupts(&guest, number ? 10 : 1000);
    } else {
        desc = try_plug(&guest, "on");
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, "prefer_msi=on"));
        g_assert_nonnull(strstr(desc, "NVIDIA chipset"));
        adapter_wait_closed(adapter, 1);
        plug(&guest, "auto");
        check_index(&guest, INTX);
        check_interrupts(&guest, 10);
    }
    stop(&guest);
}

/* The guest sees another vendor ID, but the adapter is still NVIDIA's */
static void test_nvidia_hidden(void)
{
    Adapter *adapter = nvidia_adapter(0x124);
    Guest guest;

    adapter_set_rearm(adapter, 0x88068, 1, 0xff);
    start(&guest, adapter);
    machine_plug(&guest.machine,
                 qdict_from_jsonf_nofail("{'x-prefer-msi': 'on',"
                                         " 'x-pci-vendor-id': %d}", 0x1234));
    enable(&guest);
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* What the re-arming of other families does, and what happens without it */
static void test_nvidia_silent(void)
{
    Adapter *adapter = nvidia_adapter(0x124);
    Guest guest;

    adapter_set_rearm(adapter, 0x88704, 4, 0);
    start(&guest, adapter);
    plug(&guest, "on");
    check_interrupts(&guest, 1);
    g_assert_false(adapter_interrupt(adapter));
    g_assert_false(line(&guest));
    serve(&guest);
    g_assert_false(adapter_interrupt(adapter));
    stop(&guest);
}

/* The write has to wait until the guest enables memory again */
static void test_nvidia_no_memory(void)
{
    Adapter *adapter = nvidia_adapter(0x124);
    Guest guest;

    adapter_set_rearm(adapter, 0x88068, 1, 0xff);
    start(&guest, adapter);
    plug(&guest, "on");
    check_interrupts(&guest, 10);

    set_command(&guest, 0, PCI_COMMAND_MEMORY);
    interrupt(&guest);
    g_assert_true(line(&guest));
    qpci_io_readl(guest.dev, guest.ports, 0);
    g_assert_false(line(&guest));
    g_assert_false(adapter_interrupt(adapter));
    set_command(&guest, PCI_COMMAND_MEMORY, 0);
    adapter_wait_irq_taken(adapter);
    g_assert_true(line(&guest));
    serve(&guest);
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* The adapter's sound function has no such register */
static void test_nvidia_audio(void)
{
    Adapter *adapter = nvidia_adapter(0x036);
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    Guest guest;

    stw_le_p(config + PCI_CLASS_DEVICE, 0x0403);
    start(&guest, adapter);
    plug(&guest, "on");
    check_interrupts(&guest, 10);
    stop(&guest);
}

void intx_add_nvidia(void)
{
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(nvidia); i++) {
        g_autofree char *path = g_strdup_printf("intx-msi/nvidia/%03x",
                                                nvidia[i].chipset);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_nvidia);
    }
    qtest_add_func("intx-msi/nvidia/hidden", test_nvidia_hidden);
    qtest_add_func("intx-msi/nvidia/silent", test_nvidia_silent);
    qtest_add_func("intx-msi/nvidia/no-memory", test_nvidia_no_memory);
    qtest_add_func("intx-msi/nvidia/audio", test_nvidia_audio);
}
