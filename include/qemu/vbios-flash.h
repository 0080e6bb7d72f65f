/*
 * The pristine VBIOS: an adapter's flash ROM, read through its registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ROM BAR does not always show the VBIOS.  For the host's boot VGA the
 * kernel provides the copy at 0xc0000 in memory, which has run and changed
 * itself (Linux, arch/x86/pci/fixup.c, pci_fixup_video()), and of a ROM with
 * NVIDIA's further images it provides only the first one (drivers/pci/rom.c).
 * Adapters of two vendors also show the flash ROM itself in their registers:
 *
 * NVIDIA  A window of 1 MiB at 0x300000 of BAR 0, called PROM, read in dwords.
 *         It is visible while bit 0 ("ROM shadow enabled") of config register
 *         0x50 is clear, which is reached through the copy of config space in
 *         BAR 0: at 0x1800 up to NV3x, at 0x88000 from NV40 to Ada.  Hopper and
 *         later have that copy elsewhere, and are refused.  The integrated NV4x
 *         (NV4C and later of that family) are refused as well, because they
 *         have no flash ROM. (Linux, drivers/gpu/drm/nouveau/nvkm:
 *         subdev/bios/shadowrom.c; subdev/pci/{base,nv04,nv40,gh100}.c;
 *         NV_PMC_BOOT_0 names the chip as in engine/device/base.c)
 *
 * AMD     A register ROM_INDEX, to which 0 is written, and a register ROM_DATA
 *         that gives the next dword each time it is read.  Their place depends
 *         on the family, which follows from the device ID: the registers that
 *         name the family have moved as well.  Integrated adapters have no
 *         flash ROM, and families newer than RDNA 2 are not known by their
 *         device ID: both are refused.  (Linux, drivers/gpu/drm/amd/amdgpu:
 *         {si,cik,vi,soc15,nv}.c, *_read_bios_from_rom(); amdgpu_drv.c,
 *         pciidlist; include/asic_reg: smu/smu_7_0_1_d.h,
 *         smuio/smuio_{9_0,11_0_0,11_0_6}_offset.h; SMUIO_BASE in
 *         include/vega10_ip_offset.h and its like)
 *
 * This code was not run on hardware: the tests model the adapters.
 *
 * The code needs only the C library and GLib, like the walker of qemu/vbios.h,
 * because the host tool builds the same file.
 */
#ifndef QEMU_VBIOS_FLASH_H
#define QEMU_VBIOS_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

/* The window's size in bytes, and more than any VBIOS has. */
#define VBIOS_FLASH_MAX (1024 * 1024)
/* How long it may take: no adapter may hold QEMU up without end. */
#define VBIOS_FLASH_SECONDS 10

/* How the adapter's registers are reached. */
typedef struct VBIOSFlashIO {
    void *opaque;
    /*
     * Reads or writes the 32 bits at @offset of @bar, a multiple of 4 inside of
     * @bar_size.  @value is in the host's byte order.  Returns false on
     * failure, with @error set if it is not NULL.
     */
    bool (*access)(void *opaque, bool write, unsigned bar, uint32_t offset,
                   uint32_t *value, GError **error);
    /* Returns the size in bytes; 0: the adapter has no such BAR */
    uint64_t (*bar_size)(void *opaque, unsigned bar);
} VBIOSFlashIO;

/**
 * vbios_flash_read: read the VBIOS from an adapter's flash ROM
 *
 * @io: its registers; its memory decoding is on
 * @vendor, @device: its own IDs
 * @size: how many bytes were found
 * @error: set on failure, in vbios_flash_error()'s domain unless it is from
 *         @io: the family is not known, the window stays closed, its contents
 *         are not a VBIOS, or it took too long
 *
 * Every register that is changed is restored, also on failure.  Not more than
 * VBIOS_FLASH_MAX bytes are read, and none after VBIOS_FLASH_SECONDS. No other
 * program may use the adapter meanwhile.
 *
 * Returns the images from the first to the last one, without the other contents
 * of a flash ROM (see vbios_rebuild()), to be freed with g_free(); NULL on
 * failure.
 */
uint8_t *vbios_flash_read(const VBIOSFlashIO *io, uint16_t vendor,
                          uint16_t device, size_t *size, GError **error);

GQuark vbios_flash_error(void);

#endif /* QEMU_VBIOS_FLASH_H */
