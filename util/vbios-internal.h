/*
 * VBIOS images: definitions for the files vbios-*.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like qemu/vbios.h this needs only the C library and GLib.  The sources of the
 * facts are named there.
 */
#ifndef UTIL_VBIOS_INTERNAL_H
#define UTIL_VBIOS_INTERNAL_H

#include "qemu/vbios.h"

/* The largest possible expansion ROM [PFS]. */
#define VBIOS_SIZE_MAX (16 * 1024 * 1024)

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

#define VBIOS_MACHINE_X64 0x8664
#define VBIOS_MACHINE_EBC 0x0ebc

/* The bytes of a VBIOS.  Reading outside of them is defined and gives 0. */
typedef struct VBIOSBytes {
    const uint8_t *data;
    size_t size;
} VBIOSBytes;

/* Whether all of the @n bytes at @offset are in the buffer. */
static inline bool vbios_has(const VBIOSBytes *b, size_t offset, size_t n)
{
    return offset <= b->size && n <= b->size - offset;
}

static inline uint8_t vbios_rd8(const VBIOSBytes *b, size_t offset)
{
    return vbios_has(b, offset, 1) ? b->data[offset] : 0;
}

static inline uint16_t vbios_rd16(const VBIOSBytes *b, size_t offset)
{
    if (!vbios_has(b, offset, 2)) {
        return 0;
    }
    return b->data[offset] | b->data[offset + 1] << 8;
}

static inline uint32_t vbios_rd32(const VBIOSBytes *b, size_t offset)
{
    if (!vbios_has(b, offset, 4)) {
        return 0;
    }
    return vbios_rd16(b, offset) | (uint32_t)vbios_rd16(b, offset + 2) << 16;
}

static inline bool vbios_is_x86(const VBIOSImage *image)
{
    return image->code_type == VBIOS_X86 && image->signature == SIG_ROM;
}

static inline bool vbios_is_efi(const VBIOSImage *image)
{
    return image->has_pcir && image->code_type == VBIOS_EFI;
}

/* Whether EDK II finds the image. */
static inline bool vbios_is_reached(const VBIOSImage *image)
{
    return image->by_pcir || image->by_scan;
}

/*
 * How many bytes belong to the image: the size byte of some x86 images is
 * larger than their length [edk].
 */
static inline uint32_t vbios_extent(const VBIOSImage *image)
{
    return MAX(image->length, image->init_size);
}

/*
 * Where an NPDE of @image would be.  It is aligned as counted from the start
 * of the ROM, as NVIDIA's drivers do [nv].
 */
size_t vbios_npde_offset(const VBIOSRom *rom, const VBIOSImage *image);

/* The sum of @n bytes, which is 0 for an x86 image whose checksum is right. */
uint8_t vbios_byte_sum(const uint8_t *p, size_t n);

/* The checksum of an x86 image as it is in @b now. */
VBIOSChecksum vbios_checksum(const VBIOSBytes *b, const VBIOSImage *image);

/*
 * Whether SeaBIOS accepts the ids: both must be the adapter's [sea].  Unknown
 * ids of the guest match any.
 */
bool vbios_ids_match(const VBIOSGuest *guest, const VBIOSImage *image);

/* The same for the driver in an EFI image, which may name no adapter. */
bool vbios_efi_ids_match(const VBIOSGuest *guest, const VBIOSImage *image);

/* Conditions of EDK II for loading an EFI image that has its header [edk]. */
bool vbios_efi_is_driver(const VBIOSImage *image);
bool vbios_efi_is_bounded(const VBIOSImage *image);

/*
 * The image that SeaBIOS runs in @guest or, if it runs none, the image that is
 * nearest to that; NULL if there is no x86 image.
 */
const VBIOSImage *vbios_legacy_image_for(const VBIOSRom *rom,
                                         const VBIOSGuest *guest);

/* The same for EDK II and EFI images. */
const VBIOSImage *vbios_efi_image_for(const VBIOSRom *rom,
                                      const VBIOSGuest *guest);

/* What to do about a finding that is fatal; NULL if it never is. */
const char *vbios_remedy(VBIOSFindingId id);

#endif /* UTIL_VBIOS_INTERNAL_H */
