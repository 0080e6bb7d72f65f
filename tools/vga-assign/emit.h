/*
 * Which functions of an adapter go to a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_EMIT_H
#define VGA_ASSIGN_EMIT_H

#include "machine.h"

/**
 * emit_functions: the adapter, then the other functions of its slot and group
 *
 * They belong together: an adapter's audio, or the second head of an old one.
 * Returns MachineDevice in an array that does not own them.
 */
GPtrArray *emit_functions(const Machine *machine, MachineDevice *device);

#endif /* VGA_ASSIGN_EMIT_H */
