/*
 * The pristine VBIOS of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ROM BAR does not always show the VBIOS.  qemu/vbios-flash.h reads it from
 * the flash ROM, where it is unchanged; this file gives that reader access to a
 * VFIODevice.
 */
#ifndef HW_VFIO_VGA_FLASH_H
#define HW_VFIO_VGA_FLASH_H

#include "hw/vfio/vfio-device.h"

/**
 * vfio_vga_flash_read: read the VBIOS from the adapter's flash ROM
 *
 * @vbasedev: the adapter, attached
 * @size: how many bytes were found
 * @errp: set on failure to the reason, see vbios_flash_read(), or to a failed
 *        access
 *
 * The IDs are those of the adapter itself; QEMU may show others to the guest.
 * The memory bit of PCI_COMMAND is set meanwhile, and PCI_COMMAND is restored.
 * The guest must not run meanwhile.
 *
 * Returns the images, to be freed with g_free(); NULL on failure.
 */
uint8_t *vfio_vga_flash_read(VFIODevice *vbasedev, size_t *size, Error **errp);

#endif /* HW_VFIO_VGA_FLASH_H */
