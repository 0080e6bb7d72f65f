/*
 * A copy of a VGA adapter's four planes that the guest works on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "trace.h"
#include "vga-gc.h"
#include "vga-planes.h"
#include "hw/vfio/vfio-device.h"
#include "qemu/bitops.h"

/*
 * Bytes of a block, which is read at once where the guest first reads.  A
 * bitmap that is drawn once costs no more bytes than the guest's own reads.
 */
#define PLANES_BLOCK 256

/* Bytes of each plane read back at the guest's first access in a period */
#define PLANES_SAMPLE 16

/* Bytes read back of those that were written */
#define PLANES_VERIFY 64

/* Runs no farther apart than this are written in one call */
#define PLANES_GAP 64

/*
 * Addresses that are written in one plane before the next plane: with a whole
 * picture at once, wrong colors would show for as long as that takes.
 */
#define PLANES_CHUNK (8 * KiB)

/* A copy that served fewer accesses has not paid for its end */
#define PLANES_PAID 256

/* Accesses in which the guest must change a byte, or the copy is not proven */
#define PLANES_TRIAL 64

/* Each copy that did not pay makes the next take four times as many reads */
#define PLANES_SHIFT 2
#define PLANES_SHIFT_MAX 8

#define SEQUENCER 0x3c4
#define GRAPHICS 0x3ce

#define SR_MAP_MASK 2

static const char *planes_name(const VFIOVGAPlanes *planes)
{
    return planes->region->vbasedev->name;
}

static void planes_distrust(VFIOVGAPlanes *planes, const char *reason)
{
    planes->distrusted = true;
    trace_vfio_vga_planes_distrusted(planes_name(planes), reason);
}

/*
 * Registers
 */

static void planes_set(VFIOVGAPlanes *planes, uint32_t port, int index,
                       uint8_t value)
{
    VFIOVGARegs *adapter = &planes->adapter;
    bool sequencer = port == SEQUENCER;
    int16_t *reg = sequencer ? &adapter->sr[index] : &adapter->gr[index];
    uint8_t data[] = { index, value };

    if (*reg != value) {
        vfio_vga_region_write(planes->region, port, sizeof(data), data);
        *reg = value;
        *(sequencer ? &adapter->sr_index : &adapter->gr_index) = index;
    }
}

static void planes_set_index(VFIOVGAPlanes *planes, uint32_t port,
                             int16_t *now, int16_t index)
{
    uint8_t data = index;

    if (*now != index) {
        vfio_vga_region_write(planes->region, port, sizeof(data), &data);
        *now = index;
    }
}

void vfio_vga_planes_put_registers(VFIOVGAPlanes *planes)
{
    const VFIOVGARegs *regs = planes->regs;
    VFIOVGARegs *adapter = &planes->adapter;
    int i;

    if (!planes->key) {
        return;
    }
    planes_set(planes, SEQUENCER, SR_MAP_MASK, regs->sr[SR_MAP_MASK]);
    for (i = 0; i < ARRAY_SIZE(regs->gr); i++) {
        planes_set(planes, GRAPHICS, i, regs->gr[i]);
    }
    planes_set_index(planes, SEQUENCER, &adapter->sr_index, regs->sr_index);
    planes_set_index(planes, GRAPHICS, &adapter->gr_index, regs->gr_index);
}

bool vfio_vga_planes_keep(const VFIOVGAPlanes *planes, uint32_t port,
                          int16_t index, uint32_t size, const uint8_t *data,
                          const VFIOVGARegs *after)
{
    uint32_t pair = port & ~1; /* of index and data */

    if (!planes->key || vfio_vga_regs_planes(after) != planes->key ||
        (pair != SEQUENCER && pair != GRAPHICS)) {
        return false;
    }
    if (port == pair && size == 1) {
        return true;
    }
    index = port == pair ? data[0] : index;
    return planes->proven && port + size == pair + 2 &&
           (pair == SEQUENCER ? index == SR_MAP_MASK
                              : index != VFIO_VGA_GC_MISC);
}

/* Afterwards a write of a byte goes to this plane alone, unchanged */
static void planes_select_to_write(VFIOVGAPlanes *planes, int plane)
{
    planes_set(planes, SEQUENCER, SR_MAP_MASK, 1 << plane);
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_ENABLE_SET_RESET, 0);
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_ROTATE, 0);
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_MODE,
               planes->regs->gr[VFIO_VGA_GC_MODE] &
               ~(VFIO_VGA_GC_MODE_WRITE | VFIO_VGA_GC_MODE_READ));
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_BIT_MASK, VFIO_VGA_GC_ALL_BITS);
}

/* Reads some bytes of a plane; the registers are put back later */
static bool planes_peek(VFIOVGAPlanes *planes, int plane, uint32_t at,
                        uint32_t size, uint8_t *data)
{
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_MODE,
               planes->adapter.gr[VFIO_VGA_GC_MODE] & ~VFIO_VGA_GC_MODE_READ);
    planes_set(planes, GRAPHICS, VFIO_VGA_GC_READ_MAP, plane);
    return vfio_vga_region_peek(planes->region, VFIO_VGA_PLANES_BASE + at,
                                size, data);
}

/*
 * Bytes of the adapter
 */

static bool planes_fetch_plane(VFIOVGAPlanes *planes, int nr, uint32_t at)
{
    VFIOVGAPlane *plane = &planes->plane[nr];
    uint8_t now[PLANES_BLOCK];
    int i;

    if (!planes_peek(planes, nr, at, sizeof(now), now)) {
        planes_distrust(planes, "cannot be read");
        return false;
    }
    for (i = 0; i < sizeof(now); i++) {
        if (!test_bit(at + i, plane->known)) {
            plane->bytes[at + i] = now[i];
        }
    }
    bitmap_set(plane->known, at, sizeof(now));
    return true;
}

/* Make sure that the bytes of all planes at an address are known */
static bool planes_fetch(VFIOVGAPlanes *planes, uint32_t at)
{
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        if (!test_bit(at, planes->plane[p].known) &&
            !planes_fetch_plane(planes, p, QEMU_ALIGN_DOWN(at, PLANES_BLOCK))) {
            return false;
        }
    }
    return true;
}

/* Compares the adapter's bytes with those that it had, or was given */
static void planes_compare(VFIOVGAPlanes *planes, int nr, uint32_t at,
                           uint32_t size)
{
    const VFIOVGAPlane *plane = &planes->plane[nr];
    uint8_t now[PLANES_VERIFY];
    bool ok = planes_peek(planes, nr, at, size, now);
    int i;

    for (i = 0; ok && i < size; i++) {
        ok = !test_bit(at + i, plane->known) ||
             test_bit(at + i, plane->dirty) || now[i] == plane->bytes[at + i];
    }
    if (!ok) {
        planes_distrust(planes, "reads otherwise than written");
    }
}

void vfio_vga_planes_sample(VFIOVGAPlanes *planes, uint32_t offset)
{
    uint32_t at = QEMU_ALIGN_DOWN(offset - VFIO_VGA_PLANES_BASE, PLANES_SAMPLE);
    uint64_t calls = planes->region->reads + planes->region->writes;
    int p;

    for (p = 0; p < VFIO_VGA_PLANES && planes->proven && !planes->distrusted;
         p++) {
        if (find_next_bit(planes->plane[p].known, at + PLANES_SAMPLE, at) <
            at + PLANES_SAMPLE) {
            planes_compare(planes, p, at, PLANES_SAMPLE);
        }
    }
    planes->stats.calls += planes->region->reads + planes->region->writes -
                           calls;
}

/*
 * Returns the end of a run of dirty bytes that begins at @start.  The run goes
 * on over gaps of at most PLANES_GAP bytes if all bytes in them are known.
 */
static uint32_t planes_run_end(const VFIOVGAPlane *plane, uint32_t start,
                               uint32_t limit)
{
    uint32_t end = find_next_zero_bit(plane->dirty, limit, start);

    for (;;) {
        uint32_t next = find_next_bit(plane->dirty, limit, end);

        if (next >= limit || next - end > PLANES_GAP ||
            find_next_zero_bit(plane->known, next, end) < next) {
            return end;
        }
        end = find_next_zero_bit(plane->dirty, limit, next);
    }
}

static void planes_write_plane(VFIOVGAPlanes *planes, int nr, uint32_t start,
                               uint32_t limit)
{
    VFIOVGAPlane *plane = &planes->plane[nr];
    uint32_t end;

    for (;;) {
        start = find_next_bit(plane->dirty, limit, start);
        if (start >= limit) {
            return;
        }
        end = planes_run_end(plane, start, limit);
        planes_select_to_write(planes, nr);
        vfio_vga_region_put(planes->region, VFIO_VGA_PLANES_BASE + start,
                            end - start, &plane->bytes[start], false);
        bitmap_clear(plane->dirty, start, end - start);
        planes->stats.bytes += end - start;
        if (planes->verify) {
            planes->verify = false;
            planes_compare(planes, nr, start, MIN(end - start, PLANES_VERIFY));
        }
        start = end;
    }
}

bool vfio_vga_planes_write_back(VFIOVGAPlanes *planes)
{
    uint64_t calls = planes->region->reads + planes->region->writes;
    bool dirty = planes->key && planes->dirty;
    uint32_t at;
    int p;

    for (at = 0; dirty && at < VFIO_VGA_PLANES_SIZE; at += PLANES_CHUNK) {
        for (p = 0; p < VFIO_VGA_PLANES; p++) {
            planes_write_plane(planes, p, at, at + PLANES_CHUNK);
        }
    }
    planes->dirty = false;
    vfio_vga_planes_put_registers(planes);
    planes->stats.calls += planes->region->reads + planes->region->writes -
                           calls;
    return dirty;
}

/*
 * Latches
 */

static void latches_cells(VFIOVGAPlanes *planes, uint32_t at, uint32_t size,
                          uint8_t cells[VFIO_VGA_PLANES][sizeof(uint64_t)])
{
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        memcpy(cells[p], &planes->plane[p].bytes[at], size);
    }
}

static void latches_put(VFIOVGAPlanes *planes, uint32_t at, uint32_t size,
                        uint8_t cells[VFIO_VGA_PLANES][sizeof(uint64_t)])
{
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        planes_select_to_write(planes, p);
        vfio_vga_region_put(planes->region, VFIO_VGA_PLANES_BASE + at, size,
                            cells[p], true);
    }
}

/*
 * Make the guest's last read once more.  If these bytes were written since,
 * they are put back for that moment, unless the adapter is distrusted.
 */
static void latches_load(VFIOVGAPlanes *planes)
{
    const VFIOVGAPlanesLatches *latches = &planes->latches;
    uint32_t at = latches->offset - VFIO_VGA_PLANES_BASE;
    uint8_t then[VFIO_VGA_PLANES][sizeof(uint64_t)], data[sizeof(uint64_t)];
    uint8_t now[VFIO_VGA_PLANES][sizeof(uint64_t)] = { };
    bool changed;

    if (!latches->size) {
        return;
    }
    memcpy(then, latches->cells, sizeof(then));
    latches_cells(planes, at, latches->size, now);
    changed = !planes->distrusted && memcmp(then, now, sizeof(now));
    if (changed) {
        latches_put(planes, at, latches->size, then);
    }
    vfio_vga_region_peek(planes->region, latches->offset, latches->size, data);
    if (changed) {
        latches_put(planes, at, latches->size, now);
    }
}

/*
 * The guest's accesses
 */

static uint8_t planes_read_byte(const VFIOVGAPlanes *planes, uint32_t at)
{
    uint8_t bytes[VFIO_VGA_PLANES];
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        bytes[p] = planes->plane[p].bytes[at];
    }
    return vfio_vga_gc_read(planes->regs->gr, bytes);
}

/* Make the guest's read on the adapter as well, which has to agree */
static void planes_try_read(VFIOVGAPlanes *planes, uint32_t offset,
                            uint32_t size, uint8_t *bytes)
{
    uint8_t copy[sizeof(uint64_t)];

    memcpy(copy, bytes, size);
    vfio_vga_planes_put_registers(planes);
    vfio_vga_region_read(planes->region, offset, size, bytes);
    if (memcmp(copy, bytes, size)) {
        planes_distrust(planes, "reads otherwise");
    }
}

static bool planes_proven_at(const VFIOVGAPlanes *planes, uint32_t at)
{
    return planes->proven & (1 << (at / VFIO_VGA_PART));
}

/* Accesses that the copy has served so far */
static uint64_t planes_served(const VFIOVGAPlanes *planes)
{
    return planes->stats.accesses - planes->begun_accesses;
}

bool vfio_vga_planes_read(VFIOVGAPlanes *planes, uint32_t offset,
                          uint32_t size, void *data)
{
    uint32_t at = offset - VFIO_VGA_PLANES_BASE;
    uint64_t calls = planes->region->reads + planes->region->writes;
    uint8_t *bytes = data;
    int i;

    if (!planes->proven && planes_served(planes) > PLANES_TRIAL) {
        return false;
    }
    for (i = 0; i < size; i++) {
        if (!planes_fetch(planes, at + i)) {
            return false;
        }
        bytes[i] = planes_read_byte(planes, at + i);
    }
    /* No byte of a wider read stays: latches_load() compares all of them. */
    planes->latches = (VFIOVGAPlanesLatches) { .offset = offset, .size = size };
    latches_cells(planes, at, size, planes->latches.cells);
    planes->stats.accesses++;
    if (!planes_proven_at(planes, at)) {
        planes_try_read(planes, offset, size, bytes);
    }
    planes->stats.calls += planes->region->reads + planes->region->writes -
                           calls;
    return true;
}

static void planes_write_byte(VFIOVGAPlanes *planes, uint32_t at, uint8_t data)
{
    const VFIOVGARegs *regs = planes->regs;
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        VFIOVGAPlane *plane = &planes->plane[p];
        uint8_t byte;

        if (!(regs->sr[SR_MAP_MASK] & (1 << p))) {
            continue;
        }
        byte = vfio_vga_gc_written(regs->gr, p, data,
                                   planes->latches.cells[p][0]);
        if (!test_bit(at, plane->known) || plane->bytes[at] != byte) {
            planes->tells |= test_bit(at, plane->known);
            plane->bytes[at] = byte;
            set_bit(at, plane->known);
            set_bit(at, plane->dirty);
            planes->dirty = true;
        }
    }
}

/* Reads the bytes of plane 0 in a part where another part can show itself */
static bool planes_peek_steps(VFIOVGAPlanes *planes, uint32_t at,
                              uint8_t bytes[VFIO_VGA_PART_STEPS])
{
    uint32_t step = at % VFIO_VGA_PART_STEP;
    uint32_t part = (at / VFIO_VGA_PART) * VFIO_VGA_PART;
    bool ok = true;
    int i;

    for (i = 0; i < VFIO_VGA_PART_STEPS; i++) {
        ok &= planes_peek(planes, 0, part + i * VFIO_VGA_PART_STEP + step, 1,
                          &bytes[i]);
    }
    return ok;
}

/* Is the other part of the window the same memory as this place? */
static bool planes_is_alias(VFIOVGAPlanes *planes, uint32_t at)
{
    uint8_t before[VFIO_VGA_PART_STEPS], after[VFIO_VGA_PART_STEPS];
    uint32_t offset = VFIO_VGA_PLANES_BASE + at, other = at ^ VFIO_VGA_PART;
    uint8_t byte, changed;
    bool ok;

    if (!planes_peek_steps(planes, other, before) ||
        !planes_peek(planes, 0, at, 1, &byte)) {
        return true;
    }
    changed = ~byte;
    planes_select_to_write(planes, 0);
    vfio_vga_region_put(planes->region, offset, 1, &changed, true);
    ok = planes_peek_steps(planes, other, after);
    planes_select_to_write(planes, 0);
    vfio_vga_region_put(planes->region, offset, 1, &byte, true);
    return !ok || memcmp(before, after, sizeof(after));
}

/* A change in a part was read back, so a byte can be changed for a test */
static void planes_prove(VFIOVGAPlanes *planes, unsigned part)
{
    uint32_t first = part * VFIO_VGA_PART;

    if (!planes->proven &&
        (planes_is_alias(planes, first) ||
         planes_is_alias(planes, first + VFIO_VGA_PART - 1))) {
        planes_distrust(planes, "is in the window twice");
        return;
    }
    planes->proven |= 1 << part;
}

/*
 * Make the guest's write on the adapter as well.  If it changes a byte, reading
 * that back tells whether the adapter works like the copy.
 */
static void planes_try_write(VFIOVGAPlanes *planes, uint32_t offset,
                             uint32_t size, const void *data)
{
    uint32_t at = offset - VFIO_VGA_PLANES_BASE;
    int p;

    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        bitmap_clear(planes->plane[p].dirty, at, size);
    }
    /* A byte of the other part may be */
    planes->dirty = planes->dirty && planes->proven;
    /* Reads of the other part have not loaded the adapter's latches. */
    if (planes->proven && vfio_vga_regs_use_latches(planes->regs)) {
        vfio_vga_planes_write_back(planes);
        latches_load(planes);
    }
    vfio_vga_planes_put_registers(planes);
    vfio_vga_region_write(planes->region, offset, size, data);
    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        if (planes->tells && !planes->distrusted) {
            planes_compare(planes, p, at, size);
        }
    }
    if (planes->tells && !planes->distrusted) {
        planes_prove(planes, at / VFIO_VGA_PART);
    }
}

bool vfio_vga_planes_write(VFIOVGAPlanes *planes, uint32_t offset,
                           uint32_t size, const void *data)
{
    uint32_t at = offset - VFIO_VGA_PLANES_BASE;
    const uint8_t *bytes = data;
    int i;

    if (planes->latches.size != 1 && vfio_vga_regs_use_latches(planes->regs)) {
        return false;
    }
    planes->stats.accesses++;
    planes->tells = false;
    for (i = 0; i < size; i++) {
        planes_write_byte(planes, at + i, bytes[i]);
    }
    if (!planes_proven_at(planes, at)) {
        planes_try_write(planes, offset, size, data);
    }
    return true;
}

/*
 * Begin and end of a copy
 */

bool vfio_vga_planes_heat(VFIOVGAPlanes *planes)
{
    unsigned needed = VFIO_VGA_HEAT_FIRST
                      << MIN(PLANES_SHIFT * planes->moments, PLANES_SHIFT_MAX);

    return !planes->key && vfio_vga_heat_up(&planes->heat, needed) &&
           !planes->distrusted && !planes->region->failed &&
           vfio_vga_regs_planes(planes->regs) &&
           planes->regs->sr_index != VFIO_VGA_UNKNOWN &&
           planes->regs->gr_index != VFIO_VGA_UNKNOWN;
}

void vfio_vga_planes_begin(VFIOVGAPlanes *planes)
{
    int p;

    if (!planes->plane) {
        planes->plane = g_new(VFIOVGAPlane, VFIO_VGA_PLANES);
    }
    for (p = 0; p < VFIO_VGA_PLANES; p++) {
        bitmap_zero(planes->plane[p].known, VFIO_VGA_PLANES_SIZE);
        bitmap_zero(planes->plane[p].dirty, VFIO_VGA_PLANES_SIZE);
    }
    planes->key = vfio_vga_regs_planes(planes->regs);
    planes->adapter = *planes->regs;
    planes->latches = (VFIOVGAPlanesLatches) { };
    planes->dirty = planes->tells = planes->verify = false;
    planes->proven = 0;
    planes->begun_accesses = planes->stats.accesses;
    planes->stats.begins++;
    trace_vfio_vga_planes_begun(planes_name(planes));
}

void vfio_vga_planes_end(VFIOVGAPlanes *planes, const char *reason)
{
    if (!planes->key) {
        return;
    }
    vfio_vga_planes_write_back(planes);
    latches_load(planes);
    vfio_vga_planes_put_registers(planes);
    planes->key = 0;
    planes->moments = !planes->proven || planes_served(planes) < PLANES_PAID
                      ? planes->moments + 1 : 0;
    planes->stats.ends++;
    trace_vfio_vga_planes_ended(planes_name(planes), reason);
}

void vfio_vga_planes_init(VFIOVGAPlanes *planes, VFIOVGAHostRegion *region,
                          const VFIOVGARegs *regs)
{
    planes->region = region;
    planes->regs = regs;
}
