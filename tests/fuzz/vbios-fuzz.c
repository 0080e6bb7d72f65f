/*
 * libFuzzer target of the VBIOS walker
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * It finds errors that sanitizers see, and violations of the contract in
 * qemu/vbios.h.  The last byte of an input chooses the guest, and what is done
 * with the other bytes.
 */
#include <stdlib.h>
#include <string.h>
#include "qemu/vbios.h"
#include "../unit/vbios-firmware.h"

#define PROMISE(what) \
    do { \
        if (!(what)) { \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_image(const VBIOSRom *rom, const VBIOSImage *image)
{
    PROMISE(image->offset < rom->size);
    PROMISE(image->present <= image->length);
    PROMISE(image->present <= rom->size - image->offset);
    PROMISE(!image->device_list || image->device_list < rom->size);
    PROMISE(image->npde_has_last <= image->has_npde);
    PROMISE(image->has_npde <= image->has_pcir);
}

static void check_facts(const VBIOSRom *rom)
{
    PROMISE(rom->start <= rom->end && rom->end <= rom->size);
    PROMISE(rom->tail == rom->size - rom->end && rom->tail_data <= rom->tail);
    PROMISE(rom->kernel_size <= rom->size - rom->start);
    PROMISE(rom->n_images <= VBIOS_IMAGES_MAX);
    PROMISE(rom->n_images || rom->chain_end == VBIOS_END_NO_IMAGE);
    for (unsigned i = 0; i < rom->n_images; i++) {
        check_image(rom, &rom->images[i]);
        PROMISE(!i || rom->images[i - 1].offset < rom->images[i].offset);
    }
}

static unsigned rank(const VBIOSFinding *finding, unsigned firmware)
{
    return !finding->fatal ? 2 : !firmware || finding->fatal & firmware ? 0 : 1;
}

static void check_verdict(const VBIOSRom *rom, const VBIOSVerdict *v,
                          unsigned firmware)
{
    unsigned fatal = 0;

    PROMISE(!strchr(v->summary, '\n'));
    for (unsigned i = 0; i < v->n_findings; i++) {
        const VBIOSFinding *f = &v->findings[i];

        PROMISE(f->text[0] && !strchr(f->text, '\n'));
        PROMISE(f->image < (int)rom->n_images);
        PROMISE(f->id < VBIOS_FINDING__MAX);
        PROMISE(!f->fatal || f->remedy);
        PROMISE(!i || rank(f - 1, firmware) <= rank(f, firmware));
        fatal |= f->fatal;
    }
    PROMISE(v->fatal == fatal);
}

/*
 * A VBIOS that is judged good must be one that firmware runs.  Two things are
 * left open: chains that are too long are not followed to their end, and
 * firmware may have an interpreter for byte code.
 */
static void check_opinion(const VBIOSRom *rom, const VBIOSVerdict *v,
                          const uint8_t *data, size_t size,
                          const VBIOSGuest *guest)
{
    const VBIOSImage *efi = vbios_efi_image(rom, 0x8664);

    PROMISE(rom->n_images == VBIOS_IMAGES_MAX || rom->start ||
            rom->kernel_size == vbios_linux_size(data, size));
    if (rom->n_images == VBIOS_IMAGES_MAX || guest->bar_size) {
        return;
    }
    PROMISE(!(v->fatal & VBIOS_FIRMWARE_BIOS) ==
            vbios_seabios_runs(data, size, guest->vendor, guest->device));
    PROMISE((efi && efi->efi_machine == 0x0ebc) ||
            !(v->fatal & VBIOS_FIRMWARE_UEFI) == vbios_edk2_loads(data, size));
}

static void judge(const VBIOSRom *rom, const uint8_t *data, size_t size,
                  uint8_t how)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    g_autoptr(VBIOSVerdict) v = NULL;

    guest.firmware = how & 3;
    if (how & 4) {
        guest.vendor = 0x10de;
        guest.device = 0x1b81;
        guest.class_code = how & 8 ? 0x030000 : 0x038000;
        guest.bar_size = how & 0x80 ? 2048 : 0;
    }
    v = vbios_judge(rom, data, size, &guest);
    check_verdict(rom, v, guest.firmware);
    check_opinion(rom, v, data, size, &guest);
}

/*
 * If images include each other's bytes in their sums, not all of them can be
 * right, and structures inside each other cannot be changed one by one.
 */
static bool is_tidy(const VBIOSRom *rom)
{
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];
        size_t end = i + 1 < rom->n_images ? image[1].offset : rom->size;
        size_t room = MAX(image->length, image->init_size);

        if (image->offset + room > end || image->pcir_offset < 0x1a ||
            image->pcir_length < 0x18 ||
            image->pcir_offset + image->pcir_length + 0x20 > room) {
            return false;
        }
    }
    return true;
}

static void change(const VBIOSRom *rom, uint8_t *copy, size_t size, bool ids)
{
    VBIOSRom after;

    if (ids) {
        vbios_set_ids(copy, size, 0x10de, 0x1b81);
    } else {
        vbios_repair_checksums(copy, size);
    }
    vbios_parse(&after, copy, size);
    check_facts(&after);
    if (!is_tidy(rom)) {
        return;
    }
    PROMISE(after.n_images == rom->n_images);
    for (unsigned i = 0; i < after.n_images; i++) {
        PROMISE(ids || after.images[i].checksum != VBIOS_CHECKSUM_BAD);
        PROMISE(rom->images[i].checksum != VBIOS_CHECKSUM_GOOD ||
                after.images[i].checksum == VBIOS_CHECKSUM_GOOD);
    }
}

static void rebuild(const uint8_t *data, size_t size, unsigned keep)
{
    size_t new_size;
    VBIOSRom after;
    g_autofree uint8_t *copy = vbios_rebuild(data, size, keep, &new_size);

    PROMISE(!copy == !new_size);
    vbios_parse(&after, copy, new_size);
    check_facts(&after);
    PROMISE(!copy || keep == VBIOS_KEEP_ALL || after.n_images);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t how = size ? data[--size] : 0;
    g_autofree uint8_t *copy = NULL;
    VBIOSRom rom;

    PROMISE(vbios_parse(&rom, data, size) == (rom.n_images > 0));
    check_facts(&rom);
    if (how & 0x10) {
        judge(&rom, data, size, how);
    } else if (how & 0x20) {
        copy = g_malloc(size + 1);
        memcpy(copy, data, size);
        change(&rom, copy, size, how & 0x40);
    } else if (how & 0x40) {
        rebuild(data, size, how & VBIOS_KEEP_ALL);
    } else if (how & 0x80) {
        vbios_compare(data, size, data + size / 2, size - size / 2);
    }
    return 0;
}
