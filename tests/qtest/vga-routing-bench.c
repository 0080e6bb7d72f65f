/*
 * A guest's display adapters, and which of them gets its legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "vga-routing-bench.h"

bool is_assigned(const Node *node)
{
    return !*node->driver;
}

bool is_bridge(const Node *node)
{
    return strstr(node->driver, "bridge") || strstr(node->driver, "port");
}

uint8_t number_of(unsigned i)
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

/* A claimant's priority, as a number */
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

void settle(Bench *bench)
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

uint8_t expected(Bench *bench, bool port)
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

void check(Bench *bench)
{
    g_assert_cmphex(qtest_inb(bench->qts, PORT_NUMBER), ==,
                    expected(bench, true));
    g_assert_cmphex(qtest_readb(bench->qts, MEM_NUMBER), ==,
                    expected(bench, false));
}

/*
 * Steps
 */

void set_command(Bench *bench, unsigned i, uint16_t command)
{
    bench->state[i].command = command;
    config_writew(bench, i, PCI_COMMAND, command);
    settle(bench);
}

void set_vga_enable(Bench *bench, unsigned i, bool on)
{
    bench->state[i].vga_enable = on;
    config_writew(bench, i, PCI_BRIDGE_CONTROL, on ? PCI_BRIDGE_CTL_VGA : 0);
    settle(bench);
}

void set_asleep(Bench *bench, unsigned i, bool asleep)
{
    bench->state[i].asleep = asleep;
    config_writew(bench, i, ADAPTER_PM_CAP + PCI_PM_CTRL,
                  PCI_PM_CTRL_NO_SOFT_RESET | (asleep ? 3 : 0));
    settle(bench);
}

/*
 * The machine
 */

Adapter *adapter_with_number(uint8_t number)
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

/*
 * Bridges are numbered in order, so each one's bus is known before those
 * behind it
 */
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

void bench_start(Bench *bench, const Topology *topology)
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

/* Returns the highest bus number behind a bridge */
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

void bridges_set_up(Bench *bench)
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
        /* Windows whose end is before their start, which are empty */
        config_writew(bench, i, PCI_IO_BASE, 0x00f0);
        config_writel(bench, i, PCI_MEMORY_BASE, 0x0000fff0);
        config_writel(bench, i, PCI_PREF_MEMORY_BASE, 0x0000fff0);
    }
}

void set_path(Bench *bench, unsigned i, bool on)
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

void vga_give_number(QTestState *qts, bool chain4, uint8_t number)
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

void emulated_give_numbers(Bench *bench, bool chain4)
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

void bench_stop(Bench *bench)
{
    unsigned i;

    qtest_quit(bench->qts);
    for (i = 0; i < bench->n; i++) {
        if (bench->state[i].adapter) {
            adapter_free(bench->state[i].adapter);
        }
    }
}

bool bench_can(const Topology *topology)
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
 * Subjects
 */

const Topology mixed = {
    "mixed", "pc", { { "VGA", "a", NULL, 2 }, { ASSIGNED, "b", NULL, 3 } }
};
