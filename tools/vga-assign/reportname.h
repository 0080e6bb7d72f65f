/*
 * Names and lines as a report has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A report is a text of entries, and somebody makes files of it again: what a
 * host calls its things must add neither lines nor paths to it.
 */
#ifndef VGA_ASSIGN_REPORTNAME_H
#define VGA_ASSIGN_REPORTNAME_H

/**
 * report_part: a name as one word, and as one part of a path
 *
 * It leads neither up nor elsewhere.  g_free().
 */
char *report_part(const char *name);

/** report_path: the same for each part of a path.  g_free(). */
char *report_path(const char *path);

/** report_line: without control characters but tabs.  g_free(). */
char *report_line(const char *line);

#endif /* VGA_ASSIGN_REPORTNAME_H */
