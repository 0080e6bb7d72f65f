/*
 * PAM, SMRAM and the legacy hole of i440FX and q35, as the chipset has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-common.h"
#include "hw/boards.h"
#include "hw/i386/pc.h"
#include "hw/loader.h"
#include "hw/pci/pci_device.h"
#include "hw/pci-host/pam.h"
#include "hw/pci-host/pam-fix.h"
#include "hw/qdev-core.h"
#include "system/address-spaces.h"
#include "system/kvm.h"
#include "system/qtest.h"
#include "system/system.h"
#include "system/tcg.h"
#include "system/xen.h"
#include "trace.h"

#define LEGACY_HOLE_BASE        SMRAM_C_BASE
#define LEGACY_HOLE_SIZE        (1 * MiB - LEGACY_HOLE_BASE)
/* Below each device, whatever priority its regions have */
#define LEGACY_HOLE_PRIORITY    (-1000)
/* Over the regions of pam.c, which have 1; below kvmvapic-rom, with 1000 */
#define SEGMENT_PRIORITY        2
/* All other listeners are through when this one's commit is called */
#define LISTENER_PRIORITY       1000

#define OPTION_ROM_ALIGN        512

#define PAM_RE                  1
#define PAM_WE                  2

typedef struct Segment {
    PAMFix *fix;
    hwaddr base, size;
    unsigned mode;
    MemoryRegion re;            /* mode 1, alias of PAMFix.dram */
    MemoryRegion we;            /* mode 2, ROM device with the PCI side */
} Segment;

struct PAMFix {
    Object *owner;
    PAMMemoryRegion *pam;
    MemoryRegion *ram, *system_memory, *pci;
    int (*post_load)(void *owner, int version_id);
    const PAMFixConfig *config;

    Notifier machine_done;
    DeviceListener devices;
    bool running;               /* machine_done was called */
    bool x_vga;
    bool pam_strict, pam_refused, smram_strict, hole_present;

    MemoryRegion hole;
    MemoryRegion dram;          /* the first MiB of RAM, writes go to PCI */
    Segment segments[PAM_REGIONS_COUNT];
    AddressSpace ram_as, pci_as;
    MemoryListener listener;    /* of pci_as */
    bool stale;
};

/*
 * The legacy hole
 */

static uint64_t legacy_hole_read(void *opaque, hwaddr addr, unsigned size)
{
    return MAKE_64BIT_MASK(0, size * BITS_PER_BYTE);
}

static void legacy_hole_write(void *opaque, hwaddr addr, uint64_t data,
                              unsigned size)
{
}

static const MemoryRegionOps legacy_hole_ops = {
    .read = legacy_hole_read,
    .write = legacy_hole_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/*
 * pc.c's region for option ROMs reads as zeros when they all come by fw_cfg.
 * Then the board has no chip there.  What -device loader puts there is in
 * the list of ROMs at first, and in the region after a reset.
 */
static bool option_roms_are_empty(MemoryRegion *roms)
{
    hwaddr addr;

    for (addr = 0; addr < memory_region_size(roms); addr += OPTION_ROM_ALIGN) {
        if (rom_ptr(roms->addr + addr, 1)) {
            return false;
        }
    }
    return buffer_is_zero(memory_region_get_ram_ptr(roms),
                          memory_region_size(roms));
}

static void legacy_hole_enable(PAMFix *fix)
{
    MemoryRegion *roms = fix->config->option_roms;

    fix->hole_present = true;
    if (roms && option_roms_are_empty(roms)) {
        memory_region_set_enabled(roms, false);
    }
    memory_region_init_io(&fix->hole, fix->owner, &legacy_hole_ops, NULL,
                          "pci-legacy-hole", LEGACY_HOLE_SIZE);
    memory_region_add_subregion_overlap(fix->pci, LEGACY_HOLE_BASE, &fix->hole,
                                        LEGACY_HOLE_PRIORITY);
}

/*
 * PAM: accesses that are not native
 */

/*
 * QEMU cuts an access at the end of RAM, not at the end of a region that has
 * callbacks: what reaches into the next segment is for its mode to decide.
 */
static void forward(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                    uint8_t *buf, unsigned size, bool is_write)
{
    unsigned here = MIN(size, PAM_EXPAN_SIZE - addr % PAM_EXPAN_SIZE);
    MemTxResult result = address_space_rw(as, addr, attrs, buf, here, is_write);

    /* What nobody claims is a master abort: ones, and no machine check. */
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

/* Not reached by a guest: the ROM device is always in ROMD mode. */
static MemTxResult pam_re_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    PAMFix *fix = opaque;

    return forward_read(&fix->ram_as, addr, data, size, attrs);
}

static MemTxResult pam_re_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    PAMFix *fix = opaque;

    trace_pam_fix_write_to_pci(addr, data, size);
    return forward_write(&fix->pci_as, addr, data, size, attrs);
}

static MemTxResult pam_we_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    Segment *segment = opaque;

    return forward_read(&segment->fix->pci_as, segment->base + addr, data,
                        size, attrs);
}

static MemTxResult pam_we_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    Segment *segment = opaque;

    return forward_write(&segment->fix->ram_as, segment->base + addr, data,
                         size, attrs);
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
 * PAM: the copy of the PCI side
 */

typedef struct RomSearch {
    hwaddr base, size;
    hwaddr rom;                 /* how much of it is ROM */
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

static bool segment_pci_side_is_rom(Segment *segment)
{
    RomSearch search = { .base = segment->base, .size = segment->size };

    RCU_READ_LOCK_GUARD();
    flatview_for_each_range(address_space_to_flatview(&segment->fix->pci_as),
                            rom_search_range, &search);
    return search.rom == search.size;
}

static void segment_refresh(Segment *segment)
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
    address_space_read(&segment->fix->pci_as, segment->base,
                       MEMTXATTRS_UNSPECIFIED, now, segment->size);
    if (memcmp(copy, now, segment->size)) {
        memcpy(copy, now, segment->size);
        /* Code may have been translated from what was here. */
        memory_region_flush_rom_device(&segment->we, 0, segment->size);
    }
}

void pam_fix_update(PAMFix *fix, int idx, unsigned mode)
{
    Segment *segment;

    if (!fix || !fix->pam_strict || fix->segments[idx].mode == mode) {
        return;
    }
    segment = &fix->segments[idx];
    trace_pam_fix_mode(segment->base, segment->mode, mode);
    segment->mode = mode;
    if (mode == PAM_WE) {
        segment_refresh(segment);
    }
    memory_region_set_enabled(&segment->re, mode == PAM_RE);
    memory_region_set_enabled(&segment->we, mode == PAM_WE);
}

static void pci_space_changed(MemoryListener *listener,
                              MemoryRegionSection *section)
{
    PAMFix *fix = container_of(listener, PAMFix, listener);

    if (section->offset_within_address_space < 1 * MiB &&
        section->offset_within_address_space + int128_get64(section->size) >
        PAM_EXPAN_BASE) {
        fix->stale = true;
    }
}

/*
 * A transaction of its own, from within the commit of another: allowed because
 * this is the last listener of all, so nothing of the other is left to do.
 * It does not change the PCI space, so it does not come here again.
 */
static void pci_space_commit(MemoryListener *listener)
{
    PAMFix *fix = container_of(listener, PAMFix, listener);
    unsigned i;

    if (!fix->stale) {
        return;
    }
    fix->stale = false;
    memory_region_transaction_begin();
    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        if (fix->segments[i].mode == PAM_WE) {
            segment_refresh(&fix->segments[i]);
        }
    }
    memory_region_transaction_commit();
}

/*
 * PAM: becoming strict
 */

/* The region that is the first MiB of RAM, or NULL if it is not just one */
static MemoryRegion *first_mib(PAMFix *fix)
{
    MemoryRegionSection section = memory_region_find(fix->system_memory, 0, 1);
    MemoryRegion *mr = section.mr;

    if (!mr) {
        return NULL;
    }
    /* It stays: RAM of the machine is never unplugged. */
    memory_region_unref(mr);
    if (!memory_region_is_ram(mr) || memory_region_is_ram_device(mr) ||
        section.offset_within_region || memory_region_size(mr) < 1 * MiB) {
        return NULL;
    }
    return mr;
}

static const char *pam_obstacle(PAMFix *fix)
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

static bool segment_init(Segment *segment, PAMFix *fix, unsigned idx,
                         Error **errp)
{
    MemoryRegion *pci_alias = &fix->pam[idx].alias[0];

    segment->fix = fix;
    segment->base = pci_alias->addr;
    segment->size = memory_region_size(pci_alias);
    if (!memory_region_init_rom_device_nomigrate(&segment->we, fix->owner,
                                                 &pam_we_ops, segment,
                                                 "pam-write-only",
                                                 segment->size, errp)) {
        return false;
    }
    memory_region_init_alias(&segment->re, fix->owner, "pam-read-only",
                             &fix->dram, segment->base, segment->size);
    return true;
}

static void segment_map(Segment *segment)
{
    MemoryRegion *system_memory = segment->fix->system_memory;

    memory_region_set_enabled(&segment->re, false);
    memory_region_set_enabled(&segment->we, false);
    memory_region_add_subregion_overlap(system_memory, segment->base,
                                        &segment->re, SEGMENT_PRIORITY);
    memory_region_add_subregion_overlap(system_memory, segment->base,
                                        &segment->we, SEGMENT_PRIORITY);
}

/* What object_unparent() takes away again is all that segment_init() made. */
static void segments_undo(PAMFix *fix, unsigned n)
{
    while (n--) {
        object_unparent(OBJECT(&fix->segments[n].re));
        object_unparent(OBJECT(&fix->segments[n].we));
    }
    object_unparent(OBJECT(&fix->dram));
}

static bool pam_enable(PAMFix *fix, Error **errp)
{
    unsigned i;

    memory_region_init_rom_device_of_ram(&fix->dram, fix->owner, &pam_re_ops,
                                         fix, "pam-dram", first_mib(fix),
                                         1 * MiB);

    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        if (!segment_init(&fix->segments[i], fix, i, errp)) {
            segments_undo(fix, i);
            return false;
        }
    }
    address_space_init(&fix->ram_as, fix->ram, "pam-ram");
    address_space_init(&fix->pci_as, fix->pci, "pam-pci");
    fix->listener = (MemoryListener) {
        .name = "pam-fix",
        .priority = LISTENER_PRIORITY,
        .region_add = pci_space_changed,
        .region_del = pci_space_changed,
        .commit = pci_space_commit,
    };
    memory_listener_register(&fix->listener, &fix->pci_as);
    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        segment_map(&fix->segments[i]);
    }
    fix->pam_strict = true;
    return true;
}

/*
 * SMRAM
 */

bool pam_fix_smram_open(const PAMFix *fix, uint8_t smramc)
{
    uint8_t open = SMRAM_D_OPEN;

    if (fix->smram_strict) {
        open |= SMRAM_G_SMRAME;
    }
    return (smramc & open) == open;
}

void pam_fix_smram_lock(const PAMFix *fix, PCIDevice *bridge, int reg)
{
    uint8_t *smramc = &bridge->config[reg];

    if (!fix->smram_strict) {
        return;
    }
    *smramc &= ~SMRAM_C_BASE_SEG_MASK;
    *smramc |= SMRAM_C_BASE_SEG;
    if (*smramc & SMRAM_D_LCK) {
        *smramc &= ~SMRAM_D_OPEN;
        bridge->wmask[reg] = SMRAM_D_CLS;
    } else {
        bridge->wmask[reg] = SMRAM_D_OPEN | SMRAM_D_CLS | SMRAM_D_LCK |
                             SMRAM_G_SMRAME;
    }
}

void pam_fix_smram_reset(const PAMFix *fix, PCIDevice *bridge, int reg)
{
    if (fix->smram_strict) {
        bridge->config[reg] = SMRAM_C_BASE_SEG;
    }
}

/*
 * What is strict, and since when
 */

static bool wanted(const PAMFix *fix, OnOffAuto choice)
{
    return choice == ON_OFF_AUTO_ON ||
           (choice == ON_OFF_AUTO_AUTO && fix->x_vga);
}

static void refuse(PAMFix *fix, const char *property, OnOffAuto choice,
                   const char *why)
{
    if (choice == ON_OFF_AUTO_ON) {
        error_report("%s=on is not possible: %s; leave it out or say off",
                     property, why);
        exit(EXIT_FAILURE);
    }
    warn_report("an adapter has x-vga=on, and %s stays off: %s", property, why);
}

static void apply_pam(PAMFix *fix)
{
    const char *why = pam_obstacle(fix);
    g_autoptr(Error) err = NULL;

    if (!why && !pam_enable(fix, &err)) {
        why = error_get_pretty(err);
    }
    if (why) {
        fix->pam_refused = true;
        refuse(fix, "x-pam-strict", fix->config->pam, why);
    }
}

/* Once the machine is complete, and whenever something may have changed. */
static void pam_fix_apply(PAMFix *fix)
{
    const PAMFixConfig *config = fix->config;

    memory_region_transaction_begin();
    if (wanted(fix, config->hole) && !fix->hole_present) {
        legacy_hole_enable(fix);
    }
    if (wanted(fix, config->smram)) {
        fix->smram_strict = true;
    }
    if (wanted(fix, config->pam) && !fix->pam_strict && !fix->pam_refused) {
        apply_pam(fix);
    }
    trace_pam_fix_apply(fix->pam_strict, fix->hole_present, fix->smram_strict);
    fix->post_load(fix->owner, 0);
    memory_region_transaction_commit();
}

static bool any_wanted(const PAMFix *fix)
{
    return wanted(fix, fix->config->pam) || wanted(fix, fix->config->hole) ||
           wanted(fix, fix->config->smram);
}

static void pam_fix_machine_done(Notifier *notifier, void *data)
{
    PAMFix *fix = container_of(notifier, PAMFix, machine_done);

    fix->running = true;
    if (any_wanted(fix)) {
        pam_fix_apply(fix);
    }
}

static bool has_x_vga(DeviceState *dev)
{
    return object_property_find(OBJECT(dev), "x-vga") &&
           object_property_get_bool(OBJECT(dev), "x-vga", NULL);
}

static void pam_fix_device_realized(DeviceListener *listener, DeviceState *dev)
{
    PAMFix *fix = container_of(listener, PAMFix, devices);

    if (fix->x_vga || !has_x_vga(dev)) {
        return;
    }
    fix->x_vga = true;
    if (fix->running && any_wanted(fix)) {
        pam_fix_apply(fix);
    }
}

void pam_fix_init(Object *owner, PAMMemoryRegion *pam, MemoryRegion *ram,
                  MemoryRegion *system_memory, MemoryRegion *pci,
                  int (*post_load)(void *owner, int version_id))
{
    PAMFix *fix = g_new0(PAMFix, 1);
    unsigned i;

    fix->owner = owner;
    fix->pam = pam;
    fix->ram = ram;
    fix->system_memory = system_memory;
    fix->pci = pci;
    fix->post_load = post_load;
    fix->config = &PC_MACHINE(qdev_get_machine())->pam_fix;
    for (i = 0; i < PAM_REGIONS_COUNT; i++) {
        pam[i].fix = fix;
    }
    fix->machine_done.notify = pam_fix_machine_done;
    qemu_add_machine_init_done_notifier(&fix->machine_done);
    fix->devices.realize = pam_fix_device_realized;
    device_listener_register(&fix->devices);
}

/*
 * Properties of the machine
 */

typedef struct PAMFixProperty {
    const char *name, *description;
    size_t offset;              /* in PAMFixConfig */
} PAMFixProperty;

static const PAMFixProperty pam_fix_properties[] = {
    { "x-pam-strict",
      "All four PAM modes as the chipset has them; auto (default): from the "
      "first adapter with x-vga=on on",
      offsetof(PAMFixConfig, pam) },
    { "x-legacy-hole",
      "What no PCI device claims from 0xa0000 to 0xfffff reads all ones, not "
      "RAM; auto as for x-pam-strict",
      offsetof(PAMFixConfig, hole) },
    { "x-smram-strict",
      "D_OPEN acts with G_SMRAME only, i440FX has D_LCK and a fixed "
      "C_BASE_SEG; auto as for x-pam-strict",
      offsetof(PAMFixConfig, smram) },
};

static OnOffAuto *property_value(Object *obj, void *opaque)
{
    const PAMFixProperty *property = opaque;

    return (void *)((char *)&PC_MACHINE(obj)->pam_fix + property->offset);
}

static void pam_fix_get(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    visit_type_OnOffAuto(v, name, property_value(obj, opaque), errp);
}

static void pam_fix_set(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    if (phase_check(PHASE_MACHINE_INITIALIZED)) {
        error_setg(errp, "%s is part of the machine and cannot be changed "
                   "now; start QEMU with -machine %s=...", name, name);
        return;
    }
    visit_type_OnOffAuto(v, name, property_value(obj, opaque), errp);
}

void pam_fix_add_properties(ObjectClass *machine_class)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(pam_fix_properties); i++) {
        const PAMFixProperty *property = &pam_fix_properties[i];

        object_class_property_add(machine_class, property->name, "OnOffAuto",
                                  pam_fix_get, pam_fix_set, NULL,
                                  (void *)property);
        object_class_property_set_description(machine_class, property->name,
                                              property->description);
    }
}
