/*
 * The options of legacy VGA, as properties of an assigned device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_VFIO_VGA_PROPS_H
#define HW_VFIO_VGA_PROPS_H

#include "qapi/qapi-types-vga-stats.h"
#include "qom/object.h"

struct VFIOPCIDevice;

/* What the user wants; the properties set it */
typedef struct VFIOVGAOptions {
    VFIOVGATier engine;  /* the fastest tier to use */
    uint8_t write_width; /* bytes of the widest combined write; 0: any */
    bool copy_ram;       /* a busy copy may be mapped as RAM */
    bool bar_order;      /* BARs are mapped only while nothing is pending */
} VFIOVGAOptions;

/**
 * vfio_vga_props_class_init: add the properties of legacy VGA
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, of which each adapter is
 *
 * Those that set VFIOVGAOptions, x-vga and x-no-geforce-quirks.
 */
void vfio_vga_props_class_init(ObjectClass *klass);

/**
 * vfio_vga_props_valid: does each option have a value that it can have?
 *
 * @vdev: the adapter
 * @errp: on failure, which option has not, and its good values
 */
bool vfio_vga_props_valid(const struct VFIOPCIDevice *vdev, Error **errp);

#endif /* HW_VFIO_VGA_PROPS_H */
