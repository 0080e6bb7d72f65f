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
 * Posting counts as on until the ring is empty, so that a write from the ring
 * does not begin it again.  This also empties the ring of the writes that get
 * into it until KVM has released the last range.  If this is called for a write
 * from the ring, the rest follows when the caller is done, and before the next
 * access that does not come from the ring.
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
