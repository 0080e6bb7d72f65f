/*
 * A binding to vfio-pci that survives a reboot
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * If driverctl is installed, a file in /etc/driverctl.d does it.  Otherwise a
 * udev rule does, which sets driver_override of this one address before a
 * driver is loaded for it. vfio-pci's ids= is not used, because it takes every
 * adapter of the same model, and because only the last of several such lines
 * in modprobe.d counts.
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

/** persist_way: the way that has that name */
PersistWay persist_way(const char *name);

/** persist_file: the path of the file that makes it lasting.  g_free(). */
char *persist_file(PersistWay way, const char *bdf);

/**
 * persist_add: add the step that makes the binding lasting, if necessary
 *
 * Sets *@way to the way that is used, or to PERSIST_NO if the binding is
 * lasting already by other means.  Returns false if there is a file of that
 * name that the tool did not write.
 */
bool persist_add(const Machine *m, const MachineDevice *d, GPtrArray *steps,
                 PersistWay *way, GError **error);

/**
 * persist_remove: add the step that removes the lasting binding, if there is
 * one
 *
 * @way: what the undo file says; with PERSIST_NO driverctl's file is left
 * alone, because the user may have made it
 */
void persist_remove(const Machine *m, const char *bdf, PersistWay way,
                    GPtrArray *steps);

/**
 * persist_is_foreign: whether driverctl binds the device without bind's doing
 */
bool persist_is_foreign(const Machine *m, const char *bdf, PersistWay way);

#endif /* VGA_ASSIGN_PERSIST_H */
