/*
 * Accesses to an assigned VGA adapter's legacy ports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Registers decide the meaning of legacy memory addresses, so earlier writes to
 * memory reach the adapter before a register does.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "vga-engine-internal.h"
#include "qemu/bswap.h"

/*
 * Miscellaneous Output reads as it did before: video BIOSes ask it for the
 * CRTC's port with each character.
 */
static bool engine_knows(const VFIOVGAEngine *e, uint32_t port, uint32_t size)
{
    return port == VFIO_VGA_MISC_READ && size == 1 &&
           e->tier >= VFIO_VGA_TIER_COPY &&
           e->regs.misc_read != VFIO_VGA_UNKNOWN &&
           !vfio_vga_engine_must_forward(e);
}

void vfio_vga_engine_read_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                               void *data)
{
    if (engine_knows(e, port, size)) {
        stb_p(data, e->regs.misc_read);
        return;
    }
    if (vfio_vga_regs_show_latches(&e->regs, port, size)) {
        vfio_vga_pending_end_copy(&e->pending, "latches read");
    }
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_planes_put_registers(&e->pending.planes);
    vfio_vga_cursor_flush(&e->pending.cursor);
    vfio_vga_regs_read(&e->regs, port, size);
    vfio_vga_region_read(e->region, port, size, data);
    if (port == VFIO_VGA_MISC_READ && size == 1) {
        e->regs.misc_read = ldub_p(data);
    }
}

/* Reading Miscellaneous Output back changes nothing in the adapter */
static void engine_learn_misc(VFIOVGAEngine *e)
{
    uint8_t misc;

    vfio_vga_combine_flush(&e->pending.combine);
    if (vfio_vga_region_peek(e->region, VFIO_VGA_MISC_READ, 1, &misc)) {
        e->regs.misc = misc;
    }
}

/* The effect of a write to a port on the registers and the wanted window */
typedef struct VFIOVGAChange {
    VFIOVGAEffect effect;
    bool expected; /* the same write has left the window as it was */
    VFIOVGARegs regs;
    VFIOVGAWindow wanted;
} VFIOVGAChange;

static VFIOVGAChange engine_change(const VFIOVGAEngine *e,
                                   const VFIOVGAWrite *write)
{
    const VFIOVGAPending *pending = &e->pending;
    VFIOVGAChange c = { .regs = e->regs };

    c.effect = vfio_vga_regs_write(&c.regs, write->offset, write->data,
                                   write->size);
    if (c.effect == VFIO_VGA_EFFECT_UNKNOWN &&
        vfio_vga_pending_expects(pending, write)) {
        c.expected = true;
        c.effect = VFIO_VGA_EFFECT_ORDERED;
        c.regs = e->regs;
        c.regs.misc_read = VFIO_VGA_UNKNOWN;
        c.wanted = pending->copy.wanted;
        vfio_vga_regs_write_index(&c.regs, write->offset, write->data,
                                  write->size);
    } else {
        c.wanted = vfio_vga_engine_window(e, &c.regs);
    }
    return c;
}

static bool engine_leaves_planes(const VFIOVGAEngine *e,
                                 const VFIOVGARegs *after)
{
    uint32_t key = e->pending.planes.key;

    return key && key != vfio_vga_regs_planes(after);
}

/* Before the write is made, earlier writes to memory reach the adapter */
static VFIOVGAChange engine_make_way(VFIOVGAEngine *e,
                                     const VFIOVGAWrite *write)
{
    VFIOVGAPending *pending = &e->pending;
    VFIOVGAWindow before = pending->copy.window;
    VFIOVGAChange c = engine_change(e, write);

    if (before.key != c.wanted.key || engine_leaves_planes(e, &c.regs)) {
        vfio_vga_pending_end_copy(pending, "register written");
    } else {
        vfio_vga_pending_sync(pending);
    }
    if (before.key && !pending->copy.window.key) {
        /* A write from the ring may have been one to a register, too */
        c = engine_change(e, write);
    }
    if (c.expected || c.effect == VFIO_VGA_EFFECT_UNKNOWN) {
        vfio_vga_pending_note(pending, write, before);
    }
    return c;
}

/*
 * A mode set begins: distrust belongs to the mode before, and so does the copy
 * that is distrusted.
 */
static void engine_see_misc(VFIOVGAEngine *e)
{
    if (vfio_vga_pending_distrusted(&e->pending)) {
        vfio_vga_pending_end_copy(&e->pending, "not trusted");
    }
    vfio_vga_look_again(&e->look);
    vfio_vga_copy_trust(&e->pending.copy);
    vfio_vga_planes_trust(&e->pending.planes);
}

static void engine_before_port(VFIOVGAEngine *e, uint32_t port,
                               const void *data)
{
    if (port == VFIO_VGA_MISC_WRITE) {
        engine_see_misc(e);
    } else if (vfio_vga_regs_lack_misc(&e->regs, port, ldub_p(data)) &&
               e->pending.copy.ram && !vfio_vga_engine_must_forward(e)) {
        engine_learn_misc(e);
    }
}

/* The next writes to the DAC may be posted */
static void engine_before_dac(VFIOVGAEngine *e)
{
    vfio_vga_engine_trap_bars(e);
    if (!vfio_vga_engine_must_forward(e)) {
        e->pending.came = true;
        vfio_vga_pending_post(&e->pending);
    }
}

static void engine_forward_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                                const void *data)
{
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_region_write(e->region, port, size, data);
}

/*
 * Makes a write to a port, unless it affects pending writes.  A register that
 * only the copy of the planes needs is kept.  Returns false if the write has
 * not been made.
 */
static bool engine_write_simple(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                                const void *data)
{
    VFIOVGARegs after = e->regs;
    VFIOVGAEffect effect = vfio_vga_regs_write(&after, port,
                                               ldn_le_p(data, size), size);

    if (effect == VFIO_VGA_EFFECT_UNKNOWN) {
        return false;
    }
    if (e->pending.planes.key &&
        vfio_vga_planes_keep(&e->pending.planes, port,
                             vfio_vga_regs_index(&e->regs, port), size, data,
                             &after)) {
        vfio_vga_pending_arm(&e->pending);
    } else if (effect == VFIO_VGA_EFFECT_NONE) {
        engine_forward_port(e, port, size, data);
    } else {
        return false;
    }
    e->regs = after;
    return true;
}

/* A register that only the cursor depends on */
static bool engine_keeps_cursor(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                                const void *data)
{
    if (e->tier < VFIO_VGA_TIER_COPY || vfio_vga_engine_must_forward(e) ||
        !vfio_vga_cursor_keep(&e->pending.cursor, &e->regs, port, size, data)) {
        return false;
    }
    vfio_vga_regs_write(&e->regs, port, ldn_le_p(data, size), size);
    vfio_vga_pending_arm(&e->pending);
    return true;
}

void vfio_vga_engine_write_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                                const void *data)
{
    VFIOVGAWrite write;
    VFIOVGAChange c;

    if (vfio_vga_posted_port(port, size)) {
        engine_before_dac(e);
        if (size == 1) {
            engine_forward_port(e, port, size, data);
            return;
        }
    }
    if (engine_keeps_cursor(e, port, size, data)) {
        return;
    }
    vfio_vga_cursor_flush(&e->pending.cursor);
    engine_before_port(e, port, data);
    if (engine_write_simple(e, port, size, data)) {
        return;
    }
    write = (VFIOVGAWrite) {
        .region = VFIO_PCI_VGA_REGION_INDEX,
        .offset = port,
        .index = vfio_vga_regs_index(&e->regs, port),
        .size = size,
        .data = ldn_le_p(data, size),
    };
    c = engine_make_way(e, &write);
    engine_forward_port(e, port, size, data);
    e->regs = c.regs;
    vfio_vga_planes_saw_registers(&e->pending.planes);
    vfio_vga_pending_want(&e->pending, c.wanted);
    if (c.effect == VFIO_VGA_EFFECT_UNKNOWN) {
        vfio_vga_engine_forgotten(e);
    } else {
        vfio_vga_look_sees_register(&e->look);
    }
}
