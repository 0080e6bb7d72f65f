/*
 * BARs of an assigned adapter at the host's addresses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VBIOS or a driver may read a BAR's address in a way that QEMU does not
 * virtualise, such as a register of the adapter.  It then gets the host's
 * address, which is right in the guest only if the guest has its BAR there as
 * well.
 *
 * Two properties of vfio-pci and vfio-user-pci:
 *
 * x-bar-identity=on|off|auto
 *     on    the memory BARs get the host's addresses; if that is impossible,
 *           realize fails and names the obstacle
 *     off   firmware chooses the addresses (the default)
 *     auto  on for a VGA-class adapter of NVIDIA's, with a warning if
 *           impossible
 *
 * bar-identity (read-only)
 *     The result for each BAR, see vfio_bar_identity_describe().
 *
 * The host's addresses are in the device's file "resource" in sysfs (a line for
 * each BAR: start, end, flags; Linux, Documentation/PCI/sysfs-pci.rst).  A
 * device behind a vfio-user server or with fd= has no such file.  Then its BARs
 * are read before the guest writes them; vfio-pci shows the host's addresses
 * there (Linux, drivers/vfio/pci/vfio_pci_config.c, vfio_config_init()).
 *
 * Firmware places the BARs.  It reads the wanted addresses from the fw_cfg
 * file VFIO_BAR_IDENTITY_FILE, an array of VFIOBARIdentityRecord, without a
 * header.  No two BARs in it overlap, nor do the bridge windows that they need.
 *
 * The file exists if an adapter on the command line needs it.  An adapter that
 * is plugged into a running guest adds its records to an existing file, for the
 * next boot.  It does not create the file, since that would change the select
 * keys of other files: the guest's operating system places its BARs anyway, and
 * the alias below exists for it as well.
 *
 * For firmware that does not read the file, and for a guest that moves a BAR,
 * the adapter also answers at the host's address while it decodes memory, by an
 * alias.  RAM, chipset devices and other BARs have priority over the alias.
 * The aliases in use when firmware reads the ACPI tables are in the _CRS of a
 * PNP0C02 device in these tables, so that an operating system puts nothing else
 * at their addresses.
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

/* Most devices on the way from the root bus to the function, which counts */
#define VFIO_BAR_IDENTITY_DEPTH 12

/*
 * A BAR and the address that it should get.  Integers are little-endian.
 * Firmware chooses the bus numbers, so a function is named by its path: the
 * slots and functions of the bridges, beginning with the one on the root bus,
 * then its own.
 */
typedef struct QEMU_PACKED VFIOBARIdentityRecord {
    uint64_t address;       /* a multiple of @size */
    uint64_t size;          /* bytes, a power of two */
    uint8_t bar;            /* 0 to 5; the first one of a 64-bit pair */
    uint8_t depth;          /* number of used entries of @path, at least 1 */
    uint8_t root;           /* number of the root bus: 0, or a pxb's bus_nr */
    uint8_t reserved;       /* 0 */
    uint8_t path[VFIO_BAR_IDENTITY_DEPTH];  /* slot << 3 | function */
} VFIOBARIdentityRecord;

QEMU_BUILD_BUG_ON(sizeof(VFIOBARIdentityRecord) != 32);

typedef struct VFIOBARIdentityBAR {
    uint64_t address;       /* on the host; 0: none */
    bool sizing_low;        /* all ones were written to the register */
    bool sizing_high;       /* the same for the upper half of a 64-bit BAR */
    bool reached;           /* the guest has had the BAR there */
    MemoryRegion alias;     /* at the host's address, made when needed */
} VFIOBARIdentityBAR;

/* A member of each VFIOPCIDevice */
typedef struct VFIOBARIdentity {
    OnOffAuto wish;         /* x-bar-identity */
    bool active;
    bool warned;            /* a BAR elsewhere was reported */
    char *refusal;          /* why auto has no effect */
    VFIOBARIdentityBAR bars[PCI_ROM_SLOT];
    QLIST_ENTRY(VFIOBARIdentity) next;
} VFIOBARIdentity;

/**
 * vfio_bar_identity_class_init: add x-bar-identity to a class of devices
 *
 * @klass: TYPE_VFIO_PCI_DEVICE, the class of all adapters, which has the
 *         interface TYPE_ACPI_DEV_AML_IF for the reservation
 */
void vfio_bar_identity_class_init(ObjectClass *klass);

/**
 * vfio_bar_identity_setup: ask firmware for the host's addresses
 *
 * @vdev: the adapter, attached, its BARs prepared and not registered
 * @errp: set on failure to the BAR and the obstacle, with a hint
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
 * vfio_bar_identity_written: check the BARs after a config write
 *
 * @vdev: the adapter
 * @addr: where the guest wrote, after QEMU has acted on it
 * @val: what it wrote
 * @len: bytes
 *
 * A BAR that decodes memory at another address than on the host is traced, and
 * there is one warning for each adapter.  A BAR that is being sized, because
 * all ones were written last to one of its registers, does not count.
 */
void vfio_bar_identity_written(struct VFIOPCIDevice *vdev, uint32_t addr,
                               uint32_t val, int len);

/**
 * vfio_bar_identity_describe: the result of x-bar-identity for each BAR
 *
 * @vdev: the adapter
 *
 * Returns "off", "off: " and why auto has no effect, or for each BAR, joined by
 * "; ", "BAR n: ", the host's address, and
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

/* Adapters whose BARs have an address, or get one if that is feasible */
typedef QLIST_HEAD(, VFIOBARIdentity) VFIOBARIdentityList;
extern VFIOBARIdentityList vfio_bar_identities;

struct VFIOPCIDevice *vfio_bar_identity_device(VFIOBARIdentity *identity);

/**
 * vfio_bar_identity_path: the path to a device
 *
 * @pdev: the device
 * @path: the devices from the root bus to @pdev, which is the last one
 *
 * Returns the number of devices; 0, without @path, if there are more than
 * VFIO_BAR_IDENTITY_DEPTH.
 */
unsigned vfio_bar_identity_path(PCIDevice *pdev,
                                PCIDevice *path[VFIO_BAR_IDENTITY_DEPTH]);

/**
 * vfio_bar_identity_feasible: whether the BARs can be at their addresses
 *
 * @vdev: the adapter, in vfio_bar_identities, with the addresses of its BARs
 * @errp: set on failure to the BAR and the obstacle, with a hint
 *
 * The addresses that other adapters need are taken into account.
 *
 * Returns false if they cannot, or if the machine is neither a pc nor a q35.
 */
bool vfio_bar_identity_feasible(struct VFIOPCIDevice *vdev, Error **errp);

/* Undo what vfio_bar_identity_written() has added to the address space */
void vfio_bar_identity_remove_aliases(struct VFIOPCIDevice *vdev);

/* Whether the guest has a BAR elsewhere than at the host's address */
bool vfio_bar_identity_elsewhere(struct VFIOPCIDevice *vdev, unsigned bar);

/* AcpiDevAmlIfClass.build_dev_aml: reserve the addresses that have an alias */
void vfio_bar_identity_build_aml(AcpiDevAmlIf *adev, Aml *scope);

#endif /* HW_VFIO_BAR_IDENTITY_H */
