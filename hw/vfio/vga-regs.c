/*
 * What is known of a VGA adapter's registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rule is to know or to forget.  Nearly every adapter has more registers
 * than a VGA: banks, other windows, locks, behind higher indices of the same
 * ports or behind the unused ones.  So there is a list of what is known to be
 * harmless and no list of what is dangerous.
 */

#include "qemu/osdep.h"

#include "vga-regs.h"

#define CR_CURSOR_START 0x0a
#define CR_CURSOR_END 0x0b
#define CR_CURSOR_HIGH 0x0e
#define CR_CURSOR_LOW 0x0f
#define CR_LAST 0x18
#define AR_LAST 0x14

#define MISC_COLOR 0x01      /* CRTC at 3d4, not 3b4 */
#define MISC_ENABLE_RAM 0x02
#define MISC_PAGE 0x20       /* of odd/even addressing */
#define CR14_DOUBLEWORD 0x40
#define CR17_BYTE 0x40
#define GR3_FUNCTION 0x18

void vfio_vga_regs_forget(VFIOVGARegs *r)
{
    memset(r, 0xff, sizeof(*r)); /* VFIO_VGA_UNKNOWN, all of them */
}

/*
 * An adapter's own CRTC registers move windows, banks and locks.  Miscellaneous
 * Output stays: it has a port of its own, by which the CRTC itself is found.
 */
static void regs_forget_all_but_misc(VFIOVGARegs *r)
{
    int16_t misc = r->misc;

    vfio_vga_regs_forget(r);
    r->misc = misc;
}

/* One adapter decodes one of 3b4 and 3d4, as Miscellaneous Output says */
static bool regs_crtc_decoded(const VFIOVGARegs *r, bool color)
{
    return r->misc != VFIO_VGA_UNKNOWN && !!(r->misc & MISC_COLOR) == color;
}

static bool regs_write_misc(VFIOVGARegs *r, uint8_t value)
{
    if (r->misc == VFIO_VGA_UNKNOWN || ((r->misc ^ value) & MISC_COLOR)) {
        r->cr_index[0] = r->cr_index[1] = VFIO_VGA_UNKNOWN;
    }
    r->misc = value;
    return true;
}

/*
 * There is one index register, and whether a write to the port not decoded
 * reaches it, nobody knows of every adapter.
 */
static bool regs_write_crtc_index(VFIOVGARegs *r, bool color, uint8_t value)
{
    r->cr_index[color] = value;
    r->cr_index[!color] = VFIO_VGA_UNKNOWN;
    return false;
}

static bool regs_write_crtc(VFIOVGARegs *r, bool color, uint8_t value)
{
    bool decoded = regs_crtc_decoded(r, color);

    switch (r->cr_index[color]) {
    case CR_CURSOR_START:
    case CR_CURSOR_END:
    case CR_CURSOR_HIGH:
    case CR_CURSOR_LOW:
        return false;
    case VFIO_VGA_CR_UNDERLINE:
        r->cr14 = decoded ? value : VFIO_VGA_UNKNOWN;
        return true;
    case VFIO_VGA_CR_MODE:
        r->cr17 = decoded ? value : VFIO_VGA_UNKNOWN;
        return true;
    default:
        if (r->cr_index[color] < 0) {
            vfio_vga_regs_forget(r);
        } else if (r->cr_index[color] > CR_LAST) {
            regs_forget_all_but_misc(r);
        }
        return true;
    }
}

static bool regs_write_indexed(VFIOVGARegs *r, int16_t *regs, int count,
                                int index, uint8_t value)
{
    if (index < 0 || index >= count) {
        vfio_vga_regs_forget(r);
    } else {
        regs[index] = value;
    }
    return true;
}

/* Index and data in turn; bit 5 of an index shows the picture */
static bool regs_write_attribute(VFIOVGARegs *r, uint8_t value)
{
    if (r->attr_data != 1 && (value & 0x1f) > AR_LAST) {
        vfio_vga_regs_forget(r);
    } else if (r->attr_data != VFIO_VGA_UNKNOWN) {
        r->attr_data ^= 1;
    }
    return true;
}

static bool regs_write_byte(VFIOVGARegs *r, uint32_t port, uint8_t value)
{
    switch (port) {
    case 0x3b4:
    case 0x3d4:
        return regs_write_crtc_index(r, port == 0x3d4, value);
    case 0x3b5:
    case 0x3d5:
        return regs_write_crtc(r, port == 0x3d5, value);
    case 0x3c0:
        return regs_write_attribute(r, value);
    case 0x3c2:
        return regs_write_misc(r, value);
    case 0x3c4:
        r->sr_index = value;
        return false;
    case 0x3c5:
        return regs_write_indexed(r, r->sr, ARRAY_SIZE(r->sr), r->sr_index,
                                   value);
    case 0x3ce:
        r->gr_index = value;
        return false;
    case 0x3cf:
        return regs_write_indexed(r, r->gr, ARRAY_SIZE(r->gr), r->gr_index,
                                   value);
    case 0x3c6: /* DAC */
    case 0x3c7:
    case 0x3c8:
    case 0x3c9:
    case 0x3ba: /* Feature Control */
    case 0x3da:
        return false;
    default:
        vfio_vga_regs_forget(r);
        return true;
    }
}

/*
 * An index and its data in one cycle are what VGA software writes wider than a
 * byte.  What an adapter makes of other wide cycles, nobody knows of every one.
 */
static bool regs_is_index_port(uint32_t port)
{
    return port == 0x3b4 || port == 0x3d4 || port == 0x3c4 || port == 0x3ce;
}

bool vfio_vga_regs_write(VFIOVGARegs *r, uint32_t port, uint64_t data,
                          unsigned size)
{
    if (size == 2 && regs_is_index_port(port)) {
        regs_write_byte(r, port, data);
        return regs_write_byte(r, port + 1, data >> 8);
    }
    if (size != 1) {
        vfio_vga_regs_forget(r);
        return true;
    }
    return regs_write_byte(r, port, data);
}

void vfio_vga_regs_read_status(VFIOVGARegs *r, uint32_t port, unsigned size)
{
    r->attr_data = size == 1 && regs_crtc_decoded(r, port == 0x3da)
                   ? 0 : VFIO_VGA_UNKNOWN;
}

/*
 * The registers as a video BIOS sets them: plane masks, chaining, planes to
 * read, write and read mode 0, mapping.  In the text modes the characters are
 * in plane 0 at the even addresses, the attributes in plane 1 at the odd ones;
 * their fonts are in plane 2, and it is by itself while one is loaded; in mode
 * 13h addresses go through the planes in turn.
 */
static const struct {
    VFIOVGAWindow window; /* its key is yet to come */
    uint8_t sr2;
    uint8_t sr4;          /* but for bit 0, which is reserved */
    uint8_t gr4;
    uint8_t gr5;
    uint8_t gr6;
} vfio_vga_regs_windows[] = {
    /* color, modes 0 to 3 */
    { { 0xb8000, 32 * KiB, 32 * KiB, 2, false }, 0x03, 0x02, 0x00, 0x10, 0x0e },
    /* monochrome, mode 7 */
    { { 0xb0000, 32 * KiB, 32 * KiB, 2, false }, 0x03, 0x02, 0x00, 0x10, 0x0a },
    /*
     * the first font, of 256 characters, though there is room for eight: as a
     * video BIOS reaches it, and as Linux does (drivers/video/console/vgacon.c)
     */
    { { 0xa0000, 8 * KiB, 64 * KiB, 1, false }, 0x04, 0x06, 0x02, 0x00, 0x04 },
    { { 0xa0000, 8 * KiB, 128 * KiB, 1, false }, 0x04, 0x06, 0x02, 0x00, 0x00 },
    /* mode 13h */
    { { 0xa0000, 64 * KiB, 64 * KiB, 4, true }, 0x0f, 0x0e, 0x00, 0x40, 0x05 },
};

/* What a RAM-like window needs: running, and nothing between bus and planes */
static bool regs_is_plain(const VFIOVGARegs *r)
{
    return r->misc != VFIO_VGA_UNKNOWN && (r->misc & MISC_ENABLE_RAM) &&
           r->sr[0] == 0x03 &&          /* not in reset */
           r->gr[1] == 0x00 &&          /* no set/reset */
           r->gr[3] == 0x00 &&          /* no rotation, replace */
           r->gr[8] == 0xff &&          /* all bits */
           r->cr14 != VFIO_VGA_UNKNOWN && r->cr17 != VFIO_VGA_UNKNOWN;
}

/* Characters of a text mode are not addressed by doublewords */
static bool regs_is_mode(const VFIOVGARegs *r, int i)
{
    return r->sr[2] == vfio_vga_regs_windows[i].sr2 &&
           (r->sr[4] & ~1) == vfio_vga_regs_windows[i].sr4 &&
           r->gr[4] == vfio_vga_regs_windows[i].gr4 &&
           r->gr[5] == vfio_vga_regs_windows[i].gr5 &&
           r->gr[6] == vfio_vga_regs_windows[i].gr6 &&
           (vfio_vga_regs_windows[i].window.chain4 ||
            !(r->cr14 & CR14_DOUBLEWORD));
}

VFIOVGAWindow vfio_vga_regs_window(const VFIOVGARegs *r)
{
    int i;

    for (i = 0; regs_is_plain(r) && i < ARRAY_SIZE(vfio_vga_regs_windows);
         i++) {
        if (regs_is_mode(r, i)) {
            VFIOVGAWindow window = vfio_vga_regs_windows[i].window;

            window.key = (i + 1) << 8 | (r->misc & MISC_PAGE) |
                         (r->cr14 & CR14_DOUBLEWORD) << 1 |
                         (r->cr17 & CR17_BYTE);
            return window;
        }
    }
    return (VFIOVGAWindow) { };
}

bool vfio_vga_regs_use_latches(const VFIOVGARegs *r)
{
    return r->gr[5] != VFIO_VGA_UNKNOWN &&
           ((r->gr[5] & 1) ||  /* write modes 1 and 3 */
            (r->gr[3] != VFIO_VGA_UNKNOWN && (r->gr[3] & GR3_FUNCTION)) ||
            (r->gr[8] != VFIO_VGA_UNKNOWN && r->gr[8] != 0xff));
}
