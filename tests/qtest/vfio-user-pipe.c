/*
 * A QEMU that gets many commands before its first reply is read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "libqmp.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "vfio-user-pipe.h"

static int pipe_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static int pipe_accept(int listener)
{
    struct pollfd patience = { .fd = listener, .events = POLLIN };
    int fd;

    g_assert_cmpint(RETRY_ON_EINTR(poll(&patience, 1, 50 * 1000)), ==, 1);
    fd = accept(listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(listener);
    return fd;
}

void pipe_open(Pipe *p, const char *path, const char *args)
{
    g_autofree char *qmp_path = g_strdup_printf("%s.qmp", path);
    g_autofree char *all = g_strdup_printf("%s -qtest unix:%s -qmp unix:%s",
                                           args, path, qmp_path);
    int listener = pipe_listen(path);
    int qmp_listener = pipe_listen(qmp_path);

    p->qts = qtest_init_ext(NULL, all, NULL, false);
    p->fd = pipe_accept(listener);
    p->qmp = pipe_accept(qmp_listener);
    qobject_unref(qmp_fd_receive(p->qmp)); /* greeting */
    qobject_unref(qmp_fd(p->qmp, "{ 'execute': 'qmp_capabilities' }"));
    g_unlink(qmp_path);
    p->out = g_string_new("");
    p->in = g_string_new("");
    g_unlink(path);
}

void pipe_close(Pipe *p)
{
    close(p->fd);
    close(p->qmp);
    qtest_quit(p->qts);
    g_string_free(p->out, true);
    g_string_free(p->in, true);
}

void pipe_printf(Pipe *p, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_string_append_vprintf(p->out, format, ap);
    va_end(ap);
    g_string_append_c(p->out, '\n');
    p->wanted++;
}

static void pipe_transmit(Pipe *p)
{
    ssize_t n = send(p->fd, p->out->str + p->sent, p->out->len - p->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    g_assert(n > 0 || errno == EAGAIN);
    p->sent += MAX(n, 0);
}

static void pipe_receive(Pipe *p)
{
    char data[16 * KiB];
    ssize_t i, n = recv(p->fd, data, sizeof(data), MSG_DONTWAIT);

    g_assert_cmpint(n, >, 0);
    for (i = 0; i < n; i++) {
        p->wanted -= data[i] == '\n';
    }
    g_string_append_len(p->in, data, n);
}

void pipes_run(Pipe *pipes, int n)
{
    struct pollfd fds[2];
    int i, wanted;

    g_assert_cmpint(n, <=, ARRAY_SIZE(fds));
    for (;;) {
        wanted = 0;
        for (i = 0; i < n; i++) {
            Pipe *p = &pipes[i];

            wanted += p->wanted;
            fds[i].fd = p->wanted ? p->fd : -1;
            fds[i].events = POLLIN | (p->sent < p->out->len ? POLLOUT : 0);
        }
        if (!wanted) {
            return;
        }
        g_assert_cmpint(RETRY_ON_EINTR(poll(fds, n, 60 * 1000)), >, 0);
        for (i = 0; i < n; i++) {
            if (fds[i].revents & POLLOUT) {
                pipe_transmit(&pipes[i]);
            }
            if (fds[i].revents & ~POLLOUT) {
                pipe_receive(&pipes[i]);
            }
        }
    }
}

char *pipe_reply(Pipe *p)
{
    char *line = p->in->str + p->read;
    char *end = strchr(line, '\n');

    g_assert_nonnull(end);
    *end = 0;
    p->read += end - line + 1;
    return line;
}

void pipe_clear(Pipe *p)
{
    g_string_truncate(p->out, 0);
    g_string_truncate(p->in, 0);
    p->sent = p->read = 0;
}

void pipe_command(Pipe *p, const char *command, const char *event)
{
    bool done = false, happened = false;

    qmp_fd_send(p->qmp, "{ 'execute': %s }", command);
    while (!done || !happened) {
        QDict *message = qmp_fd_receive(p->qmp);

        g_assert_false(qdict_haskey(message, "error"));
        done |= qdict_haskey(message, "return");
        happened |= !g_strcmp0(qdict_get_try_str(message, "event"), event);
        qobject_unref(message);
    }
}
