// The owner of the legacy VGA ranges (on emulators)
//
// Copyright (C) 2008  Kevin O'Connor <kevin@koconnor.net>
// Copyright (C) 2006 Fabrice Bellard
//
// SPDX-License-Identifier: LGPL-3.0-only
// This file may be distributed under the terms of the GNU LGPLv3 license.

#include "hw/pci.h" // pci_config_maskw
#include "hw/pcidevice.h" // foreachpci
#include "hw/pci_ids.h" // PCI_CLASS_DISPLAY_VGA
#include "hw/pci_regs.h" // PCI_COMMAND
#include "output.h" // dprintf
#include "pcivga.h" // pci_enable_default_vga
#include "util.h" // bootprio_find_pci_device

// The VGA device with the lowest bootindex. If none has one, a device that has
// the legacy ranges, or else any, or NULL.
struct pci_device *pci_find_default_vga(void)
{
    struct pci_device *pci, *best = NULL;
    int best_prio = 0;

    foreachpci(pci) {
        if (pci->class != PCI_CLASS_DISPLAY_VGA)
            continue;
        int prio = bootprio_find_pci_device(pci);
        if (prio >= 0 && (!best || prio < best_prio)) {
            best = pci;
            best_prio = prio;
        }
    }
    foreachpci(pci) {
        // On a root bus a device has the ranges as soon as it is enabled
        if (!best && pci->class == PCI_CLASS_DISPLAY_VGA
            && (is_pci_vga(pci) || !pci->parent))
            best = pci;
    }
    return best ?: pci_find_class(PCI_CLASS_DISPLAY_VGA);
}

static void pci_enable_vga(struct pci_device *pci)
{
    dprintf(1, "PCI: Enabling %pP for primary VGA\n", pci);

    pci_config_maskw(pci->bdf, PCI_COMMAND, 0,
                     PCI_COMMAND_IO | PCI_COMMAND_MEMORY);

    while (pci->parent) {
        pci = pci->parent;

        dprintf(1, "PCI: Setting VGA enable on bridge %pP\n", pci);

        pci_config_maskw(pci->bdf, PCI_BRIDGE_CONTROL, 0, PCI_BRIDGE_CTL_VGA);
        pci_config_maskw(pci->bdf, PCI_COMMAND, 0,
                         PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    }
}

// The legacy ranges have one owner; all other devices give them up.
static void pci_disable_other_vga(struct pci_device *owner)
{
    struct pci_device *pci;

    foreachpci(pci) {
        if (pci == owner || !is_pci_vga(pci))
            continue;
        dprintf(1, "PCI: Disabling VGA at %pP\n", pci);
        pci_config_maskw(pci->bdf, PCI_COMMAND,
                         PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 0);
    }
}

void pci_enable_default_vga(void)
{
    struct pci_device *pci = pci_find_default_vga();

    if (!pci) {
        dprintf(1, "PCI: No VGA devices found\n");
        return;
    }
    if (is_pci_vga(pci))
        dprintf(1, "PCI: Using %pP for primary VGA\n", pci);
    else
        pci_enable_vga(pci);
    pci_disable_other_vga(pci);
}
