/*
 * The VGA region of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A call on this region can fail where a cycle on a bus cannot.  Several
 * adapters share the legacy addresses, so Linux locks them in its VGA arbiter
 * for each call (vfio_pci_vga_rw() in drivers/vfio/pci/vfio_pci_rdwr.c) and
 * waits, interruptibly, while another owner holds them.  A vCPU gets many
 * signals, and each ends the wait with -EINTR.  A dropped access is a lost
 * pixel or, worse, a register written through the wrong index.  An adapter can
 * also be gone or powered down.  Then every access fails, thousands for each
 * screen that the guest draws, so only the first failure is reported.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-arbiter.h"
#include "vga-bars.h"
#include "vga-region.h"
#include "qemu/error-report.h"

#define DAC_WRITE_INDEX 0x3c8
#define DAC_DATA 0x3c9

void vfio_vga_region_init(VFIOVGAHostRegion *region, VFIODevice *vbasedev)
{
    *region = (VFIOVGAHostRegion) {
        .vbasedev = vbasedev,
        .io_ops = vbasedev->io_ops,
    };
}

/*
 * On PCI a memory write is posted, but a port write is not: its initiator waits
 * for the completion (in PCI Express terms, an I/O Write is a Non-Posted
 * Request).  A guest may rely on a port write being complete after the
 * instruction, so the call must not return earlier.  The colors of the DAC are
 * an exception: they only change how a picture looks, and a mode set writes
 * hundreds of them.  While BARs are mapped into the guest, nothing is posted:
 * an access through them would overtake a write that is still on its way to a
 * vfio-user server.
 */
static bool region_may_post(const VFIOVGAHostRegion *region, uint32_t offset,
                            uint32_t size)
{
    return (offset >= QEMU_PCI_VGA_MEM_BASE ||
            (offset >= DAC_WRITE_INDEX && offset + size - 1 <= DAC_DATA)) &&
           !(region->bars && vfio_vga_bars_mapped(region->bars));
}

/*
 * Make one call, and repeat it while the host asks for that.  A call is made
 * wholly or not at all: Linux locks the arbiter before the first byte moves.
 * All calls for one access of the guest share @tries.
 *
 * Returns the number of bytes moved, or -errno.
 */
static int region_call(VFIOVGAHostRegion *region, bool write, uint32_t offset,
                       uint32_t size, void *data, unsigned *tries)
{
    VFIODevice *vbasedev = region->vbasedev;
    int ret;

    do {
        --*tries;
        if (region->arbiter) {
            vfio_vga_arbiter_use(region->arbiter);
        }
        if (write) {
            region->writes++;
            ret = region->io_ops->region_write(
                vbasedev, VFIO_PCI_VGA_REGION_INDEX, offset, size, data,
                region_may_post(region, offset, size));
        } else {
            region->reads++;
            ret = region->io_ops->region_read(
                vbasedev, VFIO_PCI_VGA_REGION_INDEX, offset, size, data);
        }
    } while ((ret == -EINTR || ret == -EAGAIN) && *tries);

    return ret;
}

static void region_failed(VFIOVGAHostRegion *region, bool write,
                          uint32_t offset, uint32_t size, int ret)
{
    const char *name = region->vbasedev->name;
    const char *direction = write ? "write" : "read";
    const char *reason = ret < 0 ? strerror(-ret) : "short transfer";

    region->failed = true;
    region->failures++;
    trace_vfio_vga_region_failed(name, direction, offset, size, reason);

    if (region->warned) {
        return;
    }
    region->warned = true;
    warn_report(VFIO_MSG_PREFIX "%u-byte legacy VGA %s at 0x%x failed: %s",
                name, size, direction, offset, reason);
    error_printf("The guest reads all ones and its writes are lost while the "
                 "adapter does not answer.\n"
                 "Look at the host's kernel log and at the adapter's power "
                 "state; further failures are\n"
                 "only counted: \"info vga\" in the monitor shows "
                 "them.\n");
}

void vfio_vga_region_read(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data)
{
    unsigned tries = VFIO_VGA_REGION_TRIES;
    int ret = region_call(region, false, offset, size, data, &tries);

    if (ret != (int)size) {
        region_failed(region, false, offset, size, ret);
        memset(data, 0xff, size);
    }
}

void vfio_vga_region_write(VFIOVGAHostRegion *region, uint32_t offset,
                           uint32_t size, const void *data)
{
    unsigned tries = VFIO_VGA_REGION_TRIES;
    int ret = region_call(region, true, offset, size, (void *)data, &tries);

    if (ret != (int)size) {
        region_failed(region, true, offset, size, ret);
    }
}

/* At most @width bytes, and aligned, as a guest could have written them */
static uint32_t region_piece(uint32_t offset, uint32_t size, uint32_t width)
{
    uint32_t piece = width;

    while (piece > size || offset % piece) {
        piece /= 2;
    }
    return piece;
}

void vfio_vga_region_put(VFIOVGAHostRegion *region, uint32_t offset,
                         uint32_t size, const void *data, bool one)
{
    uint32_t width = region->width ?: sizeof(uint64_t);
    uint8_t *bytes = (uint8_t *)data;
    bool whole = one || !region->width;
    unsigned tries = VFIO_VGA_REGION_TRIES;

    while (size) {
        uint32_t done = whole ? size : region_piece(offset, size, width);
        int ret;

        tries = MAX(tries, 1); /* try each at least once */
        ret = region_call(region, true, offset, done, bytes, &tries);
        if (ret > 0) {
            done = MIN(ret, done);
        } else if (whole && done > 1) {
            whole = false;
            continue;
        } else {
            region_failed(region, true, offset, done, ret);
        }
        offset += done;
        bytes += done;
        size -= done;
    }
}

bool vfio_vga_region_peek(VFIOVGAHostRegion *region, uint32_t offset,
                          uint32_t size, void *data)
{
    unsigned tries = VFIO_VGA_REGION_TRIES;

    return region_call(region, false, offset, size, data, &tries) ==
           (int)size;
}
