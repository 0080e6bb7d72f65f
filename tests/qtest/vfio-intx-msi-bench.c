/*
 * A guest that gets interrupts from an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-intx-msi-bench.h"

Adapter *adapter_with_bars(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_set_bar(adapter, PORTS_BAR, 32, true);
    return adapter;
}

Adapter *new_adapter(void)
{
    Adapter *adapter = adapter_with_bars();

    adapter_set_intx(adapter);
    adapter_set_msi(adapter);
    return adapter;
}

void route(Guest *guest, unsigned irq)
{
    QPCIDevice bridge = {
        .bus = guest->pci, .devfn = QPCI_DEVFN(PIIX3_SLOT, 0),
    };

    qpci_config_writel(&bridge, PIIX3_PIRQ, irq * 0x01010101);
    guest->gsi = irq;
}

void start(Guest *guest, Adapter *adapter)
{
    *guest = (Guest) { .adapter = adapter };
    adapter_start(adapter);
    machine_start(&guest->machine, adapter, "pc", "");
    guest->qts = guest->machine.qts;
    qtest_irq_intercept_in(guest->qts, "ioapic");
    guest->pci = qpci_new_pc(guest->qts, NULL);
    route(guest, IRQ);
}

char *try_plug(Guest *guest, const char *prefer)
{
    return machine_try_plug(&guest->machine,
                            qdict_from_jsonf_nofail("{'x-prefer-msi': %s}",
                                                    prefer));
}

void enable(Guest *guest)
{
    guest->dev = qpci_device_find(guest->pci, QPCI_DEVFN(MACHINE_SLOT, 0));
    g_assert_nonnull(guest->dev);
    qpci_device_enable(guest->dev);
    guest->bar = qpci_iomap(guest->dev, 0, NULL);
    guest->ports = qpci_iomap(guest->dev, PORTS_BAR, NULL);
}

void plug(Guest *guest, const char *prefer)
{
    g_autofree char *desc = try_plug(guest, prefer);

    g_assert_cmpstr(desc, ==, NULL);
    enable(guest);
}

void start_plugged(Guest *guest, const char *prefer)
{
    start(guest, new_adapter());
    plug(guest, prefer);
}

void unplug(Guest *guest, unsigned times)
{
    g_free(guest->dev);
    guest->dev = NULL;
    machine_unplug(&guest->machine);
    adapter_wait_closed(guest->adapter, times);
}

void stop(Guest *guest)
{
    g_assert_cmpint(adapter_irq_conflicts(guest->adapter), ==, 0);
    g_free(guest->dev);
    qpci_free_pc(guest->pci);
    machine_stop(&guest->machine);
}

bool line(Guest *guest)
{
    return qtest_get_irq(guest->qts, guest->gsi);
}

void interrupt(Guest *guest)
{
    g_assert_true(adapter_interrupt(guest->adapter));
    adapter_wait_irq_taken(guest->adapter);
}

void serve(Guest *guest)
{
    qpci_io_readl(guest->dev, guest->bar, QUIET);
}

void check_interrupts(Guest *guest, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        g_assert_false(line(guest));
        interrupt(guest);
        g_assert_true(line(guest));
        serve(guest);
    }
    g_assert_false(line(guest));
}

void check_index(Guest *guest, int index)
{
    g_assert_cmpint(adapter_irq_index(guest->adapter), ==, index);
    g_assert_cmpint(adapter_irq_conflicts(guest->adapter), ==, 0);
}

void set_command(Guest *guest, uint16_t set, uint16_t clear)
{
    uint16_t command = qpci_config_readw(guest->dev, PCI_COMMAND);

    qpci_config_writew(guest->dev, PCI_COMMAND, (command & ~clear) | set);
}

bool status_bit(Guest *guest)
{
    return qpci_config_readw(guest->dev, PCI_STATUS) & PCI_STATUS_INTERRUPT;
}
