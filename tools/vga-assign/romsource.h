/*
 * Where a VBIOS can be read from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_ROMSOURCE_H
#define VGA_ASSIGN_ROMSOURCE_H

#include "machine.h"
#include "qemu/vbios.h"

/* The largest possible ROM BAR is 16 MiB (PCI 3.0, 6.2.5.2). */
#define ROM_MAX (16 * 1024 * 1024)

typedef struct RomBytes {
    char *source;       /* "file", "rom", "shadow", "flash" or "vfct" */
    char *path;         /* of the file that was opened */
    uint8_t *data;
    size_t size;
    bool shadow;        /* the copy at 0xc0000, which has run */
} RomBytes;

/** rom_bytes_new: copy the strings and take over @data */
RomBytes *rom_bytes_new(const char *source, const char *path, uint8_t *data,
                        size_t size);
void rom_bytes_free(RomBytes *rom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RomBytes, rom_bytes_free)

/** rom_from_file: a file of the user, at most ROM_MAX bytes */
RomBytes *rom_from_file(const char *path, GError **error);

/**
 * rom_from_adapter: what the kernel shows as the adapter's ROM
 *
 * The ROM is enabled through sysfs for reading, and disabled afterwards.
 */
RomBytes *rom_from_adapter(Machine *machine, const MachineDevice *device,
                           GError **error);

/**
 * rom_from_flash: what is in the adapter's flash ROM, see qemu/vbios-flash.h
 *
 * Writes to registers of the adapter and to PCI_COMMAND, and restores them.
 * Refuses to while the adapter is in use, see rom_user().
 */
RomBytes *rom_from_flash(Machine *machine, const MachineDevice *device,
                         GError **error);

/**
 * rom_from_vfct: what firmware left for the adapter in the ACPI table VFCT
 *
 * The adapter itself is not accessed.  @error is G_IO_ERROR_NOT_FOUND if the
 * table has no record of it.
 */
RomBytes *rom_from_vfct(Machine *machine, const MachineDevice *device,
                        GError **error);

/**
 * rom_user: who uses the adapter, for example "amdgpu drives it"
 *
 * Returns NULL if nobody does.  g_free().
 */
char *rom_user(const Machine *machine, const MachineDevice *device);

/**
 * rom_is_unsafe: whether reading the ROM can disturb a user of the adapter
 *
 * Some adapters decode either their ROM or their other BARs.  Returns the
 * reason, for example "amdgpu drives the adapter", or NULL if reading is safe.
 * g_free().
 */
char *rom_is_unsafe(const Machine *machine, const MachineDevice *device);

/** rom_guest: what vbios_judge() must know about a guest with that adapter */
VBIOSGuest rom_guest(const MachineDevice *device, VBIOSFirmware firmware,
                     bool shadow_copy);

/**
 * rom_remedy_for: fill in the names that the walker's remedy does not know
 *
 * FILE becomes the name of the VBIOS where `rom fix` reads it.  It becomes NEW
 * where a file is written, and where the new file is given to the guest.
 *
 * @bdf: the adapter; NULL if not known
 * @file: the VBIOS; NULL if it is not in a file
 */
char *rom_remedy_for(const char *remedy, const char *bdf, const char *file);

/** rom_kinds: the images in a word: "bios+uefi", "bios", "uefi", "none" */
const char *rom_kinds(const VBIOSRom *rom);

#endif /* VGA_ASSIGN_ROMSOURCE_H */
