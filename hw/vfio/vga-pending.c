/*
 * Writes to legacy VGA memory that have not reached the adapter yet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-pending.h"
#include "qemu/timer.h"
#include "system/kvm.h"
#include "system/qtest.h"

void vfio_vga_pending_arm(VFIOVGAPending *pending)
{
    if (!timer_pending(pending->timer)) {
        timer_mod(pending->timer,
                  vfio_vga_heat_now_ms() + VFIO_VGA_PENDING_PERIOD_MS);
    }
}

/*
 * KVM's ring and the combined writes
 */

void vfio_vga_pending_begin_posting(VFIOVGAPending *pending)
{
    if (vfio_vga_posted_begin(&pending->posted)) {
        pending->idle = 0;
        vfio_vga_pending_arm(pending);
    }
}

/* Writes from the ring may now wait among the combined writes */
void vfio_vga_pending_unpost(VFIOVGAPending *pending)
{
    if (vfio_vga_posted_end(&pending->posted)) {
        vfio_vga_combine_flush(&pending->combine);
    }
}

void vfio_vga_pending_combine(VFIOVGAPending *pending, uint32_t offset,
                              uint32_t size, const void *data)
{
    vfio_vga_copy_remember(&pending->copy, offset, size, data);
    if (!pending->combine.size) {
        vfio_vga_pending_arm(pending);
    }
    vfio_vga_combine_write(&pending->combine, offset, size, data);
}

/*
 * The copy
 */

/* Posted writes come first, and one of them may end the copy */
static void pending_map_copy(VFIOVGAPending *pending)
{
    VFIOVGACopy *copy = &pending->copy;

    if (vfio_vga_copy_wants_map(copy)) {
        vfio_vga_pending_unpost(pending);
    }
    if (vfio_vga_copy_wants_map(copy)) {
        vfio_vga_copy_map(copy, vfio_vga_copy_proven_size(copy));
        pending->idle = 0;
        vfio_vga_pending_arm(pending);
    }
}

static void pending_unmap_copy(VFIOVGAPending *pending)
{
    if (pending->copy.mapped) {
        vfio_vga_pending_unpost(pending);
    }
    if (pending->copy.mapped) {
        vfio_vga_copy_map(&pending->copy, 0);
    }
}

static void pending_begin_copy(VFIOVGAPending *pending)
{
    VFIOVGACopy *copy = &pending->copy;

    if (!vfio_vga_copy_is_wanted(copy)) {
        return;
    }
    if (!copy->window.key) {
        vfio_vga_combine_flush(&pending->combine);
        vfio_vga_copy_begin(copy);
        if (copy->window.key) {
            vfio_vga_check_compare(&pending->check, copy);
        }
    }
    pending_map_copy(pending);
}

/* Mapping a copy, or beginning one, has to wait for what is in KVM's ring */
static void pending_heated_copy(VFIOVGAPending *pending)
{
    pending->heated = pending->copy.may_map &&
                      vfio_vga_posted_coming(&pending->posted);
    if (pending->heated) {
        vfio_vga_pending_arm(pending);
    } else {
        pending_begin_copy(pending);
    }
}

bool vfio_vga_pending_heat_copy(VFIOVGAPending *pending, uint32_t offset,
                                uint32_t size)
{
    VFIOVGACopy *copy = &pending->copy;

    if (!vfio_vga_window_covers(&copy->wanted, offset, size)) {
        return false;
    }
    if (vfio_vga_heat_up(&copy->heat, vfio_vga_copy_heat_needed(copy))) {
        pending_heated_copy(pending);
    }
    return copy->mapped ||
           vfio_vga_copy_heat_needed(copy) == VFIO_VGA_HEAT_FIRST;
}

void vfio_vga_pending_end_copy(VFIOVGAPending *pending, const char *reason)
{
    vfio_vga_planes_end(&pending->planes, reason);
    pending_unmap_copy(pending);
    /* A write from the ring may have ended it */
    if (pending->copy.window.key) {
        vfio_vga_copy_end(&pending->copy, reason);
    }
}

bool vfio_vga_pending_sync(VFIOVGAPending *pending)
{
    bool changed = pending->copy.window.key &&
                   vfio_vga_copy_write_back(&pending->copy);

    changed |= vfio_vga_planes_write_back(&pending->planes);
    if (vfio_vga_pending_distrusted(pending)) {
        vfio_vga_pending_end_copy(pending, "not trusted");
    }
    return changed;
}

void vfio_vga_pending_write_copy(VFIOVGAPending *pending, uint32_t offset,
                                 uint32_t size, const void *data)
{
    VFIOVGACopy *copy = &pending->copy;

    if (vfio_vga_copy_proven_at(copy, offset)) {
        vfio_vga_copy_write(copy, offset, size, data);
        vfio_vga_pending_arm(pending);
        return;
    }
    vfio_vga_combine_flush(&pending->combine);
    if (vfio_vga_copy_prove(copy, offset, size, data)) {
        pending_heated_copy(pending);
    } else {
        vfio_vga_pending_end_copy(pending, "not trusted");
    }
}

void vfio_vga_pending_want(VFIOVGAPending *pending, VFIOVGAWindow wanted)
{
    VFIOVGACopy *copy = &pending->copy;

    if (copy->wanted.key == wanted.key) {
        return;
    }
    vfio_vga_copy_want(copy, wanted);
    pending->heated = false;
    if (wanted.key && copy->may_map) {
        vfio_vga_pending_unpost(pending);
    }
}

/*
 * All places together
 */

void vfio_vga_pending_barrier(VFIOVGAPending *pending)
{
    vfio_vga_posted_drain(&pending->posted);
    vfio_vga_combine_flush(&pending->combine);
    vfio_vga_cursor_flush(&pending->cursor);
    vfio_vga_pending_sync(pending);
}

void vfio_vga_pending_give_up(VFIOVGAPending *pending, const char *reason)
{
    vfio_vga_posted_drain(&pending->posted);
    vfio_vga_combine_flush(&pending->combine);
    vfio_vga_cursor_flush(&pending->cursor);
    vfio_vga_pending_end_copy(pending, reason);
    vfio_vga_pending_want(pending, (VFIOVGAWindow) { });
}

/*
 * Writes that were expected
 */

bool vfio_vga_pending_expects(const VFIOVGAPending *pending,
                              const VFIOVGAWrite *write)
{
    return pending->copy.window.key &&
           pending->copy.window.key == pending->check.window.key &&
           vfio_vga_check_expects(&pending->check, write);
}

void vfio_vga_pending_note(VFIOVGAPending *pending, const VFIOVGAWrite *write,
                           VFIOVGAWindow before)
{
    if (vfio_vga_pending_expects(pending, write)) {
        pending->doubted = true;
        vfio_vga_pending_arm(pending);
    } else if (before.key) {
        vfio_vga_check_begin(&pending->check, &pending->copy, before, write);
    } else {
        vfio_vga_check_forget(&pending->check); /* its effect may be any */
    }
}

/* Reads a part of the window back, and ends the copy if it differs */
static void pending_sample(VFIOVGAPending *pending, uint32_t offset)
{
    vfio_vga_copy_sample(&pending->copy, offset);
    vfio_vga_pending_sync(pending);
}

/*
 * Check that the window still reads as the copy.  Changes of the guest are read
 * back when they are written.  Without changes, one part of the window after
 * the other is read back, while the guest accesses a mapped copy unseen.
 */
static void pending_sample_in_turn(VFIOVGAPending *pending, bool changed)
{
    VFIOVGACopy *copy = &pending->copy;
    bool sample = copy->mapped || pending->doubted;

    pending->doubted = false;
    if (copy->window.key && sample && !changed) {
        copy->sampled = (copy->sampled + VFIO_VGA_COPY_SAMPLE) %
                        copy->window.size;
        pending_sample(pending, copy->window.base + copy->sampled);
    }
}

void vfio_vga_pending_see_access(VFIOVGAPending *pending, uint32_t offset)
{
    if (!pending->sampled) {
        pending->sampled = true;
        pending_sample(pending, offset);
        vfio_vga_pending_arm(pending);
    }
}

void vfio_vga_pending_see_planes(VFIOVGAPending *pending, uint32_t offset)
{
    if (!pending->sampled) {
        pending->sampled = true;
        vfio_vga_planes_sample(&pending->planes, offset);
        vfio_vga_pending_arm(pending);
    }
}

void vfio_vga_pending_begin_planes(VFIOVGAPending *pending)
{
    vfio_vga_combine_flush(&pending->combine);
    vfio_vga_check_forget(&pending->check); /* the memory may be the same */
    vfio_vga_planes_begin(&pending->planes);
    pending->sampled = true; /* the copy was read just now */
    vfio_vga_pending_arm(pending);
}

void vfio_vga_pending_tick(VFIOVGAPending *pending)
{
    VFIOVGACopy *copy = &pending->copy;
    bool busy, changed;

    pending->ticks++;
    pending->sampled = false;
    vfio_vga_posted_enter(&pending->posted, false);
    if (pending->heated) {
        pending->heated = false;
        vfio_vga_pending_unpost(pending);
        pending_begin_copy(pending);
    }
    vfio_vga_combine_flush(&pending->combine);
    vfio_vga_cursor_flush(&pending->cursor);
    copy->verify = pending->planes.verify = true;
    changed = vfio_vga_pending_sync(pending);
    busy = changed || pending->came;
    pending->idle = busy ? 0 : pending->idle + 1;
    pending_sample_in_turn(pending, changed);
    pending->came = false;
    if (!copy->mapped && !pending->posted.on) {
        return;
    }
    if (pending->idle >= VFIO_VGA_PENDING_IDLE_PERIODS) {
        vfio_vga_pending_unpost(pending);
    }
    if (copy->mapped && pending->idle >= copy->idle_max) {
        pending_unmap_copy(pending);
        copy->rested = vfio_vga_heat_now_ms();
        vfio_vga_pending_barrier(pending);
    }
    if (copy->mapped || pending->posted.on) {
        vfio_vga_pending_arm(pending);
    }
}

void vfio_vga_pending_stop(VFIOVGAPending *pending)
{
    vfio_vga_pending_unpost(pending);
    vfio_vga_pending_barrier(pending);
    vfio_vga_planes_end(&pending->planes, "guest stopped");
    timer_del(pending->timer);
}

void vfio_vga_pending_go_on(VFIOVGAPending *pending)
{
    if (pending->copy.mapped) {
        vfio_vga_pending_arm(pending);
    }
}

void vfio_vga_pending_init(VFIOVGAPending *pending, VFIOVGAHostRegion *region,
                           const VFIOVGARegs *regs, VFIOVGARegion *windows,
                           QEMUTimerCB *tick, void *opaque)
{
    pending->region = pending->combine.region = pending->copy.region = region;
    pending->cursor.region = region;
    vfio_vga_planes_init(&pending->planes, region, regs);
    pending->posted.name = region->vbasedev->name;
    pending->posted.windows = windows;
    pending->posted.available = kvm_enabled() || qtest_enabled();
    pending->timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, tick, opaque);
}

void vfio_vga_pending_exit(VFIOVGAPending *pending)
{
    timer_free(pending->timer);
    vfio_vga_planes_exit(&pending->planes);
}

void vfio_vga_pending_reset(VFIOVGAPending *pending)
{
    timer_del(pending->timer);
    vfio_vga_copy_reset(&pending->copy);
    vfio_vga_planes_trust(&pending->planes);
}
