/*
 * Before which other accesses legacy VGA accesses of an assigned adapter leave
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-engine-bench.h"

static void act_port_write(Machine *m)
{
    qtest_outw(m->qts, 0x3d4, 0x000c);
}

static void act_bar_read(Machine *m)
{
    qtest_readl(m->qts, BAR);
}

static void act_bar_write(Machine *m)
{
    qtest_writel(m->qts, BAR, 1);
}

static void act_decode_off(Machine *m)
{
    set_command(m, 0);
}

static void act_bus_master(Machine *m)
{
    set_command(m, IO_MEM | PCI_COMMAND_MASTER);
}

static void act_stop(Machine *m)
{
    qtest_qmp_assert_success(m->qts, "{'execute': 'stop'}");
}

static void act_mode(Machine *m)
{
    qtest_outw(m->qts, 0x3ce, 0x0406);
}

static void act_extension(Machine *m)
{
    qtest_outw(m->qts, 0x3c4, 0x1206);
}

static const struct {
    const char *name;
    void (*act)(Machine *m);
    bool leaves; /* ends the copy */
} acts[] = {
    { "start-address", act_port_write },
    { "bar-read", act_bar_read },
    { "bar-write", act_bar_write, true },
    { "decode-off", act_decode_off, true },
    { "bus-master", act_bus_master, true },
    { "stop", act_stop },
    { "reset", engine_reset, true },
    { "mode", act_mode, true },
    { "extension", act_extension, true },
};

static void test_before(const void *data)
{
    const char *properties = data;
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(acts); i++) {
        engine_start(&m, properties);
        set_text_mode(&m);
        if (strcmp(properties, COMBINE)) {
            use_text(&m);
        }
        put(&m, TEXT + 0x1000, "before");
        acts[i].act(&m);
        check_adapter(&m, TEXT + 0x1000, "before", 6);
        if (acts[i].leaves) {
            g_assert_cmpint(counter(&m, "timer-ticks"), ==, 0);
            if (strcmp(properties, COMBINE)) {
                g_assert_cmpint(counter(&m, "copy-ends"), ==, 1);
            }
        }
        machine_stop(&m);
    }
}

/* Mode 13h is left like a text mode, and is only entered if wanted */
static void test_chain4(const void *properties)
{
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(acts); i++) {
        engine_start(&m, properties);
        set_mode_13(&m);
        use_mode_13(&m);
        check_tier(&m, "chain4");
        put(&m, GRAPH + 0xf000, "before");
        acts[i].act(&m);
        check_adapter(&m, GRAPH + 0xf000, "before", 6);
        g_assert_cmpint(counter(&m, "copy-ends"), ==,
                        acts[i].leaves);
        machine_stop(&m);
    }
}

static void test_not_chain4(void)
{
    Machine m;

    engine_start(&m, MAPPED);
    set_mode_13(&m);
    use_mode_13(&m);
    use_mode_13(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* A font takes a few calls, not one for each character */
static void test_font(const void *properties)
{
    uint64_t calls;
    Machine m;

    engine_start(&m, properties);
    set_font_mode(&m);
    calls = counter(&m, "region-writes");
    use_font(&m);
    qtest_outw(m.qts, 0x3ce, 0x0e06);
    g_assert_cmpint(counter(&m, "region-writes") - calls, <=, 20);
    g_assert_cmpint(counter(&m, "copy-ends"), ==, 1);
    check_adapter(&m, GRAPH + 0x20, "QRSTUVWXYZABCDEF", 16);
    check_adapter(&m, GRAPH + 0x1fe0, "YZABCDEFGHIJKLMN", 16);
    machine_stop(&m);
}

/* The other fonts are not part of the copy, and may be the same bytes */
static void test_font_beside(const void *properties)
{
    static const uint32_t beside[] = { GRAPH + 0x2000, GRAPH + 0x10000 };
    Machine m;
    int i;

    engine_start(&m, properties);
    set_font_mode(&m);
    qtest_outw(m.qts, 0x3ce, 0x0006); /* 128 KiB of a0000, as Linux does */
    for (i = 0; i < 2 * ARRAY_SIZE(beside); i++) {
        use_font(&m);
        put(&m, GRAPH, "within");
        if (i % 2) {
            qtest_readb(m.qts, beside[i / 2]);
        } else {
            put(&m, beside[i / 2], "beside");
        }
        g_assert_cmpint(counter(&m, "copy-ends"), ==, i + 1);
        check_adapter(&m, GRAPH, "within", 6);
    }
    machine_stop(&m);
}

static void test_unplug(const void *properties)
{
    Machine m;

    engine_start(&m, properties);
    set_text_mode(&m);
    put(&m, TEXT, "gone");
    machine_unplug(&m);
    g_assert_cmpmem(adapter_data(m.adapter, VGA) + TEXT, 4, "gone", 4);
    machine_stop(&m);
}

/* A native driver may use what QEMU cannot see, so no access waits */
static void test_bus_master(void)
{
    Machine m;

    engine_start(&m, COPY);
    set_command(&m, IO_MEM | PCI_COMMAND_MASTER);
    set_text_mode(&m);
    put(&m, TEXT, "now");
    check_tier(&m, "forward");
    check_adapter(&m, TEXT, "now", 3);
    set_command(&m, IO_MEM);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* After a reset QEMU cannot know that it is still the same adapter */
static void reset_and_enable(Machine *m)
{
    engine_reset(m);
    set_bar(m, BAR);
    set_command(m, IO_MEM);
}

static void test_reset(const void *properties)
{
    Machine m;
    int i;

    engine_start_text(&m, properties);
    reset_and_enable(&m);
    qtest_clock_step(m.qts, QUIET);
    g_assert_cmpint(counter(&m, "timer-ticks"), ==, 0);
    for (i = 0; i < 100; i++) {
        qtest_readw(m.qts, TEXT);
        qtest_writew(m.qts, TEXT + 2 * i, 0x0741);
    }
    check_tier(&m, "combine");
    qtest_clock_step(m.qts, QUIET); /* posting has ended */

    /*
     * Everything leaves at once, and then a copy is worth no more than at
     * first
     */
    set_text_mode(&m);
    use_text(&m);
    machine_stop(&m);
}

/*
 * The latches are not those from before, so they are not lost, and can be
 * later
 */
static void test_reset_latches(void)
{
    Machine m;

    engine_start_text(&m, MAPPED);
    reset_and_enable(&m);
    set_text_mode(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105); /* write mode 1 */
    qtest_writeb(m.qts, TEXT, 0);
    g_assert_cmpint(counter(&m, "latch-losses"), ==, 0);

    qtest_outw(m.qts, 0x3ce, 0x1005);
    use_text(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105);
    qtest_writeb(m.qts, TEXT, 0);
    g_assert_cmpint(counter(&m, "latch-losses"), ==, 1);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 2);
    reset_and_enable(&m);
    set_text_mode(&m);
    use_text(&m);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 3);
    machine_stop(&m);
}

void engine_add_before(void)
{
    engine_add("before", "combine", COMBINE, test_before);
    engine_add("before", "copy", COPY, test_before);
    engine_add("before", "mapped", MAPPED, test_before);
    engine_add("before", "chain4", CHAIN4, test_chain4);
    engine_add("before", "chain4-mapped", CHAIN4_MAPPED, test_chain4);
    qtest_add_func("/vga-engine/not-chain4", test_not_chain4);
    engine_add("font", "copy", COPY, test_font);
    engine_add("font", "mapped", MAPPED, test_font);
    engine_add("font-beside", "copy", COPY, test_font_beside);
    engine_add("font-beside", "mapped", MAPPED, test_font_beside);
    engine_add("unplug", "combine", COMBINE, test_unplug);
    engine_add("unplug", "copy", COPY, test_unplug);
    qtest_add_func("/vga-engine/bus-master", test_bus_master);
    engine_add("reset", "copy", COPY, test_reset);
    engine_add("reset", "mapped", MAPPED, test_reset);
    qtest_add_func("/vga-engine/reset-latches", test_reset_latches);
}
