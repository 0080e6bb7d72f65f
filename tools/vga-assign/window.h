/*
 * Where a guest's firmware puts an adapter's BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic is QEMU's, qemu/pci-window.h, and so are the rules: those of
 * the series' SeaBIOS.  The one of 1.17.0 stops where this says that there is
 * no place.
 */
#ifndef VGA_ASSIGN_WINDOW_H
#define VGA_ASSIGN_WINDOW_H

#include "machine.h"
#include "qemu/pci-window.h"

typedef struct Window {
    PCIWindowResult fit;
    PCIWindowAdvice advice;
} Window;

/**
 * window_of: for one adapter with the other functions of its slot
 *
 * @memory: of the guest, in bytes
 */
Window window_of(const Machine *machine, MachineDevice *device, bool q35,
                 guint64 memory);

#endif /* VGA_ASSIGN_WINDOW_H */
