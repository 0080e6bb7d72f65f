/*
 * The pristine VBIOS: an adapter's flash part, read through its registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual, and names the sources of the facts.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "qemu/units.h"
#include "hw/pci/pci.h"
#include "hw/pci/pci_ids.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/vbios.h"
#include "trace.h"
#include "vga-prom.h"

/* Told apart from a whole VBIOS by the walker; doubled while one is cut. */
#define PROM_FIRST_LOOK (4 * KiB)

/* Also in pci-quirks.c: QEMU's pci_ids.h has not got it */
#define PCI_VENDOR_ID_ATI   0x1002

/* NVIDIA */
#define NV_PMC_BOOT_0       0x000000
#define NV_PCI_ROM_SHADOW   0x50        /* of the copy of config space */
#define NV_ROM_SHADOW_ON    (1u << 0)
#define NV_PROM             0x300000

/* One reading of a flash part. */
typedef struct Prom {
    VFIODevice *vbasedev;
    unsigned bar;
    /* Where the next dword comes from, and by how much to go on after it */
    uint32_t data, step;
    int64_t deadline;       /* of g_get_monotonic_time() */
} Prom;

/*
 * Registers
 */

static bool prom_access(Prom *prom, bool write, uint32_t offset,
                        uint32_t *value, Error **errp)
{
    VFIODevice *vbasedev = prom->vbasedev;
    uint32_t data = cpu_to_le32(*value);
    int ret;

    if (write) {
        ret = vbasedev->io_ops->region_write(vbasedev, prom->bar, offset,
                                             sizeof(data), &data, false);
    } else {
        ret = vbasedev->io_ops->region_read(vbasedev, prom->bar, offset,
                                            sizeof(data), &data);
    }
    if (ret != sizeof(data)) {
        error_setg(errp, "%s register 0x%x of BAR %u failed: %s",
                   write ? "writing" : "reading", offset, prom->bar,
                   strreaderror(ret));
        return false;
    }
    *value = le32_to_cpu(data);
    return true;
}

static bool prom_get(Prom *prom, uint32_t offset, uint32_t *value, Error **errp)
{
    return prom_access(prom, false, offset, value, errp);
}

static bool prom_set(Prom *prom, uint32_t offset, uint32_t value, Error **errp)
{
    return prom_access(prom, true, offset, &value, errp);
}

/* A BAR that has the register at @last, which is the highest one needed. */
static bool prom_use_bar(Prom *prom, unsigned bar, uint32_t last, Error **errp)
{
    struct vfio_region_info *info = NULL;
    int ret = vfio_device_get_region_info(prom->vbasedev, bar, &info);

    if (ret || info->size < last + sizeof(uint32_t)) {
        error_setg(errp, "BAR %u, which should have its flash part's "
                   "registers, has 0x%" PRIx64 " bytes", bar,
                   ret ? 0 : (uint64_t)info->size);
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
                         Error **errp)
{
    uint32_t value;

    for (; *have < to; *have += sizeof(value)) {
        if (g_get_monotonic_time() > prom->deadline) {
            error_setg(errp, "its flash part gave no more than %zu bytes in "
                       "%d seconds", *have, VFIO_VGA_PROM_SECONDS);
            return false;
        }
        value = 0;
        if (!prom_get(prom, prom->data, &value, errp)) {
            return false;
        }
        stl_le_p(data + *have, value);
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

static uint8_t *prom_read_images(Prom *prom, size_t *size, Error **errp)
{
    g_autofree uint8_t *data = g_malloc(VFIO_VGA_PROM_MAX);
    g_autofree VBIOSRom *rom = g_new(VBIOSRom, 1);
    uint8_t *images;
    size_t have = 0, want;

    for (want = PROM_FIRST_LOOK; want <= VFIO_VGA_PROM_MAX; want *= 2) {
        if (!prom_read_to(prom, data, &have, want, errp)) {
            return NULL;
        }
        vbios_parse(rom, data, have);
        if (!prom_goes_on(rom)) {
            break;
        }
    }

    images = vbios_rebuild(data, have, VBIOS_KEEP_ALL, size);
    if (!images) {
        error_setg(errp, "there is no VBIOS in its flash part, which begins "
                   "with %02x %02x %02x %02x",
                   data[0], data[1], data[2], data[3]);
    }
    trace_vfio_vga_prom_read(prom->vbasedev->name, have, *size);
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
static uint32_t prom_nvidia_config(uint32_t boot0, Error **errp)
{
    unsigned chip = prom_nvidia_chip(boot0);
    int i;

    for (i = 0; i < ARRAY_SIZE(prom_nvidia_chips); i++) {
        if (chip < prom_nvidia_chips[i].first ||
            chip > prom_nvidia_chips[i].last) {
            continue;
        }
        if (!prom_nvidia_chips[i].config) {
            error_setg(errp, "NVIDIA chip 0x%x: %s", chip,
                       prom_nvidia_chips[i].why);
        }
        return prom_nvidia_chips[i].config;
    }
    error_setg(errp, "no way to its flash part is known: NVIDIA chip 0x%x "
               "(NV_PMC_BOOT_0 is 0x%08x)", chip, boot0);
    return 0;
}

static uint8_t *prom_nvidia_window(Prom *prom, uint32_t control, size_t *size,
                                   Error **errp)
{
    uint32_t value = 0;

    if (!prom_get(prom, control, &value, errp)) {
        return NULL;
    }
    if (value & NV_ROM_SHADOW_ON) {
        error_setg(errp, "the window to its flash part stays closed: register "
                   "0x%x is 0x%08x", control, value);
        return NULL;
    }
    prom->data = NV_PROM;
    prom->step = sizeof(uint32_t);
    return prom_read_images(prom, size, errp);
}

static uint8_t *prom_nvidia(Prom *prom, uint16_t device, size_t *size,
                            Error **errp)
{
    uint32_t boot0 = 0, control, old = 0;
    uint8_t *images = NULL;

    if (!prom_use_bar(prom, 0, NV_PROM + VFIO_VGA_PROM_MAX - 4, errp) ||
        !prom_get(prom, NV_PMC_BOOT_0, &boot0, errp)) {
        return NULL;
    }
    control = prom_nvidia_config(boot0, errp);
    if (!control) {
        return NULL;
    }
    control += NV_PCI_ROM_SHADOW;

    if (!prom_get(prom, control, &old, errp)) {
        return NULL;
    }
    if (prom_set(prom, control, old & ~NV_ROM_SHADOW_ON, errp)) {
        images = prom_nvidia_window(prom, control, size, errp);
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

static const PromAMD *prom_amd_family(uint16_t device, Error **errp)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(prom_amd_ids); i++) {
        if (device >= prom_amd_ids[i].first && device <= prom_amd_ids[i].last) {
            return prom_amd_ids[i].family;
        }
    }
    error_setg(errp, "no way to its flash part is known: AMD device ID 0x%04x",
               device);
    return NULL;
}

/* Aims the pair at one of the registers it leads to. */
static bool prom_amd_select(Prom *prom, const PromAMD *family, uint32_t target,
                            Error **errp)
{
    return !target || prom_set(prom, family->index, target, errp);
}

/* The pair, if it is one, is already restored by the caller. */
static uint8_t *prom_amd_stream(Prom *prom, const PromAMD *family, size_t *size,
                                Error **errp)
{
    uint32_t rom_index = family->rom_index ? family->data : family->index;
    uint8_t *images = NULL;
    uint32_t old = 0;

    if (!prom_amd_select(prom, family, family->rom_index, errp) ||
        !prom_get(prom, rom_index, &old, errp)) {
        return NULL;
    }
    if (prom_set(prom, rom_index, 0, errp) &&
        prom_amd_select(prom, family, family->rom_data, errp)) {
        prom->data = family->data;
        prom->step = 0;
        images = prom_read_images(prom, size, errp);
    }
    prom_amd_select(prom, family, family->rom_index, NULL);
    prom_set(prom, rom_index, old, NULL);
    return images;
}

static uint8_t *prom_amd(Prom *prom, uint16_t device, size_t *size,
                         Error **errp)
{
    const PromAMD *family = prom_amd_family(device, errp);
    uint8_t *images;
    uint32_t old = 0;

    if (!family || !prom_use_bar(prom, family->bar, family->data, errp)) {
        return NULL;
    }
    if (!family->rom_index) {
        return prom_amd_stream(prom, family, size, errp);
    }
    if (!prom_get(prom, family->index, &old, errp)) {
        return NULL;
    }
    images = prom_amd_stream(prom, family, size, errp);
    prom_set(prom, family->index, old, NULL);
    return images;
}

/*
 * Any
 */

static bool prom_config(VFIODevice *vbasedev, bool write, unsigned offset,
                        uint16_t *value, Error **errp)
{
    uint16_t data = cpu_to_le16(*value);
    int ret;

    if (write) {
        ret = vbasedev->io_ops->region_write(vbasedev,
                                             VFIO_PCI_CONFIG_REGION_INDEX,
                                             offset, sizeof(data), &data,
                                             false);
    } else {
        ret = vbasedev->io_ops->region_read(vbasedev,
                                            VFIO_PCI_CONFIG_REGION_INDEX,
                                            offset, sizeof(data), &data);
    }
    if (ret != sizeof(data)) {
        error_setg(errp, "its config space cannot be %s: %s",
                   write ? "written" : "read", strreaderror(ret));
        return false;
    }
    *value = le16_to_cpu(data);
    return true;
}

static const struct {
    uint16_t vendor;
    uint8_t *(*read)(Prom *prom, uint16_t device, size_t *size, Error **errp);
} prom_vendors[] = {
    { PCI_VENDOR_ID_NVIDIA, prom_nvidia },
    { PCI_VENDOR_ID_ATI, prom_amd },
};

static uint8_t *prom_read(Prom *prom, size_t *size, Error **errp)
{
    uint16_t vendor = 0, device = 0;
    int i;

    if (!prom_config(prom->vbasedev, false, PCI_VENDOR_ID, &vendor, errp) ||
        !prom_config(prom->vbasedev, false, PCI_DEVICE_ID, &device, errp)) {
        return NULL;
    }
    for (i = 0; i < ARRAY_SIZE(prom_vendors); i++) {
        if (prom_vendors[i].vendor == vendor) {
            return prom_vendors[i].read(prom, device, size, errp);
        }
    }
    error_setg(errp, "no way to its flash part is known: neither NVIDIA nor "
               "AMD made it (vendor ID 0x%04x)", vendor);
    return NULL;
}

uint8_t *vfio_vga_prom_read(VFIODevice *vbasedev, size_t *size, Error **errp)
{
    Prom prom = {
        .vbasedev = vbasedev,
        .deadline = g_get_monotonic_time() +
                    VFIO_VGA_PROM_SECONDS * G_TIME_SPAN_SECOND,
    };
    uint16_t command = 0, with_memory;
    uint8_t *images;

    *size = 0;
    if (!prom_config(vbasedev, false, PCI_COMMAND, &command, errp)) {
        return NULL;
    }
    with_memory = command | PCI_COMMAND_MEMORY;
    if (with_memory == command) {
        return prom_read(&prom, size, errp);
    }
    if (!prom_config(vbasedev, true, PCI_COMMAND, &with_memory, errp)) {
        return NULL;
    }
    images = prom_read(&prom, size, errp);
    prom_config(vbasedev, true, PCI_COMMAND, &command, NULL);
    return images;
}
