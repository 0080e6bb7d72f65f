/*
 * The machine's second processor
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The second processor runs in guest mode while the first is in QEMU, at each
 * point where the first does something slow or looks at the ring.  There it
 * makes accesses that need no exit, to places that the first does not access.
 * So it makes no difference which processor was first, unless a write is lost,
 * or arrives after a later one of the second processor itself.
 */

#include "qemu/osdep.h"

#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"

#define OTHER_TEXT 0x6000 /* where its part of a text window begins */
#define OTHER_SIZE 0x40

/*
 * It writes in a text mode, and while a font is loaded, in the window and
 * beside it.
 */
static const struct {
    uint32_t start[2];
    uint8_t sr2, sr4, gr4, gr5, gr6;
} other_modes[] = {
    { { 0xb8000 + OTHER_TEXT, 0xb8000 + OTHER_TEXT }, 3, 2, 0, 0x10, 0x0e },
    { { 0xa1f80, 0xa2f00 }, 4, 7, 2, 0x00, 0x04 },
};

static bool other_is_mode(const Card *card, int i)
{
    return (card->misc & 2) && !card->off && !card->gr[1] && !card->gr[3] &&
           card->gr[8] == 0xff && card->sr[2] == other_modes[i].sr2 &&
           card->sr[4] == other_modes[i].sr4 &&
           card->gr[4] == other_modes[i].gr4 &&
           card->gr[5] == other_modes[i].gr5 &&
           card->gr[6] == other_modes[i].gr6;
}

/*
 * Returns the mode that both adapters are in, so that nothing which the first
 * processor does now changes it, or -1.
 */
static int other_mode(void)
{
    int i;

    for (i = ARRAY_SIZE(other_modes) - 1; i >= 0; i--) {
        if (other_is_mode(&machine.direct, i) &&
            other_is_mode(&machine.card, i) &&
            machine.direct.misc == machine.card.misc &&
            machine.direct.bank == machine.card.bank) {
            break;
        }
    }
    return i;
}

static uint32_t other_address(int mode)
{
    return other_modes[mode].start[!machine_random(8)] +
           machine_random(OTHER_SIZE);
}

static void other_writes_memory(void)
{
    int mode = other_mode();
    uint32_t addr = mode < 0 ? 0 : other_address(mode);
    uint8_t value = machine_random(256);

    if (mode < 0) {
        return;
    }
    if (view_covers(addr, 1)) {
        copy_ram[addr - view.addr] = value;
    } else if (!ring_take(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                          addr - QEMU_PCI_VGA_MEM_BASE, value, 1)) {
        return;
    }
    card_write_memory(&machine.direct, addr, value);
    machine_note("    other: write1 %x = %x%s", addr, value,
                 view_covers(addr, 1) ? " (copy)" : "");
    machine.others++;
}

static void other_writes_bar(void)
{
    uint32_t addr = other_address(0);
    uint32_t offset = card_text_in_bar(&machine.direct, addr);
    uint8_t value = machine_random(256);

    if (other_mode() == 0 && view.bar[CARD_MEMORY_BAR]) {
        card_write_bar(&machine.card, CARD_MEMORY_BAR, offset, value);
        card_write_bar(&machine.direct, CARD_MEMORY_BAR, offset, value);
        machine_note("    other: BAR + %x = %x", offset, value);
        machine.others++;
    }
}

/*
 * A color is four writes; if the ring has no room for all four, an exit is
 * needed.
 */
static void other_writes_color(void)
{
    MemoryRegion *mr = &machine.vdev->vga->region[QEMU_PCI_VGA_IO_HI].mem;
    bool wide = machine_random(2);
    uint8_t bytes[4];
    int i;

    if (QTAILQ_EMPTY(&mr->coalesced) || ring_room() < sizeof(bytes)) {
        return;
    }
    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = machine_random(256);
        card_out(&machine.direct, i ? 0x3c9 : 0x3c8, bytes[i]);
        if (!i && wide) {
            continue;
        }
        if (i == 1 && wide) {
            ring_take(mr, 8, bytes[1] << 8 | bytes[0], 2);
        } else {
            ring_take(mr, i ? 9 : 8, bytes[i], 1);
        }
    }
    machine_note("    other: color %x%s", bytes[0], wide ? " (wide)" : "");
    machine.others++;
}

void other_runs(unsigned rarely)
{
    static bool busy;
    unsigned count;

    if (!machine.options.other || busy || !vm_running ||
        machine_random(rarely)) {
        return;
    }
    busy = true;
    for (count = machine_random(40) ? 1 : 20 + machine_random(60); count;
         count--) {
        switch (machine_random(8)) {
        case 0:
            other_writes_color();
            break;
        case 1:
            other_writes_bar();
            break;
        default:
            other_writes_memory();
            break;
        }
    }
    busy = false;
}
