/*
 * The parts of QEMU that the engine uses: memory core, KVM's ring, a clock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VGA_ENGINE_QEMU_H
#define VGA_ENGINE_QEMU_H

#include "system/memory.h"

#define RING 170

/* What the guest can reach since the last commit of the memory map */
typedef struct View {
    MemoryRegion *ram;
    bool mapped;
    hwaddr addr, size;
    bool bar[PCI_ROM_SLOT];
} View;

extern View view;
extern uint8_t copy_ram[];

extern int64_t clock_ns;
extern bool vm_running;

void qemu_start(void);
void view_update(void);
/* Returns whether an access to the window ends up in the mapped copy. */
bool view_covers(uint32_t addr, unsigned size);
void vm_change(bool running);

/* One access by a processor; a write may go to the ring */
void access_region(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                   unsigned size, bool write);

/* Returns false if the write needs a VM exit */
bool ring_take(MemoryRegion *mr, hwaddr addr, uint64_t value, unsigned size);
unsigned ring_room(void);

/* The second processor may do something here (vga-engine-other.c). */
void other_runs(unsigned rarely);

#endif /* VGA_ENGINE_QEMU_H */
