/*
 * A PCI device's address ranges in Linux's sysfs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The file "resource" of a device has a line for each range: first address,
 * last address and flags, in hexadecimal (Linux,
 * Documentation/PCI/sysfs-pci.rst).  The first six lines are the BARs, the
 * seventh is the ROM BAR.  A missing range has 0 in all three.  Readers without
 * CAP_SYS_ADMIN may be shown zeros for addresses.
 *
 * The code needs only the C library and GLib, since the host tool may build it
 * as well.
 */
#ifndef QEMU_PCI_SYSFS_H
#define QEMU_PCI_SYSFS_H

#include <stdbool.h>
#include <stdint.h>

/* How many lines are read, and which of them is the ROM BAR */
#define PCI_SYSFS_RESOURCES 7
#define PCI_SYSFS_ROM       6

/* PCISysfsResource.flags (Linux, include/linux/ioport.h, IORESOURCE_*) */
#define PCI_SYSFS_ROM_SHADOW (1 << 1)   /* the ROM is the copy at 0xc0000 */
#define PCI_SYSFS_MEM        0x200
#define PCI_SYSFS_PREFETCH   0x2000
#define PCI_SYSFS_MEM_64     0x100000

typedef struct PCISysfsResource {
    bool known;             /* the line exists and has three numbers */
    uint64_t first, last;   /* addresses in bytes; both belong to the range */
    uint64_t flags;         /* PCI_SYSFS_* and others */
} PCISysfsResource;

/**
 * pci_sysfs_dir: the directory of a device in sysfs
 *
 * @host: the device's address, as the property host= of vfio-pci takes it:
 *        DOMAIN:BUS:SLOT.FUNCTION, in hexadecimal; domain and leading zeros
 *        may be left out
 *
 * Returns the path, to be freed with g_free(); "" if @host is no such address.
 * It is not checked whether the directory exists.
 */
char *pci_sysfs_dir(const char *host);

/**
 * pci_sysfs_resources: read the address ranges of a device
 *
 * @dir: the device's directory in sysfs, or what pci_sysfs_dir() returned
 * @resources: filled in; those that are not known are all zeros
 *
 * Returns false if the file "resource" cannot be read.
 */
bool pci_sysfs_resources(const char *dir,
                         PCISysfsResource resources[PCI_SYSFS_RESOURCES]);

#endif /* QEMU_PCI_SYSFS_H */
