/*
 * Definitions for the three files of the engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vga-engine.c makes the guest's accesses to legacy memory, vga-engine-ports.c
 * those to legacy ports, and vga-engine-ops.c those to BARs and config space,
 * which come after all earlier legacy accesses.
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
    VFIODeviceIOOps io_ops;       /* the device's, with the engine's changes */
    VFIODeviceIOOps *adapter_ops;
    VMChangeStateEntry *vm_state;

    VFIOVGATier tier;             /* the fastest to use; not auto */
    bool any_chain4;              /* also modes larger than their window */
    bool running;
    bool bus_master;

    VFIOVGARegs regs;
    VFIOVGALook look;
    VFIOVGABARs bars;
    VFIOVGAHeat bars_heat;        /* of legacy accesses while they are mapped */
    VFIOVGAPending pending;       /* last, since it is large */
};

/* The engine can gain nothing, or what is pending would not leave in time */
static inline bool vfio_vga_engine_is_off(const VFIOVGAEngine *e)
{
    return e->bus_master || !e->running ||
           vfio_vga_pending_distrusted(&e->pending);
}

/* Each access is made at once: it is off, or BARs show the adapter's memory */
static inline bool vfio_vga_engine_must_forward(const VFIOVGAEngine *e)
{
    return vfio_vga_engine_is_off(e) || vfio_vga_bars_mapped(&e->bars);
}

/**
 * vfio_vga_engine_window: the window that registers make RAM-like
 *
 * @e: the adapter's engine
 * @regs: the registers
 *
 * Returns no window if the tier does not copy such a window.
 */
VFIOVGAWindow vfio_vga_engine_window(const VFIOVGAEngine *e,
                                     const VFIOVGARegs *regs);

/**
 * vfio_vga_engine_trap_bars: the guest makes an access that could be kept
 *
 * @e: the adapter's engine
 *
 * Traps mapped BARs, once that pays.  Through mapped BARs the guest may have
 * done anything meanwhile.
 */
void vfio_vga_engine_trap_bars(VFIOVGAEngine *e);

/**
 * vfio_vga_engine_forgotten: the registers are no longer known
 *
 * @e: the adapter's engine
 *
 * They are read back when that pays.
 */
void vfio_vga_engine_forgotten(VFIOVGAEngine *e);

/**
 * vfio_vga_engine_read_port, vfio_vga_engine_write_port: an access of the guest
 *
 * @e: the adapter's engine
 * @port: 3b0-3bb or 3c0-3df
 * @size: bytes, 1 to 4
 * @data: in bus order
 */
void vfio_vga_engine_read_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                               void *data);
void vfio_vga_engine_write_port(VFIOVGAEngine *e, uint32_t port, uint32_t size,
                                const void *data);

/**
 * vfio_vga_engine_forget_window: registers may be different afterwards
 *
 * @e: the adapter's engine
 * @reason: for the trace
 *
 * All pending writes reach the adapter first.  The write that was learned
 * (vga-check.h) stays.
 */
void vfio_vga_engine_forget_window(VFIOVGAEngine *e,
                                   const char *reason);

/**
 * vfio_vga_engine_forget: the adapter may be in any state afterwards
 *
 * @e: the adapter's engine
 * @reason: for the trace
 *
 * The same, but the write that was learned is forgotten as well.
 */
void vfio_vga_engine_forget(VFIOVGAEngine *e, const char *reason);

/**
 * vfio_vga_engine_init_ops: see accesses to BARs and config space from now on
 *
 * @e: the adapter's engine; vfio_vga_engine_exit() undoes this
 *
 * Finds out whether the adapter is bus master now.
 */
void vfio_vga_engine_init_ops(VFIOVGAEngine *e);

#endif /* HW_VFIO_VGA_ENGINE_INTERNAL_H */
