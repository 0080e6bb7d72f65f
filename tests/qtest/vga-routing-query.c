/*
 * What QEMU says about which display adapter gets legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "vga-routing-bench.h"

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

/* What a person reads on the monitor; the other checks ask by QMP. */
static void check_monitor(Bench *bench, const char *text, bool said)
{
    g_autofree char *hmp = qtest_hmp(bench->qts, "info vga");

    g_test_message("%s", hmp);
    g_assert_cmpint(!!strstr(hmp, text), ==, said);
}

static void check_verdict(Bench *bench, const char *verdict)
{
    QDict *info = query(bench);

    g_assert_cmpstr(qdict_get_str(info, "verdict"), ==, verdict);
    check_monitor(bench, verdict, true);
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
    check_verdict(&bench, "01:00.0 has the screen, but nothing has been drawn "
        "yet: the firmware may have found no VBIOS for it");
    qtest_inb(bench.qts, 0x3c8);
    check_verdict(&bench, "01:00.0 has the screen");
    adapter_fault(bench.state[2].adapter, ADAPTER_FAULT_ERROR, 9, VGA);
    qtest_inb(bench.qts, 0x3c8);
    check_verdict(&bench, "01:00.0 has the screen, but 1 of 2 accesses failed: "
        "look at QEMU's messages and at the host's kernel log");
    check_monitor(&bench, "guest reads      2\r\n", true);
    check_monitor(&bench, "region failures  1\r\n", true);
    check_monitor(&bench, "arbiter holds", false);
    check_monitor(&bench, "no assigned adapter has legacy VGA", false);
    adapter_fault(bench.state[2].adapter, ADAPTER_FAULT_NONE, 0,
                  ADAPTER_REGIONS);
    set_asleep(&bench, 2, true);
    check_said(&bench, 2, "memory", "power-state", "01:00.0");
    bench_stop(&bench);
}

/* Memory goes to one adapter and ports to the other, as each bit says */
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
        "00:03.0 has only the ports: the memory goes to 00:02.0");
    bench_stop(&bench);
}

static void test_query_nothing(void)
{
    Bench bench = { .qts = qtest_init("-M pc -nodefaults -vga none") };

    check_verdict(&bench, "no display adapter has legacy VGA: an assigned one "
                          "needs x-vga=on");
    check_monitor(&bench, "no assigned adapter has legacy VGA", true);
    qtest_quit(bench.qts);

    bench.qts = qtest_init("-M pc -nodefaults -vga none -device VGA,id=a");
    bench.topology = &mixed;
    check_said(&bench, 0, "memory", "unrouted", "00:02.0");
    check_verdict(&bench, "00:02.0 has the screen");
    qtest_quit(bench.qts);
}

/* ISA adapters are not on a routed bus, but answer nevertheless */
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

void routing_add_query(void)
{
    qtest_add_func("vga-routing/query", test_query);
    qtest_add_func("vga-routing/query-split", test_query_split);
    qtest_add_func("vga-routing/query-nothing", test_query_nothing);
    qtest_add_func("vga-routing/query-isa", test_query_isa);
}
