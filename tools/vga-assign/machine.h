/*
 * The facts about a machine that matter for assigning a VGA adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This file has facts only; checks.h has what they mean.  machine_load() reads
 * everything once and changes nothing: it writes a target to /dev/vga_arbiter,
 * which is state of the open file only, and never asks for a lock.  Strings
 * are valid UTF-8.
 */
#ifndef VGA_ASSIGN_MACHINE_H
#define VGA_ASSIGN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "root.h"

typedef enum Answer {
    ANSWER_NO,
    ANSWER_YES,
    ANSWER_UNKNOWN,         /* it could not be read */
} Answer;

/* Linux, include/linux/ioport.h: the flags in sysfs' "resource". */
enum {
    BAR_IO = 0x100,
    BAR_MEM = 0x200,
    BAR_PREFETCH = 0x2000,
    BAR_64 = 0x100000,
    BAR_ROM_SHADOW = 0x2,   /* a ROM that is the copy at 0xc0000 */
};

#define MACHINE_BARS 7      /* the last one is the ROM */
#define MACHINE_ROM 6

typedef struct MachineBar {
    uint64_t start;         /* bus address; 0 if it has none */
    uint64_t size;          /* bytes; 0 if there is no such BAR */
    uint64_t flags;         /* BAR_* and other flags of the kernel */
    uint64_t resizable;     /* bit n: can be 1 MiB << n; 0: fixed */
} MachineBar;

/* What the kernel's VGA arbiter says of an adapter. */
typedef struct MachineArbiter {
    bool known;
    int count;              /* adapters that decode the legacy ranges */
    char *decodes;          /* "none", "io", "mem" or "io+mem" */
    char *owns;
    char *locks;
    unsigned io_locks;
    unsigned mem_locks;
} MachineArbiter;

typedef struct MachineDevice MachineDevice;
struct MachineDevice {
    char *bdf;              /* "0000:01:00.0" */
    unsigned domain, bus, slot, function;
    uint16_t vendor, device, sub_vendor, sub_device;
    uint32_t class_code;    /* 24 bits, 0x030000 is a VGA controller */
    uint8_t revision;
    char *name;             /* "GK208B [GeForce GT 710]", or "Device 128b" */
    char *vendor_name;      /* short: "NVIDIA", or "10de" */
    char *driver;           /* NULL if it has none */
    char *override;         /* driver_override; NULL if not set */
    char *physfn;           /* whose virtual function it is, or NULL */
    int group;              /* of the IOMMU; -1 if it has none */
    char *boot_vga;         /* "1", "0"; NULL: no such file */
    int irq;                /* the host's number of its INTx; 0: none */
    MachineBar bars[MACHINE_BARS];
    char *reset_methods;    /* "flr bus"; "": none; NULL: not known */
    char *power_state;      /* "D0", "D3cold"; NULL: not known */
    char *power_control;    /* "auto", "on" (awake); NULL: not known */
    char *cdev;             /* "vfio0" of /dev/vfio/devices, or NULL */
    MachineDevice *bridge;  /* above it; NULL if on a root bus */

    /*
     * Configuration space, only for display adapters, bridges and 00:00.0.
     * The kernel shows users other than root only 64 bytes of it.
     */
    GByteArray *config;
    Answer msi, msix;       /* whether it has the capability */
    Answer acs;             /* has Access Control Services (bridges) */
    MachineArbiter arbiter; /* of display adapters */
    char *broken;           /* why it could not be read, or NULL */
};

/* A framebuffer, DRM device or render node of the host. */
typedef struct MachineScreen {
    char *node;             /* "fb0", "card1", "renderD128" */
    char *name;             /* "EFI VGA", "amdgpudrmfb"; NULL for DRM */
    char *owner;            /* "0000:01:00.0" or "efi-framebuffer.0" */
} MachineScreen;

/* A line of /proc/iomem. */
typedef struct MachineRange {
    uint64_t first, last;
    int depth;
    char *name;
} MachineRange;

/* A process that has a device node open. */
typedef struct MachineHolder {
    char *pid;
    char *name;
    char *node;             /* "/dev/vga_arbiter", "/dev/vfio/16" */
} MachineHolder;

typedef struct Machine {
    Root *root;
    GPtrArray *devices;     /* MachineDevice, by address */
    char *kernel;           /* "6.1.0-32-amd64"; NULL if not known */
    unsigned kernel_major, kernel_minor;
    char *cmdline;
    Answer vfio_vga;        /* CONFIG_VFIO_PCI_VGA */
    char *vfio_vga_source;  /* the file that has it, or NULL */
    Answer disable_vga;     /* vfio-pci's; UNKNOWN: not loaded */
    char *disable_vga_source; /* the file that sets it at the next load */
    Answer disable_idle_d3; /* vfio-pci's: an idle adapter stays in D0 */
    bool iommu_present;     /* the kernel drives an IOMMU */
    bool noiommu;           /* vfio's enable_unsafe_noiommu_mode */
    char *iommu_names;      /* "dmar0 dmar1" */
    GPtrArray *screens;     /* MachineScreen */
    GPtrArray *ranges;      /* MachineRange; addresses may be hidden */
    bool ranges_hidden;     /* all addresses read 0 */
    GPtrArray *holders;     /* MachineHolder */
    bool holders_hidden;    /* some processes could not be read */
    unsigned phys_bits;     /* the processor's address bits; 0: not known */
    char *interrupts;       /* /proc/interrupts */
} Machine;

/**
 * machine_load: read all facts of a machine
 *
 * @root: taken over
 *
 * Returns NULL and sets @error if there is no PCI bus to read.  A device whose
 * files make no sense is in the list, with the reason in its member broken.
 */
Machine *machine_load(Root *root, GError **error);
void machine_free(Machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Machine, machine_free)

/** machine_device: the device with that full address, or NULL */
MachineDevice *machine_device(const Machine *machine, const char *bdf);

/**
 * device_file: the path of a file in the device's sysfs directory.  g_free().
 */
char *device_file(const MachineDevice *device, const char *file);

/** device_is_display: whether it has class 03, which "list" shows */
bool device_is_display(const MachineDevice *device);
/** device_is_vga: whether it has class 0300, which x-vga=on needs */
bool device_is_vga(const MachineDevice *device);
/** device_is_bridge: class 0604, which vfio accepts in an IOMMU group */
bool device_is_bridge(const MachineDevice *device);
/** device_is_igd: whether it is the processor's Intel graphics at 00:02.0 */
bool device_is_igd(const MachineDevice *device);
/**
 * device_is_virtual: a virtual function of SR-IOV
 *
 * Such a function has no I/O space and decodes no legacy VGA addresses, even
 * if its class is VGA (PCI Express Base 6.0, 9.3.4.1.3 and 9.3.4.1.11).
 */
bool device_is_virtual(const MachineDevice *device);
/** device_is_bound: whether vfio-pci is its driver */
bool device_is_bound(const MachineDevice *device);
/**
 * device_rom_is_shadow: whether the kernel's ROM of it is the copy at 0xc0000
 */
bool device_rom_is_shadow(const MachineDevice *device);
/** device_is_boot_vga: whether the firmware's screen was on it */
bool device_is_boot_vga(const MachineDevice *device);
/** device_is_silent: whether its configuration space reads all ones */
bool device_is_silent(const MachineDevice *device);
/** device_config: read a 16-bit register; false if it could not be read */
bool device_config(const MachineDevice *device, unsigned offset, uint16_t *value);

/** machine_holder: a process that has @node open; NULL if none is visible */
const MachineHolder *machine_holder(const Machine *machine, const char *node);

/**
 * machine_kernel_before: whether the kernel is known to be older than a
 * release
 */
bool machine_kernel_before(const Machine *machine, unsigned major,
                           unsigned minor);

/*
 * bdf_parse: "01:00.0" or "0000:01:00.0" in full and lower case.  g_free().
 *
 * Returns NULL if @text is not an address.
 */
char *bdf_parse(const char *text);

#endif /* VGA_ASSIGN_MACHINE_H */
