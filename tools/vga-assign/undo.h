/*
 * The files that undo a bind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each file is a script for sh with one record for every device, which holds
 * what the host had before.  A record is written before anything is done, and
 * removed when its device was given back.  Only files that begin like the
 * tool's own are ever changed.
 */
#ifndef VGA_ASSIGN_UNDO_H
#define VGA_ASSIGN_UNDO_H

#include <stdbool.h>

#include "machine.h"
#include "persist.h"

/* The state of a device before bind. */
typedef struct UndoRecord {
    char *bdf;
    char *override;         /* driver_override; "" if not set */
    PersistWay persist;     /* what bind --persist made for it */
} UndoRecord;

typedef struct Undo {
    char *path;             /* the name that opens it */
    GPtrArray *records;     /* UndoRecord */
} Undo;

/**
 * undo_load: read a file; there are no records if it does not exist
 *
 * @force: a file that is not the tool's counts as empty instead of as an error
 */
Undo *undo_load(const char *path, bool force, GError **error);
void undo_free(Undo *undo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Undo, undo_free)

/** undo_load_all: the files in the directories that bind uses by default */
GPtrArray *undo_load_all(const Machine *m);

/** undo_default: the path that bind uses by default.  g_free(). */
char *undo_default(const Machine *m, const MachineDevice *d, bool persist);

const UndoRecord *undo_find(const Undo *undo, const char *bdf);
void undo_set(Undo *undo, const char *bdf, const char *override,
              PersistWay persist);
void undo_drop(Undo *undo, const char *bdf);

/**
 * undo_save: write the file, or remove it if no record is left
 *
 * @force: replace a file at that path that is not the tool's
 */
bool undo_save(const Machine *m, const Undo *undo, bool force, GError **error);

/** undo_steps: add the steps that make the kernel choose the driver anew */
void undo_steps(GPtrArray *steps, const char *bdf, const char *driver,
                const char *override);

#endif /* VGA_ASSIGN_UNDO_H */
