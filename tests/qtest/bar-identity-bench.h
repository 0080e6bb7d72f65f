/*
 * An adapter with BARs that have addresses on the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_BAR_IDENTITY_BENCH_H
#define TESTS_BAR_IDENTITY_BENCH_H

#include "hw/pci/pci_regs.h"
#include "vfio-user-machine.h"

#define RW      (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define PREF    PCI_BASE_ADDRESS_MEM_PREFETCH
#define MEM64   PCI_BASE_ADDRESS_MEM_TYPE_64
#define FILE_NAME   "etc/pci-fixed-bars"
#define NVIDIA  0x10de
#define AMD     0x1002
#define RECORD  32                      /* bytes; see bar-identity.h */
#define MARK    0x1234567887654321ULL   /* in BAR 0 */

typedef struct Bar {
    unsigned nr;
    uint64_t address;
    uint64_t size;                      /* 0 ends the list */
    uint32_t flags;
} Bar;

/* The usual BARs of a display adapter; the second one has 64 bits */
extern const Bar usual[];

void set_bars(Adapter *adapter, const Bar *bar);
Adapter *adapter_with(const Bar *bars);
/*
 * Returns -device for the command line; @more: further properties, after a
 * comma
 */
char *option(Adapter *adapter, const char *id, const char *more);
QDict *identity(const char *value);
void start(Machine *machine, const Bar *bars, const char *type);
/*
 * The adapter is on the command line, so that firmware gets the file; @more:
 * more options
 */
void start_cold(Machine *machine, const Bar *bars, const char *more);
char *state(Machine *machine);
void check_state(Machine *machine, const char *expected);

void config_writel(Machine *machine, unsigned devfn, unsigned offset,
                   uint32_t value);
uint32_t config_readl(Machine *machine, unsigned devfn, unsigned offset);
void write_bar(Machine *machine, unsigned nr, uint64_t address, bool mem64);
void decode(Machine *machine, bool memory);
/* Put all BARs where the host has them */
void place(Machine *machine);

/*
 * The cases of each file
 */
void identity_add_file(void);

#endif /* TESTS_BAR_IDENTITY_BENCH_H */
