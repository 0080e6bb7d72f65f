/*
 * Whether a device is an assigned adapter that has legacy VGA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The chipset, the routing of legacy VGA and the check of PCI windows change
 * with the first such adapter, and use these functions.  The type is compared
 * by its name, since they are built without vfio as well.
 */

#ifndef HW_PCI_VGA_ASSIGNED_H
#define HW_PCI_VGA_ASSIGNED_H

#include "hw/pci/pci_device.h"

/* A vfio-pci or vfio-user-pci device, or one of a derived type */
static inline bool pci_is_assigned(DeviceState *dev)
{
    return object_dynamic_cast(OBJECT(dev), "vfio-pci-device");
}

/*
 * Such a device that answers at the legacy VGA addresses: with x-vga=on, or in
 * the legacy mode of Intel graphics.  This is known after its realize.
 */
static inline bool pci_is_assigned_vga(DeviceState *dev)
{
    return pci_is_assigned(dev) && PCI_DEVICE(dev)->has_vga;
}

#endif /* HW_PCI_VGA_ASSIGNED_H */
