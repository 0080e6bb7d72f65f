/*
 * Unit test of VBIOS images: how a guest's firmware treats them
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

#define BIOS VBIOS_FIRMWARE_BIOS
#define UEFI VBIOS_FIRMWARE_UEFI

/* A sample, the changes in it, and the findings */

#define PUT(at, value) { at, value }

typedef struct Case {
    const char *name;
    const char *sample;
    struct {
        uint32_t at;
        uint8_t value;
    } put[4];           /* offset 0: end of the list */
    int32_t resize;     /* new size; negative: adds bytes 0xa5 */
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
    g_autofree uint8_t *data = vbios_sample_bytes(rom, rom->len);
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

/* Texts for people: the numbers in them, and the summary. */
typedef struct Line {
    const char *sample;
    VBIOSGuest guest;
    const char *text;    /* of the first finding, or NULL */
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
      "SeaBIOS shows no picture with it: its x86 image has no code: the entry "
      "point (bytes 3 to 5) is 00 00 00, where the guest hangs at \"Running "
      "option rom\"" },
    { "bios", ANYONE,
      "it has no EFI image: a UEFI guest has no picture before its own driver "
      "runs", "good for BIOS guests only" },
    { "uefi", ANYONE, "it has no x86 image: SeaBIOS finds nothing to run",
      "good for UEFI guests only" },
    { "blank", A_BIOS, "all its 1024 bytes are 0xff: nothing was read",
      "SeaBIOS shows no picture with it: all its 1024 bytes are 0xff: nothing "
      "was read" },
    { "flash3", ANYONE,
      "it starts with NVIDIA's flash header (NVGI version 3), its first image "
      "is at 0x2000, and firmware looks only at 0", "not good for any guest" },
    { "bios", A_UEFI,
      "it has no EFI image: a UEFI guest has no picture before its own driver "
      "runs",
      "UEFI shows no picture with it: it has no EFI image: a UEFI guest has "
      "no picture before its own driver runs" },
    { "both", GUEST(BIOS, 0x10de, 0x1b81, VBIOS_CLASS_ANY),
      "its x86 image is for 1234:1111, and the adapter is 10de:1b81: SeaBIOS "
      "skips it",
      "SeaBIOS shows no picture with it: its x86 image is for 1234:1111, and "
      "the adapter is 10de:1b81: SeaBIOS skips it" },
    { "devices", GUEST(BIOS, 0x1234, 0x3333, VBIOS_CLASS_ANY),
      "its x86 image is for 1234:1111, and the adapter is 1234:3333 (which is "
      "in its device list, but SeaBIOS does not read that): SeaBIOS skips it",
      "SeaBIOS shows no picture with it: its x86 image is for 1234:1111, and "
      "the adapter is 1234:3333 (which is in its device list, but SeaBIOS "
      "does not read that): SeaBIOS skips it" },
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
                "the EFI image at 0x800 has 2048 bytes, and the last 96 are "
                "missing");
    g_byte_array_set_size(rom, 4096 + 3);
    memset(rom->data + 4000, 0x11, 96 + 3);
    expect_text(rom, "trailing-data",
                "3 bytes that are not padding follow the last image");
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
                "further on: an unknown format");
}

/* An image of 64 KiB and a block takes more than half of the ROM. */
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

/* There is an x86 image behind the one that PCIR calls the last. */
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

/* Second opinions */

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

/* Every sample is cut to every length, in a block of that length. */
static void test_every_length(void)
{
    VBIOSGuest guest = VBIOS_GUEST_ANY;

    for (unsigned i = 0; i < n_vbios_samples; i++) {
        g_autoptr(GByteArray) rom = vbios_samples[i].make();

        for (size_t size = 0; size <= rom->len; size++) {
            g_autofree uint8_t *data = vbios_sample_bytes(rom, size);

            check_opinion(data, size, &guest);
        }
    }
}

/* Every byte of the headers is changed in several ways. */
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
    g_test_add_func("/vbios/too-many", test_too_many);
    g_test_add_func("/vbios/names", test_names);
    g_test_add_func("/vbios/opinion/every-length", test_every_length);
    g_test_add_func("/vbios/opinion/every-byte", test_every_byte);
    return g_test_run();
}
