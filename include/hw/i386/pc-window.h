/*
 * PCI windows of pc and q35: do assigned adapters' BARs fit, and what to type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic is in qemu/pci-window.h.  Here it meets the machine: QEMU says
 * once, before the guest runs, which option makes room for the BARs of its
 * vfio-pci and vfio-user-pci devices, and with -machine x-auto-pci-window=on it
 * takes that option by itself, as far as it can.
 */

#ifndef HW_I386_PC_WINDOW_H
#define HW_I386_PC_WINDOW_H

#include "hw/i386/pc.h"

/* The machine property x-auto-pci-window, a bool that is off */
void pc_window_class_init(ObjectClass *oc);

/*
 * With x-auto-pci-window=on, before RAM is split: set max_ram_below_4g, unless
 * the user did, and the default of pci-hole64-size, for the adapters on the
 * command line.  These are asked for their BARs: a host's device in sysfs, and
 * a server of vfio-user over a connection that is closed again.
 */
void pc_window_auto(PCMachineState *pcms, bool q35);

/* When all devices are there: warn, once, if their BARs do not fit */
void pc_window_check(PCMachineState *pcms);

#endif /* HW_I386_PC_WINDOW_H */
