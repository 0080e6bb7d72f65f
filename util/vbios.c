/*
 * What is in a VBIOS, and what a guest's firmware will do with it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The contract, the formats and the sources of the facts: qemu/vbios.h.
 *
 * qemu/osdep.h is left out on purpose.  It is there to smooth over what hosts
 * do differently, and nothing here calls the host; without it the host tool,
 * the tests and the fuzzer build this very file, with GLib and no QEMU.
 */
#include <string.h>
#include "qemu/vbios.h"

/* The largest expansion ROM there can be [PFS]. */
#define SIZE_LIMIT (16 * 1024 * 1024)

/* Expansion ROM header */
#define ROM_SIZE 0x02
#define ROM_ENTRY 0x03
#define ROM_PCIR 0x18

/* PCI Data Structure */
#define PCIR_VENDOR 0x04
#define PCIR_DEVICE 0x06
#define PCIR_DEVICE_LIST 0x08
#define PCIR_LENGTH 0x0a
#define PCIR_REVISION 0x0c
#define PCIR_CLASS 0x0d
#define PCIR_IMAGE_LENGTH 0x10
#define PCIR_CODE_REVISION 0x12
#define PCIR_TYPE 0x14
#define PCIR_INDICATOR 0x15
#define PCIR_RUNTIME_LENGTH 0x16
#define PCIR_SIZE 0x18
#define LAST_IMAGE 0x80

/* NVIDIA's extension of it */
#define NPDE_REVISION 0x04
#define NPDE_LENGTH 0x06
#define NPDE_IMAGE_LENGTH 0x08
#define NPDE_LAST 0x0a
#define NPDE_SIZE 0x0a

/* EFI expansion ROM header */
#define EFI_INIT_SIZE 0x02
#define EFI_SIGNATURE 0x04
#define EFI_SUBSYSTEM 0x08
#define EFI_MACHINE 0x0a
#define EFI_COMPRESSION 0x0c
#define EFI_IMAGE_OFFSET 0x16
#define EFI_HEADER_SIZE 0x18

#define SIG_ROM 0xaa55
#define SIG_ROM_BB77 0xbb77
#define SIG_ROM_NV 0x4e56
#define SIG_PCIR 0x52494350
#define SIG_NPDS 0x5344504e
#define SIG_RGIS 0x53494752
#define SIG_NPDE 0x4544504e
#define SIG_NVGI 0x4947564e
#define SIG_RFRD 0x44524652
#define SIG_EFI 0x00000ef1

#define MACHINE_X64 0x8664
#define MACHINE_EBC 0x0ebc

#define CLASS_VGA 0x0300
#define CLASS_DISPLAY_OTHER 0x0380
#define VENDOR_INTEL 0x8086

/* What is read from: nothing outside is, an offset outside reads 0. */
typedef struct Bytes {
    const uint8_t *data;
    size_t size;
} Bytes;

static bool inside(const Bytes *b, size_t offset, size_t n)
{
    return offset <= b->size && n <= b->size - offset;
}

static uint8_t rd8(const Bytes *b, size_t offset)
{
    return inside(b, offset, 1) ? b->data[offset] : 0;
}

static uint16_t rd16(const Bytes *b, size_t offset)
{
    if (!inside(b, offset, 2)) {
        return 0;
    }
    return b->data[offset] | b->data[offset + 1] << 8;
}

static uint32_t rd32(const Bytes *b, size_t offset)
{
    if (!inside(b, offset, 4)) {
        return 0;
    }
    return rd16(b, offset) | (uint32_t)rd16(b, offset + 2) << 16;
}

static void wr16(uint8_t *p, uint16_t value)
{
    p[0] = value;
    p[1] = value >> 8;
}

static uint8_t byte_sum(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n--) {
        sum += *p++;
    }
    return sum;
}

/* How many of @n bytes are left without the padding at their end. */
static size_t without_padding(const uint8_t *p, size_t n)
{
    uint8_t pad = n ? p[n - 1] : 0;

    if (pad != 0x00 && pad != 0xff) {
        return n;
    }
    while (n && p[n - 1] == pad) {
        n--;
    }
    return n;
}

/* GLib and C have none that takes lengths; memmem() is GNU's. */
static bool contains(const uint8_t *p, size_t n,
                     const uint8_t *what, size_t len)
{
    const uint8_t *end = p + n;

    while ((size_t)(end - p) >= len) {
        p = memchr(p, what[0], end - p - len + 1);
        if (!p) {
            return false;
        }
        if (!memcmp(p, what, len)) {
            return true;
        }
        p++;
    }
    return false;
}

/*
 * One image
 */

/* Firmware takes the first ones only, NVIDIA's drivers all of them [nv]. */
static bool is_pcir(uint32_t signature, bool strict)
{
    return signature == SIG_PCIR ||
           (!strict && (signature == SIG_NPDS || signature == SIG_RGIS));
}

/* Where the PCI Data Structure is, all of it being there; 0: nowhere. */
static size_t find_pcir(const Bytes *b, size_t image, bool strict)
{
    uint16_t pointer = rd16(b, image + ROM_PCIR);

    if (!pointer || !inside(b, image + pointer, PCIR_SIZE) ||
        !is_pcir(rd32(b, image + pointer), strict)) {
        return 0;
    }
    return image + pointer;
}

/* Firmware stops at those it does not know, and looks into one with no PCIR. */
static bool is_image(const Bytes *b, size_t offset, bool strict)
{
    uint16_t signature = rd16(b, offset);

    if (strict) {
        return signature == SIG_ROM && (find_pcir(b, offset, true) ||
                                        !find_pcir(b, offset, false));
    }
    return signature == SIG_ROM || signature == SIG_ROM_BB77 ||
           signature == SIG_ROM_NV;
}

/* Aligned as counted from the ROM's start, as its drivers do [nv]. */
static size_t npde_offset(const VBIOSRom *rom, const VBIOSImage *image)
{
    size_t behind = image->offset - rom->start + image->pcir_offset +
                    image->pcir_length;

    return rom->start + ((behind + 15) & ~(size_t)15);
}

static void read_device_list(const Bytes *b, VBIOSImage *image, size_t pcir)
{
    uint16_t pointer = rd16(b, pcir + PCIR_DEVICE_LIST);
    size_t list = pcir + pointer;

    /* Before revision 3 this is the pointer to the vital product data. */
    if (image->pcir_revision < 3 || !pointer || !inside(b, list, 2)) {
        return;
    }
    while (image->n_devices < UINT16_MAX &&
           rd16(b, list + 2 * image->n_devices)) {
        image->n_devices++;
    }
    image->device_list = image->n_devices ? list : 0;
}

static void read_pcir(const Bytes *b, VBIOSImage *image, size_t pcir)
{
    image->has_pcir = true;
    image->pcir_offset = pcir - image->offset;
    image->pcir_revision = rd8(b, pcir + PCIR_REVISION);
    image->pcir_length = rd16(b, pcir + PCIR_LENGTH);
    image->pcir_image_length = rd16(b, pcir + PCIR_IMAGE_LENGTH) * VBIOS_BLOCK;
    image->pcir_last = rd8(b, pcir + PCIR_INDICATOR) & LAST_IMAGE;
    image->code_type = rd8(b, pcir + PCIR_TYPE);
    image->vendor = rd16(b, pcir + PCIR_VENDOR);
    image->device = rd16(b, pcir + PCIR_DEVICE);
    image->class_code = rd32(b, pcir + PCIR_CLASS) & 0xffffff;
    image->code_revision = rd16(b, pcir + PCIR_CODE_REVISION);
    read_device_list(b, image, pcir);
}

static void read_npde(const Bytes *b, const VBIOSRom *rom, VBIOSImage *image)
{
    size_t npde = npde_offset(rom, image);

    if (!inside(b, npde, NPDE_SIZE) || rd32(b, npde) != SIG_NPDE) {
        return;
    }
    image->npde_revision = rd16(b, npde + NPDE_REVISION);
    if (image->npde_revision != 0x0100 && image->npde_revision != 0x0101) {
        image->npde_revision = 0;
        return;
    }
    image->has_npde = true;
    image->npde_image_length = rd16(b, npde + NPDE_IMAGE_LENGTH) * VBIOS_BLOCK;
    image->npde_has_last = rd16(b, npde + NPDE_LENGTH) > NPDE_LAST &&
                           inside(b, npde + NPDE_LAST, 1);
    image->npde_last = image->npde_has_last &&
                       (rd8(b, npde + NPDE_LAST) & LAST_IMAGE);
}

/* The place of the image in the chain: NPDE overrides PCIR [ogk]. */
static void set_length(VBIOSImage *image)
{
    image->length = image->pcir_image_length;
    image->last = image->pcir_last;
    if (image->npde_image_length) {
        image->length = image->npde_image_length;
    }
    if (image->npde_has_last) {
        image->last = image->npde_last;
    } else if (image->has_npde &&
               image->npde_image_length < image->pcir_image_length) {
        image->last = false;
    }
}

static bool is_x86(const VBIOSImage *image)
{
    return image->code_type == VBIOS_X86 && image->signature == SIG_ROM;
}

static bool is_efi(const VBIOSImage *image)
{
    return image->has_pcir && image->code_type == VBIOS_EFI;
}

static VBIOSChecksum checksum_of(const Bytes *b, const VBIOSImage *image)
{
    if (!image->init_size || !inside(b, image->offset, image->init_size)) {
        return VBIOS_CHECKSUM_UNKNOWN;
    }
    return byte_sum(b->data + image->offset, image->init_size) ?
           VBIOS_CHECKSUM_BAD : VBIOS_CHECKSUM_GOOD;
}

static unsigned posted_signs(const Bytes *b, const VBIOSImage *image)
{
    const uint8_t *p = b->data + image->offset;
    size_t kept = image->init_size;
    unsigned signs = 0;

    if (kept && kept < image->present &&
        without_padding(p + kept, image->present - kept)) {
        signs |= VBIOS_POSTED_SHRUNK;
    }
    if (image->checksum == VBIOS_CHECKSUM_BAD) {
        signs |= VBIOS_POSTED_CHECKSUM;
    }
    if (image->entry[0] == 0xcb) {
        signs |= VBIOS_POSTED_RETF;
    }
    return signs;
}

static void read_x86(const Bytes *b, VBIOSImage *image)
{
    size_t i;

    image->init_size = rd8(b, image->offset + ROM_SIZE) * VBIOS_BLOCK;
    for (i = 0; i < sizeof(image->entry); i++) {
        image->entry[i] = rd8(b, image->offset + ROM_ENTRY + i);
    }
    if (image->pcir_revision >= 3) {
        image->runtime_size = rd16(b, image->offset + image->pcir_offset +
                                   PCIR_RUNTIME_LENGTH) * VBIOS_BLOCK;
    }
    image->checksum = checksum_of(b, image);
}

/* EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID [UEFI 12.9] */
static const uint8_t gop_guid[] = {
    0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
    0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a
};

static VBIOSAnswer has_gop(const Bytes *b, const VBIOSImage *image)
{
    size_t end = MIN(image->efi_init_size, image->present);

    if (image->efi_compression || image->efi_image_offset >= end) {
        return VBIOS_UNKNOWN;
    }
    if (contains(b->data + image->offset + image->efi_image_offset,
                 end - image->efi_image_offset, gop_guid, sizeof(gop_guid))) {
        return VBIOS_YES;
    }
    return image->present < image->efi_init_size ? VBIOS_UNKNOWN : VBIOS_NO;
}

static void read_efi(const Bytes *b, VBIOSImage *image)
{
    size_t at = image->offset;

    image->efi_gop = VBIOS_UNKNOWN;
    image->has_efi = inside(b, at, EFI_HEADER_SIZE) &&
                     rd32(b, at + EFI_SIGNATURE) == SIG_EFI;
    if (!image->has_efi) {
        return;
    }
    image->efi_init_size = rd16(b, at + EFI_INIT_SIZE) * VBIOS_BLOCK;
    image->efi_subsystem = rd16(b, at + EFI_SUBSYSTEM);
    image->efi_machine = rd16(b, at + EFI_MACHINE);
    image->efi_compression = rd16(b, at + EFI_COMPRESSION);
    image->efi_image_offset = rd16(b, at + EFI_IMAGE_OFFSET);
    image->efi_gop = has_gop(b, image);
}

static void read_image(const Bytes *b, const VBIOSRom *rom, VBIOSImage *image,
                       size_t offset)
{
    size_t pcir = find_pcir(b, offset, offset == rom->start);

    memset(image, 0, sizeof(*image));
    image->offset = offset;
    image->signature = rd16(b, offset);
    if (pcir) {
        read_pcir(b, image, pcir);
        read_npde(b, rom, image);
        set_length(image);
    }
    if (is_x86(image)) {
        read_x86(b, image);
    }
    if (!pcir) {
        /* A ROM from before PCI: the size byte is all there is. */
        image->length = image->init_size;
        image->last = true;
    }
    image->present = MIN(image->length, b->size - offset);
    if (is_x86(image)) {
        image->posted = posted_signs(b, image);
    } else if (is_efi(image)) {
        read_efi(b, image);
    }
}

/*
 * The chain
 */

static VBIOSImage *image_at(VBIOSRom *rom, size_t offset)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        if (rom->images[i].offset == offset) {
            return &rom->images[i];
        }
    }
    return NULL;
}

/* The caller has seen that there is room. */
static VBIOSImage *add_image(const Bytes *b, VBIOSRom *rom, size_t offset)
{
    unsigned i = rom->n_images++;

    for (; i && rom->images[i - 1].offset > offset; i--) {
        rom->images[i] = rom->images[i - 1];
    }
    read_image(b, rom, &rom->images[i], offset);
    return &rom->images[i];
}

/* One step along the chain: the image at @offset, or why there is none. */
static VBIOSImage *next_image(const Bytes *b, VBIOSRom *rom, size_t offset,
                              bool strict, VBIOSEnd *end)
{
    VBIOSImage *image;

    if (!inside(b, offset, 2)) {
        *end = VBIOS_END_DATA;
        return NULL;
    }
    if (!is_image(b, offset, strict)) {
        *end = VBIOS_END_NO_SIGNATURE;
        return NULL;
    }
    image = image_at(rom, offset);
    if (!image && rom->n_images == VBIOS_IMAGES_MAX) {
        *end = VBIOS_END_TOO_MANY;
        return NULL;
    }
    return image ?: add_image(b, rom, offset);
}

static VBIOSEnd end_of_image(const Bytes *b, const VBIOSImage *image,
                             uint32_t length, bool last)
{
    if (!image->has_pcir) {
        return VBIOS_END_NO_PCIR;
    }
    if (!length) {
        return VBIOS_END_ZERO_LENGTH;
    }
    if (!inside(b, image->offset, length)) {
        return VBIOS_END_CUT;
    }
    return last ? VBIOS_END_LAST : VBIOS_END_NO_IMAGE;
}

/* The chain of NVIDIA's drivers.  Each step goes forward by a block or more. */
static VBIOSEnd walk_npde(const Bytes *b, VBIOSRom *rom)
{
    size_t offset = rom->start;
    VBIOSEnd end = VBIOS_END_NO_IMAGE;
    VBIOSImage *image;

    while ((image = next_image(b, rom, offset, false, &end))) {
        image->by_npde = true;
        end = end_of_image(b, image, image->length, image->last);
        if (end != VBIOS_END_NO_IMAGE) {
            break;
        }
        offset += image->length;
    }
    return end;
}

/*
 * Where the chain by PCIR ends without a last image EDK II looks on, block by
 * block, for an image that is perhaps longer than it says.
 */
static void walk_scan(const Bytes *b, VBIOSRom *rom, size_t offset)
{
    VBIOSEnd end = VBIOS_END_NO_IMAGE;
    VBIOSImage *image;

    while (end == VBIOS_END_NO_IMAGE && inside(b, offset, 2)) {
        if (rd16(b, offset) != SIG_ROM) {
            offset += VBIOS_BLOCK;
            continue;
        }
        image = next_image(b, rom, offset, true, &end);
        if (!image) {
            break;
        }
        image->by_scan = true;
        offset += image->pcir_image_length;
        end = end_of_image(b, image, image->pcir_image_length,
                           image->pcir_last);
    }
}

/* The chain of firmware and of the kernel; sets what the kernel gives. */
static void walk_pcir(const Bytes *b, VBIOSRom *rom)
{
    size_t offset = rom->start;
    VBIOSEnd end = VBIOS_END_NO_IMAGE;
    VBIOSImage *image;

    while ((image = next_image(b, rom, offset, true, &end))) {
        image->by_pcir = true;
        offset += image->pcir_image_length;
        end = end_of_image(b, image, image->pcir_image_length,
                           image->pcir_last);
        if (end != VBIOS_END_NO_IMAGE) {
            break;
        }
    }
    rom->kernel_size = MIN(offset, b->size) - rom->start;
    if (end == VBIOS_END_NO_SIGNATURE) {
        walk_scan(b, rom, offset);
    }
}

/* NPDE says that more follows than the bytes the kernel gave. */
static bool is_kernel_cut(const VBIOSRom *rom)
{
    const VBIOSImage *image = rom->n_images ?
                              &rom->images[rom->n_images - 1] : NULL;

    return image && image->has_npde && image->pcir_last && !image->last &&
           rom->chain_end == VBIOS_END_DATA &&
           rom->start + rom->kernel_size == rom->size;
}

/*
 * What is ahead of it
 */

static bool is_blank(const Bytes *b)
{
    return (b->data[0] == 0x00 || b->data[0] == 0xff) &&
           !without_padding(b->data, b->size);
}

/* NVIDIA's flash header [ogk]; 0 if it does not say. */
static size_t nvgi_rom_offset(const Bytes *b, uint8_t version)
{
    size_t fixed = rd32(b, 4) >> 16 & 0x7fff;
    size_t total = rd32(b, 8) & 0xfffff;
    size_t directory;

    switch (version) {
    case 1:
    case 2:
        return rd32(b, fixed + 4);
    case 3:
        directory = (size_t)rd32(b, total) + 4096;
        return rd32(b, directory) == SIG_RFRD ? rd32(b, directory + 8) : 0;
    default:
        return 0;
    }
}

/* Anything else ahead of it: 0xaa55 alone would be found in many a file. */
static size_t search_image(const Bytes *b)
{
    for (size_t i = VBIOS_BLOCK; inside(b, i, 2); i += VBIOS_BLOCK) {
        if (rd16(b, i) == SIG_ROM && find_pcir(b, i, true)) {
            return i;
        }
    }
    return 0;
}

static bool find_nvgi(const Bytes *b, VBIOSRom *rom)
{
    rom->header = VBIOS_HEADER_NVGI_BAD;
    rom->nvgi_version = rd8(b, 5);
    rom->start = nvgi_rom_offset(b, rom->nvgi_version);
    if (rom->start && !(rom->start & 3) && rd16(b, rom->start) == SIG_ROM) {
        rom->header = VBIOS_HEADER_NVGI;
        return true;
    }
    rom->start = search_image(b);
    return rom->start;
}

/* Sets the header and, where there is an image, the start. */
static bool find_start(const Bytes *b, VBIOSRom *rom)
{
    if (!b->size) {
        rom->header = VBIOS_HEADER_EMPTY;
        return false;
    }
    if (is_blank(b)) {
        rom->header = VBIOS_HEADER_BLANK;
        return false;
    }
    if (rd16(b, 0) == SIG_ROM) {
        rom->header = VBIOS_HEADER_NONE;
        return true;
    }
    if (rd32(b, 0) == SIG_NVGI) {
        return find_nvgi(b, rom);
    }
    rom->start = search_image(b);
    rom->header = rom->start ? VBIOS_HEADER_UNKNOWN : VBIOS_HEADER_NO_ROM;
    return rom->start;
}

/* Some x86 images have a larger size byte than length [edk]. */
static uint32_t extent(const VBIOSImage *image)
{
    return MAX(image->length, image->init_size);
}

bool vbios_parse(VBIOSRom *rom, const uint8_t *data, size_t size)
{
    Bytes b = { data, MIN(size, SIZE_LIMIT) };

    /* The images are set one by one, as they are found. */
    memset(rom, 0, offsetof(VBIOSRom, images));
    rom->size = size;
    rom->chain_end = VBIOS_END_NO_IMAGE;
    if (find_start(&b, rom)) {
        rom->chain_end = walk_npde(&b, rom);
        walk_pcir(&b, rom);
        rom->kernel_cut = is_kernel_cut(rom);
    }
    rom->end = rom->start;
    for (unsigned i = 0; i < rom->n_images; i++) {
        VBIOSImage *image = &rom->images[i];

        rom->end = MAX(rom->end, (size_t)image->offset + extent(image));
    }
    rom->end = MIN(rom->end, b.size);
    rom->tail = size - rom->end;
    if (rom->tail) {
        rom->tail_data = without_padding(data + rom->end, rom->tail);
    }
    return rom->n_images;
}

const VBIOSImage *vbios_legacy_image(const VBIOSRom *rom)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (image->by_pcir && image->has_pcir && is_x86(image)) {
            return image;
        }
    }
    return NULL;
}

/* By EDK II. */
static bool reached(const VBIOSImage *image)
{
    return image->by_pcir || image->by_scan;
}

const VBIOSImage *vbios_efi_image(const VBIOSRom *rom, uint16_t machine)
{
    const VBIOSImage *any = NULL;

    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (!reached(image) || !is_efi(image)) {
            continue;
        }
        if (image->has_efi && image->efi_machine == machine) {
            return image;
        }
        any = any ?: image;
    }
    return any;
}

bool vbios_serves_device(const VBIOSImage *image, const uint8_t *data,
                         size_t size, uint16_t device)
{
    Bytes b = { data, size };

    if (!image->has_pcir) {
        return false;
    }
    if (image->device == device) {
        return true;
    }
    for (size_t i = 0; i < image->n_devices; i++) {
        if (rd16(&b, image->device_list + 2 * i) == device) {
            return true;
        }
    }
    return false;
}

/*
 * Names
 */

/* NEW is a name that does not exist yet: nobody's only copy is written to. */
static const char remedy_dump[] =
    "read it from the adapter: vga-assign rom dump BDF -o NEW, then "
    "romfile=NEW";
static const char remedy_fix[] =
    "vga-assign rom fix FILE -o NEW, then romfile=NEW";
static const char remedy_own[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF -o NEW, "
    "then romfile=NEW";
/* The ROM region is that copy; --apply lets the flash part be read instead */
static const char remedy_flash[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF --apply -o NEW, "
    "then romfile=NEW";
static const char remedy_ids[] =
    "use this adapter's own VBIOS: vga-assign rom dump BDF -o NEW; if this is "
    "it: vga-assign rom fix FILE -o NEW --ids VENDOR:DEVICE";
static const char remedy_uefi[] =
    "use a UEFI guest (OVMF), or a VBIOS with an x86 image";
static const char remedy_bios[] =
    "use a BIOS guest (SeaBIOS), or a VBIOS with a UEFI driver for x64";

static const struct {
    const char *name;
    const char *remedy;
} finding_info[VBIOS_FINDING__MAX] = {
    [VBIOS_EMPTY] = { "empty", remedy_dump },
    [VBIOS_BLANK] = {
        "blank", "the adapter did not answer: wake it up (D0), let no driver "
        "hold it, and read it again: vga-assign rom dump BDF -o NEW"
    },
    [VBIOS_NOT_A_ROM] = { "not-a-rom", remedy_dump },
    [VBIOS_UNKNOWN_HEADER] = { "unknown-header", remedy_fix },
    [VBIOS_NVGI_HEADER] = { "nvgi-header", remedy_fix },
    [VBIOS_NVGI_BROKEN] = { "nvgi-broken", remedy_dump },
    [VBIOS_LARGER_THAN_BAR] = {
        "larger-than-bar", "leave out romsize=, QEMU then sizes the ROM BAR "
        "by the file"
    },
    [VBIOS_TRAILING_DATA] = { "trailing-data", NULL },
    [VBIOS_ODD_SIZE] = { "odd-size", NULL },
    [VBIOS_NO_PCIR] = { "no-pcir", remedy_own },
    [VBIOS_ZERO_LENGTH] = { "zero-length", remedy_own },
    [VBIOS_TRUNCATED] = { "truncated", remedy_dump },
    [VBIOS_NO_LAST_IMAGE] = { "no-last-image", NULL },
    [VBIOS_TOO_MANY_IMAGES] = { "too-many-images", NULL },
    [VBIOS_HIDDEN_IMAGES] = { "hidden-images", remedy_fix },
    [VBIOS_KERNEL_TRUNCATED] = { "kernel-truncated", NULL },
    [VBIOS_PCIR_UNALIGNED] = { "pcir-unaligned", remedy_own },
    [VBIOS_NO_LEGACY_IMAGE] = { "no-legacy-image", remedy_uefi },
    [VBIOS_LEGACY_IDS] = { "legacy-ids", remedy_ids },
    [VBIOS_LEGACY_NO_SIZE] = { "legacy-no-size", remedy_own },
    [VBIOS_LEGACY_OVERSIZE] = { "legacy-oversize", remedy_dump },
    [VBIOS_LEGACY_NO_ENTRY] = {
        "legacy-no-entry", "use a UEFI guest (OVMF): this VBIOS has tables for "
        "drivers and no code, and its UEFI driver is a file of its own in the "
        "host's firmware"
    },
    [VBIOS_LEGACY_CHECKSUM] = { "legacy-checksum", remedy_own },
    [VBIOS_LEGACY_LARGE] = { "legacy-large", NULL },
    [VBIOS_LEGACY_CLASS] = { "legacy-class", NULL },
    [VBIOS_ADAPTER_CLASS] = {
        "adapter-class", "give the guest another display; no VBIOS makes this "
        "adapter a VGA adapter"
    },
    [VBIOS_POSTED] = { "posted", remedy_flash },
    [VBIOS_SHADOW_COPY] = { "shadow-copy", remedy_flash },
    [VBIOS_NO_EFI_IMAGE] = { "no-efi-image", remedy_bios },
    [VBIOS_EFI_HEADER] = { "efi-header", remedy_own },
    [VBIOS_EFI_SUBSYSTEM] = { "efi-subsystem", remedy_bios },
    [VBIOS_EFI_MACHINE] = { "efi-machine", remedy_bios },
    [VBIOS_EFI_COMPRESSION] = { "efi-compression", remedy_own },
    [VBIOS_EFI_BOUNDS] = { "efi-bounds", remedy_own },
    [VBIOS_EFI_NO_GOP] = { "efi-no-gop", NULL },
    [VBIOS_EFI_IDS] = { "efi-ids", NULL },
};

const char *vbios_finding_name(VBIOSFindingId id)
{
    return (unsigned)id < VBIOS_FINDING__MAX ? finding_info[id].name :
           "unknown";
}

const char *vbios_fatal_name(unsigned fatal)
{
    static const char *const names[] = {
        "harmless", "fatal for a BIOS guest", "fatal for a UEFI guest",
        "fatal for any guest"
    };

    return names[fatal & (VBIOS_FIRMWARE_BIOS | VBIOS_FIRMWARE_UEFI)];
}

typedef struct Name {
    unsigned value;
    const char *name;
} Name;

static const char *name_of(const Name *names, size_t n, unsigned value)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].value == value) {
            return names[i].name;
        }
    }
    return "unknown";
}

const char *vbios_code_type_name(uint8_t code_type)
{
    static const Name names[] = {
        { VBIOS_X86, "x86" },
        { VBIOS_OPEN_FIRMWARE, "Open Firmware" },
        { VBIOS_PA_RISC, "PA-RISC" },
        { VBIOS_EFI, "EFI" },
        { VBIOS_NBSI, "NVIDIA NBSI" },
        { VBIOS_FWSEC, "NVIDIA FwSec" },
    };

    return name_of(names, G_N_ELEMENTS(names), code_type);
}

const char *vbios_machine_name(uint16_t efi_machine)
{
    static const Name names[] = {
        { 0x014c, "IA32" },
        { 0x01c2, "ARM" },
        { 0x0200, "IA64" },
        { MACHINE_EBC, "EBC" },
        { 0x5064, "RISC-V 64" },
        { 0x6264, "LoongArch 64" },
        { MACHINE_X64, "x64" },
        { 0xaa64, "AArch64" },
    };

    return name_of(names, G_N_ELEMENTS(names), efi_machine);
}

const char *vbios_chain_end_name(VBIOSEnd end)
{
    static const Name names[] = {
        { VBIOS_END_LAST, "last-image" },
        { VBIOS_END_DATA, "end-of-data" },
        { VBIOS_END_CUT, "cut" },
        { VBIOS_END_NO_SIGNATURE, "no-signature" },
        { VBIOS_END_NO_PCIR, "no-pcir" },
        { VBIOS_END_ZERO_LENGTH, "zero-length" },
        { VBIOS_END_TOO_MANY, "too-many-images" },
        { VBIOS_END_NO_IMAGE, "no-image" },
    };

    return name_of(names, G_N_ELEMENTS(names), end);
}

/*
 * The verdict
 */

enum {
    BIOS = VBIOS_FIRMWARE_BIOS,
    UEFI = VBIOS_FIRMWARE_UEFI,
    BOTH = BIOS | UEFI,
};

typedef struct Judge {
    const VBIOSRom *rom;
    Bytes b;
    const VBIOSGuest *guest;
    const VBIOSImage *legacy; /* what SeaBIOS takes, or would but for its ids */
    const VBIOSImage *efi;    /* what EDK II takes, or comes nearest */
    unsigned explained;       /* whose missing image another finding is about */
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
        .remedy = fatal ? finding_info[id].remedy : NULL,
    };
    va_list ap;

    va_start(ap, format);
    finding.text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_array_append_val(j->findings, finding);
}

/* SeaBIOS wants both ids of the image to be the adapter's [sea]. */
static bool ids_match(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return (guest->vendor == VBIOS_ID_ANY || guest->vendor == image->vendor) &&
           (guest->device == VBIOS_ID_ANY || guest->device == image->device);
}

static const VBIOSImage *legacy_image_for(const VBIOSRom *rom,
                                          const VBIOSGuest *guest)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (image->by_pcir && image->has_pcir && is_x86(image) &&
            ids_match(guest, image)) {
            return image;
        }
    }
    return vbios_legacy_image(rom);
}

/* Whose image there is, but only where firmware does not get to. */
static unsigned hidden_from(const Judge *j)
{
    unsigned hidden = 0;

    for (unsigned i = 0; i < j->rom->n_images; i++) {
        const VBIOSImage *image = &j->rom->images[i];

        if (reached(image) || !image->has_pcir) {
            continue;
        }
        if (is_x86(image) && !j->legacy) {
            hidden |= BIOS;
        } else if (is_efi(image) && !j->efi) {
            hidden |= UEFI;
        }
    }
    return hidden;
}

static bool efi_is_driver(const VBIOSImage *image)
{
    return image->efi_subsystem == 11 || image->efi_subsystem == 12;
}

static bool efi_is_bounded(const VBIOSImage *image)
{
    return image->efi_init_size <= image->pcir_image_length &&
           image->efi_image_offset < image->efi_init_size;
}

static bool efi_is_loaded(const VBIOSImage *image)
{
    return reached(image) && is_efi(image) && image->has_efi &&
           image->efi_machine == MACHINE_X64 && efi_is_driver(image) &&
           image->efi_compression <= 1 && efi_is_bounded(image);
}

/*
 * An EFI image need not name an adapter: NVIDIA's have 0000:0000, and the
 * driver in it decides what it takes.
 */
static bool efi_ids_match(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return (!image->vendor && !image->device) || ids_match(guest, image);
}

/* Whether it looks at the image, and at what follows. */
static bool efi_goes_past(const VBIOSRom *rom, const VBIOSImage *image)
{
    return image->has_pcir && !(image->pcir_offset & 3) &&
           image->offset + (size_t)image->pcir_image_length <= rom->size;
}

static unsigned efi_fitness(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return efi_ids_match(guest, image) * 2 + (image->efi_gop != VBIOS_NO);
}

/*
 * EDK II loads all that it can and asks each driver about each adapter, so the
 * one that fits best decides [edk]: others may be for a second adapter on the
 * same board, or for no display at all.
 */
static const VBIOSImage *efi_image_for(const VBIOSRom *rom,
                                       const VBIOSGuest *guest)
{
    const VBIOSImage *best = NULL;

    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (best && reached(image) && !efi_goes_past(rom, image)) {
            break;
        }
        if (efi_is_loaded(image) &&
            (!best || efi_fitness(guest, image) > efi_fitness(guest, best))) {
            best = image;
        }
    }
    return best ?: vbios_efi_image(rom, MACHINE_X64);
}

/* What people take for a VBIOS file. */
static const char *kind_of_file(const Bytes *b)
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

        if (inside(b, 0, n) && !memcmp(b->data, kinds[i].magic, n)) {
            return kinds[i].kind;
        }
    }
    return "no format that is known";
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
                    "image further on: %s", rd8(&j->b, 0), rd8(&j->b, 1),
                    kind_of_file(&j->b));
        break;
    case VBIOS_HEADER_UNKNOWN:
        add_finding(j, VBIOS_UNKNOWN_HEADER, BOTH, NULL,
                    "its first image is at 0x%zx, firmware looks at 0 only",
                    rom->start);
        break;
    case VBIOS_HEADER_NVGI:
        add_finding(j, VBIOS_NVGI_HEADER, BOTH, NULL,
                    "it starts with NVIDIA's flash header (NVGI version %d), "
                    "its first image is at 0x%zx, firmware looks at 0 only",
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
                    "it has %zu bytes, the guest's ROM BAR %zu", rom->size,
                    j->guest->bar_size);
    }
    if (rom->n_images && rom->tail_data) {
        add_finding(j, VBIOS_TRAILING_DATA, 0, NULL,
                    "%zu bytes that are no padding follow the last image",
                    rom->tail_data);
    }
    if (rom->n_images && rom->size % VBIOS_BLOCK) {
        add_finding(j, VBIOS_ODD_SIZE, 0, NULL,
                    "%zu bytes are no multiple of 512: something was added "
                    "or is missing", rom->size);
    }
}

static void judge_pcir(Judge *j, const VBIOSImage *image)
{
    bool first = image->offset == j->rom->start;
    bool stops_efi = j->efi && reached(image) &&
                     j->efi->offset >= image->offset;

    if (!image->has_pcir) {
        add_finding(j, VBIOS_NO_PCIR, first ? BOTH : 0, image,
                    "the image at 0x%x has no PCI Data Structure (PCIR), "
                    "firmware goes no further", image->offset);
    } else if (image->pcir_offset & 3) {
        add_finding(j, VBIOS_PCIR_UNALIGNED, stops_efi ? UEFI : 0, image,
                    "the PCI Data Structure at 0x%x is not at a multiple of 4, "
                    "EDK II goes no further",
                    image->offset + image->pcir_offset);
    }
}

/* Firmware that gets here and not to the last image goes round for ever. */
static void judge_zero_length(Judge *j, const VBIOSImage *image)
{
    bool runs_before = j->legacy && j->legacy->offset <= image->offset &&
                       ids_match(j->guest, j->legacy);
    unsigned fatal = image->pcir_last ? 0 : UEFI | (runs_before ? 0 : BIOS);

    if (!reached(image) || !image->has_pcir || image->pcir_image_length) {
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
    /* SeaBIOS takes what the size byte says [sea], EDK II what PCIR [edk]. */
    size_t need = is_x86(image) ? image->init_size : image->pcir_image_length;
    uint32_t length = is_efi(image) ? MAX(image->length, need) : image->length;
    unsigned fatal = 0;

    if (inside(&j->b, image->offset, length)) {
        return;
    }
    if (!inside(&j->b, image->offset, need)) {
        fatal = image == j->legacy ? BIOS : image == j->efi ? UEFI : 0;
    }
    add_finding(j, VBIOS_TRUNCATED, fatal, image,
                "the %s image at 0x%x has %u bytes, the last %u are missing",
                vbios_code_type_name(image->code_type), image->offset,
                length, length - (unsigned)(j->b.size - image->offset));
}

static void judge_hidden(Judge *j)
{
    unsigned n = 0;

    for (unsigned i = 0; i < j->rom->n_images; i++) {
        n += !reached(&j->rom->images[i]);
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
                    "it ends where the kernel stops reading a ROM, further "
                    "images of the flash part are not in it; no firmware "
                    "needs them");
    } else if (rom->chain_end == VBIOS_END_DATA ||
               rom->chain_end == VBIOS_END_NO_SIGNATURE) {
        add_finding(j, VBIOS_NO_LAST_IMAGE, 0, NULL,
                    "no image is marked as the last one: there may have been "
                    "more");
    } else if (rom->chain_end == VBIOS_END_TOO_MANY) {
        add_finding(j, VBIOS_TOO_MANY_IMAGES, 0, NULL,
                    "it has more than %d images, the others were not looked "
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

    if (ids_match(j->guest, image)) {
        return;
    }
    listed = j->guest->vendor == image->vendor &&
             vbios_serves_device(image, j->b.data, j->b.size,
                                 j->guest->device);
    add_finding(j, VBIOS_LEGACY_IDS, BIOS, image,
                "its x86 image is for %04x:%04x, the adapter is %04x:%04x%s: "
                "SeaBIOS skips it", image->vendor, image->device,
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
                    inside(&j->b, image->offset, image->init_size) ? 0 : BIOS,
                    image, "the size byte of its x86 image says %u bytes, the "
                    "image has %u", image->init_size, image->length);
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

/* Not more than a sign is that it shrank: an image may come so [PFS]. */
static void judge_posted(Judge *j, const VBIOSImage *image)
{
    if (image->posted & VBIOS_POSTED_RETF) {
        add_finding(j, VBIOS_POSTED, BIOS, image,
                    "the entry point of its x86 image is a return: it has run "
                    "already, running it again does nothing");
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

/* What no VBIOS can help [sea], or is known of where the bytes come from. */
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
    /* Intel's is nowhere else, and QEMU's legacy mode has always run it. */
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
    if (image->efi_machine == MACHINE_EBC) {
        add_finding(j, VBIOS_EFI_MACHINE, 0, image,
                    "its UEFI driver is EFI byte code: firmware needs an "
                    "interpreter");
    } else if (image->efi_machine != MACHINE_X64) {
        add_finding(j, VBIOS_EFI_MACHINE, UEFI, image,
                    "its UEFI driver is for machine 0x%04x (%s), not for x64",
                    image->efi_machine, vbios_machine_name(image->efi_machine));
    }
}

static void judge_efi_header(Judge *j, const VBIOSImage *image)
{
    judge_efi_machine(j, image);
    if (!efi_is_driver(image)) {
        add_finding(j, VBIOS_EFI_SUBSYSTEM, UEFI, image,
                    "the subsystem of its EFI image is %u, not that of a "
                    "driver (11 or 12): firmware does not load it",
                    image->efi_subsystem);
    }
    if (image->efi_compression > 1) {
        add_finding(j, VBIOS_EFI_COMPRESSION, UEFI, image,
                    "its UEFI driver is compressed by method %u, which is not "
                    "known", image->efi_compression);
    }
    if (!efi_is_bounded(image)) {
        add_finding(j, VBIOS_EFI_BOUNDS, UEFI, image,
                    "its UEFI driver at 0x%x of %u bytes is not inside the "
                    "EFI image of %u", image->efi_image_offset,
                    image->efi_init_size, image->pcir_image_length);
    }
    if (image->efi_gop == VBIOS_NO) {
        add_finding(j, VBIOS_EFI_NO_GOP, 0, image,
                    "its UEFI driver does not name the Graphics Output "
                    "Protocol: a UEFI guest may get no picture by it");
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
                    "its EFI image has not the signature 0x0ef1: firmware "
                    "does not load it");
    }
    if (!efi_ids_match(j->guest, image)) {
        add_finding(j, VBIOS_EFI_IDS, 0, image,
                    "its EFI image is for %04x:%04x: the UEFI driver may not "
                    "take the adapter", image->vendor, image->device);
    }
}

/* Fatal to the guest, to the other firmware, to none; then as enumerated. */
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
        return g_strdup_printf("SeaBIOS gives no picture by it: %s", why->text);
    }
    return g_strdup_printf("SeaBIOS runs its x86 image for %04x:%04x, %u KiB",
                           j->legacy->vendor, j->legacy->device,
                           j->legacy->init_size / 1024);
}

static char *summary_uefi(const Judge *j, const VBIOSVerdict *v)
{
    const VBIOSFinding *why = first_fatal(v, UEFI);

    if (why) {
        return g_strdup_printf("UEFI gives no picture by it: %s", why->text);
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
        "good for BIOS guests only", "good for no guest"
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
        .legacy = legacy_image_for(rom, guest),
        .efi = efi_image_for(rom, guest),
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

/*
 * Changes
 */

/* All of it is in the buffer, or the checksum would not be known. */
static void repair_checksum(uint8_t *data, const VBIOSImage *image)
{
    uint8_t *p = data + image->offset;
    size_t at = image->init_size - 1;

    /* Also where the last summed byte belongs to the next image. */
    if (image->entry[0] == 0xe9 || image->init_size > image->length) {
        at = 6;
    }
    p[at] -= byte_sum(p, image->init_size);
}

/* Last to first: an image may sum the next one's bytes with its own. */
unsigned vbios_repair_checksums(uint8_t *data, size_t size)
{
    Bytes b = { data, MIN(size, SIZE_LIMIT) };
    unsigned changed = 0;
    VBIOSRom rom;

    vbios_parse(&rom, data, size);
    for (unsigned i = rom.n_images; i--;) {
        const VBIOSImage *image = &rom.images[i];

        if (is_x86(image) && checksum_of(&b, image) == VBIOS_CHECKSUM_BAD) {
            repair_checksum(data, image);
            changed++;
        }
    }
    return changed;
}

static bool set_ids(uint8_t *data, const VBIOSImage *image,
                    uint16_t vendor, uint16_t device)
{
    uint8_t *pcir = data + image->offset + image->pcir_offset;

    if (!image->has_pcir || !(is_x86(image) || is_efi(image)) ||
        (image->vendor == vendor && image->device == device)) {
        return false;
    }
    wr16(pcir + PCIR_VENDOR, vendor);
    wr16(pcir + PCIR_DEVICE, device);
    return true;
}

unsigned vbios_set_ids(uint8_t *data, size_t size,
                       uint16_t vendor, uint16_t device)
{
    Bytes b = { data, MIN(size, SIZE_LIMIT) };
    uint32_t touched = 0;
    unsigned changed = 0;
    VBIOSRom rom;

    G_STATIC_ASSERT(VBIOS_IMAGES_MAX <= 32);
    vbios_parse(&rom, data, size);
    for (unsigned i = 0; i < rom.n_images; i++) {
        if (set_ids(data, &rom.images[i], vendor, device)) {
            touched |= 1u << i;
            changed++;
        }
    }
    for (unsigned i = rom.n_images; i--;) {
        const VBIOSImage *image = &rom.images[i];

        if (is_x86(image) && checksum_of(&b, image) == VBIOS_CHECKSUM_BAD &&
            (touched & 1u << i || image->checksum == VBIOS_CHECKSUM_GOOD)) {
            repair_checksum(data, image);
        }
    }
    return changed;
}

static bool is_kept(const VBIOSImage *image, unsigned keep)
{
    unsigned kind = is_x86(image) ? VBIOS_KEEP_X86 :
                    is_efi(image) ? VBIOS_KEEP_EFI : VBIOS_KEEP_OTHER;

    return kind & keep;
}

/* Firmware would see more if the chain were right. */
static bool hides_firmware(const VBIOSRom *rom)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (!reached(image) && image->has_pcir &&
            (is_x86(image) || is_efi(image))) {
            return true;
        }
    }
    return false;
}

/* A copy of one image, appended. */
typedef struct Piece {
    const VBIOSImage *image;
    size_t at;
    size_t length;
} Piece;

static bool take_piece(const Bytes *b, const VBIOSImage *image, size_t from,
                       Piece *piece)
{
    size_t length = extent(image);

    if (!inside(b, image->offset, length)) {
        length = image->length;
    }
    *piece = (Piece) { image, 0, length };
    /* One that starts inside another: the chains disagree. */
    return image->has_pcir && length && image->offset >= from &&
           image->present == image->length &&
           image->pcir_offset + PCIR_SIZE <= length;
}

static void set_last(uint8_t *flag, bool last)
{
    *flag = (*flag & ~LAST_IMAGE) | (last ? LAST_IMAGE : 0);
}

/* The chain says what the new place of the image is. */
static void link_piece(const VBIOSRom *rom, const Piece *piece, uint8_t *data,
                       bool last)
{
    const VBIOSImage *image = piece->image;
    uint8_t *p = data + piece->at;
    uint8_t *pcir = p + image->pcir_offset;
    size_t npde = npde_offset(rom, image) - image->offset;
    bool good = image->checksum == VBIOS_CHECKSUM_GOOD &&
                image->init_size <= piece->length;

    wr16(pcir + PCIR_IMAGE_LENGTH, piece->length / VBIOS_BLOCK);
    set_last(pcir + PCIR_INDICATOR, last);
    if (image->has_npde && npde + NPDE_LAST < piece->length) {
        wr16(p + npde + NPDE_IMAGE_LENGTH, piece->length / VBIOS_BLOCK);
        if (image->npde_has_last) {
            set_last(p + npde + NPDE_LAST, last);
        }
    }
    if (good && byte_sum(p, image->init_size)) {
        VBIOSImage moved = *image;

        moved.offset = piece->at;
        moved.length = piece->length;
        repair_checksum(data, &moved);
    }
}

static unsigned take_pieces(const Bytes *b, const VBIOSRom *rom, unsigned keep,
                            Piece *pieces, size_t *total)
{
    unsigned n = 0;
    size_t from = 0;

    *total = 0;
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        /* NVIDIA's other signatures do not make a ROM. */
        if (!n && image->signature != SIG_ROM) {
            continue;
        }
        if (is_kept(image, keep) && take_piece(b, image, from, &pieces[n])) {
            pieces[n].at = *total;
            *total += pieces[n].length;
            from = (size_t)image->offset + image->length;
            n++;
        }
    }
    return n;
}

uint8_t *vbios_rebuild(const uint8_t *data, size_t size, unsigned keep,
                       size_t *new_size)
{
    Bytes b = { data, MIN(size, SIZE_LIMIT) };
    Piece pieces[VBIOS_IMAGES_MAX];
    uint8_t *copy;
    VBIOSRom rom;
    unsigned n;

    vbios_parse(&rom, data, size);
    if (keep == VBIOS_KEEP_ALL && !hides_firmware(&rom)) {
        *new_size = rom.end - rom.start;
        copy = *new_size ? g_malloc(*new_size) : NULL;
        return copy ? memcpy(copy, data + rom.start, *new_size) : NULL;
    }
    n = take_pieces(&b, &rom, keep, pieces, new_size);
    copy = *new_size ? g_malloc(*new_size) : NULL;
    for (unsigned i = 0; i < n; i++) {
        memcpy(copy + pieces[i].at, data + pieces[i].image->offset,
               pieces[i].length);
        link_piece(&rom, &pieces[i], copy, i == n - 1);
    }
    return copy;
}

VBIOSDifference vbios_compare(const uint8_t *a, size_t a_size,
                              const uint8_t *b, size_t b_size)
{
    const VBIOSImage *x, *y;
    VBIOSDifference d = { 0 };
    VBIOSRom p, q;

    vbios_parse(&p, a, a_size);
    vbios_parse(&q, b, b_size);
    x = vbios_legacy_image(&p);
    y = vbios_legacy_image(&q);
    if (!x || !y) {
        return d;
    }
    d.same_adapter = x->vendor == y->vendor && x->device == y->device &&
                     x->code_revision == y->code_revision;
    d.compared = MIN(MIN(x->present, y->present),
                     MIN(x->init_size ?: x->present,
                         y->init_size ?: y->present));
    for (size_t i = 0; i < d.compared; i++) {
        if (a[x->offset + i] != b[y->offset + i] && !d.bytes++) {
            d.first = i;
        }
    }
    return d;
}
