/*
 * The difference of two texts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A domain has hundreds of lines, of which a few change.  So the common
 * beginning and the common end are left out, and the longest common
 * subsequence is searched only in the lines between them.
 */
#include <stdbool.h>
#include <string.h>
#include <glib.h>

#include "diff.h"

#define CONTEXT 3
/*
 * The most cells that the table may have.  Above that, all lines between count
 * as changed.
 */
#define TABLE_MAX (16 * 1024 * 1024)

typedef struct Edit {
    char kind;              /* ' ', '-' or '+' */
    const char *line;
} Edit;

static char **diff_lines(const char *text, size_t *n)
{
    char **lines = g_strsplit(text, "\n", -1);

    *n = g_strv_length(lines);
    /* The text ends with a newline, behind which there is no line. */
    if (*n && !*lines[*n - 1]) {
        (*n)--;
    }
    return lines;
}

static void diff_add(GArray *edits, char kind, const char *line)
{
    Edit edit = { kind, line };

    g_array_append_val(edits, edit);
}

/* List the edits between a[0..n) and b[0..m) with a table of common lengths. */
static void diff_middle(char **a, size_t n, char **b, size_t m, GArray *edits)
{
    bool small = n && m && n < TABLE_MAX / m;
    g_autofree guint32 *table = small ? g_new0(guint32, (n + 1) * (m + 1)) :
                                NULL;
    size_t i, j;

    for (i = n; small && i-- > 0;) {
        for (j = m; j-- > 0;) {
            guint32 *cell = &table[i * (m + 1) + j];

            *cell = g_str_equal(a[i], b[j]) ? cell[m + 2] + 1 :
                    MAX(cell[m + 1], cell[1]);
        }
    }
    for (i = j = 0; i < n || j < m;) {
        guint32 *cell = small ? &table[i * (m + 1) + j] : NULL;

        if (i < n && j < m && cell && g_str_equal(a[i], b[j])) {
            diff_add(edits, ' ', a[i++]);
            j++;
        } else if (i < n && (j == m || !cell || cell[m + 1] >= cell[1])) {
            diff_add(edits, '-', a[i++]);
        } else {
            diff_add(edits, '+', b[j++]);
        }
    }
}

static GArray *diff_edits(char **a, size_t n, char **b, size_t m)
{
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(Edit));
    size_t head = 0, tail = 0;

    while (head < n && head < m && g_str_equal(a[head], b[head])) {
        diff_add(edits, ' ', a[head++]);
    }
    while (tail < n - head && tail < m - head &&
           g_str_equal(a[n - 1 - tail], b[m - 1 - tail])) {
        tail++;
    }
    diff_middle(a + head, n - head - tail, b + head, m - head - tail, edits);
    while (tail) {
        diff_add(edits, ' ', a[n - tail--]);
    }
    return edits;
}

/* The end of the hunk that begins with the change at @first. */
static guint hunk_end(const GArray *edits, guint first)
{
    guint last = first;

    for (guint i = first; i < edits->len && i <= last + 2 * CONTEXT; i++) {
        if (g_array_index(edits, Edit, i).kind != ' ') {
            last = i;
        }
    }
    return MIN(last + CONTEXT + 1, edits->len);
}

static void hunk_print(GString *out, const GArray *edits, guint begin,
                       guint end, guint line_a, guint line_b)
{
    guint n = 0, m = 0;

    for (guint i = begin; i < end; i++) {
        n += g_array_index(edits, Edit, i).kind != '+';
        m += g_array_index(edits, Edit, i).kind != '-';
    }
    g_string_append_printf(out, "@@ -%u,%u +%u,%u @@\n", n ? line_a : line_a - 1,
                           n, m ? line_b : line_b - 1, m);
    for (guint i = begin; i < end; i++) {
        const Edit *edit = &g_array_index(edits, Edit, i);

        g_string_append_printf(out, "%c%s\n", edit->kind, edit->line);
    }
}

char *diff_unified(const char *name_a, const char *a, const char *name_b,
                   const char *b)
{
    size_t n, m;
    g_auto(GStrv) lines_a = diff_lines(a, &n);
    g_auto(GStrv) lines_b = diff_lines(b, &m);
    g_autoptr(GArray) edits = diff_edits(lines_a, n, lines_b, m);
    GString *out = g_string_new("");
    guint line_a = 1, line_b = 1, done = 0;

    for (guint i = 0; i < edits->len; i++) {
        guint begin = MAX(i > CONTEXT ? i - CONTEXT : 0, done), end;

        if (g_array_index(edits, Edit, i).kind == ' ') {
            continue;
        }
        end = hunk_end(edits, i);
        for (; done < begin; done++) {
            line_a++;
            line_b++;
        }
        if (!out->len) {
            g_string_append_printf(out, "--- %s\n+++ %s\n", name_a, name_b);
        }
        hunk_print(out, edits, begin, end, line_a, line_b);
        for (; done < end; done++) {
            line_a += g_array_index(edits, Edit, done).kind != '+';
            line_b += g_array_index(edits, Edit, done).kind != '-';
        }
        i = end - 1;
    }
    return g_string_free(out, FALSE);
}
