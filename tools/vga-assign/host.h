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
 * Returns its name in sysfs, for example "vtcon0", if consoles are bound to
 * it, otherwise NULL.  g_free().
 */
char *host_vgacon(const Machine *machine);

/**
 * host_memlock: how much memory this user's programs may lock, RLIMIT_MEMLOCK
 *
 * Returns false if that is not known.  G_MAXUINT64 means no limit, as for
 * root.
 */
bool host_memlock(const Machine *machine, guint64 *bytes);

/**
 * host_memory_max: the lowest limit of this control group and its parents
 *
 * Returns false if there is none.  @group is the group that has the limit;
 * g_free().
 */
bool host_memory_max(const Machine *machine, guint64 *bytes, char **group);

/** host_libvirt: libvirt's version, 8002 for 8.2; 0 if it is not installed */
unsigned host_libvirt(const Machine *machine);

/**
 * host_is_proxmox: whether this is Proxmox VE, which has its own QEMU and
 * firmware
 */
bool host_is_proxmox(const Machine *machine);

/* An installed QEMU. */
typedef struct HostQEMU {
    char *path;             /* as typed, or as in <emulator> */
    char *binary;           /* the program that @path starts */
    char *prefix;           /* "/opt/qemu-vga" */
    char *bios;             /* where its SeaBIOS is expected */
    bool patched;           /* it has this series */
    bool packaged;          /* it is Debian's package of the series */
    Answer seabios;         /* whether its SeaBIOS has the series */
} HostQEMU;

/** host_apparmor: whether AppArmor confines libvirt's guests */
bool host_apparmor(const Machine *machine);

/** host_apparmor_allows: whether a guest's profile has a rule for @qemu */
bool host_apparmor_allows(const Machine *machine, const HostQEMU *qemu);

/** host_apparmor_starts: whether libvirtd's own profile lets it start @qemu */
bool host_apparmor_starts(const Machine *machine, const HostQEMU *qemu);

/** host_qemus: all installed QEMUs, patched ones first; the array owns them */
GPtrArray *host_qemus(const Machine *machine);

/**
 * host_series: the path of the QEMU with this series that check finds, or NULL
 *
 * A path with control characters, which no XML can have, is left out.
 * g_free().
 */
char *host_series(const Machine *machine);

/** host_is_series: whether @path is one of the QEMUs with this series */
bool host_is_series(const Machine *machine, const char *path);

/** host_ovmf: a file with OVMF's code, or NULL.  g_free(). */
char *host_ovmf(const Machine *machine);

#endif /* VGA_ASSIGN_HOST_H */
