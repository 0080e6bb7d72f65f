/*
 * Monitor commands about legacy VGA routing
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/vga-routing.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-vga-routing.h"
#include "qemu/timer.h"

VGARoutingInfo *qmp_x_query_vga_routing(Error **errp)
{
    return vga_routing_query();
}

static void print_range(Monitor *mon, const char *name,
                        const VGARoutingRange *range)
{
    static const char *const texts[VGA_ROUTING_REASON__MAX] = {
        [VGA_ROUTING_REASON_OWNER] = "yes, the owner on its bus:",
        [VGA_ROUTING_REASON_UNROUTED] = "yes, nothing routes them:",
        [VGA_ROUTING_REASON_SLOT_POWER] = "no, the slot has no power:",
        [VGA_ROUTING_REASON_POWER_STATE] = "no, not in power state D0:",
        [VGA_ROUTING_REASON_COMMAND] = "no, decoding is off in PCI_COMMAND:",
        [VGA_ROUTING_REASON_VGA_ENABLE] = "no, VGA Enable is off in the bridge",
        [VGA_ROUTING_REASON_OTHER_OWNER] = "no, the owner on the bus is",
    };

    monitor_printf(mon, "  %-7s %s %s", name, texts[range->reason], range->at);
    if (range->has_since) {
        monitor_printf(mon, ", since %.3f s of guest time",
                       range->since / (double)NANOSECONDS_PER_SECOND);
    }
    monitor_puts(mon, "\n");
}

void hmp_info_vga_routing(Monitor *mon, const QDict *qdict)
{
    g_autoptr(VGARoutingInfo) info = vga_routing_query();
    VGARoutingAdapterList *list;

    monitor_printf(mon, "routing: %s\n", info->active ? "on" :
                   info->available ? "off" : "not on this machine");
    for (list = info->adapters; list; list = list->next) {
        VGARoutingAdapter *adapter = list->value;

        monitor_printf(mon, "%s %s %s\n", adapter->address, adapter->driver,
                       adapter->path);
        print_range(mon, "memory", adapter->memory);
        print_range(mon, "ports", adapter->ports);
        if (adapter->has_accesses) {
            monitor_printf(mon, "  %" PRIu64 " accesses, %" PRIu64 " failed\n",
                           adapter->accesses, adapter->failures);
        }
    }
    monitor_printf(mon, "%s\n", info->verdict);
}
