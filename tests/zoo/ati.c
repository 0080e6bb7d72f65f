/*
 * An adapter of the zoo: like an ATI or AMD Radeon
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * - MM_INDEX and MM_DATA at the start of the I/O BAR, and of BAR 2, reach
 *   every register and, with bit 31, the memory: include/video/radeon.h, and
 *   drivers/gpu/drm/radeon (r100.c, radeon_ttm.c) of Linux 6.1.
 * - The VGA's ports are registers at their own addresses: r128_reg.h of
 *   xf86-video-r128 6.12.0, radeon_reg.h of xf86-video-ati 19.1.0.
 * - MEM_VGA_WP_SEL and MEM_VGA_RP_SEL have a bank for each 32 KiB of the
 *   window, and 10000 is what a window without banks has: mach64_accel.c of
 *   Linux's atyfb. They count if VGA_MEM_PS_EN is set (r100d.h of Linux):
 *   ATI's "RAGE 128 PRO Register Reference Guide", RRG-G04500-C, as the Rage
 *   128 of 86Box quotes it.
 * - VGA_ATI_LINEAR makes chain-4 packed: r128_crtc.c of xf86-video-r128 sets
 *   it in each mode of its own, and the name is all that says so.
 * - The registers are those of an RV370, whose BARs 0, 1 and 2 are frame, I/O
 *   and registers (lspci of 1002:5b60); the BARs are those of newer adapters
 *   (lspci of an RX 550), for whose BAR 4 QEMU has a quirk
 *   (hw/vfio/pci-quirks.c).
 *
 * Not confirmed: that banks also move the text windows, and that MM_INDEX may
 * be of a register's byte.  A bank has 10 bits here; the fields of some chips
 * are wider.
 */

#include <string.h>

#include "card.h"

#define REGISTERS 64            /* of 32 bits, the first of BAR 2 */
#define MM_INDEX 0x00
#define MM_DATA 0x04
#define MM_APER 0x80000000u     /* in MM_INDEX: memory */
#define MEM_VGA_WP_SEL (0x38 / 4)
#define MEM_VGA_RP_SEL (0x3c / 4)
#define CRTC_EXT_CNTL (0x54 / 4)
#define VGA_ATI_LINEAR 0x00000008
#define VGA_MEM_PS_EN 0x00080000
#define BANK_SIZE 0x8000
#define MIRROR 0x3b0
#define MIRROR_END 0x3e0

typedef struct Ati {
    uint32_t reg[REGISTERS];
} Ati;

static uint32_t ati_bank(const Card *card, uint32_t offset, bool write)
{
    const Ati *own = card->own;
    uint32_t banks = own->reg[write ? MEM_VGA_WP_SEL : MEM_VGA_RP_SEL];

    if (!(own->reg[CRTC_EXT_CNTL] & VGA_MEM_PS_EN)) {
        return 0;
    }
    return offset & BANK_SIZE ? ((banks >> 16 & 0x3ff) - 1) * BANK_SIZE
                              : (banks & 0x3ff) * BANK_SIZE;
}

static bool ati_packed(const Card *card)
{
    return ((Ati *)card->own)->reg[CRTC_EXT_CNTL] & VGA_ATI_LINEAR;
}

/* Where MM_DATA is of memory, or NULL */
static uint8_t *ati_aperture(Card *card, uint32_t offset)
{
    uint32_t index = ((Ati *)card->own)->reg[MM_INDEX / 4];

    return (index & MM_APER) && offset >= MM_DATA && offset < MM_DATA + 4 ?
           card->ram + (index & (card->ram_size - 1) & ~3) + (offset & 3) :
           NULL;
}

/* The index may be of a register's byte, and never of MM_DATA itself */
static bool ati_indirect(Card *card, uint32_t *offset)
{
    uint32_t index = ((Ati *)card->own)->reg[MM_INDEX / 4];

    if (*offset < MM_DATA || *offset >= MM_DATA + 4) {
        return true;
    }
    *offset = (index & 0xffff) + (*offset - MM_DATA);
    return *offset < MM_DATA || *offset >= MM_DATA + 4;
}

static uint32_t ati_read_bar(Card *card, int bar, uint32_t offset,
                             unsigned size)
{
    const Ati *own = card->own;
    const uint8_t *memory = ati_aperture(card, offset);
    uint32_t value = 0;

    (void)bar;
    if (memory) {
        memcpy(&value, memory, size);
        return value;
    }
    if (!ati_indirect(card, &offset)) {
        return 0;
    }
    if (offset >= MIRROR && offset < MIRROR_END) {
        return card_read_mirror(card, offset, size);
    }
    return offset / 4 < REGISTERS ?
           own->reg[offset / 4] >> 8 * (offset & 3) : 0;
}

static void ati_write_bar(Card *card, int bar, uint32_t offset, uint32_t value,
                          unsigned size)
{
    Ati *own = card->own;
    uint32_t mask = (size == 4 ? 0 : 1u << 8 * size) - 1;
    uint8_t *memory = ati_aperture(card, offset);
    int shift;

    (void)bar;
    if (memory) {
        memcpy(memory, &value, size);
        return;
    }
    if (!ati_indirect(card, &offset)) {
        return;
    }
    shift = 8 * (offset & 3);
    if (offset >= MIRROR && offset < MIRROR_END) {
        card_write_mirror(card, offset, value, size);
    } else if (offset / 4 < REGISTERS) {
        own->reg[offset / 4] = (own->reg[offset / 4] & ~(mask << shift)) |
                               (value & mask) << shift;
    }
}

static void ati_reset(Card *card)
{
    Ati *own = card->own;

    own->reg[MEM_VGA_WP_SEL] = own->reg[MEM_VGA_RP_SEL] = 1 << 16;
}

const Personality ati = {
    .name = "ati",
    .about = "index and data in an I/O BAR, ports as registers (Radeon)",
    .vendor = 0x1002,
    .device = 0x5b60,
    .bars = { { .size = 0x2000000, .frame = true },
              [2] = { .size = 0x10000 }, [4] = { .size = 0x100, .io = true } },
    .own_size = sizeof(Ati),
    .reset = ati_reset,
    .bank = ati_bank,
    .packed = ati_packed,
    .read_bar = ati_read_bar,
    .write_bar = ati_write_bar,
};
