/*
 * Messages and output
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

/* With --json the first error and its hint are kept until they are printed. */
static struct {
    bool on;
    const char *command;
    char *message;
    char *hint;
} json_error;

/* NULL: vga-assign, as PATH has it. */
static char *tool;

char *out_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *clean = g_string_new("");

    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);

        if (g_unichar_iscntrl(u)) {
            g_string_append_printf(clean, "\\x%02x", u);
        } else {
            g_string_append_unichar(clean, u);
        }
    }
    return g_string_free(clean, FALSE);
}

void out_text(const char *text)
{
    g_auto(GStrv) lines = NULL;

    if (!isatty(STDOUT_FILENO)) {
        fputs(text, stdout);
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) parts = g_strsplit(*line, "\t", -1);

        for (char **part = parts; *part; part++) {
            g_autofree char *clean = out_clean(*part);

            printf("%s%s", part == parts ? "" : "\t", clean);
        }
        if (line[1]) {
            putchar('\n');
        }
    }
}

void out_print(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    out_text(text);
}

/* @text is taken over. */
static void out_say(const char *prefix, char *text)
{
    g_autofree char *clean = out_clean(text);

    fflush(stdout);
    fprintf(stderr, "%s: %s\n", prefix, clean);
    g_free(text);
}

static void out_close(void)
{
    /*
     * Data that could not be written stay in the buffer, so the flush fails
     * again.
     */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int code = errno;

        fprintf(stderr, "vga-assign: error: standard output cannot be written: "
                "%s\n", g_strerror(code));
        _exit(EXIT_ENVIRONMENT);
    }
}

void out_begin(void)
{
    static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

    /*
     * Each stream gets the wrong direction, so that using it is still an
     * error.
     */
    for (int fd = 0; fd < G_N_ELEMENTS(modes); fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) {
            _exit(EXIT_ENVIRONMENT);
        }
    }
    atexit(out_close);
}

void out_json_errors(void)
{
    json_error.on = true;
}

void out_command(const char *name)
{
    json_error.command = name;
}

void out_started_as(const char *argv0)
{
    g_autofree char *found = g_find_program_in_path("vga-assign");

    if (argv0 && strchr(argv0, '/') &&
        !(found && is_same_file(found, argv0))) {
        tool = shell_word(argv0);
    }
}

const char *out_tool(void)
{
    return tool ? tool : "vga-assign";
}

void out_error(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (json_error.on && !json_error.message) {
        json_error.message = text;
    } else {
        out_say("vga-assign: error", text);
    }
}

void out_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out_say("vga-assign", g_strdup_vprintf(format, args));
    va_end(args);
}

void out_hint(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (json_error.message && !json_error.hint) {
        json_error.hint = text;
    } else {
        out_say("hint", text);
    }
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
    g_autofree char *clean = out_clean(text);
    g_auto(GStrv) words = g_strsplit(clean, " ", -1);
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

void out_json_error(JsonBuilder *json)
{
    if (!json_error.message) {
        json_null(json, "error");
        return;
    }
    json_builder_set_member_name(json, "error");
    json_builder_begin_object(json);
    json_text(json, "message", json_error.message);
    json_text(json, "hint", json_error.hint);
    json_builder_end_object(json);
    g_clear_pointer(&json_error.message, g_free);
    g_clear_pointer(&json_error.hint, g_free);
}

int out_end(int code)
{
    JsonBuilder *json;

    if (json_error.message) {
        /* NULL if no command was named, or one that does not exist. */
        json = out_json_begin(json_error.command);
        out_json_error(json);
        out_json_end(json, NULL);
    }
    return code;
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
 * Whether the path may be replaced.  A symbolic link counts even if its target
 * is missing.
 */
static bool out_may_replace(const char *path, GError **error)
{
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISREG(st.st_mode) ||
        (S_ISLNK(st.st_mode) &&
         (stat(path, &st) < 0 || S_ISREG(st.st_mode)))) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                "%s: not a regular file, and only regular files are replaced",
                path);
    return false;
}

/*
 * The data go into a temporary file beside @path, which is linked or renamed
 * when it is complete. link() fails if the name exists; rename() replaces a
 * symbolic link and not its target.
 */
bool out_file(const char *path, const void *data, size_t size, bool force,
              GError **error)
{
    g_autofree char *part = g_strconcat(path, ".XXXXXX", NULL);
    int fd, code;
    bool ok;

    if (force && !out_may_replace(path, error)) {
        return false;
    }
    fd = g_mkstemp_full(part, O_WRONLY | O_CLOEXEC, 0644);
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

bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

char *shell_word(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                       "WXYZ0123456789-_=,.:/+@%")] || !*word ?
           g_shell_quote(word) : g_strdup(word);
}

char *count_text(guint count, const char *noun)
{
    return g_strdup_printf("%u %s%s", count, noun, count == 1 ? "" : "s");
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
