/*
 * An assigned adapter with an engine for its legacy VGA accesses, for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "qobject/qjson.h"
#include "vga-engine-bench.h"
#include "vga-stats.h"

void set_command(Machine *m, uint16_t command)
{
    qtest_outl(m->qts, 0xcf8, 0x80000000 | MACHINE_SLOT << 11 | PCI_COMMAND);
    qtest_outw(m->qts, 0xcfc, command);
}

void set_bar(Machine *m, uint32_t address)
{
    qtest_outl(m->qts, 0xcf8,
               0x80000000 | MACHINE_SLOT << 11 | PCI_BASE_ADDRESS_0);
    qtest_outl(m->qts, 0xcfc, address);
}

/* Each time other bytes are written: a copy that none changes is not mapped. */
static unsigned turn;

void engine_start(Machine *m, const char *properties)
{
    Adapter *adapter = adapter_new();

    turn = 0;
    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    adapter_set_bar(adapter, 0, 4096, false);
    adapter_start(adapter);
    machine_start(m, adapter, "pc", "");
    machine_plug(m, qobject_to(QDict, qobject_from_json(properties, NULL)));
    set_bar(m, BAR);
    set_command(m, IO_MEM);
}

void engine_reset(Machine *m)
{
    qtest_qmp_assert_success(m->qts, "{'execute': 'system_reset'}");
    qtest_qmp_eventwait(m->qts, "RESET");
}

uint64_t counter(Machine *m, const char *name)
{
    return vga_stats_counter(qtest_qmp(m->qts, VGA_STATS_QUERY), name);
}

void check_tier(Machine *m, const char *tier)
{
    vga_stats_check_tier(qtest_qmp(m->qts, VGA_STATS_QUERY), tier);
}

void wait_for_writes(Machine *m)
{
    qtest_outl(m->qts, 0xcf8, 0x80000000 | MACHINE_SLOT << 11 | 0xfc);
    qtest_inl(m->qts, 0xcfc);
}

void check_adapter(Machine *m, uint32_t addr, const void *data,
                   size_t size)
{
    wait_for_writes(m);
    g_assert_cmpmem(adapter_data(m->adapter, VGA) + addr, size, data, size);
}

void put(Machine *m, uint32_t addr, const char *text)
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

void set_text_mode(Machine *m)
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

void set_font_mode(Machine *m)
{
    static const uint16_t writes[][2] = {
        { 0x3c4, 0x0402 }, { 0x3c4, 0x0704 }, { 0x3ce, 0x0204 },
        { 0x3ce, 0x0005 }, { 0x3ce, 0x0406 },
    };

    set_text_mode(m);
    set_registers(m, writes, ARRAY_SIZE(writes));
}

void use_font(Machine *m)
{
    unsigned i;

    qtest_readb(m->qts, GRAPH + 0x800);
    for (i = 0; i < 256 * 16; i++) {
        qtest_writeb(m->qts, GRAPH + i / 16 * 32 + i % 16,
                     'A' + (i + turn) % 26);
    }
    turn++;
    check_tier(m, "copy");
}

void use_text_only(Machine *m)
{
    unsigned i;

    qtest_readb(m->qts, TEXT + 0x800);
    for (i = 0; i < 16; i++) {
        qtest_writew(m->qts, TEXT + 2 * i, 0x0741 + (i + turn) % 64);
    }
    turn++;
}

void use_text(Machine *m)
{
    use_text_only(m);
    check_tier(m, "copy");
}

void engine_start_text(Machine *m, const char *properties)
{
    engine_start(m, properties);
    set_text_mode(m);
    use_text(m);
}

void set_mode_13(Machine *m)
{
    static const uint16_t writes[][2] = {
        { 0x3c4, 0x0f02 }, { 0x3c4, 0x0e04 }, { 0x3d4, 0x4014 },
        { 0x3ce, 0x4005 }, { 0x3ce, 0x0506 },
    };

    set_text_mode(m);
    set_registers(m, writes, ARRAY_SIZE(writes));
}

void use_mode_13(Machine *m)
{
    int i;

    qtest_readb(m->qts, GRAPH + 0x8000);
    for (i = 0; i < 16; i++) {
        qtest_writel(m->qts, GRAPH + 4 * i, 0x01020304 + i);
    }
}

void engine_add(const char *name, const char *tier, const void *data,
                void (*test)(const void *))
{
    g_autofree char *path = g_strdup_printf("/vga-engine/%s/%s", name, tier);

    qtest_add_data_func(path, data, test);
}
