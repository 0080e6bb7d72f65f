/*
 * ACPI tables of an adapter's BARs: stub for machines without ACPI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "bar-identity.h"

void vfio_bar_identity_build_aml(AcpiDevAmlIf *adev, Aml *scope)
{
    g_assert_not_reached();
}
