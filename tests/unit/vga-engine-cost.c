/*
 * The cost of frequent work of guests: changes of the memory map, and calls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/vfio/vga-regs.h"
#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

/*
 * A video BIOS sets a mode like this: it loads colors and registers, clears the
 * screen, and loads a font.
 */
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

/* Firmware and consoles leave BARs alone, so BARs cost them nothing. */
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

    /*
     * A driver of the kernel sets a mode, then draws, and the adapter never
     * becomes a bus master.
     */
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

/*
 * A write to an extended CRTC register says nothing about Miscellaneous
 * Output.
 */
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

/* A console changes now and then, and in the end it stays as it is. */
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

/* A pause costs at most two changes, so with longer pauses there are fewer. */
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

/* The engine reads back the first writes, but not all of them. */
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

/*
 * The first half of a frame proves the lower half of the window, which becomes
 * RAM before the guest has written to the other one.
 */
static void test_cost_frame(void)
{
    uint64_t accesses;
    int i;

    machine_start((MachineOptions) { .chain4 = true });
    mode_set(MODE_13H, false);
    machine.slots = 0;
    for (i = 0; i < 16000; i++) {
        guest_write(0xa0000 + 4 * i, machine_random(UINT32_MAX), 4);
    }
    accesses = machine_stats().guest_writes;
    g_test_message("%u changes of slots for a frame", machine.slots);
    g_assert_cmpint(machine.slots, <=, 3);
    g_assert_cmpint(accesses, <, 150);
    for (i = 0; i < 16000; i++) {
        guest_write(0xa0000 + 4 * i, machine_random(UINT32_MAX), 4);
    }
    g_assert_cmpint(machine_stats().guest_writes, ==, accesses);
    machine_check();
    machine_stop();
}

void cost_add_tests(void)
{
    add_bar_ways("cost", test_cost);
    g_test_add_func("/vga-engine/cost/misc", test_cost_misc);
    g_test_add_func("/vga-engine/cost/redraws", test_cost_redraws);
    g_test_add_func("/vga-engine/cost/pauses", test_cost_pauses);
    g_test_add_func("/vga-engine/cost/verify", test_cost_verify);
    g_test_add_func("/vga-engine/cost/frame", test_cost_frame);
}
