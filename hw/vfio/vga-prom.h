/*
 * The pristine VBIOS: an adapter's flash part, read through its registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the ROM BAR gives is not always the VBIOS.  Of the host's boot VGA the
 * kernel hands out the copy at 0xc0000 in memory, which has run and changed
 * itself (Linux, arch/x86/pci/fixup.c, pci_fixup_video()), and of a ROM with
 * NVIDIA's further images only the first one (drivers/pci/rom.c).  Adapters of
 * two vendors show the flash part in their registers too, where nobody copies:
 *
 * NVIDIA  A window of 1 MiB at 0x300000 of BAR 0, called PROM, read in dwords.
 *         It is there while bit 0 ("ROM shadow enabled") of config register
 *         0x50 is clear, which is reached through the copy of config space in
 *         BAR 0: at 0x1800 up to NV3x, at 0x88000 from NV40 to Ada.  Hopper
 *         and later have that copy elsewhere, and are refused.  So are the
 *         integrated NV4x (NV4C and later of that family): no flash part.
 *         (Linux, drivers/gpu/drm/nouveau/nvkm: subdev/bios/shadowrom.c;
 *         subdev/pci/{base,nv04,nv40,gh100}.c; the chip is told by
 *         NV_PMC_BOOT_0 as in engine/device/base.c)
 *
 * AMD     A register ROM_INDEX, to which 0 is written, and a register ROM_DATA
 *         that gives the next dword each time it is read.  Where they are
 *         depends on the family, which the device ID tells: the registers that
 *         would tell it have moved about as well.  Integrated adapters have no
 *         flash part, families that have come since RDNA 2 are not known by
 *         their device ID: both are refused.
 *         (Linux, drivers/gpu/drm/amd/amdgpu: {si,cik,vi,soc15,nv}.c,
 *         *_read_bios_from_rom(); amdgpu_drv.c, pciidlist; include/asic_reg:
 *         smu/smu_7_0_1_d.h, smuio/smuio_{9_0,11_0_0,11_0_6}_offset.h;
 *         SMUIO_BASE in include/vega10_ip_offset.h and its like)
 *
 * Nothing here was run on hardware: the tests model the adapters.
 */
#ifndef HW_VFIO_VGA_PROM_H
#define HW_VFIO_VGA_PROM_H

#include "hw/vfio/vfio-device.h"

/* The window's size, and more than any VBIOS has. */
#define VFIO_VGA_PROM_MAX (1 * MiB)
/* How long it may take: nothing on the host may hold QEMU up without end. */
#define VFIO_VGA_PROM_SECONDS 10

/**
 * vfio_vga_prom_read: read the VBIOS from the adapter's flash part
 *
 * @vbasedev: the adapter, attached
 * @size: how many bytes were found
 * @errp: on failure, why: the family is not known, the window stays closed,
 *        what is in it is no VBIOS, it took too long, an access failed
 *
 * Asks the adapter itself for its IDs and not QEMU, which may show others to
 * the guest.  Every register that is changed is restored, also on failure, and
 * so is PCI_COMMAND, whose memory bit must be set meanwhile.  Not more than
 * VFIO_VGA_PROM_MAX bytes are read, and after VFIO_VGA_PROM_SECONDS no further
 * ones.  Must not run while the guest does.
 *
 * Returns the images from the first to the last one, without what a flash part
 * has around them (see util/vbios.c, vbios_rebuild()), to be freed with
 * g_free(); NULL on failure.
 */
uint8_t *vfio_vga_prom_read(VFIODevice *vbasedev, size_t *size, Error **errp);

#endif /* HW_VFIO_VGA_PROM_H */
