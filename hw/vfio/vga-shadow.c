/*
 * A copy of a VGA adapter's window that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "qemu/atomic.h"
#include "vga-shadow.h"

#define WORD sizeof(uint64_t)

uint32_t vfio_vga_shadow_next(const uint64_t *guest, uint64_t *adapter,
                              uint32_t size, uint32_t from, uint32_t *start)
{
    uint32_t first = 0, end = 0; /* in words; @end 0: none yet */
    uint32_t i;

    for (i = from / WORD; i < size / WORD; i++) {
        uint64_t now = qatomic_read(&guest[i]);

        if (now == adapter[i]) {
            continue;
        }
        if (end && i - end > VFIO_VGA_SHADOW_GAP / WORD) {
            break;
        }
        first = end ? first : i;
        end = i + 1;
        adapter[i] = now;
    }

    *start = first * WORD;
    return (end - (end ? first : 0)) * WORD;
}
