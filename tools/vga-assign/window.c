/*
 * Where a guest's firmware puts an adapter's BARs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "window.h"

/* QEMU: memory up to here is below 4 GiB, what is more begins at 4 GiB. */
#define PC_WIDE_MEMORY 0x80000000ULL

/* SeaBIOS clips the window's end to this with less than 1 TiB of memory. */
#define HIGH_BITS_MAX 44

/* Sizes come from a file: more than any processor addresses is no size. */
#define BAR_MAX (1ULL << 52)

static void window_add(Window *w, const MachineBar *bar, guint64 *wide)
{
    if (!bar->size || bar->size > BAR_MAX || !(bar->flags & BAR_MEM)) {
        return;
    }
    if (bar->flags & BAR_64) {
        *wide += bar->size;
    } else {
        w->low += bar->size;
    }
}

static bool window_has_high_memory(bool q35, guint64 memory)
{
    /* Both machines split memory earlier once it passes their limit. */
    return memory > (q35 ? 0xb0000000ULL : 0xe0000000ULL);
}

static guint64 window_room(bool q35, guint64 memory)
{
    return !q35 && memory <= PC_WIDE_MEMORY ? WINDOW_PC_MAX : WINDOW_Q35;
}

Window window_of(const Machine *machine, const MachineDevice *device, bool q35,
                 guint64 memory)
{
    unsigned bits = machine->phys_bits ? MIN(machine->phys_bits, HIGH_BITS_MAX) :
                    HIGH_BITS_MAX;
    Window w = { .room = window_room(q35, memory) };
    guint64 wide = 0;

    for (guint i = 0; i < machine->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(machine->devices, i);

        for (int j = 0; j < MACHINE_BARS; j++) {
            if (d->domain == device->domain && d->bus == device->bus &&
                d->slot == device->slot) {
                window_add(&w, &d->bars[j], &wide);
            }
        }
    }
    if (window_has_high_memory(q35, memory) || w.low + wide > w.room) {
        w.high = wide;
        w.phys_bits_short = wide > (1ULL << bits) / 2;
    } else {
        w.low += wide;
    }
    return w;
}
