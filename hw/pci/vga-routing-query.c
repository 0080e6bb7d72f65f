/*
 * Which adapter gets legacy VGA accesses, and why another one does not
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qapi/vga-routing.json describes the answer.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-vga-stats.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "vga-routing-internal.h"

static char *address_of(PCIDevice *dev)
{
    return g_strdup_printf("%02x:%02x.%x", pci_dev_bus_num(dev),
                           PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn));
}

static bool is_asleep(PCIDevice *dev)
{
    return dev->cap_present & QEMU_PCI_CAP_PM &&
           pci_get_word(dev->config + dev->pm_cap + PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}

/* The first thing that keeps @dev from decoding; OWNER if nothing does */
static VGARoutingReason obstacle_at(PCIDevice *dev, VGARange range)
{
    uint16_t control = pci_get_word(dev->config + PCI_BRIDGE_CONTROL);

    if (!dev->enabled) {
        return VGA_ROUTING_REASON_SLOT_POWER;
    }
    if (is_asleep(dev)) {
        return VGA_ROUTING_REASON_POWER_STATE;
    }
    if (!(pci_get_word(dev->config + PCI_COMMAND) & vga_range_command(range))) {
        return VGA_ROUTING_REASON_COMMAND;
    }
    if (IS_PCI_BRIDGE(dev) && !(control & PCI_BRIDGE_CTL_VGA)) {
        return VGA_ROUTING_REASON_VGA_ENABLE;
    }
    return VGA_ROUTING_REASON_OWNER;
}

static void range_set(VGARoutingRange *result, VGARoutingReason reason,
                      PCIDevice *at)
{
    result->reason = reason;
    result->reached = reason == VGA_ROUTING_REASON_OWNER ||
                      reason == VGA_ROUTING_REASON_UNROUTED;
    g_free(result->at);
    result->at = address_of(at);
}

static void range_set_owner(VGARoutingRange *result, VGARoutingReason reason,
                            VGARoute *owner, VGARange range)
{
    range_set(result, reason, owner->dev);
    result->has_since = true;
    result->since = owner->since[range];
}

/* Looks for an obstacle on the path from the adapter to the root bus. */
static VGARoutingRange *query_range(PCIDevice *card, VGARange range)
{
    VGARoutingRange *result = g_new0(VGARoutingRange, 1);
    PCIDevice *above = pci_bridge_get_device(pci_get_bus(card));
    PCIDevice *dev = card->has_vga ? card : above;

    range_set(result, VGA_ROUTING_REASON_UNROUTED, card);
    for (; dev; dev = pci_bridge_get_device(pci_get_bus(dev))) {
        VGARoutingReason reason = obstacle_at(dev, range);
        VGARoute *route = vga_route_of(dev);
        VGARoute *owner = NULL;

        if (route && vga_routing_active()) {
            owner = vga_route_owner_beside(route, range);
        }
        if (reason != VGA_ROUTING_REASON_OWNER) {
            range_set(result, reason, dev);
            result->has_since = false;
            break;
        }
        if (owner && owner != route) {
            range_set_owner(result, VGA_ROUTING_REASON_OTHER_OWNER, owner,
                            range);
            break;
        }
        if (owner && dev == card) {
            range_set_owner(result, VGA_ROUTING_REASON_OWNER, owner, range);
        }
    }
    return result;
}

/* The counters of an assigned adapter */
static void query_accesses(VGARoutingAdapter *adapter)
{
    g_autoptr(VFIOVGAStatsList) list = qmp_x_query_vga_stats(NULL);
    VFIOVGAStatsList *at;

    for (at = list; at; at = at->next) {
        const VFIOVGAStats *stats = at->value;

        if (!strcmp(stats->path, adapter->path)) {
            adapter->has_accesses = adapter->has_failures = true;
            adapter->accesses = stats->guest_reads + stats->guest_writes;
            adapter->failures = stats->region_failures;
        }
    }
}

static VGARoutingAdapter *query_adapter(PCIDevice *card)
{
    VGARoutingAdapter *adapter = g_new0(VGARoutingAdapter, 1);

    adapter->address = address_of(card);
    adapter->driver = g_strdup(object_get_typename(OBJECT(card)));
    adapter->path = object_get_canonical_path(OBJECT(card));
    adapter->memory = query_range(card, VGA_RANGE_MEMORY);
    adapter->ports = query_range(card, VGA_RANGE_PORTS);
    query_accesses(adapter);
    return adapter;
}

/* The adapters, without bridges, by their addresses */
static GSList *adapters_sorted(void)
{
    GSList *list = NULL;
    VGARoute *route;

    QTAILQ_FOREACH(route, &vga_routes, next) {
        GSList **at = &list;

        if (IS_PCI_BRIDGE(route->dev)) {
            continue;
        }
        while (*at && vga_route_bdf((*at)->data) < vga_route_bdf(route)) {
            at = &(*at)->next;
        }
        *at = g_slist_prepend(*at, route);
    }
    return list;
}

static const char *const advice[VGA_ROUTING_REASON__MAX] = {
    [VGA_ROUTING_REASON_SLOT_POWER] = "its slot has no power",
    [VGA_ROUTING_REASON_POWER_STATE] = "it is asleep, in D1, D2 or D3hot; the "
        "guest has to wake it",
    [VGA_ROUTING_REASON_COMMAND] = "the guest has not enabled it in "
        "PCI_COMMAND; firmware does so for the adapter that it starts with, "
        "and operating systems for the one that they draw on",
    [VGA_ROUTING_REASON_VGA_ENABLE] = "this bridge has VGA Enable off; "
        "firmware sets it for the adapter that it starts with",
};

static char *verdict_for(VGARoutingAdapter *adapter)
{
    VGARoutingRange *no = adapter->memory->reached ? adapter->ports :
                                                     adapter->memory;

    if (no->reached && adapter->failures) {
        return g_strdup_printf("%s has the screen, but %" PRIu64 " of %" PRIu64
            " accesses failed: look at QEMU's messages and at the host's "
            "kernel log", adapter->address, adapter->failures,
            adapter->accesses);
    }
    if (no->reached && adapter->has_accesses && !adapter->accesses) {
        return g_strdup_printf("%s has the screen, but nothing has been drawn "
            "yet: the firmware may have found no VBIOS for it",
            adapter->address);
    }
    if (no->reached) {
        return g_strdup_printf("%s has the screen", adapter->address);
    }
    if (no->reason == VGA_ROUTING_REASON_OTHER_OWNER) {
        return g_strdup_printf("%s has only the %s: the %s go%s to %s",
            adapter->address, no == adapter->ports ? "memory" : "ports",
            no == adapter->ports ? "ports" : "memory",
            no == adapter->ports ? "" : "es", no->at);
    }
    return g_strdup_printf("%s has no screen, because of %s: %s",
                           adapter->address, no->at, advice[no->reason]);
}

/* The type of an adapter on the ISA bus, which always decodes; or NULL */
static const char *isa_adapter(void)
{
    static const char *const types[] = { "isa-vga", "isa-cirrus-vga" };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        if (object_resolve_path_type("", types[i], NULL)) {
            return types[i];
        }
    }
    return NULL;
}

/* @text is the verdict on an adapter on PCI, freed here, or NULL */
static char *verdict_with_isa(char *text, const char *isa)
{
    g_autofree char *pci = text;

    if (!pci) {
        return g_strdup_printf("%s, which is on the ISA bus and not routed, "
                               "has the screen", isa);
    }
    return g_strdup_printf("%s; but %s, which is on the ISA bus and not "
                           "routed, answers the same accesses: leave it out",
                           pci, isa);
}

/* The verdict is about the adapter that gets the most accesses. */
static char *verdict(VGARoutingAdapterList *list)
{
    const char *isa = isa_adapter();
    VGARoutingAdapter *best = NULL;
    unsigned best_score = 0;

    for (; list; list = list->next) {
        VGARoutingAdapter *adapter = list->value;
        unsigned score = 1 + 2 * adapter->memory->reached +
                         2 * adapter->ports->reached + adapter->has_accesses;

        if (score > best_score) {
            best = adapter;
            best_score = score;
        }
    }
    if (isa) {
        return verdict_with_isa(best ? verdict_for(best) : NULL, isa);
    }
    return best ? verdict_for(best) :
           g_strdup("no display adapter has legacy VGA: an assigned one needs "
                    "x-vga=on");
}

VGARoutingInfo *vga_routing_query(void)
{
    VGARoutingInfo *info = g_new0(VGARoutingInfo, 1);
    VGARoutingAdapterList **tail = &info->adapters;
    g_autoptr(GSList) sorted = adapters_sorted();
    GSList *at;

    info->available = vga_routing_available();
    info->active = vga_routing_active();
    for (at = sorted; at; at = at->next) {
        VGARoute *route = at->data;

        QAPI_LIST_APPEND(tail, query_adapter(route->dev));
    }
    info->verdict = verdict(info->adapters);
    return info;
}
