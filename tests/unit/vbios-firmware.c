/*
 * What firmware does with an expansion ROM, step by step
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include "vbios-firmware.h"

static unsigned word(const uint8_t *p)
{
    return p[0] + 256u * p[1];
}

/* The PCI Data Structure of the image at @at, or NULL */
static const uint8_t *pcir_of(const uint8_t *rom, size_t size, size_t at)
{
    size_t pcir;

    if (at + 0x1a > size) {
        return NULL;
    }
    pcir = at + word(rom + at + 0x18);
    if (pcir == at || pcir + 0x18 > size || memcmp(rom + pcir, "PCIR", 4)) {
        return NULL;
    }
    return rom + pcir;
}

static bool starts(const uint8_t *rom, size_t size, size_t at)
{
    return at + 2 <= size && rom[at] == 0x55 && rom[at + 1] == 0xaa;
}

/* Whether SeaBIOS checks, copies and calls the image */
static bool seabios_calls(const uint8_t *rom, size_t size, size_t at)
{
    size_t n = rom[at + 2] * 512;
    unsigned sum = 0;

    if (!n || at + n > size) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        sum += rom[at + i];
    }
    if (rom[at + 3] == rom[at + 4] && rom[at + 3] == rom[at + 5] &&
        (rom[at + 3] == 0x00 || rom[at + 3] == 0xff)) {
        return false; /* it is called, and does not return */
    }
    return sum % 256 == 0 && rom[at + 3] != 0xcb;
}

bool vbios_seabios_runs(const uint8_t *rom, size_t size,
                        uint32_t vendor, uint32_t device)
{
    size_t at = 0;

    for (;;) {
        const uint8_t *pcir = pcir_of(rom, size, at);

        if (!starts(rom, size, at) || !pcir) {
            return false;
        }
        if ((vendor == 0x10000 || vendor == word(pcir + 4)) &&
            (device == 0x10000 || device == word(pcir + 6)) &&
            pcir[0x14] == 0) {
            return seabios_calls(rom, size, at);
        }
        if (pcir[0x15] & 0x80 || !word(pcir + 0x10)) {
            return false; /* the last image, or an endless loop */
        }
        at += word(pcir + 0x10) * 512;
    }
}

static bool edk2_takes(const uint8_t *image, const uint8_t *pcir)
{
    unsigned length = word(pcir + 0x10) * 512;
    unsigned init = word(image + 2) * 512;

    return pcir[0x14] == 3 && word(image + 4) == 0x0ef1 &&
           word(image + 6) == 0 && word(image + 0x0a) == 0x8664 &&
           (word(image + 8) == 11 || word(image + 8) == 12) &&
           word(image + 0x0c) <= 1 && init <= length &&
           word(image + 0x16) < init;
}

bool vbios_edk2_loads(const uint8_t *rom, size_t size)
{
    bool loads = false, last = false;
    size_t at = 0;

    while (!last && at < size) {
        const uint8_t *pcir = pcir_of(rom, size, at);
        size_t length;

        if (!starts(rom, size, at)) {
            if (!at) {
                return false;
            }
            at += 512;
            continue;
        }
        if (!pcir || (pcir - (rom + at)) & 3) {
            break;
        }
        length = word(pcir + 0x10) * 512;
        last = pcir[0x15] & 0x80;
        if (!length && !last) {
            return false; /* an endless loop */
        }
        if (at + length > size) {
            break;
        }
        loads = loads || edk2_takes(rom + at, pcir);
        at += length;
    }
    return loads;
}

size_t vbios_linux_size(const uint8_t *rom, size_t size)
{
    size_t at = 0;
    bool last = false;

    while (!last && at < size) {
        const uint8_t *pcir = pcir_of(rom, size, at);

        if (!starts(rom, size, at) || !pcir || !word(pcir + 0x10)) {
            break;
        }
        last = pcir[0x15] & 0x80;
        at += word(pcir + 0x10) * 512;
    }
    return at < size ? at : size;
}
