/*
 * The files that undo a bind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>

#include "output.h"
#include "persist.h"
#include "steps.h"
#include "undo.h"

#define DRIVERS "/sys/bus/pci/drivers/"
#define PROBE "/sys/bus/pci/drivers_probe"
/* Only files that begin like this are the tool's own. */
#define HEADER "#!/bin/sh\n# Undoes vga-assign bind.\n"
/* Far more than the largest group needs. */
#define UNDO_MAX (1024 * 1024)

/* One for what lasts until the next boot, and one for what lasts longer. */
static const char *const undo_dirs[] = {
    "/run/vga-assign", "/var/lib/vga-assign",
};

static void record_free(gpointer opaque)
{
    UndoRecord *r = opaque;

    g_free(r->bdf);
    g_free(r->override);
    g_free(r);
}

static Undo *undo_new(const char *path)
{
    Undo *undo = g_new0(Undo, 1);

    undo->path = g_strdup(path);
    undo->records = g_ptr_array_new_with_free_func(record_free);
    return undo;
}

void undo_free(Undo *undo)
{
    g_free(undo->path);
    g_ptr_array_unref(undo->records);
    g_free(undo);
}

char *undo_default(const Machine *m, const MachineDevice *d, bool persist)
{
    g_autofree char *name = g_strdup_printf("%s/%s.undo", undo_dirs[persist],
                                            d->bdf);

    return root_path(m->root, name);
}

static UndoRecord *undo_record(const Undo *undo, const char *bdf)
{
    for (guint i = 0; i < undo->records->len; i++) {
        UndoRecord *r = g_ptr_array_index(undo->records, i);

        if (g_str_equal(r->bdf, bdf)) {
            return r;
        }
    }
    return NULL;
}

const UndoRecord *undo_find(const Undo *undo, const char *bdf)
{
    return undo_record(undo, bdf);
}

void undo_set(Undo *undo, const char *bdf, const char *override,
              PersistWay persist)
{
    UndoRecord *r = undo_record(undo, bdf);

    if (!r) {
        r = g_new0(UndoRecord, 1);
        r->bdf = g_strdup(bdf);
        g_ptr_array_add(undo->records, r);
    }
    g_free(r->override);
    r->override = g_strdup(override);
    r->persist = persist;
}

void undo_drop(Undo *undo, const char *bdf)
{
    UndoRecord *r = undo_record(undo, bdf);

    if (r) {
        g_ptr_array_remove(undo->records, r);
    }
}

/* Read the records, "# BDF override 'NAME'" and "# BDF persist WAY". */
static void undo_parse(Undo *undo, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 4);
        g_autofree char *bdf = NULL, *override = NULL;
        bool record = g_strv_length(words) >= 3 && g_str_equal(words[0], "#");

        bdf = record ? bdf_parse(words[1]) : NULL;
        if (bdf && g_str_equal(words[2], "override")) {
            override = words[3] ? g_shell_unquote(words[3], NULL) : NULL;
            undo_set(undo, bdf, override ? override : "", PERSIST_NO);
        } else if (bdf && g_str_equal(words[2], "persist") &&
                   undo_record(undo, bdf)) {
            undo_record(undo, bdf)->persist = persist_way(words[3]);
        }
    }
}

/* Returns NULL with errno 0 if the file is not one of the tool's. */
static char *undo_text(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *text = g_malloc0(UNDO_MAX + 1);
    struct stat st;
    ssize_t got;
    int code;

    if (fd < 0) {
        errno = errno == ELOOP ? 0 : errno;
        return NULL;
    }
    got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ?
          read(fd, text, UNDO_MAX) : 0;
    code = errno;
    close(fd);
    errno = got < 0 ? code : 0;
    return got > 0 && g_str_has_prefix(text, HEADER) ? g_steal_pointer(&text) :
           NULL;
}

Undo *undo_load(const char *path, bool force, GError **error)
{
    g_autoptr(Undo) undo = undo_new(path);
    g_autofree char *text = NULL;
    struct stat st;
    int code;

    text = undo_text(path);
    code = errno;
    if (text) {
        undo_parse(undo, text);
        return g_steal_pointer(&undo);
    }
    if (code == ENOENT || (force && lstat(path, &st) == 0)) {
        return g_steal_pointer(&undo);
    }
    g_set_error(error, G_IO_ERROR, code ? g_io_error_from_errno(code) :
                G_IO_ERROR_INVALID_DATA, code ? "%s: cannot be read: %s" :
                "%s: exists, and is not an undo file of vga-assign%s", path,
                code ? g_strerror(code) : "");
    return NULL;
}

GPtrArray *undo_load_all(const Machine *m)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)undo_free);

    for (size_t i = 0; i < G_N_ELEMENTS(undo_dirs); i++) {
        g_auto(GStrv) names = root_list(m->root, undo_dirs[i]);

        for (char **name = names; *name; name++) {
            g_autofree char *file = g_strdup_printf("%s/%s", undo_dirs[i],
                                                    *name);
            g_autofree char *path = root_path(m->root, file);
            Undo *undo = g_str_has_suffix(*name, ".undo") &&
                         root_contains(m->root, file) ?
                         undo_load(path, false, NULL) : NULL;

            if (undo) {
                g_ptr_array_add(all, undo);
            }
        }
    }
    return all;
}

void undo_steps(GPtrArray *steps, const char *bdf, const char *driver,
                const char *override)
{
    steps_add(steps, STEP_WRITE,
              g_strdup_printf("/sys/bus/pci/devices/%s/driver_override", bdf),
              override);
    if (driver) {
        steps_add(steps, STEP_WRITE,
                  g_strconcat(DRIVERS, driver, "/unbind", NULL), bdf);
    }
    steps_add(steps, STEP_WRITE, g_strdup(PROBE), bdf);
}

static char *undo_script(const Machine *m, const Undo *undo)
{
    GString *out = g_string_new(HEADER);

    for (guint i = 0; i < undo->records->len; i++) {
        const UndoRecord *r = g_ptr_array_index(undo->records, i);
        g_autoptr(GPtrArray) steps = steps_new();
        g_autofree char *override = g_shell_quote(r->override);

        g_string_append_printf(out, "# %s override %s\n", r->bdf, override);
        if (r->persist) {
            g_string_append_printf(out, "# %s persist %s\n", r->bdf,
                                   persist_name(r->persist));
            steps_add(steps, STEP_REMOVE, persist_file(r->persist, r->bdf),
                      NULL);
        }
        undo_steps(steps, r->bdf, "vfio-pci", r->override);
        steps_script(out, m, steps);
    }
    return g_string_free(out, FALSE);
}

bool undo_save(const Machine *m, const Undo *undo, bool force, GError **error)
{
    g_autofree char *script = undo_script(m, undo);
    g_autofree char *ours = undo_text(undo->path);

    if (undo->records->len) {
        return out_file(undo->path, script, strlen(script), force || ours,
                        error);
    }
    if (ours && unlink(undo->path) < 0) {
        int code = errno;

        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    "%s: cannot be removed: %s", undo->path, g_strerror(code));
        return false;
    }
    return true;
}
