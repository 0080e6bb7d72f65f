/*
 * The connection to a vfio-user server
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <sys/un.h>

#include "hw/vfio-user/connect.h"
#include "qapi/error.h"
#include "qemu/sockets.h"

static bool connect_is_abstract(const UnixSocketAddress *saddr)
{
    return saddr->has_abstract && saddr->abstract;
}

/* Does an abstract name end with the path, without padding zeros? */
static bool connect_is_tight(const UnixSocketAddress *saddr)
{
    return !saddr->has_tight || saddr->tight;
}

/* Returns the length of the address in *@un, or 0 */
static socklen_t connect_address(const UnixSocketAddress *saddr,
                                 struct sockaddr_un *un, Error **errp)
{
    bool abstract = connect_is_abstract(saddr);
    size_t len = strlen(saddr->path);
    size_t room = sizeof(un->sun_path) - abstract;

    if (!len && !abstract) {
        error_setg(errp, "socket.path is empty; it must be the path of the "
                   "server's socket");
        return 0;
    }
    if (len > room) {
        error_setg(errp, "the path of the server's socket has %zu bytes; at "
                   "most %zu are possible", len, room);
        return 0;
    }
    *un = (struct sockaddr_un) { .sun_family = AF_UNIX };
    memcpy(un->sun_path + abstract, saddr->path, len);
    return abstract && connect_is_tight(saddr) ?
           offsetof(struct sockaddr_un, sun_path) + 1 + len : sizeof(*un);
}

/*
 * The kernel lets connect() wait as long as a send may take, and a socket that
 * does not block would not wait for room in the backlog at all (Linux,
 * net/unix/af_unix.c, unix_stream_connect()).
 */
static bool connect_set_patience(int fd, int64_t usec)
{
    struct timeval tv = {
        .tv_sec = usec / G_USEC_PER_SEC,
        .tv_usec = usec % G_USEC_PER_SEC,
    };

    return !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* Returns 0 or a negative error code, -EAGAIN after @msec */
static int connect_wait(int fd, const struct sockaddr_un *un, socklen_t len,
                        uint32_t msec)
{
    int64_t end = g_get_monotonic_time() + (int64_t)msec * 1000;
    int64_t left;

    while ((left = end - g_get_monotonic_time()) > 0) {
        if (!connect_set_patience(fd, left)) {
            return -errno;
        }
        if (!connect(fd, (const struct sockaddr *)un, len)) {
            connect_set_patience(fd, 0);
            return 0;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
    return -EAGAIN;
}

int vfio_user_connect_unix(const UnixSocketAddress *saddr, uint32_t msec,
                           Error **errp)
{
    ERRP_GUARD();
    struct sockaddr_un un;
    socklen_t len = connect_address(saddr, &un, errp);
    int fd, ret;

    if (!len) {
        return -1;
    }
    fd = qemu_socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        error_setg_errno(errp, errno, "cannot create a socket to reach the "
                         "server");
        return -1;
    }
    ret = connect_wait(fd, &un, len, msec);
    if (!ret) {
        return fd;
    }
    if (ret == -EAGAIN) {
        error_setg(errp, "the server did not accept the connection within "
                   "%" PRIu32 " ms (x-msg-timeout)", msec);
    } else {
        error_setg_errno(errp, -ret, "cannot connect to the server's socket "
                         "'%s'", saddr->path);
        error_append_hint(errp, "Start the vfio-user server first, and let "
                          "QEMU open its socket.\n");
    }
    close(fd);
    return -1;
}
