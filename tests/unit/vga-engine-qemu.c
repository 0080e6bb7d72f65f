/*
 * The parts of QEMU that the engine uses: memory core, KVM's ring, a clock
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * They do what QEMU 10.2 does in kvm_flush_coalesced_mmio_buffer()
 * (accel/kvm/), prepare_mmio_access() (system/physmem.c),
 * access_with_adjusted_size() and the functions of coalescing
 * (system/memory.c).
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"
#include "hw/pci/vga-compat.h"
#include "hw/vfio/vga-explain.h"
#include "hw/vfio/vga-regs.h"
#include "monitor/monitor.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "system/cpu-timers.h"
#include "system/kvm.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "vfio-say.h"
#include "vfio-types.h"

/*
 * The memory core
 */

struct CoalescedMemoryRange {
    hwaddr start, size;
    QTAILQ_ENTRY(CoalescedMemoryRange) link;
};

static bool guard_engage(MemoryRegion *mr)
{
    if (!mr->dev || mr->disable_reentrancy_guard) {
        return false;
    }
    g_assert_false(mr->dev->mem_reentrancy_guard.engaged_in_io);
    mr->dev->mem_reentrancy_guard.engaged_in_io = true;
    return true;
}

static bool guard_blocks(MemoryRegion *mr)
{
    return mr->dev && !mr->disable_reentrancy_guard &&
           mr->dev->mem_reentrancy_guard.engaged_in_io;
}

static void dispatch_piece(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                           unsigned size, bool write)
{
    bool engaged;

    if (mr->flush_coalesced_mmio) {
        qemu_flush_coalesced_mmio_buffer();
    }
    other_runs(20);
    if (guard_blocks(mr)) {
        machine.blocked++;
        machine_note("blocked: %s", mr->name);
        return;
    }
    engaged = guard_engage(mr);
    if (write) {
        mr->ops->write(mr->opaque, addr, *value, size);
    } else {
        *value = mr->ops->read(mr->opaque, addr, size);
    }
    if (engaged) {
        mr->dev->mem_reentrancy_guard.engaged_in_io = false;
    }
}

/* Splits an access into aligned pieces of at most 4 bytes */
static void dispatch(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                     unsigned size, bool write)
{
    uint64_t all = 0;
    unsigned done, length;

    for (done = 0; done < size; done += length) {
        uint64_t piece;

        for (length = 4; length > size - done || (addr + done) % length;) {
            length /= 2;
        }
        piece = extract64(*value, 8 * done, 8 * length);
        dispatch_piece(mr, addr + done, &piece, length, write);
        all = deposit64(all, 8 * done, 8 * length, piece);
    }
    *value = write ? *value : all;
}

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    *mr = (MemoryRegion) {
        .owner = owner,
        .dev = (DeviceState *)owner,
        .ops = ops,
        .opaque = opaque,
        .name = name,
        .size = int128_make64(size),
        .enabled = true,
    };
    QTAILQ_INIT(&mr->coalesced);
}

View view;
uint8_t copy_ram[VFIO_VGA_WINDOW_MAX] QEMU_ALIGNED(8);
static unsigned transactions;

void view_update(void)
{
    bool mapped = view.ram && view.ram->enabled;
    hwaddr size = mapped ? int128_get64(view.ram->size) : 0;
    int i;

    machine.slots += view.mapped && size != view.size;
    machine.slots += mapped && size != view.size;
    view.mapped = mapped;
    view.size = size;
    if (mapped) {
        view.addr = QEMU_PCI_VGA_MEM_BASE + view.ram->addr;
        g_assert_cmpint(view.size, <=, sizeof(copy_ram));
        g_assert_cmpint(view.ram->addr + view.size, <=, QEMU_PCI_VGA_MEM_SIZE);
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        VFIORegion *region = &machine.vdev->bars[i].region;
        bool bar = region->nr_mmaps && region->mmaps[0].mem.enabled;

        machine.slots += bar != view.bar[i];
        g_assert_false(bar && !view.bar[i] && machine.on_its_way &&
                       !machine.going);
        view.bar[i] = bar;
    }
}

bool view_covers(uint32_t addr, unsigned size)
{
    return view.mapped && addr >= view.addr &&
           addr + size <= view.addr + view.size;
}

void memory_region_transaction_begin(void)
{
    other_runs(4);
    qemu_flush_coalesced_mmio_buffer();
    transactions++;
}

void memory_region_transaction_commit(void)
{
    g_assert_cmpint(transactions, >, 0);
    if (!--transactions) {
        other_runs(4);
        view_update();
    }
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    memory_region_transaction_begin();
    mr->enabled = enabled;
    memory_region_transaction_commit();
}

void memory_region_set_size(MemoryRegion *mr, uint64_t size)
{
    memory_region_transaction_begin();
    mr->size = int128_make64(size);
    memory_region_transaction_commit();
}

void memory_region_set_address(MemoryRegion *mr, hwaddr addr)
{
    memory_region_transaction_begin();
    mr->addr = addr;
    memory_region_transaction_commit();
}

bool memory_region_init_ram_from_fd(MemoryRegion *mr, Object *owner,
                                    const char *name, uint64_t size,
                                    uint32_t flags, int fd, ram_addr_t offset,
                                    Error **errp)
{
    close(fd);
    *mr = (MemoryRegion) { .ram = true, .name = name };
    view.ram = mr;
    return true;
}

void *memory_region_get_ram_ptr(VGA_COMPAT_CONST_11_0 MemoryRegion *mr)
{
    return copy_ram;
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset,
                                         MemoryRegion *subregion, int priority)
{
    subregion->addr = offset;
}

void memory_region_set_flush_coalesced(MemoryRegion *mr)
{
    mr->flush_coalesced_mmio = true;
}

void memory_region_clear_flush_coalesced(MemoryRegion *mr)
{
    qemu_flush_coalesced_mmio_buffer();
    if (QTAILQ_EMPTY(&mr->coalesced)) {
        mr->flush_coalesced_mmio = false;
    }
}

void memory_region_add_coalescing(MemoryRegion *mr, hwaddr offset,
                                  uint64_t size)
{
    CoalescedMemoryRange *range = g_new0(CoalescedMemoryRange, 1);

    range->start = offset;
    range->size = size;
    QTAILQ_INSERT_TAIL(&mr->coalesced, range, link);
    memory_region_set_flush_coalesced(mr);
}

/* Until KVM has removed the range, writes to it go to the ring */
void memory_region_clear_coalescing(MemoryRegion *mr)
{
    CoalescedMemoryRange *range, *next;

    if (QTAILQ_EMPTY(&mr->coalesced)) {
        return;
    }
    qemu_flush_coalesced_mmio_buffer();
    other_runs(4);
    mr->flush_coalesced_mmio = false;
    QTAILQ_FOREACH_SAFE(range, &mr->coalesced, link, next) {
        QTAILQ_REMOVE(&mr->coalesced, range, link);
        g_free(range);
    }
}

void memory_region_set_coalescing(MemoryRegion *mr)
{
    memory_region_clear_coalescing(mr);
    memory_region_add_coalescing(mr, 0, int128_get64(mr->size));
}

/*
 * KVM
 */

static struct {
    struct {
        MemoryRegion *mr;
        hwaddr addr;
        uint64_t value;
        unsigned size;
    } entry[RING];
    unsigned first, last;
    bool in_progress;
} ring;

bool kvm_allowed;
bool tcg_allowed;

void qemu_flush_coalesced_mmio_buffer(void)
{
    if (ring.in_progress) {
        return;
    }
    ring.in_progress = true;
    while (ring.first != ring.last) {
        dispatch(ring.entry[ring.first].mr, ring.entry[ring.first].addr,
                 &ring.entry[ring.first].value, ring.entry[ring.first].size,
                 true);
        ring.first = (ring.first + 1) % RING;
    }
    ring.in_progress = false;
}

unsigned ring_room(void)
{
    return (ring.first + RING - ring.last - 1) % RING;
}

bool ring_take(MemoryRegion *mr, hwaddr addr, uint64_t value, unsigned size)
{
    CoalescedMemoryRange *range;

    QTAILQ_FOREACH(range, &mr->coalesced, link) {
        if (addr >= range->start && addr + size <= range->start + range->size &&
            ring_room()) {
            ring.entry[ring.last].mr = mr;
            ring.entry[ring.last].addr = addr;
            ring.entry[ring.last].value = value;
            ring.entry[ring.last].size = size;
            ring.last = (ring.last + 1) % RING;
            return true;
        }
    }
    return false;
}

void access_region(MemoryRegion *mr, hwaddr addr, uint64_t *value,
                   unsigned size, bool write)
{
    if (!write || !ring_take(mr, addr, *value, size)) {
        dispatch(mr, addr, value, size, write);
    }
}

/*
 * The rest of QEMU
 */

static MachineState machine_state;
MachineState *current_machine = &machine_state;
static VMChangeStateHandler *vm_change_cb;
static void *vm_change_opaque;
bool vm_running = true;
int64_t clock_ns;

int64_t cpus_get_virtual_clock(void)
{
    return clock_ns;
}

void cpus_set_virtual_clock(int64_t new_time)
{
    clock_ns = new_time;
}

VMChangeStateEntry *qemu_add_vm_change_state_handler(VMChangeStateHandler *cb,
                                                     void *opaque)
{
    vm_change_cb = cb;
    vm_change_opaque = opaque;
    return NULL;
}

void qemu_del_vm_change_state_handler(VMChangeStateEntry *e)
{
    vm_change_cb = NULL;
}

void vm_change(bool running)
{
    vm_running = running;
    if (!running) {
        qemu_flush_coalesced_mmio_buffer();
    }
    vm_change_cb(vm_change_opaque, running,
                 running ? RUN_STATE_RUNNING : RUN_STATE_PAUSED);
}

bool runstate_is_running(void)
{
    return vm_running;
}

/* This adapter has no faults, so there must be no message */
int vfio_say(const char *fmt, va_list ap)
{
    g_autofree char *text = g_strdup_vprintf(fmt, ap);

    g_test_message("%s", text);
    g_assert_cmpstr(text, ==, "");
    return 0;
}

void vfio_vga_explain(VFIODevice *vbasedev, const char *sysfs, Error **errp)
{
    g_assert_not_reached();
}

VFIOQuirk *vfio_quirk_alloc(int nr_mem)
{
    VFIOQuirk *quirk = g_new0(VFIOQuirk, 1);

    quirk->mem = g_new0(MemoryRegion, nr_mem);
    quirk->nr_mem = nr_mem;
    return quirk;
}

int vfio_device_get_region_info(VFIODevice *vbasedev, int index,
                                struct vfio_region_info **info)
{
    static struct vfio_region_info vga_info = {
        .flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
        .size = QEMU_PCI_VGA_MEM_BASE + QEMU_PCI_VGA_MEM_SIZE,
    };

    *info = &vga_info;
    return 0;
}

void vfio_region_mmaps_set_enabled(VFIORegion *region, bool enabled)
{
    int i;

    for (i = 0; i < region->nr_mmaps; i++) {
        memory_region_set_enabled(&region->mmaps[i].mem, enabled);
    }
}

/* The initial state */

void qemu_start(void)
{
    static bool started;

    if (!started) {
        vfio_types_register();
        qemu_init_clocks(NULL);
        qemu_clock_enable(QEMU_CLOCK_VIRTUAL, true);
        started = true;
    }
    memset(&view, 0, sizeof(view));
    memset(&ring, 0, sizeof(ring));
    clock_ns = 1000 * (int64_t)MS;
    vm_running = true;
    kvm_allowed = !machine.options.tcg;
    tcg_allowed = machine.options.tcg;
}
