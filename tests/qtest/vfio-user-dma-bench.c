/*
 * A vfio-user server that sends requests of its own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vfio-user-dma-bench.h"

Machine machine;
QPCIBus *pci;
QPCIDevice *dev;
QPCIBar bar;

void start(unsigned msg_timeout)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "-m 128M");
    machine_plug(&machine,
                 qdict_from_jsonf_nofail("{'x-msg-timeout': %u}", msg_timeout));
    dev = machine_open(&machine, &pci, &bar);
}

void stop(void)
{
    g_free(dev);
    qpci_free_pc(pci);
    machine_stop(&machine);
}

void *request(unsigned command, uint64_t address, uint64_t count,
              const void *data, size_t data_size, size_t *size)
{
    static uint16_t id;
    uint8_t *msg = g_malloc0(DATA + data_size);

    *size = DATA + data_size;
    stw_le_p(msg, ++id);
    stw_le_p(msg + 2, command);
    stl_le_p(msg + 4, *size);
    stq_le_p(msg + BODY, address);
    stq_le_p(msg + BODY + 8, count);
    if (data_size) {
        memcpy(msg + DATA, data, data_size);
    }
    return msg;
}

void send_request(unsigned command, uint64_t address, uint64_t count,
                  const void *data, size_t data_size)
{
    size_t size;
    g_autofree void *msg = request(command, address, count, data, data_size,
                                   &size);

    g_assert_true(adapter_send_raw(machine.adapter, msg, size));
}

/* Returns the next reply to @command; *@error is its error code */
static GBytes *next_reply(unsigned command, unsigned *error)
{
    GBytes *reply = adapter_next_reply(machine.adapter);
    const uint8_t *msg = g_bytes_get_data(reply, NULL);
    uint32_t flags = ldl_le_p(msg + 8);

    g_assert_cmpint(lduw_le_p(msg + 2), ==, command);
    g_assert_cmpint(ldl_le_p(msg + 4), ==, g_bytes_get_size(reply));
    g_assert_cmphex(flags & ~VFIO_USER_ERROR, ==, VFIO_USER_REPLY);
    *error = 0;
    if (flags & VFIO_USER_ERROR) {
        *error = ldl_le_p(msg + 12);
        g_assert_cmpint(*error, !=, 0);
        g_assert_cmpint(g_bytes_get_size(reply), ==, BODY);
    }
    return reply;
}

void expect_error(unsigned command, unsigned error)
{
    unsigned got;
    g_autoptr(GBytes) reply = next_reply(command, &got);

    g_assert_cmpint(got, ==, error);
}

void expect_reply(unsigned command, uint64_t address, uint64_t count,
                  const void *data, size_t data_size)
{
    unsigned error;
    g_autoptr(GBytes) reply = next_reply(command, &error);
    const uint8_t *msg = g_bytes_get_data(reply, NULL);

    g_assert_cmpint(error, ==, 0);
    g_assert_cmpint(g_bytes_get_size(reply), ==, DATA + data_size);
    g_assert_cmphex(ldq_le_p(msg + BODY), ==, address);
    g_assert_cmphex(ldq_le_p(msg + BODY + 8), ==, count);
    g_assert_cmpmem(msg + DATA, data_size, data, data_size);
}

uint8_t *pattern(size_t size, unsigned seed)
{
    uint8_t *data = g_malloc(size);
    size_t i;

    for (i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = seed >> 24;
    }
    return data;
}

void check_read(uint64_t address, size_t count)
{
    g_autofree uint8_t *data = pattern(count, count + 1);

    if (count) {
        qtest_bufwrite(machine.qts, address, data, count);
    }
    send_request(VFIO_USER_DMA_READ, address, count, NULL, 0);
    expect_reply(VFIO_USER_DMA_READ, address, count, data, count);
}

void check_write(uint64_t address, size_t count)
{
    g_autofree uint8_t *data = pattern(count, count + 2);
    g_autofree uint8_t *got = g_malloc(count + 2);

    qtest_memset(machine.qts, address - 1, 0x5a, count + 2);
    send_request(VFIO_USER_DMA_WRITE, address, count, data, count);
    expect_reply(VFIO_USER_DMA_WRITE, address, count, NULL, 0);
    qtest_bufread(machine.qts, address - 1, got, count + 2);
    g_assert_cmphex(got[0], ==, 0x5a);
    g_assert_cmpmem(got + 1, count, data, count);
    g_assert_cmphex(got[count + 1], ==, 0x5a);
}

void check_works(void)
{
    check_read(BUFFER, 64);
    check_write(BUFFER, 64);
    qpci_io_writel(dev, bar, 8, 0x12345678);
    g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0x12345678);
}

unsigned anonymous_memory(void)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/status",
                                            qtest_pid(machine.qts));
    g_autofree char *text = NULL;
    const char *line;

    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    line = strstr(text, "RssAnon:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("RssAnon:"), NULL, 10) / 1024;
}
