// Choose what goes above 4G when the 32bit PCI window is full (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIHIGH_H
#define __PCIHIGH_H

#include "types.h" // u32

struct pci_device;
struct pci_region;
struct pci_region_entry;

extern u32 pci_only_mem64;
extern struct pci_device *pci_boot_vga;
int pci_device_is_vga(struct pci_device *dev);
int pci_entry_must_go_high(struct pci_region_entry *entry);
void pci_region_migrate_64bit_entries(struct pci_region *from,
                                      struct pci_region *to);
struct pci_region_entry *
pci_region_pick_64bit(struct pci_region *r, struct pci_region_entry *best);

#endif // pcihigh.h
