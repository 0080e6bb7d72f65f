/*
 * What legacy VGA accesses have cost, where no device can be assigned
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "qapi/qapi-commands-vga-stats.h"

VFIOVGAStatsList *qmp_x_query_vga_stats(Error **errp)
{
    return NULL;
}
