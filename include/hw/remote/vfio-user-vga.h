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
 * An access is one message with any number of bytes.  It is done whole, in
 * ascending order, or refused whole with EINVAL and nothing done: if a byte of
 * it lies outside the three ranges.  An access that begins in one and ends in
 * another is such a case.  A refused write that was posted has no reply to
 * carry the error; it is lost.
 *
 * 1, 2 or 4 bytes at ports are one cycle of that width, as the client's guest
 * made it.  Another number of bytes is as many cycles of one byte.
 *
 * What the card does not decode inside the ranges reads all ones.  Its ports
 * outside of them, 0x1ce-0x1d0 of the Bochs VBE interface for example, are not
 * reachable, just as with a physical adapter behind a bridge.
 *
 * The card's PCI_COMMAND does not gate the region, just as with Linux's
 * vfio-pci: the client routes only what its guest's card decodes.
 */
#ifndef HW_REMOTE_VFIO_USER_VGA_H
#define HW_REMOTE_VFIO_USER_VGA_H

#include "libvfio-user.h"

struct PCIDevice;

/**
 * vfu_object_card: what a server serves (in vfio-user-obj.c)
 *
 * @ctx: the server, with its VfuObject as private data
 */
struct PCIDevice *vfu_object_card(vfu_ctx_t *ctx);

/**
 * vfu_vga_setup: add the region of a card that has legacy ranges
 *
 * @ctx: the server, not realized yet
 * @name: of the card, for the error
 * @errp: on failure, why libvfio-user does not take the region
 *
 * Does nothing for a device without a VGASpace; VGA cards have one.
 *
 * Returns false on failure.
 */
bool vfu_vga_setup(vfu_ctx_t *ctx, const char *name, Error **errp);

/**
 * vfu_vga_reset: the part of a device reset that qdev does not reach
 *
 * @card: what is served, of any class
 *
 * The VGA registers of most models are reset by qemu_register_reset(), which
 * is for the machine.  Does nothing for a device without legacy ranges.
 */
void vfu_vga_reset(struct PCIDevice *card);

#endif /* HW_REMOTE_VFIO_USER_VGA_H */
