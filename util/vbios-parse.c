/*
 * VBIOS images: finding them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qemu/vbios.h has the contract, the formats and the sources of the facts.
 *
 * qemu/osdep.h is left out, because the host tool, the tests and the fuzzer
 * build this file without QEMU.
 */
#include <string.h>
#include "vbios-internal.h"

uint8_t vbios_byte_sum(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while (n--) {
        sum += *p++;
    }
    return sum;
}

/* The length of @n bytes without the padding at their end. */
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

/* Neither C nor GLib has this with lengths; memmem() is a GNU extension. */
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

/* Firmware needs PCIR; NVIDIA's drivers accept two others as well [nv]. */
static bool is_pcir(uint32_t signature, bool strict)
{
    return signature == SIG_PCIR ||
           (!strict && (signature == SIG_NPDS || signature == SIG_RGIS));
}

/* The offset of a PCI Data Structure that is complete; 0: there is none. */
static size_t find_pcir(const VBIOSBytes *b, size_t image, bool strict)
{
    uint16_t pointer = vbios_rd16(b, image + ROM_PCIR);

    if (!pointer || !vbios_has(b, image + pointer, PCIR_SIZE) ||
        !is_pcir(vbios_rd32(b, image + pointer), strict)) {
        return 0;
    }
    return image + pointer;
}

/*
 * Firmware stops at a signature that it does not know, and goes on into an
 * image without PCI Data Structure.
 */
static bool is_image(const VBIOSBytes *b, size_t offset, bool strict)
{
    uint16_t signature = vbios_rd16(b, offset);

    if (strict) {
        return signature == SIG_ROM && (find_pcir(b, offset, true) ||
                                        !find_pcir(b, offset, false));
    }
    return signature == SIG_ROM || signature == SIG_ROM_BB77 ||
           signature == SIG_ROM_NV;
}

size_t vbios_npde_offset(const VBIOSRom *rom, const VBIOSImage *image)
{
    size_t behind = image->offset - rom->start + image->pcir_offset +
                    image->pcir_length;

    return rom->start + ((behind + 15) & ~(size_t)15);
}

static void read_device_list(const VBIOSBytes *b, VBIOSImage *image,
                             size_t pcir)
{
    uint16_t pointer = vbios_rd16(b, pcir + PCIR_DEVICE_LIST);
    size_t list = pcir + pointer;

    /* Before revision 3 this is the pointer to the vital product data. */
    if (image->pcir_revision < 3 || !pointer || !vbios_has(b, list, 2)) {
        return;
    }
    while (image->n_devices < UINT16_MAX &&
           vbios_rd16(b, list + 2 * image->n_devices)) {
        image->n_devices++;
    }
    image->device_list = image->n_devices ? list : 0;
}

/* The value of a 16-bit field that counts blocks, in bytes. */
static uint32_t read_blocks(const VBIOSBytes *b, size_t offset)
{
    return vbios_rd16(b, offset) * VBIOS_BLOCK;
}

static void read_pcir(const VBIOSBytes *b, VBIOSImage *image, size_t pcir)
{
    image->has_pcir = true;
    image->pcir_offset = pcir - image->offset;
    image->pcir_revision = vbios_rd8(b, pcir + PCIR_REVISION);
    image->pcir_length = vbios_rd16(b, pcir + PCIR_LENGTH);
    image->pcir_image_length = read_blocks(b, pcir + PCIR_IMAGE_LENGTH);
    image->pcir_last = vbios_rd8(b, pcir + PCIR_INDICATOR) & LAST_IMAGE;
    image->code_type = vbios_rd8(b, pcir + PCIR_TYPE);
    image->vendor = vbios_rd16(b, pcir + PCIR_VENDOR);
    image->device = vbios_rd16(b, pcir + PCIR_DEVICE);
    image->class_code = vbios_rd32(b, pcir + PCIR_CLASS) & 0xffffff;
    image->code_revision = vbios_rd16(b, pcir + PCIR_CODE_REVISION);
    read_device_list(b, image, pcir);
}

static void read_npde(const VBIOSBytes *b, const VBIOSRom *rom,
                      VBIOSImage *image)
{
    size_t npde = vbios_npde_offset(rom, image);

    if (!vbios_has(b, npde, NPDE_SIZE) || vbios_rd32(b, npde) != SIG_NPDE) {
        return;
    }
    image->npde_revision = vbios_rd16(b, npde + NPDE_REVISION);
    if (image->npde_revision != 0x0100 && image->npde_revision != 0x0101) {
        image->npde_revision = 0;
        return;
    }
    image->has_npde = true;
    image->npde_image_length = read_blocks(b, npde + NPDE_IMAGE_LENGTH);
    image->npde_has_last = vbios_rd16(b, npde + NPDE_LENGTH) > NPDE_LAST &&
                           vbios_has(b, npde + NPDE_LAST, 1);
    image->npde_last = image->npde_has_last &&
                       (vbios_rd8(b, npde + NPDE_LAST) & LAST_IMAGE);
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

VBIOSChecksum vbios_checksum(const VBIOSBytes *b, const VBIOSImage *image)
{
    if (!image->init_size || !vbios_has(b, image->offset, image->init_size)) {
        return VBIOS_CHECKSUM_UNKNOWN;
    }
    return vbios_byte_sum(b->data + image->offset, image->init_size) ?
           VBIOS_CHECKSUM_BAD : VBIOS_CHECKSUM_GOOD;
}

static unsigned posted_signs(const VBIOSBytes *b, const VBIOSImage *image)
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

static void read_x86(const VBIOSBytes *b, VBIOSImage *image)
{
    size_t i;

    image->init_size = vbios_rd8(b, image->offset + ROM_SIZE) * VBIOS_BLOCK;
    for (i = 0; i < sizeof(image->entry); i++) {
        image->entry[i] = vbios_rd8(b, image->offset + ROM_ENTRY + i);
    }
    if (image->pcir_revision >= 3) {
        image->runtime_size = read_blocks(b, image->offset +
                                          image->pcir_offset +
                                          PCIR_RUNTIME_LENGTH);
    }
    image->checksum = vbios_checksum(b, image);
}

/* EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID [UEFI 12.9] */
static const uint8_t gop_guid[] = {
    0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
    0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a
};

static VBIOSAnswer has_gop(const VBIOSBytes *b, const VBIOSImage *image)
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

static void read_efi(const VBIOSBytes *b, VBIOSImage *image)
{
    size_t at = image->offset;

    image->efi_gop = VBIOS_UNKNOWN;
    image->has_efi = vbios_has(b, at, EFI_HEADER_SIZE) &&
                     vbios_rd32(b, at + EFI_SIGNATURE) == SIG_EFI;
    if (!image->has_efi) {
        return;
    }
    image->efi_init_size = read_blocks(b, at + EFI_INIT_SIZE);
    image->efi_subsystem = vbios_rd16(b, at + EFI_SUBSYSTEM);
    image->efi_machine = vbios_rd16(b, at + EFI_MACHINE);
    image->efi_compression = vbios_rd16(b, at + EFI_COMPRESSION);
    image->efi_image_offset = vbios_rd16(b, at + EFI_IMAGE_OFFSET);
    image->efi_gop = has_gop(b, image);
}

static void read_image(const VBIOSBytes *b, const VBIOSRom *rom,
                       VBIOSImage *image, size_t offset)
{
    size_t pcir = find_pcir(b, offset, offset == rom->start);

    memset(image, 0, sizeof(*image));
    image->offset = offset;
    image->signature = vbios_rd16(b, offset);
    if (pcir) {
        read_pcir(b, image, pcir);
        read_npde(b, rom, image);
        set_length(image);
    }
    if (vbios_is_x86(image)) {
        read_x86(b, image);
    }
    if (!pcir) {
        /* ROMs from before PCI have nothing but the size byte. */
        image->length = image->init_size;
        image->last = true;
    }
    image->present = MIN(image->length, b->size - offset);
    if (vbios_is_x86(image)) {
        image->posted = posted_signs(b, image);
    } else if (vbios_is_efi(image)) {
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

/* The caller has checked that there is room. */
static VBIOSImage *add_image(const VBIOSBytes *b, VBIOSRom *rom, size_t offset)
{
    unsigned i = rom->n_images++;

    for (; i && rom->images[i - 1].offset > offset; i--) {
        rom->images[i] = rom->images[i - 1];
    }
    read_image(b, rom, &rom->images[i], offset);
    return &rom->images[i];
}

/* One step along the chain: the image at @offset, or the reason for its end. */
static VBIOSImage *next_image(const VBIOSBytes *b, VBIOSRom *rom, size_t offset,
                              bool strict, VBIOSEnd *end)
{
    VBIOSImage *image;

    if (!vbios_has(b, offset, 2)) {
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

static VBIOSEnd end_of_image(const VBIOSBytes *b, const VBIOSImage *image,
                             uint32_t length, bool last)
{
    if (!image->has_pcir) {
        return VBIOS_END_NO_PCIR;
    }
    if (!length) {
        return VBIOS_END_ZERO_LENGTH;
    }
    if (!vbios_has(b, image->offset, length)) {
        return VBIOS_END_CUT;
    }
    return last ? VBIOS_END_LAST : VBIOS_END_NO_IMAGE;
}

/* The chain of NVIDIA's drivers.  Each step goes forward by a block or more. */
static VBIOSEnd walk_npde(const VBIOSBytes *b, VBIOSRom *rom)
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
 * Where the chain by PCIR ends without a last image, EDK II searches block by
 * block, since the image before may be longer than it says.
 */
static void walk_scan(const VBIOSBytes *b, VBIOSRom *rom, size_t offset)
{
    VBIOSEnd end = VBIOS_END_NO_IMAGE;
    VBIOSImage *image;

    while (end == VBIOS_END_NO_IMAGE && vbios_has(b, offset, 2)) {
        if (vbios_rd16(b, offset) != SIG_ROM) {
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

/* The chain that firmware and the kernel follow; sets kernel_size, too. */
static void walk_pcir(const VBIOSBytes *b, VBIOSRom *rom)
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

/* NPDE says that more follows than the kernel provides. */
static bool is_kernel_cut(const VBIOSRom *rom)
{
    const VBIOSImage *image = rom->n_images ?
                              &rom->images[rom->n_images - 1] : NULL;

    return image && image->has_npde && image->pcir_last && !image->last &&
           rom->chain_end == VBIOS_END_DATA &&
           rom->start + rom->kernel_size == rom->size;
}

/*
 * Bytes ahead of the first image
 */

static bool is_blank(const VBIOSBytes *b)
{
    return (b->data[0] == 0x00 || b->data[0] == 0xff) &&
           !without_padding(b->data, b->size);
}

/* The start of the ROM by NVIDIA's flash header [ogk]; 0 if it has none. */
static size_t nvgi_rom_offset(const VBIOSBytes *b, uint8_t version)
{
    size_t fixed = vbios_rd32(b, 4) >> 16 & 0x7fff;
    size_t total = vbios_rd32(b, 8) & 0xfffff;
    size_t directory;

    switch (version) {
    case 1:
    case 2:
        return vbios_rd32(b, fixed + 4);
    case 3:
        directory = (size_t)vbios_rd32(b, total) + 4096;
        return vbios_rd32(b, directory) == SIG_RFRD ?
               vbios_rd32(b, directory + 8) : 0;
    default:
        return 0;
    }
}

/* The bytes 55 aa alone occur in many files, so PCIR is required as well. */
static size_t search_image(const VBIOSBytes *b)
{
    for (size_t i = VBIOS_BLOCK; vbios_has(b, i, 2); i += VBIOS_BLOCK) {
        if (vbios_rd16(b, i) == SIG_ROM && find_pcir(b, i, true)) {
            return i;
        }
    }
    return 0;
}

static bool find_nvgi(const VBIOSBytes *b, VBIOSRom *rom)
{
    rom->header = VBIOS_HEADER_NVGI_BAD;
    rom->nvgi_version = vbios_rd8(b, 5);
    rom->start = nvgi_rom_offset(b, rom->nvgi_version);
    if (rom->start && !(rom->start & 3) &&
        vbios_rd16(b, rom->start) == SIG_ROM) {
        rom->header = VBIOS_HEADER_NVGI;
        return true;
    }
    rom->start = search_image(b);
    return rom->start;
}

/* Sets the header and, where there is an image, the start. */
static bool find_start(const VBIOSBytes *b, VBIOSRom *rom)
{
    if (!b->size) {
        rom->header = VBIOS_HEADER_EMPTY;
        return false;
    }
    if (is_blank(b)) {
        rom->header = VBIOS_HEADER_BLANK;
        return false;
    }
    if (vbios_rd16(b, 0) == SIG_ROM) {
        rom->header = VBIOS_HEADER_NONE;
        return true;
    }
    if (vbios_rd32(b, 0) == SIG_NVGI) {
        return find_nvgi(b, rom);
    }
    rom->start = search_image(b);
    rom->header = rom->start ? VBIOS_HEADER_UNKNOWN : VBIOS_HEADER_NO_ROM;
    return rom->start;
}

bool vbios_parse(VBIOSRom *rom, const uint8_t *data, size_t size)
{
    VBIOSBytes b = { data, MIN(size, VBIOS_SIZE_MAX) };

    /* Each image is filled in as it is found. */
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

        rom->end = MAX(rom->end, (size_t)image->offset + vbios_extent(image));
    }
    rom->end = MIN(rom->end, b.size);
    rom->tail = size - rom->end;
    if (rom->tail) {
        rom->tail_data = without_padding(data + rom->end, rom->tail);
    }
    return rom->n_images;
}
