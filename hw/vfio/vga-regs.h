/*
 * The registers of a VGA adapter as far as QEMU knows them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An assigned adapter's registers are in the adapter.  But the guest's writes
 * to them pass through QEMU, so QEMU can know the registers without reading
 * them: those that the guest has written, as long as it makes no write whose
 * effect is not known.  The registers decide the one question that matters
 * here: is there a part of the legacy window that behaves like RAM?
 *
 * A window is RAM-like if each byte of it is a separate byte of the adapter's
 * memory, which a read returns and a write replaces, whatever was accessed
 * before.  Text modes have such a window, and so have their font while it can
 * be reached, and mode 13h, whose four planes are chained: each dot is a byte.
 * In general a VGA's memory is not RAM-like: latches, rotation, bit mask,
 * set/reset, plane masks and read modes are between.
 *
 * Facts are of the IBM VGA as documented in IBM PS/2 Hardware Interface
 * Technical Reference (Video Subsystem), and of all its descendants in common.
 * Two CRTC registers, 14h and 17h, affect only the display on an IBM VGA; in
 * QEMU's models (hw/display/vga.c, vga_mem_writeb()) they shift the processor's
 * addresses, and a model can be assigned as well.
 */

#ifndef HW_VFIO_VGA_REGS_H
#define HW_VFIO_VGA_REGS_H

#include "qemu/units.h"
#include "vga-region.h"

#define VFIO_VGA_UNKNOWN (-1)

typedef struct VFIOVGARegs {
    /* Each a byte, or VFIO_VGA_UNKNOWN */
    int16_t misc;          /* Miscellaneous Output, 3c2 */
    int16_t misc_read;     /* what it read as, at 3cc, since it was written */
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
    /* It only changes how a picture looks: the DAC, the cursor, an index */
    VFIO_VGA_EFFECT_NONE,
    /* Earlier writes to memory must reach the adapter first */
    VFIO_VGA_EFFECT_ORDERED,
    /* The same, and it may change anything, such as where windows are */
    VFIO_VGA_EFFECT_UNKNOWN,
} VFIOVGAEffect;

#define VFIO_VGA_WINDOW_MAX (64 * KiB)
/*
 * The smallest part of a window that can have a bank of its own: half of
 * a0000-affff, with ATI's Mach64 (MEM_VGA_WP_SEL in mach64_accel.c of Linux)
 * and with Cirrus Logic's dual banks (cirrus_update_bank_ptr() of QEMU)
 */
#define VFIO_VGA_PART (32 * KiB)
/*
 * Both parts can then be the same memory, or a part of it, at a distance of
 * banks' granularity (4 KiB with Cirrus Logic's, in the same function).
 */
#define VFIO_VGA_PART_STEP (4 * KiB)
#define VFIO_VGA_PART_STEPS (VFIO_VGA_PART / VFIO_VGA_PART_STEP)

typedef struct VFIOVGAWindow {
    uint32_t base; /* bus address */
    uint32_t size; /* bytes; no more than VFIO_VGA_WINDOW_MAX */
    /* bytes from @base; those behind @size may be the same memory */
    uint32_t decoded;
    uint32_t cell; /* bytes that one read loads into latches, so aligned */
    bool chain4;   /* of mode 13h, not of a text mode or its font */
    /*
     * 0: there is no window.  Otherwise a number that stays the same as long as
     * each address means the same byte of the adapter's memory.
     */
    uint32_t key;
} VFIOVGAWindow;

/**
 * vfio_vga_window_covers: is an access wholly inside a window?
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
 * vfio_vga_regs_forget: make all registers unknown
 *
 * @r: the registers, initialized or not
 */
void vfio_vga_regs_forget(VFIOVGARegs *r);

/**
 * vfio_vga_regs_write: the guest writes to a port
 *
 * @r: the registers as far as they are known
 * @port: 3b0-3bb or 3c0-3df
 * @data: the value; the least significant byte goes to @port
 * @size: bytes
 *
 * A write to a register that a VGA does not have, or whose index is not known,
 * may do anything; then all of @r becomes unknown.
 *
 * Returns the effect of the write.
 */
VFIOVGAEffect vfio_vga_regs_write(VFIOVGARegs *r, uint32_t port, uint64_t data,
                                  unsigned size);

/**
 * vfio_vga_regs_write_index: the same for a write that is known to be harmless
 *
 * @r: the registers as far as they are known
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
 * @r: the registers as far as they are known
 * @port: 3b0-3bb or 3c0-3df
 *
 * Returns the index that was written before, or VFIO_VGA_UNKNOWN, if @port is a
 * data port; 0 for other ports.
 */
int16_t vfio_vga_regs_index(const VFIOVGARegs *r, uint32_t port);

/**
 * vfio_vga_regs_crtc_port: the port at which the CRTC's index is decoded
 *
 * @r: the registers as far as they are known
 *
 * Returns 3b4 or 3d4, or 0 if it is not known.
 */
uint32_t vfio_vga_regs_crtc_port(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_is_cursor: does a register of the CRTC only change the cursor?
 *
 * @index: of the register, or VFIO_VGA_UNKNOWN
 */
bool vfio_vga_regs_is_cursor(int index);

/**
 * vfio_vga_regs_known: are all registers known that select a window?
 *
 * @r: the registers as far as they are known
 */
bool vfio_vga_regs_known(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_look: read back the registers that are not known
 *
 * @r: the registers; vfio_vga_regs_known() is true afterwards
 * @region: the adapter's
 *
 * Makes 46 calls.  The guest cannot notice: the index registers are as before,
 * and neither the Attribute Controller, whose flip-flop a read changes, nor
 * memory, whose reads load the latches, is read.  It runs under the BQL, so no
 * processor gets between an index and its data.  On an adapter whose registers
 * do not read back, @r is useless afterwards: it selects no window, or one that
 * does not read as it was written.
 *
 * Returns false, with @r unchanged, if a read failed.
 */
bool vfio_vga_regs_look(VFIOVGARegs *r, VFIOVGAHostRegion *region);

/* Where Miscellaneous Output, written to 3c2, reads back */
#define VFIO_VGA_MISC_READ 0x3cc
#define VFIO_VGA_MISC_WRITE 0x3c2

/* Registers of the CRTC that select a window */
#define VFIO_VGA_CR_MAX_SCAN 0x09
#define VFIO_VGA_CR_DISPLAY_END 0x12
#define VFIO_VGA_CR_OFFSET 0x13
#define VFIO_VGA_CR_UNDERLINE 0x14
#define VFIO_VGA_CR_MODE 0x17

/**
 * vfio_vga_regs_lack_misc: does a write depend on @r->misc, which is unknown?
 *
 * @r: the registers as far as they are known
 * @port: where the guest is about to write
 * @index: the byte that goes to @port
 *
 * Returns true if @r->misc is not known but decides whether a register that
 * matters is decoded: video BIOSes set the CRTC before Miscellaneous Output.
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
 * @r: the registers as far as they are known
 * @port: of a read that covers 3ba or 3da
 * @size: bytes
 *
 * Where the port is decoded, the next write to 3c0 becomes an index.
 */
void vfio_vga_regs_read_status(VFIOVGARegs *r, uint32_t port, unsigned size);

/**
 * vfio_vga_regs_read: the guest reads a port
 *
 * @r: the registers as far as they are known
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
 * @r: the registers as far as they are known
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 *
 * CRTC register 22h is the Graphics Controller's latch on the VGAs of several
 * makers, among them Cirrus Logic (CL-GD542X Technical Reference Manual,
 * register CR22).  Where only six bits of the index are decoded, as 86Box has
 * it for adapters of several makers, 62h, a2h and e2h are the same register.
 */
bool vfio_vga_regs_show_latches(const VFIOVGARegs *r, uint32_t port,
                                unsigned size);

/**
 * vfio_vga_regs_window: the RAM-like window of this state
 *
 * @r: the registers as far as they are known
 *
 * Returns the window of the mode; its key is 0 if no window is known for
 * certain.
 */
VFIOVGAWindow vfio_vga_regs_window(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_fit_window: does a chain-4 mode fit into its window?
 *
 * @r: the registers as far as they are known
 *
 * Returns true if the registers are those of mode 13h, whose 64000 bytes are
 * the whole picture.  A larger mode reaches the rest of its picture by banks,
 * with the adapter's own registers, so a copy of its window would last for one
 * bank only.
 */
bool vfio_vga_regs_fit_window(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_planes: is this a planar mode that can be copied?
 *
 * @r: the registers as far as they are known
 *
 * Returns 0 if it is not, or not for certain.  Otherwise a number that stays
 * the same as long as each address from a0000 to affff means the same place of
 * the planes, and only the registers of vga-planes.h are between.
 */
uint32_t vfio_vga_regs_planes(const VFIOVGARegs *r);

/**
 * vfio_vga_regs_use_latches: does a write to memory write latches, too?
 *
 * @r: the registers as far as they are known
 *
 * Returns true if it certainly does: in write modes 1 and 3, and in the others
 * with a bit mask or a logical function.
 */
bool vfio_vga_regs_use_latches(const VFIOVGARegs *r);

#endif /* HW_VFIO_VGA_REGS_H */
