/*
 * The options of legacy VGA, as properties of an assigned device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "pci.h"
#include "vga-props.h"
#include "qapi/error.h"
#include "qapi/visitor.h"

void vfio_props_get_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    const Property *prop = opaque;

    visit_type_enum(v, name, object_field_prop_ptr(obj, prop),
                    prop->info->enum_table, errp);
}

/* "a, b or c" */
static char *props_good_values(const QEnumLookup *lookup)
{
    GString *text = g_string_new(lookup->array[0]);
    int i;

    for (i = 1; i < lookup->size; i++) {
        g_string_append_printf(text, "%s%s", i < lookup->size - 1 ? ", " :
                                             " or ", lookup->array[i]);
    }
    return g_string_free(text, false);
}

void vfio_props_set_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    const Property *prop = opaque;
    g_autofree char *good = NULL;

    if (!visit_type_enum(v, name, object_field_prop_ptr(obj, prop),
                         prop->info->enum_table, NULL)) {
        good = props_good_values(prop->info->enum_table);
        error_setg(errp, "%s must be %s", name, good);
    }
}

void vfio_props_set_default_enum(ObjectProperty *op, const Property *prop)
{
    object_property_set_default_str(op,
        qapi_enum_lookup(prop->info->enum_table, prop->defval.i));
}

/* QEMU has one array a class, which `info qtree` prints; here it grows */
void vfio_props_add(ObjectClass *klass, const Property *props, size_t n)
{
    static GArray *all;
    DeviceClass *dc = DEVICE_CLASS(klass);

    if (!all) {
        all = g_array_new(false, false, sizeof(Property));
    }
    g_array_append_vals(all, props, n);
    device_class_set_props_n(dc, props, n);
    dc->props_ = (const Property *)all->data;
    dc->props_count_ = all->len;
}

static const PropertyInfo props_tier =
    VFIO_PROPS_ENUM("VFIOVGATier", VFIOVGATier_lookup,
        "The fastest tier for legacy VGA accesses: forward, combine, copy, "
        "chain4, planes, or auto, which is planes, with chain4 in mode 13h "
        "only");

static const Property vfio_vga_props[] = {
    DEFINE_PROP_BIT("x-vga", VFIOPCIDevice, features,
                    VFIO_FEATURE_ENABLE_VGA_BIT, false),
    DEFINE_PROP_BOOL("x-no-geforce-quirks", VFIOPCIDevice, no_geforce_quirks,
                     false),
    DEFINE_PROP_SIGNED("x-vga-engine", VFIOPCIDevice, vga_options.engine,
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
    vfio_props_add(klass, vfio_vga_props, ARRAY_SIZE(vfio_vga_props));

    object_class_property_set_description(klass, "x-vga",
        "Expose VGA address spaces for device");
    object_class_property_set_description(klass, "x-no-geforce-quirks",
        "Disable GeForce quirks (for NVIDIA Quadro/GRID/Tesla). "
        "Improves performance");
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
