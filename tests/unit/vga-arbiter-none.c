/*
 * An assigned adapter without options and without an arbiter, for unit tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "hw/vfio/pci.h"

bool vfio_vga_props_valid(const VFIOPCIDevice *vdev, Error **errp)
{
    return true;
}

bool vfio_vga_arbiter_setup(VFIOPCIDevice *vdev, Error **errp)
{
    return true;
}

void vfio_vga_arbiter_finalize(VFIOPCIDevice *vdev)
{
}

void vfio_vga_arbiter_use(VFIOVGAArbiter *arbiter)
{
    g_assert_not_reached();
}

uint64_t vfio_vga_arbiter_holds(VFIOVGAArbiter *arbiter)
{
    g_assert_not_reached();
}
