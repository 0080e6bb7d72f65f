/*
 * A machine for tests of the engine: the parts of QEMU that it uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It has the memory core with its re-entrancy guard, KVM's ring of coalesced
 * MMIO, a clock that moves only when it is told to, and an assigned Card.  A
 * second Card gets each access of the guest at once.  Whatever the engine
 * does, both must be the same.
 */

#ifndef VGA_ENGINE_MACHINE_H
#define VGA_ENGINE_MACHINE_H

#include "hw/vfio/pci.h"
#include "vga-engine-card.h"

#define MS 1000000
#define IO_MEM (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

typedef struct MachineOptions {
    bool chain4;        /* x-vga-engine=chain4, not auto */
    bool no_ram;        /* x-vga-copy-ram=off */
    bool no_bar_order;  /* x-vga-bar-order=off */
    bool tcg;           /* no ring, and copies are not mapped */
    bool mmap;          /* memory BARs can be mapped as RAM */
    bool quirks;        /* they have regions at 3c2, 3c3, 3d0-3d5 */
    bool other;         /* with a second processor */
} MachineOptions;

typedef struct Machine {
    MachineOptions options;
    VFIOPCIDevice *vdev;
    VFIOQuirk *engine;
    Card direct;
    Card card;

    unsigned slots;      /* of the memory map: how many changes */
    unsigned calls;      /* of the VGA region: how many */
    unsigned read_max;   /* bytes of the longest read of a region */
    unsigned misc_reads; /* reads of 3cc */
    unsigned blocked;    /* accesses that the guard refused */
    unsigned others;     /* accesses of the second processor */
    bool on_its_way;     /* a write is on its way to the adapter */
    bool going;          /* the region is being freed */
    uint64_t random;
} Machine;

extern Machine machine;

void machine_start(MachineOptions options);
void machine_stop(void);

uint32_t machine_random(uint32_t below);

/*
 * The guest (vga-engine-guest.c).  What it reads is compared, and an access of
 * @size bytes is little endian.
 */
void guest_write(uint32_t addr, uint32_t value, unsigned size);
uint32_t guest_read(uint32_t addr, unsigned size);
void guest_out(uint32_t port, uint32_t value, unsigned size);
uint32_t guest_in(uint32_t port);
void guest_write_bar(int bar, uint32_t offset, uint8_t value);
uint8_t guest_read_bar(int bar, uint32_t offset);
void guest_write_config(uint32_t addr, uint32_t value, unsigned size);
uint8_t guest_read_config(uint32_t addr);
void guest_read_rom(void);

/* Writes an index and its data, in one access if @wide, otherwise in two. */
void guest_set(uint32_t port, uint8_t index, uint8_t value, bool wide);

void machine_reset(void);
void machine_pause(bool pause);

void machine_pass(int64_t ns);
/* Compares both adapters, after whatever is on its way had its time. */
void machine_check(void);
void machine_compare(const char *when);

bool machine_copy_mapped(void);
bool machine_bars_mapped(void);
/* The strings of what it returns are freed. */
VFIOVGAStats machine_stats(void);

/* Counts what is done, and keeps the last of it for machine_differ(). */
void machine_note(const char *format, ...) G_GNUC_PRINTF(1, 2);
unsigned long machine_noted(void);

/* Fails the test, after it has shown what was done last. */
void machine_differ(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif /* VGA_ENGINE_MACHINE_H */
