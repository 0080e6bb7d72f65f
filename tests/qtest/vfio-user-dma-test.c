/*
 * DMA of a vfio-user server by messages, and other messages of a server
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's RAM is not shared, so VFIO_USER_DMA_READ and VFIO_USER_DMA_WRITE
 * are the only way to it.  The test defines their layout itself, by
 * docs/interop/vfio-user.rst, instead of using QEMU's header.
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "vfio-user-dma-bench.h"

/*
 * DMA.  The count used to have 32 bits, so the data were four bytes off, and
 * the reply to a write was only a header.
 */

static void test_counts(void)
{
    static const size_t counts[] = {
        0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 4095, 4096, 4097, 65536 + 3,
        MAX_COUNT - 1, MAX_COUNT,
    };
    unsigned i, offset;

    start(5000);
    for (i = 0; i < ARRAY_SIZE(counts); i++) {
        for (offset = 1; offset <= 8; offset += 7) {
            check_read(BUFFER + offset, counts[i]);
            check_write(BUFFER + offset, counts[i]);
        }
    }
    /* the last bytes of RAM */
    check_read(RAM_SIZE - 4096, 4096);
    send_request(VFIO_USER_DMA_WRITE, RAM_SIZE - 1, 1, "x", 1);
    expect_reply(VFIO_USER_DMA_WRITE, RAM_SIZE - 1, 1, NULL, 0);
    g_assert_cmphex(qtest_readb(machine.qts, RAM_SIZE - 1), ==, 'x');
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

static void test_refused(void)
{
    static const struct {
        unsigned command;
        uint64_t address, count;
        unsigned data_size, error;
    } cases[] = {
        { VFIO_USER_DMA_READ, BUFFER, MAX_COUNT + 1, 0, E2BIG },
        { VFIO_USER_DMA_READ, BUFFER, 60 * MiB, 0, E2BIG },
        { VFIO_USER_DMA_READ, BUFFER, 4 * GiB, 0, E2BIG },
        { VFIO_USER_DMA_READ, BUFFER, 4 * GiB + 4, 0, E2BIG },
        { VFIO_USER_DMA_READ, BUFFER, UINT64_MAX, 0, E2BIG },
        { VFIO_USER_DMA_READ, NOTHING, 4, 0, ENODEV },
        { VFIO_USER_DMA_READ, UINT64_MAX - 3, 4, 0, ENODEV },
        { VFIO_USER_DMA_READ, UINT64_MAX, 64, 0, ENODEV },
        { VFIO_USER_DMA_READ, RAM_SIZE - 4, 8, 0, ENODEV },
        { VFIO_USER_DMA_WRITE, BUFFER, 65, 64, E2BIG },
        { VFIO_USER_DMA_WRITE, BUFFER, 4 * GiB + 4, 64, E2BIG },
        { VFIO_USER_DMA_WRITE, BUFFER, UINT64_MAX, 64, E2BIG },
        { VFIO_USER_DMA_WRITE, NOTHING, 4, 4, ENODEV },
        { VFIO_USER_DMA_WRITE, UINT64_MAX - 3, 4, 4, ENODEV },
        { VFIO_USER_DMA_WRITE, RAM_SIZE - 4, 8, 8, ENODEV },
    };
    uint8_t zero[64] = { 0 };
    unsigned i;

    start(5000);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        send_request(cases[i].command, cases[i].address, cases[i].count, zero,
                     cases[i].data_size);
        expect_error(cases[i].command, cases[i].error);
        check_works();
    }
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

/* A message ends before its count */
static void test_short(void)
{
    static const unsigned commands[] = {
        VFIO_USER_DMA_READ, VFIO_USER_DMA_WRITE,
    };
    unsigned i, size;

    start(5000);
    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        for (size = BODY; size < DATA; size++) {
            size_t whole;
            g_autofree uint8_t *msg = request(commands[i], BUFFER, 0, NULL, 0,
                                              &whole);

            stl_le_p(msg + 4, size);
            g_assert_true(adapter_send_raw(machine.adapter, msg, size));
            expect_error(commands[i], EINVAL);
        }
    }
    check_works();
    stop();
}

static void test_no_bus_master(void)
{
    uint16_t command;

    start(5000);
    command = qpci_config_readw(dev, PCI_COMMAND);
    qpci_config_writew(dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    send_request(VFIO_USER_DMA_READ, BUFFER, 4, NULL, 0);
    expect_error(VFIO_USER_DMA_READ, ENODEV);
    send_request(VFIO_USER_DMA_WRITE, BUFFER, 4, "abcd", 4);
    expect_error(VFIO_USER_DMA_WRITE, ENODEV);
    qpci_config_writew(dev, PCI_COMMAND, command);
    check_works();
    stop();
}

/* If there was an error, a reply used to be sent */
static void test_no_reply(void)
{
    static const uint64_t addresses[] = { BUFFER, NOTHING };
    static const unsigned commands[] = {
        VFIO_USER_DMA_READ, VFIO_USER_DMA_WRITE,
    };
    unsigned i, j;

    start(5000);
    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        for (j = 0; j < ARRAY_SIZE(addresses); j++) {
            size_t size;
            g_autofree uint8_t *msg = request(commands[i], addresses[j], 4,
                                              "abcd", 4, &size);

            stl_le_p(msg + 8, VFIO_USER_REQUEST | VFIO_USER_NO_REPLY);
            g_assert_true(adapter_send_raw(machine.adapter, msg, size));
        }
    }
    /* no other message comes before the reply to this request */
    send_request(VFIO_USER_DMA_READ, BUFFER, 4, NULL, 0);
    expect_reply(VFIO_USER_DMA_READ, BUFFER, 4, "abcd", 4);
    stop();
}

/* DMA to a BAR makes QEMU access the same server */
static void test_to_bar(void)
{
    uint32_t value = cpu_to_le32(0x89abcdef);
    AdapterAccess access;

    start(5000);
    send_request(VFIO_USER_DMA_WRITE, bar.addr + 16, 4, &value, 4);
    expect_reply(VFIO_USER_DMA_WRITE, bar.addr + 16, 4, NULL, 0);
    send_request(VFIO_USER_DMA_READ, bar.addr + 16, 4, NULL, 0);
    expect_reply(VFIO_USER_DMA_READ, bar.addr + 16, 4, &value, 4);
    /* and across the BAR's end */
    send_request(VFIO_USER_DMA_READ, bar.addr + BAR_SIZE - 4, 8, NULL, 0);
    expect_error(VFIO_USER_DMA_READ, ENODEV);
    send_request(VFIO_USER_DMA_WRITE, bar.addr + BAR_SIZE - 4, 8, "12345678",
                 8);
    expect_error(VFIO_USER_DMA_WRITE, ENODEV);
    g_assert_true(adapter_next(machine.adapter, &access));
    g_assert_true(access.write);
    g_assert_cmpint(access.offset, ==, 16);
    g_assert_cmphex((uint32_t)ldl_le_p(access.data), ==, 0x89abcdef);
    stop();
}

/*
 * The server replies only after its own DMA, so QEMU and server wait for each
 * other.  QEMU used to give up.
 */
static void test_while_waiting(void)
{
    g_autofree uint8_t *data = pattern(MAX_COUNT, 3);
    g_autofree void *read_msg = NULL;
    g_autofree void *write_msg = NULL;
    size_t size;

    start(5000);
    qtest_bufwrite(machine.qts, BUFFER, data, MAX_COUNT);
    qpci_io_writel(dev, bar, 8, 0x12345678);

    read_msg = request(VFIO_USER_DMA_READ, BUFFER, MAX_COUNT, NULL, 0, &size);
    adapter_ask_first(machine.adapter, read_msg, size);
    g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0x12345678);
    expect_reply(VFIO_USER_DMA_READ, BUFFER, MAX_COUNT, data, MAX_COUNT);

    write_msg = request(VFIO_USER_DMA_WRITE, BUFFER + 1, 1000, data, 1000,
                        &size);
    adapter_ask_first(machine.adapter, write_msg, size);
    g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0x12345678);
    expect_reply(VFIO_USER_DMA_WRITE, BUFFER + 1, 1000, NULL, 0);
    g_assert_cmphex(qtest_readb(machine.qts, BUFFER + 1), ==, data[0]);

    /* a request that the main loop handles later */
    g_free(g_steal_pointer(&read_msg));
    read_msg = request(VFIO_USER_DMA_READ, bar.addr + 8, 4, NULL, 0, &size);
    adapter_send_raw(machine.adapter, read_msg, size);
    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==, ADAPTER_VENDOR);
    stl_le_p(data, 0x12345678);
    expect_reply(VFIO_USER_DMA_READ, bar.addr + 8, 4, data, 4);
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

static void put_config(unsigned devfn, unsigned reg, uint32_t value)
{
    qtest_outl(machine.qts, 0xcf8, 0x80000000 | devfn << 8 | reg);
    qtest_outl(machine.qts, 0xcfc, value);
}

/*
 * By DMA to the slot control register of its root port a device unplugs
 * itself, and is gone before the reply could be sent.
 */
static void test_unplugs_itself(void)
{
    enum { ECAM = 0xb0000000, PORT = 4 << 3, BUS = 1 };
    static const uint8_t off[2] = { 0xc0, 0x07 };  /* power, indicators */
    Adapter *adapter = adapter_new();
    uint64_t port = ECAM + (PORT << 12), device = ECAM + (BUS << 20);
    g_autofree char *options = NULL;
    g_autofree void *write_msg = NULL;
    g_autofree void *read_msg = NULL;
    g_autofree uint8_t *both = NULL;
    size_t write_size, read_size;
    unsigned cap;

    adapter_start(adapter);
    options = g_strdup_printf(
        "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "
        "-device pcie-root-port,id=rp,addr=4,slot=1,chassis=1 "
        "-device '{\"driver\":\"vfio-user-pci\",\"bus\":\"rp\",\"socket\":"
        "{\"type\":\"unix\",\"path\":\"%s\"}}'", adapter_path(adapter));
    machine_start(&machine, adapter, "q35", options);
    put_config(0, 0x64, 0);
    put_config(0, 0x60, ECAM | 1);
    put_config(PORT, PCI_PRIMARY_BUS, BUS << 16 | BUS << 8);
    put_config(PORT, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmphex(qtest_readw(machine.qts, device), ==, ADAPTER_VENDOR);
    qtest_writew(machine.qts, device + PCI_COMMAND, PCI_COMMAND_MASTER);
    cap = qtest_readb(machine.qts, port + PCI_CAPABILITY_LIST);
    while (qtest_readb(machine.qts, port + cap) != PCI_CAP_ID_EXP) {
        cap = qtest_readb(machine.qts, port + cap + 1);
        g_assert_cmpint(cap, !=, 0);
    }

    write_msg = request(VFIO_USER_DMA_WRITE, port + cap + PCI_EXP_SLTCTL, 2,
                        off, 2, &write_size);
    read_msg = request(VFIO_USER_DMA_READ, BUFFER, MAX_COUNT, NULL, 0,
                       &read_size);
    both = g_malloc(write_size + read_size);
    memcpy(both, write_msg, write_size);
    memcpy(both + write_size, read_msg, read_size);
    /* In one piece, because QEMU closes the connection after the first one */
    g_assert_true(adapter_send_raw(adapter, both, write_size + read_size));
    qtest_qmp_eventwait(machine.qts, "DEVICE_DELETED");
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/*
 * The edu device of x-vfio-user-server copies 4 KiB of RAM that is not shared
 * to itself and back, in messages of 8 bytes.  It used to find no memory
 * there.
 */

#define EDU_CHECK   0x04        /* register that reads the complement */
#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000
#define EDU_SIZE    4096

static gpointer edu_run(gpointer server)
{
    qtest_clock_step(server, 200 * 1000 * 1000);
    return NULL;
}

static void edu_copy(QTestState *server, uint32_t source, uint32_t target,
                     uint32_t command)
{
    GThread *thread;
    uint32_t i;

    qpci_io_writel(dev, bar, EDU_SOURCE, source);
    qpci_io_writel(dev, bar, EDU_TARGET, target);
    qpci_io_writel(dev, bar, EDU_COUNT, EDU_SIZE);
    qpci_io_writel(dev, bar, EDU_COMMAND, command);
    g_assert_cmphex(qpci_io_readl(dev, bar, EDU_COMMAND), ==, command);

    /* accesses of the guest arrive between the server's messages */
    thread = g_thread_new("edu", edu_run, server);
    for (i = 0; i < 1000; i++) {
        qpci_io_writel(dev, bar, EDU_CHECK, i);
        g_assert_cmphex(qpci_io_readl(dev, bar, EDU_CHECK), ==, ~i);
    }
    g_thread_join(thread);
    g_assert_cmphex(qpci_io_readl(dev, bar, EDU_COMMAND) & 1, ==, 0);
}

static void test_served(void)
{
    g_autofree char *dir = g_dir_make_tmp("vfio-user-dma-XXXXXX", NULL);
    g_autofree char *path = g_strdup_printf("%s/socket", dir);
    g_autofree uint8_t *data = pattern(EDU_SIZE, 5);
    g_autofree uint8_t *got = g_malloc(EDU_SIZE);
    QTestState *server, *client;

    if (!qtest_has_machine("x-remote") || !qtest_has_device("edu")) {
        g_test_skip("there is no x-vfio-user-server with an edu device");
        return;
    }
    server = qtest_initf("-M x-remote,vfio-user=on,auto-shutdown=off "
                         "-nodefaults -vga none -device edu,id=edu "
                         "-object x-vfio-user-server,id=vfu,type=unix,"
                         "path=%s,device=edu", path);
    qtest_qmp_assert_success(server, "{'execute': 'query-status'}");
    client = qtest_init("-M pc -nodefaults -vga none -m 128M");
    qtest_qmp_device_add(client, "vfio-user-pci", "card",
                         "{'addr': '4', 'socket':"
                         " {'type': 'unix', 'path': %s}}", path);
    pci = qpci_new_pc(client, NULL);
    dev = qpci_device_find(pci, QPCI_DEVFN(4, 0));
    g_assert_nonnull(dev);
    qpci_device_enable(dev);
    bar = qpci_iomap(dev, 0, NULL);

    qtest_bufwrite(client, BUFFER, data, EDU_SIZE);
    edu_copy(server, BUFFER, EDU_BUFFER, 1);
    edu_copy(server, EDU_BUFFER, BUFFER + EDU_SIZE + 1, 1 | 2);
    qtest_bufread(client, BUFFER + EDU_SIZE + 1, got, EDU_SIZE);
    g_assert_cmpmem(got, EDU_SIZE, data, EDU_SIZE);

    g_free(dev);
    qpci_free_pc(pci);
    qtest_quit(client);
    qtest_quit(server);
    g_unlink(path);
    g_rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vfio-user/dma/counts", test_counts);
    qtest_add_func("/vfio-user/dma/refused", test_refused);
    qtest_add_func("/vfio-user/dma/short", test_short);
    qtest_add_func("/vfio-user/dma/no-bus-master", test_no_bus_master);
    qtest_add_func("/vfio-user/dma/no-reply", test_no_reply);
    qtest_add_func("/vfio-user/dma/to-bar", test_to_bar);
    qtest_add_func("/vfio-user/dma/while-waiting", test_while_waiting);
    qtest_add_func("/vfio-user/dma/unplugs-itself", test_unplugs_itself);
    qtest_add_func("/vfio-user/dma/served", test_served);
    dma_add_messages();
    return g_test_run();
}
