/*
 * A machine for tests of the engine: time, resets, start and end
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-engine-adapter.h"
#include "vga-engine-machine.h"
#include "vga-engine-qemu.h"
#include "qapi/error.h"
#include "qemu/timer.h"

#define NOTES 64

Machine machine;

/* The last events, and differences */

static char notes[NOTES][80];
static unsigned long noted;

void machine_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(notes[noted++ % NOTES], sizeof(notes[0]), format, args);
    va_end(args);
}

unsigned long machine_noted(void)
{
    return noted;
}

void machine_differ(const char *format, ...)
{
    g_autofree char *text = NULL;
    unsigned long i;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    for (i = noted > NOTES ? noted - NOTES : 0; i < noted; i++) {
        g_test_message("%lu: %s", i, notes[i % NOTES]);
    }
    g_test_message("after %lu accesses: %s", noted, text);
    g_assert_cmpstr(text, ==, "no difference");
}

uint32_t machine_random(uint32_t below)
{
    machine.random ^= machine.random << 13;
    machine.random ^= machine.random >> 7;
    machine.random ^= machine.random << 17;
    return (machine.random * 0x2545f4914f6cdd1d >> 33) % below;
}

/* What the guest can reach, time, pauses and resets */

bool machine_copy_mapped(void)
{
    return view.mapped;
}

bool machine_bars_mapped(void)
{
    return view.bar[CARD_MEMORY_BAR];
}

void machine_pass(int64_t ns)
{
    int64_t end = clock_ns + ns;

    while (clock_ns < end) {
        clock_ns += MIN(end - clock_ns, MS);
        if (vm_running) {
            qemu_clock_run_timers(QEMU_CLOCK_VIRTUAL);
        }
    }
}

void machine_compare(const char *when)
{
    g_autofree char *text = card_compare(&machine.direct, &machine.card);

    if (text) {
        machine_differ("%s: %s", when, text);
    }
}

void machine_check(void)
{
    bool other = machine.options.other;

    machine.options.other = false;
    machine_pass(25 * MS);
    machine_compare("after 25 ms");
    machine.options.other = other;
}

/* All processors stand still until the machine goes on. */
void machine_pause(bool pause)
{
    machine_note(pause ? "stop" : "go on");
    vm_change(!pause);
    if (pause) {
        machine_compare("stopped");
    }
}

/* vfio_pci_pre_reset() and vfio_pci_post_reset() do the same. */
void machine_reset(void)
{
    bool other = machine.options.other;

    /* The adapter decodes nothing from here on, which empties the ring. */
    machine.options.other = false;
    guest_write_config(PCI_COMMAND, 0, 2);
    qemu_flush_coalesced_mmio_buffer();
    guest_write_config(CARD_PM + PCI_PM_CTRL, 0, 2);
    machine_note("reset");
    card_write_config(&machine.card, CARD_AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
    card_write_config(&machine.direct, CARD_AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
    machine.engine->reset(machine.vdev, machine.engine);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    machine.options.other = other;
}

VFIOVGAStats machine_stats(void)
{
    g_autoptr(VFIOVGAStats) stats = vfio_vga_legacy_stats(machine.vdev);

    return *stats;
}

/*
 * Start and end
 */

void machine_start(MachineOptions options)
{
    memset(&machine, 0, sizeof(machine));
    noted = 0;
    machine.options = options;
    machine.random = 0x9e3779b97f4a7c15;
    qemu_start();
    adapter_create();
    vfio_populate_vga(machine.vdev, &error_abort);
    vfio_vga_legacy_start(machine.vdev);
    machine.engine =
        QLIST_FIRST(&machine.vdev->vga->region[QEMU_PCI_VGA_MEM].quirks);
    view_update();
    machine.slots = 0;
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
}

void machine_stop(void)
{
    g_assert_cmpint(machine.blocked, ==, 0);
    machine.options.other = false;
    machine.going = true;
    vfio_vga_legacy_stop(machine.vdev);
    machine_compare("after exit");
    g_free(machine.engine->data);
    g_free(machine.engine->mem);
    g_free(machine.engine);
    adapter_free();
}
