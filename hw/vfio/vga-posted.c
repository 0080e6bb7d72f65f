/*
 * Writes to a VGA adapter that KVM keeps for a while
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-posted.h"
#include "system/memory.h"

#define DAC_INDEX 0x3c8
#define DAC_PORTS 2 /* and the data */

bool vfio_vga_posted_port(uint32_t port, unsigned size)
{
    return port >= DAC_INDEX && port + size <= DAC_INDEX + DAC_PORTS;
}

void vfio_vga_posted_begin(VFIOVGA *vga)
{
    MemoryRegion *high = &vga->region[QEMU_PCI_VGA_IO_HI].mem;

    memory_region_set_coalescing(&vga->region[QEMU_PCI_VGA_MEM].mem);
    memory_region_add_coalescing(high, DAC_INDEX - QEMU_PCI_VGA_IO_HI_BASE,
                                 DAC_PORTS);
    memory_region_set_flush_coalesced(&vga->region[QEMU_PCI_VGA_IO_LO].mem);
}

/* What gets into the ring until KVM has let go of the last range is in it */
void vfio_vga_posted_end(VFIOVGA *vga)
{
    memory_region_clear_coalescing(&vga->region[QEMU_PCI_VGA_MEM].mem);
    memory_region_clear_coalescing(&vga->region[QEMU_PCI_VGA_IO_HI].mem);
    memory_region_clear_flush_coalesced(&vga->region[QEMU_PCI_VGA_IO_LO].mem);
}
