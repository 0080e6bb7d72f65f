/*
 * What is said, and how
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>

#include "output.h"

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST 60

static void out_say(const char *prefix, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    fflush(stdout);
    fprintf(stderr, "%s: %s\n", prefix, text);
}

void out_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out_say("vga-assign: error", format, args);
    va_end(args);
}

void out_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out_say("vga-assign", format, args);
    va_end(args);
}

void out_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out_say("hint", format, args);
    va_end(args);
}

int out_fail(int code, GError *error, const char *hint)
{
    out_error("%s", error->message);
    if (hint) {
        out_hint("%s", hint);
    }
    g_error_free(error);
    return code;
}

int out_width(void)
{
    const char *columns = g_getenv("COLUMNS");
    struct winsize size;
    int width = columns ? atoi(columns) : 0;

    if (!width && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        width = size.ws_col;
    }
    return width < 1 ? WIDTH_DEFAULT : MAX(width, WIDTH_LEAST);
}

bool out_color(void)
{
    const char *no_color = g_getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
           g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

struct libscols_table *out_table(void)
{
    struct libscols_table *table = scols_new_table();

    if (!table) {
        g_error("out of memory");
    }
    scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_termwidth(table, out_width());
    scols_table_enable_colors(table, out_color());
    return table;
}

char *out_wrap(const char *text, size_t width)
{
    GString *result = g_string_new("");
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t column = 0;

    for (char **word = words; *word; word++) {
        size_t length = g_utf8_strlen(*word, -1);

        if (column && column + 1 + length > width) {
            g_string_append_c(result, '\n');
            column = 0;
        } else if (column) {
            g_string_append_c(result, ' ');
            column++;
        }
        g_string_append(result, *word);
        column += length;
    }
    return g_string_free(result, FALSE);
}

void json_text(JsonBuilder *json, const char *name, const char *value)
{
    if (name) {
        json_builder_set_member_name(json, name);
    }
    if (value) {
        json_builder_add_string_value(json, value);
    } else {
        json_builder_add_null_value(json);
    }
}

void json_int(JsonBuilder *json, const char *name, gint64 value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, value);
}

void json_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

void json_null(JsonBuilder *json, const char *name)
{
    json_text(json, name, NULL);
}

void json_answer(JsonBuilder *json, const char *name, Answer value)
{
    if (value == ANSWER_UNKNOWN) {
        json_null(json, name);
    } else {
        json_bool(json, name, value == ANSWER_YES);
    }
}

void json_hex(JsonBuilder *json, const char *name, guint64 value, int digits)
{
    g_autofree char *text =
        g_strdup_printf("0x%0*" G_GINT64_MODIFIER "x", digits, value);

    json_text(json, name, text);
}

JsonBuilder *out_json_begin(const char *command)
{
    JsonBuilder *json = json_builder_new();

    json_builder_begin_object(json);
    json_int(json, "schema", OUTPUT_SCHEMA);
    json_text(json, "command", command);
    return json;
}

static void out_json_unread(JsonBuilder *json, const Root *root)
{
    json_builder_set_member_name(json, "unreadable");
    json_builder_begin_array(json);
    for (guint i = 0; root && i < root->unread->len; i++) {
        const RootUnread *u = g_ptr_array_index(root->unread, i);

        json_builder_begin_object(json);
        json_text(json, "path", u->path);
        json_text(json, "reason", u->reason);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

void out_json_end(JsonBuilder *json, const Root *root)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *text = NULL;

    out_json_unread(json, root);
    json_builder_end_object(json);
    node = json_builder_get_root(json);
    json_generator_set_root(generator, node);
    json_generator_set_pretty(generator, TRUE);
    text = json_generator_to_data(generator, NULL);
    puts(text);
    g_object_unref(json);
}

int out_unread(const Root *root)
{
    const RootUnread *first;

    if (!root->unread->len) {
        return EXIT_YES;
    }
    first = g_ptr_array_index(root->unread, 0);
    if (root->unread->len == 1) {
        out_note("could not read %s: %s", first->path, first->reason);
    } else {
        out_note("could not read %s (%s) and %u more; --json lists them",
                 first->path, first->reason, root->unread->len - 1);
    }
    for (guint i = 0; i < root->unread->len; i++) {
        const RootUnread *u = g_ptr_array_index(root->unread, i);

        if (u->code == EACCES || u->code == EPERM) {
            out_hint("root may read more");
            break;
        }
    }
    return EXIT_PARTIAL;
}

static bool out_write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(fd, data, size);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            data += done;
            size -= done;
        }
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

/*
 * A file of another name beside it, linked or renamed to its own when it is
 * complete: link() fails where a name exists, rename() replaces a symbolic
 * link and not what it leads to.
 */
bool out_file(const char *path, const void *data, size_t size, bool force,
              GError **error)
{
    g_autofree char *part = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(part, O_WRONLY | O_CLOEXEC, 0644);
    bool ok;
    int code;

    if (fd < 0) {
        code = errno;
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    "%s: cannot be written: %s", path, g_strerror(code));
        return false;
    }
    ok = out_write_all(fd, data, size);
    ok &= close(fd) == 0;
    ok = ok && (force ? rename(part, path) : link(part, path)) == 0;
    code = errno;
    if (!ok || !force) {
        unlink(part);
    }
    if (!ok) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(code),
                    code == EEXIST ? "%s: exists; --force replaces it" :
                    "%s: cannot be written: %s", path, g_strerror(code));
    }
    return ok;
}

char *size_text(guint64 size)
{
    static const char units[] = "KMGTPE";
    guint64 unit = 1024;
    int i = 0;

    if (size < 1024) {
        return g_strdup_printf("%" G_GUINT64_FORMAT, size);
    }
    while (size / unit >= 1024) {
        unit *= 1024;
        i++;
    }
    return size % unit ? g_strdup_printf("%.1f%c", (double)size / unit, units[i]) :
           g_strdup_printf("%" G_GUINT64_FORMAT "%c", size / unit, units[i]);
}
