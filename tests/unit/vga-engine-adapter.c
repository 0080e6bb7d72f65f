/*
 * The assigned adapter as QEMU has it: regions, BARs, quirks, capabilities
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <linux/vfio.h>

#include "vga-engine-adapter.h"
#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"
#include "hw/vfio/vga-regs.h"

static int card_region_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                             uint32_t size, void *data, bool post)
{
    const uint8_t *bytes = data;
    uint32_t i;

    other_runs(20);
    machine.calls += nr == VFIO_PCI_VGA_REGION_INDEX;
    machine.on_its_way = post;
    /*
     * Through a mapped BAR the guest would overtake writes that are on their
     * way.
     */
    g_assert_false(post && machine_bars_mapped() &&
                   !machine.options.no_bar_order);
    for (i = 0; i < size; i++) {
        if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
            card_write_config(&machine.card, off + i, bytes[i]);
        } else if (nr != VFIO_PCI_VGA_REGION_INDEX) {
            card_write_bar(&machine.card, nr, off + i, bytes[i]);
        } else if (off < QEMU_PCI_VGA_MEM_BASE) {
            card_out(&machine.card, off + i, bytes[i]);
        } else {
            card_write_memory(&machine.card, off + i, bytes[i]);
        }
    }
    other_runs(20);
    return size;
}

static uint8_t card_region_byte(uint8_t nr, off_t off)
{
    switch (nr) {
    case VFIO_PCI_CONFIG_REGION_INDEX:
        return card_read_config(&machine.card, off);
    case VFIO_PCI_VGA_REGION_INDEX:
        return off < QEMU_PCI_VGA_MEM_BASE
               ? card_in(&machine.card, off)
               : card_read_memory(&machine.card, off);
    case VFIO_PCI_ROM_REGION_INDEX:
        return machine.card.plane[0][CARD_PROBE];
    default:
        return card_read_bar(&machine.card, nr, off);
    }
}

static int card_region_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                            uint32_t size, void *data)
{
    uint8_t *bytes = data;
    uint32_t i;

    other_runs(20);
    machine.on_its_way = false;
    if (nr == VFIO_PCI_VGA_REGION_INDEX) {
        machine.calls++;
        machine.read_max = MAX(machine.read_max, size);
        machine.misc_reads += off == VFIO_VGA_MISC_READ;
    }
    for (i = 0; i < size; i++) {
        bytes[i] = card_region_byte(nr, off + i);
    }
    return size;
}

static VFIODeviceIOOps card_ops = {
    .region_read = card_region_read,
    .region_write = card_region_write,
};

static void bar_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VFIORegion *region = opaque;
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    uint8_t bytes[8];

    stq_le_p(bytes, value);
    vbasedev->io_ops->region_write(vbasedev, region->nr, addr, size, bytes,
                                   region->nr != CARD_IO_BAR);
}

static uint64_t bar_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIORegion *region = opaque;
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    uint8_t bytes[8] = { };

    vbasedev->io_ops->region_read(vbasedev, region->nr, addr, size, bytes);
    return ldq_le_p(bytes);
}

static const MemoryRegionOps bar_ops = { .read = bar_read, .write = bar_write };

/*
 * Like the quirks of pci-quirks.c; @opaque is the offset in the region at 3c0.
 */
static void quirk_write(void *opaque, hwaddr addr, uint64_t value,
                        unsigned size)
{
    vfio_vga_write(&machine.vdev->vga->region[QEMU_PCI_VGA_IO_HI],
                   (uintptr_t)opaque + addr, value, size);
}

static uint64_t quirk_read(void *opaque, hwaddr addr, unsigned size)
{
    return vfio_vga_read(&machine.vdev->vga->region[QEMU_PCI_VGA_IO_HI],
                         (uintptr_t)opaque + addr, size);
}

static const MemoryRegionOps quirk_ops = {
    .read = quirk_read,
    .write = quirk_write
};

static MemoryRegion quirk_3c2, quirk_3d0;

MemoryRegion *adapter_port(uint32_t port, hwaddr *addr)
{
    VFIOVGARegion *region = machine.vdev->vga->region;

    if (machine.options.quirks && port >= 0x3d0 && port < 0x3d6) {
        *addr = port - 0x3d0;
        return &quirk_3d0;
    }
    if (machine.options.quirks && port >= 0x3c2 && port < 0x3c4) {
        *addr = port - 0x3c2;
        return &quirk_3c2;
    }
    if (port >= QEMU_PCI_VGA_IO_HI_BASE) {
        *addr = port - QEMU_PCI_VGA_IO_HI_BASE;
        return &region[QEMU_PCI_VGA_IO_HI].mem;
    }
    *addr = port - QEMU_PCI_VGA_IO_LO_BASE;
    return &region[QEMU_PCI_VGA_IO_LO].mem;
}

static void add_bar(int nr, uint64_t size, bool mmap)
{
    VFIORegion *region = &machine.vdev->bars[nr].region;

    region->vbasedev = &machine.vdev->vbasedev;
    region->nr = nr;
    region->size = size;
    region->mem = g_new0(MemoryRegion, 1);
    memory_region_init_io(region->mem, OBJECT(machine.vdev), &bar_ops, region,
                          "BAR", size);
    if (mmap) {
        region->nr_mmaps = 1;
        region->mmaps = g_new0(VFIOMmap, 1);
        region->mmaps[0].size = size;
        region->mmaps[0].mmap = region->mmaps; /* anything but NULL will do */
        region->mmaps[0].mem.enabled = true;
    }
}

/* PCI Express has version 2, and MSI has 14 bytes. */
static void add_capabilities(void)
{
    PCIDevice *pdev = PCI_DEVICE(machine.vdev);

    pdev->config = g_malloc0(PCIE_CONFIG_SPACE_SIZE);
    pci_set_word(pdev->config + CARD_EXP + PCI_EXP_FLAGS, 2);
    pdev->pm_cap = CARD_PM;
    pdev->exp.exp_cap = CARD_EXP;
    pdev->msi_cap = CARD_MSI;
    machine.vdev->msi_cap_size = 14;
}

void adapter_create(void)
{
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(object_new(TYPE_VFIO_PCI_DEVICE));

    machine.vdev = vdev;
    vdev->vbasedev.io_ops = &card_ops;
    vdev->vbasedev.name = (char *)"card";
    vdev->vbasedev.num_initial_regions = VFIO_PCI_NUM_REGIONS;
    vdev->class_code = 0x030000;
    vdev->vga_options.engine = machine.options.chain4 ? VFIO_VGA_TIER_CHAIN4
                                                      : VFIO_VGA_TIER_AUTO;
    vdev->vga_options.copy_ram = !machine.options.no_ram;
    vdev->vga_options.bar_order = !machine.options.no_bar_order;
    add_capabilities();
    add_bar(CARD_MEMORY_BAR, CARD_MEMORY_BAR_SIZE, machine.options.mmap);
    add_bar(CARD_MMIO_BAR, CARD_MMIO_BAR_SIZE, machine.options.mmap);
    add_bar(CARD_IO_BAR, CARD_IO_BAR_SIZE, false);
    memory_region_init_io(&quirk_3d0, OBJECT(vdev), &quirk_ops, (void *)0x10,
                          "quirk at 3d0", 6);
    memory_region_init_io(&quirk_3c2, OBJECT(vdev), &quirk_ops, (void *)0x2,
                          "quirk at 3c2", 2);
}

void adapter_free(void)
{
    VFIOPCIDevice *vdev = machine.vdev;
    int i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        g_free(vdev->bars[i].region.mem);
        g_free(vdev->bars[i].region.mmaps);
    }
    g_free(PCI_DEVICE(vdev)->config);
    object_unparent(OBJECT(vdev));
    g_free(g_steal_pointer(&vdev->vga));
    object_unref(OBJECT(vdev));
}
