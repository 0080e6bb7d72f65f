/*
 * PAM, SMRAM and the legacy hole of i440FX and q35, as the chipset has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pam.c implements two of the four modes of a PAM segment, and addresses below
 * 1 MiB that no PCI device claims show RAM.  Guests of an adapter with legacy
 * VGA rely on the rest: option ROMs that write to themselves, firmware that
 * copies a ROM into the RAM below it, drivers that toggle PCI_COMMAND.
 *
 * One PAMFix belongs to a host bridge.  It does nothing, and costs nothing,
 * until one of three subjects is made strict:
 *
 * x-pam-strict    The modes of the 13 segments from 0xc0000 to 0xfffff (82441FX
 *                 data sheet, PAM[6:0], 59h-5Fh; Intel 3 Series MCH data sheet,
 *                 PAM0-PAM6, 90h-96h).  RE and WE choose independently whether
 *                 reads and writes go to DRAM (1) or PCI (0).
 *
 *                   mode       reads        writes
 *                   0          PCI          PCI       as pam.c does it
 *                   1 RE       DRAM         PCI       pam.c: DRAM or nowhere
 *                   2 WE       PCI          DRAM      pam.c: reads DRAM
 *                   3 RE|WE    DRAM         DRAM      as pam.c does it
 *
 * x-smram-strict  The SMRAM control register (82441FX: 72h; 3 Series: 9Dh).
 *                 D_OPEN acts with G_SMRAME only.  i440FX: C_BASE_SEG reads
 *                 010b, D_LCK closes D_OPEN and makes all but D_CLS read-only
 *                 until reset.  q35 has these two anyway.
 * x-legacy-hole   0xa0000 to 0xfffff of the PCI space end in a region which
 *                 reads all ones and ignores writes.  An access that no PCI
 *                 device claims ends there, instead of in the RAM below.  The
 *                 board's region for option ROMs is taken away if it is empty.
 *
 * D_CLS (SMM data accesses go to PCI, code fetches to DRAM) is read and
 * written and has no effect: neither a KVM memory slot nor MemTxAttrs tell a
 * fetch from a read.
 *
 * Mode 1 is a ROM device over RAM's own RAMBlock: the same pages and the same
 * ram_addr_t, so reads and fetches are native, and writes to that RAM by any
 * device, loader, debugger or migration stream are seen at once.  Nothing is
 * copied.  KVM maps it as a read-only slot, and a write exits to the ROM
 * device, which passes it to the PCI space.  A second RAMBlock over the same
 * host pages would not work: the block of a host address, which is the key to
 * translated code and dirty bits, would no longer be unique.  Dumps and the DMA
 * of assigned devices find the device by memory_region_shows_ram(); vfio maps
 * it read-only.
 *
 * Mode 2 is a ROM device with a copy of the segment's PCI side, if that is ROM
 * from end to end: fetches need memory.  Otherwise each read is passed to the
 * PCI space.  The copy is made when the mode is entered and again whenever the
 * PCI space changes below 1 MiB.  Writes go to RAM.
 *
 * Neither is migrated; all state is in the bridge's config space.  A strict
 * machine and one that is not strict understand each other's migration stream.
 *
 * x-pam-strict needs a KVM with read-only memory slots, or TCG; it is not
 * possible for confidential guests or on Xen, nor if the first MiB of RAM is
 * not one block.  An explicit "on" is then an error; "auto" warns.
 *
 * "auto", the default, is "on" from the moment that an assigned adapter with
 * legacy VGA is realized (hw/pci/vga-assigned.h), until QEMU ends: a guest that
 * has seen it keeps it.
 *
 * PAM registers keep their value at reset, strict or not, although hardware
 * clears them: SeaBIOS finds out from the F segment whether to resume from S3,
 * where on hardware it would read a non-volatile register.
 *
 * All functions need the BQL.
 */

#ifndef HW_PCI_HOST_PAM_FIX_H
#define HW_PCI_HOST_PAM_FIX_H

#include "qapi/qapi-types-common.h"
#include "qom/object.h"

struct MemoryRegion;

/* Part of the machine: the user's options, and the board's region */
typedef struct PAMFixConfig {
    OnOffAuto pam;
    OnOffAuto hole;
    OnOffAuto smram;
    struct MemoryRegion *option_roms;   /* in the PCI space, or NULL */
} PAMFixConfig;

typedef struct PAMFix PAMFix;
typedef struct PAMMemoryRegion PAMMemoryRegion;

/* Add the three properties to a machine class below TYPE_PC_MACHINE */
void pam_fix_add_properties(ObjectClass *machine_class);

/*
 * To be called when the bridge @owner has set up its PAM_REGIONS_COUNT regions
 * at @pam.  When a subject becomes strict, @post_load (@owner, 0) has to apply
 * the registers.  The regions, and @owner, live as long as the machine.
 */
void pam_fix_init(Object *owner, PAMMemoryRegion *pam, MemoryRegion *ram,
                  MemoryRegion *system_memory, MemoryRegion *pci,
                  int (*post_load)(void *owner, int version_id));

/* Put segment @idx of pam_regions into mode @mode; does nothing if !@fix */
void pam_fix_update(PAMFix *fix, int idx, unsigned mode);

/* Does the SMRAM control register @smramc open SMRAM to all processors? */
bool pam_fix_smram_open(const PAMFix *fix, uint8_t smramc);
/* To be called after a write to, or migration of, the SMRAM register @reg */
void pam_fix_smram_lock(const PAMFix *fix, PCIDevice *bridge, int reg);
/* To be called at reset */
void pam_fix_smram_reset(const PAMFix *fix, PCIDevice *bridge, int reg);

#endif /* HW_PCI_HOST_PAM_FIX_H */
