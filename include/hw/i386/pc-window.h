/*
 * PCI windows of pc and q35: do assigned adapters' BARs fit, and what to type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic is in qemu/pci-window.h.  Here it meets the machine: QEMU says
 * once, before the guest runs, which option makes room for the BARs of its
 * vfio-pci and vfio-user-pci devices, and with -machine x-auto-pci-window=on it
 * takes max-ram-below-4g by itself for vfio-pci's.
 *
 * A lack of address bits concerns any firmware.  max-ram-below-4g is suggested
 * only where it is known to help: if SeaBIOS places the BARs, whose rules the
 * arithmetic follows, and an adapter has x-vga=on, so that a VBIOS and a boot
 * loader have to reach it.  OVMF places BARs by rules of its own, and an
 * operating system reaches them above 4 GiB as well.
 */

#ifndef HW_I386_PC_WINDOW_H
#define HW_I386_PC_WINDOW_H

#include "hw/i386/pc.h"

/* The machine property x-auto-pci-window, a bool that is off */
void pc_window_class_init(ObjectClass *oc);

/*
 * With x-auto-pci-window=on, before RAM is split: set max_ram_below_4g, unless
 * the user did, for the adapters on the command line, whose BARs sysfs tells,
 * and for what bridges are to keep in reserve.  Servers of vfio-user are not
 * asked: one may serve a single connection, and has to be left for the device.
 * pci-hole64-size is left alone, since the window that the guest is told of
 * covers BARs that firmware has placed anyway.
 */
void pc_window_auto(PCMachineState *pcms, bool q35);

/* "1G": a size as max-ram-below-4g takes it; to be freed with g_free() */
char *pc_window_option_size(uint64_t size);

/* When all devices are there: warn, once, if their BARs do not fit */
void pc_window_check(PCMachineState *pcms);

#endif /* HW_I386_PC_WINDOW_H */
