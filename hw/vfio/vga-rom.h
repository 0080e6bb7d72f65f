/*
 * Which VBIOS a guest gets from an assigned adapter, and what is wrong with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * If firmware does not run a VBIOS, the screen stays black without any message:
 * SeaBIOS and OVMF skip an image that they do not accept.  So QEMU checks the
 * VBIOS before the guest starts, with the walker of qemu/vbios.h, and reports
 * what is wrong.
 *
 * Two properties of vfio-pci and vfio-user-pci:
 *
 * x-rom-check=warn|error|off
 *     Each defect that is fatal for the guest's firmware is a warning (warn,
 *     the default) or fails realize (error); off looks for none.
 *
 * x-rom-source=auto|region|flash|file
 *     region  the ROM region, as the host offers it
 *     flash   the adapter's flash ROM, see qemu/vbios-flash.h
 *     file    romfile=, which must be given
 *     auto    the first of these sources that is usable (the default):
 *             1. romfile=, if given
 *             2. the ROM region, if it is pristine: it is not the copy at
 *                0xc0000, has no fatal defect, and does not look like a VBIOS
 *                that has run
 *             3. the flash ROM, if it can be read and has no fatal defect
 *             4. the ROM region, with a warning that says why 3. was not
 *                possible
 *
 * QEMU checks the VBIOS of three kinds of adapters: those with x-vga=on; any of
 * class VGA if the guest's firmware is UEFI, which shows a picture on each of
 * them, while a BIOS runs only the VBIOS of the primary one; and those with an
 * x-rom-source other than auto.  It does not check with rombar=0 and no
 * romfile= unless x-vga=on, nor, under UEFI, for an adapter that OVMF drives
 * without a VBIOS (cirrus, bochs, qxl, virtio and vmware, as QEMU emulates
 * them).  With x-rom-check=off and x-rom-source=auto nothing is read before the
 * guest runs, as without this file.
 *
 * The copy at 0xc0000: vfio-pci offers the kernel's view of the ROM, and for
 * the host's boot VGA that is the memory into which firmware has copied the
 * VBIOS to run it (arch/x86/pci/fixup.c, pci_fixup_video()).  The kernel marks
 * it in the seventh line of sysfs' "resource": flag IORESOURCE_ROM_SHADOW (bit
 * 1, include/linux/ioport.h), start 0xc0000.  Without sysfs, behind a vfio-user
 * server or with fd=, the copy is recognized by the signs of a VBIOS that has
 * run (VBIOS_POSTED, VBIOS_LEGACY_CHECKSUM).
 *
 * The guest's firmware is in the memory below 4 GiB, where an x86 processor
 * starts.  UEFI images consist of firmware volumes, which begin at a multiple
 * of 4 KiB and have the signature "_FVH" at offset 0x28 (UEFI PI specification,
 * volume 3, EFI_FIRMWARE_VOLUME_HEADER).  If there is a volume in the topmost
 * 16 MiB, the firmware is UEFI, and otherwise a BIOS.  If that memory is empty,
 * the firmware is not known, and only defects fatal for both kinds are
 * reported.  The contents decide, not the option that loaded them, because
 * pflash may hold SeaBIOS, and -bios may name OVMF.
 *
 * From the region and from the flash ROM the guest gets a copy in memory.  If
 * no image of it has the IDs that the guest sees, but one has the adapter's
 * vendor, the images get the guest's IDs; wrong checksums are repaired, each
 * image by itself.  In a romfile= only IDs that x-pci-vendor-id= and
 * x-pci-device-id= hide from the guest are replaced, also in memory.  No file
 * is ever written.
 *
 * If nothing can be read of a ROM region, it is read again when the guest's
 * firmware asks for it: a vfio-user server may serve the ROM only where and
 * while the guest has mapped it, as x-vfio-user-server of QEMU 10.2 does.
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

/* A member of each VFIOPCIDevice; the default is all zero. */
typedef struct VFIOVGAROM {
    VFIOROMCheck check;
    VFIOROMSource source;
    bool adapt_file;        /* the romfile's IDs are to be replaced */
} VFIOVGAROM;

/**
 * vfio_vga_rom_class_init: add the two properties to a class of devices
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, the class of all adapters
 */
void vfio_vga_rom_class_init(ObjectClass *klass);

/**
 * vfio_vga_rom_setup: choose the VBIOS and check it
 *
 * @vdev: the adapter, attached, its IDs and class resolved, and its ROM BAR
 *        registered if it has one that the guest is to see
 * @errp: set on failure to the defect, with a hint what to do
 *
 * Reads the ROM region, the flash ROM or the romfile, as the properties say.
 * The guest then gets vdev->rom, or a romfile, which PCI loads.  Registers a
 * ROM BAR if there is none and the flash ROM has a VBIOS.
 *
 * Returns false if the properties contradict each other, if the flash ROM
 * cannot be read with x-rom-source=flash, or on a fatal defect with
 * x-rom-check=error.
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
 * vfio_vga_rom_firmware: which kind of firmware will run the VBIOS
 *
 * To be called after the machine has loaded its firmware, which is the case
 * when devices of the command line are realized.
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
