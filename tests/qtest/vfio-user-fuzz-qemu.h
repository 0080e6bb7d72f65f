/*
 * The QEMU that is fuzzed: its adapter, and what remains after its removal
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   vfio-user-fuzz-qemu.c  QEMU
 *   vfio-user-fuzz-wire.c  a server that lies to it
 *   vfio-user-fuzz-test.c  a guest, and the seeds
 */

#ifndef TESTS_VFIO_USER_FUZZ_QEMU_H
#define TESTS_VFIO_USER_FUZZ_QEMU_H

#include "vfio-user-adapter.h"
#include "vfio-user-pipe.h"

#define SLOT            4
#define BAR0            0xe0000000
#define BAR1            0xe8000000
#define BAR2            0xc000          /* ports */
#define ROM             0xf0000000
#define EJECT           0xae08          /* ACPI's, of -machine pc */
#define DEVICES_A_QEMU  100
#define LOG_A_DEVICE    (16 * KiB)
#define HANGS           120             /* seconds */

typedef struct Client {
    Pipe pipe;
    bool deleted;
    unsigned devices, fds, threads;
    uint64_t memory, log;
} Client;

/* The seed that runs, and for how many seconds it has run */
extern uint32_t fuzz_seed;
extern volatile sig_atomic_t fuzz_seconds;

void fuzz_failed(void *opaque);
/* Counts the seconds in which this process runs: being stopped is not a hang */
void fuzz_tick(int sig);
void qemu_start(Client *q, const char *options);
void qemu_stop(Client *q);
/* Run the queued commands */
void qemu_run(Client *q);
bool qemu_simple(Client *q, const char *command);
void put_config(Client *q, unsigned devfn, unsigned reg, uint32_t value,
                char size);
/* The guest's firmware: make the device decode all that it may have */
void put_bars(Client *q);
bool qemu_plug(Client *q, Adapter *adapter, QDict *properties);
void qemu_unplug(Client *q);

/* Call this when a device is gone */
void qemu_check(Client *q);

uint32_t any_value(GRand *r);
void put_guest(Client *q, GRand *r, unsigned n);

/* A VGA adapter with all kinds of regions and capabilities */
Adapter *whole_adapter(void);
QDict *any_properties(GRand *r, unsigned msg_timeout);
/* Returns true if QEMU accepted the device */
bool wire_device(Client *q);

#endif /* TESTS_VFIO_USER_FUZZ_QEMU_H */
