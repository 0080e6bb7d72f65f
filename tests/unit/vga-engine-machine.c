/*
 * A machine for the engine of legacy VGA accesses: the adapter and the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The second processor runs in guest mode while the first is in QEMU, at each
 * point where the first does something slow or looks at the ring.  There it can
 * do what needs no exit, and does it where the first does nothing: so it makes
 * no difference which of them was first, unless a write is lost, or comes after
 * a later one of the second processor itself.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"
#include "hw/vfio/vga-regs.h"
#include "qapi/error.h"
#include "qemu/timer.h"

#define OTHER_TEXT 0x6000 /* the second processor's part of a text window */
#define OTHER_SIZE 0x40
#define NOTES 64

Machine machine;

/*
 * What was done, and what differs
 */

static char notes[NOTES][80];
static unsigned long noted;

void machine_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(notes[noted++ % NOTES], sizeof(notes[0]), format, args);
    va_end(args);
}

unsigned long machine_noted(void)
{
    return noted;
}

static void differ(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void differ(const char *format, ...)
{
    g_autofree char *text = NULL;
    unsigned long i;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    for (i = noted > NOTES ? noted - NOTES : 0; i < noted; i++) {
        g_test_message("%lu: %s", i, notes[i % NOTES]);
    }
    g_test_message("after %lu accesses: %s", noted, text);
    g_assert_cmpstr(text, ==, "no difference");
}

uint32_t machine_random(uint32_t below)
{
    machine.random ^= machine.random << 13;
    machine.random ^= machine.random >> 7;
    machine.random ^= machine.random << 17;
    return (machine.random * 0x2545f4914f6cdd1d >> 33) % below;
}

/*
 * The adapter
 */

static int card_region_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                             uint32_t size, void *data, bool post)
{
    const uint8_t *bytes = data;
    uint32_t i;

    other_runs(20);
    machine.calls += nr == VFIO_PCI_VGA_REGION_INDEX;
    machine.on_its_way = post;
    /* Through a mapped BAR the guest gets there before what is on its way */
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

/*
 * BARs and quirks
 */

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

/* As quirks do in pci-quirks.c, from @opaque in the region at 3c0 on */
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

static MemoryRegion *port_region(uint32_t port, hwaddr *addr)
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

/*
 * The guest
 */

static bool copy_covers(uint32_t addr, unsigned size)
{
    return view.mapped && addr >= view.addr &&
           addr + size <= view.addr + view.size;
}

bool machine_copy_mapped(void)
{
    return view.mapped;
}

bool machine_bars_mapped(void)
{
    return view.bar[CARD_MEMORY_BAR];
}

static void access_memory(uint32_t addr, uint64_t *value, unsigned size,
                          bool write)
{
    uint8_t *copy = copy_ram + (addr - view.addr);

    if (!copy_covers(addr, size)) {
        access_region(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                      addr - QEMU_PCI_VGA_MEM_BASE, value, size, write);
    } else if (write) {
        stn_le_p(copy, size, *value);
    } else {
        *value = ldn_le_p(copy, size);
    }
}

/* The rest of the time that the guest gets to run meanwhile */
static void done(void)
{
    machine_pass(machine_random(3000));
}

static void expect(const char *what, uint32_t where, uint64_t direct,
                   uint64_t assigned)
{
    if (direct != assigned) {
        differ("%s at 0x%x: 0x%" PRIx64 ", 0x%" PRIx64, what, where, direct,
               assigned);
    }
}

void guest_write(uint32_t addr, uint32_t value, unsigned size)
{
    uint64_t data = value;
    unsigned i;

    machine_note("write%u %x = %x%s", size, addr, value,
                 copy_covers(addr, size) ? " (copy)" : "");
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
                 copy_covers(addr, size) ? " (copy)" : "");
    access_memory(addr, &data, size, false);
    expect("memory", addr, direct, data);
    done();
    return data;
}

void guest_out(uint32_t port, uint32_t value, unsigned size)
{
    uint64_t data = value;
    hwaddr addr;
    MemoryRegion *mr = port_region(port, &addr);
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
    MemoryRegion *mr = port_region(port, &addr);
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

/* Another device's, so its handler empties no ring: vfio_pci_write_config() */
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

/*
 * The second processor
 */

/* In a text mode, and while its font is loaded: in the window and beside it */
static const struct {
    uint32_t start[2];
    uint8_t sr2, sr4, gr4, gr5, gr6;
} other_modes[] = {
    { { 0xb8000 + OTHER_TEXT, 0xb8000 + OTHER_TEXT }, 3, 2, 0, 0x10, 0x0e },
    { { 0xa1f80, 0xa2f00 }, 4, 7, 2, 0x00, 0x04 },
};

static bool other_is_mode(const Card *card, int i)
{
    return (card->misc & 2) && !card->off && !card->gr[1] && !card->gr[3] &&
           card->gr[8] == 0xff && card->sr[2] == other_modes[i].sr2 &&
           card->sr[4] == other_modes[i].sr4 &&
           card->gr[4] == other_modes[i].gr4 &&
           card->gr[5] == other_modes[i].gr5 &&
           card->gr[6] == other_modes[i].gr6;
}

/* Both adapters are in it, so nothing that the first one does now changes it */
static int other_mode(void)
{
    int i;

    for (i = ARRAY_SIZE(other_modes) - 1; i >= 0; i--) {
        if (other_is_mode(&machine.direct, i) &&
            other_is_mode(&machine.card, i) &&
            machine.direct.misc == machine.card.misc &&
            machine.direct.bank == machine.card.bank) {
            break;
        }
    }
    return i;
}

static uint32_t other_address(int mode)
{
    return other_modes[mode].start[!machine_random(8)] +
           machine_random(OTHER_SIZE);
}

static void other_writes_memory(void)
{
    int mode = other_mode();
    uint32_t addr = mode < 0 ? 0 : other_address(mode);
    uint8_t value = machine_random(256);

    if (mode < 0) {
        return;
    }
    if (copy_covers(addr, 1)) {
        copy_ram[addr - view.addr] = value;
    } else if (!ring_take(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                          addr - QEMU_PCI_VGA_MEM_BASE, value, 1)) {
        return;
    }
    card_write_memory(&machine.direct, addr, value);
    machine_note("    other: write1 %x = %x%s", addr, value,
                 copy_covers(addr, 1) ? " (copy)" : "");
    machine.others++;
}

static void other_writes_bar(void)
{
    uint32_t addr = other_address(0);
    uint32_t offset = card_text_in_bar(&machine.direct, addr);
    uint8_t value = machine_random(256);

    if (other_mode() == 0 && view.bar[CARD_MEMORY_BAR]) {
        card_write_bar(&machine.card, CARD_MEMORY_BAR, offset, value);
        card_write_bar(&machine.direct, CARD_MEMORY_BAR, offset, value);
        machine_note("    other: BAR + %x = %x", offset, value);
        machine.others++;
    }
}

/* A color has to be whole, or the other processor would be needed for it */
static void other_writes_color(void)
{
    MemoryRegion *mr = &machine.vdev->vga->region[QEMU_PCI_VGA_IO_HI].mem;
    bool wide = machine_random(2);
    uint8_t bytes[4];
    int i;

    if (QTAILQ_EMPTY(&mr->coalesced) || ring_room() < sizeof(bytes)) {
        return;
    }
    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = machine_random(256);
        card_out(&machine.direct, i ? 0x3c9 : 0x3c8, bytes[i]);
        if (!i && wide) {
            continue;
        }
        if (i == 1 && wide) {
            ring_take(mr, 8, bytes[1] << 8 | bytes[0], 2);
        } else {
            ring_take(mr, i ? 9 : 8, bytes[i], 1);
        }
    }
    machine_note("    other: color %x%s", bytes[0], wide ? " (wide)" : "");
    machine.others++;
}

void other_runs(unsigned rarely)
{
    static bool busy;
    unsigned count;

    if (!machine.options.other || busy || !vm_running ||
        machine_random(rarely)) {
        return;
    }
    busy = true;
    for (count = machine_random(40) ? 1 : 20 + machine_random(60); count;
         count--) {
        switch (machine_random(8)) {
        case 0:
            other_writes_color();
            break;
        case 1:
            other_writes_bar();
            break;
        default:
            other_writes_memory();
            break;
        }
    }
    busy = false;
}

/*
 * Time, pauses, resets
 */

void machine_pass(int64_t ns)
{
    int64_t end = clock_ns + ns;

    while (clock_ns < end) {
        clock_ns += MIN(end - clock_ns, MS);
        if (vm_running) {
            qemu_clock_run_timers(QEMU_CLOCK_VIRTUAL);
        }
    }
}

void machine_compare(const char *when)
{
    g_autofree char *text = card_compare(&machine.direct, &machine.card);

    if (text) {
        differ("%s: %s", when, text);
    }
}

void machine_check(void)
{
    bool other = machine.options.other;

    machine.options.other = false;
    machine_pass(25 * MS);
    machine_compare("after 25 ms");
    machine.options.other = other;
}

/* All processors stand still, and do so until it goes on */
void machine_pause(bool pause)
{
    machine_note(pause ? "stop" : "go on");
    vm_change(!pause);
    if (pause) {
        machine_compare("stopped");
    }
}

/* As vfio_pci_pre_reset() and vfio_pci_post_reset() do */
void machine_reset(void)
{
    bool other = machine.options.other;

    /* Nothing is decoded, which empties the ring */
    machine.options.other = false;
    guest_write_config(PCI_COMMAND, 0, 2);
    qemu_flush_coalesced_mmio_buffer();
    guest_write_config(CARD_PM + PCI_PM_CTRL, 0, 2);
    machine_note("reset");
    card_write_config(&machine.card, CARD_AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
    card_write_config(&machine.direct, CARD_AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
    machine.engine->reset(machine.vdev, machine.engine);
    guest_write_config(PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
    machine.options.other = other;
}

VFIOVGAStats machine_stats(void)
{
    g_autoptr(VFIOVGAStats) stats = vfio_vga_legacy_stats(machine.vdev);

    return *stats;
}

/*
 * Setting it up
 */

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
        region->mmaps[0].mmap = region->mmaps; /* any but NULL */
        region->mmaps[0].mem.enabled = true;
    }
}

/* Version 2 of PCI Express, 14 bytes of MSI */
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

static void add_device(void)
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

void machine_start(MachineOptions options)
{
    memset(&machine, 0, sizeof(machine));
    noted = 0;
    machine.options = options;
    machine.random = 0x9e3779b97f4a7c15;
    qemu_start();
    add_device();
    vfio_populate_vga(machine.vdev, &error_abort);
    vfio_vga_legacy_start(machine.vdev);
    machine.engine =
        QLIST_FIRST(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].quirks);
    view_update();
    machine.slots = 0;
    guest_write_config(PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
}

void machine_stop(void)
{
    int i;

    g_assert_cmpint(machine.blocked, ==, 0);
    machine.options.other = false;
    machine.going = true;
    vfio_vga_legacy_stop(machine.vdev);
    machine_compare("after exit");
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        g_free(machine.vdev->bars[i].region.mem);
        g_free(machine.vdev->bars[i].region.mmaps);
    }
    g_free(machine.engine->data);
    g_free(machine.engine->mem);
    g_free(machine.engine);
    g_free(PCI_DEVICE(machine.vdev)->config);
    object_unparent(OBJECT(machine.vdev));
    g_free(g_steal_pointer(&machine.vdev->vga));
    object_unref(OBJECT(machine.vdev));
}
