/*
 * BARs that can be mapped: they are trapped while writes are kept
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

static void test_mapped_bar(void)
{
    int i;

    text_start((MachineOptions) { .mmap = true });
    g_assert_false(machine_bars_mapped());
    g_assert_cmpint(machine.slots, ==, 1); /* ends the copy */
    text_write(0, 80);
    guest_read_bar(CARD_MEMORY_BAR, 4 * 0);
    g_assert_true(machine_bars_mapped());
    g_assert_false(machine_copy_mapped());
    g_assert_cmpint(machine_stats().bar_changes, ==, 1);

    /* Nothing is kept now, so the BAR shows each write at once. */
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

/*
 * Many legacy accesses trap the BARs again.  The registers may have changed
 * while the BARs were mapped.
 */
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

/* A guest uses legacy accesses and a BAR in turn, 60 frames a second. */
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

/* INTx and the engine both trap the BARs; neither may undo the other. */
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

/* With TCG the BARs are mapped once, and only a reset traps them again. */
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

/* A user can turn the order off; then kept writes are overtaken. */
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

/* I/O BARs are never mapped, so an access to one changes nothing. */
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

void bars_add_tests(void)
{
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
}
