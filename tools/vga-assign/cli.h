/*
 * The command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One table of commands and one of options, each option with the commands that
 * take it.  Help comes from the tables; a test compares it with the man page
 * and the completion.
 */
#ifndef VGA_ASSIGN_CLI_H
#define VGA_ASSIGN_CLI_H

#include <stdbool.h>
#include <glib.h>

#include "checks.h"
#include "machine.h"

/* All options; those a command does not take have their defaults. */
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

/* What a command is run with: everything is checked as far as text can be. */
typedef struct Command {
    const Options *options;
    char **arguments;       /* NULL-terminated */
    bool q35;
    VBIOSFirmware firmware;
    guint64 memory;
} Command;

/* Each returns an exit code of output.h. */
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
 * Returns NULL after saying why, to be answered with EXIT_ENVIRONMENT.
 */
Machine *cli_machine(const Command *command);

/**
 * cli_device: the device that @text names
 *
 * Returns NULL after saying why, to be answered with *@code.
 */
MachineDevice *cli_device(const Machine *machine, const char *text, int *code);

/** cli_vga: the same, and it must be a VGA controller */
MachineDevice *cli_vga(const Machine *machine, const char *text, int *code);

/** cli_adapters: the display adapters, but not those that cannot be read */
GPtrArray *cli_adapters(const Machine *machine);

/** cli_guest: the guest that the options describe */
CheckGuest cli_guest(const Command *command);

/**
 * cli_not_ready: say on stderr, in a line, if the adapter would not work yet
 */
void cli_not_ready(const Command *command, Machine *machine,
                   MachineDevice *device);

#endif /* VGA_ASSIGN_CLI_H */
