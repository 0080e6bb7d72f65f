/*
 * VBIOSes made up for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include "vbios-samples.h"

#define BLOCK 512
#define GOP_AT 0x180

void vbios_sample_put16(GByteArray *rom, size_t at, uint16_t value)
{
    rom->data[at] = value;
    rom->data[at + 1] = value >> 8;
}

void vbios_sample_put32(GByteArray *rom, size_t at, uint32_t value)
{
    vbios_sample_put16(rom, at, value);
    vbios_sample_put16(rom, at + 2, value >> 16);
}

static void put_bytes(GByteArray *rom, size_t at, const void *p, size_t n)
{
    memcpy(rom->data + at, p, n);
}

static unsigned pcir_at(const VBIOSSampleImage *image)
{
    return image->pcir_at ?: 0x40;
}

/* The device list comes last. */
static void put_pcir(GByteArray *rom, size_t at, const VBIOSSampleImage *image)
{
    size_t pcir = at + pcir_at(image);
    unsigned list = 0x60;

    vbios_sample_put16(rom, at + 0x18, pcir - at);
    put_bytes(rom, pcir, "PCIR", 4);
    if (!image->no_ids) {
        vbios_sample_put16(rom, pcir + 0x04, image->vendor ?: 0x1234);
        vbios_sample_put16(rom, pcir + 0x06, image->device ?: 0x1111);
    }
    vbios_sample_put16(rom, pcir + 0x08, 0);
    vbios_sample_put16(rom, pcir + 0x0a, image->revision >= 3 ? 0x1c : 0x18);
    vbios_sample_put32(rom, pcir + 0x0c, image->revision |
                       (image->class_code ?: 0x030000) << 8);
    vbios_sample_put16(rom, pcir + 0x10, image->blocks ?: 4);
    vbios_sample_put16(rom, pcir + 0x12, 0x0001);
    rom->data[pcir + 0x14] = image->type;
    rom->data[pcir + 0x15] = image->last ? 0x80 : 0;
    vbios_sample_put16(rom, pcir + 0x16, image->runtime_blocks);
    if (image->devices) {
        vbios_sample_put16(rom, pcir + 0x08, list);
        for (unsigned i = 0; i == 0 || image->devices[i - 1]; i++) {
            vbios_sample_put16(rom, pcir + list + 2 * i, image->devices[i]);
        }
    }
}

/* NPDE is at the next multiple of 16 behind PCIR. */
static void put_npde(GByteArray *rom, size_t at, const VBIOSSampleImage *image)
{
    size_t behind = at + pcir_at(image) + (image->revision >= 3 ? 0x1c : 0x18);
    size_t npde = (behind + 15) & ~(size_t)15;

    put_bytes(rom, npde, "NPDE", 4);
    vbios_sample_put16(rom, npde + 0x04, 0x0101);
    vbios_sample_put16(rom, npde + 0x06, image->npde_short ? 0x0a : 0x14);
    vbios_sample_put16(rom, npde + 0x08, image->npde_blocks);
    rom->data[npde + 0x0a] = image->npde_last ? 0x80 : 0;
}

static void put_x86(GByteArray *rom, size_t at, const VBIOSSampleImage *image)
{
    static const uint8_t near_jump[] = { 0xe9, 0xfa, 0x00, 0x00 };
    static const uint8_t short_jump[] = { 0xeb, 0x1e, 0x90, 0x90 };
    unsigned blocks = image->init_blocks ?: image->blocks ?: 4;
    size_t end = at + blocks * BLOCK;
    size_t sum_at = image->near_jump ? at + 6 : end - 1;
    uint8_t sum = 0;

    rom->data[at + 2] = blocks;
    if (!image->no_entry) {
        put_bytes(rom, at + 3, image->near_jump ? near_jump : short_jump, 4);
    }
    rom->data[sum_at] = 0;
    for (size_t i = at; i < end; i++) {
        sum += rom->data[i];
    }
    rom->data[sum_at] = -sum;
}

static void put_efi(GByteArray *rom, size_t at, const VBIOSSampleImage *image)
{
    static const uint8_t gop[] = {
        0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
        0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a
    };

    vbios_sample_put16(rom, at + 0x02, image->blocks ?: 4);
    vbios_sample_put32(rom, at + 0x04, 0x0ef1);
    vbios_sample_put16(rom, at + 0x08, image->subsystem ?: 11);
    vbios_sample_put16(rom, at + 0x0a, image->machine ?: 0x8664);
    vbios_sample_put16(rom, at + 0x0c, image->compression);
    vbios_sample_put16(rom, at + 0x16, 0x100);
    if (!image->no_gop && !image->compression) {
        put_bytes(rom, at + GOP_AT, gop, sizeof(gop));
    }
}

void vbios_sample_append(GByteArray *rom, const VBIOSSampleImage *image)
{
    unsigned blocks = MAX(MAX(image->blocks ?: 4, image->init_blocks),
                          image->npde_blocks);
    size_t at = rom->len;

    /* A larger length may include the images behind; see vbios-samples.h. */
    if (image->npde_blocks) {
        blocks = MAX(image->npde_blocks, image->init_blocks);
    }
    g_byte_array_set_size(rom, at + blocks * BLOCK);
    for (size_t i = at; i < rom->len; i++) {
        rom->data[i] = (i * 7 + (i >> 8)) | 1;
    }
    memset(rom->data + at, 0, 0x100);
    vbios_sample_put16(rom, at, 0xaa55);
    put_pcir(rom, at, image);
    if (image->npde_blocks) {
        put_npde(rom, at, image);
    }
    if (image->type == 0) {
        put_x86(rom, at, image);
    } else if (image->type == 3) {
        put_efi(rom, at, image);
    }
}

GByteArray *vbios_sample_nvgi(unsigned version, const GByteArray *rom)
{
    GByteArray *flash = g_byte_array_new();
    size_t start = version == 3 ? 0x2000 : 0x400;

    g_byte_array_set_size(flash, start);
    memset(flash->data, 0, start);
    put_bytes(flash, 0, "NVGI", 4);
    vbios_sample_put32(flash, 4, 0x14u << 16 | version << 8);
    vbios_sample_put32(flash, 8, 0x200);
    if (version == 3) {
        vbios_sample_put32(flash, 0x200, 0x800);
        put_bytes(flash, 0x800 + 4096, "RFRD", 4);
        vbios_sample_put32(flash, 0x800 + 4096 + 8, start);
    } else {
        vbios_sample_put32(flash, 0x14 + 4, start);
    }
    g_byte_array_append(flash, rom->data, rom->len);
    return flash;
}

static GByteArray *make(const VBIOSSampleImage *images, unsigned n)
{
    GByteArray *rom = g_byte_array_new();

    for (unsigned i = 0; i < n; i++) {
        vbios_sample_append(rom, &images[i]);
    }
    return rom;
}

#define MAKE(...) \
    make((const VBIOSSampleImage[]) { __VA_ARGS__ }, \
         sizeof((const VBIOSSampleImage[]) { __VA_ARGS__ }) / \
         sizeof(VBIOSSampleImage))

static GByteArray *make_both(void)
{
    return MAKE({ .type = 0, .near_jump = true, .blocks = 4 },
                { .type = 3, .last = true });
}

static GByteArray *make_bios(void)
{
    return MAKE({ .type = 0, .last = true });
}

static GByteArray *make_uefi(void)
{
    return MAKE({ .type = 3, .last = true, .compression = 1 });
}

static GByteArray *make_devices(void)
{
    static const uint16_t devices[] = { 0x2222, 0x3333, 0 };

    return MAKE({ .type = 0, .last = true, .revision = 3, .runtime_blocks = 2,
                  .devices = devices });
}

/* PCIR calls the EFI image the last one, and NPDE another one. */
static GByteArray *make_nvidia(void)
{
    return MAKE({ .type = 0, .vendor = 0x10de, .device = 0x1b81, .revision = 3,
                  .npde_blocks = 4 },
                { .type = 3, .vendor = 0x10de, .device = 0x1b81, .last = true,
                  .compression = 1, .revision = 3, .npde_blocks = 4 },
                { .type = 0xe0, .vendor = 0x10de, .device = 0x1b81,
                  .last = true, .revision = 3, .npde_blocks = 2, .blocks = 2 },
                { .type = 0xe0, .vendor = 0x10de, .device = 0x1b81,
                  .last = true, .revision = 3, .npde_blocks = 3, .blocks = 3,
                  .npde_last = true });
}

/* The same, with PCIR's last flag on the first image. */
static GByteArray *make_hidden(void)
{
    return MAKE({ .type = 0, .vendor = 0x10de, .device = 0x1b81, .revision = 3,
                  .npde_blocks = 4, .last = true },
                { .type = 3, .vendor = 0x10de, .device = 0x1b81, .last = true,
                  .npde_blocks = 4, .npde_last = true });
}

/*
 * NPDE has no last flag, and is shorter than PCIR says of all images together.
 */
static GByteArray *make_npde_short(void)
{
    return MAKE({ .type = 0, .blocks = 8, .init_blocks = 4, .npde_blocks = 4,
                  .npde_short = true, .last = true },
                { .type = 3, .last = true, .npde_blocks = 4,
                  .npde_short = true });
}

/* What the kernel gives out of the NVIDIA sample. */
static GByteArray *make_kernel(void)
{
    GByteArray *rom = make_nvidia();

    g_byte_array_set_size(rom, 8 * BLOCK);
    return rom;
}

static GByteArray *flash(unsigned version)
{
    g_autoptr(GByteArray) rom = make_nvidia();

    return vbios_sample_nvgi(version, rom);
}

static GByteArray *make_flash1(void)
{
    return flash(1);
}

static GByteArray *make_flash2(void)
{
    return flash(2);
}

static GByteArray *make_flash3(void)
{
    return flash(3);
}

static GByteArray *make_laptop(void)
{
    g_autoptr(GByteArray) rom = make_both();
    GByteArray *file = g_byte_array_new();

    g_byte_array_set_size(file, 6 * BLOCK);
    memset(file->data, 0x5a, file->len);
    g_byte_array_append(file, rom->data, rom->len);
    return file;
}

static GByteArray *make_posted(void)
{
    GByteArray *rom = MAKE({ .type = 0, .last = true, .blocks = 8,
                             .init_blocks = 5 });

    rom->data[3] = 0xcb;
    return rom;
}

static GByteArray *make_others(void)
{
    GByteArray *rom = MAKE({ .type = 0 }, { .type = 1 }, { .type = 2 },
                           { .type = 0x70 }, { .type = 3, .last = true });

    /* NVIDIA's other signatures */
    vbios_sample_put16(rom, 3 * 4 * BLOCK, 0x4e56);
    memcpy(rom->data + 3 * 4 * BLOCK + 0x40, "NPDS", 4);
    return rom;
}

/* NVIDIA's signatures are behind the first image. */
static GByteArray *make_nbsi(void)
{
    GByteArray *rom = MAKE({ .type = 0 }, { .type = 0x70, .last = true });

    vbios_sample_put16(rom, 4 * BLOCK, 0x4e56);
    memcpy(rom->data + 4 * BLOCK + 0x40, "RGIS", 4);
    return rom;
}

static GByteArray *make_machines(void)
{
    return MAKE({ .type = 3, .machine = 0xaa64 },
                { .type = 3, .machine = 0x0ebc },
                { .type = 3, .no_gop = true, .last = true });
}

/* An adapter with two chips: a driver for each, and neither is a fallback. */
static GByteArray *make_drivers(void)
{
    return MAKE({ .type = 3, .device = 0x2222, .no_gop = true },
                { .type = 3, .last = true });
}

/* As on NVIDIA's adapters, the EFI image names no adapter. */
static GByteArray *make_no_ids(void)
{
    return MAKE({ .type = 0 }, { .type = 3, .no_ids = true, .last = true });
}

/* AMD's processors with graphics have tables for drivers, and no code. */
static GByteArray *make_tables(void)
{
    return MAKE({ .type = 0, .no_entry = true, .last = true });
}

static GByteArray *make_isa(void)
{
    GByteArray *rom = make_bios();

    vbios_sample_put16(rom, 0x18, 0);
    rom->data[rom->len - 1] += 0x40;
    return rom;
}

static GByteArray *make_blank(void)
{
    GByteArray *rom = g_byte_array_new();

    g_byte_array_set_size(rom, 2 * BLOCK);
    memset(rom->data, 0xff, rom->len);
    return rom;
}

const VBIOSSample vbios_samples[] = {
    { "both", "x86 and EFI image", make_both },
    { "bios", "x86 image", make_bios },
    { "uefi", "EFI image, compressed", make_uefi },
    { "devices", "x86 image with a device list", make_devices },
    { "nvidia", "x86, EFI and two FwSec images with NPDE", make_nvidia },
    { "hidden", "EFI image that only NPDE leads to", make_hidden },
    { "npde-short", "NPDE without a last flag", make_npde_short },
    { "kernel", "the NVIDIA sample as the kernel hands it out", make_kernel },
    { "flash1", "the NVIDIA sample behind a header of version 1", make_flash1 },
    { "flash2", "the same of version 2", make_flash2 },
    { "flash3", "the same of version 3", make_flash3 },
    { "laptop", "x86 and EFI image inside something else", make_laptop },
    { "posted", "x86 image that has run", make_posted },
    { "others", "images of all other types", make_others },
    { "nbsi", "x86 image and one that NVIDIA's drivers alone know", make_nbsi },
    { "machines", "EFI images for several machines", make_machines },
    { "drivers", "EFI images for two adapters", make_drivers },
    { "no-ids", "x86 image, and EFI image for 0000:0000", make_no_ids },
    { "tables", "x86 image without code", make_tables },
    { "isa", "ROM without a PCI Data Structure", make_isa },
    { "blank", "nothing but 0xff", make_blank },
};
const unsigned n_vbios_samples = G_N_ELEMENTS(vbios_samples);

GByteArray *vbios_sample(const char *name)
{
    for (unsigned i = 0; i < n_vbios_samples; i++) {
        if (!strcmp(vbios_samples[i].name, name)) {
            return vbios_samples[i].make();
        }
    }
    g_error("no sample VBIOS '%s'", name);
}

uint8_t *vbios_sample_bytes(const GByteArray *rom, size_t size)
{
    uint8_t *p = g_malloc(size);

    if (size) {
        memcpy(p, rom->data, size);
    }
    return p;
}
