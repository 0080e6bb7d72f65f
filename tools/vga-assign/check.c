/*
 * vga-assign check
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include "adapter.h"
#include "cli.h"
#include "output.h"

enum { STATE, NAME, FOUND };

static const char *check_color(Verdict verdict)
{
    static const char *const colors[] = {
        [VERDICT_OK] = "green", [VERDICT_WARN] = "yellow",
        [VERDICT_FAIL] = "red", [VERDICT_UNKNOWN] = "yellow",
        [VERDICT_NA] = "darkgray",
    };

    return colors[verdict];
}

static void check_line(struct libscols_table *table, Verdict verdict,
                       const char *name, const char *cell)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);

    scols_line_set_data(line, STATE, verdict == VERDICT_FAIL ? "FAIL" :
                        verdict == VERDICT_UNKNOWN ? "?" :
                        verdict == VERDICT_NA ? "-" : verdict_name(verdict));
    scols_line_set_data(line, NAME, name);
    scols_line_set_data(line, FOUND, cell);
    scols_cell_set_color(scols_line_get_cell(line, STATE),
                         check_color(verdict));
}

/* A verdict is one line of the table; its fix is the line below it. */
static void check_row(struct libscols_table *table, const CheckResult *r,
                      size_t width)
{
    g_autofree char *found = out_wrap(r->text, width);
    g_autofree char *fix = r->fix ? out_wrap(r->fix, width - 3) : NULL;
    g_auto(GStrv) lines = fix ? g_strsplit(fix, "\n", -1) : NULL;
    g_autofree char *rest = lines ? g_strjoinv("\n   ", lines) : NULL;
    g_autofree char *cell = g_strconcat(found, rest ? "\n-> " : NULL, rest,
                                        NULL);

    check_line(table, r->verdict, r->name, cell);
}

static bool is_not_asked(const CheckResult *r, const char *reason)
{
    return r->verdict == VERDICT_NA && g_str_equal(r->text, reason);
}

/* Whether a check before this one was not asked for the same reason. */
static bool is_known_reason(const GPtrArray *results, guint index)
{
    const CheckResult *r = g_ptr_array_index(results, index);

    for (guint i = 0; i < index; i++) {
        if (is_not_asked(g_ptr_array_index(results, i), r->text)) {
            return true;
        }
    }
    return false;
}

/* "console, igd: reason", wrapped.  g_free(). */
static char *not_asked(const GPtrArray *results, const char *reason,
                       size_t width)
{
    g_autoptr(GString) text = g_string_new("");

    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        if (is_not_asked(r, reason)) {
            g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                                   r->name);
        }
    }
    g_string_append_printf(text, ": %s", reason);
    return out_wrap(text->str, width);
}

/* The checks that do not apply come last, those with one reason together. */
static void check_rest(struct libscols_table *table, const GPtrArray *results,
                       size_t width)
{
    g_autoptr(GString) cell = g_string_new("");

    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);
        g_autofree char *line = NULL;

        if (r->verdict == VERDICT_NA && !is_known_reason(results, i)) {
            line = not_asked(results, r->text, width);
            g_string_append_printf(cell, "%s%s", cell->len ? "\n" : "", line);
        }
    }
    if (cell->len) {
        check_line(table, VERDICT_NA, "not asked", cell->str);
    }
}

static void check_table(const GPtrArray *results)
{
    struct libscols_table *table = out_table();
    struct libscols_column *found;
    /*
     * The width of the columns STATE and NAME with their gaps: "FAIL
     * framebuffer ".
     */
    size_t width = out_width() - 18;

    scols_table_enable_noheadings(table, 1);
    scols_table_new_column(table, "STATE", 0, 0);
    scols_table_new_column(table, "NAME", 0, 0);
    found = scols_table_new_column(table, "FOUND", 0, SCOLS_FL_WRAP);
    scols_column_set_wrapfunc(found, scols_wrapnl_chunksize,
                              scols_wrapnl_nextchunk, NULL);
    scols_column_set_safechars(found, "\n");
    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        if (r->verdict != VERDICT_NA) {
            check_row(table, r, width);
        }
    }
    check_rest(table, results, width);
    scols_print_table(table);
    scols_unref_table(table);
}

static const char *check_sentence(Verdict verdict)
{
    static const char *const sentences[] = {
        [VERDICT_OK] = "ready for x-vga=on",
        [VERDICT_WARN] = "ready for x-vga=on, with the warnings above",
        [VERDICT_FAIL] = "not ready: see FAIL above",
        [VERDICT_UNKNOWN] = "no obstacle seen, but not everything could be "
                            "read",
        [VERDICT_NA] = "",
    };

    return sentences[verdict];
}

static void check_print(const MachineDevice *d, const GPtrArray *results)
{
    g_autofree char *title =
        g_strdup_printf("%s %s %s [%04x:%04x]", d->bdf, d->vendor_name,
                        d->name, d->vendor, d->device);
    g_autofree char *wrapped = out_wrap(title, out_width());

    puts(wrapped);
    check_table(results);
    printf("%s: %s\n", d->bdf, check_sentence(checks_verdict(results)));
}

/* Add the members of an adapter's verdict to the object that is open. */
static void check_json(JsonBuilder *json, const MachineDevice *d,
                       const GPtrArray *results)
{
    json_builder_set_member_name(json, "adapter");
    adapter_json(json, d);
    json_text(json, "verdict", verdict_name(checks_verdict(results)));
    json_builder_set_member_name(json, "checks");
    json_builder_begin_array(json);
    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        json_builder_begin_object(json);
        json_text(json, "name", r->name);
        json_text(json, "question", r->question);
        json_text(json, "verdict", verdict_name(r->verdict));
        json_text(json, "found", r->text);
        json_text(json, "fix", r->fix);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static int check_one(const Command *command, Machine *m)
{
    CheckGuest guest = cli_guest(command);
    g_autoptr(GPtrArray) results = NULL;
    JsonBuilder *json;
    int code;
    MachineDevice *d = cli_device(m, command->arguments[0], &code);

    if (!d) {
        return code;
    }
    results = checks_run(m, d, &guest);
    if (command->options->json) {
        json = out_json_begin("check");
        json_text(json, "kernel", m->kernel);
        check_json(json, d, results);
        out_json_end(json, m->root);
    } else {
        check_print(d, results);
    }
    return checks_exit(checks_verdict(results));
}

/* Check one of several adapters; prints text if @json is NULL. */
static Verdict check_next(const Command *command, Machine *m, MachineDevice *d,
                          JsonBuilder *json)
{
    CheckGuest guest = cli_guest(command);
    g_autoptr(GPtrArray) results = checks_run(m, d, &guest);

    if (json) {
        json_builder_begin_object(json);
        check_json(json, d, results);
        json_builder_end_object(json);
    } else {
        check_print(d, results);
    }
    return checks_verdict(results);
}

static int check_all(const Command *command, Machine *m)
{
    g_autoptr(GPtrArray) adapters = cli_adapters(m);
    JsonBuilder *json = command->options->json ? out_json_begin("check") : NULL;
    Verdict worst = VERDICT_OK;

    if (json) {
        json_text(json, "kernel", m->kernel);
        json_builder_set_member_name(json, "adapters");
        json_builder_begin_array(json);
    }
    for (guint i = 0; i < adapters->len; i++) {
        MachineDevice *d = g_ptr_array_index(adapters, i);

        if (i && !json) {
            putchar('\n');
        }
        worst = verdict_worse(worst, check_next(command, m, d, json));
    }
    if (json) {
        json_builder_end_array(json);
        out_json_end(json, m->root);
    }
    if (!adapters->len) {
        cli_no_adapter();
        return EXIT_NO;
    }
    return checks_exit(worst);
}

int cmd_check(const Command *command)
{
    g_autoptr(Machine) m = cli_machine(command);

    if (!m) {
        return EXIT_ENVIRONMENT;
    }
    return command->arguments[0] ? check_one(command, m) :
           check_all(command, m);
}
