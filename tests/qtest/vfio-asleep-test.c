/*
 * A device that does not wake up: the message, and how often QEMU prints it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The device is vfio-user-adapter.c, in this process.  The state in its power
 * management capability cannot be changed, or the capability reads all ones.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci.h"
#include "qobject/qdict.h"
#include "vfio-user-machine.h"

/* The device's power state reads @pmcsr, whatever is written there. */
static void check(uint16_t pmcsr, unsigned stays, unsigned silent)
{
    Adapter *adapter = adapter_new();
    Machine machine;

    adapter_set_pm(adapter);
    adapter_set_power(adapter, pmcsr);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, qdict_new());
    qtest_system_reset(machine.qts);
    qtest_system_reset(machine.qts);
    machine_check_alive(&machine);

    g_assert_cmpuint(machine_said(&machine, "stuck in D"), ==, 0);
    g_assert_cmpuint(machine_said(&machine, "the device does not wake up and "
                                  "stays in D3"), ==, stays);
    g_assert_cmpuint(machine_said(&machine, "the device does not answer: its "
                                  "power state reads all ones"), ==, silent);
    g_assert_cmpuint(machine_said(&machine, "vfio vfio-user:"), ==,
                     stays + silent);
    machine_stop(&machine);
}

static void test_awake(void)
{
    check(0, 0, 0);
}

static void test_stays_asleep(void)
{
    check(3, 1, 0);
}

static void test_silent(void)
{
    check(0xffff, 0, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vfio-asleep/awake", test_awake);
    qtest_add_func("/vfio-asleep/stays-asleep", test_stays_asleep);
    qtest_add_func("/vfio-asleep/silent", test_silent);
    return g_test_run();
}
