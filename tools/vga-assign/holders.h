/*
 * Programs that have an adapter's device nodes open
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A driver releases an adapter when its last node is closed.  Until then
 * "unbind" waits in the kernel, or takes the screen away from the process that
 * draws on it.
 */
#ifndef VGA_ASSIGN_HOLDERS_H
#define VGA_ASSIGN_HOLDERS_H

#include "machine.h"

/** holders_load: fill in Machine.holders and Machine.holders_hidden */
void holders_load(Machine *machine);

/**
 * device_holders: the processes that use @device, through any of its nodes
 *
 * The nodes are vfio's group and character device, DRM's card and render
 * nodes, the framebuffer, NVIDIA's nodes, the sound card of an audio function,
 * and the BARs in sysfs.  Each process is listed once.
 *
 * Returns an array of MachineHolder that does not own its elements.
 */
GPtrArray *device_holders(const Machine *machine, const MachineDevice *device);

/** holders_text: "Xorg (process 3217) has /dev/nvidia0 open".  g_free(). */
char *holders_text(const GPtrArray *holders);

/** holders_remedy: what to type so that they close the adapter.  g_free(). */
char *holders_remedy(const GPtrArray *holders);

#endif /* VGA_ASSIGN_HOLDERS_H */
