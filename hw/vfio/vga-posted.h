/*
 * Writes to a VGA adapter that KVM keeps for a while
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * On a bus a write is posted: whoever wrote goes on before it has arrived.
 * KVM can do the same with its ring of coalesced MMIO (Linux,
 * Documentation/virt/kvm/api.rst, KVM_REGISTER_COALESCED_MMIO), so that a write
 * costs an exit to the kernel and none to QEMU.  All writes of the machine that
 * are posted are in the one ring, in order, and QEMU empties it before it acts
 * on an access to a region that is marked for it, before the memory map
 * changes, and when the ring is full.
 *
 * What the ring lacks is somebody who empties it when nothing of that comes.
 * An emulated display does each time it draws.  Here the owner does, by a timer
 * that runs while writes are posted and only then: therefore posting is begun
 * when many writes come, and ended when none come any more.
 *
 * Posted are the window's memory and the DAC, whose writes only change how a
 * picture looks.  Other registers are not: software waits for their effect by
 * counting time, which does not empty the ring.
 */

#ifndef HW_VFIO_VGA_POSTED_H
#define HW_VFIO_VGA_POSTED_H

struct VFIOVGA;

#define VFIO_VGA_POSTED_PORT 0x3c8 /* DAC: index, data */
#define VFIO_VGA_POSTED_PORTS 2

/**
 * vfio_vga_posted_port: can a write to a port be posted?
 *
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes
 */
static inline bool vfio_vga_posted_port(uint32_t port, unsigned size)
{
    return port >= VFIO_VGA_POSTED_PORT &&
           port + size <= VFIO_VGA_POSTED_PORT + VFIO_VGA_POSTED_PORTS;
}

/**
 * vfio_vga_posted_begin: the guest's writes are kept from now on
 *
 * @vga: the windows of the adapter; nothing of it is posted yet
 *
 * With the BQL.  The caller empties the ring, from time to time and before
 * anything that has to come after the guest's writes and is no access to @vga.
 */
void vfio_vga_posted_begin(struct VFIOVGA *vga);

/**
 * vfio_vga_posted_end: they come at once again
 *
 * @vga: the windows of an adapter whose writes are posted
 *
 * With the BQL.  All that were kept have come when this returns, unless it is
 * called for one of them: then those behind it come after.
 */
void vfio_vga_posted_end(struct VFIOVGA *vga);

#endif /* HW_VFIO_VGA_POSTED_H */
