/*
 * vga-assign rom info, dump, verify and fix
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <gio/gio.h>

#include "cli.h"
#include "output.h"
#include "romadvice.h"

/* A VBIOS and what there is to say about it; free it with rom_view_free(). */
typedef struct RomView {
    RomBytes *bytes;
    VBIOSRom rom;
    VBIOSVerdict *verdict;
    VBIOSGuest guest;
    const char *bdf;        /* of the adapter; NULL if not known */
    const char *file;       /* that it is in; NULL if in none */
} RomView;

static void rom_view_free(RomView *view)
{
    rom_bytes_free(view->bytes);
    vbios_verdict_free(view->verdict);
    g_free(view);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RomView, rom_view_free)

/* Takes over @bytes. */
static RomView *rom_view_new(const Command *command, RomBytes *bytes,
                             const MachineDevice *device)
{
    RomView *view = g_new0(RomView, 1);

    view->bytes = bytes;
    view->bdf = device ? device->bdf : NULL;
    view->file = g_str_equal(bytes->source, "file") ? bytes->path :
                 command->options->output;
    view->guest = rom_guest(device, command->firmware, bytes->shadow);
    vbios_parse(&view->rom, bytes->data, bytes->size);
    view->verdict = vbios_judge(&view->rom, bytes->data, bytes->size,
                                &view->guest);
    return view;
}

static bool rom_view_is_fatal(const RomView *view)
{
    return view->verdict->fatal & view->guest.firmware;
}

static char *rom_view_remedy(const RomView *view, const char *remedy)
{
    return rom_remedy_for(remedy, view->bdf, view->file);
}

static const char *checksum_name(VBIOSChecksum checksum)
{
    static const char *const names[] = {
        [VBIOS_CHECKSUM_NONE] = "none", [VBIOS_CHECKSUM_GOOD] = "good",
        [VBIOS_CHECKSUM_BAD] = "bad", [VBIOS_CHECKSUM_UNKNOWN] = "unknown",
    };

    return names[checksum];
}

static void rom_json_image(JsonBuilder *json, const VBIOSImage *i)
{
    json_builder_begin_object(json);
    json_int(json, "offset", i->offset);
    json_int(json, "length", i->length);
    json_int(json, "present", i->present);
    json_text(json, "type", i->has_pcir ? vbios_code_type_name(i->code_type) :
              NULL);
    json_hex(json, "vendor", i->vendor, 4);
    json_hex(json, "device", i->device, 4);
    json_hex(json, "class", i->class_code, 6);
    json_text(json, "checksum", checksum_name(i->checksum));
    json_text(json, "efi_machine", i->has_efi ?
              vbios_machine_name(i->efi_machine) : NULL);
    json_answer(json, "efi_gop", i->has_efi ? (Answer)i->efi_gop :
                ANSWER_UNKNOWN);
    json_builder_end_object(json);
}

static void rom_json_findings(JsonBuilder *json, const RomView *view)
{
    json_text(json, "summary", view->verdict->summary);
    json_builder_set_member_name(json, "findings");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < view->verdict->n_findings; i++) {
        const VBIOSFinding *f = &view->verdict->findings[i];
        g_autofree char *remedy = f->remedy ?
                                  rom_view_remedy(view, f->remedy) : NULL;

        json_builder_begin_object(json);
        json_text(json, "name", vbios_finding_name(f->id));
        json_bool(json, "fatal_bios", f->fatal & VBIOS_FIRMWARE_BIOS);
        json_bool(json, "fatal_uefi", f->fatal & VBIOS_FIRMWARE_UEFI);
        json_text(json, "found", f->text);
        json_text(json, "fix", remedy);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void rom_json(const char *name, const RomView *view)
{
    JsonBuilder *json = out_json_begin(name);

    json_text(json, "path", view->bytes->path);
    json_text(json, "source", view->bytes->source);
    json_int(json, "size", view->bytes->size);
    json_int(json, "start", view->rom.start);
    json_int(json, "end", view->rom.end);
    json_text(json, "kinds", rom_kinds(&view->rom));
    json_bool(json, "ok", !rom_view_is_fatal(view));
    json_builder_set_member_name(json, "images");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < view->rom.n_images; i++) {
        rom_json_image(json, &view->rom.images[i]);
    }
    json_builder_end_array(json);
    rom_json_findings(json, view);
    out_json_end(json, NULL);
}

static void rom_print_wrapped(const char *prefix, const char *text)
{
    g_autofree char *wrapped =
        out_wrap(text, out_width() - strlen(prefix));
    g_auto(GStrv) lines = g_strsplit(wrapped, "\n", -1);

    for (char **line = lines; *line; line++) {
        printf("%*s%s\n", (int)strlen(prefix), line == lines ? prefix : "",
               *line);
    }
}

static void rom_print_findings(const RomView *view)
{
    for (unsigned i = 0; i < view->verdict->n_findings; i++) {
        const VBIOSFinding *f = &view->verdict->findings[i];
        g_autofree char *remedy = f->remedy ?
                                  rom_view_remedy(view, f->remedy) : NULL;

        rom_print_wrapped(f->fatal & view->guest.firmware ? "FAIL " :
                          f->fatal ? "warn " : "note ", f->text);
        if (remedy) {
            rom_print_wrapped("     -> ", remedy);
        }
    }
}

static void rom_print_images(const RomView *view)
{
    static const char *const names[] = {
        "OFFSET", "LENGTH", "TYPE", "IDS", "CLASS", "CHECKSUM", "MACHINE",
    };
    struct libscols_table *table = out_table();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        scols_table_new_column(table, names[i], 0, 0);
    }
    for (unsigned i = 0; i < view->rom.n_images; i++) {
        const VBIOSImage *image = &view->rom.images[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);
        char *cells[] = {
            g_strdup_printf("0x%x", image->offset), size_text(image->length),
            g_strdup(image->has_pcir ? vbios_code_type_name(image->code_type) :
                     "?"),
            g_strdup_printf("%04x:%04x", image->vendor, image->device),
            g_strdup_printf("%06x", image->class_code),
            g_strdup(checksum_name(image->checksum)),
            g_strdup(image->has_efi ? vbios_machine_name(image->efi_machine) :
                     "-"),
        };

        for (size_t j = 0; j < G_N_ELEMENTS(cells); j++) {
            scols_line_set_data(line, j, cells[j]);
            g_free(cells[j]);
        }
    }
    scols_print_table(table);
    scols_unref_table(table);
}

/* Read the file of the first argument; NULL after printing the error. */
static RomBytes *rom_argument(const Command *command)
{
    GError *error = NULL;
    RomBytes *bytes = rom_from_file(command->arguments[0], &error);

    if (!bytes) {
        out_fail(EXIT_ENVIRONMENT, error, NULL);
    }
    return bytes;
}

int cmd_rom_info(const Command *command)
{
    RomBytes *bytes = rom_argument(command);
    g_autoptr(RomView) view = NULL;

    if (!bytes) {
        return EXIT_ENVIRONMENT;
    }
    view = rom_view_new(command, bytes, NULL);
    if (command->options->json) {
        rom_json("rom info", view);
    } else {
        g_autofree char *size = size_text(bytes->size);
        g_autofree char *images = count_text(view->rom.n_images, "image");

        out_print("%s: %s, %s (%s)\n", bytes->path, size, images,
                  rom_kinds(&view->rom));
        if (view->rom.n_images) {
            rom_print_images(view);
        }
        rom_print_findings(view);
    }
    return view->rom.n_images ? EXIT_YES : EXIT_NO;
}

/*
 * Handle --for, without which *@device stays NULL.  False after printing the
 * error.
 */
static bool rom_for(const Command *command, Machine **machine,
                    MachineDevice **device, int *code)
{
    *device = NULL;
    if (!command->options->for_device) {
        return true;
    }
    *code = EXIT_ENVIRONMENT;
    *machine = cli_machine(command);
    *device = *machine ? cli_device(*machine, command->options->for_device,
                                    code) : NULL;
    return *device != NULL;
}

int cmd_rom_verify(const Command *command)
{
    g_autoptr(Machine) machine = NULL;
    g_autoptr(RomView) view = NULL;
    MachineDevice *device;
    RomBytes *bytes;
    int code;

    if (!rom_for(command, &machine, &device, &code)) {
        return code;
    }
    bytes = rom_argument(command);
    if (!bytes) {
        return EXIT_ENVIRONMENT;
    }
    view = rom_view_new(command, bytes, device);
    if (command->options->json) {
        rom_json("rom verify", view);
    } else {
        rom_print_findings(view);
        out_print("%s: %s\n", bytes->path, view->verdict->summary);
    }
    return rom_view_is_fatal(view) ? EXIT_NO : EXIT_YES;
}

static bool rom_write(const Command *command, const void *data, size_t size)
{
    GError *error = NULL;

    if (!out_file(command->options->output, data, size,
                  command->options->force, &error)) {
        out_fail(EXIT_ENVIRONMENT, error, NULL);
        return false;
    }
    return true;
}

/* The input is never overwritten, not even by --force under another name. */
static bool rom_is_input(const Command *command, const char *input)
{
    bool same = is_same_file(input, command->options->output);

    if (same) {
        out_error("%s is the input, which is never changed",
                  command->options->output);
        out_hint("-o names a new file");
    }
    return same;
}

static int rom_wants_output(void)
{
    out_error("no output file was given");
    out_hint("-o FILE names it");
    return EXIT_USAGE;
}

static const char *rom_origin(const RomBytes *bytes)
{
    return bytes->shadow ? "the copy at 0xc0000, which has run" :
           g_str_equal(bytes->source, "vfct") ? "firmware's table VFCT" :
           g_str_equal(bytes->source, "flash") ? "the adapter's flash ROM" :
           "the adapter's ROM";
}

static int rom_dumped(const Command *command, const RomView *view)
{
    if (command->options->json) {
        rom_json("rom dump", view);
    } else {
        out_print("%s: %zu bytes from %s (%s)\n", command->options->output,
                  view->bytes->size, view->bytes->path, rom_origin(view->bytes));
        rom_print_findings(view);
    }
    return rom_view_is_fatal(view) ? EXIT_PARTIAL : EXIT_YES;
}

/* Returns false after saying what is wrong with the command line. */
static bool rom_dump_usage(const Command *command)
{
    const char *source = command->options->source;

    if (!command->options->output) {
        rom_wants_output();
        return false;
    }
    if (source && !g_str_equal(source, "auto") && !g_str_equal(source, "rom") &&
        !g_str_equal(source, "flash") && !g_str_equal(source, "vfct")) {
        out_error("--source must be auto, rom, flash or vfct, not '%s'",
                  source);
        return false;
    }
    if (g_strcmp0(source, "flash") == 0 && !command->options->apply) {
        out_error("--source flash writes to registers of the adapter, and "
                  "restores them");
        out_hint("--apply allows it");
        return false;
    }
    return true;
}

static RomBytes *rom_from_kernel(Machine *m, const MachineDevice *d,
                                 GError **error)
{
    g_autofree char *unsafe = rom_is_unsafe(m, d);

    if (unsafe) {
        out_note("%s: %s; what is read may not be the ROM", d->bdf, unsafe);
    }
    return rom_from_adapter(m, d, error);
}

/* Whether there is an image for some firmware in it. */
static bool rom_has_image(const RomBytes *bytes)
{
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);

    return bytes && vbios_parse(rom, bytes->data, bytes->size);
}

/* Read the kernel's ROM, or firmware's table if the kernel's is empty. */
static RomBytes *rom_without_registers(Machine *m, const MachineDevice *d,
                                       GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(RomBytes) bytes = rom_from_kernel(m, d, &why);
    RomBytes *vfct = rom_has_image(bytes) ? NULL : rom_from_vfct(m, d, NULL);

    if (vfct) {
        out_note("%s: %s; its VBIOS is in the ACPI table VFCT", d->bdf,
                 why ? why->message : "its ROM has no image");
        return vfct;
    }
    if (!bytes) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return g_steal_pointer(&bytes);
}

/*
 * Follow --source.  "auto" prefers the flash ROM to a copy that has run, if
 * --apply allows it.
 */
static RomBytes *rom_best(const Command *command, Machine *m,
                          const MachineDevice *d, GError **error)
{
    const char *source = command->options->source;
    g_autoptr(GError) why = NULL;
    RomBytes *bytes;

    if (g_strcmp0(source, "flash") == 0) {
        return rom_from_flash(m, d, error);
    }
    if (g_strcmp0(source, "vfct") == 0) {
        return rom_from_vfct(m, d, error);
    }
    if (g_strcmp0(source, "rom") == 0) {
        return rom_from_kernel(m, d, error);
    }
    if (!device_rom_is_shadow(d)) {
        return rom_without_registers(m, d, error);
    }
    if (!command->options->apply) {
        out_note("%s: --apply looks for a better one in its flash ROM",
                 d->bdf);
        return rom_from_kernel(m, d, error);
    }
    bytes = rom_from_flash(m, d, &why);
    if (!bytes) {
        out_note("%s: its flash ROM does not help: %s", d->bdf, why->message);
        bytes = rom_from_kernel(m, d, error);
    }
    return bytes;
}

/* Name another source than the one that failed. */
static int rom_dump_failed(const Command *command, Machine *m,
                           const MachineDevice *d, GError *error)
{
    const char *source = command->options->source;
    g_autofree char *where =
        rom_where(m, d, g_strcmp0(source, "auto") == 0 ? "rom" :
                  source ? source : "rom");

    return out_fail(EXIT_ENVIRONMENT, error,
                    error->code == G_IO_ERROR_PERMISSION_DENIED ?
                    "run vga-assign as root" :
                    error->code == G_IO_ERROR_BUSY ? NULL : where);
}

int cmd_rom_dump(const Command *command)
{
    g_autoptr(Machine) m = NULL;
    g_autoptr(RomView) view = NULL;
    g_autofree char *path = NULL;
    GError *error = NULL;
    MachineDevice *d;
    RomBytes *bytes;
    int code = EXIT_ENVIRONMENT;

    if (!rom_dump_usage(command)) {
        return EXIT_USAGE;
    }
    m = cli_machine(command);
    d = m ? cli_display(m, command->arguments[0], &code) : NULL;
    if (!d) {
        return code;
    }
    bytes = rom_best(command, m, d, &error);
    if (!bytes) {
        return rom_dump_failed(command, m, d, error);
    }
    view = rom_view_new(command, bytes, d);
    path = root_path(m->root, bytes->path);
    if (rom_is_input(command, path)) {
        return EXIT_USAGE;
    }
    if (!rom_write(command, bytes->data, bytes->size)) {
        return EXIT_ENVIRONMENT;
    }
    return rom_dumped(command, view);
}

static bool parse_ids(const char *text, uint16_t *vendor, uint16_t *device)
{
    unsigned v, d;
    int used = 0;

    if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) ||
        sscanf(text, "%4x:%4x%n", &v, &d, &used) != 2 || text[used]) {
        out_error("--ids must be VENDOR:DEVICE such as 10de:128b, not '%s'",
                  text);
        return false;
    }
    *vendor = v;
    *device = d;
    return true;
}

static int images_to_keep(const char *images)
{
    return !images || g_str_equal(images, "all") ? VBIOS_KEEP_ALL :
           g_str_equal(images, "bios") ? VBIOS_KEEP_X86 :
           g_str_equal(images, "uefi") ? VBIOS_KEEP_EFI : 0;
}

static int rom_fixed(const Command *command, RomBytes *bytes,
                     const MachineDevice *device, unsigned with_ids,
                     unsigned with_sums, size_t size_before)
{
    g_autoptr(RomView) view = rom_view_new(command, bytes, device);

    if (!rom_write(command, bytes->data, bytes->size)) {
        return EXIT_ENVIRONMENT;
    }
    if (command->options->json) {
        rom_json("rom fix", view);
    } else {
        g_autofree char *ids = count_text(with_ids, "image");

        out_print("%s: %zu of %zu bytes, ids set in %s, checksum repaired in "
                  "%u more\n", command->options->output, bytes->size, size_before,
                  ids, with_sums);
        rom_print_findings(view);
        out_print("%s: %s\n", command->options->output, view->verdict->summary);
    }
    return rom_view_is_fatal(view) ? EXIT_NO : EXIT_YES;
}

/* Returns false after saying what is wrong with the command line. */
static bool rom_fix_usage(const Command *command, bool *set_ids,
                          uint16_t *vendor, uint16_t *device)
{
    const Options *o = command->options;

    if (!o->output) {
        rom_wants_output();
        return false;
    }
    if (rom_is_input(command, command->arguments[0])) {
        return false;
    }
    if (!images_to_keep(o->images)) {
        out_error("--images must be all, bios or uefi, not '%s'", o->images);
        return false;
    }
    *set_ids = o->ids != NULL;
    return !o->ids || parse_ids(o->ids, vendor, device);
}

int cmd_rom_fix(const Command *command)
{
    g_autoptr(Machine) machine = NULL;
    MachineDevice *device = NULL;
    uint16_t vendor = 0, id = 0;
    unsigned with_ids, with_sums;
    size_t size, before;
    uint8_t *data;
    RomBytes *bytes;
    bool set_ids;
    int code;

    if (!rom_fix_usage(command, &set_ids, &vendor, &id)) {
        return EXIT_USAGE;
    }
    if (!rom_for(command, &machine, &device, &code)) {
        return code;
    }
    if (device && !set_ids) {
        set_ids = true;
        vendor = device->vendor;
        id = device->device;
    }
    bytes = rom_argument(command);
    if (!bytes) {
        return EXIT_ENVIRONMENT;
    }
    before = bytes->size;
    data = vbios_rebuild(bytes->data, bytes->size,
                         images_to_keep(command->options->images), &size);
    if (!data) {
        out_error("%s has no such image", bytes->path);
        out_hint("%s rom info %s shows what there is", out_tool(),
                 bytes->path);
        rom_bytes_free(bytes);
        return EXIT_NO;
    }
    g_free(bytes->data);
    bytes->data = data;
    bytes->size = size;
    with_ids = set_ids ? vbios_set_ids(data, size, vendor, id) : 0;
    with_sums = vbios_repair_checksums(data, size);
    return rom_fixed(command, bytes, device, with_ids, with_sums, before);
}
