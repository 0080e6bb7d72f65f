/*
 * Keeping what a guest writes to the text cursor's registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "qemu/host-utils.h"
#include "vga-cursor.h"

static void cursor_select(VFIOVGACursor *c, uint32_t port, uint8_t index)
{
    c->port = port;
    c->index = index;
}

static void cursor_set(VFIOVGACursor *c, uint8_t value, bool wide)
{
    uint16_t bit = 1 << c->index;

    c->value[c->index] = value;
    c->changed |= bit;
    c->wide = wide ? c->wide | bit : c->wide & ~bit;
}

bool vfio_vga_cursor_keep(VFIOVGACursor *c, const VFIOVGARegs *regs,
                          uint32_t port, uint32_t size, const void *data)
{
    const uint8_t *bytes = data;
    uint32_t crtc = vfio_vga_regs_crtc_port(regs);
    int16_t index;

    if (!crtc) {
        return false;
    }
    if (port == crtc && size <= 2 && vfio_vga_regs_is_cursor(bytes[0])) {
        cursor_select(c, port, bytes[0]);
        if (size == 2) {
            cursor_set(c, bytes[1], true);
        }
        return true;
    }
    index = vfio_vga_regs_index(regs, port);
    if (port == crtc + 1 && size == 1 && vfio_vga_regs_is_cursor(index)) {
        cursor_select(c, crtc, index);
        cursor_set(c, bytes[0], false);
        return true;
    }
    return false;
}

static void cursor_put_register(VFIOVGACursor *c, uint8_t index)
{
    uint8_t both[2] = { index, c->value[index] };

    if (c->wide & 1 << index) {
        vfio_vga_region_write(c->region, c->port, 2, both);
    } else {
        vfio_vga_region_write(c->region, c->port, 1, &both[0]);
        vfio_vga_region_write(c->region, c->port + 1, 1, &both[1]);
    }
}

/* The register that is selected comes last, so that it stays selected */
void vfio_vga_cursor_put(VFIOVGACursor *c)
{
    uint16_t last = c->changed & 1 << c->index;
    uint16_t others = c->changed & ~last;

    while (others) {
        cursor_put_register(c, ctz32(others));
        others &= others - 1;
    }
    if (last) {
        cursor_put_register(c, c->index);
    } else {
        vfio_vga_region_write(c->region, c->port, 1, &c->index);
    }
    c->port = 0;
    c->changed = 0;
}
