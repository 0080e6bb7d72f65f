/*
 * The moment at which delayed legacy VGA accesses of an assigned adapter leave
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vga-oracle-test shows that the adapter gets in the end the same as without
 * an engine.  This test is about the moment: before other events, soon enough,
 * without needless timers, and what happens if the adapter refuses an access.
 * Time passes only when a test steps the clock.
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its window is memory,
 * as in a text mode, whatever is written to its registers.
 */

#include "qemu/osdep.h"

#include "qobject/qjson.h"
#include "vga-engine-bench.h"

/* Faults */

#define NO_POST "{'x-vga': true, 'x-vga-engine': 'combine', " \
                "'x-no-posted-writes': true}"

static const struct {
    const char *name;
    AdapterFault fault;
} troubles[] = {
    { "error", ADAPTER_FAULT_ERROR },
    { "again", ADAPTER_FAULT_AGAIN },
    { "closed", ADAPTER_FAULT_CLOSE },
};

/* There is one warning, the engine ends, and the guest goes on */
static void test_trouble(const void *data)
{
    const char *properties = data;
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(troubles); i++) {
        engine_start(&m, properties);
        put(&m, TEXT, "0123456789abcdef");
        adapter_fault(m.adapter, troubles[i].fault, VFIO_USER_REGION_WRITE,
                      VGA);
        qtest_clock_step(m.qts, VISIBLE);
        g_assert_cmpint(counter(&m, "region-writes"), <, 2000);
        qtest_writeb(m.qts, TEXT + 0x100, 0);
        qtest_clock_step(m.qts, VISIBLE);
        if (!strcmp(properties, NO_POST)) {
            g_assert_cmpint(counter(&m, "region-failures"), >, 0);
            g_assert_cmpint(machine_said(&m, "legacy VGA write"), ==, 1);
            check_tier(&m, "forward");
        }
        machine_stop(&m);
    }
}

/* If the adapter refuses writes together, it gets them in pieces */
static void test_short(void)
{
    Machine m;

    engine_start(&m, NO_POST);
    put(&m, TEXT, "0123456789abcdef");
    adapter_fault(m.adapter, ADAPTER_FAULT_SHORT, VFIO_USER_REGION_WRITE, VGA);
    qtest_clock_step(m.qts, VISIBLE);
    adapter_fault(m.adapter, ADAPTER_FAULT_NONE, 0, 0);
    g_assert_cmpint(counter(&m, "region-writes"), <, 20);
    machine_stop(&m);
}

/*
 * The registers say that it is a text mode, but what was written is not there
 */
static void test_no_memory(const void *properties)
{
    Machine m;
    int i;

    engine_start(&m, properties);
    set_text_mode(&m);
    qtest_readb(m.qts, TEXT);
    for (i = 0; i < 10; i++) {
        qtest_writeb(m.qts, TEXT + i, 'x');
    }
    qtest_readb(m.qts, 0xa0000);
    adapter_data(m.adapter, VGA)[TEXT + 9] = 'y';
    for (i = 0; i < 30; i++) {
        qtest_readb(m.qts, TEXT);
    }
    check_tier(&m, "forward");
    g_assert_cmpint(counter(&m, "copy-begins"), ==, 0);
    engine_reset(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* Writes while there was a copy are not a reason to distrust the next one */
static void test_again(const void *properties)
{
    Machine m;
    int i;

    engine_start_text(&m, properties);
    qtest_writew(m.qts, TEXT, 0x1234);
    set_command(&m, 0);
    set_command(&m, IO_MEM);
    for (i = 0; i < 100; i++) {
        qtest_readb(m.qts, TEXT);
    }
    check_tier(&m, "copy");
    machine_stop(&m);
}

/*
 * Properties
 */

static void test_properties(void)
{
    static const struct {
        const char *properties;
        const char *error;
    } bad[] = {
        { "{'x-vga': true, 'x-vga-write-width': 3}",
          "x-vga-write-width must be 0, 1, 2, 4 or 8" },
        { "{'x-vga': true, 'x-vga-write-width': 16}",
          "x-vga-write-width must be 0, 1, 2, 4 or 8" },
    };
    Machine m;
    int i;

    engine_start(&m, COMBINE);
    machine_unplug(&m);
    machine_check_choice(&m, "x-vga-engine",
                         "auto, forward, combine, copy, chain4 or planes");
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *error = machine_try_plug(&m, qobject_to(QDict,
            qobject_from_json(bad[i].properties, NULL)));

        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error, bad[i].error));
    }
    machine_stop(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_machine("pc") || !qtest_has_device("vfio-user-pci")) {
        g_test_skip("needs machine pc and device vfio-user-pci");
        return g_test_run();
    }

    engine_add("trouble", "posted", COMBINE, test_trouble);
    engine_add("trouble", "not-posted", NO_POST, test_trouble);
    qtest_add_func("/vga-engine/short", test_short);
    engine_add("no-memory", "copy", COPY, test_no_memory);
    engine_add("no-memory", "mapped", MAPPED, test_no_memory);
    engine_add("again", "copy", COPY, test_again);
    engine_add("again", "mapped", MAPPED, test_again);
    qtest_add_func("/vga-engine/properties", test_properties);
    engine_add_when();
    engine_add_before();
    engine_add_latches();

    return g_test_run();
}
