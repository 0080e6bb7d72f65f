/*
 * Writes to legacy VGA that KVM posts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * On a bus a write is posted: the writer goes on before the write has arrived.
 * KVM can do the same with its ring of coalesced MMIO (Linux,
 * Documentation/virt/kvm/api.rst, KVM_REGISTER_COALESCED_MMIO), so that a
 * write costs an exit to the kernel, but none to QEMU.  All posted writes of
 * the machine are in one ring, in order.  QEMU empties the ring before it acts
 * on an access to a region that is marked for that, before the memory map
 * changes, and when the ring is full.
 *
 * If none of that happens, nothing empties the ring.  An emulated display
 * empties it each time it draws.  Here a timer of the owner empties it, which
 * runs only while writes are posted: so posting begins when many writes come,
 * and ends when no more come.
 *
 * Writes to the window's memory and to the DAC are posted, since they only
 * change how a picture looks.  Writes to other registers are not: software
 * waits for their effect by counting time, which does not empty the ring.
 *
 * A posted write must not arrive after one that the guest made to RAM later.
 * So a window is not posted when it becomes RAM, and does not become RAM while
 * posted writes are still to come.
 *
 * The function that empties the ring calls the handlers of legacy VGA for each
 * write in the ring, and other processors may post writes meanwhile.  So a
 * whole access can run in the middle of another one, wherever that one drains
 * the ring or ends posting.  Three rules make that safe:
 *
 * - Each access to the adapter, of any region, begins with
 *   vfio_vga_posted_enter(), which empties the ring before any state is read.
 * - Later in an access only vfio_vga_posted_end() empties the ring: the memory
 *   map, whose changes empty it as well, is changed only when nothing is
 *   posted.  The caller that ends posting checks its state again.
 * - Only writes to memory and to the DAC can come out of the ring, and none of
 *   these begins posting or turns a window into RAM.
 */

#ifndef HW_VFIO_VGA_POSTED_H
#define HW_VFIO_VGA_POSTED_H

#include "system/memory.h"
#include "vga-heat.h"

struct VFIOVGARegion;

#define VFIO_VGA_POSTED_PORT 0x3c8 /* DAC: index, data */
#define VFIO_VGA_POSTED_PORTS 2

/* Zeroed except for the first three members before the first use */
typedef struct VFIOVGAPosted {
    const char *name;              /* of the adapter, for the trace */
    struct VFIOVGARegion *windows; /* the three windows of VFIOVGA; not owned */
    bool available;      /* the accelerator has a ring */
    bool on;             /* the guest's writes are posted */
    bool ending;         /* posting ends when the ring is empty */
    bool may_be_posted;  /* the current access may have come from the ring */
    bool trailing;       /* posting has ended, but posted writes may come */
    VFIOVGAHeat heat;    /* of the writes that could be posted */
    uint64_t begins;     /* times KVM was asked to post */
} VFIOVGAPosted;

/**
 * vfio_vga_posted_port: can a write to a port be posted?
 *
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 */
static inline bool vfio_vga_posted_port(uint32_t port, unsigned size)
{
    return port >= VFIO_VGA_POSTED_PORT &&
           port + size <= VFIO_VGA_POSTED_PORT + VFIO_VGA_POSTED_PORTS;
}

/**
 * vfio_vga_posted_drain: make all writes that were posted
 *
 * @posted: the adapter's
 */
static inline void vfio_vga_posted_drain(VFIOVGAPosted *posted)
{
    if (posted->on) {
        qemu_flush_coalesced_mmio_buffer();
    }
}

/**
 * vfio_vga_posted_enter: an access to the adapter begins
 *
 * @posted: the adapter's
 * @may_be_posted: whether this access may come out of the ring
 *
 * Empties the ring.  Returns a value for vfio_vga_posted_leave(), because this
 * access may be in the middle of another one.
 */
static inline bool vfio_vga_posted_enter(VFIOVGAPosted *posted,
                                         bool may_be_posted)
{
    bool outer = posted->may_be_posted;

    vfio_vga_posted_drain(posted);
    posted->may_be_posted = may_be_posted;
    posted->trailing &= may_be_posted;
    return outer;
}

/**
 * vfio_vga_posted_leave: an access to the adapter is over
 *
 * @posted: the adapter's
 * @outer: the value that vfio_vga_posted_enter() returned
 */
static inline void vfio_vga_posted_leave(VFIOVGAPosted *posted, bool outer)
{
    posted->may_be_posted = outer;
}

/**
 * vfio_vga_posted_coming: are posted writes still to come?
 *
 * @posted: the adapter's
 *
 * Until they have come, no window may become RAM.
 */
static inline bool vfio_vga_posted_coming(const VFIOVGAPosted *posted)
{
    return posted->on || posted->trailing;
}

/**
 * vfio_vga_posted_begin: let KVM post the guest's writes, if that pays
 *
 * @posted: the adapter's
 *
 * To be called for each write that could have been posted but was not.  Returns
 * true if writes are posted from now on.  Then the caller has to drain the ring
 * from time to time, and before anything that must come after the guest's
 * writes and is not an access to the adapter.
 */
bool vfio_vga_posted_begin(VFIOVGAPosted *posted);

/**
 * vfio_vga_posted_end: end posting, if writes are posted
 *
 * @posted: the adapter's
 *
 * All posted writes have come when this returns, unless it is called for one of
 * them: then those behind it come when the caller is done.
 *
 * Returns true if writes were posted before.
 */
bool vfio_vga_posted_end(VFIOVGAPosted *posted);

#endif /* HW_VFIO_VGA_POSTED_H */
