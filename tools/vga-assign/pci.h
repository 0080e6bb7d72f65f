/*
 * PCI devices, read through libpci
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_PCI_H
#define VGA_ASSIGN_PCI_H

#include "machine.h"

/**
 * pci_devices: every device of the machine, by address
 *
 * Fills in what libpci knows: address, ids, class, names, BARs and irq; for
 * display adapters, bridges and 00:00.0 also configuration space and
 * capabilities.
 *
 * Returns an array that owns its elements (MachineDevice), or NULL with @error
 * set if the bus cannot be read.
 */
GPtrArray *pci_devices(Root *root, GError **error);

#endif /* VGA_ASSIGN_PCI_H */
