/*
 * Legacy VGA accesses of an assigned adapter, made fast
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All of this runs with the BQL, the guest's writes to a mapped shadow
 * excepted.  Those stop when the mapping is taken away, and what they wrote is
 * found by comparing once more after that, so none is lost.  TCG gets no
 * mapping: what it has in its TLBs it uses to the end of the block it runs, so
 * a store behind the OUT that ends a text mode would still go to the copy.
 *
 * A write that was posted must not come after one that the guest made to RAM
 * later.  So nothing is posted to a window when it becomes RAM, and that does
 * not happen while the writes are coming that were: engine_tick() does it.
 *
 * Whatever empties KVM's ring calls this file for each posted write in it, and
 * other processors may post while this one is in here: so engine_drain() and
 * engine_unpost() can run a whole access in the middle of another.  Three rules
 * make that safe.  Each access to the device, of any region, empties the ring
 * before it looks at anything (engine_begin()).  Later on only engine_unpost()
 * does, since the memory map, whose changes empty the ring as well, is changed
 * when nothing is posted; and who called it looks again at what it knew.  What
 * can come then are writes to memory and to the DAC, and in the middle of the
 * ring none of them begins to post, or makes RAM of a window.
 *
 * Time is the guest's, QEMU_CLOCK_VIRTUAL: while it stands still, so does the
 * guest, and what had to leave has left when it was stopped.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "pci.h"
#include "trace.h"
#include "vga-bars.h"
#include "vga-engine.h"
#include "vga-legacy.h"
#include "vga-posted.h"
#include "vga-shadow.h"
#include "vga-state.h"
#include "hw/boards.h"
#include "hw/pci/msix.h"
#include "hw/qdev-core.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/memfd.h"
#include "qemu/range.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qom/object.h"
#include "system/kvm.h"
#include "system/memory.h"
#include "system/qtest.h"
#include "system/runstate.h"

#define COMBINE_MAX (4 * KiB)

/*
 * A shadow pays once it is used: filling it is a read of the whole window, and
 * each mapping is a change of the memory map.  So it takes so many accesses
 * without a pause of HEAT_MS, and the more, the more often in a row one lasted
 * but a moment.  Twice in each mode set is how it should be, for the screen is
 * cleared and a font loaded.  It is the pause that counts, since how long an
 * access takes is the host's affair: where it is slow, a shadow is worth most.
 * To post pays as late.
 */
#define HEAT_MS 50
#define HEAT_FIRST 16
#define HEAT_MAX 1024
#define HEAT_MOMENTS 4

/*
 * A copy that the guest changed by so much has been worth it, however short it
 * lasted: a program that draws one screen after the other in 30 ms each would
 * otherwise have to wait longer for each.
 */
#define HEAT_BYTES 1024

typedef struct VFIOVGAHeat {
    int64_t last;                /* ms, when the last access was */
    unsigned count;              /* of them, without a pause */
} VFIOVGAHeat;

/* A mapped shadow is watched for so many periods at most: 16 seconds */
#define IDLE_PERIODS_MAX 1600

#define CELL_MAX 4

/* Writes kept to see whether the window reads as it was written */
#define RECENT 16

/* Bytes of a shadow's first run that are read back */
#define VERIFY_MAX 256

typedef struct VFIOVGAEngine {
    VFIOPCIDevice *vdev;
    VFIODeviceIOOps io_ops;      /* the adapter's, through here */
    VFIODeviceIOOps *adapter_ops;
    QEMUTimer *timer;
    VMChangeStateEntry *vm_state;

    VFIOVGATier tier;            /* the fastest to use; not auto */
    unsigned width;
    bool running;
    bool bus_master;
    bool distrusted;             /* it failed, or is no VGA: forward */

    VFIOVGABARs bars;
    VFIOVGAHeat bars_heat;       /* while they are mapped */

    VFIOVGAState state;
    VFIOVGAWindow wanted;        /* RAM-like, for all that is known */

    struct {
        uint32_t base;           /* bus address */
        uint32_t size;           /* 0: nothing pending */
        uint32_t writes;
    } combine;

    /* What the guest read last, if that was in the window wanted */
    uint32_t read_base;          /* of the cell read; 0: it was not */
    uint8_t read_cell[CELL_MAX]; /* what was there then, of a shadow */
    bool latches_lost;           /* not as the guest's reads left them */

    struct {
        uint32_t base;
        uint32_t size;
        uint8_t data[sizeof(uint64_t)];
    } recent[RECENT];            /* to the window wanted, a ring */
    unsigned recent_next;

    VFIOVGAWindow window;        /* shadowed; key 0: none */
    MemoryRegion *ram;           /* the guest's image; NULL: cannot shadow */
    uint64_t *guest;             /* its bytes */
    bool can_map;
    bool may_map;
    bool mapped;
    bool dirty;                  /* what the guest sees may differ */
    bool verify;                 /* read the first run back */
    unsigned idle;               /* periods */
    unsigned idle_max;           /* a mapped shadow is unmapped after these */
    int64_t rested;              /* ms, when that was done; 0: it was not */
    int64_t entered;             /* ms */
    uint64_t entered_bytes;      /* shadow_bytes then */
    VFIOVGAHeat heat;            /* of the window wanted */
    unsigned moments;            /* shadows that did not last, in a row */
    bool heated;                 /* enough; engine_tick() is to see to it */

    bool can_post;
    bool posted;                 /* the guest's writes are */
    bool unposting;              /* until the ring is empty */
    bool postable;               /* this access may come out of the ring */
    bool trailing;               /* not posted any more, but some may come */
    bool came;                   /* one has, in this period */
    VFIOVGAHeat post_heat;

    uint64_t reads;
    uint64_t writes;
    uint64_t combined_writes;
    uint64_t combined_calls;
    uint64_t shadow_accesses;    /* those that QEMU saw */
    uint64_t shadow_calls;
    uint64_t shadow_bytes;
    uint64_t shadow_enters;
    uint64_t linear_enters;
    uint64_t shadow_maps;
    uint64_t shadow_leaves;
    uint64_t latch_losses;
    uint64_t posts;
    uint64_t ticks;

    /* Last, so that what each access needs is on one page */
    uint8_t combined[COMBINE_MAX];
    uint64_t adapter[VFIO_VGA_WINDOW_MAX / sizeof(uint64_t)]; /* has these */
} VFIOVGAEngine;

static const char *const vfio_vga_tiers[VFIO_VGA_TIER__MAX] = {
    [VFIO_VGA_TIER_AUTO] = "auto",
    [VFIO_VGA_TIER_FORWARD] = "forward",
    [VFIO_VGA_TIER_COMBINE] = "combine",
    [VFIO_VGA_TIER_SHADOW] = "shadow",
    [VFIO_VGA_TIER_LINEAR] = "linear",
};

/* The engine is found by its operations, which are the device's */
static VFIOVGAEngine *vfio_vga_engine(VFIODevice *vbasedev)
{
    return container_of(vbasedev->io_ops, VFIOVGAEngine, io_ops);
}

static const char *engine_name(const VFIOVGAEngine *e)
{
    return e->vdev->vbasedev.name;
}

static int64_t engine_now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
}

/*
 * To the adapter
 */

/* What is on its way to a server can be overtaken through a mapped BAR */
static bool engine_may_post(const VFIOVGAEngine *e, uint32_t offset)
{
    return offset >= QEMU_PCI_VGA_MEM_BASE && !vfio_vga_bars_mapped(&e->bars);
}

static inline int engine_call(VFIOVGAEngine *e, bool write, uint32_t offset,
                              uint32_t size, void *data)
{
    VFIODevice *vbasedev = &e->vdev->vbasedev;

    if (write) {
        e->writes++;
        return e->adapter_ops->region_write(vbasedev, VFIO_PCI_VGA_REGION_INDEX,
                                            offset, size, data,
                                            engine_may_post(e, offset));
    }
    e->reads++;
    return e->adapter_ops->region_read(vbasedev, VFIO_PCI_VGA_REGION_INDEX,
                                       offset, size, data);
}

static bool engine_must_retry(int ret)
{
    return ret == -EINTR || ret == -EAGAIN;
}

/* @tries is used up by all calls that are one access to whoever waits */
static int engine_call_until(VFIOVGAEngine *e, bool write, uint32_t offset,
                             uint32_t size, void *data, unsigned *tries)
{
    int ret = engine_call(e, write, offset, size, data);

    while (engine_must_retry(ret) && *tries) {
        --*tries;
        ret = engine_call(e, write, offset, size, data);
    }
    return ret;
}

/* Behind the guest's back, whole or not at all */
static bool engine_read_back(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                             void *data)
{
    unsigned tries = VFIO_VGA_LEGACY_TRIES;

    return engine_call_until(e, false, offset, size, data, &tries) == size;
}

/* An access as the guest made it; the caller, vga-legacy.c, looks at @ret */
static int engine_forward(VFIOVGAEngine *e, bool write, uint32_t offset,
                          uint32_t size, void *data)
{
    int ret = engine_call(e, write, offset, size, data);

    e->distrusted |= ret != (int)size && !engine_must_retry(ret);
    return ret;
}

static void engine_distrust(VFIOVGAEngine *e, const char *reason)
{
    e->distrusted = true;
    trace_vfio_vga_engine_distrusted(engine_name(e), reason);
}

/* Like vfio_vga_legacy_failed(), for an access that the guest is long past */
static void engine_lost(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                        int ret)
{
    VFIOVGALegacy *legacy = &e->vdev->vga->legacy;
    const char *reason = ret < 0 ? strerror(-ret) : "short transfer";

    engine_distrust(e, reason);
    legacy->failures++;
    if (legacy->warned) {
        return;
    }
    legacy->warned = true;
    warn_report(VFIO_MSG_PREFIX "%u bytes of legacy VGA writes to 0x%x failed: "
                "%s", engine_name(e), size, offset, reason);
    error_printf("The guest reads all ones and its writes are lost while the "
                 "adapter does not answer.\n"
                 "Look at the host's kernel log and at the adapter's power "
                 "state; further failures are\n"
                 "only counted, in x-vga-region-failures.\n");
}

/* At most @width, and aligned: what a guest could have written */
static uint32_t engine_piece(uint32_t offset, uint32_t size, uint32_t width)
{
    uint32_t piece = width;

    while (piece > size || offset % piece) {
        piece /= 2;
    }
    return piece;
}

/*
 * Writes that the guest made some time ago, in as few calls as the host takes.
 * Where it does not take them together, each is tried by itself: nothing is
 * lost that would not have been lost otherwise.
 */
static void engine_put(VFIOVGAEngine *e, uint32_t offset, uint8_t *data,
                       uint32_t size, bool whole)
{
    uint32_t width = e->width ?: sizeof(uint64_t);
    unsigned tries = VFIO_VGA_LEGACY_TRIES;

    while (size) {
        uint32_t done = whole ? size : engine_piece(offset, size, width);
        int ret = engine_call_until(e, true, offset, done, data, &tries);

        if (ret > 0) {
            done = MIN(ret, done);
        } else if (whole && done > 1) {
            whole = false;
            continue;
        } else {
            engine_lost(e, offset, done, ret);
        }
        offset += done;
        data += done;
        size -= done;
    }
}

static void engine_arm(VFIOVGAEngine *e)
{
    if (!timer_pending(e->timer)) {
        timer_mod(e->timer, engine_now_ms() + VFIO_VGA_ENGINE_PERIOD_MS);
    }
}

/* One more access: are these many enough, without a pause? */
static bool heat_up(VFIOVGAHeat *heat, unsigned needed)
{
    int64_t now = engine_now_ms();

    if (now - heat->last > HEAT_MS) {
        heat->count = 0;
    }
    heat->last = now;
    if (++heat->count < needed) {
        return false;
    }
    heat->count = 0;
    return true;
}

/* A window that was left again at once may not have paid for being entered */
static unsigned heat_needed(const VFIOVGAEngine *e)
{
    unsigned doublings = MAX(e->moments, HEAT_MOMENTS) - HEAT_MOMENTS;

    return HEAT_FIRST << MIN(doublings, ctz32(HEAT_MAX / HEAT_FIRST));
}

/*
 * Post
 */

static void combine_flush(VFIOVGAEngine *e);

/*
 * Still posted until the ring is empty, so that what comes out of it does not
 * begin anew.  In the middle of the ring, the rest of it comes when this is
 * over; the next access that cannot be part of it is behind all of it.
 */
static void engine_unpost(VFIOVGAEngine *e)
{
    if (!e->posted || e->unposting) {
        return;
    }
    e->unposting = true;
    vfio_vga_posted_end(e->vdev->vga);
    e->unposting = false;
    e->posted = false;
    e->trailing = e->postable;
    combine_flush(e);
    trace_vfio_vga_engine_posted(engine_name(e), false);
}

/* The guest writes what can be posted, and QEMU sees each of them */
static void engine_post(VFIOVGAEngine *e)
{
    if (e->can_post && !e->posted && heat_up(&e->post_heat, HEAT_FIRST)) {
        e->posted = true;
        e->posts++;
        e->idle = 0;
        vfio_vga_posted_begin(e->vdev->vga);
        trace_vfio_vga_engine_posted(engine_name(e), true);
        engine_arm(e);
    }
}

/* What the guest wrote before now has come */
static inline void engine_drain(VFIOVGAEngine *e)
{
    if (e->posted) {
        qemu_flush_coalesced_mmio_buffer();
    }
}

/* Returns what engine_end() needs: an access may be in the middle of another */
static inline bool engine_begin(VFIOVGAEngine *e, bool postable)
{
    bool outer = e->postable;

    engine_drain(e);
    e->postable = postable;
    e->trailing &= postable;
    return outer;
}

static inline void engine_end(VFIOVGAEngine *e, bool outer)
{
    e->postable = outer;
}

/*
 * Combine
 */

static void combine_put(VFIOVGAEngine *e)
{
    uint32_t size = e->combine.size;
    uint64_t calls = e->writes;
    bool one = e->combine.writes == 1;

    e->combine.size = 0;
    engine_put(e, e->combine.base, e->combined, size, one || !e->width);
    if (!one) {
        e->combined_writes += e->combine.writes;
        e->combined_calls += e->writes - calls;
        trace_vfio_vga_engine_combined(engine_name(e), e->combine.base, size,
                                       e->combine.writes);
    }
}

/* Before nearly each access, and mostly there is nothing */
static void combine_flush(VFIOVGAEngine *e)
{
    if (e->combine.size) {
        combine_put(e);
    }
}

static void combine_write(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                          const void *data)
{
    if (offset != e->combine.base + e->combine.size ||
        e->combine.size + size > COMBINE_MAX) {
        combine_flush(e);
    }
    if (!e->combine.size) {
        e->combine.base = offset;
        e->combine.writes = 0;
    }
    memcpy(e->combined + e->combine.size, data, size);
    e->combine.size += size;
    e->combine.writes++;
    engine_arm(e);
}

/*
 * Shadow
 */

static bool window_covers(VFIOVGAWindow window, uint32_t offset, uint32_t size)
{
    return window.key && offset >= window.base &&
           offset + size <= window.base + window.size;
}

static bool window_is_beside(VFIOVGAWindow window, uint32_t offset)
{
    return window.key && offset >= window.base + window.size &&
           offset < window.base + window.decoded;
}

static uint8_t *shadow_byte(VFIOVGAEngine *e, uint32_t offset)
{
    return (uint8_t *)e->guest + (offset - e->window.base);
}

/*
 * Each change of the memory map costs, with KVM all of the guest's second-level
 * mapping.  A console that changes now and then would have two for each time,
 * so one that comes back soon is given twice as long.
 */
static void shadow_set_idle_max(VFIOVGAEngine *e)
{
    bool soon = e->rested && engine_now_ms() - e->rested <
                IDLE_PERIODS_MAX * VFIO_VGA_ENGINE_PERIOD_MS;

    e->idle_max = soon ? MIN(e->idle_max * 2, IDLE_PERIODS_MAX)
                       : VFIO_VGA_ENGINE_IDLE_PERIODS;
    e->rested = 0;
}

/* What is posted comes first, and it may leave the window */
static void shadow_map(VFIOVGAEngine *e, bool map)
{
    if (e->mapped == map) {
        return;
    }
    engine_unpost(e);
    if (e->mapped == map || !e->window.key) {
        return;
    }
    e->mapped = map;
    memory_region_transaction_begin();
    memory_region_set_size(e->ram, e->window.size);
    memory_region_set_address(e->ram, e->window.base - QEMU_PCI_VGA_MEM_BASE);
    memory_region_set_enabled(e->ram, map);
    memory_region_transaction_commit();
    e->dirty = true; /* written to the last moment */
    e->read_base = 0;
    trace_vfio_vga_engine_map(engine_name(e), map);
    if (map) {
        e->shadow_maps++;
        e->idle = 0;
        shadow_set_idle_max(e);
        engine_arm(e);
    }
}

/*
 * Once for each shadow: does the adapter hold what it was given?  What does not
 * show in VERIFY_MAX bytes does not show in more.
 */
static void shadow_verify(VFIOVGAEngine *e, uint32_t start, uint32_t size)
{
    uint8_t back[VERIFY_MAX];

    e->verify = false;
    size = MIN(size, sizeof(back));
    if (!engine_read_back(e, e->window.base + start, size, back) ||
        memcmp(back, (uint8_t *)e->adapter + start, size)) {
        engine_distrust(e, "reads otherwise than written");
    }
}

/* Returns true if there was anything to write */
static bool shadow_write_back(VFIOVGAEngine *e)
{
    uint64_t calls = e->writes;
    uint32_t start, size, from = 0;

    if (!e->dirty && !e->mapped) {
        return false;
    }
    e->dirty = false;
    while ((size = vfio_vga_shadow_next(e->guest, e->adapter,
                                        e->window.size, from, &start))) {
        engine_put(e, e->window.base + start, (uint8_t *)e->adapter + start,
                   size, !e->width);
        e->shadow_bytes += size;
        trace_vfio_vga_engine_written(engine_name(e), e->window.base + start,
                                      size);
        if (e->verify) {
            shadow_verify(e, start, size);
        }
        from = start + size;
    }
    e->shadow_calls += e->writes - calls;
    return from;
}

/*
 * A character and its attribute are in one place of the planes, and so in the
 * latches; as are four dots.
 */
static uint32_t read_cell(VFIOVGAWindow window, uint32_t offset, uint32_t size)
{
    return (offset + size - 1) & -window.cell;
}

/*
 * What the guest read last is in the latches, for all that follows.  If that
 * has been written since, it has to be there once more.
 */
static void shadow_load_latches(VFIOVGAEngine *e)
{
    uint32_t cell = e->window.cell;
    uint8_t now[CELL_MAX], data;
    bool changed;

    e->latches_lost = !e->read_base;
    if (!e->read_base) {
        return;
    }
    memcpy(now, shadow_byte(e, e->read_base), cell);
    changed = memcmp(now, e->read_cell, cell);
    if (changed) {
        engine_put(e, e->read_base, e->read_cell, cell, true);
    }
    engine_read_back(e, e->read_base, 1, &data);
    if (changed) {
        engine_put(e, e->read_base, now, cell, true);
        e->read_base = 0; /* it cannot be read there another time */
    }
}

/* Returns true if a copy that is left now was worth entering */
static bool shadow_paid(const VFIOVGAEngine *e)
{
    return engine_now_ms() - e->entered >= HEAT_MS ||
           e->shadow_bytes - e->entered_bytes >= HEAT_BYTES;
}

static void shadow_leave(VFIOVGAEngine *e, const char *reason)
{
    if (!e->window.key) {
        return;
    }
    shadow_map(e, false);
    if (!e->window.key) {
        return; /* what came out of the ring did it */
    }
    shadow_write_back(e);
    shadow_load_latches(e);
    e->moments = shadow_paid(e) ? 0 : e->moments + 1;
    e->window = (VFIOVGAWindow) { };
    e->shadow_leaves++;
    trace_vfio_vga_engine_left(engine_name(e), reason);
}

/* A read there loads the latches, and a VGA of 256 KiB repeats itself */
static void shadow_leave_beside(VFIOVGAEngine *e, uint32_t offset)
{
    if (window_is_beside(e->window, offset)) {
        shadow_leave(e, "accessed beside it");
    }
}

static bool shadow_sync(VFIOVGAEngine *e)
{
    bool written = e->window.key && shadow_write_back(e);

    if (e->distrusted) {
        shadow_leave(e, "not trusted");
    }
    return written;
}

/* Newest first: what is behind something newer need not be there any more */
static bool shadow_reads_as_written(VFIOVGAEngine *e)
{
    g_autofree uint8_t *seen = g_malloc0(VFIO_VGA_WINDOW_MAX);
    int i, j;

    for (i = 1; i <= RECENT; i++) {
        unsigned nr = (e->recent_next - i) % RECENT;
        uint32_t at = e->recent[nr].base - e->wanted.base;

        for (j = 0; j < e->recent[nr].size; j++) {
            if (!seen[at + j] &&
                e->recent[nr].data[j] != ((uint8_t *)e->adapter)[at + j]) {
                return false;
            }
            seen[at + j] = 1;
        }
    }
    return true;
}

static void recent_note(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                        const void *data)
{
    if (window_covers(e->wanted, offset, size) &&
        size <= sizeof(e->recent[0].data)) {
        unsigned nr = e->recent_next++ % RECENT;

        e->recent[nr].base = offset;
        e->recent[nr].size = size;
        memcpy(e->recent[nr].data, data, size);
    }
}

/* It is known to be RAM-like by its registers; it has to behave so, too */
static void shadow_enter(VFIOVGAEngine *e)
{
    combine_flush(e);
    if (!engine_read_back(e, e->wanted.base, e->wanted.size, e->adapter)) {
        engine_distrust(e, "cannot be read");
    } else if (!shadow_reads_as_written(e)) {
        engine_distrust(e, "is no memory");
    }
    memcpy(e->guest, e->adapter, e->wanted.size);
    e->window = e->wanted;
    if (e->read_base) {
        memcpy(e->read_cell, shadow_byte(e, e->read_base), e->window.cell);
    }
    if (e->distrusted) {
        shadow_load_latches(e);
        e->window = (VFIOVGAWindow) { };
        return;
    }
    memset(e->recent, 0, sizeof(e->recent)); /* the next writes go elsewhere */
    e->verify = true;
    e->dirty = false;
    e->entered = engine_now_ms();
    e->entered_bytes = e->shadow_bytes;
    e->shadow_enters++;
    e->linear_enters += e->window.linear;
    trace_vfio_vga_engine_entered(engine_name(e), e->window.base);
}

/*
 * To fill a shadow is to read, which loads the latches.  Without a mapping the
 * guest's last read is known and can be done again; if it was elsewhere, what
 * it left in the latches is better left alone.
 */
static bool shadow_wanted(const VFIOVGAEngine *e)
{
    if (e->window.key) {
        return e->may_map && !e->mapped;
    }
    return e->ram && e->wanted.key && (e->may_map || e->read_base);
}

static void shadow_begin(VFIOVGAEngine *e)
{
    if (!shadow_wanted(e)) {
        return;
    }
    if (!e->window.key) {
        shadow_enter(e);
    }
    if (e->window.key && e->may_map) {
        shadow_map(e, true);
    }
}

/*
 * The guest accesses memory, and QEMU sees it: would a shadow pay?  Returns
 * false if none is to be had there, or not soon.
 */
static bool shadow_heat(VFIOVGAEngine *e, uint32_t offset, uint32_t size)
{
    if (!shadow_wanted(e) || !window_covers(e->wanted, offset, size)) {
        return false;
    }
    if (heat_up(&e->heat, heat_needed(e))) {
        e->heated = (e->posted || e->trailing) && e->may_map;
        if (e->heated) {
            engine_arm(e);
        } else {
            shadow_begin(e);
        }
    }
    return e->mapped || heat_needed(e) == HEAT_FIRST;
}

/*
 * Everything the guest wrote is at the adapter
 */
static void engine_barrier(VFIOVGAEngine *e)
{
    engine_drain(e);
    combine_flush(e);
    shadow_sync(e);
}

/*
 * Addresses mean something else from now on, also to what comes out of the ring
 * when posting ends.  What may become RAM is not posted meanwhile: that would
 * take a period, in which a font is loaded.
 */
static void engine_want(VFIOVGAEngine *e, VFIOVGAWindow wanted)
{
    if (e->wanted.key != wanted.key) {
        e->wanted = wanted;
        e->read_base = 0;
        e->heat.count = 0;
        e->heated = false;
        memset(e->recent, 0, sizeof(e->recent));
        if (wanted.key && e->may_map) {
            engine_unpost(e);
        }
    }
}

/* Before what makes it so: the adapter may be in any state */
static void engine_forget(VFIOVGAEngine *e, const char *reason)
{
    engine_drain(e);
    combine_flush(e);
    shadow_leave(e, reason);
    vfio_vga_state_forget(&e->state);
    engine_want(e, (VFIOVGAWindow) { });
}

static void engine_tick(void *opaque)
{
    VFIOVGAEngine *e = opaque;
    bool busy;

    e->ticks++;
    engine_begin(e, false);
    if (e->heated) {
        e->heated = false;
        engine_unpost(e);
        shadow_begin(e);
    }
    combine_flush(e);
    busy = shadow_sync(e) || e->came;
    e->idle = busy ? 0 : e->idle + 1;
    e->came = false;
    if (!e->mapped && !e->posted) {
        return;
    }
    if (e->idle >= VFIO_VGA_ENGINE_IDLE_PERIODS) {
        engine_unpost(e);
    }
    if (e->mapped && e->idle >= e->idle_max) {
        shadow_map(e, false);
        e->rested = engine_now_ms();
        engine_barrier(e);
    }
    if (e->mapped || e->posted) {
        engine_arm(e);
    }
}

static void engine_vm_state(void *opaque, bool running, RunState state)
{
    VFIOVGAEngine *e = opaque;

    engine_begin(e, false);
    if (!running) {
        engine_unpost(e);
    }
    e->running = running;
    if (!running) {
        engine_barrier(e);
        timer_del(e->timer);
    } else if (e->mapped) {
        engine_arm(e);
    }
}

/*
 * From the guest
 */

/* Nothing is to be had, or nobody comes to see what is pending */
static bool engine_is_off(const VFIOVGAEngine *e)
{
    return e->bus_master || e->distrusted || !e->running;
}

/* Or another may use the adapter */
static bool engine_must_forward(const VFIOVGAEngine *e)
{
    return engine_is_off(e) || vfio_vga_bars_mapped(&e->bars);
}

/*
 * The guest accesses what could be kept for a while, if BARs were not mapped.
 * Through them it may have done anything meanwhile.
 */
static void engine_trap_bars(VFIOVGAEngine *e)
{
    if (vfio_vga_bars_mapped(&e->bars) && !engine_is_off(e) &&
        heat_up(&e->bars_heat, VFIO_VGA_BARS_HEAT) &&
        vfio_vga_bars_trap(&e->bars)) {
        engine_forget(e, "BARs were mapped");
    }
}

static int engine_read_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                            void *data)
{
    combine_flush(e);
    vfio_vga_state_read(&e->state, port, size);
    return engine_forward(e, false, port, size, data);
}

static int engine_read_memory(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                              void *data)
{
    int ret;

    engine_trap_bars(e);
    if (!engine_must_forward(e)) {
        shadow_heat(e, offset, size);
    }
    if (window_covers(e->window, offset, size)) {
        e->shadow_accesses++;
        e->read_base = read_cell(e->window, offset, size);
        memcpy(e->read_cell, shadow_byte(e, e->read_base), e->window.cell);
        memcpy(data, shadow_byte(e, offset), size);
        return size;
    }
    shadow_leave_beside(e, offset);
    combine_flush(e);
    ret = engine_forward(e, false, offset, size, data);
    if (!e->window.key) { /* else nothing is decoded there */
        e->read_base = window_covers(e->wanted, offset, size)
                       ? read_cell(e->wanted, offset, size) : 0;
        e->latches_lost = false;
    }
    return ret;
}

/* The register reads back, which changes nothing */
static void engine_learn_misc(VFIOVGAEngine *e)
{
    uint8_t misc;

    combine_flush(e);
    if (engine_read_back(e, VFIO_VGA_MISC_READ, 1, &misc)) {
        e->state.misc = misc;
    }
}

static VFIOVGAWindow engine_window(const VFIOVGAEngine *e,
                                   const VFIOVGAState *state)
{
    VFIOVGAWindow window = vfio_vga_state_window(state);

    return window.linear && e->tier != VFIO_VGA_TIER_LINEAR
           ? (VFIOVGAWindow) { } : window;
}

/* Returns true if what was written to memory before has to be there first */
static bool engine_next(const VFIOVGAEngine *e, uint32_t port, uint32_t size,
                        const void *data, VFIOVGAState *next,
                        VFIOVGAWindow *wanted)
{
    *next = e->state;
    if (!vfio_vga_state_write(next, port, ldn_le_p(data, size), size)) {
        *wanted = e->wanted;
        return false;
    }
    *wanted = engine_window(e, next);
    return true;
}

/* A call to be repeated has not happened, and changes nothing */
static int engine_write_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                             void *data)
{
    VFIOVGAWindow wanted;
    VFIOVGAState next;
    bool shadowed, ordered;
    int ret;

    if (e->ram && !engine_must_forward(e) &&
        vfio_vga_state_lacks_misc(&e->state, port, ldub_p(data))) {
        engine_learn_misc(e);
    }
    if (vfio_vga_posted_port(port, size)) {
        engine_trap_bars(e);
        if (!engine_must_forward(e)) {
            e->came = true;
            engine_post(e);
        }
    }
    shadowed = e->window.key;
    ordered = engine_next(e, port, size, data, &next, &wanted);
    if (ordered && e->window.key != wanted.key) {
        shadow_leave(e, "register written");
    } else if (ordered) {
        shadow_sync(e);
    }
    if (shadowed && !e->window.key) {
        /* What came out of the ring meanwhile may have been a register, too */
        engine_next(e, port, size, data, &next, &wanted);
    }
    combine_flush(e);
    ret = engine_forward(e, true, port, size, data);
    if (!engine_must_retry(ret)) {
        e->state = next;
        if (ordered) {
            engine_want(e, wanted);
        }
    }
    return ret;
}

/* See vga-engine.h: it is too late for this one, but not for others */
static void engine_check_latches(VFIOVGAEngine *e)
{
    if (e->latches_lost && vfio_vga_state_uses_latches(&e->state)) {
        e->latches_lost = false;
        e->latch_losses++;
        e->may_map = false;
        trace_vfio_vga_engine_latches_lost(engine_name(e));
    }
}

static int engine_write_memory(VFIOVGAEngine *e, uint32_t offset,
                               uint32_t size, void *data)
{
    e->came = true;
    engine_trap_bars(e);
    if (!engine_must_forward(e) && !shadow_heat(e, offset, size)) {
        engine_post(e);
    }
    if (window_covers(e->window, offset, size)) {
        e->shadow_accesses++;
        memcpy(shadow_byte(e, offset), data, size);
        e->dirty = true;
        if (e->running) {
            engine_arm(e);
        } else {
            shadow_sync(e);
        }
        return size;
    }
    shadow_leave_beside(e, offset);
    if (ranges_overlap(offset, size, e->read_base, sizeof(e->read_cell))) {
        e->read_base = 0; /* what was read is not there any more */
    }
    engine_check_latches(e);
    if (engine_must_forward(e)) {
        combine_flush(e);
        return engine_forward(e, true, offset, size, data);
    }
    recent_note(e, offset, size, data);
    combine_write(e, offset, size, data);
    return size;
}

/*
 * Config space
 *
 * A guest may write a register in any size, so it is the bytes that count.
 */

static bool config_is_in(uint32_t addr, uint32_t start, uint32_t size)
{
    return start && addr >= start && addr < start + size;
}

static uint32_t config_exp_size(PCIDevice *pdev)
{
    uint16_t flags = pci_get_word(pdev->config + pdev->exp.exp_cap +
                                  PCI_EXP_FLAGS);

    return (flags & PCI_EXP_FLAGS_VERS) == 1 ? PCI_EXP_VER1_SIZEOF
                                             : PCI_EXP_VER2_SIZEOF;
}

/* The standard header and capabilities that do not touch VGA, but for these */
static bool config_byte_is_harmless(VFIOPCIDevice *vdev, uint32_t addr,
                                    uint8_t value)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint32_t pm = pdev->pm_cap;
    uint32_t exp = pdev->exp.exp_cap;

    if (addr == PCI_BIST) {
        return !(value & PCI_BIST_START);
    }
    if (pm && addr == pm + PCI_PM_CTRL) {
        return !(value & PCI_PM_CTRL_STATE_MASK); /* D0 */
    }
    if (exp && addr == exp + PCI_EXP_DEVCTL + 1) {
        return !(value & PCI_EXP_DEVCTL_BCR_FLR >> 8);
    }
    return addr < PCI_STD_HEADER_SIZEOF ||
           (pm && addr == pm + PCI_PM_CTRL + 1) ||
           (exp && config_is_in(addr, exp, config_exp_size(pdev))) ||
           config_is_in(addr, pdev->msi_cap, vdev->msi_cap_size) ||
           config_is_in(addr, pdev->msix_cap, MSIX_CAP_LENGTH);
}

static bool config_is_harmless(VFIOPCIDevice *vdev, uint32_t addr,
                               uint32_t size, const uint8_t *data)
{
    uint32_t i;

    for (i = 0; i < size; i++) {
        if (!config_byte_is_harmless(vdev, addr + i, data[i])) {
            return false;
        }
    }
    return true;
}

/* A driver may have been there, with BARs that nobody sees, until it is off */
static void engine_write_config(VFIOVGAEngine *e, uint32_t addr, uint32_t size,
                                const uint8_t *data)
{
    bool command = range_covers_byte(addr, size, PCI_COMMAND);
    uint8_t value = command ? data[PCI_COMMAND - addr] : 0;
    bool driven = e->bus_master;

    if (command) {
        e->bus_master = value & PCI_COMMAND_MASTER;
    }
    if (driven || e->bus_master ||
        !config_is_harmless(e->vdev, addr, size, data)) {
        engine_unpost(e);
        engine_forget(e, "config space written");
    }
    engine_barrier(e);
    if (command && !(value & PCI_COMMAND_MEMORY)) {
        shadow_leave(e, "decode off");
    }
}

/*
 * Regions
 */

static bool engine_is_postable(uint8_t nr, off_t off, uint32_t size)
{
    return nr == VFIO_PCI_VGA_REGION_INDEX &&
           (off >= QEMU_PCI_VGA_MEM_BASE || vfio_vga_posted_port(off, size));
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
        engine_unpost(e);
        engine_forget(e, "BARs mapped");
    }
    return gives;
}

/* A BAR or config space, after all that the guest wrote */
static int engine_write_other(VFIOVGAEngine *e, uint8_t nr, off_t off,
                              uint32_t size, void *data, bool post)
{
    bool gives;
    int ret;

    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        engine_write_config(e, off, size, data);
    } else {
        engine_forget(e, "BAR written");
    }
    gives = engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_write(&e->vdev->vbasedev, nr, off, size, data,
                                       post && !gives);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    return ret;
}

static int engine_read_other(VFIOVGAEngine *e, uint8_t nr, off_t off,
                             uint32_t size, void *data)
{
    bool gives;
    int ret;

    engine_barrier(e);
    gives = nr != VFIO_PCI_CONFIG_REGION_INDEX &&
            engine_gives_bars(e, nr, off, size);
    ret = e->adapter_ops->region_read(&e->vdev->vbasedev, nr, off, size, data);
    if (gives) {
        vfio_vga_bars_map(&e->bars);
    }
    return ret;
}

static int engine_region_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                               uint32_t size, void *data, bool post)
{
    VFIOVGAEngine *e = vfio_vga_engine(vbasedev);
    bool outer = engine_begin(e, engine_is_postable(nr, off, size));
    int ret;

    if (nr != VFIO_PCI_VGA_REGION_INDEX) {
        ret = engine_write_other(e, nr, off, size, data, post);
    } else if (off < QEMU_PCI_VGA_MEM_BASE) {
        ret = engine_write_port(e, off, size, data);
    } else {
        ret = engine_write_memory(e, off, size, data);
    }
    engine_end(e, outer);
    return ret;
}

static int engine_region_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                              uint32_t size, void *data)
{
    VFIOVGAEngine *e = vfio_vga_engine(vbasedev);
    bool outer = engine_begin(e, false);
    int ret;

    if (nr != VFIO_PCI_VGA_REGION_INDEX) {
        ret = engine_read_other(e, nr, off, size, data);
    } else if (off < QEMU_PCI_VGA_MEM_BASE) {
        ret = engine_read_port(e, off, size, data);
    } else {
        ret = engine_read_memory(e, off, size, data);
    }
    engine_end(e, outer);
    return ret;
}

/*
 * After a reset, so nothing can be pending: vfio_pci_pre_reset() has turned
 * decoding off.
 */
static void engine_reset(VFIOPCIDevice *vdev, VFIOQuirk *quirk)
{
    VFIOVGAEngine *e = quirk->data;

    engine_begin(e, false);
    engine_unpost(e);
    engine_forget(e, "reset");
    vfio_vga_bars_reset(&e->bars);
    timer_del(e->timer);
    e->distrusted = false;
    e->latches_lost = false;
    e->may_map = e->can_map;
    e->moments = 0;
    e->rested = 0;
}

/*
 * Properties
 */

static char *engine_get_now(Object *obj, Error **errp)
{
    VFIOVGAEngine *e = vfio_vga_engine(&VFIO_PCI_DEVICE(obj)->vbasedev);

    return g_strdup(vfio_vga_tiers[e->window.linear ? VFIO_VGA_TIER_LINEAR
                                   : e->window.key ? VFIO_VGA_TIER_SHADOW
                                   : engine_must_forward(e)
                                   ? VFIO_VGA_TIER_FORWARD
                                   : VFIO_VGA_TIER_COMBINE]);
}

static void engine_add_properties(Object *obj, VFIOVGAEngine *e)
{
    const struct {
        const char *name;
        const uint64_t *value;
        const char *description;
    } counters[] = {
        { "x-vga-calls-read", &e->reads,
          "Calls that read from the region" },
        { "x-vga-calls-write", &e->writes,
          "Calls that wrote to it; one can hold many writes of the guest" },
        { "x-vga-combined-writes", &e->combined_writes,
          "Writes of the guest that left together with others" },
        { "x-vga-combined-calls", &e->combined_calls,
          "Calls on the region that took them" },
        { "x-vga-shadow-accesses", &e->shadow_accesses,
          "Accesses to a shadow that QEMU saw; those to RAM it does not" },
        { "x-vga-shadow-calls", &e->shadow_calls,
          "Calls on the region that wrote a shadow's changes" },
        { "x-vga-shadow-bytes", &e->shadow_bytes,
          "Bytes that they wrote" },
        { "x-vga-shadow-enters", &e->shadow_enters,
          "Times a window was read into a shadow" },
        { "x-vga-linear-enters", &e->linear_enters,
          "Times of these that it was the window of mode 13h" },
        { "x-vga-shadow-maps", &e->shadow_maps,
          "Times a shadow was mapped as RAM" },
        { "x-vga-shadow-leaves", &e->shadow_leaves,
          "Times a shadow was given up" },
        { "x-vga-latch-losses", &e->latch_losses,
          "Writes that used latches which no read that QEMU saw had loaded" },
        { "x-vga-posts", &e->posts,
          "Times KVM was asked to keep writes for a while" },
        { "x-vga-ticks", &e->ticks,
          "Times the timer woke QEMU" },
        { "x-vga-bar-changes", &e->bars.changes,
          "Times the BARs were mapped into the guest, or trapped again" },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(counters); i++) {
        object_property_add_uint64_ptr(obj, counters[i].name,
                                       counters[i].value, OBJ_PROP_FLAG_READ);
        object_property_set_description(obj, counters[i].name,
                                        counters[i].description);
    }
    object_property_add_str(obj, "x-vga-tier", engine_get_now, NULL);
    object_property_set_description(obj, "x-vga-tier",
                                    "The tier in use at this moment");
}

/* Like a static property, ours must not change under a running device */
static bool engine_may_set(Object *obj, const char *name, Error **errp)
{
    if (DEVICE(obj)->realized) {
        error_setg(errp, "%s cannot be set any more: the device is in use",
                   name);
        return false;
    }
    return true;
}

static char *engine_get_tier(Object *obj, Error **errp)
{
    return g_strdup(vfio_vga_tiers[VFIO_PCI_DEVICE(obj)->vga_options.tier]);
}

static void engine_set_tier(Object *obj, const char *value, Error **errp)
{
    ERRP_GUARD();
    VFIOVGATier tier = 0;

    if (!engine_may_set(obj, "x-vga-engine", errp)) {
        return;
    }
    while (tier < VFIO_VGA_TIER__MAX && strcmp(value, vfio_vga_tiers[tier])) {
        tier++;
    }
    if (tier == VFIO_VGA_TIER__MAX) {
        error_setg(errp, "x-vga-engine=%s is not known", value);
        error_append_hint(errp, "Type one of auto, forward, combine, shadow "
                          "and linear, or leave it out (auto).\n");
        return;
    }
    VFIO_PCI_DEVICE(obj)->vga_options.tier = tier;
}

static void engine_get_width(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    visit_type_uint8(v, name, &VFIO_PCI_DEVICE(obj)->vga_options.width, errp);
}

static void engine_set_width(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    ERRP_GUARD();
    uint8_t width;

    if (!engine_may_set(obj, name, errp) ||
        !visit_type_uint8(v, name, &width, errp)) {
        return;
    }
    if (width > 8 || (width && !is_power_of_2(width))) {
        error_setg(errp, "%s=%u is no width of an access", name, width);
        error_append_hint(errp, "Type 1, 2, 4 or 8 (bytes), or leave it out "
                          "for whatever the host makes of it.\n");
        return;
    }
    VFIO_PCI_DEVICE(obj)->vga_options.width = width;
}

static bool engine_get_ram(Object *obj, Error **errp)
{
    return !VFIO_PCI_DEVICE(obj)->vga_options.no_ram;
}

static void engine_set_ram(Object *obj, bool value, Error **errp)
{
    if (engine_may_set(obj, "x-vga-shadow-ram", errp)) {
        VFIO_PCI_DEVICE(obj)->vga_options.no_ram = !value;
    }
}

static bool engine_get_bar_order(Object *obj, Error **errp)
{
    return !VFIO_PCI_DEVICE(obj)->vga_options.no_bar_order;
}

static void engine_set_bar_order(Object *obj, bool value, Error **errp)
{
    if (engine_may_set(obj, "x-vga-bar-order", errp)) {
        VFIO_PCI_DEVICE(obj)->vga_options.no_bar_order = !value;
    }
}

void vfio_vga_engine_class_init(ObjectClass *klass)
{
    ObjectProperty *tier, *width, *ram, *order;

    tier = object_class_property_add_str(klass, "x-vga-engine",
                                         engine_get_tier, engine_set_tier);
    object_property_set_default_str(tier, "auto");
    object_class_property_set_description(klass, "x-vga-engine",
        "The fastest tier for legacy VGA accesses: forward, combine, shadow, "
        "linear, or auto, which is shadow");
    width = object_class_property_add(klass, "x-vga-write-width", "uint8",
                                      engine_get_width, engine_set_width, NULL,
                                      NULL);
    object_property_set_default_uint(width, 0);
    object_class_property_set_description(klass, "x-vga-write-width",
        "The widest access (1, 2, 4, 8 bytes) that combined writes may make, "
        "0: whatever the host makes of them");
    ram = object_class_property_add_bool(klass, "x-vga-shadow-ram",
                                         engine_get_ram, engine_set_ram);
    object_property_set_default_bool(ram, true);
    object_class_property_set_description(klass, "x-vga-shadow-ram",
        "Map a busy shadow as RAM (with KVM only)");
    order = object_class_property_add_bool(klass, "x-vga-bar-order",
                                           engine_get_bar_order,
                                           engine_set_bar_order);
    object_property_set_default_bool(order, true);
    object_class_property_set_description(klass, "x-vga-bar-order",
        "Map BARs into the guest while no legacy VGA write can be pending, and "
        "only then");
}

/*
 * Life
 */

/*
 * A guest whose memory is encrypted accesses a window and RAM differently, and
 * what it is once it stays.
 */
static bool engine_can_map(const VFIOPCIDevice *vdev)
{
    return (kvm_enabled() || qtest_enabled()) && !current_machine->cgs &&
           !vdev->vga_options.no_ram;
}

/*
 * Other assigned devices could not reach the window by DMA, and do not reach
 * its shadow: RAM_PROTECTED keeps it out of their IOMMU, and takes a file.  It
 * is no part of a migration, which an assigned adapter does not survive anyway.
 */
static bool engine_alloc_shadow(VFIOVGAEngine *e, MemoryRegion *mr,
                                Error **errp)
{
    int fd = qemu_memfd_create("vfio-vga-shadow", VFIO_VGA_WINDOW_MAX, false,
                               0, 0, errp);

    if (fd < 0) {
        return false;
    }
    if (!memory_region_init_ram_from_fd(mr, OBJECT(e->vdev), "vfio-vga-shadow",
                                        VFIO_VGA_WINDOW_MAX,
                                        RAM_SHARED | RAM_PROTECTED, fd, 0,
                                        errp)) {
        close(fd);
        return false;
    }
    return true;
}

static void engine_init_shadow(VFIOVGAEngine *e, VFIOQuirk *quirk)
{
    Error *err = NULL;

    if (!engine_alloc_shadow(e, &quirk->mem[0], &err)) {
        warn_reportf_err(err, VFIO_MSG_PREFIX "no shadow of VGA memory: ",
                         engine_name(e));
        return;
    }
    quirk->nr_mem = 1;
    e->ram = &quirk->mem[0];
    e->guest = memory_region_get_ram_ptr(e->ram);
    e->can_map = e->may_map = engine_can_map(e->vdev);
    memory_region_set_enabled(e->ram, false);
    memory_region_add_subregion_overlap(
        &e->vdev->vga->region[QEMU_PCI_VGA_MEM].mem, 0, e->ram, 1);
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
    if (vdev->vga_options.tier != VFIO_VGA_TIER_AUTO) {
        return vdev->vga_options.tier;
    }
    return qtest_enabled() ? VFIO_VGA_TIER_FORWARD : VFIO_VGA_TIER_SHADOW;
}

static VFIOVGAEngine *engine_new(VFIOPCIDevice *vdev, VFIOVGATier tier)
{
    VFIOVGAEngine *e = g_new0(VFIOVGAEngine, 1);

    e->vdev = vdev;
    e->tier = tier;
    e->width = vdev->vga_options.width;
    e->can_post = kvm_enabled() || qtest_enabled();
    e->running = runstate_is_running();
    e->bus_master = engine_is_bus_master(&vdev->vbasedev);
    vfio_vga_state_forget(&e->state);
    vfio_vga_bars_init(&e->bars, vdev, !vdev->vga_options.no_bar_order);
    if (e->bus_master && e->bars.trapped) {
        vfio_vga_bars_map(&e->bars);
    }
    return e;
}

void vfio_vga_engine_init(VFIOPCIDevice *vdev)
{
    VFIOVGATier tier = engine_tier(vdev);
    VFIOVGAEngine *e;
    VFIOQuirk *quirk;

    if (tier == VFIO_VGA_TIER_FORWARD) {
        return;
    }
    e = engine_new(vdev, tier);
    quirk = vfio_quirk_alloc(1);
    quirk->nr_mem = 0;
    quirk->reset = engine_reset;
    quirk->data = e;
    QLIST_INSERT_HEAD(&vdev->vga->region[QEMU_PCI_VGA_MEM].quirks, quirk,
                      next);
    if (tier >= VFIO_VGA_TIER_SHADOW) {
        engine_init_shadow(e, quirk);
    }
    e->timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, engine_tick, e);
    e->vm_state = qemu_add_vm_change_state_handler(engine_vm_state, e);
    engine_init_io_ops(e);
    engine_add_properties(OBJECT(vdev), e);
}

void vfio_vga_engine_exit(VFIOPCIDevice *vdev)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    VFIOVGAEngine *e;

    if (vbasedev->io_ops->region_write != engine_region_write) {
        return;
    }
    e = vfio_vga_engine(vbasedev);
    engine_begin(e, false);
    engine_unpost(e);
    engine_forget(e, "exit");
    vfio_vga_bars_exit(&e->bars);
    qemu_del_vm_change_state_handler(e->vm_state);
    timer_free(e->timer);
    object_property_del(OBJECT(vdev), "x-vga-tier");
    vbasedev->io_ops = e->adapter_ops;
}
