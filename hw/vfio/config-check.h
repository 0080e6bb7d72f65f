/*
 * What QEMU believes of an assigned device's config space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PCI core follows the lists of capabilities of a device model, and asserts
 * that its header is right.  Those of an assigned device are the device's own,
 * or those of the server behind vfio-user-pci.  They are read once, when the
 * device is realized, checked once, and the copy is what QEMU goes by from then
 * on.  Nothing that is read again later decides what the PCI core is told: an
 * adapter that does not come back after a reset, or has fallen off its bus,
 * reads as all ones.
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
 * the copy.  It is an error if the list has no end or leads into the header,
 * if a capability does not fit, or if one that may occur only once is there
 * twice.
 *
 * Returns false if the device cannot be assigned.
 */
bool vfio_config_check(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_config_check_extended: check the copy of the extended capabilities
 * @vdev: the device, with its emulated_config_bits
 *
 * A device works without them.  If their list is broken the guest gets none,
 * and there is one warning.  Where the guest cannot see them, behind a bus that
 * is not PCI Express, they are dropped from the copy.
 */
void vfio_config_check_extended(struct VFIOPCIDevice *vdev);

/**
 * vfio_config_is_gone: read whether the device is still there
 * @vdev: the device
 *
 * A device that is gone is reported once, and again only after it has answered
 * in the meantime.
 */
bool vfio_config_is_gone(struct VFIOPCIDevice *vdev);

#endif /* HW_VFIO_CONFIG_CHECK_H */
