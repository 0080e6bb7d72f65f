/*
 * Broken lists of capabilities
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "vfio-config-check-bench.h"

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

/*
 * The low two bits of a pointer are reserved; software that follows it clears
 * them
 */
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

/* With a 64-bit address and mask bits it does not fit */
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
    const char *why;        /* NULL: the guest gets the list */
} lists[] = {
    { "loop", list_loop, "the list of capabilities is broken at 0x80" },
    { "loop-unaligned", list_loop_unaligned,
      "the list of capabilities is broken at 0x80" },
    { "in-header", list_in_header,
      "the list of capabilities is broken at 0x3c" },
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

/*
 * The machine is pc, or q35 with a root port, behind which extended ones are
 * seen
 */
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

void test_list_seen(void)
{
    Adapter *adapter = adapter_with_bar();
    QPCIDevice *dev;
    QPCIBus *pci;
    Machine machine;

    list_unaligned(adapter);
    dev = start_found(&machine, adapter, &pci);
    g_assert_cmphex(qpci_config_readb(dev, PCI_CAPABILITY_LIST), ==, 0x80);
    g_assert_cmphex(qpci_config_readb(dev, 0x81), ==, 0x90);
    g_assert_cmphex(qpci_config_readb(dev, 0x90), ==, PCI_CAP_ID_MSI);
    g_assert_cmphex(qpci_config_readb(dev, 0x91), ==, 0);
    g_free(dev);
    qpci_free_pc(pci);
    machine_stop(&machine);
}

/*
 * Extended capabilities.  With a broken list QEMU used to loop forever with
 * its main lock held, or to end in an assertion of pcie.c.
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
    /* for the kernel a pointer below 0x100 ends the list */
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

/* The guest can see extended capabilities */
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

/* The guest cannot see extended capabilities, so there is no warning */
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

void config_add_lists(void)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(lists); i++) {
        machine_add(PREFIX "/list", lists[i].name, GUINT_TO_POINTER(i),
                    test_list);
    }
    for (i = 0; i < ARRAY_SIZE(extended); i++) {
        machine_add(PREFIX "/extended", extended[i].name, GUINT_TO_POINTER(i),
                    test_extended);
        machine_add(PREFIX "/extended-conventional", extended[i].name,
                    GUINT_TO_POINTER(i), test_extended_conventional);
    }
}
