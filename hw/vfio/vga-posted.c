/*
 * Writes to legacy VGA that KVM posts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "trace.h"
#include "vga-posted.h"

bool vfio_vga_posted_begin(VFIOVGAPosted *posted)
{
    VFIOVGARegion *windows = posted->windows;

    if (!posted->available || posted->on ||
        !vfio_vga_heat_up(&posted->heat, VFIO_VGA_HEAT_FIRST)) {
        return false;
    }
    posted->on = true;
    posted->begins++;
    memory_region_set_coalescing(&windows[QEMU_PCI_VGA_MEM].mem);
    memory_region_add_coalescing(&windows[QEMU_PCI_VGA_IO_HI].mem,
                                 VFIO_VGA_POSTED_PORT - QEMU_PCI_VGA_IO_HI_BASE,
                                 VFIO_VGA_POSTED_PORTS);
    memory_region_set_flush_coalesced(&windows[QEMU_PCI_VGA_IO_LO].mem);
    trace_vfio_vga_posted(posted->name, true);
    return true;
}

/*
 * Still on until the ring is empty, so that what comes out of it does not begin
 * anew.  What gets into the ring until KVM has let go of the last range is in
 * it.  In the middle of the ring, the rest of it comes when the caller is done;
 * the next access that cannot be part of it is behind all of it.
 */
bool vfio_vga_posted_end(VFIOVGAPosted *posted)
{
    VFIOVGARegion *windows = posted->windows;

    if (!posted->on || posted->ending) {
        return false;
    }
    posted->ending = true;
    memory_region_clear_coalescing(&windows[QEMU_PCI_VGA_MEM].mem);
    memory_region_clear_coalescing(&windows[QEMU_PCI_VGA_IO_HI].mem);
    memory_region_clear_flush_coalesced(&windows[QEMU_PCI_VGA_IO_LO].mem);
    posted->ending = false;
    posted->on = false;
    posted->trailing = posted->may_be_posted;
    trace_vfio_vga_posted(posted->name, false);
    return true;
}
