/*
 * The device names kvm-pci-assign (QEMU 1.3 to 2.11) and pci-assign (its short
 * form, and the name in qemu-kvm before)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The device used the KVM interface for device assignment, which Linux 4.12
 * removed.  Here it is vfio-pci with the old properties.  A command line from
 * an old page works, or QEMU says what to type instead, or which option no
 * longer has a meaning.  host, prefer_msi, bootindex, romfile and rombar are
 * those of vfio-pci.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci.h"
#include "pci.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"

#define TYPE_PCI_ASSIGN     "pci-assign"
#define TYPE_KVM_PCI_ASSIGN "kvm-pci-assign"

static void pci_assign_realize(PCIDevice *pdev, Error **errp)
{
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(pdev);
    PCIHostDeviceAddress *host = &vdev->host;
    OnOffAuto prefer = vdev->intx.msi.prefer;

    if (host->domain != ~0U) {
        warn_report_once("%s is an old name; use "
                         "-device vfio-pci,host=%04x:%02x:%02x.%x%s%s",
                         object_get_typename(OBJECT(pdev)), host->domain,
                         host->bus, host->slot, host->function,
                         prefer == ON_OFF_AUTO_OFF ? "" : ",x-prefer-msi=",
                         prefer == ON_OFF_AUTO_OFF ? "" :
                                                     OnOffAuto_str(prefer));
    }
    PCI_DEVICE_CLASS(object_class_by_name(TYPE_VFIO_PCI))->realize(pdev, errp);
}

static bool pci_assign_get_share_intx(Object *obj, Error **errp)
{
    return true;
}

static void pci_assign_set_share_intx(Object *obj, bool value, Error **errp)
{
    ERRP_GUARD();

    if (!value) {
        error_setg(errp, "share_intx=off no longer has a meaning: whether the "
                   "host's interrupt line is shared is decided by vfio-pci in "
                   "the kernel");
        error_append_hint(errp, "Leave out share_intx. If INTx of the "
                          "device cannot be masked, use x-prefer-msi=auto, or "
                          "load the kernel's vfio-pci with nointxmask=1.\n");
    }
}

static bool pci_assign_get_iommu(Object *obj, Error **errp)
{
    return true;
}

/* An option of qemu-kvm */
static void pci_assign_set_iommu(Object *obj, bool value, Error **errp)
{
    ERRP_GUARD();

    if (!value) {
        error_setg(errp, "iommu=off no longer has a meaning: vfio does not "
                   "assign a device without the host's IOMMU");
        error_append_hint(errp, "Leave out iommu=off.\n");
    }
}

static char *pci_assign_get_configfd(Object *obj, Error **errp)
{
    return g_strdup("");
}

static void pci_assign_set_configfd(Object *obj, const char *value,
                                    Error **errp)
{
    ERRP_GUARD();

    error_setg(errp, "configfd no longer has a meaning: config space is "
               "reached through vfio");
    error_append_hint(errp, "Leave out configfd.  For a device that another "
                      "program has opened, use fd= of vfio-pci with an "
                      "iommufd.\n");
}

static void pci_assign_class_init(ObjectClass *klass, const void *data)
{
    DEVICE_CLASS(klass)->desc = "VFIO-based PCI device assignment (old name)";
    PCI_DEVICE_CLASS(klass)->realize = pci_assign_realize;

    object_class_property_add_bool(klass, "share_intx",
                                   pci_assign_get_share_intx,
                                   pci_assign_set_share_intx);
    object_class_property_set_description(klass, "share_intx",
                                          "Accepts only on, which is what "
                                          "vfio-pci does");
    object_class_property_add_bool(klass, "iommu", pci_assign_get_iommu,
                                   pci_assign_set_iommu);
    object_class_property_set_description(klass, "iommu",
                                          "Accepts only on, which is what "
                                          "vfio-pci does");
    object_class_property_add_str(klass, "configfd", pci_assign_get_configfd,
                                  pci_assign_set_configfd);
    object_class_property_set_description(klass, "configfd",
                                          "No longer supported");
}

static const TypeInfo pci_assign_info = {
    .name = TYPE_PCI_ASSIGN,
    .parent = TYPE_VFIO_PCI,
    .class_init = pci_assign_class_init,
};

static const TypeInfo kvm_pci_assign_info = {
    .name = TYPE_KVM_PCI_ASSIGN,
    .parent = TYPE_PCI_ASSIGN,
};

static void pci_assign_register_types(void)
{
    type_register_static(&pci_assign_info);
    type_register_static(&kvm_pci_assign_info);
}

type_init(pci_assign_register_types)
