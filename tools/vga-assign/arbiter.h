/*
 * The kernel's VGA arbiter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One adapter at a time can own the legacy ranges.  /dev/vga_arbiter tells
 * which adapter owns them and which one they are locked for (Linux,
 * drivers/pci/vgaarb.c).  It is a text protocol: "target PCI:0000:01:00.0"
 * chooses an adapter for this open file, and a read describes that adapter.
 * The tool writes no other request: every lock is counted for its adapter, and
 * a "trylock" that answers EBUSY has nevertheless taken one, which closing the
 * file does not release.
 */
#ifndef VGA_ASSIGN_ARBITER_H
#define VGA_ASSIGN_ARBITER_H

#include "machine.h"

#define ARBITER_NODE "/dev/vga_arbiter"

/** arbiter_load: fill in @device's arbiter, as far as the node can be read */
void arbiter_load(Machine *machine, MachineDevice *device);

/**
 * arbiter_line: an answer of the arbiter in the arbiter's own words
 *
 * For example
 * "count:2,PCI:0000:01:00.0,decodes=io+mem,owns=none,locks=none(0:0)".
 * Returns NULL if @arbiter is not known.  g_free().
 */
char *arbiter_line(const char *bdf, const MachineArbiter *arbiter);

/** arbiter_is_locked: whether the arbiter counts a lock for the adapter */
bool arbiter_is_locked(const MachineArbiter *arbiter);

#endif /* VGA_ASSIGN_ARBITER_H */
