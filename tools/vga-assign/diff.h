/*
 * The difference of two texts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_DIFF_H
#define VGA_ASSIGN_DIFF_H

/**
 * diff_unified: as `diff -u` prints it, with three lines of context
 *
 * Returns "" if the texts are equal.  g_free().
 */
char *diff_unified(const char *name_a, const char *a, const char *name_b,
                   const char *b);

#endif /* VGA_ASSIGN_DIFF_H */
