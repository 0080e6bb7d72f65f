/*
 * Emulated VGA cards on a bus whose legacy ranges are routed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An emulated card always answers at a0000, 3b0 and 3c0, with its own memory
 * API priorities.  When routing begins (hw/pci/vga-routing.h) it has to answer
 * only if its PCI_COMMAND enables that and it is the owner.  Then all its
 * regions on the bus, except for BARs, move into a VGASpace of the card, and
 * the card claims three windows to that space by pci_register_vga().  A fourth
 * window shows the ports below 3b0, where the VBE ports are.
 *
 * A card that is created later puts its regions there from the start.  On a
 * machine where routing never begins, the card keeps its regions on the bus.
 */

#ifndef HW_DISPLAY_VGA_JOIN_H
#define HW_DISPLAY_VGA_JOIN_H

#include "qom/object.h"
#include "system/memory.h"

/**
 * vga_join: let a card take part in routing
 *
 * @card: the card, of any kind; only one that is a PCI function takes part
 * @mem: in: the bus's memory; out: the space for the card's regions
 * @io: the same for its ports
 *
 * Called once for a card, before it adds its legacy regions.  Later regions
 * have to go to vga_space_mem() and vga_space_io().
 */
void vga_join(Object *card, MemoryRegion **mem, MemoryRegion **io);

#endif /* HW_DISPLAY_VGA_JOIN_H */
