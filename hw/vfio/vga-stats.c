/*
 * Monitor commands about the cost of legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-legacy.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
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

static void stats_print(Monitor *mon, const VFIOVGAStats *stats)
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

void hmp_info_vga_stats(Monitor *mon, const QDict *qdict)
{
    g_autoptr(VFIOVGAStatsList) list = qmp_x_query_vga_stats(NULL);
    VFIOVGAStatsList *at;

    if (!list) {
        monitor_puts(mon, "no assigned adapter has legacy VGA\n");
    }
    for (at = list; at; at = at->next) {
        stats_print(mon, at->value);
    }
}
