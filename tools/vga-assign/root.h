/*
 * Where a machine's facts are read from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every file of the host is read below a root directory: "/" for this machine,
 * --sysfs-root for the copy of another one.  Below it are sys/, proc/, dev/,
 * boot/ and etc/ as on the machine itself.  Files that exist but could not be
 * read are remembered, because a check that depends on one must say so.
 *
 * Contents are untrusted: a copy of a machine may have been made by anyone.
 * Every read is bounded, and no file is assumed to be well-formed.
 */
#ifndef VGA_ASSIGN_ROOT_H
#define VGA_ASSIGN_ROOT_H

#include <stdbool.h>
#include <glib.h>

/* The largest text that is read; a kernel's configuration has about 300 KiB. */
#define ROOT_TEXT_MAX (4 * 1024 * 1024)

typedef enum RootResult {
    ROOT_OK,
    ROOT_ABSENT,        /* there is no such file */
    ROOT_UNREADABLE,    /* it exists, and is in Root.unread now */
} RootResult;

typedef struct RootUnread {
    char *path;         /* as on the machine, "/dev/vga_arbiter" */
    char *reason;       /* "Permission denied" */
    int code;           /* the errno */
} RootUnread;

typedef struct Root {
    char *dir;          /* no trailing slash; "" for this machine */
    GPtrArray *unread;  /* RootUnread, each path once */
    GHashTable *hidden; /* of a copy: path to errno; root_hidden() */
} Root;

/** root_new: @dir is a copy; NULL or "/" is this machine.  root_free(). */
Root *root_new(const char *dir);
void root_free(Root *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Root, root_free)

/** root_is_copy: whether it is not this machine */
bool root_is_copy(const Root *root);

/**
 * root_hidden: the errno that reading @path gives in the copy of a machine
 *
 * The person who made the copy may have been unable to read some files.
 * "unreadable" in the copy's directory lists these, for example "13
 * /dev/vga_arbiter".  Returns 0 for all others.
 */
int root_hidden(const Root *root, const char *path);

/** root_path: the name by which a file of the machine is opened.  g_free(). */
char *root_path(const Root *root, const char *path);

/**
 * root_read: the contents of a file, at most @max bytes of it
 *
 * @data: set on ROOT_OK; a 0 byte follows its @size bytes; g_free()
 */
RootResult root_read(Root *root, const char *path, size_t max,
                     char **data, size_t *size);

/** root_text: a file's text without white space around it, or NULL */
char *root_text(Root *root, const char *path);

/** root_number: a file's number in C's notation; @missing if there is none */
gint64 root_number(Root *root, const char *path, gint64 missing);

/** root_link_name: the last part of a symbolic link's target, or NULL */
char *root_link_name(Root *root, const char *path);

/** root_link: a symbolic link's target, or NULL */
char *root_link(Root *root, const char *path);

/**
 * root_list: the names in a directory, sorted; empty if it cannot be read
 *
 * Returns a NULL-terminated vector; g_strfreev().
 */
char **root_list(Root *root, const char *path);

bool root_exists(const Root *root, const char *path);

/**
 * root_contains: whether writing to @path stays below the directory of a copy
 *
 * A copy may have symbolic links to anywhere.  The last part of @path is not
 * followed.  Always true for this machine.
 */
bool root_contains(const Root *root, const char *path);

/** root_unreadable: remember that @path could not be read for errno @code */
void root_unreadable(Root *root, const char *path, int code);

/** root_is_unread: whether reading @path has failed */
bool root_is_unread(const Root *root, const char *path);

#endif /* VGA_ASSIGN_ROOT_H */
