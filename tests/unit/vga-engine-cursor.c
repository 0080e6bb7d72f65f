/*
 * The text cursor's registers are kept for a while, but never out of order
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

static void start(bool mmap)
{
    text_start((MachineOptions) { .mmap = mmap });
    machine.calls = 0;
}

static void move(unsigned to, bool wide)
{
    guest_set(0x3d4, 0x0e, to >> 8, wide);
    guest_set(0x3d4, 0x0f, to, wide);
}

static void test_kept(void)
{
    int wide, i;

    for (wide = 0; wide < 2; wide++) {
        start(false);
        for (i = 0; i < 2000; i++) {
            move(i, wide);
        }
        guest_set(0x3d4, 0x0a, 0x0d, !wide);
        guest_set(0x3d4, 0x0b, 0x0e, wide);
        machine_check();
        g_assert_cmpint(machine.calls, <, 100); /* some periods pass */
        machine_stop();
    }
}

/* All writes are at the adapter before anything that could notice */
static void test_ends(void)
{
    int wide;

    for (wide = 0; wide < 2; wide++) {
        start(true);
        move(0x123, wide);
        guest_in(0x3d5);
        machine_compare("the register read");
        move(0x234, wide);
        guest_in(0x3d4);
        machine_compare("its index read");
        move(0x345, wide);
        guest_out(0x3d4, 0x0a, 1);
        guest_in(0x3d5);
        machine_compare("another register selected and read");
        move(0x456, wide);
        guest_out(0x3d4, 0x11, 1);
        guest_out(0x3d5, 0x8e, 1);
        machine_compare("another register written");
        move(0x567, wide);
        guest_write_bar(CARD_MMIO_BAR, 0x3c6 - 0x3b0, 0xfe);
        machine_compare("BAR written");
        machine_stop();

        start(false);
        move(0x678, wide);
        guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER, 2);
        machine_compare("bus mastering on");
        move(0x789, wide);
        machine_compare("nothing is kept");
        machine_stop();

        start(false);
        move(0x89a, wide);
        machine_pause(true);
        machine_compare("stopped");
        machine_stop();
    }
}

/* Writes of the data only go to the register that was selected before */
static void test_data(void)
{
    start(false);
    guest_out(0x3d4, 0x0f, 1);
    machine_check();
    guest_out(0x3d5, 0x12, 1);
    guest_out(0x3d5, 0x13, 1);
    machine_check();
    guest_in(0x3d5);
    machine_stop();
}

/* The port that is not decoded may reach the index, or may not */
static void test_other_port(void)
{
    start(false);
    guest_set(0x3b4, 0x0e, 0x12, true);
    g_assert_cmpint(machine.calls, ==, 1);
    move(0x345, false);
    guest_out(0x3c2, 0x66, 1);
    machine_compare("at 3b4 from now on");
    machine_stop();
}

/* The engine reads Miscellaneous Output only once */
static void test_misc(void)
{
    int i;

    start(true);
    machine.misc_reads = 0;
    for (i = 0; i < 10; i++) {
        guest_in(0x3cc);
        move(i, true);
        guest_write(0xb8000 + 2 * i, 0x0741, 2);
    }
    g_assert_cmpint(machine.misc_reads, ==, 1);
    guest_out(0x3c2, 0xe7, 1);
    guest_in(0x3cc);
    guest_in(0x3cc);
    g_assert_cmpint(machine.misc_reads, ==, 2);
    guest_write_bar(CARD_MMIO_BAR, 0x3c2 - 0x3b0, 0x67);
    guest_in(0x3cc);
    g_assert_cmpint(machine.misc_reads, ==, 3);
    machine_check();
    machine_stop();
}

void cursor_add_tests(void)
{
    g_test_add_func("/vga-engine/cursor/kept", test_kept);
    g_test_add_func("/vga-engine/cursor/ends", test_ends);
    g_test_add_func("/vga-engine/cursor/data", test_data);
    g_test_add_func("/vga-engine/cursor/other-port", test_other_port);
    g_test_add_func("/vga-engine/misc-read", test_misc);
}
