/*
 * Planar modes: a copy of the planes has the same contents as the planes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/units.h"
#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

#define WINDOW 0xa0000
#define LINE 80

static void start(void)
{
    machine_start((MachineOptions) { });
    mode_set(MODE_PLANAR, true);
}

/* Read and write each byte, as software does when it draws */
static void draw(uint32_t at, unsigned count)
{
    for (; count; at++, count--) {
        guest_read(WINDOW + at, 1);
        guest_write(WINDOW + at, machine_random(256), 1);
    }
}

/* Begin a copy, and check that it holds what it is given */
static void start_drawn(void)
{
    start();
    draw(0, LINE);
    g_assert_cmpint(machine_stats().planes_begins, ==, 1);
    machine.calls = 0;
}

static bool in_use(void)
{
    VFIOVGAStats stats = machine_stats();

    return stats.planes_begins != stats.planes_ends;
}

/* A picture of 640x480, with each byte read and written, in all ways */
static void test_modes(void)
{
    int write_mode, function, read_mode, i;

    for (i = 0; i < 32; i++) {
        write_mode = i & 3;
        function = i >> 2 & 3;
        read_mode = i >> 4;
        start();
        guest_set(0x3ce, 0, machine_random(16), true);
        guest_set(0x3ce, 1, machine_random(16), true);
        guest_set(0x3ce, 2, machine_random(16), true);
        guest_set(0x3ce, 3, function << 3 | machine_random(8), true);
        guest_set(0x3ce, 4, machine_random(4), true);
        guest_set(0x3ce, 5, read_mode << 3 | write_mode, true);
        guest_set(0x3ce, 7, machine_random(16), true);
        guest_set(0x3ce, 8, machine_random(256), true);
        guest_set(0x3c4, 2, machine_random(16), true);
        draw(0, 3000);
        g_assert_cmpint(!machine_stats().planes_begins, ==,
                        write_mode == 3 && function);
        machine_check();
        machine_stop();
    }
}

/* Drawing a whole screen costs less than a tenth of its accesses */
static void test_cost(void)
{
    start_drawn();
    draw(0, 480 * LINE);
    machine_check();
    g_test_message("%u calls for %u reads and writes", machine.calls,
                   2 * 480 * LINE);
    g_assert_cmpint(machine.calls, <, 2 * 480 * LINE / 10);
    g_assert_true(in_use());
    machine_stop();
}

/* Registers that only the copy needs cost nothing, but can be read */
static void test_registers(void)
{
    int i;

    start_drawn();
    machine_pass(20 * MS);
    draw(0, 1);
    machine.calls = 0;
    for (i = 0; i < 100; i++) {
        guest_set(0x3ce, 8, 1 << i % 8, i & 1);
        guest_set(0x3c4, 2, 1 << i % 4, i & 1);
        draw(i % LINE, 1);
    }
    g_assert_cmpint(machine.calls, ==, 0);
    guest_in(0x3cf);
    guest_in(0x3ce);
    guest_in(0x3c5);
    guest_in(0x3c4);
    g_assert_cmpint(machine.calls, >, 0);
    g_assert_true(in_use());
    machine_check();
    machine_stop();
}

/* A page flip shows what was drawn, and the end of the copy keeps all of it */
static void test_ends(void)
{
    static const struct {
        uint32_t port;
        uint8_t index, value;
        bool ends;
    } writes[] = {
        { 0x3d4, 0x0c, 0x80, false },
        { 0x3c4, 0x01, 0x21, false },
        { 0x3ce, 0x06, 0x01, true },
        { 0x3c4, 0x04, 0x0e, true },
        { 0x3ce, 0x05, 0x10, true },
        { 0x3ce, 0x05, 0x04, true },
        { 0x3c4, 0x0d, 0x04, true },
        { 0x3d4, CARD_CR_BANK, 1, true },
    };
    int i;

    for (i = 0; i < 2 * ARRAY_SIZE(writes); i++) {
        start_drawn();
        guest_set(0x3ce, 8, 0x3c, true);
        draw(7, 20);
        guest_set(writes[i / 2].port, writes[i / 2].index, writes[i / 2].value,
                  i & 1);
        g_assert_cmpint(in_use(), !=, writes[i / 2].ends);
        machine_compare("register written");
        machine_check();
        machine_stop();
    }
}

/* The latches have what was read, whatever was written there since */
static void test_latches(void)
{
    int i;

    for (i = 0; i < 2; i++) {
        start_drawn();
        draw(3, 10);
        guest_read(WINDOW + 5, 1);
        if (i) {
            guest_write(WINDOW + 5, 0x77, 1);
        }
        guest_set(0x3d4, CARD_CR_BANK, 0, true); /* this ends the copy */
        g_assert_false(in_use());
        guest_set(0x3ce, 5, 1, true);
        guest_write(WINDOW + 900, 0, 1);
        machine_check();
        machine_stop();
    }
}

/* The latches after a wide read depend on the adapter */
static void test_wide(void)
{
    int size;

    for (size = 1; size <= 4; size *= 2) {
        start_drawn();
        guest_read(WINDOW + 40, size);
        g_assert_true(in_use());
        guest_set(0x3ce, 5, 1, true);
        guest_write(WINDOW + 900, 0, size);
        guest_read_config(0); /* posted writes come before it */
        g_assert_cmpint(in_use(), ==, size == 1);
        machine_check();
        machine_stop();
    }
}

/* Writes of another master are seen at the first access of a period */
static void test_other_master(void)
{
    start_drawn();
    machine_pass(20 * MS);
    machine.card.plane[2][3] ^= 0x10;
    machine.direct.plane[2][3] ^= 0x10;
    draw(2, 3);
    g_assert_false(in_use());
    machine_check();
    machine_stop();
}

static void test_machine(void)
{
    start_drawn();
    draw(100, 30);
    guest_read_config(0);
    machine_compare("config space read");
    draw(200, 30);
    guest_read_bar(CARD_MEMORY_BAR, 4 * 210);
    g_assert_true(in_use());
    draw(300, 30);
    machine_pause(true);
    machine_compare("machine stopped");
    machine_pause(false);
    draw(300, 30);
    machine_reset();
    g_assert_false(in_use());
    machine_check();
    machine_stop();
}

/* Copies that do not pay need more and more reads to begin */
static void test_moments(void)
{
    int i;

    start();
    for (i = 0; i < 100; i++) {
        draw(0, 20);
        guest_set(0x3d4, CARD_CR_BANK, 0, true);
        guest_set(0x3d4, 0x14, 0x00, true);
        mode_set(MODE_PLANAR, true);
    }
    /* each mode set starts over */
    g_assert_cmpint(machine_stats().planes_begins, ==, 100);
    machine_stop();
}

/* Writes that change nothing cost no more than they would without a copy */
static void test_unchanged(void)
{
    int i;

    start();
    machine.calls = 0;
    for (i = 0; i < 4000; i++) {
        guest_read(WINDOW + i, 1);
        guest_write(WINDOW + i, 0, 1);
    }
    machine_check();
    g_test_message("%u calls for 8000 reads and writes", machine.calls);
    g_assert_cmpint(machine.calls, <, 8000 + 8000 / 10);
    machine_stop();
}

void planes_add_tests(void)
{
    g_test_add_func("/vga-engine/planes/modes", test_modes);
    g_test_add_func("/vga-engine/planes/cost", test_cost);
    g_test_add_func("/vga-engine/planes/registers", test_registers);
    g_test_add_func("/vga-engine/planes/ends", test_ends);
    g_test_add_func("/vga-engine/planes/latches", test_latches);
    g_test_add_func("/vga-engine/planes/wide", test_wide);
    g_test_add_func("/vga-engine/planes/other-master", test_other_master);
    g_test_add_func("/vga-engine/planes/machine", test_machine);
    g_test_add_func("/vga-engine/planes/moments", test_moments);
    g_test_add_func("/vga-engine/planes/unchanged", test_unchanged);
}
