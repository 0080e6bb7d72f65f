/*
 * Random accesses of a guest to an adapter with an engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * VGA_ENGINE_SEEDS=N in the environment is the number of seeds for each way,
 * VGA_ENGINE_ACCESSES=N the number of accesses for each seed, and
 * VGA_ENGINE_FIRST_SEED=N the first seed.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/cutils.h"
#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

static int mode;
static unsigned long accesses;

static uint32_t somewhere(unsigned size)
{
    /* except for the second processor's part of the windows of text and font */
    uint32_t end = modes[mode].size > 0x6000 ? 0x6000 : modes[mode].size;
    uint32_t at = machine_random(3) ? machine_random(600)
                                    : machine_random(end - 16 - size);

    if (mode == MODE_FONT && at + size > 0x1f80 && at < 0x2000) {
        at -= 0x100;
    }
    return modes[mode].base + at;
}

static unsigned some_size(void)
{
    return 1 << machine_random(3);
}

static uint32_t some_value(void)
{
    return machine_random(0x7fffffff);
}

static void set_mode(int next)
{
    if (machine_random(3)) {
        guest_in(0x3da);
    }
    mode_set(next, machine_random(2));
    mode = next;
}

/* Each step does one of these, with a probability by its weight */

static void do_run(void)
{
    uint32_t addr = somewhere(300);
    unsigned size = some_size();
    int i;

    for (i = machine_random(40); i > 0; i--, addr += size) {
        guest_write(addr, some_value(), size);
    }
}

/* Write where no device decodes, which the engine does not know */
static void do_write_elsewhere(void)
{
    int i;

    for (i = machine_random(60); mode == MODE_TEXT && i > 0; i--) {
        guest_write(0xa0000 + machine_random(0x1000), some_value(), 1);
    }
}

static void do_write(void)
{
    int i;

    for (i = machine_random(10); i > 0; i--) {
        guest_write(somewhere(4), some_value(), some_size());
    }
}

static void do_read(void)
{
    int i;

    for (i = machine_random(8); i > 0; i--) {
        guest_read(somewhere(4), some_size());
    }
}

static void do_colors(void)
{
    int i;

    if (machine.options.other) {
        return; /* the latches are set by this */
    }
    if (!machine_random(8)) {
        guest_out(0x3c8, machine_random(0x10000), 2);
        guest_out(0x3c8, machine_random(256), 1);
    } else {
        guest_out(0x3c8, machine_random(256), 1);
    }
    for (i = machine_random(60); i > 0; i--) {
        guest_out(0x3c9, machine_random(64), 1);
    }
}

static void do_cursor(void)
{
    guest_set(0x3d4, 0x0c + machine_random(4), machine_random(256),
              machine_random(2));
}

static void do_status(void)
{
    guest_in(0x3da);
    if (!machine_random(4)) {
        guest_in(0x3c4);
        guest_in(0x3cc);
    }
}

static void do_mode(void)
{
    set_mode(machine_random(MODE__MAX));
}

static void do_bar_read(void)
{
    switch (machine_random(4)) {
    case 0:
        guest_read_bar(CARD_IO_BAR, CARD_IO_PROBE);
        break;
    case 1:
        guest_read_bar(CARD_MMIO_BAR, 0x3cc - 0x3b0);
        break;
    default:
        guest_read_bar(CARD_MEMORY_BAR, machine_random(2400));
    }
}

static void do_bar_write(void)
{
    int i;

    switch (machine_random(16)) {
    case 0:
        guest_write_bar(CARD_IO_BAR, 0, CARD_IO_BANK);
        guest_write_bar(CARD_IO_BAR, 4, machine_random(2));
        break;
    case 1: /* by the mirror of the ports */
        guest_write_bar(CARD_MMIO_BAR, 0x3d4 - 0x3b0, CARD_CR_BANK);
        guest_write_bar(CARD_MMIO_BAR, 0x3d5 - 0x3b0, machine_random(2));
        break;
    case 2 ... 5:
        for (i = machine_random(8); i > 0; i--) {
            guest_write_bar(CARD_MEMORY_BAR, machine_random(2400),
                            machine_random(256));
        }
        break;
    }
}

static void do_time(void)
{
    int i;

    for (i = machine_random(4); i > 0; i--) {
        machine_pass(machine_random(4) ? machine_random(12 * MS)
                                       : machine_random(1500 * MS));
    }
}

static void do_master(void)
{
    int i;

    if (machine_random(8)) {
        return;
    }
    guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER,
                       2 << machine_random(2));
    for (i = machine_random(20); i > 0; i--) {
        guest_write(somewhere(4), some_value(), some_size());
    }
    guest_write_config(PCI_COMMAND, IO_MEM, machine_random(2) ? 1 : 2);
    if (machine_random(2)) {
        set_mode(mode);
    }
}

/* Writes of any size to config registers, some of which reset the adapter */
static void do_config(void)
{
    static const struct {
        uint32_t addr, size, value;
    } writes[] = {
        { CARD_EXP + PCI_EXP_DEVCTL + 1, 1, 0x80 },
        { CARD_EXP + PCI_EXP_DEVCTL, 2, 0x8010 },
        { CARD_EXP + PCI_EXP_DEVCTL, 4, 0x8010 },
        { CARD_AF + PCI_AF_CTRL, 1, 1 },
        { CARD_AF, 4, 0 },
        { CARD_EXP + PCI_EXP_DEVCTL, 4, 0x0f10 },
        { CARD_PM + PCI_PM_CTRL + 1, 1, 0x81 },
        { CARD_MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee00000 },
        { PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8 },
        { PCI_COMMAND, 4, IO_MEM },
        { CARD_CONFIG_BANK, 1, 1 },
        { CARD_CONFIG_BANK, 4, 0 },
    };
    int i = machine_random(ARRAY_SIZE(writes));

    if (machine_random(4)) {
        guest_read_config(CARD_CONFIG_PROBE);
        guest_read_rom();
        return;
    }
    guest_write_config(writes[i].addr, writes[i].value, writes[i].size);
    do_write();
    if (machine_random(4)) {
        set_mode(machine_random(MODE__MAX));
    }
}

static void do_power(void)
{
    if (machine_random(8)) {
        return;
    }
    guest_write_config(CARD_PM + PCI_PM_CTRL, 3, 1 << machine_random(3));
    machine_pass(machine_random(20 * MS));
    guest_write_config(CARD_PM + PCI_PM_CTRL, 0, 1 << machine_random(3));
    if (machine_random(2)) {
        do_write();
    }
    set_mode(machine_random(MODE__MAX));
}

static void do_decode(void)
{
    if (!machine_random(8)) {
        guest_write_config(PCI_COMMAND, PCI_COMMAND_IO, 2);
        machine_pass(machine_random(100000));
        guest_write_config(PCI_COMMAND, IO_MEM, 2);
    }
}

static void do_pause(void)
{
    if (!machine_random(8)) {
        machine_pause(true);
        machine_pause(false);
    }
}

static void do_reset(void)
{
    if (!machine_random(16)) {
        machine_reset();
        set_mode(machine_random(MODE__MAX));
    }
}

/* Use the latches, loaded in the mode that uses them */
static void do_latched(void)
{
    bool copy = machine_random(2);
    int i;

    if (mode != MODE_PLANAR) {
        return;
    }
    guest_set(0x3ce, copy ? 5 : 8, copy ? 1 : machine_random(256), true);
    for (i = 1 + machine_random(20); i > 0; i--) {
        uint32_t addr = somewhere(4);

        guest_read(addr, 1);
        guest_write(copy ? somewhere(4) : addr, machine_random(256), 1);
    }
    guest_set(0x3ce, copy ? 5 : 8, copy ? 0 : 0xff, true);
}

/* Read and write each byte, with any values of the registers */
static void do_draw(void)
{
    uint32_t addr;
    int i;

    if (mode != MODE_PLANAR) {
        return;
    }
    for (i = machine_random(4); i > 0; i--) {
        static const uint8_t registers[] = { 0, 1, 2, 3, 4, 5, 7, 8 };
        int index = registers[machine_random(ARRAY_SIZE(registers))];

        guest_set(0x3ce, index, machine_random(256) & (index == 5 ? 0x0b
                                                                  : 0xff),
                  machine_random(2));
    }
    addr = somewhere(80);
    guest_read(addr, 1); /* or latches are lost if a copy was mapped */
    for (i = machine_random(80); i > 0; i--) {
        unsigned size = machine_random(20) ? 1 : 2;

        guest_read(addr, size);
        guest_write(addr, some_value(), size);
        addr += machine_random(8) ? 1 : 0;
    }
    if (machine_random(2)) {
        set_mode(mode);
    }
}

static void do_planes(void)
{
    if (mode == MODE_PLANAR) {
        guest_set(0x3c4, 2, machine_random(16), machine_random(2));
    } else {
        guest_set(0x3c4, 1, machine_random(2), machine_random(2));
    }
}

static void do_bank(void)
{
    if (!machine_random(6)) {
        guest_set(0x3d4, CARD_CR_BANK, machine_random(2), machine_random(2));
    }
}

static void do_check(void)
{
    if (!machine_random(20)) {
        machine_check();
    }
}

static const struct {
    void (*call)(void);
    unsigned weight;
} things[] = {
    { do_run, 6 }, { do_write, 3 }, { do_read, 3 },
    { do_write_elsewhere, 1 }, { do_colors, 1 },
    { do_cursor, 1 }, { do_status, 2 }, { do_mode, 1 }, { do_bar_read, 1 },
    { do_bar_write, 1 }, { do_time, 1 }, { do_master, 1 }, { do_config, 1 },
    { do_power, 1 }, { do_decode, 1 }, { do_pause, 1 }, { do_reset, 1 },
    { do_latched, 2 }, { do_draw, 4 }, { do_planes, 2 }, { do_bank, 1 },
    { do_check, 1 },
};

static void do_something(void)
{
    unsigned total = 0, pick;
    int i;

    for (i = 0; i < ARRAY_SIZE(things); i++) {
        total += things[i].weight;
    }
    pick = machine_random(total);
    for (i = 0; pick >= things[i].weight; i++) {
        pick -= things[i].weight;
    }
    things[i].call();
}

static unsigned long from_environment(const char *name, unsigned long standard)
{
    const char *text = getenv(name);
    unsigned long value = standard;

    g_assert_cmpint(text ? qemu_strtoul(text, NULL, 0, &value) : 0, ==, 0);
    return value;
}

static void test_random(const void *opaque)
{
    const MachineOptions *options = opaque;
    unsigned long seed = from_environment("VGA_ENGINE_FIRST_SEED", 1);
    unsigned long end = seed + from_environment("VGA_ENGINE_SEEDS", 2);
    unsigned others = 0;
    uint64_t planes = 0;

    accesses = from_environment("VGA_ENGINE_ACCESSES", 20000);
    for (; seed < end; seed++) {
        g_test_message("seed %lu", seed);
        machine_start(*options);
        machine.random = seed * 0x9e3779b97f4a7c15 + 1;
        mode = MODE_TEXT;
        set_mode(mode);
        while (machine_noted() < accesses) {
            do_something();
        }
        machine_check();
        others += machine.others;
        planes += machine_stats().planes_begins;
        machine_stop();
    }
    g_assert_cmpint(!others, ==, !options->other);
    g_assert_cmpint(!planes, ==, options->chain4);
    g_test_message("%" PRIu64 " copies of the planes", planes);
}

void random_add_tests(void)
{
    static const struct {
        const char *path;
        MachineOptions options;
    } ways[] = {
        { "plain", { } },
        { "exact", { .no_ram = true } },
        { "chain4", { .chain4 = true } },
        { "quirks", { .quirks = true } },
        { "mapped-bars", { .mmap = true } },
        { "mapped-bars-chain4", { .mmap = true, .chain4 = true } },
        { "mapped-bars-tcg", { .mmap = true, .tcg = true } },
        { "two-vcpus", { .other = true } },
        { "two-vcpus-exact", { .other = true, .no_ram = true } },
        { "two-vcpus-quirks", { .other = true, .quirks = true } },
        { "two-vcpus-mapped-bars", { .other = true, .mmap = true } },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(ways); i++) {
        g_autofree char *path = g_strdup_printf("/vga-engine/random/%s",
                                                ways[i].path);

        g_test_add_data_func(path, &ways[i].options, test_random);
    }
}
