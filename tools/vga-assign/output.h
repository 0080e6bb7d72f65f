/*
 * Results and messages: how the tool prints them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Results go to stdout, everything else to stderr.  JSON is stable and
 * versioned (OUTPUT_SCHEMA, schema.json); all other output may change.  In
 * JSON ids and addresses are lower-case hexadecimal strings, sizes are numbers
 * of bytes, and unknown values are null, never left out.
 */
#ifndef VGA_ASSIGN_OUTPUT_H
#define VGA_ASSIGN_OUTPUT_H

#include <stdbool.h>
#include <json-glib/json-glib.h>
#include <libsmartcols/libsmartcols.h>

#include "machine.h"

/*
 * Raised when a member changes its meaning or is removed; members may be
 * added.
 */
#define OUTPUT_SCHEMA 1

/* Exit codes, the same for all commands. */
enum {
    EXIT_YES = 0,           /* yes, or done */
    EXIT_NO = 1,            /* the verdict is no */
    EXIT_USAGE = 2,         /* the command line makes no sense */
    EXIT_PARTIAL = 3,       /* yes, as far as could be read */
    EXIT_ENVIRONMENT = 4,   /* this machine or a file prevents it */
};

/**
 * out_begin: call this before any file is opened
 *
 * Closed standard streams are opened.  Otherwise a file of the host would get
 * their number, and output would be written into it.  If stdout could not be
 * written, the program ends with EXIT_ENVIRONMENT.
 */
void out_begin(void);

/**
 * out_json_errors: from now on print errors and hints as JSON on stdout
 *
 * out_json_end() prints the error as the member "error" of the result, see
 * out_json_error().  If there is no result, out_end() prints it as a document
 * of its own.
 */
void out_json_errors(void);

/** out_command: set the name of the command for error documents */
void out_command(const char *name);

/**
 * out_started_as: remember how the tool was started, for out_tool()
 *
 * @argv0: the first word of the command line
 */
void out_started_as(const char *argv0);

/**
 * out_tool: what to type to start the tool again, quoted for a shell
 *
 * This is vga-assign, or the path by which it was started if another program
 * or none has that name in PATH.
 */
const char *out_tool(void);

/** out_end: print the error that out_json_errors() keeps; returns @code */
int out_end(int code);

/*
 * "vga-assign: MESSAGE" and "hint: MESSAGE" on stderr.  Control characters are
 * shown as \\x1b, because anybody can choose names of files and devices.
 */
void out_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void out_hint(const char *format, ...) G_GNUC_PRINTF(1, 2);
void out_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

/**
 * out_fail: print and free @error, and @hint unless it is NULL; returns @code
 */
int out_fail(int code, GError *error, const char *hint);

/** out_clean: @text with its control characters as \\x1b.  g_free(). */
char *out_clean(const char *text);

/**
 * out_text: print lines of text on stdout
 *
 * Control characters are shown as \\x1b on a terminal and kept elsewhere,
 * because patch and libvirt need the exact bytes.
 */
void out_text(const char *text);
/** out_print: print formatted text on stdout, like out_text() */
void out_print(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** out_width: the columns of the terminal; 80 without a terminal */
int out_width(void);

/** out_color: whether stdout is a terminal that may show colours */
bool out_color(void);

/** out_table: a table for libsmartcols with the width and colours set */
struct libscols_table *out_table(void);

/** out_wrap: out_clean() in lines of at most @width columns, broken at blanks */
char *out_wrap(const char *text, size_t width);

/** out_json_begin: begin an object with "schema" and "command" */
JsonBuilder *out_json_begin(const char *command);
/**
 * out_json_end: print and free the object; unreadable files are its last
 * member
 */
void out_json_end(JsonBuilder *json, const Root *root);
/**
 * out_json_error: add the member "error": what out_error() was given, or null
 */
void out_json_error(JsonBuilder *json);

void json_text(JsonBuilder *json, const char *name, const char *value);
void json_int(JsonBuilder *json, const char *name, gint64 value);
void json_bool(JsonBuilder *json, const char *name, bool value);
void json_answer(JsonBuilder *json, const char *name, Answer value);
void json_null(JsonBuilder *json, const char *name);
void json_hex(JsonBuilder *json, const char *name, guint64 value, int digits);

/**
 * out_unread: list on stderr what could not be read
 *
 * Returns EXIT_PARTIAL if there was something, otherwise EXIT_YES.
 */
int out_unread(const Root *root);

/**
 * out_file: write a new file
 *
 * The name must not exist, unless @force is set.  Then a regular file is
 * replaced, or a symbolic link itself, which is never followed.  Anything
 * else, and a link to anything else, is refused.  The file appears with all
 * its contents or not at all.
 */
bool out_file(const char *path, const void *data, size_t size, bool force,
              GError **error);

/** is_same_file: whether both names lead to one file that exists */
bool is_same_file(const char *a, const char *b);

/** shell_word: @word for sh, quoted only if it has to be.  g_free(). */
char *shell_word(const char *word);

/** count_text: "1 image" or "2 images".  g_free(). */
char *count_text(guint count, const char *noun);

/** size_text: 268435456 as "256M" */
char *size_text(guint64 size);

#endif /* VGA_ASSIGN_OUTPUT_H */
