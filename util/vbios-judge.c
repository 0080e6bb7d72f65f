/*
 * VBIOS images: how a guest's firmware treats them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each finding belongs to one rule of SeaBIOS, EDK II or the PCI Firmware
 * Specification; qemu/vbios.h names the sources.
 *
 * qemu/osdep.h is left out, because the host tool, the tests and the fuzzer
 * build this file without QEMU.
 */
#include <string.h>
#include "vbios-internal.h"

#define CLASS_VGA 0x0300
#define CLASS_DISPLAY_OTHER 0x0380
#define VENDOR_INTEL 0x8086

enum {
    BIOS = VBIOS_FIRMWARE_BIOS,
    UEFI = VBIOS_FIRMWARE_UEFI,
    BOTH = BIOS | UEFI,
};

typedef struct Judge {
    const VBIOSRom *rom;
    VBIOSBytes b;
    const VBIOSGuest *guest;
    const VBIOSImage *legacy; /* vbios_legacy_image_for() */
    const VBIOSImage *efi;    /* vbios_efi_image_for() */
    unsigned explained;       /* firmware explained by another finding */
    GArray *findings;
} Judge;

static void G_GNUC_PRINTF(5, 6)
add_finding(Judge *j, VBIOSFindingId id, unsigned fatal,
            const VBIOSImage *image, const char *format, ...)
{
    VBIOSFinding finding = {
        .id = id,
        .fatal = fatal,
        .image = image ? image - j->rom->images : -1,
        .remedy = fatal ? vbios_remedy(id) : NULL,
    };
    va_list ap;

    va_start(ap, format);
    finding.text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_array_append_val(j->findings, finding);
}

/* The firmware whose image is there, but beyond what the firmware reaches. */
static unsigned hidden_from(const Judge *j)
{
    unsigned hidden = 0;

    for (unsigned i = 0; i < j->rom->n_images; i++) {
        const VBIOSImage *image = &j->rom->images[i];

        if (vbios_is_reached(image) || !image->has_pcir) {
            continue;
        }
        if (vbios_is_x86(image) && !j->legacy) {
            hidden |= BIOS;
        } else if (vbios_is_efi(image) && !j->efi) {
            hidden |= UEFI;
        }
    }
    return hidden;
}

/* Files that people take for a VBIOS by mistake. */
static const char *kind_of_file(const VBIOSBytes *b)
{
    static const struct {
        const char *magic;
        const char *kind;
    } kinds[] = {
        { "MZ", "a DOS or Windows program" },
        { "PK", "a ZIP archive" },
        { "7z\xbc\xaf", "a 7-Zip archive" },
        { "Rar!", "a RAR archive" },
        { "\x1f\x8b", "a gzip file" },
        { "\x7f" "ELF", "an ELF program" },
        { "%PDF", "a PDF document" },
        { "<", "a web page or XML" },
        { "ATOMBIOS", "a part of an AMD VBIOS" },
        { "BIT", "a part of an NVIDIA VBIOS" },
        { ":", "an Intel HEX file" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        size_t n = strlen(kinds[i].magic);

        if (vbios_has(b, 0, n) && !memcmp(b->data, kinds[i].magic, n)) {
            return kinds[i].kind;
        }
    }
    return "an unknown format";
}

static void judge_header(Judge *j)
{
    const VBIOSRom *rom = j->rom;

    switch (rom->header) {
    case VBIOS_HEADER_NONE:
        break;
    case VBIOS_HEADER_EMPTY:
        add_finding(j, VBIOS_EMPTY, BOTH, NULL, "it is empty");
        break;
    case VBIOS_HEADER_BLANK:
        add_finding(j, VBIOS_BLANK, BOTH, NULL,
                    "all its %zu bytes are 0x%02x: nothing was read",
                    rom->size, j->b.data[0]);
        break;
    case VBIOS_HEADER_NO_ROM:
        add_finding(j, VBIOS_NOT_A_ROM, BOTH, NULL,
                    "it starts with %02x %02x instead of 55 aa and has no "
                    "image further on: %s", vbios_rd8(&j->b, 0),
                    vbios_rd8(&j->b, 1), kind_of_file(&j->b));
        break;
    case VBIOS_HEADER_UNKNOWN:
        add_finding(j, VBIOS_UNKNOWN_HEADER, BOTH, NULL,
                    "its first image is at 0x%zx, and firmware looks only at "
                    "0",
                    rom->start);
        break;
    case VBIOS_HEADER_NVGI:
        add_finding(j, VBIOS_NVGI_HEADER, BOTH, NULL,
                    "it starts with NVIDIA's flash header (NVGI version %d), "
                    "its first image is at 0x%zx, and firmware looks only at "
                    "0",
                    rom->nvgi_version, rom->start);
        break;
    case VBIOS_HEADER_NVGI_BAD:
        add_finding(j, VBIOS_NVGI_BROKEN, BOTH, NULL,
                    "it starts with NVIDIA's flash header (NVGI version %d), "
                    "which does not lead to an image", rom->nvgi_version);
        break;
    }
}

static void judge_size(Judge *j)
{
    const VBIOSRom *rom = j->rom;

    if (j->guest->bar_size && rom->size > j->guest->bar_size) {
        add_finding(j, VBIOS_LARGER_THAN_BAR, BOTH, NULL,
                    "it has %zu bytes, and the guest's ROM BAR has %zu",
                    rom->size,
                    j->guest->bar_size);
    }
    if (rom->n_images && rom->tail_data) {
        add_finding(j, VBIOS_TRAILING_DATA, 0, NULL,
                    "%zu bytes that are not padding follow the last image",
                    rom->tail_data);
    }
    if (rom->n_images && rom->size % VBIOS_BLOCK) {
        add_finding(j, VBIOS_ODD_SIZE, 0, NULL,
                    "%zu bytes are not a multiple of 512: something was added "
                    "or is missing", rom->size);
    }
}

static void judge_pcir(Judge *j, const VBIOSImage *image)
{
    bool first = image->offset == j->rom->start;
    bool stops_efi = j->efi && vbios_is_reached(image) &&
                     j->efi->offset >= image->offset;

    if (!image->has_pcir) {
        add_finding(j, VBIOS_NO_PCIR, first ? BOTH : 0, image,
                    "the image at 0x%x has no PCI Data Structure (PCIR), and "
                    "firmware stops there", image->offset);
    } else if (image->pcir_offset & 3) {
        add_finding(j, VBIOS_PCIR_UNALIGNED, stops_efi ? UEFI : 0, image,
                    "the PCI Data Structure at 0x%x is not at a multiple of "
                    "4, and EDK II stops there",
                    image->offset + image->pcir_offset);
    }
}

/* Firmware that comes here before it sees a last image never gets further. */
static void judge_zero_length(Judge *j, const VBIOSImage *image)
{
    bool runs_before = j->legacy && j->legacy->offset <= image->offset &&
                       vbios_ids_match(j->guest, j->legacy);
    unsigned fatal = image->pcir_last ? 0 : UEFI | (runs_before ? 0 : BIOS);

    if (!vbios_is_reached(image) || !image->has_pcir ||
        image->pcir_image_length) {
        return;
    }
    if (image == j->efi) {
        fatal |= UEFI;
    }
    add_finding(j, VBIOS_ZERO_LENGTH, fatal, image,
                "the image at 0x%x says it is 0 bytes long%s", image->offset,
                image->pcir_last ? "" : ": looking for the next one, firmware "
                "may hang");
}

static void judge_cut(Judge *j, const VBIOSImage *image)
{
    /* SeaBIOS uses the size byte [sea], EDK II the length in PCIR [edk]. */
    size_t need = vbios_is_x86(image) ? image->init_size :
                  image->pcir_image_length;
    uint32_t length = vbios_is_efi(image) ? MAX(image->length, need) :
                      image->length;
    unsigned fatal = 0;

    if (vbios_has(&j->b, image->offset, length)) {
        return;
    }
    if (!vbios_has(&j->b, image->offset, need)) {
        fatal = image == j->legacy ? BIOS : image == j->efi ? UEFI : 0;
    }
    add_finding(j, VBIOS_TRUNCATED, fatal, image,
                "the %s image at 0x%x has %u bytes, and the last %u are "
                "missing",
                vbios_code_type_name(image->code_type), image->offset,
                length, length - (unsigned)(j->b.size - image->offset));
}

static void judge_hidden(Judge *j)
{
    unsigned n = 0;

    for (unsigned i = 0; i < j->rom->n_images; i++) {
        n += !vbios_is_reached(&j->rom->images[i]);
    }
    if (n) {
        add_finding(j, VBIOS_HIDDEN_IMAGES, hidden_from(j), NULL,
                    "%u of %u images come behind what PCIR calls the last one "
                    "(NPDE knows better): firmware does not see them", n,
                    j->rom->n_images);
    }
}

static void judge_end(Judge *j)
{
    const VBIOSRom *rom = j->rom;

    if (rom->kernel_cut) {
        add_finding(j, VBIOS_KERNEL_TRUNCATED, 0, NULL,
                    "it ends where the kernel stops reading a ROM, so the "
                    "flash ROM's further images are not in it; firmware does "
                    "not need them");
    } else if (rom->chain_end == VBIOS_END_DATA ||
               rom->chain_end == VBIOS_END_NO_SIGNATURE) {
        add_finding(j, VBIOS_NO_LAST_IMAGE, 0, NULL,
                    "no image is marked as the last one: there may have been "
                    "more");
    } else if (rom->chain_end == VBIOS_END_TOO_MANY) {
        add_finding(j, VBIOS_TOO_MANY_IMAGES, 0, NULL,
                    "it has more than %d images; the others were not looked "
                    "at", VBIOS_IMAGES_MAX);
    }
}

static void judge_chain(Judge *j)
{
    for (unsigned i = 0; i < j->rom->n_images; i++) {
        const VBIOSImage *image = &j->rom->images[i];

        judge_pcir(j, image);
        judge_zero_length(j, image);
        judge_cut(j, image);
    }
    judge_hidden(j);
    judge_end(j);
}

static void judge_legacy_ids(Judge *j, const VBIOSImage *image)
{
    bool listed;

    if (vbios_ids_match(j->guest, image)) {
        return;
    }
    listed = j->guest->vendor == image->vendor &&
             vbios_serves_device(image, j->b.data, j->b.size,
                                 j->guest->device);
    add_finding(j, VBIOS_LEGACY_IDS, BIOS, image,
                "its x86 image is for %04x:%04x, and the adapter is "
                "%04x:%04x%s: SeaBIOS skips it", image->vendor, image->device,
                j->guest->vendor & 0xffff, j->guest->device & 0xffff,
                listed ? " (which is in its device list, but SeaBIOS does "
                "not read that)" : "");
}

static void judge_legacy_size(Judge *j, const VBIOSImage *image)
{
    if (!image->init_size) {
        add_finding(j, VBIOS_LEGACY_NO_SIZE, BIOS, image,
                    "the size byte of its x86 image is 0: SeaBIOS skips it");
    } else if (image->init_size > image->length) {
        add_finding(j, VBIOS_LEGACY_OVERSIZE,
                    vbios_has(&j->b, image->offset, image->init_size) ? 0 :
                    BIOS, image, "the size byte of its x86 image says %u "
                    "bytes, and the image has %u",
                    image->init_size, image->length);
    }
    if (image->init_size > 64 * 1024) {
        add_finding(j, VBIOS_LEGACY_LARGE, 0, image,
                    "its x86 image takes %u KiB at 0xc0000: option ROMs of "
                    "other devices may find no room", image->init_size / 1024);
    }
}

/*
 * AMD's processors with graphics, since Phoenix, keep tables in an x86 image
 * that has no code.  SeaBIOS does not look before it calls byte 3.
 */
static bool has_entry(const VBIOSImage *image)
{
    const uint8_t *e = image->entry;

    return !((e[0] == 0x00 || e[0] == 0xff) && e[1] == e[0] && e[2] == e[0]);
}

static void judge_entry(Judge *j, const VBIOSImage *image)
{
    const uint8_t *e = image->entry;

    if (!has_entry(image)) {
        add_finding(j, VBIOS_LEGACY_NO_ENTRY, BIOS, image,
                    "its x86 image has no code: the entry point (bytes 3 to 5) "
                    "is %02x %02x %02x, where the guest hangs at \"Running "
                    "option rom\"", e[0], e[1], e[2]);
    }
}

/* A shrunk size is only a sign: an image may be made that way [PFS]. */
static void judge_posted(Judge *j, const VBIOSImage *image)
{
    if (image->posted & VBIOS_POSTED_RETF) {
        add_finding(j, VBIOS_POSTED, BIOS, image,
                    "the entry point of its x86 image is a return: it has run "
                    "already, and running it again does nothing");
    } else if (image->posted & VBIOS_POSTED_SHRUNK) {
        add_finding(j, VBIOS_POSTED, 0, image,
                    "the size byte of its x86 image covers %u of %u bytes: it "
                    "may have run already", image->init_size, image->length);
    }
}

static void judge_legacy(Judge *j)
{
    const VBIOSImage *image = j->legacy;

    if (!image) {
        if (!(j->explained & BIOS)) {
            add_finding(j, VBIOS_NO_LEGACY_IMAGE, BIOS, NULL,
                        "it has no x86 image: SeaBIOS finds nothing to run");
        }
        return;
    }
    judge_legacy_ids(j, image);
    judge_legacy_size(j, image);
    judge_entry(j, image);
    if (image->checksum == VBIOS_CHECKSUM_BAD) {
        add_finding(j, VBIOS_LEGACY_CHECKSUM, BIOS, image,
                    "the checksum of its x86 image is wrong (the file is "
                    "damaged, was edited, or is a copy of a VBIOS that has "
                    "run): SeaBIOS skips it");
    }
    if (image->class_code >> 8 != CLASS_VGA) {
        add_finding(j, VBIOS_LEGACY_CLASS, 0, image,
                    "its x86 image is for class %04x, not for a VGA adapter "
                    "(%04x)", image->class_code >> 8, CLASS_VGA);
    }
    judge_posted(j, image);
}

/* Facts that no VBIOS can change [sea], and the origin of the bytes. */
static void judge_adapter(Judge *j)
{
    const VBIOSGuest *guest = j->guest;
    unsigned class = guest->class_code >> 8;

    if (guest->class_code != VBIOS_CLASS_ANY && class != CLASS_VGA) {
        bool other = class == CLASS_DISPLAY_OTHER;

        add_finding(j, VBIOS_ADAPTER_CLASS, other ? 0 : BIOS, NULL,
                    "the adapter has class %04x: SeaBIOS runs the VBIOS %s",
                    class, other ? "only if the guest has no VGA adapter" :
                    "of VGA adapters (0300) only");
    }
    /* Intel's VBIOS is nowhere else; QEMU's legacy mode has always run it. */
    if (guest->shadow_copy) {
        add_finding(j, VBIOS_SHADOW_COPY,
                    guest->vendor == VENDOR_INTEL ? 0 : BIOS, NULL,
                    "it is the kernel's copy at 0xc0000 of the VBIOS that the "
                    "host's firmware has run: running it again may do "
                    "nothing, and the screen stays dark");
    }
}

static void judge_efi_machine(Judge *j, const VBIOSImage *image)
{
    if (image->efi_machine == VBIOS_MACHINE_EBC) {
        add_finding(j, VBIOS_EFI_MACHINE, 0, image,
                    "its UEFI driver is EFI byte code: firmware needs an "
                    "interpreter");
    } else if (image->efi_machine != VBIOS_MACHINE_X64) {
        add_finding(j, VBIOS_EFI_MACHINE, UEFI, image,
                    "its UEFI driver is for machine 0x%04x (%s), not for x64",
                    image->efi_machine, vbios_machine_name(image->efi_machine));
    }
}

static void judge_efi_header(Judge *j, const VBIOSImage *image)
{
    judge_efi_machine(j, image);
    if (!vbios_efi_is_driver(image)) {
        add_finding(j, VBIOS_EFI_SUBSYSTEM, UEFI, image,
                    "the subsystem of its EFI image is %u, not that of a "
                    "driver (11 or 12): firmware does not load it",
                    image->efi_subsystem);
    }
    if (image->efi_compression > 1) {
        add_finding(j, VBIOS_EFI_COMPRESSION, UEFI, image,
                    "its UEFI driver is compressed by the unknown method %u",
                    image->efi_compression);
    }
    if (!vbios_efi_is_bounded(image)) {
        add_finding(j, VBIOS_EFI_BOUNDS, UEFI, image,
                    "its UEFI driver at 0x%x of %u bytes is not inside the "
                    "EFI image of %u", image->efi_image_offset,
                    image->efi_init_size, image->pcir_image_length);
    }
    if (image->efi_gop == VBIOS_NO) {
        add_finding(j, VBIOS_EFI_NO_GOP, 0, image,
                    "its UEFI driver does not name the Graphics Output "
                    "Protocol: a UEFI guest may get no picture from it");
    }
}

static void judge_efi(Judge *j)
{
    const VBIOSImage *image = j->efi;

    if (!image) {
        if (!(j->explained & UEFI)) {
            add_finding(j, VBIOS_NO_EFI_IMAGE, UEFI, NULL,
                        "it has no EFI image: a UEFI guest has no picture "
                        "before its own driver runs");
        }
        return;
    }
    if (image->has_efi) {
        judge_efi_header(j, image);
    } else {
        add_finding(j, VBIOS_EFI_HEADER, UEFI, image,
                    "its EFI image does not have the signature 0x0ef1: "
                    "firmware does not load it");
    }
    if (!vbios_efi_ids_match(j->guest, image)) {
        add_finding(j, VBIOS_EFI_IDS, 0, image,
                    "its EFI image is for %04x:%04x: the UEFI driver may not "
                    "take the adapter", image->vendor, image->device);
    }
}

/* Fatal for the guest, for the other firmware, for none; then by number. */
static int rank(const VBIOSFinding *finding, unsigned firmware)
{
    return !finding->fatal ? 2 : !firmware || finding->fatal & firmware ? 0 : 1;
}

static int compare_findings(gconstpointer a, gconstpointer b, gpointer firmware)
{
    const VBIOSFinding *x = a, *y = b;
    int r = rank(x, GPOINTER_TO_UINT(firmware)) -
            rank(y, GPOINTER_TO_UINT(firmware));

    r = r ?: (int)x->id - (int)y->id;
    return r ?: x->image - y->image;
}

static const VBIOSFinding *first_fatal(const VBIOSVerdict *v, unsigned firmware)
{
    for (unsigned i = 0; i < v->n_findings; i++) {
        if (v->findings[i].fatal & firmware) {
            return &v->findings[i];
        }
    }
    return NULL;
}

static char *summary_bios(const Judge *j, const VBIOSVerdict *v)
{
    const VBIOSFinding *why = first_fatal(v, BIOS);

    if (why) {
        return g_strdup_printf("SeaBIOS shows no picture with it: %s",
                               why->text);
    }
    return g_strdup_printf("SeaBIOS runs its x86 image for %04x:%04x, %u KiB",
                           j->legacy->vendor, j->legacy->device,
                           j->legacy->init_size / 1024);
}

static char *summary_uefi(const Judge *j, const VBIOSVerdict *v)
{
    const VBIOSFinding *why = first_fatal(v, UEFI);

    if (why) {
        return g_strdup_printf("UEFI shows no picture with it: %s", why->text);
    }
    if (!j->efi->vendor && !j->efi->device) {
        return g_strdup_printf("UEFI loads its %s driver, which names no "
                               "adapter",
                               vbios_machine_name(j->efi->efi_machine));
    }
    return g_strdup_printf("UEFI loads its %s driver for %04x:%04x",
                           vbios_machine_name(j->efi->efi_machine),
                           j->efi->vendor, j->efi->device);
}

static char *summary(const Judge *j, const VBIOSVerdict *v)
{
    static const char *const use[] = {
        "good for BIOS and for UEFI guests", "good for UEFI guests only",
        "good for BIOS guests only", "not good for any guest"
    };

    switch (j->guest->firmware) {
    case VBIOS_FIRMWARE_BIOS:
        return summary_bios(j, v);
    case VBIOS_FIRMWARE_UEFI:
        return summary_uefi(j, v);
    default:
        return g_strdup(use[v->fatal & BOTH]);
    }
}

VBIOSVerdict *vbios_judge(const VBIOSRom *rom, const uint8_t *data,
                          size_t size, const VBIOSGuest *guest)
{
    VBIOSVerdict *v = g_new0(VBIOSVerdict, 1);
    Judge j = {
        .rom = rom,
        .b = { data, size },
        .guest = guest,
        .legacy = vbios_legacy_image_for(rom, guest),
        .efi = vbios_efi_image_for(rom, guest),
        .findings = g_array_new(false, false, sizeof(VBIOSFinding)),
    };

    j.explained = rom->n_images && !rom->images[0].has_pcir ? BOTH :
                  hidden_from(&j);
    judge_header(&j);
    judge_size(&j);
    judge_adapter(&j);
    if (rom->n_images) {
        judge_chain(&j);
        judge_legacy(&j);
        judge_efi(&j);
    }
    g_array_sort_with_data(j.findings, compare_findings,
                           GUINT_TO_POINTER(guest->firmware));
    v->n_findings = j.findings->len;
    v->findings = (VBIOSFinding *)g_array_free(j.findings, false);
    for (unsigned i = 0; i < v->n_findings; i++) {
        v->fatal |= v->findings[i].fatal;
    }
    v->summary = summary(&j, v);
    return v;
}

void vbios_verdict_free(VBIOSVerdict *verdict)
{
    if (!verdict) {
        return;
    }
    for (unsigned i = 0; i < verdict->n_findings; i++) {
        g_free(verdict->findings[i].text);
    }
    g_free(verdict->findings);
    g_free(verdict->summary);
    g_free(verdict);
}
