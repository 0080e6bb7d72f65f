/*
 * BARs of an assigned adapter at the host's addresses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "bar-identity.h"
#include "hw/acpi/acpi_aml_interface.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/pci_bus.h"
#include "hw/vfio/vfio-device.h"
#include "pci.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/pci-sysfs.h"
#include "system/system.h"
#include "trace.h"
#include "vga-props.h"

VFIOBARIdentityList vfio_bar_identities =
    QLIST_HEAD_INITIALIZER(vfio_bar_identities);

VFIOPCIDevice *vfio_bar_identity_device(VFIOBARIdentity *identity)
{
    return container_of(identity, VFIOPCIDevice, bar_identity);
}

unsigned vfio_bar_identity_path(PCIDevice *pdev,
                                PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH])
{
    unsigned depth = 0, i;
    PCIDevice *dev;

    for (dev = pdev; dev; dev = pci_get_bus(dev)->parent_dev) {
        depth++;
        if (pci_bus_is_root(pci_get_bus(dev))) {
            break;      /* The root bus of a pxb has a parent device, too. */
        }
    }
    if (depth > VFIO_BAR_IDENTITY_DEPTH) {
        return 0;
    }
    for (dev = pdev, i = depth; i; dev = pci_get_bus(dev)->parent_dev) {
        path[--i] = dev;
    }
    return depth;
}

/*
 * The host's addresses
 */

static bool identity_set(VFIOPCIDevice *vdev, unsigned bar, uint64_t address,
                         uint64_t size, Error **errp)
{
    ERRP_GUARD();

    if (!address) {
        error_setg(errp, "BAR %u has no address on the host", bar);
        error_append_hint(errp, "Leave x-bar-identity out: this adapter cannot "
                          "look for its BARs at addresses of a host.\n");
        return false;
    }
    if (size != vdev->bars[bar].size || address % size) {
        error_setg(errp, "BAR %u of 0x%zx bytes cannot be at 0x%" PRIx64
                   ", where the host has 0x%" PRIx64 " bytes", bar,
                   vdev->bars[bar].size, address, size);
        return false;
    }
    vdev->bar_identity.bars[bar].address = address;
    return true;
}

static bool identity_is_memory(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bars[bar].size && !vdev->bars[bar].ioport;
}

static bool identity_set_all(VFIOPCIDevice *vdev,
                             const PCISysfsResource *resources, Error **errp)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        const PCISysfsResource *r = &resources[i];

        if (!identity_is_memory(vdev, i)) {
            continue;
        }
        if (!r->known) {
            error_setg(errp, "sysfs does not tell where BAR %u is", i);
            return false;
        }
        if (!identity_set(vdev, i, r->first, r->last - r->first + 1, errp)) {
            return false;
        }
    }
    return true;
}

static bool identity_read_config(VFIOPCIDevice *vdev, Error **errp)
{
    VFIODevice *vbasedev = &vdev->vbasedev;
    uint32_t regs[PCI_ROM_SLOT + 1] = { };
    unsigned i;

    if (vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                      PCI_BASE_ADDRESS_0, PCI_ROM_SLOT * 4,
                                      regs) != PCI_ROM_SLOT * 4) {
        error_setg(errp, "the BARs cannot be read");
        return false;
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        uint64_t address = le32_to_cpu(regs[i]) & PCI_BASE_ADDRESS_MEM_MASK;

        if (!identity_is_memory(vdev, i)) {
            continue;
        }
        if (vdev->bars[i].mem64) {
            address |= (uint64_t)le32_to_cpu(regs[i + 1]) << 32;
        }
        if (!identity_set(vdev, i, address, vdev->bars[i].size, errp)) {
            return false;
        }
    }
    return true;
}

static bool identity_read(VFIOPCIDevice *vdev, Error **errp)
{
    PCISysfsResource resources[PCI_SYSFS_RESOURCES];
    const char *dir = vdev->vbasedev.sysfsdev;

    if (dir && pci_sysfs_resources(dir, resources)) {
        return identity_set_all(vdev, resources, errp);
    }
    return identity_read_config(vdev, errp);
}

/*
 * The fw_cfg file for firmware
 */

static void identity_add_records(GByteArray *file, VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev), *path[VFIO_BAR_IDENTITY_DEPTH];
    unsigned depth = vfio_bar_identity_path(pdev, path), i, j;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        VFIOBARIdentityRecord record = {
            .address = cpu_to_le64(vdev->bar_identity.bars[i].address),
            .size = cpu_to_le64(vdev->bars[i].size),
            .bar = i,
            .depth = depth,
            .root = pci_bus_num(pci_get_bus(path[0])),
        };

        if (!vdev->bar_identity.bars[i].address) {
            continue;
        }
        for (j = 0; j < depth; j++) {
            record.path[j] = path[j]->devfn;
        }
        g_byte_array_append(file, (uint8_t *)&record, sizeof(record));
    }
}

/* Whether the file is in fw_cfg's directory */
static bool identity_has_file;

/*
 * A further file changes the select keys of other files, which a guest may have
 * read already.  So the file is added with the first adapter of the command
 * line or not at all; its contents may change later.
 */
static bool identity_reserve_file(Error **errp)
{
    FWCfgState *fw_cfg = fw_cfg_find();

    if (identity_has_file || phase_check(PHASE_MACHINE_READY)) {
        return true;
    }
    if (!fw_cfg_has_room(fw_cfg)) {
        error_setg(errp, "fw_cfg has no room for " VFIO_BAR_IDENTITY_FILE
                   ", which tells firmware of the addresses");
        error_append_hint(errp, "Use fewer -fw_cfg options, or -global "
                          "%s.x-file-slots=64.\n",
                          object_get_typename(OBJECT(fw_cfg)));
        return false;
    }
    fw_cfg_add_file(fw_cfg, VFIO_BAR_IDENTITY_FILE, NULL, 0);
    identity_has_file = true;
    return true;
}

static void identity_publish(void)
{
    static void *published;
    GByteArray *file = g_byte_array_new();
    VFIOBARIdentity *identity;
    size_t size;

    QLIST_FOREACH(identity, &vfio_bar_identities, next) {
        identity_add_records(file, vfio_bar_identity_device(identity));
    }
    size = file->len;
    fw_cfg_modify_file(fw_cfg_find(), VFIO_BAR_IDENTITY_FILE, file->data, size);
    g_free(published);
    published = g_byte_array_free(file, false);
}

/*
 * Called when all devices of the command line exist, before firmware runs.
 */
static void identity_machine_done(Notifier *notifier, void *data)
{
    identity_publish();
}

static Notifier identity_notifier = { .notify = identity_machine_done };

static void identity_changed(void)
{
    static bool notified;

    if (!identity_has_file) {
        return;
    }
    if (phase_check(PHASE_MACHINE_READY)) {
        identity_publish();
    } else if (!notified) {
        notified = true;
        qemu_add_machine_init_done_notifier(&identity_notifier);
    }
}

/*
 * The life of an adapter
 */

static bool identity_is_asked_for(VFIOPCIDevice *vdev)
{
    switch (vdev->bar_identity.wish) {
    case ON_OFF_AUTO_ON:
        return true;
    case ON_OFF_AUTO_AUTO:
        return vdev->vendor_id == PCI_VENDOR_ID_NVIDIA && vfio_is_vga(vdev);
    default:
        return false;
    }
}

static bool identity_activate(VFIOPCIDevice *vdev, Error **errp)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;

    if (vdev->vbasedev.enable_migration == ON_OFF_AUTO_ON) {
        error_setg(errp, "enable-migration=on contradicts it, because another "
                   "host has other addresses");
        return false;
    }
    /* A bridge's window has to cover all in the list, with this adapter */
    QLIST_INSERT_HEAD(&vfio_bar_identities, identity, next);
    if (identity_read(vdev, errp) && vfio_bar_identity_feasible(vdev, errp) &&
        identity_reserve_file(errp)) {
        vdev->vbasedev.enable_migration = ON_OFF_AUTO_OFF;
        identity->active = true;
        return true;
    }
    QLIST_REMOVE(identity, next);
    return false;
}

/* Returns whether the adapter can be used without identity */
static bool identity_refused(VFIOPCIDevice *vdev, Error *err, Error **errp)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;
    unsigned i;

    trace_vfio_bar_identity_refused(vdev->vbasedev.name, error_get_pretty(err));
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        identity->bars[i].address = 0;
    }
    if (identity->wish == ON_OFF_AUTO_ON) {
        error_propagate_prepend(errp, err, "x-bar-identity=on: ");
        return false;
    }
    identity->refusal = g_strdup(error_get_pretty(err));
    error_prepend(&err, "%s: x-bar-identity=auto has no effect: ",
                  vdev->vbasedev.name);
    warn_report_err(err);
    return true;
}

static char *identity_get_state(Object *obj, Error **errp)
{
    return vfio_bar_identity_describe(VFIO_PCI_DEVICE(obj));
}

/* A property of the object, because those of the class can be set */
static void identity_add_state(Object *obj)
{
    if (!object_property_find(obj, "bar-identity")) {
        object_property_add_str(obj, "bar-identity", identity_get_state, NULL);
        object_property_set_description(obj, "bar-identity",
            "The result of x-bar-identity for each BAR");
    }
}

bool vfio_bar_identity_setup(VFIOPCIDevice *vdev, Error **errp)
{
    Error *err = NULL;
    unsigned i;

    identity_add_state(OBJECT(vdev));
    if (!identity_is_asked_for(vdev)) {
        return true;
    }
    if (!identity_activate(vdev, &err)) {
        return identity_refused(vdev, err, errp);
    }
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vdev->bar_identity.bars[i].address) {
            trace_vfio_bar_identity_wanted(vdev->vbasedev.name, i,
                                           vdev->bar_identity.bars[i].address,
                                           vdev->bars[i].size);
        }
    }
    identity_changed();
    return true;
}

void vfio_bar_identity_exit(VFIOPCIDevice *vdev)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;

    g_free(identity->refusal);
    identity->refusal = NULL;
    if (!identity->active) {
        return;
    }
    identity->active = false;
    vfio_bar_identity_remove_aliases(vdev);
    QLIST_REMOVE(identity, next);
    identity_changed();
}

/*
 * Properties
 */

static const PropertyInfo identity_prop =
    VFIO_PROPS_ENUM("OnOffAuto", OnOffAuto_lookup,
        "Place the memory BARs at the host's addresses; auto: of a VGA-class "
        "adapter of NVIDIA's, if possible");

static const Property identity_props[] = {
    DEFINE_PROP_SIGNED("x-bar-identity", VFIOPCIDevice, bar_identity.wish,
                       ON_OFF_AUTO_OFF, identity_prop, OnOffAuto),
};

void vfio_bar_identity_class_init(ObjectClass *klass)
{
    vfio_props_add(klass, identity_props, ARRAY_SIZE(identity_props));
    ACPI_DEV_AML_IF_CLASS(klass)->build_dev_aml =
        vfio_bar_identity_build_aml;
}
