/*
 * The latches of an assigned adapter are as the guest has loaded them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "qemu/bswap.h"
#include "vga-engine-bench.h"

static void forget_accesses(Machine *m)
{
    AdapterAccess access;

    do {
        access.count = 0;
    } while (adapter_next(m->adapter, &access));
}

/* When a copy is left, the guest's last read is repeated, for the latches */
static void test_latches(void)
{
    AdapterAccess access;
    bool again = false;
    Machine m;

    engine_start_text(&m, COPY);
    qtest_readw(m.qts, TEXT + 0x246);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105); /* write mode 1 */
    while (adapter_next(m.adapter, &access) && access.offset != 0x3ce) {
        again |= !access.write && access.offset == TEXT + 0x246;
    }
    g_assert_true(again);
    machine_stop(&m);
}

/*
 * Returns what the adapter has at @addr when it is read there, by @size bytes
 */
static uint32_t when_read(Machine *m, uint32_t addr, unsigned size)
{
    AdapterAccess access;
    uint32_t value = 0;

    while (adapter_next(m->adapter, &access) &&
           (access.write || access.offset != addr)) {
        if (access.offset == addr) {
            value = ldn_le_p(access.data, size);
        }
    }
    return value;
}

/* The latches have 0x1234, which is no longer in memory */
static void latches_start(Machine *m)
{
    engine_start_text(m, COPY);
    qtest_writew(m->qts, TEXT + 0x246, 0x1234);
    qtest_readw(m->qts, TEXT + 0x246);
    qtest_writew(m->qts, TEXT + 0x246, 0x5678);
}

/* ... the same as when it was read */
static void test_latches_written(void)
{
    Machine m;

    latches_start(&m);
    qtest_clock_step(m.qts, VISIBLE);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105);
    g_assert_cmphex(when_read(&m, TEXT + 0x246, 2), ==, 0x1234);
    check_adapter(&m, TEXT + 0x246, "\x78\x56", 2);
    machine_stop(&m);
}

/* ... and is no longer there, so there is no other copy before another read */
static void test_latches_gone(void)
{
    Machine m;
    int i;

    latches_start(&m);
    qtest_clock_step(m.qts, 10 * VISIBLE); /* it has paid */
    set_command(&m, 0);
    set_command(&m, IO_MEM);
    for (i = 0; i < 1000; i++) {
        qtest_writew(m.qts, TEXT, i);
    }
    check_tier(&m, "combine");
    use_text(&m);
    machine_stop(&m);
}

/* ... the same with four dots in mode 13h */
static void test_latches_chain4(void)
{
    Machine m;

    engine_start(&m, CHAIN4);
    set_mode_13(&m);
    use_mode_13(&m);
    qtest_writel(m.qts, GRAPH + 0x244, 0x12345678);
    qtest_readb(m.qts, GRAPH + 0x246);
    qtest_writel(m.qts, GRAPH + 0x244, 0x9abcdef0);
    qtest_clock_step(m.qts, VISIBLE);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x4105); /* write mode 1 */
    g_assert_cmphex(when_read(&m, GRAPH + 0x244, 4), ==, 0x12345678);
    check_adapter(&m, GRAPH + 0x244, "\xf0\xde\xbc\x9a", 4);
    machine_stop(&m);
}

/* If the last read is unknown, the copy is not tried twice */
static void test_latches_lost(void)
{
    Machine m;

    engine_start_text(&m, MAPPED);
    qtest_clock_step(m.qts, 100 * MS); /* the mapping has paid */
    qtest_readw(m.qts, TEXT + 0x246);
    qtest_outw(m.qts, 0x3ce, 0x1105);
    qtest_writeb(m.qts, TEXT, 0);
    g_assert_cmpint(counter(&m, "latch-losses"), ==, 1);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 1);
    qtest_outw(m.qts, 0x3ce, 0x1005);
    use_text(&m);
    use_text(&m);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 1);
    machine_stop(&m);
}

void engine_add_latches(void)
{
    qtest_add_func("/vga-engine/latches", test_latches);
    qtest_add_func("/vga-engine/latches-written", test_latches_written);
    qtest_add_func("/vga-engine/latches-gone", test_latches_gone);
    qtest_add_func("/vga-engine/latches-chain4", test_latches_chain4);
    qtest_add_func("/vga-engine/latches-lost", test_latches_lost);
}
