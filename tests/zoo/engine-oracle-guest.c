/*
 * The guest of the engine's oracle, and the assigned adapter as QEMU has it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <linux/vfio.h>

#include "engine-oracle.h"
#include "pair.h"
#include "vga-engine-adapter.h"
#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"

#define RETRACE_COLOR 0x3da
#define RETRACE_MONO 0x3ba

/*
 * The adapter, on the other side of the engine
 */

int oracle_tier;

static uint8_t config[PCIE_CONFIG_SPACE_SIZE];

static int adapter_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                         uint32_t size, void *data, bool post)
{
    uint32_t i;

    for (i = 0; nr == VFIO_PCI_VGA_REGION_INDEX && i < size; i++) {
        uint8_t byte = ((uint8_t *)data)[i];

        if (off < QEMU_PCI_VGA_MEM_BASE) {
            pair_write_port(PAIR_ASSIGNED, off + i, byte, 1);
        } else {
            pair_write_memory(PAIR_ASSIGNED, off + i, byte, 1);
        }
    }
    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        memcpy(config + off, data, size);
    } else if (nr < PCI_ROM_SLOT) {
        pair_write_bar(PAIR_ASSIGNED, nr, off, ldn_le_p(data, size), size);
    }
    return size;
}

static int adapter_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                        uint32_t size, void *data)
{
    uint32_t i;

    for (i = 0; nr == VFIO_PCI_VGA_REGION_INDEX && i < size; i++) {
        ((uint8_t *)data)[i] = off < QEMU_PCI_VGA_MEM_BASE
                               ? pair_read_port(PAIR_ASSIGNED, off + i, 1)
                               : pair_read_memory(PAIR_ASSIGNED, off + i, 1);
    }
    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        memcpy(data, config + off, size);
    } else if (nr < PCI_ROM_SLOT) {
        stn_le_p(data, size, pair_read_bar(PAIR_ASSIGNED, nr, off, size));
    }
    return size;
}

static VFIODeviceIOOps adapter_ops = {
    .region_read = adapter_read,
    .region_write = adapter_write,
};

static void bar_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    VFIORegion *region = opaque;
    uint32_t bytes = cpu_to_le32(value);

    vbasedev->io_ops->region_write(vbasedev, region->nr, addr, size, &bytes,
                                   false);
}

static uint64_t bar_read(void *opaque, hwaddr addr, unsigned size)
{
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    VFIORegion *region = opaque;
    uint32_t bytes = 0;

    vbasedev->io_ops->region_read(vbasedev, region->nr, addr, size, &bytes);
    return le32_to_cpu(bytes);
}

static const MemoryRegionOps bar_ops = { .read = bar_read, .write = bar_write };

static void add_bar(VFIOPCIDevice *vdev, int nr, uint64_t size)
{
    VFIORegion *region = &vdev->bars[nr].region;

    region->vbasedev = &vdev->vbasedev;
    region->nr = nr;
    region->size = size;
    region->mem = g_new0(MemoryRegion, 1);
    memory_region_init_io(region->mem, OBJECT(vdev), &bar_ops, region, "BAR",
                          size);
}

void adapter_create(void)
{
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(object_new(TYPE_VFIO_PCI_DEVICE));
    int i;

    machine.vdev = vdev;
    vdev->vbasedev.io_ops = &adapter_ops;
    vdev->vbasedev.name = (char *)"zoo";
    vdev->vbasedev.num_initial_regions = VFIO_PCI_NUM_REGIONS;
    vdev->class_code = 0x030000;
    vdev->vga_options.engine = oracle_tier;
    vdev->vga_options.bar_order = true;
    vdev->vga_options.copy_ram = !machine.options.no_ram;
    PCI_DEVICE(vdev)->config = g_malloc0(PCIE_CONFIG_SPACE_SIZE);
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        bool io;
        uint32_t size = pair_bar_size(i, &io);

        if (size) {
            add_bar(vdev, i, size);
        }
    }
}

void adapter_free(void)
{
    VFIOPCIDevice *vdev = machine.vdev;
    int i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        g_free(vdev->bars[i].region.mem);
    }
    g_free(PCI_DEVICE(vdev)->config);
    object_unparent(OBJECT(vdev));
    g_free(g_steal_pointer(&vdev->vga));
    object_unref(OBJECT(vdev));
}

MemoryRegion *adapter_port(uint32_t port, hwaddr *addr)
{
    VFIOVGARegion *region = machine.vdev->vga->region;

    if (port >= QEMU_PCI_VGA_IO_HI_BASE) {
        *addr = port - QEMU_PCI_VGA_IO_HI_BASE;
        return &region[QEMU_PCI_VGA_IO_HI].mem;
    }
    *addr = port - QEMU_PCI_VGA_IO_LO_BASE;
    return &region[QEMU_PCI_VGA_IO_LO].mem;
}

/* What vga-engine-machine.c wants of the adapters of the unit tests */

char *card_compare(const Card *a, const Card *b)
{
    return pair_compare();
}

void card_write_config(Card *card, uint32_t addr, uint8_t value)
{
}

void other_runs(unsigned rarely)
{
}

/*
 * The guest
 */

bool oracle_loads_latches;

static bool registers_written;
static uint8_t crtc_index;

/*
 * CRTC register 22h shows the latches, where six bits of the index are decoded
 * also at 62h, a2h and e2h.  Reads of a mapped copy did not load them.
 */
static bool shows_latches(uint16_t port)
{
    return oracle_loads_latches && (port == 0x3b5 || port == 0x3d5) &&
           crtc_index % 0x40 == 0x22;
}

static void done(void)
{
    machine_pass(machine_random(3000));
}

static void expect(const char *what, uint32_t where, uint32_t direct,
                   uint32_t assigned)
{
    if (direct != assigned) {
        machine_differ("%s at 0x%x: 0x%x directly, 0x%x assigned", what, where,
                       direct, assigned);
    }
}

static bool is_decoded(uint16_t port)
{
    return (port >= QEMU_PCI_VGA_IO_LO_BASE &&
            port < QEMU_PCI_VGA_IO_LO_BASE + QEMU_PCI_VGA_IO_LO_SIZE) ||
           (port >= QEMU_PCI_VGA_IO_HI_BASE &&
            port < QEMU_PCI_VGA_IO_HI_BASE + QEMU_PCI_VGA_IO_HI_SIZE);
}

/* An access that is only partly to the mapped copy is made by bytes. */
static void access_memory(uint32_t address, uint64_t *data, unsigned size,
                          bool write)
{
    bool inside = view_covers(address, 1);
    bool split = inside != view_covers(address + size - 1, 1);
    unsigned i;

    for (i = 0; split && i < size; i++) {
        uint64_t byte = extract64(*data, 8 * i, 8);

        access_memory(address + i, &byte, 1, write);
        *data = deposit64(*data, 8 * i, 8, byte);
    }
    if (split) {
        return;
    }
    if (!inside) {
        access_region(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                      address - QEMU_PCI_VGA_MEM_BASE, data, size, write);
    } else if (write) {
        stn_le_p(copy_ram + (address - view.addr), size, *data);
    } else {
        *data = ldn_le_p(copy_ram + (address - view.addr), size);
    }
}

static void load_latches(void)
{
    if (oracle_loads_latches && registers_written) {
        registers_written = false;
        oracle_read(0xa0000, 1);
        oracle_read(0xb0000, 1);
        oracle_read(0xb8000, 1);
    }
}

void oracle_write(uint32_t address, uint32_t value, unsigned size)
{
    uint64_t data = value;

    load_latches();
    machine_note("write%u %x = %x", size, address, value);
    pair_write_memory(PAIR_DIRECT, address, value, size);
    access_memory(address, &data, size, true);
    done();
}

uint32_t oracle_read(uint32_t address, unsigned size)
{
    uint32_t direct = pair_read_memory(PAIR_DIRECT, address, size);
    uint64_t data = 0;

    machine_note("read%u %x (%x)", size, address, direct);
    access_memory(address, &data, size, false);
    expect("memory", address, direct, data);
    done();
    return direct;
}

void oracle_out(uint16_t port, uint32_t value, unsigned size)
{
    uint64_t data = value;
    hwaddr addr;
    MemoryRegion *mr;

    if (!is_decoded(port)) {
        return;
    }
    machine_note("out%u %x = %x", size, port, value);
    registers_written = true;
    if (port == 0x3b4 || port == 0x3d4) {
        crtc_index = value;
    }
    mr = adapter_port(port, &addr);
    pair_write_port(PAIR_DIRECT, port, value, size);
    access_region(mr, addr, &data, size, true);
    done();
}

uint32_t oracle_in(uint16_t port, unsigned size)
{
    uint64_t data = 0;
    uint32_t direct;
    hwaddr addr;
    MemoryRegion *mr;

    if (!is_decoded(port)) {
        return 0;
    }
    mr = adapter_port(port, &addr);
    direct = pair_read_port(PAIR_DIRECT, port, size);
    machine_note("in%u %x (%x)", size, port, direct);
    access_region(mr, addr, &data, size, false);
    if (port != RETRACE_COLOR && port != RETRACE_MONO &&
        !shows_latches(port)) {
        expect("port", port, direct, data);
    }
    done();
    return direct;
}

void oracle_write_bar(int bar, uint32_t offset, uint32_t value)
{
    uint64_t data = value;

    machine_note("BAR %d + %x = %x", bar, offset, value);
    registers_written = true;
    pair_write_bar(PAIR_DIRECT, bar, offset, value, 4);
    access_region(machine.vdev->bars[bar].region.mem, offset, &data, 4, true);
    done();
}

uint32_t oracle_read_bar(int bar, uint32_t offset)
{
    uint32_t direct = pair_read_bar(PAIR_DIRECT, bar, offset, 4);
    uint64_t data = 0;

    machine_note("BAR %d + %x (%x)", bar, offset, direct);
    access_region(machine.vdev->bars[bar].region.mem, offset, &data, 4, false);
    expect("BAR", offset, direct, data);
    done();
    return direct;
}

void oracle_pass(int64_t ns)
{
    machine_note("%" PRId64 " ns pass", ns);
    machine_pass(ns);
}

void guest_write_config(uint32_t addr, uint32_t value, unsigned size)
{
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    uint32_t bytes = cpu_to_le32(value);

    vbasedev->io_ops->region_write(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                   addr, size, &bytes, false);
}
