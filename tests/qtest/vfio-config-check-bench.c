/*
 * An adapter whose config space a test breaks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "libqos/pci-pc.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-config-check-bench.h"

uint8_t *config_of(Adapter *adapter)
{
    return adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
}

Adapter *adapter_with_bar(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    return adapter;
}

QDict *properties(void)
{
    return qdict_from_jsonf_nofail("{'x-msg-timeout': %u}", MACHINE_LONG_TIME);
}

void start_plugged(Machine *machine, Adapter *adapter)
{
    adapter_start(adapter);
    machine_start(machine, adapter, "pc", "");
    machine_plug(machine, properties());
}

QPCIDevice *start_found(Machine *machine, Adapter *adapter, QPCIBus **bus)
{
    QPCIDevice *dev;

    start_plugged(machine, adapter);
    *bus = qpci_new_pc(machine->qts, NULL);
    dev = qpci_device_find(*bus, CARD);
    g_assert_nonnull(dev);
    return dev;
}
