/*
 * PAM, SMRAM and the legacy hole of pc and q35, with what hardware does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PCI side is the BAR of ivshmem-plain, 256 KiB of RAM at 0xc0000: both
 * sides of each segment can be written and read back.  A model of two arrays
 * and 13 modes tells what each access has to do.
 *
 * With PAM_TEST_RELEASE set in the environment the machine gets none of the
 * properties, so that QEMU without them can be shown to fail.
 *
 * Memory slots and translated code are not seen by qtest.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "vfio-user-adapter.h"

#define BASE            0xc0000
#define SIZE            0x40000
#define SEGMENTS        13
#define RE              1
#define WE              2
#define STRICT          "x-pam-strict=on,x-legacy-hole=on,x-smram-strict=on"
#define SHMEM           "-object memory-backend-ram,id=shm,size=256K " \
                        "-device ivshmem-plain,memdev=shm,addr=5"
#define SHMEM_DEVFN     QPCI_DEVFN(5, 0)
#define SHMEM_BAR       0x18
#define ROM_TOP         0xffff0000      /* the firmware, for the F segment */

#define D_OPEN          0x40
#define D_CLS           0x20
#define D_LCK           0x10
#define G_SMRAME        0x08
#define C_BASE_SEG      0x02

typedef struct Chipset {
    const char *name;
    uint8_t pam, smram;         /* registers of device 0 */
} Chipset;

static const Chipset chipsets[] = {
    { "pc", 0x59, 0x72 },
    { "q35", 0x90, 0x9d },
};

typedef struct Machine {
    const Chipset *chipset;
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *bridge;
    /* the model */
    unsigned mode[SEGMENTS];
    uint8_t dram[SIZE], pci[SIZE];
} Machine;

/*
 * The machine
 */

static void machine_start(Machine *m, const Chipset *chipset,
                          const char *properties, const char *options)
{
    bool plain = getenv("PAM_TEST_RELEASE") || !*properties;

    memset(m, 0, sizeof(*m));
    m->chipset = chipset;
    m->qts = qtest_initf("-M %s%s%s -nodefaults -vga none %s", chipset->name,
                         plain ? "" : ",", plain ? "" : properties, options);
    m->bus = qpci_new_pc(m->qts, NULL);
    m->bridge = qpci_device_find(m->bus, 0);
    g_assert_nonnull(m->bridge);
}

static void machine_end(Machine *m)
{
    g_free(m->bridge);
    qpci_free_pc(m->bus);
    qtest_quit(m->qts);
}

/* Numbered as the registers are: 0 is the 64 KiB at 0xf0000 */
static uint64_t segment_base(unsigned segment)
{
    return segment ? BASE + (segment - 1) * 0x4000 : 0xf0000;
}

static uint32_t segment_size(unsigned segment)
{
    return segment ? 0x4000 : 0x10000;
}

static unsigned segment_at(uint64_t addr)
{
    return addr >= 0xf0000 ? 0 : 1 + (addr - BASE) / 0x4000;
}

static void set_mode(Machine *m, unsigned segment, unsigned mode)
{
    uint8_t reg = m->chipset->pam + (segment + 1) / 2;
    unsigned shift = segment & 1 ? 0 : 4;
    uint8_t value = qpci_config_readb(m->bridge, reg);

    value = (value & ~(3 << shift)) | mode << shift;
    qpci_config_writeb(m->bridge, reg, value);
    m->mode[segment] = mode;
}

static void set_modes(Machine *m, unsigned mode)
{
    unsigned i;

    for (i = 0; i < SEGMENTS; i++) {
        set_mode(m, i, mode);
    }
}

static void set_smram(Machine *m, uint8_t value)
{
    qpci_config_writeb(m->bridge, m->chipset->smram, value);
}

static uint8_t get_smram(Machine *m)
{
    return qpci_config_readb(m->bridge, m->chipset->smram);
}

/* The BAR of ivshmem-plain at 0xc0000 is decoded, or not. */
static void map_shmem(Machine *m, bool on)
{
    QPCIDevice *dev = qpci_device_find(m->bus, SHMEM_DEVFN);

    g_assert_nonnull(dev);
    qpci_config_writel(dev, SHMEM_BAR, BASE);
    qpci_config_writel(dev, SHMEM_BAR + 4, 0);
    qpci_config_writew(dev, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0);
    g_free(dev);
}

static uint64_t guest_read(Machine *m, uint64_t addr, unsigned size)
{
    switch (size) {
    case 1:
        return qtest_readb(m->qts, addr);
    case 2:
        return qtest_readw(m->qts, addr);
    case 4:
        return qtest_readl(m->qts, addr);
    default:
        return qtest_readq(m->qts, addr);
    }
}

static void guest_write(Machine *m, uint64_t addr, unsigned size,
                        uint64_t value)
{
    switch (size) {
    case 1:
        return qtest_writeb(m->qts, addr, value);
    case 2:
        return qtest_writew(m->qts, addr, value);
    case 4:
        return qtest_writel(m->qts, addr, value);
    default:
        return qtest_writeq(m->qts, addr, value);
    }
}

/*
 * The model
 */

static void fill_sides(Machine *m)
{
    unsigned i;

    for (i = 0; i < SIZE; i++) {
        m->dram[i] = 1 + i % 127;
        m->pci[i] = 128 + i % 125;
    }
    set_modes(m, RE | WE);
    qtest_memwrite(m->qts, BASE, m->dram, SIZE);
    set_modes(m, 0);
    qtest_memwrite(m->qts, BASE, m->pci, SIZE);
}

static uint64_t model_read(Machine *m, uint64_t addr, unsigned size)
{
    uint64_t value = 0;

    while (size--) {
        unsigned mode = m->mode[segment_at(addr + size)];
        uint8_t *side = mode & RE ? m->dram : m->pci;

        value = value << 8 | side[addr + size - BASE];
    }
    return value;
}

static void model_write(Machine *m, uint64_t addr, unsigned size,
                        uint64_t value)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        unsigned mode = m->mode[segment_at(addr + i)];
        uint8_t *side = mode & WE ? m->dram : m->pci;

        side[addr + i - BASE] = value >> 8 * i;
    }
}

static void check_access(Machine *m, uint64_t addr, unsigned size)
{
    static uint64_t value = 0x0123456789abcdef;

    g_assert_cmphex(guest_read(m, addr, size), ==, model_read(m, addr, size));
    value = value * 6364136223846793005u + 1442695040888963407u;
    guest_write(m, addr, size, value);
    model_write(m, addr, size, value);
    g_assert_cmphex(guest_read(m, addr, size), ==, model_read(m, addr, size));
}

static void check_side(Machine *m, unsigned mode, const uint8_t *expected)
{
    g_autofree uint8_t *seen = g_malloc(SIZE);

    set_modes(m, mode);
    qtest_memread(m->qts, BASE, seen, SIZE);
    g_assert_cmpmem(seen, SIZE, expected, SIZE);
}

static void check_sides(Machine *m)
{
    check_side(m, RE | WE, m->dram);
    check_side(m, 0, m->pci);
}

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

    machine_start(&m, data, STRICT, SHMEM);
    map_shmem(&m, true);
    fill_sides(&m);
    for (i = 0; i < SEGMENTS; i++) {
        check_segment(&m, i);
    }
    check_sides(&m);
    machine_end(&m);
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

    machine_start(&m, data, STRICT, SHMEM);
    map_shmem(&m, true);
    fill_sides(&m);
    for (edge = BASE + 0x4000; edge <= 0xf0000; edge += 0x4000) {
        for (modes = 0; modes < 16; modes++) {
            set_mode(&m, segment_at(edge - 1), modes & 3);
            set_mode(&m, segment_at(edge), modes >> 2);
            check_edge(&m, edge);
        }
    }
    check_sides(&m);
    machine_end(&m);
}

/* The walk that a firmware does in the lab: 11, 11, 11, PCI, 33, PCI */
static void test_pam_walk(gconstpointer data)
{
    uint64_t addr = 0xd0000;
    Machine m;

    machine_start(&m, data, STRICT, "");
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
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0);       /* pc.rom */
    set_mode(&m, segment_at(addr), RE | WE);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x33);
    set_mode(&m, segment_at(addr), 0);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0);
    machine_end(&m);
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

    machine_start(&m, data, STRICT, "");
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
    machine_end(&m);
}

/* In mode 2, what is seen follows what is on the PCI side now. */
static void test_pam_moving(gconstpointer data)
{
    g_autofree uint8_t *rom = g_malloc(0x10000);
    g_autofree uint8_t *bar = g_malloc(0x10000);
    Machine m;
    unsigned i;

    machine_start(&m, data, STRICT, SHMEM);
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
    machine_end(&m);
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

    machine_start(&m, data, STRICT, "");
    for (i = 0; i < 8; i++) {
        uint8_t bits = (i & 1 ? D_OPEN : 0) | (i & 2 ? G_SMRAME : 0) |
                       (i & 4 ? D_CLS : 0);
        bool open = (bits & D_OPEN) && (bits & G_SMRAME);

        set_smram(&m, bits | 5);
        g_assert_cmphex(get_smram(&m), ==, bits | C_BASE_SEG);
        check_dram_at(&m, 0xa8000, open);
        check_dram_at(&m, 0xbffff, open);
    }
    machine_end(&m);
}

static void test_smram_lock(gconstpointer data)
{
    Machine m;

    machine_start(&m, data, STRICT, "");
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
    machine_end(&m);
}

static void test_legacy_hole(gconstpointer data)
{
    Machine m;
    unsigned size;

    machine_start(&m, data, STRICT, "");
    for (size = 1; size <= 8; size *= 2) {
        uint64_t ones = UINT64_MAX >> (64 - 8 * size);

        guest_write(&m, 0xb8001, size, 0);
        g_assert_cmphex(guest_read(&m, 0xb8001, size), ==, ones);
        guest_write(&m, 0xa0000, size, 0);
        g_assert_cmphex(guest_read(&m, 0xa0000, size), ==, ones);
    }
    check_dram_at(&m, 0x9ffff, true);
    machine_end(&m);
}

/* What a VGA reads after reset is not what was written: no plane is enabled. */
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

/*
 * When
 */

/* Does the machine behave as the chipset does?  All three subjects agree. */
static bool is_strict(Machine *m)
{
    bool pam, hole, smram;

    set_mode(m, 5, RE | WE);
    qtest_writeb(m->qts, 0xd0000, 0x11);
    set_mode(m, 5, RE);
    qtest_writeb(m->qts, 0xd0000, 0x22);
    pam = qtest_readb(m->qts, 0xd0000) == 0x11;
    /* Looked at from where no adapter is: mode 0, beyond pc.rom and BIOS */
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
    machine_start(&m, chipset, properties,
                  g_str_equal(chipset->name, "pc") ? "" :
                  "-device pcie-root-port,id=rp");
    g_assert_cmpint(is_strict(&m), ==, before);
    plug(&m, adapter, x_vga);
    g_assert_cmpint(is_strict(&m), ==, after);
    qtest_system_reset(m.qts);
    g_assert_cmpint(is_strict(&m), ==, after);
    machine_end(&m);
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

    machine_start(&m, data, "", "");
    response = qtest_qmp(m.qts, "{'execute': 'qom-get', 'arguments': {"
                         " 'path': '/machine', 'property': 'x-pam-strict'}}");
    g_assert_cmpstr(qdict_get_str(response, "return"), ==, "auto");
    qobject_unref(response);
    response = qtest_qmp(m.qts, "{'execute': 'qom-set', 'arguments': {"
                         " 'path': '/machine', 'property': 'x-pam-strict',"
                         " 'value': 'on' }}");
    g_assert_true(qdict_haskey(response, "error"));
    qobject_unref(response);
    machine_end(&m);
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
        { "smram/bits", test_smram },
        { "smram/lock", test_smram_lock },
        { "legacy-hole", test_legacy_hole },
        { "vga-window", test_vga_window },
        { "auto", test_auto },
        { "properties", test_properties },
    };
    unsigned i, j;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(chipsets); i++) {
        for (j = 0; j < ARRAY_SIZE(tests); j++) {
            g_autofree char *path = g_strdup_printf("/chipset/%s/%s",
                                                    chipsets[i].name,
                                                    tests[j].name);

            qtest_add_data_func(path, &chipsets[i], tests[j].function);
        }
    }
    return g_test_run();
}
