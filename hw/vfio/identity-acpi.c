/*
 * Reserving the host's addresses of an adapter's BARs in ACPI tables
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The address of an alias (identity-alias.c) is reserved, so that the guest's
 * operating system puts nothing there.
 */

#include "qemu/osdep.h"

#include "bar-identity.h"
#include "hw/acpi/acpi_aml_interface.h"
#include "hw/acpi/aml-build.h"
#include "pci.h"
#include "qemu/units.h"

static Aml *identity_aml_memory(uint64_t start, uint64_t size)
{
    if (start + size <= 4 * GiB) {
        return aml_memory32_fixed(start, size, AML_READ_WRITE);
    }
    return aml_qword_memory(AML_POS_DECODE, AML_MIN_FIXED, AML_MAX_FIXED,
                            AML_NON_CACHEABLE, AML_READ_WRITE, 0, start,
                            start + size - 1, 0, size);
}

void vfio_bar_identity_build_aml(AcpiDevAmlIf *adev, Aml *scope)
{
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(adev);
    bool any = false;
    Aml *dev, *crs;
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        any |= vfio_bar_identity_elsewhere(vdev, i);
    }
    if (!any) {
        return;
    }
    crs = aml_resource_template();
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (vfio_bar_identity_elsewhere(vdev, i)) {
            aml_append(crs, identity_aml_memory(
                                vdev->bar_identity.bars[i].address,
                                vdev->bars[i].size));
        }
    }
    dev = aml_device("HBAR");
    aml_append(dev, aml_name_decl("_HID", aml_eisaid("PNP0C02")));
    aml_append(dev, aml_name_decl("_UID",
                                  aml_int(0x100 + PCI_DEVICE(vdev)->devfn +
                                          (pci_dev_bus_num(PCI_DEVICE(vdev))
                                           << 16))));
    aml_append(dev, aml_name_decl("_CRS", crs));
    aml_append(scope, dev);
}
