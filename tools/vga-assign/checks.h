/*
 * What stands between an adapter and a guest's screen on it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A table of checks, each of which answers one question with a verdict, what
 * was found, and what to type if it is not well.
 */
#ifndef VGA_ASSIGN_CHECKS_H
#define VGA_ASSIGN_CHECKS_H

#include "machine.h"
#include "romsource.h"

typedef enum Verdict {
    VERDICT_OK,
    VERDICT_WARN,           /* it works, with a drawback or in most cases */
    VERDICT_FAIL,           /* no picture by it */
    VERDICT_UNKNOWN,        /* could not be read */
    VERDICT_NA,             /* the question does not arise */
} Verdict;

/* The guest that the adapter is for. */
typedef struct CheckGuest {
    bool q35;               /* else pc */
    bool machine_given;     /* by the user; else it is a default */
    VBIOSFirmware firmware;
    guint64 memory;         /* bytes */
    const char *romfile;    /* NULL: the adapter's own ROM */
    bool read_rom;          /* also where rom_is_unsafe() */
} CheckGuest;

#define CHECK_MEMORY_DEFAULT (4ULL << 30)

typedef struct CheckResult {
    const char *name;       /* for machines, never changes: "iommu" */
    const char *question;
    Verdict verdict;
    char *text;             /* what was found, without a full stop */
    char *fix;              /* what to do, NULL: nothing */
} CheckResult;

/**
 * checks_run: the results of all checks (CheckResult), in an array that frees
 * them
 */
GPtrArray *checks_run(Machine *machine, MachineDevice *device,
                      const CheckGuest *guest);

/** checks_verdict: the worst: FAIL, then UNKNOWN, then WARN, then OK */
Verdict checks_verdict(const GPtrArray *results);

/** verdict_worse: the worse of two, in that order */
Verdict verdict_worse(Verdict a, Verdict b);

/** checks_exit: the exit code of a verdict */
int checks_exit(Verdict verdict);

/** verdict_name: "ok", "warn", "fail", "unknown", "n/a" */
const char *verdict_name(Verdict verdict);

/** check_group: the other devices of its group that have to be given up too */
GPtrArray *check_group_blockers(const Machine *machine,
                                const MachineDevice *device);

#endif /* VGA_ASSIGN_CHECKS_H */
