/*
 * Options of kernel modules, in modprobe.d and on the kernel command line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef VGA_ASSIGN_MODPROBE_H
#define VGA_ASSIGN_MODPROBE_H

#include "machine.h"

/**
 * modprobe_true: the place that sets a boolean option of vfio-pci to true
 *
 * Returns a file's name or "the kernel command line".  Returns NULL if the
 * option is not set, or if the last place that sets it sets it to false.
 * g_free().
 */
char *modprobe_true(const Machine *machine, const char *option);

/** kernel_bool: a boolean as the kernel reads it (kstrtobool()) */
Answer kernel_bool(const char *text);

#endif /* VGA_ASSIGN_MODPROBE_H */
