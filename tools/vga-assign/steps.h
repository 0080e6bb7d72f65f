/*
 * What bind and unbind do to the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A list of files and what becomes of each: it is shown as the shell would be
 * told, and done by the same list.
 */
#ifndef VGA_ASSIGN_STEPS_H
#define VGA_ASSIGN_STEPS_H

#include <stdbool.h>
#include <json-glib/json-glib.h>

#include "machine.h"

typedef enum StepKind {
    STEP_WRITE,             /* a line into a file of sysfs */
    STEP_CREATE,            /* a file with these contents */
    STEP_REMOVE,            /* a file */
} StepKind;

typedef struct Step {
    StepKind kind;
    char *path;             /* as on the machine */
    char *value;            /* NULL for STEP_REMOVE */
    bool done;
} Step;

/** steps_new: an empty list that owns its steps */
GPtrArray *steps_new(void);

/** steps_add: @path is taken over, @value copied */
void steps_add(GPtrArray *steps, StepKind kind, char *path, const char *value);

/** steps_script: as lines for sh, with every value quoted that needs it */
void steps_script(GString *out, const Machine *m, const GPtrArray *steps);

/**
 * steps_apply: do those that are not done, in order, up to the first failure
 *
 * Nothing is touched that lies outside of a copy of a machine.
 */
bool steps_apply(const Machine *m, const GPtrArray *steps, GError **error);

/** steps_done: whether all of them are */
bool steps_done(const GPtrArray *steps);

/** steps_json: the member "steps" */
void steps_json(JsonBuilder *json, const GPtrArray *steps);

#endif /* VGA_ASSIGN_STEPS_H */
