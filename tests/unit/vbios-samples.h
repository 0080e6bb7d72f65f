/*
 * VBIOSes made up for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * They have the headers of real ones, but no code: between the headers is a
 * fixed pattern.  Like qemu/vbios.h they use nothing of QEMU, because they are
 * the fuzzer's seeds as well.
 */
#ifndef TESTS_VBIOS_SAMPLES_H
#define TESTS_VBIOS_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* One image.  A member that is 0 gets the value in brackets. */
typedef struct VBIOSSampleImage {
    uint8_t type;               /* code type */
    uint16_t vendor;            /* [0x1234] */
    bool no_ids;                /* 0000:0000 */
    uint16_t device;            /* [0x1111] */
    uint32_t class_code;        /* [0x030000] */
    uint16_t blocks;            /* of 512 bytes; PCIR's image length [4] */
    bool last;                  /* PCIR's last flag */
    uint8_t revision;           /* of PCIR; 3 has a device list */
    uint8_t pcir_at;            /* [0x40] */
    uint16_t npde_blocks;       /* NPDE's image length [no NPDE] */
    bool npde_last;
    bool npde_short;            /* the NPDE ends before its last flag */
    const uint16_t *devices;    /* device list, ended by 0 [none] */
    /* for x86 images */
    uint8_t init_blocks;        /* size byte [blocks] */
    uint8_t runtime_blocks;
    bool near_jump;             /* with the checksum in byte 6 */
    bool no_entry;              /* zeros in place of the jump */
    /* for EFI images */
    uint16_t machine;           /* [0x8664] */
    uint16_t subsystem;         /* [11] */
    uint16_t compression;
    bool no_gop;
} VBIOSSampleImage;

/**
 * vbios_sample_append: append an image
 *
 * The image fills the larger one of its lengths, which are multiples of 512.
 * An x86 image gets a correct checksum.
 */
void vbios_sample_append(GByteArray *rom, const VBIOSSampleImage *image);

/* NVIDIA's flash ROMs have these headers ahead of the ROM. */
GByteArray *vbios_sample_nvgi(unsigned version, const GByteArray *rom);

void vbios_sample_put16(GByteArray *rom, size_t at, uint16_t value);
void vbios_sample_put32(GByteArray *rom, size_t at, uint32_t value);

/* Whole VBIOSes by name. */
typedef struct VBIOSSample {
    const char *name;
    const char *description;
    GByteArray *(*make)(void);
} VBIOSSample;

extern const VBIOSSample vbios_samples[];
extern const unsigned n_vbios_samples;

/*
 * Aborts if there is no sample of that name; free it with
 * g_byte_array_unref().
 */
GByteArray *vbios_sample(const char *name);

/*
 * A copy of the first @size bytes in a heap block of exactly that size, so
 * that sanitizers see an access outside of it; free it with g_free().
 */
uint8_t *vbios_sample_bytes(const GByteArray *rom, size_t size);

#endif /* TESTS_VBIOS_SAMPLES_H */
