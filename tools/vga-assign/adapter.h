/*
 * An adapter in JSON
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_ADAPTER_H
#define VGA_ASSIGN_ADAPTER_H

#include "output.h"

/** adapter_json: add its object, as schema.json's "adapter" describes it */
void adapter_json(JsonBuilder *json, const MachineDevice *device);

#endif /* VGA_ASSIGN_ADAPTER_H */
