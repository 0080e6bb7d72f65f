/*
 * What stands between an adapter and a guest's screen on it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each check of the table answers one question.  Its result is a verdict, what
 * was found, and what to type if the verdict is bad.
 */
#ifndef VGA_ASSIGN_CHECKS_H
#define VGA_ASSIGN_CHECKS_H

#include "machine.h"
#include "romsource.h"

typedef enum Verdict {
    VERDICT_OK,
    VERDICT_WARN,           /* it works, with a drawback or in most cases */
    VERDICT_FAIL,           /* the screen stays black */
    VERDICT_UNKNOWN,        /* could not be read */
    VERDICT_NA,             /* the question does not arise */
} Verdict;

/* The guest that the adapter is meant for. */
typedef struct CheckGuest {
    bool q35;               /* q35; otherwise pc */
    bool machine_given;     /* the user chose it */
    VBIOSFirmware firmware;
    guint64 memory;         /* bytes */
    const char *romfile;    /* NULL: the adapter's own ROM */
    bool read_rom;          /* read it even if rom_is_unsafe() */
} CheckGuest;

#define CHECK_MEMORY_DEFAULT (4ULL << 30)

typedef struct CheckResult {
    const char *name;       /* for programs, never changes: "iommu" */
    const char *question;
    Verdict verdict;
    char *text;             /* what was found, without a full stop */
    char *fix;              /* what to do; NULL if nothing */
} CheckResult;

/** checks_run: run all checks; the array owns its results (CheckResult) */
GPtrArray *checks_run(Machine *machine, MachineDevice *device,
                      const CheckGuest *guest);

/** checks_verdict: the worst verdict: FAIL, then UNKNOWN, then WARN, then OK */
Verdict checks_verdict(const GPtrArray *results);

/** verdict_worse: the worse of two verdicts, in that order */
Verdict verdict_worse(Verdict a, Verdict b);

/** checks_exit: the exit code that goes with a verdict */
int checks_exit(Verdict verdict);

/** verdict_name: "ok", "warn", "fail", "unknown", "n/a" */
const char *verdict_name(Verdict verdict);

/**
 * check_group_rest: the other devices of the group that vfio-pci must have, too
 *
 * These are the devices that the host still drives, without which vfio does not
 * take the group, and the functions that go to the guest with the adapter.
 */
GPtrArray *check_group_rest(const Machine *machine,
                            const MachineDevice *device);

/** check_device_names: "0000:01:00.1 (nouveau), ... and 3 more".  g_free(). */
char *check_device_names(const GPtrArray *devices);

/**
 * check_bind_command: the command that gives the adapter to vfio-pci, with its
 * group if only the adapter's own functions have to follow.  g_free().
 */
char *check_bind_command(const Machine *machine, const MachineDevice *device);

#endif /* VGA_ASSIGN_CHECKS_H */
