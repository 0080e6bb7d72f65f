/*
 * Where a guest's firmware puts an adapter's BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic and the rules are shared with QEMU (qemu/pci-window.h) and
 * follow the series' SeaBIOS.  SeaBIOS 1.17.0 stops where the result here is
 * that a BAR has no place.
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
 * window_of: place one adapter with the other functions of its slot
 *
 * @memory: the guest's memory in bytes
 */
Window window_of(const Machine *machine, MachineDevice *device, bool q35,
                 guint64 memory);

#endif /* VGA_ASSIGN_WINDOW_H */
