/*
 * Who owns the legacy VGA ranges inside the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * a0000-bffff of memory and 3b0-3bb and 3c0-3df of the ports belong to any VGA
 * controller, and cannot be moved.  On each bus of the machine one function
 * gets them at a time.  A claimant is a function that calls pci_register_vga():
 * an assigned adapter with x-vga=on, a bridge whose VGA Enable is set (it
 * claims for the adapters behind it), and an emulated card while routing is on.
 *
 * A claimant wants the memory, or the ports, while
 *
 *   PCI_COMMAND   has Memory Space Enable, or I/O Space Enable, set (PCI Local
 *                 Bus Specification 3.0, 6.2.2),
 *   power         it is in D0 (PCI Bus Power Management Interface Specification
 *                 1.2, 5.4) and its slot has power,
 *   a bridge      has VGA Enable set (PCI-to-PCI Bridge Architecture
 *                 Specification 1.2, 3.2.5.18).
 *
 * Memory and ports are routed separately, each by its own bit.  Of several
 * claimants that want the same range,
 *
 *   1. a bridge comes before an adapter, as in the chipset of q35: VGAEN of its
 *      PCI Express port takes the accesses away from all devices on the root
 *      bus (Intel 3 Series MCH data sheet, BCTRL1, 3Eh of device 1),
 *   2. the owner keeps the range until it no longer wants it,
 *   3. then the claimant with the lowest bus, slot and function gets the range.
 *
 * Hardware has only rule 1.  Without rules 2 and 3 all claimants would answer.
 * A guest must not cause that, but guests do: firmware enables every function
 * that it finds, in the order of slots, and drivers enable their function
 * without regard to another one that shows the console.  Because of rule 2
 * neither changes the screen.
 *
 * If no claimant wants a range, the answer depends on the machine
 * (x-legacy-hole in hw/pci-host/pam-fix.h).
 *
 * The property x-vga-routing of the machines pc and q35 switches this on and
 * off.  "auto" is "on" from the moment that an adapter with x-vga=on is
 * realized, until QEMU ends.  While it is off, emulated cards always answer,
 * and claimants ignore each other, as on released machine types and on those of
 * other architectures.
 *
 * Owners are not migrated.  After an incoming migration rule 3 decides, so with
 * x-vga-routing=on and two cards that want the ranges at the same time the
 * owner may change.
 *
 * Emulated cards have VBE ports (1ce-1d0) beside the legacy ones, which no
 * bridge forwards.  They have the same owner as the card's legacy ports.
 *
 * All functions need the BQL.
 */

#ifndef HW_PCI_VGA_ROUTING_H
#define HW_PCI_VGA_ROUTING_H

#include "hw/pci/pci_device.h"
#include "qapi/qapi-types-vga-routing.h"

/*
 * Called when routing begins, at most once: the card has to remove its regions
 * from the bus and call pci_register_vga().
 */
typedef void VGARoutingJoin(PCIDevice *card);

/* Add x-vga-routing to a machine class */
void vga_routing_add_property(ObjectClass *machine_class);

/*
 * Add an emulated card, which is never unplugged and is about to put its
 * regions on the bus.  @join (@card) is called when routing begins.
 *
 * Returns true if routing has begun: then @join is not called.
 */
bool vga_routing_add_card(PCIDevice *card, VGARoutingJoin *join);

/* Enable @ports, which are on @card's bus, only while it owns the ports */
void vga_routing_add_ports(PCIDevice *card, MemoryRegion *ports);

/*
 * For pci.c and pci_bridge.c: the claimant @dev would decode what the memory
 * and I/O bits of @command say.
 */
void vga_routing_decode(PCIDevice *dev, uint16_t command);
/* @dev leaves the bus, and stays the owner until settle() or forget() */
void vga_routing_withdraw(PCIDevice *dev);
/* @dev has not registered again, so other claimants get the ranges */
void vga_routing_settle(PCIDevice *dev);
/* @dev is unplugged */
void vga_routing_forget(PCIDevice *dev);

/* The answer of x-query-vga-routing, which the caller has to free */
VGARoutingInfo *vga_routing_query(void);

#endif /* HW_PCI_VGA_ROUTING_H */
