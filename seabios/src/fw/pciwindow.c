// Sizes of the windows of PCI bridges (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "hw/pcidevice.h" // struct pci_device
#include "list.h" // hlist_for_each_entry_safe
#include "pciregion.h" // struct pci_region
#include "pciwindow.h" // pci_window_region

// The region behind a bridge whose window the entry is.
struct pci_region *pci_window_region(struct pci_bus *busses,
                                     struct pci_region_entry *entry)
{
    return &busses[entry->dev->secondary_bus].r[entry->type];
}

// Size a bridge window by what is behind it and by its reserve. Returns
// whether the size has changed.
int pci_window_size(struct pci_bus *busses,
                    struct pci_region_entry *entry)
{
    struct pci_region *r = pci_window_region(busses, entry);
    u64 sum = pci_region_sum(r), align = pci_region_align(r);
    u64 size = entry->reserve > sum ? entry->reserve : sum;
    if (align < entry->min_align)
        align = entry->min_align;
    if (entry->type != PCI_REGION_TYPE_IO || entry->reserve <= sum)
        size = ALIGN(size, align);
    int changed = size != entry->size || align != entry->align;
    entry->size = size;
    entry->align = align;
    return changed;
}

// Size the bridge windows in a region after an entry behind them was removed.
void pci_region_size_windows(struct pci_bus *busses,
                             struct pci_region *r)
{
    struct hlist_node *n;
    struct pci_region_entry *entry;
    hlist_for_each_entry_safe(entry, n, &r->list, node) {
        if (entry->bar >= 0 || entry->fixed)
            continue;
        pci_region_size_windows(busses, pci_window_region(busses, entry));
        if (!pci_window_size(busses, entry))
            continue;
        entry->is64 = pci_bios_bridge_region_is64(
            pci_window_region(busses, entry), entry->dev, entry->type);
        pci_region_move(entry, r);
    }
}
