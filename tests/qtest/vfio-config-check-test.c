/*
 * Config space that is broken, or of an adapter that is gone
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The device is vfio-user-pci, because no other device can have such config
 * space without hardware.  The test is about code that it shares with
 * vfio-pci: hw/vfio/config-check.c, which describes the rules, and what
 * hw/vfio/pci.c reads after a reset.  The server is vfio-user-adapter.c, the
 * machine is vfio-user-machine.c.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "vfio-config-check-bench.h"

/*
 * The interrupt pin.  An invalid one used to end in "pci_irq_handler:
 * Assertion `0 <= irq_num && irq_num < PCI_NUM_PINS' failed".
 */

static void test_pin(void)
{
    static const uint8_t pins[] = { 5, 6, 0x7f, 0x80, 0xff };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(pins); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        config_of(adapter)[PCI_INTERRUPT_PIN] = pins[i];
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        machine_check_refused(&machine, properties(), "interrupt pin");
        adapter_wait_closed(adapter, 1);
        machine_stop(&machine);
    }
}

/* Each of the four pins, and no pin */
static void test_pin_right(void)
{
    uint8_t pin;

    for (pin = 0; pin <= 4; pin++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        config_of(adapter)[PCI_INTERRUPT_PIN] = pin;
        start_plugged(&machine, adapter);
        g_assert_cmpint(adapter_irq_index(adapter), ==,
                        pin ? VFIO_PCI_INTX_IRQ_INDEX : -1);
        qtest_system_reset(machine.qts);
        machine_unplug(&machine);
        machine_stop(&machine);
    }
}

/* The pin changes later */
static void test_pin_changes(void)
{
    static const uint8_t pins[][2] = { { 0, 1 }, { 1, 0 }, { 2, 200 } };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(pins); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        config_of(adapter)[PCI_INTERRUPT_PIN] = pins[i][0];
        start_plugged(&machine, adapter);
        config_of(adapter)[PCI_INTERRUPT_PIN] = pins[i][1];
        qtest_system_reset(machine.qts);
        g_assert_cmpint(adapter_irq_index(adapter), ==,
                        pins[i][0] ? VFIO_PCI_INTX_IRQ_INDEX : -1);
        adapter_interrupt(adapter);
        adapter_wait_irq_taken(adapter);
        machine_unplug(&machine);
        machine_stop(&machine);
    }
}

/* An adapter that is gone reads all ones */

static void test_gone_at_realize(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;

    adapter_set_intx(adapter);
    adapter_set_gone(adapter, true, true);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_check_refused(&machine, properties(), "reads all ones");
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/* The adapter is gone before a reset or after it, and back after a later one */
static void test_gone(const void *opaque)
{
    bool before = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_intx(adapter);
    adapter_set_pm(adapter);
    adapter_set_msi(adapter);
    start_plugged(&machine, adapter);

    adapter_set_gone(adapter, before, true);
    for (i = 0; i < 3; i++) {
        qtest_system_reset(machine.qts);
        machine_check_alive(&machine);
        g_assert_cmpint(adapter_irq_index(adapter), ==, -1);
        g_assert_cmpint(machine_said(&machine, "reads all ones"), ==, 1);
    }
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, 1);
    g_assert_cmpint(machine_said(&machine, "stuck in D"), ==, 0);

    adapter_set_gone(adapter, true, false);
    qtest_system_reset(machine.qts);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_INTX_IRQ_INDEX);
    adapter_interrupt(adapter);
    adapter_wait_irq_taken(adapter);

    /* When it is gone again there is another message */
    adapter_set_gone(adapter, false, true);
    qtest_system_reset(machine.qts);
    g_assert_cmpint(machine_said(&machine, "reads all ones"), ==, 2);
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/*
 * The adapter is gone while the guest uses MSI, which the guest then switches
 * off
 */
static void test_gone_msi(void)
{
    Adapter *adapter = adapter_with_bar();
    QPCIDevice *dev;
    QPCIBus *pci;
    Machine machine;

    adapter_set_intx(adapter);
    adapter_set_msi(adapter);
    dev = start_found(&machine, adapter, &pci);
    qpci_config_writew(dev, ADAPTER_MSI_CAP + PCI_MSI_FLAGS,
                       PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_MSI_IRQ_INDEX);

    adapter_set_gone(adapter, true, true);
    qpci_config_writew(dev, ADAPTER_MSI_CAP + PCI_MSI_FLAGS,
                       PCI_MSI_FLAGS_64BIT);
    machine_check_alive(&machine);
    g_assert_cmpint(adapter_irq_index(adapter), ==, -1);
    g_assert_cmpint(machine_said(&machine, "reads all ones"), ==, 1);
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, 1);

    g_free(dev);
    qpci_free_pc(pci);
    machine_unplug(&machine);
    machine_stop(&machine);
}

static void set_flag(QPCIDevice *dev, uint8_t at, uint16_t flag, bool on)
{
    uint16_t flags = qpci_config_readw(dev, at);

    qpci_config_writew(dev, at, on ? flags | flag : flags & ~flag);
}

/*
 * Both kinds are enabled, and the one that is no longer used is disabled.
 * With MSI-X this ended in "msix_unset_vector_notifiers: Assertion", and with
 * MSI it freed the vectors of MSI-X.
 */
static void test_msi_and_msix(void)
{
    Adapter *adapter = adapter_with_bar();
    uint8_t msi = ADAPTER_MSI_CAP + PCI_MSI_FLAGS, msix;
    QPCIDevice *dev;
    QPCIBus *pci;
    Machine machine;

    adapter_set_intx(adapter);
    adapter_set_msix(adapter, 0, 4);
    adapter_set_msi(adapter);
    dev = start_found(&machine, adapter, &pci);
    msix = qpci_find_capability(dev, PCI_CAP_ID_MSIX, 0) + PCI_MSIX_FLAGS;

    set_flag(dev, msix, PCI_MSIX_FLAGS_ENABLE, true);
    set_flag(dev, msi, PCI_MSI_FLAGS_ENABLE, true);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_MSI_IRQ_INDEX);
    set_flag(dev, msix, PCI_MSIX_FLAGS_ENABLE, false);
    machine_check_alive(&machine);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_MSI_IRQ_INDEX);

    set_flag(dev, msix, PCI_MSIX_FLAGS_ENABLE, true);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_MSIX_IRQ_INDEX);
    set_flag(dev, msi, PCI_MSI_FLAGS_ENABLE, false);
    machine_check_alive(&machine);
    g_assert_cmpint(adapter_irq_index(adapter), ==, VFIO_PCI_MSIX_IRQ_INDEX);
    set_flag(dev, msix, PCI_MSIX_FLAGS_ENABLE, false);
    machine_check_alive(&machine);

    g_free(dev);
    qpci_free_pc(pci);
    machine_unplug(&machine);
    machine_stop(&machine);
}

/* A lost connection is reported only once, however often the device is reset */
static void test_lost_and_reset(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned said;

    adapter_set_intx(adapter);
    adapter_set_pm(adapter);
    start_plugged(&machine, adapter);
    adapter_fault(adapter, ADAPTER_FAULT_CLOSE, VFIO_USER_REGION_READ, ANY);
    qtest_system_reset(machine.qts);
    adapter_wait_closed(adapter, 1);
    said = machine_said(&machine, "");
    g_assert_cmpint(machine_said(&machine, "reset bar"), ==, 0);
    g_assert_cmpint(machine_said(&machine, "reads all ones"), ==, 0);
    g_assert_cmpint(machine_said(&machine, "stuck in D"), ==, 0);
    qtest_system_reset(machine.qts);
    qtest_system_reset(machine.qts);
    g_assert_cmpint(machine_said(&machine, ""), ==, said);
    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    machine_unplug(&machine);
    machine_stop(&machine);
}

/*
 * Extended capabilities.  With a broken list QEMU used to loop forever with
 * its main lock held, or to end in an assertion of pcie.c.
 */

/* More vectors than MSI can have used to end in an assertion of msi.c */
static void test_msi_vectors(void)
{
    unsigned order;

    for (order = 5; order <= 7; order++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        adapter_set_msi(adapter);
        stw_le_p(config_of(adapter) + ADAPTER_MSI_CAP + PCI_MSI_FLAGS,
                 PCI_MSI_FLAGS_64BIT | order << 1);
        start_plugged(&machine, adapter);
        machine_unplug(&machine);
        machine_stop(&machine);
    }
}

int main(int argc, char **argv)
{
    static const MachineTest tests[] = {
        { "pin", test_pin },
        { "pin-right", test_pin_right },
        { "pin-changes", test_pin_changes },
        { "gone-at-realize", test_gone_at_realize },
        { "gone-msi", test_gone_msi },
        { "lost-and-reset", test_lost_and_reset },
        { "list-seen", test_list_seen },
        { "msi-vectors", test_msi_vectors },
        { "msi-and-msix", test_msi_and_msix },
    };

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }

    machine_add_list(PREFIX, tests, ARRAY_SIZE(tests));
    machine_add(PREFIX "/gone", "by-reset", GUINT_TO_POINTER(false),
                test_gone);
    machine_add(PREFIX "/gone", "before-reset", GUINT_TO_POINTER(true),
                test_gone);
    config_add_lists();
    return g_test_run();
}
