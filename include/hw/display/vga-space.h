/*
 * The legacy VGA ranges of one emulated card, as its own spaces
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An emulated VGA card puts its memory at 0xa0000 and its ports at 0x3b0 into
 * the spaces of its bus, where the next card covers them: the bus has one owner
 * at a time.  A process that serves cards to other processes has as many owners
 * at a time as cards, so in such a process each card gets
 *
 *   mem  1 MiB, everything the card decodes below 1 MiB at its bus address
 *   io   64 KiB, everything the card decodes at its port number; the offsets
 *        stay absolute because portio handlers are told mr.addr + offset
 *
 * both aliased into the bus where the card's own regions would have been, so
 * that the bus looks as before, and as the AddressSpaces mem_as and io_as,
 * which see this card and nothing else.  A port that the card does not decode
 * reads all ones in io_as and ignores writes.
 *
 * Cards on x-remote get a space.  On other machines vga_space_claim() claims
 * nothing: a bus with several cards would give its accesses to other cards than
 * before, since the overlap priorities inside a container do not compete with
 * those outside (vga.chain4 and a second card's memory for example).  Where
 * that is intended, vga_space_new() only makes the containers, and its caller
 * puts them on the bus.
 *
 * All functions run under the BQL.
 */
#ifndef HW_DISPLAY_VGA_SPACE_H
#define HW_DISPLAY_VGA_SPACE_H

#include "qom/object.h"
#include "system/memory.h"
#include "system/reset.h"

#define TYPE_VGA_SPACE "vga-space"
OBJECT_DECLARE_SIMPLE_TYPE(VGASpace, VGA_SPACE)

struct VGASpace {
    Object parent_obj;

    MemoryRegion mem;
    MemoryRegion io;

    /* Set by vga_space_claim() only: */
    AddressSpace mem_as;
    AddressSpace io_as;

    MemoryRegion mem_window; /* mem on the bus */
    MemoryRegion io_window;  /* io on the bus */
    MemoryRegion io_root;    /* io_as: io, and all ones beside it */
    MemoryRegion io_alias;

    QEMUResetHandler *reset;
    void *opaque;
};

/**
 * vga_space_claim: give a card its own spaces, on machines where cards have
 * them
 *
 * @card: the card; the space becomes a child of it and lives as long
 * @mem: in: the bus's memory; out: the space for the card's regions
 * @io: the same for its ports
 * @reset: function that puts the VGA registers into their state after power on
 * @opaque: argument of @reset
 *
 * Called once for a card, before it adds its legacy regions.  @mem and @io
 * stay as they are for a card that gets no space.
 */
void vga_space_claim(Object *card, MemoryRegion **mem, MemoryRegion **io,
                     QEMUResetHandler *reset, void *opaque);

/**
 * vga_space_new: make the containers for a card, and do nothing else
 *
 * @card: the card, which has no spaces yet; they become a child of it
 *
 * Returns the space.
 */
VGASpace *vga_space_new(Object *card);

/**
 * vga_space_of: the space of a card
 *
 * @card: the card, or any other object
 *
 * Returns NULL if it has no space.
 */
static inline VGASpace *vga_space_of(Object *card)
{
    Object *space = object_resolve_path_component(card, TYPE_VGA_SPACE);

    return (VGASpace *)object_dynamic_cast(space, TYPE_VGA_SPACE);
}

/**
 * vga_space_io: the space for further legacy ports of a card
 *
 * @card: the card, after vga_space_claim()
 * @io: the bus's ports
 *
 * Returns the card's own ports, or @io if it has no space.
 */
static inline MemoryRegion *vga_space_io(Object *card, MemoryRegion *io)
{
    VGASpace *space = vga_space_of(card);

    return space ? &space->io : io;
}

/**
 * vga_space_mem: the same for memory
 */
static inline MemoryRegion *vga_space_mem(Object *card, MemoryRegion *mem)
{
    VGASpace *space = vga_space_of(card);

    return space ? &space->mem : mem;
}

#endif /* HW_DISPLAY_VGA_SPACE_H */
