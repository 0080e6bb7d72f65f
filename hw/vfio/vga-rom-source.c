/*
 * Where the VBIOS of an assigned adapter comes from
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It is read from a romfile, the ROM region or the flash ROM, and given to the
 * guest as the contents of its ROM BAR.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <linux/vfio.h>

#include "hw/pci/pci_regs.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/datadir.h"
#include "qemu/units.h"
#include "trace.h"
#include "vga-flash.h"
#include "vga-rom-internal.h"

/* vbios_parse() looks at no more; no VBIOS is larger */
#define ROM_FILE_MAX (16 * MiB)
/* The low bits of a ROM BAR are not address bits [PCI 3.0, 6.2.5.2] */
#define ROM_BAR_MIN (2 * KiB)

void vfio_vga_rom_clear(RomCandidate *rom)
{
    g_free(rom->data);
    vbios_verdict_free(rom->verdict);
    *rom = (RomCandidate) { };
}

/*
 * IDs and checksums
 */

/* A word of the real config space, not of what QEMU shows to the guest. */
static uint16_t rom_host_word(VFIOPCIDevice *vdev, unsigned offset)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    uint16_t data = 0xffff;

    vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                  offset, sizeof(data), &data);
    return le16_to_cpu(data);
}

static bool rom_has_ids(const VBIOSRom *rom, uint32_t vendor, uint32_t device)
{
    unsigned i;

    for (i = 0; i < rom->n_images; i++) {
        if (rom->images[i].has_pcir && rom->images[i].vendor == vendor &&
            (device == VBIOS_ID_ANY || rom->images[i].device == device)) {
            return true;
        }
    }
    return false;
}

void vfio_vga_rom_adapt(VFIOPCIDevice *vdev, RomCandidate *rom)
{
    g_autofree VBIOSRom *parsed = g_new(VBIOSRom, 1);
    unsigned ids = 0, sums;

    vbios_parse(parsed, rom->data, rom->size);
    if (!rom_has_ids(parsed, vdev->vendor_id, vdev->device_id) &&
        (rom_has_ids(parsed, vdev->vendor_id, VBIOS_ID_ANY) ||
         rom_has_ids(parsed, rom_host_word(vdev, PCI_VENDOR_ID),
                     VBIOS_ID_ANY))) {
        ids = vbios_set_ids(rom->data, rom->size, vdev->vendor_id,
                            vdev->device_id);
    }
    sums = vbios_repair_checksums(rom->data, rom->size);
    trace_vfio_vga_rom_adapt(vdev->vbasedev.name, ids, sums);
}

/* The file is the real adapter's, whose IDs the guest does not see. */
static bool rom_file_needs_ids(VFIOPCIDevice *vdev, const VBIOSRom *rom)
{
    return !rom_has_ids(rom, vdev->vendor_id, vdev->device_id) &&
           rom_has_ids(rom, rom_host_word(vdev, PCI_VENDOR_ID),
                       rom_host_word(vdev, PCI_DEVICE_ID));
}

void vfio_vga_rom_judge(RomCandidate *rom, const VBIOSGuest *guest)
{
    g_autofree VBIOSRom *parsed = g_new(VBIOSRom, 1);

    vbios_verdict_free(rom->verdict);
    vbios_parse(parsed, rom->data, rom->size);
    rom->verdict = vbios_judge(parsed, rom->data, rom->size, guest);
}

/*
 * Sources
 */

bool vfio_vga_rom_has_file(PCIDevice *pdev)
{
    return pdev->romfile && *pdev->romfile;
}

/* An empty romfile= means the same as rombar=0. */
bool vfio_vga_rom_has_bar(PCIDevice *pdev)
{
    return pdev->rom_bar && (!pdev->romfile || *pdev->romfile);
}

static char *rom_file_path(PCIDevice *pdev)
{
    return qemu_find_file(QEMU_FILE_TYPE_BIOS, pdev->romfile) ?:
           g_strdup(pdev->romfile);
}

/* PCI loads the file later, and reports one that cannot be read. */
void vfio_vga_rom_from_file(VFIOPCIDevice *vdev, RomCandidate *rom)
{
    g_autofree char *path = rom_file_path(PCI_DEVICE(vdev));
    g_autofree VBIOSRom *parsed = g_new(VBIOSRom, 1);
    GStatBuf st;
    char *data = NULL;

    if (g_stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size ||
        st.st_size > ROM_FILE_MAX ||
        !g_file_get_contents(path, &data, &rom->size, NULL)) {
        return;
    }
    rom->data = (uint8_t *)data;
    vbios_parse(parsed, rom->data, rom->size);
    if (PCI_DEVICE(vdev)->rom_bar && rom_file_needs_ids(vdev, parsed)) {
        vbios_set_ids(rom->data, rom->size, vdev->vendor_id, vdev->device_id);
        vdev->vga_rom.adapt_file = true;
    }
}

void vfio_vga_rom_from_region(VFIOPCIDevice *vdev, RomCandidate *rom)
{
    if (!memory_region_size(&PCI_DEVICE(vdev)->rom)) {
        return;
    }
    vfio_pci_read_rom(vdev);
    rom->data = g_steal_pointer(&vdev->rom);
    rom->size = rom->data ? vdev->rom_size : 0;
}

bool vfio_vga_rom_from_flash(VFIOPCIDevice *vdev, RomCandidate *rom,
                             Error **errp)
{
    uint64_t room = memory_region_size(&PCI_DEVICE(vdev)->rom);
    uint8_t *less;
    size_t size;

    rom->data = vfio_vga_flash_read(&vdev->vbasedev, &rom->size, errp);
    if (!rom->data) {
        return false;
    }
    /* Leave out images that only drivers read if the ROM BAR is too small. */
    if (room && rom->size > room) {
        less = vbios_rebuild(rom->data, rom->size,
                             VBIOS_KEEP_X86 | VBIOS_KEEP_EFI, &size);
        if (!less || size > room) {
            error_setg(errp, "the contents of the flash ROM (0x%zx bytes) do "
                       "not fit into the ROM BAR (0x%" PRIx64 " bytes)",
                       rom->size, room);
            g_free(less);
            return false;
        }
        g_free(rom->data);
        rom->data = less;
        rom->size = size;
    }
    return true;
}

void vfio_vga_rom_give(VFIOPCIDevice *vdev, RomCandidate *rom)
{
    if (!rom->data) {
        return;
    }
    if (!memory_region_size(&PCI_DEVICE(vdev)->rom)) {
        vfio_pci_register_rom(vdev, MAX(pow2ceil(rom->size), ROM_BAR_MIN));
    }
    g_free(vdev->rom);
    vdev->rom = g_steal_pointer(&rom->data);
    vdev->rom_size = rom->size;
    vdev->rom_read_failed = false;
}
