/*
 * The effect of a write to config space on a VGA adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-config.h"
#include "hw/pci/msix.h"

static bool config_is_in(uint32_t addr, uint32_t start, uint32_t size)
{
    return start && addr >= start && addr < start + size;
}

static uint32_t config_exp_size(PCIDevice *pdev)
{
    uint16_t flags = pci_get_word(pdev->config + pdev->exp.exp_cap +
                                  PCI_EXP_FLAGS);

    return (flags & PCI_EXP_FLAGS_VERS) == 1 ? PCI_EXP_VER1_SIZEOF
                                             : PCI_EXP_VER2_SIZEOF;
}

static bool config_byte_is_harmless(VFIOPCIDevice *vdev, uint32_t addr,
                                    uint8_t value)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint32_t pm = pdev->pm_cap;
    uint32_t exp = pdev->exp.exp_cap;

    if (addr == PCI_BIST) {
        return !(value & PCI_BIST_START);
    }
    if (pm && addr == pm + PCI_PM_CTRL) {
        return !(value & PCI_PM_CTRL_STATE_MASK); /* D0 */
    }
    if (exp && addr == exp + PCI_EXP_DEVCTL + 1) {
        return !(value & PCI_EXP_DEVCTL_BCR_FLR >> 8);
    }
    return addr < PCI_STD_HEADER_SIZEOF ||
           (pm && addr == pm + PCI_PM_CTRL + 1) ||
           (exp && config_is_in(addr, exp, config_exp_size(pdev))) ||
           config_is_in(addr, pdev->msi_cap, vdev->msi_cap_size) ||
           config_is_in(addr, pdev->msix_cap, MSIX_CAP_LENGTH);
}

bool vfio_vga_config_is_harmless(VFIOPCIDevice *vdev, uint32_t addr,
                                 uint32_t size, const uint8_t *data)
{
    uint32_t i;

    for (i = 0; i < size; i++) {
        if (!config_byte_is_harmless(vdev, addr + i, data[i])) {
            return false;
        }
    }
    return true;
}
