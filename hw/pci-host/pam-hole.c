/*
 * The legacy hole of i440FX and q35
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header hw/pci-host/pam-fix.h describes x-legacy-hole.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/vga-compat.h"
#include "pam-fix-internal.h"

#define PAM_HOLE_BASE           SMRAM_C_BASE
#define PAM_HOLE_SIZE           (1 * MiB - PAM_HOLE_BASE)
/* Below each device, whatever priority its regions have */
#define PAM_HOLE_PRIORITY       (-1000)

/* pc.c, PC_ROM_MIN_VGA */
#define OPTION_ROM_BASE         0xc0000
#define OPTION_ROM_ALIGN        512

static uint64_t pam_hole_read(void *opaque, hwaddr addr, unsigned size)
{
    return MAKE_64BIT_MASK(0, size * BITS_PER_BYTE);
}

static void pam_hole_write(void *opaque, hwaddr addr, uint64_t data,
                           unsigned size)
{
}

static const MemoryRegionOps pam_hole_ops = {
    .read = pam_hole_read,
    .write = pam_hole_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/*
 * pc.c's region for option ROMs reads as zeros when they all come by fw_cfg.
 * Such a board has no ROM chip there.  A ROM of -device loader is in the list
 * of ROMs before the first reset, and in the region after it.
 */
static bool option_roms_are_empty(MemoryRegion *roms)
{
    hwaddr addr;

    for (addr = 0; addr < memory_region_size(roms); addr += OPTION_ROM_ALIGN) {
        if (rom_ptr(OPTION_ROM_BASE + addr, 1)) {
            return false;
        }
    }
    return buffer_is_zero(memory_region_get_ram_ptr(roms),
                          memory_region_size(roms));
}

void pam_hole_enable(PAMFix *fix)
{
    MemoryRegion *roms = fix->config->option_roms;

    fix->hole.present = true;
    if (roms && option_roms_are_empty(roms)) {
        memory_region_set_enabled(roms, false);
    }
    memory_region_init_io(&fix->hole.mr, fix->owner, &pam_hole_ops, NULL,
                          "pci-legacy-hole", PAM_HOLE_SIZE);
    memory_region_add_subregion_overlap(fix->pci, PAM_HOLE_BASE,
                                        &fix->hole.mr, PAM_HOLE_PRIORITY);
}
