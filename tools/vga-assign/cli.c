/*
 * What several commands do with their arguments
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "output.h"

Machine *cli_machine(const Command *command)
{
    const char *dir = command->options->sysfs_root;
    GError *error = NULL;
    Machine *machine = machine_load(root_new(dir), &error);

    if (!machine) {
        out_fail(EXIT_ENVIRONMENT, error, dir ?
                 "--sysfs-root needs the directory that contains sys/" :
                 "sysfs must be mounted on /sys");
    }
    return machine;
}

static void hint_adapters(const Machine *machine)
{
    g_autoptr(GString) names = g_string_new("");

    for (guint i = 0; i < machine->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(machine->devices, i);

        if (device_is_display(d)) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   d->bdf);
        }
    }
    out_hint("display adapters here: %s", names->len ? names->str : "none");
}

void cli_no_adapter(void)
{
    out_note("this machine has no display adapter: none of its PCI devices has "
             "class 03");
}

/* A part of an address and its largest value. */
static char *too_large(const char *text, const char *part, unsigned value,
                       unsigned most)
{
    return value <= most ? NULL :
           g_strdup_printf("'%s' is not a PCI address: its %s %x is too large, "
                           "%x is the largest", text, part, value, most);
}

/* Whether all of @text has the form of an address, with its function or not. */
static bool has_form(const char *text, bool function, unsigned *bus,
                     unsigned *slot, unsigned *number)
{
    unsigned domain;
    int used = 0;

    *number = 0;
    if (strlen(text) > strlen("00000000:00:00.0")) {
        return false;
    }
    if (function) {
        return (sscanf(text, "%x:%x:%x.%x%n", &domain, bus, slot, number,
                       &used) == 4 && !text[used]) ||
               (sscanf(text, "%x:%x.%x%n", bus, slot, number, &used) == 3 &&
                !text[used]);
    }
    return (sscanf(text, "%x:%x:%x%n", &domain, bus, slot, &used) == 3 &&
            !text[used]) ||
           (sscanf(text, "%x:%x%n", bus, slot, &used) == 2 && !text[used]);
}

/* Say why @text is no address, as far as its form tells. */
static void bdf_error(const char *text)
{
    g_autofree char *message = NULL;
    unsigned bus, slot, function;

    if (strspn(text, "0123456789abcdefABCDEF:.") == strlen(text) &&
        has_form(text, true, &bus, &slot, &function)) {
        message = too_large(text, "bus", bus, 0xff);
        message = message ? message : too_large(text, "device", slot, 0x1f);
        message = message ? message : too_large(text, "function", function, 7);
    } else if (strspn(text, "0123456789abcdefABCDEF:") == strlen(text) &&
               has_form(text, false, &bus, &slot, &function)) {
        message = g_strdup_printf("'%s' is not a PCI address: its function is "
                                  "missing (%s.0?)", text, text);
    }
    if (message) {
        out_error("%s", message);
    } else {
        out_error("'%s' is not a PCI address", text);
    }
    out_hint("an address is written as 01:00.0 or 0000:01:00.0");
}

MachineDevice *cli_device(const Machine *machine, const char *text, int *code)
{
    g_autofree char *bdf = bdf_parse(text);
    MachineDevice *device = bdf ? machine_device(machine, bdf) : NULL;

    if (!bdf) {
        bdf_error(text);
        *code = EXIT_USAGE;
        return NULL;
    }
    *code = EXIT_ENVIRONMENT;
    if (!device) {
        out_error("%s: there is no such device", bdf);
        hint_adapters(machine);
        return NULL;
    }
    if (device->broken) {
        out_error("%s: %s", bdf, device->broken);
        return NULL;
    }
    return device;
}

MachineDevice *cli_display(const Machine *machine, const char *text, int *code)
{
    MachineDevice *device = cli_device(machine, text, code);

    if (device && !device_is_display(device)) {
        out_error("%s is not a display adapter: its class is %04x", device->bdf,
                  device->class_code >> 8);
        hint_adapters(machine);
        *code = EXIT_NO;
        return NULL;
    }
    return device;
}

MachineDevice *cli_vga(const Machine *machine, const char *text, int *code)
{
    MachineDevice *device = cli_device(machine, text, code);

    if (device && !device_is_vga(device)) {
        out_error("%s is not a VGA controller: its class is %04x, VGA is 0300",
                  device->bdf, device->class_code >> 8);
        hint_adapters(machine);
        *code = EXIT_NO;
        return NULL;
    }
    if (device && device_is_virtual(device)) {
        out_error("%s is a virtual function of %s, and virtual functions "
                  "decode no legacy VGA addresses", device->bdf,
                  device->physfn);
        out_hint("assign %s itself, or give %s to the guest without x-vga=on "
                 "beside an emulated display", device->physfn, device->bdf);
        *code = EXIT_NO;
        return NULL;
    }
    return device;
}

GPtrArray *cli_adapters(const Machine *machine)
{
    GPtrArray *adapters = g_ptr_array_new();

    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *d = g_ptr_array_index(machine->devices, i);

        if (device_is_display(d) && !d->broken) {
            g_ptr_array_add(adapters, d);
        }
    }
    return adapters;
}

CheckGuest cli_guest(const Command *command)
{
    return (CheckGuest) {
        .q35 = command->q35,
        .machine_given = command->options->machine_type != NULL,
        .firmware = command->firmware,
        .memory = command->memory,
        .romfile = command->options->romfile,
        .read_rom = command->options->read_rom,
    };
}

void cli_not_ready(const Command *command, Machine *machine,
                   MachineDevice *device)
{
    CheckGuest guest = cli_guest(command);
    g_autoptr(GPtrArray) results = checks_run(machine, device, &guest);
    guint failed = 0;

    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        failed += r->verdict == VERDICT_FAIL;
    }
    if (failed) {
        g_autofree char *checks = count_text(failed, "check");

        out_note("%s is not ready for x-vga=on (%s failed): %s check %s",
                 device->bdf, checks, out_tool(), device->bdf);
    }
}
