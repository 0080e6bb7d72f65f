/*
 * The pristine VBIOS: an adapter's flash ROM, read through its registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface and names the sources of the facts.
 * qemu/osdep.h is left out, because the host tool builds this file without
 * QEMU.
 */

#include <inttypes.h>
#include <string.h>
#include "qemu/vbios.h"
#include "qemu/vbios-flash.h"

/* Bytes read at first; doubled until the whole chain of images is there. */
#define FLASH_FIRST_LOOK 4096

#define FLASH_VENDOR_NVIDIA  0x10de
#define FLASH_VENDOR_AMD     0x1002

/* NVIDIA */
#define NV_PMC_BOOT_0       0x000000
#define NV_PCI_ROM_SHADOW   0x50        /* of the copy of config space */
#define NV_ROM_SHADOW_ON    (1u << 0)
#define NV_PROM             0x300000

/* The state while a flash ROM is read */
typedef struct Flash {
    const VBIOSFlashIO *io;
    unsigned bar;
    /* The offset of the next dword, and what is added to it after each read */
    uint32_t data, step;
    int64_t deadline;       /* of g_get_monotonic_time() */
} Flash;

#define flash_fail(error, ...) g_set_error(error, vbios_flash_error(), 0, \
                                           __VA_ARGS__)

GQuark vbios_flash_error(void)
{
    return g_quark_from_static_string("vbios-flash-error");
}

/*
 * Registers
 */

static bool flash_get(Flash *f, uint32_t offset, uint32_t *value,
                      GError **error)
{
    return f->io->access(f->io->opaque, false, f->bar, offset, value,
                         error);
}

static bool flash_set(Flash *f, uint32_t offset, uint32_t value,
                      GError **error)
{
    return f->io->access(f->io->opaque, true, f->bar, offset, &value,
                         error);
}

/* Choose the BAR; @last is the offset of the highest register needed. */
static bool flash_use_bar(Flash *f, unsigned bar, uint32_t last,
                          GError **error)
{
    uint64_t size = f->io->bar_size(f->io->opaque, bar);

    if (size < last + sizeof(uint32_t)) {
        flash_fail(error, "BAR %u has 0x%" PRIx64 " bytes, which is too small "
                   "for the registers of the flash ROM", bar, size);
        return false;
    }
    f->bar = bar;
    return true;
}

/*
 * The flash ROM's contents
 */

/* Read on until there are @to bytes. */
static bool flash_read_to(Flash *f, uint8_t *data, size_t *have, size_t to,
                          GError **error)
{
    uint32_t value;

    for (; *have < to; *have += sizeof(value)) {
        if (g_get_monotonic_time() > f->deadline) {
            flash_fail(error, "the flash ROM gave only %zu bytes in %d "
                       "seconds", *have, VBIOS_FLASH_SECONDS);
            return false;
        }
        value = 0;
        if (!flash_get(f, f->data, &value, error)) {
            return false;
        }
        value = GUINT32_TO_LE(value);
        memcpy(data + *have, &value, sizeof(value));
        f->data += f->step;
    }
    return true;
}

/* Whether the chain of images goes on behind the bytes read. */
static bool flash_goes_on(const VBIOSRom *rom)
{
    switch (rom->header) {
    case VBIOS_HEADER_NVGI:
    case VBIOS_HEADER_NVGI_BAD: /* it may point to bytes not read yet */
    case VBIOS_HEADER_NONE:
        return rom->n_images ? rom->chain_end == VBIOS_END_CUT ||
                               rom->chain_end == VBIOS_END_DATA
                             : rom->header != VBIOS_HEADER_NONE;
    default:
        return false;
    }
}

static uint8_t *flash_read_images(Flash *f, size_t *size, GError **error)
{
    g_autofree uint8_t *data = g_malloc(VBIOS_FLASH_MAX);
    g_autofree VBIOSRom *rom = g_new(VBIOSRom, 1);
    uint8_t *images;
    size_t have = 0, want;

    for (want = FLASH_FIRST_LOOK; want <= VBIOS_FLASH_MAX; want *= 2) {
        if (!flash_read_to(f, data, &have, want, error)) {
            return NULL;
        }
        vbios_parse(rom, data, have);
        if (!flash_goes_on(rom)) {
            break;
        }
    }

    images = vbios_rebuild(data, have, VBIOS_KEEP_ALL, size);
    if (!images) {
        flash_fail(error, "no VBIOS was found; the flash ROM begins with "
                   "%02x %02x %02x %02x",
                   data[0], data[1], data[2], data[3]);
    }
    return images;
}

/*
 * NVIDIA
 */

static const struct {
    uint16_t first, last;   /* chips, as NV_PMC_BOOT_0 has them */
    uint32_t config;        /* the copy of config space; 0: refused */
    const char *why;
} flash_nvidia_chips[] = {
    { 0x004, 0x03f, 0x001800 },
    { 0x040, 0x04b, 0x088000 },
    { 0x04c, 0x04f, 0, "it is integrated and has no flash ROM" },
    { 0x050, 0x05f, 0x088000 },
    { 0x060, 0x06f, 0, "it is integrated and has no flash ROM" },
    { 0x080, 0x0af, 0x088000 },
    { 0x0c0, 0x14f, 0x088000 },
    { 0x160, 0x17f, 0x088000 },
    { 0x190, 0x19f, 0x088000 },
};

/* The chip that BOOT_0 names; 0: none */
static unsigned flash_nvidia_chip(uint32_t boot0)
{
    if (boot0 == UINT32_MAX) {
        return 0;
    }
    if (boot0 & 0x1f000000) {
        return (boot0 & 0x1ff00000) >> 20;
    }
    if ((boot0 & 0xff00fff0) == 0x20004000) {
        return boot0 & 0x00f00000 ? 0x05 : 0x04;
    }
    return 0;
}

/* Where the chip has its copy of config space, 0 on failure. */
static uint32_t flash_nvidia_config(uint32_t boot0, GError **error)
{
    unsigned chip = flash_nvidia_chip(boot0);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(flash_nvidia_chips); i++) {
        if (chip < flash_nvidia_chips[i].first ||
            chip > flash_nvidia_chips[i].last) {
            continue;
        }
        if (!flash_nvidia_chips[i].config) {
            flash_fail(error, "NVIDIA chip 0x%x: %s", chip,
                       flash_nvidia_chips[i].why);
        }
        return flash_nvidia_chips[i].config;
    }
    flash_fail(error, "it is not known how to read the flash ROM of NVIDIA "
               "chip 0x%x (NV_PMC_BOOT_0 is 0x%08x)", chip, boot0);
    return 0;
}

static uint8_t *flash_nvidia_window(Flash *f, uint32_t control, size_t *size,
                                    GError **error)
{
    uint32_t value = 0;

    if (!flash_get(f, control, &value, error)) {
        return NULL;
    }
    if (value & NV_ROM_SHADOW_ON) {
        flash_fail(error, "the window to the flash ROM stays closed: register "
                   "0x%x is 0x%08x", control, value);
        return NULL;
    }
    f->data = NV_PROM;
    f->step = sizeof(uint32_t);
    return flash_read_images(f, size, error);
}

static uint8_t *flash_nvidia(Flash *f, uint16_t device, size_t *size,
                             GError **error)
{
    uint32_t boot0 = 0, control, old = 0;
    uint8_t *images = NULL;

    if (!flash_use_bar(f, 0, NV_PROM + VBIOS_FLASH_MAX - 4, error) ||
        !flash_get(f, NV_PMC_BOOT_0, &boot0, error)) {
        return NULL;
    }
    control = flash_nvidia_config(boot0, error);
    if (!control) {
        return NULL;
    }
    control += NV_PCI_ROM_SHADOW;

    if (!flash_get(f, control, &old, error)) {
        return NULL;
    }
    if (flash_set(f, control, old & ~NV_ROM_SHADOW_ON, error)) {
        images = flash_nvidia_window(f, control, size, error);
        flash_set(f, control, old, NULL);
    }
    return images;
}

/*
 * AMD
 */

typedef struct FlashAMD {
    unsigned bar;
    uint32_t index, data;   /* registers, or the pair that reaches others */
    uint32_t rom_index, rom_data; /* those others; 0: there are none */
} FlashAMD;

/* In bytes; the sources count dwords. */
static const FlashAMD flash_amd_si = { 2, 0xa8, 0xac };
static const FlashAMD flash_amd_cik = { 5, 0x200, 0x204,
                                      0xc0600010, 0xc0600014 };
static const FlashAMD flash_amd_vi = { 5, 0x6b0, 0x6b4,
                                     0xc0600010, 0xc0600014 };
static const FlashAMD flash_amd_vega = { 5, 0x5a0a0, 0x5a0a4 };
static const FlashAMD flash_amd_navi1 = { 5, 0x5a390, 0x5a394 };
static const FlashAMD flash_amd_navi2 = { 5, 0x5a394, 0x5a398 };

static const struct {
    uint16_t first, last;   /* device IDs */
    const FlashAMD *family;
} flash_amd_ids[] = {
    { 0x6600, 0x6631, &flash_amd_si },       /* Oland */
    { 0x6640, 0x665f, &flash_amd_cik },      /* Bonaire */
    { 0x6660, 0x666f, &flash_amd_si },       /* Hainan */
    { 0x66a0, 0x66af, &flash_amd_vega },     /* Vega 20 */
    { 0x6780, 0x679f, &flash_amd_si },       /* Tahiti */
    { 0x67a0, 0x67be, &flash_amd_cik },      /* Hawaii */
    { 0x67c0, 0x67ff, &flash_amd_vi },       /* Polaris 10 and 11 */
    { 0x6800, 0x6819, &flash_amd_si },       /* Pitcairn */
    { 0x6820, 0x683f, &flash_amd_si },       /* Cape Verde */
    { 0x6860, 0x687f, &flash_amd_vega },     /* Vega 10 */
    { 0x6900, 0x6907, &flash_amd_vi },       /* Topaz */
    { 0x6920, 0x6939, &flash_amd_vi },       /* Tonga */
    { 0x694c, 0x694f, &flash_amd_vi },       /* Vega M */
    { 0x6980, 0x699f, &flash_amd_vi },       /* Polaris 12 */
    { 0x69a0, 0x69af, &flash_amd_vega },     /* Vega 12 */
    { 0x6fdf, 0x6fdf, &flash_amd_vi },       /* Polaris 10 */
    { 0x7300, 0x730f, &flash_amd_vi },       /* Fiji */
    { 0x7310, 0x731f, &flash_amd_navi1 },    /* Navi 10 */
    { 0x7340, 0x734f, &flash_amd_navi1 },    /* Navi 14 */
    { 0x7360, 0x7362, &flash_amd_navi1 },    /* Navi 12 */
    { 0x73a0, 0x73bf, &flash_amd_navi2 },    /* Navi 21 */
    { 0x73c0, 0x73df, &flash_amd_navi2 },    /* Navi 22 */
    { 0x73e0, 0x73ff, &flash_amd_navi2 },    /* Navi 23 */
    { 0x7420, 0x743f, &flash_amd_navi2 },    /* Navi 24 */
};

static const FlashAMD *flash_amd_family(uint16_t device, GError **error)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(flash_amd_ids); i++) {
        if (device >= flash_amd_ids[i].first &&
            device <= flash_amd_ids[i].last) {
            return flash_amd_ids[i].family;
        }
    }
    flash_fail(error, "it is not known how to read the flash ROM of AMD "
               "device 0x%04x", device);
    return NULL;
}

/* Select one of the registers behind an index and data pair. */
static bool flash_amd_select(Flash *f, const FlashAMD *family, uint32_t target,
                             GError **error)
{
    return !target || flash_set(f, family->index, target, error);
}

/* The caller restores the index of the pair. */
static uint8_t *flash_amd_stream(Flash *f, const FlashAMD *family, size_t *size,
                                 GError **error)
{
    uint32_t rom_index = family->rom_index ? family->data : family->index;
    uint8_t *images = NULL;
    uint32_t old = 0;

    if (!flash_amd_select(f, family, family->rom_index, error) ||
        !flash_get(f, rom_index, &old, error)) {
        return NULL;
    }
    if (flash_set(f, rom_index, 0, error) &&
        flash_amd_select(f, family, family->rom_data, error)) {
        f->data = family->data;
        f->step = 0;
        images = flash_read_images(f, size, error);
    }
    flash_amd_select(f, family, family->rom_index, NULL);
    flash_set(f, rom_index, old, NULL);
    return images;
}

static uint8_t *flash_amd(Flash *f, uint16_t device, size_t *size,
                          GError **error)
{
    const FlashAMD *family = flash_amd_family(device, error);
    uint8_t *images;
    uint32_t old = 0;

    if (!family || !flash_use_bar(f, family->bar, family->data, error)) {
        return NULL;
    }
    if (!family->rom_index) {
        return flash_amd_stream(f, family, size, error);
    }
    if (!flash_get(f, family->index, &old, error)) {
        return NULL;
    }
    images = flash_amd_stream(f, family, size, error);
    flash_set(f, family->index, old, NULL);
    return images;
}

/*
 * Any
 */

static const struct {
    uint16_t vendor;
    uint8_t *(*read)(Flash *f, uint16_t device, size_t *size,
                     GError **error);
} flash_vendors[] = {
    { FLASH_VENDOR_NVIDIA, flash_nvidia },
    { FLASH_VENDOR_AMD, flash_amd },
};

uint8_t *vbios_flash_read(const VBIOSFlashIO *io, uint16_t vendor,
                          uint16_t device, size_t *size, GError **error)
{
    Flash f = {
        .io = io,
        .deadline = g_get_monotonic_time() +
                    VBIOS_FLASH_SECONDS * G_TIME_SPAN_SECOND,
    };
    size_t i;

    *size = 0;
    for (i = 0; i < G_N_ELEMENTS(flash_vendors); i++) {
        if (flash_vendors[i].vendor == vendor) {
            return flash_vendors[i].read(&f, device, size, error);
        }
    }
    flash_fail(error, "it is not known how to read the flash ROM of vendor "
               "0x%04x, which is neither NVIDIA nor AMD", vendor);
    return NULL;
}
