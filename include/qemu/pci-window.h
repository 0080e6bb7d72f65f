/*
 * Whether a guest's BARs fit into the windows of its firmware
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rules are those of the SeaBIOS of this series, src/fw/pciinit.c and the
 * files pcihigh.c, pciwindow.c and pcigiveup.c beside it;
 * docs/vga-assign/bars.rst describes them for users.  In short: all entries go
 * below 4 GiB, between RAM and the IO-APIC; if they do not fit, 64-bit entries
 * go above RAM, the boot VGA's last; an entry that fits nowhere gets no
 * address.
 *
 * The code needs only GLib and no part of QEMU, since the host tool uses it as
 * well.  All sizes and addresses are in bytes.
 */

#ifndef QEMU_PCI_WINDOW_H
#define QEMU_PCI_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* Where the window below 4 GiB ends: the IO-APIC */
#define PCI_WINDOW_END      0xfec00000ULL
/* The architecture's limit of physical address bits */
#define PCI_WINDOW_MAX_BITS 52

/* How RAM is split */
typedef struct PCIWindowMemory {
    bool q35;               /* the machine, else pc */
    uint64_t below;         /* RAM from address 0 on */
    uint64_t above;         /* RAM at 4 GiB and above */
    uint64_t reserved_end;  /* nothing is placed between 4 GiB and here; or 0 */
} PCIWindowMemory;

/* A memory BAR, or the window of a bridge */
typedef struct PCIWindowEntry {
    uint64_t size;
    uint64_t align;         /* of a BAR: its size; a power of two */
    bool is64;
    bool pref;              /* prefetchable */
    bool vga;               /* of the boot VGA, or of a bridge on its way */
    bool stays_low;         /* below 4 GiB whatever its width, as USB's */
    /* Results */
    bool high;              /* it has a place above 4 GiB... */
    bool none;              /* ...or nowhere */
} PCIWindowEntry;

typedef struct PCIWindowResult {
    uint64_t room;          /* below 4 GiB, at most */
    uint64_t low;           /* sum of the entries below 4 GiB */
    uint64_t high;          /* sum of the entries above */
    uint64_t none;          /* sum of the entries without a place */
    bool vga_high;          /* a BAR of the boot VGA is above */
} PCIWindowResult;

/* The options that make room; 0: not needed, or no value would help */
typedef struct PCIWindowAdvice {
    uint64_t max_ram_below_4g;
    unsigned phys_bits;
} PCIWindowAdvice;

/*
 * How QEMU splits @ram bytes with max-ram-below-4g=@max, or 0 without that
 * option (pc_init1() and pc_q35_init() of hw/i386)
 */
PCIWindowMemory pci_window_memory(bool q35, uint64_t ram, uint64_t max);

/* An empty array of PCIWindowEntry */
GArray *pci_window_entries_new(void);

/* A BAR of @size bytes, for which the firmware uses at least a page */
PCIWindowEntry pci_window_bar(uint64_t size, bool is64, bool pref);

/*
 * The window of a bridge for the prefetchable entries of @entries, or for the
 * others.  @pref64: its prefetchable window has 64 bits.
 * @hotplug: there may be more behind it later.  A size of 0 needs no window.
 */
PCIWindowEntry pci_window_bridge(const GArray *entries, bool pref, bool pref64,
                                 bool hotplug);

/*
 * Place @entries (of PCIWindowEntry) in a machine with @phys_bits bits of
 * address, 0 if that is not known.  The results are also in each of them.
 */
PCIWindowResult pci_window_place(const PCIWindowMemory *memory,
                                 unsigned phys_bits, GArray *entries);

/*
 * The options with which all entries get a place, and the boot VGA's a place
 * below 4 GiB: the largest split of RAM and the fewest address bits.  If one of
 * the two is enough, the other is left alone.  @entries keep the results of the
 * best try.
 */
PCIWindowAdvice pci_window_advise(const PCIWindowMemory *memory,
                                  unsigned phys_bits, GArray *entries);

/*
 * Addresses that the user chooses
 *
 * The same firmware can be asked to put BARs at given addresses
 * (hw/vfio/bar-identity.h).  These functions compute how it places the rest.
 */

/* The range of a BAR, or of the window of a bridge */
typedef struct PCIWindowRange {
    uint64_t first, last;   /* both belong to it */
} PCIWindowRange;

/* A bridge's window with nothing in it */
#define PCI_WINDOW_RANGE_EMPTY ((PCIWindowRange) { UINT64_MAX, 0 })

/* Whether the two have an address in common */
bool pci_window_meet(const PCIWindowRange *a, const PCIWindowRange *b);

/*
 * Widen @window of a bridge to cover @range.  Windows begin and end at
 * multiples of 1 MiB (PCI-to-PCI Bridge Architecture Specification 1.2,
 * 3.2.5.8).
 */
void pci_window_cover(PCIWindowRange *window, const PCIWindowRange *range);

/*
 * Whether q35's memory-mapped configuration space has a place between
 * @low_ram, the end of RAM below 4 GiB, and PCI_WINDOW_END.  It has 256 MiB,
 * aligned to its size, and meets none of @taken (of PCIWindowRange).
 */
bool pci_window_has_ecam(uint64_t low_ram, const GArray *taken);

/*
 * The largest max-ram-below-4g with which addresses from @start on are free,
 * and q35's configuration space has a place below them; 0 if there is none.
 */
uint64_t pci_window_split_below(bool q35, uint64_t start);

#endif /* QEMU_PCI_WINDOW_H */
