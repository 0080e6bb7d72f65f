/*
 * The pristine VBIOS of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the ROM BAR gives is not always the VBIOS.  qemu/vbios-flash.h reads it
 * where nobody has changed it; this is the way there through a VFIODevice.
 */
#ifndef HW_VFIO_VGA_FLASH_H
#define HW_VFIO_VGA_FLASH_H

#include "hw/vfio/vfio-device.h"

/**
 * vfio_vga_flash_read: read the VBIOS from the adapter's flash ROM
 *
 * @vbasedev: the adapter, attached
 * @size: how many bytes were found
 * @errp: on failure, why, see vbios_flash_read(); or an access failed
 *
 * Asks the adapter itself for its IDs and not QEMU, which may show others to
 * the guest.  PCI_COMMAND, whose memory bit must be set meanwhile, is restored.
 * Must not run while the guest does.
 *
 * Returns the images, to be freed with g_free(); NULL on failure.
 */
uint8_t *vfio_vga_flash_read(VFIODevice *vbasedev, size_t *size, Error **errp);

#endif /* HW_VFIO_VGA_FLASH_H */
