/*
 * Accesses to an assigned VGA adapter's BARs and config space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each access comes after all earlier writes of the guest to legacy VGA, and
 * may change the meaning of legacy VGA addresses.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "vga-config.h"
#include "vga-engine-internal.h"
#include "qemu/bswap.h"
#include "qemu/range.h"

/* The device's operations are in the engine */
static VFIOVGAEngine *engine_of(VFIODevice *vbasedev)
{
    return container_of(vbasedev->io_ops, VFIOVGAEngine, io_ops);
}

/* While the adapter was bus master, a driver may have used mapped BARs */
static void engine_see_config_write(VFIOVGAEngine *e, uint32_t addr,
                                    uint32_t size, const uint8_t *data)
{
    bool command = range_covers_byte(addr, size, PCI_COMMAND);
    uint8_t value = command ? data[PCI_COMMAND - addr] : 0;
    bool driven = e->bus_master;

    if (command) {
        e->bus_master = value & PCI_COMMAND_MASTER;
    }
    if (driven || e->bus_master ||
        !vfio_vga_config_is_harmless(e->vdev, addr, size, data)) {
        vfio_vga_pending_unpost(&e->pending);
        vfio_vga_engine_forget(e, "config space written");
    }
    vfio_vga_pending_barrier(&e->pending);
    if (command && !(value & PCI_COMMAND_MEMORY)) {
        vfio_vga_pending_end_copy(&e->pending, "decode off");
    }
}

/*
 * The guest uses a BAR that could be mapped, so it is mapped after this access.
 * From then on no write is kept.
 */
static bool engine_gives_bars(VFIOVGAEngine *e, uint8_t nr, off_t off,
                              uint32_t size)
{
    bool gives = e->bars.trapped &&
                 (nr == VFIO_PCI_CONFIG_REGION_INDEX
                  ? e->bus_master
                  : vfio_vga_bars_cover(&e->bars, nr, off, size));

    if (gives) {
        vfio_vga_pending_unpost(&e->pending);
        vfio_vga_engine_forget(e, "BARs mapped");
    }
    return gives;
}

/* A BAR may have the VGA registers as well, or others that move the window */
static void engine_see_bar_write(VFIOVGAEngine *e, uint8_t nr, off_t off,
                                 uint32_t size, const void *data)
{
    VFIOVGAWindow before = e->pending.copy.window;
    VFIOVGAWrite write = {
        .region = nr,
        .offset = off,
        .size = size,
        .data = ldn_le_p(data, size),
    };

    if (vfio_vga_pending_expects(&e->pending, &write)) {
        vfio_vga_pending_barrier(&e->pending);
    }
    if (!vfio_vga_pending_expects(&e->pending, &write)) {
        vfio_vga_engine_forget_window(e, "BAR written");
    }
    e->regs.misc_read = VFIO_VGA_UNKNOWN;
    vfio_vga_pending_note(&e->pending, &write, before);
}

/* Comes after all earlier writes of the guest to legacy VGA */
static int engine_region_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                               uint32_t size, void *data, bool post)
{
    VFIOVGAEngine *e = engine_of(vbasedev);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);
    bool gives;
    int ret;

    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        engine_see_config_write(e, off, size, data);
    } else {
        engine_see_bar_write(e, nr, off, size, data);
    }
    gives = engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_write(vbasedev, nr, off, size, data,
                                       post && !gives);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
    return ret;
}

static int engine_region_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                              uint32_t size, void *data)
{
    VFIOVGAEngine *e = engine_of(vbasedev);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);
    bool gives;
    int ret;

    vfio_vga_pending_barrier(&e->pending);
    gives = nr != VFIO_PCI_CONFIG_REGION_INDEX &&
            engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_read(vbasedev, nr, off, size, data);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
    return ret;
}

/* If unknown, assume that it is on: the guest will write it when it is off */
static bool engine_is_bus_master(VFIODevice *vbasedev)
{
    uint16_t command = 0;
    int ret = vbasedev->io_ops->region_read(vbasedev,
                                            VFIO_PCI_CONFIG_REGION_INDEX,
                                            PCI_COMMAND, sizeof(command),
                                            &command);

    return ret != sizeof(command) ||
           (le16_to_cpu(command) & PCI_COMMAND_MASTER);
}

void vfio_vga_engine_init_ops(VFIOVGAEngine *e)
{
    VFIODevice *vbasedev = &e->vdev->vbasedev;

    e->bus_master = engine_is_bus_master(vbasedev);
    e->adapter_ops = vbasedev->io_ops;
    e->io_ops = *e->adapter_ops;
    e->io_ops.region_read = engine_region_read;
    e->io_ops.region_write = engine_region_write;
    vbasedev->io_ops = &e->io_ops;
    if (e->bus_master && e->bars.trapped) {
        vfio_vga_bars_map(&e->bars);
    }
}
