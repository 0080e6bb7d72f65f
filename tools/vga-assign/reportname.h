/*
 * Names and lines as a report has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A report is a text of entries from which files are made later.  Names of a
 * host must not add lines or paths to it.
 */
#ifndef VGA_ASSIGN_REPORTNAME_H
#define VGA_ASSIGN_REPORTNAME_H

/**
 * report_part: a name as a single word, usable as one part of a path
 *
 * The result leads neither upward nor elsewhere.  g_free().
 */
char *report_part(const char *name);

/** report_path: the same for each part of a path.  g_free(). */
char *report_path(const char *path);

/** report_line: the line without control characters except tabs.  g_free(). */
char *report_line(const char *line);

#endif /* VGA_ASSIGN_REPORTNAME_H */
