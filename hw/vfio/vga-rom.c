/*
 * Which VBIOS a guest gets from an assigned adapter, and what is wrong with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface and names the sources of the facts.
 */

#include "qemu/osdep.h"

#include "hw/pci/vga-compat.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/pci-sysfs.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "vga-props.h"
#include "vga-rom-internal.h"

#define FIRMWARE_END        (4 * GiB)
#define FIRMWARE_SIZE       (16 * MiB)
#define FIRMWARE_VOLUME     (4 * KiB)   /* alignment of a firmware volume */
#define FIRMWARE_SIGNATURE  0x28
#define RESET_VECTOR_SIZE   16

#define SHADOW_ADDRESS      0xc0000

/*
 * The guest's firmware
 */

/* ROMs of the command line are copied to memory by the first reset. */
static bool firmware_read(hwaddr addr, void *buf, size_t size)
{
    const void *rom = rom_ptr(addr, size);

    if (rom) {
        memcpy(buf, rom, size);
        return true;
    }
    return address_space_rw(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                            buf, size, false) == MEMTX_OK;
}

static bool firmware_is_there(void)
{
    uint8_t vector[RESET_VECTOR_SIZE];
    int i;

    if (!firmware_read(FIRMWARE_END - sizeof(vector), vector,
                       sizeof(vector))) {
        return false;
    }
    for (i = 1; i < sizeof(vector); i++) {
        if (vector[i] != vector[0]) {
            return true;
        }
    }
    return false;
}

VBIOSFirmware vfio_vga_rom_firmware(void)
{
    hwaddr addr;
    char signature[4];

    if (!firmware_is_there()) {
        return VBIOS_FIRMWARE_NONE;
    }
    for (addr = FIRMWARE_END - FIRMWARE_SIZE; addr < FIRMWARE_END;
         addr += FIRMWARE_VOLUME) {
        if (firmware_read(addr + FIRMWARE_SIGNATURE, signature,
                          sizeof(signature)) &&
            !memcmp(signature, "_FVH", sizeof(signature))) {
            return VBIOS_FIRMWARE_UEFI;
        }
    }
    return VBIOS_FIRMWARE_BIOS;
}

/*
 * The host
 */

bool vfio_vga_rom_is_shadow(const char *sysfsdev)
{
    PCISysfsResource resources[PCI_SYSFS_RESOURCES];
    PCISysfsResource *rom = &resources[PCI_SYSFS_ROM];

    return sysfsdev && pci_sysfs_resources(sysfsdev, resources) &&
           (rom->first == SHADOW_ADDRESS || rom->flags & PCI_SYSFS_ROM_SHADOW);
}

/*
 * The choice
 */

/* The firmware will run it, and it does not look as if it has run already. */
static bool rom_is_pristine(const RomCandidate *rom, const VBIOSGuest *guest)
{
    return rom->data &&
           !vfio_vga_rom_first_fatal(rom->verdict, guest->firmware) &&
           !vfio_vga_rom_has_finding(rom->verdict, VBIOS_POSTED);
}

static bool rom_check_properties(VFIOPCIDevice *vdev, Error **errp)
{
    static const char *const names[] = { "auto", "region", "flash", "file" };
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOROMSource source = vdev->vga_rom.source;
    bool file = vfio_vga_rom_has_file(pdev);

    if (source == VFIO_ROM_SOURCE_AUTO) {
        return true;
    }
    if (source == VFIO_ROM_SOURCE_FILE) {
        if (!file) {
            error_setg(errp, "x-rom-source=file needs romfile=FILE");
            error_append_hint(errp, "Add romfile=FILE, or leave out "
                              "x-rom-source=file.\n");
        }
        return file;
    }
    if (file) {
        error_setg(errp, "x-rom-source=%s contradicts romfile=%s",
                   names[source], pdev->romfile);
    } else if (!vfio_vga_rom_has_bar(pdev)) {
        error_setg(errp, "x-rom-source=%s contradicts %s", names[source],
                   pdev->rom_bar ? "romfile= without a name" : "rombar=0");
    } else if (!vfio_is_vga(vdev)) {
        error_setg(errp, "x-rom-source=%s needs a VGA adapter (class 0x0300), "
                   "but this device has class 0x%04x", names[source],
                   vdev->class_code >> 8);
        error_append_hint(errp, "Leave out x-rom-source.\n");
        return false;
    } else {
        return true;
    }
    error_append_hint(errp, "Leave out one of the two.\n");
    return false;
}

/*
 * OVMF has drivers of its own for these adapters, which then need no ROM (EDK
 * II, OvmfPkg/QemuVideoDxe/Driver.c, gQemuVideoCardList).
 */
static bool rom_is_needless(VFIOPCIDevice *vdev)
{
    static const struct {
        uint16_t vendor, device;
    } drivers[] = {
        { PCI_VENDOR_ID_CIRRUS, 0x00a0 },
        { PCI_VENDOR_ID_CIRRUS, 0x00a8 },
        { PCI_VENDOR_ID_CIRRUS, 0x00b8 },
        { PCI_VENDOR_ID_QEMU, PCI_DEVICE_ID_QEMU_VGA },     /* and bochs */
        { PCI_VENDOR_ID_REDHAT, PCI_DEVICE_ID_REDHAT_QXL },
        { PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1050 },          /* virtio */
        { PCI_VENDOR_ID_VMWARE, PCI_DEVICE_ID_VMWARE_SVGA2 },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (vdev->vendor_id == drivers[i].vendor &&
            vdev->device_id == drivers[i].device) {
            return true;
        }
    }
    return false;
}

/* See "Whose VBIOS is looked at" in the header. */
static bool rom_is_looked_at(VFIOPCIDevice *vdev, VBIOSFirmware firmware)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOVGAROM *policy = &vdev->vga_rom;

    if (policy->check == VFIO_ROM_CHECK_OFF) {
        return policy->source == VFIO_ROM_SOURCE_FLASH;
    }
    if (policy->source == VFIO_ROM_SOURCE_AUTO &&
        firmware == VBIOS_FIRMWARE_UEFI && rom_is_needless(vdev)) {
        return false;
    }
    if (policy->source != VFIO_ROM_SOURCE_AUTO || vdev->vga) {
        return true;
    }
    return vfio_is_vga(vdev) && firmware == VBIOS_FIRMWARE_UEFI &&
           (vfio_vga_rom_has_bar(pdev) || vfio_vga_rom_has_file(pdev));
}

/*
 * With rombar=0 QEMU gives the file to SeaBIOS in fw_cfg, and SeaBIOS runs it
 * with the address 00:00.0.  UEFI does not look there (hw/pci/pci.c,
 * pci_add_option_rom(); SeaBIOS, src/optionroms.c, vgarom_setup()).
 */
static bool rom_setup_file_without_bar(VFIOPCIDevice *vdev, const char *from,
                                       VBIOSFirmware firmware, Error **errp)
{
    const char *what = firmware == VBIOS_FIRMWARE_UEFI ?
        "with rombar=0 a UEFI guest does not find it" :
        "with rombar=0 a BIOS runs it for no adapter in particular (address "
        "00:00.0), and most then find none";

    return vfio_vga_rom_complain(vdev, from, what, "Leave out rombar=0.", errp);
}

static bool rom_setup_file(VFIOPCIDevice *vdev, VBIOSGuest *guest, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    g_autofree char *from = g_strdup_printf("romfile '%s'", pdev->romfile);
    g_auto(RomCandidate) rom = { .from = from };

    if (!pdev->rom_bar) {
        /* A VBIOS that belongs to no device is run whatever its IDs are */
        guest->vendor = guest->device = VBIOS_ID_ANY;
        if (!rom_setup_file_without_bar(vdev, from, guest->firmware, errp)) {
            return false;
        }
    }
    vfio_vga_rom_from_file(vdev, &rom);
    if (!rom.data) {
        return true;
    }
    vfio_vga_rom_judge(&rom, guest);
    return vfio_vga_rom_report(vdev, &rom, guest->firmware, NULL, errp);
}

static bool rom_setup_none(VFIOPCIDevice *vdev, const char *instead,
                           Error **errp)
{
    static const char off[] = "the guest's firmware has nothing to run, and "
                              "the screen stays black";
    static const char none[] = "the host gives none: the guest's firmware has "
                               "nothing to run, and the screen stays black";
    PCIDevice *pdev = PCI_DEVICE(vdev);
    g_autofree char *remedy = NULL;

    if (!vfio_vga_rom_has_bar(pdev)) {
        return pdev->rom_bar ?
               vfio_vga_rom_complain(vdev, "none, because romfile= is empty",
                                     off, "Use romfile=FILE, or leave out "
                                     "romfile=.", errp) :
               vfio_vga_rom_complain(vdev, "none, because of rombar=0", off,
                                     "Leave out rombar=0.", errp);
    }
    remedy = g_strdup_printf("Give the adapter's own VBIOS with romfile=FILE.%s"
                             "%s", instead ? "\nThe flash ROM does not help: "
                                           : "", instead ?: "");
    return vfio_vga_rom_complain(vdev, "ROM region", none, remedy, errp);
}

/*
 * Read the flash ROM and judge it.  Returns NULL if the guest is to get it, or
 * why it is not better than the region, to be freed with g_free().
 */
static char *rom_try_flash(VFIOPCIDevice *vdev, RomCandidate *flash,
                           const VBIOSGuest *guest)
{
    const VBIOSFinding *worst;
    Error *err = NULL;
    char *why;

    if (!vfio_vga_rom_from_flash(vdev, flash, &err)) {
        why = g_strdup(error_get_pretty(err));
        error_free(err);
        return why;
    }
    vfio_vga_rom_adapt(vdev, flash);
    vfio_vga_rom_judge(flash, guest);
    worst = vfio_vga_rom_first_fatal(flash->verdict, guest->firmware);
    return worst ? g_strdup(worst->text) : NULL;
}

static bool rom_setup_flash(VFIOPCIDevice *vdev, const VBIOSGuest *guest,
                            Error **errp)
{
    ERRP_GUARD();
    g_auto(RomCandidate) flash = { .from = "flash ROM" };

    if (!vfio_vga_rom_from_flash(vdev, &flash, errp)) {
        error_prepend(errp, "x-rom-source=flash: ");
        error_append_hint(errp, "Leave out x-rom-source, or give the adapter's "
                          "own VBIOS with romfile=FILE.\n");
        return false;
    }
    vfio_vga_rom_adapt(vdev, &flash);
    vfio_vga_rom_judge(&flash, guest);
    vfio_vga_rom_give(vdev, &flash);
    return vdev->vga_rom.check == VFIO_ROM_CHECK_OFF ||
           vfio_vga_rom_report(vdev, &flash, guest->firmware, NULL, errp);
}

static bool rom_setup_region(VFIOPCIDevice *vdev, VBIOSGuest *guest,
                             Error **errp)
{
    g_auto(RomCandidate) region = { .from = "ROM region" };
    g_auto(RomCandidate) flash = { .from = "flash ROM" };
    g_autofree char *instead = NULL;
    bool damaged;

    vfio_vga_rom_from_region(vdev, &region);
    if (region.data) {
        guest->shadow_copy =
            vfio_vga_rom_is_shadow(vdev->vbasedev.sysfsdev);
        vfio_vga_rom_judge(&region, guest);
    }

    if (vdev->vga_rom.source == VFIO_ROM_SOURCE_AUTO &&
        !rom_is_pristine(&region, guest)) {
        VBIOSGuest of_flash = *guest;

        of_flash.shadow_copy = false;
        instead = rom_try_flash(vdev, &flash, &of_flash);
        if (!instead) {
            info_report(VFIO_MSG_PREFIX "the guest gets the VBIOS from the "
                        "adapter's flash ROM, because %s",
                        vdev->vbasedev.name,
                        region.data ? guest->shadow_copy ?
                        "the ROM region is the copy that has run on the host" :
                        "the ROM region is not pristine" :
                        "the host gives none");
            vfio_vga_rom_give(vdev, &flash);
            return true;
        }
    }

    if (!region.data) {
        return rom_setup_none(vdev, instead, errp);
    }
    damaged = vfio_vga_rom_has_finding(region.verdict, VBIOS_LEGACY_CHECKSUM);
    vfio_vga_rom_adapt(vdev, &region);
    vfio_vga_rom_judge(&region, guest);
    if (damaged &&
        !vfio_vga_rom_has_finding(region.verdict, VBIOS_LEGACY_CHECKSUM)) {
        warn_report(VFIO_MSG_PREFIX "VBIOS (%s): the checksum of its x86 image "
                    "is wrong, and QEMU repairs it for the guest",
                    vdev->vbasedev.name, region.from);
    }
    if (!vfio_vga_rom_report(vdev, &region, guest->firmware, instead, errp)) {
        return false;
    }
    /* A vfio-user server may serve the ROM only when firmware asks for it */
    if (!vfio_vga_rom_has_finding(region.verdict, VBIOS_BLANK)) {
        vfio_vga_rom_give(vdev, &region);
    }
    return true;
}

bool vfio_vga_rom_setup(VFIOPCIDevice *vdev, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VBIOSGuest guest = {
        .firmware = vfio_vga_rom_firmware(),
        .vendor = vdev->vendor_id,
        .device = vdev->device_id,
        .class_code = vdev->class_code,
    };

    if (!rom_check_properties(vdev, errp)) {
        return false;
    }
    if (!rom_is_looked_at(vdev, guest.firmware)) {
        return true;
    }
    if (vfio_vga_rom_has_file(pdev)) {
        return rom_setup_file(vdev, &guest, errp);
    }
    if (!vfio_vga_rom_has_bar(pdev)) {
        return rom_setup_none(vdev, NULL, errp);
    }
    if (vdev->vga_rom.source == VFIO_ROM_SOURCE_FLASH) {
        return rom_setup_flash(vdev, &guest, errp);
    }
    return rom_setup_region(vdev, &guest, errp);
}

void vfio_vga_rom_reset(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    if (!vdev->vga_rom.adapt_file || !pdev->has_rom) {
        return;
    }
    vbios_set_ids(memory_region_get_ram_ptr(&pdev->rom), pdev->romsize,
                  vdev->vendor_id, vdev->device_id);
    vdev->vga_rom.adapt_file = false;
}

/*
 * Properties
 */

static const QEnumLookup rom_check_lookup = {
    .array = (const char *const[]) {
        [VFIO_ROM_CHECK_WARN] = "warn",
        [VFIO_ROM_CHECK_ERROR] = "error",
        [VFIO_ROM_CHECK_OFF] = "off",
    },
    .size = VFIO_ROM_CHECK__MAX,
};

static const QEnumLookup rom_source_lookup = {
    .array = (const char *const[]) {
        [VFIO_ROM_SOURCE_AUTO] = "auto",
        [VFIO_ROM_SOURCE_REGION] = "region",
        [VFIO_ROM_SOURCE_FLASH] = "flash",
        [VFIO_ROM_SOURCE_FILE] = "file",
    },
    .size = VFIO_ROM_SOURCE__MAX,
};

static const PropertyInfo rom_check_prop =
    VFIO_PROPS_ENUM("VFIOROMCheck", rom_check_lookup,
        "What to do about a VBIOS that the guest's firmware will not run "
        "(warn/error/off)");

static const PropertyInfo rom_source_prop =
    VFIO_PROPS_ENUM("VFIOROMSource", rom_source_lookup,
        "Where the VBIOS comes from: romfile, the ROM region, or the "
        "adapter's flash ROM (auto/region/flash/file)");

static const Property rom_props[] = {
    DEFINE_PROP_SIGNED("x-rom-check", VFIOPCIDevice, vga_rom.check,
                       VFIO_ROM_CHECK_WARN, rom_check_prop, VFIOROMCheck),
    DEFINE_PROP_SIGNED("x-rom-source", VFIOPCIDevice, vga_rom.source,
                       VFIO_ROM_SOURCE_AUTO, rom_source_prop, VFIOROMSource),
};

void vfio_vga_rom_class_init(ObjectClass *klass)
{
    vfio_props_add(klass, rom_props, ARRAY_SIZE(rom_props));
    vfio_vga_dark_watch();
}
