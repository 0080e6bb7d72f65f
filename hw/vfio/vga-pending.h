/*
 * What a guest wrote to legacy VGA memory and the adapter does not have yet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A write waits in one of three places, oldest first: in KVM's ring of posted
 * writes (vga-posted.h), among the combined writes (vga-combine.h), or in a
 * copy of the window (vga-copy.h) or of the planes (vga-planes.h).  This is
 * about the order of the three, when each begins and ends, and the timer by
 * which all of it leaves.
 *
 * An access can run in the middle of another, for what comes out of KVM's ring;
 * vga-posted.h says where, and what follows from that.  Functions that may end
 * posting say so here; their caller looks again afterwards at what it knew.
 *
 * All of it runs under the BQL.
 */

#ifndef HW_VFIO_VGA_PENDING_H
#define HW_VFIO_VGA_PENDING_H

#include "vga-check.h"
#include "vga-combine.h"
#include "vga-copy.h"
#include "vga-planes.h"
#include "vga-posted.h"

/*
 * A write is at the adapter after so long, if QEMU's main loop gets to run: a
 * guest that halts right after it must see it, and 60 pictures a second show.
 */
#define VFIO_VGA_PENDING_PERIOD_MS 10

/*
 * So many periods without a change, and nothing ticks any more: a second, or up
 * to 16 times as long where a mapped copy changes now and then.
 */
#define VFIO_VGA_PENDING_IDLE_PERIODS 100

typedef struct VFIOVGAPending {
    VFIOVGAHostRegion *region; /* not owned */
    QEMUTimer *timer;
    bool came;     /* a write that may be posted has come in this period */
    bool heated;   /* a copy pays, and begins with the next period */
    bool doubted;  /* a write has come that may move the window, and did not */
    bool sampled;  /* the window was read back where the guest accessed it */
    unsigned idle; /* periods without a change */
    uint64_t ticks; /* of the timer */
    VFIOVGAPosted posted;
    VFIOVGACombine combine;
    VFIOVGACopy copy;
    VFIOVGAPlanes planes;
    VFIOVGACheck check;
} VFIOVGAPending;

/**
 * vfio_vga_pending_init: nothing is pending
 *
 * @pending: all zero
 * @region: the adapter's; outlives @pending
 * @regs: what is known of its registers; outlives @pending
 * @windows: the three of VFIOVGA; outlive @pending
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
 * All that is pending leaves.  A copy ends if its window is found to be
 * something else.  May end posting.
 */
void vfio_vga_pending_tick(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_see_access: the guest accesses a copy, and QEMU sees it
 *
 * @pending: the adapter's, with a copy that is not mapped
 * @offset: where in the region
 *
 * The first time in a period, the window is read back there.  Ends the copy if
 * it is something else meanwhile.
 */
void vfio_vga_pending_see_access(VFIOVGAPending *pending, uint32_t offset);

/**
 * vfio_vga_pending_see_planes: the guest accesses the copy of the planes
 *
 * @pending: the adapter's, with such a copy
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
 * Returns true if there is a copy, and this write has left one as it was when
 * it came in the same order.
 */
bool vfio_vga_pending_expects(const VFIOVGAPending *pending,
                              const VFIOVGAWrite *write);

/**
 * vfio_vga_pending_note: a write whose effect is not known is about to be made
 *
 * @pending: the adapter's; everything is at the adapter, and there is a copy
 *           only if the write is expected
 * @write: the write
 * @before: the window of the copy before the write made its way; key 0: none
 */
void vfio_vga_pending_note(VFIOVGAPending *pending, const VFIOVGAWrite *write,
                           VFIOVGAWindow before);

/**
 * vfio_vga_pending_exit: free the timer
 *
 * @pending: nothing is pending
 */
void vfio_vga_pending_exit(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_reset: start again, as after power-on
 *
 * @pending: of an adapter that was reset; nothing is pending
 */
void vfio_vga_pending_reset(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_distrusted: has the adapter shown that nothing may be kept?
 *
 * @pending: the adapter's
 *
 * Returns true if it failed an access, or if its window is not memory.
 */
static inline bool vfio_vga_pending_distrusted(const VFIOVGAPending *pending)
{
    return pending->region->failed || pending->copy.distrusted ||
           pending->planes.distrusted;
}

/**
 * vfio_vga_pending_arm: make all that is pending leave within a period
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
 * vfio_vga_pending_post: a write came that could have been posted
 *
 * @pending: the adapter's
 *
 * KVM posts the next ones, if that pays.
 */
static inline void vfio_vga_pending_post(VFIOVGAPending *pending)
{
    if (!pending->posted.on) {
        vfio_vga_pending_begin_posting(pending);
    }
}

/**
 * vfio_vga_pending_unpost: end posting
 *
 * @pending: the adapter's
 *
 * Ends posting, if anything is posted.
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
 * vfio_vga_pending_heat: the guest accesses memory: would a copy pay?
 *
 * @pending: the adapter's
 * @offset: where in the region
 * @size: bytes
 *
 * Begins the copy if it does, or maps it, which may end posting.  Where writes
 * are posted, or still come out of the ring, a copy that becomes RAM waits for
 * the next period.
 *
 * Returns false if no copy is to be had there, or not soon.
 */
static inline bool vfio_vga_pending_heat(VFIOVGAPending *pending,
                                         uint32_t offset, uint32_t size)
{
    return vfio_vga_copy_is_wanted(&pending->copy) &&
           vfio_vga_pending_heat_copy(pending, offset, size);
}

/**
 * vfio_vga_pending_sync: give the adapter what the guest changed in a copy
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
 * vfio_vga_pending_want: registers say which window is RAM-like from now on
 *
 * @pending: the adapter's
 * @wanted: the window, or none
 *
 * Addresses mean something else from now on, also to what comes out of the ring
 * when posting ends.  A window that may become RAM is not posted meanwhile:
 * that would take a period, in which a font is loaded.  May end posting.
 */
void vfio_vga_pending_want(VFIOVGAPending *pending, VFIOVGAWindow wanted);

/**
 * vfio_vga_pending_barrier: give the adapter all that is pending
 *
 * @pending: the adapter's
 *
 * Keeps a copy as it is.  May end posting.
 */
void vfio_vga_pending_barrier(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_give_up: give the adapter what is pending, and want no copy
 *
 * @pending: the adapter's
 * @reason: for the trace
 *
 * Before something after which the adapter may be in any state.  May end
 * posting.
 */
void vfio_vga_pending_give_up(VFIOVGAPending *pending, const char *reason);

/**
 * vfio_vga_pending_stop: the guest stops
 *
 * @pending: the adapter's
 *
 * Everything is at the adapter then, nothing is posted and no timer runs.
 */
void vfio_vga_pending_stop(VFIOVGAPending *pending);

/**
 * vfio_vga_pending_go_on: the guest goes on
 *
 * @pending: the adapter's
 */
void vfio_vga_pending_go_on(VFIOVGAPending *pending);

#endif /* HW_VFIO_VGA_PENDING_H */
