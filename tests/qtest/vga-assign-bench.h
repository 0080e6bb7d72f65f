/*
 * A guest's accesses to the legacy VGA of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A memory write is posted: it may be on its way when QEMU goes on.  After
 * sync_with_adapter() it has arrived; so this is called before a check that no
 * access came.
 *
 *   vga-assign-bench.c   the machine, and the expected result of an access
 *   vga-assign-test.c    which accesses reach the adapter, hotplug, help
 *   vga-assign-faults.c  what the guest gets if the adapter does not answer
 */

#ifndef TESTS_VGA_ASSIGN_BENCH_H
#define TESTS_VGA_ASSIGN_BENCH_H

#include "hw/pci/pci_regs.h"
#include "vfio-user-machine.h"

#define RANGES 3

#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE    0xc0000
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ANY         ADAPTER_REGIONS
#define IO_MEM      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

typedef struct Place {
    unsigned bus, slot;
} Place;

typedef struct LegacyRange {
    uint32_t start, end;        /* end is the first address after it */
    bool port;
} LegacyRange;

/* The bus and slot of the adapter */
extern Place place;

Adapter *adapter_with_vga(void);
void start_with(Machine *machine, Adapter *adapter, const char *type,
                const char *options);
QDict *properties(bool x_vga, unsigned msec);
void plug(Machine *machine);
void start(Machine *machine, Adapter *adapter);
/* Returns one of the adapter's counters */
uint64_t region_counter(Machine *machine, const char *name);

uint32_t config_readl(Machine *machine, unsigned bus, unsigned slot,
                      unsigned offset);
void config_writel(Machine *machine, unsigned bus, unsigned slot,
                   unsigned offset, uint32_t value);
void config_writew(Machine *machine, unsigned bus, unsigned slot,
                   unsigned offset, uint16_t value);
void set_command(Machine *machine, uint16_t command);
void set_power(Machine *machine, unsigned state);
/*
 * Wait for earlier accesses: the adapter answers in order, and is asked for a
 * byte of config space that has no meaning and is not cached in QEMU
 */
void sync_with_adapter(Machine *machine);
extern const LegacyRange ranges[RANGES];

void check_nothing(Machine *machine);
/* Returns how many accesses the adapter got for a write and a read */
unsigned check_access(Machine *machine, bool port, uint32_t addr,
                      unsigned size);
/*
 * Check that the first and last byte of each range are decoded as PCI_COMMAND
 * says
 */
void check_decode(Machine *machine, uint16_t command);

/* After a reset the adapter is plugged again, and all works */
void check_new_life(Machine *machine);

/*
 * The cases of each file
 */
void assign_add_faults(void);

#endif /* TESTS_VGA_ASSIGN_BENCH_H */
