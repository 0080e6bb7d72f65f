/*
 * A minimal VGA adapter for tests of the engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "vga-engine-card.h"

#define MISC_RAM 0x02
#define MISC_PAGE 0x20
#define SR4_SEQUENTIAL 0x04 /* not odd/even */
#define SR4_CHAIN4 0x08

/* A reset keeps memory, colors and the latches */
static void card_reset(Card *card)
{
    memset(card->sr, 0, sizeof(card->sr));
    memset(card->gr, 0, sizeof(card->gr));
    memset(card->cr, 0, sizeof(card->cr));
    card->misc = 0;
    card->ar_data = false;
    card->bank = 0;
}

/*
 * Memory
 */

/* The window of the mode: 128 KiB, 64 KiB, monochrome or color text */
static bool card_decodes(const Card *card, uint32_t addr, uint32_t *offset)
{
    static const struct {
        uint32_t base, size;
    } windows[] = {
        { 0xa0000, 0x20000 },
        { 0xa0000, 0x10000 },
        { 0xb0000, 0x8000 },
        { 0xb8000, 0x8000 },
    };
    int i = card->gr[6] >> 2 & 3;

    *offset = addr - windows[i].base;
    return !card->off && (card->misc & MISC_RAM) && addr >= windows[i].base &&
           *offset < windows[i].size;
}

/*
 * Returns the address in the planes.  @plane is set to the plane, or to -1 if
 * all may be meant
 */
static uint32_t card_place(const Card *card, uint32_t offset, int *plane)
{
    uint32_t at;

    if (card->sr[4] & SR4_CHAIN4) {
        *plane = offset & 3;
        at = offset & ~3;
    } else if (!(card->sr[4] & SR4_SEQUENTIAL)) {
        *plane = offset & 1;
        at = (offset & ~1) | !!(card->misc & MISC_PAGE);
    } else {
        *plane = -1;
        at = offset;
    }
    return (at ^ (card->bank & 1) << 12) % CARD_PLANE;
}

uint32_t card_text_in_bar(const Card *card, uint32_t addr)
{
    int plane;
    uint32_t at = card_place(card, addr & 0x7fff, &plane);

    return at * 4 + plane;
}

static uint8_t card_compare_colors(const Card *card)
{
    uint8_t differ = 0;
    int i;

    for (i = 0; i < 4; i++) {
        if (card->gr[7] >> i & 1) {
            differ |= card->latch[i] ^ (card->gr[2] >> i & 1 ? 0xff : 0);
        }
    }
    return ~differ;
}

uint8_t card_read_memory(Card *card, uint32_t addr)
{
    uint32_t at;
    int plane, i;

    if (!card_decodes(card, addr, &at)) {
        return 0xff;
    }
    at = card_place(card, at, &plane);
    for (i = 0; i < 4; i++) {
        card->latch[i] = card->plane[i][at];
    }
    if (card->sr[4] & SR4_CHAIN4) {
        return card->plane[plane][at];
    }
    if (card->gr[5] & 0x08) {
        return card_compare_colors(card);
    }
    if (card->gr[5] & 0x10) {
        return card->plane[(card->gr[4] & 2) | (plane & 1)][at];
    }
    return card->plane[card->gr[4] & 3][at];
}

static uint8_t card_set_reset(const Card *card, int plane)
{
    return card->gr[0] >> plane & 1 ? 0xff : 0;
}

/* The byte for one plane, after the bit mask */
static uint8_t card_data(const Card *card, int plane, uint8_t value,
                         uint8_t *mask)
{
    int rotate = card->gr[3] & 7;
    uint8_t rotated = value >> rotate | value << (8 - rotate);

    *mask = card->gr[8];
    switch (card->gr[5] & 3) {
    case 0:
        return card->gr[1] >> plane & 1 ? card_set_reset(card, plane) : rotated;
    case 2:
        return value >> plane & 1 ? 0xff : 0;
    default: /* 3 */
        *mask &= rotated;
        return card_set_reset(card, plane);
    }
}

static void card_write_plane(Card *card, int plane, uint32_t at, uint8_t value)
{
    uint8_t latch = card->latch[plane];
    uint8_t data, mask;

    if ((card->gr[5] & 3) == 1) {
        card->plane[plane][at] = latch;
        return;
    }
    data = card_data(card, plane, value, &mask);
    switch (card->gr[3] >> 3 & 3) {
    case 1:
        data &= latch;
        break;
    case 2:
        data |= latch;
        break;
    case 3:
        data ^= latch;
        break;
    }
    card->plane[plane][at] = (data & mask) | (latch & ~mask);
}

void card_write_memory(Card *card, uint32_t addr, uint8_t value)
{
    uint32_t at;
    int plane, i;

    if (!card_decodes(card, addr, &at)) {
        return;
    }
    at = card_place(card, at, &plane);
    for (i = 0; i < 4; i++) {
        bool chained = card->sr[4] & SR4_CHAIN4 ? i == plane
                       : plane < 0 || (i & 1) == plane;

        if (chained && (card->sr[2] >> i & 1)) {
            card_write_plane(card, i, at, value);
        }
    }
}

/*
 * Ports
 */

static void card_write_crtc(Card *card, uint8_t value)
{
    card->cr[card->cr_index] = value;
    if (card->cr_index == CARD_CR_BANK) {
        card->bank = value;
    }
}

void card_out(Card *card, uint32_t port, uint8_t value)
{
    switch (port) {
    case 0x3c0:
        if (card->ar_data) {
            card->ar[card->ar_index & 0x1f] = value;
        } else {
            card->ar_index = value;
        }
        card->ar_data = !card->ar_data;
        break;
    case 0x3c2:
        card->misc = value;
        break;
    case 0x3c4:
        card->sr_index = value & 7;
        break;
    case 0x3c5:
        card->sr[card->sr_index] = value;
        break;
    case 0x3c8:
        card->dac_index = value * 3;
        break;
    case 0x3c9:
        card->dac[card->dac_index] = value & 0x3f;
        card->dac_index = (card->dac_index + 1) % CARD_DAC;
        break;
    case 0x3ce:
        card->gr_index = value & 15;
        break;
    case 0x3cf:
        card->gr[card->gr_index] = value;
        break;
    case 0x3d4:
        card->cr_index = value;
        break;
    case 0x3d5:
        card_write_crtc(card, value);
        break;
    }
}

uint8_t card_in(Card *card, uint32_t port)
{
    switch (port) {
    case 0x3c4:
        return card->sr_index;
    case 0x3c5:
        return card->sr[card->sr_index];
    case 0x3c9:
        card->dac_index = (card->dac_index + 1) % CARD_DAC;
        return card->dac[(card->dac_index + CARD_DAC - 1) % CARD_DAC];
    case 0x3cc:
        return card->misc;
    case 0x3ce:
        return card->gr_index;
    case 0x3cf:
        return card->gr[card->gr_index];
    case 0x3d4:
        return card->cr_index;
    case 0x3d5:
        return card->cr[card->cr_index];
    case 0x3da:
        card->ar_data = false;
        return 0;
    default:
        return 0xff;
    }
}

/*
 * BARs
 */

uint8_t card_read_bar(Card *card, int bar, uint32_t offset)
{
    switch (bar) {
    case CARD_MEMORY_BAR:
        return card->plane[offset & 3][offset / 4 % CARD_PLANE];
    case CARD_MMIO_BAR:
        return card_in(card, 0x3b0 + offset);
    default:
        return offset == CARD_IO_PROBE ? card->plane[0][CARD_PROBE] : 0;
    }
}

void card_write_bar(Card *card, int bar, uint32_t offset, uint8_t value)
{
    switch (bar) {
    case CARD_MEMORY_BAR:
        card->plane[offset & 3][offset / 4 % CARD_PLANE] = value;
        break;
    case CARD_MMIO_BAR:
        card_out(card, 0x3b0 + offset, value);
        break;
    case CARD_IO_BAR:
        if (!offset) {
            card->io_index = value;
        } else if (offset == 4 && card->io_index == CARD_IO_BANK) {
            card->bank = value;
        }
        break;
    }
}

/*
 * Only registers of config space that have an effect; the machine has the
 * others
 */

uint8_t card_read_config(Card *card, uint32_t addr)
{
    return addr == CARD_CONFIG_PROBE ? card->plane[0][CARD_PROBE] : 0;
}

void card_write_config(Card *card, uint32_t addr, uint8_t value)
{
    bool off = card->off;

    switch (addr) {
    case CARD_PM + PCI_PM_CTRL:
        card->off = value & PCI_PM_CTRL_STATE_MASK;
        if (off && !card->off) {
            card_reset(card);
        }
        break;
    case CARD_EXP + PCI_EXP_DEVCTL + 1:
        if (value & PCI_EXP_DEVCTL_BCR_FLR >> 8) {
            card_reset(card);
        }
        break;
    case CARD_AF + PCI_AF_CTRL:
        if (value & PCI_AF_CTRL_FLR) {
            card_reset(card);
        }
        break;
    case CARD_CONFIG_BANK:
        card->bank = value;
        break;
    }
}

/*
 * Comparing
 */

static char *card_compare_bytes(const char *what, const uint8_t *a,
                                const uint8_t *b, size_t size)
{
    size_t i;

    for (i = 0; i < size && a[i] == b[i]; i++) {
        continue;
    }
    return i == size ? NULL : g_strdup_printf("%s at 0x%zx: 0x%02x, 0x%02x",
                                              what, i, a[i], b[i]);
}

char *card_compare(const Card *a, const Card *b)
{
    static const char *const planes[] = {
        "plane 0", "plane 1", "plane 2", "plane 3"
    };
    char *text = card_compare_bytes("colors", a->dac, b->dac, CARD_DAC);
    int i;

    for (i = 0; i < 4 && !text; i++) {
        text = card_compare_bytes(planes[i], a->plane[i], b->plane[i],
                                  CARD_PLANE);
    }
    text = text ?: card_compare_bytes("SR", a->sr, b->sr, sizeof(a->sr));
    text = text ?: card_compare_bytes("GR", a->gr, b->gr, sizeof(a->gr));
    text = text ?: card_compare_bytes("CR", a->cr, b->cr, sizeof(a->cr));
    text = text ?: card_compare_bytes("AR", a->ar, b->ar, sizeof(a->ar));
    text = text ?: card_compare_bytes("misc", &a->misc, &b->misc, 1);
    text = text ?: card_compare_bytes("bank", &a->bank, &b->bank, 1);
    return text;
}
