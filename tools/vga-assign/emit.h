/*
 * Which functions of an adapter go to a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_EMIT_H
#define VGA_ASSIGN_EMIT_H

#include "machine.h"

/**
 * emit_is_function: whether @other is another function of the adapter, which
 * goes to the guest with it
 */
bool emit_is_function(const MachineDevice *device, const MachineDevice *other);

/**
 * emit_functions: the adapter, then the other functions of its slot and group
 *
 * These belong to the adapter: its audio function, or the second head of an
 * old one.  Returns an array of MachineDevice that does not own its elements.
 */
GPtrArray *emit_functions(const Machine *machine, MachineDevice *device);

#endif /* VGA_ASSIGN_EMIT_H */
