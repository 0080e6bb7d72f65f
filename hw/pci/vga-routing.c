/*
 * Who owns the legacy VGA ranges inside the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-vga-stats.h"
#include "qapi/qapi-visit-common.h"
#include "hw/boards.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/vga-routing.h"
#include "hw/qdev-core.h"
#include "system/memory.h"
#include "trace.h"

#define VGA_ROUTING_PROPERTY "x-vga-routing"

typedef enum VGARange {
    VGA_RANGE_MEMORY,
    VGA_RANGE_PORTS,
    VGA_RANGES,
} VGARange;

/* A claimant, or an emulated card that has not been asked to join */
typedef struct VGARoute {
    PCIDevice *dev;
    VGARoutingJoin *join;
    MemoryRegion *ports;            /* beside the legacy ones */
    bool wants[VGA_RANGES];
    bool owns[VGA_RANGES];
    int64_t since[VGA_RANGES];      /* guest time, of owns */
    QTAILQ_ENTRY(VGARoute) next;
} VGARoute;

static QTAILQ_HEAD(, VGARoute) routes = QTAILQ_HEAD_INITIALIZER(routes);
static OnOffAuto choice = ON_OFF_AUTO_AUTO;
static bool active;

static const uint16_t command_bits[VGA_RANGES] = {
    [VGA_RANGE_MEMORY] = PCI_COMMAND_MEMORY,
    [VGA_RANGE_PORTS] = PCI_COMMAND_IO,
};

static bool available(void)
{
    return object_property_find(qdev_get_machine(), VGA_ROUTING_PROPERTY);
}

static VGARoute *route_of(PCIDevice *dev)
{
    VGARoute *route;

    QTAILQ_FOREACH(route, &routes, next) {
        if (route->dev == dev) {
            return route;
        }
    }
    return NULL;
}

static VGARoute *route_get(PCIDevice *dev)
{
    VGARoute *route = route_of(dev);

    if (!route) {
        route = g_new0(VGARoute, 1);
        route->dev = dev;
        QTAILQ_INSERT_TAIL(&routes, route, next);
    }
    return route;
}

/*
 * Two buses may be one to the guest: an expander bridge's root bus has the
 * spaces of the first root bus.
 */
static MemoryRegion *space_of(VGARoute *route, VGARange range)
{
    PCIBus *bus = pci_get_bus(route->dev);

    return range == VGA_RANGE_MEMORY ? bus->address_space_mem :
                                       bus->address_space_io;
}

static unsigned bdf(VGARoute *route)
{
    return PCI_BUILD_BDF(pci_dev_bus_num(route->dev), route->dev->devfn);
}

/*
 * The rule
 */

static bool has_precedence(VGARoute *a, VGARoute *b, VGARange range)
{
    bool a_is_bridge = IS_PCI_BRIDGE(a->dev);
    bool b_is_bridge = IS_PCI_BRIDGE(b->dev);

    if (a_is_bridge != b_is_bridge) {
        return a_is_bridge;
    }
    if (a->owns[range] != b->owns[range]) {
        return a->owns[range];
    }
    return bdf(a) < bdf(b);
}

static VGARoute *owner_in(MemoryRegion *space, VGARange range)
{
    VGARoute *route, *owner = NULL;

    QTAILQ_FOREACH(route, &routes, next) {
        if (route->wants[range] && space_of(route, range) == space &&
            (!owner || has_precedence(route, owner, range))) {
            owner = route;
        }
    }
    return owner;
}

static void route_show(VGARoute *route, VGARange range, bool enabled)
{
    PCIDevice *dev = route->dev;

    if (dev->has_vga && range == VGA_RANGE_MEMORY) {
        memory_region_set_enabled(dev->vga_regions[QEMU_PCI_VGA_MEM], enabled);
    }
    if (dev->has_vga && range == VGA_RANGE_PORTS) {
        memory_region_set_enabled(dev->vga_regions[QEMU_PCI_VGA_IO_LO],
                                  enabled);
        memory_region_set_enabled(dev->vga_regions[QEMU_PCI_VGA_IO_HI],
                                  enabled);
    }
    if (route->ports && range == VGA_RANGE_PORTS) {
        memory_region_set_enabled(route->ports, enabled);
    }
}

static void route_set_owner(VGARoute *route, VGARange range, bool owns)
{
    if (route->owns[range] != owns) {
        route->owns[range] = owns;
        route->since[range] = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        trace_vga_routing_owner(route->dev->name, pci_dev_bus_num(route->dev),
                                PCI_SLOT(route->dev->devfn),
                                PCI_FUNC(route->dev->devfn),
                                range == VGA_RANGE_MEMORY ? "memory" : "ports",
                                owns);
    }
    route_show(route, range, owns);
}

static void arbitrate(MemoryRegion *space, VGARange range)
{
    VGARoute *owner = owner_in(space, range);
    VGARoute *route;

    QTAILQ_FOREACH(route, &routes, next) {
        if (space_of(route, range) == space) {
            route_set_owner(route, range, route == owner);
        }
    }
}

static void route_update(VGARoute *route)
{
    VGARange range;

    for (range = 0; range < VGA_RANGES; range++) {
        if (active) {
            arbitrate(space_of(route, range), range);
        } else {
            route_show(route, range, route->wants[range]);
        }
    }
}

/*
 * When it begins
 */

static void begin(void)
{
    VGARoute *route;

    active = true;
    trace_vga_routing_begin();
    QTAILQ_FOREACH(route, &routes, next) {
        if (route->join) {
            route->join(route->dev);
        }
        route_update(route);
    }
}

/*
 * Emulated cards do not claim before it begins, so this is an assigned
 * adapter.  It has power from the end of a realize that did not fail.
 */
static bool is_assigned(PCIDevice *dev)
{
    return dev->enabled && dev->has_vga && !IS_PCI_BRIDGE(dev);
}

static bool is_reason_to_begin(PCIDevice *dev)
{
    return !active && available() &&
           (choice == ON_OFF_AUTO_ON ||
            (choice == ON_OFF_AUTO_AUTO && is_assigned(dev)));
}

bool vga_routing_add_card(PCIDevice *card, VGARoutingJoin *join)
{
    if (choice == ON_OFF_AUTO_ON) {
        active = true;
    }
    route_get(card)->join = active ? NULL : join;
    return active;
}

void vga_routing_add_ports(PCIDevice *card, MemoryRegion *ports)
{
    VGARoute *route = route_get(card);

    route->ports = ports;
    route_show(route, VGA_RANGE_PORTS, route->owns[VGA_RANGE_PORTS]);
}

/*
 * For pci.c and pci_bridge.c
 */

void vga_routing_decode(PCIDevice *dev, uint16_t command)
{
    VGARoute *route = route_get(dev);
    VGARange range;

    for (range = 0; range < VGA_RANGES; range++) {
        route->wants[range] = command & command_bits[range];
    }
    memory_region_transaction_begin();
    if (is_reason_to_begin(dev)) {
        begin();
    }
    route_update(route);
    memory_region_transaction_commit();
}

void vga_routing_withdraw(PCIDevice *dev)
{
    VGARoute *route = route_of(dev);

    if (route) {
        memset(route->wants, 0, sizeof(route->wants));
    }
}

void vga_routing_settle(PCIDevice *dev)
{
    VGARoute *route = route_of(dev);

    if (route && !dev->has_vga) {
        route_update(route);
    }
}

void vga_routing_forget(PCIDevice *dev)
{
    VGARoute *route = route_of(dev);

    if (route) {
        memory_region_transaction_begin();
        vga_routing_withdraw(dev);
        route_update(route);
        memory_region_transaction_commit();
        QTAILQ_REMOVE(&routes, route, next);
        g_free(route);
    }
}

/*
 * The property of the machine
 */

static void vga_routing_get(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    OnOffAuto value = choice;

    visit_type_OnOffAuto(v, name, &value, errp);
}

static void vga_routing_set(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    if (phase_check(PHASE_MACHINE_INITIALIZED)) {
        error_setg(errp, "%s is part of the machine and cannot be changed "
                   "now; start QEMU with -machine %s=...", name, name);
        return;
    }
    visit_type_OnOffAuto(v, name, &choice, errp);
}

void vga_routing_add_property(ObjectClass *machine_class)
{
    object_class_property_add(machine_class, VGA_ROUTING_PROPERTY, "OnOffAuto",
                              vga_routing_get, vga_routing_set, NULL, NULL);
    object_class_property_set_description(machine_class, VGA_ROUTING_PROPERTY,
        "Display adapters get legacy VGA accesses as PCI_COMMAND, power states "
        "and bridges say, one on a bus; auto (default): from the first adapter "
        "with x-vga=on on");
}

/*
 * Who owns, and why not another one
 */

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

/* What keeps @dev itself from decoding, or OWNER if nothing does */
static VGARoutingReason obstacle_at(PCIDevice *dev, VGARange range)
{
    uint16_t control = pci_get_word(dev->config + PCI_BRIDGE_CONTROL);

    if (!dev->enabled) {
        return VGA_ROUTING_REASON_SLOT_POWER;
    }
    if (is_asleep(dev)) {
        return VGA_ROUTING_REASON_POWER_STATE;
    }
    if (!(pci_get_word(dev->config + PCI_COMMAND) & command_bits[range])) {
        return VGA_ROUTING_REASON_COMMAND;
    }
    if (IS_PCI_BRIDGE(dev) && !(control & PCI_BRIDGE_CTL_VGA)) {
        return VGA_ROUTING_REASON_VGA_ENABLE;
    }
    return VGA_ROUTING_REASON_OWNER;
}

static VGARoute *owner_beside(VGARoute *route, VGARange range)
{
    VGARoute *other;

    QTAILQ_FOREACH(other, &routes, next) {
        if (other->owns[range] &&
            space_of(other, range) == space_of(route, range)) {
            return other;
        }
    }
    return NULL;
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

/* From the adapter up to the root bus, until something is in the way */
static VGARoutingRange *query_range(PCIDevice *card, VGARange range)
{
    VGARoutingRange *result = g_new0(VGARoutingRange, 1);
    PCIDevice *above = pci_bridge_get_device(pci_get_bus(card));
    PCIDevice *dev = card->has_vga ? card : above;

    range_set(result, VGA_ROUTING_REASON_UNROUTED, card);
    for (; dev; dev = pci_bridge_get_device(pci_get_bus(dev))) {
        VGARoutingReason reason = obstacle_at(dev, range);
        VGARoute *route = route_of(dev);
        VGARoute *owner = active && route ? owner_beside(route, range) : NULL;

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

/* What was counted, if it is an assigned adapter */
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

/* The adapters without the bridges, in order */
static GSList *adapters_sorted(void)
{
    GSList *list = NULL;
    VGARoute *route;

    QTAILQ_FOREACH(route, &routes, next) {
        GSList **at = &list;

        if (IS_PCI_BRIDGE(route->dev)) {
            continue;
        }
        while (*at && bdf((*at)->data) < bdf(route)) {
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
        return g_strdup_printf("%s has the screen, and did not do %" PRIu64
            " of %" PRIu64 " accesses: look at QEMU's messages and at the "
            "host's kernel log", adapter->address, adapter->failures,
            adapter->accesses);
    }
    if (no->reached && adapter->has_accesses && !adapter->accesses) {
        return g_strdup_printf("%s has the screen, and nothing has been drawn "
            "yet: the firmware may have found no VBIOS for it",
            adapter->address);
    }
    if (no->reached) {
        return g_strdup_printf("%s has the screen", adapter->address);
    }
    if (no->reason == VGA_ROUTING_REASON_OTHER_OWNER) {
        return g_strdup_printf("%s has the %s only: the others go to %s",
            adapter->address, no == adapter->ports ? "memory" : "ports",
            no->at);
    }
    return g_strdup_printf("%s has no screen, because of %s: %s",
                           adapter->address, no->at, advice[no->reason]);
}

/* An adapter that decodes by itself, behind no bridge, or NULL */
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

/* @text, to be freed, is about an adapter on PCI; NULL: there is none */
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

/* About the adapter that gets the most of it */
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

    info->available = available();
    info->active = active;
    for (at = sorted; at; at = at->next) {
        VGARoute *route = at->data;

        QAPI_LIST_APPEND(tail, query_adapter(route->dev));
    }
    info->verdict = verdict(info->adapters);
    return info;
}
