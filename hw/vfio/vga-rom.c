/*
 * Which VBIOS a guest gets from an assigned adapter, and what is wrong with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual, and names the sources of the facts.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <linux/vfio.h>

#include "pci.h"
#include "hw/loader.h"
#include "hw/pci/pci_regs.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/datadir.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "system/address-spaces.h"
#include "trace.h"
#include "vga-prom.h"
#include "vga-rom.h"

/* The walker looks at so much; no VBIOS has more */
#define ROM_FILE_MAX (16 * MiB)
/* A ROM BAR's low bits are others: it cannot be smaller */
#define ROM_BAR_MIN (2 * KiB)

#define FIRMWARE_END        (4 * GiB)
#define FIRMWARE_SIZE       (16 * MiB)
#define FIRMWARE_VOLUME     (4 * KiB)   /* what one is aligned to */
#define FIRMWARE_SIGNATURE  0x28
#define RESET_VECTOR_SIZE   16

#define IORESOURCE_ROM_SHADOW (1 << 1)
#define SHADOW_ADDRESS      0xc0000
#define RESOURCE_ROM_LINE   6           /* the seventh */

/* A VBIOS that the guest may get, and what its firmware makes of it. */
typedef struct RomCandidate {
    const char *from;       /* for messages */
    uint8_t *data;          /* NULL: there is none */
    size_t size;
    VBIOSVerdict *verdict;
} RomCandidate;

static void rom_candidate_clear(RomCandidate *rom)
{
    g_free(rom->data);
    vbios_verdict_free(rom->verdict);
    *rom = (RomCandidate) { };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RomCandidate, rom_candidate_clear)

/*
 * The guest's firmware
 */

/* ROMs of the command line come into memory with the first reset only. */
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

static bool finding_matters(const VBIOSFinding *finding, VBIOSFirmware firmware)
{
    unsigned mask = firmware ?: VBIOS_FIRMWARE_BIOS | VBIOS_FIRMWARE_UEFI;

    return (finding->fatal & mask) == mask;
}

static const VBIOSFinding *verdict_first(const VBIOSVerdict *verdict,
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

static bool verdict_has(const VBIOSVerdict *verdict, VBIOSFindingId id)
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
 * The host
 */

bool vfio_vga_rom_is_shadow(const char *sysfsdev)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t start, end, flags;

    if (!sysfsdev) {
        return false;
    }
    path = g_build_filename(sysfsdev, "resource", NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    lines = g_strsplit(text, "\n", RESOURCE_ROM_LINE + 2);
    if (g_strv_length(lines) <= RESOURCE_ROM_LINE ||
        sscanf(lines[RESOURCE_ROM_LINE],
               "0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64,
               &start, &end, &flags) != 3) {
        return false;
    }
    return start == SHADOW_ADDRESS || flags & IORESOURCE_ROM_SHADOW;
}

/* What the adapter is, whatever QEMU tells the guest. */
static uint16_t rom_host_word(VFIOPCIDevice *vdev, unsigned offset)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    uint16_t data = 0xffff;

    vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                  offset, sizeof(data), &data);
    return le16_to_cpu(data);
}

/*
 * What becomes of a VBIOS
 */

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

/* The adapter's own VBIOS, for the adapter that the guest sees. */
static void rom_adapt(VFIOPCIDevice *vdev, uint8_t *data, size_t size)
{
    g_autofree VBIOSRom *rom = g_new(VBIOSRom, 1);
    unsigned ids = 0, sums;

    vbios_parse(rom, data, size);
    if (!rom_has_ids(rom, vdev->vendor_id, vdev->device_id) &&
        (rom_has_ids(rom, vdev->vendor_id, VBIOS_ID_ANY) ||
         rom_has_ids(rom, rom_host_word(vdev, PCI_VENDOR_ID), VBIOS_ID_ANY))) {
        ids = vbios_set_ids(data, size, vdev->vendor_id, vdev->device_id);
    }
    sums = vbios_repair_checksums(data, size);
    trace_vfio_vga_rom_adapt(vdev->vbasedev.name, ids, sums);
}

/* The file of the adapter as it is, while the guest sees other IDs. */
static bool rom_file_needs_ids(VFIOPCIDevice *vdev, const VBIOSRom *rom)
{
    return !rom_has_ids(rom, vdev->vendor_id, vdev->device_id) &&
           rom_has_ids(rom, rom_host_word(vdev, PCI_VENDOR_ID),
                       rom_host_word(vdev, PCI_DEVICE_ID));
}

static void rom_judge(RomCandidate *rom, const VBIOSGuest *guest)
{
    g_autofree VBIOSRom *parsed = g_new(VBIOSRom, 1);

    vbios_verdict_free(rom->verdict);
    vbios_parse(parsed, rom->data, rom->size);
    rom->verdict = vbios_judge(parsed, rom->data, rom->size, guest);
}

/* Has it run already, or will it not be run at all? */
static bool rom_is_pristine(const RomCandidate *rom, const VBIOSGuest *guest)
{
    return rom->data && !verdict_first(rom->verdict, guest->firmware) &&
           !verdict_has(rom->verdict, VBIOS_POSTED);
}

/*
 * What is said of it
 */

/* Placeholders as in VBIOSFinding.remedy; what is not known stays. */
static char *rom_remedy(VFIOPCIDevice *vdev, const char *remedy)
{
    g_autofree char *bdf = NULL;
    g_auto(GStrv) parts = NULL;

    if (!vdev->vbasedev.sysfsdev) {
        return g_strdup(remedy);
    }
    bdf = g_path_get_basename(vdev->vbasedev.sysfsdev);
    parts = g_strsplit(remedy, "BDF", -1);
    return g_strjoinv(bdf, parts);
}

/*
 * One line for each thing that keeps the screen black, and one that says what
 * to do about it.  Returns false if that is to fail realize.
 */
static bool rom_complain(VFIOPCIDevice *vdev, const char *from,
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

/* With @instead, why the flash part is not what the guest gets. */
static bool rom_report(VFIOPCIDevice *vdev, const RomCandidate *rom,
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
                                 instead ? "The flash part is no way out: "
                                         : "",
                                 instead ?: "");
        instead = NULL;
        if (!rom_complain(vdev, rom->from, finding->text, remedy, errp)) {
            return false;
        }
    }
    return true;
}

/*
 * Sources
 */

static bool rom_has_file(PCIDevice *pdev)
{
    return pdev->romfile && *pdev->romfile;
}

/* romfile= without a name is the old way to say rombar=0 */
static bool rom_has_bar(PCIDevice *pdev)
{
    return pdev->rom_bar && (!pdev->romfile || *pdev->romfile);
}

static char *rom_file_path(PCIDevice *pdev)
{
    return qemu_find_file(QEMU_FILE_TYPE_BIOS, pdev->romfile) ?:
           g_strdup(pdev->romfile);
}

/* What cannot be read is left to PCI, which loads it and says so. */
static void rom_from_file(VFIOPCIDevice *vdev, RomCandidate *rom)
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

/* The device's own memory becomes the candidate's. */
static void rom_from_region(VFIOPCIDevice *vdev, RomCandidate *rom)
{
    if (!memory_region_size(&PCI_DEVICE(vdev)->rom)) {
        return;
    }
    vfio_pci_read_rom(vdev);
    rom->data = g_steal_pointer(&vdev->rom);
    rom->size = rom->data ? vdev->rom_size : 0;
}

static bool rom_from_prom(VFIOPCIDevice *vdev, RomCandidate *rom, Error **errp)
{
    uint64_t room = memory_region_size(&PCI_DEVICE(vdev)->rom);
    uint8_t *less;
    size_t size;

    rom->data = vfio_vga_prom_read(&vdev->vbasedev, &rom->size, errp);
    if (!rom->data) {
        return false;
    }
    /* What is for drivers alone need not fit */
    if (room && rom->size > room) {
        less = vbios_rebuild(rom->data, rom->size,
                             VBIOS_KEEP_X86 | VBIOS_KEEP_EFI, &size);
        if (!less || size > room) {
            error_setg(errp, "what is in its flash part, 0x%zx bytes, does not "
                       "fit the ROM BAR of 0x%" PRIx64, rom->size, room);
            g_free(less);
            return false;
        }
        g_free(rom->data);
        rom->data = less;
        rom->size = size;
    }
    return true;
}

/* The candidate's memory becomes the device's, which makes the guest see it. */
static void rom_give(VFIOPCIDevice *vdev, RomCandidate *rom)
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

/*
 * The choice
 */

static bool rom_check_properties(VFIOPCIDevice *vdev, Error **errp)
{
    static const char *const names[] = { "auto", "region", "prom", "file" };
    PCIDevice *pdev = PCI_DEVICE(vdev);
    VFIOROMSource source = vdev->vga_rom.source;
    bool file = rom_has_file(pdev);

    if (source == VFIO_ROM_SOURCE_AUTO) {
        return true;
    }
    if (source == VFIO_ROM_SOURCE_FILE) {
        if (!file) {
            error_setg(errp, "x-rom-source=file without a romfile");
            error_append_hint(errp, "Give one with romfile=FILE.\n");
        }
        return file;
    }
    if (file) {
        error_setg(errp, "x-rom-source=%s contradicts romfile=%s",
                   names[source], pdev->romfile);
    } else if (!rom_has_bar(pdev)) {
        error_setg(errp, "x-rom-source=%s contradicts %s", names[source],
                   pdev->rom_bar ? "romfile= without a name" : "rombar=0");
    } else if (!vfio_is_vga(vdev)) {
        error_setg(errp, "x-rom-source=%s is for VGA adapters (class 0x0300), "
                   "the class is 0x%04x", names[source],
                   vdev->class_code >> 8);
    } else {
        return true;
    }
    error_append_hint(errp, "Leave out one of the two.\n");
    return false;
}

/*
 * Adapters that OVMF has drivers for, and which need no ROM there (see
 * edk2, OvmfPkg/QemuVideoDxe/Driver.c, gQemuVideoCardList)
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
        return policy->source == VFIO_ROM_SOURCE_PROM;
    }
    if (policy->source == VFIO_ROM_SOURCE_AUTO &&
        firmware == VBIOS_FIRMWARE_UEFI && rom_is_needless(vdev)) {
        return false;
    }
    if (policy->source != VFIO_ROM_SOURCE_AUTO || vdev->vga) {
        return true;
    }
    return vfio_is_vga(vdev) && firmware == VBIOS_FIRMWARE_UEFI &&
           (rom_has_bar(pdev) || rom_has_file(pdev));
}

/*
 * rombar=0 has SeaBIOS find the file among its own and run it with the address
 * 00:00.0, and has UEFI find none (hw/pci/pci.c, pci_add_option_rom();
 * SeaBIOS, src/optionroms.c, vgarom_setup()).
 */
static bool rom_setup_file_without_bar(VFIOPCIDevice *vdev, const char *from,
                                       VBIOSFirmware firmware, Error **errp)
{
    const char *what = firmware == VBIOS_FIRMWARE_UEFI ?
        "with rombar=0 a UEFI guest does not find it" :
        "with rombar=0 a BIOS runs it for no adapter in particular (address "
        "00:00.0), and most then find none";

    return rom_complain(vdev, from, what, "leave out rombar=0", errp);
}

static bool rom_setup_file(VFIOPCIDevice *vdev, VBIOSGuest *guest, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    g_autofree char *from = g_strdup_printf("romfile '%s'", pdev->romfile);
    g_auto(RomCandidate) rom = { .from = from };

    if (!pdev->rom_bar) {
        /* Nobody compares IDs then */
        guest->vendor = guest->device = VBIOS_ID_ANY;
        if (!rom_setup_file_without_bar(vdev, from, guest->firmware, errp)) {
            return false;
        }
    }
    rom_from_file(vdev, &rom);
    if (!rom.data) {
        return true;
    }
    rom_judge(&rom, guest);
    return rom_report(vdev, &rom, guest->firmware, NULL, errp);
}

static bool rom_setup_none(VFIOPCIDevice *vdev, const char *instead,
                           Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    g_autofree char *remedy = NULL;

    if (!rom_has_bar(pdev)) {
        return rom_complain(vdev, "none", "it is switched off: the guest's "
                            "firmware has nothing to run, and the screen stays "
                            "black", pdev->rom_bar ?
                            "give romfile= the name of a file" :
                            "leave out rombar=0", errp);
    }
    remedy = g_strdup_printf("give the adapter's own VBIOS with romfile=FILE%s"
                             "%s", instead ? "\nThe flash part is no way out: "
                                           : "", instead ?: "");
    return rom_complain(vdev, "ROM region", "the host gives none: the guest's "
                        "firmware has nothing to run, and the screen stays "
                        "black", remedy, errp);
}

/*
 * The flash part in place of the region, if that is better.  Returns why not,
 * to be freed with g_free(), or NULL if @prom is it.
 */
static char *rom_try_prom(VFIOPCIDevice *vdev, RomCandidate *prom,
                          const VBIOSGuest *guest)
{
    const VBIOSFinding *worst;
    Error *err = NULL;
    char *why;

    if (!rom_from_prom(vdev, prom, &err)) {
        why = g_strdup(error_get_pretty(err));
        error_free(err);
        return why;
    }
    rom_adapt(vdev, prom->data, prom->size);
    rom_judge(prom, guest);
    worst = verdict_first(prom->verdict, guest->firmware);
    return worst ? g_strdup(worst->text) : NULL;
}

static bool rom_setup_prom(VFIOPCIDevice *vdev, const VBIOSGuest *guest,
                           Error **errp)
{
    ERRP_GUARD();
    g_auto(RomCandidate) prom = { .from = "flash part" };

    if (!rom_from_prom(vdev, &prom, errp)) {
        error_prepend(errp, "x-rom-source=prom: ");
        error_append_hint(errp, "Leave out x-rom-source, or give the adapter's "
                          "own VBIOS with romfile=FILE.\n");
        return false;
    }
    rom_adapt(vdev, prom.data, prom.size);
    rom_judge(&prom, guest);
    rom_give(vdev, &prom);
    return vdev->vga_rom.check == VFIO_ROM_CHECK_OFF ||
           rom_report(vdev, &prom, guest->firmware, NULL, errp);
}

static bool rom_setup_region(VFIOPCIDevice *vdev, VBIOSGuest *guest,
                             Error **errp)
{
    g_auto(RomCandidate) region = { .from = "ROM region" };
    g_auto(RomCandidate) prom = { .from = "flash part" };
    g_autofree char *instead = NULL;
    bool damaged;

    rom_from_region(vdev, &region);
    if (region.data) {
        guest->shadow_copy =
            vfio_vga_rom_is_shadow(vdev->vbasedev.sysfsdev);
        rom_judge(&region, guest);
    }

    if (vdev->vga_rom.source == VFIO_ROM_SOURCE_AUTO &&
        !rom_is_pristine(&region, guest)) {
        VBIOSGuest of_prom = *guest;

        of_prom.shadow_copy = false;
        instead = rom_try_prom(vdev, &prom, &of_prom);
        if (!instead) {
            info_report(VFIO_MSG_PREFIX "VBIOS: the guest gets it from the "
                        "adapter's flash part, because %s",
                        vdev->vbasedev.name,
                        region.data ? guest->shadow_copy ?
                        "the ROM region is the copy that has run on the host" :
                        "the ROM region is not pristine" :
                        "the host gives none");
            rom_give(vdev, &prom);
            return true;
        }
    }

    if (!region.data) {
        return rom_setup_none(vdev, instead, errp);
    }
    damaged = verdict_has(region.verdict, VBIOS_LEGACY_CHECKSUM);
    rom_adapt(vdev, region.data, region.size);
    rom_judge(&region, guest);
    if (damaged && !verdict_has(region.verdict, VBIOS_LEGACY_CHECKSUM)) {
        warn_report(VFIO_MSG_PREFIX "VBIOS (%s): the checksum of its x86 image "
                    "is wrong, the guest gets it repaired",
                    vdev->vbasedev.name, region.from);
    }
    if (!rom_report(vdev, &region, guest->firmware, instead, errp)) {
        return false;
    }
    /* A server may have nothing to give before the guest's firmware asks */
    if (!verdict_has(region.verdict, VBIOS_BLANK)) {
        rom_give(vdev, &region);
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
    if (rom_has_file(pdev)) {
        return rom_setup_file(vdev, &guest, errp);
    }
    if (!rom_has_bar(pdev)) {
        return rom_setup_none(vdev, NULL, errp);
    }
    if (vdev->vga_rom.source == VFIO_ROM_SOURCE_PROM) {
        return rom_setup_prom(vdev, &guest, errp);
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
        [VFIO_ROM_SOURCE_PROM] = "prom",
        [VFIO_ROM_SOURCE_FILE] = "file",
    },
    .size = VFIO_ROM_SOURCE__MAX,
};

/* They are asked in realize alone. */
static bool rom_may_set(Object *obj, const char *name, Error **errp)
{
    if (DEVICE(obj)->realized) {
        error_setg(errp, "%s can be set only before the device is there",
                   name);
        return false;
    }
    return true;
}

static int rom_get_check(Object *obj, Error **errp)
{
    return VFIO_PCI_DEVICE(obj)->vga_rom.check;
}

static void rom_set_check(Object *obj, int value, Error **errp)
{
    if (rom_may_set(obj, "x-rom-check", errp)) {
        VFIO_PCI_DEVICE(obj)->vga_rom.check = value;
    }
}

static int rom_get_source(Object *obj, Error **errp)
{
    return VFIO_PCI_DEVICE(obj)->vga_rom.source;
}

static void rom_set_source(Object *obj, int value, Error **errp)
{
    if (rom_may_set(obj, "x-rom-source", errp)) {
        VFIO_PCI_DEVICE(obj)->vga_rom.source = value;
    }
}

void vfio_vga_rom_class_init(ObjectClass *klass)
{
    ObjectProperty *check, *source;

    check = object_class_property_add_enum(klass, "x-rom-check",
                                           "VFIOROMCheck", &rom_check_lookup,
                                           rom_get_check, rom_set_check);
    object_property_set_default_str(check, "warn");
    object_class_property_set_description(klass, "x-rom-check",
        "What to do about a VBIOS that the guest's firmware will not run "
        "(warn/error/off)");
    source = object_class_property_add_enum(klass, "x-rom-source",
                                            "VFIOROMSource",
                                            &rom_source_lookup,
                                            rom_get_source, rom_set_source);
    object_property_set_default_str(source, "auto");
    object_class_property_set_description(klass, "x-rom-source",
        "Where the VBIOS comes from: romfile, the ROM region, or the "
        "adapter's flash part (auto/region/prom/file)");
}
