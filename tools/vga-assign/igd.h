/*
 * Intel's graphics, and the place that an adapter needs in a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sources: QEMU, hw/vfio/igd.c and docs/igd-assign.txt.  A VBIOS can
 * initialize Intel graphics only in QEMU's legacy mode.  That mode exists for
 * the generations 6 to 9 on the machine pc, with the adapter at the guest's
 * 00:02.0 and no other device there.  Later generations have no x86 VBIOS: a
 * UEFI guest shows a picture with an option ROM made for IGD, and a BIOS guest
 * shows none.
 */
#ifndef VGA_ASSIGN_IGD_H
#define VGA_ASSIGN_IGD_H

#include "machine.h"

/* The slot on the root bus that Intel graphics must have in the guest. */
#define IGD_SLOT 2

typedef struct Igd {
    int generation;         /* 0: newer than what QEMU knows */
    const char *platform;   /* "Coffee Lake"; NULL if not known */
    bool is_too_old;        /* QEMU does not know it */
    bool has_legacy_mode;   /* QEMU's, in which an x86 VBIOS works */
} Igd;

/** igd_identify: false if @device is not a processor's Intel graphics */
bool igd_identify(const MachineDevice *device, Igd *igd);

/** igd_name: "Coffee Lake, generation 9".  g_free() */
char *igd_name(const Igd *igd);

/* The adapter's address in the guest, and the options of its device. */
typedef struct GuestPlace {
    bool q35;               /* the machine is q35; otherwise pc */
    bool port;              /* behind a PCIe root port of its own */
    unsigned slot;          /* on the root bus, or behind that port */
    bool x_vga;             /* whether x-vga=on is useful */
    /*
     * QEMU's legacy mode, which sets up the OpRegion, the ids of the LPC
     * bridge and VGA by itself.  With x-igd-legacy-mode=on QEMU refuses to
     * start where it cannot.  Proxmox has legacy-igd=1 for this mode, without
     * x-vga=1.
     */
    bool igd_legacy;
    /*
     * A UEFI guest with an option ROM for IGD in romfile:
     * x-igd-legacy-mode=off, x-igd-opregion=on, and on pc x-igd-lpc=on.
     */
    bool igd_uefi;
    /*
     * Why the place differs from what was asked for, as a sentence; NULL if it
     * does not.
     */
    const char *reason;
} GuestPlace;

/**
 * guest_place: the place that @device must have in a guest
 *
 * @q35: whether the user chose q35; Intel graphics get pc in any case
 */
GuestPlace guest_place(const MachineDevice *device, bool q35);

/** guest_machine: "q35" or "pc" */
const char *guest_machine(const GuestPlace *place);

#endif /* VGA_ASSIGN_IGD_H */
