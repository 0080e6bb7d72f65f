/*
 * The pristine VBIOS of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "hw/pci/pci_regs.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/vbios-flash.h"
#include "trace.h"
#include "vga-flash.h"

static bool flash_access(void *opaque, bool write, unsigned bar,
                         uint32_t offset, uint32_t *value, GError **error)
{
    VFIODevice *vbasedev = opaque;
    uint32_t data = cpu_to_le32(*value);
    int ret;

    if (write) {
        ret = vbasedev->io_ops->region_write(vbasedev, bar, offset,
                                             sizeof(data), &data, false);
    } else {
        ret = vbasedev->io_ops->region_read(vbasedev, bar, offset,
                                            sizeof(data), &data);
    }
    if (ret != sizeof(data)) {
        g_set_error(error, vbios_flash_error(), 0,
                    "%s register 0x%x of BAR %u failed: %s",
                    write ? "writing" : "reading", offset, bar,
                    strreaderror(ret));
        return false;
    }
    *value = le32_to_cpu(data);
    return true;
}

static uint64_t flash_bar_size(void *opaque, unsigned bar)
{
    struct vfio_region_info *info = NULL;

    return vfio_device_get_region_info(opaque, bar, &info) ? 0 : info->size;
}

static bool flash_config(VFIODevice *vbasedev, bool write, unsigned offset,
                         uint16_t *value, Error **errp)
{
    uint16_t data = cpu_to_le16(*value);
    int ret;

    if (write) {
        ret = vbasedev->io_ops->region_write(vbasedev,
                                             VFIO_PCI_CONFIG_REGION_INDEX,
                                             offset, sizeof(data), &data,
                                             false);
    } else {
        ret = vbasedev->io_ops->region_read(vbasedev,
                                            VFIO_PCI_CONFIG_REGION_INDEX,
                                            offset, sizeof(data), &data);
    }
    if (ret != sizeof(data)) {
        error_setg(errp, "config space cannot be %s: %s",
                   write ? "written" : "read", strreaderror(ret));
        return false;
    }
    *value = le16_to_cpu(data);
    return true;
}

static uint8_t *flash_read(VFIODevice *vbasedev, size_t *size, Error **errp)
{
    const VBIOSFlashIO io = { vbasedev, flash_access, flash_bar_size };
    g_autoptr(GError) error = NULL;
    uint16_t vendor = 0, device = 0;
    uint8_t *images;

    if (!flash_config(vbasedev, false, PCI_VENDOR_ID, &vendor, errp) ||
        !flash_config(vbasedev, false, PCI_DEVICE_ID, &device, errp)) {
        return NULL;
    }
    images = vbios_flash_read(&io, vendor, device, size, &error);
    trace_vfio_vga_flash_read(vbasedev->name, *size);
    if (!images) {
        error_setg(errp, "%s", error->message);
    }
    return images;
}

uint8_t *vfio_vga_flash_read(VFIODevice *vbasedev, size_t *size, Error **errp)
{
    uint16_t command = 0, with_memory;
    uint8_t *images;

    *size = 0;
    if (!flash_config(vbasedev, false, PCI_COMMAND, &command, errp)) {
        return NULL;
    }
    with_memory = command | PCI_COMMAND_MEMORY;
    if (with_memory == command) {
        return flash_read(vbasedev, size, errp);
    }
    if (!flash_config(vbasedev, true, PCI_COMMAND, &with_memory, errp)) {
        return NULL;
    }
    images = flash_read(vbasedev, size, errp);
    flash_config(vbasedev, true, PCI_COMMAND, &command, NULL);
    return images;
}
