/*
 * Whether a guest's BARs fit into the windows of its firmware
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.  QEMU's headers are left out, because the
 * host tool builds this file as well.
 */

#include "qemu/pci-window.h"

#define KIB         1024ULL
#define MIB         (1024 * KIB)
#define GIB         (1024 * MIB)
#define FOUR_GIB    (4 * GIB)

#define STEP        (256 * MIB)     /* the window below 4 GiB grows by */
#define ECAM        (256 * MIB)     /* q35's, directly below that window */
#define PAGE        (4 * KIB)       /* no BAR gets less */
#define BRIDGE_MIN  (2 * MIB)       /* nor does a bridge's window */
#define BRIDGE_UNIT MIB             /* what the ends of a window count */
#define HIGH_BITS   44              /* SeaBIOS uses with less than 1 TiB RAM */

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static uint64_t align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}

PCIWindowMemory pci_window_memory(bool q35, uint64_t ram, uint64_t max)
{
    uint64_t low;

    if (q35) {
        low = ram >= 0xb0000000 ? 0x80000000 : 0xb0000000;
        low = max ? MIN(low, max) : low;
    } else {
        low = max ? max : 0xe0000000;
        low = ram >= low ? MIN(low, 0xc0000000) : low;
    }
    return (PCIWindowMemory) {
        .q35 = q35, .below = MIN(ram, low), .above = ram - MIN(ram, low),
    };
}

GArray *pci_window_entries_new(void)
{
    return g_array_new(false, false, sizeof(PCIWindowEntry));
}

PCIWindowEntry pci_window_bar(uint64_t size, bool is64, bool pref)
{
    size = size ? MAX(size, PAGE) : 0;
    return (PCIWindowEntry) {
        .size = size, .align = size, .is64 = is64, .pref = pref,
    };
}

static PCIWindowEntry *entry_at(const GArray *entries, guint i)
{
    return &g_array_index(entries, PCIWindowEntry, i);
}

PCIWindowEntry pci_window_bridge(const GArray *entries, bool pref, bool pref64,
                                 bool hotplug)
{
    PCIWindowEntry window = {
        .align = BRIDGE_MIN, .is64 = pref && pref64, .pref = pref,
    };
    guint i;

    for (i = 0; i < entries->len; i++) {
        const PCIWindowEntry *e = entry_at(entries, i);

        if (e->pref == pref && e->size) {
            window.size += e->size;
            window.align = MAX(window.align, e->align);
            window.is64 &= e->is64;
            window.vga |= e->vga;
        }
    }
    if (hotplug) {
        window.size = MAX(window.size, window.align);
    }
    window.size = align_up(window.size, window.align);
    return window;
}

/*
 * The window below 4 GiB
 */

/* The lowest address to which it can grow down */
static uint64_t low_floor(const PCIWindowMemory *m)
{
    uint64_t room = STEP + (m->q35 ? ECAM : 0);
    uint64_t start;

    if (m->q35) {
        start = 0xc0000000;
    } else if (m->below <= 0x80000000) {
        start = 0x80000000;
    } else {
        start = MAX(m->below, 0xc0000000);
    }
    while (start >= m->below + room) {
        start -= STEP;
    }
    return MIN(start, PCI_WINDOW_END);
}

static bool is_low(const PCIWindowEntry *e)
{
    return e->size && !e->high && !e->none;
}

/* The sizes of one kind, above or below 4 GiB, and the largest alignment */
static uint64_t sum_of(const GArray *entries, bool high, bool pref,
                       uint64_t *align)
{
    uint64_t sum = 0;
    guint i;

    *align = 1;
    for (i = 0; i < entries->len; i++) {
        const PCIWindowEntry *e = entry_at(entries, i);

        if (e->size && !e->none && e->high == high && e->pref == pref) {
            sum += e->size;
            *align = MAX(*align, e->align);
        }
    }
    return sum;
}

/* SeaBIOS puts both kinds end to end, the kind of larger alignment below. */
static bool low_fits(const GArray *entries, uint64_t floor)
{
    uint64_t align[2], sum[2], base;
    int upper;

    sum[0] = sum_of(entries, false, false, &align[0]);
    sum[1] = sum_of(entries, false, true, &align[1]);
    upper = align[0] >= align[1];
    if (sum[upper] > PCI_WINDOW_END) {
        return false;
    }
    base = align_down(PCI_WINDOW_END - sum[upper], align[upper]);
    if (sum[!upper] > base) {
        return false;
    }
    return align_down(base - sum[!upper], align[!upper]) >= floor;
}

static bool may_go_high(const PCIWindowEntry *e)
{
    return is_low(e) && e->is64 && !e->stays_low;
}

static bool must_go_high(const PCIWindowEntry *e, uint64_t floor)
{
    return e->size > PCI_WINDOW_END ||
           align_down(PCI_WINDOW_END - e->size, e->align) < floor;
}

/* The lower rank leaves first, then the larger one, then the later one. */
static bool leaves_before(const PCIWindowEntry *e, const PCIWindowEntry *than,
                          bool by_kind)
{
    int rank = 2 * e->vga + (by_kind && !e->pref);
    int other = than ? 2 * than->vga + (by_kind && !than->pref) : G_MAXINT;

    return rank != other ? rank < other : e->size >= than->size;
}

/* The entry that leaves next; NULL: none may */
static PCIWindowEntry *pick(GArray *entries, bool high, bool only_64bit)
{
    PCIWindowEntry *best = NULL;
    guint i;

    for (i = 0; i < entries->len; i++) {
        PCIWindowEntry *e = entry_at(entries, i);
        bool may = only_64bit ? may_go_high(e) :
                   e->size && !e->none && e->high == high;

        if (may && leaves_before(e, best, only_64bit)) {
            best = e;
        }
    }
    return best;
}

static void place_low(const PCIWindowMemory *m, GArray *entries)
{
    uint64_t floor = low_floor(m);
    guint i;

    for (i = 0; i < entries->len; i++) {
        PCIWindowEntry *e = entry_at(entries, i);

        e->none = false;
        e->high = false;
        e->high = may_go_high(e) && must_go_high(e, floor);
    }
    while (!low_fits(entries, floor)) {
        PCIWindowEntry *e = pick(entries, false, true);

        if (e) {
            e->high = true;
        } else {
            pick(entries, false, false)->none = true;
        }
    }
}

/*
 * The window above RAM
 */

/* The end of the window above 4 GiB, which begins right behind RAM */
static uint64_t high_end(const PCIWindowMemory *m, const GArray *entries)
{
    uint64_t align[2], sum[2], at;
    int i;

    at = MAX(FOUR_GIB + m->above, m->reserved_end);
    for (i = 0; i < 2; i++) {
        sum[i] = sum_of(entries, true, i, &align[i]);
        at = align_up(at, MAX(align[i], GIB)) + sum[i];
    }
    return align_up(at, GIB);
}

static uint64_t high_top(const PCIWindowMemory *m, unsigned phys_bits)
{
    if (!phys_bits || phys_bits > PCI_WINDOW_MAX_BITS) {
        phys_bits = PCI_WINDOW_MAX_BITS;
    }
    if (m->above < 1ULL << 40) {
        phys_bits = MIN(phys_bits, HIGH_BITS);
    }
    return 1ULL << phys_bits;
}

static bool any_high(const GArray *entries)
{
    uint64_t align;

    return sum_of(entries, true, false, &align) ||
           sum_of(entries, true, true, &align);
}

static void place_high(const PCIWindowMemory *m, unsigned phys_bits,
                       GArray *entries)
{
    while (any_high(entries) &&
           high_end(m, entries) > high_top(m, phys_bits)) {
        pick(entries, true, false)->none = true;
    }
}

PCIWindowResult pci_window_place(const PCIWindowMemory *memory,
                                 unsigned phys_bits, GArray *entries)
{
    PCIWindowResult result = {
        .room = PCI_WINDOW_END - low_floor(memory),
    };
    guint i;

    place_low(memory, entries);
    place_high(memory, phys_bits, entries);
    for (i = 0; i < entries->len; i++) {
        const PCIWindowEntry *e = entry_at(entries, i);

        if (e->none) {
            result.none += e->size;
        } else if (e->high) {
            result.high += e->size;
            result.vga_high |= e->vga;
        } else {
            result.low += e->size;
        }
    }
    return result;
}

/*
 * Advice
 */

/* Better is less without a place, and then less of the boot VGA's above */
static bool is_better(const PCIWindowResult *than, const PCIWindowResult *now)
{
    return now->none != than->none ? now->none < than->none :
           now->vga_high < than->vga_high;
}

static bool is_good(const PCIWindowResult *r)
{
    return !r->none && !r->vga_high;
}

/* The largest split that gives the best result; 0 if none is better */
static uint64_t advise_split(const PCIWindowMemory *memory, unsigned phys_bits,
                             GArray *entries, PCIWindowResult *best)
{
    static const uint64_t splits[] = {
        3 * GIB, 2 * GIB, GIB, 512 * MIB, 256 * MIB,
    };
    uint64_t advice = 0;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(splits) && !is_good(best); i++) {
        PCIWindowMemory m = *memory;
        PCIWindowResult r;

        if (splits[i] >= memory->below) {
            continue;
        }
        m.above += m.below - splits[i];
        m.below = splits[i];
        if (m.reserved_end) {
            m.reserved_end += memory->below - splits[i];
        }
        r = pci_window_place(&m, phys_bits, entries);
        if (is_better(best, &r)) {
            *best = r;
            advice = splits[i];
        }
    }
    return advice;
}

PCIWindowAdvice pci_window_advise(const PCIWindowMemory *memory,
                                  unsigned phys_bits, GArray *entries)
{
    PCIWindowResult now = pci_window_place(memory, phys_bits, entries);
    PCIWindowResult best = now;
    PCIWindowAdvice advice = { 0 };
    unsigned bits;

    if (is_good(&now)) {
        return advice;
    }
    for (bits = phys_bits + 1;
         phys_bits && best.none && bits <= PCI_WINDOW_MAX_BITS; bits++) {
        PCIWindowResult r = pci_window_place(memory, bits, entries);

        if (is_better(&best, &r)) {
            best = r;
            advice.phys_bits = bits;
        }
    }
    bits = advice.phys_bits ? advice.phys_bits : phys_bits;
    advice.max_ram_below_4g = advise_split(memory, bits, entries, &best);
    return advice;
}

/*
 * Addresses that the user chooses
 */

bool pci_window_meet(const PCIWindowRange *a, const PCIWindowRange *b)
{
    return a->first <= b->last && b->first <= a->last;
}

void pci_window_cover(PCIWindowRange *window, const PCIWindowRange *range)
{
    window->first = MIN(window->first, align_down(range->first, BRIDGE_UNIT));
    window->last = MAX(window->last, range->last | (BRIDGE_UNIT - 1));
}

static bool meets_any(const PCIWindowRange *range, const GArray *taken)
{
    guint i;

    for (i = 0; i < taken->len; i++) {
        if (pci_window_meet(range, &g_array_index(taken, PCIWindowRange, i))) {
            return true;
        }
    }
    return false;
}

bool pci_window_has_ecam(uint64_t low_ram, const GArray *taken)
{
    uint64_t end = align_down(PCI_WINDOW_END, ECAM);

    for (; end >= low_ram + ECAM; end -= ECAM) {
        PCIWindowRange ecam = { end - ECAM, end - 1 };

        if (!meets_any(&ecam, taken)) {
            return true;
        }
    }
    return false;
}

uint64_t pci_window_split_below(bool q35, uint64_t start)
{
    uint64_t room = q35 ? ECAM : 0;
    uint64_t split = align_down(start, STEP);

    return split > room ? split - room : 0;
}
