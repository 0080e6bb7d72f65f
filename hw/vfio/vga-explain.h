/*
 * Why an adapter offers no VGA region
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
 * @errp: in: the error met, set; out: "x-vga=on needs a VGA region, ..." with
 *        the cause and a hint, or with the text of the error met if no known
 *        cause applies
 *
 * The host says no more than -EINVAL, so the known causes are asked one by
 * one.  Reads the class code from the adapter's own configuration space: what
 * x-pci-class-code says is for the guest and not what the host looks at.
 */
void vfio_vga_explain(struct VFIODevice *vbasedev, const char *sysfs,
                      Error **errp);

#endif /* HW_VFIO_VGA_EXPLAIN_H */
