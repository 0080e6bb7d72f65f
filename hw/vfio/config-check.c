/*
 * Checking an assigned device's config space
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_regs.h"
#include "pci.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"

#define HEADER_TYPE(byte)   ((byte) & ~PCI_HEADER_TYPE_MULTI_FUNCTION)
#define HEADER_TYPE_GONE    HEADER_TYPE(0xff)
#define POINTER(byte)       ((byte) & ~3)
#define EXTENDED_MIN        8       /* header and a register */

/* Capabilities that QEMU reads itself, and that occur only once */
static const struct {
    uint8_t id, length;
} capabilities[] = {
    { PCI_CAP_ID_PM, PCI_PM_SIZEOF },
    { PCI_CAP_ID_MSI, PCI_MSI_DATA_32 + 2 },
    { PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF },
    { PCI_CAP_ID_EXP, PCI_EXP_LNKCAP },
    { PCI_CAP_ID_AF, PCI_CAP_AF_SIZEOF },
};

/* 0 for any other capability */
static unsigned capability_length(const uint8_t *config, uint8_t pos)
{
    uint16_t flags = pci_get_word(config + pos + PCI_MSI_FLAGS);
    unsigned length, i;

    for (i = 0; i < ARRAY_SIZE(capabilities); i++) {
        if (capabilities[i].id == config[pos]) {
            break;
        }
    }
    if (i == ARRAY_SIZE(capabilities)) {
        return 0;
    }
    length = capabilities[i].length;
    if (config[pos] == PCI_CAP_ID_MSI) {
        length += (flags & PCI_MSI_FLAGS_64BIT ? 4 : 0) +
                  (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
    }
    return length;
}

static bool config_check_capability(const uint8_t *config, uint8_t pos,
                                    uint32_t *had, Error **errp)
{
    unsigned length = capability_length(config, pos);
    uint8_t id = config[pos];

    if (!length) {
        return true;
    }
    if (pos + length > PCI_CONFIG_SPACE_SIZE) {
        error_setg(errp, "capability 0x%x at 0x%x is 0x%x bytes long, which "
                   "is more than config space has left", id, pos, length);
        return false;
    }
    if (*had & BIT(id)) {
        error_setg(errp, "capability 0x%x at 0x%x is the second of its kind",
                   id, pos);
        return false;
    }
    *had |= BIT(id);
    return true;
}

static bool config_check_list(uint8_t *config, Error **errp)
{
    DECLARE_BITMAP(seen, PCI_CONFIG_SPACE_SIZE) = { };
    uint8_t *pointer = &config[PCI_CAPABILITY_LIST];
    uint32_t had = 0;
    uint8_t pos;

    while ((pos = *pointer = POINTER(*pointer))) {
        if (pos < PCI_STD_HEADER_SIZEOF || test_and_set_bit(pos, seen)) {
            error_setg(errp, "the list of capabilities is broken at 0x%x",
                       pos);
            return false;
        }
        if (!config_check_capability(config, pos, &had, errp)) {
            return false;
        }
        pointer = &config[pos + PCI_CAP_LIST_NEXT];
    }
    return true;
}

bool vfio_config_check(VFIOPCIDevice *vdev, Error **errp)
{
    uint8_t *config = PCI_DEVICE(vdev)->config;
    uint8_t type = HEADER_TYPE(config[PCI_HEADER_TYPE]);
    uint8_t pin = config[PCI_INTERRUPT_PIN];

    if (type == HEADER_TYPE_GONE) {
        error_setg(errp, "the device does not answer: its config space reads "
                   "all ones");
        error_append_hint(errp, "Power the host off and on, or start the "
                          "server again.\n");
        return false;
    }
    if (type != PCI_HEADER_TYPE_NORMAL) {
        error_setg(errp, "header type 0x%x is not that of an endpoint", type);
        return false;
    }
    if (pin > PCI_NUM_PINS) {
        error_setg(errp, "the interrupt pin is %u; it must be from 0 (none) "
                   "to %u", pin, PCI_NUM_PINS);
        return false;
    }
    return !(config[PCI_STATUS] & PCI_STATUS_CAP_LIST) ||
           config_check_list(config, errp);
}

/*
 * Returns the address where the list is broken, or 0.  As in the host's kernel,
 * a pointer below the extended space ends the list.
 */
static uint16_t config_extended_broken(uint8_t *config)
{
    DECLARE_BITMAP(seen, PCIE_CONFIG_SPACE_SIZE / 4) = { };
    uint16_t pos = PCI_CONFIG_SPACE_SIZE;

    while (pos >= PCI_CONFIG_SPACE_SIZE) {
        uint32_t header = pci_get_long(config + pos);

        if (pos > PCIE_CONFIG_SPACE_SIZE - EXTENDED_MIN ||
            test_and_set_bit(pos / 4, seen) ||
            test_bit(pos / 4 - 1, seen) || test_bit(pos / 4 + 1, seen)) {
            return pos;
        }
        if (PCI_EXT_CAP_NEXT(header) < PCI_CONFIG_SPACE_SIZE) {
            pci_set_long(config + pos, header & ~PCI_EXT_CAP_NEXT_MASK);
        }
        pos = PCI_EXT_CAP_NEXT(header);
    }
    return 0;
}

void vfio_config_check_extended(VFIOPCIDevice *vdev)
{
    PCIDevice *pdev = PCI_DEVICE(vdev);
    uint8_t *head = pdev->config + PCI_CONFIG_SPACE_SIZE;
    uint16_t broken;

    if (!pci_is_express(pdev)) {
        return;
    }
    if (!pci_bus_is_express(pci_get_bus(pdev))) {
        pci_set_long(head, 0);
        return;
    }
    broken = config_extended_broken(pdev->config);
    if (broken) {
        warn_report(VFIO_MSG_PREFIX "the device's list of extended "
                    "capabilities is broken at 0x%x, so the guest gets none "
                    "of them",
                    vdev->vbasedev.name, broken);
        pci_set_long(head, 0);
        pci_set_long(pdev->wmask + PCI_CONFIG_SPACE_SIZE, 0);
        pci_set_long(vdev->emulated_config_bits + PCI_CONFIG_SPACE_SIZE, ~0);
    }
}

/* The kernel remembers IDs and the interrupt pin, so they prove nothing */
bool vfio_config_is_gone(VFIOPCIDevice *vdev)
{
    uint32_t type = vfio_pci_read_config(PCI_DEVICE(vdev), PCI_HEADER_TYPE, 1);
    bool was = vdev->gone;

    vdev->gone = HEADER_TYPE(type & 0xff) == HEADER_TYPE_GONE;
    /* A failure to read it was reported already */
    if (vdev->gone && !was && type != UINT32_MAX) {
        error_report(VFIO_MSG_PREFIX "the device does not answer: its config "
                     "space reads all ones. The guest gets no interrupts from "
                     "the device until a reset of the guest revives it. If "
                     "that does not help, power the host off and on, or start "
                     "the server again",
                     vdev->vbasedev.name);
    }
    return vdev->gone;
}
