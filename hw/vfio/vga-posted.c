/*
 * Writes to a VGA adapter that KVM keeps for a while
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-posted.h"
#include "system/memory.h"

void vfio_vga_posted_begin(VFIOVGA *vga)
{
    MemoryRegion *high = &vga->region[QEMU_PCI_VGA_IO_HI].mem;

    memory_region_set_coalescing(&vga->region[QEMU_PCI_VGA_MEM].mem);
    memory_region_add_coalescing(high, VFIO_VGA_POSTED_PORT -
                                 QEMU_PCI_VGA_IO_HI_BASE,
                                 VFIO_VGA_POSTED_PORTS);
    memory_region_set_flush_coalesced(&vga->region[QEMU_PCI_VGA_IO_LO].mem);
}

/* What gets into the ring until KVM has let go of the last range is in it */
void vfio_vga_posted_end(VFIOVGA *vga)
{
    memory_region_clear_coalescing(&vga->region[QEMU_PCI_VGA_MEM].mem);
    memory_region_clear_coalescing(&vga->region[QEMU_PCI_VGA_IO_HI].mem);
    memory_region_clear_flush_coalesced(&vga->region[QEMU_PCI_VGA_IO_LO].mem);
}
