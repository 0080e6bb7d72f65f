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
 * There are two images of the window: one that the guest sees, and one of what
 * the adapter has.  Where they differ, the adapter has to be written.  As the
 * window is RAM-like (vga-regs.h), comparing the images is as good as noting
 * each write: writing a byte that the adapter already has changes nothing.
 * Comparing needs no dirty log, so the guest's image can be mapped and written
 * without QEMU, and 32 KiB compare in about the time of one system call.
 *
 * The latches.  A read that the copy answers does not load the adapter's
 * latches.  So when the copy ends, the guest's last read is made once more, on
 * the adapter.  QEMU does not see reads of a mapped copy, after which the
 * latches are lost.  Software that uses latches loads them by a read in the
 * mode in which it uses them, where there is no copy.  If software does not do
 * that, QEMU counts its first write that uses lost latches, and maps no copy
 * until the next mode set.
 *
 * All of this runs with the BQL, except the guest's own accesses to a mapped
 * copy.  They stop when the mapping is removed.  The images are compared once
 * more after that, so no write is lost.  With TCG no copy is mapped: TCG uses
 * its TLB entries to the end of the block that it runs, so a store behind the
 * OUT that ends a text mode would still go to the copy.
 *
 * This file never empties KVM's ring of posted writes, nor flushes combined
 * ones.  The caller does that before it calls a function that says so below.
 */

#ifndef HW_VFIO_VGA_COPY_H
#define HW_VFIO_VGA_COPY_H

#include "system/memory.h"
#include "vga-heat.h"
#include "vga-region.h"
#include "vga-regs.h"

/*
 * Differences less than this many bytes apart are written in one call, with the
 * bytes between them: a call costs more than the bytes.
 */
#define VFIO_VGA_COPY_GAP 256

/*
 * Bytes that are read back in a period: of those written to the adapter, or of
 * the others.  On hardware a read of 4 bytes takes about a microsecond, in
 * which nothing else can happen.
 */
#define VFIO_VGA_COPY_SAMPLE 64

/* Bytes that one read loads into the latches, at most */
#define VFIO_VGA_COPY_CELL_MAX 4

/* Writes kept to see whether the window reads as it was written */
#define VFIO_VGA_COPY_RECENT 16

/* The guest's last read, if it was in the wanted window */
typedef struct VFIOVGALatches {
    uint32_t base;  /* of the cell read; 0: not known */
    bool lost;      /* the latches are not as the guest's reads left them */
    uint8_t cell[VFIO_VGA_COPY_CELL_MAX]; /* its bytes in the copy then */
    uint64_t losses; /* writes that used lost latches */
} VFIOVGALatches;

/* The guest's last writes to the wanted window, a ring */
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
    uint64_t bytes;    /* that these calls wrote */
    uint64_t begins;   /* times a window was read into a copy */
    uint64_t chain4_begins; /* of these, in mode 13h */
    uint64_t maps;     /* times a copy was mapped as RAM */
    uint64_t ends;     /* times a copy was given up */
} VFIOVGACopyStats;

typedef struct VFIOVGACopy {
    VFIOVGAHostRegion *region; /* not owned */
    MemoryRegion *ram;    /* the guest's image; NULL: there can be no copy */
    uint64_t *guest;      /* its bytes */
    VFIOVGAWindow wanted; /* RAM-like by the known registers */
    VFIOVGAWindow window; /* the copied window; key 0: no copy */
    bool can_map;         /* a busy copy may be mapped as RAM */
    bool may_map;         /* and no write has used lost latches */
    uint32_t mapped;      /* bytes from the window's base on that are RAM */
    bool dirty;           /* the two images may differ */
    bool verify;          /* read the next run back */
    unsigned proven;      /* a bit a VFIO_VGA_PART: a change was read back */
    uint32_t sampled;     /* the part read back last, as its offset */
    bool distrusted;      /* the window is not memory */
    int64_t begun;        /* ms, when the copy began */
    uint64_t begun_bytes; /* stats.bytes at that time */
    int64_t rested;       /* ms, when it was unmapped as idle; 0: it was not */
    unsigned idle_max;    /* periods after which a mapped copy is unmapped */
    unsigned moments;     /* copies that did not pay, in a row */
    VFIOVGAHeat heat;     /* of the wanted window */
    VFIOVGALatches latches;
    VFIOVGARecent recent;
    VFIOVGACopyStats stats;
    uint64_t adapter[VFIO_VGA_WINDOW_MAX / sizeof(uint64_t)]; /* its image */
} VFIOVGACopy;

/**
 * vfio_vga_copy_init: allocate the memory of a copy
 *
 * @copy: all zero but for @copy->region
 * @window: the region of legacy VGA memory, which the copy is mapped over; its
 *          owner also owns the guest's image
 * @mr: for the guest's image, which lives as long as @mr
 * @ram: whether the user allows that a busy copy is mapped as RAM
 * @errp: set on failure to the reason why there can be no copy
 *
 * The image is VFIO_VGA_WINDOW_MAX bytes of shared memory that no IOMMU maps
 * and no migration copies.
 */
bool vfio_vga_copy_init(VFIOVGACopy *copy, MemoryRegion *window,
                        MemoryRegion *mr, bool ram, Error **errp);

/**
 * vfio_vga_copy_reset: forget how the guest behaved, as after power-on
 *
 * @copy: that of an adapter that was reset, without a copy
 */
void vfio_vga_copy_reset(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_want: set the wanted window
 *
 * @copy: the adapter's
 * @window: the window, or none; not the same as before
 */
void vfio_vga_copy_want(VFIOVGACopy *copy, VFIOVGAWindow window);

/**
 * vfio_vga_copy_proven_size: how much of the window may be mapped
 *
 * @copy: the adapter's; there may be no copy
 *
 * Returns the bytes from the window's base on in which, in each part, a change
 * was read back.
 */
static inline uint32_t vfio_vga_copy_proven_size(const VFIOVGACopy *copy)
{
    return MIN(cto32(copy->proven) * VFIO_VGA_PART, copy->window.size);
}

/**
 * vfio_vga_copy_proven_at: was a change in this part of the window read back?
 *
 * @copy: the adapter's, with a copy whose window covers @offset
 * @offset: where in the region
 */
static inline bool vfio_vga_copy_proven_at(const VFIOVGACopy *copy,
                                           uint32_t offset)
{
    unsigned part = (offset - copy->window.base) / VFIO_VGA_PART;

    return copy->proven & (1 << part);
}

/**
 * vfio_vga_copy_wants_map: could more of the copy be mapped than is?
 *
 * @copy: the adapter's
 *
 * Returns false if there is no copy.
 */
static inline bool vfio_vga_copy_wants_map(const VFIOVGACopy *copy)
{
    return copy->may_map && vfio_vga_copy_proven_size(copy) > copy->mapped;
}

/**
 * vfio_vga_copy_is_wanted: could a copy begin, or be mapped?
 *
 * @copy: the adapter's
 *
 * Filling a copy reads the adapter, which loads the latches.  Without a mapping
 * the guest's last read is known and can be made again.  If that read was in
 * another window, the latches must stay as they are, so there is no copy.
 */
static inline bool vfio_vga_copy_is_wanted(const VFIOVGACopy *copy)
{
    if (copy->window.key) {
        return vfio_vga_copy_wants_map(copy);
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
 * vfio_vga_copy_begin: read the wanted window into a copy
 *
 * @copy: the adapter's, without a copy; combined writes were flushed
 *
 * The window is RAM-like by its registers.  If it does not behave like RAM,
 * there is no copy, and the window is distrusted.
 */
void vfio_vga_copy_begin(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_map: map the copy as RAM, or unmap it
 *
 * @copy: the adapter's, with a copy, while nothing is posted
 * @size: bytes from the window's base on that are to be RAM, or 0; not the same
 *        as before
 *
 * An access behind them is QEMU's as before.
 */
void vfio_vga_copy_map(VFIOVGACopy *copy, uint32_t size);

/**
 * vfio_vga_copy_write_back: write the guest's changes to the adapter
 *
 * @copy: the adapter's, with a copy
 *
 * Returns true if there was anything to write.
 */
bool vfio_vga_copy_write_back(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_sample: read a part of the window back
 *
 * @copy: the adapter's, with a copy whose changes are written
 * @offset: where in the region; inside of the window
 *
 * Makes one call, for the VFIO_VGA_COPY_SAMPLE bytes around @offset.  The
 * window is distrusted if they differ from the copy.
 */
void vfio_vga_copy_sample(VFIOVGACopy *copy, uint32_t offset);

/**
 * vfio_vga_copy_trust: let a distrusted window be tried again
 *
 * @copy: the adapter's
 *
 * Copies may be mapped again as well, if the user allows that.
 */
void vfio_vga_copy_trust(VFIOVGACopy *copy);

/**
 * vfio_vga_copy_end: end the copy
 *
 * @copy: the adapter's, with a copy that is not mapped
 * @reason: for the trace
 *
 * Afterwards the adapter has all that the guest wrote, and its latches hold the
 * guest's last read, if QEMU saw it.
 */
void vfio_vga_copy_end(VFIOVGACopy *copy, const char *reason);

/**
 * vfio_vga_copy_prove: make the guest's write to a part that is not proven
 *
 * @copy: the adapter's, with a copy whose window covers the write; combined
 *        writes were flushed
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 *
 * A copy is read from the bank that the adapter has for reads.  Where it has
 * another bank for writes, the copy's changes, and the bytes between them that
 * are written with them, would get there.  So the first change of each part is
 * made on the adapter alone, and read back.  If it is not there, or if a change
 * of the first part shows in the other one, the window is distrusted, and the
 * copy has to end.
 *
 * A write that changes nothing is made with all bits inverted first, because
 * what is written then goes where the guest writes to in any case.
 *
 * Returns true if the change was there.
 */
bool vfio_vga_copy_prove(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                         const void *data);

/**
 * vfio_vga_copy_read, vfio_vga_copy_write: the guest accesses the copy
 *
 * @copy: the adapter's, with a copy whose window covers the access
 * @offset: where in the region
 * @size: bytes
 * @data: the bytes
 */
void vfio_vga_copy_read(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                        void *data);
void vfio_vga_copy_write(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                         const void *data);

/**
 * vfio_vga_copy_saw_read: the guest has read the adapter's own memory
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
 * @regs: the registers as far as they are known
 * @offset: where in the region
 * @size: bytes
 */
void vfio_vga_copy_lose_latches(VFIOVGACopy *copy, const VFIOVGARegs *regs,
                                uint32_t offset, uint32_t size);

/**
 * vfio_vga_copy_sees_write: the guest writes to the adapter's own memory
 *
 * @copy: the adapter's
 * @regs: the registers as far as they are known
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
 * vfio_vga_copy_remember: keep a write, to compare it when a copy begins
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
