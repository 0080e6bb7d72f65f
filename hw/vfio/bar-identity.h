/*
 * BARs of an assigned adapter where the host has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VBIOS or a driver may learn a BAR's address by a way that QEMU does not
 * virtualise, such as a register of the adapter.  What it learns is the host's
 * address, which is right in the guest if the guest has its BAR there as well.
 *
 * Two properties of vfio-pci and vfio-user-pci:
 *
 * x-bar-identity=on|off|auto
 *     on    the memory BARs get the host's addresses; realize fails
 *           where that is impossible, and names what is in the way
 *     off   nothing is asked for (the default)
 *     auto  on for a VGA-class adapter of NVIDIA's; a warning if impossible
 *
 * bar-identity (read-only)
 *     The result for each BAR, see vfio_bar_identity_describe().
 *
 * The host's addresses are in the device's file "resource" in sysfs (a line
 * for each BAR: start, end, flags; Linux, Documentation/PCI/sysfs-pci.rst).  A
 * device behind a vfio-user server or with fd= has no such file.  Its
 * addresses are what the BARs read as before the guest writes them; vfio-pci
 * shows the host's addresses there (Linux, drivers/vfio/pci/vfio_pci_config.c,
 * vfio_config_init()).
 *
 * Firmware places the BARs.  It reads the wanted addresses from the fw_cfg
 * file VFIO_BAR_IDENTITY_FILE, an array of VFIOBARIdentityRecord, without a
 * header.  No two BARs in it overlap, nor do the bridge windows that they need.
 *
 * The file exists if an adapter on the command line asks for it.  An adapter
 * that is plugged into a running guest adds its records to an existing file,
 * for the next boot.  It does not create the file, since that would change the
 * select keys of others: the guest's operating system places its BARs anyway,
 * and it has the alias.
 *
 * For firmware that does not read it, and for a guest that moves a BAR, the
 * adapter also answers at the host's address while it decodes memory.  RAM,
 * chipset devices and other BARs have priority over that.  The aliases that
 * are in use when firmware reads the ACPI tables are in the _CRS of a PNP0C02
 * device there, so that an operating system puts nothing else at these
 * addresses.
 */
#ifndef HW_VFIO_BAR_IDENTITY_H
#define HW_VFIO_BAR_IDENTITY_H

#include "hw/acpi/acpi_aml_interface.h"
#include "hw/pci/pci.h"
#include "qapi/qapi-types-common.h"
#include "qemu/queue.h"
#include "system/memory.h"

struct VFIOPCIDevice;

#define VFIO_BAR_IDENTITY_FILE "etc/pci-fixed-bars"

/* How many devices are on the way from the root bus to the function, with it */
#define VFIO_BAR_IDENTITY_DEPTH 12

/*
 * A BAR and the address that it should get.  Integers are little-endian.
 * Firmware chooses the bus numbers, so a function is named by the way to it:
 * the slots and functions of the bridges, the one on the root bus first, then
 * its own.
 */
typedef struct QEMU_PACKED VFIOBARIdentityRecord {
    uint64_t address;       /* a multiple of @size */
    uint64_t size;          /* bytes, a power of two */
    uint8_t bar;            /* 0 to 5; the first one of a 64-bit pair */
    uint8_t depth;          /* how many of @path are used, at least 1 */
    uint8_t root;           /* number of the root bus: 0, or a pxb's bus_nr */
    uint8_t reserved;       /* 0 */
    uint8_t path[VFIO_BAR_IDENTITY_DEPTH];  /* slot << 3 | function */
} VFIOBARIdentityRecord;

QEMU_BUILD_BUG_ON(sizeof(VFIOBARIdentityRecord) != 32);

typedef struct VFIOBARIdentityBAR {
    uint64_t address;       /* the host's; 0: none */
    bool sizing_low;        /* all ones were written to the register */
    bool sizing_high;       /* the same of a 64-bit pair's second one */
    bool reached;           /* the guest has had it there */
    MemoryRegion alias;     /* at the host's address, once it is needed */
} VFIOBARIdentityBAR;

/* Of each VFIOPCIDevice */
typedef struct VFIOBARIdentity {
    OnOffAuto wish;         /* x-bar-identity */
    bool active;
    bool warned;            /* that the guest has a BAR somewhere else */
    char *refusal;          /* why auto came to nothing */
    VFIOBARIdentityBAR bars[PCI_ROM_SLOT];
    QLIST_ENTRY(VFIOBARIdentity) next;
} VFIOBARIdentity;

/**
 * vfio_bar_identity_class_init: add x-bar-identity to a class of devices
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, of which each adapter is, and which has the
 *         interface TYPE_ACPI_DEV_AML_IF, for the reservation
 */
void vfio_bar_identity_class_init(ObjectClass *klass);

/**
 * vfio_bar_identity_setup: find the host's addresses and ask firmware for them
 *
 * @vdev: the adapter, attached, its BARs prepared and not registered
 * @errp: on failure, which BAR cannot be there and what is in the way, with a
 *        hint
 *
 * Does nothing if the property does not ask for it.
 *
 * Returns false if x-bar-identity=on is impossible, else true.
 */
bool vfio_bar_identity_setup(struct VFIOPCIDevice *vdev, Error **errp);

/**
 * vfio_bar_identity_exit: undo vfio_bar_identity_setup()
 *
 * @vdev: the adapter, its BARs registered; with or without identity
 */
void vfio_bar_identity_exit(struct VFIOPCIDevice *vdev);

/**
 * vfio_bar_identity_written: see what a config write did to the BARs
 *
 * @vdev: the adapter
 * @addr: where the guest wrote, after QEMU has acted on it
 * @val: what it wrote
 * @len: bytes
 *
 * A BAR that decodes memory somewhere else than on the host is traced, and
 * warned of once an adapter, unless it is being sized: all ones were the last
 * that was written to one of its registers.
 */
void vfio_bar_identity_written(struct VFIOPCIDevice *vdev, uint32_t addr,
                               uint32_t val, int len);

/**
 * vfio_bar_identity_describe: the result of x-bar-identity for each BAR
 *
 * @vdev: the adapter
 *
 * Returns "off", "off: " and why auto came to nothing, or for each BAR, joined
 * by "; ", "BAR n: ", the host's address, and
 *
 *     identical   the guest has it there
 *     off         the adapter does not decode memory
 *     alias       the guest has it elsewhere, and it also answers there
 *     hidden      the guest has it elsewhere, and something else lies there
 *
 * To be freed with g_free().
 */
char *vfio_bar_identity_describe(struct VFIOPCIDevice *vdev);

/*
 * For identity-feasible.c, identity-alias.c and identity-acpi.c
 */

/* Adapters whose BARs have an address, or may get one if it is feasible */
typedef QLIST_HEAD(, VFIOBARIdentity) VFIOBARIdentityList;
extern VFIOBARIdentityList vfio_bar_identities;

struct VFIOPCIDevice *vfio_bar_identity_device(VFIOBARIdentity *identity);

/**
 * vfio_bar_identity_path: the way to a device
 *
 * @pdev: the device
 * @path: the devices from the root bus to @pdev, which is the last one
 *
 * Returns how many they are; 0, and no @path, if they are more than
 * VFIO_BAR_IDENTITY_DEPTH.
 */
unsigned vfio_bar_identity_path(PCIDevice *pdev,
                                PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH]);

/**
 * vfio_bar_identity_feasible: whether the BARs can be at their addresses
 *
 * @vdev: the adapter, in vfio_bar_identities, with the addresses of its BARs
 * @errp: on failure, which BAR cannot be there and what is in the way, with a
 *        hint
 *
 * Takes what other adapters ask for into account.
 *
 * Returns false if not, or if the machine is neither a pc nor a q35.
 */
bool vfio_bar_identity_feasible(struct VFIOPCIDevice *vdev, Error **errp);

/* Undo what vfio_bar_identity_written() has added to the address space */
void vfio_bar_identity_remove_aliases(struct VFIOPCIDevice *vdev);

/* Whether the guest has a BAR elsewhere than at the host's address */
bool vfio_bar_identity_elsewhere(struct VFIOPCIDevice *vdev, unsigned bar);

/* AcpiDevAmlIfClass.build_dev_aml: reserve the addresses that have an alias */
void vfio_bar_identity_build_aml(AcpiDevAmlIf *adev, Aml *scope);

#endif /* HW_VFIO_BAR_IDENTITY_H */
