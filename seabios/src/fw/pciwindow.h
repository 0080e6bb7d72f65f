// Sizes of the windows of PCI bridges (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIWINDOW_H
#define __PCIWINDOW_H

struct pci_bus;
struct pci_region;
struct pci_region_entry;

struct pci_region *pci_window_region(struct pci_bus *busses,
                                     struct pci_region_entry *entry);
int pci_window_size(struct pci_bus *busses, struct pci_region_entry *entry);
void pci_region_size_windows(struct pci_bus *busses, struct pci_region *r);

#endif // pciwindow.h
