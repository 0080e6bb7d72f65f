/*
 * Combining writes to legacy VGA memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "trace.h"
#include "vga-combine.h"
#include "hw/vfio/vfio-device.h"

void vfio_vga_combine_put(VFIOVGACombine *combine)
{
    VFIOVGAHostRegion *region = combine->region;
    uint64_t calls = region->writes;
    uint32_t size = combine->size;

    combine->size = 0;
    if (combine->pending == 1) {
        vfio_vga_region_write(region, combine->base, size, combine->data);
        return;
    }
    vfio_vga_region_put(region, combine->base, size, combine->data, false);
    combine->writes += combine->pending;
    combine->calls += region->writes - calls;
    trace_vfio_vga_combine_put(region->vbasedev->name, combine->base, size,
                               combine->pending);
}

void vfio_vga_combine_write(VFIOVGACombine *combine, uint32_t offset,
                            uint32_t size, const void *data)
{
    if (offset != combine->base + combine->size ||
        combine->size + size > sizeof(combine->data)) {
        vfio_vga_combine_flush(combine);
    }
    if (!combine->size) {
        combine->base = offset;
        combine->pending = 0;
    }
    memcpy(combine->data + combine->size, data, size);
    combine->size += size;
    combine->pending++;
}
