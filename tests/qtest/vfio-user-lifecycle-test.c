/*
 * The life of a vfio-user-pci device: it is plugged, refused, unplugged,
 * reset, and left by its server, each more than once
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server is vfio-user-adapter.c, the machine is vfio-user-machine.c.  If a
 * test is named after a defect that QEMU had, its comment says so.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "vfio-user-lifecycle-bench.h"

/* Defects that QEMU had */

static void check_plug(Machine *machine, Adapter *adapter)
{
    QPCIDevice *dev;

    plug(machine);
    dev = find();
    check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
    g_free(dev);
}

/* This used to free the device twice: SIGSEGV */
static void test_realize_fails_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_set_intx(adapter);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < 2; i++) {
        g_autofree char *desc = try_plug(&machine, 0xffff, 5000);

        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, "invalid PCI vendor ID"));
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }

    check_plug(&machine, adapter);
    stop(&machine);
}

/*
 * This used to remove the MSI-X pending bits from a BAR that had changed
 * since: "Assertion `subregion->container == mr' failed"
 */
static void test_unplug_msix_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < 2; i++) {
        QPCIDevice *dev;

        plug(&machine);
        dev = find();
        qpci_iomap(dev, 0, NULL);
        qpci_msix_enable(dev);
        qpci_msix_disable(dev);
        g_free(dev);
        machine_unplug(&machine);
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }
    stop(&machine);
}

/*
 * Start a machine, and plug an adapter whose server misbehaves at @command,
 * which fails and closes the connection.  Returns the error, which the caller
 * frees.
 */
static char *start_and_fail(Machine *machine, Adapter *adapter,
                            AdapterFault fault, unsigned command)
{
    char *desc;

    adapter_start(adapter);
    start(machine, adapter);
    adapter_fault(adapter, fault, command, ANY);
    desc = try_plug(machine, ADAPTER_VENDOR, 5000);
    g_assert_nonnull(desc);
    adapter_wait_closed(adapter, 1);
    return desc;
}

/*
 * This used to leave a container behind whose server was gone, and which QEMU
 * told of the next change of the guest's memory map: use after free
 */
static void test_memory_map_after_no_info(void)
{
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;

    desc = start_and_fail(&machine, adapter, ADAPTER_FAULT_ERROR,
                          VFIO_USER_DEVICE_GET_INFO);

    /* The guest opens PAM segments, so RAM regions come and go */
    qpci_config_writeb(&(QPCIDevice) { .bus = pci }, 0x59, 0x33);
    qpci_config_writeb(&(QPCIDevice) { .bus = pci }, 0x59, 0x00);
    machine_check_alive(&machine);

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    machine_unplug(&machine);
    stop(&machine);
}

/* A server misbehaves while the device is realized */

static void test_realize_fault(AdapterFault fault, unsigned msec)
{
    static const struct {
        unsigned command, region;
        const char *why;
    } when[] = {
        { VFIO_USER_VERSION, ANY, "version reply: Input/output error" },
        { VFIO_USER_DEVICE_GET_INFO, ANY, "failed: Input/output error" },
        { VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_BAR0_REGION_INDEX,
          "failed to get region 0 info: Input/output error" },
        { VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_CONFIG_REGION_INDEX,
          "failed to get config info: Input/output error" },
        { VFIO_USER_REGION_READ, VFIO_PCI_CONFIG_REGION_INDEX,
          "failed to read device config space: Input/output error" },
        { VFIO_USER_DEVICE_SET_IRQS, ANY, "interrupt INTX-0" },
    };
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_set_intx(adapter);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < ARRAY_SIZE(when); i++) {
        g_autofree char *desc = NULL;

        adapter_fault(adapter, fault, when[i].command, when[i].region);
        desc = try_plug(&machine, ADAPTER_VENDOR, msec);
        g_test_message("command %u region %u: %s", when[i].command,
                       when[i].region, desc);
        g_assert_nonnull(desc);
        if (fault == ADAPTER_FAULT_ERROR) {
            g_assert_nonnull(strstr(desc, when[i].why));
        }
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    check_plug(&machine, adapter);
    machine_unplug(&machine);
    stop(&machine);
}

static void test_realize_error(void)
{
    test_realize_fault(ADAPTER_FAULT_ERROR, 5000);
}

/* A reply to the first request without a body is not a version */
static void test_version_header_only(void)
{
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;

    desc = start_and_fail(&machine, adapter, ADAPTER_FAULT_HEADER,
                          VFIO_USER_VERSION);
    g_assert_nonnull(strstr(desc, "version reply"));
    stop(&machine);
}

static void test_realize_closed(void)
{
    test_realize_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
}

static void test_realize_silent(void)
{
    test_realize_fault(ADAPTER_FAULT_SILENT, 100);
}

/* A server misbehaves while the guest runs */

static void test_running_fault(AdapterFault fault, unsigned msec)
{
    bool gone = fault == ADAPTER_FAULT_CLOSE || fault == ADAPTER_FAULT_SILENT;
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;
    QPCIDevice *dev;
    QPCIBar bar;
    unsigned i;

    adapter_start(adapter);
    start(&machine, adapter);
    desc = try_plug(&machine, ADAPTER_VENDOR, msec);
    g_assert_cmpstr(desc, ==, NULL);
    dev = find();
    bar = qpci_iomap(dev, 0, NULL);
    check_bar(dev, bar, adapter);

    adapter_fault(adapter, fault, VFIO_USER_REGION_READ, 0);
    for (i = 0; i < 8; i++) {
        g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0xffffffff);
        g_assert_cmphex(qpci_io_readw(dev, bar, 8), ==, 0xffff);
        g_assert_cmphex(qpci_io_readb(dev, bar, 9), ==, 0xff);
        qpci_io_writel(dev, bar, 8, i);
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, "_region_"), ==, 1);

    if (!gone) {
        adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
        check_bar(dev, bar, adapter);
    }

    /* Afterwards the device can be reset, unplugged and plugged again */
    qtest_system_reset(machine.qts);
    machine_check_alive(&machine);
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    g_free(dev);

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    check_plug(&machine, adapter);
    stop(&machine);
}

static void test_running_error(void)
{
    test_running_fault(ADAPTER_FAULT_ERROR, 5000);
}

static void test_running_short(void)
{
    test_running_fault(ADAPTER_FAULT_SHORT, 5000);
}

static void test_running_closed(void)
{
    test_running_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
}

static void test_running_closed_queued(void)
{
    queued = true;
    test_running_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
    queued = false;
}

static void test_running_silent(void)
{
    test_running_fault(ADAPTER_FAULT_SILENT, 50);
}

/* Descriptors that came with a server's requests used to stay open forever */
static void test_request_with_fds(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    QPCIBar bar;
    unsigned i, before;

    dev = start_plugged(&machine, adapter);
    bar = qpci_iomap(dev, 0, NULL);
    machine_check_alive(&machine);
    before = machine_open_files(&machine);
    for (i = 1; i <= 8; i++) {
        adapter_ask(adapter, i & 1 ? VFIO_USER_DMA_READ : VFIO_USER_DMA_WRITE,
                    8);
        qpci_io_readl(dev, bar, PROBE);
        adapter_wait_replies(adapter, i);
    }
    /*
     * The last ones are closed after the reply, before QEMU looks at its
     * monitor.
     */
    machine_check_alive(&machine);
    g_assert_cmpint(machine_open_files(&machine), ==, before);
    check_bar(dev, bar, adapter);
    g_free(dev);
    stop(&machine);
}

/* Each reset of the machine resets the device once */
static void test_reset_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    for (i = 0; i < 2; i++) {
        unsigned before = adapter_requests(adapter, VFIO_USER_DEVICE_RESET);
        QPCIDevice *dev = find();

        check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
        qtest_system_reset(machine.qts);
        g_assert_cmpint(adapter_requests(adapter, VFIO_USER_DEVICE_RESET), ==,
                        before + 1);
        g_assert_cmphex(qpci_config_readw(dev, PCI_COMMAND), ==, 0);
        g_free(dev);
    }
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    stop(&machine);
}

int main(int argc, char **argv)
{
    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }

    qtest_add_func("vfio-user/realize-fails-twice", test_realize_fails_twice);
    qtest_add_func("vfio-user/unplug-msix-twice", test_unplug_msix_twice);
    qtest_add_func("vfio-user/memory-map-after-no-info",
                   test_memory_map_after_no_info);
    qtest_add_func("vfio-user/realize-error", test_realize_error);
    qtest_add_func("vfio-user/version-header-only", test_version_header_only);
    qtest_add_func("vfio-user/realize-closed", test_realize_closed);
    qtest_add_func("vfio-user/realize-silent", test_realize_silent);
    qtest_add_func("vfio-user/running-error", test_running_error);
    qtest_add_func("vfio-user/running-short", test_running_short);
    qtest_add_func("vfio-user/running-closed", test_running_closed);
    qtest_add_func("vfio-user/running-closed-queued",
                   test_running_closed_queued);
    qtest_add_func("vfio-user/running-silent", test_running_silent);
    qtest_add_func("vfio-user/request-with-fds", test_request_with_fds);
    qtest_add_func("vfio-user/reset-twice", test_reset_twice);
    lifecycle_add_nonsense();
    lifecycle_add_rom();
    return g_test_run();
}
