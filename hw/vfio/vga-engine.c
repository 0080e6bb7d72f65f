/*
 * Fewer calls for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This file decides who gets an access, and what has to happen before it; what
 * is kept meanwhile is in vga-pending.c.  All of it runs under the BQL.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-bars.h"
#include "vga-config.h"
#include "vga-engine.h"
#include "vga-pending.h"
#include "vga-regs.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "system/qtest.h"
#include "system/runstate.h"

struct VFIOVGAEngine {
    VFIOPCIDevice *vdev;
    VFIOVGAHostRegion *region;
    VFIODeviceIOOps io_ops;       /* the adapter's, through here */
    VFIODeviceIOOps *adapter_ops;
    VMChangeStateEntry *vm_state;

    VFIOVGATier tier;             /* the fastest to use; not auto */
    bool running;
    bool bus_master;

    VFIOVGARegs regs;
    VFIOVGABARs bars;
    VFIOVGAHeat bars_heat;        /* of legacy accesses while they are mapped */
    VFIOVGAPending pending;       /* last, since it is large */
};

/* Nothing is to be had, or nobody comes to see what is pending */
static bool engine_is_off(const VFIOVGAEngine *e)
{
    return e->bus_master || !e->running ||
           vfio_vga_pending_distrusted(&e->pending);
}

/* Each access is made at once: it is off, or BARs show the adapter's memory */
static bool engine_must_forward(const VFIOVGAEngine *e)
{
    return engine_is_off(e) || vfio_vga_bars_mapped(&e->bars);
}

/*
 * The machine
 */

/* Before what makes it so: the adapter may be in any state */
static void engine_forget(VFIOVGAEngine *e, const char *reason)
{
    vfio_vga_pending_give_up(&e->pending, reason);
    vfio_vga_regs_forget(&e->regs);
}

static void engine_vm_state(void *opaque, bool running, RunState state)
{
    VFIOVGAEngine *e = opaque;

    vfio_vga_posted_enter(&e->pending.posted, false);
    if (running) {
        vfio_vga_pending_go_on(&e->pending);
    } else {
        vfio_vga_pending_stop(&e->pending);
    }
    e->running = running;
}

/*
 * The guest accesses what could be kept for a while, if BARs were not mapped.
 * Through them it may have done anything meanwhile.
 */
static void engine_trap_bars(VFIOVGAEngine *e)
{
    if (vfio_vga_bars_mapped(&e->bars) && !engine_is_off(e) &&
        vfio_vga_heat_up(&e->bars_heat, VFIO_VGA_BARS_HEAT) &&
        vfio_vga_bars_trap(&e->bars)) {
        engine_forget(e, "BARs were mapped");
    }
}

/*
 * Ports
 */

static void engine_read_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                             void *data)
{
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_regs_read(&e->regs, port, size);
    vfio_vga_region_read(e->region, port, size, data);
}

/* Miscellaneous Output reads back, which changes nothing */
static void engine_learn_misc(VFIOVGAEngine *e)
{
    uint8_t misc;

    vfio_vga_combine_flush(&e->pending.combine);
    if (vfio_vga_region_peek(e->region, VFIO_VGA_MISC_READ, 1, &misc)) {
        e->regs.misc = misc;
    }
}

/*
 * What a write to a port makes of the registers and of the window wanted.
 *
 * Returns true if what was written to memory before has to be there first.
 */
static bool engine_next(const VFIOVGAEngine *e, uint32_t port, uint32_t size,
                        const void *data, VFIOVGARegs *next,
                        VFIOVGAWindow *wanted)
{
    *next = e->regs;
    *wanted = e->pending.copy.wanted;
    if (!vfio_vga_regs_write(next, port, ldn_le_p(data, size), size)) {
        return false;
    }
    *wanted = vfio_vga_regs_window(next);
    if (wanted->chain4 && e->tier != VFIO_VGA_TIER_CHAIN4) {
        *wanted = (VFIOVGAWindow) { };
    }
    return true;
}

static void engine_write_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                              const void *data)
{
    VFIOVGAWindow wanted;
    VFIOVGARegs next;
    bool copied, ordered;

    if (e->pending.copy.ram && !engine_must_forward(e) &&
        vfio_vga_regs_lack_misc(&e->regs, port, ldub_p(data))) {
        engine_learn_misc(e);
    }
    if (vfio_vga_posted_port(port, size)) {
        engine_trap_bars(e);
        if (!engine_must_forward(e)) {
            e->pending.came = true;
            vfio_vga_pending_post(&e->pending);
        }
    }
    copied = e->pending.copy.window.key;
    ordered = engine_next(e, port, size, data, &next, &wanted);
    if (ordered && e->pending.copy.window.key != wanted.key) {
        vfio_vga_pending_end_copy(&e->pending, "register written");
    } else if (ordered) {
        vfio_vga_pending_sync(&e->pending);
    }
    if (copied && !e->pending.copy.window.key) {
        /* What came out of the ring meanwhile may have been a register, too */
        engine_next(e, port, size, data, &next, &wanted);
    }
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_region_write(e->region, port, size, data);
    e->regs = next;
    if (ordered) {
        vfio_vga_pending_want(&e->pending, wanted);
    }
}

/*
 * Memory
 */

static void engine_read_memory(VFIOVGAEngine *e, uint32_t offset,
                               uint32_t size, void *data)
{
    engine_trap_bars(e);
    if (!engine_must_forward(e)) {
        vfio_vga_pending_heat(&e->pending, offset, size);
    }
    if (vfio_vga_window_covers(&e->pending.copy.window, offset, size)) {
        vfio_vga_copy_read(&e->pending.copy, offset, size, data);
        return;
    }
    if (vfio_vga_window_is_beside(&e->pending.copy.window, offset)) {
        vfio_vga_pending_end_copy(&e->pending, "accessed beside it");
    }
    vfio_vga_combine_flush(&e->pending.combine);
    vfio_vga_region_read(e->region, offset, size, data);
    vfio_vga_copy_saw_read(&e->pending.copy, offset, size);
}

static void engine_write_memory(VFIOVGAEngine *e, uint32_t offset,
                                uint32_t size, const void *data)
{
    e->pending.came = true;
    engine_trap_bars(e);
    if (!engine_must_forward(e) &&
        !vfio_vga_pending_heat(&e->pending, offset, size)) {
        vfio_vga_pending_post(&e->pending);
    }
    if (vfio_vga_window_covers(&e->pending.copy.window, offset, size)) {
        vfio_vga_copy_write(&e->pending.copy, offset, size, data);
        if (e->running) {
            vfio_vga_pending_arm(&e->pending);
        } else {
            vfio_vga_pending_sync(&e->pending);
        }
        return;
    }
    if (vfio_vga_window_is_beside(&e->pending.copy.window, offset)) {
        vfio_vga_pending_end_copy(&e->pending, "accessed beside it");
    }
    vfio_vga_copy_sees_write(&e->pending.copy, &e->regs, offset, size);
    if (engine_must_forward(e)) {
        vfio_vga_combine_flush(&e->pending.combine);
        vfio_vga_region_write(e->region, offset, size, data);
    } else {
        vfio_vga_pending_combine(&e->pending, offset, size, data);
    }
}

void vfio_vga_engine_read(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                          void *data)
{
    bool outer = vfio_vga_posted_enter(&e->pending.posted, false);

    if (offset < QEMU_PCI_VGA_MEM_BASE) {
        engine_read_port(e, offset, size, data);
    } else {
        engine_read_memory(e, offset, size, data);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
}

void vfio_vga_engine_write(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                           const void *data)
{
    bool memory = offset >= QEMU_PCI_VGA_MEM_BASE;
    bool may_be_posted = memory || vfio_vga_posted_port(offset, size);
    bool outer = vfio_vga_posted_enter(&e->pending.posted, may_be_posted);

    if (memory) {
        engine_write_memory(e, offset, size, data);
    } else {
        engine_write_port(e, offset, size, data);
    }
    vfio_vga_posted_leave(&e->pending.posted, outer);
}

/*
 * BARs and config space
 */

/* The engine is found by its operations, which are the device's */
static VFIOVGAEngine *engine_of(VFIODevice *vbasedev)
{
    return container_of(vbasedev->io_ops, VFIOVGAEngine, io_ops);
}

/* While it was bus master, a driver may have used BARs that nobody sees */
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
        engine_forget(e, "config space written");
    }
    vfio_vga_pending_barrier(&e->pending);
    if (command && !(value & PCI_COMMAND_MEMORY)) {
        vfio_vga_pending_end_copy(&e->pending, "decode off");
    }
}

/*
 * The guest uses what could be mapped: it can have it, once this is done.  Then
 * nothing is kept any more.
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
        engine_forget(e, "BARs mapped");
    }
    return gives;
}

/* After all that the guest wrote to legacy VGA */
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
        engine_forget(e, "BAR written");
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

/*
 * Life
 */

/*
 * After a reset, so nothing can be pending: vfio_pci_pre_reset() has turned
 * decoding off.
 */
static void engine_reset(VFIOPCIDevice *vdev, VFIOQuirk *quirk)
{
    VFIOVGAEngine *e = quirk->data;

    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    engine_forget(e, "reset");
    vfio_vga_bars_reset(&e->bars);
    e->region->failed = false;
    vfio_vga_pending_reset(&e->pending);
}

/* Unknown is as good as on: the guest will say when it is off */
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

/*
 * A qtest's time stands still, so what is pending would not leave by itself:
 * a test that wants a tier says so.
 */
static VFIOVGATier engine_tier(const VFIOPCIDevice *vdev)
{
    if (vdev->vga_options.engine != VFIO_VGA_TIER_AUTO) {
        return vdev->vga_options.engine;
    }
    return qtest_enabled() ? VFIO_VGA_TIER_FORWARD : VFIO_VGA_TIER_COPY;
}

static VFIOVGAEngine *engine_new(VFIOPCIDevice *vdev, VFIOVGATier tier)
{
    VFIOVGAEngine *e = g_new0(VFIOVGAEngine, 1);
    const VFIOVGAOptions *options = &vdev->vga_options;
    VFIOVGAHostRegion *region = &vdev->vga->legacy.region;

    e->vdev = vdev;
    e->region = region;
    e->tier = tier;
    e->running = runstate_is_running();
    e->bus_master = engine_is_bus_master(&vdev->vbasedev);
    vfio_vga_pending_init(&e->pending, region, vdev->vga->region);
    vfio_vga_regs_forget(&e->regs);
    vfio_vga_bars_init(&e->bars, vdev, options->bar_order);
    if (e->bus_master && e->bars.trapped) {
        vfio_vga_bars_map(&e->bars);
    }
    region->width = options->write_width;
    region->bars = &e->bars;
    return e;
}

static void engine_init_io_ops(VFIOVGAEngine *e)
{
    VFIODevice *vbasedev = &e->vdev->vbasedev;

    e->adapter_ops = vbasedev->io_ops;
    e->io_ops = *e->adapter_ops;
    e->io_ops.region_read = engine_region_read;
    e->io_ops.region_write = engine_region_write;
    vbasedev->io_ops = &e->io_ops;
}

static void engine_init_copy(VFIOVGAEngine *e, VFIOQuirk *quirk)
{
    VFIOPCIDevice *vdev = e->vdev;
    Error *err = NULL;

    if (vfio_vga_copy_init(&e->pending.copy,
                           &vdev->vga->region[QEMU_PCI_VGA_MEM].mem,
                           &quirk->mem[0], vdev->vga_options.copy_ram, &err)) {
        quirk->nr_mem = 1;
    } else {
        warn_reportf_err(err, VFIO_MSG_PREFIX "no copy of VGA memory: ",
                         vdev->vbasedev.name);
    }
}

VFIOVGAEngine *vfio_vga_engine_init(VFIOPCIDevice *vdev)
{
    VFIOVGATier tier = engine_tier(vdev);
    VFIOVGAEngine *e;
    VFIOQuirk *quirk;

    if (tier == VFIO_VGA_TIER_FORWARD) {
        return NULL;
    }
    e = engine_new(vdev, tier);
    quirk = vfio_quirk_alloc(1);
    quirk->nr_mem = 0;
    quirk->reset = engine_reset;
    quirk->data = e;
    QLIST_INSERT_HEAD(&vdev->vga->region[QEMU_PCI_VGA_MEM].quirks, quirk,
                      next);
    if (tier >= VFIO_VGA_TIER_COPY) {
        engine_init_copy(e, quirk);
    }
    e->vm_state = qemu_add_vm_change_state_handler(engine_vm_state, e);
    engine_init_io_ops(e);
    return e;
}

void vfio_vga_engine_exit(VFIOVGAEngine *e)
{
    vfio_vga_posted_enter(&e->pending.posted, false);
    vfio_vga_pending_unpost(&e->pending);
    engine_forget(e, "exit");
    vfio_vga_bars_exit(&e->bars);
    e->region->bars = NULL;
    qemu_del_vm_change_state_handler(e->vm_state);
    vfio_vga_pending_exit(&e->pending);
    e->vdev->vbasedev.io_ops = e->adapter_ops;
}

void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats)
{
    stats->tier = e->pending.copy.window.chain4 ? VFIO_VGA_TIER_CHAIN4
                  : e->pending.copy.window.key ? VFIO_VGA_TIER_COPY
                  : engine_must_forward(e) ? VFIO_VGA_TIER_FORWARD
                  : VFIO_VGA_TIER_COMBINE;
    stats->combined_writes = e->pending.combine.writes;
    stats->combined_calls = e->pending.combine.calls;
    stats->posting_begins = e->pending.posted.begins;
    stats->copy_accesses = e->pending.copy.stats.accesses;
    stats->copy_calls = e->pending.copy.stats.calls;
    stats->copy_bytes = e->pending.copy.stats.bytes;
    stats->copy_begins = e->pending.copy.stats.begins;
    stats->chain4_begins = e->pending.copy.stats.chain4_begins;
    stats->copy_maps = e->pending.copy.stats.maps;
    stats->copy_ends = e->pending.copy.stats.ends;
    stats->latch_losses = e->pending.copy.latches.losses;
    stats->timer_ticks = e->pending.ticks;
    stats->bar_changes = e->bars.changes;
}
