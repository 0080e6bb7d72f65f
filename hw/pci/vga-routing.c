/*
 * Who owns the legacy VGA ranges inside the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-common.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/vga-assigned.h"
#include "hw/pci/vga-compat.h"
#include "system/memory.h"
#include "trace/trace-hw_pci_vga_assign.h"
#include "vga-routing-internal.h"

#define VGA_ROUTING_PROPERTY "x-vga-routing"

VGARouteList vga_routes = QTAILQ_HEAD_INITIALIZER(vga_routes);
static OnOffAuto choice = ON_OFF_AUTO_AUTO;
static bool active;

uint16_t vga_range_command(VGARange range)
{
    return range == VGA_RANGE_MEMORY ? PCI_COMMAND_MEMORY : PCI_COMMAND_IO;
}

bool vga_routing_available(void)
{
    return object_property_find(qdev_get_machine(), VGA_ROUTING_PROPERTY);
}

bool vga_routing_active(void)
{
    return active;
}

VGARoute *vga_route_of(PCIDevice *dev)
{
    VGARoute *route;

    QTAILQ_FOREACH(route, &vga_routes, next) {
        if (route->dev == dev) {
            return route;
        }
    }
    return NULL;
}

static VGARoute *route_get(PCIDevice *dev)
{
    VGARoute *route = vga_route_of(dev);

    if (!route) {
        route = g_new0(VGARoute, 1);
        route->dev = dev;
        QTAILQ_INSERT_TAIL(&vga_routes, route, next);
    }
    return route;
}

/*
 * Adapters compete in a space and not on a bus, because the root bus of an
 * expander bridge (pxb) has the spaces of the first root bus.
 */
static MemoryRegion *space_of(VGARoute *route, VGARange range)
{
    PCIBus *bus = pci_get_bus(route->dev);

    return range == VGA_RANGE_MEMORY ? bus->address_space_mem :
                                       bus->address_space_io;
}

unsigned vga_route_bdf(VGARoute *route)
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
    return vga_route_bdf(a) < vga_route_bdf(b);
}

static VGARoute *owner_in(MemoryRegion *space, VGARange range)
{
    VGARoute *route, *owner = NULL;

    QTAILQ_FOREACH(route, &vga_routes, next) {
        if (route->wants[range] && space_of(route, range) == space &&
            (!owner || has_precedence(route, owner, range))) {
            owner = route;
        }
    }
    return owner;
}

VGARoute *vga_route_owner_beside(VGARoute *route, VGARange range)
{
    VGARoute *other;

    QTAILQ_FOREACH(other, &vga_routes, next) {
        if (other->owns[range] &&
            space_of(other, range) == space_of(route, range)) {
            return other;
        }
    }
    return NULL;
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

    QTAILQ_FOREACH(route, &vga_routes, next) {
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
 * The beginning of routing
 */

static void begin(void)
{
    VGARoute *route;

    active = true;
    trace_vga_routing_begin();
    QTAILQ_FOREACH(route, &vga_routes, next) {
        if (route->join) {
            route->join(route->dev);
        }
        route_update(route);
    }
}

/* A function is enabled from the end of a realize that did not fail. */
static bool is_reason_to_begin(PCIDevice *dev)
{
    return !active && vga_routing_available() &&
           (choice == ON_OFF_AUTO_ON ||
            (choice == ON_OFF_AUTO_AUTO && dev->enabled &&
             pci_is_assigned_vga(DEVICE(dev))));
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
        route->wants[range] = command & vga_range_command(range);
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
    VGARoute *route = vga_route_of(dev);

    if (route) {
        memset(route->wants, 0, sizeof(route->wants));
    }
}

void vga_routing_settle(PCIDevice *dev)
{
    VGARoute *route = vga_route_of(dev);

    if (route && !dev->has_vga) {
        route_update(route);
    }
}

void vga_routing_forget(PCIDevice *dev)
{
    VGARoute *route = vga_route_of(dev);

    if (route) {
        memory_region_transaction_begin();
        vga_routing_withdraw(dev);
        route_update(route);
        memory_region_transaction_commit();
        QTAILQ_REMOVE(&vga_routes, route, next);
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
        "Route legacy VGA accesses as PCI_COMMAND, power states and bridges "
        "say, to one adapter on each bus; auto (default): as soon as an "
        "adapter has x-vga=on");
}
