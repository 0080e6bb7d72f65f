// The owner of the legacy VGA ranges (on emulators)
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.
#ifndef __PCIVGA_H
#define __PCIVGA_H

struct pci_device;

struct pci_device *pci_find_default_vga(void);
void pci_enable_default_vga(void);

#endif // pcivga.h
