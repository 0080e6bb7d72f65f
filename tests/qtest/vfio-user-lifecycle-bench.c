/*
 * The life of a vfio-user-pci device: helpers of its tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-user-lifecycle-bench.h"

QPCIBus *pci;        /* of the machine that runs */

void start(Machine *machine, Adapter *adapter)
{
    machine_start(machine, adapter, "pc", "");
    pci = qpci_new_pc(machine->qts, NULL);
}

void stop(Machine *machine)
{
    qpci_free_pc(pci);
    machine_stop(machine);
}

bool queued;

/* Returns "x-pci-vendor-id" @vendor, and a timeout of @msec for each reply */
static QDict *properties(unsigned vendor, unsigned msec)
{
    return qdict_from_jsonf_nofail(
        "{'x-pci-vendor-id': %u, 'x-msg-timeout': %u, 'x-send-queued': %i}",
        vendor, msec, queued);
}

char *try_plug(Machine *machine, unsigned vendor, unsigned msec)
{
    return machine_try_plug(machine, properties(vendor, msec));
}

void plug(Machine *machine)
{
    machine_plug(machine, properties(ADAPTER_VENDOR, 5000));
}

QPCIDevice *find(void)
{
    QPCIDevice *dev = qpci_device_find(pci, QPCI_DEVFN(MACHINE_SLOT, 0));

    g_assert_nonnull(dev);
    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==, ADAPTER_VENDOR);
    qpci_device_enable(dev);
    return dev;
}

QPCIDevice *start_plugged(Machine *machine, Adapter *adapter)
{
    adapter_start(adapter);
    start(machine, adapter);
    plug(machine);
    return find();
}

void check_bar(QPCIDevice *dev, QPCIBar bar, Adapter *adapter)
{
    AdapterAccess access;

    /* ignores earlier accesses, posted writes included */
    qpci_io_readl(dev, bar, PROBE);
    while (adapter_next(adapter, &access)) {
        /* drop it */
    }
    qpci_io_writel(dev, bar, PROBE, 0x12345678);
    g_assert_cmphex(qpci_io_readl(dev, bar, PROBE), ==, 0x12345678);

    g_assert_true(adapter_next(adapter, &access));
    g_assert_true(access.write && access.posted);
    g_assert_cmpint(access.region, ==, 0);
    g_assert_cmpint(access.offset, ==, PROBE);
    g_assert_cmpint(access.count, ==, 4);
    g_assert_cmphex(ldl_le_p(access.data), ==, 0x12345678);
    g_assert_true(adapter_next(adapter, &access));
    g_assert_false(access.write);
    g_assert_cmpint(access.offset, ==, PROBE);
    g_assert_false(adapter_next(adapter, &access));
}

Adapter *adapter_with_bar(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    return adapter;
}
