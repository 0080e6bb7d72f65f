/*
 * What firmware does with an expansion ROM, step by step
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A second opinion for the tests of vbios_judge(): the loops of SeaBIOS and
 * EDK II over the images, written from what they do, without code of the
 * walker.  A read outside of the buffer counts as a failure.
 */
#ifndef TESTS_VBIOS_FIRMWARE_H
#define TESTS_VBIOS_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SeaBIOS 1.17, src/optionroms.c; ids of 0x10000 stand for those of the image
 */
bool vbios_seabios_runs(const uint8_t *rom, size_t size,
                        uint32_t vendor, uint32_t device);

/* EDK II, PciBusDxe/PciOptionRomSupport.c, on x64 without byte code */
bool vbios_edk2_loads(const uint8_t *rom, size_t size);

/* Linux, drivers/pci/rom.c, pci_get_rom_size() */
size_t vbios_linux_size(const uint8_t *rom, size_t size);

#endif /* TESTS_VBIOS_FIRMWARE_H */
