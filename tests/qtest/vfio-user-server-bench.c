/*
 * A QEMU that serves devices, and a client of it without QEMU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/vfio-user/protocol.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "vfio-user-server-bench.h"

void server_start(Server *server, const char *machine, const char *model,
                  unsigned devices)
{
    g_autoptr(GString) args = g_string_new(NULL);
    QDict *response;
    unsigned i;

    g_string_printf(args, "-M x-remote,vfio-user=on,auto-shutdown=off%s"
                    " -nodefaults -vga none", machine);
    g_assert_cmpint(devices, <=, MAX_DEVICES);
    server->dir = g_dir_make_tmp("vfio-user-server-XXXXXX", NULL);
    g_assert_nonnull(server->dir);
    for (i = 0; i < devices; i++) {
        server->path[i] = g_strdup_printf("%s/socket%u", server->dir, i);
        g_string_append_printf(args,
            " -device %s,id=gpu%u"
            " -object x-vfio-user-server,id=vfu%u,type=unix,path=%s,"
            "device=gpu%u", model, i, i, server->path[i], i);
    }
    server->qts = qtest_init(args->str);

    /* It listens when its main loop runs */
    response = qtest_qmp(server->qts, "{'execute': 'query-status'}");
    g_assert_true(qdict_haskey(response, "return"));
    qobject_unref(response);
}

void server_stop(Server *server)
{
    unsigned i;

    qtest_quit(server->qts);
    for (i = 0; i < MAX_DEVICES; i++) {
        if (server->path[i]) {
            g_unlink(server->path[i]);
            g_free(server->path[i]);
        }
    }
    g_rmdir(server->dir);
    g_free(server->dir);
}

uint32_t server_pixel(Server *server, unsigned x, unsigned y)
{
    static const char head[] = "P6\n640 480\n255\n";
    g_autofree char *path = g_strdup_printf("%s/screen.ppm", server->dir);
    g_autofree char *ppm = NULL;
    const uint8_t *rgb;
    gsize size;

    qtest_qmp_assert_success(server->qts,
                             "{'execute': 'screendump',"
                             " 'arguments': {'filename': %s}}", path);
    g_assert_true(g_file_get_contents(path, &ppm, &size, NULL));
    g_unlink(path);
    g_assert_cmpint(size, ==, strlen(head) + 3 * WIDTH * HEIGHT);
    g_assert_cmpint(memcmp(ppm, head, strlen(head)), ==, 0);
    rgb = (uint8_t *)ppm + strlen(head) + 3 * (y * WIDTH + x);
    return rgb[0] << 16 | rgb[1] << 8 | rgb[2];
}

/* Returns the descriptor that came with a message, or -1 */
static int raw_descriptor(struct msghdr *msg)
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
    int fd = -1;

    if (cmsg) {
        g_assert_cmpint(cmsg->cmsg_type, ==, SCM_RIGHTS);
        memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
    }
    return fd;
}

/*
 * Make one request; the reply is put in its place.  The caller closes the
 * returned descriptor, unless it is -1.
 */
static int raw_request(int fd, VFIOUserHdr *hdr, unsigned command,
                       uint32_t size, uint32_t room)
{
    static uint16_t id;
    struct iovec iov = { .iov_base = hdr, .iov_len = room };
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    *hdr = (VFIOUserHdr) { .id = ++id, .command = command, .size = size };
    g_assert_cmpint(send(fd, hdr, size, 0), ==, size);
    g_assert_cmpint(recvmsg(fd, &msg, MSG_CMSG_CLOEXEC), >=, sizeof(*hdr));
    g_assert_cmpint(hdr->id, ==, id);
    g_assert_cmphex(hdr->flags, ==, VFIO_USER_REPLY);
    return raw_descriptor(&msg);
}

int raw_connect(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    union {
        VFIOUserVersion version;
        uint8_t room[4096];
    } m = { };

    g_assert_cmpint(strlen(path), <, sizeof(un.sun_path));
    strcpy(un.sun_path, path);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    strcpy(m.version.capabilities, "{}");
    raw_request(fd, &m.version.hdr, VFIO_USER_VERSION, sizeof(m.version) + 3,
                sizeof(m));
    return fd;
}

uint32_t raw_region_info(int fd, unsigned region, uint64_t *size, int *file)
{
    union {
        VFIOUserRegionInfo info;
        uint8_t room[512];          /* for capabilities, too */
    } m = { };
    int got;

    m.info.argsz = sizeof(m) - sizeof(m.info.hdr);
    m.info.index = region;
    got = raw_request(fd, &m.info.hdr, VFIO_USER_DEVICE_GET_REGION_INFO,
                      sizeof(m.info), sizeof(m));
    g_assert_cmpint(m.info.index, ==, region);
    if (size) {
        *size = m.info.size;
    }
    if (file) {
        *file = got;
    } else if (got >= 0) {
        close(got);
    }
    return m.info.flags;
}

void raw_access(int fd, bool write, unsigned region, uint64_t offset,
                void *data, uint32_t count)
{
    uint32_t size = sizeof(VFIOUserRegionRW) + count;
    g_autofree VFIOUserRegionRW *rw = g_malloc0(size);

    /* setting the header does not change the rest */
    rw->offset = offset;
    rw->region = region;
    rw->count = count;
    if (write) {
        memcpy(rw->data, data, count);
    }
    raw_request(fd, &rw->hdr,
                write ? VFIO_USER_REGION_WRITE : VFIO_USER_REGION_READ,
                write ? size : sizeof(*rw), size);
    g_assert_cmpint(rw->count, ==, count);
    if (!write) {
        memcpy(data, rw->data, count);
    }
}
