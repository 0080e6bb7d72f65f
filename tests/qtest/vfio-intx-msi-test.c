/*
 * prefer_msi: guest INTx carried by host MSI, and the device name pci-assign
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host is vfio-user-adapter.c, which handles interrupts as the host's
 * kernel does and refuses a second index.  There is no KVM, so the line goes
 * down at the guest's first access to a BAR.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-intx-msi-bench.h"

/* Which index is used */

static void test_off(void)
{
    Guest guest;

    start_plugged(&guest, "off");
    check_index(&guest, INTX);
    check_interrupts(&guest, 10);
    g_assert_cmpint(adapter_irq_unmasked(guest.adapter), >=, 10);
    g_assert_cmpint(adapter_irq_enabled(guest.adapter, MSI), ==, 0);
    stop(&guest);
}

static void test_default(void)
{
    Adapter *adapter = new_adapter();
    Guest guest;

    start(&guest, adapter);
    machine_plug(&guest.machine, qdict_new());
    enable(&guest);
    check_index(&guest, INTX);
    g_assert_cmpint(adapter_irq_enabled(adapter, MSI), ==, 0);
    stop(&guest);
}

static void test_on(void)
{
    Guest guest;

    start_plugged(&guest, "on");
    check_index(&guest, MSI);
    check_interrupts(&guest, 10);
    g_assert_cmpint(adapter_irq_enabled(guest.adapter, INTX), ==, 0);
    g_assert_cmpint(adapter_irq_unmasked(guest.adapter), ==, 0);
    stop(&guest);
}

static void test_q35(void)
{
    Adapter *adapter = new_adapter();
    g_autofree char *options = NULL;
    Guest guest = { .adapter = adapter, .gsi = Q35_GSI };

    adapter_start(adapter);
    options = g_strdup_printf("-device '{\"driver\": \"vfio-user-pci\", "
                              "\"addr\": \"%d\", \"prefer_msi\": \"on\", "
                              "\"socket\": {\"type\": \"unix\", "
                              "\"path\": \"%s\"}}'",
                              MACHINE_SLOT, adapter_path(adapter));
    machine_start(&guest.machine, adapter, "q35", options);
    guest.qts = guest.machine.qts;
    qtest_irq_intercept_in(guest.qts, "ioapic");
    guest.pci = qpci_new_pc(guest.qts, NULL);
    enable(&guest);
    check_index(&guest, MSI);
    check_interrupts(&guest, 10);
    stop(&guest);
}

static void test_auto_has_intx(void)
{
    Guest guest;

    start_plugged(&guest, "auto");
    check_index(&guest, INTX);
    check_interrupts(&guest, 10);
    g_assert_cmpint(adapter_irq_enabled(guest.adapter, MSI), ==, 0);
    g_assert_cmpint(machine_said(&guest.machine, "prefer_msi"), ==, 0);
    stop(&guest);
}

static void test_auto_no_intx(const void *opaque)
{
    Adapter *adapter = new_adapter();
    Guest guest;

    adapter_refuse_irq(adapter, INTX, GPOINTER_TO_UINT(opaque));
    start(&guest, adapter);
    plug(&guest, "auto");
    check_index(&guest, MSI);
    check_interrupts(&guest, 10);
    g_assert_cmpint(machine_said(&guest.machine, "prefer_msi=auto"), ==, 1);

    qtest_system_reset(guest.qts);
    check_index(&guest, MSI);
    g_assert_cmpint(machine_said(&guest.machine, "prefer_msi=auto"), ==, 1);

    /* The line is free again, so it is used */
    adapter_refuse_irq(adapter, INTX, 0);
    qtest_system_reset(guest.qts);
    check_index(&guest, INTX);
    stop(&guest);
}

/*
 * Each case is refused with a reason, and the device can then be plugged in
 * another way
 */

static const struct {
    const char *name, *prefer;
    bool no_msi;
    unsigned intx_error, msi_error;
    const char *reason;
} refusals[] = {
    /* This used to be reported as the last value of errno */
    { "off", "off", false, EBUSY, 0, "Device or resource busy" },
    { "on-no-msi", "on", true, 0, 0, "prefer_msi=on: the device has no MSI" },
    { "on-msi-fails", "on", false, 0, EIO, "MSI cannot be set up on the host" },
    { "auto-no-msi", "auto", true, EBUSY, 0, "INTx cannot be set up" },
    { "auto-other-error", "auto", false, EPERM, 0, "INTx cannot be set up" },
    { "auto-both-fail", "auto", false, EBUSY, EBUSY, "MSI cannot be set up" },
};

static void test_refused(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_with_bars();
    g_autofree char *desc = NULL;
    Guest guest;

    adapter_set_intx(adapter);
    if (!refusals[number].no_msi) {
        adapter_set_msi(adapter);
    }
    adapter_refuse_irq(adapter, INTX, refusals[number].intx_error);
    adapter_refuse_irq(adapter, MSI, refusals[number].msi_error);
    start(&guest, adapter);
    desc = try_plug(&guest, refusals[number].prefer);
    g_assert_nonnull(desc);
    g_assert_nonnull(strstr(desc, refusals[number].reason));
    adapter_wait_closed(adapter, 1);

    adapter_refuse_irq(adapter, INTX, 0);
    plug(&guest, "off");
    check_index(&guest, INTX);
    check_interrupts(&guest, 10);
    stop(&guest);
}

/* For some devices the host's kernel hides the pin */
static void test_pin(const void *opaque)
{
    const char *prefer = opaque;
    bool off = g_str_equal(prefer, "off");
    Adapter *adapter = adapter_with_bars();
    Guest guest;

    adapter_set_msi(adapter);
    start(&guest, adapter);
    plug(&guest, prefer);
    g_assert_cmpint(qpci_config_readb(guest.dev, PCI_INTERRUPT_PIN), ==, !off);
    check_index(&guest, off ? -1 : MSI);
    if (!off) {
        check_interrupts(&guest, 10);
    }
    g_assert_cmpint(adapter_irq_enabled(adapter, INTX), ==, 0);
    stop(&guest);
}

/* Properties */

static const struct {
    const char *property, *value;
} spellings[] = {
    { "x-prefer-msi", "on" },
    { "x-prefer-msi", "off" },
    { "x-prefer-msi", "auto" },
    { "prefer_msi", "on" },
    { "prefer_msi", "auto" },
};

static void check_prefer(Guest *guest, const char *property, const char *means)
{
    QDict *response;

    response = qtest_qmp(guest->qts, "{'execute': 'qom-get', 'arguments': "
                         "{'path': '/machine/peripheral/card',"
                         " 'property': %s}}", property);
    g_assert_cmpstr(qdict_get_try_str(response, "return"), ==, means);
    qobject_unref(response);
}

static void test_spelling(void)
{
    Adapter *adapter = new_adapter();
    Guest guest;
    unsigned i;

    start(&guest, adapter);
    for (i = 0; i < G_N_ELEMENTS(spellings); i++) {
        QDict *properties = qdict_new();

        qdict_put_str(properties, spellings[i].property, spellings[i].value);
        machine_plug(&guest.machine, properties);
        check_prefer(&guest, "x-prefer-msi", spellings[i].value);
        check_prefer(&guest, "prefer_msi", spellings[i].value);
        unplug(&guest, i + 1);
    }
    machine_check_choice(&guest.machine, "x-prefer-msi", "auto, on or off");
    machine_check_choice(&guest.machine, "prefer_msi", "auto, on or off");
    stop(&guest);
}

static void test_global(void)
{
    Adapter *adapter = new_adapter();
    Guest guest = { .adapter = adapter };

    adapter_start(adapter);
    machine_start(&guest.machine, adapter, "pc",
                  "-global vfio-user-pci.prefer_msi=on");
    guest.qts = guest.machine.qts;
    guest.pci = qpci_new_pc(guest.qts, NULL);
    machine_plug(&guest.machine, qdict_new());
    check_index(&guest, MSI);
    stop(&guest);
}

static char *try_pci_assign(Machine *machine, const char *driver,
                            const char *json)
{
    g_autofree char *all = g_strdup_printf("{'driver': '%s',"
                                           " 'host': 'ff:1f.7'%s}", driver,
                                           json);
    QObject *arguments = qobject_from_json(all, &error_abort);
    QDict *response = qtest_qmp(machine->qts,
                                "{'execute': 'device_add', 'arguments': %p}",
                                arguments);
    char *desc = g_strdup(qdict_get_str(qdict_get_qdict(response, "error"),
                                        "desc"));

    qobject_unref(response);
    return desc;
}

static const struct {
    const char *name, *json, *reason, *hint;
    const char *driver;                 /* NULL: pci-assign */
} old_names[] = {
    { "plain", "", "no such host device",
      "use -device vfio-pci,host=0000:ff:1f.7\n" },
    { "prefer_msi-on", ", 'prefer_msi': 'on'", "no such host device",
      "use -device vfio-pci,host=0000:ff:1f.7,x-prefer-msi=on\n" },
    { "all", ", 'prefer_msi': 'off', 'share_intx': true, 'bootindex': 1,"
      " 'rombar': 1, 'romfile': 'card.rom'", "no such host device",
      "use -device vfio-pci,host=0000:ff:1f.7\n" },
    { "share_intx-off", ", 'share_intx': false",
      "share_intx=off no longer has a meaning", NULL },
    { "configfd", ", 'configfd': '5'",
      "configfd no longer has a meaning", NULL },
    { "iommu-on", ", 'iommu': true", "no such host device",
      "use -device vfio-pci,host=0000:ff:1f.7\n" },
    { "iommu-off", ", 'iommu': false",
      "iommu=off no longer has a meaning", NULL },
    { "kvm", ", 'prefer_msi': 'on', 'share_intx': true, 'iommu': true",
      "no such host device",
      "kvm-pci-assign is an old name; "
      "use -device vfio-pci,host=0000:ff:1f.7,x-prefer-msi=on\n",
      "kvm-pci-assign" },
    { "kvm-configfd", ", 'configfd': '5'",
      "configfd no longer has a meaning", NULL, "kvm-pci-assign" },
};

static void test_pci_assign(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_new();
    g_autofree char *text = NULL;
    Machine machine;
    unsigned i;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    for (i = 0; i < 2; i++) {
        g_autofree char *desc = try_pci_assign(&machine,
            old_names[number].driver ?: "pci-assign", old_names[number].json);

        g_assert_nonnull(strstr(desc, old_names[number].reason));
    }
    g_assert_true(g_file_get_contents(machine.log, &text, NULL, NULL));
    g_assert_cmpint(machine_said(&machine, "pci-assign is an old name"), ==,
                    !!old_names[number].hint);
    if (old_names[number].hint) {
        g_assert_nonnull(strstr(text, old_names[number].hint));
    }
    machine_stop(&machine);
}

static void add_index_tests(void)
{
    static const struct {
        const char *name;
        unsigned error;
    } no_intx[] = {
        { "busy", EBUSY }, { "io", EIO }, { "invalid", EINVAL },
        { "no-device", ENODEV },
    };
    unsigned i;

    qtest_add_func("intx-msi/off", test_off);
    qtest_add_func("intx-msi/default", test_default);
    qtest_add_func("intx-msi/on", test_on);
    qtest_add_func("intx-msi/q35", test_q35);
    qtest_add_func("intx-msi/auto/intx", test_auto_has_intx);
    for (i = 0; i < G_N_ELEMENTS(no_intx); i++) {
        machine_add("intx-msi/auto/msi", no_intx[i].name,
                    GUINT_TO_POINTER(no_intx[i].error), test_auto_no_intx);
    }
    for (i = 0; i < G_N_ELEMENTS(refusals); i++) {
        machine_add("intx-msi/refused", refusals[i].name, GUINT_TO_POINTER(i),
                    test_refused);
    }
    qtest_add_data_func("intx-msi/pin/off", "off", test_pin);
    qtest_add_data_func("intx-msi/pin/on", "on", test_pin);
    qtest_add_data_func("intx-msi/pin/auto", "auto", test_pin);
}

int main(int argc, char **argv)
{
    unsigned i;

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }
    add_index_tests();
    qtest_add_func("intx-msi/spelling", test_spelling);
    qtest_add_func("intx-msi/global", test_global);
    for (i = 0; i < G_N_ELEMENTS(old_names); i++) {
        machine_add("pci-assign", old_names[i].name, GUINT_TO_POINTER(i),
                    test_pci_assign);
    }
    intx_add_line();
    intx_add_nvidia();
    return g_test_run();
}
