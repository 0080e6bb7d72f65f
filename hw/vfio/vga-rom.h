/*
 * Which VBIOS a guest gets from an assigned adapter, and what is wrong with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VBIOS that firmware does not run leaves the screen black without a word:
 * SeaBIOS and OVMF skip what they do not like.  So QEMU looks at it before the
 * guest starts, with the walker of qemu/vbios.h, and says what is wrong.
 *
 * Two properties of vfio-pci and vfio-user-pci:
 *
 * x-rom-check=warn|error|off
 *     What is fatal to the guest's firmware is a warning each (warn, the
 *     default), fails realize (error), or is not looked for (off).
 *
 * x-rom-source=auto|region|flash|file
 *     region  the ROM region, as the host hands it out
 *     flash   the adapter's flash ROM, see qemu/vbios-flash.h
 *     file    romfile=, which must be given
 *     auto    the first of these that there is (the default):
 *             1. romfile=, if given
 *             2. the ROM region, if nothing is wrong with it: it is not the
 *                copy at 0xc0000, nor fatal to the guest's firmware, nor does
 *                it look like a VBIOS that has run
 *             3. the flash ROM, if it can be read and nothing in it is fatal
 *             4. the ROM region, with a warning that tells why not 3.
 *
 * Whose VBIOS is looked at: that of an adapter with x-vga=on; of any adapter
 * of class VGA if the guest's firmware is UEFI, which gives each of them a
 * picture, where a BIOS runs the VBIOS of the primary one alone; and of one
 * with an x-rom-source other than auto.  Not with rombar=0 and no romfile=
 * unless x-vga=on, and not, under UEFI, of an adapter that OVMF drives without
 * (cirrus, bochs, qxl, virtio and vmware, as QEMU emulates them).  With
 * x-rom-check=off and x-rom-source=auto nothing is read ahead of the guest, as
 * without this file.
 *
 * The copy at 0xc0000: vfio-pci hands out what the kernel says the ROM is, and
 * for the host's boot VGA that is the memory where firmware has put and run
 * the VBIOS (arch/x86/pci/fixup.c, pci_fixup_video()).  The kernel marks it in
 * the seventh line of sysfs' "resource": flag IORESOURCE_ROM_SHADOW (bit 1,
 * include/linux/ioport.h), start 0xc0000.  Where there is no sysfs, behind a
 * vfio-user server or with fd=, it is told by the signs of one that has run
 * (VBIOS_POSTED, VBIOS_LEGACY_CHECKSUM).
 *
 * The guest's firmware: what lies below 4 GiB, where an x86 processor starts.
 * UEFI images are built of firmware volumes, which begin at a multiple of 4
 * KiB and have the signature "_FVH" at offset 0x28 (UEFI PI specification,
 * volume 3, EFI_FIRMWARE_VOLUME_HEADER).  One in the topmost 16 MiB: UEFI;
 * none: a BIOS; nothing there at all: not known, then only what is fatal to
 * both is reported.  Contents decide and not how they came there, since pflash
 * may hold SeaBIOS and -bios OVMF.
 *
 * What the guest gets from the region and from the flash ROM is a copy in
 * memory.  If none of its images has the IDs that the guest sees, but the
 * adapter's vendor, they get these IDs; wrong checksums are repaired, each
 * image for itself.  Of a romfile= only IDs that x-pci-vendor-id= and
 * x-pci-device-id= hide from the guest are replaced, also in memory.  Nobody's
 * file is written to.
 *
 * A ROM region of which nothing can be read is read again when the guest's
 * firmware asks for it: a vfio-user server may serve the ROM only where and
 * when the guest has mapped it, as x-vfio-user-server of QEMU 10.2 does.
 */
#ifndef HW_VFIO_VGA_ROM_H
#define HW_VFIO_VGA_ROM_H

#include "qemu/vbios.h"
#include "qom/object.h"

struct VFIOPCIDevice;

typedef enum VFIOROMCheck {
    VFIO_ROM_CHECK_WARN,
    VFIO_ROM_CHECK_ERROR,
    VFIO_ROM_CHECK_OFF,
    VFIO_ROM_CHECK__MAX,
} VFIOROMCheck;

typedef enum VFIOROMSource {
    VFIO_ROM_SOURCE_AUTO,
    VFIO_ROM_SOURCE_REGION,
    VFIO_ROM_SOURCE_FLASH,
    VFIO_ROM_SOURCE_FILE,
    VFIO_ROM_SOURCE__MAX,
} VFIOROMSource;

/* Of each VFIOPCIDevice; all zeroes is the default. */
typedef struct VFIOVGAROM {
    VFIOROMCheck check;
    VFIOROMSource source;
    bool adapt_file;        /* the romfile's IDs are to be replaced */
} VFIOVGAROM;

/**
 * vfio_vga_rom_class_init: add the two properties to a class of devices
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, of which each adapter is
 */
void vfio_vga_rom_class_init(ObjectClass *klass);

/**
 * vfio_vga_rom_setup: choose the VBIOS and look at it
 *
 * @vdev: the adapter, attached, its IDs and class resolved, and its ROM BAR
 *        registered if it has one that the guest is to see
 * @errp: on failure, what is wrong, with a hint that says what to do
 *
 * Reads the ROM region, the flash ROM or the romfile, as the properties say.
 * vdev->rom is then what the guest gets, unless that is a romfile, which PCI
 * loads.  Registers a ROM BAR if there is none and the flash ROM has a VBIOS.
 *
 * Returns false if the properties contradict each other, if x-rom-source=flash
 * cannot be had, or on what x-rom-check=error is for; else true.
 */
bool vfio_vga_rom_setup(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_vga_rom_reset: adapt the romfile to the guest
 *
 * @vdev: the adapter
 *
 * PCI loads a romfile after realize, so this is called on each reset; the
 * first one comes before the guest runs.
 */
void vfio_vga_rom_reset(struct VFIOPCIDevice *vdev);

/**
 * vfio_vga_rom_firmware: what will run the VBIOS
 *
 * To be called when the machine has its firmware, as it has when devices of
 * the command line are realized.
 */
VBIOSFirmware vfio_vga_rom_firmware(void);

/**
 * vfio_vga_rom_is_shadow: is the ROM region the copy at 0xc0000
 *
 * @sysfsdev: the device's directory in sysfs, or a test's imitation; may be
 *            NULL
 *
 * Returns whether the kernel says so; false if it cannot be asked.
 */
bool vfio_vga_rom_is_shadow(const char *sysfsdev);

#endif /* HW_VFIO_VGA_ROM_H */
