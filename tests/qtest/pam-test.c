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

#include <elf.h>
#include <sys/socket.h>
#include <sys/un.h>

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
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0xff);    /* nothing */
    set_mode(&m, segment_at(addr), RE | WE);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0x33);
    set_mode(&m, segment_at(addr), 0);
    g_assert_cmphex(qtest_readb(m.qts, addr), ==, 0xff);
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
 * PAM: who reads the guest's memory by himself
 */

/* What a dump of the first MiB has of @size bytes at @addr, or NULL */
static uint8_t *dumped(Machine *m, uint64_t addr, uint64_t size)
{
    g_autofree char *name = NULL, *protocol = NULL, *dump = NULL;
    uint8_t *found = NULL;
    Elf64_Ehdr head;
    gsize length;
    unsigned i;
    int fd = g_file_open_tmp("pam-test-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    protocol = g_strdup_printf("file:%s", name);
    qtest_qmp_assert_success(m->qts,
        "{'execute': 'dump-guest-memory', 'arguments': {"
        " 'paging': false, 'protocol': %s, 'begin': 0, 'length': %d }}",
        protocol, BASE + SIZE);
    g_assert_true(g_file_get_contents(name, &dump, &length, NULL));
    unlink(name);
    memcpy(&head, dump, sizeof(head));
    for (i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr ph;

        memcpy(&ph, dump + head.e_phoff + i * sizeof(ph), sizeof(ph));
        if (ph.p_type == PT_LOAD && ph.p_paddr <= addr &&
            ph.p_paddr + ph.p_filesz >= addr + size) {
            g_assert_cmpint(ph.p_offset + ph.p_filesz, <=, length);
            found = g_memdup2(dump + ph.p_offset + (addr - ph.p_paddr), size);
        }
    }
    return found;
}

/* Where DRAM answers reads, a dump has it, BIOS area and all */
static void test_pam_dump(gconstpointer data)
{
    Machine m;
    unsigned i;

    machine_start(&m, data, STRICT, SHMEM);
    map_shmem(&m, true);
    fill_sides(&m);
    for (i = 0; i < SEGMENTS; i++) {
        uint64_t base = segment_base(i);
        uint32_t size = segment_size(i);
        g_autofree uint8_t *seen = NULL;

        set_modes(&m, i & 1 ? 0 : RE | WE);
        set_mode(&m, i, RE);
        seen = dumped(&m, base, size);
        g_assert_nonnull(seen);
        g_assert_cmpmem(seen, size, m.dram + (base - BASE), size);
    }
    set_modes(&m, RE);
    for (i = 0; i < 2; i++) {
        g_autofree uint8_t *seen = dumped(&m, BASE, SIZE);

        g_assert_cmpmem(seen, SIZE, m.dram, SIZE);
        set_modes(&m, RE | WE);
    }
    machine_end(&m);
}

/* Lines of the log which say that @size bytes at @addr were mapped */
static unsigned mapped(const char *log, uint64_t addr, uint64_t size,
                       bool writable)
{
    g_autofree char *line = g_strdup_printf("iova 0x%" PRIx64 " size 0x%" PRIx64
                                            " ", addr, size);
    g_autofree char *flags = g_strdup_printf(" flags 0x%x ", writable ? 3 : 1);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned n = 0, i;

    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        n += strstr(lines[i], line) && strstr(lines[i], flags);
    }
    return n;
}

/* An assigned device reads there as the processor does, and does not write */
static void test_pam_dma(gconstpointer data)
{
    g_autofree char *log = NULL, *options = NULL;
    const uint64_t addr = 0xd0000;
    Adapter *adapter;
    Machine m;
    int fd;

    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return;
    }
    fd = g_file_open_tmp("pam-test-XXXXXX", &log, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    adapter = adapter_new();
    adapter_start(adapter);
    options = g_strdup_printf("-trace vfio_user_dma_map -D %s "
        "-device '{\"driver\": \"vfio-user-pci\", \"socket\": "
        "{\"type\": \"unix\", \"path\": \"%s\"}}'", log,
        adapter_path(adapter));
    machine_start(&m, data, STRICT, options);
    set_modes(&m, RE | WE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 0);
    set_mode(&m, segment_at(addr), RE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 1);
    set_mode(&m, segment_at(addr), WE);
    set_mode(&m, segment_at(addr), RE);
    g_assert_cmpint(mapped(log, addr, 0x4000, false), ==, 2);
    g_assert_cmpint(mapped(log, addr, 0x4000, true), ==, 0);
    machine_end(&m);
    unlink(log);
    adapter_free(adapter);
}

#ifdef CONFIG_VHOST_NET_USER

/* As much of a vhost-user backend as makes QEMU tell it of memory */
static gpointer backend_thread(gpointer opaque)
{
    int fd = accept(GPOINTER_TO_INT(opaque), NULL, NULL);
    struct {
        uint32_t request, flags, size;
        uint8_t payload[4096];
    } message;
    const uint64_t features = 1ULL << 32;       /* VIRTIO_F_VERSION_1 */
    const size_t head = offsetof(typeof(message), payload);

    while (recv(fd, &message, head, MSG_WAITALL) == head) {
        g_assert_cmpint(message.size, <=, sizeof(message.payload));
        if (message.size) {
            recv(fd, message.payload, message.size, MSG_WAITALL);
        }
        if (message.request == 1) {             /* VHOST_USER_GET_FEATURES */
            message.flags = 5;                  /* version 1, a reply */
            message.size = sizeof(features);
            memcpy(message.payload, &features, sizeof(features));
            g_assert_cmpint(write(fd, &message, head + sizeof(features)), ==,
                            head + sizeof(features));
        }
    }
    close(fd);
    return NULL;
}

static int backend_listen(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (void *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/* vhost knows no read-only memory, but has to be able to read there */
static void test_pam_vhost(gconstpointer data)
{
    g_autofree char *dir = g_dir_make_tmp("pam-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    g_autofree char *log = g_build_filename(dir, "log", NULL);
    g_autofree char *options = g_strdup_printf(
        "-m 128M -object memory-backend-memfd,id=ram,size=128M "
        "-trace 'vhost_region_add_section*' -D %s "
        "-chardev socket,id=backend,path=%s "
        "-netdev vhost-user,id=net,chardev=backend", log, path);
    g_autofree char *text = NULL;
    GThread *thread;
    Machine m;
    int fd;

    fd = backend_listen(path);
    thread = g_thread_new("backend", backend_thread, GINT_TO_POINTER(fd));
    machine_start(&m, data, "x-pam-strict=on,memory-backend=ram", options);
    set_modes(&m, RE | WE);
    set_mode(&m, 0, RE);
    machine_end(&m);
    g_thread_join(thread);
    close(fd);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "pam-dram: 0xf0000"));
    /* and is no further region, of which a backend can have too many */
    g_assert_nonnull(strstr(text, "vhost_region_add_section_merge pam-dram"));
    unlink(log);
    unlink(path);
    rmdir(dir);
}

#endif

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
        /* The board's option ROMs, of which it has none */
        guest_write(&m, 0xc0001, size, 0);
        g_assert_cmphex(guest_read(&m, 0xc0001, size), ==, ones);
        g_assert_cmphex(guest_read(&m, 0xe0000 - size, size), ==, ones);
    }
    check_dram_at(&m, 0x9ffff, true);
    machine_end(&m);
}

/* A ROM that is put there by hand stays, also over a reset */
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
    machine_start(&m, data, STRICT, options);
    unlink(name);
    for (i = 0; i < 2; i++) {
        qtest_memread(m.qts, 0xd8000, seen, sizeof(seen));
        g_assert_cmpstr(seen, ==, text);
        g_assert_cmphex(qtest_readb(m.qts, 0xc0000), ==, 0);
        qtest_system_reset(m.qts);
    }
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
