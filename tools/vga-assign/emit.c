/*
 * vga-assign args and proxmox
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "emit.h"
#include "host.h"
#include "igd.h"
#include "output.h"

#define QEMU "qemu-system-x86_64"

bool emit_is_function(const MachineDevice *device, const MachineDevice *other)
{
    return other != device && other->domain == device->domain &&
           other->bus == device->bus && other->slot == device->slot &&
           other->group == device->group && !device_is_bridge(other) &&
           !device_is_virtual(other) && !device_is_virtual(device);
}

GPtrArray *emit_functions(const Machine *machine, MachineDevice *device)
{
    GPtrArray *functions = g_ptr_array_new();

    g_ptr_array_add(functions, device);
    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *d = g_ptr_array_index(machine->devices, i);

        if (emit_is_function(device, d)) {
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

/* Lines that a shell ignores. */
static void emit_comment(const char *text)
{
    g_autofree char *wrapped = out_wrap(text, out_width() - strlen("# "));
    g_auto(GStrv) lines = g_strsplit(wrapped, "\n", -1);

    for (char **line = lines; *line; line++) {
        out_print("# %s\n", *line);
    }
}

/* Print one option a line; JSON has the words of each option in an array. */
static void emit(const Command *command, const char *name, GPtrArray *argv)
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
        return;
    }
    json = out_json_begin(name);
    json_builder_set_member_name(json, "argv");
    json_builder_begin_array(json);
    for (guint i = 0; i < argv->len; i++) {
        json_text(json, NULL, g_ptr_array_index(argv, i));
    }
    json_builder_end_array(json);
    out_json_end(json, NULL);
}

/* In QEMU's options a comma in a value is doubled. */
static char *romfile_property(const char *romfile)
{
    g_autoptr(GString) text = g_string_new(romfile ? romfile : "");

    g_string_replace(text, ",", ",,", 0);
    return g_strdup_printf("%s%s", romfile ? ",romfile=" : "", text->str);
}

/* The options of the adapter's device besides its address.  g_free(). */
static char *args_properties(const GuestPlace *place, const char *romfile)
{
    g_autofree char *rom = romfile_property(romfile);

    return g_strconcat(
        place->igd_legacy ? ",x-igd-legacy-mode=on" : "",
        place->igd_uefi ?
        ",x-igd-legacy-mode=off,x-igd-opregion=on,x-igd-lpc=on" : "",
        place->x_vga ? ",x-vga=on" : "", rom, NULL);
}

static void args_devices(const Command *command, const GPtrArray *functions,
                         const GuestPlace *place, GPtrArray *argv)
{
    const MachineDevice *d = g_ptr_array_index(functions, 0);
    g_autofree char *properties = args_properties(place,
                                                  command->options->romfile);

    if (place->port) {
        add(argv, "-device");
        add(argv, "pcie-root-port,id=rp1");
    }
    for (guint i = 0; i < functions->len; i++) {
        const MachineDevice *f = g_ptr_array_index(functions, i);

        add(argv, "-device");
        add(argv, "vfio-pci,host=%s%s%s,addr=%x.%u%s%s", f->bdf,
            i ? "" : ",id=vga0", place->port ? ",bus=rp1" : "", place->slot,
            i && f->function < d->function ? f->function + 1 : i,
            !i && functions->len > 1 ? ",multifunction=on" : "",
            i ? "" : properties);
    }
}

/*
 * Tell what differs from the options that were given, and what else is needed.
 */
static void emit_notes(const Command *command, const GuestPlace *place)
{
    if (place->reason) {
        out_note("%s", place->reason);
    }
    if (place->igd_uefi) {
        out_note("only UEFI firmware shows a picture on it, by an option ROM "
                 "made for it%s", command->options->romfile ? "" :
                 ", which --romfile gives to the guest");
    }
}

/* Unlike libvirt, QEMU does not bind the functions that it is given. */
static void args_note_functions(const Machine *m, const MachineDevice *d)
{
    g_autoptr(GPtrArray) rest = check_group_rest(m, d);
    g_autofree char *names = check_device_names(rest);
    g_autofree char *bind = check_bind_command(m, d);

    if (rest->len && device_is_bound(d)) {
        out_note("QEMU does not start before vfio-pci has %s: %s", names, bind);
    }
}

/* What the command line leaves to the user. */
static void args_comments(const char *emulator)
{
    if (!emulator) {
        emit_comment("This is the first " QEMU " in PATH, because no QEMU with "
                     "this series was found; --emulator PATH names another.");
    }
    emit_comment("Add your disk: -drive file=guest.img,if=virtio");
}

int cmd_args(const Command *command)
{
    g_autoptr(Machine) m = cli_machine(command);
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *series = NULL;
    const char *emulator = command->options->emulator;
    GuestPlace place;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    d = m ? cli_vga(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    functions = emit_functions(m, d);
    place = guest_place(d, command->q35);
    series = emulator ? NULL : host_series(m);
    emulator = emulator ? emulator : series;
    add(argv, "%s", emulator ? emulator : QEMU);
    add(argv, "-machine");
    add(argv, "%s", guest_machine(&place));
    add(argv, "-accel");
    add(argv, "kvm");
    add(argv, "-cpu");
    add(argv, "host");
    add(argv, "-m");
    add(argv, "%" G_GUINT64_FORMAT "M", command->memory >> 20);
    add(argv, "-vga");
    add(argv, "none");
    args_devices(command, functions, &place, argv);
    emit_notes(command, &place);
    cli_not_ready(command, m, d);
    args_note_functions(m, d);
    emit(command, "args", argv);
    if (!command->options->json) {
        args_comments(emulator);
    }
    return EXIT_YES;
}

static bool proxmox_number(const char *text)
{
    return !text || (*text && strlen(text) <= 9 &&
                     strspn(text, "0123456789") == strlen(text));
}

/* qemu-server accepts '[^,;]+' as a romfile's name, below /usr/share/kvm. */
static bool proxmox_romfile(const char *romfile, char **name)
{
    g_autofree char *clean = NULL;

    *name = romfile ? g_path_get_basename(romfile) : NULL;
    if (!romfile) {
        return true;
    }
    clean = out_clean(*name);
    if (strpbrk(*name, ",; ") || !g_str_equal(clean, *name)) {
        out_error("Proxmox takes no romfile called '%s': the name may have "
                  "neither commas nor semicolons, blanks or control "
                  "characters", *name);
        return false;
    }
    return true;
}

static void proxmox_note_romfile(const char *romfile)
{
    g_autofree char *dir = romfile ? g_path_get_dirname(romfile) : NULL;
    g_autofree char *word = romfile ? shell_word(romfile) : NULL;

    if (romfile && !g_str_equal(dir, "/usr/share/kvm")) {
        out_note("Proxmox looks for it in /usr/share/kvm: cp %s "
                 "/usr/share/kvm/", word);
    }
}

/* An address without a function assigns all functions of the slot. */
static bool is_whole_slot(const Machine *m, const GPtrArray *functions)
{
    const MachineDevice *d = g_ptr_array_index(functions, 0);
    guint n = 0;

    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *o = g_ptr_array_index(m->devices, i);

        n += o->domain == d->domain && o->bus == d->bus && o->slot == d->slot;
    }
    return functions->len > 1 && n == functions->len;
}

static char *proxmox_host(const Machine *m, const GPtrArray *functions)
{
    const MachineDevice *d = g_ptr_array_index(functions, 0);
    GString *host = g_string_new(d->bdf);

    if (is_whole_slot(m, functions)) {
        g_string_truncate(host, host->len - strlen(".0"));
        return g_string_free(host, FALSE);
    }
    for (guint i = 1; i < functions->len; i++) {
        const MachineDevice *f = g_ptr_array_index(functions, i);

        g_string_append_printf(host, ";%s", f->bdf);
    }
    return g_string_free(host, FALSE);
}

/*
 * Rules of qemu-server (src/PVE/QemuServer/PCI.pm): pcie=1 needs q35;
 * legacy-igd=1 needs the machine pc, -vga none, only the host's 00:02.0 and no
 * x-vga=1, and puts the adapter at the guest's 00:02.0.
 */
static void proxmox_hostpci(const GuestPlace *place, const char *host,
                            const char *romfile, GPtrArray *argv)
{
    bool igd = place->igd_legacy || place->igd_uefi;

    add(argv, "-hostpci0");
    add(argv, "%s%s%s%s%s%s", host, igd ? ",legacy-igd=1" : "",
        place->port ? ",pcie=1" : "", igd ? "" : ",x-vga=1",
        romfile ? ",romfile=" : "", romfile ? romfile : "");
    if (place->igd_uefi) {
        add(argv, "-args");
        add(argv, "-set device.hostpci0.x-igd-legacy-mode=off -set "
            "device.hostpci0.x-igd-opregion=on -set "
            "device.hostpci0.x-igd-lpc=on");
    }
}

int cmd_proxmox(const Command *command)
{
    g_autoptr(Machine) m = NULL;
    g_autoptr(GPtrArray) functions = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *romfile = NULL, *host = NULL;
    const char *vmid = command->options->vmid;
    GuestPlace place;
    MachineDevice *d;
    int code = EXIT_ENVIRONMENT;

    if (!proxmox_number(vmid)) {
        out_error("--vmid must be a number, not '%s'", vmid);
        return EXIT_USAGE;
    }
    if (!proxmox_romfile(command->options->romfile, &romfile)) {
        return EXIT_USAGE;
    }
    m = cli_machine(command);
    d = m ? cli_vga(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    functions = emit_functions(m, d);
    place = guest_place(d, command->q35);
    add(argv, "qm");
    add(argv, "set");
    add(argv, "%s", vmid ? vmid : "VMID");
    /* Proxmox ignores x-vga with OVMF. */
    add(argv, "-bios");
    add(argv, place.igd_uefi ? "ovmf" : "seabios");
    add(argv, "-machine");
    add(argv, "%s", guest_machine(&place));
    add(argv, "-vga");
    add(argv, "none");
    /* QEMU's legacy mode takes a single function. */
    host = place.igd_legacy || place.igd_uefi ? g_strdup(d->bdf) :
           proxmox_host(m, functions);
    proxmox_hostpci(&place, host, romfile, argv);
    emit_notes(command, &place);
    proxmox_note_romfile(command->options->romfile);
    cli_not_ready(command, m, d);
    emit(command, "proxmox", argv);
    return EXIT_YES;
}
