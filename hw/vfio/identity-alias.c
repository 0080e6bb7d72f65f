/*
 * Aliases of an adapter's BARs at the host's addresses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An alias exists while the guest has the BAR elsewhere; bar-identity.h has the
 * reason.
 */

#include "qemu/osdep.h"

#include "bar-identity.h"
#include "hw/pci/pci_bus.h"
#include "pci.h"
#include "qemu/error-report.h"
#include "qemu/range.h"
#include "system/address-spaces.h"
#include "trace.h"

/*
 * Addresses that the guest chooses
 */

static bool identity_decodes(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);

    /* Outside D0 a device decodes no BAR, as in pci.c */
    if (pdev->pm_cap && pci_get_word(pdev->config + pdev->pm_cap + PCI_PM_CTRL)
                        & PCI_PM_CTRL_STATE_MASK) {
        return false;
    }
    return pci_get_word(pdev->config + PCI_COMMAND) & PCI_COMMAND_MEMORY;
}

static bool identity_is_reached(VFIOPCIDevice *vdev, unsigned bar)
{
    return PCI_DEVICE(vdev)->io_regions[bar].addr ==
           vdev->bar_identity.bars[bar].address;
}

/*
 * A guest finds the size of a BAR by writing all ones to its register at @reg
 * and reading it back.  Until it writes to the register again, the value there
 * is not an address.
 */
static void identity_see_sizing(bool *sizing, unsigned reg, uint32_t addr,
                                uint32_t val, int len)
{
    if (ranges_overlap(addr, len, reg, 4)) {
        *sizing = addr == reg && len == 4 && val == UINT32_MAX;
    }
}

static void identity_set_alias(VFIOPCIDevice *vdev, unsigned bar, bool enabled)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    MemoryRegion *alias = &want->alias;
    g_autofree char *name = NULL;

    if (alias->container) {
        memory_region_set_enabled(alias, enabled);
    } else if (enabled) {
        PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH];

        vfio_bar_identity_path(PCI_DEVICE(vdev), path);
        name = g_strdup_printf("%s BAR %u at the host's address",
                               vdev->vbasedev.name, bar);
        memory_region_init_alias(alias, OBJECT(vdev), name, vdev->bars[bar].mr,
                                 0, vdev->bars[bar].size);
        /* BARs and the windows of bridges have priority 1 */
        memory_region_add_subregion_overlap(
            pci_get_bus(path[0])->address_space_mem, want->address, alias, -1);
    }
}

static void identity_warn(VFIOPCIDevice *vdev, unsigned bar)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    pcibus_t guest = PCI_DEVICE(vdev)->io_regions[bar].addr;

    trace_vfio_bar_identity_elsewhere(vdev->vbasedev.name, bar, want->address,
                                      guest);
    if (vdev->bar_identity.warned) {
        return;
    }
    vdev->bar_identity.warned = true;
    if (want->reached) {
        warn_report("%s: the guest has moved BAR %u away from 0x%" PRIx64
                    ", where the host has it; the adapter also answers there "
                    "while nothing else does", vdev->vbasedev.name, bar,
                    want->address);
    } else if (DEVICE(vdev)->hotplugged) {
        warn_report("%s: the guest, into which the adapter was plugged, has "
                    "not put BAR %u at 0x%" PRIx64 ", where the host has it; "
                    "the adapter also answers there while nothing else does "
                    "(for firmware to put it there, give the adapter on the "
                    "command line)", vdev->vbasedev.name, bar, want->address);
    } else {
        warn_report("%s: the guest's firmware has not put BAR %u at 0x%" PRIx64
                    ", where the host has it (does it read "
                    VFIO_BAR_IDENTITY_FILE "?); the adapter also answers "
                    "there while nothing else does", vdev->vbasedev.name, bar,
                    want->address);
    }
}

static void identity_update(VFIOPCIDevice *vdev, unsigned bar)
{
    VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[bar];
    bool decodes = identity_decodes(vdev);

    if (want->sizing_low || want->sizing_high) {
        return;
    }
    if (!decodes || identity_is_reached(vdev, bar)) {
        want->reached |= decodes;
        identity_set_alias(vdev, bar, false);
    } else {
        /* Warn each time that the guest moves the BAR away. */
        if (!want->alias.container || !want->alias.enabled) {
            identity_warn(vdev, bar);
        }
        identity_set_alias(vdev, bar, true);
    }
}

void vfio_bar_identity_remove_aliases(VFIOPCIDevice *vdev)
{
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        MemoryRegion *alias = &vdev->bar_identity.bars[i].alias;

        if (alias->container) {
            memory_region_del_subregion(alias->container, alias);
        }
    }
}

void vfio_bar_identity_written(VFIOPCIDevice *vdev, uint32_t addr,
                               uint32_t val, int len)
{
    unsigned i;

    if (!vdev->bar_identity.active) {
        return;
    }
    memory_region_transaction_begin();
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        VFIOBARIdentityBAR *want = &vdev->bar_identity.bars[i];
        unsigned reg = PCI_BASE_ADDRESS_0 + 4 * i;

        /* Realize writes config space before BARs are registered. */
        if (!want->address || !vdev->bars[i].mr) {
            continue;
        }
        identity_see_sizing(&want->sizing_low, reg, addr, val, len);
        if (vdev->bars[i].mem64) {
            identity_see_sizing(&want->sizing_high, reg + 4, addr, val, len);
        }
        identity_update(vdev, i);
    }
    memory_region_transaction_commit();
}

/*
 * The state for the user
 */

bool vfio_bar_identity_elsewhere(VFIOPCIDevice *vdev, unsigned bar)
{
    return vdev->bar_identity.bars[bar].address &&
           !identity_is_reached(vdev, bar);
}

/* Only the adapter answers at the host's address of the BAR. */
static bool identity_is_visible(VFIOPCIDevice *vdev, unsigned bar)
{
    uint64_t at = vdev->bar_identity.bars[bar].address;
    uint64_t last = at + vdev->bars[bar].size - 1;

    while (at <= last) {
        MemoryRegionSection section = memory_region_find(get_system_memory(),
                                                         at, last - at + 1);
        bool own;

        if (!section.mr || section.offset_within_address_space != at) {
            memory_region_unref(section.mr);
            return false;
        }
        own = section.mr->owner == OBJECT(vdev);
        at += int128_get64(section.size);
        memory_region_unref(section.mr);
        if (!own) {
            return false;
        }
    }
    return true;
}

static const char *identity_state(VFIOPCIDevice *vdev, unsigned bar)
{
    if (!identity_decodes(vdev)) {
        return "off";
    }
    if (identity_is_reached(vdev, bar)) {
        return "identical";
    }
    return identity_is_visible(vdev, bar) ? "alias" : "hidden";
}

char *vfio_bar_identity_describe(VFIOPCIDevice *vdev)
{
    VFIOBARIdentity *identity = &vdev->bar_identity;
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        if (identity->bars[i].address) {
            g_string_append_printf(text, "%sBAR %u: 0x%" PRIx64 " %s",
                                   text->len ? "; " : "", i,
                                   identity->bars[i].address,
                                   identity_state(vdev, i));
        }
    }
    if (!text->len) {
        g_string_append_printf(text, "off%s%s", identity->refusal ? ": " : "",
                               identity->refusal ?: "");
    }
    return g_string_free(text, false);
}
