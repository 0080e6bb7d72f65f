/*
 * Names and lines as a report has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "output.h"
#include "reportname.h"

char *report_part(const char *name)
{
    char *part = g_utf8_make_valid(name, -1);

    for (char *c = part; *c; c++) {
        if (*c == ' ' || *c == '/' || g_ascii_iscntrl(*c)) {
            *c = '_';
        }
    }
    if (!*part || g_str_equal(part, ".") || g_str_equal(part, "..")) {
        g_free(part);
        return g_strdup("_");
    }
    return part;
}

char *report_path(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (char **part = parts; *part; part++) {
        char *clean = **part ? report_part(*part) : g_strdup("");

        g_free(*part);
        *part = clean;
    }
    return g_strjoinv("/", parts);
}

char *report_line(const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, "\t", -1);

    for (char **part = parts; *part; part++) {
        char *clean = out_clean(*part);

        g_free(*part);
        *part = clean;
    }
    return g_strjoinv("\t", parts);
}
