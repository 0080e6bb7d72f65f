/*
 * A machine without a processor for an adapter of vfio-user-adapter.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     Machine machine;
 *
 *     adapter_start(adapter);
 *     machine_start(&machine, adapter, "pc", "");
 *     machine_plug(&machine, qdict_new());
 *     ...
 *     machine_stop(&machine);
 *
 * It has only the devices that a test names, and no VGA besides the adapter.
 * Its standard error goes to a file, for machine_said().
 *
 * "QEMU lives" means that its monitor answers, and that its exit status is 0
 * in the end: machine_stop() fails the test on another status.
 */

#ifndef TESTS_VFIO_USER_MACHINE_H
#define TESTS_VFIO_USER_MACHINE_H

#include "libqos/pci.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "vfio-user-adapter.h"

#define MACHINE_SLOT        4           /* slot of the plugged adapter */
#define MACHINE_LONG_TIME   600000      /* ms; no test takes so long */

typedef struct Machine {
    QTestState *qts;
    Adapter *adapter;           /* freed by machine_stop() */
    char *log;                  /* file of its stderr */
} Machine;

/*
 * g_test_init(); false if QEMU has no vfio-user-pci, so that there is nothing
 * to test
 */
bool machine_test_init(int *argc, char ***argv);
/* Add the case GROUP/NAME */
void machine_add(const char *group, const char *name, const void *data,
                 GTestDataFunc test);
typedef struct MachineTest {
    const char *name;
    void (*func)(void);
} MachineTest;

/* Add the cases GROUP/NAME of a list of @n */
void machine_add_list(const char *group, const MachineTest *tests, unsigned n);
/*
 * Returns QEMU's messages when it is started with @options (words of a shell)
 * and ends with status 1; the caller frees them
 */
char *machine_refusal(const char *options);

/* @options are added to the command line */
void machine_start(Machine *machine, Adapter *adapter, const char *type,
                   const char *options);
/*
 * Plug the adapter as vfio-user-pci "card" with @properties, which are freed,
 * in slot MACHINE_SLOT of the first bus unless they say otherwise.
 * machine_try_plug() returns NULL, or QEMU's error, which the caller frees.
 */
char *machine_try_plug(Machine *machine, QDict *properties);
void machine_plug(Machine *machine, QDict *properties);
/* Check that the adapter is refused with an error that contains @why */
void machine_check_refused(Machine *machine, QDict *properties,
                           const char *why);
/*
 * No adapter is plugged.  The property @name has one of @values ("a, b or c"),
 * can be set only before the adapter is realized, and is in its "info qtree".
 */
void machine_check_choice(Machine *machine, const char *name,
                          const char *values);
/*
 * Write to the test's log, which is UTF-8; @text may be NULL, or not be UTF-8
 */
void machine_remark(const char *what, const char *text);
/*
 * How many file descriptors QEMU has, or how many entries another directory of
 * /proc/PID has
 */
unsigned machine_open_files(Machine *machine);
unsigned machine_count(QTestState *qts, const char *what);
/*
 * Returns the adapter as the guest has it: enabled, with BAR 0 mapped in @bar.
 * The caller frees it, and frees the bus with qpci_free_pc().
 */
QPCIDevice *machine_open(Machine *machine, QPCIBus **bus, QPCIBar *bar);
/* Unplug it as ACPI does, and wait until it is gone */
void machine_unplug(Machine *machine);
void machine_check_alive(Machine *machine);
/* How many lines of the log contain @what */
unsigned machine_said(Machine *machine, const char *what);

/*
 * Wait for a line with @what; a thread may print it after its effect is
 * visible
 */
void machine_wait_said(Machine *machine, const char *what);
void machine_stop(Machine *machine);

#endif /* TESTS_VFIO_USER_MACHINE_H */
