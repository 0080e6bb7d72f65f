/*
 * VBIOS images: copies with other ids, right checksums, fewer images
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qemu/osdep.h is left out, because the host tool, the tests and the fuzzer
 * build this file without QEMU.
 */
#include <string.h>
#include "vbios-internal.h"

static void wr16(uint8_t *p, uint16_t value)
{
    p[0] = value;
    p[1] = value >> 8;
}

static bool has_bad_checksum(const VBIOSBytes *b, const VBIOSImage *image)
{
    return vbios_is_x86(image) &&
           vbios_checksum(b, image) == VBIOS_CHECKSUM_BAD;
}

/*
 * All of the image is in the buffer: otherwise its checksum would be unknown.
 */
static void repair_checksum(uint8_t *data, const VBIOSImage *image)
{
    uint8_t *p = data + image->offset;
    size_t at = image->init_size - 1;

    /* The last summed byte may belong to the next image. */
    if (image->entry[0] == 0xe9 || image->init_size > image->length) {
        at = 6;
    }
    p[at] -= vbios_byte_sum(p, image->init_size);
}

/* From last to first, as the sum of an image may cover the next one. */
unsigned vbios_repair_checksums(uint8_t *data, size_t size)
{
    VBIOSBytes b = { data, MIN(size, VBIOS_SIZE_MAX) };
    unsigned changed = 0;
    VBIOSRom rom;

    vbios_parse(&rom, data, size);
    for (unsigned i = rom.n_images; i--;) {
        const VBIOSImage *image = &rom.images[i];

        if (has_bad_checksum(&b, image)) {
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

    if (!image->has_pcir || !(vbios_is_x86(image) || vbios_is_efi(image)) ||
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
    VBIOSBytes b = { data, MIN(size, VBIOS_SIZE_MAX) };
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

        if (has_bad_checksum(&b, image) &&
            (touched & 1u << i || image->checksum == VBIOS_CHECKSUM_GOOD)) {
            repair_checksum(data, image);
        }
    }
    return changed;
}

static bool is_kept(const VBIOSImage *image, unsigned keep)
{
    unsigned kind = vbios_is_x86(image) ? VBIOS_KEEP_X86 :
                    vbios_is_efi(image) ? VBIOS_KEEP_EFI : VBIOS_KEEP_OTHER;

    return kind & keep;
}

/* There are images for firmware to which the chain does not lead. */
static bool hides_firmware(const VBIOSRom *rom)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (!vbios_is_reached(image) && image->has_pcir &&
            (vbios_is_x86(image) || vbios_is_efi(image))) {
            return true;
        }
    }
    return false;
}

/* One image of the new chain, with its old and its new place */
typedef struct Piece {
    const VBIOSImage *image;
    size_t at;
    size_t length;
} Piece;

static bool take_piece(const VBIOSBytes *b, const VBIOSImage *image,
                       size_t from, Piece *piece)
{
    size_t length = vbios_extent(image);

    if (!vbios_has(b, image->offset, length)) {
        length = image->length;
    }
    *piece = (Piece) { image, 0, length };
    /* Where the chains disagree, an image may start inside another. */
    return image->has_pcir && length && image->offset >= from &&
           image->present == image->length &&
           image->pcir_offset + PCIR_SIZE <= length;
}

static void set_last(uint8_t *flag, bool last)
{
    *flag = (*flag & ~LAST_IMAGE) | (last ? LAST_IMAGE : 0);
}

/* Adapt the lengths and last flags to the new chain. */
static void link_piece(const VBIOSRom *rom, const Piece *piece, uint8_t *data,
                       bool last)
{
    const VBIOSImage *image = piece->image;
    uint8_t *p = data + piece->at;
    uint8_t *pcir = p + image->pcir_offset;
    size_t npde = vbios_npde_offset(rom, image) - image->offset;
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
    if (good && vbios_byte_sum(p, image->init_size)) {
        VBIOSImage moved = *image;

        moved.offset = piece->at;
        moved.length = piece->length;
        repair_checksum(data, &moved);
    }
}

static unsigned take_pieces(const VBIOSBytes *b, const VBIOSRom *rom,
                            unsigned keep, Piece *pieces, size_t *total)
{
    unsigned n = 0;
    size_t from = 0;

    *total = 0;
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        /* Firmware needs 55 aa at the start, not NVIDIA's signatures. */
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
    VBIOSBytes b = { data, MIN(size, VBIOS_SIZE_MAX) };
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
