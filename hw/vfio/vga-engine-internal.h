/*
 * What the two files of the engine share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vga-engine.c makes the guest's legacy accesses, vga-engine-ops.c those to
 * BARs and config space, which come after them.
 */

#ifndef HW_VFIO_VGA_ENGINE_INTERNAL_H
#define HW_VFIO_VGA_ENGINE_INTERNAL_H

#include "pci.h"
#include "vga-bars.h"
#include "vga-engine.h"
#include "vga-look.h"
#include "vga-pending.h"
#include "vga-regs.h"

struct VFIOVGAEngine {
    VFIOPCIDevice *vdev;
    VFIOVGAHostRegion *region;
    VFIODeviceIOOps io_ops;       /* the adapter's, through here */
    VFIODeviceIOOps *adapter_ops;
    VMChangeStateEntry *vm_state;

    VFIOVGATier tier;             /* the fastest to use; not auto */
    bool any_chain4;              /* also where more is behind the window */
    bool running;
    bool bus_master;

    VFIOVGARegs regs;
    VFIOVGALook look;
    VFIOVGABARs bars;
    VFIOVGAHeat bars_heat;        /* of legacy accesses while they are mapped */
    VFIOVGAPending pending;       /* last, since it is large */
};

/**
 * vfio_vga_engine_forget_window: registers may be different afterwards
 *
 * @e: the adapter's engine
 * @reason: for the trace
 *
 * Everything pending reaches the adapter first.  What was learned of the
 * adapter's own registers stays.
 */
void vfio_vga_engine_forget_window(VFIOVGAEngine *e,
                                   const char *reason);

/**
 * vfio_vga_engine_forget: the adapter may be in any state afterwards
 *
 * @e: the adapter's engine
 * @reason: for the trace
 *
 * The same, and what was learned is forgotten, too.
 */
void vfio_vga_engine_forget(VFIOVGAEngine *e, const char *reason);

/**
 * vfio_vga_engine_init_ops: see accesses to BARs and config space from now on
 *
 * @e: the adapter's engine; vfio_vga_engine_exit() takes it back
 *
 * Finds out whether the adapter is bus master now.
 */
void vfio_vga_engine_init_ops(VFIOVGAEngine *e);

#endif /* HW_VFIO_VGA_ENGINE_INTERNAL_H */
