/*
 * The VBIOS of an assigned adapter: definitions for the files vga-rom*.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   vga-rom.c         which VBIOS the guest gets, and the properties
 *   vga-rom-source.c  reads it and gives it to the guest
 *   vga-rom-report.c  reports its defects
 *   vga-dark.c        reports that firmware can draw on no adapter
 */
#ifndef HW_VFIO_VGA_ROM_INTERNAL_H
#define HW_VFIO_VGA_ROM_INTERNAL_H

#include "pci.h"
#include "vga-rom.h"

/* A VBIOS that the guest may get; owns all but @from */
typedef struct RomCandidate {
    const char *from;       /* for messages */
    uint8_t *data;          /* NULL: no VBIOS */
    size_t size;
    VBIOSVerdict *verdict;  /* of vfio_vga_rom_judge(), or NULL */
} RomCandidate;

void vfio_vga_rom_clear(RomCandidate *rom);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RomCandidate, vfio_vga_rom_clear)


/*
 * vga-rom-source.c
 */

/* Whether romfile= names a file */
bool vfio_vga_rom_has_file(PCIDevice *pdev);

/* Whether the guest is to see a ROM BAR */
bool vfio_vga_rom_has_bar(PCIDevice *pdev);

/*
 * Fill in @rom.data and @rom.size from one of the sources.  A romfile or a ROM
 * region that cannot be read leaves @rom without data; for the flash ROM that
 * is an error.  Reading the region takes vdev->rom away.
 */
void vfio_vga_rom_from_file(VFIOPCIDevice *vdev, RomCandidate *rom);
void vfio_vga_rom_from_region(VFIOPCIDevice *vdev, RomCandidate *rom);
bool vfio_vga_rom_from_flash(VFIOPCIDevice *vdev, RomCandidate *rom,
                             Error **errp);

/* Give the adapter's own VBIOS the IDs that the guest sees, and checksums */
void vfio_vga_rom_adapt(VFIOPCIDevice *vdev, RomCandidate *rom);

/* Judge @rom, which has data, once more or for the first time */
void vfio_vga_rom_judge(RomCandidate *rom, const VBIOSGuest *guest);

/* Give @rom to the guest: its data, if any, becomes vdev->rom. */
void vfio_vga_rom_give(VFIOPCIDevice *vdev, RomCandidate *rom);

/*
 * vga-rom-report.c
 */

/*
 * The first finding that is fatal for @firmware, or for both kinds if it is not
 * known; NULL if there is no such finding.
 */
const VBIOSFinding *vfio_vga_rom_first_fatal(const VBIOSVerdict *verdict,
                                             VBIOSFirmware firmware);

bool vfio_vga_rom_has_finding(const VBIOSVerdict *verdict, VBIOSFindingId id);

/*
 * Warn, or set an error with x-rom-check=error: @what is wrong with the VBIOS
 * that comes @from a source, and @remedy, one or more lines or NULL.
 *
 * Returns false if it is an error.
 */
bool vfio_vga_rom_complain(VFIOPCIDevice *vdev, const char *from,
                           const char *what, const char *remedy, Error **errp);

/*
 * The same for each finding of @rom that is fatal for @firmware.  @instead: why
 * the guest does not get the contents of the flash ROM, or NULL.
 */
bool vfio_vga_rom_report(VFIOPCIDevice *vdev, const RomCandidate *rom,
                         VBIOSFirmware firmware, const char *instead,
                         Error **errp);

/*
 * vga-dark.c
 */

/* At start it is said if the guest's BIOS can draw on no display adapter. */
void vfio_vga_dark_watch(void);

#endif /* HW_VFIO_VGA_ROM_INTERNAL_H */
