/*
 * The moment at which legacy VGA accesses of an assigned adapter leave
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * They leave soon enough, and without needless timers.
 */

#include "qemu/osdep.h"

#include "qemu/bswap.h"
#include "vga-engine-bench.h"

static void test_combined(void)
{
    Machine m;

    engine_start(&m, COMBINE);
    put(&m, TEXT, "Hello");
    g_assert_cmpint(counter(&m, "region-writes"), ==, 0);
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "region-writes"), ==, 1);
    check_adapter(&m, TEXT, "Hello", 5);
    machine_stop(&m);
}

/* Writes are neither reordered nor merged into one */
static void test_not_combined(void)
{
    Machine m;

    engine_start(&m, COMBINE);
    qtest_writeb(m.qts, TEXT + 1, 1);
    qtest_writeb(m.qts, TEXT, 2);
    qtest_writeb(m.qts, TEXT, 3);
    qtest_writeb(m.qts, TEXT + 2, 4);
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "region-writes"), ==, 4);
    check_adapter(&m, TEXT, "\3\1\4", 3);
    machine_stop(&m);
}

static void test_screen(void)
{
    g_autofree uint16_t *cells = g_new(uint16_t, 2000);
    Machine m;
    int i;

    engine_start(&m, COMBINE);
    for (i = 0; i < 2000; i++) {
        cells[i] = cpu_to_le16(0x0700 | (i & 0xff));
        qtest_writew(m.qts, TEXT + 2 * i, 0x0700 | (i & 0xff));
    }
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "region-writes"), <=, 2);
    check_adapter(&m, TEXT, cells, 4000);
    machine_stop(&m);
}

static void test_visible(const void *properties)
{
    Machine m;

    engine_start_text(&m, properties);
    qtest_clock_step(m.qts, VISIBLE);
    check_adapter(&m, TEXT, "\x41\7\x42\7\x43\7", 6);
    put(&m, TEXT, "late");
    qtest_clock_step(m.qts, VISIBLE);
    check_adapter(&m, TEXT, "late", 4);
    machine_stop(&m);
}

static void test_quiet(const void *properties)
{
    uint64_t ticks;
    Machine m;

    engine_start_text(&m, properties);
    qtest_clock_step(m.qts, QUIET);
    ticks = counter(&m, "timer-ticks");
    g_assert_cmpint(ticks, >, 0);
    qtest_clock_step(m.qts, 10LL * 1000 * MS);
    g_assert_cmpint(counter(&m, "timer-ticks"), ==, ticks);

    put(&m, TEXT, "awake");
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "timer-ticks"), >, ticks);
    check_adapter(&m, TEXT, "awake", 5);
    machine_stop(&m);
}

/* Many writes elsewhere are posted, which costs a timer */
static void use_graphics(Machine *m)
{
    int i;

    for (i = 0; i < 16; i++) {
        qtest_writeb(m->qts, GRAPH + 2 * i, i);
    }
    g_assert_cmpint(counter(m, "posting-begins"), ==, 1);
}

static void test_quiet_posted(void)
{
    uint64_t ticks;
    Machine m;

    engine_start(&m, COMBINE);
    use_graphics(&m);
    qtest_clock_step(m.qts, VISIBLE);
    ticks = counter(&m, "timer-ticks");
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "timer-ticks"), >, ticks);
    qtest_clock_step(m.qts, QUIET);
    ticks = counter(&m, "timer-ticks");
    qtest_clock_step(m.qts, 10LL * 1000 * MS);
    g_assert_cmpint(counter(&m, "timer-ticks"), ==, ticks);
    machine_stop(&m);
}

/* Colors are posted, too; other registers are waited for */
static void test_posted_ports(void)
{
    Machine m;
    int i;

    engine_start(&m, COMBINE);
    for (i = 0; i < 100; i++) {
        qtest_outw(m.qts, 0x3c4, 0x0f02);
        qtest_outb(m.qts, 0x3c7, i);
    }
    g_assert_cmpint(counter(&m, "posting-begins"), ==, 0);
    for (i = 0; i < 16; i++) {
        qtest_outb(m.qts, 0x3c9, i);
    }
    g_assert_cmpint(counter(&m, "posting-begins"), ==, 1);
    machine_stop(&m);
}

/* A posted write to a window would arrive after writes to its RAM */
static void test_posted_then_mapped(void)
{
    Machine m;
    int i;

    engine_start(&m, MAPPED);
    use_graphics(&m);
    set_text_mode(&m);
    for (i = 0; i < 16; i++) {
        qtest_outb(m.qts, 0x3c9, i);
    }
    g_assert_cmpint(counter(&m, "posting-begins"), ==, 2);
    use_text_only(&m);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 0);
    qtest_clock_step(m.qts, VISIBLE);
    put(&m, TEXT, "changed");
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 1);
    check_tier(&m, "copy");
    machine_stop(&m);
}

/* Scrolling reads and writes, but makes no call to the adapter */
static void test_scroll(const void *properties)
{
    uint64_t reads, writes;
    Machine m;
    int i;

    engine_start_text(&m, properties);
    qtest_clock_step(m.qts, VISIBLE);
    reads = counter(&m, "region-reads");
    writes = counter(&m, "region-writes");
    for (i = 0; i < 1920; i++) {
        qtest_writew(m.qts, TEXT + 2 * i,
                     qtest_readw(m.qts, TEXT + 160 + 2 * i) + 1);
    }
    qtest_clock_step(m.qts, VISIBLE);
    /* Once a period a part of what was written is read back */
    g_assert_cmpint(counter(&m, "region-reads"), <=, reads + 2);
    g_assert_cmpint(counter(&m, "region-writes"), <=, writes + 2);
    machine_stop(&m);
}

static void leave_and_set_text_mode(Machine *m)
{
    qtest_outw(m->qts, 0x3ce, 0x0406); /* the window moves */
    set_text_mode(m);
    qtest_readb(m->qts, TEXT + 0x800);
}

/* A copy is possible even if calls take long and some copies ended soon */
static void test_slow(const void *properties)
{
    Machine m;
    int i;

    engine_start(&m, properties);
    for (i = 0; i < 8 * 1024; i++) {
        if (i % 1024 == 0) {
            leave_and_set_text_mode(&m); /* takes no time */
        }
        qtest_writeb(m.qts, TEXT, i);
    }
    leave_and_set_text_mode(&m);
    for (i = 0; i < 1024; i++) {
        qtest_clock_step(m.qts, MS);
        qtest_writeb(m.qts, TEXT, i);
    }
    check_tier(&m, "copy");
    machine_stop(&m);
}

static void write_scroll_port(Machine *m, uint8_t value)
{
    qtest_outb(m->qts, 0x3d8, value);
}

static void write_own_register(Machine *m, uint8_t value)
{
    qtest_outw(m->qts, 0x3d4, value << 8 | 0x67);
}

static void write_bar(Machine *m, uint8_t value)
{
    qtest_writeb(m->qts, BAR + 4, value);
}

static void (*const own_writes[])(Machine *, uint8_t) = {
    write_scroll_port, write_own_register, write_bar,
};

/* Show a screen without equal parts, in a copy and at the adapter */
static void show_text(Machine *m)
{
    int i;

    set_text_mode(m);
    use_text(m);
    for (i = 0; i < 2000; i++) {
        qtest_writew(m->qts, TEXT + 2 * i, 0x700 + i % 251);
    }
    qtest_clock_step(m->qts, VISIBLE);
    wait_for_writes(m);
}

/*
 * A register that a video BIOS writes after each line ends only the first copy
 */
static void test_own_register(const void *data)
{
    void (*const write)(Machine *, uint8_t) = data;
    Machine m;
    int i;

    engine_start(&m, COPY);
    show_text(&m);
    write(&m, 0x29);
    check_tier(&m, "combine");
    set_text_mode(&m);
    use_text(&m);
    for (i = 0; i < 10; i++) {
        write(&m, 0x29);
        check_tier(&m, "copy");
    }
    write(&m, 0x2a);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... unless the window changed afterwards */
static void test_own_register_moves(const void *data)
{
    void (*const write)(Machine *, uint8_t) = data;
    Machine m;

    engine_start(&m, COPY);
    show_text(&m);
    write(&m, 0x29);
    ((uint8_t *)adapter_data(m.adapter, VGA))[TEXT + 0x700] ^= 1;
    set_text_mode(&m);
    use_text(&m);
    write(&m, 0x29);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... or nothing was in the window, so that a change could not be seen */
static void test_own_register_empty(void)
{
    Machine m;

    engine_start_text(&m, COPY);
    write_scroll_port(&m, 0x29);
    set_text_mode(&m);
    use_text(&m);
    write_scroll_port(&m, 0x29);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... or the register is not known: one index is behind two ports */
static void write_unknown_register(Machine *m)
{
    qtest_outb(m->qts, 0x3b4, 0x0c);
    qtest_outb(m->qts, 0x3d5, 0x29);
}

static void test_own_register_unknown(void)
{
    Machine m;

    engine_start(&m, COPY);
    show_text(&m);
    write_unknown_register(&m);
    check_tier(&m, "combine");
    set_text_mode(&m);
    use_text(&m);
    write_unknown_register(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/*
 * ... or there were two: the first may move the window, and the second move it
 * back
 */
static void test_own_registers(void)
{
    Machine m;
    int i;

    engine_start(&m, COPY);
    show_text(&m);
    for (i = 0; i < 3; i++) {
        write_scroll_port(&m, 1);
        check_tier(&m, "combine");
        write_bar(&m, 2);
        set_text_mode(&m);
        use_text(&m);
    }
    machine_stop(&m);
}

/* A window that changes without a sign is noticed when it is read next */
static void test_window_gone(void)
{
    uint8_t *memory;
    Machine m;

    engine_start(&m, COPY);
    show_text(&m);
    memory = adapter_data(m.adapter, VGA);
    memory[TEXT + 0x123] ^= 1;
    g_assert_cmphex(qtest_readb(m.qts, TEXT + 0x123), ==, memory[TEXT + 0x123]);
    check_tier(&m, "forward");
    qtest_outb(m.qts, 0x3c2, 0x67); /* a mode set starts over */
    show_text(&m);
    machine_stop(&m);
}

/*
 * A copy that took all of a screen was worth it, however short the screen
 * stays
 */
static void test_brief(const void *properties)
{
    Machine m;
    int i, j;

    engine_start(&m, properties);
    for (i = 0; i < 12; i++) {
        leave_and_set_text_mode(&m);
        use_text(&m);
        for (j = 0; j < 2000; j++) {
            qtest_writew(m.qts, TEXT + 2 * j, 0x0700 + i + j % 200);
        }
    }
    g_assert_cmpint(counter(&m, "copy-begins"), ==, 12);
    machine_stop(&m);
}

void engine_add_when(void)
{
    int i;

    qtest_add_func("/vga-engine/combined", test_combined);
    qtest_add_func("/vga-engine/not-combined", test_not_combined);
    qtest_add_func("/vga-engine/screen", test_screen);
    engine_add("visible", "copy", COPY, test_visible);
    engine_add("visible", "mapped", MAPPED, test_visible);
    engine_add("quiet", "copy", COPY, test_quiet);
    engine_add("quiet", "mapped", MAPPED, test_quiet);
    qtest_add_func("/vga-engine/quiet/posted", test_quiet_posted);
    qtest_add_func("/vga-engine/posted-ports", test_posted_ports);
    qtest_add_func("/vga-engine/posted-then-mapped", test_posted_then_mapped);
    engine_add("scroll", "copy", COPY, test_scroll);
    engine_add("scroll", "mapped", MAPPED, test_scroll);
    engine_add("slow", "copy", COPY, test_slow);
    engine_add("slow", "mapped", MAPPED, test_slow);
    for (i = 0; i < ARRAY_SIZE(own_writes); i++) {
        static const char *const names[] = { "port", "register", "bar" };

        engine_add("own-register", names[i], own_writes[i], test_own_register);
        engine_add("own-register-moves", names[i], own_writes[i],
                   test_own_register_moves);
    }
    qtest_add_func("/vga-engine/own-register-empty", test_own_register_empty);
    qtest_add_func("/vga-engine/own-register-unknown",
                   test_own_register_unknown);
    qtest_add_func("/vga-engine/own-registers", test_own_registers);
    qtest_add_func("/vga-engine/window-gone", test_window_gone);
    engine_add("brief", "copy", COPY, test_brief);
    engine_add("brief", "mapped", MAPPED, test_brief);
}
