/*
 * Why an adapter offers no VGA region, or cannot be assigned at all
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VFIO_VGA_EXPLAIN_H
#define HW_VFIO_VGA_EXPLAIN_H

struct VFIODevice;

/**
 * vfio_vga_explain: replace an error by its cause
 *
 * @vbasedev: the adapter that offers no usable VGA region
 * @sysfs: where the host's sysfs is: "/sys", or a test's imitation
 * @errp: in: the error that occurred; out: "x-vga=on needs a VGA region, ..."
 *        with the cause and a hint, or with the text of that error if no known
 *        cause applies
 *
 * The host returns only -EINVAL, so the known causes are checked one by one.
 * The class code is read from the adapter's own configuration space:
 * x-pci-class-code changes it only for the guest, not for the host.
 */
void vfio_vga_explain(struct VFIODevice *vbasedev, const char *sysfs,
                      Error **errp);

/**
 * vfio_vga_explain_attach: say what to do about a device that cannot be used
 *
 * @vbasedev: the device, with its name
 * @errp: the error that occurred, which gets a hint if the device has no IOMMU
 *        group or is not bound to a driver of vfio
 */
void vfio_vga_explain_attach(const struct VFIODevice *vbasedev, Error **errp);

#endif /* HW_VFIO_VGA_EXPLAIN_H */
