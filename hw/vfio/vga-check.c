/*
 * Which of an adapter's own registers leave its window as it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "trace.h"
#include "vga-check.h"
#include "vga-regs.h"
#include "hw/vfio/vfio-device.h"

void vfio_vga_check_forget(VFIOVGACheck *check)
{
    check->watched = check->learned = false;
}

static bool check_same(const VFIOVGAWrite *a, const VFIOVGAWrite *b)
{
    return a->region == b->region && a->offset == b->offset &&
           a->index == b->index && a->size == b->size && a->data == b->data;
}

bool vfio_vga_check_expects(const VFIOVGACheck *check,
                            const VFIOVGAWrite *write)
{
    return check->learned && write->index != VFIO_VGA_UNKNOWN &&
           check_same(&check->write, write);
}

void vfio_vga_check_begin(VFIOVGACheck *check, const VFIOVGACopy *copy,
                          VFIOVGAWindow window, const VFIOVGAWrite *write)
{
    check->write = *write;
    check->watched = true;
    check->learned = check->changed = false;
    check->window = window;
    memcpy(check->kept, copy->adapter, window.size);
    bitmap_zero(check->written, VFIO_VGA_WINDOW_MAX);
}

void vfio_vga_check_keep(VFIOVGACheck *check, uint32_t offset, uint32_t size,
                         const void *data)
{
    uint32_t at = offset - check->window.base;

    if (vfio_vga_window_covers(&check->window, offset, size)) {
        check->changed |= memcmp(check->kept + at, data, size);
        memcpy(check->kept + at, data, size);
        bitmap_set(check->written, at, size);
    } else {
        vfio_vga_check_forget(check); /* the memory may be the same */
    }
}

/* Characters and attributes alternate, so every other byte is compared */
static bool check_tells(const VFIOVGACheck *check)
{
    unsigned differ = 0;
    uint32_t i;

    for (i = 2; i < check->window.size && differ < VFIO_VGA_CHECK_DIFFER; i++) {
        differ += check->kept[i] != check->kept[i - 2] &&
                  !test_bit(i, check->written) &&
                  !test_bit(i - 2, check->written);
    }
    return differ == VFIO_VGA_CHECK_DIFFER;
}

void vfio_vga_check_compare(VFIOVGACheck *check, const VFIOVGACopy *copy)
{
    if (!check->watched) {
        return;
    }
    check->watched = false;
    check->learned = check->window.key == copy->window.key &&
                     check->changed && check_tells(check) &&
                     !memcmp(check->kept, copy->adapter, copy->window.size);
    if (check->learned) {
        trace_vfio_vga_check_learned(copy->region->vbasedev->name,
                                     check->write.offset);
    }
}
