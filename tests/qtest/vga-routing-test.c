/*
 * Which display adapter of several gets the guest's legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A machine has two or three adapters, emulated or assigned, on one bus or
 * behind bridges.  Assigned ones are vfio-user-adapter.c, in this process.
 * Each has its number in a byte of its memory and in a register, so the
 * guest's reads say which one answers; 0xff says that none does.
 *
 * The test has a model of the effect of PCI_COMMAND, VGA Enable and power
 * states in a topology, and of the rule in hw/pci/vga-routing.h.  It changes
 * them at random, and compares the answers after each step.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qobject/qdict.h"
#include "vga-routing-bench.h"

static const Topology topologies[] = {
    { "emulated-then-assigned", "pc", {
        { "VGA", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "assigned-then-emulated", "pc", {
        { ASSIGNED, "a", NULL, 2 }, { "VGA", "b", NULL, 3 } } },
    { "emulated-added-first", "pc", {
        { "VGA", "b", NULL, 3 }, { ASSIGNED, "a", NULL, 2 } } },
    { "assigned-added-first", "pc", {
        { ASSIGNED, "b", NULL, 3 }, { "VGA", "a", NULL, 2 } } },
    { "two-assigned", "pc", {
        { ASSIGNED, "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "two-assigned-and-emulated", "pc", {
        { ASSIGNED, "a", NULL, 2 }, { "cirrus-vga", "b", NULL, 3 },
        { ASSIGNED, "c", NULL, 4 } } },
    { "cirrus-vga", "pc", {
        { "cirrus-vga", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "qxl-vga", "pc", {
        { "qxl-vga", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "virtio-vga", "pc", {
        { "virtio-vga", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "vmware-svga", "pc", {
        { "vmware-svga", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "ati-vga", "pc", {
        { "ati-vga", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } } },
    { "two-emulated", "pc,x-vga-routing=on,x-legacy-hole=on", {
        { "VGA", "a", NULL, 2 }, { "cirrus-vga", "b", NULL, 3 } } },
    { "emulated-and-root-port", "q35", {
        { "VGA", "a", NULL, 1 },
        { "pcie-root-port", "rp", NULL, 2, "chassis=1" },
        { ASSIGNED, "b", "rp", 0 } } },
    { "root-port-and-emulated", "q35", {
        { "pcie-root-port", "rp", NULL, 2, "chassis=1" },
        { ASSIGNED, "b", "rp", 0 },
        { "VGA", "a", NULL, 3 } } },
    { "emulated-behind-root-port", "q35", {
        { ASSIGNED, "a", NULL, 1 },
        { "pcie-root-port", "rp", NULL, 2, "chassis=1" },
        { "VGA", "b", "rp", 0 } } },
    { "two-root-ports", "q35", {
        { "pcie-root-port", "rp1", NULL, 1, "chassis=1" },
        { ASSIGNED, "a", "rp1", 0 },
        { "pcie-root-port", "rp2", NULL, 2, "chassis=2" },
        { ASSIGNED, "b", "rp2", 0 } } },
    { "two-root-ports-and-emulated", "q35", {
        { "VGA", "a", NULL, 1 },
        { "pcie-root-port", "rp1", NULL, 2, "chassis=1" },
        { ASSIGNED, "b", "rp1", 0 },
        { "pcie-root-port", "rp2", NULL, 3, "chassis=2" },
        { ASSIGNED, "c", "rp2", 0 } } },
    { "one-pci-bridge", "pc", {
        { "pci-bridge", "br", NULL, 2, "chassis_nr=1" },
        { ASSIGNED, "a", "br", 1 }, { "VGA", "b", "br", 2 } } },
    { "two-pci-bridges", "pc", {
        { "pci-bridge", "br1", NULL, 2, "chassis_nr=1" },
        { "pci-bridge", "br2", NULL, 3, "chassis_nr=2" },
        { "VGA", "a", "br1", 1 }, { ASSIGNED, "b", "br2", 1 } } },
    { "bridge-behind-bridge", "pc", {
        { "VGA", "a", NULL, 2 },
        { "pci-bridge", "br1", NULL, 3, "chassis_nr=1" },
        { "pci-bridge", "br2", "br1", 3, "chassis_nr=2" },
        { ASSIGNED, "b", "br1", 4 }, { ASSIGNED, "c", "br2", 1 } } },
    { "bridge-behind-root-port", "q35", {
        { "VGA", "a", NULL, 1 },
        { "pcie-root-port", "rp", NULL, 2, "chassis=1" },
        { "pcie-pci-bridge", "br", "rp", 0 },
        { ASSIGNED, "b", "br", 1 }, { "cirrus-vga", "c", "br", 2 } } },
};

/*
 * Each topology
 */

static void random_step(Bench *bench)
{
    unsigned i = g_test_rand_int_range(0, bench->n);
    State *state = &bench->state[i];
    const Node *node = &bench->topology->nodes[i];

    switch (g_test_rand_int_range(0, 4)) {
    case 0:
        set_command(bench, i, state->command ^ PCI_COMMAND_IO);
        break;
    case 1:
        set_command(bench, i, state->command ^ PCI_COMMAND_MEMORY);
        break;
    case 2:
        set_command(bench, i, state->command ^ IO_MEM);
        break;
    default:
        if (is_bridge(node)) {
            set_vga_enable(bench, i, !state->vga_enable);
        } else if (is_assigned(node)) {
            set_asleep(bench, i, !state->asleep);
        }
    }
}

static void test_topology(const void *opaque)
{
    const Topology *topology = opaque;
    Bench bench;
    unsigned i;

    if (!bench_can(topology)) {
        return;
    }
    bench_start(&bench, topology);
    bridges_set_up(&bench);
    emulated_give_numbers(&bench, false);

    /* One adapter after the other, as an arbiter does it */
    for (i = 0; i < bench.n; i++) {
        if (!is_bridge(&topology->nodes[i])) {
            set_path(&bench, i, true);
            check(&bench);
            g_assert_cmphex(expected(&bench, true), ==, number_of(i));
            set_path(&bench, i, false);
            check(&bench);
        }
    }
    /* From several open paths to fewer; often the change is at the root */
    for (i = 0; i < bench.n; i++) {
        set_path(&bench, i, true);
        check(&bench);
    }
    for (i = 0; i < STEPS; i++) {
        random_step(&bench);
        check(&bench);
    }
    bench_stop(&bench);
}

/*
 * Subjects
 */

/* A card in a chained mode has its framebuffer above everything */
static void test_chain4(void)
{
    Bench bench;

    bench_start(&bench, &mixed);
    emulated_give_numbers(&bench, true);
    set_command(&bench, 1, IO_MEM);
    check(&bench);
    qtest_writeb(bench.qts, 0xa0100, 0x5a);
    g_assert_cmphex(qtest_readb(bench.qts, 0xa0100), ==, 0x5a);
    g_assert_cmphex(adapter_data(bench.state[1].adapter, VGA)[0xa0100], ==,
                    0x5a);
    set_command(&bench, 0, IO_MEM);
    check(&bench);
    set_command(&bench, 1, 0);
    check(&bench);
    g_assert_cmphex(qtest_readb(bench.qts, 0xa0100), !=, 0x5a);
    bench_stop(&bench);
}

static void plug(Bench *bench, const char *id, unsigned i)
{
    qtest_qmp_assert_success(bench->qts,
        "{'execute': 'device_add', 'arguments': {"
        " 'driver': 'vfio-user-pci', 'id': %s, 'addr': '4', 'x-vga': true,"
        " 'socket': {'type': 'unix', 'path': %s}}}", id,
        adapter_path(bench->state[i].adapter));
}

/*
 * The adapter is plugged while the guest runs, and a card has drawn before in
 * a mode whose memory moves
 */
static void test_hotplug(const void *opaque)
{
    const char *model = opaque;
    const Topology alone = {
        "alone", "pc,x-legacy-hole=on", { { model, "a", NULL, 2 } }
    };
    Bench bench;

    if (!bench_can(&alone)) {
        return;
    }
    bench_start(&bench, &alone);
    /* Nothing is routed, and the card needs no PCI_COMMAND */
    vga_give_number(bench.qts, true, number_of(0));
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, number_of(0));
    set_command(&bench, 0, IO_MEM);

    bench.state[1] = (State) {
        .parent = -1, .adapter = adapter_with_number(number_of(1)),
    };
    plug(&bench, "b", 1);
    check(&bench);

    /*
     * Of three adapters that are plugged and unplugged the last one stays the
     * owner
     */
    set_command(&bench, 0, 0);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, NOBODY);
    qtest_outl(bench.qts, 0xcf8, 0x80000000 | 4 << 11 | PCI_COMMAND);
    qtest_outw(bench.qts, 0xcfc, IO_MEM);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, number_of(1));
    set_command(&bench, 0, IO_MEM);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, number_of(1));
    qpci_unplug_acpi_device_test(bench.qts, "b", 4);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, number_of(0));
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, number_of(0));

    /* The mode can still be left and entered, so its region is found */
    vga_give_number(bench.qts, false, 0x42);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, 0x42);
    vga_give_number(bench.qts, true, 0x43);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, 0x43);
    set_command(&bench, 0, PCI_COMMAND_IO);
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, NOBODY);
    adapter_wait_closed(bench.state[1].adapter, 1);
    plug(&bench, "c", 1);
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, 0x43);
    adapter_free(bench.state[1].adapter);
    bench_stop(&bench);
}

/* Ports besides the legacy ones: VBE's, and a printer's between them */
static void test_other_ports(const void *opaque)
{
    const char *model = opaque;
    Topology topology = mixed;
    bool vbe = strcmp(model, "cirrus-vga");
    Bench bench;

    topology.nodes[0].driver = model;
    if (!bench_can(&topology)) {
        return;
    }
    bench_start(&bench, &topology);
    set_command(&bench, 0, PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_inw(bench.qts, 0x1ce), ==, 0xffff);
    set_command(&bench, 0, IO_MEM);
    qtest_outw(bench.qts, 0x1ce, 1);
    if (vbe) {
        g_assert_cmphex(qtest_inw(bench.qts, 0x1ce), ==, 1);
    }
    g_assert_cmphex(qtest_inb(bench.qts, 0x3bc), ==, 0xff);
    g_assert_cmphex(qtest_inb(bench.qts, 0x3bf), ==, 0xff);
    set_command(&bench, 1, IO_MEM);
    if (vbe) {
        g_assert_cmphex(qtest_inw(bench.qts, 0x1ce), ==, 1);
    }
    /* The owner of the legacy ports has none of these */
    set_command(&bench, 0, 0);
    g_assert_cmphex(qtest_inw(bench.qts, 0x1ce), ==, 0xffff);
    bench_stop(&bench);
}

/* A reset ends all decoding, and with it the ownership */
static void test_reset(void)
{
    Bench bench;

    bench_start(&bench, &mixed);
    emulated_give_numbers(&bench, false);
    set_command(&bench, 1, IO_MEM);
    set_command(&bench, 0, IO_MEM);
    check(&bench);
    qtest_system_reset(bench.qts);
    bench.state[0].command = bench.state[1].command = 0;
    settle(&bench);
    check(&bench);
    emulated_give_numbers(&bench, false);
    set_command(&bench, 0, IO_MEM);
    set_command(&bench, 1, IO_MEM);
    check(&bench);
    g_assert_cmphex(expected(&bench, true), ==, number_of(0));
    bench_stop(&bench);
}

/*
 * Compatibility
 */

/*
 * Without an assigned adapter there is no routing: an emulated card answers as
 * it always has
 */
static void test_unrouted(const void *opaque)
{
    const char *machine = opaque;
    QTestState *qts;

    if (!qtest_has_machine(machine)) {
        g_test_skip("no such machine");
        return;
    }
    qts = qtest_initf("-M %s -nodefaults -vga none -device VGA,addr=2 "
                      "-device cirrus-vga,addr=3", machine);
    /* No PCI_COMMAND is needed for the later one's registers and memory */
    vga_give_number(qts, true, 0x21);
    g_assert_cmphex(qtest_inb(qts, PORT_NUMBER), ==, 0x21);
    g_assert_cmphex(qtest_readb(qts, MEM_NUMBER), ==, 0x21);
    qtest_outw(qts, 0x1ce, 1);
    g_assert_cmphex(qtest_inw(qts, 0x1ce), ==, 1);
    qtest_quit(qts);
}

static void test_off(void)
{
    Topology topology = mixed;
    Bench bench;

    topology.machine = "pc,x-vga-routing=off";
    bench_start(&bench, &topology);
    vga_give_number(bench.qts, true, number_of(0));
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, number_of(0));
    /* Split: ports go to one, memory goes to the other */
    set_command(&bench, 1, IO_MEM);
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, number_of(1));
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, number_of(0));
    bench_stop(&bench);
}

/* An adapter that could not be plugged does not begin routing */
static void test_failed_plug(void)
{
    Adapter *adapter = adapter_with_number(7);
    QTestState *qts = qtest_init("-M pc -nodefaults -vga none "
                                 "-device VGA,addr=2");
    QDict *error;

    error = qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'device_add', 'arguments': {"
        " 'driver': 'vfio-user-pci', 'id': 'b', 'addr': '4', 'x-vga': true,"
        " 'x-pci-vendor-id': 65535,"
        " 'socket': {'type': 'unix', 'path': %s}}}", adapter_path(adapter));
    qobject_unref(error);
    qtest_outb(qts, PORT_NUMBER, 0x21);
    g_assert_cmphex(qtest_inb(qts, PORT_NUMBER), ==, 0x21);
    qtest_quit(qts);
    adapter_free(adapter);
}

static void test_property(void)
{
    QTestState *qts = qtest_init("-M pc -nodefaults -vga none");
    QDict *error = qtest_qmp_assert_failure_ref(qts,
        "{'execute': 'qom-set', 'arguments': {'path': '/machine',"
        " 'property': 'x-vga-routing', 'value': 'off'}}");

    g_assert_cmpstr(qdict_get_str(error, "desc"), ==,
        "x-vga-routing is part of the machine and cannot be changed now; "
        "start QEMU with -machine x-vga-routing=...");
    qobject_unref(error);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    static const char *const models[] = {
        "VGA", "cirrus-vga", "qxl-vga", "virtio-vga", "vmware-svga", "ati-vga",
    };
    static const char *const machines[] = {
        "pc", "q35", "pc-i440fx-10.1", "pc-q35-10.1", "pc-i440fx-6.0",
    };
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(topologies); i++) {
        g_autofree char *path = g_strdup_printf("vga-routing/topology/%s",
                                                topologies[i].name);

        qtest_add_data_func(path, &topologies[i], test_topology);
    }
    for (i = 0; i < ARRAY_SIZE(models); i++) {
        g_autofree char *hotplug = g_strdup_printf("vga-routing/hotplug/%s",
                                                   models[i]);
        g_autofree char *ports = g_strdup_printf("vga-routing/ports/%s",
                                                 models[i]);

        qtest_add_data_func(hotplug, models[i], test_hotplug);
        qtest_add_data_func(ports, models[i], test_other_ports);
    }
    for (i = 0; i < ARRAY_SIZE(machines); i++) {
        g_autofree char *path = g_strdup_printf("vga-routing/unrouted/%s",
                                                machines[i]);

        qtest_add_data_func(path, machines[i], test_unrouted);
    }
    qtest_add_func("vga-routing/chain4", test_chain4);
    qtest_add_func("vga-routing/reset", test_reset);
    qtest_add_func("vga-routing/off", test_off);
    qtest_add_func("vga-routing/failed-plug", test_failed_plug);
    qtest_add_func("vga-routing/property", test_property);
    routing_add_query();
    return g_test_run();
}
