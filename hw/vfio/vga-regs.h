/*
 * What is known of a VGA adapter's registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An assigned adapter's registers are in the adapter.  What the guest writes
 * to them passes through QEMU, though, so QEMU can know them without asking,
 * as far as the guest has written them, and as long as it writes nothing whose
 * effect is not known.  From the registers follows the one thing that matters
 * here: is there a part of the legacy window that behaves like RAM?
 *
 * A window is RAM-like if each byte of it is a byte of the adapter's memory,
 * no two the same, that a read returns and a write replaces, whatever was
 * accessed before.  Text modes have one, and so has their font while it can be
 * reached, and mode 13h, whose four planes are chained: each dot is a byte.  In
 * general a VGA's memory is not: latches, rotation, bit mask, set/reset, plane
 * masks and read modes stand between.
 *
 * Facts are of the IBM VGA as documented in IBM PS/2 Hardware Interface
 * Technical Reference (Video Subsystem), and in what is common to all its
 * descendants.  Two CRTC registers, 14h and 17h, decide on an IBM VGA what is
 * displayed only; in QEMU's models (hw/display/vga.c, vga_mem_writeb()) they
 * shift the processor's addresses, and a model can be assigned, too.
 */

#ifndef HW_VFIO_VGA_REGS_H
#define HW_VFIO_VGA_REGS_H

#include "qemu/units.h"
#include "vga-region.h"

#define VFIO_VGA_UNKNOWN (-1)

typedef struct VFIOVGARegs {
    /* Each a byte, or VFIO_VGA_UNKNOWN */
    int16_t misc;          /* Miscellaneous Output, 3c2 */
    int16_t sr[5];         /* Sequencer, 3c5 */
    int16_t gr[9];         /* Graphics Controller, 3cf */
    int16_t cr09;          /* CRTC: Maximum Scan Line */
    int16_t cr12;          /* CRTC: Vertical Display Enable End */
    int16_t cr13;          /* CRTC: Offset */
    int16_t cr14;          /* CRTC: Underline Location */
    int16_t cr17;          /* CRTC: Mode Control */
    int16_t sr_index;      /* 3c4 */
    int16_t gr_index;      /* 3ce */
    int16_t cr_index[2];   /* as written to 3b4 and to 3d4 */
    int16_t attr_data;     /* is the next write to 3c0 data? */
} VFIOVGARegs;

typedef enum VFIOVGAEffect {
    /* It changes how a picture looks: the DAC, the cursor, a bare index */
    VFIO_VGA_EFFECT_NONE,
    /* What was written to memory before has to be there first */
    VFIO_VGA_EFFECT_ORDERED,
    /* That, and it may have changed anything, such as where windows are */
    VFIO_VGA_EFFECT_UNKNOWN,
} VFIOVGAEffect;

#define VFIO_VGA_WINDOW_MAX (64 * KiB)

typedef struct VFIOVGAWindow {
    uint32_t base; /* bus address */
    uint32_t size; /* bytes; no more than VFIO_VGA_WINDOW_MAX */
    /* bytes from @base; what is behind @size may be the same memory */
    uint32_t decoded;
    uint32_t cell; /* bytes that one read has in the latches, aligned to that */
    bool chain4;   /* of mode 13h, not of a text mode or its font */
    /*
     * 0: there is none.  Otherwise the same as long as each address means the
     * same byte of the adapter's memory.
     */
    uint32_t key;
} VFIOVGAWindow;

/**
 * vfio_vga_window_covers: is all of an access inside of a window?
 *
 * @window: a window, or none
 * @addr: bus address
 * @size: bytes
 */
static inline bool vfio_vga_window_covers(const VFIOVGAWindow *window,
                                          uint32_t addr, uint32_t size)
{
    return window->key && addr >= window->base &&
           addr + size <= window->base + window->size;
}

/**
 * vfio_vga_window_is_beside: is an address decoded, but behind a window?
 *
 * @window: a window, or none
 * @addr: bus address
 *
 * A VGA of 256 KiB repeats itself there, and a read loads the latches.
 */
static inline bool vfio_vga_window_is_beside(const VFIOVGAWindow *window,
                                             uint32_t addr)
{
    return window->key && addr >= window->base + window->size &&
           addr < window->base + window->decoded;
}

/**
 * vfio_vga_regs_forget: nothing is known, not even what was
 *
 * @r: what is known, initialized or not
 */
void vfio_vga_regs_forget(VFIOVGARegs *r);

/**
 * vfio_vga_regs_write: the guest writes to a port
 *
 * @r: what is known
 * @port: 3b0-3bb or 3c0-3df
 * @data: the value; the least significant byte goes to @port
 * @size: bytes
 *
 * A write to a register that is not a VGA's, or whose index is not known, may
 * do anything; then @r is forgotten.
 *
 * Returns what the write does.
 */
VFIOVGAEffect vfio_vga_regs_write(VFIOVGARegs *r, uint32_t port, uint64_t data,
                                  unsigned size);

/**
 * vfio_vga_regs_write_index: the same of a write that is known to be harmless
 *
 * @r: what is known
 * @port: 3b0-3bb or 3c0-3df
 * @value: the byte that goes to @port
 * @size: bytes
 *
 * Only an index, or the flip-flop of the Attribute Controller, is noted.
 */
void vfio_vga_regs_write_index(VFIOVGARegs *r, uint32_t port, uint8_t value,
                               unsigned size);

/**
 * vfio_vga_regs_index: which register a write of a byte to a port reaches
 *
 * @r: what is known
 * @port: 3b0-3bb or 3c0-3df
 *
 * Returns the index that was written before if @port is a data port, or
 * VFIO_VGA_UNKNOWN; 0 of other ports.
 */
int16_t vfio_vga_regs_index(const VFIOVGARegs *r, uint32_t port);

/**
 * vfio_vga_regs_known: are all registers known that decide on a window?
 *
 * @r: what is known
 */
bool vfio_vga_regs_known(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_look: read back the registers that are not known
 *
 * @r: what is known; vfio_vga_regs_known() of it is true afterwards
 * @region: of the adapter
 *
 * Takes 46 calls.  The guest cannot tell: the index registers are as before,
 * and neither the Attribute Controller, whose flip-flop a read changes, nor
 * memory, whose reads load the latches, is read.  It runs under the BQL, so no
 * processor gets between an index and its data.  On an adapter whose registers
 * do not read back, @r is then useless: it fits no window, or one that does
 * not read as it was written.
 *
 * Returns false, with @r unchanged, if a read failed.
 */
bool vfio_vga_regs_look(VFIOVGARegs *r, VFIOVGAHostRegion *region);

/* Where Miscellaneous Output, written to 3c2, reads back */
#define VFIO_VGA_MISC_READ 0x3cc
#define VFIO_VGA_MISC_WRITE 0x3c2

/* Registers of the CRTC that decide on a window */
#define VFIO_VGA_CR_MAX_SCAN 0x09
#define VFIO_VGA_CR_DISPLAY_END 0x12
#define VFIO_VGA_CR_OFFSET 0x13
#define VFIO_VGA_CR_UNDERLINE 0x14
#define VFIO_VGA_CR_MODE 0x17

/**
 * vfio_vga_regs_lack_misc: would it help to know @r->misc?
 *
 * @r: what is known
 * @port: where the guest is about to write
 * @index: the byte that goes to @port
 *
 * Returns true if it is not known and says whether a register is decoded that
 * matters: video BIOSes set the CRTC before they write Miscellaneous Output.
 */
static inline bool vfio_vga_regs_lack_misc(const VFIOVGARegs *r,
                                             uint32_t port, uint8_t index)
{
    return r->misc == VFIO_VGA_UNKNOWN && (port == 0x3b4 || port == 0x3d4) &&
           (index == VFIO_VGA_CR_UNDERLINE || index == VFIO_VGA_CR_MODE);
}

/**
 * vfio_vga_regs_read_status: the guest reads Input Status 1
 *
 * @r: what is known
 * @port: of a read that covers 3ba or 3da
 * @size: bytes
 *
 * It makes the next write to 3c0 an index, where it is decoded.
 */
void vfio_vga_regs_read_status(VFIOVGARegs *r, uint32_t port, unsigned size);

/**
 * vfio_vga_regs_read: the guest reads a port
 *
 * @r: what is known
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 */
static inline void vfio_vga_regs_read(VFIOVGARegs *r, uint32_t port,
                                       unsigned size)
{
    if ((port <= 0x3ba && port + size > 0x3ba) ||
        (port <= 0x3da && port + size > 0x3da)) {
        vfio_vga_regs_read_status(r, port, size);
    }
}

/**
 * vfio_vga_regs_show_latches: may a read of a port show the latches?
 *
 * @r: what is known
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 *
 * CRTC register 22h is the Graphics Controller's latch on the VGAs of several
 * makers, among them Cirrus Logic (CL-GD542X Technical Reference Manual,
 * register CR22).
 */
bool vfio_vga_regs_show_latches(const VFIOVGARegs *r, uint32_t port,
                                unsigned size);

/**
 * vfio_vga_regs_window: the RAM-like window of this state
 *
 * @r: what is known
 *
 * Returns the window of the mode; its key is 0 if none is positively known to
 * be there.
 */
VFIOVGAWindow vfio_vga_regs_window(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_fit_window: does a chain-4 mode fit into its window?
 *
 * @r: what is known
 *
 * Returns true if the registers are mode 13h's, whose 64000 bytes are all of
 * the picture.  A larger mode reaches the rest of it by banks, with registers
 * of the adapter's own, so a copy of its window would last for a bank only.
 */
bool vfio_vga_regs_fit_window(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_planes: is this a planar mode of which there can be a copy?
 *
 * @r: what is known
 *
 * Returns 0 if it is not, or not positively known to be.  Otherwise a number
 * that is the same as long as each address of a0000 to affff means the same
 * place of the planes, and nothing but the registers of vga-planes.h stands
 * between.
 */
uint32_t vfio_vga_regs_planes(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_use_latches: does a write to memory write latches, too?
 *
 * @r: what is known
 *
 * Returns true if it is known to: in write modes 1 and 3, and in the others
 * with a bit mask or a logical function.
 */
bool vfio_vga_regs_use_latches(const VFIOVGARegs *r);

#endif /* HW_VFIO_VGA_REGS_H */
