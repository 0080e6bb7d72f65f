/*
 * PAM, SMRAM and the legacy hole: definitions for the files pam-*.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   pam-fix.c    when each subject becomes strict, and the properties
 *   pam-modes.c  the modes of the PAM segments
 *   pam-hole.c   the legacy hole
 *   pam-smram.c  the SMRAM control register
 */
#ifndef HW_PCI_HOST_PAM_FIX_INTERNAL_H
#define HW_PCI_HOST_PAM_FIX_INTERNAL_H

#include "hw/pci-host/pam.h"
#include "hw/pci-host/pam-fix.h"
#include "hw/pci/vga-compat.h"
#include "qemu/notify.h"
#include "system/memory.h"

/* One of the PAM segments, with the regions of mode 1 and mode 2 */
typedef struct PAMSegment {
    PAMFix *fix;
    hwaddr base, size;
    unsigned mode;              /* PAM_ATTR_RE | PAM_ATTR_WE */
    MemoryRegion re;            /* mode 1, alias of PAMModes.dram */
    MemoryRegion we;            /* mode 2, ROM device with the PCI side */
} PAMSegment;

/* pam-modes.c */
typedef struct PAMModes {
    bool strict;                /* the members below are set up only then */
    MemoryRegion dram;          /* the first MiB of RAM, writes go to PCI */
    PAMSegment segments[PAM_REGIONS_COUNT];
    AddressSpace ram_as, pci_as;
    MemoryListener listener;    /* of pci_as */
    bool stale;                 /* the copies of the PCI side may be old */
} PAMModes;

/* pam-hole.c */
typedef struct PAMHole {
    bool present;
    MemoryRegion mr;
} PAMHole;

struct PAMFix {
    Object *owner;              /* the host bridge */
    MemoryRegion *ram, *system_memory, *pci;
    int (*post_load)(void *owner, int version_id);
    const PAMFixConfig *config; /* of the machine */

    Notifier machine_done;
    DeviceListener devices;
    bool running;               /* machine_done was called */
    bool assigned_vga;          /* an adapter with x-vga=on has been realized */

    PAMModes modes;
    bool modes_refused;         /* do not try again */
    bool smram_strict;
    PAMHole hole;
};

/* Why the modes cannot be strict on this machine; NULL: they can be */
const char *pam_modes_obstacle(PAMFix *fix);

/* Make the modes strict.  On failure nothing has changed. */
bool pam_modes_enable(PAMFix *fix, Error **errp);

/* Put the hole into the PCI space */
void pam_hole_enable(PAMFix *fix);

#endif /* HW_PCI_HOST_PAM_FIX_INTERNAL_H */
