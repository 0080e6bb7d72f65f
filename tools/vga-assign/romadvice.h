/*
 * Where an adapter's VBIOS can come from, if not from where it was tried
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_ROMADVICE_H
#define VGA_ASSIGN_ROMADVICE_H

#include "checks.h"
#include "romsource.h"

/**
 * rom_where: what to type for this adapter's own VBIOS
 *
 * @tried: a source that gave nothing good: RomBytes.source; NULL: none
 *
 * Never a command that reads @tried again.  g_free().
 */
char *rom_where(Machine *machine, const MachineDevice *device,
                const char *tried);

/**
 * rom_advice: what to do about a finding that keeps the guest's screen black
 *
 * @bytes: what was judged
 *
 * g_free(); NULL if there is nothing to be done.
 */
char *rom_advice(Machine *machine, const MachineDevice *device,
                 const CheckGuest *guest, const RomBytes *bytes,
                 const VBIOSFinding *finding);

/** rom_can_be_used: whether that firmware shows a picture by these bytes */
bool rom_can_be_used(const MachineDevice *device, VBIOSFirmware firmware,
                     const uint8_t *data, size_t size);

#endif /* VGA_ASSIGN_ROMADVICE_H */
