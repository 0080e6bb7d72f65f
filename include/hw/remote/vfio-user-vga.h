/*
 * The legacy VGA region of a card served over vfio-user
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client finds the card's legacy ranges as region 8 (Linux,
 * include/uapi/linux/vfio.h, VFIO_PCI_VGA_REGION_INDEX): 0xc0000 bytes, read
 * and write, laid out like the ranges themselves.
 *
 *   offset            what
 *   0xa0000-0xbffff   memory at this bus address
 *   0x003b0-0x003bb   port of this number
 *   0x003c0-0x003df   port of this number
 *   all others        refused
 *
 * An access is one message with any number of bytes.  It is made wholly, in
 * ascending order, or, if a byte of it is outside the three ranges, refused
 * wholly with EINVAL.  An access that begins in one range and ends in another
 * is refused as well.  A refused write that was posted has no reply that could
 * carry the error; it is lost.
 *
 * 1, 2 or 4 bytes at ports are one cycle of that width, as the client's guest
 * made it.  Any other number of bytes becomes cycles of one byte.
 *
 * Addresses inside the ranges that the card does not decode read all ones.  Its
 * ports outside of them, 0x1ce-0x1d0 of the Bochs VBE interface for example,
 * are not reachable, just as with a physical adapter behind a bridge.
 *
 * The card's PCI_COMMAND does not gate the region, just as with Linux's
 * vfio-pci: the client routes only what its guest's card decodes.
 */
#ifndef HW_REMOTE_VFIO_USER_VGA_H
#define HW_REMOTE_VFIO_USER_VGA_H

#include "libvfio-user.h"

struct PCIDevice;

/**
 * vfu_object_card: the card that a server serves (in vfio-user-obj.c)
 *
 * @ctx: the server, with its VfuObject as private data
 */
struct PCIDevice *vfu_object_card(vfu_ctx_t *ctx);

/**
 * vfu_vga_setup: add the region of a card that has legacy ranges
 *
 * @ctx: the server, not realized yet
 * @name: of the card, for the error
 * @errp: set on failure to the reason of libvfio-user
 *
 * Does nothing for a device without a VGASpace; VGA cards have one.
 *
 * Returns false on failure.
 */
bool vfu_vga_setup(vfu_ctx_t *ctx, const char *name, Error **errp);

/**
 * vfu_vga_reset: reset the VGA registers, which qdev does not
 *
 * @card: the served device, of any class
 *
 * The VGA registers of most models are reset by qemu_register_reset(), with the
 * machine only.  Does nothing for a device without legacy ranges.
 */
void vfu_vga_reset(struct PCIDevice *card);

#endif /* HW_REMOTE_VFIO_USER_VGA_H */
