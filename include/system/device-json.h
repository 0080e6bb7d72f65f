/*
 * The -device options in JSON, which are not in qemu_find_opts("device")
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SYSTEM_DEVICE_JSON_H
#define SYSTEM_DEVICE_JSON_H

#include "qemu/error-report.h"
#include "qemu/queue.h"
#include "qobject/qdict.h"

typedef struct DeviceOption {
    QDict *opts;
    Location loc;
    QTAILQ_ENTRY(DeviceOption) next;
} DeviceOption;

typedef QTAILQ_HEAD(DeviceOptions, DeviceOption) DeviceOptions;

/* In the order of the command line; empty once the devices are created */
extern DeviceOptions device_opts;

#endif /* SYSTEM_DEVICE_JSON_H */
