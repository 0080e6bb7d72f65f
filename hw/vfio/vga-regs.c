/*
 * The registers of a VGA adapter as far as QEMU knows them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A register is either known or forgotten.  Nearly every adapter has more
 * registers than a VGA: banks, other windows and locks, at higher indices of
 * the same ports or at unused indices.  So this file lists the registers that
 * are known to be harmless, and treats all others as dangerous.
 */

#include "qemu/osdep.h"

#include "vga-regs.h"

#define CR_CURSOR_START 0x0a
#define CR_CURSOR_END 0x0b
#define CR_CURSOR_HIGH 0x0e
#define CR_CURSOR_LOW 0x0f
#define CR_LAST 0x18
#define CR_LATCH 0x22
#define CR_LATCH_BITS 0x3f   /* of the index: some adapters decode no more */
#define AR_LAST 0x14

#define MISC_COLOR 0x01      /* CRTC at 3d4, not 3b4 */
#define MISC_ENABLE_RAM 0x02
#define MISC_PAGE 0x20       /* of odd/even addressing */
#define CR14_DOUBLEWORD 0x40
#define CR17_BYTE 0x40
#define GR3_FUNCTION 0x18

void vfio_vga_regs_forget(VFIOVGARegs *r)
{
    memset(r, 0xff, sizeof(*r)); /* all become VFIO_VGA_UNKNOWN */
}

/*
 * An adapter's own CRTC registers move windows, banks and locks.  Miscellaneous
 * Output stays known: it has its own port, and selects the port of the CRTC.
 */
static void regs_forget_all_but_misc(VFIOVGARegs *r)
{
    int16_t misc = r->misc;

    vfio_vga_regs_forget(r);
    r->misc = misc;
}

/* An adapter decodes either 3b4 or 3d4, as Miscellaneous Output selects */
static bool regs_crtc_decoded(const VFIOVGARegs *r, bool color)
{
    return r->misc != VFIO_VGA_UNKNOWN && !!(r->misc & MISC_COLOR) == color;
}

uint32_t vfio_vga_regs_crtc_port(const VFIOVGARegs *r)
{
    return r->misc == VFIO_VGA_UNKNOWN ? 0 :
           r->misc & MISC_COLOR ? 0x3d4 : 0x3b4;
}

static VFIOVGAEffect regs_write_misc(VFIOVGARegs *r, uint8_t value)
{
    if (r->misc == VFIO_VGA_UNKNOWN || ((r->misc ^ value) & MISC_COLOR)) {
        r->cr_index[0] = r->cr_index[1] = VFIO_VGA_UNKNOWN;
    }
    r->misc = value;
    r->misc_read = VFIO_VGA_UNKNOWN;
    return VFIO_VGA_EFFECT_ORDERED;
}

/*
 * There is only one index register.  Adapters may differ in whether a write to
 * the port that is not selected reaches it.
 */
static VFIOVGAEffect regs_write_crtc_index(VFIOVGARegs *r, bool color,
                                           uint8_t value)
{
    r->cr_index[color] = value;
    r->cr_index[!color] = VFIO_VGA_UNKNOWN;
    return VFIO_VGA_EFFECT_NONE;
}

/* Where a register of the CRTC is kept; NULL: it is not kept */
static int16_t *regs_crtc(VFIOVGARegs *r, int index)
{
    switch (index) {
    case VFIO_VGA_CR_MAX_SCAN:
        return &r->cr09;
    case VFIO_VGA_CR_DISPLAY_END:
        return &r->cr12;
    case VFIO_VGA_CR_OFFSET:
        return &r->cr13;
    case VFIO_VGA_CR_UNDERLINE:
        return &r->cr14;
    case VFIO_VGA_CR_MODE:
        return &r->cr17;
    default:
        return NULL;
    }
}

bool vfio_vga_regs_is_cursor(int index)
{
    return index == CR_CURSOR_START || index == CR_CURSOR_END ||
           index == CR_CURSOR_HIGH || index == CR_CURSOR_LOW;
}

static VFIOVGAEffect regs_write_crtc(VFIOVGARegs *r, bool color, uint8_t value)
{
    int index = r->cr_index[color];
    int16_t *reg = regs_crtc(r, index);

    if (vfio_vga_regs_is_cursor(index)) {
        return VFIO_VGA_EFFECT_NONE;
    }
    if (index < 0) {
        vfio_vga_regs_forget(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
    if (index > CR_LAST) {
        regs_forget_all_but_misc(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
    if (reg) {
        *reg = regs_crtc_decoded(r, color) ? value : VFIO_VGA_UNKNOWN;
    }
    return VFIO_VGA_EFFECT_ORDERED;
}

static VFIOVGAEffect regs_write_indexed(VFIOVGARegs *r, int16_t *regs,
                                        int count, int index, uint8_t value)
{
    if (index < 0 || index >= count) {
        vfio_vga_regs_forget(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
    regs[index] = value;
    return VFIO_VGA_EFFECT_ORDERED;
}

/* Index and data in turn; bit 5 of an index shows the picture */
static VFIOVGAEffect regs_write_attribute(VFIOVGARegs *r, uint8_t value)
{
    if (r->attr_data != 1 && (value & 0x1f) > AR_LAST) {
        vfio_vga_regs_forget(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
    if (r->attr_data != VFIO_VGA_UNKNOWN) {
        r->attr_data ^= 1;
    }
    return VFIO_VGA_EFFECT_ORDERED;
}

static VFIOVGAEffect regs_write_byte(VFIOVGARegs *r, uint32_t port,
                                     uint8_t value)
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
        return VFIO_VGA_EFFECT_NONE;
    case 0x3c5:
        return regs_write_indexed(r, r->sr, ARRAY_SIZE(r->sr), r->sr_index,
                                  value);
    case 0x3ce:
        r->gr_index = value;
        return VFIO_VGA_EFFECT_NONE;
    case 0x3cf:
        return regs_write_indexed(r, r->gr, ARRAY_SIZE(r->gr), r->gr_index,
                                  value);
    case 0x3c6: /* DAC */
    case 0x3c7:
    case 0x3c8:
    case 0x3c9:
    case 0x3ba: /* Feature Control */
    case 0x3da:
        return VFIO_VGA_EFFECT_NONE;
    default:
        vfio_vga_regs_forget(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
}

/*
 * VGA software writes an index and its data in one cycle, and makes no other
 * cycle wider than a byte.  Adapters may treat other wide cycles differently.
 */
static bool regs_is_index_port(uint32_t port)
{
    return port == 0x3b4 || port == 0x3d4 || port == 0x3c4 || port == 0x3ce;
}

VFIOVGAEffect vfio_vga_regs_write(VFIOVGARegs *r, uint32_t port, uint64_t data,
                                  unsigned size)
{
    if (size == 2 && regs_is_index_port(port)) {
        regs_write_byte(r, port, data);
        return regs_write_byte(r, port + 1, data >> 8);
    }
    if (size != 1) {
        vfio_vga_regs_forget(r);
        return VFIO_VGA_EFFECT_UNKNOWN;
    }
    return regs_write_byte(r, port, data);
}

void vfio_vga_regs_write_index(VFIOVGARegs *r, uint32_t port, uint8_t value,
                               unsigned size)
{
    if (size <= 2 && regs_is_index_port(port)) {
        regs_write_byte(r, port, value);
    } else if (port == 0x3c0 && r->attr_data != VFIO_VGA_UNKNOWN) {
        r->attr_data ^= 1;
    }
}

int16_t vfio_vga_regs_index(const VFIOVGARegs *r, uint32_t port)
{
    switch (port) {
    case 0x3b5:
    case 0x3d5:
        return r->cr_index[port == 0x3d5];
    case 0x3c5:
        return r->sr_index;
    case 0x3cf:
        return r->gr_index;
    default:
        return 0;
    }
}

bool vfio_vga_regs_show_latches(const VFIOVGARegs *r, uint32_t port,
                                unsigned size)
{
    bool color = port >= 0x3d0;
    uint32_t data = color ? 0x3d5 : 0x3b5;
    int16_t index = r->cr_index[color];

    return port <= data && port + size > data &&
           (index == VFIO_VGA_UNKNOWN || (index & CR_LATCH_BITS) == CR_LATCH);
}

void vfio_vga_regs_read_status(VFIOVGARegs *r, uint32_t port, unsigned size)
{
    r->attr_data = size == 1 && regs_crtc_decoded(r, port == 0x3da)
                   ? 0 : VFIO_VGA_UNKNOWN;
}

/*
 * Reading back
 */

static bool regs_peek(VFIOVGAHostRegion *region, uint32_t port, uint8_t *value)
{
    return vfio_vga_region_peek(region, port, 1, value);
}

/* Reads registers by their index at @port, which is restored */
static bool regs_peek_indexed(VFIOVGAHostRegion *region, uint32_t port,
                              const uint8_t *indices, int count,
                              uint8_t *values)
{
    uint8_t before;
    bool ok = regs_peek(region, port, &before);
    int i;

    for (i = 0; ok && i < count; i++) {
        vfio_vga_region_write(region, port, 1, &indices[i]);
        ok = regs_peek(region, port + 1, &values[i]);
    }
    if (i) {
        vfio_vga_region_write(region, port, 1, &before);
    }
    return ok;
}

static bool regs_all_known(const int16_t *regs, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (regs[i] == VFIO_VGA_UNKNOWN) {
            return false;
        }
    }
    return true;
}

bool vfio_vga_regs_known(const VFIOVGARegs *r)
{
    return r->misc != VFIO_VGA_UNKNOWN &&
           regs_all_known(r->sr, ARRAY_SIZE(r->sr)) &&
           regs_all_known(r->gr, ARRAY_SIZE(r->gr)) &&
           r->cr09 != VFIO_VGA_UNKNOWN && r->cr12 != VFIO_VGA_UNKNOWN &&
           r->cr13 != VFIO_VGA_UNKNOWN && r->cr14 != VFIO_VGA_UNKNOWN &&
           r->cr17 != VFIO_VGA_UNKNOWN;
}

static void regs_fill_in(int16_t *reg, uint8_t value)
{
    if (*reg == VFIO_VGA_UNKNOWN) {
        *reg = value;
    }
}

bool vfio_vga_regs_look(VFIOVGARegs *r, VFIOVGAHostRegion *region)
{
    static const uint8_t crtc[] = {
        VFIO_VGA_CR_MAX_SCAN, VFIO_VGA_CR_DISPLAY_END, VFIO_VGA_CR_OFFSET,
        VFIO_VGA_CR_UNDERLINE, VFIO_VGA_CR_MODE,
    };
    static const uint8_t all[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t misc, cr[ARRAY_SIZE(crtc)], sr[ARRAY_SIZE(r->sr)],
            gr[ARRAY_SIZE(r->gr)];
    int i;

    if (!regs_peek(region, VFIO_VGA_MISC_READ, &misc) ||
        !regs_peek_indexed(region, 0x3c4, all, ARRAY_SIZE(sr), sr) ||
        !regs_peek_indexed(region, 0x3ce, all, ARRAY_SIZE(gr), gr) ||
        !regs_peek_indexed(region, misc & MISC_COLOR ? 0x3d4 : 0x3b4, crtc,
                           ARRAY_SIZE(crtc), cr)) {
        return false;
    }
    regs_fill_in(&r->misc, misc);
    for (i = 0; i < ARRAY_SIZE(sr); i++) {
        regs_fill_in(&r->sr[i], sr[i]);
    }
    for (i = 0; i < ARRAY_SIZE(gr); i++) {
        regs_fill_in(&r->gr[i], gr[i]);
    }
    for (i = 0; i < ARRAY_SIZE(crtc); i++) {
        regs_fill_in(regs_crtc(r, crtc[i]), cr[i]);
    }
    return true;
}

/*
 * The registers as a video BIOS sets them: plane masks, chaining, planes to
 * read, write and read mode 0, mapping.  In the text modes the characters are
 * in plane 0 at the even addresses, the attributes in plane 1 at the odd ones;
 * the fonts are in plane 2, which is alone in the window while a font is
 * loaded; in mode 13h consecutive addresses are in the planes in turn.
 */
static const struct {
    VFIOVGAWindow window; /* without its key */
    uint8_t sr2;
    uint8_t sr4;          /* without bit 0, which is reserved */
    uint8_t gr4;
    uint8_t gr5;
    uint8_t gr6;
} vfio_vga_regs_windows[] = {
    /* color, modes 0 to 3 */
    { { 0xb8000, 32 * KiB, 32 * KiB, 2, false }, 0x03, 0x02, 0x00, 0x10, 0x0e },
    /* monochrome, mode 7 */
    { { 0xb0000, 32 * KiB, 32 * KiB, 2, false }, 0x03, 0x02, 0x00, 0x10, 0x0a },
    /*
     * the first font, of 256 characters, of eight possible ones: as a video
     * BIOS and Linux load it (drivers/video/console/vgacon.c)
     */
    { { 0xa0000, 8 * KiB, 64 * KiB, 1, false }, 0x04, 0x06, 0x02, 0x00, 0x04 },
    { { 0xa0000, 8 * KiB, 128 * KiB, 1, false }, 0x04, 0x06, 0x02, 0x00, 0x00 },
    /* mode 13h */
    { { 0xa0000, 64 * KiB, 64 * KiB, 4, true }, 0x0f, 0x0e, 0x00, 0x40, 0x05 },
};

/* A RAM-like window needs a running adapter, and bytes that pass unchanged */
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

/*
 * Each address is a place in all four planes: there is no chaining in the
 * Sequencer and the Graphics Controller, and 64 KiB at a0000.  Where the CRTC
 * addresses words or doublewords, a model may have several addresses of the
 * processor for one place.  Bits of the mode register that a VGA does not have
 * may be an adapter's own write modes.
 */
static bool regs_is_planar(const VFIOVGARegs *r)
{
    bool write_mode_3 = (r->gr[5] & 0x03) == 0x03;

    return (r->sr[4] & 0x0e) == 0x06 && (r->gr[5] & 0x94) == 0 &&
           (r->gr[6] & 0x0f) == 0x05 && !(r->cr14 & CR14_DOUBLEWORD) &&
           (r->cr17 & CR17_BYTE) &&
           !(write_mode_3 && (r->gr[3] & GR3_FUNCTION));
}

uint32_t vfio_vga_regs_planes(const VFIOVGARegs *r)
{
    if (r->misc == VFIO_VGA_UNKNOWN || !(r->misc & MISC_ENABLE_RAM) ||
        r->sr[0] != 0x03 || r->cr14 == VFIO_VGA_UNKNOWN ||
        r->cr17 == VFIO_VGA_UNKNOWN ||
        !regs_all_known(r->sr, ARRAY_SIZE(r->sr)) ||
        !regs_all_known(r->gr, ARRAY_SIZE(r->gr)) || !regs_is_planar(r)) {
        return 0;
    }
    return 0x80000000 | (r->gr[5] & 0x70) << 8 | (r->misc & MISC_PAGE);
}

/*
 * 320 dots by 200 lines, each shown twice, as a video BIOS sets mode 13h.  An
 * adapter's own modes of 256 colors have the same Sequencer and Graphics
 * Controller, but more lines or longer ones.
 */
bool vfio_vga_regs_fit_window(const VFIOVGARegs *r)
{
    return r->cr13 == 0x28 && r->cr12 == 0x8f && (r->cr09 & 0x9f) == 0x01;
}

bool vfio_vga_regs_use_latches(const VFIOVGARegs *r)
{
    return r->gr[5] != VFIO_VGA_UNKNOWN &&
           ((r->gr[5] & 1) ||  /* write modes 1 and 3 */
            (r->gr[3] != VFIO_VGA_UNKNOWN && (r->gr[3] & GR3_FUNCTION)) ||
            (r->gr[8] != VFIO_VGA_UNKNOWN && r->gr[8] != 0xff));
}
