/*
 * Legacy VGA over vfio-user: region 8 of x-vfio-user-server, and x-vga=on of
 * vfio-user-pci
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server is always a QEMU.  Its client is either this test, which can send
 * messages that QEMU would not send, or a second QEMU whose guest is played by
 * qtest.  In the latter case this test is in the middle and sees all messages.
 *
 * The test needs no KVM: no processor runs in either QEMU.
 */

#include "qemu/osdep.h"

#include "qemu/units.h"
#include "vfio-user-vga-server.h"

static const struct {
    const char *name;
    bool only_one; /* a process can have only one of it */
} models[] = {
    { "VGA" },
    { "cirrus-vga" },
    { "ati-vga" },
    { "qxl-vga", true },    /* must be the first console */
    { "virtio-vga" },
    { "vmware-svga", true }, /* RAM block "vmsvga.fifo" */
};

/*
 * Region 8 on the wire
 */

static void test_info(const void *model)
{
    RegionInfo info;
    Server s;

    server_start_and_connect(&s, model, NULL);
    info = region_info(&s.wire[0], VGA_REGION);
    g_assert_cmphex(info.size, ==, VGA_SIZE);
    g_assert_cmphex(info.flags, ==, 3);
    server_stop(&s);
}

/*
 * Display devices without legacy ranges, and devices that are not display
 * devices
 */
static void test_info_none(const void *model)
{
    uint8_t byte;
    Server s;

    server_start_and_connect(&s, model, NULL);
    g_assert_cmphex(region_info(&s.wire[0], VGA_REGION).size, ==, 0);
    g_assert_cmpint(wire_read(&s.wire[0], MEM, 1, &byte), ==, EINVAL);
    server_stop(&s);
}

static void test_registers(const void *model)
{
    uint8_t bytes[0x20];
    Server s;
    Wire *w = &s.wire[0];
    int i;

    server_start_and_connect(&s, model, NULL);

    put(w, 0x3c2, 0x67);
    g_assert_cmphex(get(w, 0x3cc), ==, 0x67);

    /* The CRTC has a color and a mono address, of which one is active */
    put_reg(w, 0x3d4, 0x0e, 0x12);
    g_assert_cmphex(get_reg(w, 0x3d4, 0x0e), ==, 0x12);
    put(w, 0x3c2, 0x66);
    put_reg(w, 0x3b4, 0x0e, 0x34);
    g_assert_cmphex(get_reg(w, 0x3b4, 0x0e), ==, 0x34);
    put_reg(w, 0x3d4, 0x0e, 0x56);
    g_assert_cmphex(get_reg(w, 0x3b4, 0x0e), ==, 0x34);
    put(w, 0x3c2, 0x67);

    /* An index and its data are written in one cycle, as VGA drivers do */
    for (i = 0; i < 2; i++) {
        const uint8_t pair[2] = { 8, i ? 0x5a : 0xa5 };

        g_assert_cmpint(wire_write(w, 0x3ce, 2, pair), ==, 0);
        g_assert_cmphex(get_reg(w, 0x3ce, 8), ==, pair[1]);
        g_assert_cmpint(wire_read(w, 0x3ce, 2, bytes), ==, 0);
        g_assert_cmphex(bytes[0], ==, pair[0]);
        g_assert_cmphex(bytes[1], ==, pair[1]);
    }

    /* Counts that are not one cycle are split into bytes */
    bytes[0] = 0xff;
    bytes[1] = 8;
    bytes[2] = 0x3c;
    g_assert_cmpint(wire_write(w, 0x3cd, 3, bytes), ==, 0);
    g_assert_cmphex(get_reg(w, 0x3ce, 8), ==, 0x3c);
    memset(bytes, 0, sizeof(bytes));
    g_assert_cmpint(wire_read(w, 0x3cc, 8, bytes), ==, 0);
    g_assert_cmphex(bytes[0], ==, 0x67);
    g_assert_cmphex(bytes[2], ==, 8);
    g_assert_cmphex(bytes[3], ==, 0x3c);
    memset(bytes, 0, sizeof(bytes));
    g_assert_cmpint(wire_read(w, 0x3c0, 0x20, bytes), ==, 0);
    g_assert_cmphex(bytes[0x0c], ==, 0x67);
    g_assert_cmphex(bytes[0x0f], ==, 0x3c);
    g_assert_cmphex(bytes[0x14], ==, 0x0e);
    memset(bytes, 0, sizeof(bytes));
    g_assert_cmpint(wire_read(w, 0x3b0, 12, bytes), ==, 0);

    /* The palette takes three bytes through one port, and returns them */
    put(w, 0x3c6, 0xff);
    put(w, 0x3c8, 0x20);
    for (i = 1; i <= 3; i++) {
        put(w, 0x3c9, i * 7);
    }
    put(w, 0x3c7, 0x20);
    for (i = 1; i <= 3; i++) {
        g_assert_cmphex(get(w, 0x3c9), ==, i * 7);
    }

    server_stop(&s);
}

/* Ports and cycles inside the ranges that the card does not decode */
static void test_undecoded(void)
{
    const uint32_t ones = 0xffffffff;
    uint32_t value = 0;
    Server s;
    Wire *w = &s.wire[0];

    server_start_and_connect(&s, "VGA", NULL);
    g_assert_cmpint(wire_read(w, 0x3b0, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, ones);
    g_assert_cmphex(get(w, 0x3bb), ==, 0xff);
    g_assert_cmphex(get(w, 0x3df), ==, 0xff);
    put(w, 0x3b0, 0x12);
    g_assert_cmphex(get(w, 0x3b0), ==, 0xff);

    /* This model takes no cycle of 4 bytes; three bytes are three cycles */
    put(w, 0x3c2, 0x67);
    g_assert_cmphex(get(w, 0x3cc), ==, 0x67);
    g_assert_cmpint(wire_read(w, 0x3cc, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, ones);
    g_assert_cmpint(wire_read(w, 0x3cc, 3, &value), ==, 0);
    g_assert_cmphex(value & 0xff, ==, 0x67);
    server_stop(&s);
}

static void test_memory(const void *model)
{
    static const struct {
        uint32_t offset;
        uint32_t count;
    } runs[] = {
        { MEM, MEM_SIZE },
        { MEM, 1 }, { MEM + 1, 1 }, { MEM + 0x1ffff, 1 },
        { MEM + 2, 2 }, { MEM + 3, 2 }, { MEM + 5, 3 }, { MEM + 8, 4 },
        { MEM + 13, 4 }, { MEM + 17, 5 }, { MEM + 24, 8 }, { MEM + 33, 8 },
        { MEM + 0x1fff9, 7 }, { MEM + 0x1000, 4099 }, { MEM + 1, 0x1ffff },
        { MEM + 0xfffd, 7 }, { MEM + 0x17ffe, 4 },
    };
    g_autofree uint8_t *image = g_malloc0(MEM_SIZE);
    g_autofree uint8_t *seen = g_malloc0(MEM_SIZE);
    uint8_t byte = 0;
    Server s;
    Wire *w = &s.wire[0];
    uint32_t i, j;

    server_start_and_connect(&s, model, NULL);
    chained_mode(w);

    for (i = 0; i < ARRAY_SIZE(runs); i++) {
        uint32_t at = runs[i].offset - MEM;
        uint32_t count = runs[i].count;

        for (j = 0; j < count; j++) {
            image[at + j] = pattern(i * 1009 + j);
        }
        g_assert_cmpint(wire_write(w, MEM + at, count, image + at), ==, 0);

        memset(seen, 0, MEM_SIZE);
        g_assert_cmpint(wire_read(w, MEM + at, count, seen), ==, 0);
        g_assert_cmpmem(seen, count, image + at, count);
        g_assert_cmpint(wire_read(w, MEM, MEM_SIZE, seen), ==, 0);
        g_assert_cmpmem(seen, MEM_SIZE, image, MEM_SIZE);
    }

    /* Writes are posted, whatever the size, and in order with what follows */
    for (j = 0; j < MEM_SIZE; j++) {
        image[j] = pattern(j + 99);
    }
    wire_write_only(w, MEM, MEM_SIZE, image, FLAG_NO_REPLY);
    byte = ~image[77];
    image[77] = byte;
    wire_write_only(w, MEM + 77, 1, &byte, FLAG_NO_REPLY);
    g_assert_cmpint(wire_read(w, MEM, MEM_SIZE, seen), ==, 0);
    g_assert_cmpmem(seen, MEM_SIZE, image, MEM_SIZE);

    /* The window is not plain memory: it has the card's planes and its logic */
    planar_mode(w);
    memset(image, 0xff, 16);
    g_assert_cmpint(wire_write(w, MEM, 16, image), ==, 0);
    put_reg(w, 0x3c4, 2, 0x04);
    memset(image, 0x3c, 16);
    g_assert_cmpint(wire_write(w, MEM, 16, image), ==, 0);
    for (i = 0; i < 4; i++) {
        put_reg(w, 0x3ce, 4, i);
        g_assert_cmpint(wire_read(w, MEM, 16, seen), ==, 0);
        for (j = 0; j < 16; j++) {
            g_assert_cmphex(seen[j], ==, i == 2 ? 0x3c : 0xff);
        }
    }

    server_stop(&s);
}

static void test_refused(const void *model)
{
    static const struct {
        uint64_t offset;
        uint32_t count;
    } refused[] = {
        /* outside */
        { 0, 1 }, { 0x3af, 1 }, { 0x3bc, 1 }, { 0x3bf, 1 }, { 0x3e0, 1 },
        { 0x1ce, 2 }, { 0x1d0, 2 }, { 0x9ffff, 1 }, { 0x50000, 4 },
        { VGA_SIZE, 1 }, { 0xffffffff, 1 }, { UINT64_MAX, 1 },
        { UINT64_MAX - 1, 4 },
        /* straddling one edge */
        { 0x3af, 2 }, { 0x3bb, 2 }, { 0x3b8, 8 }, { 0x3bf, 2 }, { 0x3df, 2 },
        { 0x3dc, 8 }, { 0x9fffe, 4 }, { 0xbffff, 2 }, { 0xbfffe, 4 },
        { MEM, MEM_SIZE + 1 },
        /* across a whole range, and across several */
        { 0x3a0, 0x20 }, { 0x3bf, 0x22 }, { 0x3b0, 0x30 }, { 0x3c0, 0x21 },
        { 0x3bb, 0x06 }, { 0, VGA_SIZE }, { 0x3c0, MEM },
    };
    static const struct {
        uint64_t offset;
        uint32_t count;
    } done[] = {
        { 0x3b0, 1 }, { 0x3b0, 12 }, { 0x3bb, 1 }, { 0x3ba, 2 },
        { 0x3c0, 1 }, { 0x3c0, 32 }, { 0x3df, 1 }, { 0x3dc, 4 },
        { MEM, 1 }, { MEM, MEM_SIZE }, { 0xbffff, 1 }, { 0xbfffc, 4 },
    };
    g_autofree uint8_t *data = g_malloc0(1 * MiB);
    uint8_t mark[2];
    Access access;
    Server s;
    Wire *w = &s.wire[0];
    int i;

    server_start_and_connect(&s, model, NULL);
    chained_mode(w);
    put(w, MEM, 0x11);
    put(w, 0xbffff, 0x22);
    put_reg(w, 0x3ce, 8, 0x33);

    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        memset(data, 0xee, refused[i].count);
        g_assert_cmpint(wire_write(w, refused[i].offset, refused[i].count,
                                   data), ==, EINVAL);
        g_assert_cmpint(wire_read(w, refused[i].offset, refused[i].count,
                                  data), ==, EINVAL);

        /* A posted one has no reply: the next reply is to the next request */
        memset(data, 0xee, refused[i].count);
        wire_write_only(w, refused[i].offset, refused[i].count, data,
                        FLAG_NO_REPLY);

        /* A refused request has no effect at all */
        g_assert_cmphex(get(w, 0x3ce), ==, 8);
        g_assert_cmphex(get(w, 0x3cf), ==, 0x33);
        g_assert_cmphex(get(w, MEM), ==, 0x11);
        g_assert_cmphex(get(w, 0xbffff), ==, 0x22);
    }

    /* More than a message may carry, and less than one byte */
    access = (Access) { MEM, VGA_REGION, UINT32_MAX };
    wire_send(w, CMD_READ, 0, &access, sizeof(access), NULL, 0);
    g_assert_cmpint(wire_reply(w, NULL, 0), ==, EINVAL);
    access.count = 4;
    wire_send(w, CMD_WRITE, 0, &access, sizeof(access), mark, 2);
    g_assert_cmpint(wire_reply(w, NULL, 0), ==, EINVAL);
    g_assert_cmpint(wire_read(w, MEM, 0, data), ==, 0);
    g_assert_cmpint(wire_write(w, MEM, 0, data), ==, 0);
    g_assert_cmphex(get(w, MEM), ==, 0x11);

    for (i = 0; i < ARRAY_SIZE(done); i++) {
        g_assert_cmpint(wire_read(w, done[i].offset, done[i].count, data),
                        ==, 0);
    }
    server_stop(&s);
}

/* Two cards of one process, in different modes, are written in turn */
static void two_cards(const char *first, const char *second)
{
    uint8_t seen[2][64];
    uint8_t image[64];
    Server s;
    int i, j, mode;

    server_start_and_connect(&s, first, second);

    for (mode = 0; mode < 4; mode++) {
        for (i = 0; i < 2; i++) {
            if (mode & (1 << i)) {
                chained_mode(&s.wire[i]);
            } else {
                planar_mode(&s.wire[i]);
            }
        }

        /* Accesses to one do not disturb the other's index */
        for (i = 0; i < 2; i++) {
            put(&s.wire[i], 0x3ce, i ? 2 : 8);
        }
        for (i = 0; i < 2; i++) {
            put(&s.wire[i], 0x3cf, i ? 0x0c : 0xff);
        }
        for (i = 0; i < 2; i++) {
            g_assert_cmphex(get(&s.wire[i], 0x3ce), ==, i ? 2 : 8);
            g_assert_cmphex(get(&s.wire[i], 0x3cf), ==, i ? 0x0c : 0xff);
            put_reg(&s.wire[i], 0x3c4, 1, 0x01 + i * 0x20);
        }
        g_assert_cmphex(get_reg(&s.wire[0], 0x3c4, 1), ==, 0x01);
        g_assert_cmphex(get_reg(&s.wire[1], 0x3c4, 1), ==, 0x21);

        for (i = 0; i < 2; i++) {
            for (j = 0; j < sizeof(image); j++) {
                image[j] = pattern(j + 64 * i + 128 * mode);
            }
            g_assert_cmpint(wire_write(&s.wire[i], MEM, sizeof(image), image),
                            ==, 0);
        }
        for (i = 0; i < 2; i++) {
            for (j = 0; j < sizeof(image); j++) {
                image[j] = pattern(j + 64 * i + 128 * mode);
            }
            g_assert_cmpint(wire_read(&s.wire[i], MEM, sizeof(image), seen[i]),
                            ==, 0);
            g_assert_cmpmem(seen[i], sizeof(image), image, sizeof(image));
        }
    }

    /* A reset affects one card */
    put_reg(&s.wire[0], 0x3ce, 8, 0x5a);
    put_reg(&s.wire[1], 0x3ce, 8, 0xa5);
    wire_send(&s.wire[0], CMD_RESET, 0, NULL, 0, NULL, 0);
    g_assert_cmpint(wire_reply(&s.wire[0], NULL, 0), ==, 0);
    g_assert_cmphex(get_reg(&s.wire[0], 0x3ce, 8), ==, 0);
    g_assert_cmphex(get_reg(&s.wire[1], 0x3ce, 8), ==, 0xa5);

    server_stop(&s);
}

static void test_two_alike(const void *model)
{
    Server s;
    int i;

    two_cards(model, model);

    /* Both are that model, as far as the registers show */
    server_start_and_connect(&s, model, model);
    for (i = 0; i < 0x40; i++) {
        g_assert_cmphex(get_reg(&s.wire[0], 0x3c4, i), ==,
                        get_reg(&s.wire[1], 0x3c4, i));
        put(&s.wire[0], 0x3c2, 0x67);
        put(&s.wire[1], 0x3c2, 0x67);
        g_assert_cmphex(get_reg(&s.wire[0], 0x3d4, i), ==,
                        get_reg(&s.wire[1], 0x3d4, i));
    }
    server_stop(&s);
}

static void test_two_different(void)
{
    two_cards("VGA", "cirrus-vga");
    two_cards("cirrus-vga", "VGA");
}

static void test_reset(const void *model)
{
    Server s;
    Wire *w = &s.wire[0];

    server_start_and_connect(&s, model, NULL);

    put(w, 0x3c2, 0x67);
    chained_mode(w);
    put_reg(w, 0x3ce, 8, 0x5a);
    put_reg(w, 0x3d4, 0x0e, 0x12);
    g_assert_cmphex(get(w, 0x3cc), ==, 0x67);
    g_assert_cmphex(get_reg(w, 0x3ce, 8), ==, 0x5a);
    g_assert_cmphex(get_reg(w, 0x3d4, 0x0e), ==, 0x12);

    wire_send(w, CMD_RESET, 0, NULL, 0, NULL, 0);
    g_assert_cmpint(wire_reply(w, NULL, 0), ==, 0);

    g_assert_cmphex(get(w, 0x3cc), ==, 0);
    g_assert_cmphex(get_reg(w, 0x3ce, 8), ==, 0);
    g_assert_cmphex(get_reg(w, 0x3ce, 6), ==, 0);
    g_assert_cmphex(get_reg(w, 0x3c4, 4), ==, 0);
    put(w, 0x3c2, 0x67);
    g_assert_cmphex(get_reg(w, 0x3d4, 0x0e), ==, 0);

    server_stop(&s);
}

/* x-vga=on, seen from the guest and from between the two processes */

static void add_for(const char *model, const char *what, GTestDataFunc test)
{
    g_autofree char *path = g_strdup_printf("/vfio-user-vga/%s/%s", model,
                                            what);

    qtest_add_data_func(path, model, test);
}

int main(int argc, char **argv)
{
    static const char *const no_vga[] = { "secondary-vga", "edu" };
    bool client;
    int i;

    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_machine("x-remote") || !qtest_has_device("VGA")) {
        g_test_skip("needs machine x-remote and device VGA");
        return g_test_run();
    }
    client = qtest_has_machine("pc") && qtest_has_device("vfio-user-pci");

    for (i = 0; i < ARRAY_SIZE(models); i++) {
        const char *model = models[i].name;

        if (!qtest_has_device(model)) {
            continue;
        }
        add_for(model, "info", test_info);
        add_for(model, "registers", test_registers);
        add_for(model, "memory", test_memory);
        add_for(model, "refused", test_refused);
        add_for(model, "reset", test_reset);
        if (!models[i].only_one) {
            add_for(model, "two", test_two_alike);
        }
        if (client) {
            add_for(model, "guest", test_guest);
        }
    }
    for (i = 0; i < ARRAY_SIZE(no_vga); i++) {
        if (!qtest_has_device(no_vga[i])) {
            continue;
        }
        add_for(no_vga[i], "info", test_info_none);
        if (client) {
            add_for(no_vga[i], "x-vga", test_no_region);
        }
    }
    qtest_add_func("/vfio-user-vga/undecoded", test_undecoded);
    if (qtest_has_device("cirrus-vga")) {
        qtest_add_func("/vfio-user-vga/two-different", test_two_different);
    }
    if (client) {
        qtest_add_func("/vfio-user-vga/posted", test_posted);
        qtest_add_func("/vfio-user-vga/posted-mapped", test_posted_mapped);
        qtest_add_func("/vfio-user-vga/decode", test_decode);
    }

    return g_test_run();
}
