/*
 * Where a guest's firmware puts an adapter's BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "emit.h"
#include "window.h"

#define CLASS_VGA 0x0300

/* Sizes come from a file; only a power of two can be a BAR's. */
static bool is_memory_bar(const MachineBar *bar)
{
    return bar->size && !(bar->size & (bar->size - 1)) &&
           (bar->flags & BAR_MEM);
}

static void add_bars(GArray *entries, const MachineDevice *device)
{
    for (int i = 0; i < MACHINE_BARS; i++) {
        const MachineBar *bar = &device->bars[i];

        if (is_memory_bar(bar)) {
            PCIWindowEntry entry = pci_window_bar(bar->size,
                                                  bar->flags & BAR_64,
                                                  bar->flags & BAR_PREFETCH);

            entry.vga = device->class_code >> 8 == CLASS_VGA;
            g_array_append_val(entries, entry);
        }
    }
}

Window window_of(const Machine *machine, MachineDevice *device, bool q35,
                 guint64 memory)
{
    g_autoptr(GArray) entries = pci_window_entries_new();
    g_autoptr(GPtrArray) functions = emit_functions(machine, device);
    PCIWindowMemory split = pci_window_memory(q35, memory, 0);
    Window w;

    for (guint i = 0; i < functions->len; i++) {
        add_bars(entries, g_ptr_array_index(functions, i));
    }
    w.fit = pci_window_place(&split, machine->phys_bits, entries);
    w.advice = pci_window_advise(&split, machine->phys_bits, entries);
    return w;
}
