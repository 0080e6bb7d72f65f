/*
 * That no write of a guest to an assigned VGA adapter is lost or overtaken
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The engine is the real one, with what is beside it in hw/vfio; around it is
 * vga-engine-machine.c.  Each access is made to a second adapter directly, and
 * what the guest reads, and in the end all of both adapters, has to be equal.
 * Here are the cases that have a name; vga-engine-random.c has the rest.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio/vga-regs.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

#define TEXT 0xb8000
#define IO_MEM (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)
#define SCREEN 2000

const Mode modes[MODE__MAX] = {
    [MODE_TEXT] = {
        0xb8000, 0x8000, 0x67, { 3, 0, 3, 0, 2 }, 0x1f, 0xa3,
        { 0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff }
    },
    [MODE_FONT] = {
        0xa0000, 0x2400, 0x67, { 3, 0, 4, 0, 7 }, 0x1f, 0xa3,
        { 0, 0, 0, 0, 2, 0, 0x04, 0x0f, 0xff }
    },
    [MODE_PLANAR] = {
        0xa0000, 0x10000, 0xe3, { 3, 1, 0x0f, 0, 6 }, 0x00, 0xe3,
        { 0, 0, 0, 0, 0, 0, 0x05, 0x0f, 0xff }
    },
    [MODE_13H] = {
        0xa0000, 0x10000, 0x63, { 3, 1, 0x0f, 0, 0x0e }, 0x40, 0xa3,
        { 0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff }
    },
    [MODE_MONO] = {
        0xb0000, 0x8000, 0x67, { 3, 0, 3, 0, 2 }, 0x0d, 0xa3,
        { 0, 0, 0, 0, 0, 0x10, 0x0a, 0x00, 0xff }
    },
};

void mode_set(int mode, bool wide)
{
    const Mode *m = &modes[mode];
    int i;

    guest_out(0x3c2, m->misc, 1);
    guest_set(0x3c4, 0, 1, wide);
    for (i = 1; i < ARRAY_SIZE(m->sr); i++) {
        guest_set(0x3c4, i, m->sr[i], wide);
    }
    guest_set(0x3c4, 0, 3, wide);
    guest_set(0x3d4, 0x14, m->cr14, wide);
    guest_set(0x3d4, 0x17, m->cr17, wide);
    for (i = 0; i < ARRAY_SIZE(m->gr); i++) {
        guest_set(0x3ce, i, m->gr[i], wide);
    }
}

void text_write(unsigned at, unsigned count)
{
    for (; count; at++, count--) {
        guest_write(TEXT + 2 * at, 0x0700 | machine_random(256), 2);
    }
}

void text_start(MachineOptions options)
{
    machine_start(options);
    mode_set(MODE_TEXT, false);
    text_write(0, SCREEN);
    g_assert_cmpint(machine_copy_mapped(), ==, !options.no_ram && !options.tcg);
    machine_check();
}

/* Posting begins after so many writes that may be */
static void post_memory(unsigned count)
{
    int i;

    for (i = 0; i < count; i++) {
        guest_write(0xa0000 + i, 0x50 + i, 1);
    }
}

static void post_colors(unsigned count)
{
    int i;

    guest_out(0x3c8, 0, 1);
    for (i = 0; i < count; i++) {
        guest_out(0x3c9, i & 63, 1);
    }
}

static bool is_posted(void)
{
    return !QTAILQ_EMPTY(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem
                         .coalesced);
}

static void graphics_start(MachineOptions options)
{
    machine_start(options);
    mode_set(MODE_PLANAR, true);
    post_memory(64);
    g_assert_true(is_posted());
}

/*
 * What is posted, and who comes behind it
 */

/* What the guest reads there is the byte at CARD_PROBE, of 40h that come */
static void write_probe(uint8_t value)
{
    int i;

    for (i = 0; i < 64; i++) {
        guest_write(0xa0000 + CARD_PROBE - 32 + i, value + i, 1);
    }
}

static void test_ring_bar(const void *opaque)
{
    const MachineOptions *options = opaque;
    int i;

    graphics_start(*options);
    for (i = 0; i < 3; i++) {
        write_probe(0x10 * i);
        guest_read_bar(CARD_IO_BAR, CARD_IO_PROBE);
        write_probe(0x10 * i + 5);
        guest_write_bar(CARD_IO_BAR, 0, CARD_IO_BANK);
        machine_compare("I/O BAR written");
        write_probe(0x10 * i + 7);
        guest_read_bar(CARD_MEMORY_BAR, 4 * CARD_PROBE);
        write_probe(0x10 * i + 9);
        guest_write_bar(CARD_MEMORY_BAR, 4 * CARD_PROBE, 0x99);
        machine_compare("memory BAR written");
    }
    machine_stop();
}

static void test_ring_palette(const void *opaque)
{
    const MachineOptions *options = opaque;

    graphics_start(*options);
    post_colors(96);
    guest_read_bar(CARD_IO_BAR, CARD_IO_PROBE);
    machine_compare("I/O BAR read");
    post_colors(96);
    guest_write_bar(CARD_MEMORY_BAR, 0, 1);
    machine_compare("memory BAR written");
    machine_stop();
}

static void test_ring_config(void)
{
    graphics_start((MachineOptions) { });
    write_probe(0x40);
    guest_read_config(CARD_CONFIG_PROBE);
    write_probe(0x50);
    guest_read_rom();
    write_probe(0x60);
    guest_write_config(CARD_CONFIG_BANK, 1, 1);
    write_probe(0x70);
    guest_write_config(CARD_CONFIG_BANK, 0, 4);
    machine_check();
    machine_stop();
}

/* A write to a port that has a region of its own moves what was posted */
static void test_quirk_crtc(void)
{
    int i;

    graphics_start((MachineOptions) { .quirks = true });
    for (i = 0; i < 3; i++) {
        write_probe(0x10 * i);
        guest_set(0x3d4, CARD_CR_BANK, 1, i & 1);
        write_probe(0x10 * i + 3);
        guest_set(0x3d4, CARD_CR_BANK, 0, i & 1);
        machine_compare("bank set");
        post_colors(96);
        guest_in(0x3d5);
        machine_compare("CRTC read");
    }
    machine_stop();
}

static void test_quirk_misc(void)
{
    graphics_start((MachineOptions) { .quirks = true });
    write_probe(0x20);
    guest_out(0x3c2, 0xe1, 1); /* the adapter decodes no memory */
    machine_compare("memory off");
    guest_out(0x3c2, 0xe3, 1);
    post_memory(64);
    post_colors(96);
    guest_in(0x3c3);
    machine_compare("port read");
    machine_stop();
}

/* The second processor fills the ring while the first ends posting */
static void test_two_vcpus(const void *opaque)
{
    const MachineOptions *options = opaque;
    int i;

    text_start(*options);
    for (i = 0; i < 200; i++) {
        text_write(machine_random(1000), 40);
        mode_set(MODE_PLANAR, true);
        post_memory(40);
        mode_set(MODE_TEXT, i & 1);
        text_write(machine_random(1000), 100);
        guest_read_bar(CARD_MEMORY_BAR, 4 * machine_random(600));
        machine_pass(15 * MS);
        text_write(machine_random(1000), 20);
        guest_read(0xa0000, 1);
        text_write(machine_random(1000), 300);
        post_memory(40); /* which is decoded by nobody now */
        machine_pass(i % 3 * 1200 * MS);
        mode_set(MODE_FONT, true);
        post_memory(1000);
        guest_read_config(CARD_CONFIG_PROBE);
        post_memory(100);
        machine_pass(i * 10 * MS);
        mode_set(MODE_TEXT, i & 1);
        text_write(machine_random(1000), 40);
    }
    machine_check();
    g_assert_cmpint(machine.others, >, 100);
    machine_stop();
}

/* A color in one access of 16 bits: nobody knows what it does everywhere */
static void test_wide_color(void)
{
    int i;

    text_start((MachineOptions) { });
    post_colors(96);
    g_assert_true(machine_copy_mapped());
    guest_out(0x3c8, 0x2105, 2);
    for (i = 0; i < 8; i++) {
        guest_out(0x3c9, i, 1);
    }
    guest_in(0x3da);
    g_assert_false(machine_copy_mapped());
    machine_compare("16 bits to 3c8");
    machine_stop();
}

/*
 * Config space
 */

typedef struct ConfigWrite {
    const char *path;
    uint32_t addr, size, value;
    bool harmless; /* nothing of it concerns VGA, and the copy stays */
} ConfigWrite;

static const ConfigWrite config_writes[] = {
    { "flr-byte", CARD_EXP + PCI_EXP_DEVCTL + 1, 1, 0x80, false },
    { "flr-word", CARD_EXP + PCI_EXP_DEVCTL, 2, 0x8010, false },
    { "flr-dword", CARD_EXP + PCI_EXP_DEVCTL, 4, 0x000f8010, false },
    { "flr-af", CARD_AF + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, false },
    { "flr-af-word", CARD_AF + PCI_AF_CTRL, 2, PCI_AF_CTRL_FLR, false },
    { "d3-byte", CARD_PM + PCI_PM_CTRL, 1, 3, false },
    { "d3-word", CARD_PM + PCI_PM_CTRL, 2, 3, false },
    { "d3-dword", CARD_PM + PCI_PM_CTRL, 4, 3, false },
    { "bist", PCI_BIST, 1, PCI_BIST_START, false },
    { "bist-dword", PCI_CACHE_LINE_SIZE, 4, PCI_BIST_START << 24, false },
    { "bank", CARD_CONFIG_BANK, 1, 1, false },
    { "master-dword", PCI_COMMAND, 4, IO_MEM | PCI_COMMAND_MASTER, false },
    { "master-byte", PCI_COMMAND, 1, IO_MEM | PCI_COMMAND_MASTER, false },
    { "memory-off", PCI_COMMAND, 4, PCI_COMMAND_IO, false },
    { "behind-msi", CARD_MSI + 14, 1, 1, false },
    { "no-flr", CARD_EXP + PCI_EXP_DEVCTL, 4, 0x000f7f10, true },
    { "no-flr-byte", CARD_EXP + PCI_EXP_DEVCTL, 1, 0x80, true },
    { "d0", CARD_PM + PCI_PM_CTRL, 2, 0x8100, true },
    { "pme-byte", CARD_PM + PCI_PM_CTRL + 1, 1, 0x83, true },
    { "intx-byte", PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8, true },
    { "intx", PCI_COMMAND, 2, IO_MEM | PCI_COMMAND_INTX_DISABLE, true },
    { "address", PCI_BASE_ADDRESS_0, 4, 0xe0000000, true },
    { "msi", CARD_MSI + PCI_MSI_DATA_64, 2, 0x4041, true },
};

static void test_config(const void *opaque)
{
    const ConfigWrite *w = opaque;
    int i;

    text_start((MachineOptions) { });
    text_write(0, 80);
    guest_write_config(w->addr, w->value, w->size);
    g_assert_cmpint(machine_copy_mapped(), ==, w->harmless);
    machine_compare("written");

    /* Writes before the next POST are gone, and those after it exist */
    guest_write_config(CARD_PM + PCI_PM_CTRL, 0, 2);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(100, 80);
    for (i = 0; i < 2; i++) {
        mode_set(MODE_TEXT, i);
        text_write(0, SCREEN);
    }
    machine_check();
    machine_stop();
}

/* An MSI capability of version 1 of PCI Express is 14h long, not 3ch */
static void test_config_express_1(void)
{
    text_start((MachineOptions) { });
    pci_set_word(PCI_DEVICE(machine.vdev)->config + CARD_EXP + PCI_EXP_FLAGS,
                 1);
    guest_write_config(CARD_EXP + PCI_EXP_VER1_SIZEOF - 4, 0, 4);
    g_assert_true(machine_copy_mapped());
    guest_write_config(CARD_EXP + PCI_EXP_VER1_SIZEOF, 0, 4);
    g_assert_false(machine_copy_mapped());
    machine_stop();
}

/* Until a driver lets go of it: by what nobody saw, it may be in any state */
static void test_config_driver(void)
{
    text_start((MachineOptions) { .mmap = true });
    guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER, 2);
    g_assert_true(machine_bars_mapped());
    mode_set(MODE_TEXT, false);
    /* by a mapped BAR: graphics */
    guest_write_bar(CARD_MMIO_BAR, 0x3ce - 0x3b0, 6);
    guest_write_bar(CARD_MMIO_BAR, 0x3cf - 0x3b0, 5);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(0, 100);
    machine_pass(2000 * MS);
    text_write(0, 100);
    g_assert_false(machine_copy_mapped());
    machine_check();
    machine_stop();
}

static void test_config_driver_unmapped(void)
{
    text_start((MachineOptions) { });
    guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER, 2);
    mode_set(MODE_TEXT, false);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(0, 100);
    g_assert_false(machine_copy_mapped());
    machine_check();
    machine_stop();
}

/*
 * BARs that can be mapped
 */

static void test_mapped_bar(void)
{
    int i;

    text_start((MachineOptions) { .mmap = true });
    g_assert_false(machine_bars_mapped());
    g_assert_cmpint(machine.slots, ==, 1); /* the copy */
    text_write(0, 80);
    guest_read_bar(CARD_MEMORY_BAR, 4 * 0);
    g_assert_true(machine_bars_mapped());
    g_assert_false(machine_copy_mapped());
    g_assert_cmpint(machine_stats().bar_changes, ==, 1);

    /* Now nothing is kept, and the BAR shows it at once */
    for (i = 0; i < 10; i++) {
        text_write(i, 1);
        machine_compare("BARs mapped");
        guest_write_bar(CARD_MEMORY_BAR, 8 * i, 0x41);
        guest_read(TEXT + 2 * i, 2);
    }
    machine_check();
    machine_stop();
}

static void test_mapped_bar_write(void)
{
    graphics_start((MachineOptions) { .mmap = true });
    write_probe(0x10);
    guest_write_bar(CARD_MEMORY_BAR, 4 * CARD_PROBE, 0x99);
    g_assert_true(machine_bars_mapped());
    g_assert_false(is_posted());
    machine_compare("BARs mapped");
    post_memory(8);
    machine_compare("not kept");
    machine_stop();
}

/* Many legacy accesses trap them again; registers may have changed meanwhile */
static void test_mapped_bar_back(void)
{
    text_start((MachineOptions) { .mmap = true });
    guest_read_bar(CARD_MEMORY_BAR, 0);
    mode_set(MODE_TEXT, false);
    guest_write_bar(CARD_MMIO_BAR, 0x3d4 - 0x3b0, CARD_CR_BANK);
    guest_write_bar(CARD_MMIO_BAR, 0x3d5 - 0x3b0, 1);
    machine_pass(100 * MS);
    text_write(0, VFIO_VGA_BARS_HEAT - 1);
    g_assert_true(machine_bars_mapped());
    text_write(0, 100);
    g_assert_false(machine_bars_mapped());
    g_assert_false(machine_copy_mapped());
    guest_read(TEXT, 2);
    mode_set(MODE_TEXT, false);
    text_write(0, SCREEN);
    g_assert_true(machine_copy_mapped());
    machine_check();
    machine_stop();
}

/* Legacy accesses and a BAR in turn, for a minute: 60 frames a second */
static void test_mapped_bar_in_turn(void)
{
    int frame, i;

    machine_start((MachineOptions) { .mmap = true });
    mode_set(MODE_PLANAR, true);
    for (frame = 0; frame < 60 * 60; frame++) {
        post_colors(768);
        for (i = 0; i < 10; i++) {
            guest_write_bar(CARD_MEMORY_BAR, machine_random(1000), frame);
        }
        machine_pass(16 * MS);
    }
    g_test_message("%u changes of the memory map in a minute", machine.slots);
    g_assert_cmpint(machine_stats().bar_changes, <=, 32);
    machine_check();
    machine_stop();
}

/* What two users of the same mapping do to each other */
static void test_mapped_bar_intx(void)
{
    text_start((MachineOptions) { .mmap = true });
    g_assert_false(machine_bars_mapped());
    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, true);
    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, false);
    g_assert_false(machine_bars_mapped());

    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, true);
    guest_read_bar(CARD_MEMORY_BAR, 0);
    g_assert_false(machine_bars_mapped());
    text_write(0, 4);
    machine_compare("trapped for INTx alone");
    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, false);
    g_assert_true(machine_bars_mapped());

    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, true);
    g_assert_false(machine_bars_mapped());
    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, true);
    vfio_bars_trap(machine.vdev, VFIO_BARS_TRAP_INTX, false);
    g_assert_true(machine_bars_mapped());
    machine_stop();
}

static void test_mapped_bar_reset(void)
{
    text_start((MachineOptions) { .mmap = true });
    guest_read_bar(CARD_MEMORY_BAR, 0);
    g_assert_true(machine_bars_mapped());
    machine_reset();
    g_assert_false(machine_bars_mapped());
    mode_set(MODE_TEXT, false);
    text_write(0, SCREEN);
    g_assert_true(machine_copy_mapped());
    machine_check();
    machine_stop();
}

/* With TCG they are given once, and taken back by a reset only */
static void test_mapped_bar_tcg(void)
{
    text_start((MachineOptions) { .mmap = true, .tcg = true });
    g_assert_false(machine_bars_mapped());
    guest_read_bar(CARD_MEMORY_BAR, 0);
    g_assert_true(machine_bars_mapped());
    machine_pass(20000 * (int64_t)MS);
    text_write(0, SCREEN);
    g_assert_true(machine_bars_mapped());
    machine_compare("not kept");
    machine_reset();
    g_assert_false(machine_bars_mapped());
    machine_stop();
}

/* The user can do without; then what is kept is overtaken */
static void test_mapped_bar_unordered(void)
{
    text_start((MachineOptions) { .mmap = true, .no_bar_order = true });
    g_assert_true(machine_bars_mapped());
    text_write(0, SCREEN);
    g_assert_true(machine_copy_mapped());
    machine_check();
    guest_read_bar(CARD_MEMORY_BAR, 0);
    g_assert_true(machine_copy_mapped());
    g_assert_cmpint(machine_stats().bar_changes, ==, 0);
    machine_stop();
}

/* I/O BARs are never mapped, so they give nothing back */
static void test_mapped_bar_io(void)
{
    int i;

    text_start((MachineOptions) { .mmap = true });
    for (i = 0; i < 100; i++) {
        guest_write_bar(CARD_IO_BAR, 0, i);
        guest_read_bar(CARD_IO_BAR, CARD_IO_PROBE);
        text_write(0, 30);
    }
    g_assert_cmpint(machine_stats().bar_changes, ==, 0);
    machine_check();
    machine_stop();
}

/*
 * What things cost
 */

/* As a video BIOS does it: colors, registers, the screen cleared, a font */
static void vbios_mode_set(void)
{
    int i;

    post_colors(768);
    mode_set(MODE_TEXT, false);
    for (i = 0; i < 0x4000; i++) {
        guest_write(TEXT + 2 * i, 0x0720, 2);
    }
    mode_set(MODE_FONT, true);
    for (i = 0; i < 4096; i++) {
        guest_write(0xa0000 + i, i, 1);
    }
    mode_set(MODE_TEXT, true);
}

static void say_cost(const char *what, unsigned slots, unsigned calls)
{
    g_test_message("%s: %u changes of slots, %u calls", what,
                   machine.slots - slots, machine.calls - calls);
}

/* Firmware and consoles leave BARs alone, so they pay nothing for them */
static void test_cost(const void *opaque)
{
    const MachineOptions *options = opaque;
    unsigned slots, calls;
    int i;

    machine_start(*options);
    vbios_mode_set();
    say_cost("first mode set", 0, 0);
    g_assert_cmpint(machine.slots, <=, 8);

    slots = machine.slots;
    calls = machine.calls;
    for (i = 0; i < 10; i++) {
        vbios_mode_set();
    }
    say_cost("ten more", slots, calls);
    g_assert_cmpint(machine.slots - slots, <=, 80);

    text_write(0, SCREEN);
    slots = machine.slots;
    calls = machine.calls;
    for (i = 0; i < 100; i++) {
        text_write(0, SCREEN);
        machine_pass(100 * MS);
    }
    say_cost("100 redraws of text", slots, calls);
    g_assert_cmpint(machine.slots - slots, <=, 1);

    /* A driver of the kernel's: a mode, then a picture, never a bus master */
    slots = machine.slots;
    calls = machine.calls;
    for (i = 0; i < 10; i++) {
        guest_write_bar(CARD_MMIO_BAR, 0x3c4 - 0x3b0, 2);
        guest_write_bar(CARD_MEMORY_BAR, i, i);
        guest_set(0x3d4, 0x13, 80, true);
        post_colors(20);
        machine_pass(1000 * MS);
    }
    say_cost("driver with BARs, 10 seconds", slots, calls);
    machine_check();
    machine_stop();
}

/* An extended register of the CRTC says nothing of Miscellaneous Output */
static void test_cost_misc(void)
{
    VFIOVGARegs regs;
    int i;

    vfio_vga_regs_forget(&regs);
    vfio_vga_regs_write(&regs, 0x3c2, 0x67, 1);
    vfio_vga_regs_write(&regs, 0x3d4, 0x0138, 2);
    g_assert_cmpint(regs.misc, ==, 0x67);

    text_start((MachineOptions) { });
    machine.misc_reads = 0;
    for (i = 0; i < 100; i++) {
        guest_set(0x3d4, 0x19 + i % 32, i, i & 1);
    }
    g_assert_cmpint(machine.misc_reads, ==, 0);
    for (i = 0; i < 100; i++) {
        guest_set(0x3c4, 6 + i % 2, i, i & 1);
        guest_set(0x3d4, 0x0e, i, i & 1);
    }
    g_assert_cmpint(machine.misc_reads, ==, 0);
    mode_set(MODE_TEXT, false);
    text_write(0, SCREEN);
    g_assert_true(machine_copy_mapped());
    machine_check();
    machine_stop();
}

/* A console that changes now and then, and in the end no more */
static void test_cost_redraws(void)
{
    uint64_t ticks;
    int i;

    text_start((MachineOptions) { });
    machine.slots = 0;
    for (i = 0; i < 100; i++) {
        machine_pass(1500 * MS);
        text_write(0, SCREEN);
    }
    g_test_message("%u changes of slots for 100 redraws", machine.slots);
    g_assert_cmpint(machine.slots, <=, 5);
    machine_check();

    machine_pass(20000 * (int64_t)MS);
    g_assert_false(machine_copy_mapped());
    ticks = machine_stats().timer_ticks;
    machine_pass(20000 * (int64_t)MS);
    g_assert_cmpint(machine_stats().timer_ticks, ==, ticks);
    machine_stop();
}

/* Each pause costs two changes at most, the longer the fewer in a time */
static void test_cost_pauses(void)
{
    int seconds, i;

    for (seconds = 1; seconds < 40; seconds = seconds * 3 / 2 + 1) {
        text_start((MachineOptions) { });
        machine.slots = 0;
        for (i = 0; i < 600 / seconds; i++) {
            machine_pass(seconds * 1000 * (int64_t)MS);
            text_write(0, SCREEN);
        }
        g_test_message("%u changes of slots in 10 minutes, every %d seconds",
                       machine.slots, seconds);
        g_assert_cmpint(machine.slots, <=, 80);
        machine_stop();
    }
}

/* What is written first is read back, but not all of it */
static void test_cost_verify(void)
{
    machine_start((MachineOptions) { });
    mode_set(MODE_TEXT, false);
    text_write(0, 20);
    g_assert_true(machine_copy_mapped());
    text_write(0, SCREEN);
    machine.read_max = 0;
    machine_check();
    g_assert_cmpint(machine.read_max, >, 0);
    g_assert_cmpint(machine.read_max, <=, 256);
    machine_stop();
}

static void add_ways(const char *path, void (*test)(const void *),
                     const MachineOptions *ways, size_t count)
{
    int i;

    for (i = 0; i < count; i++) {
        g_autofree char *full =
            g_strdup_printf("/vga-engine/%s%s%s%s", path,
                            ways[i].mmap ? "/mapped-bars" : "",
                            ways[i].no_ram ? "/exact" : "",
                            ways[i].quirks ? "/quirks" : "");

        g_test_add_data_func(full, &ways[i], test);
    }
}

static void add_config_tests(void)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(config_writes); i++) {
        g_autofree char *path = g_strdup_printf("/vga-engine/config/%s",
                                                config_writes[i].path);

        g_test_add_data_func(path, &config_writes[i], test_config);
    }
    g_test_add_func("/vga-engine/config/express-1", test_config_express_1);
    g_test_add_func("/vga-engine/config/driver", test_config_driver);
    g_test_add_func("/vga-engine/config/driver-unmapped",
                    test_config_driver_unmapped);
}

int main(int argc, char **argv)
{
    static const MachineOptions ways[] = { { }, { .mmap = true } };
    static const MachineOptions others[] = {
        { .other = true },
        { .other = true, .no_ram = true },
        { .other = true, .quirks = true },
        { .other = true, .mmap = true },
    };

    module_call_init(MODULE_INIT_QOM);
    g_test_init(&argc, &argv, NULL);

    add_ways("ring-bar", test_ring_bar, ways, ARRAY_SIZE(ways));
    add_ways("ring-palette", test_ring_palette, ways, ARRAY_SIZE(ways));
    g_test_add_func("/vga-engine/ring-config", test_ring_config);
    g_test_add_func("/vga-engine/quirk-crtc", test_quirk_crtc);
    g_test_add_func("/vga-engine/quirk-misc", test_quirk_misc);
    add_ways("two-vcpus", test_two_vcpus, others, ARRAY_SIZE(others));
    g_test_add_func("/vga-engine/wide-color", test_wide_color);
    add_config_tests();
    g_test_add_func("/vga-engine/mapped-bar/read", test_mapped_bar);
    g_test_add_func("/vga-engine/mapped-bar/write", test_mapped_bar_write);
    g_test_add_func("/vga-engine/mapped-bar/back", test_mapped_bar_back);
    g_test_add_func("/vga-engine/mapped-bar/in-turn", test_mapped_bar_in_turn);
    g_test_add_func("/vga-engine/mapped-bar/intx", test_mapped_bar_intx);
    g_test_add_func("/vga-engine/mapped-bar/reset", test_mapped_bar_reset);
    g_test_add_func("/vga-engine/mapped-bar/tcg", test_mapped_bar_tcg);
    g_test_add_func("/vga-engine/mapped-bar/unordered",
                    test_mapped_bar_unordered);
    g_test_add_func("/vga-engine/mapped-bar/io", test_mapped_bar_io);
    add_ways("cost", test_cost, ways, ARRAY_SIZE(ways));
    g_test_add_func("/vga-engine/cost/misc", test_cost_misc);
    g_test_add_func("/vga-engine/cost/redraws", test_cost_redraws);
    g_test_add_func("/vga-engine/cost/pauses", test_cost_pauses);
    g_test_add_func("/vga-engine/cost/verify", test_cost_verify);
    planes_add_tests();
    cursor_add_tests();
    random_add_tests();

    return g_test_run();
}
