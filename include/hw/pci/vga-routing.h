/*
 * Who owns the legacy VGA ranges inside the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * a0000-bffff of memory and 3b0-3bb and 3c0-3df of the ports belong to any
 * VGA controller, and cannot be moved.  On a bus of the machine one function
 * gets them at a time.  A claimant is a function that calls pci_register_vga():
 * an assigned adapter with x-vga=on, a bridge whose VGA Enable is set (it
 * claims for those behind it), and an emulated card while routing is on.
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
 * Memory and ports are two subjects: each bit moves its own.  Of several that
 * want one,
 *
 *   1. a bridge comes before an adapter, as in the chipset of q35: VGAEN of
 *      its PCI Express port takes the accesses away from whatever is on the
 *      root bus (Intel 3 Series MCH data sheet, BCTRL1, 3Eh of device 1),
 *   2. the owner keeps it until it no longer wants it,
 *   3. then the one with the lowest bus, slot and function gets it.
 *
 * Hardware has only rule 1.  Without rules 2 and 3 all of them would answer,
 * and a guest must not get there, but guests do: firmware switches on
 * everything it finds, in the order of slots, and drivers switch on the
 * function they drive without regard to another one that shows the console.
 * Because of rule 2 neither changes the screen.
 *
 * What no claimant wants is not claimed; what answers then depends on the
 * machine (x-legacy-hole in hw/pci-host/pam-fix.h).
 *
 * x-vga-routing, of the machines pc and q35, says whether this is done.
 * "auto" is "on" from the moment that an adapter with x-vga=on is there, until
 * QEMU ends.  While it is off, emulated cards always answer, and claimants do
 * not look at each other, as on released machine types and on those of other
 * architectures.
 *
 * Nothing of it is migrated.  After an incoming migration rule 3 decides, so
 * with x-vga-routing=on and two cards that want the ranges at the same time
 * the owner may be another one than before.
 *
 * Emulated cards have VBE ports (1ce-1d0) beside the legacy ones, which no
 * bridge forwards.  They go with the card's ports.
 *
 * All functions need the BQL.
 */

#ifndef HW_PCI_VGA_ROUTING_H
#define HW_PCI_VGA_ROUTING_H

#include "hw/pci/pci_device.h"
#include "qapi/qapi-types-vga-routing.h"

/*
 * Called when routing begins, at most once: the card has to take its regions
 * off the bus and call pci_register_vga().
 */
typedef void VGARoutingJoin(PCIDevice *card);

/* x-vga-routing, for the class of a machine that has it */
void vga_routing_add_property(ObjectClass *machine_class);

/*
 * An emulated card, which is never unplugged, is about to put its regions on
 * the bus.  @join (@card) is called when routing begins.
 *
 * Returns whether it has begun: then @join is not called.
 */
bool vga_routing_add_card(PCIDevice *card, VGARoutingJoin *join);

/* @ports, on @card's bus already, are to be there while it owns the ports */
void vga_routing_add_ports(PCIDevice *card, MemoryRegion *ports);

/*
 * For pci.c and pci_bridge.c: the claimant @dev would decode what the memory
 * and I/O bits of @command say.
 */
void vga_routing_decode(PCIDevice *dev, uint16_t command);
/* Its regions leave the bus.  It stays the owner until settle() or forget(). */
void vga_routing_withdraw(PCIDevice *dev);
/* The function has not registered again: others get their turn */
void vga_routing_settle(PCIDevice *dev);
/* The function goes for good */
void vga_routing_forget(PCIDevice *dev);

/* What x-query-vga-routing returns, of the caller */
VGARoutingInfo *vga_routing_query(void);

#endif /* HW_PCI_VGA_ROUTING_H */
