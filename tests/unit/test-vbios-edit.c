/*
 * Unit test of VBIOS images: changed copies, and how they differ
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Like util/vbios-*.c it uses nothing of QEMU, so that it can be built with
 * the host tool as well.
 */
#include <string.h>
#include "qemu/vbios.h"
#include "vbios-samples.h"

#define BIOS VBIOS_FIRMWARE_BIOS
#define UEFI VBIOS_FIRMWARE_UEFI

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

/* A wrong sum is a sign of damage, so it stays if the ids need no change. */
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

/* Only the byte of the checksum changes, and the right one. */
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
        g_autofree uint8_t *before = vbios_sample_bytes(rom, rom->len);

        g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 0);
        rom->data[repairs[i].at] += 0x42;
        g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 1);
        g_assert_cmpmem(rom->data, rom->len, before, rom->len);
    }
}

/* The sum of one image covers a part of the next: both are right in the end. */
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

    /*
     * The first one's sum covers the ids of the second, but not its last byte.
     */
    rom->data[2] = 5;
    vbios_sample_put16(rom, 0x46, 0x5555);
    g_assert_cmpuint(vbios_repair_checksums(rom->data, rom->len), ==, 1);
    g_assert_cmpuint(vbios_set_ids(rom->data, rom->len, 0x1234, 0x5555), ==, 1);
    vbios_parse(&r, rom->data, rom->len);
    g_assert_cmpint(r.images[0].checksum, ==, VBIOS_CHECKSUM_GOOD);
    g_assert_cmpint(r.images[1].checksum, ==, VBIOS_CHECKSUM_GOOD);
}

/* Images without a sum are left alone. */
static void test_repair_nothing(void)
{
    g_autoptr(GByteArray) rom = vbios_sample("bios");
    g_autofree uint8_t *before = NULL;

    rom->data[100] = 3;
    before = vbios_sample_bytes(rom, rom->len);
    g_assert_cmpuint(vbios_repair_checksums(rom->data, 2047), ==, 0);
    g_assert_cmpuint(vbios_repair_checksums(NULL, 0), ==, 0);
    g_assert_cmpuint(vbios_set_ids(NULL, 0, 1, 2), ==, 0);
    g_assert_cmpmem(rom->data, 2048, before, 2048);
    rom->data[2] = before[2] = 0;
    g_assert_cmpuint(vbios_repair_checksums(rom->data, 2048), ==, 0);
    g_assert_cmpmem(rom->data, 2048, before, 2048);
}

/*
 * What rebuilding leaves of a sample, by code types, and which guests it is
 * for
 */
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
        g_autofree uint8_t *before = vbios_sample_bytes(rom, rom->len);
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

/* The image stays as it is: only what is around it is removed. */
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

/* A wrong sum stays wrong, because it is a sign of damage. */
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

/* An image whose code is longer than its header says keeps its code. */
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

    /*
     * The length in the header is larger than the file, so it sets the copy's
     * size.
     */
    copy = vbios_rebuild(rom->data, 2048, VBIOS_KEEP_X86, &size);
    g_assert_cmpuint(size, ==, 2048);
}

/* NPDE then has the new length, too. */
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

/* An image that is cut off is useless. */
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
    b->data[3000]++; /* outside of the x86 image */
    d = vbios_compare(a->data, a->len, b->data, b->len);
    g_assert_true(d.same_adapter);
    g_assert_cmpuint(d.bytes, ==, 2);
    g_assert_cmpuint(d.first, ==, 700);

    /* The image shrinks, so that the rest does not belong to it. */
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
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
    return g_test_run();
}
