/*
 * The effect of a write to config space on a VGA adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VFIO_VGA_CONFIG_H
#define HW_VFIO_VGA_CONFIG_H

struct VFIOPCIDevice;

/**
 * vfio_vga_config_is_harmless: does a write leave VGA unchanged?
 *
 * @vdev: the adapter, with its capabilities found
 * @addr: where in config space
 * @size: bytes
 * @data: the bytes that are about to be written
 *
 * Writes to the standard header, and to capabilities that do not affect VGA,
 * are harmless unless they start BIST or a function level reset, or leave D0.
 * A guest may write a register in any size, so each byte is judged by itself.
 * PCI_COMMAND counts as harmless here: the caller judges its effect.
 */
bool vfio_vga_config_is_harmless(struct VFIOPCIDevice *vdev, uint32_t addr,
                                 uint32_t size, const uint8_t *data);

#endif /* HW_VFIO_VGA_CONFIG_H */
