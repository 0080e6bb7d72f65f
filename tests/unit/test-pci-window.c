/*
 * Unit test of whether a guest's BARs fit into its firmware's windows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The expected results are those that tests/seabios/bar-table.py of the series
 * found in runs of the firmware; they are in the table of
 * docs/vga-assign/bars.rst.
 */

#include "qemu/osdep.h"
#include "qemu/pci-window.h"
#include "qemu/units.h"

enum { LOW, HIGH, NONE };

typedef struct BAR {
    uint64_t size;
    /*
     * Prefetchable: '6' of 64 bits, 'p' of 32 bits.  Not prefetchable: '4' of
     * 64 bits, '3' of 32 bits.
     */
    char kind;
    bool vga;
    int where;
} BAR;

typedef struct Case {
    const char *name;
    bool q35;
    uint64_t ram;
    unsigned bits;
    BAR bars[8];
    PCIWindowAdvice advice;
} Case;

#define VGA(size, where)    { size, '6', true, where }

/* The firmware also places some devices of the machine itself */
static const Case cases[] = {
    { "256M-low", false, 2 * GiB, 46, { VGA(256 * MiB, LOW) } },
    { "q35-256M-low", true, 6 * GiB, 46, { VGA(256 * MiB, LOW) } },
    {
        "pc-2G-three", false, 2 * GiB, 46,
        { VGA(256 * MiB, LOW), { 512 * MiB, '6', false, LOW },
          { GiB, '6', false, LOW } },
    }, {
        "pc-4G-three", false, 4 * GiB, 46,
        { VGA(256 * MiB, LOW), { 512 * MiB, '6', false, LOW },
          { GiB, '6', false, HIGH } },
    }, {
        "q35-128M-three", true, 128 * MiB, 46,
        { VGA(256 * MiB, LOW), { 512 * MiB, '6', false, LOW },
          { GiB, '6', false, LOW } },
    }, {
        "q35-2G-three", true, 2 * GiB, 46,
        { VGA(256 * MiB, LOW), { 512 * MiB, '6', false, LOW },
          { GiB, '6', false, HIGH } },
    }, {
        "vga-8G", false, 2 * GiB, 46,
        { VGA(8 * GiB, HIGH), { 256 * MiB, '6', false, LOW } },
    }, {
        "256G", true, 4 * GiB, 46,
        { VGA(256 * MiB, LOW), { 256 * GiB, '6', false, HIGH } },
    }, {
        "512G", false, 6 * GiB, 46,
        { VGA(256 * MiB, LOW), { 512 * GiB, '6', false, HIGH } },
    }, {
        /* 32-bit BARs: the firmware left two without an address */
        "pc-4G-32bit", false, 4 * GiB, 46,
        { { 512 * MiB, 'p', false, LOW }, { 512 * MiB, 'p', false, NONE },
          { 512 * MiB, 'p', false, NONE } },
        { .max_ram_below_4g = 2 * GiB },
    }, {
        "q35-2G-32bit", true, 2 * GiB, 46,
        { { 512 * MiB, 'p', false, LOW }, { 512 * MiB, 'p', false, LOW },
          { 512 * MiB, 'p', false, NONE } },
        { .max_ram_below_4g = GiB },
    }, {
        "pc-128M-32bit", false, 128 * MiB, 46,
        { { 512 * MiB, 'p', false, LOW }, { 512 * MiB, 'p', false, LOW },
          { 512 * MiB, 'p', false, LOW } },
    }, {
        /*
         * its place would be 0x80000000 or 0; at the former it meets the
         * IO-APIC
         */
        "2G-32bit", false, 4 * GiB, 46,
        { { 2 * GiB, '3', false, NONE }, { 16 * MiB, '3', true, LOW } },
    }, {
        "512G-39-bits", true, 4 * GiB, 39,
        { VGA(256 * MiB, LOW), { 512 * GiB, '6', false, NONE } },
        { .phys_bits = 40 },
    }, {
        "512G-40-bits", true, 4 * GiB, 40,
        { VGA(256 * MiB, LOW), { 512 * GiB, '6', false, HIGH } },
    }, {
        "two-512G-40-bits", false, 8 * GiB, 40,
        { { 512 * GiB, '6', false, HIGH }, { 512 * GiB, '6', false, NONE } },
        { .phys_bits = 41 },
    }, {
        "256G-36-bits", false, 4 * GiB, 36,
        { { 256 * GiB, '6', false, NONE }, { 16 * MiB, '3', true, LOW } },
        { .phys_bits = 39 },
    }, {
        /* 64-bit BARs make room for a 32-bit one, the boot VGA's last */
        "leave", false, 4 * GiB, 46,
        { VGA(256 * MiB, LOW), { 256 * MiB, '6', false, HIGH },
          { 128 * MiB, '4', false, HIGH }, { 512 * MiB, '3', false, LOW } },
    }, {
        "vga-leaves", false, 4 * GiB, 46,
        { VGA(512 * MiB, HIGH), { 512 * MiB, '3', false, LOW } },
        { .max_ram_below_4g = 2 * GiB },
    }, {
        /* both together: neither helps alone */
        "both", true, 8 * GiB, 36,
        { { 512 * MiB, '3', false, LOW }, { 512 * MiB, '3', false, LOW },
          { 512 * MiB, '3', false, NONE }, { 64 * GiB, '6', false, NONE } },
        { .max_ram_below_4g = GiB, .phys_bits = 37 },
    },
};

static GArray *entries_of(const Case *c)
{
    GArray *entries = pci_window_entries_new();
    int i;

    for (i = 0; i < ARRAY_SIZE(c->bars) && c->bars[i].size; i++) {
        char kind = c->bars[i].kind;
        PCIWindowEntry e = pci_window_bar(c->bars[i].size,
                                          kind == '6' || kind == '4',
                                          kind == '6' || kind == 'p');

        e.vga = c->bars[i].vga;
        g_array_append_val(entries, e);
    }
    return entries;
}

static int where(const PCIWindowEntry *e)
{
    return e->none ? NONE : e->high ? HIGH : LOW;
}

static void test_case(const void *opaque)
{
    const Case *c = opaque;
    g_autoptr(GArray) entries = entries_of(c);
    PCIWindowMemory memory = pci_window_memory(c->q35, c->ram, 0);
    uint64_t sum[3] = { 0 };
    PCIWindowResult r = pci_window_place(&memory, c->bits, entries);
    PCIWindowAdvice advice;
    unsigned count[3] = { 0 }, expected[3] = { 0 };
    guint i;

    /* any of several equal ones may be chosen, so they are counted */
    for (i = 0; i < entries->len; i++) {
        PCIWindowEntry *e = &g_array_index(entries, PCIWindowEntry, i);

        sum[where(e)] += e->size;
        count[where(e)]++;
        expected[c->bars[i].where]++;
    }
    g_assert_cmpint(count[LOW], ==, expected[LOW]);
    g_assert_cmpint(count[HIGH], ==, expected[HIGH]);
    g_assert_cmpint(count[NONE], ==, expected[NONE]);
    g_assert_cmphex(r.low, ==, sum[LOW]);
    g_assert_cmphex(r.high, ==, sum[HIGH]);
    g_assert_cmphex(r.none, ==, sum[NONE]);

    advice = pci_window_advise(&memory, c->bits, entries);
    g_assert_cmphex(advice.max_ram_below_4g, ==, c->advice.max_ram_below_4g);
    g_assert_cmpint(advice.phys_bits, ==, c->advice.phys_bits);
}

/*
 * After the advice was followed no more advice is needed, unless it cannot
 * help
 */
static void test_advice_holds(void)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        const Case *c = &cases[i];
        g_autoptr(GArray) entries = entries_of(c);
        PCIWindowMemory memory =
            pci_window_memory(c->q35, c->ram, c->advice.max_ram_below_4g);
        unsigned bits = c->advice.phys_bits ?: c->bits;
        PCIWindowAdvice advice = pci_window_advise(&memory, bits, entries);

        g_assert_cmphex(advice.max_ram_below_4g, ==, 0);
        g_assert_cmpint(advice.phys_bits, ==, 0);
    }
}

static void test_memory(void)
{
    static const struct {
        bool q35;
        uint64_t ram, max, below;
    } splits[] = {
        { false, 128 * MiB, 0, 128 * MiB },
        { false, 3583 * MiB, 0, 3583 * MiB },
        { false, 3584 * MiB, 0, 3 * GiB },
        { false, 4 * GiB, 2 * GiB, 2 * GiB },
        { false, 3968 * MiB, 4 * GiB, 3968 * MiB },
        { false, 4 * GiB, 4 * GiB, 3 * GiB },
        { true, 2815 * MiB, 0, 2815 * MiB },
        { true, 2816 * MiB, 0, 2 * GiB },
        { true, 2 * GiB, 4 * GiB, 2 * GiB },
        { true, 8 * GiB, GiB, GiB },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(splits); i++) {
        PCIWindowMemory m = pci_window_memory(splits[i].q35, splits[i].ram,
                                              splits[i].max);

        g_assert_cmphex(m.below, ==, splits[i].below);
        g_assert_cmphex(m.below + m.above, ==, splits[i].ram);
    }
}

static void test_bridge(void)
{
    g_autoptr(GArray) inner = pci_window_entries_new();
    PCIWindowEntry bar, w;

    w = pci_window_bridge(inner, true, true, false);
    g_assert_cmphex(w.size, ==, 0);
    w = pci_window_bridge(inner, true, true, true);
    g_assert_cmphex(w.size, ==, 2 * MiB);

    bar = pci_window_bar(256 * MiB, true, true);
    bar.vga = true;
    g_array_append_val(inner, bar);
    bar = pci_window_bar(64 * KiB, true, true);
    g_array_append_val(inner, bar);
    bar = pci_window_bar(16, false, false);
    g_array_append_val(inner, bar);
    w = pci_window_bridge(inner, true, true, false);
    g_assert_cmphex(w.size, ==, 512 * MiB);
    g_assert_cmphex(w.align, ==, 256 * MiB);
    g_assert_true(w.is64 && w.pref && w.vga);
    g_assert_false(pci_window_bridge(inner, true, false, false).is64);
    w = pci_window_bridge(inner, false, true, false);
    g_assert_cmphex(w.size, ==, 2 * MiB);
    g_assert_false(w.is64 || w.vga);

    /* a 32-bit BAR leaves the window below 4 GiB as it is */
    bar = pci_window_bar(MiB, false, true);
    g_array_append_val(inner, bar);
    g_assert_false(pci_window_bridge(inner, true, true, false).is64);
}

static void test_cover(void)
{
    PCIWindowRange window = PCI_WINDOW_RANGE_EMPTY;
    PCIWindowRange low = { 0xe0080000, 0xe00fffff };
    PCIWindowRange high = { 0xe0300000, 0xe030000f };
    PCIWindowRange beside = { 0xe0400000, 0xe0ffffff };

    pci_window_cover(&window, &high);
    g_assert_cmphex(window.first, ==, 0xe0300000);
    g_assert_cmphex(window.last, ==, 0xe03fffff);
    g_assert_false(pci_window_meet(&window, &low));
    pci_window_cover(&window, &low);
    g_assert_cmphex(window.first, ==, 0xe0000000);
    g_assert_cmphex(window.last, ==, 0xe03fffff);
    g_assert_true(pci_window_meet(&window, &low));
    g_assert_true(pci_window_meet(&low, &window));
    g_assert_false(pci_window_meet(&window, &beside));
    g_assert_false(pci_window_meet(&beside, &window));
}

/*
 * 0xe0000000 to 0xefffffff is the last place; RAM and BARs may take the others
 */
static void test_ecam(void)
{
    g_autoptr(GArray) taken = g_array_new(false, false,
                                          sizeof(PCIWindowRange));
    PCIWindowRange range = { 0xe8000000, 0xe8000fff };

    g_assert_true(pci_window_has_ecam(0xe0000000, taken));
    g_assert_false(pci_window_has_ecam(0xe0000001, taken));
    g_array_append_val(taken, range);
    g_assert_false(pci_window_has_ecam(0xe0000000, taken));
    g_assert_false(pci_window_has_ecam(0xd8000000, taken));
    g_assert_true(pci_window_has_ecam(0xd0000000, taken));
    range = (PCIWindowRange) { 0xd0000000, 0xdfffffff };
    g_array_append_val(taken, range);
    g_assert_false(pci_window_has_ecam(0xd0000000, taken));
    g_assert_true(pci_window_has_ecam(0, taken));
}

static void test_split_below(void)
{
    g_assert_cmphex(pci_window_split_below(false, 0xc0000000), ==, 0xc0000000);
    g_assert_cmphex(pci_window_split_below(true, 0xc0000000), ==, 0xb0000000);
    g_assert_cmphex(pci_window_split_below(true, 0xcfffffff), ==, 0xb0000000);
    g_assert_cmphex(pci_window_split_below(false, 0x0fffffff), ==, 0);
    g_assert_cmphex(pci_window_split_below(true, 0x10000000), ==, 0);
}

/* Odd sizes do not hang it, and no place is given twice */
static void test_odd(void)
{
    static const uint64_t odd[] = {
        1, 4096, 1ULL << 52, 1ULL << 62, 1ULL << 63,
    };
    unsigned i, bits;
    uint64_t ram;

    for (i = 0; i < ARRAY_SIZE(odd); i++) {
        for (bits = 0; bits < 66; bits += 5) {
            for (ram = MiB; ram < 1ULL << 50; ram *= 8) {
                g_autoptr(GArray) entries = pci_window_entries_new();
                PCIWindowMemory m = pci_window_memory(i & 1, ram, 0);
                int n;

                for (n = 0; n < 4; n++) {
                    PCIWindowEntry e = pci_window_bar(odd[i], n & 1, n & 2);

                    g_array_append_val(entries, e);
                }
                pci_window_advise(&m, bits, entries);
            }
        }
    }
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = g_strdup_printf("/pci-window/case/%s",
                                                cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/pci-window/advice-holds", test_advice_holds);
    g_test_add_func("/pci-window/memory", test_memory);
    g_test_add_func("/pci-window/bridge", test_bridge);
    g_test_add_func("/pci-window/odd", test_odd);
    g_test_add_func("/pci-window/cover", test_cover);
    g_test_add_func("/pci-window/ecam", test_ecam);
    g_test_add_func("/pci-window/split-below", test_split_below);
    return g_test_run();
}
