/*
 * Config space that is broken, or that is gone
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The device is vfio-user-pci, as nothing else can be given such config space
 * without hardware.  What is tested is code that it shares with vfio-pci:
 * hw/vfio/config-check.c, which is the manual, and what hw/vfio/pci.c reads
 * after a reset.  The server is vfio-user-adapter.c, the machine is
 * vfio-user-machine.c.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

#define BAR_SIZE        0x10000
#define CARD            QPCI_DEVFN(MACHINE_SLOT, 0)
#define ANY             ADAPTER_REGIONS
#define PREFIX          "vfio-config-check"
#define ROOT_PORT       "-device pcie-root-port,id=rp,addr=2,slot=1,chassis=1"

static uint8_t *config_of(Adapter *adapter)
{
    return adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
}

static Adapter *adapter_with_bar(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    return adapter;
}

static QDict *properties(void)
{
    return qdict_from_jsonf_nofail("{'x-msg-timeout': %u}", MACHINE_LONG_TIME);
}

/*
 * The interrupt pin.  One that is none used to end in "pci_irq_handler:
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

/* Each of the four there are, and none */
static void test_pin_right(void)
{
    uint8_t pin;

    for (pin = 0; pin <= 4; pin++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        config_of(adapter)[PCI_INTERRUPT_PIN] = pin;
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        machine_plug(&machine, properties());
        g_assert_cmpint(adapter_irq_index(adapter), ==,
                        pin ? VFIO_PCI_INTX_IRQ_INDEX : -1);
        qtest_system_reset(machine.qts);
        machine_unplug(&machine);
        machine_stop(&machine);
    }
}

/* A pin that is another one later than it was */
static void test_pin_changes(void)
{
    static const uint8_t pins[][2] = { { 0, 1 }, { 1, 0 }, { 2, 200 } };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(pins); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        config_of(adapter)[PCI_INTERRUPT_PIN] = pins[i][0];
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        machine_plug(&machine, properties());
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

/*
 * An adapter that is gone: all of it reads as ones
 */

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

/* Gone before a reset or by it, and there again after a later one */
static void test_gone(const void *opaque)
{
    bool before = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_intx(adapter);
    adapter_set_pm(adapter);
    adapter_set_msi(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());

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

    /* It is said again when it is gone again */
    adapter_set_gone(adapter, false, true);
    qtest_system_reset(machine.qts);
    g_assert_cmpint(machine_said(&machine, "reads all ones"), ==, 2);
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/* Gone while the guest uses MSI, which it switches off then */
static void test_gone_msi(void)
{
    Adapter *adapter = adapter_with_bar();
    QPCIDevice *dev;
    QPCIBus *pci;
    Machine machine;

    adapter_set_intx(adapter);
    adapter_set_msi(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    pci = qpci_new_pc(machine.qts, NULL);
    dev = qpci_device_find(pci, CARD);
    g_assert_nonnull(dev);
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
 * Both kinds are enabled, and the one that is not in use any more is disabled:
 * MSI-X ended in "msix_unset_vector_notifiers: Assertion", and MSI freed the
 * vectors of MSI-X.
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
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    pci = qpci_new_pc(machine.qts, NULL);
    dev = qpci_device_find(pci, CARD);
    g_assert_nonnull(dev);
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

/* A connection that is lost is said once, too, however often it is reset */
static void test_lost_and_reset(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned said;

    adapter_set_intx(adapter);
    adapter_set_pm(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
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
 * Capabilities
 */

static void capability(Adapter *adapter, uint8_t at, uint8_t id, uint8_t next)
{
    uint8_t *config = config_of(adapter);

    if (!config[PCI_CAPABILITY_LIST]) {
        config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
        config[PCI_CAPABILITY_LIST] = at;
    }
    config[at & ~3] = id;
    config[(at & ~3) + PCI_CAP_LIST_NEXT] = next;
}

static void list_loop(Adapter *adapter)
{
    capability(adapter, 0x80, PCI_CAP_ID_VNDR, 0x90);
    capability(adapter, 0x90, PCI_CAP_ID_VNDR, 0x80);
}

static void list_loop_unaligned(Adapter *adapter)
{
    capability(adapter, 0x80, PCI_CAP_ID_VNDR, 0x90);
    capability(adapter, 0x90, PCI_CAP_ID_VNDR, 0x83);
}

static void list_in_header(Adapter *adapter)
{
    capability(adapter, 0x80, PCI_CAP_ID_VNDR, 0x3c);
}

/* The low two bits are reserved, and whoever follows the list drops them */
static void list_unaligned(Adapter *adapter)
{
    capability(adapter, 0x82, PCI_CAP_ID_VNDR, 0x91);
    capability(adapter, 0x90, PCI_CAP_ID_MSI, 0x03);
}

static void list_at_end(Adapter *adapter)
{
    capability(adapter, 0xfc, PCI_CAP_ID_VNDR, 0);
}

static void list_msi_at_end(Adapter *adapter)
{
    capability(adapter, 0xfc, PCI_CAP_ID_MSI, 0);
}

/* With a 64-bit address and mask bits, for which there is no room */
static void list_msi_long_at_end(Adapter *adapter)
{
    capability(adapter, 0xf0, PCI_CAP_ID_MSI, 0);
    stw_le_p(config_of(adapter) + 0xf0 + PCI_MSI_FLAGS,
             PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT);
}

static void list_msix_at_end(Adapter *adapter)
{
    capability(adapter, 0xf8, PCI_CAP_ID_MSIX, 0);
}

static void list_pm_at_end(Adapter *adapter)
{
    capability(adapter, 0xfc, PCI_CAP_ID_PM, 0);
}

static void list_exp_at_end(Adapter *adapter)
{
    capability(adapter, 0xf8, PCI_CAP_ID_EXP, 0);
    stw_le_p(config_of(adapter) + 0xf8 + PCI_EXP_FLAGS,
             1 | PCI_EXP_TYPE_RC_END << 4);
}

static void list_msix_twice(Adapter *adapter)
{
    capability(adapter, 0x80, PCI_CAP_ID_MSIX, 0x90);
    capability(adapter, 0x90, PCI_CAP_ID_MSIX, 0);
    stl_le_p(config_of(adapter) + 0x80 + PCI_MSIX_PBA, 0x800);
    stl_le_p(config_of(adapter) + 0x90 + PCI_MSIX_PBA, 0x800);
}

static void list_overlaps(Adapter *adapter)
{
    capability(adapter, 0x80, PCI_CAP_ID_MSI, 0x84);
    capability(adapter, 0x84, PCI_CAP_ID_PM, 0);
}

static const struct {
    const char *name;
    void (*make)(Adapter *adapter);
    const char *why;        /* NULL: the guest gets it */
} lists[] = {
    { "loop", list_loop, "list of capabilities is broken at 0x80" },
    { "loop-unaligned", list_loop_unaligned,
      "list of capabilities is broken at 0x80" },
    { "in-header", list_in_header, "list of capabilities is broken at 0x3c" },
    { "unaligned", list_unaligned, NULL },
    { "at-end", list_at_end, NULL },
    { "msi-at-end", list_msi_at_end, "capability 0x5 at 0xfc" },
    { "msi-long-at-end", list_msi_long_at_end, "capability 0x5 at 0xf0" },
    { "msix-at-end", list_msix_at_end, "capability 0x11 at 0xf8" },
    { "pm-at-end", list_pm_at_end, "capability 0x1 at 0xfc" },
    { "exp-at-end", list_exp_at_end, "capability 0x10 at 0xf8" },
    { "msix-twice", list_msix_twice, "capability 0x11 at 0x90" },
    { "overlaps", list_overlaps, "overlaps" },
};

/* On pc, or behind a root port of q35, where a guest sees what is extended */
static void start(Machine *machine, Adapter *adapter, bool express)
{
    adapter_start(adapter);
    machine_start(machine, adapter, express ? "q35" : "pc",
                  express ? ROOT_PORT : "");
}

static QDict *properties_on(bool express)
{
    QDict *props = properties();

    if (express) {
        qdict_put_str(props, "bus", "rp");
        qdict_put_str(props, "addr", "0");
    }
    return props;
}

static void test_list(const void *opaque)
{
    unsigned n = GPOINTER_TO_UINT(opaque), express;

    for (express = 0; express <= 1; express++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        lists[n].make(adapter);
        start(&machine, adapter, express);
        if (lists[n].why) {
            machine_check_refused(&machine, properties_on(express),
                                  lists[n].why);
            adapter_wait_closed(adapter, 1);
        } else {
            machine_plug(&machine, properties_on(express));
            qtest_system_reset(machine.qts);
        }
        machine_stop(&machine);
    }
}

/* What the guest sees of a list that was made right by QEMU */
static void test_list_seen(void)
{
    Adapter *adapter = adapter_with_bar();
    QPCIDevice *dev;
    QPCIBus *pci;
    Machine machine;

    list_unaligned(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    pci = qpci_new_pc(machine.qts, NULL);
    dev = qpci_device_find(pci, CARD);
    g_assert_nonnull(dev);
    g_assert_cmphex(qpci_config_readb(dev, PCI_CAPABILITY_LIST), ==, 0x80);
    g_assert_cmphex(qpci_config_readb(dev, 0x81), ==, 0x90);
    g_assert_cmphex(qpci_config_readb(dev, 0x90), ==, PCI_CAP_ID_MSI);
    g_assert_cmphex(qpci_config_readb(dev, 0x91), ==, 0);
    g_free(dev);
    qpci_free_pc(pci);
    machine_stop(&machine);
}

/*
 * Extended capabilities.  A broken list used to have QEMU follow it for ever
 * with its main lock held, or to end in an assertion of pcie.c.
 */

#define HEADER(id, next)    ((next) << 20 | 1 << 16 | (id))
#define VENDOR              PCI_EXT_CAP_ID_VNDR
#define SERIAL              PCI_EXT_CAP_ID_DSN
#define REBAR               PCI_EXT_CAP_ID_REBAR
#define RP_BUS              1

static const struct {
    const char *name;
    bool right;
    struct {
        uint16_t at;
        uint32_t word;
    } words[5];
} extended[] = {
    { "none", true, { { 0x100, 0 } } },
    { "right", true, { { 0x100, HEADER(VENDOR, 0x140) },
                       { 0x140, HEADER(SERIAL, 0) } } },
    { "last", true, { { 0x100, HEADER(VENDOR, 0xff8) },
                      { 0xff8, HEADER(SERIAL, 0) } } },
    { "backwards", true, { { 0x100, HEADER(VENDOR, 0x300) },
                           { 0x300, HEADER(VENDOR, 0x140) },
                           { 0x140, HEADER(SERIAL, 0) } } },
    { "low-bits", true, { { 0x100, HEADER(VENDOR, 0x143) },
                          { 0x140, HEADER(SERIAL, 0) } } },
    /* the kernel takes what is below 0x100 for the end */
    { "ends-low", true, { { 0x100, HEADER(VENDOR, 0x140) },
                          { 0x140, HEADER(SERIAL, 0x040) } } },
    { "self", false, { { 0x100, HEADER(VENDOR, 0x100) } } },
    { "loop", false, { { 0x100, HEADER(VENDOR, 0x140) },
                       { 0x140, HEADER(SERIAL, 0x100) } } },
    { "loop-later", false, { { 0x100, HEADER(VENDOR, 0x140) },
                             { 0x140, HEADER(VENDOR, 0x180) },
                             { 0x180, HEADER(SERIAL, 0x140) } } },
    { "end", false, { { 0x100, HEADER(VENDOR, 0xffc) },
                      { 0xffc, HEADER(SERIAL, 0) } } },
    { "end-loop", false, { { 0x100, HEADER(VENDOR, 0xffc) },
                           { 0xffc, HEADER(SERIAL, 0xffc) } } },
    { "short", false, { { 0x100, HEADER(VENDOR, 0x104) },
                        { 0x104, HEADER(SERIAL, 0) } } },
    { "ones", false, { { 0x100, 0xffffffff } } },
    { "rebar-at-end", true, { { 0x100, HEADER(VENDOR, 0xff0) },
                              { 0xff0, HEADER(REBAR, 0) },
                              { 0xff8, 7 << 5 | 8 << 8 } } },
    { "rebar-overlaps", true, { { 0x100, HEADER(REBAR, 0x110) },
                                { 0x108, 7 << 5 | 8 << 8 },
                                { 0x110, HEADER(SERIAL, 0) } } },
};

static Adapter *adapter_express(unsigned n)
{
    Adapter *adapter = adapter_new();
    g_autofree uint8_t *old = g_memdup2(config_of(adapter), PCI_CFG_SPACE_SIZE);
    unsigned i;

    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       PCI_CFG_SPACE_EXP_SIZE);
    memcpy(config_of(adapter), old, PCI_CFG_SPACE_SIZE);
    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    capability(adapter, 0x70, PCI_CAP_ID_EXP, 0);
    stw_le_p(config_of(adapter) + 0x70 + PCI_EXP_FLAGS,
             2 | PCI_EXP_TYPE_ENDPOINT << 4);
    for (i = 0; i < ARRAY_SIZE(extended[n].words); i++) {
        if (extended[n].words[i].at) {
            stl_le_p(config_of(adapter) + extended[n].words[i].at,
                     extended[n].words[i].word);
        }
    }
    return adapter;
}

/* Where a guest can see them */
static void test_extended(const void *opaque)
{
    unsigned n = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_express(n);
    Machine machine;

    start(&machine, adapter, true);
    machine_plug(&machine, properties_on(true));
    g_assert_cmpint(machine_said(&machine, "xtended capabilities"), ==,
                    !extended[n].right);
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, !extended[n].right);
    qtest_system_reset(machine.qts);
    machine_stop(&machine);
}

/* Where it cannot: nothing to warn of */
static void test_extended_conventional(const void *opaque)
{
    unsigned n = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_express(n);
    Machine machine;

    start(&machine, adapter, false);
    machine_plug(&machine, properties_on(false));
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, 0);
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/* More vectors than MSI has used to be an assertion of msi.c */
static void test_msi_vectors(void)
{
    unsigned order;

    for (order = 5; order <= 7; order++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;

        adapter_set_msi(adapter);
        stw_le_p(config_of(adapter) + ADAPTER_MSI_CAP + PCI_MSI_FLAGS,
                 PCI_MSI_FLAGS_64BIT | order << 1);
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        machine_plug(&machine, properties());
        machine_unplug(&machine);
        machine_stop(&machine);
    }
}

static void add_each(const char *name, const char *what, unsigned i,
                     GTestDataFunc func)
{
    g_autofree char *path = g_strdup_printf("%s/%s/%s", PREFIX, name, what);

    qtest_add_data_func(path, GUINT_TO_POINTER(i), func);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*func)(void);
    } tests[] = {
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
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return 0;
    }

    for (i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", PREFIX,
                                                tests[i].name);

        qtest_add_func(path, tests[i].func);
    }
    add_each("gone", "by-reset", false, test_gone);
    add_each("gone", "before-reset", true, test_gone);
    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        add_each("list", lists[i].name, i, test_list);
    }
    for (i = 0; i < ARRAY_SIZE(extended); i++) {
        add_each("extended", extended[i].name, i, test_extended);
        add_each("extended-conventional", extended[i].name, i,
                 test_extended_conventional);
    }
    return g_test_run();
}
