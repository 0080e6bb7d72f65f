/*
 * Intel's graphics, and the place that an adapter needs in a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Facts: QEMU, hw/vfio/igd.c and docs/igd-assign.txt.  Intel graphics are
 * initialized by a VBIOS in QEMU's legacy mode alone, which exists for the
 * generations 6 to 9 on the machine pc, with the adapter at the guest's
 * 00:02.0 and nothing else there.  Later generations have no x86 VBIOS: a UEFI
 * guest shows a picture with an option ROM made for IGD, a BIOS guest none.
 */
#ifndef VGA_ASSIGN_IGD_H
#define VGA_ASSIGN_IGD_H

#include "machine.h"

/* The slot on the root bus that Intel graphics must have in the guest. */
#define IGD_SLOT 2

typedef struct Igd {
    int generation;         /* 0: it is newer than what QEMU knows */
    const char *platform;   /* "Coffee Lake"; NULL: not known */
    bool is_too_old;        /* for QEMU */
    bool has_legacy_mode;   /* QEMU's, and with it a use for an x86 VBIOS */
} Igd;

/** igd_identify: false if @device is not Intel graphics of the processor */
bool igd_identify(const MachineDevice *device, Igd *igd);

/** igd_name: "Coffee Lake, generation 9".  g_free() */
char *igd_name(const Igd *igd);

/* The guest's address of an adapter, and the options of its device. */
typedef struct GuestPlace {
    bool q35;               /* the machine type: else pc */
    bool port;              /* behind a PCIe root port of its own */
    unsigned slot;          /* on the root bus, or behind that port */
    bool x_vga;             /* x-vga=on is useful; false: leave it out */
    /*
     * QEMU's legacy mode: it sets up the OpRegion, the ids of the LPC bridge
     * and VGA by itself.  x-igd-legacy-mode=on makes QEMU refuse the start
     * where it cannot; Proxmox has legacy-igd=1 for it, and no x-vga=1 beside.
     */
    bool igd_legacy;
    /*
     * A UEFI guest with an option ROM for IGD in romfile:
     * x-igd-legacy-mode=off, x-igd-opregion=on, and on pc x-igd-lpc=on.
     */
    bool igd_uefi;
    /*
     * Why it differs from what was asked for, as a sentence; NULL: it does
     * not.
     */
    const char *reason;
} GuestPlace;

/**
 * guest_place: where a guest must have @device
 *
 * @q35: the machine type that the user chose; Intel graphics get pc
 *       nevertheless
 */
GuestPlace guest_place(const MachineDevice *device, bool q35);

/** guest_machine: "q35" or "pc" */
const char *guest_machine(const GuestPlace *place);

#endif /* VGA_ASSIGN_IGD_H */
