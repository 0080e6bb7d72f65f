/*
 * Where a machine's facts are read from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root.h"

static void root_unread_free(gpointer opaque)
{
    RootUnread *u = opaque;

    g_free(u->path);
    g_free(u->reason);
    g_free(u);
}

static void root_load_hidden(Root *root)
{
    g_autofree char *name = root_path(root, "/unreadable");
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!root_is_copy(root) || !g_file_get_contents(name, &text, NULL, NULL)) {
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *path = strchr(*line, ' ');
        int code = atoi(*line);

        if (path && code > 0) {
            g_hash_table_insert(root->hidden, g_strdup(path + 1),
                                GINT_TO_POINTER(code));
        }
    }
}

int root_hidden(const Root *root, const char *path)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(root->hidden, path));
}

Root *root_new(const char *dir)
{
    Root *root = g_new0(Root, 1);
    size_t length = dir ? strlen(dir) : 0;

    while (length && dir[length - 1] == '/') {
        length--;
    }
    root->dir = g_strndup(dir ? dir : "", length);
    root->unread = g_ptr_array_new_with_free_func(root_unread_free);
    root->hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         NULL);
    root_load_hidden(root);
    return root;
}

void root_free(Root *root)
{
    g_free(root->dir);
    g_hash_table_unref(root->hidden);
    g_ptr_array_unref(root->unread);
    g_free(root);
}

bool root_is_copy(const Root *root)
{
    return root->dir[0] != '\0';
}

char *root_path(const Root *root, const char *path)
{
    return g_strconcat(root->dir, path, NULL);
}

bool root_is_unread(const Root *root, const char *path)
{
    for (guint i = 0; i < root->unread->len; i++) {
        const RootUnread *u = g_ptr_array_index(root->unread, i);

        if (g_str_equal(u->path, path)) {
            return true;
        }
    }
    return false;
}

void root_unreadable(Root *root, const char *path, int code)
{
    RootUnread *u;

    if (root_is_unread(root, path)) {
        return;
    }
    u = g_new0(RootUnread, 1);
    u->path = g_strdup(path);
    u->reason = g_strdup(g_strerror(code));
    u->code = code;
    g_ptr_array_add(root->unread, u);
}

/* Read @fd to its end or to @max; false leaves the reason in errno. */
static bool root_read_fd(int fd, size_t max, GByteArray *bytes)
{
    for (;;) {
        guint8 buffer[16384];
        size_t want = MIN(sizeof(buffer), max - bytes->len);
        ssize_t got = want ? read(fd, buffer, want) : 0;

        if (got > 0) {
            g_byte_array_append(bytes, buffer, got);
        } else if (got == 0) {
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
}

RootResult root_read(Root *root, const char *path, size_t max,
                     char **data, size_t *size)
{
    g_autofree char *name = root_path(root, path);
    /* Non-blocking, because in a copy of a machine anything may be a FIFO. */
    int hidden = root_hidden(root, path);
    int fd = hidden ? -1 :
             open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    GByteArray *bytes;
    RootResult result;

    *data = NULL;
    *size = 0;
    if (hidden) {
        root_unreadable(root, path, hidden);
        return ROOT_UNREADABLE;
    }
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return ROOT_ABSENT;
        }
        root_unreadable(root, path, errno);
        return ROOT_UNREADABLE;
    }
    bytes = g_byte_array_new();
    if (root_read_fd(fd, max, bytes)) {
        result = ROOT_OK;
        *size = bytes->len;
        g_byte_array_append(bytes, (const guint8 *)"", 1);
        *data = (char *)g_byte_array_free(bytes, FALSE);
    } else {
        result = ROOT_UNREADABLE;
        root_unreadable(root, path, errno);
        g_byte_array_unref(bytes);
    }
    close(fd);
    return result;
}

char *root_text(Root *root, const char *path)
{
    g_autofree char *valid = NULL;
    char *data;
    size_t size;

    if (root_read(root, path, ROOT_TEXT_MAX, &data, &size) != ROOT_OK) {
        return NULL;
    }
    /* The text ends at a 0 byte and is made UTF-8 for JSON and terminals. */
    valid = g_utf8_make_valid(data, -1);
    g_free(data);
    return g_strstrip(g_steal_pointer(&valid));
}

gint64 root_number(Root *root, const char *path, gint64 missing)
{
    g_autofree char *text = root_text(root, path);
    char *end;
    gint64 value;

    if (!text || !*text) {
        return missing;
    }
    value = g_ascii_strtoll(text, &end, 0);
    return *end ? missing : value;
}

char *root_link(Root *root, const char *path)
{
    g_autofree char *name = root_path(root, path);
    g_autofree char *target = g_file_read_link(name, NULL);

    return target ? g_utf8_make_valid(target, -1) : NULL;
}

char *root_link_name(Root *root, const char *path)
{
    g_autofree char *target = root_link(root, path);

    return target ? g_path_get_basename(target) : NULL;
}

static int root_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **root_list(Root *root, const char *path)
{
    g_autofree char *name = root_path(root, path);
    GPtrArray *names = g_ptr_array_new();
    GDir *dir;
    const char *entry;

    errno = 0;
    dir = g_dir_open(name, 0, NULL);
    if (dir) {
        while ((entry = g_dir_read_name(dir))) {
            g_ptr_array_add(names, g_utf8_make_valid(entry, -1));
        }
        g_dir_close(dir);
    } else if (errno == EACCES || errno == EPERM) {
        root_unreadable(root, path, errno);
    }
    g_ptr_array_sort(names, root_compare);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

bool root_exists(const Root *root, const char *path)
{
    g_autofree char *name = root_path(root, path);

    return access(name, F_OK) == 0;
}

/* The real path of the nearest parent directory that exists.  free(). */
static char *root_real_dir(const Root *root, const char *path)
{
    g_autofree char *name = root_path(root, path);
    char *real = NULL;

    while (!real && strlen(name) > strlen(root->dir)) {
        char *dir = g_path_get_dirname(name);

        g_free(name);
        name = dir;
        real = realpath(name, NULL);
        if (!real && errno != ENOENT) {
            return NULL;
        }
    }
    return real;
}

bool root_contains(const Root *root, const char *path)
{
    g_autofree char *prefix = NULL;
    char *top, *dir;
    bool inside;

    if (!root_is_copy(root)) {
        return true;
    }
    top = realpath(root->dir, NULL);
    dir = root_real_dir(root, path);
    prefix = g_strconcat(top ? top : "", "/", NULL);
    inside = top && dir && (g_str_equal(dir, top) ||
                            g_str_has_prefix(dir, prefix));
    free(top);
    free(dir);
    return inside;
}
