/*
 * The options of legacy VGA as properties of an assigned device, and the common
 * part of all such properties
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The properties of each subject are an array, which class_init adds to
 * TYPE_VFIO_PCI_DEVICE.  Their setters are QEMU's, except that of an
 * enumeration: its error for a bad value lists the good ones.
 */

#ifndef HW_VFIO_VGA_PROPS_H
#define HW_VFIO_VGA_PROPS_H

#include "hw/pci/vga-compat.h"
#include "qapi/qapi-types-vga-stats.h"
#include "qom/object.h"

struct VFIOPCIDevice;

/* Set by the properties */
typedef struct VFIOVGAOptions {
    VFIOVGATier engine;  /* the fastest tier to use */
    uint8_t write_width; /* bytes of the widest combined write; 0: any */
    bool copy_ram;       /* a busy copy may be mapped as RAM */
    bool bar_order;      /* BARs are mapped only while nothing is pending */
} VFIOVGAOptions;

/* A PropertyInfo of an enumeration with the QEnumLookup @_lookup */
#define VFIO_PROPS_ENUM(_type, _lookup, _description) {         \
    .type = _type,                                              \
    .description = _description,                                \
    .enum_table = &(_lookup),                                   \
    .get = vfio_props_get_enum,                                 \
    .set = vfio_props_set_enum,                                 \
    .set_default_value = vfio_props_set_default_enum,           \
}

void vfio_props_get_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp);
void vfio_props_set_enum(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp);
void vfio_props_set_default_enum(ObjectProperty *op, const Property *prop);

/**
 * vfio_props_add: add an array of properties to those that the class has
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, of which each adapter is
 * @props: the properties, which must live as long as the class
 * @n: how many
 */
void vfio_props_add(ObjectClass *klass, const Property *props, size_t n);

/**
 * vfio_vga_props_class_init: add the properties of legacy VGA
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, of which each adapter is
 *
 * They set VFIOVGAOptions, x-vga and x-no-geforce-quirks.
 */
void vfio_vga_props_class_init(ObjectClass *klass);

/**
 * vfio_vga_props_valid: does each option have a valid value?
 *
 * @vdev: the adapter
 * @errp: set on failure to the option and its valid values
 */
bool vfio_vga_props_valid(const struct VFIOPCIDevice *vdev, Error **errp);

#endif /* HW_VFIO_VGA_PROPS_H */
