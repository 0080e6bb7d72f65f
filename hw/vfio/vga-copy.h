/*
 * A copy of a VGA adapter's window that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * While the adapter is in a text mode, the guest works on a copy of the window,
 * or of the font while it loads one (a text copy); in mode 13h, on a copy of
 * the chain-4 window. What the guest changed is written to the adapter in runs.
 * A busy copy is mapped as RAM.
 *
 * There are two images of the window: what the guest sees, and what the adapter
 * has.  What differs has to be written.  As the window is RAM-like
 * (vga-regs.h), comparing is as good as noting each write: to write what is
 * there already changes nothing.  It needs no dirty log, so the guest's image
 * can be mapped and written without anybody's help, and 32 KiB compare in about
 * the time that one system call takes.
 *
 * The latches.  A read that the copy answers does not load the adapter's
 * latches.  So what the guest read last is read again, really, when the copy
 * ends.  Reads of a mapped copy are seen by nobody; then the latches are lost.
 * Software that uses latches loads them by a read in the mode in which it uses
 * them, where there is no copy.  Should some software not, the first write that
 * uses latches which no read that QEMU saw has loaded is counted, and no copy
 * is mapped from then on until the device is reset.
 *
 * All of this runs with the BQL, except the guest's own accesses to a mapped
 * copy.  Those stop when the mapping is taken away, and what they wrote is
 * found by comparing once more after that, so none is lost.  TCG gets no
 * mapping: what it has in its TLBs it uses to the end of the block it runs, so
 * a store behind the OUT that ends a text mode would still go to the copy.
 *
 * This file never empties KVM's ring of posted writes, nor flushes combined
 * ones.  The caller (vga-engine.c) does, before it calls what says so below.
 */

#ifndef HW_VFIO_VGA_COPY_H
#define HW_VFIO_VGA_COPY_H

#include "system/memory.h"
#include "vga-heat.h"
#include "vga-region.h"
#include "vga-regs.h"

/*
 * Differences that are nearer to each other than this (bytes) are written in
 * one call, with what is between: a call costs more than the bytes.
 */
#define VFIO_VGA_COPY_GAP 256

/*
 * Bytes that are read back in a period: of what was written to the adapter, or
 * of what it has had for a while.  On hardware a read of 4 bytes takes about a
 * microsecond, in which nothing else can happen.
 */
#define VFIO_VGA_COPY_SAMPLE 64

/* Bytes that one read has in the latches, at most */
#define VFIO_VGA_COPY_CELL_MAX 4

/* Writes kept to see whether the window reads as it was written */
#define VFIO_VGA_COPY_RECENT 16

/* What the guest read last, if that was in the window wanted */
typedef struct VFIOVGALatches {
    uint32_t base;  /* of the cell read; 0: none that is known */
    bool lost;      /* not as the guest's reads left them */
    uint8_t cell[VFIO_VGA_COPY_CELL_MAX]; /* what was there then, of a copy */
    uint64_t losses; /* writes that used latches which were lost */
} VFIOVGALatches;

/* The guest's last writes to the window wanted, a ring */
typedef struct VFIOVGARecent {
    struct {
        uint32_t base;
        uint32_t size;
        uint8_t data[sizeof(uint64_t)];
    } write[VFIO_VGA_COPY_RECENT];
    unsigned next;
} VFIOVGARecent;

typedef struct VFIOVGACopyStats {
    uint64_t accesses; /* of the guest to a copy, those that QEMU saw */
    uint64_t calls;    /* on the region that wrote changes */
    uint64_t bytes;    /* that those wrote */
    uint64_t begins;   /* times a window was read into a copy */
    uint64_t chain4_begins; /* those of mode 13h */
    uint64_t maps;     /* times a copy was mapped as RAM */
    uint64_t ends;     /* times a copy was given up */
} VFIOVGACopyStats;

typedef struct VFIOVGACopy {
    VFIOVGAHostRegion *region; /* not owned */
    MemoryRegion *ram;    /* the guest's image; NULL: there can be no copy */
    uint64_t *guest;      /* its bytes */
    VFIOVGAWindow wanted; /* RAM-like, for all that is known */
    VFIOVGAWindow window; /* that there is a copy of; key 0: none */
    bool can_map;         /* a busy copy may be mapped as RAM */
    bool may_map;         /* and the guest has not shown that it must not */
    bool mapped;
    bool dirty;           /* what the guest sees may differ */
    bool verify;          /* read the next run back */
    uint32_t sampled;     /* which part was, in bytes from its start */
    bool distrusted;      /* the window is not memory */
    int64_t begun;        /* ms */
    uint64_t begun_bytes; /* stats.bytes then */
    int64_t rested;       /* ms, when it was unmapped as idle; 0: it was not */
    unsigned idle_max;    /* periods after which a mapped copy is unmapped */
    unsigned moments;     /* copies that did not pay, in a row */
    VFIOVGAHeat heat;     /* of the window wanted */
    VFIOVGALatches latches;
    VFIOVGARecent recent;
    VFIOVGACopyStats stats;
    uint64_t adapter[VFIO_VGA_WINDOW_MAX / sizeof(uint64_t)]; /* has these */
} VFIOVGACopy;

/**
 * vfio_vga_copy_init: allocate what a copy needs
 *
 * @copy: all zero but for @copy->region
 * @window: the region of legacy VGA memory, which the copy is mapped over; its
 *          owner owns the guest's image, too
 * @mr: for the guest's image, which lives as long as @mr
 * @ram: the user lets a busy copy be mapped as RAM
 * @errp: on failure, why there can be no copy
 *
 * The image is VFIO_VGA_WINDOW_MAX bytes of shared memory that is in no IOMMU
 * and no migration.
 */
bool vfio_vga_copy_init(VFIOVGACopy *copy, MemoryRegion *window,
                        MemoryRegion *mr, bool ram, Error **errp);

/**
 * vfio_vga_copy_reset: forget what the guest has shown, as after power-on
 *
 * @copy: of an adapter that was reset; there is no copy now
 */
void vfio_vga_copy_reset(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_want: say which window is wanted
 *
 * @copy: the adapter's
 * @window: the window, or none; another one than before
 */
void vfio_vga_copy_want(VFIOVGACopy *copy, VFIOVGAWindow window);

/**
 * vfio_vga_copy_is_wanted: is there more of a copy to be had?
 *
 * @copy: the adapter's
 *
 * Returns true if there could be one and is none, or if there is one that could
 * be mapped and is not.  To fill a copy is to read, which loads the latches.
 * Without a mapping the guest's last read is known and can be done again; if it
 * was elsewhere, what it left in the latches is better left alone.
 */
static inline bool vfio_vga_copy_is_wanted(const VFIOVGACopy *copy)
{
    if (copy->window.key) {
        return copy->may_map && !copy->mapped;
    }
    return copy->wanted.key && copy->ram &&
           (copy->may_map || copy->latches.base);
}

/**
 * vfio_vga_copy_heat_needed: how many accesses in a row make a copy pay
 *
 * @copy: the adapter's
 */
unsigned vfio_vga_copy_heat_needed(const VFIOVGACopy *copy);

/**
 * vfio_vga_copy_begin: read the window wanted into a copy
 *
 * @copy: the adapter's, without a copy; combined writes were flushed
 *
 * The window is RAM-like by its registers, and has to behave like that, too:
 * there is no copy, and the window is distrusted, if it does not.
 */
void vfio_vga_copy_begin(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_map: map the copy as RAM, or do so no more
 *
 * @copy: there is one; nothing is posted
 * @map: what it is to be, and is not
 */
void vfio_vga_copy_map(VFIOVGACopy *copy, bool map);

/**
 * vfio_vga_copy_write_back: give the adapter what the guest changed
 *
 * @copy: there is one
 *
 * Returns true if there was anything to write.
 */
bool vfio_vga_copy_write_back(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_sample: read a part of the window back
 *
 * @copy: there is one; the adapter has what the guest changed
 * @offset: where in the region; inside of the window
 *
 * Takes one call, for the VFIO_VGA_COPY_SAMPLE bytes of which @offset is one.
 * The window is distrusted if they differ.
 */
void vfio_vga_copy_sample(VFIOVGACopy *copy, uint32_t offset);

/**
 * vfio_vga_copy_trust: have a distrusted window tried again, as after a reset
 *
 * @copy: the adapter's
 *
 * Copies may be mapped again, too, if they may be at all.
 */
void vfio_vga_copy_trust(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_end: give the copy up
 *
 * @copy: there is one, and it is not mapped
 * @reason: for the trace
 *
 * The adapter then has what the guest wrote, and its latches what the guest
 * read, as far as QEMU saw it.
 */
void vfio_vga_copy_end(VFIOVGACopy *copy, const char *reason);

/**
 * vfio_vga_copy_read, vfio_vga_copy_write: the guest accesses the copy
 *
 * @copy: there is one, and its window covers the access
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
void vfio_vga_copy_read(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                        void *data);
void vfio_vga_copy_write(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                         const void *data);

/**
 * vfio_vga_copy_saw_read: the guest read memory of the adapter itself
 *
 * @copy: the adapter's
 * @offset: where in the region
 * @size: bytes
 */
void vfio_vga_copy_saw_read(VFIOVGACopy *copy, uint32_t offset, uint32_t size);

/**
 * vfio_vga_copy_lose_latches: vfio_vga_copy_sees_write() where latches matter
 *
 * @copy: the adapter's
 * @regs: what is known of its registers
 * @offset: where in the region
 * @size: bytes
 */
void vfio_vga_copy_lose_latches(VFIOVGACopy *copy, const VFIOVGARegs *regs,
                                uint32_t offset, uint32_t size);

/**
 * vfio_vga_copy_sees_write: the guest writes to memory of the adapter itself
 *
 * @copy: the adapter's
 * @regs: what is known of its registers
 * @offset: where in the region
 * @size: bytes
 */
static inline void vfio_vga_copy_sees_write(VFIOVGACopy *copy,
                                            const VFIOVGARegs *regs,
                                            uint32_t offset, uint32_t size)
{
    if (copy->latches.base || copy->latches.lost) {
        vfio_vga_copy_lose_latches(copy, regs, offset, size);
    }
}

/**
 * vfio_vga_copy_remember_wanted: vfio_vga_copy_remember() with a window wanted
 *
 * @copy: the adapter's
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
void vfio_vga_copy_remember_wanted(VFIOVGACopy *copy, uint32_t offset,
                                   uint32_t size, const void *data);

/**
 * vfio_vga_copy_remember: keep a write, to compare when a copy begins
 *
 * @copy: the adapter's
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes, which reach the adapter before a copy begins
 */
static inline void vfio_vga_copy_remember(VFIOVGACopy *copy, uint32_t offset,
                                          uint32_t size, const void *data)
{
    if (copy->wanted.key) {
        vfio_vga_copy_remember_wanted(copy, offset, size, data);
    }
}

#endif /* HW_VFIO_VGA_COPY_H */
