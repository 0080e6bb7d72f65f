/*
 * The life of a vfio-user-pci device: what its tests share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_USER_LIFECYCLE_BENCH_H
#define TESTS_VFIO_USER_LIFECYCLE_BENCH_H

#include "libqos/pci-pc.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    4096
#define PROBE       0x400       /* an offset that is plain memory */
#define ROM_ADDRESS 0xf0000000
#define ANY         ADAPTER_REGIONS

extern QPCIBus *pci;        /* of the machine that runs */

void start(Machine *machine, Adapter *adapter);
void stop(Machine *machine);
/* Have QEMU's I/O thread send all requests, not the one who makes them */
extern bool queued;
char *try_plug(Machine *machine, unsigned vendor, unsigned msec);
void plug(Machine *machine);
QPCIDevice *find(void);
/* All of these; the caller frees the device */
QPCIDevice *start_plugged(Machine *machine, Adapter *adapter);
/* A BAR that is where it should be and answers, beside its MSI-X tables */
void check_bar(QPCIDevice *dev, QPCIBar bar, Adapter *adapter);
Adapter *adapter_with_bar(void);

void rom_enable(QPCIDevice *dev);

/*
 * The cases of each file
 */
void lifecycle_add_rom(void);
void lifecycle_add_nonsense(void);

#endif /* TESTS_VFIO_USER_LIFECYCLE_BENCH_H */
