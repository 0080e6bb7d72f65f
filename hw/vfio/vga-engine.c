/*
 * Fewer calls for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This file decides which tier makes an access, and what has to happen before
 * it; vga-pending.c keeps the pending writes.  All functions run under the BQL.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "trace.h"
#include "vga-engine-internal.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "system/qtest.h"
#include "system/runstate.h"

/*
 * Forgetting the registers
 */

VFIOVGAWindow vfio_vga_engine_window(const VFIOVGAEngine *e,
                                     const VFIOVGARegs *regs)
{
    VFIOVGAWindow window = vfio_vga_regs_window(regs);
    bool none = window.chain4 &&
                (e->tier < VFIO_VGA_TIER_CHAIN4 ||
                 (!e->any_chain4 && !vfio_vga_regs_fit_window(regs)));

    return none ? (VFIOVGAWindow) { } : window;
}

void vfio_vga_engine_forgotten(VFIOVGAEngine *e)
{
    vfio_vga_look_forgotten(&e->look);
    if (e->running) {
        vfio_vga_pending_arm(&e->pending);
    }
}

void vfio_vga_engine_forget_window(VFIOVGAEngine *e, const char *reason)
{
    vfio_vga_pending_give_up(&e->pending, reason);
    vfio_vga_regs_forget(&e->regs);
    vfio_vga_engine_forgotten(e);
}

void vfio_vga_engine_forget(VFIOVGAEngine *e, const char *reason)
{
    vfio_vga_engine_forget_window(e, reason);
    vfio_vga_check_forget(&e->pending.check);
}

/*
 * Registers that were forgotten are read back, unless the guest has written all
 * needed ones since.
 */
static bool engine_may_look(VFIOVGAEngine *e)
{
    if (e->look.due && vfio_vga_regs_known(&e->regs)) {
        e->look.due = false;
    }
    return e->look.due && e->pending.copy.ram &&
           !e->pending.copy.wanted.key && !e->pending.planes.key &&
           !vfio_vga_engine_must_forward(e);
}

static void engine_look(VFIOVGAEngine *e)
{
    if (!engine_may_look(e)) {
        return;
    }
    vfio_vga_cursor_flush(&e->pending.cursor);
    if (vfio_vga_regs_look(&e->regs, e->region)) {
        vfio_vga_pending_want(&e->pending, vfio_vga_engine_window(e, &e->regs));
    }
    trace_vfio_vga_engine_looked(e->vdev->vbasedev.name,
                                 e->pending.copy.wanted.base);
    vfio_vga_look_done(&e->look, e->pending.copy.wanted.key ||
                                 vfio_vga_regs_planes(&e->regs));
}

/*
 * The machine
 */

static void engine_tick(void *opaque)
{
    VFIOVGAEngine *e = opaque;

    vfio_vga_pending_tick(&e->pending);
    if (vfio_vga_look_period(&e->look, !e->pending.idle)) {
        engine_look(e);
    } else if (engine_may_look(e)) {
        vfio_vga_pending_arm(&e->pending);
    }
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
 * The guest makes an access that could be kept for a while, if BARs were not
 * mapped.  Through mapped BARs it may have done anything meanwhile.
 */
void vfio_vga_engine_trap_bars(VFIOVGAEngine *e)
{
    if (vfio_vga_bars_mapped(&e->bars) && !vfio_vga_engine_is_off(e) &&
        vfio_vga_heat_up(&e->bars_heat, VFIO_VGA_BARS_HEAT) &&
        vfio_vga_bars_trap(&e->bars)) {
        vfio_vga_engine_forget(e, "BARs were mapped");
    }
}

/*
 * Memory
 */

/* Is this an access to a copy, whose window still reads as the copy? */
static bool engine_has_copy(VFIOVGAEngine *e, uint32_t offset, uint32_t size)
{
    const VFIOVGAWindow *window = &e->pending.copy.window;

    if (!window->key) {
        return false;
    }
    if (e->running && vfio_vga_window_covers(window, offset, size)) {
        vfio_vga_pending_see_access(&e->pending, offset);
    }
    return vfio_vga_window_covers(window, offset, size);
}

/* Is this an access to the copy of the planes? */
static bool engine_has_planes(VFIOVGAEngine *e, uint32_t offset, uint32_t size)
{
    VFIOVGAPlanes *planes = &e->pending.planes;

    if (!planes->key ||
        offset >= VFIO_VGA_PLANES_BASE + VFIO_VGA_PLANES_SIZE) {
        return false;
    }
    vfio_vga_pending_see_planes(&e->pending, offset);
    if (!vfio_vga_planes_covers(offset, size) ||
        vfio_vga_engine_must_forward(e)) {
        vfio_vga_pending_end_copy(&e->pending, "access to be forwarded");
    }
    return planes->key;
}

static bool engine_read_planes(VFIOVGAEngine *e, uint32_t offset,
                               uint32_t size, void *data)
{
    VFIOVGAPlanes *planes = &e->pending.planes;

    if (e->tier >= VFIO_VGA_TIER_PLANES &&
        vfio_vga_planes_covers(offset, size) && vfio_vga_planes_heat(planes) &&
        !vfio_vga_engine_must_forward(e)) {
        vfio_vga_pending_begin_planes(&e->pending);
    }
    if (!engine_has_planes(e, offset, size)) {
        return false;
    }
    if (!vfio_vga_planes_read(planes, offset, size, data)) {
        vfio_vga_pending_end_copy(&e->pending, "adapter to be read");
    }
    return planes->key;
}

static bool engine_write_planes(VFIOVGAEngine *e, uint32_t offset,
                                uint32_t size, const void *data)
{
    VFIOVGAPlanes *planes = &e->pending.planes;

    if (!engine_has_planes(e, offset, size)) {
        return false;
    }
    vfio_vga_pending_arm(&e->pending);
    if (vfio_vga_planes_write(planes, offset, size, data)) {
        return true;
    }
    vfio_vga_pending_end_copy(&e->pending, "latches of a wide read");
    return false;
}

static void engine_read_memory(VFIOVGAEngine *e, uint32_t offset,
                               uint32_t size, void *data)
{
    vfio_vga_engine_trap_bars(e);
    if (vfio_vga_look_sees_read(&e->look)) {
        engine_look(e);
    }
    if (engine_read_planes(e, offset, size, data)) {
        return;
    }
    if (!vfio_vga_engine_must_forward(e)) {
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
    bool forward;

    e->pending.came = true;
    vfio_vga_engine_trap_bars(e);
    if (vfio_vga_look_sees_write(&e->look, size)) {
        engine_look(e);
    }
    forward = vfio_vga_engine_must_forward(e);
    if (!forward && !vfio_vga_pending_heat(&e->pending, offset, size)) {
        vfio_vga_pending_post(&e->pending);
    }
    if (engine_write_planes(e, offset, size, data)) {
        return;
    }
    if (engine_has_copy(e, offset, size)) {
        vfio_vga_pending_write_copy(&e->pending, offset, size, data);
        if (!e->running) {
            vfio_vga_combine_flush(&e->pending.combine);
            vfio_vga_pending_sync(&e->pending);
        }
        return;
    }
    if (vfio_vga_window_is_beside(&e->pending.copy.window, offset)) {
        vfio_vga_pending_end_copy(&e->pending, "accessed beside it");
    }
    vfio_vga_copy_sees_write(&e->pending.copy, &e->regs, offset, size);
    vfio_vga_check_sees_write(&e->pending.check, offset, size, data);
    /* A copy that was to begin, or has ended, may have shown otherwise */
    if (forward || vfio_vga_pending_distrusted(&e->pending)) {
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
        vfio_vga_engine_read_port(e, offset, size, data);
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
        vfio_vga_engine_write_port(e, offset, size, data);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
}

/*
 * Life
 */

/*
 * This runs after a reset, when nothing can be pending: vfio_pci_pre_reset()
 * has turned decoding off.
 */
static void engine_reset(VFIOPCIDevice *vdev, VFIOQuirk *quirk)
{
    VFIOVGAEngine *e = quirk->data;

    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    vfio_vga_engine_forget(e, "reset");
    vfio_vga_bars_reset(&e->bars);
    e->region->failed = false;
    vfio_vga_look_again(&e->look);
    vfio_vga_pending_reset(&e->pending);
}

/*
 * In a qtest time stands still, so pending writes would not leave by
 * themselves: a test that needs a tier names it.
 */
static VFIOVGATier engine_tier(const VFIOPCIDevice *vdev)
{
    if (vdev->vga_options.engine != VFIO_VGA_TIER_AUTO) {
        return vdev->vga_options.engine;
    }
    return qtest_enabled() ? VFIO_VGA_TIER_FORWARD : VFIO_VGA_TIER_PLANES;
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
    e->any_chain4 = options->engine >= VFIO_VGA_TIER_CHAIN4;
    e->look = (VFIOVGALook) { .due = true, .needed = 1 };
    vfio_vga_pending_init(&e->pending, region, &e->regs, vdev->vga->region,
                          engine_tick, e);
    vfio_vga_regs_forget(&e->regs);
    vfio_vga_bars_init(&e->bars, vdev, options->bar_order);
    region->width = options->write_width;
    region->bars = &e->bars;
    return e;
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
        warn_reportf_err(err, VFIO_MSG_PREFIX "VGA memory is not copied, which "
                         "makes the guest's screen slower: ",
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
    vfio_vga_engine_init_ops(e);
    return e;
}

void vfio_vga_engine_exit(VFIOVGAEngine *e)
{
    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    vfio_vga_engine_forget(e, "exit");
    vfio_vga_bars_exit(&e->bars);
    e->region->bars = NULL;
    qemu_del_vm_change_state_handler(e->vm_state);
    vfio_vga_pending_exit(&e->pending);
    e->vdev->vbasedev.io_ops = e->adapter_ops;
}

void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats)
{
    const VFIOVGAPlanesStats *planes = &e->pending.planes.stats;

    stats->tier = e->pending.planes.key ? VFIO_VGA_TIER_PLANES
                  : e->pending.copy.window.chain4 ? VFIO_VGA_TIER_CHAIN4
                  : e->pending.copy.window.key ? VFIO_VGA_TIER_COPY
                  : vfio_vga_engine_must_forward(e) ? VFIO_VGA_TIER_FORWARD
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
    stats->planes_begins = planes->begins;
    stats->planes_ends = planes->ends;
    stats->planes_accesses = planes->accesses;
    stats->planes_calls = planes->calls;
    stats->planes_bytes = planes->bytes;
    stats->register_looks = e->look.looks;
    stats->latch_losses = e->pending.copy.latches.losses;
    stats->timer_ticks = e->pending.ticks;
    stats->bar_changes = e->bars.changes;
}
