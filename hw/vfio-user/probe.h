/*
 * The BARs of a vfio-user device, before there is one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VFIO_USER_PROBE_H
#define VFIO_USER_PROBE_H

#define VFIO_USER_PROBE_BARS 6

typedef struct VFIOUserBAR {
    uint64_t size;          /* in bytes; 0 if there is no such BAR */
    uint32_t bits;          /* its base address register, PCI_BASE_ADDRESS_* */
} VFIOUserBAR;

/*
 * Connect to the server at @path, ask it for its BARs and leave.  It has to
 * accept another connection afterwards, for the device itself.
 */
bool vfio_user_probe_bars(const char *path,
                          VFIOUserBAR bars[VFIO_USER_PROBE_BARS],
                          Error **errp);

#endif /* VFIO_USER_PROBE_H */
