// Regions of PCI address space and what is to be placed in them (on emulators)
//
// Copyright (C) 2008  Kevin O'Connor <kevin@koconnor.net>
// Copyright (C) 2006 Fabrice Bellard
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIREGION_H
#define __PCIREGION_H

#include "list.h" // struct hlist_node
#include "types.h" // u64

#define PCI_BRIDGE_MEM_MIN    (1<<21)  // 2M == hugepage size
#define PCI_BRIDGE_IO_MIN      0x1000  // mandated by pci bridge spec
#define PCI_MEM_STEP          (1<<28)  // 256M, step of the 32bit window

#define PCI_ROM_SLOT 6

enum pci_region_type {
    PCI_REGION_TYPE_IO,
    PCI_REGION_TYPE_MEM,
    PCI_REGION_TYPE_PREFMEM,
    PCI_REGION_TYPE_COUNT,
};

struct pci_device;

// A BAR, or the window of a bridge if bar is -1
struct pci_region_entry {
    struct pci_device *dev;
    int bar;
    u64 size;
    u64 align;
    int is64;
    int padded;
    u64 reserve;   // least size of a bridge window, even if it is empty
    u64 min_align; // of a bridge window
    int fixed; // addr was asked for, or follows from such an address
    u64 addr;  // 0: anywhere in the region
    enum pci_region_type type;
    struct hlist_node node;
};

struct pci_region {
    /* pci region assignments */
    u64 base;
    struct hlist_head list;
};

struct pci_bus {
    struct pci_region r[PCI_REGION_TYPE_COUNT];
    struct pci_device *bus_dev;
};

extern const char *region_type_name[];
int pci_bios_bridge_region_is64(struct pci_region *r,
                                struct pci_device *pci, int type);
u64 pci_region_align(struct pci_region *r);
u64 pci_region_sum(struct pci_region *r);
void pci_region_add(struct pci_region *r, struct pci_region_entry *entry);
void pci_region_move(struct pci_region_entry *entry, struct pci_region *to);
struct pci_region_entry *
pci_region_create_entry(struct pci_bus *bus, struct pci_device *dev,
                        int bar, u64 size, u64 align, int type, int is64);

// pciinit.c
extern u64 pci_mem_low;
void pci_set_io_region_addr(struct pci_device *pci, int bar, u64 addr,
                            int is64);
int pci_bios_init_root_regions_mem64(struct pci_region *mem,
                                     struct pci_region *pref);

#endif // pciregion.h
