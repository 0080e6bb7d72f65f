/*
 * When a VGA adapter's BARs are mapped into the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "trace.h"
#include "vga-bars.h"
#include "qemu/range.h"
#include "qemu/timer.h"
#include "system/memory.h"
#include "system/tcg.h"

void vfio_bars_trap(VFIOPCIDevice *vdev, VFIOBARsTrap who, bool trap)
{
    unsigned before = vdev->bars_trapped;
    int i;

    vdev->bars_trapped = trap ? before | who : before & ~who;
    if (!before == !vdev->bars_trapped) {
        return;
    }
    memory_region_transaction_begin();
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_region_mmaps_set_enabled(&vdev->bars[i].region,
                                      !vdev->bars_trapped);
    }
    memory_region_transaction_commit();
}

static int64_t bars_now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
}

static bool bars_can_be_mapped(const VFIOPCIDevice *vdev)
{
    int i, j;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        const VFIORegion *region = &vdev->bars[i].region;

        for (j = 0; j < region->nr_mmaps; j++) {
            if (region->mmaps[j].mmap) {
                return true;
            }
        }
    }
    return false;
}

static void bars_set(VFIOVGABARs *bars, bool trapped)
{
    if (bars->trapped == trapped) {
        return;
    }
    bars->trapped = trapped;
    bars->changes++;
    bars->vdev->vbasedev.regions_trapped = trapped;
    vfio_bars_trap(bars->vdev, VFIO_BARS_TRAP_VGA, trapped);
    trace_vfio_vga_bars(bars->vdev->vbasedev.name, trapped);
}

void vfio_vga_bars_init(VFIOVGABARs *bars, VFIOPCIDevice *vdev, bool wanted)
{
    *bars = (VFIOVGABARs) {
        .vdev = vdev,
        .wanted = wanted && bars_can_be_mapped(vdev),
    };
    vfio_vga_bars_reset(bars);
    bars->changes = 0; /* the guest has not run yet */
}

void vfio_vga_bars_reset(VFIOVGABARs *bars)
{
    if (bars->wanted) {
        bars_set(bars, true);
        bars->since = bars_now_ms();
        bars->rest = 0;
    }
}

void vfio_vga_bars_exit(VFIOVGABARs *bars)
{
    bars_set(bars, false);
}

bool vfio_vga_bars_cover(const VFIOVGABARs *bars, unsigned nr, hwaddr off,
                         unsigned size)
{
    const VFIORegion *region;
    int i;

    if (nr >= PCI_ROM_SLOT) {
        return false;
    }
    region = &bars->vdev->bars[nr].region;
    for (i = 0; i < region->nr_mmaps; i++) {
        if (region->mmaps[i].mmap &&
            ranges_overlap(off, size, region->mmaps[i].offset,
                           region->mmaps[i].size)) {
            return true;
        }
    }
    return false;
}

void vfio_vga_bars_map(VFIOVGABARs *bars)
{
    bars->mapped = bars_now_ms();
    if (bars->mapped - bars->since >= VFIO_VGA_BARS_MOMENT_MS) {
        bars->rest = 0;
    } else {
        bars->rest = MIN(MAX(2 * bars->rest, VFIO_VGA_BARS_REST_MIN_MS),
                         VFIO_VGA_BARS_REST_MAX_MS);
    }
    bars_set(bars, false);
}

bool vfio_vga_bars_trap(VFIOVGABARs *bars)
{
    int64_t now = bars_now_ms();

    if (tcg_enabled() || now - bars->mapped < bars->rest) {
        return false;
    }
    bars->since = now;
    bars_set(bars, true);
    return true;
}
