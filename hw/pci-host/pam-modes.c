/*
 * The modes of the PAM segments of i440FX and q35
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header hw/pci-host/pam-fix.h describes x-pam-strict and its
 * implementation.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/vga-compat.h"
#include "pam-fix-internal.h"
#include "system/address-spaces.h"
#include "system/kvm.h"
#include "system/qtest.h"
#include "system/tcg.h"
#include "system/xen.h"
#include "trace/trace-hw_pci_host_vga_assign.h"

/* Over the regions of pam.c, which have 1; below kvmvapic-rom, with 1000 */
#define SEGMENT_PRIORITY        2
/* All other listeners have finished when this one's commit is called */
#define LISTENER_PRIORITY       1000

/*
 * Accesses that QEMU handles
 */

/*
 * QEMU cuts an access at the end of RAM, but not at the end of a region with
 * callbacks.  The part in the next segment goes where the mode of that segment
 * sends it.
 */
static void forward(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                    uint8_t *buf, unsigned size, bool is_write)
{
    unsigned here = MIN(size, PAM_EXPAN_SIZE - addr % PAM_EXPAN_SIZE);
    MemTxResult result = address_space_rw(as, addr, attrs, buf, here, is_write);

    /* An access that nobody claims is a master abort and reads all ones. */
    if (result != MEMTX_OK && !is_write) {
        memset(buf, 0xff, here);
    }
    if (here < size) {
        forward(&address_space_memory, addr + here, attrs, buf + here,
                size - here, is_write);
    }
}

static MemTxResult forward_read(AddressSpace *as, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    uint8_t buf[8];

    forward(as, addr, attrs, buf, size, false);
    *data = ldn_le_p(buf, size);
    return MEMTX_OK;
}

static MemTxResult forward_write(AddressSpace *as, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    uint8_t buf[8];

    stn_le_p(buf, size, data);
    forward(as, addr, attrs, buf, size, true);
    return MEMTX_OK;
}

/* No guest gets here: the ROM device is always in ROMD mode. */
static MemTxResult pam_re_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    PAMFix *fix = opaque;

    return forward_read(&fix->modes.ram_as, addr, data, size, attrs);
}

static MemTxResult pam_re_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    PAMFix *fix = opaque;

    trace_pam_fix_write_to_pci(addr, data, size);
    return forward_write(&fix->modes.pci_as, addr, data, size, attrs);
}

static MemTxResult pam_we_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    PAMSegment *segment = opaque;

    return forward_read(&segment->fix->modes.pci_as, segment->base + addr, data,
                        size, attrs);
}

static MemTxResult pam_we_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    PAMSegment *segment = opaque;

    return forward_write(&segment->fix->modes.ram_as, segment->base + addr,
                         data, size, attrs);
}

static const MemoryRegionOps pam_re_ops = {
    .read_with_attrs = pam_re_read,
    .write_with_attrs = pam_re_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static const MemoryRegionOps pam_we_ops = {
    .read_with_attrs = pam_we_read,
    .write_with_attrs = pam_we_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/*
 * The copy of the PCI side
 */

typedef struct RomSearch {
    hwaddr base, size;
    hwaddr rom;                 /* bytes of it that are ROM */
} RomSearch;

static bool rom_search_range(Int128 start, Int128 len, const MemoryRegion *mr,
                             hwaddr offset_in_region, void *opaque)
{
    RomSearch *search = opaque;
    hwaddr from, to;

    if (int128_ge(start, int128_make64(search->base + search->size))) {
        return true;
    }
    if (!memory_region_is_romd((MemoryRegion *)mr) &&
        !memory_region_is_rom((MemoryRegion *)mr)) {
        return false;
    }
    from = MAX(int128_get64(start), search->base);
    to = int128_getlo(int128_min(int128_add(start, len),
                                 int128_make64(search->base + search->size)));
    search->rom += to > from ? to - from : 0;
    return false;
}

static bool segment_pci_side_is_rom(PAMSegment *segment)
{
    RomSearch search = { .base = segment->base, .size = segment->size };
    AddressSpace *pci = &segment->fix->modes.pci_as;

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(pci), rom_search_range,
                            &search);
    return search.rom == search.size;
}

static void segment_refresh(PAMSegment *segment)
{
    bool rom = segment_pci_side_is_rom(segment);
    uint8_t *copy = memory_region_get_ram_ptr(&segment->we);
    g_autofree uint8_t *now = NULL;

    trace_pam_fix_refresh(segment->base, rom);
    memory_region_rom_device_set_romd(&segment->we, rom);
    if (!rom) {
        return;
    }
    now = g_malloc(segment->size);
    address_space_read(&segment->fix->modes.pci_as, segment->base,
                       MEMTXATTRS_UNSPECIFIED, now, segment->size);
    if (memcmp(copy, now, segment->size)) {
        memcpy(copy, now, segment->size);
        /* TCG may have translated code from the old contents. */
        memory_region_flush_rom_device(&segment->we, 0, segment->size);
    }
}

void pam_fix_update(PAMFix *fix, int idx, unsigned mode)
{
    PAMSegment *segment;

    if (!fix || !fix->modes.strict || fix->modes.segments[idx].mode == mode) {
        return;
    }
    segment = &fix->modes.segments[idx];
    trace_pam_fix_mode(segment->base, segment->mode, mode);
    segment->mode = mode;
    if (mode == PAM_ATTR_WE) {
        segment_refresh(segment);
    }
    memory_region_set_enabled(&segment->re, mode == PAM_ATTR_RE);
    memory_region_set_enabled(&segment->we, mode == PAM_ATTR_WE);
}

static void pci_space_changed(MemoryListener *listener,
                              MemoryRegionSection *section)
{
    PAMFix *fix = container_of(listener, PAMFix, modes.listener);

    if (section->offset_within_address_space < 1 * MiB &&
        section->offset_within_address_space + int128_get64(section->size) >
        PAM_EXPAN_BASE) {
        fix->modes.stale = true;
    }
}

/*
 * This begins a transaction within the commit of another one, which is allowed
 * because this is the last of all listeners, so the other transaction has
 * nothing left to do.  It does not change the PCI space, and so does not
 * trigger itself.
 */
static void pci_space_commit(MemoryListener *listener)
{
    PAMFix *fix = container_of(listener, PAMFix, modes.listener);
    unsigned i;

    if (!fix->modes.stale) {
        return;
    }
    fix->modes.stale = false;
    memory_region_transaction_begin();
    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        if (fix->modes.segments[i].mode == PAM_ATTR_WE) {
            segment_refresh(&fix->modes.segments[i]);
        }
    }
    memory_region_transaction_commit();
}

/*
 * Becoming strict
 */

/* The RAM that has the whole first MiB, or NULL */
static MemoryRegion *first_mib(PAMFix *fix)
{
    MemoryRegionSection section = memory_region_find(fix->system_memory, 0, 1);
    MemoryRegion *mr = section.mr;

    if (!mr) {
        return NULL;
    }
    /* No reference is needed: RAM of the machine is never unplugged. */
    memory_region_unref(mr);
    if (!memory_region_is_ram(mr) || memory_region_is_ram_device(mr) ||
        section.offset_within_region || memory_region_size(mr) < 1 * MiB) {
        return NULL;
    }
    return mr;
}

const char *pam_modes_obstacle(PAMFix *fix)
{
    MemoryRegion *ram = first_mib(fix);

    if (xen_enabled()) {
        return "Xen maps the guest's memory";
    }
    if (current_machine->cgs) {
        return "a confidential guest's memory cannot be write-protected";
    }
    if (kvm_enabled() ? !kvm_readonly_mem_enabled() :
        !tcg_enabled() && !qtest_enabled()) {
        return "the accelerator has no read-only memory";
    }
    if (!ram || memory_region_has_guest_memfd(ram)) {
        return "the first MiB of RAM is not one block of ordinary memory";
    }
    return NULL;
}

static bool segment_init(PAMSegment *segment, PAMFix *fix, unsigned idx,
                         Error **errp)
{
    segment->fix = fix;
    segment->base = idx ? PAM_EXPAN_BASE + (idx - 1) * PAM_EXPAN_SIZE :
                    PAM_BIOS_BASE;
    segment->size = idx ? PAM_EXPAN_SIZE : PAM_BIOS_SIZE;
    if (!memory_region_init_private_rom_device(&segment->we, fix->owner,
                                               &pam_we_ops, segment,
                                               "pam-write-only",
                                               segment->size, errp)) {
        return false;
    }
    memory_region_init_alias(&segment->re, fix->owner, "pam-read-only",
                             &fix->modes.dram, segment->base, segment->size);
    return true;
}

static void segment_map(PAMSegment *segment)
{
    MemoryRegion *system_memory = segment->fix->system_memory;

    memory_region_set_enabled(&segment->re, false);
    memory_region_set_enabled(&segment->we, false);
    memory_region_add_subregion_overlap(system_memory, segment->base,
                                        &segment->re, SEGMENT_PRIORITY);
    memory_region_add_subregion_overlap(system_memory, segment->base,
                                        &segment->we, SEGMENT_PRIORITY);
}

/* segment_init() has made nothing that object_unparent() does not undo. */
static void segments_undo(PAMFix *fix, unsigned n)
{
    while (n--) {
        object_unparent(OBJECT(&fix->modes.segments[n].re));
        object_unparent(OBJECT(&fix->modes.segments[n].we));
    }
    object_unparent(OBJECT(&fix->modes.dram));
}

bool pam_modes_enable(PAMFix *fix, Error **errp)
{
    PAMModes *modes = &fix->modes;
    unsigned i;

    memory_region_init_rom_device_of_ram(&modes->dram, fix->owner, &pam_re_ops,
                                         fix, "pam-dram", first_mib(fix),
                                         1 * MiB);

    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        if (!segment_init(&modes->segments[i], fix, i, errp)) {
            segments_undo(fix, i);
            return false;
        }
    }
    address_space_init(&modes->ram_as, fix->ram, "pam-ram");
    address_space_init(&modes->pci_as, fix->pci, "pam-pci");
    modes->listener = (MemoryListener) {
        .name = "pam-fix",
        .priority = LISTENER_PRIORITY,
        .region_add = pci_space_changed,
        .region_del = pci_space_changed,
        .commit = pci_space_commit,
    };
    memory_listener_register(&modes->listener, &modes->pci_as);
    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        segment_map(&modes->segments[i]);
    }
    modes->strict = true;
    return true;
}
