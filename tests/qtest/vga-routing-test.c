/*
 * Which display adapter of several gets the guest's legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A machine has two or three adapters, emulated or assigned, on one bus or
 * behind bridges.  Assigned ones are vfio-user-adapter.c, in this process.
 * Each carries its number in a byte of its memory and in a register, so what
 * the guest reads says who answers; 0xff says that nobody does.
 *
 * The test has a model of what PCI_COMMAND, VGA Enable and power states of a
 * topology mean, and of the rule in hw/pci/vga-routing.h.  It changes them at
 * random, and looks after each step whether the answers agree.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "libqtest.h"
#include "qemu/bitops.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "vfio-user-adapter.h"

#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE    0xc0000
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define IO_MEM      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/*
 * Where the number is: memory that any card has in any mode set here, and the
 * write index of the palette, which reads back
 */
#define MEM_NUMBER  0xa0000
#define PORT_NUMBER 0x3c8
#define NOBODY      0xff

#define MAX_NODES   8
#define STEPS       150

/* A bridge, or an adapter: one that has a model is emulated */
typedef struct Node {
    const char *driver;     /* NULL: this was the last; "": assigned */
    const char *id;
    const char *bus;        /* id of the bridge that it is behind, or NULL */
    unsigned slot;
    const char *options;
} Node;

typedef struct Topology {
    const char *name, *machine;
    Node nodes[MAX_NODES];  /* in the order of the command line */
} Topology;

#define ASSIGNED ""

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

/* What the test knows of a node; of the ranges, memory is 0 and ports are 1 */
typedef struct State {
    int parent;             /* node, or -1 for the first root bus */
    unsigned bus;           /* number of the bus it is on */
    unsigned secondary;     /* of the one behind it, 0 for an adapter */
    Adapter *adapter;
    bool present;
    uint16_t command;
    bool vga_enable, asleep;
    bool owns[2];
} State;

typedef struct Bench {
    const Topology *topology;
    unsigned n;
    State state[MAX_NODES];
    QTestState *qts;
} Bench;

static bool is_assigned(const Node *node)
{
    return !*node->driver;
}

static bool is_bridge(const Node *node)
{
    return strstr(node->driver, "bridge") || strstr(node->driver, "port");
}

/* An adapter's number: one more than its place, and not 0 */
static uint8_t number_of(unsigned i)
{
    return 0x11 * (i + 1);
}

/*
 * Config space
 */

static void config_at(Bench *bench, unsigned i, unsigned offset)
{
    qtest_outl(bench->qts, 0xcf8,
               0x80000000 | bench->state[i].bus << 16 |
               bench->topology->nodes[i].slot << 11 | (offset & 0xfc));
}

static void config_writew(Bench *bench, unsigned i, unsigned offset,
                          uint16_t value)
{
    config_at(bench, i, offset);
    qtest_outw(bench->qts, 0xcfc + (offset & 2), value);
}

static void config_writel(Bench *bench, unsigned i, unsigned offset,
                          uint32_t value)
{
    config_at(bench, i, offset);
    qtest_outl(bench->qts, 0xcfc, value);
}

/*
 * The model
 */

static bool wants(Bench *bench, unsigned i, bool port)
{
    State *state = &bench->state[i];

    return state->present && !state->asleep &&
           (state->command & (port ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) &&
           (!is_bridge(&bench->topology->nodes[i]) || state->vga_enable);
}

/* The most that a claimant can have to say for itself, as a number */
static int weight(Bench *bench, unsigned i, bool port)
{
    const Node *node = &bench->topology->nodes[i];

    return (is_bridge(node) ? 200 : 0) +
           (bench->state[i].owns[port] ? 100 : 0) - (int)node->slot;
}

static int new_owner(Bench *bench, int parent, bool port)
{
    int best = -1;
    unsigned i;

    for (i = 0; i < bench->n; i++) {
        if (bench->state[i].parent == parent && wants(bench, i, port) &&
            (best < 0 || weight(bench, i, port) > weight(bench, best, port))) {
            best = i;
        }
    }
    return best;
}

/* After a step, on every bus */
static void settle(Bench *bench)
{
    unsigned i, port;
    int owner[MAX_NODES];

    for (port = 0; port < 2; port++) {
        for (i = 0; i < bench->n; i++) {
            owner[i] = new_owner(bench, bench->state[i].parent, port);
        }
        for (i = 0; i < bench->n; i++) {
            bench->state[i].owns[port] = owner[i] == i;
        }
    }
}

static uint8_t expected(Bench *bench, bool port)
{
    int at = -1, i = 0;

    while (i < bench->n) {
        if (bench->state[i].parent != at || !bench->state[i].owns[port]) {
            i++;
        } else if (is_bridge(&bench->topology->nodes[i])) {
            at = i;
            i = 0;
        } else {
            return number_of(i);
        }
    }
    return NOBODY;
}

static void check(Bench *bench)
{
    g_assert_cmphex(qtest_inb(bench->qts, PORT_NUMBER), ==,
                    expected(bench, true));
    g_assert_cmphex(qtest_readb(bench->qts, MEM_NUMBER), ==,
                    expected(bench, false));
}

/*
 * Steps
 */

static void set_command(Bench *bench, unsigned i, uint16_t command)
{
    bench->state[i].command = command;
    config_writew(bench, i, PCI_COMMAND, command);
    settle(bench);
}

static void set_vga_enable(Bench *bench, unsigned i, bool on)
{
    bench->state[i].vga_enable = on;
    config_writew(bench, i, PCI_BRIDGE_CONTROL, on ? PCI_BRIDGE_CTL_VGA : 0);
    settle(bench);
}

static void set_asleep(Bench *bench, unsigned i, bool asleep)
{
    bench->state[i].asleep = asleep;
    config_writew(bench, i, ADAPTER_PM_CAP + PCI_PM_CTRL,
                  PCI_PM_CTRL_NO_SOFT_RESET | (asleep ? 3 : 0));
    settle(bench);
}

/*
 * The machine
 */

static Adapter *adapter_with_number(uint8_t number)
{
    Adapter *adapter = adapter_new();

    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    adapter_set_pm(adapter);
    memset(adapter_data(adapter, VGA), number, VGA_SIZE);
    adapter_start(adapter);
    return adapter;
}

static int node_of(Bench *bench, const char *id)
{
    int i;

    for (i = 0; id && i < bench->n; i++) {
        if (!strcmp(bench->topology->nodes[i].id, id)) {
            return i;
        }
    }
    return -1;
}

/* Bridges are numbered in order, so each one's bus is known before its own */
static void bench_number(Bench *bench)
{
    unsigned i, buses = 0;

    for (i = 0; i < bench->n; i++) {
        State *state = &bench->state[i];
        const Node *node = &bench->topology->nodes[i];

        state->parent = node_of(bench, node->bus);
        state->bus = state->parent < 0 ? 0 :
                     bench->state[state->parent].secondary;
        state->secondary = is_bridge(node) ? ++buses : 0;
    }
}

static char *device_option(Bench *bench, unsigned i)
{
    const Node *node = &bench->topology->nodes[i];
    g_autofree char *at = g_strdup_printf("%s%s", node->bus ? ",bus=" : "",
                                          node->bus ?: "");

    if (!is_assigned(node)) {
        return g_strdup_printf(" -device %s,id=%s,addr=%u%s%s%s", node->driver,
                               node->id, node->slot, at,
                               node->options ? "," : "", node->options ?: "");
    }
    return g_strdup_printf(" -device '{\"driver\": \"vfio-user-pci\","
        " \"id\": \"%s\", \"x-vga\": true, \"addr\": \"%u\"%s%s%s,"
        " \"socket\": {\"type\": \"unix\", \"path\": \"%s\"}}'",
        node->id, node->slot, node->bus ? ", \"bus\": \"" : "",
        node->bus ?: "", node->bus ? "\"" : "",
        adapter_path(bench->state[i].adapter));
}

static void bench_start(Bench *bench, const Topology *topology)
{
    GString *options = g_string_new(NULL);
    unsigned i;

    *bench = (Bench) { .topology = topology };
    while (bench->n < MAX_NODES && topology->nodes[bench->n].driver) {
        bench->n++;
    }
    bench_number(bench);
    for (i = 0; i < bench->n; i++) {
        g_autofree char *option = NULL;

        if (is_assigned(&topology->nodes[i])) {
            bench->state[i].adapter = adapter_with_number(number_of(i));
        }
        bench->state[i].present = true;
        option = device_option(bench, i);
        g_string_append(options, option);
    }
    bench->qts = qtest_initf("-M %s -nodefaults -vga none%s",
                             topology->machine, options->str);
    g_string_free(options, true);
}

/* The highest bus number behind a bridge */
static unsigned subordinate(Bench *bench, unsigned bridge)
{
    unsigned i, last = bench->state[bridge].secondary;

    for (i = 0; i < bench->n; i++) {
        if (bench->state[i].parent == bridge && bench->state[i].secondary) {
            last = MAX(last, subordinate(bench, i));
        }
    }
    return last;
}

static void bridges_set_up(Bench *bench)
{
    unsigned i;

    for (i = 0; i < bench->n; i++) {
        State *state = &bench->state[i];

        if (!state->secondary) {
            continue;
        }
        config_writel(bench, i, PCI_PRIMARY_BUS,
                      state->bus | state->secondary << 8 |
                      subordinate(bench, i) << 16);
        /* Windows whose end is before their start: none */
        config_writew(bench, i, PCI_IO_BASE, 0x00f0);
        config_writel(bench, i, PCI_MEMORY_BASE, 0x0000fff0);
        config_writel(bench, i, PCI_PREF_MEMORY_BASE, 0x0000fff0);
    }
}

static void set_path(Bench *bench, unsigned i, bool on)
{
    int up = bench->state[i].parent;

    set_command(bench, i, on ? IO_MEM : 0);
    for (; up >= 0; up = bench->state[up].parent) {
        set_command(bench, up, on ? IO_MEM : 0);
        set_vga_enable(bench, up, on);
    }
}

static void write_indexed(QTestState *qts, uint16_t port, uint8_t index,
                          uint8_t value)
{
    qtest_outb(qts, port, index);
    qtest_outb(qts, port + 1, value);
}

/*
 * All planes get what is written, and the first one is read.  @chain4: memory
 * is a framebuffer, as in mode 13h, which used to be above all other cards.
 */
static void vga_give_number(QTestState *qts, bool chain4, uint8_t number)
{
    write_indexed(qts, 0x3c4, 0x02, 0x0f);
    write_indexed(qts, 0x3c4, 0x04, chain4 ? 0x0e : 0x06);
    write_indexed(qts, 0x3ce, 0x01, 0x00);
    write_indexed(qts, 0x3ce, 0x03, 0x00);
    write_indexed(qts, 0x3ce, 0x04, 0x00);
    write_indexed(qts, 0x3ce, 0x05, 0x00);
    write_indexed(qts, 0x3ce, 0x06, 0x05);
    write_indexed(qts, 0x3ce, 0x08, 0xff);
    qtest_writeb(qts, MEM_NUMBER, number);
    qtest_outb(qts, PORT_NUMBER, number);
}

static void emulated_give_numbers(Bench *bench, bool chain4)
{
    unsigned i;

    for (i = 0; i < bench->n; i++) {
        const Node *node = &bench->topology->nodes[i];

        if (!is_assigned(node) && !is_bridge(node)) {
            set_path(bench, i, true);
            vga_give_number(bench->qts, chain4, number_of(i));
            set_path(bench, i, false);
        }
    }
}

static void bench_stop(Bench *bench)
{
    unsigned i;

    qtest_quit(bench->qts);
    for (i = 0; i < bench->n; i++) {
        if (bench->state[i].adapter) {
            adapter_free(bench->state[i].adapter);
        }
    }
}

static bool bench_can(const Topology *topology)
{
    g_autofree char *machine = g_strdup(topology->machine);
    unsigned i;

    machine[strcspn(machine, ",")] = 0;
    if (!qtest_has_machine(machine)) {
        g_test_skip("no such machine");
        return false;
    }
    for (i = 0; i < MAX_NODES && topology->nodes[i].driver; i++) {
        const Node *node = &topology->nodes[i];

        if (!is_assigned(node) && !qtest_has_device(node->driver)) {
            g_test_skip("no such device");
            return false;
        }
    }
    return true;
}

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

    /* One after the other, as an arbiter does it */
    for (i = 0; i < bench.n; i++) {
        if (!is_bridge(&topology->nodes[i])) {
            set_path(&bench, i, true);
            check(&bench);
            g_assert_cmphex(expected(&bench, true), ==, number_of(i));
            set_path(&bench, i, false);
            check(&bench);
        }
    }
    /* From more paths open to fewer, the chance is great to be at the root */
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

static const Topology mixed = {
    "mixed", "pc", { { "VGA", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } }
};

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
 * It begins in the middle of the guest's life, with a card that has been
 * drawing in a mode whose memory changes place
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

    /* Of three that are plugged and unplugged the last one stays the owner */
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

    /* The mode can still be left and entered: its region is found */
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

/* Ports beside the legacy ones: VBE's, and a printer's between them */
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
    /* Whoever has the ports has none of these */
    set_command(&bench, 0, 0);
    g_assert_cmphex(qtest_inw(bench.qts, 0x1ce), ==, 0xffff);
    bench_stop(&bench);
}

/* A reset ends all decoding, and with it the turn of the owner */
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

/* No adapter, no routing: an emulated card answers as it always has */
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
    /* No PCI_COMMAND is needed, for the later one's registers and memory */
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
    /* Split: ports to one, memory to the other */
    set_command(&bench, 1, IO_MEM);
    g_assert_cmphex(qtest_inb(bench.qts, PORT_NUMBER), ==, number_of(1));
    g_assert_cmphex(qtest_readb(bench.qts, MEM_NUMBER), ==, number_of(0));
    bench_stop(&bench);
}

/* An adapter that could not be plugged is no reason */
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

/*
 * What is said about it
 */

static QDict *query(Bench *bench)
{
    return qtest_qmp_assert_success_ref(bench->qts,
        "{'execute': 'x-query-vga-routing'}");
}

static void check_said(Bench *bench, unsigned i, const char *range,
                       const char *reason, const char *at)
{
    QDict *info = query(bench);
    QDict *adapter = qobject_to(QDict,
        qlist_entry_obj(qlist_first(qdict_get_qlist(info, "adapters"))));
    QList *list = qdict_get_qlist(info, "adapters");
    const QListEntry *entry;
    QDict *said;

    QLIST_FOREACH_ENTRY(list, entry) {
        adapter = qobject_to(QDict, qlist_entry_obj(entry));
        if (g_str_has_suffix(qdict_get_str(adapter, "path"),
                             bench->topology->nodes[i].id)) {
            break;
        }
    }
    g_assert_nonnull(entry);
    said = qdict_get_qdict(adapter, range);
    g_assert_cmpstr(qdict_get_str(said, "reason"), ==, reason);
    g_assert_cmpstr(qdict_get_str(said, "at"), ==, at);
    g_assert_cmpint(qdict_get_bool(said, "reached"), ==,
                    !strcmp(reason, "owner") || !strcmp(reason, "unrouted"));
    qobject_unref(info);
}

static void check_verdict(Bench *bench, const char *verdict)
{
    QDict *info = query(bench);
    g_autofree char *hmp = qtest_hmp(bench->qts, "info vga-routing");

    g_assert_cmpstr(qdict_get_str(info, "verdict"), ==, verdict);
    g_assert_nonnull(strstr(hmp, verdict));
    qobject_unref(info);
}

static void test_query(void)
{
    static const Topology topology = {
        "query", "q35", {
            { "VGA", "a", NULL, 1 },
            { "pcie-root-port", "rp", NULL, 2, "chassis=1" },
            { ASSIGNED, "b", "rp", 0 } },
    };
    Bench bench;

    if (!bench_can(&topology)) {
        return;
    }
    bench_start(&bench, &topology);
    bridges_set_up(&bench);
    check_said(&bench, 0, "memory", "command", "00:01.0");
    check_said(&bench, 2, "memory", "command", "01:00.0");
    check_verdict(&bench, "01:00.0 has no screen, because of 01:00.0: the "
        "guest has not enabled it in PCI_COMMAND; firmware does so for the "
        "adapter that it starts with, and operating systems for the one that "
        "they draw on");
    set_command(&bench, 2, IO_MEM);
    check_said(&bench, 2, "memory", "command", "00:02.0");
    set_command(&bench, 1, IO_MEM);
    check_said(&bench, 2, "memory", "vga-enable", "00:02.0");
    check_said(&bench, 2, "ports", "vga-enable", "00:02.0");
    check_verdict(&bench, "01:00.0 has no screen, because of 00:02.0: this "
        "bridge has VGA Enable off; firmware sets it for the adapter that it "
        "starts with");
    set_command(&bench, 0, IO_MEM);
    check_said(&bench, 0, "memory", "owner", "00:01.0");
    set_vga_enable(&bench, 1, true);
    check_said(&bench, 0, "memory", "other-owner", "00:02.0");
    check_said(&bench, 2, "memory", "owner", "01:00.0");
    set_command(&bench, 2, PCI_COMMAND_IO);
    check_said(&bench, 2, "memory", "command", "01:00.0");
    check_said(&bench, 2, "ports", "owner", "01:00.0");
    check_verdict(&bench, "01:00.0 has no screen, because of 01:00.0: the "
        "guest has not enabled it in PCI_COMMAND; firmware does so for the "
        "adapter that it starts with, and operating systems for the one that "
        "they draw on");
    set_command(&bench, 2, IO_MEM);
    check_said(&bench, 2, "memory", "owner", "01:00.0");
    check_verdict(&bench, "01:00.0 has the screen, and nothing has been drawn "
        "yet: the firmware may have found no VBIOS for it");
    qtest_inb(bench.qts, 0x3c8);
    check_verdict(&bench, "01:00.0 has the screen");
    adapter_fault(bench.state[2].adapter, ADAPTER_FAULT_ERROR, 9, VGA);
    qtest_inb(bench.qts, 0x3c8);
    check_verdict(&bench, "01:00.0 has the screen, and did not do 1 of 2 "
        "accesses: look at QEMU's messages and at the host's kernel log");
    adapter_fault(bench.state[2].adapter, ADAPTER_FAULT_NONE, 0,
                  ADAPTER_REGIONS);
    set_asleep(&bench, 2, true);
    check_said(&bench, 2, "memory", "power-state", "01:00.0");
    bench_stop(&bench);
}

/* Memory here and ports there, as each bit says */
static void test_query_split(void)
{
    Bench bench;

    bench_start(&bench, &mixed);
    set_command(&bench, 0, PCI_COMMAND_MEMORY);
    set_command(&bench, 1, IO_MEM);
    check_said(&bench, 0, "memory", "owner", "00:02.0");
    check_said(&bench, 0, "ports", "command", "00:02.0");
    check_said(&bench, 1, "memory", "other-owner", "00:02.0");
    check_said(&bench, 1, "ports", "owner", "00:03.0");
    check_verdict(&bench,
        "00:03.0 has the ports only: the others go to 00:02.0");
    bench_stop(&bench);
}

static void test_query_nothing(void)
{
    Bench bench = { .qts = qtest_init("-M pc -nodefaults -vga none") };

    check_verdict(&bench, "no display adapter has legacy VGA: an assigned one "
                          "needs x-vga=on");
    qtest_quit(bench.qts);

    bench.qts = qtest_init("-M pc -nodefaults -vga none -device VGA,id=a");
    bench.topology = &mixed;
    check_said(&bench, 0, "memory", "unrouted", "00:02.0");
    check_verdict(&bench, "00:02.0 has the screen");
    qtest_quit(bench.qts);
}

/* ISA adapters are on no bus that is routed, and are there all the same */
static void test_query_isa(void)
{
    static const char *const models[] = { "isa-vga", "isa-cirrus-vga" };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(models); i++) {
        g_autofree char *alone = g_strdup_printf("%s, which is on the ISA bus "
            "and not routed, has the screen", models[i]);
        g_autofree char *beside = g_strdup_printf("00:02.0 has the screen; but "
            "%s, which is on the ISA bus and not routed, answers the same "
            "accesses: leave it out", models[i]);
        Bench bench;

        if (!qtest_has_device(models[i])) {
            continue;
        }
        bench.qts = qtest_initf("-M pc -nodefaults -vga none -device %s",
                                models[i]);
        check_verdict(&bench, alone);
        qtest_quit(bench.qts);

        bench.qts = qtest_initf("-M pc -nodefaults -vga none -device %s "
                                "-device VGA,addr=2",
                                models[i]);
        check_verdict(&bench, beside);
        qtest_quit(bench.qts);
    }
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
    qtest_add_func("vga-routing/query", test_query);
    qtest_add_func("vga-routing/query-split", test_query_split);
    qtest_add_func("vga-routing/query-nothing", test_query_nothing);
    qtest_add_func("vga-routing/query-isa", test_query_isa);
    return g_test_run();
}
