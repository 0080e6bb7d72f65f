/*
 * What bind and unbind do to the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A list of files and what is to be done with each.  The same list is shown as
 * shell commands and carried out by --apply.
 */
#ifndef VGA_ASSIGN_STEPS_H
#define VGA_ASSIGN_STEPS_H

#include <stdbool.h>
#include <json-glib/json-glib.h>

#include "machine.h"

typedef enum StepKind {
    STEP_WRITE,             /* write a line into a file of sysfs */
    STEP_CREATE,            /* make a file with these contents */
    STEP_REMOVE,            /* remove a file */
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

/** steps_script: the steps as lines for sh, values quoted where necessary */
void steps_script(GString *out, const Machine *m, const GPtrArray *steps);

/**
 * steps_apply: do the steps that are not done, in order, up to the first
 * failure
 *
 * @show: print each step on stdout when it is done, as steps_script() does
 *
 * In a copy of a machine nothing outside of the copy is touched.
 */
bool steps_apply(const Machine *m, const GPtrArray *steps, bool show,
                 GError **error);

/** steps_done: whether all steps are done */
bool steps_done(const GPtrArray *steps);

/** steps_json: add the member "steps" */
void steps_json(JsonBuilder *json, const GPtrArray *steps);

#endif /* VGA_ASSIGN_STEPS_H */
