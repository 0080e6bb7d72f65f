/*
 * The SMRAM control register of i440FX and q35
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header hw/pci-host/pam-fix.h describes x-smram-strict.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "pam-fix-internal.h"

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
