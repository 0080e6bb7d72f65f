// Regions of PCI address space and what is to be placed in them (on emulators)
//
// Copyright (C) 2008  Kevin O'Connor <kevin@koconnor.net>
// Copyright (C) 2006 Fabrice Bellard
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "hw/pci.h" // pci_config_readl
#include "hw/pcidevice.h" // struct pci_device
#include "hw/pci_regs.h" // PCI_PREF_MEMORY_BASE
#include "malloc.h" // malloc_tmp
#include "output.h" // warn_noalloc
#include "pciregion.h" // struct pci_region
#include "string.h" // memset

const char *region_type_name[] = {
    [ PCI_REGION_TYPE_IO ]      = "io",
    [ PCI_REGION_TYPE_MEM ]     = "mem",
    [ PCI_REGION_TYPE_PREFMEM ] = "prefmem",
};

int pci_bios_bridge_region_is64(struct pci_region *r,
                                struct pci_device *pci, int type)
{
    if (type != PCI_REGION_TYPE_PREFMEM)
        return 0;
    u32 pmem = pci_config_readl(pci->bdf, PCI_PREF_MEMORY_BASE);
    if (!pmem) {
        pci_config_writel(pci->bdf, PCI_PREF_MEMORY_BASE, 0xfff0fff0);
        pmem = pci_config_readl(pci->bdf, PCI_PREF_MEMORY_BASE);
        pci_config_writel(pci->bdf, PCI_PREF_MEMORY_BASE, 0x0);
    }
    if ((pmem & PCI_PREF_RANGE_TYPE_MASK) != PCI_PREF_RANGE_TYPE_64)
       return 0;
    struct pci_region_entry *entry;
    hlist_for_each_entry(entry, &r->list, node) {
        if (!entry->is64)
            return 0;
    }
    return 1;
}

u64 pci_region_align(struct pci_region *r)
{
    struct pci_region_entry *entry;
    hlist_for_each_entry(entry, &r->list, node) {
        // The first entry in the sorted list has the largest alignment
        return entry->align;
    }
    return 1;
}

u64 pci_region_sum(struct pci_region *r)
{
    u64 sum = 0;
    struct pci_region_entry *entry;
    hlist_for_each_entry(entry, &r->list, node) {
        sum += entry->size;
    }
    return sum;
}

// Insert into list in sorted order.
void pci_region_add(struct pci_region *r,
                    struct pci_region_entry *entry)
{
    struct hlist_node **pprev;
    struct pci_region_entry *pos;
    hlist_for_each_entry_pprev(pos, pprev, &r->list, node) {
        if (pos->align < entry->align
            || (pos->align == entry->align && pos->size < entry->size))
            break;
    }
    hlist_add(&entry->node, pprev);
}

void pci_region_move(struct pci_region_entry *entry,
                     struct pci_region *to)
{
    hlist_del(&entry->node);
    pci_region_add(to, entry);
}

struct pci_region_entry *
pci_region_create_entry(struct pci_bus *bus, struct pci_device *dev,
                        int bar, u64 size, u64 align, int type, int is64)
{
    struct pci_region_entry *entry = malloc_tmp(sizeof(*entry));
    if (!entry) {
        warn_noalloc();
        return NULL;
    }
    memset(entry, 0, sizeof(*entry));
    entry->dev = dev;
    entry->bar = bar;
    entry->size = size;
    entry->align = align;
    entry->is64 = is64;
    entry->type = type;
    pci_region_add(&bus->r[type], entry);
    return entry;
}
