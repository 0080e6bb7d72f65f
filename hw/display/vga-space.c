/*
 * The legacy VGA ranges of one emulated card, as spaces of its own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All VGA cards answer at the same addresses, and a PCI bus resolves that by
 * letting one of them answer.  QEMU's memory API does the same with priorities:
 * of two cards on a bus, the one added last answers at 0xa0000, its ports
 * answer at 0x3c0, and whichever is in a chained mode has its framebuffer above
 * both (vga_update_memory_access()).  For a guest that owns the bus this is
 * acceptable.  For a process that serves two cards to two guests it is not: one
 * guest would write the registers of the other guest's card.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/units.h"

#include "hw/display/vga-space.h"
#include "hw/pci/pci_device.h"
#include "hw/remote/machine.h"
#include "system/ioport.h"

#define VGA_SPACE_MEM_SIZE (1 * MiB)
#define VGA_SPACE_IO_SIZE (64 * KiB)

/* Only x-remote serves cards, so only it has several owners at a time */
static bool vga_space_wanted(Object *card)
{
    return object_dynamic_cast(card, TYPE_PCI_DEVICE) &&
           object_dynamic_cast(qdev_get_machine(), TYPE_REMOTE_MACHINE);
}

VGASpace *vga_space_new(Object *card)
{
    Object *obj = object_new(TYPE_VGA_SPACE);
    VGASpace *space = VGA_SPACE(obj);

    object_property_add_child(card, TYPE_VGA_SPACE, obj);
    object_unref(obj); /* the card holds it now */

    memory_region_init(&space->mem, obj, "vga-space-mem", VGA_SPACE_MEM_SIZE);
    memory_region_init(&space->io, obj, "vga-space-io", VGA_SPACE_IO_SIZE);
    return space;
}

static void vga_space_serve(VGASpace *space)
{
    Object *obj = OBJECT(space);

    address_space_init(&space->mem_as, &space->mem, "vga-space-mem");

    memory_region_init_io(&space->io_root, obj, &unassigned_io_ops, NULL,
                          "vga-space-io-root", VGA_SPACE_IO_SIZE);
    memory_region_init_alias(&space->io_alias, obj, "vga-space-io-alias",
                             &space->io, 0, VGA_SPACE_IO_SIZE);
    memory_region_add_subregion(&space->io_root, 0, &space->io_alias);
    address_space_init(&space->io_as, &space->io_root, "vga-space-io");
}

/*
 * Memory overlaps the bus with priority 1 and ports with 0, as the regions of
 * the cards themselves do.  The windows have no handlers, so an access that the
 * card does not decode still reaches the regions below.
 */
static void vga_space_put_on_bus(VGASpace *space, MemoryRegion *mem,
                                 MemoryRegion *io)
{
    Object *obj = OBJECT(space);

    memory_region_init_alias(&space->mem_window, obj, "vga-space-mem-window",
                             &space->mem, QEMU_PCI_VGA_MEM_BASE,
                             QEMU_PCI_VGA_MEM_SIZE);
    memory_region_add_subregion_overlap(mem, QEMU_PCI_VGA_MEM_BASE,
                                        &space->mem_window, 1);

    memory_region_init_alias(&space->io_window, obj, "vga-space-io-window",
                             &space->io, 0, VGA_SPACE_IO_SIZE);
    memory_region_add_subregion(io, 0, &space->io_window);
}

void vga_space_claim(Object *card, MemoryRegion **mem, MemoryRegion **io,
                     QEMUResetHandler *reset, void *opaque)
{
    VGASpace *space;

    if (!vga_space_wanted(card)) {
        return;
    }

    space = vga_space_new(card);
    space->reset = reset;
    space->opaque = opaque;
    vga_space_serve(space);
    vga_space_put_on_bus(space, *mem, *io);

    *mem = &space->mem;
    *io = &space->io;
}

/*
 * No instance_finalize: the cards are not hot-pluggable, leave their regions
 * on the bus as they are, and go only with the process.  No instance_init
 * either: qom-list-properties makes an object of any type and drops it again.
 */
static const TypeInfo vga_space_info = {
    .name = TYPE_VGA_SPACE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(VGASpace),
};

static void vga_space_register_types(void)
{
    type_register_static(&vga_space_info);
}

type_init(vga_space_register_types)
