/*
 * A copy of a VGA adapter's four planes that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * In a planar mode (0Dh to 12h, X, and 800x600 in 16 colors) each address is a
 * byte in each of four planes.  A read loads all four into the latches, and a
 * write combines what is written with them.  Software draws by a read and a
 * write of each byte, so nothing can be combined, and each read is a call.
 *
 * All that is between the bus and the planes is known: four latches, two
 * registers of the Sequencer and eight of the Graphics Controller.  So while
 * there is a copy, QEMU does their work on bytes of its own.  Three things do
 * not reach the adapter meanwhile:
 *
 * - bytes that were written, which are written back plane by plane;
 * - the registers above, which affect only the processor's accesses.  They are
 *   written when anything may depend on them: before another port is read, and
 *   whenever bytes are written back;
 * - the latches, which are loaded again when the copy ends.
 *
 * A copy begins empty: at the guest's first read of a block, the block of each
 * plane is read.  A read loads the latches, so a copy begins with one.
 *
 * An adapter may differ from a VGA, and for example read from another bank than
 * it writes to.  So at first each access is made both to the adapter and to the
 * copy, until the guest has changed a byte and all planes read back as they
 * should; in each half of the window, which can have banks of its own, or be
 * the same memory as the other one.  After that, in each period some of the
 * bytes written back are read back, and a part of the block that the guest
 * accesses first.  A difference ends the copy, and no copy begins until
 * Miscellaneous Output is written.
 *
 * Facts are of the IBM VGA, as in vga-regs.h.  Write mode 3 with a logical
 * function is left to the adapter, since descriptions differ.
 *
 * All functions run under the BQL.
 */

#ifndef HW_VFIO_VGA_PLANES_H
#define HW_VFIO_VGA_PLANES_H

#include "qemu/bitmap.h"
#include "vga-heat.h"
#include "vga-region.h"
#include "vga-regs.h"

#define VFIO_VGA_PLANES 4

/* Addresses, each a byte in each plane */
#define VFIO_VGA_PLANES_BASE 0xa0000
#define VFIO_VGA_PLANES_SIZE (64 * KiB)

typedef struct VFIOVGAPlane {
    uint8_t bytes[VFIO_VGA_PLANES_SIZE];
    DECLARE_BITMAP(known, VFIO_VGA_PLANES_SIZE); /* bytes that are valid */
    DECLARE_BITMAP(dirty, VFIO_VGA_PLANES_SIZE); /* the adapter lacks them */
} VFIOVGAPlane;

/* The guest's last read, with the bytes of all planes */
typedef struct VFIOVGAPlanesLatches {
    uint32_t offset;
    uint32_t size; /* bytes; if more than 1, which of them is latched is open */
    uint8_t cells[VFIO_VGA_PLANES][sizeof(uint64_t)];
} VFIOVGAPlanesLatches;

typedef struct VFIOVGAPlanesStats {
    uint64_t accesses; /* of the guest to a copy */
    uint64_t calls;    /* on the region, made for copies */
    uint64_t bytes;    /* written back */
    uint64_t begins;
    uint64_t ends;
} VFIOVGAPlanesStats;

typedef struct VFIOVGAPlanes {
    VFIOVGAHostRegion *region; /* not owned */
    const VFIOVGARegs *regs;   /* as the guest wrote them; not owned */
    VFIOVGAPlane *plane;       /* four; owned, NULL before the first copy */
    uint32_t key;              /* of the copied mode; 0: no copy */
    VFIOVGARegs adapter;       /* the registers as the adapter has them */
    VFIOVGAPlanesLatches latches;
    bool dirty;      /* some byte of some plane is */
    bool tells;      /* a write has changed a known byte */
    unsigned proven; /* a bit a VFIO_VGA_PART: and all planes were read back */
    bool verify;     /* read the next run back */
    bool distrusted; /* the planes are not memory */
    unsigned moments;        /* copies that did not pay, in a row */
    uint64_t begun_accesses; /* stats.accesses when the copy began */
    VFIOVGAHeat heat;        /* of reads without a copy */
    VFIOVGAPlanesStats stats;
} VFIOVGAPlanes;

/**
 * vfio_vga_planes_init: begin without a copy
 *
 * @planes: all zero
 * @region: the adapter's; outlives @planes
 * @regs: the registers as far as they are known; outlives @planes
 */
void vfio_vga_planes_init(VFIOVGAPlanes *planes, VFIOVGAHostRegion *region,
                          const VFIOVGARegs *regs);

/**
 * vfio_vga_planes_exit: free the memory of copies
 *
 * @planes: the adapter's, without a copy
 */
static inline void vfio_vga_planes_exit(VFIOVGAPlanes *planes)
{
    g_free(planes->plane);
}

/**
 * vfio_vga_planes_trust: forget the past, because a mode set begins
 *
 * @planes: the adapter's
 *
 * Distrust, and copies that did not pay, belong to the mode before.
 */
static inline void vfio_vga_planes_trust(VFIOVGAPlanes *planes)
{
    planes->distrusted = false;
    planes->moments = 0;
}

/**
 * vfio_vga_planes_covers: is an access wholly within the planes?
 *
 * @offset: where in the region
 * @size: bytes
 */
static inline bool vfio_vga_planes_covers(uint32_t offset, uint32_t size)
{
    return offset >= VFIO_VGA_PLANES_BASE &&
           offset + size <= VFIO_VGA_PLANES_BASE + VFIO_VGA_PLANES_SIZE;
}

/**
 * vfio_vga_planes_heat: count a read that the guest is about to make
 *
 * @planes: the adapter's
 *
 * Returns true if a copy pays and is to begin with this read.
 */
bool vfio_vga_planes_heat(VFIOVGAPlanes *planes);

/**
 * vfio_vga_planes_begin: begin a copy; the next access is a read
 *
 * @planes: the adapter's, without a copy and with nothing pending
 */
void vfio_vga_planes_begin(VFIOVGAPlanes *planes);

/**
 * vfio_vga_planes_end: end a copy
 *
 * @planes: the adapter's; there may be no copy
 * @reason: for the trace
 *
 * Afterwards memory, registers and latches of the adapter are the guest's.
 */
void vfio_vga_planes_end(VFIOVGAPlanes *planes, const char *reason);

/**
 * vfio_vga_planes_read: the guest reads
 *
 * @planes: the adapter's, with a copy
 * @offset: where in the region
 * @size: bytes, 1 to 8
 * @data: filled in
 *
 * Returns false if the copy has to end and the adapter has to be read: a plane
 * cannot be read, or the copy is still not proven after many accesses.
 */
bool vfio_vga_planes_read(VFIOVGAPlanes *planes, uint32_t offset,
                          uint32_t size, void *data);

/**
 * vfio_vga_planes_write: the guest writes
 *
 * @planes: the adapter's, with a copy
 * @offset: where in the region
 * @size: bytes, 1 to 8
 * @data: the bytes
 *
 * Returns false if the copy has to end and the adapter has to be written,
 * because the write uses latches that a wide read has left.
 */
bool vfio_vga_planes_write(VFIOVGAPlanes *planes, uint32_t offset,
                           uint32_t size, const void *data);

/**
 * vfio_vga_planes_keep: does only the copy need a write to a port?
 *
 * @planes: the adapter's
 * @port: where
 * @index: which register the write reaches, if @port is a data port
 * @size: bytes
 * @data: the bytes
 * @after: the registers after the write
 *
 * Returns true if there is a copy, and the write only changes how the copy is
 * accessed.
 */
bool vfio_vga_planes_keep(const VFIOVGAPlanes *planes, uint32_t port,
                          int16_t index, uint32_t size, const uint8_t *data,
                          const VFIOVGARegs *after);

/**
 * vfio_vga_planes_saw_registers: the adapter has the guest's registers
 *
 * @planes: the adapter's; a write to a register went to the adapter, and before
 *          it the registers that were kept
 */
static inline void vfio_vga_planes_saw_registers(VFIOVGAPlanes *planes)
{
    if (planes->key) {
        planes->adapter = *planes->regs;
    }
}

/**
 * vfio_vga_planes_put_registers: write the kept registers to the adapter
 *
 * @planes: the adapter's; there may be no copy
 */
void vfio_vga_planes_put_registers(VFIOVGAPlanes *planes);

/**
 * vfio_vga_planes_write_back: write kept bytes and registers to the adapter
 *
 * @planes: the adapter's; there may be no copy
 *
 * Returns true if the guest had changed anything in memory.
 */
bool vfio_vga_planes_write_back(VFIOVGAPlanes *planes);

/**
 * vfio_vga_planes_sample: check a few bytes of the adapter against the copy
 *
 * @planes: the adapter's, with a copy
 * @offset: where in the region
 *
 * If they differ, @planes->distrusted is set, and the copy has to end.
 */
void vfio_vga_planes_sample(VFIOVGAPlanes *planes, uint32_t offset);

#endif /* HW_VFIO_VGA_PLANES_H */
