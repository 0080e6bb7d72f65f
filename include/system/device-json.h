/*
 * The -device options in JSON, which are not in qemu_find_opts("device")
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SYSTEM_DEVICE_JSON_H
#define SYSTEM_DEVICE_JSON_H

/* Call @fn for each option in order; none is left after devices are created */
void qemu_foreach_json_device(void (*fn)(const QDict *opts, void *opaque),
                              void *opaque);

#endif /* SYSTEM_DEVICE_JSON_H */
