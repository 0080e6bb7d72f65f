/*
 * Whether a device is an assigned adapter that has legacy VGA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The chipset, the routing of legacy VGA and the check of PCI windows change
 * with the first such adapter.  All of them ask here.  The type is compared by
 * its name, since they are built without vfio as well.
 */

#ifndef HW_PCI_VGA_ASSIGNED_H
#define HW_PCI_VGA_ASSIGNED_H

#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"

/* A vfio-pci or vfio-user-pci device, or one of a type made of these */
static inline bool pci_is_assigned(DeviceState *dev)
{
    return object_dynamic_cast(OBJECT(dev), "vfio-pci-device");
}

/*
 * One that answers at the legacy VGA addresses: x-vga=on, or the legacy mode
 * of Intel graphics.  This is known once its realize has ended.
 */
static inline bool pci_is_assigned_vga(DeviceState *dev)
{
    return pci_is_assigned(dev) && PCI_DEVICE(dev)->has_vga;
}

#endif /* HW_PCI_VGA_ASSIGNED_H */
