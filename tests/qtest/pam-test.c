/*
 * PAM, SMRAM and the legacy hole of pc and q35, as on hardware
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PCI side is the BAR of ivshmem-plain, 256 KiB of RAM at 0xc0000, so both
 * sides of each segment can be written and read back.  A model of two arrays
 * and 13 modes says what each access has to do.
 *
 * If PAM_TEST_RELEASE is set in the environment, the machine gets none of the
 * properties, to show that QEMU fails without them.
 *
 * qtest does not see memory slots and translated code.
 */

#include "qemu/osdep.h"

#include "qobject/qdict.h"
#include "vfio-user-adapter.h"
#include "pam-bench.h"

/*
 * PAM
 */

static void check_segment(Machine *m, unsigned segment)
{
    uint64_t base = segment_base(segment);
    uint32_t length = segment_size(segment);
    unsigned mode, size;

    for (mode = 0; mode < 4; mode++) {
        set_mode(m, segment, mode);
        for (size = 1; size <= 8; size *= 2) {
            check_access(m, base, size);
            check_access(m, base + 0x1001, size);
            check_access(m, base + length / 2 - 1, size);
            check_access(m, base + length - size, size);
        }
    }
}

static void test_pam_matrix(gconstpointer data)
{
    Machine m;
    unsigned i;

    bench_start_sides(&m, data);
    for (i = 0; i < SEGMENTS; i++) {
        check_segment(&m, i);
    }
    check_sides(&m);
    bench_end(&m);
}

static void check_edge(Machine *m, uint64_t edge)
{
    unsigned size, before;

    for (size = 2; size <= 8; size *= 2) {
        for (before = 1; before < size; before++) {
            check_access(m, edge - before, size);
        }
    }
}

static void test_pam_edges(gconstpointer data)
{
    Machine m;
    unsigned modes;
    uint64_t edge;

    bench_start_sides(&m, data);
    for (edge = BASE + 0x4000; edge <= 0xf0000; edge += 0x4000) {
        for (modes = 0; modes < 16; modes++) {
            set_mode(&m, segment_at(edge - 1), modes & 3);
            set_mode(&m, segment_at(edge), modes >> 2);
            check_edge(&m, edge);
        }
    }
    check_sides(&m);
    bench_end(&m);
}

/* The same walk as a firmware's in the lab: 11, 11, 11, PCI, 33, PCI */
static void test_pam_walk(gconstpointer data)
{
    uint64_t addr = 0xd0000;
    Machine m;

    bench_start(&m, data, STRICT, "");
    set_mode(&m, segment_at(addr), RE | WE);
    qtest_writeb(m.qts, addr, 0x11);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x11);
    set_mode(&m, segment_at(addr), RE);
    qtest_writeb(m.qts, addr, 0x22);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x11);
    set_mode(&m, segment_at(addr), RE | WE);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x11);
    set_mode(&m, segment_at(addr), WE);
    qtest_writeb(m.qts, addr, 0x33);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0xff);    /* no device */
    set_mode(&m, segment_at(addr), RE | WE);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x33);
    set_mode(&m, segment_at(addr), 0);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0xff);
    bench_end(&m);
}

static void check_f_segment(Machine *m, const uint8_t *expected)
{
    g_autofree uint8_t *seen = g_malloc(0x10000);

    qtest_memread(m->qts, 0xf0000, seen, 0x10000);
    g_assert_cmpmem(seen, 0x10000, expected, 0x10000);
}

/* Firmware copies itself into the RAM below it and locks it. */
static void test_pam_shadow(gconstpointer data)
{
    g_autofree uint8_t *rom = g_malloc(0x10000);
    Machine m;

    bench_start(&m, data, STRICT, "");
    qtest_memread(m.qts, ROM_TOP, rom, 0x10000);
    set_mode(&m, 0, WE);
    check_f_segment(&m, rom);
    rom[0] = ~rom[0];
    qtest_memwrite(m.qts, 0xf0000, rom, 0x10000);
    rom[0] = ~rom[0];
    check_f_segment(&m, rom);
    set_mode(&m, 0, RE);
    rom[0] = ~rom[0];
    check_f_segment(&m, rom);
    qtest_memset(m.qts, 0xf0000, 0x55, 0x10000);
    check_f_segment(&m, rom);
    qtest_system_reset(m.qts);
    check_f_segment(&m, rom);
    bench_end(&m);
}

/* In mode 2 reads follow what is on the PCI side at the moment. */
static void test_pam_moving(gconstpointer data)
{
    g_autofree uint8_t *rom = g_malloc(0x10000);
    g_autofree uint8_t *bar = g_malloc(0x10000);
    Machine m;
    unsigned i;

    bench_start(&m, data, STRICT, SHMEM);
    qtest_memread(m.qts, ROM_TOP, rom, 0x10000);
    memset(bar, 0xa5, 0x10000);
    map_shmem(&m, true);
    qtest_memwrite(m.qts, 0xf0000, bar, 0x10000);
    map_shmem(&m, false);
    set_mode(&m, 0, WE);
    for (i = 0; i < 3; i++) {
        check_f_segment(&m, rom);
        map_shmem(&m, true);
        check_f_segment(&m, bar);
        map_shmem(&m, false);
    }
    check_f_segment(&m, rom);
    bench_end(&m);
}

/*
 * SMRAM and the legacy hole
 */

static void check_dram_at(Machine *m, uint64_t addr, bool dram)
{
    qtest_writeb(m->qts, addr, 0x5a);
    g_assert_cmphex(qtest_readb(m->qts, addr), ==, dram ? 0x5a : 0xff);
    qtest_writeb(m->qts, addr, 0xa5);
    g_assert_cmphex(qtest_readb(m->qts, addr), ==, dram ? 0xa5 : 0xff);
}

static void test_smram(gconstpointer data)
{
    Machine m;
    unsigned i;

    bench_start(&m, data, STRICT, "");
    for (i = 0; i < 8; i++) {
        uint8_t bits = (i & 1 ? D_OPEN : 0) | (i & 2 ? G_SMRAME : 0) |
                       (i & 4 ? D_CLS : 0);
        bool open = (bits & D_OPEN) && (bits & G_SMRAME);

        set_smram(&m, bits | 5);
        g_assert_cmphex(get_smram(&m), ==, bits | C_BASE_SEG);
        check_dram_at(&m, 0xa8000, open);
        check_dram_at(&m, 0xbffff, open);
    }
    bench_end(&m);
}

static void test_smram_lock(gconstpointer data)
{
    Machine m;

    bench_start(&m, data, STRICT, "");
    set_smram(&m, D_OPEN | G_SMRAME);
    check_dram_at(&m, 0xa8000, true);
    set_smram(&m, D_OPEN | G_SMRAME | D_LCK);
    g_assert_cmphex(get_smram(&m), ==, G_SMRAME | D_LCK | C_BASE_SEG);
    check_dram_at(&m, 0xa8000, false);
    set_smram(&m, D_OPEN | D_CLS);
    g_assert_cmphex(get_smram(&m), ==, D_CLS | G_SMRAME | D_LCK | C_BASE_SEG);
    check_dram_at(&m, 0xa8000, false);
    qtest_system_reset(m.qts);
    g_assert_cmphex(get_smram(&m), ==, C_BASE_SEG);
    set_smram(&m, D_OPEN | G_SMRAME);
    check_dram_at(&m, 0xa8000, true);
    bench_end(&m);
}

static void test_legacy_hole(gconstpointer data)
{
    Machine m;
    unsigned size;

    bench_start(&m, data, STRICT, "");
    for (size = 1; size <= 8; size *= 2) {
        uint64_t ones = UINT64_MAX >> (64 - 8 * size);

        guest_write(&m, 0xb8001, size, 0);
        g_assert_cmphex(guest_read(&m, 0xb8001, size), ==, ones);
        guest_write(&m, 0xa0000, size, 0);
        g_assert_cmphex(guest_read(&m, 0xa0000, size), ==, ones);
        /* The RAM for option ROMs; the machine has none of them */
        guest_write(&m, 0xc0001, size, 0);
        g_assert_cmphex(guest_read(&m, 0xc0001, size), ==, ones);
        g_assert_cmphex(guest_read(&m, 0xe0000 - size, size), ==, ones);
    }
    check_dram_at(&m, 0x9ffff, true);
    bench_end(&m);
}

/* A ROM that was put there by hand stays, even after a reset */
static void test_option_rom(gconstpointer data)
{
    static const char text[] = "ROM of the board";
    g_autofree char *name = NULL, *options = NULL;
    char seen[sizeof(text)];
    Machine m;
    unsigned i;

    close(g_file_open_tmp("pam-test-XXXXXX", &name, NULL));
    g_assert_true(g_file_set_contents(name, text, sizeof(text), NULL));
    options = g_strdup_printf("-device loader,file=%s,addr=0xd8000,"
                              "force-raw=on", name);
    bench_start(&m, data, STRICT, options);
    unlink(name);
    for (i = 0; i < 2; i++) {
        qtest_memread(m.qts, 0xd8000, seen, sizeof(seen));
        g_assert_cmpstr(seen, ==, text);
        g_assert_cmphex(qtest_readb(m.qts, 0xc0000), ==, 0);
        qtest_system_reset(m.qts);
    }
    bench_end(&m);
}

/* After reset a VGA does not read what was written: no plane is enabled. */
static void test_vga_window(gconstpointer data)
{
    static const char *const smm[] = { "smm=on", "smm=off" };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(smm); i++) {
        QTestState *qts = qtest_initf("-M %s,%s -vga none -device VGA",
                                      ((const Chipset *)data)->name, smm[i]);

        qtest_writeb(qts, 0xa0000, 0x5a);
        g_assert_cmphex(qtest_readb(qts, 0xa0000), !=, 0x5a);
        qtest_writeb(qts, 0x9ffff, 0x5a);
        g_assert_cmphex(qtest_readb(qts, 0x9ffff), ==, 0x5a);
        qtest_quit(qts);
    }
}

/* When it is on */

/*
 * Returns whether the machine behaves as the chipset does, for all three
 * parts.
 */
static bool is_strict(Machine *m)
{
    bool pam, hole, smram;

    set_mode(m, 5, RE | WE);
    qtest_writeb(m->qts, 0xd0000, 0x11);
    set_mode(m, 5, RE);
    qtest_writeb(m->qts, 0xd0000, 0x22);
    pam = qtest_readb(m->qts, 0xd0000) == 0x11;
    /* Looks where no adapter is: mode 0, beyond pc.rom and BIOS */
    set_smram(m, D_OPEN | G_SMRAME);
    qtest_writeb(m->qts, 0xa8000, 0x33);
    set_smram(m, D_OPEN);
    smram = qtest_readb(m->qts, 0xa8000) != 0x33;
    set_smram(m, 0);
    hole = qtest_readb(m->qts, 0xa8000) != 0x33;
    g_assert_cmpint(pam, ==, hole);
    g_assert_cmpint(pam, ==, smram);
    return pam;
}

static void plug(Machine *m, Adapter *adapter, bool x_vga)
{
    qtest_qmp_assert_success(m->qts,
        "{'execute': 'device_add', 'arguments': {"
        " 'driver': 'vfio-user-pci', 'id': 'card', 'bus': %s, 'x-vga': %i,"
        " 'socket': {'type': 'unix', 'path': %s}}}",
        g_str_equal(m->chipset->name, "pc") ? "pci.0" : "rp", x_vga,
        adapter_path(adapter));
}

static void check_plug(const Chipset *chipset, const char *properties,
                       bool x_vga, bool before, bool after)
{
    Adapter *adapter = adapter_new();
    Machine m;

    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       0xc0000);
    adapter_start(adapter);
    bench_start(&m, chipset, properties,
                  g_str_equal(chipset->name, "pc") ? "" :
                  "-device pcie-root-port,id=rp");
    g_assert_cmpint(is_strict(&m), ==, before);
    plug(&m, adapter, x_vga);
    g_assert_cmpint(is_strict(&m), ==, after);
    qtest_system_reset(m.qts);
    g_assert_cmpint(is_strict(&m), ==, after);
    bench_end(&m);
    adapter_free(adapter);
}

static void test_auto(gconstpointer data)
{
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return;
    }
    check_plug(data, "", false, false, false);
    check_plug(data, "", true, false, true);
    check_plug(data, STRICT, true, true, true);
    check_plug(data, "x-pam-strict=off,x-legacy-hole=off,x-smram-strict=off",
               true, false, false);
}

static void test_properties(gconstpointer data)
{
    QDict *response;
    Machine m;

    bench_start(&m, data, "", "");
    response = qtest_qmp(m.qts, "{'execute': 'qom-get', 'arguments': {"
                         " 'path': '/machine', 'property': 'x-pam-strict'}}");
    g_assert_cmpstr(qdict_get_str(response, "return"), ==, "auto");
    qobject_unref(response);
    response = qtest_qmp(m.qts, "{'execute': 'qom-set', 'arguments': {"
                         " 'path': '/machine', 'property': 'x-pam-strict',"
                         " 'value': 'on' }}");
    g_assert_true(qdict_haskey(response, "error"));
    qobject_unref(response);
    bench_end(&m);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*function)(gconstpointer chipset);
    } tests[] = {
        { "pam/matrix", test_pam_matrix },
        { "pam/edges", test_pam_edges },
        { "pam/walk", test_pam_walk },
        { "pam/shadow", test_pam_shadow },
        { "pam/moving", test_pam_moving },
        { "pam/dump", test_pam_dump },
        { "pam/dma", test_pam_dma },
#ifdef CONFIG_VHOST_NET_USER
        { "pam/vhost", test_pam_vhost },
#endif
        { "smram/bits", test_smram },
        { "smram/lock", test_smram_lock },
        { "legacy-hole", test_legacy_hole },
        { "option-rom", test_option_rom },
        { "vga-window", test_vga_window },
        { "auto", test_auto },
        { "properties", test_properties },
    };
    unsigned i, j;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < CHIPSETS; i++) {
        for (j = 0; j < ARRAY_SIZE(tests); j++) {
            g_autofree char *path = g_strdup_printf("/chipset/%s/%s",
                                                    chipsets[i].name,
                                                    tests[j].name);

            qtest_add_data_func(path, &chipsets[i], tests[j].function);
        }
    }
    return g_test_run();
}
