/*
 * prefer_msi: guest INTx carried by host MSI, and the device name pci-assign
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host is vfio-user-adapter.c, which keeps interrupts as the host's kernel
 * does and refuses a second index.  There is no KVM here, so the line goes down
 * at the guest's first access to a BAR.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "vfio-user-machine.h"

#define BAR_SIZE        0x100000        /* has NVIDIA's registers */
#define QUIET           0x40000         /* in BAR 0, and nothing but memory */
#define PORTS_BAR       1
#define PIIX3_SLOT      1
#define PIIX3_PIRQ      0x60            /* PIRQA to PIRQD */
#define IRQ             10
#define OTHER_IRQ       11
#define Q35_GSI         20              /* slot 4, pin A */

#define INTX    VFIO_PCI_INTX_IRQ_INDEX
#define MSI     VFIO_PCI_MSI_IRQ_INDEX
#define MSIX    VFIO_PCI_MSIX_IRQ_INDEX

typedef struct Guest {
    Machine machine;
    Adapter *adapter;
    QTestState *qts;
    QPCIBus *pci;
    QPCIDevice *dev;
    QPCIBar bar, ports;
    unsigned gsi;
} Guest;

static Adapter *adapter_with_bars(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_set_bar(adapter, PORTS_BAR, 32, true);
    return adapter;
}

static Adapter *new_adapter(void)
{
    Adapter *adapter = adapter_with_bars();

    adapter_set_intx(adapter);
    adapter_set_msi(adapter);
    return adapter;
}

static void route(Guest *guest, unsigned irq)
{
    QPCIDevice bridge = {
        .bus = guest->pci, .devfn = QPCI_DEVFN(PIIX3_SLOT, 0),
    };

    qpci_config_writel(&bridge, PIIX3_PIRQ, irq * 0x01010101);
    guest->gsi = irq;
}

static void start(Guest *guest, Adapter *adapter)
{
    *guest = (Guest) { .adapter = adapter };
    adapter_start(adapter);
    machine_start(&guest->machine, adapter, "pc", "");
    guest->qts = guest->machine.qts;
    qtest_irq_intercept_in(guest->qts, "ioapic");
    guest->pci = qpci_new_pc(guest->qts, NULL);
    route(guest, IRQ);
}

static char *try_plug(Guest *guest, const char *prefer)
{
    return machine_try_plug(&guest->machine,
                            qdict_from_jsonf_nofail("{'x-prefer-msi': %s}",
                                                    prefer));
}

static void enable(Guest *guest)
{
    guest->dev = qpci_device_find(guest->pci, QPCI_DEVFN(MACHINE_SLOT, 0));
    g_assert_nonnull(guest->dev);
    qpci_device_enable(guest->dev);
    guest->bar = qpci_iomap(guest->dev, 0, NULL);
    guest->ports = qpci_iomap(guest->dev, PORTS_BAR, NULL);
}

static void plug(Guest *guest, const char *prefer)
{
    g_autofree char *desc = try_plug(guest, prefer);

    g_assert_cmpstr(desc, ==, NULL);
    enable(guest);
}

/* The usual adapter */
static void start_plugged(Guest *guest, const char *prefer)
{
    start(guest, new_adapter());
    plug(guest, prefer);
}

static void unplug(Guest *guest, unsigned times)
{
    g_free(guest->dev);
    guest->dev = NULL;
    machine_unplug(&guest->machine);
    adapter_wait_closed(guest->adapter, times);
}

static void stop(Guest *guest)
{
    g_assert_cmpint(adapter_irq_conflicts(guest->adapter), ==, 0);
    g_free(guest->dev);
    qpci_free_pc(guest->pci);
    machine_stop(&guest->machine);
}

static bool line(Guest *guest)
{
    return qtest_get_irq(guest->qts, guest->gsi);
}

/* The adapter's, until QEMU has seen it */
static void interrupt(Guest *guest)
{
    g_assert_true(adapter_interrupt(guest->adapter));
    adapter_wait_irq_taken(guest->adapter);
}

static void serve(Guest *guest)
{
    qpci_io_readl(guest->dev, guest->bar, QUIET);
}

/* @n interrupts, each of them raises the line until it is served */
static void check_interrupts(Guest *guest, unsigned n)
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

static void check_index(Guest *guest, int index)
{
    g_assert_cmpint(adapter_irq_index(guest->adapter), ==, index);
    g_assert_cmpint(adapter_irq_conflicts(guest->adapter), ==, 0);
}

static void set_command(Guest *guest, uint16_t set, uint16_t clear)
{
    uint16_t command = qpci_config_readw(guest->dev, PCI_COMMAND);

    qpci_config_writew(guest->dev, PCI_COMMAND, (command & ~clear) | set);
}

static bool status_bit(Guest *guest)
{
    return qpci_config_readw(guest->dev, PCI_STATUS) & PCI_STATUS_INTERRUPT;
}

/*
 * Which index
 */

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
 * Refused, each time with a reason, and the device can be plugged in another
 * way then
 */

static const struct {
    const char *name, *prefer;
    bool no_msi;
    unsigned intx_error, msi_error;
    const char *reason;
} refusals[] = {
    /* Used to be reported as whatever errno was */
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

/* The host's kernel hides the pin of some devices */
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

/* Messages that come while the line is up are one interrupt */
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

/* A device that says it still wants service after an EOI */
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

/* A guest that shares the line asks PCI_STATUS whose interrupt it is */
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

/* A message does not come again, as a level does */
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

/*
 * From one kind to another and back
 */

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

        /* With an interrupt that nobody has served */
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
        guest.bar = guest.dev->msix_table_bar;  /* it moves BAR 0 */
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

/* Of migration in the mode that is set, by prefer_msi */
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

/*
 * NVIDIA
 */

static const struct {
    unsigned chipset;
    uint32_t offset;        /* 0: refused */
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
    { 0x036 },                          /* none known */
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

/* The guest is told of another vendor: the adapter is still NVIDIA's */
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

/* What the adapter of another family does, and what it does without */
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

/* The adapter's function for sound has no such thing */
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

/*
 * What a user types
 */

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
      "share_intx=off has no meaning", NULL },
    { "configfd", ", 'configfd': '5'", "configfd has no meaning", NULL },
    { "iommu-on", ", 'iommu': true", "no such host device",
      "use -device vfio-pci,host=0000:ff:1f.7\n" },
    { "iommu-off", ", 'iommu': false", "iommu=off has no meaning", NULL },
    { "kvm", ", 'prefer_msi': 'on', 'share_intx': true, 'iommu': true",
      "no such host device",
      "kvm-pci-assign is an old name; "
      "use -device vfio-pci,host=0000:ff:1f.7,x-prefer-msi=on\n",
      "kvm-pci-assign" },
    { "kvm-configfd", ", 'configfd': '5'", "configfd has no meaning", NULL,
      "kvm-pci-assign" },
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
        g_autofree char *path = g_strdup_printf("intx-msi/auto/msi/%s",
                                                no_intx[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(no_intx[i].error),
                            test_auto_no_intx);
    }
    for (i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strdup_printf("intx-msi/refused/%s",
                                                refusals[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_refused);
    }
    qtest_add_data_func("intx-msi/pin/off", "off", test_pin);
    qtest_add_data_func("intx-msi/pin/on", "on", test_pin);
    qtest_add_data_func("intx-msi/pin/auto", "auto", test_pin);
}

static void add_line_tests(void)
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

static void add_nvidia_tests(void)
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

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return g_test_run();
    }
    add_index_tests();
    add_line_tests();
    add_nvidia_tests();
    qtest_add_func("intx-msi/spelling", test_spelling);
    qtest_add_func("intx-msi/global", test_global);
    for (i = 0; i < G_N_ELEMENTS(old_names); i++) {
        g_autofree char *path = g_strdup_printf("pci-assign/%s",
                                                old_names[i].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_pci_assign);
    }
    return g_test_run();
}
