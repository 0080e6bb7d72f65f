/*
 * The oracle for legacy VGA: one adapter through a client and one directly
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Three QEMUs: a server with the adapter, a client that has it assigned, and a
 * direct one with an adapter of its own.  Client and direct one get the same
 * accesses of a random guest, and their replies are compared.  The first that
 * differ end the run, and are reported with the accesses before.
 *
 *   vga-oracle.c       the QEMUs, the accesses, the comparison of replies
 *   vga-oracle-dump.c  the comparison of all registers and planes
 */

#ifndef TESTS_VGA_ORACLE_H
#define TESTS_VGA_ORACLE_H

#include "vfio-user-pipe.h"
#include "vga-oracle-guest.h"

#define BATCH 256
#define HISTORY 32

enum { CLIENT, DIRECT };

/*
 * Does to an access on its way to the client what a broken path would do.
 *
 * Returns false if it is of a kind that the fault leaves alone.
 */
typedef bool Fault(Access *a);

/*
 * How a client can work.  Of these properties the earlier vfio-user-pci did not
 * have any, and works by the first.
 */
typedef struct Tier {
    const char *name;
    const char *options;
    bool loads_latches;
    const char *counter; /* tells that it was used */
} Tier;

typedef struct Oracle {
    const Tier *tier;
    const char *model;
    char *dir;
    QTestState *server;
    Pipe pipes[2];
    Guest guest;
    Access past[HISTORY + BATCH]; /* done, then those of this batch */
    uint64_t done;
    bool diverged;
    uint64_t diverged_at;
    /* Of the guest's accesses, without those of comparing */
    uint64_t made;
    uint64_t good; /* after so many, everything agreed */
    uint64_t bad;  /* more than these are not reported */
    bool decodes;  /* off in the middle of recipe_decode() */
    bool in_batch;
    Fault *fault; /* on the next access it applies to */
    uint64_t fault_at;
    bool quiet;   /* to diverge is what is expected */
} Oracle;

/* Start the QEMUs and the guest; decode is on */
void oracle_start(Oracle *o, const Tier *tier, const char *model,
                  uint64_t seed);
void oracle_stop(Oracle *o);

/* Make so many accesses, or stop at a difference, with a dump now and then */
void oracle_run(Oracle *o, uint64_t accesses);

/* Up to @n accesses, fewer if one is an event; returns how many it were */
int oracle_batch(Oracle *o, int n);

/* Accesses of the test's own, by both guests */
void oracle_guests(Oracle *o, const Access *list, int n);

/* One of the client's counters of legacy VGA */
uint64_t oracle_counter(Oracle *o, const char *name);

/*
 * Both adapters past their guests: a write to a port of either, and an access
 * of the direct one, which returns what was read
 */
void oracle_other(Oracle *o, uint16_t port, uint8_t value);
uint8_t oracle_direct_byte(Oracle *o, const Access *a);

/* It diverges behind @n accesses of this batch, where @what gave @got */
void oracle_report(Oracle *o, int n, const char *what, const char *got,
                   const char *expected);
void oracle_print_last(const Access *past, int n);

/*
 * Compare all registers and planes out of band.
 *
 * The server's own qtest reaches the adapter past the client.  Whatever is
 * changed to read the state is put back, so that a client that knows what its
 * guest wrote is still right about it.  Three things cannot be read and so not
 * be put back: flip-flop, DAC sub-index and latches.  The guests set the first
 * two before, and load the latches after.
 */
void oracle_dump(Oracle *o);

#endif /* TESTS_VGA_ORACLE_H */
