/*
 * A server of display adapters, and its vfio-user on the wire
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "qemu/units.h"
#include "vfio-user-vga-server.h"

/*
 * The wire (docs/interop/vfio-user.rst)
 */

static void wire_get(Wire *wire, void *data, size_t size)
{
    while (size) {
        ssize_t n = recv(wire->fd, data, size, 0);

        g_assert_cmpint(n, >, 0);
        data = (char *)data + n;
        size -= n;
    }
}

void wire_send(Wire *wire, uint16_t command, uint32_t flags,
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

int wire_reply(Wire *wire, void *body, size_t size)
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

int wire_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

int wire_connect(const char *path)
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

int wire_read(Wire *wire, uint64_t offset, uint32_t count, void *data)
{
    Access access = { .offset = offset, .region = VGA_REGION, .count = count };
    g_autofree char *body = g_malloc0(sizeof(access) + count);
    int error;

    wire_send(wire, CMD_READ, 0, &access, sizeof(access), NULL, 0);
    error = wire_reply(wire, body, sizeof(access) + count);
    memcpy(data, body + sizeof(access), count);
    return error;
}

void wire_write_only(Wire *wire, uint64_t offset, uint32_t count,
                     const void *data, uint32_t flags)
{
    Access access = { .offset = offset, .region = VGA_REGION, .count = count };

    wire_send(wire, CMD_WRITE, flags, &access, sizeof(access), data, count);
}

int wire_write(Wire *wire, uint64_t offset, uint32_t count, const void *data)
{
    wire_write_only(wire, offset, count, data, 0);
    return wire_reply(wire, NULL, 0);
}

void put(Wire *wire, uint64_t offset, uint8_t value)
{
    g_assert_cmpint(wire_write(wire, offset, 1, &value), ==, 0);
}

uint8_t get(Wire *wire, uint64_t offset)
{
    uint8_t value;

    g_assert_cmpint(wire_read(wire, offset, 1, &value), ==, 0);
    return value;
}

void put_reg(Wire *wire, uint16_t port, uint8_t index, uint8_t value)
{
    put(wire, port, index);
    put(wire, port + 1, value);
}

uint8_t get_reg(Wire *wire, uint16_t port, uint8_t index)
{
    put(wire, port, index);
    return get(wire, port + 1);
}

RegionInfo region_info(Wire *wire, int index)
{
    RegionInfo info = { .argsz = sizeof(info), .index = index };

    wire_send(wire, CMD_REGION_INFO, 0, &info, sizeof(info), NULL, 0);
    g_assert_cmpint(wire_reply(wire, &info, sizeof(info)), ==, 0);
    return info;
}

/*
 * The server
 */

void server_start(Server *s, const char *first, const char *second)
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

void server_start_and_connect(Server *s, const char *first, const char *second)
{
    int i;

    server_start(s, first, second);
    for (i = 0; i < s->cards; i++) {
        wire_open(&s->wire[i], s->path[i]);
    }
}

void server_stop(Server *s)
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

void planar_mode(Wire *wire)
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

void chained_mode(Wire *wire)
{
    planar_mode(wire);
    put_reg(wire, 0x3c4, 4, 0x0e);
}

uint8_t pattern(uint32_t i)
{
    return i * 37 + i / 251 + 5;
}
