/*
 * Writes to legacy VGA memory that have not reached the adapter yet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A write waits in one of three places, oldest first: in KVM's ring of posted
 * writes (vga-posted.h), among the combined writes (vga-combine.h), or in a
 * copy of the window (vga-copy.h) or of the planes (vga-planes.h).  This file
 * keeps the three in order, begins and ends each of them, and has the timer
 * that sends all pending writes to the adapter, those to the cursor's registers
 * (vga-cursor.h) included.
 *
 * Emptying KVM's ring can run one access in the middle of another; vga-posted.h
 * says where, and what follows from that.  The functions below say if they may
 * end posting; after such a call the caller has to check its state again.
 *
 * All functions run under the BQL.
 */

#ifndef HW_VFIO_VGA_PENDING_H
#define HW_VFIO_VGA_PENDING_H

#include "vga-check.h"
#include "vga-combine.h"
#include "vga-copy.h"
#include "vga-cursor.h"
#include "vga-planes.h"
#include "vga-posted.h"

/*
 * A write reaches the adapter within this time, if QEMU's main loop gets to
 * run: it must show even if the guest halts right after it, and 60 pictures a
 * second must be possible.
 */
#define VFIO_VGA_PENDING_PERIOD_MS 10

/*
 * After so many periods without a change the timer stops: a second, or up to 16
 * times as long for a mapped copy that changes now and then.
 */
#define VFIO_VGA_PENDING_IDLE_PERIODS 100

typedef struct VFIOVGAPending {
    VFIOVGAHostRegion *region; /* not owned */
    QEMUTimer *timer;
    bool came;     /* a write that may be posted has come in this period */
    bool heated;   /* a copy pays, and begins with the next period */
    bool doubted;  /* an expected write has come, which may move the window */
    bool sampled;  /* in this period the window was read back at an access */
    unsigned idle; /* periods without a change */
    uint64_t ticks; /* times that the timer has run */
    VFIOVGAPosted posted;
    VFIOVGACombine combine;
    VFIOVGACopy copy;
    VFIOVGACursor cursor;
    VFIOVGAPlanes planes;
    VFIOVGACheck check;
} VFIOVGAPending;

/**
 * vfio_vga_pending_init: begin with nothing pending
 *
 * @pending: all zero
 * @region: the adapter's; outlives @pending
 * @regs: the registers as far as they are known; outlives @pending
 * @windows: the three windows of VFIOVGA; outlive @pending
 * @tick: called with @opaque once a period; calls vfio_vga_pending_tick()
 * @opaque: for @tick
 */
void vfio_vga_pending_init(VFIOVGAPending *pending, VFIOVGAHostRegion *region,
                           const VFIOVGARegs *regs,
                           struct VFIOVGARegion *windows, QEMUTimerCB *tick,
                           void *opaque);

/**
 * vfio_vga_pending_tick: a period is over
 *
 * @pending: the adapter's
 *
 * Sends all that is pending to the adapter.  A copy ends if its window no
 * longer reads as the copy.  May end posting.
 */
void vfio_vga_pending_tick(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_see_access: QEMU sees the guest access a copy
 *
 * @pending: the adapter's, with a copy that is not mapped
 * @offset: where in the region
 *
 * The first time in a period, reads the window back there, and ends the copy if
 * the window has become something else.
 */
void vfio_vga_pending_see_access(VFIOVGAPending *pending, uint32_t offset);

/**
 * vfio_vga_pending_see_planes: the guest accesses the copy of the planes
 *
 * @pending: the adapter's, with a copy of the planes
 * @offset: where in the region
 *
 * The same as vfio_vga_pending_see_access().
 */
void vfio_vga_pending_see_planes(VFIOVGAPending *pending, uint32_t offset);

/**
 * vfio_vga_pending_begin_planes: begin a copy of the planes
 *
 * @pending: the adapter's, with no copy; the next access is a read
 */
void vfio_vga_pending_begin_planes(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_expects: does a write leave the copy as it is?
 *
 * @pending: the adapter's
 * @write: a write whose effect is not known otherwise
 *
 * Returns true if there is a copy and the same write was seen to leave a copy
 * as it was.
 */
bool vfio_vga_pending_expects(const VFIOVGAPending *pending,
                              const VFIOVGAWrite *write);

/**
 * vfio_vga_pending_note: note a write whose effect is not known
 *
 * @pending: the adapter's; nothing is pending, and there is a copy only if the
 *           write is expected
 * @write: the write, which is about to be made
 * @before: the window of the copy before pending writes left; key 0: no copy
 */
void vfio_vga_pending_note(VFIOVGAPending *pending, const VFIOVGAWrite *write,
                           VFIOVGAWindow before);

/**
 * vfio_vga_pending_exit: free the timer
 *
 * @pending: the adapter's, with nothing pending
 */
void vfio_vga_pending_exit(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_reset: start again, as after power-on
 *
 * @pending: that of an adapter that was reset, with nothing pending
 */
void vfio_vga_pending_reset(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_distrusted: must each access be forwarded at once?
 *
 * @pending: the adapter's
 *
 * Returns true if the adapter failed an access, or if its window is not memory.
 */
static inline bool vfio_vga_pending_distrusted(const VFIOVGAPending *pending)
{
    return pending->region->failed || pending->copy.distrusted ||
           pending->planes.distrusted;
}

/**
 * vfio_vga_pending_arm: send all that is pending within a period
 *
 * @pending: the adapter's
 */
void vfio_vga_pending_arm(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_begin_posting: let KVM post the next writes, if that pays
 *
 * @pending: the adapter's, whose writes are not posted
 */
void vfio_vga_pending_begin_posting(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_post: count a write that could have been posted
 *
 * @pending: the adapter's
 *
 * Lets KVM post the next writes, if that pays.
 */
static inline void vfio_vga_pending_post(VFIOVGAPending *pending)
{
    if (!pending->posted.on) {
        vfio_vga_pending_begin_posting(pending);
    }
}

/**
 * vfio_vga_pending_unpost: end posting, if writes are posted
 *
 * @pending: the adapter's
 */
void vfio_vga_pending_unpost(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_combine: keep a write among the combined ones
 *
 * @pending: the adapter's
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
void vfio_vga_pending_combine(VFIOVGAPending *pending, uint32_t offset,
                              uint32_t size, const void *data);

/**
 * vfio_vga_pending_heat_copy: vfio_vga_pending_heat() where a copy is wanted
 *
 * @pending: the adapter's
 * @offset: where in the region
 * @size: bytes
 */
bool vfio_vga_pending_heat_copy(VFIOVGAPending *pending, uint32_t offset,
                                uint32_t size);

/**
 * vfio_vga_pending_heat: count an access of the guest to memory
 *
 * @pending: the adapter's
 * @offset: where in the region
 * @size: bytes
 *
 * Begins a copy or maps it if that pays, which may end posting.  While writes
 * are posted, or still come out of the ring, a copy that becomes RAM waits for
 * the next period.
 *
 * Returns false if no copy is possible there, or not soon.
 */
static inline bool vfio_vga_pending_heat(VFIOVGAPending *pending,
                                         uint32_t offset, uint32_t size)
{
    return vfio_vga_copy_is_wanted(&pending->copy) &&
           vfio_vga_pending_heat_copy(pending, offset, size);
}

/**
 * vfio_vga_pending_sync: write the guest's changes in a copy to the adapter
 *
 * @pending: the adapter's; there may be no copy
 *
 * Ends the copy if the adapter is distrusted, which may end posting.
 *
 * Returns true if the guest had changed anything.
 */
bool vfio_vga_pending_sync(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_end_copy: end the copy
 *
 * @pending: the adapter's; there may be no copy
 * @reason: for the trace
 *
 * May end posting.
 */
void vfio_vga_pending_end_copy(VFIOVGAPending *pending, const char *reason);

/**
 * vfio_vga_pending_write_copy: the guest writes to a copy
 *
 * @pending: the adapter's, with a copy whose window covers the write
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 *
 * The first write to a part of the window proves that part, or ends the copy.
 */
void vfio_vga_pending_write_copy(VFIOVGAPending *pending, uint32_t offset,
                                 uint32_t size, const void *data);

/**
 * vfio_vga_pending_want: take over the RAM-like window that registers select
 *
 * @pending: the adapter's
 * @wanted: the window, or none
 *
 * Addresses have another meaning from now on, also for writes that come out of
 * the ring when posting ends.  Posting ends where the window may become RAM:
 * ending it later would take a period, in which a font is loaded.
 */
void vfio_vga_pending_want(VFIOVGAPending *pending, VFIOVGAWindow wanted);

/**
 * vfio_vga_pending_barrier: send all that is pending to the adapter
 *
 * @pending: the adapter's
 *
 * Keeps a copy as it is.  May end posting.
 */
void vfio_vga_pending_barrier(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_give_up: send all that is pending, and want no copy
 *
 * @pending: the adapter's
 * @reason: for the trace
 *
 * To be called before an access after which the adapter may be in any state.
 * May end posting.
 */
void vfio_vga_pending_give_up(VFIOVGAPending *pending, const char *reason);

/**
 * vfio_vga_pending_stop: the guest stops
 *
 * @pending: the adapter's
 *
 * Afterwards nothing is pending or posted, and no timer runs.
 */
void vfio_vga_pending_stop(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_go_on: the guest goes on
 *
 * @pending: the adapter's
 */
void vfio_vga_pending_go_on(VFIOVGAPending *pending);

#endif /* HW_VFIO_VGA_PENDING_H */
