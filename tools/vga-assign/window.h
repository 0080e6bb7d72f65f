/*
 * Where a guest's firmware puts an adapter's BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As SeaBIOS 1.17 does it, src/fw/pciinit.c: 32-bit BARs go below 4 GiB, from
 * 0xc0000000 (q35, and pc with more than 2 GiB of memory) or 0x80000000 (pc)
 * up to 0xfec00000, and it stops with "out of 32bit address space" if they do
 * not fit.  64-bit BARs go above 4 GiB, all of them, if the guest has memory
 * above 4 GiB or one does not fit below.
 */
#ifndef VGA_ASSIGN_WINDOW_H
#define VGA_ASSIGN_WINDOW_H

#include "machine.h"

#define WINDOW_END 0xfec00000ULL
#define WINDOW_Q35 (WINDOW_END - 0xc0000000ULL)
#define WINDOW_PC_MAX (WINDOW_END - 0x80000000ULL)

typedef struct Window {
    guint64 room;           /* bytes below 4 GiB */
    guint64 low;            /* bytes of BARs that go there */
    guint64 high;           /* bytes of BARs that go above 4 GiB */
    bool phys_bits_short;   /* more than the host's processor can address */
} Window;

/**
 * window_of: for one adapter with the other functions of its slot
 *
 * @memory: of the guest, in bytes
 */
Window window_of(const Machine *machine, const MachineDevice *device, bool q35,
                 guint64 memory);

#endif /* VGA_ASSIGN_WINDOW_H */
