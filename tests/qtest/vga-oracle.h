/*
 * The oracle for legacy VGA: one adapter through a client and one directly
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There are three QEMUs: a server with the adapter, a client that has it
 * assigned, and a direct one with an adapter of its own.  Client and direct
 * one get the same accesses of a random guest, and their replies are compared.
 * The first difference ends the run, and is reported with the accesses before
 * it.
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
 * Changes an access on its way to the client as a broken path would.  Returns
 * false if the fault does not apply to this kind of access.
 */
typedef bool Fault(Access *a);

/*
 * A way in which a client can work.  Earlier versions of vfio-user-pci have
 * none of these properties, and work like the first one.
 */
typedef struct Tier {
    const char *name;
    const char *options;
    bool loads_latches;
    const char *counter; /* shows that the tier was used */
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
    /* The guest's accesses, without those of comparisons */
    uint64_t made;
    uint64_t good; /* after so many all agreed */
    uint64_t bad;  /* more than these are not reported */
    bool decodes;  /* off within recipe_decode() */
    bool in_batch;
    Fault *fault; /* for the next access it applies to */
    uint64_t fault_at;
    bool quiet;   /* a difference is expected */
} Oracle;

/* Start the QEMUs and the guest; the adapters decode */
void oracle_start(Oracle *o, const Tier *tier, const char *model,
                  uint64_t seed);
void oracle_stop(Oracle *o);

/* Make so many accesses, with some dumps, and stop at a difference */
void oracle_run(Oracle *o, uint64_t accesses);

/* Make up to @n accesses, fewer if one is an event; returns how many */
int oracle_batch(Oracle *o, int n);

/* Let both guests make accesses of the test's own */
void oracle_guests(Oracle *o, const Access *list, int n);

/* Returns one of the client's counters of legacy VGA */
uint64_t oracle_counter(Oracle *o, const char *name);

/*
 * Access both adapters past their guests: write to a port of both, or make an
 * access of the direct one, which returns what was read
 */
void oracle_other(Oracle *o, uint16_t port, uint8_t value);
uint8_t oracle_direct_byte(Oracle *o, const Access *a);

/* Report a difference after @n accesses of this batch, where @what gave @got */
void oracle_report(Oracle *o, int n, const char *what, const char *got,
                   const char *expected);
void oracle_print_last(const Access *past, int n);

/*
 * Compare all registers and planes out of band.
 *
 * The server's own qtest reaches the adapter past the client.  Registers that
 * are changed to read the state are restored, so that a client that remembers
 * its guest's writes stays right.  Three things cannot be read, and so cannot
 * be restored: flip-flop, DAC sub-index and latches.  The guests set the first
 * two before, and load the latches afterwards.
 */
void oracle_dump(Oracle *o);

#endif /* TESTS_VGA_ORACLE_H */
