// Choose what goes above 4G when the 32bit PCI window is full (on emulators)
//
// Copyright (C) 2008  Kevin O'Connor <kevin@koconnor.net>
// Copyright (C) 2006 Fabrice Bellard
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "hw/pcidevice.h" // struct pci_device
#include "hw/pci_ids.h" // PCI_CLASS_SERIAL_USB
#include "list.h" // hlist_for_each_entry
#include "pcihigh.h" // pci_device_is_vga
#include "pciregion.h" // struct pci_region
#include "util.h" // pcimem_end

// 64bit BARs go above 4G even if they fit below
u32 pci_only_mem64 = 0;

// The VGA device whose memory stays below 4G if possible
struct pci_device *pci_boot_vga = NULL;

// Test whether a device is the boot VGA or a bridge on the way to it.
int pci_device_is_vga(struct pci_device *dev)
{
    struct pci_device *pci;
    for (pci = pci_boot_vga; pci; pci = pci->parent)
        if (pci == dev)
            return 1;
    return 0;
}

// Test whether an entry may be placed above 4G.
static int pci_entry_may_go_high(struct pci_region_entry *entry)
{
    return (entry->is64 && !entry->fixed
            && entry->dev->class != PCI_CLASS_SERIAL_USB);
}

// Test whether an entry has no place in the 32bit window even without others,
// because it is too large, or is a bridge window with space for hotplug.
int pci_entry_must_go_high(struct pci_region_entry *entry)
{
    return (entry->padded || entry->size > pcimem_end
            || ALIGN_DOWN(pcimem_end - entry->size, entry->align)
               < pci_mem_low);
}

void pci_region_migrate_64bit_entries(struct pci_region *from,
                                      struct pci_region *to)
{
    struct hlist_node *n;
    struct pci_region_entry *entry;
    hlist_for_each_entry_safe(entry, n, &from->list, node) {
        if (!pci_entry_may_go_high(entry))
            continue;
        if (pci_entry_must_go_high(entry)
            || (pci_only_mem64 && !pci_device_is_vga(entry->dev)))
            pci_region_move(entry, to);
    }
}

// The order in which entries have to leave the 32bit window, lowest first.
static int pci_entry_rank(struct pci_region_entry *entry)
{
    int rank = entry->type == PCI_REGION_TYPE_PREFMEM ? 0 : 1;
    return pci_device_is_vga(entry->dev) ? rank + 2 : rank;
}

// Test whether an entry is larger, or equally large and later.
static int pci_entry_is_larger(struct pci_region_entry *entry,
                               struct pci_region_entry *than)
{
    if (entry->size != than->size)
        return entry->size > than->size;
    return entry->dev->bdf > than->dev->bdf;
}

// Find the entry that leaves next: the largest one of the lowest rank.
struct pci_region_entry *
pci_region_pick_64bit(struct pci_region *r, struct pci_region_entry *best)
{
    struct pci_region_entry *entry;
    hlist_for_each_entry(entry, &r->list, node) {
        if (!pci_entry_may_go_high(entry))
            continue;
        int diff = best ? pci_entry_rank(entry) - pci_entry_rank(best) : -1;
        if (diff < 0 || (!diff && pci_entry_is_larger(entry, best)))
            best = entry;
    }
    return best;
}
