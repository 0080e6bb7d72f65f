/*
 * A vfio-user server's messages in pieces, and messages that it must not send
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "vfio-user-dma-bench.h"

/*
 * Messages may arrive in any pieces.  A header in pieces used to end the
 * connection.
 */
static void test_pieces(void)
{
    size_t size, i;
    g_autofree uint8_t *msg = request(VFIO_USER_DMA_WRITE, BUFFER, 32,
                                      "0123456789abcdef0123456789abcdef", 32,
                                      &size);

    start(5000);
    for (i = 1; i < size; i++) {
        g_assert_true(adapter_send_raw(machine.adapter, msg, i));
        /* QEMU takes what there is, and waits for the other socket meanwhile */
        machine_check_alive(&machine);
        g_assert_true(adapter_send_raw(machine.adapter, msg + i, size - i));
        expect_reply(VFIO_USER_DMA_WRITE, BUFFER, 32, NULL, 0);
    }
    check_works();
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

/* This used to take 128 MiB here, without a limit */
static void test_unread_replies(void)
{
    g_autofree uint8_t *data = pattern(MAX_COUNT, 4);
    unsigned before, i;

    start(5000);
    qtest_bufwrite(machine.qts, BUFFER, data, MAX_COUNT);
    adapter_pause(machine.adapter, true);
    before = anonymous_memory();
    for (i = 0; i < 128; i++) {
        send_request(VFIO_USER_DMA_READ, BUFFER, MAX_COUNT - i, NULL, 0);
    }
    for (i = 0; i < 64; i++) {
        machine_check_alive(&machine);
    }
    g_assert_cmpint(anonymous_memory(), <, before + 32);

    adapter_pause(machine.adapter, false);
    for (i = 0; i < 128; i++) {
        expect_reply(VFIO_USER_DMA_READ, BUFFER, MAX_COUNT - i, data,
                     MAX_COUNT - i);
    }
    check_works();
    g_assert_cmpint(machine_said(&machine, ""), ==, 0);
    stop();
}

/* Requests without a reply, while QEMU has something else to do, too */
static void test_many_requests(void)
{
    g_autofree uint8_t *many = g_malloc(4096 * 64);
    unsigned i, j;

    start(5000);
    for (i = 0; i < 4096; i++) {
        size_t size;
        g_autofree uint8_t *msg = request(VFIO_USER_DMA_WRITE, BUFFER + 4 * i,
                                          4, &i, 4, &size);

        stl_le_p(msg + 8, VFIO_USER_REQUEST | VFIO_USER_NO_REPLY);
        memcpy(many + i * size, msg, size);
        j = (i + 1) * size;
    }
    for (i = 0; i < 16; i++) {
        g_assert_true(adapter_send_raw(machine.adapter, many, j));
        machine_check_alive(&machine);
    }
    check_read(BUFFER + 16384, 4);
    for (i = 0; i < 4096; i++) {
        uint32_t got;

        qtest_memread(machine.qts, BUFFER + 4 * i, &got, 4);
        g_assert_cmpint(got, ==, i);
    }
    stop();
}

/*
 * Messages that a server must not send.  There used to be a line for each of
 * them, 100000 in a few seconds.
 */
typedef struct BadMessage {
    const char *name;
    VFIOUserHdr hdr;
    const char *said;
} BadMessage;

static const BadMessage bad_messages[] = {
    { "command", { 7, 77, 16, VFIO_USER_REQUEST },
      "request with command 77" },
    { "no-command", { 7, 0, 16, VFIO_USER_REQUEST },
      "request with command 0" },
    { "client-command", { 7, VFIO_USER_REGION_READ, 32, VFIO_USER_REQUEST },
      "request with command 9" },
    { "reply", { 7, VFIO_USER_REGION_READ, 16, VFIO_USER_REPLY },
      "its reply answers no request (ID 7, command 9)" },
    { "type", { 7, VFIO_USER_DMA_READ, 16, 7 },
      "neither a request nor a reply" },
    { "no-size", { 7, VFIO_USER_DMA_READ, 0, VFIO_USER_REQUEST },
      "less than a header" },
    { "size", { 7, VFIO_USER_DMA_READ, 15, VFIO_USER_REQUEST },
      "less than a header" },
    { "large", { 7, VFIO_USER_DMA_WRITE, DATA + MAX_COUNT + 1 },
      "larger than the max_data_xfer_size" },
    { "largest", { 7, VFIO_USER_DMA_WRITE, UINT32_MAX },
      "larger than the max_data_xfer_size" },
};

static void test_bad_message(const void *opaque)
{
    const BadMessage *bad = opaque;
    unsigned i;

    start(5000);
    for (i = 0; i < 10000; i++) {
        if (!adapter_send_raw(machine.adapter, &bad->hdr, sizeof(bad->hdr))) {
            break;
        }
    }
    adapter_wait_closed(machine.adapter, 1);
    machine_wait_said(&machine, bad->said);
    g_assert_cmpint(machine_said(&machine, bad->said), ==, 1);

    /*
     * the adapter is gone: reads give ones, writes have no effect, QEMU goes
     * on
     */
    for (i = 0; i < 1000; i++) {
        g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0xffffffff);
        qpci_io_writel(dev, bar, 8, 0);
    }
    g_assert_cmpint(machine_said(&machine, "vfio"), <, 5);
    machine_unplug(&machine);
    stop();
}

void dma_add_messages(void)
{
    unsigned i;

    qtest_add_func("/vfio-user/dma/pieces", test_pieces);
    qtest_add_func("/vfio-user/dma/unread-replies", test_unread_replies);
    qtest_add_func("/vfio-user/dma/many-requests", test_many_requests);
    for (i = 0; i < ARRAY_SIZE(bad_messages); i++) {
        machine_add("/vfio-user/bad-message", bad_messages[i].name,
                    &bad_messages[i], test_bad_message);
    }
}
