/*
 * The quirks of a display adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VFIO_VGA_QUIRKS_H
#define HW_VFIO_VGA_QUIRKS_H

struct VFIOPCIDevice;

/**
 * vfio_vga_quirks_setup: set up the quirks of the legacy ranges and of all BARs
 *
 * @vdev: the adapter, with its BARs registered
 *
 * vfio_pci_realize() has the same between other things; vfio-user-pci calls
 * this.  pci-quirks.c knows the adapters that need quirks.
 */
void vfio_vga_quirks_setup(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_VGA_QUIRKS_H */
