/*
 * Legacy VGA over vfio-user: region 8 of x-vfio-user-server, and x-vga=on of
 * vfio-user-pci
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server is always a QEMU.  Its client is either this test, which can say
 * on the wire what no QEMU would say, or a second QEMU whose guest is played
 * by qtest, with this test in the middle to see what goes over the wire.
 *
 * None of it needs KVM: no processor runs in either QEMU.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "qemu/units.h"
#include "qobject/qdict.h"

#define VGA_REGION 8
#define VGA_SIZE 0xc0000
#define MEM 0xa0000
#define MEM_SIZE (128 * KiB)

static const struct {
    const char *name;
    bool only_one; /* of it in a process, for reasons of its own */
} models[] = {
    { "VGA" },
    { "cirrus-vga" },
    { "ati-vga" },
    { "qxl-vga", true },    /* must be the first console */
    { "virtio-vga" },
    { "vmware-svga", true }, /* RAM block "vmsvga.fifo" */
};

/*
 * The wire (docs/interop/vfio-user.rst)
 */

enum {
    CMD_VERSION = 1,
    CMD_REGION_INFO = 5,
    CMD_READ = 9,
    CMD_WRITE = 10,
    CMD_RESET = 13,
};

#define FLAG_REPLY 0x01
#define FLAG_NO_REPLY 0x10
#define FLAG_ERROR 0x20

typedef struct Header {
    uint16_t id;
    uint16_t command;
    uint32_t size; /* with the header */
    uint32_t flags;
    uint32_t error;
} Header;

typedef struct Access {
    uint64_t offset;
    uint32_t region;
    uint32_t count;
} Access;

typedef struct RegionInfo {
    uint32_t argsz;
    uint32_t flags; /* 1: readable, 2: writable */
    uint32_t index;
    uint32_t cap_offset;
    uint64_t size;
    uint64_t offset;
} RegionInfo;

typedef struct Wire {
    int fd;
    uint16_t id; /* of the last message sent */
} Wire;

static void wire_get(Wire *wire, void *data, size_t size)
{
    while (size) {
        ssize_t n = recv(wire->fd, data, size, 0);

        g_assert_cmpint(n, >, 0);
        data = (char *)data + n;
        size -= n;
    }
}

static void wire_send(Wire *wire, uint16_t command, uint32_t flags,
                      const void *head, size_t head_size,
                      const void *data, size_t data_size)
{
    Header header = {
        .id = ++wire->id,
        .command = command,
        .size = sizeof(header) + head_size + data_size,
        .flags = flags,
    };
    struct iovec iov[] = {
        { &header, sizeof(header) },
        { (void *)head, head_size },
        { (void *)data, data_size },
    };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov) };

    g_assert_cmpint(sendmsg(wire->fd, &msg, MSG_NOSIGNAL), ==, header.size);
}

/*
 * The reply to the message sent last, and to no other.
 *
 * Returns its error, or 0; up to @size bytes of its body are in @body.
 */
static int wire_reply(Wire *wire, void *body, size_t size)
{
    g_autofree char *rest = NULL;
    Header header;
    size_t got;

    wire_get(wire, &header, sizeof(header));
    g_assert_cmphex(header.id, ==, wire->id);
    g_assert_cmphex(header.flags & 0xf, ==, FLAG_REPLY);
    g_assert_cmpint(header.size, >=, sizeof(header));

    got = header.size - sizeof(header);
    rest = g_malloc(got + 1);
    wire_get(wire, rest, got);
    if (size) {
        memcpy(body, rest, MIN(got, size));
    }

    if (header.flags & FLAG_ERROR) {
        g_assert_cmpint(header.error, !=, 0);
        return header.error;
    }
    return 0;
}

static int wire_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static int wire_connect(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 60 };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                               sizeof(patience)), ==, 0);
    return fd;
}

static void wire_open(Wire *wire, const char *path)
{
    static const uint16_t version[2] = { 0, 0 };
    static const char caps[] =
        "{\"capabilities\":{\"max_msg_fds\":1,\"max_data_xfer_size\":1048576}}";

    wire->fd = wire_connect(path);
    wire_send(wire, CMD_VERSION, 0, version, sizeof(version),
              caps, sizeof(caps));
    g_assert_cmpint(wire_reply(wire, NULL, 0), ==, 0);
}

static int wire_read(Wire *wire, uint64_t offset, uint32_t count, void *data)
{
    Access access = { .offset = offset, .region = VGA_REGION, .count = count };
    g_autofree char *body = g_malloc0(sizeof(access) + count);
    int error;

    wire_send(wire, CMD_READ, 0, &access, sizeof(access), NULL, 0);
    error = wire_reply(wire, body, sizeof(access) + count);
    memcpy(data, body + sizeof(access), count);
    return error;
}

static void wire_write_only(Wire *wire, uint64_t offset, uint32_t count,
                            const void *data, uint32_t flags)
{
    Access access = { .offset = offset, .region = VGA_REGION, .count = count };

    wire_send(wire, CMD_WRITE, flags, &access, sizeof(access), data, count);
}

static int wire_write(Wire *wire, uint64_t offset, uint32_t count,
                      const void *data)
{
    wire_write_only(wire, offset, count, data, 0);
    return wire_reply(wire, NULL, 0);
}

/* One that must work */
static void put(Wire *wire, uint64_t offset, uint8_t value)
{
    g_assert_cmpint(wire_write(wire, offset, 1, &value), ==, 0);
}

static uint8_t get(Wire *wire, uint64_t offset)
{
    uint8_t value;

    g_assert_cmpint(wire_read(wire, offset, 1, &value), ==, 0);
    return value;
}

/* A register behind an index port */
static void put_reg(Wire *wire, uint16_t port, uint8_t index, uint8_t value)
{
    put(wire, port, index);
    put(wire, port + 1, value);
}

static uint8_t get_reg(Wire *wire, uint16_t port, uint8_t index)
{
    put(wire, port, index);
    return get(wire, port + 1);
}

static RegionInfo region_info(Wire *wire, int index)
{
    RegionInfo info = { .argsz = sizeof(info), .index = index };

    wire_send(wire, CMD_REGION_INFO, 0, &info, sizeof(info), NULL, 0);
    g_assert_cmpint(wire_reply(wire, &info, sizeof(info)), ==, 0);
    return info;
}

/*
 * The server
 */

typedef struct Server {
    QTestState *qts;
    char *dir;
    int cards;
    char *path[2];
    Wire wire[2]; /* fd -1: not connected */
} Server;

/* Serves @first, and @second unless that is NULL; connects to nothing */
static void server_start(Server *s, const char *first, const char *second)
{
    g_autofree char *more = NULL;
    int i;

    s->dir = g_dir_make_tmp("vfio-user-vga-XXXXXX", NULL);
    g_assert_nonnull(s->dir);
    s->cards = second ? 2 : 1;
    more = g_strdup_printf(second ? "-device %s,id=card1,romfile=" : "%s",
                           second ?: "");
    s->qts = qtest_initf("-machine x-remote,vfio-user=on,auto-shutdown=off "
                         "-nodefaults -device %s,id=card0,romfile= %s",
                         first, more);

    for (i = 0; i < s->cards; i++) {
        s->path[i] = g_strdup_printf("%s/card%d", s->dir, i);
        s->wire[i].fd = -1;
        qtest_qmp_assert_success(s->qts,
            "{ 'execute': 'object-add', 'arguments': {"
            "  'qom-type': 'x-vfio-user-server', 'id': %s, 'device': %s,"
            "  'socket': { 'type': 'unix', 'path': %s } } }",
            i ? "server1" : "server0", i ? "card1" : "card0", s->path[i]);
    }
}

static void server_start_and_connect(Server *s, const char *first,
                                     const char *second)
{
    int i;

    server_start(s, first, second);
    for (i = 0; i < s->cards; i++) {
        wire_open(&s->wire[i], s->path[i]);
    }
}

static void server_stop(Server *s)
{
    int i;

    qtest_quit(s->qts);
    for (i = 0; i < s->cards; i++) {
        if (s->wire[i].fd >= 0) {
            close(s->wire[i].fd);
        }
        g_unlink(s->path[i]);
        g_free(s->path[i]);
    }
    g_rmdir(s->dir);
    g_free(s->dir);
}

/* Sequencer, graphics controller: all that decides where a byte goes */
static void planar_mode(Wire *wire)
{
    put_reg(wire, 0x3c4, 2, 0x0f); /* write all planes */
    put_reg(wire, 0x3c4, 4, 0x06); /* not chained, no odd/even */
    put_reg(wire, 0x3ce, 1, 0x00);
    put_reg(wire, 0x3ce, 3, 0x00);
    put_reg(wire, 0x3ce, 4, 0x00); /* read plane 0 */
    put_reg(wire, 0x3ce, 5, 0x00);
    put_reg(wire, 0x3ce, 6, 0x01); /* graphics, window of 128 KiB */
    put_reg(wire, 0x3ce, 8, 0xff);
}

static void chained_mode(Wire *wire)
{
    planar_mode(wire);
    put_reg(wire, 0x3c4, 4, 0x0e);
}

/* No two neighbours alike, and no power of two that hides a lost piece */
static uint8_t pattern(uint32_t i)
{
    return i * 37 + i / 251 + 5;
}

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

/* Display devices without legacy ranges, and no display device at all */
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

    /* The color and the mono address of the CRTC, one of them at a time */
    put_reg(w, 0x3d4, 0x0e, 0x12);
    g_assert_cmphex(get_reg(w, 0x3d4, 0x0e), ==, 0x12);
    put(w, 0x3c2, 0x66);
    put_reg(w, 0x3b4, 0x0e, 0x34);
    g_assert_cmphex(get_reg(w, 0x3b4, 0x0e), ==, 0x34);
    put_reg(w, 0x3d4, 0x0e, 0x56);
    g_assert_cmphex(get_reg(w, 0x3b4, 0x0e), ==, 0x34);
    put(w, 0x3c2, 0x67);

    /* An index and its data in one cycle, as every VGA driver does it */
    for (i = 0; i < 2; i++) {
        const uint8_t pair[2] = { 8, i ? 0x5a : 0xa5 };

        g_assert_cmpint(wire_write(w, 0x3ce, 2, pair), ==, 0);
        g_assert_cmphex(get_reg(w, 0x3ce, 8), ==, pair[1]);
        g_assert_cmpint(wire_read(w, 0x3ce, 2, bytes), ==, 0);
        g_assert_cmphex(bytes[0], ==, pair[0]);
        g_assert_cmphex(bytes[1], ==, pair[1]);
    }

    /* Counts that are no cycle go byte by byte */
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

    /* The palette: one port takes three bytes, and gives them back */
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

    /* Posted, whatever the size, and in order with what follows */
    for (j = 0; j < MEM_SIZE; j++) {
        image[j] = pattern(j + 99);
    }
    wire_write_only(w, MEM, MEM_SIZE, image, FLAG_NO_REPLY);
    byte = ~image[77];
    image[77] = byte;
    wire_write_only(w, MEM + 77, 1, &byte, FLAG_NO_REPLY);
    g_assert_cmpint(wire_read(w, MEM, MEM_SIZE, seen), ==, 0);
    g_assert_cmpmem(seen, MEM_SIZE, image, MEM_SIZE);

    /* Not a memory behind the window but the card: planes, and its logic */
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

        /* No reply to a posted one: the next reply is to what comes next */
        memset(data, 0xee, refused[i].count);
        wire_write_only(w, refused[i].offset, refused[i].count, data,
                        FLAG_NO_REPLY);

        /* Refused is refused whole */
        g_assert_cmphex(get(w, 0x3ce), ==, 8);
        g_assert_cmphex(get(w, 0x3cf), ==, 0x33);
        g_assert_cmphex(get(w, MEM), ==, 0x11);
        g_assert_cmphex(get(w, 0xbffff), ==, 0x22);
    }

    /* More than any message may carry, and less than one byte */
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

/* Two cards of one process, in different modes, written in turn */
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

        /* What one is asked in between does not disturb the other's index */
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

    /* A reset is of one card */
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

    /* Both are what the model is, as far as the registers tell */
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

/*
 * x-vga=on, seen from the guest and from between the two processes
 */

typedef struct Seen {
    bool write;
    bool posted;
    uint64_t offset;
    uint32_t count;
    uint8_t data[8]; /* of a write */
} Seen;

typedef struct Middle {
    int listener;
    const char *server;
    GThread *thread;
    GMutex lock;
    GArray *seen; /* of Seen, under @lock */
} Middle;

/* Returns the number of bytes taken, 0 at the end of the connection */
static ssize_t middle_take(int from, void *data, size_t size, int *fds,
                           int *num_fds)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(16 * sizeof(int))];
    } control;
    struct iovec iov = { .iov_base = data, .iov_len = size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof(control),
    };
    struct cmsghdr *c;
    ssize_t n = recvmsg(from, &msg, 0);

    for (c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL; c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            *num_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(c), *num_fds * sizeof(int));
        }
    }
    return MAX(n, 0);
}

static void middle_give(int to, const char *data, size_t size, int *fds,
                        int num_fds)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(16 * sizeof(int))];
    } control = { };
    struct iovec iov = { .iov_base = (char *)data, .iov_len = size };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (num_fds) {
        struct cmsghdr *c;

        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, num_fds * sizeof(int));
    }
    while (iov.iov_len) {
        ssize_t n = sendmsg(to, &msg, MSG_NOSIGNAL);

        if (n <= 0) {
            break; /* the next read of the other end tells */
        }
        iov.iov_base = (char *)iov.iov_base + n;
        iov.iov_len -= n;
        msg.msg_control = NULL;
        msg.msg_controllen = 0;
    }
    while (num_fds) {
        close(fds[--num_fds]);
    }
}

static void middle_note(Middle *m, const char *message)
{
    const Header *header = (const Header *)message;
    const Access *access = (const Access *)(header + 1);
    Seen seen;

    if ((header->command != CMD_READ && header->command != CMD_WRITE) ||
        (header->flags & 0xf) == FLAG_REPLY || access->region != VGA_REGION) {
        return;
    }
    seen = (Seen) {
        .write = header->command == CMD_WRITE,
        .posted = header->flags & FLAG_NO_REPLY,
        .offset = access->offset,
        .count = access->count,
    };
    if (seen.write) {
        memcpy(seen.data, access + 1, MIN(seen.count, sizeof(seen.data)));
    }
    g_mutex_lock(&m->lock);
    g_array_append_val(m->seen, seen);
    g_mutex_unlock(&m->lock);
}

/* One message, however it is cut.  Returns false at the end of either side. */
static bool middle_message(Middle *m, int from, int to)
{
    g_autofree char *message = g_malloc0(2 * MiB);
    int fds[16], num_fds = 0;
    size_t have = 0, want = sizeof(Header);

    while (have < want) {
        ssize_t n = middle_take(from, message + have, want - have, fds,
                                &num_fds);

        if (!n) {
            return false;
        }
        have += n;
        if (have == sizeof(Header)) {
            want = ((Header *)message)->size;
            g_assert_cmpint(want, <=, 2 * MiB);
        }
    }
    middle_note(m, message);
    middle_give(to, message, have, fds, num_fds);
    return true;
}

static void *middle_run(void *opaque)
{
    Middle *m = opaque;
    int client = accept(m->listener, NULL, NULL);
    int server = wire_connect(m->server);
    struct pollfd ends[2] = {
        { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN },
    };
    bool more = true;

    g_assert_cmpint(client, >=, 0);
    while (more) {
        g_assert_cmpint(poll(ends, 2, -1), >, 0);
        if (ends[0].revents) {
            more = middle_message(m, client, server);
        }
        if (more && ends[1].revents) {
            more = middle_message(m, server, client);
        }
    }
    close(client);
    close(server);
    return NULL;
}

typedef struct Guest {
    Server server;
    Middle middle;
    char *path;
    QTestState *qts;
} Guest;

#define SLOT 4

static uint32_t config_address(int reg)
{
    return 0x80000000 | (SLOT << 11) | reg;
}

static void guest_command(Guest *g, uint16_t command)
{
    qtest_outl(g->qts, 0xcf8, config_address(PCI_COMMAND));
    qtest_outw(g->qts, 0xcfc, command);
}

static void guest_start(Guest *g, const char *model)
{
    server_start(&g->server, model, NULL);

    g->path = g_strdup_printf("%s/middle", g->server.dir);
    g->middle.listener = wire_listen(g->path);
    g->middle.server = g->server.path[0];
    g->middle.seen = g_array_new(false, false, sizeof(Seen));
    g_mutex_init(&g->middle.lock);
    g->middle.thread = g_thread_new("middle", middle_run, &g->middle);

    g->qts = qtest_initf("-machine pc -nodefaults -vga none -device "
                         "'{\"driver\":\"vfio-user-pci\",\"id\":\"vga0\","
                         "\"addr\":\"%d\",\"x-vga\":true,"
                         "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'",
                         SLOT, g->path);
}

static void guest_stop(Guest *g)
{
    qtest_quit(g->qts);
    g_thread_join(g->middle.thread);
    close(g->middle.listener);
    g_array_free(g->middle.seen, true);
    g_mutex_clear(&g->middle.lock);
    g_unlink(g->path);
    g_free(g->path);
    server_stop(&g->server);
}

/* The region accesses since the last call, of which there must be @n */
static Seen *guest_seen(Guest *g, int n)
{
    Seen *seen;

    /*
     * An access that waits for its reply has been seen when the guest goes
     * on.  A posted one has been sent by then, so let one that waits pass it;
     * the class code is not kept in the client.
     */
    qtest_outl(g->qts, 0xcf8, config_address(PCI_CLASS_REVISION));
    g_assert_cmphex(qtest_inl(g->qts, 0xcfc) >> 8, ==, 0x030000);

    g_mutex_lock(&g->middle.lock);
    g_assert_cmpint(g->middle.seen->len, ==, n);
    seen = g_memdup2(g->middle.seen->data, n * sizeof(Seen));
    g_array_set_size(g->middle.seen, 0);
    g_mutex_unlock(&g->middle.lock);
    return seen;
}

static void guest_round_trips(Guest *g)
{
    qtest_outb(g->qts, 0x3c2, 0x67);
    g_assert_cmphex(qtest_inb(g->qts, 0x3cc), ==, 0x67);
    qtest_outw(g->qts, 0x3ce, 0x5a08);
    g_assert_cmphex(qtest_inw(g->qts, 0x3ce), ==, 0x5a08);
    qtest_outb(g->qts, 0x3d4, 0x0e);
    qtest_outb(g->qts, 0x3d5, 0x12);
    g_assert_cmphex(qtest_inb(g->qts, 0x3d5), ==, 0x12);
    qtest_outw(g->qts, 0x3ce, 0xff08);
    qtest_outw(g->qts, 0x3c4, 0x0f02);
    qtest_outw(g->qts, 0x3c4, 0x0e04);
    qtest_outw(g->qts, 0x3ce, 0x0106);
    qtest_writel(g->qts, MEM, 0x12345678);
    qtest_writeb(g->qts, 0xbffff, 0x9a);
    qtest_writew(g->qts, MEM + 0x8001, 0xbcde);
    g_assert_cmphex(qtest_readl(g->qts, MEM), ==, 0x12345678);
    g_assert_cmphex(qtest_readb(g->qts, MEM + 2), ==, 0x34);
    g_assert_cmphex(qtest_readb(g->qts, 0xbffff), ==, 0x9a);
    g_assert_cmphex(qtest_readw(g->qts, MEM + 0x8001), ==, 0xbcde);
}

static void test_guest(const void *model)
{
    Guest g = { };

    guest_start(&g, model);
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    guest_round_trips(&g);

    /* The guest's machine is reset, and the card in the other process is */
    qtest_system_reset(g.qts);
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_inb(g.qts, 0x3cc), ==, 0);
    qtest_outb(g.qts, 0x3ce, 8);
    g_assert_cmphex(qtest_inb(g.qts, 0x3cf), ==, 0);
    guest_round_trips(&g);
    guest_stop(&g);
}

static void test_posted(void)
{
    Guest g = { };
    g_autofree Seen *none = NULL;
    g_autofree Seen *seen = NULL;

    guest_start(&g, "VGA");
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    none = guest_seen(&g, 0);

    qtest_outb(g.qts, 0x3c4, 0x02);
    qtest_outw(g.qts, 0x3ce, 0x5a08);
    qtest_writeb(g.qts, MEM, 0x12);
    qtest_writel(g.qts, 0xbfffc, 0x89abcdef);
    qtest_readb(g.qts, 0xb8000);
    qtest_inb(g.qts, 0x3ba);
    seen = guest_seen(&g, 6);

    g_assert_true(seen[0].write && !seen[0].posted);
    g_assert_cmphex(seen[0].offset, ==, 0x3c4);
    g_assert_cmpint(seen[0].count, ==, 1);
    g_assert_cmphex(seen[0].data[0], ==, 0x02);
    g_assert_true(seen[1].write && !seen[1].posted);
    g_assert_cmphex(seen[1].offset, ==, 0x3ce);
    g_assert_cmpint(seen[1].count, ==, 2);
    g_assert_cmphex(seen[1].data[0], ==, 0x08);
    g_assert_cmphex(seen[1].data[1], ==, 0x5a);
    g_assert_true(seen[2].write && seen[2].posted);
    g_assert_cmphex(seen[2].offset, ==, MEM);
    g_assert_cmpint(seen[2].count, ==, 1);
    g_assert_cmphex(seen[2].data[0], ==, 0x12);
    g_assert_true(seen[3].write && seen[3].posted);
    g_assert_cmphex(seen[3].offset, ==, 0xbfffc);
    g_assert_cmpint(seen[3].count, ==, 4);
    g_assert_cmphex(seen[3].data[0], ==, 0xef);
    g_assert_cmphex(seen[3].data[3], ==, 0x89);
    g_assert_true(!seen[4].write && !seen[4].posted);
    g_assert_cmphex(seen[4].offset, ==, 0xb8000);
    g_assert_true(!seen[5].write && !seen[5].posted);
    g_assert_cmphex(seen[5].offset, ==, 0x3ba);
    guest_stop(&g);
}

/* The adapter sees what PCI_COMMAND lets through, and nothing else */
static void test_decode(void)
{
    Guest g = { };
    int command;

    guest_start(&g, "VGA");
    for (command = 0; command < 8; command++) {
        bool io = command & PCI_COMMAND_IO;
        bool mem = command & PCI_COMMAND_MEMORY;
        g_autofree Seen *none = NULL;
        g_autofree Seen *seen = NULL;

        guest_command(&g, command);
        none = guest_seen(&g, 0);
        qtest_outb(g.qts, 0x3c2, 0x66);
        qtest_outb(g.qts, 0x3b4, 0x0e);
        qtest_writeb(g.qts, MEM, 0x12);
        qtest_writeb(g.qts, 0xbffff, 0x34);
        g_assert_cmphex(qtest_inb(g.qts, 0x3cc), ==, io ? 0x66 : 0xff);
        g_assert_cmphex(qtest_inb(g.qts, 0x3b4), ==, io ? 0x0e : 0xff);
        seen = guest_seen(&g, (io ? 4 : 0) + (mem ? 2 : 0));
    }
    guest_stop(&g);
}

/* What a user is told whose server has no VGA card */
static void test_no_region(const void *model)
{
    g_autofree char *device = NULL;
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    const char *argv[] = {
        qtest_qemu_binary(NULL), "-machine", "pc,accel=qtest", "-nodefaults",
        "-display", "none", "-device", NULL, NULL,
    };
    int status = 0;
    Server s;

    server_start(&s, model, NULL);
    device = g_strdup_printf("{\"driver\":\"vfio-user-pci\",\"x-vga\":true,"
                             "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}",
                             s.path[0]);
    argv[7] = device;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL,
                               &out, &err, &status, NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(err, "x-vga=on needs a VGA region, and the adapter "
                            "offers none: the vfio-user server offers no VGA "
                            "region"));
    server_stop(&s);
}

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
        qtest_add_func("/vfio-user-vga/decode", test_decode);
    }

    return g_test_run();
}
