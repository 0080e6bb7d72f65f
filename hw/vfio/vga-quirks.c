/*
 * The quirks of a display adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-quirks.h"

void vfio_vga_quirks_setup(VFIOPCIDevice *vdev)
{
    int i;

    if (vdev->vga) {
        vfio_vga_quirk_setup(vdev);
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_bar_quirk_setup(vdev, i);
    }
}
