/*
 * Emulated VGA cards on a bus whose legacy ranges are routed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An emulated card answers at a0000, 3b0 and 3c0 always, and with memory API
 * priorities of its own.  When routing begins (hw/pci/vga-routing.h) it has to
 * answer as its PCI_COMMAND says, and only if it is the owner.  Then
 * everything that it has on the bus, except for BARs, moves into a VGASpace of
 * the card, and three windows to that are what the card claims by
 * pci_register_vga().  A fourth one shows the ports below 3b0, where the VBE
 * ports are.
 *
 * A card that is made after that puts its regions there from the start.  On a
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
 * @mem: in: the bus's memory; out: where the card puts its regions
 * @io: the same for its ports
 *
 * Called once for a card, before it adds its legacy regions.  What it adds
 * later has to go to vga_space_mem() and vga_space_io().
 */
void vga_join(Object *card, MemoryRegion **mem, MemoryRegion **io);

#endif /* HW_DISPLAY_VGA_JOIN_H */
