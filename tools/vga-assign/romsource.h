/*
 * Where a VBIOS can be read from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_ROMSOURCE_H
#define VGA_ASSIGN_ROMSOURCE_H

#include "machine.h"
#include "qemu/vbios.h"

/* The largest ROM BAR there can be is 16 MiB (PCI 3.0, 6.2.5.2). */
#define ROM_MAX (16 * 1024 * 1024)

typedef struct RomBytes {
    char *source;       /* "file", "rom", "shadow", "flash" or "vfct" */
    char *path;         /* what was opened */
    uint8_t *data;
    size_t size;
    bool shadow;        /* it is the copy at 0xc0000, which has run already */
} RomBytes;

/** rom_bytes_new: the strings are copied, @data is taken over */
RomBytes *rom_bytes_new(const char *source, const char *path, uint8_t *data,
                        size_t size);
void rom_bytes_free(RomBytes *rom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RomBytes, rom_bytes_free)

/** rom_from_file: a file of the user, at most ROM_MAX bytes */
RomBytes *rom_from_file(const char *path, GError **error);

/**
 * rom_from_adapter: what the kernel shows as the adapter's ROM
 *
 * To be read it is enabled and disabled again, in sysfs' own way.
 */
RomBytes *rom_from_adapter(Machine *machine, const MachineDevice *device,
                           GError **error);

/**
 * rom_from_flash: what is in the adapter's flash ROM, see qemu/vbios-flash.h
 *
 * Writes to registers of the adapter, and to PCI_COMMAND, and restores them.
 * Refused while somebody uses the adapter, see rom_user().
 */
RomBytes *rom_from_flash(Machine *machine, const MachineDevice *device,
                         GError **error);

/**
 * rom_from_vfct: what firmware left for the adapter in the ACPI table VFCT
 *
 * Nothing of the adapter is touched.  G_IO_ERROR_NOT_FOUND: there is none.
 */
RomBytes *rom_from_vfct(Machine *machine, const MachineDevice *device,
                        GError **error);

/**
 * rom_user: who uses the adapter, as in "amdgpu drives it"
 *
 * Returns NULL if nobody does.  g_free().
 */
char *rom_user(const Machine *machine, const MachineDevice *device);

/**
 * rom_is_unsafe: whether reading the ROM can disturb who uses the adapter
 *
 * Some adapters decode either their ROM or their other BARs.  Returns NULL if
 * not, else why, as in "amdgpu drives the adapter".  g_free().
 */
char *rom_is_unsafe(const Machine *machine, const MachineDevice *device);

/** rom_guest: what vbios_judge() must know of a guest with that adapter */
VBIOSGuest rom_guest(const MachineDevice *device, VBIOSFirmware firmware,
                     bool shadow_copy);

/**
 * rom_remedy_for: a remedy of the walker with the names that it could not know
 *
 * FILE is the VBIOS that was looked at only as what `rom fix` reads; where
 * something is written, and what is given to the guest then, it becomes NEW.
 *
 * @bdf: the adapter, NULL: not known
 * @file: the VBIOS, NULL: it is not in a file
 */
char *rom_remedy_for(const char *remedy, const char *bdf, const char *file);

/** rom_kinds: what is in it in a word: "bios+uefi", "bios", "uefi", "none" */
const char *rom_kinds(const VBIOSRom *rom);

#endif /* VGA_ASSIGN_ROMSOURCE_H */
