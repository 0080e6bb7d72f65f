/*
 * Guest INTx carried by host MSI: the next message of NVIDIA's adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An adapter sends one message, and the next one only after a write to the
 * mirror of its config space in BAR 0.  A driver that uses INTx does not make
 * that write.  The write depends on the chipset, which is in bits 28 to 20 of
 * the register PMC_BOOT_0 at the start of BAR 0.
 *
 * Sources: Linux, drivers/gpu/drm/nouveau/nvkm: engine/device/base.c for the
 * chipsets, subdev/pci/{nv40,nv46,gf100,gp100,gh100}.c for the writes, the
 * chipsets whose mirror does not work and those that need no write, nv4c.c for
 * those that nouveau does not use MSI with, and base.c for MCP77.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "hw/pci/pci.h"
#include "hw/pci/pci_ids.h"
#include "pci.h"
#include "qemu/bitops.h"
#include "qemu/error-report.h"
#include "trace.h"

#define PCI_CLASS_BASE      (PCI_CLASS_DEVICE + 1)  /* offset in config space */

#define NVIDIA_PMC_BOOT_0           0x0
#define NVIDIA_CHIPSET(boot0)       extract32(boot0, 20, 9)

static const VFIOINTxMSIRearm rearm_nv40 = { 0x88068, 1, 0xff };
static const VFIOINTxMSIRearm rearm_gf100 = { 0x88704, 1, 0xff };
static const VFIOINTxMSIRearm rearm_gp100 = { 0x88704, 4, 0 };

#define NEEDS_CONFIG \
    "this NVIDIA chipset (NV46, NV50, G84, G86, G92) sends its next message " \
    "only after a write to its config space, and the host's kernel does not " \
    "pass such a write on"
#define NOT_KNOWN \
    "it is not known what makes this NVIDIA chipset send its next message"
#define BROKEN \
    "MSI of this NVIDIA chipset (MCP77) is reported not to work"

/* The first entry that matches counts. */
static const struct {
    uint16_t first, last;
    const VFIOINTxMSIRearm *rearm;
    const char *why_not;
} nvidia_chipsets[] = {
    { 0x046, 0x046, NULL, NEEDS_CONFIG },
    { 0x040, 0x04b, &rearm_nv40 },
    { 0x050, 0x050, NULL, NEEDS_CONFIG },
    { 0x084, 0x086, NULL, NEEDS_CONFIG },
    { 0x092, 0x092, NULL, NEEDS_CONFIG },
    { 0x0aa, 0x0aa, NULL, BROKEN },
    { 0x094, 0x0af, &rearm_nv40 },      /* G94 and later */
    { 0x0c0, 0x0c0, &rearm_gf100 },
    { 0x0c4, 0x0c4, &rearm_gf100 },
    { 0x0c8, 0x0c8, &rearm_gf100 },
    { 0x0ce, 0x0ce, &rearm_gf100 },
    { 0x0c1, 0x12f, &rearm_nv40 },      /* other Fermi, Kepler, Maxwell */
    { 0x130, 0x17f, &rearm_gp100 },     /* Pascal to Ampere */
    { 0x190, 0x19f, &rearm_gp100 },     /* Ada */
    { 0x180, 0x1ff, NULL },             /* Hopper, Blackwell */
};

static bool vfio_intx_msi_write(VFIOPCIDevice *vdev, int region,
                                hwaddr offset, unsigned size, uint32_t value)
{
    VFIODevice *vbasedev = &vdev->vbasedev;

    value = cpu_to_le32(value);
    return vbasedev->io_ops->region_write(vbasedev, region, offset, size,
                                          &value, false) == size;
}

/* BAR 0 answers only while memory is enabled; the guest does not run yet. */
static uint32_t vfio_intx_msi_boot0(VFIOPCIDevice *vdev)
{
    uint32_t command = vfio_intx_msi_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX,
                                          PCI_COMMAND, 2);
    uint32_t boot0;

    if (!vfio_intx_msi_write(vdev, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
                             2, command | PCI_COMMAND_MEMORY)) {
        return UINT32_MAX;
    }
    boot0 = vfio_intx_msi_read(vdev, VFIO_PCI_BAR0_REGION_INDEX,
                               NVIDIA_PMC_BOOT_0, 4);
    vfio_intx_msi_write(vdev, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, 2,
                        command);
    return boot0;
}

bool vfio_intx_msi_nvidia_is(VFIOPCIDevice *vdev)
{
    return vfio_intx_msi_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX,
                              PCI_VENDOR_ID, 2) == PCI_VENDOR_ID_NVIDIA &&
           vfio_intx_msi_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX,
                              PCI_CLASS_BASE, 1) == PCI_BASE_CLASS_DISPLAY;
}

const char *vfio_intx_msi_nvidia_find(VFIOPCIDevice *vdev,
                                      const VFIOINTxMSIRearm **rearm)
{
    uint32_t boot0 = vfio_intx_msi_boot0(vdev);
    int i;

    if (boot0 == UINT32_MAX) {
        return "BAR 0, which names the NVIDIA chipset, cannot be read";
    }
    trace_vfio_intx_msi_nvidia(vdev->vbasedev.name, NVIDIA_CHIPSET(boot0));
    for (i = 0; i < ARRAY_SIZE(nvidia_chipsets); i++) {
        if (NVIDIA_CHIPSET(boot0) >= nvidia_chipsets[i].first &&
            NVIDIA_CHIPSET(boot0) <= nvidia_chipsets[i].last) {
            *rearm = nvidia_chipsets[i].rearm;
            return nvidia_chipsets[i].why_not;
        }
    }
    return NOT_KNOWN;
}

void vfio_intx_msi_nvidia_rearm(VFIOPCIDevice *vdev)
{
    VFIOINTxMSI *msi = &vdev->intx.msi;

    msi->rearm_due = msi->active && msi->rearm;
    if (!msi->rearm_due ||
        !(pci_get_word(PCI_DEVICE(vdev)->config + PCI_COMMAND) &
          PCI_COMMAND_MEMORY)) {
        return;
    }
    msi->rearm_due = false;
    trace_vfio_intx_msi_rearm(vdev->vbasedev.name, msi->rearm->offset);
    if (!vfio_intx_msi_write(vdev, VFIO_PCI_BAR0_REGION_INDEX,
                             msi->rearm->offset, msi->rearm->size,
                             msi->rearm->value) &&
        vfio_device_access_failed(&vdev->vbasedev)) {
        warn_report(VFIO_MSG_PREFIX "BAR 0 cannot be written, so the adapter "
                    "sends no further interrupt; further failures "
                    "are not reported",
                    vdev->vbasedev.name);
    }
}
