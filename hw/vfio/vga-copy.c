/*
 * A copy of a VGA adapter's window that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "trace.h"
#include "vga-copy.h"
#include "vga-pending.h"
#include "hw/pci/pci.h"
#include "hw/pci/vga-compat.h"
#include "hw/vfio/vfio-device.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/memfd.h"
#include "qemu/range.h"
#include "system/kvm.h"
#include "system/qtest.h"

/*
 * To begin a copy costs a read of the whole window, and to map it a change of
 * the memory map.  So the more copies in a row lasted only a moment, the more
 * accesses the next one takes.  Two short copies in each mode set are normal:
 * the screen is cleared, and a font is loaded.
 */
#define HEAT_MAX 1024
#define HEAT_MOMENTS 4

/*
 * A copy that the guest changed by so many bytes has paid, however short it
 * lasted: a program that draws one screen after the other in 30 ms each would
 * otherwise wait longer for each copy.
 */
#define HEAT_BYTES 1024

/* A mapped copy is watched for so many periods at most: 16 seconds */
#define IDLE_PERIODS_MAX 1600

#define WORD sizeof(uint64_t)

static const char *copy_name(const VFIOVGACopy *copy)
{
    return copy->region->vbasedev->name;
}

static uint8_t *copy_byte(const VFIOVGACopy *copy, uint32_t offset)
{
    return (uint8_t *)copy->guest + (offset - copy->window.base);
}

static void copy_distrust(VFIOVGACopy *copy, const char *reason)
{
    copy->distrusted = true;
    trace_vfio_vga_copy_distrusted(copy_name(copy), reason);
}

/*
 * Differences between the images
 */

/*
 * Takes over the next run of words that differ, from byte @from on: the run in
 * the adapter's image becomes that of the guest's image.  A byte that the guest
 * writes meanwhile is taken over or left for the next time; the adapter's image
 * never has a value that the guest's did not have.
 *
 * Returns the run's length in bytes, 0 if nothing differs; @start is set to
 * the start of the run.
 */
static uint32_t copy_next_run(VFIOVGACopy *copy, uint32_t from,
                              uint32_t *start)
{
    uint32_t first = 0, end = 0; /* in words; @end 0: none yet */
    uint32_t i;

    for (i = from / WORD; i < copy->window.size / WORD; i++) {
        uint64_t now = qatomic_read(&copy->guest[i]);

        if (now == copy->adapter[i]) {
            continue;
        }
        if (end && i - end > VFIO_VGA_COPY_GAP / WORD) {
            break;
        }
        first = end ? first : i;
        end = i + 1;
        copy->adapter[i] = now;
    }

    *start = first * WORD;
    return (end - (end ? first : 0)) * WORD;
}

/* Does the adapter read as it was written? */
static void copy_verify(VFIOVGACopy *copy, uint32_t start, uint32_t size)
{
    uint8_t back[VFIO_VGA_COPY_SAMPLE];

    size = MIN(size, sizeof(back));
    if (!vfio_vga_region_peek(copy->region, copy->window.base + start, size,
                              back) ||
        memcmp(back, (uint8_t *)copy->adapter + start, size)) {
        copy_distrust(copy, "reads otherwise than written");
    }
}

bool vfio_vga_copy_write_back(VFIOVGACopy *copy)
{
    VFIOVGAHostRegion *region = copy->region;
    uint64_t calls = region->writes;
    uint32_t start, size, from = 0;

    if (!copy->dirty && !copy->mapped) {
        return false;
    }
    copy->dirty = false;
    while ((size = copy_next_run(copy, from, &start))) {
        vfio_vga_region_put(region, copy->window.base + start, size,
                            (uint8_t *)copy->adapter + start, false);
        copy->stats.bytes += size;
        trace_vfio_vga_copy_written(copy_name(copy), copy->window.base + start,
                                    size);
        if (copy->verify) {
            copy->verify = false;
            copy_verify(copy, start, size);
        }
        from = start + size;
    }
    copy->stats.calls += region->writes - calls;
    return from;
}

void vfio_vga_copy_sample(VFIOVGACopy *copy, uint32_t offset)
{
    uint32_t start = (offset - copy->window.base) & -VFIO_VGA_COPY_SAMPLE;

    copy_verify(copy, start, VFIO_VGA_COPY_SAMPLE);
}

/*
 * Latches
 */

/*
 * A character and its attribute are at one address of the planes, and so one
 * read loads both into the latches; the same holds for four dots of mode 13h.
 */
static uint32_t latches_cell(const VFIOVGAWindow *window, uint32_t offset,
                             uint32_t size)
{
    return (offset + size - 1) & -window->cell;
}

/* Note the cell at @base, which a read of the adapter would have latched */
static void latches_note(VFIOVGACopy *copy, uint32_t base)
{
    copy->latches.base = base;
    memcpy(copy->latches.cell, copy_byte(copy, base), copy->window.cell);
}

/*
 * Load the latches with the guest's last read.  If these bytes were written
 * since, they are put back for the moment of the read.
 */
static void latches_load(VFIOVGACopy *copy)
{
    VFIOVGALatches *latches = &copy->latches;
    uint32_t cell = copy->window.cell;
    uint8_t now[VFIO_VGA_COPY_CELL_MAX], data;
    bool changed;

    latches->lost = !latches->base;
    if (!latches->base) {
        return;
    }
    memcpy(now, copy_byte(copy, latches->base), cell);
    changed = memcmp(now, latches->cell, cell);
    if (changed) {
        vfio_vga_region_put(copy->region, latches->base, cell, latches->cell,
                            true);
    }
    vfio_vga_region_peek(copy->region, latches->base, 1, &data);
    if (changed) {
        vfio_vga_region_put(copy->region, latches->base, cell, now, true);
        latches->base = 0; /* the cell no longer holds what was latched */
    }
}

void vfio_vga_copy_saw_read(VFIOVGACopy *copy, uint32_t offset, uint32_t size)
{
    if (copy->window.key) {
        return; /* nothing is decoded there */
    }
    copy->latches.base = vfio_vga_window_covers(&copy->wanted, offset, size)
                         ? latches_cell(&copy->wanted, offset, size) : 0;
    copy->latches.lost = false;
}

/* Too late for the write that finds latches lost, but not for later ones */
void vfio_vga_copy_lose_latches(VFIOVGACopy *copy, const VFIOVGARegs *regs,
                                uint32_t offset, uint32_t size)
{
    VFIOVGALatches *latches = &copy->latches;

    if (ranges_overlap(offset, size, latches->base, sizeof(latches->cell))) {
        latches->base = 0; /* the cell no longer holds what was latched */
    }
    if (latches->lost && vfio_vga_regs_use_latches(regs)) {
        latches->lost = false;
        latches->losses++;
        copy->may_map = false;
        trace_vfio_vga_copy_latches_lost(copy_name(copy));
    }
}

/*
 * Whether the window reads as it was written
 */

void vfio_vga_copy_remember_wanted(VFIOVGACopy *copy, uint32_t offset,
                                   uint32_t size, const void *data)
{
    VFIOVGARecent *recent = &copy->recent;

    if (vfio_vga_window_covers(&copy->wanted, offset, size) &&
        size <= sizeof(recent->write[0].data)) {
        unsigned nr = recent->next++ % VFIO_VGA_COPY_RECENT;

        recent->write[nr].base = offset;
        recent->write[nr].size = size;
        memcpy(recent->write[nr].data, data, size);
    }
}

/* Whether no write newer than the @nth newest has written the same byte */
static bool recent_is_last(const VFIOVGARecent *recent, unsigned nth,
                           uint32_t offset)
{
    while (--nth) {
        unsigned nr = (recent->next - nth) % VFIO_VGA_COPY_RECENT;

        if (offset - recent->write[nr].base < recent->write[nr].size) {
            return false;
        }
    }
    return true;
}

static bool recent_is_there(const VFIOVGACopy *copy)
{
    const VFIOVGARecent *recent = &copy->recent;
    const uint8_t *there = (const uint8_t *)copy->adapter;
    int i, j;

    for (i = 1; i <= VFIO_VGA_COPY_RECENT; i++) {
        unsigned nr = (recent->next - i) % VFIO_VGA_COPY_RECENT;

        for (j = 0; j < recent->write[nr].size; j++) {
            uint32_t offset = recent->write[nr].base + j;

            if (recent->write[nr].data[j] !=
                there[offset - copy->wanted.base] &&
                recent_is_last(recent, i, offset)) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Begin and end of a copy
 */

/* Copies that ended at once may not have paid */
unsigned vfio_vga_copy_heat_needed(const VFIOVGACopy *copy)
{
    unsigned doublings = MAX(copy->moments, HEAT_MOMENTS) - HEAT_MOMENTS;

    return VFIO_VGA_HEAT_FIRST
           << MIN(doublings, ctz32(HEAT_MAX / VFIO_VGA_HEAT_FIRST));
}

void vfio_vga_copy_want(VFIOVGACopy *copy, VFIOVGAWindow window)
{
    copy->wanted = window;
    copy->latches.base = 0;
    copy->heat.count = 0;
    memset(copy->recent.write, 0, sizeof(copy->recent.write));
}

void vfio_vga_copy_begin(VFIOVGACopy *copy)
{
    if (!vfio_vga_region_peek(copy->region, copy->wanted.base,
                              copy->wanted.size, copy->adapter)) {
        copy_distrust(copy, "cannot be read");
    } else if (!recent_is_there(copy)) {
        copy_distrust(copy, "is not memory");
    }
    memcpy(copy->guest, copy->adapter, copy->wanted.size);
    copy->window = copy->wanted;
    if (copy->latches.base) {
        latches_note(copy, copy->latches.base);
    }
    if (copy->distrusted || copy->region->failed) {
        latches_load(copy);
        copy->window = (VFIOVGAWindow) { };
        return;
    }
    /* The next writes go to the copy */
    memset(copy->recent.write, 0, sizeof(copy->recent.write));
    copy->verify = true;
    copy->proven = 0;
    copy->dirty = false;
    copy->begun = vfio_vga_heat_now_ms();
    copy->begun_bytes = copy->stats.bytes;
    copy->stats.begins++;
    copy->stats.chain4_begins += copy->window.chain4;
    trace_vfio_vga_copy_begun(copy_name(copy), copy->window.base);
}

/*
 * Each change of the memory map costs time, with KVM that of building all of
 * the guest's second-level mapping again.  A console that changes now and then
 * would cause two changes each time, so a copy that comes back soon stays
 * mapped for twice as long.
 */
static void copy_set_idle_max(VFIOVGACopy *copy)
{
    bool soon = copy->rested && vfio_vga_heat_now_ms() - copy->rested <
                IDLE_PERIODS_MAX * VFIO_VGA_PENDING_PERIOD_MS;

    copy->idle_max = soon ? MIN(copy->idle_max * 2, IDLE_PERIODS_MAX)
                          : VFIO_VGA_PENDING_IDLE_PERIODS;
    copy->rested = 0;
}

void vfio_vga_copy_map(VFIOVGACopy *copy, uint32_t size)
{
    copy->mapped = size;
    memory_region_transaction_begin();
    if (size) {
        memory_region_set_size(copy->ram, size);
    }
    memory_region_set_address(copy->ram,
                              copy->window.base - QEMU_PCI_VGA_MEM_BASE);
    memory_region_set_enabled(copy->ram, size);
    memory_region_transaction_commit();
    copy->dirty = true; /* the guest may have written until now */
    copy->latches.base = 0;
    trace_vfio_vga_copy_map(copy_name(copy), size);
    if (size) {
        copy->stats.maps++;
        copy_set_idle_max(copy);
    }
}

/* Returns true if a copy that ends now was worth beginning */
static bool copy_paid(const VFIOVGACopy *copy)
{
    return vfio_vga_heat_now_ms() - copy->begun >= VFIO_VGA_HEAT_PAUSE_MS ||
           copy->stats.bytes - copy->begun_bytes >= HEAT_BYTES;
}

void vfio_vga_copy_end(VFIOVGACopy *copy, const char *reason)
{
    vfio_vga_copy_write_back(copy);
    latches_load(copy);
    copy->moments = copy_paid(copy) ? 0 : copy->moments + 1;
    copy->window = (VFIOVGAWindow) { };
    copy->stats.ends++;
    trace_vfio_vga_copy_ended(copy_name(copy), reason);
}

void vfio_vga_copy_read(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                        void *data)
{
    copy->stats.accesses++;
    if (!copy->mapped) { /* or there may be later reads, which QEMU missed */
        latches_note(copy, latches_cell(&copy->window, offset, size));
    }
    memcpy(data, copy_byte(copy, offset), size);
}

void vfio_vga_copy_write(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                         const void *data)
{
    copy->stats.accesses++;
    memcpy(copy_byte(copy, offset), data, size);
    copy->dirty = true;
}

/*
 * Is the other part of the window the same memory as this place?  The byte is
 * changed for that, and put back, which goes to the bank that is read, because
 * a change in this part was read back.
 */
static bool copy_is_alias(VFIOVGACopy *copy, uint32_t at)
{
    const uint8_t *image = (uint8_t *)copy->adapter;
    uint32_t other = (at / VFIO_VGA_PART ^ 1) * VFIO_VGA_PART;
    uint8_t changed = ~image[at], now;
    bool alias = false;
    uint32_t i;

    vfio_vga_region_put(copy->region, copy->window.base + at, 1, &changed,
                        true);
    for (i = at % VFIO_VGA_PART_STEP; i < VFIO_VGA_PART;
         i += VFIO_VGA_PART_STEP) {
        alias |= !vfio_vga_region_peek(copy->region,
                                       copy->window.base + other + i, 1,
                                       &now) || now != image[other + i];
    }
    vfio_vga_region_put(copy->region, copy->window.base + at, 1, &image[at],
                        true);
    return alias;
}

/* If two parts share memory, the first or last step of one is in the other */
static bool copy_is_twice(VFIOVGACopy *copy, uint32_t part)
{
    return copy->window.size > VFIO_VGA_PART && !copy->proven &&
           (copy_is_alias(copy, part) ||
            copy_is_alias(copy, part + VFIO_VGA_PART - 1));
}

bool vfio_vga_copy_prove(VFIOVGACopy *copy, uint32_t offset, uint32_t size,
                         const void *data)
{
    uint32_t at = offset - copy->window.base;
    bool same = !memcmp(copy_byte(copy, offset), data, size);
    uint8_t bytes[sizeof(uint64_t)] = { }, back[sizeof(uint64_t)];
    bool there;
    int i;

    copy->stats.accesses++;
    for (i = 0; i < size; i++) {
        bytes[i] = ((const uint8_t *)data)[i] ^ (same ? 0xff : 0);
    }
    vfio_vga_region_write(copy->region, offset, size, bytes);
    there = vfio_vga_region_peek(copy->region, offset, size, back) &&
            !memcmp(back, bytes, size);
    if (same) {
        vfio_vga_region_write(copy->region, offset, size, data);
    }
    if (!there) {
        copy_distrust(copy, "reads otherwise than written");
        return false;
    }
    memcpy(copy_byte(copy, offset), data, size);
    memcpy((uint8_t *)copy->adapter + at, data, size);
    if (copy_is_twice(copy, QEMU_ALIGN_DOWN(at, VFIO_VGA_PART))) {
        copy_distrust(copy, "is in the window twice");
        return false;
    }
    copy->proven |= 1 << (at / VFIO_VGA_PART);
    return true;
}

/*
 * Life
 */

/*
 * A guest with encrypted memory accesses a window and RAM differently, and does
 * not expect the one to become the other.
 */
static bool copy_can_map(void)
{
    return (kvm_enabled() || qtest_enabled()) && !current_machine->cgs;
}

/*
 * Other assigned devices cannot reach the window by DMA, and must not reach its
 * copy: RAM_PROTECTED keeps the copy out of their IOMMU, and needs a file.  The
 * copy is not migrated, and a machine with x-vga=on cannot be.
 */
bool vfio_vga_copy_init(VFIOVGACopy *copy, MemoryRegion *window,
                        MemoryRegion *mr, bool ram, Error **errp)
{
    int fd = qemu_memfd_create("vfio-vga-copy", VFIO_VGA_WINDOW_MAX, false, 0,
                               0, errp);

    if (fd < 0) {
        return false;
    }
    if (!memory_region_init_ram_from_fd(mr, window->owner, "vfio-vga-copy",
                                        VFIO_VGA_WINDOW_MAX,
                                        RAM_SHARED | RAM_PROTECTED, fd, 0,
                                        errp)) {
        close(fd);
        return false;
    }
    copy->ram = mr;
    copy->guest = memory_region_get_ram_ptr(mr);
    copy->can_map = copy->may_map = ram && copy_can_map();
    memory_region_set_enabled(mr, false);
    memory_region_add_subregion_overlap(window, 0, mr, 1);
    return true;
}

void vfio_vga_copy_trust(VFIOVGACopy *copy)
{
    copy->distrusted = false;
    copy->may_map = copy->can_map;
}

void vfio_vga_copy_reset(VFIOVGACopy *copy)
{
    vfio_vga_copy_trust(copy);
    copy->latches.lost = false;
    copy->moments = 0;
    copy->rested = 0;
}
