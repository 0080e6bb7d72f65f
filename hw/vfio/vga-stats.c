/*
 * What legacy VGA accesses of assigned adapters have cost
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-legacy.h"
#include "qapi/qapi-commands-vga-stats.h"
#include "qom/object.h"

static int stats_add(Object *obj, void *opaque)
{
    VFIOVGAStatsList ***tail = opaque;
    VFIOPCIDevice *vdev = (VFIOPCIDevice *)
        object_dynamic_cast(obj, TYPE_VFIO_PCI_DEVICE);

    if (vdev && vdev->vga) {
        QAPI_LIST_APPEND(*tail, vfio_vga_legacy_stats(vdev));
    }
    return 0;
}

VFIOVGAStatsList *qmp_x_query_vga_stats(Error **errp)
{
    VFIOVGAStatsList *list = NULL, **tail = &list;

    object_child_foreach_recursive(object_get_root(), stats_add, &tail);
    return list;
}
