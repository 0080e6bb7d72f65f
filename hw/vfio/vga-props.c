/*
 * The options of legacy VGA, as properties of an assigned device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-props.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"

/* A bad value is answered with the good ones */
static void props_set_tier(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    Error *err = NULL;

    qdev_prop_on_off_auto.set(obj, v, name, opaque, &err);
    if (err) {
        error_free(err);
        error_setg(errp, "%s must be auto, forward, combine, copy, chain4 or "
                   "planes", name);
    }
}

static PropertyInfo props_tier; /* an enumeration like OnOffAuto */

static const Property vfio_vga_props[] = {
    DEFINE_PROP_BIT("x-vga", VFIOPCIDevice, features,
                    VFIO_FEATURE_ENABLE_VGA_BIT, false),
    DEFINE_PROP_BOOL("x-no-geforce-quirks", VFIOPCIDevice, no_geforce_quirks,
                     false),
    DEFINE_PROP_UNSIGNED("x-vga-engine", VFIOPCIDevice, vga_options.engine,
                         VFIO_VGA_TIER_AUTO, props_tier, VFIOVGATier),
    DEFINE_PROP_UINT8("x-vga-write-width", VFIOPCIDevice,
                      vga_options.write_width, 0),
    DEFINE_PROP_BOOL("x-vga-copy-ram", VFIOPCIDevice, vga_options.copy_ram,
                     true),
    DEFINE_PROP_BOOL("x-vga-bar-order", VFIOPCIDevice, vga_options.bar_order,
                     true),
    DEFINE_PROP_BOOL("x-vga-arbiter", VFIOPCIDevice, vga_hold.on, false),
    DEFINE_PROP_STRING("vga-arbiter-fd", VFIOPCIDevice, vga_hold.fd_name),
};

bool vfio_vga_props_valid(const VFIOPCIDevice *vdev, Error **errp)
{
    uint8_t width = vdev->vga_options.write_width;

    if (width > 8 || (width && !is_power_of_2(width))) {
        error_setg(errp, "x-vga-write-width must be 0, 1, 2, 4 or 8");
        return false;
    }
    return true;
}

void vfio_vga_props_class_init(ObjectClass *klass)
{
    props_tier = qdev_prop_on_off_auto;
    props_tier.type = "VFIOVGATier";
    props_tier.description = "auto/forward/combine/copy/chain4/planes";
    props_tier.enum_table = &VFIOVGATier_lookup;
    props_tier.set = props_set_tier;
    device_class_set_props(DEVICE_CLASS(klass), vfio_vga_props);

    object_class_property_set_description(klass, "x-vga",
        "Expose VGA address spaces for device");
    object_class_property_set_description(klass, "x-no-geforce-quirks",
        "Disable GeForce quirks (for NVIDIA Quadro/GRID/Tesla). "
        "Improves performance");
    object_class_property_set_description(klass, "x-vga-engine",
        "The fastest tier for legacy VGA accesses: forward, combine, copy, "
        "chain4, planes, or auto, which is planes, with chain4 in mode 13h "
        "only");
    object_class_property_set_description(klass, "x-vga-write-width",
        "The widest access (1, 2, 4 or 8 bytes) that combined writes may make; "
        "0: whatever the host makes of them");
    object_class_property_set_description(klass, "x-vga-copy-ram",
        "Map a busy text copy as RAM (with KVM only)");
    object_class_property_set_description(klass, "x-vga-bar-order",
        "Map BARs into the guest while no legacy VGA write can be pending, and "
        "only then");
    object_class_property_set_description(klass, "x-vga-arbiter",
        "Hold the host's VGA arbiter over a burst of legacy VGA accesses");
    object_class_property_set_description(klass, "vga-arbiter-fd",
        "Name or number of a file descriptor of " VFIO_VGA_ARBITER_PATH
        " that nobody else uses");
}
