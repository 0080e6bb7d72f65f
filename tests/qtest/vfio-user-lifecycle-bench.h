/*
 * The life of a vfio-user-pci device: helpers of its tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_USER_LIFECYCLE_BENCH_H
#define TESTS_VFIO_USER_LIFECYCLE_BENCH_H

#include "libqos/pci-pc.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    4096
#define PROBE       0x400       /* an offset that is memory */
#define ROM_ADDRESS 0xf0000000
#define ANY         ADAPTER_REGIONS

extern QPCIBus *pci;        /* of the machine that runs */

void start(Machine *machine, Adapter *adapter);
void stop(Machine *machine);
/*
 * Let QEMU's I/O thread send all requests, instead of the thread that makes
 * them
 */
extern bool queued;
char *try_plug(Machine *machine, unsigned vendor, unsigned msec);
void plug(Machine *machine);
QPCIDevice *find(void);
/* All of the above; the caller frees the device */
QPCIDevice *start_plugged(Machine *machine, Adapter *adapter);
/* Check that a BAR is at its place and answers, beside its MSI-X tables */
void check_bar(QPCIDevice *dev, QPCIBar bar, Adapter *adapter);
Adapter *adapter_with_bar(void);

void rom_enable(QPCIDevice *dev);

/*
 * The cases of each file
 */
void lifecycle_add_rom(void);
void lifecycle_add_nonsense(void);

#endif /* TESTS_VFIO_USER_LIFECYCLE_BENCH_H */
