/*
 * An adapter with a VBIOS, and a guest that looks at it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   vga-rom-bench.c  images, the adapter, the machine
 *   vga-rom-test.c   the ROM region, properties
 *   vga-rom-flash.c  the flash ROM
 *   vga-rom-file.c   romfile=, UEFI
 */

#ifndef TESTS_VGA_ROM_BENCH_H
#define TESTS_VGA_ROM_BENCH_H

#include "vfio-user-machine.h"

#define ROM         VFIO_PCI_ROM_REGION_INDEX
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ROM_ADDRESS 0xe0000000
#define NVIDIA      0x10de
#define GM204       0x124000a1      /* NV_PMC_BOOT_0 */
#define CONTROL     0x88050
#define CLOSED      0x00000001
#define PROM        0x300000

enum { X86 = 0, EFI = 3 };

typedef struct Image {
    uint32_t size;
    uint16_t vendor, device;
    uint8_t type;
    bool more;
    uint8_t mark;           /* differs between images */
} Image;

extern char *rom_directory;

void image_sum(uint8_t *image, uint32_t size);
void image_make(uint8_t *data, const Image *image);
extern const Image ours;
extern const Image nvidia;
/* Returns the name of a file with the images one behind the other; g_free() */
char *file_of(const void *data, size_t size);
char *file_of_image(const Image *image);

Adapter *adapter_with(const Image *image);
/* The ROM region has an image that has run: its entry point returns at once */
void adapter_post(Adapter *adapter, uint32_t size);
void adapter_set_flash(Adapter *adapter, const Image *image);

void start(Machine *machine, Adapter *adapter, const char *options);
/* Plug it with x-vga=on; @json: further properties, each followed by a comma */
void plug(Machine *machine, const char *json);
void start_plugged(Machine *machine, Adapter *adapter, const char *json);
void plug_fails(Machine *machine, const char *json, const char *why);
void says(Machine *machine, const char *what);
void says_nothing(Machine *machine);
/* Check what the guest sees in its ROM BAR */
void guest_sees(Machine *machine, const void *data, size_t size);
void guest_sees_image(Machine *machine, const Image *image);

/*
 * The cases of each file
 */
void rom_add_flash(void);
void rom_add_file(void);

#endif /* TESTS_VGA_ROM_BENCH_H */
