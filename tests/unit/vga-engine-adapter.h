/*
 * The assigned adapter as QEMU has it: regions, BARs, quirks, capabilities
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VGA_ENGINE_ADAPTER_H
#define VGA_ENGINE_ADAPTER_H

#include "system/memory.h"

/* Makes machine.vdev, as machine.options say. */
void adapter_create(void);
void adapter_free(void);

/* Returns the region of a port; @addr is set to the port's offset in it. */
MemoryRegion *adapter_port(uint32_t port, hwaddr *addr);

#endif /* VGA_ENGINE_ADAPTER_H */
