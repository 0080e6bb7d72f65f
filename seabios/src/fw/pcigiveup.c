// Choose the BARs that get no address when not all fit (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "hw/pcidevice.h" // struct pci_device
#include "list.h" // hlist_for_each_entry
#include "malloc.h" // free
#include "output.h" // dprintf
#include "pcigiveup.h" // pci_entry_give_up
#include "pcihigh.h" // pci_device_is_vga
#include "pciregion.h" // struct pci_region
#include "pciwindow.h" // pci_window_region

// How much smaller a region becomes without a BAR, or without the reserve of a
// bridge window.
static u64 pci_entry_gain(struct pci_bus *busses,
                          struct pci_region_entry *entry)
{
    if (entry->bar >= 0)
        return entry->size;
    u64 sum = pci_region_sum(pci_window_region(busses, entry));
    return entry->reserve > sum ? entry->reserve - sum : 0;
}

// The order in which entries are given up, lowest first: reserves, BARs, and
// BARs of the boot VGA.
static int pci_entry_worth(struct pci_region_entry *entry)
{
    return (entry->bar >= 0) * 2 + pci_device_is_vga(entry->dev);
}

// Test whether an entry is given up before another one. If both are worth the
// same, it is the one that makes more space, or else the later one.
static int pci_entry_goes_before(struct pci_bus *busses,
                                 struct pci_region_entry *entry,
                                 struct pci_region_entry *than)
{
    u64 gain = pci_entry_gain(busses, entry);
    if (!gain || !than)
        return !!gain;
    int diff = pci_entry_worth(entry) - pci_entry_worth(than);
    if (diff)
        return diff < 0;
    u64 than_gain = pci_entry_gain(busses, than);
    return gain != than_gain ? gain > than_gain
                             : entry->dev->bdf > than->dev->bdf;
}

static struct pci_region_entry *
pci_region_pick_any(struct pci_bus *busses, struct pci_region *r,
                    struct pci_region_entry *best);

// Find what to give up: the entry itself, or one behind its bridge.
struct pci_region_entry *
pci_entry_pick_any(struct pci_bus *busses, struct pci_region_entry *entry,
                   struct pci_region_entry *best)
{
    if (entry->fixed)
        return best;
    if (entry->bar < 0)
        best = pci_region_pick_any(busses, pci_window_region(busses, entry),
                                   best);
    return pci_entry_goes_before(busses, entry, best) ? entry : best;
}

static struct pci_region_entry *
pci_region_pick_any(struct pci_bus *busses, struct pci_region *r,
                    struct pci_region_entry *best)
{
    struct pci_region_entry *entry;
    hlist_for_each_entry(entry, &r->list, node)
        best = pci_entry_pick_any(busses, entry, best);
    return best;
}

// Leave a BAR without an address, or a bridge window without a reserve.
void pci_entry_give_up(struct pci_region_entry *entry)
{
    if (entry->bar < 0) {
        dprintf(1, "PCI: no space for the reserve of bdf=%pP, size %08llx"
                " [%s]\n", entry->dev, entry->reserve,
                region_type_name[entry->type]);
        entry->reserve = 0;
        entry->padded = 0;
        entry->min_align = (entry->type == PCI_REGION_TYPE_IO ?
                            PCI_BRIDGE_IO_MIN : PCI_BRIDGE_MEM_MIN);
        return;
    }
    dprintf(1, "PCI: no space for bdf=%pP  bar %d, size %08llx [%s]:"
            " left unassigned\n", entry->dev, entry->bar, entry->size,
            region_type_name[entry->type]);
    // QEMU does not map a BAR at address zero
    pci_set_io_region_addr(entry->dev, entry->bar, 0, entry->is64);
    hlist_del(&entry->node);
    free(entry);
}

// Give up an entry in one of two regions, if there is one.
int pci_regions_give_up(struct pci_bus *busses, struct pci_region *a,
                        struct pci_region *b)
{
    struct pci_region_entry *entry = pci_region_pick_any(
        busses, a, pci_region_pick_any(busses, b, NULL));
    if (!entry)
        return 0;
    pci_entry_give_up(entry);
    pci_region_size_windows(busses, a);
    pci_region_size_windows(busses, b);
    return 1;
}

// Test whether a BAR has no place even without any other BAR.
static int pci_entry_is_hopeless(struct pci_region_entry *entry, int high)
{
    if (!high)
        return pci_entry_must_go_high(entry);
    struct pci_region_entry alone = *entry;
    struct pci_region mem = { }, pref = { };
    pci_region_add(&mem, &alone);
    return pci_bios_init_root_regions_mem64(&mem, &pref);
}

// First give up the BARs that would have no place even without the others.
void pci_region_drop_hopeless(struct pci_bus *busses,
                              struct pci_region *r, int high)
{
    struct hlist_node *n;
    struct pci_region_entry *entry;
    hlist_for_each_entry_safe(entry, n, &r->list, node) {
        if (entry->fixed)
            continue;
        if (entry->bar < 0)
            pci_region_drop_hopeless(busses, pci_window_region(busses, entry),
                                     high);
        else if (pci_entry_is_hopeless(entry, high))
            pci_entry_give_up(entry);
    }
    pci_region_size_windows(busses, r);
}
