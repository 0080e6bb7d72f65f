/*
 * The data path of a VGA's Graphics Controller
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All of it is in IBM's "PS/2 Hardware Interface Technical Reference: Video
 * Subsystem" (1992).
 */

#ifndef HW_VFIO_VGA_GC_H
#define HW_VFIO_VGA_GC_H

#include "qemu/bitops.h"

#define VFIO_VGA_GC_PLANES 4

/* Indices of the registers */
#define VFIO_VGA_GC_SET_RESET 0
#define VFIO_VGA_GC_ENABLE_SET_RESET 1
#define VFIO_VGA_GC_COLOR_COMPARE 2
#define VFIO_VGA_GC_ROTATE 3        /* and logical function */
#define VFIO_VGA_GC_READ_MAP 4
#define VFIO_VGA_GC_MODE 5
#define VFIO_VGA_GC_MISC 6
#define VFIO_VGA_GC_COLOR_DONT_CARE 7
#define VFIO_VGA_GC_BIT_MASK 8

/* Bits of VFIO_VGA_GC_MODE */
#define VFIO_VGA_GC_MODE_WRITE 0x03
#define VFIO_VGA_GC_MODE_READ 0x08

#define VFIO_VGA_GC_ALL_BITS 0xff

/* A bit of a register, as the eight bits of a plane's byte */
static inline uint8_t vfio_vga_gc_bits(int value, int plane)
{
    return value & (1 << plane) ? VFIO_VGA_GC_ALL_BITS : 0;
}

/* The logical function, which comes before the bit mask */
static inline uint8_t vfio_vga_gc_function(const int16_t *gr, uint8_t data,
                                           uint8_t latch)
{
    switch (gr[VFIO_VGA_GC_ROTATE] >> 3 & 3) {
    case 1:
        return data & latch;
    case 2:
        return data | latch;
    case 3:
        return data ^ latch;
    default:
        return data;
    }
}

/**
 * vfio_vga_gc_written: the byte of a plane after a write
 *
 * @gr: the registers, all known
 * @plane: 0 to 3
 * @data: what the processor writes
 * @latch: the plane's
 */
static inline uint8_t vfio_vga_gc_written(const int16_t *gr, int plane,
                                          uint8_t data, uint8_t latch)
{
    uint8_t mask = gr[VFIO_VGA_GC_BIT_MASK];
    uint8_t rotated = ror8(data, gr[VFIO_VGA_GC_ROTATE] & 7);

    switch (gr[VFIO_VGA_GC_MODE] & VFIO_VGA_GC_MODE_WRITE) {
    case 0:
        data = gr[VFIO_VGA_GC_ENABLE_SET_RESET] & (1 << plane)
               ? vfio_vga_gc_bits(gr[VFIO_VGA_GC_SET_RESET], plane) : rotated;
        data = vfio_vga_gc_function(gr, data, latch);
        break;
    case 1:
        return latch;
    case 2:
        data = vfio_vga_gc_function(gr, vfio_vga_gc_bits(data, plane), latch);
        break;
    case 3:
        mask &= rotated;
        data = vfio_vga_gc_bits(gr[VFIO_VGA_GC_SET_RESET], plane);
        break;
    }
    return (data & mask) | (latch & ~mask);
}

/**
 * vfio_vga_gc_read: what a read gives
 *
 * @gr: the registers, all known
 * @bytes: a byte of each plane
 *
 * In read mode 1 a bit is set where all selected planes match.
 */
static inline uint8_t vfio_vga_gc_read(const int16_t *gr,
                                       const uint8_t bytes[VFIO_VGA_GC_PLANES])
{
    uint8_t differ = 0;
    int p;

    if (!(gr[VFIO_VGA_GC_MODE] & VFIO_VGA_GC_MODE_READ)) {
        return bytes[gr[VFIO_VGA_GC_READ_MAP] & (VFIO_VGA_GC_PLANES - 1)];
    }
    for (p = 0; p < VFIO_VGA_GC_PLANES; p++) {
        if (gr[VFIO_VGA_GC_COLOR_DONT_CARE] & (1 << p)) {
            differ |= bytes[p] ^
                      vfio_vga_gc_bits(gr[VFIO_VGA_GC_COLOR_COMPARE], p);
        }
    }
    return ~differ;
}

#endif /* HW_VFIO_VGA_GC_H */
