/*
 * The guest's interrupt line while host MSI carries it, and afterwards
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "vfio-intx-msi-bench.h"

/*
 * The line
 */

static void test_thousand(const void *opaque)
{
    Guest guest;

    start_plugged(&guest, opaque);
    check_interrupts(&guest, 1000);
    stop(&guest);
}

/* Messages that arrive while the line is up are one interrupt */
static void test_burst(void)
{
    Guest guest;
    unsigned i;

    start_plugged(&guest, "on");
    for (i = 0; i < 3; i++) {
        interrupt(&guest);
        g_assert_true(line(&guest));
    }
    serve(&guest);
    g_assert_false(line(&guest));
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* A device may say that it still needs service after an EOI */
static void test_wants_service(void)
{
    uint8_t *config;
    Guest guest;

    start_plugged(&guest, "on");
    config = adapter_data(guest.adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    interrupt(&guest);
    config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    serve(&guest);
    g_assert_true(line(&guest));
    serve(&guest);
    g_assert_true(line(&guest));
    config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
    serve(&guest);
    g_assert_false(line(&guest));
    check_interrupts(&guest, 10);
    stop(&guest);
}

static void test_intx_disable(void)
{
    Guest guest;

    start_plugged(&guest, "on");

    set_command(&guest, PCI_COMMAND_INTX_DISABLE, 0);
    interrupt(&guest);
    g_assert_false(line(&guest));
    set_command(&guest, 0, PCI_COMMAND_INTX_DISABLE);
    g_assert_true(line(&guest));
    set_command(&guest, PCI_COMMAND_INTX_DISABLE, 0);
    g_assert_false(line(&guest));
    serve(&guest);
    set_command(&guest, 0, PCI_COMMAND_INTX_DISABLE);
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* A guest whose line is shared reads PCI_STATUS to see whose interrupt it is */
static void test_status(void)
{
    Guest guest;

    start_plugged(&guest, "on");
    g_assert_false(status_bit(&guest));
    interrupt(&guest);
    g_assert_true(status_bit(&guest));
    set_command(&guest, PCI_COMMAND_INTX_DISABLE, 0);
    g_assert_true(status_bit(&guest));
    serve(&guest);
    g_assert_false(status_bit(&guest));
    stop(&guest);
}

/* Unlike a level, a message does not come again */
static void test_route_change(void)
{
    Guest guest;

    start_plugged(&guest, "on");
    interrupt(&guest);
    g_assert_true(line(&guest));
    route(&guest, OTHER_IRQ);
    g_assert_true(line(&guest));
    g_assert_false(qtest_get_irq(guest.qts, IRQ));
    serve(&guest);
    check_interrupts(&guest, 10);
    g_assert_false(qtest_get_irq(guest.qts, IRQ));
    stop(&guest);
}

static void test_stop_cont(void)
{
    Guest guest;

    start_plugged(&guest, "on");
    qtest_qmp_assert_success(guest.qts, "{'execute': 'stop'}");
    interrupt(&guest);
    qtest_qmp_assert_success(guest.qts, "{'execute': 'cont'}");
    g_assert_true(line(&guest));
    serve(&guest);
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* Changes from one kind to another and back */

static void guest_msi(Guest *guest, bool on)
{
    qpci_config_writel(guest->dev, ADAPTER_MSI_CAP + PCI_MSI_ADDRESS_LO,
                       0xfee00000);
    qpci_config_writew(guest->dev, ADAPTER_MSI_CAP + PCI_MSI_DATA_64, 0x30);
    qpci_config_writew(guest->dev, ADAPTER_MSI_CAP + PCI_MSI_FLAGS,
                       on ? PCI_MSI_FLAGS_ENABLE : 0);
}

static void test_guest_msi(const void *opaque)
{
    const char *prefer = opaque;
    int index = g_str_equal(prefer, "on") ? MSI : INTX;
    Guest guest;
    unsigned i, enabled;

    start_plugged(&guest, prefer);
    for (i = 0; i < 3; i++) {
        check_index(&guest, index);
        check_interrupts(&guest, 10);
        g_assert_false(qpci_config_readw(guest.dev, ADAPTER_MSI_CAP +
                                         PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE);

        /* Begin with an interrupt that was not served */
        interrupt(&guest);
        enabled = adapter_irq_enabled(guest.adapter, MSI);
        guest_msi(&guest, true);
        g_assert_false(line(&guest));
        check_index(&guest, MSI);
        g_assert_cmpint(adapter_irq_enabled(guest.adapter, MSI), ==,
                        enabled + 1);
        interrupt(&guest);
        g_assert_false(line(&guest));
        guest_msi(&guest, false);
        g_assert_false(line(&guest));
    }
    check_interrupts(&guest, 10);
    stop(&guest);
}

static void test_guest_msix(void)
{
    Adapter *adapter = adapter_with_bars();
    Guest guest;
    unsigned i;

    adapter_set_intx(adapter);
    adapter_set_msix(adapter, 0, 4);
    adapter_set_msi(adapter);
    start(&guest, adapter);
    plug(&guest, "on");
    for (i = 0; i < 3; i++) {
        check_index(&guest, MSI);
        check_interrupts(&guest, 10);
        qpci_msix_enable(guest.dev);
        guest.bar = guest.dev->msix_table_bar;  /* this moves BAR 0 */
        check_index(&guest, MSIX);
        qpci_msix_disable(guest.dev);
    }
    check_index(&guest, MSI);
    check_interrupts(&guest, 10);
    stop(&guest);
}

static void test_reset(void)
{
    Guest guest;
    unsigned i;

    start_plugged(&guest, "on");
    for (i = 0; i < 3; i++) {
        uint32_t bar = qpci_config_readl(guest.dev, PCI_BASE_ADDRESS_0);

        interrupt(&guest);
        g_assert_true(line(&guest));
        if (i == 1) {
            guest_msi(&guest, true);
        }
        qtest_system_reset(guest.qts);
        g_assert_false(line(&guest));
        check_index(&guest, MSI);

        route(&guest, IRQ);
        qpci_config_writel(guest.dev, PCI_BASE_ADDRESS_0, bar);
        qpci_device_enable(guest.dev);
        check_interrupts(&guest, 10);
    }
    stop(&guest);
}

static void test_unplug(void)
{
    Adapter *adapter = new_adapter();
    Guest guest;
    unsigned i;

    start(&guest, adapter);
    for (i = 0; i < 3; i++) {
        plug(&guest, "on");
        check_index(&guest, MSI);
        check_interrupts(&guest, 10);
        interrupt(&guest);
        unplug(&guest, i + 1);
        g_assert_false(line(&guest));
        check_index(&guest, -1);
    }
    stop(&guest);
}

/* Returns whether the mode that prefer_msi sets blocks migration */
static bool blocked(Guest *guest)
{
    QDict *response = qtest_qmp(guest->qts, "{'execute': 'query-migrate'}");
    QDict *info = qdict_get_qdict(response, "return");
    QList *reasons = qdict_get_qlist(info, "blocked-reasons");
    const QListEntry *entry;
    bool found = false;

    if (reasons) {
        QLIST_FOREACH_ENTRY(reasons, entry) {
            QString *reason = qobject_to(QString, qlist_entry_obj(entry));

            found |= !!strstr(qstring_get_str(reason), "prefer_msi=off");
        }
    }
    qobject_unref(response);
    return found;
}

static void test_migration(void)
{
    static const char *const modes[] = { "normal", "cpr-reboot",
                                         "cpr-transfer" };
    Adapter *adapter = new_adapter();
    Guest guest;
    unsigned i;

    start(&guest, adapter);
    for (i = 0; i < G_N_ELEMENTS(modes); i++) {
        qtest_qmp_assert_success(guest.qts,
                                 "{'execute': 'migrate-set-parameters',"
                                 " 'arguments': {'mode': %s}}", modes[i]);
        plug(&guest, "on");
        g_assert_true(blocked(&guest));
        unplug(&guest, 2 * i + 1);
        g_assert_false(blocked(&guest));
        plug(&guest, "off");
        g_assert_false(blocked(&guest));
        unplug(&guest, 2 * i + 2);
    }
    stop(&guest);
}

void intx_add_line(void)
{
    qtest_add_data_func("intx-msi/thousand/off", "off", test_thousand);
    qtest_add_data_func("intx-msi/thousand/on", "on", test_thousand);
    qtest_add_func("intx-msi/burst", test_burst);
    qtest_add_func("intx-msi/wants-service", test_wants_service);
    qtest_add_func("intx-msi/intx-disable", test_intx_disable);
    qtest_add_func("intx-msi/status", test_status);
    qtest_add_func("intx-msi/route-change", test_route_change);
    qtest_add_func("intx-msi/stop-cont", test_stop_cont);
    qtest_add_data_func("intx-msi/guest-msi/off", "off", test_guest_msi);
    qtest_add_data_func("intx-msi/guest-msi/on", "on", test_guest_msi);
    qtest_add_func("intx-msi/guest-msix", test_guest_msix);
    qtest_add_func("intx-msi/reset", test_reset);
    qtest_add_func("intx-msi/unplug", test_unplug);
    qtest_add_func("intx-msi/migration", test_migration);
}
