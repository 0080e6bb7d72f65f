// Choose the BARs that get no address when not all fit (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIGIVEUP_H
#define __PCIGIVEUP_H

struct pci_bus;
struct pci_region;
struct pci_region_entry;

struct pci_region_entry *
pci_entry_pick_any(struct pci_bus *busses, struct pci_region_entry *entry,
                   struct pci_region_entry *best);
void pci_entry_give_up(struct pci_region_entry *entry);
int pci_regions_give_up(struct pci_bus *busses, struct pci_region *a,
                        struct pci_region *b);
void pci_region_drop_hopeless(struct pci_bus *busses,
                              struct pci_region *r, int high);

#endif // pcigiveup.h
