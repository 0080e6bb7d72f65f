/*
 * Results and messages: how the tool prints them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stdout has results, stderr everything else.  JSON is stable and versioned
 * (OUTPUT_SCHEMA, schema.json); all other output may change.  In JSON ids and
 * addresses are lower-case hexadecimal strings, sizes are numbers of bytes,
 * and what is not known is null, never left out.
 */
#ifndef VGA_ASSIGN_OUTPUT_H
#define VGA_ASSIGN_OUTPUT_H

#include <stdbool.h>
#include <json-glib/json-glib.h>
#include <libsmartcols/libsmartcols.h>

#include "machine.h"

/* Raised when a member changes its meaning or goes; new ones may come. */
#define OUTPUT_SCHEMA 1

/* Exit codes: the same for every command. */
enum {
    EXIT_YES = 0,           /* yes, done */
    EXIT_NO = 1,            /* the verdict is no */
    EXIT_USAGE = 2,         /* the command line makes no sense */
    EXIT_PARTIAL = 3,       /* yes as far as it could be read */
    EXIT_ENVIRONMENT = 4,   /* this machine or a file does not allow it */
};

/**
 * out_begin: before anything else is opened
 *
 * Standard streams that are closed are opened, so that no file of the host
 * gets their numbers and what is printed into it.  At the end of the program
 * its status becomes EXIT_ENVIRONMENT if stdout could not be written.
 */
void out_begin(void);

/**
 * out_json_errors: from now on the error, with its hint, is JSON on stdout
 *
 * It is printed by out_json_end() as the member "error" of the result, see
 * out_json_error(), or else by out_end() as a document of its own.
 */
void out_json_errors(void);

/** out_command: the command for the documents of errors */
void out_command(const char *name);

/** out_end: print what out_json_errors() keeps; returns @code */
int out_end(int code);

/*
 * "vga-assign: MESSAGE" and "hint: MESSAGE" on stderr.  Control characters are
 * shown as \\x1b: anybody can choose names of files and devices.
 */
void out_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void out_hint(const char *format, ...) G_GNUC_PRINTF(1, 2);
void out_note(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** out_fail: print and free @error, with @hint if not NULL; returns @code */
int out_fail(int code, GError *error, const char *hint);

/** out_clean: @text with its control characters as \\x1b.  g_free(). */
char *out_clean(const char *text);

/**
 * out_text: print lines of text on stdout
 *
 * On a terminal control characters are shown as \\x1b, else kept: patch and
 * libvirt want the bytes.
 */
void out_text(const char *text);
/** out_print: the same, formatted */
void out_print(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** out_width: columns of the terminal; 80 where there is none */
int out_width(void);

/** out_color: whether stdout is a terminal that may be coloured */
bool out_color(void);

/** out_table: a table for libsmartcols with the width and colours set */
struct libscols_table *out_table(void);

/** out_wrap: out_clean() in lines of at most @width columns, broken at blanks */
char *out_wrap(const char *text, size_t width);

/** out_json_begin: an object with "schema" and "command" */
JsonBuilder *out_json_begin(const char *command);
/** out_json_end: print it and free it; what could not be read goes last */
void out_json_end(JsonBuilder *json, const Root *root);
/** out_json_error: the member "error": what out_error() was told, or null */
void out_json_error(JsonBuilder *json);

void json_text(JsonBuilder *json, const char *name, const char *value);
void json_int(JsonBuilder *json, const char *name, gint64 value);
void json_bool(JsonBuilder *json, const char *name, bool value);
void json_answer(JsonBuilder *json, const char *name, Answer value);
void json_null(JsonBuilder *json, const char *name);
void json_hex(JsonBuilder *json, const char *name, guint64 value, int digits);

/**
 * out_unread: say on stderr what could not be read
 *
 * Returns EXIT_PARTIAL if there was something, else EXIT_YES.
 */
int out_unread(const Root *root);

/**
 * out_file: write a new file
 *
 * The name must not exist, unless @force replaces what it names: a regular
 * file, or a symbolic link itself, which is never followed.  Anything else, and
 * a link to anything else, is refused.  The file appears with all its contents
 * or not at all.
 */
bool out_file(const char *path, const void *data, size_t size, bool force,
              GError **error);

/** is_same_file: whether both names lead to one file that exists */
bool is_same_file(const char *a, const char *b);

/** shell_word: @word for sh, bare if sh takes it as it is.  g_free(). */
char *shell_word(const char *word);

/** size_text: 268435456 as "256M" */
char *size_text(guint64 size);

#endif /* VGA_ASSIGN_OUTPUT_H */
