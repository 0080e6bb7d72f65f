/*
 * The files that undo a bind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each is a script for sh, and has what the host had before: for every device
 * one record, which is written before anything is done and goes when that
 * device was given back.  Only files that begin as ours are ever changed.
 */
#ifndef VGA_ASSIGN_UNDO_H
#define VGA_ASSIGN_UNDO_H

#include <stdbool.h>

#include "machine.h"
#include "persist.h"

/* What a device had before. */
typedef struct UndoRecord {
    char *bdf;
    char *override;         /* driver_override, "": none */
    PersistWay persist;     /* what bind --persist made for it */
} UndoRecord;

typedef struct Undo {
    char *path;             /* to be opened by */
    GPtrArray *records;     /* UndoRecord */
} Undo;

/**
 * undo_load: what is in a file; nothing if there is none
 *
 * @force: nothing, too, if it is none of ours, which is an error otherwise
 */
Undo *undo_load(const char *path, bool force, GError **error);
void undo_free(Undo *undo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Undo, undo_free)

/** undo_load_all: those in the directories that bind uses by itself */
GPtrArray *undo_load_all(const Machine *m);

/** undo_default: where bind writes by itself.  g_free(). */
char *undo_default(const Machine *m, const MachineDevice *d, bool persist);

const UndoRecord *undo_find(const Undo *undo, const char *bdf);
void undo_set(Undo *undo, const char *bdf, const char *override,
              PersistWay persist);
void undo_drop(Undo *undo, const char *bdf);

/**
 * undo_save: write it, or remove the file if no record is left
 *
 * @force: replace what is at the path and none of ours
 */
bool undo_save(const Machine *m, const Undo *undo, bool force, GError **error);

/** undo_steps: what makes the kernel choose the driver anew */
void undo_steps(GPtrArray *steps, const char *bdf, const char *driver,
                const char *override);

#endif /* VGA_ASSIGN_UNDO_H */
