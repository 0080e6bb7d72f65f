/*
 * When legacy VGA accesses of an assigned adapter leave, if not at once
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the adapter gets in the end is the same as without an engine, which
 * vga-oracle-test shows.  Here it is about when: before what else happens, soon
 * enough, without waking anybody for nothing, and what comes of it if the
 * adapter does not take it.  Time passes only where a test steps the clock.
 *
 * The adapter is vfio-user-adapter.c, in this process.  Its window is memory
 * whatever is written to its registers, as it is in a text mode.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"
#include "vga-stats.h"

#define VGA       VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE  0xc0000
#define RW        (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define TEXT      0xb8000
#define GRAPH     0xa0000
#define IO_MEM    (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
#define MS        1000000
#define VISIBLE   (20 * MS)    /* a write is at the adapter after so long */
#define QUIET     (1100 * MS)  /* and nothing ticks any more after so long */

/*
 * The machine
 */

static void set_command(Machine *m, uint16_t command)
{
    qtest_outl(m->qts, 0xcf8, 0x80000000 | MACHINE_SLOT << 11 | PCI_COMMAND);
    qtest_outw(m->qts, 0xcfc, command);
}

static void set_bar(Machine *m, uint32_t address)
{
    qtest_outl(m->qts, 0xcf8,
               0x80000000 | MACHINE_SLOT << 11 | PCI_BASE_ADDRESS_0);
    qtest_outl(m->qts, 0xcfc, address);
}

#define BAR 0xe0000000

static void start(Machine *m, const char *properties)
{
    Adapter *adapter = adapter_new();

    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    adapter_set_bar(adapter, 0, 4096, false);
    adapter_start(adapter);
    machine_start(m, adapter, "pc", "");
    machine_plug(m, qobject_to(QDict, qobject_from_json(properties, NULL)));
    set_bar(m, BAR);
    set_command(m, IO_MEM);
}

static uint64_t counter(Machine *m, const char *name)
{
    return vga_stats_counter(qtest_qmp(m->qts, VGA_STATS_QUERY), name);
}

static void check_tier(Machine *m, const char *tier)
{
    vga_stats_check_tier(qtest_qmp(m->qts, VGA_STATS_QUERY), tier);
}

/* A posted write has arrived when the adapter has answered what came after */
static void wait_for_writes(Machine *m)
{
    qtest_outl(m->qts, 0xcf8, 0x80000000 | MACHINE_SLOT << 11 | 0xfc);
    qtest_inl(m->qts, 0xcfc);
}

static void check_adapter(Machine *m, uint32_t addr, const void *data,
                          size_t size)
{
    wait_for_writes(m);
    g_assert_cmpmem(adapter_data(m->adapter, VGA) + addr, size, data, size);
}

static void put(Machine *m, uint32_t addr, const char *text)
{
    while (*text) {
        qtest_writeb(m->qts, addr++, *text++);
    }
}

static void set_registers(Machine *m, const uint16_t (*writes)[2], int count)
{
    int i;

    for (i = 0; i < count; i++) {
        qtest_outw(m->qts, writes[i][0], writes[i][1]);
    }
}

/* 80x25 text, as a video BIOS sets it, as far as it says where memory is */
static void set_text_mode(Machine *m)
{
    static const uint16_t writes[][2] = {
        { 0x3c4, 0x0300 }, { 0x3c4, 0x0302 }, { 0x3c4, 0x0204 },
        { 0x3d4, 0x1f14 }, { 0x3d4, 0xa317 },
        { 0x3ce, 0x0001 }, { 0x3ce, 0x0003 }, { 0x3ce, 0x0004 },
        { 0x3ce, 0x1005 }, { 0x3ce, 0x0e06 }, { 0x3ce, 0xff08 },
    };

    qtest_outb(m->qts, 0x3c2, 0x67);
    set_registers(m, writes, ARRAY_SIZE(writes));
}

/* A text mode's plane 2 at a0000, for its font */
static void set_font_mode(Machine *m)
{
    static const uint16_t writes[][2] = {
        { 0x3c4, 0x0402 }, { 0x3c4, 0x0704 }, { 0x3ce, 0x0204 },
        { 0x3ce, 0x0005 }, { 0x3ce, 0x0406 },
    };

    set_text_mode(m);
    set_registers(m, writes, ARRAY_SIZE(writes));
}

/* 16 of each 32 bytes: the rest of a cell is not shown */
static void use_font(Machine *m)
{
    int i;

    qtest_readb(m->qts, GRAPH + 0x800);
    for (i = 0; i < 256 * 16; i++) {
        qtest_writeb(m->qts, GRAPH + i / 16 * 32 + i % 16, 'A' + i % 26);
    }
    check_tier(m, "copy");
}

/* Enough of accesses for a copy to pay */
static void use_text_only(Machine *m)
{
    int i;

    qtest_readb(m->qts, TEXT + 0x800);
    for (i = 0; i < 16; i++) {
        qtest_writew(m->qts, TEXT + 2 * i, 0x0741 + i);
    }
}

static void use_text(Machine *m)
{
    use_text_only(m);
    check_tier(m, "copy");
}

/* From a text mode to mode 13h, in the order of a video BIOS */
static void set_mode_13(Machine *m)
{
    static const uint16_t writes[][2] = {
        { 0x3c4, 0x0f02 }, { 0x3c4, 0x0e04 }, { 0x3d4, 0x4014 },
        { 0x3ce, 0x4005 }, { 0x3ce, 0x0506 },
    };

    set_text_mode(m);
    set_registers(m, writes, ARRAY_SIZE(writes));
}

static void use_mode_13(Machine *m)
{
    int i;

    qtest_readb(m->qts, GRAPH + 0x8000);
    for (i = 0; i < 16; i++) {
        qtest_writel(m->qts, GRAPH + 4 * i, 0x01020304 + i);
    }
}

#define COMBINE "{'x-vga': true, 'x-vga-engine': 'combine'}"
#define COPY "{'x-vga': true, 'x-vga-engine': 'copy', " \
             "'x-vga-copy-ram': false}"
#define MAPPED "{'x-vga': true, 'x-vga-engine': 'copy'}"
#define CHAIN4 "{'x-vga': true, 'x-vga-engine': 'chain4', " \
             "'x-vga-copy-ram': false}"
#define CHAIN4_MAPPED "{'x-vga': true, 'x-vga-engine': 'chain4'}"

/*
 * When it leaves
 */

static void test_combined(void)
{
    Machine m;

    start(&m, COMBINE);
    put(&m, TEXT, "Hello");
    g_assert_cmpint(counter(&m, "region-writes"), ==, 0);
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "region-writes"), ==, 1);
    check_adapter(&m, TEXT, "Hello", 5);
    machine_stop(&m);
}

/* Neither out of order, nor one for two */
static void test_not_combined(void)
{
    Machine m;

    start(&m, COMBINE);
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

    start(&m, COMBINE);
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

    start(&m, properties);
    set_text_mode(&m);
    use_text(&m);
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

    start(&m, properties);
    set_text_mode(&m);
    use_text(&m);
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

/* Many writes elsewhere are posted, and that is paid for with a timer */
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

    start(&m, COMBINE);
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

/* Colors are, too; other registers are waited for */
static void test_posted_ports(void)
{
    Machine m;
    int i;

    start(&m, COMBINE);
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

/* What is posted to a window would come after what is written to its RAM */
static void test_posted_then_mapped(void)
{
    Machine m;
    int i;

    start(&m, MAPPED);
    use_graphics(&m);
    set_text_mode(&m);
    for (i = 0; i < 16; i++) {
        qtest_outb(m.qts, 0x3c9, i);
    }
    g_assert_cmpint(counter(&m, "posting-begins"), ==, 2);
    use_text_only(&m);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 0);
    qtest_clock_step(m.qts, VISIBLE);
    g_assert_cmpint(counter(&m, "copy-maps"), ==, 1);
    check_tier(&m, "copy");
    machine_stop(&m);
}

/* Scrolling reads and writes, and asks nothing of the adapter */
static void test_scroll(const void *properties)
{
    uint64_t reads, writes;
    Machine m;
    int i;

    start(&m, properties);
    set_text_mode(&m);
    use_text(&m);
    qtest_clock_step(m.qts, VISIBLE);
    reads = counter(&m, "region-reads");
    writes = counter(&m, "region-writes");
    for (i = 0; i < 1920; i++) {
        qtest_writew(m.qts, TEXT + 2 * i,
                     qtest_readw(m.qts, TEXT + 160 + 2 * i) + 1);
    }
    qtest_clock_step(m.qts, VISIBLE);
    /* What was written is read back in part, once a period */
    g_assert_cmpint(counter(&m, "region-reads"), <=, reads + 2);
    g_assert_cmpint(counter(&m, "region-writes"), <=, writes + 2);
    machine_stop(&m);
}

static void leave_and_set_text_mode(Machine *m)
{
    qtest_outw(m->qts, 0x3ce, 0x0406); /* the window is elsewhere */
    set_text_mode(m);
    qtest_readb(m->qts, TEXT + 0x800);
}

/* A copy is not out of reach because a call takes long, and some left soon */
static void test_slow(const void *properties)
{
    Machine m;
    int i;

    start(&m, properties);
    for (i = 0; i < 8 * 1024; i++) {
        if (i % 1024 == 0) {
            leave_and_set_text_mode(&m); /* in no time */
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

/* A screen of which no two parts are the same, in a copy and at the adapter */
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

/* What a video BIOS writes after each line: it ends one copy, and no other */
static void test_own_register(const void *data)
{
    void (*const write)(Machine *, uint8_t) = data;
    Machine m;
    int i;

    start(&m, COPY);
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

/* ... unless the window was not the same afterwards */
static void test_own_register_moves(const void *data)
{
    void (*const write)(Machine *, uint8_t) = data;
    Machine m;

    start(&m, COPY);
    show_text(&m);
    write(&m, 0x29);
    ((uint8_t *)adapter_data(m.adapter, VGA))[TEXT + 0x700] ^= 1;
    set_text_mode(&m);
    use_text(&m);
    write(&m, 0x29);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... or it could not be told, since there was nothing to see */
static void test_own_register_empty(void)
{
    Machine m;

    start(&m, COPY);
    set_text_mode(&m);
    use_text(&m);
    write_scroll_port(&m, 0x29);
    set_text_mode(&m);
    use_text(&m);
    write_scroll_port(&m, 0x29);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... or nobody knows which register it was: one index is behind two ports */
static void write_unknown_register(Machine *m)
{
    qtest_outb(m->qts, 0x3b4, 0x0c);
    qtest_outb(m->qts, 0x3d5, 0x29);
}

static void test_own_register_unknown(void)
{
    Machine m;

    start(&m, COPY);
    show_text(&m);
    write_unknown_register(&m);
    check_tier(&m, "combine");
    set_text_mode(&m);
    use_text(&m);
    write_unknown_register(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* ... or there were two: the first may move the window, and the second back */
static void test_own_registers(void)
{
    Machine m;
    int i;

    start(&m, COPY);
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

/* A window that is something else without a word: as soon as it is looked at */
static void test_window_gone(void)
{
    uint8_t *memory;
    Machine m;

    start(&m, COPY);
    show_text(&m);
    memory = adapter_data(m.adapter, VGA);
    memory[TEXT + 0x123] ^= 1;
    g_assert_cmphex(qtest_readb(m.qts, TEXT + 0x123), ==, memory[TEXT + 0x123]);
    check_tier(&m, "forward");
    qtest_outb(m.qts, 0x3c2, 0x67); /* a mode set gives it another chance */
    show_text(&m);
    machine_stop(&m);
}

/* However short a screen stays, a copy that took all of it was worth it */
static void test_brief(const void *properties)
{
    Machine m;
    int i, j;

    start(&m, properties);
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

/*
 * Before what else
 */

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

static void act_reset(Machine *m)
{
    qtest_qmp_assert_success(m->qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(m->qts, "RESET");
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
    bool leaves; /* the copy */
} acts[] = {
    { "start-address", act_port_write },
    { "bar-read", act_bar_read },
    { "bar-write", act_bar_write, true },
    { "decode-off", act_decode_off, true },
    { "bus-master", act_bus_master, true },
    { "stop", act_stop },
    { "reset", act_reset, true },
    { "mode", act_mode, true },
    { "extension", act_extension, true },
};

static void test_before(const void *data)
{
    const char *properties = data;
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(acts); i++) {
        start(&m, properties);
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

/* Mode 13h is left like a text mode, and is not entered unless wanted */
static void test_chain4(const void *properties)
{
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(acts); i++) {
        start(&m, properties);
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

    start(&m, MAPPED);
    set_mode_13(&m);
    use_mode_13(&m);
    use_mode_13(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* A font is a few calls, not one for each character */
static void test_font(const void *properties)
{
    uint64_t calls;
    Machine m;

    start(&m, properties);
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

/* The other fonts are no part of the copy, and may be the same bytes */
static void test_font_beside(const void *properties)
{
    static const uint32_t beside[] = { GRAPH + 0x2000, GRAPH + 0x10000 };
    Machine m;
    int i;

    start(&m, properties);
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

    start(&m, properties);
    set_text_mode(&m);
    put(&m, TEXT, "gone");
    machine_unplug(&m);
    g_assert_cmpmem(adapter_data(m.adapter, VGA) + TEXT, 4, "gone", 4);
    machine_stop(&m);
}

/* A native driver may use what QEMU cannot see: nothing waits */
static void test_bus_master(void)
{
    Machine m;

    start(&m, COPY);
    set_command(&m, IO_MEM | PCI_COMMAND_MASTER);
    set_text_mode(&m);
    put(&m, TEXT, "now");
    check_tier(&m, "forward");
    check_adapter(&m, TEXT, "now", 3);
    set_command(&m, IO_MEM);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* What comes after a reset is another adapter, for all that is known of it */
static void reset_and_enable(Machine *m)
{
    act_reset(m);
    set_bar(m, BAR);
    set_command(m, IO_MEM);
}

static void test_reset(const void *properties)
{
    Machine m;
    int i;

    start(&m, properties);
    set_text_mode(&m);
    use_text(&m);
    reset_and_enable(&m);
    qtest_clock_step(m.qts, QUIET);
    g_assert_cmpint(counter(&m, "timer-ticks"), ==, 0);
    for (i = 0; i < 100; i++) {
        qtest_readw(m.qts, TEXT);
        qtest_writew(m.qts, TEXT + 2 * i, 0x0741);
    }
    check_tier(&m, "combine");
    qtest_clock_step(m.qts, QUIET); /* nothing is posted any more */

    /* Left at once, and yet a copy is worth no more than at first */
    set_text_mode(&m);
    use_text(&m);
    machine_stop(&m);
}

/* Nor are its latches what they were: they are not lost, and can be again */
static void test_reset_latches(void)
{
    Machine m;

    start(&m, MAPPED);
    set_text_mode(&m);
    use_text(&m);
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

/*
 * Trouble
 */

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

/* One warning, an end, and the guest goes on */
static void test_trouble(const void *data)
{
    const char *properties = data;
    Machine m;
    int i;

    for (i = 0; i < ARRAY_SIZE(troubles); i++) {
        start(&m, properties);
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

/* What the adapter does not take together, it takes in pieces */
static void test_short(void)
{
    Machine m;

    start(&m, NO_POST);
    put(&m, TEXT, "0123456789abcdef");
    adapter_fault(m.adapter, ADAPTER_FAULT_SHORT, VFIO_USER_REGION_WRITE, VGA);
    qtest_clock_step(m.qts, VISIBLE);
    adapter_fault(m.adapter, ADAPTER_FAULT_NONE, 0, 0);
    g_assert_cmpint(counter(&m, "region-writes"), <, 20);
    machine_stop(&m);
}

/* Registers say it is a text mode, and what was written is not there */
static void test_no_memory(const void *properties)
{
    Machine m;
    int i;

    start(&m, properties);
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
    act_reset(&m);
    check_tier(&m, "combine");
    machine_stop(&m);
}

/* What was written while there was a copy is no reason not to trust it again */
static void test_again(const void *properties)
{
    Machine m;
    int i;

    start(&m, properties);
    set_text_mode(&m);
    use_text(&m);
    qtest_writew(m.qts, TEXT, 0x1234);
    set_command(&m, 0);
    set_command(&m, IO_MEM);
    for (i = 0; i < 100; i++) {
        qtest_readb(m.qts, TEXT);
    }
    check_tier(&m, "copy");
    machine_stop(&m);
}

static void forget_accesses(Machine *m)
{
    AdapterAccess access;

    do {
        access.count = 0;
    } while (adapter_next(m->adapter, &access));
}

/* The latches: what the guest read last is read again when a copy is left */
static void test_latches(void)
{
    AdapterAccess access;
    bool again = false;
    Machine m;

    start(&m, COPY);
    set_text_mode(&m);
    use_text(&m);
    qtest_readw(m.qts, TEXT + 0x246);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105); /* write mode 1 */
    while (adapter_next(m.adapter, &access) && access.offset != 0x3ce) {
        again |= !access.write && access.offset == TEXT + 0x246;
    }
    g_assert_true(again);
    machine_stop(&m);
}

/* ... as it was when it was read */
static void test_latches_written(void)
{
    AdapterAccess access;
    uint16_t cell = 0;
    Machine m;

    start(&m, COPY);
    set_text_mode(&m);
    use_text(&m);
    qtest_writew(m.qts, TEXT + 0x246, 0x1234);
    qtest_readw(m.qts, TEXT + 0x246);
    qtest_writew(m.qts, TEXT + 0x246, 0x5678);
    qtest_clock_step(m.qts, VISIBLE);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x1105);
    while (adapter_next(m.adapter, &access) &&
           (access.write || access.offset != TEXT + 0x246)) {
        if (access.offset == TEXT + 0x246) {
            cell = lduw_le_p(access.data);
        }
    }
    g_assert_cmphex(cell, ==, 0x1234);
    check_adapter(&m, TEXT + 0x246, "\x78\x56", 2);
    machine_stop(&m);
}

/* ... and is not where it was any more: no other copy before another read */
static void test_latches_gone(void)
{
    Machine m;
    int i;

    start(&m, COPY);
    set_text_mode(&m);
    use_text(&m);
    qtest_writew(m.qts, TEXT + 0x246, 0x1234);
    qtest_readw(m.qts, TEXT + 0x246);
    qtest_writew(m.qts, TEXT + 0x246, 0x5678);
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

/* ... four dots of it in mode 13h */
static void test_latches_chain4(void)
{
    AdapterAccess access;
    uint32_t cell = 0;
    Machine m;

    start(&m, CHAIN4);
    set_mode_13(&m);
    use_mode_13(&m);
    qtest_writel(m.qts, GRAPH + 0x244, 0x12345678);
    qtest_readb(m.qts, GRAPH + 0x246);
    qtest_writel(m.qts, GRAPH + 0x244, 0x9abcdef0);
    qtest_clock_step(m.qts, VISIBLE);
    forget_accesses(&m);
    qtest_outw(m.qts, 0x3ce, 0x4105); /* write mode 1 */
    while (adapter_next(m.adapter, &access) &&
           (access.write || access.offset != GRAPH + 0x244)) {
        if (access.offset == GRAPH + 0x244) {
            cell = ldl_le_p(access.data);
        }
    }
    g_assert_cmphex(cell, ==, 0x12345678);
    check_adapter(&m, GRAPH + 0x244, "\xf0\xde\xbc\x9a", 4);
    machine_stop(&m);
}

/* Where nobody can know what was read last, it is not risked twice */
static void test_latches_lost(void)
{
    Machine m;

    start(&m, MAPPED);
    set_text_mode(&m);
    use_text(&m);
    qtest_clock_step(m.qts, 100 * MS); /* the mapping was worth it */
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

    start(&m, COMBINE);
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

static void check_monitor(Machine *m, const char *line, bool said)
{
    g_autofree char *stats = qtest_hmp(m->qts, "info vga-stats");

    g_test_message("%s", stats);
    g_assert_cmpint(!!strstr(stats, line), ==, said);
}

/* For a person; the other tests ask by QMP */
static void test_monitor(void)
{
    Machine m;

    start(&m, COMBINE);
    put(&m, TEXT, "combined");
    check_monitor(&m, "/machine/peripheral/card", true);
    check_monitor(&m, "guest writes     8\r\n", true);
    check_monitor(&m, "region writes    0\r\n", true);
    check_monitor(&m, "arbiter holds", false);
    machine_unplug(&m);
    check_monitor(&m, "no assigned adapter has legacy VGA", true);
    machine_stop(&m);
}

static void add_for(const char *name, const char *tier, const char *properties,
                    void (*test)(const void *))
{
    g_autofree char *path = g_strdup_printf("/vga-engine/%s/%s", name, tier);

    qtest_add_data_func(path, properties, test);
}

int main(int argc, char **argv)
{
    int i;

    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_machine("pc") || !qtest_has_device("vfio-user-pci")) {
        g_test_skip("needs machine pc and device vfio-user-pci");
        return g_test_run();
    }

    qtest_add_func("/vga-engine/combined", test_combined);
    qtest_add_func("/vga-engine/monitor", test_monitor);
    qtest_add_func("/vga-engine/not-combined", test_not_combined);
    qtest_add_func("/vga-engine/screen", test_screen);
    add_for("visible", "copy", COPY, test_visible);
    add_for("visible", "mapped", MAPPED, test_visible);
    add_for("quiet", "copy", COPY, test_quiet);
    add_for("quiet", "mapped", MAPPED, test_quiet);
    qtest_add_func("/vga-engine/quiet/posted", test_quiet_posted);
    qtest_add_func("/vga-engine/posted-ports", test_posted_ports);
    qtest_add_func("/vga-engine/posted-then-mapped", test_posted_then_mapped);
    add_for("scroll", "copy", COPY, test_scroll);
    add_for("scroll", "mapped", MAPPED, test_scroll);
    add_for("slow", "copy", COPY, test_slow);
    add_for("slow", "mapped", MAPPED, test_slow);
    for (i = 0; i < ARRAY_SIZE(own_writes); i++) {
        static const char *const names[] = { "port", "register", "bar" };

        add_for("own-register", names[i], own_writes[i], test_own_register);
        add_for("own-register-moves", names[i], own_writes[i],
                test_own_register_moves);
    }
    qtest_add_func("/vga-engine/own-register-empty", test_own_register_empty);
    qtest_add_func("/vga-engine/own-register-unknown",
                   test_own_register_unknown);
    qtest_add_func("/vga-engine/own-registers", test_own_registers);
    qtest_add_func("/vga-engine/window-gone", test_window_gone);
    add_for("brief", "copy", COPY, test_brief);
    add_for("brief", "mapped", MAPPED, test_brief);
    add_for("before", "combine", COMBINE, test_before);
    add_for("before", "copy", COPY, test_before);
    add_for("before", "mapped", MAPPED, test_before);
    add_for("before", "chain4", CHAIN4, test_chain4);
    add_for("before", "chain4-mapped", CHAIN4_MAPPED, test_chain4);
    qtest_add_func("/vga-engine/not-chain4", test_not_chain4);
    add_for("font", "copy", COPY, test_font);
    add_for("font", "mapped", MAPPED, test_font);
    add_for("font-beside", "copy", COPY, test_font_beside);
    add_for("font-beside", "mapped", MAPPED, test_font_beside);
    add_for("unplug", "combine", COMBINE, test_unplug);
    add_for("unplug", "copy", COPY, test_unplug);
    qtest_add_func("/vga-engine/bus-master", test_bus_master);
    add_for("reset", "copy", COPY, test_reset);
    add_for("reset", "mapped", MAPPED, test_reset);
    qtest_add_func("/vga-engine/reset-latches", test_reset_latches);
    add_for("trouble", "posted", COMBINE, test_trouble);
    add_for("trouble", "not-posted", NO_POST, test_trouble);
    qtest_add_func("/vga-engine/short", test_short);
    add_for("no-memory", "copy", COPY, test_no_memory);
    add_for("no-memory", "mapped", MAPPED, test_no_memory);
    add_for("again", "copy", COPY, test_again);
    add_for("again", "mapped", MAPPED, test_again);
    qtest_add_func("/vga-engine/latches", test_latches);
    qtest_add_func("/vga-engine/latches-written", test_latches_written);
    qtest_add_func("/vga-engine/latches-gone", test_latches_gone);
    qtest_add_func("/vga-engine/latches-chain4", test_latches_chain4);
    qtest_add_func("/vga-engine/latches-lost", test_latches_lost);
    qtest_add_func("/vga-engine/properties", test_properties);

    return g_test_run();
}
