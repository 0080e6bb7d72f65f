/*
 * Legacy VGA of an assigned adapter: which guest accesses reach it, in which
 * form, and what the guest gets if the adapter does not answer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process.  QEMU has it as
 * vfio-user-pci with x-vga=on (vfio-user-machine.c).  It records the accesses
 * it gets. qtest plays the guest, so no processor runs, and neither KVM nor
 * hardware is needed.
 *
 * A write to memory or to a color is posted: it may be on its way when QEMU
 * goes on.  After sync_with_adapter() it has arrived; so this is called before
 * a check that no access came.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "vga-assign-bench.h"

/*
 * Which accesses reach the adapter
 */

static void test_command(void)
{
    static const uint16_t commands[] = {
        0, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, IO_MEM, PCI_COMMAND_MASTER,
        PCI_COMMAND_MEMORY, PCI_COMMAND_IO, 0, IO_MEM, 0,
    };
    Machine machine;
    unsigned i;

    start(&machine, adapter_with_vga());
    check_decode(&machine, 0);
    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        set_command(&machine, commands[i]);
        check_decode(&machine, commands[i]);
    }
    machine_stop(&machine);
}

/* Without x-vga, an existing VGA region is not used */
static void test_off(void)
{
    Machine machine = { .adapter = adapter_with_vga() };

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(false, 5000));
    set_command(&machine, IO_MEM);
    check_decode(&machine, 0);
    machine_stop(&machine);
}

/* It used to answer in any power state */
static void test_power(void)
{
    Adapter *adapter = adapter_with_vga();
    Machine machine;
    unsigned state;

    adapter_set_pm(adapter);
    start(&machine, adapter);
    for (state = 1; state <= 3; state++) {
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        set_power(&machine, state);
        check_decode(&machine, 0);

        /* PCI_COMMAND can be written now, and has an effect later */
        set_command(&machine, 0);
        set_command(&machine, PCI_COMMAND_MEMORY);
        check_decode(&machine, 0);
        set_power(&machine, 0);
        check_decode(&machine, PCI_COMMAND_MEMORY);
    }

    /* From each state to a deeper one */
    set_command(&machine, IO_MEM);
    set_power(&machine, 1);
    set_power(&machine, 3);
    check_decode(&machine, 0);
    set_power(&machine, 0);
    check_decode(&machine, IO_MEM);

    /* A reset ends it */
    set_power(&machine, 3);
    qtest_system_reset(machine.qts);
    check_decode(&machine, 0);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

static const struct {
    const char *name, *type, *options, *bus;
    unsigned n;         /* bridges, the nth on bus n - 1 */
    unsigned slot[3];   /* theirs, and the adapter's */
} bridges[] = {
    { "pci-bridge", "pc",
      "-device pci-bridge,id=b1,chassis_nr=1,addr=2", "b1", 1, { 2, 1 } },
    { "two-pci-bridges", "pc",
      "-device pci-bridge,id=b1,chassis_nr=1,addr=2 "
      "-device pci-bridge,id=b2,chassis_nr=2,bus=b1,addr=3", "b2",
      2, { 2, 3, 1 } },
    { "root-port", "q35",
      "-device pcie-root-port,id=b1,chassis=1,addr=2", "b1", 1, { 2, 0 } },
    { "root-port-and-pci-bridge", "q35",
      "-device pcie-root-port,id=b1,chassis=1,addr=2 "
      "-device pcie-pci-bridge,id=b2,bus=b1", "b2", 2, { 2, 0, 1 } },
};

static void bridge_set_control(Machine *machine, unsigned bridge, unsigned i,
                               bool vga)
{
    config_writew(machine, i, bridges[bridge].slot[i], PCI_BRIDGE_CONTROL,
                  vga ? PCI_BRIDGE_CTL_VGA : 0);
}

static void test_bridge(const void *opaque)
{
    unsigned bridge = GPOINTER_TO_UINT(opaque);
    unsigned n = bridges[bridge].n;
    const unsigned *slot = bridges[bridge].slot;
    g_autofree char *options = NULL;
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i, set, command;

    if (!qtest_has_machine(bridges[bridge].type)) {
        g_test_skip("no such machine");
        adapter_free(machine.adapter);
        return;
    }
    adapter_start(machine.adapter);
    options = g_strdup_printf("%s -device '{\"driver\": \"vfio-user-pci\","
        " \"id\": \"card\", \"x-vga\": true, \"bus\": \"%s\", \"addr\": \"%u\","
        " \"socket\": {\"type\": \"unix\", \"path\": \"%s\"}}'",
        bridges[bridge].options, bridges[bridge].bus, slot[n],
        adapter_path(machine.adapter));
    start_with(&machine, machine.adapter, bridges[bridge].type,
                       options);
    place.bus = n;
    place.slot = slot[n];

    for (i = 0; i < n; i++) {
        config_writel(&machine, i, slot[i], PCI_PRIMARY_BUS,
                      i | (i + 1) << 8 | n << 16);
        /* Windows whose end is before their start, which are empty */
        config_writew(&machine, i, slot[i], PCI_IO_BASE, 0x00f0);
        config_writel(&machine, i, slot[i], PCI_MEMORY_BASE, 0x0000fff0);
        config_writel(&machine, i, slot[i], PCI_PREF_MEMORY_BASE, 0x0000fff0);
        config_writew(&machine, i, slot[i], PCI_COMMAND, IO_MEM);
    }
    g_assert_cmphex(config_readl(&machine, n, slot[n], PCI_VENDOR_ID), ==,
                    ADAPTER_DEVICE << 16 | ADAPTER_VENDOR);
    set_command(&machine, IO_MEM);

    /*
     * Each bridge on the way must have VGA Enable: first none has it, then
     * some, all, and none again
     */
    for (set = 0; set <= 1 << n; set++) {
        for (i = 0; i < n; i++) {
            bridge_set_control(&machine, bridge, i, set & 1 << i);
        }
        check_decode(&machine, set == (1 << n) - 1 ? IO_MEM : 0);
    }

    /* The bridges must decode what they forward, too */
    for (i = 0; i < n; i++) {
        bridge_set_control(&machine, bridge, i, true);
    }
    for (i = 0; i < n; i++) {
        for (command = 0; command <= IO_MEM; command++) {
            config_writew(&machine, i, slot[i], PCI_COMMAND, command);
            check_decode(&machine, command);
        }
    }

    /* And so must the adapter */
    for (command = 0; command <= IO_MEM; command++) {
        set_command(&machine, command);
        check_decode(&machine, command);
    }
    machine_stop(&machine);
}

/* The form in which they reach it */

/* Each size at each address from 9 bytes before an edge to 9 bytes after it */
static void test_edges(void)
{
    Machine machine;
    unsigned i, size;

    start(&machine, adapter_with_vga());
    set_command(&machine, IO_MEM);
    for (i = 0; i < 2 * RANGES; i++) {
        const LegacyRange *r = &ranges[i / 2];
        uint32_t edge = i % 2 ? r->end : r->start;
        uint32_t addr;

        for (size = 1; size <= (r->port ? 4 : 8); size *= 2) {
            for (addr = edge - 9; addr <= edge + 9; addr++) {
                check_access(&machine, r->port, addr, size);
            }
        }
    }

    /* The header of this file in numbers, in case check_pieces() is wrong */
    g_assert_cmpint(check_access(&machine, false, 0x9ffff, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, false, 0xa0000, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, false, 0xbffff, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, false, 0xc0000, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3af, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3b0, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3bb, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3bc, 4), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3c0, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3df, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3e0, 1), ==, 0);
    machine_stop(&machine);
}

/* The byte at the lowest address is the least significant one */
static void test_endianness(void)
{
    Machine machine;
    uint8_t *data;

    start(&machine, adapter_with_vga());
    data = adapter_data(machine.adapter, VGA);
    set_command(&machine, IO_MEM);

    qtest_writeq(machine.qts, 0xb8000, 0x8877665544332211);
    qtest_outl(machine.qts, 0x3c4, 0xddccbbaa);
    sync_with_adapter(&machine);
    g_assert_cmpmem(data + 0xb8000, 8, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    g_assert_cmpmem(data + 0x3c4, 4, "\xaa\xbb\xcc\xdd", 4);
    g_assert_cmphex(qtest_readq(machine.qts, 0xb8000), ==, 0x8877665544332211);
    g_assert_cmphex(qtest_readl(machine.qts, 0xb8001), ==, 0x55443322);
    g_assert_cmphex(qtest_readw(machine.qts, 0xb8003), ==, 0x5544);
    g_assert_cmphex(qtest_readb(machine.qts, 0xb8007), ==, 0x88);
    g_assert_cmphex(qtest_inl(machine.qts, 0x3c4), ==, 0xddccbbaa);
    g_assert_cmphex(qtest_inw(machine.qts, 0x3c5), ==, 0xccbb);
    g_assert_cmphex(qtest_inb(machine.qts, 0x3c7), ==, 0xdd);
    machine_stop(&machine);
}

/* Hotplug and resets */

static void test_plug_twice(void)
{
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    for (i = 1; i <= 3; i++) {
        plug(&machine);
        check_decode(&machine, 0);
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        machine_unplug(&machine);
        adapter_wait_closed(machine.adapter, i);

        /*
         * There is no adapter.  What the guest reads in memory is not from it.
         */
        check_nothing(&machine);
        g_assert_cmphex(qtest_inl(machine.qts, 0x3c4), ==, 0xffffffff);
        qtest_writel(machine.qts, 0xb8000, 0x12345678);
        qtest_readl(machine.qts, 0xb8000);
        check_nothing(&machine);
        machine_check_alive(&machine);
    }
    machine_stop(&machine);
}

static void test_reset_twice(void)
{
    Machine machine;
    unsigned i;

    start(&machine, adapter_with_vga());
    for (i = 0; i < 2; i++) {
        unsigned n = adapter_requests(machine.adapter, VFIO_USER_DEVICE_RESET);

        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        qtest_system_reset(machine.qts);
        g_assert_cmpint(adapter_requests(machine.adapter,
                                         VFIO_USER_DEVICE_RESET), ==, n + 1);
        check_decode(&machine, 0);
    }
    machine_stop(&machine);
}

static const struct {
    const char *name;
    uint32_t flags;
    uint64_t size;
} refused[] = {
    { "no-region", 0, 0 },
    { "read-only", VFIO_REGION_INFO_FLAG_READ, VGA_SIZE },
    { "small", RW, VGA_SIZE - 1 },
};

static void test_refused_twice(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_new() };
    unsigned i;

    adapter_set_region(machine.adapter, VGA, refused[number].flags,
                       refused[number].size);
    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    for (i = 1; i <= 2; i++) {
        g_autofree char *desc = machine_try_plug(&machine,
                                                 properties(true, 5000));

        g_test_message("%s", desc);
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, "x-vga=on needs a VGA region"));
        g_assert_nonnull(strstr(desc, "server offers no VGA region"));
        adapter_wait_closed(machine.adapter, i);
        machine_check_alive(&machine);
    }

    /* Without x-vga it is a device like any other */
    machine_plug(&machine, properties(false, 5000));
    set_command(&machine, IO_MEM);
    check_decode(&machine, 0);
    machine_stop(&machine);
}

/*
 * Help
 */

static bool is_ours(const char *name)
{
    static const char *const prefixes[] = {
        "bar-", "prefer_msi", "x-bar-", "x-prefer-", "x-rom-", "x-vga",
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Check -device DRIVER,help: the properties that can be set, and their
 * defaults
 */
static void check_help(QTestState *qts, const char *driver)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    QDict *response = qtest_qmp(qts, "{'execute': 'device-list-properties',"
                                " 'arguments': {'typename': %s}}", driver);
    QListEntry *entry;
    unsigned ours = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));
        const char *name = qdict_get_str(property, "name");
        const char *text = qdict_get_try_str(property, "description") ?: "";

        g_assert_true(g_hash_table_add(names, (char *)name));
        if (is_ours(name)) {
            g_test_message("%s: %s", driver, name);
            g_assert_true(qdict_haskey(property, "default-value"));
            g_assert_null(strstr(text, "default"));
            ours++;
        }
    }
    g_assert_cmpint(ours, >, 0);
    /* is only shown for a device that exists */
    g_assert_false(g_hash_table_contains(names, "bar-identity"));
    qobject_unref(response);
}

static void test_help(void)
{
    static const char *const drivers[] = {
        "vfio-pci", "vfio-pci-nohotplug", "vfio-user-pci", "pci-assign",
        "kvm-pci-assign",
    };
    QTestState *qts = qtest_init("-M none");
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (qtest_has_device(drivers[i])) {
            check_help(qts, drivers[i]);
        }
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    unsigned i;

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }

    qtest_add_func("vga-assign/command", test_command);
    qtest_add_func("vga-assign/off", test_off);
    qtest_add_func("vga-assign/power", test_power);
    for (i = 0; i < ARRAY_SIZE(bridges); i++) {
        machine_add("vga-assign/bridge", bridges[i].name, GUINT_TO_POINTER(i),
                    test_bridge);
    }
    qtest_add_func("vga-assign/help", test_help);
    qtest_add_func("vga-assign/edges", test_edges);
    qtest_add_func("vga-assign/endianness", test_endianness);
    qtest_add_func("vga-assign/plug-twice", test_plug_twice);
    qtest_add_func("vga-assign/reset-twice", test_reset_twice);
    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        machine_add("vga-assign/refused", refused[i].name, GUINT_TO_POINTER(i),
                    test_refused_twice);
    }
    assign_add_faults();
    return g_test_run();
}
