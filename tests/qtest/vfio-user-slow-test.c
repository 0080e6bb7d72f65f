/*
 * A vfio-user server that is slower than the guest, or hangs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server decides what it receives and when.  The test counts what has
 * arrived in the end, and how often QEMU gave up.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    (64 * 1024)

typedef struct Way {
    const char *name;
    bool queued;            /* x-send-queued */
} Way;

static const Way ways[] = {
    { "inline", false },
    { "queued", true },
};

static Machine machine;
static QPCIBus *pci;
static QPCIDevice *dev;
static QPCIBar bar;

static void start(const Way *way, unsigned msg_timeout)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, qdict_from_jsonf_nofail(
                     "{'x-msg-timeout': %u, 'x-send-queued': %i}", msg_timeout,
                     way->queued));
    dev = machine_open(&machine, &pci, &bar);
}

static void stop(void)
{
    g_free(dev);
    qpci_free_pc(pci);
    machine_stop(&machine);
}

static void burst(unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        qpci_io_writel(dev, bar, 4 * (i % 1024), i);
    }
}

/* Check that all have arrived in order, and posted unless QEMU had to wait */
static void check_burst(unsigned n)
{
    AdapterAccess access;
    unsigned i;

    for (i = 0; i < n; i++) {
        g_assert_true(adapter_next(machine.adapter, &access));
        g_assert_true(access.write);
        g_assert_cmpint(access.offset, ==, 4 * (i % 1024));
        g_assert_cmpint(ldl_le_p(access.data), ==, i);
    }
}

/*
 * QEMU used to give up: a read waits for everything posted before it, here for
 * twice its timeout, although the server always works.
 */
static void test_steady(const void *opaque)
{
    AdapterAccess access;

    start(opaque, 2000);
    adapter_set_pace(machine.adapter, 100, 4000);
    burst(2000);
    g_assert_cmphex(qpci_io_readl(dev, bar, 4 * (1999 % 1024)), ==, 1999);
    check_burst(2000);
    g_assert_true(adapter_next(machine.adapter, &access));
    g_assert_false(access.write);
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

/* More than QEMU queues: the guest becomes as slow as the server */
static void test_more_than_queued(const void *opaque)
{
    enum { WRITES = 3 * 8192 };

    start(opaque, 2000);
    adapter_set_pace(machine.adapter, 100, 4000);
    burst(WRITES);
    g_assert_cmphex(qpci_io_readl(dev, bar, 0), ==, WRITES - 1024);
    check_burst(WRITES);
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

/* The server receives nothing: QEMU gives up on one that hangs, as before */
static void test_hangs(const void *opaque)
{
    unsigned i;

    start(opaque, 2000);
    adapter_pause(machine.adapter, true);
    burst(2 * 8192);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qpci_io_readl(dev, bar, 0), ==, 0xffffffff);
    }
    g_assert_cmpint(machine_said(&machine, "no reply within 2000 ms"), ==, 1);
    g_assert_cmpint(machine_said(&machine, "given up"), ==, 1);
    machine_unplug(&machine);
    adapter_pause(machine.adapter, false);
    adapter_wait_closed(machine.adapter, 1);
    stop();
}

/* The server only makes requests of its own, and never replies */
static void test_asks_for_ever(void)
{
    start(&ways[0], 1000);
    adapter_fault(machine.adapter, ADAPTER_FAULT_BABBLE, VFIO_USER_REGION_READ,
                  0);
    g_assert_cmphex(qpci_io_readl(dev, bar, 0), ==, 0xffffffff);
    adapter_wait_closed(machine.adapter, 1);
    g_assert_cmpint(machine_said(&machine, "no reply within 1000 ms"), ==, 1);
    stop();
}

/*
 * A server used to get VFIO_USER_REGION_WRITE_MULTI from QEMU with
 * x-send-queued=on, although it does not support it
 */
static void test_no_multi(void)
{
    start(&ways[1], 5000);
    adapter_pause(machine.adapter, true);
    burst(4000);
    adapter_pause(machine.adapter, false);
    g_assert_cmphex(qpci_io_readl(dev, bar, 4 * (3999 % 1024)), ==, 3999);
    g_assert_cmpint(adapter_requests(machine.adapter,
                                     VFIO_USER_REGION_WRITE_MULTI), ==, 0);
    check_burst(4000);
    stop();
}

static void add(const char *name, void (*test)(const void *opaque))
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(ways); i++) {
        g_autofree char *path = g_strdup_printf("/vfio-user/slow/%s/%s", name,
                                                ways[i].name);

        qtest_add_data_func(path, &ways[i], test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("steady", test_steady);
    add("more-than-queued", test_more_than_queued);
    add("hangs", test_hangs);
    qtest_add_func("/vfio-user/slow/asks-for-ever", test_asks_for_ever);
    qtest_add_func("/vfio-user/slow/queued/no-multi", test_no_multi);
    return g_test_run();
}
