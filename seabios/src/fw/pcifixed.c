// BARs at the addresses that fw_cfg asks for (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "byteorder.h" // le64_to_cpu
#include "dev-q35.h" // Q35_HOST_BRIDGE_PCIEXBAR_SIZE
#include "e820map.h" // e820_is_used
#include "hw/pci.h" // pci_bdf_to_bus
#include "hw/pcidevice.h" // MaxPCIBus
#include "list.h" // hlist_for_each_entry
#include "malloc.h" // free
#include "output.h" // dprintf
#include "paravirt.h" // RamSize
#include "pcifixed.h" // pci_load_wanted
#include "pcigiveup.h" // pci_entry_give_up
#include "pciregion.h" // struct pci_region
#include "pciwindow.h" // pci_window_region
#include "romfile.h" // romfile_loadfile
#include "util.h" // pcimem_start

#define PCI_WINDOW_STEP (1ULL<<20) // 1M, the granularity of a bridge's window

// A BAR with the address that it has to get; see docs/PCI_memory.md
struct pci_wanted {
    u64 addr;
    u64 size;
    u8 bar;
    u8 depth;
    u8 root;
    u8 reserved;
    u8 path[12];
} PACKED;

static struct pci_wanted *pci_wanted = NULL;
static int pci_wanted_count = 0;

// Some BAR has to be at an address
int pci_any_fixed = 0;

// The place of q35's mmconfig if it is not below the 32bit window
u32 MCHMmcfgHole = 0;

// All busses with their entries, while these are being placed
static struct pci_bus *pci_busses = NULL;

void pci_load_wanted(struct pci_bus *busses)
{
    int size = 0;
    pci_busses = busses;
    pci_wanted = romfile_loadfile("etc/pci-fixed-bars", &size);
    if (pci_wanted)
        pci_wanted_count = size / sizeof(*pci_wanted);
}

void pci_free_wanted(void)
{
    free(pci_wanted);
}

// Test whether a record names a device. It does so by the path to the device,
// because bus numbers are not known when the record is written.
static int pci_wanted_names(struct pci_wanted *w, struct pci_device *pci)
{
    int i = w->depth;
    if (!i || i > ARRAY_SIZE(w->path))
        return 0;
    while ((u8)pci->bdf == w->path[i - 1]) {
        i--;
        if (!i || !pci->parent)
            return !i && !pci->parent && pci_bdf_to_bus(pci->bdf) == w->root;
        pci = pci->parent;
    }
    return 0;
}

// Test whether a BAR can be where a record wants it.
static int pci_wanted_fits(struct pci_wanted *w, struct pci_device *pci,
                           u64 size, int type, int is64)
{
    u64 addr = le64_to_cpu(w->addr), end = addr + size;
    if (type == PCI_REGION_TYPE_IO || le64_to_cpu(w->size) != size
        || (addr & (size - 1)) || !addr || end < addr)
        return 0;
    if (pci->parent && type != PCI_REGION_TYPE_PREFMEM)
        // A bridge's window that is not prefetchable has 32 bits
        is64 = 0;
    if (addr < 0x100000000LL ? end > pcimem_end : !is64)
        return 0;
    return !e820_is_used(addr, size);
}

// Find where a BAR has to be, or 0 if there is no record of it.
u64 pci_find_wanted(struct pci_device *pci, int bar, u64 size,
                    int type, int is64)
{
    int i;
    for (i = 0; i < pci_wanted_count; i++) {
        struct pci_wanted *w = &pci_wanted[i];
        if (w->bar != bar || bar == PCI_ROM_SLOT || !pci_wanted_names(w, pci))
            continue;
        if (pci_wanted_fits(w, pci, size, type, is64))
            return le64_to_cpu(w->addr);
        dprintf(1, "PCI: bdf=%pP  bar %d, size %08llx cannot be at %08llx\n",
                pci, bar, size, le64_to_cpu(w->addr));
    }
    return 0;
}

// Fix an entry at its address, unless that is 0.
void pci_entry_fix(struct pci_region_entry *entry, u64 addr)
{
    entry->addr = addr;
    entry->fixed = !!addr;
    pci_any_fixed |= entry->fixed;
}

// Find the lowest address of the entries that are in a range already, or 0 if
// there are none.
u64 pci_find_taken(u64 start, u64 end)
{
    u64 taken = 0;
    int bus, type;
    for (bus = 0; bus <= MaxPCIBus; bus++) {
        for (type = PCI_REGION_TYPE_MEM; type < PCI_REGION_TYPE_COUNT; type++) {
            struct pci_region_entry *entry;
            hlist_for_each_entry(entry, &pci_busses[bus].r[type].list, node) {
                if (entry->addr && entry->size && entry->addr < end
                    && start < entry->addr + entry->size
                    && (!taken || entry->addr < taken))
                    taken = entry->addr;
            }
        }
    }
    if (MCHMmcfgHole && MCHMmcfgHole < end
        && start < (u64)MCHMmcfgHole + Q35_HOST_BRIDGE_PCIEXBAR_SIZE
        && (!taken || MCHMmcfgHole < taken))
        taken = MCHMmcfgHole;
    return taken;
}

// Find the highest free address in a range, or 0 if there is none.
static u64 pci_find_hole(u64 low, u64 high, u64 size, u64 align)
{
    while (high >= size) {
        u64 addr = ALIGN_DOWN(high - size, align);
        if (addr < low)
            break;
        high = pci_find_taken(addr, addr + size);
        if (!high)
            return addr;
    }
    return 0;
}

// Test whether the range that a window would grow by is free.
static int pci_window_may_grow(u64 start, u64 end)
{
    if (start < 0x100000000LL && end > pcimem_end)
        return 0;
    return (start < end && !e820_is_used(start, end - start)
            && !pci_find_taken(start, end));
}

// Place an entry without a fixed address in a window that has one.
static int pci_window_place(struct pci_region_entry *entry,
                            u64 *start, u64 *end)
{
    u64 below = ALIGN_DOWN(*start - entry->size, entry->align);
    u64 above = ALIGN(*end, entry->align);
    if (*start >= 0x100000000LL && !entry->is64)
        return -1;
    entry->addr = pci_find_hole(*start, *end, entry->size, entry->align);
    if (!entry->addr && pci_window_may_grow(below, *start)) {
        *start = ALIGN_DOWN(below, PCI_WINDOW_STEP);
        entry->addr = below;
    } else if (!entry->addr
               && pci_window_may_grow(*end, above + entry->size)) {
        *end = ALIGN(above + entry->size, PCI_WINDOW_STEP);
        entry->addr = above;
    }
    entry->fixed = !!entry->addr;
    return entry->fixed ? 0 : -1;
}

// Place an entry; a bridge window shrinks to the space that there is.
static void pci_window_place_most(struct pci_region_entry *entry,
                                  u64 *start, u64 *end)
{
    while (pci_window_place(entry, start, end)) {
        struct pci_region_entry *out = pci_entry_pick_any(
            pci_busses, entry, NULL);
        if (!out) {
            // The window stays empty
            entry->addr = *start;
            entry->fixed = 1;
            return;
        }
        int is_window = entry->bar < 0;
        pci_entry_give_up(out);
        if (!is_window)
            return;
        pci_region_size_windows(pci_busses,
                                pci_window_region(pci_busses, entry));
        pci_window_size(pci_busses, entry);
    }
}

// Find the window around the fixed addresses, or return 0 if there are none.
static int pci_fixed_window(struct pci_region *r, u64 *start, u64 *end)
{
    struct pci_region_entry *entry;
    *start = -1;
    *end = 0;
    hlist_for_each_entry(entry, &r->list, node) {
        if (!entry->fixed)
            continue;
        u64 first = ALIGN_DOWN(entry->addr, PCI_WINDOW_STEP);
        u64 last = ALIGN(entry->addr + entry->size, PCI_WINDOW_STEP);
        if (first < *start)
            *start = first;
        if (last > *end)
            *end = last;
    }
    return !!*end;
}

// Give a bridge the window that the fixed addresses behind it need. All other
// devices behind it have to fit into that window. Returns 0 if there are no
// fixed addresses.
int pci_create_fixed_window(struct pci_bus *s, struct pci_bus *parent,
                            int type)
{
    u64 start, end;
    if (!pci_fixed_window(&s->r[type], &start, &end))
        return 0;
    struct pci_region_entry *entry;
    struct hlist_node *n;
    hlist_for_each_entry_safe(entry, n, &s->r[type].list, node) {
        if (!entry->fixed)
            pci_window_place_most(entry, &start, &end);
    }
    entry = pci_region_create_entry(parent, s->bus_dev, -1, end - start,
                                    PCI_WINDOW_STEP, type,
                                    start >= 0x100000000LL);
    if (!entry)
        return -1;
    entry->addr = start;
    entry->fixed = 1;
    dprintf(1, "PCI: secondary bus %d fixed at %08llx size %08llx type %s\n",
            s->bus_dev->secondary_bus, start, end - start,
            region_type_name[type]);
    return 1;
}

// Find the lowest address on the root busses in the 32bit window, or -1.
static u64 pci_lowest_addr(void)
{
    u64 lowest = -1;
    int type;
    for (type = PCI_REGION_TYPE_MEM; type < PCI_REGION_TYPE_COUNT; type++) {
        struct pci_region_entry *entry;
        hlist_for_each_entry(entry, &pci_busses[0].r[type].list, node) {
            if (entry->addr && entry->addr < lowest)
                lowest = entry->addr;
        }
    }
    return lowest;
}

// Let the 32bit window begin low enough for the fixed addresses. If there is
// no space for mmconfig below them, it goes in between.
void pci_bios_init_fixed(int has_mmconfig)
{
    u64 lowest = pci_lowest_addr();
    if (lowest >= pci_mem_low)
        return;
    pci_mem_low = ALIGN_DOWN(lowest, PCI_MEM_STEP);
    if (pci_mem_low < RamSize)
        pci_mem_low = RamSize;
    pcimem_start = pci_mem_low;
    if (!has_mmconfig)
        return;
    u32 hole = pci_find_hole(pci_mem_low, pcimem_end,
                             Q35_HOST_BRIDGE_PCIEXBAR_SIZE,
                             Q35_HOST_BRIDGE_PCIEXBAR_SIZE);
    if (!hole)
        dprintf(1, "PCI: no space for mmconfig\n");
    MCHMmcfgHole = hole;
}

// Place entries without a fixed address on the root busses around the others.
int pci_place_around_fixed(void)
{
    struct pci_region_entry *entry;
    int type;
    for (type = PCI_REGION_TYPE_MEM; type < PCI_REGION_TYPE_COUNT; type++) {
        hlist_for_each_entry(entry, &pci_busses[0].r[type].list, node) {
            if (!entry->fixed)
                entry->addr = 0;
        }
    }
    for (type = PCI_REGION_TYPE_COUNT - 1; type >= PCI_REGION_TYPE_MEM; type--) {
        hlist_for_each_entry(entry, &pci_busses[0].r[type].list, node) {
            if (entry->fixed)
                continue;
            entry->addr = pci_find_hole(pci_mem_low, pcimem_end,
                                        entry->size, entry->align);
            if (!entry->addr)
                // The entries need more memory than there is.
                return -1;
        }
    }
    while (pci_lowest_addr() < pcimem_start)
        pcimem_start -= PCI_MEM_STEP;
    return 0;
}
