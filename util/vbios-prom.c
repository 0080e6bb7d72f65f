/*
 * The pristine VBIOS: an adapter's flash part, read through its registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual, and names the sources of the facts.  qemu/osdep.h
 * is left out as in vbios.c: the host tool builds this very file.
 */

#include <inttypes.h>
#include <string.h>
#include "qemu/vbios.h"
#include "qemu/vbios-prom.h"

/* Told apart from a whole VBIOS by the walker; doubled while one is cut. */
#define PROM_FIRST_LOOK 4096

#define PROM_VENDOR_NVIDIA  0x10de
#define PROM_VENDOR_AMD     0x1002

/* NVIDIA */
#define NV_PMC_BOOT_0       0x000000
#define NV_PCI_ROM_SHADOW   0x50        /* of the copy of config space */
#define NV_ROM_SHADOW_ON    (1u << 0)
#define NV_PROM             0x300000

/* One reading of a flash part. */
typedef struct Prom {
    const VBIOSPromIO *io;
    unsigned bar;
    /* Where the next dword comes from, and by how much to go on after it */
    uint32_t data, step;
    int64_t deadline;       /* of g_get_monotonic_time() */
} Prom;

#define prom_fail(error, ...) g_set_error(error, vbios_prom_error(), 0, \
                                          __VA_ARGS__)

GQuark vbios_prom_error(void)
{
    return g_quark_from_static_string("vbios-prom-error");
}

/*
 * Registers
 */

static bool prom_get(Prom *prom, uint32_t offset, uint32_t *value,
                     GError **error)
{
    return prom->io->access(prom->io->opaque, false, prom->bar, offset, value,
                            error);
}

static bool prom_set(Prom *prom, uint32_t offset, uint32_t value,
                     GError **error)
{
    return prom->io->access(prom->io->opaque, true, prom->bar, offset, &value,
                            error);
}

/* A BAR that has the register at @last, which is the highest one needed. */
static bool prom_use_bar(Prom *prom, unsigned bar, uint32_t last,
                         GError **error)
{
    uint64_t size = prom->io->bar_size(prom->io->opaque, bar);

    if (size < last + sizeof(uint32_t)) {
        prom_fail(error, "BAR %u, which should have its flash part's "
                  "registers, has 0x%" PRIx64 " bytes", bar, size);
        return false;
    }
    prom->bar = bar;
    return true;
}

/*
 * The flash part's contents
 */

/* Read on until there are @to bytes. */
static bool prom_read_to(Prom *prom, uint8_t *data, size_t *have, size_t to,
                         GError **error)
{
    uint32_t value;

    for (; *have < to; *have += sizeof(value)) {
        if (g_get_monotonic_time() > prom->deadline) {
            prom_fail(error, "its flash part gave no more than %zu bytes in "
                      "%d seconds", *have, VBIOS_PROM_SECONDS);
            return false;
        }
        value = 0;
        if (!prom_get(prom, prom->data, &value, error)) {
            return false;
        }
        value = GUINT32_TO_LE(value);
        memcpy(data + *have, &value, sizeof(value));
        prom->data += prom->step;
    }
    return true;
}

/* Is what was read only the begin of something? */
static bool prom_goes_on(const VBIOSRom *rom)
{
    switch (rom->header) {
    case VBIOS_HEADER_NVGI:
    case VBIOS_HEADER_NVGI_BAD: /* it may lead to where nothing was read yet */
    case VBIOS_HEADER_NONE:
        return rom->n_images ? rom->chain_end == VBIOS_END_CUT ||
                               rom->chain_end == VBIOS_END_DATA
                             : rom->header != VBIOS_HEADER_NONE;
    default:
        return false;
    }
}

static uint8_t *prom_read_images(Prom *prom, size_t *size, GError **error)
{
    g_autofree uint8_t *data = g_malloc(VBIOS_PROM_MAX);
    g_autofree VBIOSRom *rom = g_new(VBIOSRom, 1);
    uint8_t *images;
    size_t have = 0, want;

    for (want = PROM_FIRST_LOOK; want <= VBIOS_PROM_MAX; want *= 2) {
        if (!prom_read_to(prom, data, &have, want, error)) {
            return NULL;
        }
        vbios_parse(rom, data, have);
        if (!prom_goes_on(rom)) {
            break;
        }
    }

    images = vbios_rebuild(data, have, VBIOS_KEEP_ALL, size);
    if (!images) {
        prom_fail(error, "there is no VBIOS in its flash part, which begins "
                  "with %02x %02x %02x %02x",
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
} prom_nvidia_chips[] = {
    { 0x004, 0x03f, 0x001800 },
    { 0x040, 0x04b, 0x088000 },
    { 0x04c, 0x04f, 0, "it is an integrated one and has no flash part" },
    { 0x050, 0x05f, 0x088000 },
    { 0x060, 0x06f, 0, "it is an integrated one and has no flash part" },
    { 0x080, 0x0af, 0x088000 },
    { 0x0c0, 0x14f, 0x088000 },
    { 0x160, 0x17f, 0x088000 },
    { 0x190, 0x19f, 0x088000 },
};

/* 0 if BOOT_0 names no chip. */
static unsigned prom_nvidia_chip(uint32_t boot0)
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
static uint32_t prom_nvidia_config(uint32_t boot0, GError **error)
{
    unsigned chip = prom_nvidia_chip(boot0);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(prom_nvidia_chips); i++) {
        if (chip < prom_nvidia_chips[i].first ||
            chip > prom_nvidia_chips[i].last) {
            continue;
        }
        if (!prom_nvidia_chips[i].config) {
            prom_fail(error, "NVIDIA chip 0x%x: %s", chip,
                      prom_nvidia_chips[i].why);
        }
        return prom_nvidia_chips[i].config;
    }
    prom_fail(error, "no way to its flash part is known: NVIDIA chip 0x%x "
              "(NV_PMC_BOOT_0 is 0x%08x)", chip, boot0);
    return 0;
}

static uint8_t *prom_nvidia_window(Prom *prom, uint32_t control, size_t *size,
                                   GError **error)
{
    uint32_t value = 0;

    if (!prom_get(prom, control, &value, error)) {
        return NULL;
    }
    if (value & NV_ROM_SHADOW_ON) {
        prom_fail(error, "the window to its flash part stays closed: register "
                  "0x%x is 0x%08x", control, value);
        return NULL;
    }
    prom->data = NV_PROM;
    prom->step = sizeof(uint32_t);
    return prom_read_images(prom, size, error);
}

static uint8_t *prom_nvidia(Prom *prom, uint16_t device, size_t *size,
                            GError **error)
{
    uint32_t boot0 = 0, control, old = 0;
    uint8_t *images = NULL;

    if (!prom_use_bar(prom, 0, NV_PROM + VBIOS_PROM_MAX - 4, error) ||
        !prom_get(prom, NV_PMC_BOOT_0, &boot0, error)) {
        return NULL;
    }
    control = prom_nvidia_config(boot0, error);
    if (!control) {
        return NULL;
    }
    control += NV_PCI_ROM_SHADOW;

    if (!prom_get(prom, control, &old, error)) {
        return NULL;
    }
    if (prom_set(prom, control, old & ~NV_ROM_SHADOW_ON, error)) {
        images = prom_nvidia_window(prom, control, size, error);
        prom_set(prom, control, old, NULL);
    }
    return images;
}

/*
 * AMD
 */

typedef struct PromAMD {
    unsigned bar;
    uint32_t index, data;   /* registers, or the pair that leads to others */
    uint32_t rom_index, rom_data; /* those others; 0: index and data are it */
} PromAMD;

/* The dword offsets of the sources, in bytes */
static const PromAMD prom_amd_si = { 2, 0xa8, 0xac };
static const PromAMD prom_amd_cik = { 5, 0x200, 0x204,
                                      0xc0600010, 0xc0600014 };
static const PromAMD prom_amd_vi = { 5, 0x6b0, 0x6b4,
                                     0xc0600010, 0xc0600014 };
static const PromAMD prom_amd_vega = { 5, 0x5a0a0, 0x5a0a4 };
static const PromAMD prom_amd_navi1 = { 5, 0x5a390, 0x5a394 };
static const PromAMD prom_amd_navi2 = { 5, 0x5a394, 0x5a398 };

static const struct {
    uint16_t first, last;   /* device IDs */
    const PromAMD *family;
} prom_amd_ids[] = {
    { 0x6600, 0x6631, &prom_amd_si },       /* Oland */
    { 0x6640, 0x665f, &prom_amd_cik },      /* Bonaire */
    { 0x6660, 0x666f, &prom_amd_si },       /* Hainan */
    { 0x66a0, 0x66af, &prom_amd_vega },     /* Vega 20 */
    { 0x6780, 0x679f, &prom_amd_si },       /* Tahiti */
    { 0x67a0, 0x67be, &prom_amd_cik },      /* Hawaii */
    { 0x67c0, 0x67ff, &prom_amd_vi },       /* Polaris 10 and 11 */
    { 0x6800, 0x6819, &prom_amd_si },       /* Pitcairn */
    { 0x6820, 0x683f, &prom_amd_si },       /* Cape Verde */
    { 0x6860, 0x687f, &prom_amd_vega },     /* Vega 10 */
    { 0x6900, 0x6907, &prom_amd_vi },       /* Topaz */
    { 0x6920, 0x6939, &prom_amd_vi },       /* Tonga */
    { 0x694c, 0x694f, &prom_amd_vi },       /* Vega M */
    { 0x6980, 0x699f, &prom_amd_vi },       /* Polaris 12 */
    { 0x69a0, 0x69af, &prom_amd_vega },     /* Vega 12 */
    { 0x6fdf, 0x6fdf, &prom_amd_vi },       /* Polaris 10 */
    { 0x7300, 0x730f, &prom_amd_vi },       /* Fiji */
    { 0x7310, 0x731f, &prom_amd_navi1 },    /* Navi 10 */
    { 0x7340, 0x734f, &prom_amd_navi1 },    /* Navi 14 */
    { 0x7360, 0x7362, &prom_amd_navi1 },    /* Navi 12 */
    { 0x73a0, 0x73bf, &prom_amd_navi2 },    /* Navi 21 */
    { 0x73c0, 0x73df, &prom_amd_navi2 },    /* Navi 22 */
    { 0x73e0, 0x73ff, &prom_amd_navi2 },    /* Navi 23 */
    { 0x7420, 0x743f, &prom_amd_navi2 },    /* Navi 24 */
};

static const PromAMD *prom_amd_family(uint16_t device, GError **error)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(prom_amd_ids); i++) {
        if (device >= prom_amd_ids[i].first && device <= prom_amd_ids[i].last) {
            return prom_amd_ids[i].family;
        }
    }
    prom_fail(error, "no way to its flash part is known: AMD device ID 0x%04x",
              device);
    return NULL;
}

/* Aims the pair at one of the registers it leads to. */
static bool prom_amd_select(Prom *prom, const PromAMD *family, uint32_t target,
                            GError **error)
{
    return !target || prom_set(prom, family->index, target, error);
}

/* The pair, if it is one, is already restored by the caller. */
static uint8_t *prom_amd_stream(Prom *prom, const PromAMD *family, size_t *size,
                                GError **error)
{
    uint32_t rom_index = family->rom_index ? family->data : family->index;
    uint8_t *images = NULL;
    uint32_t old = 0;

    if (!prom_amd_select(prom, family, family->rom_index, error) ||
        !prom_get(prom, rom_index, &old, error)) {
        return NULL;
    }
    if (prom_set(prom, rom_index, 0, error) &&
        prom_amd_select(prom, family, family->rom_data, error)) {
        prom->data = family->data;
        prom->step = 0;
        images = prom_read_images(prom, size, error);
    }
    prom_amd_select(prom, family, family->rom_index, NULL);
    prom_set(prom, rom_index, old, NULL);
    return images;
}

static uint8_t *prom_amd(Prom *prom, uint16_t device, size_t *size,
                         GError **error)
{
    const PromAMD *family = prom_amd_family(device, error);
    uint8_t *images;
    uint32_t old = 0;

    if (!family || !prom_use_bar(prom, family->bar, family->data, error)) {
        return NULL;
    }
    if (!family->rom_index) {
        return prom_amd_stream(prom, family, size, error);
    }
    if (!prom_get(prom, family->index, &old, error)) {
        return NULL;
    }
    images = prom_amd_stream(prom, family, size, error);
    prom_set(prom, family->index, old, NULL);
    return images;
}

/*
 * Any
 */

static const struct {
    uint16_t vendor;
    uint8_t *(*read)(Prom *prom, uint16_t device, size_t *size,
                     GError **error);
} prom_vendors[] = {
    { PROM_VENDOR_NVIDIA, prom_nvidia },
    { PROM_VENDOR_AMD, prom_amd },
};

uint8_t *vbios_prom_read(const VBIOSPromIO *io, uint16_t vendor,
                         uint16_t device, size_t *size, GError **error)
{
    Prom prom = {
        .io = io,
        .deadline = g_get_monotonic_time() +
                    VBIOS_PROM_SECONDS * G_TIME_SPAN_SECOND,
    };
    size_t i;

    *size = 0;
    for (i = 0; i < G_N_ELEMENTS(prom_vendors); i++) {
        if (prom_vendors[i].vendor == vendor) {
            return prom_vendors[i].read(&prom, device, size, error);
        }
    }
    prom_fail(error, "no way to its flash part is known: neither NVIDIA nor "
              "AMD made it (vendor ID 0x%04x)", vendor);
    return NULL;
}
