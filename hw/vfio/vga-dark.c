/*
 * A display adapter that the guest's firmware cannot draw on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SeaBIOS runs the VBIOS of any adapter of class VGA.  Without x-vga=on what
 * the VBIOS and the boot loader write to the legacy ranges reaches nobody, and
 * the screen stays dark until the guest has a driver.  Some users want that, of
 * an adapter to compute with for example, so QEMU informs and does not warn.
 * It says nothing where another display shows what they write, nor with
 * x-rom-check=off.
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-rom-internal.h"
#include "hw/pci/vga-compat.h"
#include "qemu/error-report.h"
#include "system/system.h"

#define BASE_CLASS_DISPLAY 0x03

/* Displays that are not on PCI (hw/display) */
static const char *const dark_others[] = {
    "ramfb", "isa-vga", "isa-cirrus-vga",
};

typedef struct DarkLook {
    const VFIOPCIDevice *dark;
    bool other;
} DarkLook;

static bool dark_is_other(Object *obj)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(dark_others); i++) {
        if (object_dynamic_cast(obj, dark_others[i])) {
            return true;
        }
    }
    return false;
}

static int dark_look(Object *obj, void *opaque)
{
    DarkLook *look = opaque;
    VFIOPCIDevice *vdev;

    if (!object_dynamic_cast(obj, TYPE_PCI_DEVICE)) {
        look->other = look->other || dark_is_other(obj);
        return 0;
    }
    if (PCI_DEVICE(obj)->config[PCI_CLASS_DEVICE + 1] != BASE_CLASS_DISPLAY) {
        return 0;
    }
    vdev = (VFIOPCIDevice *)object_dynamic_cast(obj, TYPE_VFIO_PCI_DEVICE);
    if (!vdev || vdev->vga) {
        look->other = true;
    } else if (vfio_is_vga(vdev) && !look->dark &&
               vdev->vga_rom.check != VFIO_ROM_CHECK_OFF) {
        look->dark = vdev;
    }
    return 0;
}

/* All devices of the command line exist, and so does the firmware */
static void dark_machine_done(Notifier *notifier, void *data)
{
    DarkLook look = { };

    object_child_foreach_recursive(object_get_root(), dark_look, &look);
    if (!look.dark || look.other ||
        !object_dynamic_cast(qdev_get_machine(), "x86-machine") ||
        vfio_vga_rom_firmware() != VBIOS_FIRMWARE_BIOS) {
        return;
    }
    info_report(VFIO_MSG_PREFIX "the guest has no other display adapter, and "
                "without x-vga=on its BIOS and boot loader cannot draw on this "
                "one", look.dark->vbasedev.name);
}

static Notifier dark_notifier = { .notify = dark_machine_done };

void vfio_vga_dark_watch(void)
{
    qemu_add_machine_init_done_notifier(&dark_notifier);
}
