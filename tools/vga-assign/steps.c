/*
 * What bind and unbind do to the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <gio/gio.h>

#include "output.h"
#include "steps.h"

static void step_free(gpointer opaque)
{
    Step *s = opaque;

    g_free(s->path);
    g_free(s->value);
    g_free(s);
}

GPtrArray *steps_new(void)
{
    return g_ptr_array_new_with_free_func(step_free);
}

void steps_add(GPtrArray *steps, StepKind kind, char *path, const char *value)
{
    Step *s = g_new0(Step, 1);

    s->kind = kind;
    s->path = path;
    s->value = g_strdup(value);
    g_ptr_array_add(steps, s);
}

/* Writes an empty line, too, which clears driver_override. */
static void script_write(GString *out, const char *value, const char *path)
{
    g_autofree char *word = *value ? shell_word(value) : g_strdup("");

    /*
     * dash's echo would interpret a backslash or a leading -n in a quoted
     * word.
     */
    if (g_str_equal(word, value) && *value != '-') {
        g_string_append_printf(out, "echo %s > %s\n", word, path);
    } else {
        g_string_append_printf(out, "printf '%%s\\n' %s > %s\n", word, path);
    }
}

static void script_step(GString *out, const Machine *m, const Step *s)
{
    g_autofree char *path = root_path(m->root, s->path);
    g_autofree char *word = shell_word(path);
    g_autofree char *dir = NULL, *dir_word = NULL, *text = NULL;

    switch (s->kind) {
    case STEP_WRITE:
        script_write(out, s->value, word);
        break;
    case STEP_CREATE:
        dir = g_path_get_dirname(path);
        dir_word = shell_word(dir);
        text = g_shell_quote(s->value);
        g_string_append_printf(out, "mkdir -p %s\nprintf %%s %s > %s\n",
                               dir_word, text, word);
        break;
    case STEP_REMOVE:
        g_string_append_printf(out, "rm -f %s\n", word);
        break;
    }
}

void steps_script(GString *out, const Machine *m, const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        script_step(out, m, g_ptr_array_index(steps, i));
    }
}

/* One write for the whole value, as the kernel expects; the reason in errno. */
static bool step_write(const char *path, const char *value)
{
    g_autofree char *line = g_strconcat(value, "\n", NULL);
    int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
    int code = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = code;
    return ok;
}

static bool step_create(const char *path, const char *value, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);

    g_mkdir_with_parents(dir, 0755);
    return out_file(path, value, strlen(value), false, error);
}

static bool step_apply(const Machine *m, const Step *s, GError **error)
{
    g_autofree char *path = root_path(m->root, s->path);
    bool ok;

    if (!root_contains(m->root, s->path)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s: a symbolic link leads out of %s", s->path,
                    m->root->dir);
        return false;
    }
    if (s->kind == STEP_CREATE) {
        return step_create(path, s->value, error);
    }
    ok = s->kind == STEP_WRITE ? step_write(path, s->value) :
         unlink(path) == 0 || errno == ENOENT;
    if (!ok) {
        int code = errno;

        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    s->value ? "%s: '%s' cannot be written: %s" :
                    "%s: %scannot be removed: %s", path,
                    s->value ? s->value : "", g_strerror(code));
    }
    return ok;
}

static void step_show(const Machine *m, const Step *s)
{
    g_autoptr(GString) text = g_string_new("");

    script_step(text, m, s);
    out_text(text->str);
}

bool steps_apply(const Machine *m, const GPtrArray *steps, bool show,
                 GError **error)
{
    for (guint i = 0; i < steps->len; i++) {
        Step *s = g_ptr_array_index(steps, i);

        if (s->done) {
            continue;
        }
        if (!step_apply(m, s, error)) {
            return false;
        }
        s->done = true;
        if (show) {
            step_show(m, s);
        }
    }
    return true;
}

bool steps_done(const GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const Step *s = g_ptr_array_index(steps, i);

        if (!s->done) {
            return false;
        }
    }
    return true;
}

void steps_json(JsonBuilder *json, const GPtrArray *steps)
{
    static const char *const kinds[] = {
        [STEP_WRITE] = "write", [STEP_CREATE] = "create",
        [STEP_REMOVE] = "remove",
    };

    json_builder_set_member_name(json, "steps");
    json_builder_begin_array(json);
    for (guint i = 0; i < steps->len; i++) {
        const Step *s = g_ptr_array_index(steps, i);

        json_builder_begin_object(json);
        json_text(json, "kind", kinds[s->kind]);
        json_text(json, "path", s->path);
        json_text(json, "value", s->value);
        json_bool(json, "done", s->done);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}
