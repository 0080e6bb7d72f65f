/*
 * VBIOS images: which one a guest's firmware uses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * qemu/osdep.h is left out, because the host tool, the tests and the fuzzer
 * build this file without QEMU.
 */
#include "vbios-internal.h"

const VBIOSImage *vbios_legacy_image(const VBIOSRom *rom)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (image->by_pcir && image->has_pcir && vbios_is_x86(image)) {
            return image;
        }
    }
    return NULL;
}

const VBIOSImage *vbios_efi_image(const VBIOSRom *rom, uint16_t machine)
{
    const VBIOSImage *any = NULL;

    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (!vbios_is_reached(image) || !vbios_is_efi(image)) {
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
    VBIOSBytes b = { data, size };

    if (!image->has_pcir) {
        return false;
    }
    if (image->device == device) {
        return true;
    }
    for (size_t i = 0; i < image->n_devices; i++) {
        if (vbios_rd16(&b, image->device_list + 2 * i) == device) {
            return true;
        }
    }
    return false;
}

bool vbios_ids_match(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return (guest->vendor == VBIOS_ID_ANY || guest->vendor == image->vendor) &&
           (guest->device == VBIOS_ID_ANY || guest->device == image->device);
}

const VBIOSImage *vbios_legacy_image_for(const VBIOSRom *rom,
                                         const VBIOSGuest *guest)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (image->by_pcir && image->has_pcir && vbios_is_x86(image) &&
            vbios_ids_match(guest, image)) {
            return image;
        }
    }
    return vbios_legacy_image(rom);
}

bool vbios_efi_is_driver(const VBIOSImage *image)
{
    return image->efi_subsystem == 11 || image->efi_subsystem == 12;
}

bool vbios_efi_is_bounded(const VBIOSImage *image)
{
    return image->efi_init_size <= image->pcir_image_length &&
           image->efi_image_offset < image->efi_init_size;
}

static bool efi_is_loaded(const VBIOSImage *image)
{
    return vbios_is_reached(image) && vbios_is_efi(image) && image->has_efi &&
           image->efi_machine == VBIOS_MACHINE_X64 &&
           vbios_efi_is_driver(image) && vbios_efi_is_bounded(image) &&
           image->efi_compression <= 1;
}

/*
 * An EFI image need not name an adapter: NVIDIA's have 0000:0000, and the
 * driver in it decides what it takes.
 */
bool vbios_efi_ids_match(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return (!image->vendor && !image->device) || vbios_ids_match(guest, image);
}

/* Whether EDK II looks at the bytes behind the image as well. */
static bool efi_goes_past(const VBIOSRom *rom, const VBIOSImage *image)
{
    return image->has_pcir && !(image->pcir_offset & 3) &&
           image->offset + (size_t)image->pcir_image_length <= rom->size;
}

static unsigned efi_fitness(const VBIOSGuest *guest, const VBIOSImage *image)
{
    return vbios_efi_ids_match(guest, image) * 2 + (image->efi_gop != VBIOS_NO);
}

/*
 * EDK II loads all that it can and asks each driver about each adapter, so the
 * one that fits best decides [edk]: others may be for a second adapter on the
 * same board, or for no display at all.
 */
const VBIOSImage *vbios_efi_image_for(const VBIOSRom *rom,
                                      const VBIOSGuest *guest)
{
    const VBIOSImage *best = NULL;

    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        if (best && vbios_is_reached(image) && !efi_goes_past(rom, image)) {
            break;
        }
        if (efi_is_loaded(image) &&
            (!best || efi_fitness(guest, image) > efi_fitness(guest, best))) {
            best = image;
        }
    }
    return best ?: vbios_efi_image(rom, VBIOS_MACHINE_X64);
}
