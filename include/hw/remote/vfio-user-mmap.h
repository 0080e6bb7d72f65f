/*
 * BARs of a served device that its client maps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A BAR that is RAM, and nothing else, need not cost a message for each access:
 * the client gets the file that the RAM is in, and maps it.  The machine
 * x-remote has the RAM of devices in such files unless it was started with
 * aux-ram-share=off.  A BAR that a device covers with registers, at all times
 * or in some of its modes, is a container for QEMU and stays with messages.
 *
 * Nobody sees which pages a client writes.  So a display has to draw what such
 * a BAR holds anew each time it asks what was written there.
 */
#ifndef HW_REMOTE_VFIO_USER_MMAP_H
#define HW_REMOTE_VFIO_USER_MMAP_H

#include "hw/pci/pci.h"
#include "system/memory.h"

typedef struct VFUMmap {
    MemoryListener listener;
    unsigned nr_bars;
    MemoryRegion *bars[PCI_NUM_REGIONS];
} VFUMmap;

/**
 * vfu_mmap_offer: let the client map a BAR, if it can be
 *
 * @m: all zero, or of earlier BARs of the same device
 * @bar: the BAR, which lives until vfu_mmap_end()
 *
 * Returns the file, in which the BAR begins at offset 0 and which can no longer
 * become shorter, or -1.  The BAR keeps the file.
 */
int vfu_mmap_offer(VFUMmap *m, MemoryRegion *bar);

/**
 * vfu_mmap_end: the client is gone
 *
 * @m: all zero afterwards
 */
void vfu_mmap_end(VFUMmap *m);

#endif /* HW_REMOTE_VFIO_USER_MMAP_H */
