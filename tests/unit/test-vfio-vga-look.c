/*
 * When the engine reads registers back that it has forgotten
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/vfio/vga-look.h"
#include "qemu/timer.h"
#include "qemu/units.h"

#define DOS_FRAME 64000
#define WINDOW (64 * KiB)

static VFIOVGALook forgotten(void)
{
    VFIOVGALook look = { };

    vfio_vga_look_again(&look);
    vfio_vga_look_forgotten(&look);
    g_assert_true(look.due);
    return look;
}

/* Returns true if it was time to read them after one of these writes */
static bool write_memory(VFIOVGALook *look, uint32_t bytes)
{
    uint32_t i;

    for (i = 0; i < bytes / 4; i++) {
        if (vfio_vga_look_sees_write(look, 4)) {
            return true;
        }
    }
    return false;
}

/* A program only draws, and never pauses for a period */
static void test_frames(void)
{
    VFIOVGALook look = forgotten();

    g_assert_false(write_memory(&look, DOS_FRAME));
    g_assert_false(vfio_vga_look_period(&look, true));
    g_assert_true(write_memory(&look, DOS_FRAME));
    vfio_vga_look_done(&look, true);
    g_assert_false(look.due);
    g_assert_cmpint(look.looks, ==, 1);
}

/* A mode set clears memory, and goes on with registers, known or not */
static void test_mode_set(void)
{
    VFIOVGALook look = forgotten();
    int i;

    for (i = 0; i < 10; i++) {
        g_assert_false(write_memory(&look, WINDOW));
        vfio_vga_look_sees_register(&look);
        g_assert_false(write_memory(&look, WINDOW));
        vfio_vga_look_forgotten(&look);
        g_assert_false(vfio_vga_look_period(&look, true));
        vfio_vga_look_forgotten(&look);
        g_assert_false(vfio_vga_look_period(&look, false));
    }
    g_assert_true(vfio_vga_look_period(&look, false));
}

static void test_reads(void)
{
    VFIOVGALook look = forgotten();
    int i;

    for (i = 0; i < VFIO_VGA_HEAT_FIRST - 1; i++) {
        g_assert_false(vfio_vga_look_sees_read(&look));
    }
    vfio_vga_look_forgotten(&look); /* a new row begins */
    for (i = 0; i < VFIO_VGA_HEAT_FIRST - 1; i++) {
        g_assert_false(vfio_vga_look_sees_read(&look));
    }
    g_assert_true(vfio_vga_look_sees_read(&look));
}

static int count_periods(VFIOVGALook *look)
{
    int periods = 0;

    do {
        periods++;
    } while (!vfio_vga_look_period(look, false));
    return periods;
}

/* Each attempt without success doubles the wait, up to a limit */
static void test_in_vain(void)
{
    static const int periods[] = { 2, 2, 4, 8, 16, 32, 64, 64, 64 };
    VFIOVGALook look = forgotten();
    int i;

    look.disturbed = true;
    for (i = 0; i < ARRAY_SIZE(periods); i++) {
        g_assert_cmpint(count_periods(&look), ==, periods[i]);
        vfio_vga_look_done(&look, false);
        look.due = true;
    }
    g_assert_false(write_memory(&look, 64 * WINDOW));
    vfio_vga_look_again(&look);
    g_assert_cmpint(count_periods(&look), ==, 1);
    vfio_vga_look_done(&look, true);
    vfio_vga_look_forgotten(&look);
    g_assert_true(write_memory(&look, WINDOW + 4));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemu_init_clocks(NULL);
    g_test_add_func("/vga-look/frames", test_frames);
    g_test_add_func("/vga-look/mode-set", test_mode_set);
    g_test_add_func("/vga-look/reads", test_reads);
    g_test_add_func("/vga-look/in-vain", test_in_vain);
    return g_test_run();
}
