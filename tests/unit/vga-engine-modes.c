/*
 * Modes of a VGA, and what a guest writes in them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

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

void post_memory(unsigned count)
{
    int i;

    for (i = 0; i < count; i++) {
        guest_write(0xa0000 + i, 0x50 + i, 1);
    }
}

void post_colors(unsigned count)
{
    int i;

    guest_out(0x3c8, 0, 1);
    for (i = 0; i < count; i++) {
        guest_out(0x3c9, i & 63, 1);
    }
}

bool is_posted(void)
{
    return !QTAILQ_EMPTY(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem
                         .coalesced);
}

void graphics_start(MachineOptions options)
{
    machine_start(options);
    mode_set(MODE_PLANAR, true);
    post_memory(64);
    g_assert_true(is_posted());
}

void write_probe(uint8_t value)
{
    int i;

    for (i = 0; i < 64; i++) {
        guest_write(0xa0000 + CARD_PROBE - 32 + i, value + i, 1);
    }
}
