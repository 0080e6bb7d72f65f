/*
 * The memory below 1 MiB as pc and q35 decode it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "pam-bench.h"

const Chipset chipsets[CHIPSETS] = {
    { "pc", 0x59, 0x72 },
    { "q35", 0x90, 0x9d },
};

/*
 * The machine
 */

void bench_start(Machine *m, const Chipset *chipset, const char *properties,
                 const char *options)
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

void bench_end(Machine *m)
{
    g_free(m->bridge);
    qpci_free_pc(m->bus);
    qtest_quit(m->qts);
}

uint64_t segment_base(unsigned segment)
{
    return segment ? BASE + (segment - 1) * 0x4000 : 0xf0000;
}

uint32_t segment_size(unsigned segment)
{
    return segment ? 0x4000 : 0x10000;
}

unsigned segment_at(uint64_t addr)
{
    return addr >= 0xf0000 ? 0 : 1 + (addr - BASE) / 0x4000;
}

void set_mode(Machine *m, unsigned segment, unsigned mode)
{
    uint8_t reg = m->chipset->pam + (segment + 1) / 2;
    unsigned shift = segment & 1 ? 0 : 4;
    uint8_t value = qpci_config_readb(m->bridge, reg);

    value = (value & ~(3 << shift)) | mode << shift;
    qpci_config_writeb(m->bridge, reg, value);
    m->mode[segment] = mode;
}

void set_modes(Machine *m, unsigned mode)
{
    unsigned i;

    for (i = 0; i < SEGMENTS; i++) {
        set_mode(m, i, mode);
    }
}

void set_smram(Machine *m, uint8_t value)
{
    qpci_config_writeb(m->bridge, m->chipset->smram, value);
}

uint8_t get_smram(Machine *m)
{
    return qpci_config_readb(m->bridge, m->chipset->smram);
}

void map_shmem(Machine *m, bool on)
{
    QPCIDevice *dev = qpci_device_find(m->bus, SHMEM_DEVFN);

    g_assert_nonnull(dev);
    qpci_config_writel(dev, SHMEM_BAR, BASE);
    qpci_config_writel(dev, SHMEM_BAR + 4, 0);
    qpci_config_writew(dev, PCI_COMMAND, on ? PCI_COMMAND_MEMORY : 0);
    g_free(dev);
}

uint64_t guest_read(Machine *m, uint64_t addr, unsigned size)
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

void guest_write(Machine *m, uint64_t addr, unsigned size, uint64_t value)
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

void bench_start_sides(Machine *m, const Chipset *chipset)
{
    bench_start(m, chipset, STRICT, SHMEM);
    map_shmem(m, true);
    fill_sides(m);
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

void check_access(Machine *m, uint64_t addr, unsigned size)
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

void check_sides(Machine *m)
{
    check_side(m, RE | WE, m->dram);
    check_side(m, 0, m->pci);
}
