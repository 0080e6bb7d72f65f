/*
 * vga-assign bind and unbind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A list of files and what is written to each, as one would type it.  Without
 * --apply it is shown and nothing is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>

#include "cli.h"
#include "output.h"

#define DRIVERS "/sys/bus/pci/drivers/"
#define PROBE "/sys/bus/pci/drivers_probe"
#define UNDO_DIR "/run/vga-assign"
/* How long a driver may take to find its device. */
#define WAIT_SECONDS 10
#define WAIT_STEP (50 * 1000)

typedef struct BindStep {
    char *path;
    char *value;
} BindStep;

static void step_free(gpointer opaque)
{
    BindStep *s = opaque;

    g_free(s->path);
    g_free(s->value);
    g_free(s);
}

static void step_add(GPtrArray *steps, char *path, const char *value)
{
    BindStep *s = g_new0(BindStep, 1);

    s->path = path;
    s->value = g_strdup(value);
    g_ptr_array_add(steps, s);
}

/* @override "" takes it away, and the host's driver finds the device. */
static void steps_to_driver(GPtrArray *steps, const MachineDevice *d,
                            const char *driver, const char *override)
{
    step_add(steps, device_file(d, "driver_override"), override);
    if (driver) {
        step_add(steps, g_strconcat(DRIVERS, driver, "/unbind", NULL), d->bdf);
    }
    step_add(steps, g_strdup(PROBE), d->bdf);
}

static GPtrArray *bind_targets(const Command *command, const Machine *m,
                               MachineDevice *d)
{
    GPtrArray *targets = g_ptr_array_new();

    g_ptr_array_add(targets, d);
    for (guint i = 0; command->options->group && i < m->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(m->devices, i);

        if (other != d && d->group >= 0 && other->group == d->group &&
            !device_is_bridge(other)) {
            g_ptr_array_add(targets, other);
        }
    }
    return targets;
}

static char *undo_path(const Command *command, const Machine *m,
                       const MachineDevice *d)
{
    g_autofree char *name = g_strconcat(UNDO_DIR "/", d->bdf, ".undo", NULL);

    return command->options->undo ? g_strdup(command->options->undo) :
           root_path(m->root, name);
}

/* The override that bind found, by the undo file's "# BDF override NAME". */
static char *undo_override(const char *path, const char *bdf)
{
    g_autofree char *text = NULL;
    g_autofree char *pattern =
        g_strdup_printf("^# %s override ([A-Za-z0-9_-]+)$", bdf);
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !g_utf8_validate(text, -1, NULL) ||
        !g_regex_match(regex, text, 0, &match)) {
        return g_strdup("");
    }
    return g_match_info_fetch(match, 1);
}

static void steps_script(GString *out, const Machine *m, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const BindStep *s = g_ptr_array_index(steps, i);
        g_autofree char *path = root_path(m->root, s->path);
        g_autofree char *quoted = g_shell_quote(path);

        g_string_append_printf(out, "echo %s > %s\n", s->value,
                               root_is_copy(m->root) ? quoted : path);
    }
}

/* What gives everything back, made before anything is done. */
static char *undo_script(const Machine *m, const GPtrArray *targets)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    GString *out = g_string_new("#!/bin/sh\n# Undoes vga-assign bind.\n");

    for (guint i = 0; i < targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(targets, i);

        if (d->override) {
            g_string_append_printf(out, "# %s override %s\n", d->bdf,
                                   d->override);
        }
        steps_to_driver(steps, d, "vfio-pci", d->override ? d->override : "");
    }
    steps_script(out, m, steps);
    return g_string_free(out, FALSE);
}

static bool step_write(const Machine *m, const BindStep *s, GError **error)
{
    g_autofree char *path = root_path(m->root, s->path);
    g_autofree char *line = g_strconcat(s->value, "\n", NULL);
    int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    int code = errno;

    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    "%s: '%s' cannot be written: %s", path, s->value,
                    g_strerror(code));
    }
    return ok;
}

static bool steps_apply(const Machine *m, const GPtrArray *steps,
                        GError **error)
{
    for (guint i = 0; i < steps->len; i++) {
        if (!step_write(m, g_ptr_array_index(steps, i), error)) {
            return false;
        }
    }
    return true;
}

/* A driver's probe may go on after the write: look until it is as wanted. */
static bool wait_for_driver(const Machine *m, const MachineDevice *d,
                            bool vfio, char **driver)
{
    g_autofree char *path = device_file(d, "driver");

    for (int left = WAIT_SECONDS * G_USEC_PER_SEC; left > 0;
         left -= WAIT_STEP) {
        *driver = root_link_name(m->root, path);
        if ((g_strcmp0(*driver, "vfio-pci") == 0) == vfio) {
            return true;
        }
        g_free(g_steal_pointer(driver));
        g_usleep(WAIT_STEP);
    }
    *driver = root_link_name(m->root, path);
    return false;
}

static bool all_arrived(const Machine *m, const GPtrArray *targets, bool vfio)
{
    bool good = true;

    for (guint i = 0; i < targets->len; i++) {
        const MachineDevice *d = g_ptr_array_index(targets, i);
        g_autofree char *driver = NULL;

        if (!wait_for_driver(m, d, vfio, &driver)) {
            out_error("%s: its driver is %s", d->bdf, driver ? driver : "none");
            good = false;
        } else {
            out_note("%s: %s", d->bdf, driver ? driver : "no driver");
        }
    }
    return good;
}

static void bind_print(const Command *command, const char *name,
                       const Machine *m, const GPtrArray *steps,
                       const char *undo)
{
    g_autoptr(GString) text = g_string_new("");
    JsonBuilder *json;

    if (!command->options->json) {
        steps_script(text, m, steps);
        fputs(text->str, stdout);
        if (!command->options->apply && steps->len) {
            out_note("nothing was done; --apply does it");
        }
        return;
    }
    json = out_json_begin(name);
    json_bool(json, "applied", command->options->apply);
    json_text(json, "undo_file", command->options->apply ? undo : NULL);
    json_builder_set_member_name(json, "steps");
    json_builder_begin_array(json);
    for (guint i = 0; i < steps->len; i++) {
        const BindStep *s = g_ptr_array_index(steps, i);

        json_builder_begin_object(json);
        json_text(json, "path", s->path);
        json_text(json, "value", s->value);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    out_json_end(json, m->root);
}

/* Only its default directory is made; another one must be there. */
static bool undo_write(const Command *command, const Machine *m,
                       const GPtrArray *targets, const char *path,
                       GError **error)
{
    g_autofree char *script = undo_script(m, targets);
    g_autofree char *dir = g_path_get_dirname(path);

    if (!command->options->undo) {
        g_mkdir_with_parents(dir, 0755);
    }
    return out_file(path, script, strlen(script), command->options->force,
                    error);
}

static int bind_apply(const Command *command, const Machine *m,
                      const GPtrArray *targets, const GPtrArray *steps,
                      const char *undo)
{
    g_autofree char *hint = g_strconcat("sh ", undo, " undoes what was done",
                                        NULL);
    GError *error = NULL;

    if (!root_exists(m->root, DRIVERS "vfio-pci")) {
        out_error("the driver vfio-pci is not loaded");
        out_hint("modprobe vfio-pci");
        return EXIT_ENVIRONMENT;
    }
    if (!undo_write(command, m, targets, undo, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, "the undo file comes first; "
                        "nothing was done");
    }
    out_note("undo file: %s", undo);
    if (!steps_apply(m, steps, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, hint);
    }
    return all_arrived(m, targets, true) ? EXIT_YES : EXIT_NO;
}

/* Drops what there is nothing to do for. */
static void keep_unbound(GPtrArray *targets, bool bound)
{
    for (guint i = targets->len; i-- > 0;) {
        const MachineDevice *d = g_ptr_array_index(targets, i);

        if (device_is_bound(d) == bound) {
            out_note("%s: is %sbound to vfio-pci", d->bdf, bound ? "" : "not ");
            g_ptr_array_remove_index(targets, i);
        }
    }
}

static int bind_or_unbind(const Command *command, bool bind)
{
    g_autoptr(Machine) m = cli_machine(command);
    g_autoptr(GPtrArray) targets = NULL;
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    g_autofree char *undo = NULL;
    GError *error = NULL;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    d = m ? cli_device(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    if (device_is_bridge(d)) {
        out_error("%s is a bridge; vfio-pci does not take bridges", d->bdf);
        return EXIT_NO;
    }
    undo = undo_path(command, m, d);
    targets = bind_targets(command, m, d);
    keep_unbound(targets, bind);
    for (guint i = 0; i < targets->len; i++) {
        const MachineDevice *t = g_ptr_array_index(targets, i);
        g_autofree char *override = bind ? g_strdup("vfio-pci") :
                                    undo_override(undo, t->bdf);

        steps_to_driver(steps, t, t->driver, override);
    }
    bind_print(command, bind ? "bind" : "unbind", m, steps, undo);
    if (!command->options->apply || !steps->len) {
        return EXIT_YES;
    }
    if (bind) {
        return bind_apply(command, m, targets, steps, undo);
    }
    if (!steps_apply(m, steps, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, NULL);
    }
    if (!all_arrived(m, targets, false)) {
        return EXIT_NO;
    }
    unlink(undo);
    return EXIT_YES;
}

int cmd_bind(const Command *command)
{
    return bind_or_unbind(command, true);
}

int cmd_unbind(const Command *command)
{
    return bind_or_unbind(command, false);
}
