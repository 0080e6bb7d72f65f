/*
 * Owners of the legacy VGA ranges: definitions for vga-routing.c and its query
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_VGA_ROUTING_INTERNAL_H
#define HW_PCI_VGA_ROUTING_INTERNAL_H

#include "hw/pci/vga-routing.h"
#include "qemu/queue.h"

typedef enum VGARange {
    VGA_RANGE_MEMORY,
    VGA_RANGE_PORTS,
    VGA_RANGES,
} VGARange;

/* A claimant, or an emulated card that has not been asked to join */
typedef struct VGARoute {
    PCIDevice *dev;
    VGARoutingJoin *join;
    MemoryRegion *ports;            /* other than the legacy ones */
    bool wants[VGA_RANGES];
    bool owns[VGA_RANGES];
    int64_t since[VGA_RANGES];      /* guest time of the last change, ns */
    QTAILQ_ENTRY(VGARoute) next;
} VGARoute;

typedef QTAILQ_HEAD(, VGARoute) VGARouteList;
extern VGARouteList vga_routes;

/* Whether the machine can route, and whether it does */
bool vga_routing_available(void);
bool vga_routing_active(void);

/* The route of @dev, or NULL */
VGARoute *vga_route_of(PCIDevice *dev);

/* Bus, slot and function, as PCI_BUILD_BDF() has them */
unsigned vga_route_bdf(VGARoute *route);

/* The owner of @range among those on the same bus as @route; or NULL */
VGARoute *vga_route_owner_beside(VGARoute *route, VGARange range);

/* The bit of PCI_COMMAND that enables @range */
uint16_t vga_range_command(VGARange range);

#endif /* HW_PCI_VGA_ROUTING_INTERNAL_H */
