/*
 * Options of kernel modules, in modprobe.d and on the kernel command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * modprobe.d(5) describes the format.  A line that ends with a backslash goes
 * on, "-" and "_" are the same in names, a file hides files of the same name
 * in later directories, and files are read in the order of their names.
 */
#include <string.h>

#include "modprobe.h"

/*
 * The kernel looks at the first letter, and at the second one of "on" and
 * "off".
 */
Answer kernel_bool(const char *text)
{
    if (*text == '"') {
        text++;
    }
    if ((*text == 'o' || *text == 'O') && text[1]) {
        text++;
        return strchr("nN", *text) ? ANSWER_YES :
               strchr("fF", *text) ? ANSWER_NO : ANSWER_UNKNOWN;
    }
    if (!*text) {
        return ANSWER_UNKNOWN;
    }
    return strchr("yYtT1", *text) ? ANSWER_YES :
           strchr("nNfF0", *text) ? ANSWER_NO : ANSWER_UNKNOWN;
}

static bool same_name(const char *text, size_t length, const char *name)
{
    if (strlen(name) != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char c = text[i] == '-' ? '_' : text[i];

        if (c != name[i]) {
            return false;
        }
    }
    return true;
}

/* "disable_vga=on" sets @value; a word without "=" sets it to true. */
static void option_word(const char *word, const char *option, Answer *value)
{
    size_t length = strcspn(word, "=");

    if (same_name(word, length, option)) {
        *value = word[length] ? kernel_bool(word + length + 1) : ANSWER_YES;
    }
}

static void option_line(const char *line, const char *option, Answer *value)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
    char *word[2] = { NULL, NULL };
    int n = 0;

    for (char **w = words; *w; w++) {
        if (!**w) {
            continue;
        }
        if (n < 2) {
            word[n++] = *w;
        } else if (g_str_equal(word[0], "options") &&
                   same_name(word[1], strlen(word[1]), "vfio_pci")) {
            option_word(*w, option, value);
        }
    }
}

static Answer option_in_file(const char *text, const char *option)
{
    g_autoptr(GString) joined = g_string_new(text);
    g_auto(GStrv) lines = NULL;
    Answer value = ANSWER_UNKNOWN;

    g_string_replace(joined, "\\\n", "", 0);
    lines = g_strsplit(joined->str, "\n", -1);
    for (char **line = lines; *line; line++) {
        option_line(*line, option, &value);
    }
    return value;
}

static Answer option_on_cmdline(const Machine *m, const char *option)
{
    g_auto(GStrv) words = g_strsplit(m->cmdline ? m->cmdline : "", " ", -1);
    Answer value = ANSWER_UNKNOWN;

    for (char **w = words; *w; w++) {
        const char *dot = strchr(*w, '.');

        if (dot && same_name(*w, dot - *w, "vfio_pci")) {
            option_word(dot + 1, option, &value);
        }
    }
    return value;
}

/*
 * A table of paths by name.  The first directory that has a name hides it in
 * others.
 */
static GHashTable *modprobe_files(const Machine *m)
{
    static const char *const places[] = {
        "/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
        "/usr/lib/modprobe.d", "/lib/modprobe.d",
    };
    GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              g_free);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_auto(GStrv) names = root_list(m->root, places[i]);

        for (char **n = names; *n; n++) {
            if (g_str_has_suffix(*n, ".conf") &&
                !g_hash_table_contains(files, *n)) {
                g_hash_table_insert(files, g_strdup(*n),
                                    g_strconcat(places[i], "/", *n, NULL));
            }
        }
    }
    return files;
}

char *modprobe_true(const Machine *m, const char *option)
{
    g_autoptr(GHashTable) files = modprobe_files(m);
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(files),
                                         (GCompareFunc)strcmp);
    char *source = option_on_cmdline(m, option) == ANSWER_YES ?
                   g_strdup("the kernel command line") : NULL;

    for (GList *n = names; n; n = n->next) {
        const char *path = g_hash_table_lookup(files, n->data);
        g_autofree char *text = root_text(m->root, path);
        Answer value = text ? option_in_file(text, option) : ANSWER_UNKNOWN;

        if (value != ANSWER_UNKNOWN) {
            g_free(source);
            source = value == ANSWER_YES ? g_strdup(path) : NULL;
        }
    }
    return source;
}
