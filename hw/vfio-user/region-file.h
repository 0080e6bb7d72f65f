/*
 * Files of a vfio-user server that QEMU maps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A server can give a file with a region, so that the guest reaches the region
 * without messages.  The file stays the server's: if the server makes it
 * shorter, the guest's next access behind its end kills QEMU (SIGBUS).  So QEMU
 * asks the kernel to seal the file against shrinking, which works for a memfd
 * made by memfd_create(MFD_ALLOW_SEALING), and checks its size afterwards.  A
 * region whose file cannot be sealed is reached by messages, and there is a
 * warning.
 *
 * The property x-mmap overrides this: "on" trusts the server with any file
 * that is long enough, "off" maps none.
 */

#ifndef VFIO_USER_REGION_FILE_H
#define VFIO_USER_REGION_FILE_H

#include <linux/vfio.h>
#include "hw/vfio/vfio-device.h"

/**
 * vfio_user_region_file_check: decide whether a region is mapped
 * @vbasedev: the device
 * @info: the server's description of the region, with its capabilities checked;
 *        VFIO_REGION_INFO_FLAG_MMAP is cleared if it is not mapped
 * @fd: the file that came with it, or -1
 *
 * Returns true if it is mapped.
 */
bool vfio_user_region_file_check(VFIODevice *vbasedev,
                                 struct vfio_region_info *info, int fd);

#endif /* VFIO_USER_REGION_FILE_H */
