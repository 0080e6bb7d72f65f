/*
 * Unit test of VBIOS images: how they are found
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like util/vbios-*.c it uses nothing of QEMU, so that it can be built with
 * the host tool as well.
 */
#include <string.h>
#include "qemu/vbios.h"
#include "vbios-samples.h"
#include "vbios-firmware.h"

/* The contents of each sample */
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
    const char *reach;  /* of each: PCIR, NPDE, Both, Scan */
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

/* Only NVIDIA's drivers know these signatures; firmware stops there. */
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
    /*
     * If NPDE is shorter than PCIR, it is not the last; if equal, PCIR says
     * it.
     */
    g_assert_true(!rom.images[0].last && rom.images[1].last);
}

/* An NPDE of another revision, or with length 0, is ignored. */
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

/* A GUID at the very end is found; one that is cut off is not. */
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

    /* Before revision 3 the pointer has another meaning. */
    rom->data[0x4c] = 2;
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, 0);
    g_assert_cmpuint(r.images[0].device_list, ==, 0);
    g_assert_cmpuint(r.images[0].runtime_size, ==, 0);

    /* One list lies outside of the buffer, and one has no end. */
    rom->data[0x4c] = 3;
    vbios_sample_put16(rom, 0x48, 0x7fff);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].device_list, ==, 0);
    vbios_sample_put16(rom, 0x48, 0x60);
    memset(rom->data + 0xa0, 0x11, rom->len - 0xa0);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, (rom->len - 0xa0) / 2);
}

/* There are more than a count of 16 bits can hold. */
static void test_devices_endless(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("devices");
    VBIOSRom r;

    g_byte_array_set_size(rom, 0xa0 + 2 * 0x10008);
    memset(rom->data + 0xa0, 0x11, rom->len - 0xa0);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpuint(r.images[0].n_devices, ==, UINT16_MAX);
}

/* If the x86 code is cut off, nothing is known of what is behind it. */
static void test_posted_cut(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("posted");
    VBIOSRom r;

    for (size_t size = 2000; size <= 3000; size++) {
        g_autofree uint8_t *data = vbios_sample_bytes(rom, size);

        vbios_parse(&r, data, size);
        g_assert_cmpint(!(r.images[0].posted & VBIOS_POSTED_SHRUNK), ==,
                        size <= 5 * 512);
    }
}

/* NVIDIA's header can point only to multiples of 4. */
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

/* The chains disagree: PCIR has one more image, inside one of NPDE's. */
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

/* Bytes beyond 16 MiB are counted, but not searched. */
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
    g_test_add_func("/vbios/nvgi-unaligned", test_nvgi_unaligned);
    g_test_add_func("/vbios/chains-differ", test_chains_differ);
    g_test_add_func("/vbios/huge", test_huge);
    return g_test_run();
}
