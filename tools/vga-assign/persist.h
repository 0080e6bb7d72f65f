/*
 * A binding to vfio-pci that survives a reboot
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where driverctl is installed, by its file in /etc/driverctl.d; else by a rule
 * for udev, which sets driver_override of this one address before a driver is
 * loaded for it.  Not by vfio-pci's ids=: these take every adapter of the same
 * model, and of several lines in modprobe.d the last one counts alone.
 */
#ifndef VGA_ASSIGN_PERSIST_H
#define VGA_ASSIGN_PERSIST_H

#include <stdbool.h>

#include "machine.h"

typedef enum PersistWay {
    PERSIST_NO,
    PERSIST_DRIVERCTL,
    PERSIST_UDEV,
} PersistWay;

/** persist_name: "driverctl", "udev", or NULL for PERSIST_NO */
const char *persist_name(PersistWay way);

/** persist_way: by its name */
PersistWay persist_way(const char *name);

/** persist_file: the file that does it, as on the machine.  g_free(). */
char *persist_file(PersistWay way, const char *bdf);

/**
 * persist_add: add the step that makes it so, if need be
 *
 * Sets *@way to what is used, or to PERSIST_NO if somebody else has made it so.
 * Returns false if a file is in the way that is none of ours.
 */
bool persist_add(const Machine *m, const MachineDevice *d, GPtrArray *steps,
                 PersistWay *way, GError **error);

/**
 * persist_remove: add the step that ends it, if there is something to end
 *
 * @way: what the undo file says; without it driverctl's file is left alone,
 *       as it may be anybody's
 */
void persist_remove(const Machine *m, const char *bdf, PersistWay way,
                    GPtrArray *steps);

/** persist_is_foreign: driverctl has it so, and not by bind */
bool persist_is_foreign(const Machine *m, const char *bdf, PersistWay way);

#endif /* VGA_ASSIGN_PERSIST_H */
