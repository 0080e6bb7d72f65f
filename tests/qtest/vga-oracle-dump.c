/*
 * The oracle for legacy VGA: all registers and planes are compared
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "vga-oracle.h"

/*
 * The time after which everything that the client holds back has reached the
 * adapter.  Port reads are not posted, and no earlier access may arrive after
 * one.
 */
#define VISIBLE_MS 20

static void flush(Oracle *o)
{
    static const Access accesses[] = {
        { .op = OP_STEP, .value = VISIBLE_MS * 1000000 },
        { .op = OP_IN, .size = 1, .addr = 0x3da }, /* flip-flop: one of these */
        { .op = OP_IN, .size = 1, .addr = 0x3ba },
        { .op = OP_OUT, .size = 1, .addr = 0x3c7 }, /* DAC: first color */
        { .op = OP_IN, .size = 1, .addr = 0x3cc },
    };

    oracle_guests(o, accesses, ARRAY_SIZE(accesses));
}

static void load_latches(Oracle *o)
{
    static const Access accesses[] = {
        { .op = OP_READ, .size = 1, .addr = 0xa0000 },
        { .op = OP_READ, .size = 1, .addr = 0xb0000 },
        { .op = OP_READ, .size = 1, .addr = 0xb8000 },
    };

    oracle_guests(o, accesses, ARRAY_SIZE(accesses));
}

/*
 * Read from both; a difference is reported as register @index, -1 if it has no
 * index
 */
static uint8_t dump_in(Oracle *o, uint16_t port, int index)
{
    Access a = { .op = OP_IN, .size = 1, .addr = port };
    uint8_t got = qtest_inb(o->server, port);
    uint8_t expected = oracle_direct_byte(o, &a);

    if (((got ^ expected) & port_mask(port)) && !o->diverged) {
        g_autofree char *what = g_strdup_printf("server's port 0x%x, index %d",
                                                port, index);
        g_autofree char *x = g_strdup_printf("0x%02x", got);
        g_autofree char *y = g_strdup_printf("0x%02x", expected);

        oracle_report(o, 0, what, x, y);
    }
    return expected;
}

static void dump_indexed(Oracle *o, uint16_t port, const uint8_t *indices,
                         int count)
{
    uint8_t saved = dump_in(o, port, -1);
    int i;

    for (i = 0; i < count; i++) {
        oracle_other(o, port, indices[i]);
        dump_in(o, port + 1, indices[i]);
    }
    oracle_other(o, port, saved);
}

static void dump_attributes(Oracle *o, uint16_t status)
{
    uint8_t saved = dump_in(o, 0x3c0, -1);
    int i;

    for (i = 0; i < 0x15; i++) {
        oracle_other(o, 0x3c0, i);
        dump_in(o, 0x3c1, i);
        dump_in(o, status, -1);
    }
    oracle_other(o, 0x3c0, saved);
    dump_in(o, status, -1);
}

static void dump_palette(Oracle *o)
{
    int i;

    dump_in(o, 0x3c8, -1);
    dump_in(o, 0x3c7, -1);
    for (i = 0; i < 3 * 256; i++) {
        dump_in(o, 0x3c9, i);
    }
    oracle_other(o, 0x3c7, 0); /* as flush() left it */
}

/*
 * Read @size bytes from @addr.  The server has no processor, whose view of
 * memory qtest's read commands use, so its monitor reads.
 */
static void server_read(Oracle *o, uint32_t addr, uint32_t size, uint8_t *data)
{
    g_autofree char *path = g_strdup_printf("%s/plane", o->dir);
    g_autofree char *content = NULL;
    gsize length = 0;

    qtest_qmp_assert_success(o->server, "{ 'execute': 'pmemsave', 'arguments':"
                             "{ 'val': %u, 'size': %u, 'filename': %s } }",
                             addr, size, path);
    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    g_assert_cmpint(length, ==, size);
    memcpy(data, content, size);
    g_unlink(path);
}

static void direct_read(Oracle *o, uint32_t addr, uint32_t size, uint8_t *data)
{
    Pipe *p = &o->pipes[DIRECT];
    g_autofree uint8_t *content = NULL;
    gsize length = 0;
    const char *reply;

    pipe_printf(p, "b64read 0x%x 0x%x", addr, size);
    pipes_run(p, 1);
    reply = pipe_reply(p);
    g_assert_true(g_str_has_prefix(reply, "OK "));
    content = g_base64_decode(reply + 3, &length);
    g_assert_cmpint(length, ==, size);
    memcpy(data, content, size);
    pipe_clear(p);
}

static void dump_plane(Oracle *o, int plane)
{
    g_autofree uint8_t *got = g_malloc(MEM_SIZE);
    g_autofree uint8_t *expected = g_malloc(MEM_SIZE);
    int i;

    server_read(o, MEM, MEM_SIZE, got);
    direct_read(o, MEM, MEM_SIZE, expected);

    for (i = 0; i < MEM_SIZE && !o->diverged; i++) {
        if (got[i] != expected[i]) {
            g_autofree char *what = g_strdup_printf("server's plane %d, byte "
                                                    "0x%x", plane, i);
            g_autofree char *x = g_strdup_printf("0x%02x", got[i]);
            g_autofree char *y = g_strdup_printf("0x%02x", expected[i]);

            oracle_report(o, 0, what, x, y);
        }
    }
}

/*
 * A window of 128 KiB shows one plane, byte after byte.  A VGA has 64 KiB in
 * each plane; QEMU's does not wrap there, so the other half is compared as
 * well.
 */
static void dump_planes(Oracle *o, uint16_t crtc)
{
    struct {
        uint16_t port;
        uint8_t index;
        uint8_t value;
        uint8_t saved;
        uint8_t saved_index;
    } regs[] = {
        { 0x3c4, 4, 0x06 },  /* no chain 4, no odd/even */
        { 0x3ce, 5, 0x00 },  /* read mode 0, no odd/even */
        { 0x3ce, 6, 0x01 },  /* 128 KiB at a0000, no odd/even */
        { crtc, 0x14, 0x00 }, /* no doublewords: QEMU shifts addresses */
        { 0x3ce, 4, 0x00 },  /* read map, last: the loop below needs it */
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        regs[i].saved_index = dump_in(o, regs[i].port, -1);
        oracle_other(o, regs[i].port, regs[i].index);
        regs[i].saved = dump_in(o, regs[i].port + 1, regs[i].index);
        oracle_other(o, regs[i].port + 1, regs[i].value);
    }
    for (i = 0; i < PLANES; i++) {
        oracle_other(o, 0x3cf, i);
        dump_plane(o, i);
    }
    for (i = ARRAY_SIZE(regs) - 1; i >= 0; i--) {
        oracle_other(o, regs[i].port, regs[i].index);
        oracle_other(o, regs[i].port + 1, regs[i].saved);
        oracle_other(o, regs[i].port, regs[i].saved_index);
    }
}

void oracle_dump(Oracle *o)
{
    uint16_t crtc;

    while (!o->decodes && !o->diverged) {
        oracle_batch(o, 1);     /* load_latches() reads the window */
    }
    flush(o);
    if (o->diverged) {
        return;
    }
    crtc = dump_in(o, 0x3cc, -1) & 1 ? 0x3d4 : 0x3b4;
    dump_in(o, 0x3ca, -1);
    dump_indexed(o, 0x3c4, legal_sr, LEGAL_SR);
    dump_indexed(o, 0x3ce, legal_gr, LEGAL_GR);
    dump_indexed(o, crtc, legal_cr, LEGAL_CR);
    dump_attributes(o, crtc + 6);
    dump_palette(o);
    dump_planes(o, crtc);
    if (!o->diverged) {
        o->good = o->made;
        load_latches(o);
    }
}
