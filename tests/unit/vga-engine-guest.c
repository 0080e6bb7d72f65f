/*
 * The guest, which makes each access to the assigned adapter and to the direct
 * one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <linux/vfio.h>

#include "vga-engine-adapter.h"
#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"

static void access_memory(uint32_t addr, uint64_t *value, unsigned size,
                          bool write)
{
    uint8_t *copy = copy_ram + (addr - view.addr);

    if (!view_covers(addr, size)) {
        access_region(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                      addr - QEMU_PCI_VGA_MEM_BASE, value, size, write);
    } else if (write) {
        stn_le_p(copy, size, *value);
    } else {
        *value = ldn_le_p(copy, size);
    }
}

/* The guest runs for some time until its next access. */
static void done(void)
{
    machine_pass(machine_random(3000));
}

static void expect(const char *what, uint32_t where, uint64_t direct,
                   uint64_t assigned)
{
    if (direct != assigned) {
        machine_differ("%s at 0x%x: 0x%" PRIx64 ", 0x%" PRIx64, what, where,
                       direct, assigned);
    }
}

void guest_write(uint32_t addr, uint32_t value, unsigned size)
{
    uint64_t data = value;
    unsigned i;

    machine_note("write%u %x = %x%s", size, addr, value,
                 view_covers(addr, size) ? " (copy)" : "");
    for (i = 0; i < size; i++) {
        card_write_memory(&machine.direct, addr + i, value >> 8 * i);
    }
    access_memory(addr, &data, size, true);
    done();
}

uint32_t guest_read(uint32_t addr, unsigned size)
{
    uint64_t direct = 0, data = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        direct |= (uint64_t)card_read_memory(&machine.direct, addr + i)
                  << 8 * i;
    }
    machine_note("read%u %x (%" PRIx64 ")%s", size, addr, direct,
                 view_covers(addr, size) ? " (copy)" : "");
    access_memory(addr, &data, size, false);
    expect("memory", addr, direct, data);
    done();
    return data;
}

void guest_out(uint32_t port, uint32_t value, unsigned size)
{
    uint64_t data = value;
    hwaddr addr;
    MemoryRegion *mr = adapter_port(port, &addr);
    unsigned i;

    machine_note("out%u %x = %x", size, port, value);
    for (i = 0; i < size; i++) {
        card_out(&machine.direct, port + i, value >> 8 * i);
    }
    access_region(mr, addr, &data, size, true);
    done();
}

uint32_t guest_in(uint32_t port)
{
    uint64_t data = 0;
    hwaddr addr;
    MemoryRegion *mr = adapter_port(port, &addr);
    uint8_t direct = card_in(&machine.direct, port);

    machine_note("in %x (%x)", port, direct);
    access_region(mr, addr, &data, 1, false);
    expect("port", port, direct, data);
    done();
    return data;
}

void guest_set(uint32_t port, uint8_t index, uint8_t value, bool wide)
{
    if (wide) {
        guest_out(port, value << 8 | index, 2);
    } else {
        guest_out(port, index, 1);
        guest_out(port + 1, value, 1);
    }
}

void guest_write_bar(int bar, uint32_t offset, uint8_t value)
{
    uint64_t data = value;

    machine_note("BAR %d + %x = %x%s", bar, offset, value,
                 view.bar[bar] ? " (mapped)" : "");
    card_write_bar(&machine.direct, bar, offset, value);
    if (view.bar[bar]) {
        card_write_bar(&machine.card, bar, offset, value);
    } else {
        access_region(machine.vdev->bars[bar].region.mem, offset, &data, 1,
                      true);
    }
    done();
}

uint8_t guest_read_bar(int bar, uint32_t offset)
{
    uint8_t direct = card_read_bar(&machine.direct, bar, offset);
    uint64_t data = 0;

    machine_note("BAR %d + %x (%x)%s", bar, offset, direct,
                 view.bar[bar] ? " (mapped)" : "");
    if (view.bar[bar]) {
        data = card_read_bar(&machine.card, bar, offset);
    } else {
        access_region(machine.vdev->bars[bar].region.mem, offset, &data, 1,
                      false);
    }
    expect("BAR", offset, direct, data);
    done();
    return data;
}

/*
 * A guest reaches config space by another device's region, for which the memory
 * core does not empty the ring; this is what vfio_pci_write_config() does.
 */
void guest_write_config(uint32_t addr, uint32_t value, unsigned size)
{
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    uint8_t bytes[4];
    unsigned i;

    machine_note("config%u %x = %x", size, addr, value);
    stl_le_p(bytes, value);
    for (i = 0; i < size; i++) {
        card_write_config(&machine.direct, addr + i, bytes[i]);
    }
    vbasedev->io_ops->region_write(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                   addr, size, bytes, false);
    done();
}

static uint8_t read_region(uint8_t nr, uint32_t offset)
{
    VFIODevice *vbasedev = &machine.vdev->vbasedev;
    uint8_t data = 0;

    vbasedev->io_ops->region_read(vbasedev, nr, offset, 1, &data);
    return data;
}

uint8_t guest_read_config(uint32_t addr)
{
    uint8_t direct = card_read_config(&machine.direct, addr);
    uint8_t data;

    machine_note("config %x (%x)", addr, direct);
    data = read_region(VFIO_PCI_CONFIG_REGION_INDEX, addr);
    expect("config", addr, direct, data);
    done();
    return data;
}

void guest_read_rom(void)
{
    uint8_t direct = machine.direct.plane[0][CARD_PROBE];

    machine_note("ROM (%x)", direct);
    expect("ROM", 0, direct, read_region(VFIO_PCI_ROM_REGION_INDEX, 0));
    done();
}
