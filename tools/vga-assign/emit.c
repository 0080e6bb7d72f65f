/*
 * vga-assign args and proxmox
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "emit.h"
#include "output.h"

GPtrArray *emit_functions(const Machine *machine, MachineDevice *device)
{
    GPtrArray *functions = g_ptr_array_new();

    g_ptr_array_add(functions, device);
    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *d = g_ptr_array_index(machine->devices, i);

        if (d != device && d->domain == device->domain &&
            d->bus == device->bus && d->slot == device->slot &&
            d->group == device->group && !device_is_bridge(d) &&
            !device_is_virtual(d) && !device_is_virtual(device)) {
            g_ptr_array_add(functions, d);
        }
    }
    return functions;
}

static void G_GNUC_PRINTF(2, 3) add(GPtrArray *argv, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(argv, g_strdup_vprintf(format, args));
    va_end(args);
}

/* A line for each option; JSON has the words as they are. */
static int emit(const Command *command, const char *name, GPtrArray *argv)
{
    JsonBuilder *json;

    if (!command->options->json) {
        for (guint i = 0; i < argv->len; i++) {
            const char *word = g_ptr_array_index(argv, i);
            g_autofree char *quoted = shell_word(word);

            out_print("%s%s", !i ? "" : *word == '-' ? " \\\n    " : " ",
                      quoted);
        }
        out_text("\n");
        return EXIT_YES;
    }
    json = out_json_begin(name);
    json_builder_set_member_name(json, "argv");
    json_builder_begin_array(json);
    for (guint i = 0; i < argv->len; i++) {
        json_text(json, NULL, g_ptr_array_index(argv, i));
    }
    json_builder_end_array(json);
    out_json_end(json, NULL);
    return EXIT_YES;
}

/* In QEMU's options a comma in a value is written twice. */
static char *romfile_property(const char *romfile)
{
    g_autoptr(GString) text = g_string_new(romfile ? romfile : "");

    g_string_replace(text, ",", ",,", 0);
    return g_strdup_printf("%s%s", romfile ? ",romfile=" : "", text->str);
}

static void args_devices(const Command *command, const GPtrArray *functions,
                         GPtrArray *argv)
{
    const MachineDevice *d = g_ptr_array_index(functions, 0);
    g_autofree char *rom = romfile_property(command->options->romfile);
    bool port = command->q35 && !device_is_igd(d);
    /* A slot on a root bus that nothing else has by itself. */
    const char *slot = port ? "0" : device_is_igd(d) ? "2" : "10";

    if (port) {
        add(argv, "-device");
        add(argv, "pcie-root-port,id=rp1");
    }
    for (guint i = 0; i < functions->len; i++) {
        const MachineDevice *f = g_ptr_array_index(functions, i);

        add(argv, "-device");
        add(argv, "vfio-pci,host=%s%s%s,addr=%s.%u%s%s%s", f->bdf,
            i ? "" : ",id=vga0", port ? ",bus=rp1" : "", slot,
            i && f->function < d->function ? f->function + 1 : i,
            !i && functions->len > 1 ? ",multifunction=on" : "",
            i ? "" : ",x-vga=on", i ? "" : rom);
    }
}

int cmd_args(const Command *command)
{
    g_autoptr(Machine) m = cli_machine(command);
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    const char *emulator = command->options->emulator;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    d = m ? cli_vga(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    functions = emit_functions(m, d);
    add(argv, "%s", emulator ? emulator : "qemu-system-x86_64");
    add(argv, "-machine");
    add(argv, command->q35 ? "q35" : "pc");
    add(argv, "-accel");
    add(argv, "kvm");
    add(argv, "-cpu");
    add(argv, "host");
    add(argv, "-m");
    add(argv, "%" G_GUINT64_FORMAT "M", command->memory >> 20);
    add(argv, "-vga");
    add(argv, "none");
    args_devices(command, functions, argv);
    cli_not_ready(command, m, d);
    return emit(command, "args", argv);
}

static bool proxmox_number(const char *text)
{
    return !text || (*text && strlen(text) <= 9 &&
                     strspn(text, "0123456789") == strlen(text));
}

/* Without its function the whole slot is assigned. */
static void proxmox_hostpci(const Command *command, const MachineDevice *d,
                            bool all, GPtrArray *argv)
{
    const char *romfile = command->options->romfile;
    g_autofree char *name = romfile ? g_path_get_basename(romfile) : NULL;
    g_autofree char *address = all ? g_strndup(d->bdf, strlen(d->bdf) - 2) :
                               g_strdup(d->bdf);

    add(argv, "-hostpci0");
    add(argv, "%s%s,x-vga=1%s%s", address, device_is_igd(d) ? ",legacy-igd=1" :
        command->q35 ? ",pcie=1" : "", name ? ",romfile=" : "",
        name ? name : "");
    if (romfile) {
        out_note("Proxmox looks for %s in /usr/share/kvm", name);
    }
}

int cmd_proxmox(const Command *command)
{
    g_autoptr(Machine) m = NULL;
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    const char *vmid = command->options->vmid;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;
    bool q35;

    if (!proxmox_number(vmid)) {
        out_error("--vmid is a number, not '%s'", vmid);
        return EXIT_USAGE;
    }
    m = cli_machine(command);
    d = m ? cli_vga(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    functions = emit_functions(m, d);
    q35 = command->q35 && !device_is_igd(d);
    add(argv, "qm");
    add(argv, "set");
    add(argv, "%s", vmid ? vmid : "VMID");
    /* With OVMF Proxmox drops x-vga; Intel graphics want the machine pc. */
    add(argv, "-bios");
    add(argv, "seabios");
    add(argv, "-machine");
    add(argv, q35 ? "q35" : "pc");
    add(argv, "-vga");
    add(argv, "none");
    proxmox_hostpci(command, d, functions->len > 1, argv);
    cli_not_ready(command, m, d);
    return emit(command, "proxmox", argv);
}
