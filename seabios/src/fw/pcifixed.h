// BARs at the addresses that fw_cfg asks for (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIFIXED_H
#define __PCIFIXED_H

#include "types.h" // u64

struct pci_bus;
struct pci_device;
struct pci_region_entry;

extern int pci_any_fixed;
extern u32 MCHMmcfgHole;
void pci_load_wanted(struct pci_bus *busses);
void pci_free_wanted(void);
u64 pci_find_wanted(struct pci_device *pci, int bar, u64 size,
                    int type, int is64);
void pci_entry_fix(struct pci_region_entry *entry, u64 addr);
u64 pci_find_taken(u64 start, u64 end);
int pci_create_fixed_window(struct pci_bus *s, struct pci_bus *parent,
                            int type);
void pci_bios_init_fixed(int has_mmconfig);
int pci_place_around_fixed(void);

#endif // pcifixed.h
