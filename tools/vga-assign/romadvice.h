/*
 * Where to find an adapter's VBIOS if one source gave nothing good
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
 * @tried: the RomBytes.source that gave nothing good, or NULL
 *
 * The command never reads @tried again.  g_free().
 */
char *rom_where(Machine *machine, const MachineDevice *device,
                const char *tried);

/**
 * rom_advice: what to do about a finding that keeps the guest's screen black
 *
 * @bytes: what was judged
 *
 * Returns NULL if there is nothing to do.  g_free().
 */
char *rom_advice(Machine *machine, const MachineDevice *device,
                 const CheckGuest *guest, const RomBytes *bytes,
                 const VBIOSFinding *finding);

/** rom_can_be_used: whether that firmware shows a picture with these bytes */
bool rom_can_be_used(const MachineDevice *device, VBIOSFirmware firmware,
                     const uint8_t *data, size_t size);

#endif /* VGA_ASSIGN_ROMADVICE_H */
