/*
 * What is wrong with the VBIOS of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One line for each thing that keeps the screen black, and one that says what
 * to do about it.
 */

#include "qemu/osdep.h"

#include "qapi/error.h"
#include "qemu/error-report.h"
#include "trace.h"
#include "vga-rom-internal.h"

static bool finding_matters(const VBIOSFinding *finding, VBIOSFirmware firmware)
{
    unsigned mask = firmware ?: VBIOS_FIRMWARE_BIOS | VBIOS_FIRMWARE_UEFI;

    return (finding->fatal & mask) == mask;
}

const VBIOSFinding *vfio_vga_rom_first_fatal(const VBIOSVerdict *verdict,
                                             VBIOSFirmware firmware)
{
    unsigned i;

    for (i = 0; i < verdict->n_findings; i++) {
        if (finding_matters(&verdict->findings[i], firmware)) {
            return &verdict->findings[i];
        }
    }
    return NULL;
}

bool vfio_vga_rom_has_finding(const VBIOSVerdict *verdict, VBIOSFindingId id)
{
    unsigned i;

    for (i = 0; i < verdict->n_findings; i++) {
        if (verdict->findings[i].id == id) {
            return true;
        }
    }
    return false;
}

/*
 * VBIOSFinding.remedy as a sentence, with the placeholders filled in that are
 * known; to be freed with g_free()
 */
static char *rom_remedy(VFIOPCIDevice *vdev, const char *remedy)
{
    g_autofree char *bdf = vdev->vbasedev.sysfsdev ?
        g_path_get_basename(vdev->vbasedev.sysfsdev) : g_strdup("BDF");
    g_auto(GStrv) parts = g_strsplit(remedy, "BDF", -1);
    char *text = g_strjoinv(bdf, parts);

    text[0] = g_ascii_toupper(text[0]);
    return text;
}

bool vfio_vga_rom_complain(VFIOPCIDevice *vdev, const char *from,
                           const char *what, const char *remedy, Error **errp)
{
    g_autofree char *todo = rom_remedy(vdev, remedy ?: "");
    bool fail = vdev->vga_rom.check == VFIO_ROM_CHECK_ERROR;
    Error *err = NULL;

    error_setg(&err, "VBIOS (%s): %s", from, what);
    if (*todo) {
        error_append_hint(&err, "%s\n", todo);
    }
    trace_vfio_vga_rom_complain(vdev->vbasedev.name, from, what);
    if (fail) {
        error_propagate(errp, err);
    } else {
        warn_reportf_err(err, VFIO_MSG_PREFIX, vdev->vbasedev.name);
    }
    return !fail;
}

bool vfio_vga_rom_report(VFIOPCIDevice *vdev, const RomCandidate *rom,
                         VBIOSFirmware firmware, const char *instead,
                         Error **errp)
{
    unsigned i;

    trace_vfio_vga_rom_chosen(vdev->vbasedev.name, rom->from,
                              rom->verdict->summary);
    for (i = 0; i < rom->verdict->n_findings; i++) {
        const VBIOSFinding *finding = &rom->verdict->findings[i];
        g_autofree char *remedy = NULL;

        if (!finding_matters(finding, firmware)) {
            continue;
        }
        remedy = g_strdup_printf("%s%s%s%s", finding->remedy ?: "",
                                 finding->remedy && instead ? "\n" : "",
                                 instead ? "The flash ROM does not help: "
                                         : "",
                                 instead ?: "");
        instead = NULL;
        if (!vfio_vga_rom_complain(vdev, rom->from, finding->text, remedy,
                                   errp)) {
            return false;
        }
    }
    return true;
}
