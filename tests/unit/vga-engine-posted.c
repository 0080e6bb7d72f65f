/*
 * Posted writes have arrived before any later access
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

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

/* A write to a port with a region of its own could move posted writes. */
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

/* The second processor fills the ring while the first ends posting. */
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
        post_memory(40); /* no adapter decodes this now */
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

/*
 * Adapters may differ in the effect of a 16-bit write on the palette's index,
 * so nothing is kept after such a write.
 */
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

void posted_add_tests(void)
{
    static const MachineOptions others[] = {
        { .other = true },
        { .other = true, .no_ram = true },
        { .other = true, .quirks = true },
        { .other = true, .mmap = true },
    };

    add_bar_ways("ring-bar", test_ring_bar);
    add_bar_ways("ring-palette", test_ring_palette);
    g_test_add_func("/vga-engine/ring-config", test_ring_config);
    g_test_add_func("/vga-engine/quirk-crtc", test_quirk_crtc);
    g_test_add_func("/vga-engine/quirk-misc", test_quirk_misc);
    add_ways("two-vcpus", test_two_vcpus, others, ARRAY_SIZE(others));
    g_test_add_func("/vga-engine/wide-color", test_wide_color);
}
