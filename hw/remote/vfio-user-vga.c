/*
 * The legacy VGA region of a card served over vfio-user
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A card's legacy ranges are not in its BARs, so a client that has only the
 * BARs can give its guest a framebuffer, but no VGA.  The kernel's vfio-pci
 * offers the ranges as one more region; this is the same region for emulated
 * cards.
 *
 * Unlike a BAR, the region has holes, in which are other devices' addresses.  A
 * guest's accesses come one at a time and at most 8 bytes wide, but a client
 * may send 128 KiB at once, or any nonsense: it is another process with its own
 * guest, and no message of it may end this process.
 */

#include "qemu/osdep.h"

#include "hw/display/vga-space.h"
#include "hw/pci/pci_device.h"
#include "hw/remote/vfio-user-vga.h"
#include "qapi/error.h"
#include "trace.h"

#define VFU_VGA_SIZE (QEMU_PCI_VGA_MEM_BASE + QEMU_PCI_VGA_MEM_SIZE)

static const struct {
    hwaddr base; /* bus address or port, and offset in the region */
    hwaddr size;
    bool ports;
} vfu_vga_ranges[] = {
    { QEMU_PCI_VGA_MEM_BASE, QEMU_PCI_VGA_MEM_SIZE, false },
    { QEMU_PCI_VGA_IO_LO_BASE, QEMU_PCI_VGA_IO_LO_SIZE, true },
    { QEMU_PCI_VGA_IO_HI_BASE, QEMU_PCI_VGA_IO_HI_SIZE, true },
};

/* The index of the range that contains all of an access, or -1 */
static int vfu_vga_range(hwaddr offset, hwaddr count)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(vfu_vga_ranges); i++) {
        hwaddr base = vfu_vga_ranges[i].base;
        hwaddr size = vfu_vga_ranges[i].size;

        if (offset >= base && offset - base < size &&
            count <= size - (offset - base)) {
            return i;
        }
    }
    return -1;
}

/* The width of a cycle: that of the access if ports can have it, else a byte */
static hwaddr vfu_vga_cycle(bool ports, hwaddr count)
{
    if (!ports || count == 1 || count == 2 || count == 4) {
        return count;
    }
    return 1;
}

static ssize_t vfu_vga_access(vfu_ctx_t *ctx, char * const buf, size_t count,
                              loff_t offset, const bool is_write)
{
    VGASpace *space = vga_space_of(OBJECT(vfu_object_card(ctx)));
    int range = vfu_vga_range(offset, count);
    MemTxResult result = MEMTX_OK;
    AddressSpace *as;
    hwaddr done, cycle;

    trace_vfu_vga_access(is_write ? "write" : "read", offset, count,
                         range < 0 ? "refused" : "done");
    if (!space || range < 0) {
        errno = EINVAL;
        return -1;
    }

    as = vfu_vga_ranges[range].ports ? &space->io_as : &space->mem_as;
    cycle = vfu_vga_cycle(vfu_vga_ranges[range].ports, count);
    for (done = 0; done < count; done += cycle) {
        result |= address_space_rw(as, offset + done, MEMTXATTRS_UNSPECIFIED,
                                   buf + done, cycle, is_write);
    }
    if (result != MEMTX_OK) {
        errno = EIO;
        return -1;
    }

    return count;
}

bool vfu_vga_setup(vfu_ctx_t *ctx, const char *name, Error **errp)
{
    if (!vga_space_of(OBJECT(vfu_object_card(ctx)))) {
        return true;
    }
    if (vfu_setup_region(ctx, VFU_PCI_DEV_VGA_REGION_IDX, VFU_VGA_SIZE,
                         vfu_vga_access, VFU_REGION_FLAG_RW, NULL, 0, -1,
                         0) < 0) {
        error_setg(errp, "vfu: Failed to setup the VGA region of %s - %s",
                   name, strerror(errno));
        return false;
    }
    return true;
}

void vfu_vga_reset(PCIDevice *card)
{
    VGASpace *space = vga_space_of(OBJECT(card));

    if (space) {
        space->reset(space->opaque);
    }
}
