/*
 * Monitor commands about legacy VGA: routing, and what accesses have cost
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/vga-routing.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qapi/qapi-commands-vga-routing.h"
#include "qapi/qapi-commands-vga-stats.h"
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

static void print_routing(Monitor *mon)
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

static void print_stats(Monitor *mon, const VFIOVGAStats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        { "guest reads", stats->guest_reads },
        { "guest writes", stats->guest_writes },
        { "region reads", stats->region_reads },
        { "region writes", stats->region_writes },
        { "region failures", stats->region_failures },
        { "combined writes", stats->combined_writes },
        { "combined calls", stats->combined_calls },
        { "posting begins", stats->posting_begins },
        { "copy begins", stats->copy_begins },
        { "chain4 begins", stats->chain4_begins },
        { "copy maps", stats->copy_maps },
        { "copy ends", stats->copy_ends },
        { "copy accesses", stats->copy_accesses },
        { "copy calls", stats->copy_calls },
        { "copy bytes", stats->copy_bytes },
        { "planes begins", stats->planes_begins },
        { "planes ends", stats->planes_ends },
        { "planes accesses", stats->planes_accesses },
        { "planes calls", stats->planes_calls },
        { "planes bytes", stats->planes_bytes },
        { "register looks", stats->register_looks },
        { "latch losses", stats->latch_losses },
        { "timer ticks", stats->timer_ticks },
        { "BAR changes", stats->bar_changes },
    };
    int i;

    monitor_printf(mon, "%s (%s): %s\n", stats->path, stats->host_name,
                   VFIOVGATier_str(stats->tier));
    for (i = 0; i < ARRAY_SIZE(lines); i++) {
        monitor_printf(mon, "  %-16s %" PRIu64 "\n", lines[i].name,
                       lines[i].value);
    }
    if (stats->has_arbiter_holds) {
        monitor_printf(mon, "  %-16s %" PRIu64 "\n", "arbiter holds",
                       stats->arbiter_holds);
    }
}

static void print_all_stats(Monitor *mon)
{
    g_autoptr(VFIOVGAStatsList) list = qmp_x_query_vga_stats(NULL);
    VFIOVGAStatsList *at;

    if (!list) {
        monitor_puts(mon, "no assigned adapter has legacy VGA\n");
    }
    for (at = list; at; at = at->next) {
        print_stats(mon, at->value);
    }
}

void hmp_info_vga(Monitor *mon, const QDict *qdict)
{
    print_routing(mon);
    print_all_stats(mon);
}
