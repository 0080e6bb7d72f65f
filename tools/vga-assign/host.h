/*
 * Facts about the host besides its adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_HOST_H
#define VGA_ASSIGN_HOST_H

#include "machine.h"

/**
 * host_vgacon: the text console that draws into VGA memory itself
 *
 * Returns its name in sysfs, as "vtcon0", if consoles are bound to it, else
 * NULL.  g_free().
 */
char *host_vgacon(const Machine *machine);

/**
 * host_memlock: how much this user's programs may lock, RLIMIT_MEMLOCK
 *
 * False if it is not known; G_MAXUINT64 means no limit, as for root.
 */
bool host_memlock(const Machine *machine, guint64 *bytes);

/**
 * host_memory_max: the least limit of this control group and those above it
 *
 * False if there is none.  @group is the one that has it; g_free().
 */
bool host_memory_max(const Machine *machine, guint64 *bytes, char **group);

/** host_libvirt: libvirt's version, 8002 for 8.2; 0: it is not installed */
unsigned host_libvirt(const Machine *machine);

/** host_is_proxmox: Proxmox VE, which runs a QEMU and firmware of its own */
bool host_is_proxmox(const Machine *machine);

/* A QEMU that is installed. */
typedef struct HostQEMU {
    char *path;             /* what is typed, or named in <emulator> */
    char *binary;           /* the program: another for Debian's package */
    char *prefix;           /* "/opt/qemu-vga" */
    char *bios;             /* where its SeaBIOS would be */
    bool patched;           /* it has this series */
    bool packaged;          /* and is Debian's package of it */
    Answer seabios;         /* and so has its SeaBIOS */
} HostQEMU;

/** host_apparmor: whether AppArmor confines libvirt's guests */
bool host_apparmor(const Machine *machine);

/** host_apparmor_allows: whether a guest's profile has a rule for @qemu */
bool host_apparmor_allows(const Machine *machine, const HostQEMU *qemu);

/** host_apparmor_starts: whether libvirtd's own profile lets it start @qemu */
bool host_apparmor_starts(const Machine *machine, const HostQEMU *qemu);

/** host_qemus: HostQEMU in an array that frees them, patched ones first */
GPtrArray *host_qemus(const Machine *machine);

/** host_ovmf: a file with OVMF's code; NULL: none was found.  g_free(). */
char *host_ovmf(const Machine *machine);

#endif /* VGA_ASSIGN_HOST_H */
