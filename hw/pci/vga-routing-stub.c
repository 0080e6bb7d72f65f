/*
 * Legacy VGA routing on platforms without PCI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-vga-routing.h"

VGARoutingInfo *qmp_x_query_vga_routing(Error **errp)
{
    error_setg(errp, "PCI devices not supported");
    return NULL;
}

void hmp_info_vga(Monitor *mon, const QDict *qdict)
{
    monitor_printf(mon, "PCI devices not supported\n");
}
