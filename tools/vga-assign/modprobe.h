/*
 * Options of kernel modules, in modprobe.d and on the kernel command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_MODPROBE_H
#define VGA_ASSIGN_MODPROBE_H

#include "machine.h"

/**
 * modprobe_true: what sets a boolean option of vfio-pci to true
 *
 * Returns the file, "the kernel command line", or NULL if it is not set or
 * what is set last is false.  g_free().
 */
char *modprobe_true(const Machine *machine, const char *option);

/** kernel_bool: the kernel's own reading of a boolean (kstrtobool()) */
Answer kernel_bool(const char *text);

#endif /* VGA_ASSIGN_MODPROBE_H */
