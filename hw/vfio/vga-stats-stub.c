/*
 * Monitor commands about legacy VGA where no device can be assigned
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-vga-stats.h"

VFIOVGAStatsList *qmp_x_query_vga_stats(Error **errp)
{
    return NULL;
}

void hmp_info_vga_stats(Monitor *mon, const QDict *qdict)
{
    monitor_puts(mon, "no assigned adapter has legacy VGA\n");
}
