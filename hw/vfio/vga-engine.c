/*
 * Fewer calls for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This file decides who gets an access, and what has to happen before it; what
 * is kept meanwhile is in vga-pending.c.  All of it runs under the BQL.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-bars.h"
#include "vga-config.h"
#include "vga-engine.h"
#include "vga-pending.h"
#include "vga-regs.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "system/qtest.h"
#include "system/runstate.h"

/*
 * In vain, the registers are read back half as often each time, down to once in
 * so many periods.
 */
#define LOOK_CALM_MAX 64

/* Registers that were forgotten, and are to be read back */
typedef struct VFIOVGALook {
    bool due;
    bool disturbed;   /* registers were written or forgotten in this period */
    unsigned calm;    /* periods without that */
    unsigned needed;  /* calm periods, or rows of reads */
    VFIOVGAHeat heat; /* of reads while it is due */
    uint64_t looks;
} VFIOVGALook;

struct VFIOVGAEngine {
    VFIOPCIDevice *vdev;
    VFIOVGAHostRegion *region;
    VFIODeviceIOOps io_ops;       /* the adapter's, through here */
    VFIODeviceIOOps *adapter_ops;
    VMChangeStateEntry *vm_state;

    VFIOVGATier tier;             /* the fastest to use; not auto */
    bool any_chain4;              /* also where more is behind the window */
    bool running;
    bool bus_master;

    VFIOVGARegs regs;
    VFIOVGALook look;
    VFIOVGABARs bars;
    VFIOVGAHeat bars_heat;        /* of legacy accesses while they are mapped */
    VFIOVGAPending pending;       /* last, since it is large */
};

/* Nothing is to be had, or nobody comes to see what is pending */
static bool engine_is_off(const VFIOVGAEngine *e)
{
    return e->bus_master || !e->running ||
           vfio_vga_pending_distrusted(&e->pending);
}

/* Each access is made at once: it is off, or BARs show the adapter's memory */
static bool engine_must_forward(const VFIOVGAEngine *e)
{
    return engine_is_off(e) || vfio_vga_bars_mapped(&e->bars);
}

/*
 * The registers are not known any more
 */

static VFIOVGAWindow engine_window(const VFIOVGAEngine *e,
                                   const VFIOVGARegs *regs)
{
    VFIOVGAWindow window = vfio_vga_regs_window(regs);
    bool none = window.chain4 &&
                (e->tier != VFIO_VGA_TIER_CHAIN4 ||
                 (!e->any_chain4 && !vfio_vga_regs_fit_window(regs)));

    return none ? (VFIOVGAWindow) { } : window;
}

/* They are read back, but not while more of it comes */
static void engine_disturbed(VFIOVGAEngine *e)
{
    e->look.due = e->look.disturbed = true;
    e->look.heat.count = 0;
    if (e->running) {
        vfio_vga_pending_arm(&e->pending);
    }
}

/* What the guest has written meanwhile may be all that is needed */
static bool engine_may_look(const VFIOVGAEngine *e)
{
    return e->look.due && e->pending.copy.ram &&
           !e->pending.copy.wanted.key && !vfio_vga_regs_known(&e->regs) &&
           !engine_must_forward(e);
}

static void engine_look(VFIOVGAEngine *e)
{
    e->look.due = false;
    e->look.calm = 0;
    e->look.looks++;
    if (vfio_vga_regs_look(&e->regs, e->region)) {
        vfio_vga_pending_want(&e->pending, engine_window(e, &e->regs));
    }
    trace_vfio_vga_engine_looked(e->vdev->vbasedev.name,
                                 e->pending.copy.wanted.base);
    e->look.needed = e->pending.copy.wanted.key
                     ? 1 : MIN(2 * e->look.needed, LOOK_CALM_MAX);
}

/* The guest reads, and each read is a call: it is worth looking at once */
static void engine_look_for_read(VFIOVGAEngine *e)
{
    if (engine_may_look(e) &&
        vfio_vga_heat_up(&e->look.heat,
                         VFIO_VGA_HEAT_FIRST * e->look.needed)) {
        engine_look(e);
    }
}

/* A video BIOS in the middle of a mode set writes colors and memory, too */
static void engine_look_when_calm(VFIOVGAEngine *e)
{
    if (!engine_may_look(e)) {
        return;
    }
    if (e->look.disturbed || !e->pending.idle) {
        e->look.disturbed = false;
        e->look.calm = 0;
    } else if (++e->look.calm >= e->look.needed) {
        engine_look(e);
        return;
    }
    vfio_vga_pending_arm(&e->pending);
}

static void engine_forget_window(VFIOVGAEngine *e, const char *reason)
{
    vfio_vga_pending_give_up(&e->pending, reason);
    vfio_vga_regs_forget(&e->regs);
    engine_disturbed(e);
}

/* Before what makes it so: the adapter may be in any state */
static void engine_forget(VFIOVGAEngine *e, const char *reason)
{
    engine_forget_window(e, reason);
    vfio_vga_check_forget(&e->pending.check);
}

/*
 * The machine
 */

static void engine_tick(void *opaque)
{
    VFIOVGAEngine *e = opaque;

    vfio_vga_pending_tick(&e->pending);
    engine_look_when_calm(e);
}

static void engine_vm_state(void *opaque, bool running, RunState state)
{
    VFIOVGAEngine *e = opaque;

    vfio_vga_posted_enter(&e->pending.posted, false);
    if (running) {
        vfio_vga_pending_go_on(&e->pending);
        if (e->look.due) {
            vfio_vga_pending_arm(&e->pending);
        }
    } else {
        vfio_vga_pending_stop(&e->pending);
    }
    e->running = running;
}

/*
 * The guest accesses what could be kept for a while, if BARs were not mapped.
 * Through them it may have done anything meanwhile.
 */
static void engine_trap_bars(VFIOVGAEngine *e)
{
    if (vfio_vga_bars_mapped(&e->bars) && !engine_is_off(e) &&
        vfio_vga_heat_up(&e->bars_heat, VFIO_VGA_BARS_HEAT) &&
        vfio_vga_bars_trap(&e->bars)) {
        engine_forget(e, "BARs were mapped");
    }
}

/*
 * Ports
 */

static void engine_read_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                             void *data)
{
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_regs_read(&e->regs, port, size);
    vfio_vga_region_read(e->region, port, size, data);
}

/* Miscellaneous Output reads back, which changes nothing */
static void engine_learn_misc(VFIOVGAEngine *e)
{
    uint8_t misc;

    vfio_vga_combine_flush(&e->pending.combine);
    if (vfio_vga_region_peek(e->region, VFIO_VGA_MISC_READ, 1, &misc)) {
        e->regs.misc = misc;
    }
}

/* What a write to a port makes of the registers, and of the window wanted */
typedef struct VFIOVGAChange {
    VFIOVGAEffect effect;
    bool expected; /* it has left the window as it was before */
    VFIOVGARegs regs;
    VFIOVGAWindow wanted;
} VFIOVGAChange;

static VFIOVGAChange engine_change(const VFIOVGAEngine *e,
                                   const VFIOVGAWrite *write)
{
    const VFIOVGAPending *pending = &e->pending;
    VFIOVGAChange c = { .regs = e->regs, .wanted = pending->copy.wanted };

    c.effect = vfio_vga_regs_write(&c.regs, write->offset, write->data,
                                   write->size);
    if (c.effect == VFIO_VGA_EFFECT_UNKNOWN &&
        vfio_vga_pending_expects(pending, write)) {
        c.expected = true;
        c.effect = VFIO_VGA_EFFECT_ORDERED;
        c.regs = e->regs;
        vfio_vga_regs_write_index(&c.regs, write->offset, write->data,
                                  write->size);
    } else if (c.effect != VFIO_VGA_EFFECT_NONE) {
        c.wanted = engine_window(e, &c.regs);
    }
    return c;
}

/* Before the write: the adapter has what was written to memory before */
static VFIOVGAChange engine_make_way(VFIOVGAEngine *e,
                                     const VFIOVGAWrite *write)
{
    VFIOVGAPending *pending = &e->pending;
    VFIOVGAWindow before = pending->copy.window;
    VFIOVGAChange c = engine_change(e, write);

    if (c.effect == VFIO_VGA_EFFECT_NONE) {
        return c;
    }
    if (before.key != c.wanted.key) {
        vfio_vga_pending_end_copy(pending, "register written");
    } else {
        vfio_vga_pending_sync(pending);
    }
    if (before.key && !pending->copy.window.key) {
        /* What came out of the ring meanwhile may have been a register, too */
        c = engine_change(e, write);
    }
    if (c.expected || c.effect == VFIO_VGA_EFFECT_UNKNOWN) {
        vfio_vga_pending_note(pending, write, before);
    }
    return c;
}

/* A mode set begins: what the software or the window of before did is past */
static void engine_see_misc(VFIOVGAEngine *e)
{
    e->look.needed = 1;
    vfio_vga_copy_trust(&e->pending.copy);
}

static void engine_before_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                               const void *data)
{
    if (port == VFIO_VGA_MISC_WRITE) {
        engine_see_misc(e);
    }
    if (e->pending.copy.ram && !engine_must_forward(e) &&
        vfio_vga_regs_lack_misc(&e->regs, port, ldub_p(data))) {
        engine_learn_misc(e);
    }
    if (vfio_vga_posted_port(port, size)) {
        engine_trap_bars(e);
        if (!engine_must_forward(e)) {
            e->pending.came = true;
            vfio_vga_pending_post(&e->pending);
        }
    }
}

static void engine_write_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                              const void *data)
{
    VFIOVGAWrite write;
    VFIOVGAChange c;

    engine_before_port(e, port, size, data);
    write = (VFIOVGAWrite) {
        .region = VFIO_PCI_VGA_REGION_INDEX,
        .offset = port,
        .index = vfio_vga_regs_index(&e->regs, port),
        .size = size,
        .data = ldn_le_p(data, size),
    };
    c = engine_make_way(e, &write);
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_region_write(e->region, port, size, data);
    e->regs = c.regs;
    if (c.effect != VFIO_VGA_EFFECT_NONE) {
        vfio_vga_pending_want(&e->pending, c.wanted);
    }
    if (c.effect == VFIO_VGA_EFFECT_UNKNOWN) {
        engine_disturbed(e);
    } else if (c.effect == VFIO_VGA_EFFECT_ORDERED) {
        e->look.disturbed = true;
    }
}

/*
 * Memory
 */

/* Is an access one to a copy, and the window still what that is of? */
static bool engine_has_copy(VFIOVGAEngine *e, uint32_t offset, uint32_t size)
{
    const VFIOVGAWindow *window = &e->pending.copy.window;

    if (e->running && vfio_vga_window_covers(window, offset, size)) {
        vfio_vga_pending_see_access(&e->pending, offset);
    }
    return vfio_vga_window_covers(window, offset, size);
}

static void engine_read_memory(VFIOVGAEngine *e, uint32_t offset,
                               uint32_t size, void *data)
{
    engine_trap_bars(e);
    engine_look_for_read(e);
    if (!engine_must_forward(e)) {
        vfio_vga_pending_heat(&e->pending, offset, size);
    }
    if (engine_has_copy(e, offset, size)) {
        vfio_vga_copy_read(&e->pending.copy, offset, size, data);
        return;
    }
    if (vfio_vga_window_is_beside(&e->pending.copy.window, offset)) {
        vfio_vga_pending_end_copy(&e->pending, "accessed beside it");
    }
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_region_read(e->region, offset, size, data);
    vfio_vga_copy_saw_read(&e->pending.copy, offset, size);
}

static void engine_write_memory(VFIOVGAEngine *e, uint32_t offset,
                                uint32_t size, const void *data)
{
    e->pending.came = true;
    engine_trap_bars(e);
    if (!engine_must_forward(e) &&
        !vfio_vga_pending_heat(&e->pending, offset, size)) {
        vfio_vga_pending_post(&e->pending);
    }
    if (engine_has_copy(e, offset, size)) {
        vfio_vga_copy_write(&e->pending.copy, offset, size, data);
        if (e->running) {
            vfio_vga_pending_arm(&e->pending);
        } else {
            vfio_vga_pending_sync(&e->pending);
        }
        return;
    }
    if (vfio_vga_window_is_beside(&e->pending.copy.window, offset)) {
        vfio_vga_pending_end_copy(&e->pending, "accessed beside it");
    }
    vfio_vga_copy_sees_write(&e->pending.copy, &e->regs, offset, size);
    vfio_vga_check_sees_write(&e->pending.check, offset, size, data);
    if (engine_must_forward(e)) {
        vfio_vga_combine_flush(&e->pending.combine);
        vfio_vga_region_write(e->region, offset, size, data);
    } else {
        vfio_vga_pending_combine(&e->pending, offset, size, data);
    }
}

void vfio_vga_engine_read(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                          void *data)
{
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);

    if (offset < QEMU_PCI_VGA_MEM_BASE) {
        engine_read_port(e, offset, size, data);
    } else {
        engine_read_memory(e, offset, size, data);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
}

void vfio_vga_engine_write(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                           const void *data)
{
    bool memory = offset >= QEMU_PCI_VGA_MEM_BASE;
    bool may_be_posted = memory || vfio_vga_posted_port(offset, size);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, may_be_posted);

    if (memory) {
        engine_write_memory(e, offset, size, data);
    } else {
        engine_write_port(e, offset, size, data);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
}

/*
 * BARs and config space
 */

/* The engine is found by its operations, which are the device's */
static VFIOVGAEngine *engine_of(VFIODevice *vbasedev)
{
    return container_of(vbasedev->io_ops, VFIOVGAEngine, io_ops);
}

/* While it was bus master, a driver may have used BARs that nobody sees */
static void engine_see_config_write(VFIOVGAEngine *e, uint32_t addr,
                                    uint32_t size, const uint8_t *data)
{
    bool command = range_covers_byte(addr, size, PCI_COMMAND);
    uint8_t value = command ? data[PCI_COMMAND - addr] : 0;
    bool driven = e->bus_master;

    if (command) {
        e->bus_master = value & PCI_COMMAND_MASTER;
    }
    if (driven || e->bus_master ||
        !vfio_vga_config_is_harmless(e->vdev, addr, size, data)) {
        vfio_vga_pending_unpost(&e->pending);
        engine_forget(e, "config space written");
    }
    vfio_vga_pending_barrier(&e->pending);
    if (command && !(value & PCI_COMMAND_MEMORY)) {
        vfio_vga_pending_end_copy(&e->pending, "decode off");
    }
}

/*
 * The guest uses what could be mapped: it can have it, once this is done.  Then
 * nothing is kept any more.
 */
static bool engine_gives_bars(VFIOVGAEngine *e, uint8_t nr, off_t off,
                              uint32_t size)
{
    bool gives = e->bars.trapped &&
                 (nr == VFIO_PCI_CONFIG_REGION_INDEX
                  ? e->bus_master
                  : vfio_vga_bars_cover(&e->bars, nr, off, size));

    if (gives) {
        vfio_vga_pending_unpost(&e->pending);
        engine_forget(e, "BARs mapped");
    }
    return gives;
}

/* An adapter may have its VGA registers in a BAR, too, or others that matter */
static void engine_see_bar_write(VFIOVGAEngine *e, uint8_t nr, off_t off,
                                 uint32_t size, const void *data)
{
    VFIOVGAWindow before = e->pending.copy.window;
    VFIOVGAWrite write = {
        .region = nr,
        .offset = off,
        .size = size,
        .data = ldn_le_p(data, size),
    };

    if (vfio_vga_pending_expects(&e->pending, &write)) {
        vfio_vga_pending_barrier(&e->pending);
    }
    if (!vfio_vga_pending_expects(&e->pending, &write)) {
        engine_forget_window(e, "BAR written");
    }
    vfio_vga_pending_note(&e->pending, &write, before);
}

/* After all that the guest wrote to legacy VGA */
static int engine_region_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                               uint32_t size, void *data, bool post)
{
    VFIOVGAEngine *e = engine_of(vbasedev);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);
    bool gives;
    int ret;

    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        engine_see_config_write(e, off, size, data);
    } else {
        engine_see_bar_write(e, nr, off, size, data);
    }
    gives = engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_write(vbasedev, nr, off, size, data,
                                       post && !gives);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
    return ret;
}

static int engine_region_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                              uint32_t size, void *data)
{
    VFIOVGAEngine *e = engine_of(vbasedev);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);
    bool gives;
    int ret;

    vfio_vga_pending_barrier(&e->pending);
    gives = nr != VFIO_PCI_CONFIG_REGION_INDEX &&
            engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_read(vbasedev, nr, off, size, data);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
    return ret;
}

/*
 * Life
 */

/*
 * After a reset, so nothing can be pending: vfio_pci_pre_reset() has turned
 * decoding off.
 */
static void engine_reset(VFIOPCIDevice *vdev, VFIOQuirk *quirk)
{
    VFIOVGAEngine *e = quirk->data;

    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    engine_forget(e, "reset");
    vfio_vga_bars_reset(&e->bars);
    e->region->failed = false;
    e->look.needed = 1;
    vfio_vga_pending_reset(&e->pending);
}

/* Unknown is as good as on: the guest will say when it is off */
static bool engine_is_bus_master(VFIODevice *vbasedev)
{
    uint16_t command = 0;
    int ret = vbasedev->io_ops->region_read(vbasedev,
                                            VFIO_PCI_CONFIG_REGION_INDEX,
                                            PCI_COMMAND, sizeof(command),
                                            &command);

    return ret != sizeof(command) ||
           (le16_to_cpu(command) & PCI_COMMAND_MASTER);
}

/*
 * A qtest's time stands still, so what is pending would not leave by itself:
 * a test that wants a tier says so.
 */
static VFIOVGATier engine_tier(const VFIOPCIDevice *vdev)
{
    if (vdev->vga_options.engine != VFIO_VGA_TIER_AUTO) {
        return vdev->vga_options.engine;
    }
    return qtest_enabled() ? VFIO_VGA_TIER_FORWARD : VFIO_VGA_TIER_CHAIN4;
}

static VFIOVGAEngine *engine_new(VFIOPCIDevice *vdev, VFIOVGATier tier)
{
    VFIOVGAEngine *e = g_new0(VFIOVGAEngine, 1);
    const VFIOVGAOptions *options = &vdev->vga_options;
    VFIOVGAHostRegion *region = &vdev->vga->legacy.region;

    e->vdev = vdev;
    e->region = region;
    e->tier = tier;
    e->running = runstate_is_running();
    e->bus_master = engine_is_bus_master(&vdev->vbasedev);
    e->any_chain4 = options->engine == VFIO_VGA_TIER_CHAIN4;
    e->look = (VFIOVGALook) { .due = true, .needed = 1 };
    vfio_vga_pending_init(&e->pending, region, vdev->vga->region, engine_tick,
                          e);
    vfio_vga_regs_forget(&e->regs);
    vfio_vga_bars_init(&e->bars, vdev, options->bar_order);
    if (e->bus_master && e->bars.trapped) {
        vfio_vga_bars_map(&e->bars);
    }
    region->width = options->write_width;
    region->bars = &e->bars;
    return e;
}

static void engine_init_io_ops(VFIOVGAEngine *e)
{
    VFIODevice *vbasedev = &e->vdev->vbasedev;

    e->adapter_ops = vbasedev->io_ops;
    e->io_ops = *e->adapter_ops;
    e->io_ops.region_read = engine_region_read;
    e->io_ops.region_write = engine_region_write;
    vbasedev->io_ops = &e->io_ops;
}

static void engine_init_copy(VFIOVGAEngine *e, VFIOQuirk *quirk)
{
    VFIOPCIDevice *vdev = e->vdev;
    Error *err = NULL;

    if (vfio_vga_copy_init(&e->pending.copy,
                           &vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                           &quirk->mem[0], vdev->vga_options.copy_ram, &err)) {
        quirk->nr_mem = 1;
    } else {
        warn_reportf_err(err, VFIO_MSG_PREFIX "no copy of VGA memory: ",
                         vdev->vbasedev.name);
    }
}

VFIOVGAEngine *vfio_vga_engine_init(VFIOPCIDevice *vdev)
{
    VFIOVGATier tier = engine_tier(vdev);
    VFIOVGAEngine *e;
    VFIOQuirk *quirk;

    if (tier == VFIO_VGA_TIER_FORWARD) {
        return NULL;
    }
    e = engine_new(vdev, tier);
    quirk = vfio_quirk_alloc(1);
    quirk->nr_mem = 0;
    quirk->reset = engine_reset;
    quirk->data = e;
    QLIST_INSERT_HEAD(&vdev->vga->region[QEMU_PCI_VGA_MEM].quirks, quirk,
                      next);
    if (tier >= VFIO_VGA_TIER_COPY) {
        engine_init_copy(e, quirk);
    }
    e->vm_state = qemu_add_vm_change_state_handler(engine_vm_state, e);
    engine_init_io_ops(e);
    return e;
}

void vfio_vga_engine_exit(VFIOVGAEngine *e)
{
    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    engine_forget(e, "exit");
    vfio_vga_bars_exit(&e->bars);
    e->region->bars = NULL;
    qemu_del_vm_change_state_handler(e->vm_state);
    vfio_vga_pending_exit(&e->pending);
    e->vdev->vbasedev.io_ops = e->adapter_ops;
}

void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats)
{
    stats->tier = e->pending.copy.window.chain4 ? VFIO_VGA_TIER_CHAIN4
                  : e->pending.copy.window.key ? VFIO_VGA_TIER_COPY
                  : engine_must_forward(e) ? VFIO_VGA_TIER_FORWARD
                  : VFIO_VGA_TIER_COMBINE;
    stats->combined_writes = e->pending.combine.writes;
    stats->combined_calls = e->pending.combine.calls;
    stats->posting_begins = e->pending.posted.begins;
    stats->copy_accesses = e->pending.copy.stats.accesses;
    stats->copy_calls = e->pending.copy.stats.calls;
    stats->copy_bytes = e->pending.copy.stats.bytes;
    stats->copy_begins = e->pending.copy.stats.begins;
    stats->chain4_begins = e->pending.copy.stats.chain4_begins;
    stats->copy_maps = e->pending.copy.stats.maps;
    stats->copy_ends = e->pending.copy.stats.ends;
    stats->register_looks = e->look.looks;
    stats->latch_losses = e->pending.copy.latches.losses;
    stats->timer_ticks = e->pending.ticks;
    stats->bar_changes = e->bars.changes;
}
