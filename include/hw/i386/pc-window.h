/*
 * PCI windows of pc and q35: whether assigned adapters' BARs fit, and what to
 * type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic is in qemu/pci-window.h; this file applies it to the machine.
 * QEMU says once, before the guest runs, which option makes room for the BARs
 * of its vfio-pci and vfio-user-pci devices.  With -machine
 * x-auto-pci-window=on it chooses max-ram-below-4g by itself for vfio-pci
 * devices.
 *
 * A lack of address bits concerns any firmware.  max-ram-below-4g is suggested
 * only where it is known to help: if SeaBIOS places the BARs, whose rules the
 * arithmetic follows, and an adapter has x-vga=on, so that a VBIOS and a boot
 * loader have to reach it.  OVMF places BARs by its own rules, and an operating
 * system reaches them above 4 GiB as well.
 */

#ifndef HW_I386_PC_WINDOW_H
#define HW_I386_PC_WINDOW_H

#include "hw/i386/pc.h"

/* The machine property x-auto-pci-window, a bool that is off */
void pc_window_class_init(ObjectClass *oc);

/*
 * With x-auto-pci-window=on, set max_ram_below_4g, unless the user has set it,
 * before RAM is split.  The BARs of adapters on the command line are read from
 * sysfs, and the room that bridges keep in reserve is added.  vfio-user servers
 * are not asked: a server may accept a single connection, which the device
 * needs.  pci-hole64-size is left alone, since the window in ACPI covers BARs
 * that firmware has placed anyway.
 */
void pc_window_auto(PCMachineState *pcms, bool q35);

/* A size as for max-ram-below-4g, such as "1G"; to be freed with g_free() */
char *pc_window_option_size(uint64_t size);

/* Warn once if the BARs do not fit; to be called when all devices exist */
void pc_window_check(PCMachineState *pcms);

#endif /* HW_I386_PC_WINDOW_H */
