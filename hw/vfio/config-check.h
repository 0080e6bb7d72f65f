/*
 * Checking an assigned device's config space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PCI core trusts the header and the lists of capabilities of a device.
 * Those of an assigned device come from the hardware, or from the server behind
 * vfio-user-pci.  So they are read and checked once, when the device is
 * realized, and from then on QEMU uses the copy.  Nothing that is read later
 * reaches the PCI core: an adapter that does not come back after a reset, or
 * has fallen off its bus, reads as all ones.
 */

#ifndef HW_VFIO_CONFIG_CHECK_H
#define HW_VFIO_CONFIG_CHECK_H

struct VFIOPCIDevice;

/**
 * vfio_config_check: check the copy of the first 256 bytes of config space
 * @vdev: the device; its copy is in PCIDevice.config
 * @errp: error, set on failure
 *
 * The low two bits of a capability's address are reserved; they are cleared in
 * the copy.  It is an error if the list has no end or leads into the header, if
 * a capability goes past the end of config space, or if one that may occur only
 * once occurs twice.
 *
 * Returns false if the device cannot be assigned.
 */
bool vfio_config_check(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_config_check_extended: check the copy of the extended capabilities
 * @vdev: the device, with its emulated_config_bits
 *
 * A device works without them.  If their list is broken, the guest gets none of
 * them, and there is one warning.  On a bus that is not PCI Express the guest
 * cannot see them, and they are dropped from the copy.
 */
void vfio_config_check_extended(struct VFIOPCIDevice *vdev);

/**
 * vfio_config_is_gone: check whether the device still answers
 * @vdev: the device
 *
 * A device that is gone is reported once, and again only if it has answered
 * since.
 */
bool vfio_config_is_gone(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_CONFIG_CHECK_H */
