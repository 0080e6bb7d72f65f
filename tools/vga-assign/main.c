/*
 * vga-assign: which adapter can be a guest's VGA, and why its screen is black
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "output.h"

static Options options;

enum {
    LIST = 1 << 0,
    CHECK = 1 << 1,
    ROM_INFO = 1 << 2,
    ROM_DUMP = 1 << 3,
    ROM_VERIFY = 1 << 4,
    ROM_FIX = 1 << 5,
    ARGS = 1 << 6,
    XML = 1 << 7,
    PROXMOX = 1 << 8,
    BIND = 1 << 9,
    UNBIND = 1 << 10,
    REPORT = 1 << 11,

    EMIT = ARGS | XML | PROXMOX,
    MACHINES = LIST | CHECK | ROM_DUMP | ROM_VERIFY | ROM_FIX | EMIT | BIND | UNBIND |
               REPORT,
};

#define FLAG(name, field, help) \
    { name, 0, 0, G_OPTION_ARG_NONE, &options.field, help, NULL }
#define TEXT(name, field, help, arg) \
    { name, 0, 0, G_OPTION_ARG_STRING, &options.field, help, arg }
#define FILE_(name, field, help, arg) \
    { name, 0, 0, G_OPTION_ARG_FILENAME, &options.field, help, arg }

static const struct CliOption {
    unsigned commands;
    GOptionEntry entry;
} cli_options[] = {
    { ~REPORT, FLAG("json", json, "print JSON, schema 1") },
    { MACHINES, FILE_("sysfs-root", sysfs_root,
      "read DIR/sys, DIR/proc... instead of this machine", "DIR") },
    { CHECK | ARGS | PROXMOX, TEXT("machine", machine_type,
      "the guest's machine type: q35 (default) or pc", "TYPE") },
    { LIST | CHECK | ROM_INFO | ROM_VERIFY, TEXT("firmware", firmware,
      "the guest's firmware: bios (default) or uefi", "KIND") },
    { CHECK | ARGS, TEXT("memory", memory,
      "the guest's memory, 4G by default", "SIZE") },
    { CHECK | EMIT, FILE_("romfile", romfile,
      "give the guest this VBIOS", "FILE") },
    { LIST | CHECK, FLAG("read-rom", read_rom,
      "read the ROM even while a driver uses the adapter") },
    { ROM_VERIFY | ROM_FIX, TEXT("for", for_device,
      "the adapter that the VBIOS is for", "BDF") },
    { ROM_FIX, TEXT("ids", ids, "set vendor and device id", "VVVV:DDDD") },
    { ROM_FIX, TEXT("images", images,
      "keep all images (default), or only bios or uefi", "KIND") },
    { ROM_DUMP, TEXT("source", source,
      "auto (default), rom (kernel's), flash, or vfct (ACPI)", "KIND") },
    { ROM_DUMP | ROM_FIX | REPORT, FLAG("force", force,
      "replace the output file if it exists") },
    { BIND, FLAG("force", force,
      "replace the file of --undo, even if bind did not write it") },
    { XML, FILE_("domain", domain,
      "show what changes in this libvirt domain", "FILE") },
    { XML, FLAG("full", full, "with --domain: the whole domain, not a diff") },
    { ARGS | XML, FILE_("emulator", emulator,
      "the QEMU to run, instead of the one that check finds", "PATH") },
    { PROXMOX, TEXT("vmid", vmid, "the number of the guest", "N") },
    { ROM_DUMP, FLAG("apply", apply,
      "allow writes to the adapter's registers, for flash") },
    { BIND | UNBIND, FLAG("apply", apply,
      "do it; without this option the host is not changed") },
    { BIND | UNBIND, FLAG("group", group,
      "include the others of its IOMMU group, except bridges") },
    { BIND, FLAG("persist", persist, "keep the binding after a reboot") },
    { BIND | UNBIND, FILE_("undo", undo,
      "the file that undoes bind (/run/vga-assign/BDF.undo)", "FILE") },
    { ROM_DUMP | ROM_FIX | REPORT, { "output", 'o', 0, G_OPTION_ARG_FILENAME,
      &options.output, "the file to write", "FILE" } },
};

static const struct CliCommand {
    unsigned id;
    const char *name;       /* one word, or "rom" and one word */
    const char *arguments;
    int least, most;
    int (*run)(const Command *command);
    const char *summary;
    const char *examples;
} cli_commands[] = {
    { LIST, "list", "", 0, 0, cmd_list,
      "list the display adapters and their state",
      "  vga-assign list\n"
      "  vga-assign list --json | jq .adapters[].address" },
    { CHECK, "check", "[BDF]", 0, 1, cmd_check,
      "say what stands between an adapter and a guest's screen",
      "  vga-assign check\n"
      "  vga-assign check 01:00.0\n"
      "  vga-assign check 01:00.0 --romfile card.rom --machine pc" },
    { ROM_INFO, "rom info", "FILE", 1, 1, cmd_rom_info,
      "show the images in a VBIOS",
      "  vga-assign rom info card.rom" },
    { ROM_DUMP, "rom dump", "BDF", 1, 1, cmd_rom_dump,
      "save an adapter's VBIOS from the best source",
      "  vga-assign rom dump 01:00.0 -o card.rom\n"
      "  vga-assign rom dump 01:00.0 --source flash --apply -o card.rom" },
    { ROM_VERIFY, "rom verify", "FILE", 1, 1, cmd_rom_verify,
      "say whether a guest's firmware will run this VBIOS",
      "  vga-assign rom verify card.rom --for 01:00.0\n"
      "  vga-assign rom verify card.rom --firmware uefi" },
    { ROM_FIX, "rom fix", "FILE", 1, 1, cmd_rom_fix,
      "write a copy with right ids and checksum, and no flash header",
      "  vga-assign rom fix gpuz.rom -o card.rom\n"
      "  vga-assign rom fix gpuz.rom -o card.rom --ids 10de:128b" },
    { ARGS, "args", "BDF", 1, 1, cmd_args,
      "print QEMU's command line",
      "  vga-assign args 01:00.0\n"
      "  vga-assign args 01:00.0 --romfile card.rom" },
    { XML, "xml", "BDF", 1, 1, cmd_xml,
      "print libvirt's XML, or the changes to a domain",
      "  vga-assign xml 01:00.0\n"
      "  virsh dumpxml guest >guest.xml\n"
      "  vga-assign xml 01:00.0 --domain guest.xml" },
    { PROXMOX, "proxmox", "BDF", 1, 1, cmd_proxmox,
      "print the command for Proxmox VE",
      "  vga-assign proxmox 01:00.0 --vmid 100" },
    { BIND, "bind", "BDF", 1, 1, cmd_bind,
      "give an adapter to vfio-pci",
      "  vga-assign bind 01:00.0\n"
      "  vga-assign bind 01:00.0 --group --apply\n"
      "  vga-assign bind 01:00.0 --group --persist --apply" },
    { UNBIND, "unbind", "BDF", 1, 1, cmd_unbind,
      "give an adapter back to the host's driver",
      "  vga-assign unbind 01:00.0 --group --apply" },
    { REPORT, "report", "", 0, 0, cmd_report,
      "describe this machine, without names and serials, to be sent",
      "  vga-assign report --output report.txt" },
};

static int version(void)
{
    puts("vga-assign " VGA_ASSIGN_VERSION);
    return EXIT_YES;
}

/* List the commands whose names begin so. */
static void help_commands(const char *prefix)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cli_commands); i++) {
        const struct CliCommand *c = &cli_commands[i];
        g_autofree char *usage =
            g_strdup_printf("%s %s", c->name, c->arguments);

        if (g_str_has_prefix(c->name, prefix)) {
            printf("  %-16s %s\n", usage, c->summary);
        }
    }
}

static bool is_help(const char *word)
{
    return g_str_equal(word, "--help") || g_str_equal(word, "-h");
}

static int rom_help(void)
{
    puts("Usage: vga-assign rom COMMAND [OPTION...] ARGUMENT\n"
         "\n"
         "Reads, judges and repairs the VBIOS of an adapter.\n"
         "\n"
         "Commands:");
    help_commands("rom ");
    puts("\n"
         "vga-assign help rom COMMAND lists the options of a command.");
    return EXIT_YES;
}

static int help(void)
{
    puts("Usage: vga-assign COMMAND [OPTION...] [ARGUMENT...]\n"
         "\n"
         "Gives a VGA adapter to a guest, and says why its screen is black.\n"
         "\n"
         "Commands:");
    help_commands("");
    puts("\n"
         "BDF is an address as lspci shows it: 01:00.0 or 0000:01:00.0.\n"
         "vga-assign help COMMAND lists the options of a command, --version "
         "the version.\n"
         "\n"
         "Exit codes: 0 yes, 1 the verdict is no, 2 usage, 3 yes as far as it "
         "could be\n"
         "read, 4 this machine or a file does not allow it.");
    return EXIT_YES;
}

/* The command that was named, or NULL. */
static const char *current;

static int usage(const char *message)
{
    out_error("%s", message);
    if (current) {
        out_hint("%s %s --help lists its options", out_tool(), current);
    } else {
        out_hint("%s --help lists the commands", out_tool());
    }
    return EXIT_USAGE;
}

static int rom_usage(const char *message)
{
    out_error("%s", message);
    out_hint("%s help rom lists the commands for a VBIOS", out_tool());
    return EXIT_USAGE;
}

/* How many words of @argv are the name of @c; 0 if it is another command. */
static int command_words(const struct CliCommand *c, int argc, char **argv)
{
    const char *second = strchr(c->name, ' ');

    if (!second) {
        return argc >= 1 && g_str_equal(argv[0], c->name);
    }
    return argc >= 2 && g_str_equal(argv[0], "rom") &&
           g_str_equal(argv[1], second + 1) ? 2 : 0;
}

static GOptionContext *command_context(const struct CliCommand *c)
{
    g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
    g_autofree char *summary = g_strconcat(c->summary, ".", NULL);
    g_autofree char *examples = g_strconcat("Examples:\n", c->examples, NULL);
    GOptionContext *context = g_option_context_new(c->arguments);

    for (size_t i = 0; i < G_N_ELEMENTS(cli_options); i++) {
        if (cli_options[i].commands & c->id) {
            g_array_append_val(entries, cli_options[i].entry);
        }
    }
    g_option_context_add_main_entries(context,
                                      (const GOptionEntry *)entries->data,
                                      NULL);
    *summary = g_ascii_toupper(*summary);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, examples);
    return context;
}

/* Choose one of two words; NULL stands for the first. */
static bool choose(const char *option, const char *value, const char *first,
                   const char *second, bool *is_first)
{
    g_autofree char *message = NULL;

    *is_first = !value || g_str_equal(value, first);
    if (*is_first || g_str_equal(value, second)) {
        return true;
    }
    message = g_strdup_printf("--%s must be %s or %s, not '%s'", option, first,
                              second, value);
    usage(message);
    return false;
}

/* "512M", "4G": a whole number of MiB that a machine can have. */
static bool parse_memory(const char *text, guint64 *memory)
{
    g_autofree char *message = NULL;
    char *end;
    guint64 value;

    if (!text) {
        *memory = CHECK_MEMORY_DEFAULT;
        return true;
    }
    value = g_ascii_strtoull(text, &end, 10);
    if (end != text && value && value <= 1 << 24 &&
        (g_str_equal(end, "M") || g_str_equal(end, "G"))) {
        *memory = value << (*end == 'M' ? 20 : 30);
        return true;
    }
    message = g_strdup_printf("--memory must be a size such as 512M or 4G, not "
                              "'%s'",
                              text);
    usage(message);
    return false;
}

/* What is missing, or too many for the command.  g_free(). */
static char *arguments_message(const struct CliCommand *c, char **arguments,
                               bool too_many)
{
    bool file = g_str_equal(c->arguments, "FILE");

    if (too_many && !c->most) {
        return g_strdup_printf("%s takes no argument: '%s' is too many",
                               c->name, arguments[0]);
    }
    if (too_many) {
        return g_strdup_printf("%s takes one %s and no more: '%s' is too many",
                               c->name, file ? "file" : "address",
                               arguments[c->most]);
    }
    return g_strdup_printf(file ? "%s needs a file with a VBIOS, such as "
                           "card.rom" : "%s needs the address of an adapter, "
                           "such as 01:00.0", c->name);
}

static int run(const struct CliCommand *c, char **arguments)
{
    Command command = { .options = &options, .arguments = arguments };
    guint n = g_strv_length(arguments);
    bool bios;

    if ((int)n < c->least || (int)n > c->most) {
        g_autofree char *message =
            arguments_message(c, arguments, (int)n > c->most);

        return usage(message);
    }
    if (!choose("machine", options.machine_type, "q35", "pc", &command.q35) ||
        !choose("firmware", options.firmware, "bios", "uefi", &bios) ||
        !parse_memory(options.memory, &command.memory)) {
        return EXIT_USAGE;
    }
    command.firmware = bios ? VBIOS_FIRMWARE_BIOS : VBIOS_FIRMWARE_UEFI;
    return c->run(&command);
}

static int dispatch(const struct CliCommand *c, int argc, char **argv)
{
    g_autoptr(GOptionContext) context = command_context(c);
    g_auto(GStrv) vector = g_new0(char *, argc + 2);
    g_autofree char *name = g_strconcat("vga-assign ", c->name, NULL);
    GError *error = NULL;

    /* GOption shows argv[0] in the usage line and removes it. */
    vector[0] = g_strdup(name);
    for (int i = 0; i < argc; i++) {
        vector[i + 1] = g_strdup(argv[i]);
    }
    g_set_prgname(name);
    current = c->name;
    out_command(c->name);
    if (!g_option_context_parse_strv(context, &vector, &error)) {
        int code = usage(error->message);

        g_error_free(error);
        return code;
    }
    /* "--" ends the options and is not an argument. */
    if (vector[1] && g_str_equal(vector[1], "--")) {
        return run(c, vector + 2);
    }
    return run(c, vector + 1);
}

/* "help rom dump" means "rom dump --help". */
static int help_of(int argc, char **argv)
{
    static char option[] = "--help";
    char *words[] = { option, NULL };

    if (argc == 1 && g_str_equal(argv[0], "rom")) {
        return rom_help();
    }

    for (size_t i = 0; i < G_N_ELEMENTS(cli_commands); i++) {
        if (command_words(&cli_commands[i], argc, argv) == argc) {
            return dispatch(&cli_commands[i], 1, words);
        }
    }
    return usage("help takes one of the commands");
}

static void options_free(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cli_options); i++) {
        const GOptionEntry *e = &cli_options[i].entry;

        if (e->arg != G_OPTION_ARG_NONE) {
            g_clear_pointer((char **)e->arg_data, g_free);
        }
    }
}

static int command_line(int argc, char **argv)
{
    bool rom = argc > 1 && g_str_equal(argv[1], "rom");
    g_autofree char *message = NULL;

    if (argc < 2) {
        return usage("no command was given");
    }
    if (is_help(argv[1]) || (g_str_equal(argv[1], "help") && argc == 2)) {
        return help();
    }
    if (g_str_equal(argv[1], "help")) {
        return help_of(argc - 2, argv + 2);
    }
    if (g_str_equal(argv[1], "--version") || g_str_equal(argv[1], "-V")) {
        return version();
    }
    if (rom && argc > 2 && is_help(argv[2])) {
        return rom_help();
    }
    if (rom && argc == 2) {
        return rom_usage("rom needs another word: info, dump, verify or fix");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cli_commands); i++) {
        int words = command_words(&cli_commands[i], argc - 1, argv + 1);

        if (words) {
            return dispatch(&cli_commands[i], argc - 1 - words,
                            argv + 1 + words);
        }
    }
    message = g_strdup_printf("there is no command '%s%s%s'", argv[1],
                              rom ? " " : "", rom ? argv[2] : "");
    return rom ? rom_usage(message) : usage(message);
}

/* Looked for before the options are parsed, whose errors are JSON as well. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && !g_str_equal(argv[i], "--"); i++) {
        if (g_str_equal(argv[i], "--json")) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    int code;

    out_begin();
    out_started_as(argv[0]);
    setlocale(LC_ALL, "");
    if (wants_json(argc, argv)) {
        out_json_errors();
    }
    code = out_end(command_line(argc, argv));
    options_free();
    return code;
}
