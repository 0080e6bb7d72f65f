/*
 * Emulated VGA cards on a bus whose legacy ranges are routed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/display/vga-join.h"
#include "hw/display/vga-space.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/vga-routing.h"

static bool is_bar(PCIDevice *card, MemoryRegion *mr)
{
    unsigned i;

    for (i = 0; i < PCI_NUM_REGIONS; i++) {
        if (card->io_regions[i].size && card->io_regions[i].memory == mr) {
            return true;
        }
    }
    return false;
}

/*
 * Move all regions of the card in a space of the bus, except BARs.
 *
 * Among regions of the same priority the one added last wins, and is first in
 * the list.  So the regions are moved from the end of the list to its start,
 * which keeps their order.
 *
 * portio_list_del() would look for its regions where they were added, but it is
 * not called for a card, since cards with legacy VGA are never unplugged.
 */
static void move_regions(PCIDevice *card, MemoryRegion *from, MemoryRegion *to)
{
    MemoryRegion *mr, *next;

    QTAILQ_FOREACH_REVERSE_SAFE(mr, &from->subregions, subregions_link, next) {
        hwaddr addr = mr->addr;

        if (memory_region_owner(mr) != OBJECT(card) || is_bar(card, mr)) {
            continue;
        }
        memory_region_del_subregion(from, mr);
        memory_region_add_subregion_overlap(to, addr, mr, mr->priority);
    }
}

static MemoryRegion *window(Object *card, const char *name, MemoryRegion *of,
                            hwaddr base, uint64_t size)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);

    /* The card, which owns it, is never unplugged. */
    memory_region_init_alias(mr, card, name, of, base, size);
    return mr;
}

static void claim(PCIDevice *card, VGASpace *space)
{
    Object *obj = OBJECT(card);
    MemoryRegion *ports = window(obj, "vga-join-low-ports", &space->io, 0,
                                 QEMU_PCI_VGA_IO_LO_BASE);

    pci_register_vga(card,
                     window(obj, "vga-join-mem", &space->mem,
                            QEMU_PCI_VGA_MEM_BASE, QEMU_PCI_VGA_MEM_SIZE),
                     window(obj, "vga-join-io-lo", &space->io,
                            QEMU_PCI_VGA_IO_LO_BASE, QEMU_PCI_VGA_IO_LO_SIZE),
                     window(obj, "vga-join-io-hi", &space->io,
                            QEMU_PCI_VGA_IO_HI_BASE, QEMU_PCI_VGA_IO_HI_SIZE));
    memory_region_add_subregion(pci_address_space_io(card), 0, ports);
    vga_routing_add_ports(card, ports);
}

static void join_late(PCIDevice *card)
{
    VGASpace *space = vga_space_new(OBJECT(card));

    move_regions(card, pci_address_space(card), &space->mem);
    move_regions(card, pci_address_space_io(card), &space->io);
    claim(card, space);
}

void vga_join(Object *card, MemoryRegion **mem, MemoryRegion **io)
{
    PCIDevice *dev = (PCIDevice *)object_dynamic_cast(card, TYPE_PCI_DEVICE);
    VGASpace *space;

    if (!dev || !vga_routing_add_card(dev, join_late)) {
        return;
    }
    space = vga_space_new(card);
    claim(dev, space);
    *mem = &space->mem;
    *io = &space->io;
}
