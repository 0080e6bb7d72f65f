/*
 * The command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There is one table of commands and one of options, in which each option
 * names the commands that take it.  The help is made from these tables, and a
 * test compares it with the man page and the completion.
 */
#ifndef VGA_ASSIGN_CLI_H
#define VGA_ASSIGN_CLI_H

#include <stdbool.h>
#include <glib.h>

#include "checks.h"
#include "machine.h"

/* All options.  Those that a command does not take have their defaults. */
typedef struct Options {
    gboolean json;
    char *sysfs_root;
    char *machine_type;     /* "q35" or "pc" */
    char *firmware;         /* "bios" or "uefi" */
    char *memory;           /* "4G" */
    char *romfile;
    gboolean read_rom;
    gboolean force;
    char *for_device;
    char *ids;
    char *source;           /* of rom dump: "auto", "rom", "flash"; NULL: auto */
    char *images;           /* of rom fix: "bios", "uefi", NULL: all */
    char *domain;
    gboolean full;
    char *emulator;
    char *vmid;
    gboolean apply;
    gboolean group;
    gboolean persist;
    char *undo;
    char *output;
} Options;

/*
 * A command as it was typed, checked as far as that is possible without
 * looking at the machine.
 */
typedef struct Command {
    const Options *options;
    char **arguments;       /* NULL-terminated */
    bool q35;
    VBIOSFirmware firmware;
    guint64 memory;
} Command;

/* Each command returns an exit code of output.h. */
int cmd_list(const Command *command);
int cmd_check(const Command *command);
int cmd_rom_info(const Command *command);
int cmd_rom_dump(const Command *command);
int cmd_rom_verify(const Command *command);
int cmd_rom_fix(const Command *command);
int cmd_args(const Command *command);
int cmd_xml(const Command *command);
int cmd_proxmox(const Command *command);
int cmd_bind(const Command *command);
int cmd_unbind(const Command *command);
int cmd_report(const Command *command);

/**
 * cli_machine: read the machine that the options name
 *
 * Returns NULL after printing the error; the caller exits with
 * EXIT_ENVIRONMENT.
 */
Machine *cli_machine(const Command *command);

/**
 * cli_device: the device that @text names
 *
 * Returns NULL after printing the error; the caller exits with *@code.
 */
MachineDevice *cli_device(const Machine *machine, const char *text, int *code);

/** cli_display: the same for a device that must be a display adapter */
MachineDevice *cli_display(const Machine *machine, const char *text, int *code);

/** cli_vga: the same for a device that must be a VGA controller */
MachineDevice *cli_vga(const Machine *machine, const char *text, int *code);

/** cli_no_adapter: say on stderr that there is none, and what counts as one */
void cli_no_adapter(void);

/** cli_adapters: the display adapters, without those that cannot be read */
GPtrArray *cli_adapters(const Machine *machine);

/** cli_guest: the guest that the options describe */
CheckGuest cli_guest(const Command *command);

/**
 * cli_not_ready: warn on stderr, in one line, if the adapter would not work
 * yet
 */
void cli_not_ready(const Command *command, Machine *machine,
                   MachineDevice *device);

#endif /* VGA_ASSIGN_CLI_H */
