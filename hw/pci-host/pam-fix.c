/*
 * PAM, SMRAM and the legacy hole of i440FX and q35, as the chipset has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-common.h"
#include "hw/i386/pc.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/vga-assigned.h"
#include "pam-fix-internal.h"
#include "system/system.h"
#include "trace/trace-hw_pci_host_vga_assign.h"

/*
 * When each subject becomes strict
 */

static bool wanted(const PAMFix *fix, OnOffAuto choice)
{
    return choice == ON_OFF_AUTO_ON ||
           (choice == ON_OFF_AUTO_AUTO && fix->assigned_vga);
}

static void refuse(PAMFix *fix, const char *property, OnOffAuto choice,
                   const char *why)
{
    if (choice == ON_OFF_AUTO_ON) {
        error_report("%s=on is not possible: %s; leave %s out, or use off",
                     property, why, property);
        exit(EXIT_FAILURE);
    }
    warn_report("an adapter has x-vga=on, but %s stays off: %s", property, why);
}

static void apply_pam(PAMFix *fix)
{
    const char *why = pam_modes_obstacle(fix);
    Error *err = NULL;

    if (!why && !pam_modes_enable(fix, &err)) {
        why = error_get_pretty(err);
    }
    if (why) {
        fix->modes_refused = true;
        refuse(fix, "x-pam-strict", fix->config->pam, why);
    }
    error_free(err);
}

/* Called when the machine is complete, and when a first adapter is plugged. */
static void pam_fix_apply(PAMFix *fix)
{
    const PAMFixConfig *config = fix->config;

    memory_region_transaction_begin();
    if (wanted(fix, config->hole) && !fix->hole.present) {
        pam_hole_enable(fix);
    }
    if (wanted(fix, config->smram)) {
        fix->smram_strict = true;
    }
    if (wanted(fix, config->pam) && !fix->modes.strict && !fix->modes_refused) {
        apply_pam(fix);
    }
    trace_pam_fix_apply(fix->modes.strict, fix->hole.present,
                        fix->smram_strict);
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

static void pam_fix_device_realized(DeviceListener *listener, DeviceState *dev)
{
    PAMFix *fix = container_of(listener, PAMFix, devices);

    if (fix->assigned_vga || !pci_is_assigned_vga(dev)) {
        return;
    }
    fix->assigned_vga = true;
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
      "Emulate all four PAM modes as the chipset has them; auto (default): as "
      "soon as an adapter has x-vga=on",
      offsetof(PAMFixConfig, pam) },
    { "x-legacy-hole",
      "Addresses from 0xa0000 to 0xfffff that no PCI device claims read all "
      "ones, not RAM; auto as for x-pam-strict",
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
