/*
 * vga-assign list
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include "arbiter.h"
#include "adapter.h"
#include "cli.h"
#include "output.h"

/* The state of the ROM in a word or two. */
static char *list_rom(const Command *command, Machine *m,
                      const MachineDevice *d)
{
    g_autofree char *unsafe = rom_is_unsafe(m, d);
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);
    g_autoptr(RomBytes) bytes = NULL;
    g_autoptr(VBIOSVerdict) v = NULL;
    g_autoptr(GError) error = NULL;
    VBIOSGuest guest;

    if (unsafe && !command->options->read_rom) {
        return g_strdup("not read");
    }
    bytes = rom_from_adapter(m, d, &error);
    if (!bytes) {
        return g_strdup(error->code == G_IO_ERROR_NOT_FOUND ? "none" :
                        "unreadable");
    }
    guest = rom_guest(d, command->firmware, bytes->shadow);
    vbios_parse(rom, bytes->data, bytes->size);
    v = vbios_judge(rom, bytes->data, bytes->size, &guest);
    return g_strdup_printf("%s%s", bytes->shadow ? "shadow copy" :
                           rom_kinds(rom),
                           v->fatal & guest.firmware ? ", useless" : "");
}

static void list_bars(GString *text, const MachineDevice *d)
{
    for (int i = 0; i < MACHINE_ROM; i++) {
        const MachineBar *bar = &d->bars[i];
        g_autofree char *size = size_text(bar->size);

        if (bar->size) {
            g_string_append_printf(text, " %s%s%s", size,
                                   bar->flags & BAR_IO ? " io" :
                                   bar->flags & BAR_64 ? "/64" : "",
                                   bar->flags & BAR_PREFETCH ? "p" : "");
        }
    }
}

static char *list_arbiter(const MachineDevice *d)
{
    const MachineArbiter *a = &d->arbiter;

    return a->known ? g_strdup_printf("%s/%s/%u:%u", a->decodes, a->owns,
                                      a->io_locks, a->mem_locks) :
           g_strdup(device_is_vga(d) ? "?" : "-");
}

/* Whether the adapter could be given to a guest in its present state. */
static Verdict list_verdict(const Command *command, Machine *m,
                            MachineDevice *d)
{
    CheckGuest guest = cli_guest(command);
    g_autoptr(GPtrArray) results = d->broken ? NULL :
                                   checks_run(m, d, &guest);

    return results ? checks_verdict(results) : VERDICT_UNKNOWN;
}

/* "check" tells why. */
static const char *list_ready(Verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_OK] = "yes", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "no",
        [VERDICT_UNKNOWN] = "?", [VERDICT_NA] = "-",
    };

    return names[verdict];
}

enum { ADDRESS, READY, DRIVER, GROUP, BOOT, ARBITER, ROM };

static void list_row(const Command *command, Machine *m, MachineDevice *d,
                     struct libscols_table *table)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    g_autofree char *group = d->group < 0 ? g_strdup("-") :
                             g_strdup_printf("%d", d->group);
    g_autofree char *arbiter = list_arbiter(d);
    g_autofree char *rom = list_rom(command, m, d);

    scols_line_set_data(line, ADDRESS, d->bdf);
    scols_line_set_data(line, READY,
                        list_ready(list_verdict(command, m, d)));
    scols_line_set_data(line, DRIVER, d->driver ? d->driver : "-");
    scols_line_set_data(line, GROUP, group);
    scols_line_set_data(line, BOOT, device_is_boot_vga(d) ? "yes" :
                        d->boot_vga ? "no" : "-");
    scols_line_set_data(line, ARBITER, arbiter);
    scols_line_set_data(line, ROM, rom);
}

/* Describe the device and its BARs below its row, where a name has room. */
static void list_describe(const MachineDevice *d)
{
    g_autoptr(GString) text = g_string_new("");
    g_autofree char *wrapped = NULL;
    g_auto(GStrv) lines = NULL;

    g_string_append_printf(text, "%s %s [%04x:%04x]", d->vendor_name, d->name,
                           d->vendor, d->device);
    if (!device_is_vga(d)) {
        g_string_append_printf(text, " class %04x, not VGA",
                               d->class_code >> 8);
    }
    list_bars(text, d);
    if (d->broken) {
        g_string_append_printf(text, " (%s)", d->broken);
    }
    wrapped = out_wrap(text->str, out_width() - 2);
    lines = g_strsplit(wrapped, "\n", -1);
    for (char **line = lines; *line; line++) {
        printf("  %s\n", *line);
    }
}

static void list_table(const Command *command, Machine *m,
                       const GPtrArray *adapters)
{
    static const char *const names[] = {
        "ADDRESS", "READY", "DRIVER", "GROUP", "BOOT", "DECODES/OWNS/LOCKS", "ROM",
    };
    struct libscols_table *table = out_table();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        scols_table_new_column(table, names[i], 0, 0);
    }
    for (guint i = 0; i < adapters->len; i++) {
        list_row(command, m, g_ptr_array_index(adapters, i), table);
    }
    for (guint i = 0; i < adapters->len; i++) {
        struct libscols_line *line = scols_table_get_line(table, i);

        scols_table_print_range(table, line, line);
        if (i + 1 == adapters->len) {
            putchar('\n');
        }
        list_describe(g_ptr_array_index(adapters, i));
    }
    scols_unref_table(table);
}

static void list_json(const Command *command, Machine *m,
                      const GPtrArray *adapters)
{
    JsonBuilder *json = out_json_begin("list");

    json_builder_set_member_name(json, "adapters");
    json_builder_begin_array(json);
    for (guint i = 0; i < adapters->len; i++) {
        MachineDevice *d = g_ptr_array_index(adapters, i);
        g_autofree char *rom = list_rom(command, m, d);

        json_builder_begin_object(json);
        json_builder_set_member_name(json, "adapter");
        adapter_json(json, d);
        json_text(json, "rom", rom);
        json_text(json, "ready", verdict_name(list_verdict(command, m, d)));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    out_json_end(json, m->root);
}

int cmd_list(const Command *command)
{
    g_autoptr(Machine) m = cli_machine(command);
    g_autoptr(GPtrArray) adapters = g_ptr_array_new();

    if (!m) {
        return EXIT_ENVIRONMENT;
    }
    for (guint i = 0; i < m->devices->len; i++) {
        MachineDevice *d = g_ptr_array_index(m->devices, i);

        if (device_is_display(d) || d->broken) {
            g_ptr_array_add(adapters, d);
        }
    }
    if (command->options->json) {
        list_json(command, m, adapters);
    } else if (adapters->len) {
        list_table(command, m, adapters);
    } else {
        cli_no_adapter();
    }
    if (!adapters->len) {
        return EXIT_NO;
    }
    return command->options->json ?
           (m->root->unread->len ? EXIT_PARTIAL : EXIT_YES) :
           out_unread(m->root);
}
