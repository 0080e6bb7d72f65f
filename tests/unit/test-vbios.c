/*
 * Unit test of the walker for VBIOS images
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like util/vbios.c without anything of QEMU, so that it builds beside the
 * host tool as well.
 */
#include <string.h>
#include "qemu/vbios.h"
#include "vbios-samples.h"
#include "vbios-firmware.h"

#define BIOS VBIOS_FIRMWARE_BIOS
#define UEFI VBIOS_FIRMWARE_UEFI

/* A heap block of just that size, so that sanitizers see what is outside. */
static uint8_t *exact(const GByteArray *rom, size_t size)
{
    uint8_t *p = g_malloc(size);

    if (size) {
        memcpy(p, rom->data, size);
    }
    return p;
}

/* What is in each sample */
typedef struct Facts {
    const char *sample;
    VBIOSHeader header;
    size_t start;
    size_t end;
    VBIOSEnd chain_end;
    size_t kernel_size;
    bool kernel_cut;
    unsigned n_images;
    const char *types;  /* code types, in hexadecimal */
    const char *reach;  /* for each: P by PCIR, N by NPDE, B both, S scan */
} Facts;

static const Facts facts[] = {
    { "both", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 4096, false,
      2, "0 3", "BB" },
    { "bios", VBIOS_HEADER_NONE, 0, 2048, VBIOS_END_LAST, 2048, false,
      1, "0", "B" },
    { "uefi", VBIOS_HEADER_NONE, 0, 2048, VBIOS_END_LAST, 2048, false,
      1, "3", "B" },
    { "devices", VBIOS_HEADER_NONE, 0, 2048, VBIOS_END_LAST, 2048, false,
      1, "0", "B" },
    { "nvidia", VBIOS_HEADER_NONE, 0, 6656, VBIOS_END_LAST, 4096, false,
      4, "0 3 e0 e0", "BBNN" },
    { "hidden", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 2048, false,
      2, "0 3", "BN" },
    { "npde-short", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 4096, false,
      2, "0 3", "BN" },
    { "kernel", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_DATA, 4096, true,
      2, "0 3", "BB" },
    { "flash1", VBIOS_HEADER_NVGI, 0x400, 0x400 + 6656, VBIOS_END_LAST, 4096,
      false, 4, "0 3 e0 e0", "BBNN" },
    { "flash2", VBIOS_HEADER_NVGI, 0x400, 0x400 + 6656, VBIOS_END_LAST, 4096,
      false, 4, "0 3 e0 e0", "BBNN" },
    { "flash3", VBIOS_HEADER_NVGI, 0x2000, 0x2000 + 6656, VBIOS_END_LAST, 4096,
      false, 4, "0 3 e0 e0", "BBNN" },
    { "laptop", VBIOS_HEADER_UNKNOWN, 3072, 7168, VBIOS_END_LAST, 4096, false,
      2, "0 3", "BB" },
    { "posted", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 4096, false,
      1, "0", "B" },
    { "others", VBIOS_HEADER_NONE, 0, 10240, VBIOS_END_LAST, 6144, false,
      5, "0 1 2 70 3", "BBBNS" },
    { "nbsi", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 2048, false,
      2, "0 70", "BN" },
    { "machines", VBIOS_HEADER_NONE, 0, 6144, VBIOS_END_LAST, 6144, false,
      3, "3 3 3", "BBB" },
    { "drivers", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 4096, false,
      2, "3 3", "BB" },
    { "no-ids", VBIOS_HEADER_NONE, 0, 4096, VBIOS_END_LAST, 4096, false,
      2, "0 3", "BB" },
    { "tables", VBIOS_HEADER_NONE, 0, 2048, VBIOS_END_LAST, 2048, false,
      1, "0", "B" },
    { "isa", VBIOS_HEADER_NONE, 0, 2048, VBIOS_END_NO_PCIR, 0, false,
      1, "0", "B" },
    { "blank", VBIOS_HEADER_BLANK, 0, 0, VBIOS_END_NO_IMAGE, 0, false,
      0, "", "" },
};

static void check_images(const Facts *f, const VBIOSRom *rom)
{
    g_autoptr(GString) types = g_string_new("");
    g_autoptr(GString) reach = g_string_new("");

    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];

        g_string_append_printf(types, "%s%x", i ? " " : "", image->code_type);
        g_string_append_c(reach, image->by_scan ? 'S' :
                          "-PNB"[image->by_pcir + 2 * image->by_npde]);
        g_assert_cmpuint(image->present, ==, image->length);
    }
    g_assert_cmpstr(types->str, ==, f->types);
    g_assert_cmpstr(reach->str, ==, f->reach);
}

static void test_facts(void)
{
    g_assert_cmpuint(G_N_ELEMENTS(facts), ==, n_vbios_samples);
    for (unsigned i = 0; i < G_N_ELEMENTS(facts); i++) {
        const Facts *f = &facts[i];
        g_autoptr(GByteArray) sample = vbios_sample(f->sample);
        VBIOSRom rom;

        g_test_message("sample %s", f->sample);
        g_assert_cmpint(vbios_parse(&rom, sample->data, sample->len), ==,
                        f->n_images > 0);
        g_assert_cmpuint(rom.size, ==, sample->len);
        g_assert_cmpint(rom.header, ==, f->header);
        g_assert_cmpuint(rom.start, ==, f->start);
        g_assert_cmpuint(rom.end, ==, f->end);
        g_assert_cmpuint(rom.tail, ==, sample->len - f->end);
        g_assert_cmpuint(rom.tail_data, ==, 0);
        g_assert_cmpstr(vbios_chain_end_name(rom.chain_end), ==,
                        vbios_chain_end_name(f->chain_end));
        g_assert_cmpuint(rom.kernel_size, ==, f->kernel_size);
        g_assert_cmpint(rom.kernel_cut, ==, f->kernel_cut);
        g_assert_cmpuint(rom.n_images, ==, f->n_images);
        check_images(f, &rom);
    }
}

/* Signatures that NVIDIA's drivers alone know, and how far firmware gets. */
static void test_signatures(void)
{
    static const struct {
        uint16_t image;
        const char *pcir;
        unsigned n_images;
        bool edk2_goes_on;
    } tries[] = {
        { 0x4e56, "NPDS", 5, true }, { 0xbb77, "RGIS", 5, true },
        { 0x4e56, "PCIR", 5, true }, { 0xaa55, "NPDS", 5, false },
        { 0xaa55, "PCIR", 5, true }, { 0x1234, "NPDS", 4, true },
        { 0xbb77, "XXXX", 5, true },
    };
    const size_t at = 3 * 2048;

    for (unsigned i = 0; i < G_N_ELEMENTS(tries); i++) {
        g_autoptr(GByteArray) rom = vbios_sample("others");
        const VBIOSImage *efi;
        VBIOSRom r;

        vbios_sample_put16(rom, at, tries[i].image);
        memcpy(rom->data + at + 0x40, tries[i].pcir, 4);
        vbios_parse(&r, rom->data, rom->len);
        g_test_message("%04x %s", tries[i].image, tries[i].pcir);
        g_assert_cmpuint(r.n_images, ==, tries[i].n_images);
        efi = vbios_efi_image(&r, 0x8664);
        g_assert_cmpint(efi != NULL, ==, tries[i].edk2_goes_on);
        g_assert_cmpint(vbios_edk2_loads(rom->data, rom->len), ==,
                        tries[i].edk2_goes_on);
    }
}

static void test_image_x86(void)
{
    g_autoptr(GByteArray) sample = vbios_sample("devices");
    const VBIOSImage *image;
    VBIOSRom rom;

    vbios_parse(&rom, sample->data, sample->len);
    image = vbios_legacy_image(&rom);
    g_assert_true(image == &rom.images[0]);
    g_assert_cmphex(image->signature, ==, 0xaa55);
    g_assert_true(image->has_pcir && !image->has_npde && !image->has_efi);
    g_assert_true(image->pcir_last && image->last);
    g_assert_cmpuint(image->pcir_revision, ==, 3);
    g_assert_cmphex(image->pcir_offset, ==, 0x40);
    g_assert_cmphex(image->pcir_length, ==, 0x1c);
    g_assert_cmpuint(image->pcir_image_length, ==, 2048);
    g_assert_cmphex(image->vendor, ==, 0x1234);
    g_assert_cmphex(image->device, ==, 0x1111);
    g_assert_cmphex(image->class_code, ==, 0x030000);
    g_assert_cmphex(image->code_revision, ==, 1);
    g_assert_cmpuint(image->init_size, ==, 2048);
    g_assert_cmpuint(image->runtime_size, ==, 1024);
    g_assert_cmphex(image->entry[0], ==, 0xeb);
    g_assert_cmphex(image->entry[3], ==, 0x90);
    g_assert_cmpint(image->checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpuint(image->posted, ==, 0);
    g_assert_cmpuint(image->n_devices, ==, 2);
    g_assert_cmphex(image->device_list, ==, 0xa0);
}

static void test_image_npde(void)
{
    g_autoptr(GByteArray) sample = vbios_sample("nvidia");
    g_autoptr(GByteArray) brief = vbios_sample("npde-short");
    const VBIOSImage *image;
    VBIOSRom rom;

    vbios_parse(&rom, sample->data, sample->len);
    image = &rom.images[3];
    g_assert_true(image->has_npde && image->npde_has_last && image->npde_last);
    g_assert_true(image->last && image->pcir_last);
    g_assert_cmphex(image->npde_revision, ==, 0x0101);
    g_assert_cmpuint(image->npde_image_length, ==, 1536);
    g_assert_true(rom.images[2].pcir_last && !rom.images[2].npde_last &&
                  !rom.images[2].last);

    vbios_parse(&rom, brief->data, brief->len);
    g_assert_true(rom.images[0].has_npde && !rom.images[0].npde_has_last);
    g_assert_cmpuint(rom.images[0].pcir_image_length, ==, 4096);
    g_assert_cmpuint(rom.images[0].length, ==, 2048);
    /* Shorter than PCIR's: not the last; as long: what PCIR says. */
    g_assert_true(!rom.images[0].last && rom.images[1].last);
}

/* An NPDE of another revision or with length 0 says nothing. */
static void test_npde_ignored(void)
{
    g_autoptr(GByteArray) sample = vbios_sample("hidden");
    VBIOSRom rom;

    vbios_sample_put16(sample, 0x60 + 4, 0x0200);
    vbios_parse(&rom, sample->data, sample->len);
    g_assert_false(rom.images[0].has_npde);
    g_assert_cmpuint(rom.n_images, ==, 1);

    vbios_sample_put16(sample, 0x60 + 4, 0x0100);
    vbios_sample_put16(sample, 0x60 + 8, 0);
    vbios_parse(&rom, sample->data, sample->len);
    g_assert_true(rom.images[0].has_npde);
    g_assert_cmpuint(rom.images[0].length, ==, 2048);
    g_assert_cmpuint(rom.n_images, ==, 2);
}

static void test_image_efi(void)
{
    g_autoptr(GByteArray) sample = vbios_sample("machines");
    g_autoptr(GByteArray) packed = vbios_sample("uefi");
    const VBIOSImage *image;
    VBIOSRom rom;

    vbios_parse(&rom, sample->data, sample->len);
    g_assert_null(vbios_legacy_image(&rom));
    g_assert_true(vbios_efi_image(&rom, 0xaa64) == &rom.images[0]);
    g_assert_true(vbios_efi_image(&rom, 0x0ebc) == &rom.images[1]);
    g_assert_true(vbios_efi_image(&rom, 0x8664) == &rom.images[2]);
    g_assert_true(vbios_efi_image(&rom, 0x014c) == &rom.images[0]);
    image = &rom.images[0];
    g_assert_true(image->has_efi);
    g_assert_cmpuint(image->efi_init_size, ==, 2048);
    g_assert_cmpuint(image->efi_subsystem, ==, 11);
    g_assert_cmphex(image->efi_machine, ==, 0xaa64);
    g_assert_cmpuint(image->efi_compression, ==, 0);
    g_assert_cmphex(image->efi_image_offset, ==, 0x100);
    g_assert_cmpint(image->checksum, ==, VBIOS_CHECKSUM_NONE);
    g_assert_cmpint(image->efi_gop, ==, VBIOS_YES);
    g_assert_cmpint(rom.images[2].efi_gop, ==, VBIOS_NO);

    vbios_parse(&rom, packed->data, packed->len);
    g_assert_cmpuint(rom.images[0].efi_compression, ==, 1);
    g_assert_cmpint(rom.images[0].efi_gop, ==, VBIOS_UNKNOWN);
    g_assert_null(vbios_efi_image(&(VBIOSRom) { 0 }, 0x8664));
}

/* The GUID at the very end is found, one that is cut is not known of. */
static void test_gop_at_end(void)
{
    g_autoptr(GByteArray) sample = vbios_sample("machines");
    uint8_t *gop = sample->data + 0x180;
    uint8_t guid[16];
    VBIOSRom rom;

    memcpy(guid, gop, 16);
    memset(gop, 0xde, 16);
    memcpy(sample->data + 2048 - 16, guid, 16);
    vbios_parse(&rom, sample->data, sample->len);
    g_assert_cmpint(rom.images[0].efi_gop, ==, VBIOS_YES);
    sample->data[2047]++;
    vbios_parse(&rom, sample->data, sample->len);
    g_assert_cmpint(rom.images[0].efi_gop, ==, VBIOS_NO);
    vbios_parse(&rom, sample->data, 2040);
    g_assert_cmpint(rom.images[0].efi_gop, ==, VBIOS_UNKNOWN);
}

/*
 * Findings: a sample, what is changed in it, and what is said of it
 */

#define PUT(at, value) { at, value }

typedef struct Case {
    const char *name;
    const char *sample;
    struct {
        uint32_t at;
        uint8_t value;
    } put[4];           /* offset 0: no more */
    int32_t resize;     /* to so many bytes; negative: so many more, of 0xa5 */
    VBIOSGuest guest;
    const char *findings; /* "name:fatal@image ..." in the order reported */
} Case;

#define GUEST(f, v, d, c) { f, v, d, c, false, 0 }
#define ANYONE GUEST(0, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY)
#define A_BIOS GUEST(BIOS, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY)
#define A_UEFI GUEST(UEFI, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY)

static const Case cases[] = {
    { "both", "both", {}, 0, ANYONE, "" },
    { "bios", "bios", {}, 0, ANYONE, "no-efi-image:2@-1" },
    { "uefi", "uefi", {}, 0, ANYONE, "no-legacy-image:1@-1" },
    { "nvidia", "nvidia", {}, 0, ANYONE, "hidden-images:0@-1" },
    { "hidden", "hidden", {}, 0, ANYONE, "hidden-images:2@-1" },
    { "kernel", "kernel", {}, 0, ANYONE, "kernel-truncated:0@-1" },
    { "npde-short", "npde-short", {}, 0, ANYONE, "hidden-images:2@-1" },
    { "flash1", "flash1", {}, 0, ANYONE,
      "nvgi-header:3@-1 hidden-images:0@-1" },
    { "flash3", "flash3", {}, 0, ANYONE,
      "nvgi-header:3@-1 hidden-images:0@-1" },
    { "flash of another version", "flash2", { PUT(5, 4) }, 0, ANYONE,
      "nvgi-broken:3@-1 hidden-images:0@-1" },
    { "flash with a bad pointer", "flash1", { PUT(0x19, 0x07) }, 0, ANYONE,
      "nvgi-broken:3@-1 hidden-images:0@-1" },
    { "flash with an unaligned pointer", "flash1", { PUT(0x18, 0x02) }, 0,
      ANYONE, "nvgi-broken:3@-1 hidden-images:0@-1" },
    { "flash without a directory", "flash3", { PUT(0x1800, 'X') }, 0, ANYONE,
      "nvgi-broken:3@-1 hidden-images:0@-1" },
    { "flash alone", "flash1", {}, 0x400, ANYONE, "nvgi-broken:3@-1" },
    { "laptop", "laptop", {}, 0, ANYONE, "unknown-header:3@-1" },
    { "not a ROM", "laptop", {}, 3072, ANYONE, "not-a-rom:3@-1" },
    { "blank", "blank", {}, 0, ANYONE, "blank:3@-1" },
    { "nearly blank", "blank", { PUT(5, 0xfe) }, 0, ANYONE,
      "not-a-rom:3@-1" },
    { "empty", "blank", {}, 0 - 0x40000000, ANYONE, "empty:3@-1" },
    { "isa", "isa", {}, 0, ANYONE, "no-pcir:3@0" },
    { "trailing data", "both", {}, -512, ANYONE, "trailing-data:0@-1" },
    { "odd size", "both", {}, -1, ANYONE, "trailing-data:0@-1 odd-size:0@-1" },
    { "larger than the BAR", "both", {}, 0,
      { 0, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY, false, 4095 },
      "larger-than-bar:3@-1" },
    { "as large as the BAR", "both", {}, 0,
      { 0, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY, false, 4096 }, "" },

    /* The chain */
    { "second image without PCIR", "both", { PUT(0x840, 'X') }, 0, ANYONE,
      "no-efi-image:2@-1 no-pcir:0@1" },
    { "zero length, firmware goes on", "both", { PUT(0x50, 0) }, 0, ANYONE,
      "zero-length:2@0 legacy-checksum:1@0 no-efi-image:2@-1 "
      "trailing-data:0@-1 legacy-oversize:0@0" },
    { "zero length, for other ids", "both", { PUT(0x50, 0) }, 0,
      GUEST(0, 0x1234, 0x9999, VBIOS_CLASS_ANY),
      "zero-length:3@0 legacy-ids:1@0 legacy-checksum:1@0 no-efi-image:2@-1 "
      "trailing-data:0@-1 legacy-oversize:0@0" },
    { "zero length, last", "bios", { PUT(0x50, 0) }, 0, ANYONE,
      "legacy-checksum:1@0 no-efi-image:2@-1 zero-length:0@0 "
      "legacy-oversize:0@0" },
    { "zero length, EFI", "both", { PUT(0x850, 0) }, 0, ANYONE,
      "zero-length:2@1 efi-bounds:2@1 trailing-data:0@-1" },
    { "EFI image cut", "both", {}, 4095, ANYONE,
      "truncated:2@1 odd-size:0@-1" },
    { "x86 image cut", "bios", {}, 2047, ANYONE,
      "truncated:1@0 no-efi-image:2@-1 odd-size:0@-1" },
    { "x86 image cut behind its code", "posted", { PUT(3, 0xeb) }, 3072,
      A_UEFI, "no-efi-image:2@-1 truncated:0@0 posted:0@0" },
    { "other image cut", "nvidia", {}, 6655, ANYONE,
      "odd-size:0@-1 truncated:0@3 hidden-images:0@-1" },
    { "cut behind what the kernel gives", "nvidia", {}, 5120, ANYONE,
      "no-last-image:0@-1 hidden-images:0@-1" },
    { "cut before what the kernel gives", "nvidia", {}, 2048, ANYONE,
      "no-efi-image:2@-1 no-last-image:0@-1" },
    { "no last image", "both", { PUT(0x855, 0) }, 0, ANYONE,
      "no-last-image:0@-1" },
    { "no last image and data", "both", { PUT(0x855, 0) }, -512, ANYONE,
      "trailing-data:0@-1 no-last-image:0@-1" },
    { "EFI image behind a gap", "both", { PUT(0x50, 3), PUT(6, 0x25) }, 0,
      ANYONE, "no-last-image:0@-1 legacy-oversize:0@0" },
    { "first image without PCIR", "both", { PUT(0x18, 0x42) }, 0, ANYONE,
      "no-pcir:3@0 trailing-data:0@-1" },

    /* The x86 image */
    { "other device", "both", {}, 0,
      GUEST(BIOS, 0x1234, 0x9999, VBIOS_CLASS_ANY),
      "legacy-ids:1@0 efi-ids:0@1" },
    { "other vendor", "both", {}, 0,
      GUEST(UEFI, 0x4321, 0x1111, VBIOS_CLASS_ANY),
      "legacy-ids:1@0 efi-ids:0@1" },
    { "the same ids", "both", {}, 0, GUEST(0, 0x1234, 0x1111, 0x030000), "" },
    { "no size", "both", { PUT(2, 0) }, 0, A_BIOS, "legacy-no-size:1@0" },
    { "size byte too large", "both", { PUT(2, 5) }, 0, A_BIOS,
      "legacy-checksum:1@0 legacy-oversize:0@0" },
    { "size byte beyond the file", "bios", { PUT(2, 5) }, 0, A_BIOS,
      "legacy-oversize:1@0 no-efi-image:2@-1" },
    { "checksum", "both", { PUT(0x123, 0x55) }, 0, A_BIOS,
      "legacy-checksum:1@0" },
    { "no code", "tables", {}, 0, A_BIOS,
      "legacy-no-entry:1@0 no-efi-image:2@-1" },
    { "no code, for UEFI", "tables", {}, 0, A_UEFI,
      "no-efi-image:2@-1 legacy-no-entry:1@0" },
    { "code that begins with a byte of 00", "tables",
      { PUT(4, 1), PUT(5, 0xff) }, 0, A_BIOS, "no-efi-image:2@-1" },
    { "an entry of ff", "tables", { PUT(3, 0xff), PUT(4, 0xff), PUT(5, 0xff),
      PUT(6, 0x03) }, 0, A_BIOS, "legacy-no-entry:1@0 no-efi-image:2@-1" },
    { "class of the image", "both", { PUT(0x4e, 0x80), PUT(6, 0xfa) }, 0,
      A_BIOS, "legacy-checksum:1@0 legacy-class:0@0" },
    { "posted", "posted", {}, 0, A_BIOS,
      "legacy-checksum:1@0 posted:1@0 no-efi-image:2@-1" },
    { "shrunk", "posted", { PUT(3, 0xeb) }, 0, A_BIOS,
      "no-efi-image:2@-1 posted:0@0" },
    { "class of the adapter, other display", "both", {}, 0,
      GUEST(0, VBIOS_ID_ANY, VBIOS_ID_ANY, 0x038000), "adapter-class:0@-1" },
    { "class of the adapter, 3D", "both", {}, 0,
      GUEST(0, VBIOS_ID_ANY, VBIOS_ID_ANY, 0x030200), "adapter-class:1@-1" },
    { "shadow copy", "both", {}, 0,
      { BIOS, VBIOS_ID_ANY, VBIOS_ID_ANY, VBIOS_CLASS_ANY, true, 0 },
      "shadow-copy:1@-1" },
    { "shadow copy of Intel's", "both", {}, 0,
      { BIOS, 0x8086, 0x1912, 0x030000, true, 0 },
      "legacy-ids:1@0 shadow-copy:0@-1 efi-ids:0@1" },
    { "order for a BIOS", "posted", {}, -7, A_BIOS,
      "legacy-checksum:1@0 posted:1@0 no-efi-image:2@-1 trailing-data:0@-1 "
      "odd-size:0@-1" },
    { "order for UEFI", "posted", {}, -7, A_UEFI,
      "no-efi-image:2@-1 legacy-checksum:1@0 posted:1@0 trailing-data:0@-1 "
      "odd-size:0@-1" },

    /* The EFI image */
    { "EFI signature", "both", { PUT(0x804, 0) }, 0, A_UEFI,
      "efi-header:2@1" },
    { "EFI run-time driver", "both", { PUT(0x808, 12) }, 0, A_UEFI, "" },
    { "EFI application", "both", { PUT(0x808, 10) }, 0, A_UEFI,
      "efi-subsystem:2@1" },
    { "EFI for ARM", "both", { PUT(0x80a, 0x64), PUT(0x80b, 0xaa) }, 0,
      A_UEFI, "efi-machine:2@1" },
    { "EFI byte code", "both", { PUT(0x80a, 0xbc), PUT(0x80b, 0x0e) }, 0,
      A_UEFI, "efi-machine:0@1" },
    { "EFI compressed", "both", { PUT(0x80c, 1) }, 0, A_UEFI, "" },
    { "EFI compressed otherwise", "both", { PUT(0x80c, 2) }, 0, A_UEFI,
      "efi-compression:2@1" },
    { "EFI image too long", "both", { PUT(0x802, 5) }, 0, A_UEFI,
      "efi-bounds:2@1" },
    { "EFI driver behind the image", "both", { PUT(0x817, 8) }, 0, A_UEFI,
      "efi-bounds:2@1" },
    { "EFI without GOP", "both", { PUT(0x980, 0) }, 0, A_UEFI,
      "efi-no-gop:0@1" },
    { "several machines", "machines", {}, 0, A_UEFI,
      "no-legacy-image:1@-1 efi-no-gop:0@2" },
    { "drivers for two adapters", "drivers", {}, 0,
      GUEST(UEFI, 0x1234, 0x1111, 0x030000), "no-legacy-image:1@-1" },
    { "drivers for two adapters, the first one's", "drivers", {}, 0,
      GUEST(UEFI, 0x1234, 0x2222, 0x030000),
      "no-legacy-image:1@-1 efi-no-gop:0@0" },
    { "drivers for two others", "drivers", {}, 0,
      GUEST(UEFI, 0x1234, 0x3333, 0x030000),
      "no-legacy-image:1@-1 efi-ids:0@1" },
    { "two drivers, and no way to the second", "drivers", { PUT(0x818, 0x42) },
      0, A_UEFI, "no-legacy-image:1@-1 no-pcir:0@1 efi-no-gop:0@0" },
    { "an EFI image that names no adapter", "no-ids", {}, 0,
      GUEST(UEFI, 0x1234, 0x1111, 0x030000), "" },
    { "an x86 image that names no adapter", "no-ids",
      { PUT(0x44, 0), PUT(0x45, 0), PUT(0x46, 0), PUT(0x47, 0) }, 0,
      GUEST(BIOS, 0x1234, 0x1111, 0x030000),
      "legacy-ids:1@0 legacy-checksum:1@0" },
    { "an application ahead of the driver", "machines",
      { PUT(0x0a, 0x64), PUT(0x0b, 0x86), PUT(8, 10) }, 0, A_UEFI,
      "no-legacy-image:1@-1 efi-no-gop:0@2" },
};

static void resize(GByteArray *rom, int32_t by)
{
    size_t old = rom->len;

    if (by > 0) {
        g_byte_array_set_size(rom, by);
    } else if (by < -0x10000) {
        g_byte_array_set_size(rom, 0);
    } else if (by < 0) {
        g_byte_array_set_size(rom, old - by);
        memset(rom->data + old, 0xa5, -by);
    }
}

static char *findings_of(const VBIOSVerdict *v)
{
    g_autoptr(GString) s = g_string_new("");

    for (unsigned i = 0; i < v->n_findings; i++) {
        const VBIOSFinding *f = &v->findings[i];

        g_string_append_printf(s, "%s%s:%u@%d", i ? " " : "",
                               vbios_finding_name(f->id), f->fatal, f->image);
        g_assert_true(f->text[0] && !strchr(f->text, '\n'));
        g_assert_true(!f->fatal == !f->remedy);
    }
    return g_string_free(g_steal_pointer(&s), false);
}

static VBIOSVerdict *judge(const GByteArray *rom, const VBIOSGuest *guest)
{
    g_autofree uint8_t *data = exact(rom, rom->len);
    VBIOSRom facts_of_it;

    vbios_parse(&facts_of_it, data, rom->len);
    return vbios_judge(&facts_of_it, data, rom->len, guest);
}

static void test_case(const void *opaque)
{
    const Case *c = opaque;
    g_autoptr(GByteArray) rom = vbios_sample(c->sample);
    g_autoptr(VBIOSVerdict) v = NULL;
    g_autofree char *findings = NULL;
    unsigned fatal = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(c->put) && c->put[i].at; i++) {
        rom->data[c->put[i].at] = c->put[i].value;
    }
    resize(rom, c->resize);
    v = judge(rom, &c->guest);
    findings = findings_of(v);
    g_assert_cmpstr(findings, ==, c->findings);
    for (unsigned i = 0; i < v->n_findings; i++) {
        fatal |= v->findings[i].fatal;
    }
    g_assert_cmpuint(v->fatal, ==, fatal);
}

/* Words that people read: the numbers in them and the one line about it all. */
typedef struct Line {
    const char *sample;
    VBIOSGuest guest;
    const char *text;    /* of the first finding, NULL: there is none */
    const char *summary;
} Line;

static const Line lines[] = {
    { "both", ANYONE, NULL, "good for BIOS and for UEFI guests" },
    { "both", A_BIOS, NULL, "SeaBIOS runs its x86 image for 1234:1111, 2 KiB" },
    { "both", A_UEFI, NULL, "UEFI loads its x64 driver for 1234:1111" },
    { "drivers", GUEST(UEFI, 0x1234, 0x1111, VBIOS_CLASS_ANY),
      "it has no x86 image: SeaBIOS finds nothing to run",
      "UEFI loads its x64 driver for 1234:1111" },
    { "no-ids", A_UEFI, NULL,
      "UEFI loads its x64 driver, which names no adapter" },
    { "tables", A_BIOS,
      "its x86 image has no code: the entry point (bytes 3 to 5) is 00 00 00, "
      "where the guest hangs at \"Running option rom\"",
      "SeaBIOS gives no picture by it: its x86 image has no code: the entry "
      "point (bytes 3 to 5) is 00 00 00, where the guest hangs at \"Running "
      "option rom\"" },
    { "bios", ANYONE,
      "it has no EFI image: a UEFI guest has no picture before its own driver "
      "runs", "good for BIOS guests only" },
    { "uefi", ANYONE, "it has no x86 image: SeaBIOS finds nothing to run",
      "good for UEFI guests only" },
    { "blank", A_BIOS, "all its 1024 bytes are 0xff: nothing was read",
      "SeaBIOS gives no picture by it: all its 1024 bytes are 0xff: nothing "
      "was read" },
    { "flash3", ANYONE,
      "it starts with NVIDIA's flash header (NVGI version 3), its first image "
      "is at 0x2000, firmware looks at 0 only", "good for no guest" },
    { "bios", A_UEFI,
      "it has no EFI image: a UEFI guest has no picture before its own driver "
      "runs",
      "UEFI gives no picture by it: it has no EFI image: a UEFI guest has no "
      "picture before its own driver runs" },
    { "both", GUEST(BIOS, 0x10de, 0x1b81, VBIOS_CLASS_ANY),
      "its x86 image is for 1234:1111, the adapter is 10de:1b81: SeaBIOS "
      "skips it",
      "SeaBIOS gives no picture by it: its x86 image is for 1234:1111, the "
      "adapter is 10de:1b81: SeaBIOS skips it" },
    { "devices", GUEST(BIOS, 0x1234, 0x3333, VBIOS_CLASS_ANY),
      "its x86 image is for 1234:1111, the adapter is 1234:3333 (which is in "
      "its device list, but SeaBIOS does not read that): SeaBIOS skips it",
      "SeaBIOS gives no picture by it: its x86 image is for 1234:1111, the "
      "adapter is 1234:3333 (which is in its device list, but SeaBIOS does "
      "not read that): SeaBIOS skips it" },
};

static void test_lines(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        const Line *l = &lines[i];
        g_autoptr(GByteArray) rom = vbios_sample(l->sample);
        g_autoptr(VBIOSVerdict) v = judge(rom, &l->guest);

        g_assert_cmpstr(v->n_findings ? v->findings[0].text : NULL, ==,
                        l->text);
        g_assert_cmpstr(v->summary, ==, l->summary);
    }
}

static void expect_text(const GByteArray *rom, const char *name,
                        const char *text)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    g_autoptr(VBIOSVerdict) v = judge(rom, &guest);

    for (unsigned i = 0; i < v->n_findings; i++) {
        if (!strcmp(vbios_finding_name(v->findings[i].id), name)) {
            g_assert_cmpstr(v->findings[i].text, ==, text);
            return;
        }
    }
    g_test_message("no finding %s", name);
    g_test_fail();
}

static void test_numbers(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("both");

    g_byte_array_set_size(rom, 4000);
    expect_text(rom, "truncated",
                "the EFI image at 0x800 has 2048 bytes, the last 96 are "
                "missing");
    g_byte_array_set_size(rom, 4096 + 3);
    memset(rom->data + 4000, 0x11, 96 + 3);
    expect_text(rom, "trailing-data",
                "3 bytes that are no padding follow the last image");
    rom->data[2] = 200;
    expect_text(rom, "legacy-large",
                "its x86 image takes 100 KiB at 0xc0000: option ROMs of other "
                "devices may find no room");
    memcpy(rom->data, "MZ", 2);
    memset(rom->data + 0x840, 0, 4);
    expect_text(rom, "not-a-rom",
                "it starts with 4d 5a instead of 55 aa and has no image "
                "further on: a DOS or Windows program");
    memcpy(rom->data, "M\0", 2);
    expect_text(rom, "not-a-rom",
                "it starts with 4d 00 instead of 55 aa and has no image "
                "further on: no format that is known");
}

/* Of 64 KiB and a block: more than half of what there is. */
static void test_large(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    VBIOSSampleImage image = { .type = 0, .blocks = 128, .last = true };

    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(VBIOSVerdict) v = NULL;
        g_autofree char *findings = NULL;

        g_byte_array_set_size(rom, 0);
        image.blocks = 128 + i;
        vbios_sample_append(rom, &image);
        v = judge(rom, &guest);
        findings = findings_of(v);
        g_assert_cmpstr(findings, ==, i ? "no-efi-image:2@-1 legacy-large:0@0" :
                        "no-efi-image:2@-1");
    }
}

/* NVIDIA's header leads to multiples of 4 only. */
static void test_nvgi_unaligned(void)
{
    for (unsigned by = 0; by < 8; by += 2) {
        g_autoptr(GByteArray) both = vbios_sample("both");
        g_autoptr(GByteArray) flash = NULL;
        VBIOSRom r;

        g_byte_array_prepend(both, (const uint8_t *)"\1\2\3\4\5\6\7", by);
        flash = vbios_sample_nvgi(1, both);
        vbios_sample_put32(flash, 0x18, 0x400 + by);
        vbios_parse(&r, flash->data, flash->len);
        g_assert_cmpint(r.header, ==, by % 4 ? VBIOS_HEADER_NVGI_BAD :
                        VBIOS_HEADER_NVGI);
        g_assert_cmpuint(r.n_images, ==, by % 4 ? 0 : 2);
    }
}

/* An x86 image behind PCIR's last flag. */
static void test_hidden_x86(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    g_autoptr(VBIOSVerdict) v = NULL;
    g_autofree char *findings = NULL;
    g_autofree uint8_t *copy = NULL;
    size_t size;
    VBIOSRom r;

    vbios_sample_append(rom, &(VBIOSSampleImage) {
        .type = 3, .last = true, .npde_blocks = 4
    });
    vbios_sample_append(rom, &(VBIOSSampleImage) { .type = 0, .last = true });
    v = judge(rom, &guest);
    findings = findings_of(v);
    g_assert_cmpstr(findings, ==, "hidden-images:1@-1");
    copy = vbios_rebuild(rom->data, rom->len, VBIOS_KEEP_ALL, &size);
    vbios_parse(&r, copy, size);
    g_assert_true(vbios_legacy_image(&r) == &r.images[1]);
}

/* The chains disagree: PCIR has an image more, inside one of NPDE's. */
static void test_chains_differ(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    g_autoptr(GByteArray) inner = vbios_sample("uefi");
    g_autofree uint8_t *copy = NULL;
    size_t size;
    VBIOSRom r;

    vbios_sample_append(rom, &(VBIOSSampleImage) { .npde_blocks = 8 });
    vbios_sample_append(rom, &(VBIOSSampleImage) { .last = true });
    memcpy(rom->data + 2048, inner->data, inner->len);
    rom->data[2048 + 0x55] = 0;
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.n_images, ==, 3);
    g_assert_cmpuint(r.images[1].offset, ==, 2048);
    g_assert_true(r.images[0].by_npde && !r.images[1].by_npde &&
                  r.images[2].by_npde);
    g_assert_true(r.images[0].by_pcir && r.images[1].by_pcir &&
                  r.images[2].by_pcir);
    copy = vbios_rebuild(rom->data, rom->len, VBIOS_KEEP_X86 | VBIOS_KEEP_EFI,
                         &size);
    g_assert_cmpuint(size, ==, 4096 + 2048);
}

static void test_pcir_unaligned(void)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    static const char *const expected[] = {
        "pcir-unaligned:2@0", "pcir-unaligned:2@1", "pcir-unaligned:0@2"
    };

    for (unsigned odd = 0; odd < 3; odd++) {
        g_autoptr(GByteArray) rom = g_byte_array_new();
        g_autoptr(VBIOSVerdict) v = NULL;
        g_autofree char *findings = NULL;

        for (unsigned i = 0; i < 3; i++) {
            vbios_sample_append(rom, &(VBIOSSampleImage) {
                .type = i == 1 ? 3 : 0, .last = i == 2,
                .pcir_at = i == odd ? 0x42 : 0x40
            });
        }
        v = judge(rom, &guest);
        findings = findings_of(v);
        g_assert_cmpstr(findings, ==, expected[odd]);
    }
}

static void test_too_many(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    g_autoptr(VBIOSVerdict) v = NULL;
    g_autofree char *findings = NULL;
    VBIOSRom r;

    for (unsigned i = 0; i < VBIOS_IMAGES_MAX; i++) {
        vbios_sample_append(rom, &(VBIOSSampleImage) {
            .type = 1, .blocks = 1
        });
    }
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.n_images, ==, VBIOS_IMAGES_MAX);
    g_assert_cmpint(r.chain_end, ==, VBIOS_END_DATA);
    vbios_sample_append(rom, &(VBIOSSampleImage) { .type = 0, .last = true });
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.n_images, ==, VBIOS_IMAGES_MAX);
    g_assert_cmpint(r.chain_end, ==, VBIOS_END_TOO_MANY);
    v = vbios_judge(&r, rom->data, rom->len, &guest);
    findings = findings_of(v);
    g_assert_cmpstr(findings, ==, "no-legacy-image:1@-1 no-efi-image:2@-1 "
                    "trailing-data:0@-1 too-many-images:0@-1");
}

/* Behind 16 MiB nothing is looked at, but counted. */
static void test_huge(void)
{
    const size_t limit = 16 * 1024 * 1024;
    g_autoptr(GByteArray) sample = vbios_sample("both");
    g_autofree uint8_t *data = g_malloc0(limit + 4096);
    VBIOSRom rom;

    data[1] = 1;
    memcpy(data + limit, sample->data, 4096);
    g_assert_false(vbios_parse(&rom, data, limit + 4096));
    g_assert_cmpint(rom.header, ==, VBIOS_HEADER_NO_ROM);
    memcpy(data, sample->data, 4096);
    g_assert_true(vbios_parse(&rom, data, limit + 4096));
    g_assert_cmpuint(rom.tail, ==, limit);
    g_assert_cmpuint(rom.tail_data, ==, limit);
    memset(data + limit, 0, 4096);
    vbios_parse(&rom, data, limit + 4096);
    g_assert_cmpuint(rom.tail_data, ==, 0);
    data[5000] = 7;
    vbios_parse(&rom, data, limit + 4096);
    g_assert_cmpuint(rom.tail_data, ==, 5001 - 4096);
}

static void test_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < VBIOS_FINDING__MAX; i++) {
        const char *name = vbios_finding_name(i);

        g_assert_true(name && g_hash_table_add(seen, (char *)name));
        g_assert_cmpuint(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), ==,
                         strlen(name));
    }
    g_assert_cmpstr(vbios_finding_name(VBIOS_FINDING__MAX), ==, "unknown");
    g_assert_cmpstr(vbios_finding_name(VBIOS_LEGACY_IDS), ==, "legacy-ids");
    g_assert_cmpstr(vbios_fatal_name(0), ==, "harmless");
    g_assert_cmpstr(vbios_fatal_name(BIOS), ==, "fatal for a BIOS guest");
    g_assert_cmpstr(vbios_fatal_name(UEFI), ==, "fatal for a UEFI guest");
    g_assert_cmpstr(vbios_fatal_name(BIOS | UEFI), ==, "fatal for any guest");
    g_assert_cmpstr(vbios_code_type_name(0), ==, "x86");
    g_assert_cmpstr(vbios_code_type_name(0xe0), ==, "NVIDIA FwSec");
    g_assert_cmpstr(vbios_code_type_name(4), ==, "unknown");
    g_assert_cmpstr(vbios_machine_name(0x8664), ==, "x64");
    g_assert_cmpstr(vbios_machine_name(1), ==, "unknown");
    g_assert_cmpstr(vbios_chain_end_name(VBIOS_END_CUT), ==, "cut");
    vbios_verdict_free(NULL);
}

static void test_devices(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("devices");
    const VBIOSImage *image;
    VBIOSRom r;

    vbios_parse(&r, rom->data, rom->len);
    image = &r.images[0];
    g_assert_true(vbios_serves_device(image, rom->data, rom->len, 0x1111));
    g_assert_true(vbios_serves_device(image, rom->data, rom->len, 0x2222));
    g_assert_true(vbios_serves_device(image, rom->data, rom->len, 0x3333));
    g_assert_false(vbios_serves_device(image, rom->data, rom->len, 0x4444));
    g_assert_false(vbios_serves_device(image, rom->data, rom->len, 0));
    g_assert_false(vbios_serves_device(&(VBIOSImage) { 0 }, NULL, 0, 0));

    /* Before revision 3 the pointer is to something else. */
    rom->data[0x4c] = 2;
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, 0);
    g_assert_cmpuint(r.images[0].device_list, ==, 0);
    g_assert_cmpuint(r.images[0].runtime_size, ==, 0);

    /* One that is not in the buffer, and one without an end. */
    rom->data[0x4c] = 3;
    vbios_sample_put16(rom, 0x48, 0x7fff);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].device_list, ==, 0);
    vbios_sample_put16(rom, 0x48, 0x60);
    memset(rom->data + 0xa0, 0x11, rom->len - 0xa0);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, (rom->len - 0xa0) / 2);
}

/* More than a count of 16 bits holds. */
static void test_devices_endless(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("devices");
    VBIOSRom r;

    g_byte_array_set_size(rom, 0xa0 + 2 * 0x10008);
    memset(rom->data + 0xa0, 0x11, rom->len - 0xa0);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, UINT16_MAX);
}

/* Nothing is known of what is behind its code if that is cut. */
static void test_posted_cut(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("posted");
    VBIOSRom r;

    for (size_t size = 2000; size <= 3000; size++) {
        g_autofree uint8_t *data = exact(rom, size);

        vbios_parse(&r, data, size);
        g_assert_cmpint(!(r.images[0].posted & VBIOS_POSTED_SHRUNK), ==,
                        size <= 5 * 512);
    }
}

/*
 * Changes
 */

static void test_set_ids(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("nvidia");
    VBIOSRom r;

    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0x10de, 0x1b81), ==, 0);
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0xabcd, 0xef01), ==, 2);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.n_images, ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(r.images[i].vendor, ==, i < 2 ? 0xabcd : 0x10de);
        g_assert_cmphex(r.images[i].device, ==, i < 2 ? 0xef01 : 0x1b81);
    }
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0xabcd, 0xef02), ==, 2);
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0xabcc, 0xef02), ==, 2);
}

/* A sum that is wrong says something, where the ids need no change. */
static void test_set_ids_bad_sum(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("both");
    VBIOSRom r;

    rom->data[300]++;
    rom->data[0x846]++;
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0x1234, 0x1111), ==, 1);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_BAD);
    g_assert_cmphex(r.images[1].device, ==, 0x1111);
}

/* Only a byte of the checksum changes, and which one. */
static void test_repair(void)
{
    static const struct {
        const char *sample;
        size_t at;
    } repairs[] = {
        { "both", 6 }, { "bios", 2047 }, { "flash1", 0x400 + 2047 }
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(repairs); i++) {
        g_autoptr(GByteArray) rom = vbios_sample(repairs[i].sample);
        g_autofree uint8_t *before = exact(rom, rom->len);

        g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 0);
        rom->data[repairs[i].at] += 0x42;
        g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 1);
        g_assert_cmpmem(rom->data, rom->len, before, rom->len);
    }
}

/* The sum of one image goes over the next: both are right in the end. */
static void test_repair_overlap(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    VBIOSRom r;

    vbios_sample_append(rom, &(VBIOSSampleImage) { .type = 0 });
    vbios_sample_append(rom, &(VBIOSSampleImage) { .type = 0, .last = true });
    rom->data[2] = 8;
    rom->data[2048 + 0x100]++;
    g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 2);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpint(r.images[1].checksum, ==, VBIOS_CHECKSUM_GOOD);

    /* The ids of the second are in the first one's sum, its last byte not. */
    rom->data[2] = 5;
    vbios_sample_put16(rom, 0x46, 0x5555);
    g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 1);
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0x1234, 0x5555), ==, 1);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpint(r.images[1].checksum, ==, VBIOS_CHECKSUM_GOOD);
}

/* What cannot be summed is left alone. */
static void test_repair_nothing(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("bios");
    g_autofree uint8_t *before = NULL;

    rom->data[100] = 3;
    before = exact(rom, rom->len);
    g_assert_cmpuint(vbios_repair_checksums(rom->data, 2047), ==, 0);
    g_assert_cmpuint(vbios_repair_checksums(NULL, 0), ==, 0);
    g_assert_cmpuint(vbios_set_ids(NULL, 0, 1, 2), ==, 0);
    g_assert_cmpmem(rom->data, 2048, before, 2048);
    rom->data[2] = before[2] = 0;
    g_assert_cmpuint(vbios_repair_checksums(rom->data, 2048), ==, 0);
    g_assert_cmpmem(rom->data, 2048, before, 2048);
}

/* What rebuilding leaves of a sample, by code types, and what it is for then */
typedef struct Rebuilt {
    const char *sample;
    unsigned keep;
    const char *types;
    size_t size;
    unsigned fatal;
} Rebuilt;

static const Rebuilt rebuilt[] = {
    { "both", VBIOS_KEEP_ALL, "0 3", 4096, 0 },
    { "both", VBIOS_KEEP_X86, "0", 2048, UEFI },
    { "both", VBIOS_KEEP_EFI, "3", 2048, BIOS },
    { "both", VBIOS_KEEP_OTHER, "", 0, BIOS | UEFI },
    { "flash3", VBIOS_KEEP_ALL, "0 3 e0 e0", 6656, 0 },
    { "flash3", VBIOS_KEEP_X86 | VBIOS_KEEP_EFI, "0 3", 4096, 0 },
    { "nvidia", VBIOS_KEEP_X86 | VBIOS_KEEP_OTHER, "0 e0 e0", 4608, UEFI },
    { "laptop", VBIOS_KEEP_ALL, "0 3", 4096, 0 },
    { "hidden", VBIOS_KEEP_ALL, "0 3", 4096, 0 },
    { "npde-short", VBIOS_KEEP_ALL, "0 3", 4096, 0 },
    { "isa", VBIOS_KEEP_ALL, "0", 2048, BIOS | UEFI },
    { "isa", VBIOS_KEEP_X86, "", 0, BIOS | UEFI },
    { "blank", VBIOS_KEEP_ALL, "", 0, BIOS | UEFI },
    { "others", VBIOS_KEEP_OTHER, "1 2 70", 3 * 2048, BIOS | UEFI },
    { "nbsi", VBIOS_KEEP_OTHER, "", 0, BIOS | UEFI },
};

static void check_rebuilt(const Rebuilt *r, const uint8_t *data, size_t size)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;
    g_autoptr(GString) types = g_string_new("");
    g_autoptr(VBIOSVerdict) v = NULL;
    VBIOSRom rom;

    vbios_parse(&rom, data, size);
    v = vbios_judge(&rom, data, size, &guest);
    g_assert_cmpuint(v->fatal, ==, r->fatal);
    for (unsigned i = 0; i < rom.n_images; i++) {
        const VBIOSImage *image = &rom.images[i];

        g_string_append_printf(types, "%s%x", i ? " " : "", image->code_type);
        g_assert_cmpint(image->last, ==, i == rom.n_images - 1);
        g_assert_cmpint(image->checksum, !=, VBIOS_CHECKSUM_BAD);
        g_assert_true(image->by_npde);
        g_assert_true(image->by_pcir || r->keep == VBIOS_KEEP_ALL ||
                      image->signature != 0xaa55);
    }
    g_assert_cmpstr(types->str, ==, r->types);
    g_assert_cmpuint(rom.start, ==, 0);
    g_assert_cmpuint(rom.tail, ==, 0);
}

static void test_rebuild(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rebuilt); i++) {
        const Rebuilt *r = &rebuilt[i];
        g_autoptr(GByteArray) rom = vbios_sample(r->sample);
        g_autofree uint8_t *before = exact(rom, rom->len);
        g_autofree uint8_t *copy = NULL;
        size_t size = 1;

        g_test_message("%s, keep %u", r->sample, r->keep);
        copy = vbios_rebuild(before, rom->len, r->keep, &size);
        g_assert_cmpuint(size, ==, r->size);
        g_assert_true(!copy == !size);
        g_assert_cmpmem(rom->data, rom->len, before, rom->len);
        check_rebuilt(r, copy, size);
    }
}

/* As it is: what is around goes, and no byte else. */
static void test_rebuild_verbatim(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("nvidia");
    g_autoptr(GByteArray) flash = vbios_sample("flash2");
    g_autofree uint8_t *copy = NULL;
    size_t size;

    g_byte_array_set_size(flash, flash->len + 1000);
    memset(flash->data + flash->len - 1000, 0xff, 1000);
    copy = vbios_rebuild(flash->data, flash->len, VBIOS_KEEP_ALL, &size);
    g_assert_cmpmem(copy, size, rom->data, rom->len);
}

/* A sum that was wrong stays wrong: it says something. */
static void test_rebuild_bad_sum(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("both");
    g_autofree uint8_t *copy = NULL;
    size_t size;
    VBIOSRom r;

    rom->data[300]++;
    copy = vbios_rebuild(rom->data, rom->len, VBIOS_KEEP_X86, &size);
    vbios_parse(&r, copy, size);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_BAD);
    g_assert_true(r.images[0].last);
}

/* An image whose code is longer than it says keeps its code. */
static void test_rebuild_oversize(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("both");
    g_autofree uint8_t *copy = NULL;
    size_t size;
    VBIOSRom r;

    rom->data[2] = 5;
    g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 1);
    copy = vbios_rebuild(rom->data, rom->len, VBIOS_KEEP_X86, &size);
    g_assert_cmpuint(size, ==, 5 * 512);
    vbios_parse(&r, copy, size);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpuint(r.images[0].length, ==, 5 * 512);
    g_free(g_steal_pointer(&copy));

    /* More than there is: as long as it says. */
    copy = vbios_rebuild(rom->data, 2048, VBIOS_KEEP_X86, &size);
    g_assert_cmpuint(size, ==, 2048);
}

/* NPDE then says the new length too. */
static void test_rebuild_npde(void)
{
    g_autoptr(GByteArray) rom = g_byte_array_new();
    g_autofree uint8_t *copy = NULL;
    size_t size;
    VBIOSRom r;

    vbios_sample_append(rom, &(VBIOSSampleImage) {
        .type = 0, .npde_blocks = 4, .init_blocks = 5
    });
    copy = vbios_rebuild(rom->data, rom->len, VBIOS_KEEP_X86, &size);
    vbios_parse(&r, copy, size);
    g_assert_cmpuint(size, ==, 5 * 512);
    g_assert_cmpuint(r.images[0].npde_image_length, ==, 5 * 512);
    g_assert_true(r.images[0].npde_last);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
}

/* A cut image is no use to anyone. */
static void test_rebuild_cut(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("both");
    g_autofree uint8_t *copy = NULL;
    size_t size;

    copy = vbios_rebuild(rom->data, rom->len - 1,
                         VBIOS_KEEP_X86 | VBIOS_KEEP_EFI, &size);
    g_assert_cmpuint(size, ==, 2048);
}

static void test_compare(void)
{
    g_autoptr(GByteArray) a = vbios_sample("both");
    g_autoptr(GByteArray) b = vbios_sample("both");
    g_autoptr(GByteArray) flash = vbios_sample("flash1");
    g_autoptr(GByteArray) nvidia = vbios_sample("nvidia");
    g_autoptr(GByteArray) uefi = vbios_sample("uefi");
    VBIOSDifference d;

    d = vbios_compare(a->data, a->len, b->data, b->len);
    g_assert_true(d.same_adapter);
    g_assert_cmpuint(d.compared, ==, 2048);
    g_assert_cmpuint(d.bytes, ==, 0);

    b->data[700]++;
    b->data[1500]++;
    b->data[3000]++; /* not in the x86 image */
    d = vbios_compare(a->data, a->len, b->data, b->len);
    g_assert_true(d.same_adapter);
    g_assert_cmpuint(d.bytes, ==, 2);
    g_assert_cmpuint(d.first, ==, 700);

    /* Shrunk, so the rest is no part of it. */
    b->data[2] = 2;
    d = vbios_compare(a->data, a->len, b->data, b->len);
    g_assert_cmpuint(d.compared, ==, 1024);
    g_assert_cmpuint(d.first, ==, 2);
    d = vbios_compare(b->data, b->len, a->data, a->len);
    g_assert_cmpuint(d.compared, ==, 1024);
    b->data[2] = 0;
    d = vbios_compare(b->data, 1024, a->data, a->len);
    g_assert_cmpuint(d.compared, ==, 1024);

    d = vbios_compare(nvidia->data, nvidia->len, flash->data, flash->len);
    g_assert_true(d.same_adapter && !d.bytes);
    d = vbios_compare(a->data, a->len, flash->data, flash->len);
    g_assert_false(d.same_adapter);
    for (unsigned id = 0x44; id <= 0x46; id += 2) {
        b->data[id]++;
        d = vbios_compare(a->data, a->len, b->data, b->len);
        g_assert_false(d.same_adapter);
        b->data[id]--;
    }
    b->data[0x52]++; /* code revision */
    d = vbios_compare(a->data, a->len, b->data, b->len);
    g_assert_false(d.same_adapter);
    d = vbios_compare(a->data, a->len, uefi->data, uefi->len);
    g_assert_true(!d.same_adapter && !d.compared);
    d = vbios_compare(NULL, 0, a->data, a->len);
    g_assert_true(!d.same_adapter && !d.compared);
}

/*
 * Against second opinions
 */

static void check_opinion(const uint8_t *data, size_t size,
                          const VBIOSGuest *guest)
{
    VBIOSRom rom;
    g_autoptr(VBIOSVerdict) v = NULL;

    vbios_parse(&rom, data, size);
    v = vbios_judge(&rom, data, size, guest);
    if (!rom.start) {
        g_assert_cmpuint(rom.kernel_size, ==, vbios_linux_size(data, size));
    }
    g_assert_cmpint(!(v->fatal & BIOS), ==,
                    vbios_seabios_runs(data, size, guest->vendor,
                                       guest->device));
    g_assert_cmpint(!(v->fatal & UEFI), ==, vbios_edk2_loads(data, size));
}

/* Every sample at every length, in a block of that length. */
static void test_every_length(void)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;

    for (unsigned i = 0; i < n_vbios_samples; i++) {
        g_autoptr(GByteArray) rom = vbios_samples[i].make();

        for (size_t size = 0; size <= rom->len; size++) {
            g_autofree uint8_t *data = exact(rom, size);

            check_opinion(data, size, &guest);
        }
    }
}

/* Every byte of the headers, changed in several ways. */
static void test_every_byte(void)
{
    static const uint8_t flips[] = { 0x01, 0x02, 0x80, 0xff };
    VBIOSGuest guest = GUEST(0, 0x1234, 0x1111, VBIOS_CLASS_ANY);

    for (unsigned i = 0; i < n_vbios_samples; i++) {
        g_autoptr(GByteArray) rom = vbios_samples[i].make();

        for (size_t at = 0; at < rom->len; at++) {
            if (at % 512 >= 0x80) {
                continue;
            }
            for (unsigned f = 0; f < G_N_ELEMENTS(flips); f++) {
                rom->data[at] ^= flips[f];
                check_opinion(rom->data, rom->len, &guest);
                rom->data[at] ^= flips[f];
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vbios/facts", test_facts);
    g_test_add_func("/vbios/signatures", test_signatures);
    g_test_add_func("/vbios/image/x86", test_image_x86);
    g_test_add_func("/vbios/image/npde", test_image_npde);
    g_test_add_func("/vbios/image/npde-ignored", test_npde_ignored);
    g_test_add_func("/vbios/image/efi", test_image_efi);
    g_test_add_func("/vbios/image/gop", test_gop_at_end);
    g_test_add_func("/vbios/image/devices", test_devices);
    g_test_add_func("/vbios/image/devices-endless", test_devices_endless);
    g_test_add_func("/vbios/image/posted-cut", test_posted_cut);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/vbios/judge/%s",
                                                cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/vbios/judge-lines", test_lines);
    g_test_add_func("/vbios/judge-numbers", test_numbers);
    g_test_add_func("/vbios/judge-large", test_large);
    g_test_add_func("/vbios/judge-pcir-unaligned", test_pcir_unaligned);
    g_test_add_func("/vbios/judge-hidden-x86", test_hidden_x86);
    g_test_add_func("/vbios/nvgi-unaligned", test_nvgi_unaligned);
    g_test_add_func("/vbios/chains-differ", test_chains_differ);
    g_test_add_func("/vbios/too-many", test_too_many);
    g_test_add_func("/vbios/huge", test_huge);
    g_test_add_func("/vbios/names", test_names);
    g_test_add_func("/vbios/set-ids", test_set_ids);
    g_test_add_func("/vbios/set-ids-bad-sum", test_set_ids_bad_sum);
    g_test_add_func("/vbios/repair/byte", test_repair);
    g_test_add_func("/vbios/repair/overlap", test_repair_overlap);
    g_test_add_func("/vbios/repair/nothing", test_repair_nothing);
    g_test_add_func("/vbios/rebuild/images", test_rebuild);
    g_test_add_func("/vbios/rebuild/verbatim", test_rebuild_verbatim);
    g_test_add_func("/vbios/rebuild/bad-sum", test_rebuild_bad_sum);
    g_test_add_func("/vbios/rebuild/oversize", test_rebuild_oversize);
    g_test_add_func("/vbios/rebuild/npde", test_rebuild_npde);
    g_test_add_func("/vbios/rebuild/cut", test_rebuild_cut);
    g_test_add_func("/vbios/compare", test_compare);
    g_test_add_func("/vbios/opinion/every-length", test_every_length);
    g_test_add_func("/vbios/opinion/every-byte", test_every_byte);
    return g_test_run();
}
