/*
 * What the checks are made of
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A check sets its verdict with one of is_ok() ... is_na(), as its last step,
 * and says with to_fix() what to type if the verdict is bad.  The text says
 * what was found, and why that matters to the guest's screen.  A fix must not
 * be something that the user has done already, because the next verdict would
 * then be the same.
 */
#ifndef VGA_ASSIGN_CHECKIMPL_H
#define VGA_ASSIGN_CHECKIMPL_H

#include "checks.h"

typedef struct CheckContext {
    Machine *m;
    MachineDevice *d;
    const CheckGuest *guest;
} CheckContext;

typedef void CheckFunction(const CheckContext *c, CheckResult *r);

void is_ok(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void is_warn(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void is_fail(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void is_unknown(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void is_na(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void to_fix(CheckResult *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

#define AS_ROOT "run vga-assign as root"

/**
 * device_is_dead: whether it sleeps or is off the bus, so that its registers
 * mean nothing
 */
bool device_is_dead(const MachineDevice *device);

/**
 * group_is_foreign: whether the host drives devices of the group that are not
 * the adapter's own functions
 */
bool group_is_foreign(const Machine *machine, const MachineDevice *device);

/* checks-adapter.c */
CheckFunction check_class, check_power, check_interrupt, check_reset;
/* checks-host.c */
CheckFunction check_kernel, check_iommu, check_group, check_driver,
              check_in_use, check_memory, check_access, check_qemu,
              check_libvirt;
/* checks-screen.c */
CheckFunction check_framebuffer, check_console;
/* checks-vga.c */
CheckFunction check_vfio_vga, check_disable_vga, check_arbiter, check_locks,
              check_bridge, check_igd;
/* checks-rom.c */
CheckFunction check_rom, check_window, check_resizable;

#endif /* VGA_ASSIGN_CHECKIMPL_H */
