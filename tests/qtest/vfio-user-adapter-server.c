/*
 * A display adapter for tests: its messages, and its faults
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include <poll.h>
#include <sys/socket.h>

#include "hw/vfio-user/protocol.h"
#include "vfio-user-adapter-internal.h"

/*
 * Messages
 */

/* Read @size bytes; false at the end of the connection or of the test */
static bool adapter_receive(Adapter *adapter, int fd, void *buf, size_t size)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(VFIO_USER_MAX_MAX_FDS * sizeof(int))];
    } control;
    uint8_t *next = buf;

    while (size) {
        struct iovec iov = { .iov_base = next, .iov_len = size };
        struct msghdr msg = {
            .msg_iov = &iov, .msg_iovlen = 1,
            .msg_control = &control, .msg_controllen = sizeof(control),
        };
        struct pollfd pfd[2] = {
            { .fd = fd, .events = POLLIN },
            { .fd = adapter->wake[0], .events = POLLIN },
        };
        struct cmsghdr *cmsg;
        ssize_t got;

        if (poll(pfd, 2, -1) < 0 && errno == EINTR) {
            continue;
        }
        if (pfd[1].revents) {
            return false;
        }
        got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
            size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            size_t i;

            for (i = 0; i < n; i++) {
                g_assert_cmpint(adapter->num_fds, <, VFIO_USER_MAX_MAX_FDS);
                adapter->fds[adapter->num_fds++] = ((int *)CMSG_DATA(cmsg))[i];
            }
        }
        next += got;
        size -= got;
    }
    return true;
}

void adapter_drop_fds(Adapter *adapter)
{
    while (adapter->num_fds) {
        close(adapter->fds[--adapter->num_fds]);
    }
}

static bool adapter_send(int fd, const void *buf, size_t size)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&adapter_send_lock);
    const uint8_t *next = buf;

    while (size) {
        ssize_t sent = send(fd, next, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        next += sent;
        size -= sent;
    }
    return true;
}

/* Send a message with @fds descriptors, all of them of @file */
static bool adapter_send_files(int fd, void *message, size_t size, int file,
                               unsigned fds)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(VFIO_USER_MAX_MAX_FDS * sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = message, .iov_len = size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = CMSG_SPACE(fds * sizeof(int)),
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    unsigned i;

    g_assert_cmpint(fds, >, 0);
    g_assert_cmpint(fds, <=, VFIO_USER_MAX_MAX_FDS);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
    for (i = 0; i < fds; i++) {
        ((int *)CMSG_DATA(cmsg))[i] = file;
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL) == size;
}

/* Send the request that adapter_ask() has set */
static bool adapter_send_request(int fd, unsigned command, unsigned fds)
{
    VFIOUserHdr hdr = {
        .command = command, .size = sizeof(hdr), .flags = VFIO_USER_REQUEST,
    };

    return adapter_send_files(fd, &hdr, sizeof(hdr), fd, fds);
}

/*
 * The device
 */

/* Returns the region with a file that the information request @m is about */
static AdapterRegion *adapter_region_with_file(Adapter *adapter,
                                               AdapterMessage *m)
{
    AdapterRegion *region;

    if (m->hdr.command != VFIO_USER_DEVICE_GET_REGION_INFO ||
        m->hdr.flags & VFIO_USER_ERROR) {
        return NULL;
    }
    region = &adapter->region[m->region.index];
    return region->has_file ? region : NULL;
}

static bool adapter_send_reply(Adapter *adapter, int fd, AdapterMessage *m)
{
    AdapterRegion *region = adapter_region_with_file(adapter, m);

    return region ?
           adapter_send_files(fd, m, m->hdr.size, region->file, 1) :
           adapter_send(fd, m, m->hdr.size);
}

static AdapterFault adapter_fault_of(Adapter *adapter, AdapterMessage *m)
{
    unsigned region = ADAPTER_REGIONS;

    if (m->hdr.command != adapter->fault_command) {
        return ADAPTER_FAULT_NONE;
    }
    switch (m->hdr.command) {
    case VFIO_USER_DEVICE_GET_REGION_INFO:
        region = m->region.index;
        break;
    case VFIO_USER_REGION_READ:
    case VFIO_USER_REGION_WRITE:
        region = m->rw.region;
        break;
    }
    if (adapter->fault_region != ADAPTER_REGIONS &&
        adapter->fault_region != region) {
        return ADAPTER_FAULT_NONE;
    }
    return adapter->fault;
}

/* Returns the error of a reply that has only an error, or -1 */
static int64_t adapter_error_of(AdapterFault fault)
{
    static const struct {
        AdapterFault fault;
        uint32_t error;
    } errors[] = {
        { ADAPTER_FAULT_ERROR, EIO },
        { ADAPTER_FAULT_AGAIN, EAGAIN },
        { ADAPTER_FAULT_CODE, -4 },
        { ADAPTER_FAULT_ZERO, 0 },
    };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(errors); i++) {
        if (errors[i].fault == fault) {
            return errors[i].error;
        }
    }
    return -1;
}

/* Wait until QEMU closes the connection or the test ends */
static void adapter_hang(Adapter *adapter, int fd)
{
    struct pollfd pfd[2] = {
        { .fd = fd },
        { .fd = adapter->wake[0], .events = POLLIN },
    };

    while (poll(pfd, 2, -1) < 0 && errno == EINTR) {
        /* receive again */
    }
}

/* Send requests in place of a reply, until QEMU closes the connection */
static bool adapter_babble(Adapter *adapter, int fd)
{
    VFIOUserDMARW dma = {
        .hdr = {
            .command = VFIO_USER_DMA_READ, .size = sizeof(dma),
            .flags = VFIO_USER_REQUEST | VFIO_USER_NO_REPLY,
        },
        .offset = 0x100000, .count = 4,
    };

    while (adapter_send(fd, &dma, sizeof(dma))) {
        g_usleep(1000);
    }
    return false;
}

static bool adapter_receive_message(Adapter *adapter, int fd,
                                    AdapterMessage *m)
{
    if (!adapter_receive(adapter, fd, &m->hdr, sizeof(m->hdr))) {
        return false;
    }
    g_assert_cmpint(m->hdr.size, >=, sizeof(m->hdr));
    g_assert_cmpint(m->hdr.size, <=, sizeof(*m));
    return adapter_receive(adapter, fd, m->bytes + sizeof(m->hdr),
                           m->hdr.size - sizeof(m->hdr));
}

/* Wait as long as the test wants */
static void adapter_dawdle(Adapter *adapter)
{
    unsigned pace;

    g_mutex_lock(&adapter->lock);
    while (adapter->paused) {
        g_cond_wait(&adapter->changed, &adapter->lock);
    }
    pace = g_get_monotonic_time() < adapter->pace_end ? adapter->pace : 0;
    g_mutex_unlock(&adapter->lock);
    if (pace) {
        g_usleep(pace * 1000);
    }
}

static void adapter_keep_reply(Adapter *adapter, AdapterMessage *m)
{
    g_mutex_lock(&adapter->lock);
    adapter->replies++;
    g_queue_push_tail(&adapter->reply_messages,
                      g_bytes_new(m, m->hdr.size));
    g_cond_broadcast(&adapter->changed);
    g_mutex_unlock(&adapter->lock);
}

/* adapter_ask_first(): send the request before the reply @m */
static bool adapter_do_first(Adapter *adapter, int fd)
{
    g_autofree AdapterMessage *m = NULL;
    g_autoptr(GBytes) first = NULL;

    g_mutex_lock(&adapter->lock);
    first = g_steal_pointer(&adapter->first);
    g_mutex_unlock(&adapter->lock);
    if (!first) {
        return true;
    }
    m = g_new0(AdapterMessage, 1);
    if (!adapter_send(fd, g_bytes_get_data(first, NULL),
                      g_bytes_get_size(first)) ||
        !adapter_receive_message(adapter, fd, m)) {
        return false;
    }
    g_assert_cmpint(m->hdr.flags & VFIO_USER_TYPE, ==, VFIO_USER_REPLY);
    adapter_keep_reply(adapter, m);
    return true;
}

/* Serve one request; false ends the connection */
static bool adapter_serve_one(Adapter *adapter, int fd, AdapterMessage *m)
{
    AdapterFault fault;
    int64_t error;
    bool posted, ask;

    adapter_dawdle(adapter);
    if (!adapter_receive_message(adapter, fd, m)) {
        return false;
    }
    if ((m->hdr.flags & VFIO_USER_TYPE) == VFIO_USER_REPLY) {
        adapter_keep_reply(adapter, m);
        return true;
    }
    g_assert_cmpint(m->hdr.flags & VFIO_USER_TYPE, ==, VFIO_USER_REQUEST);
    g_assert_cmpint(m->hdr.command, <, VFIO_USER_MAX);
    posted = m->hdr.flags & VFIO_USER_NO_REPLY;

    g_mutex_lock(&adapter->lock);
    ask = adapter->ask;
    adapter->ask = false;
    fault = adapter_fault_of(adapter, m);
    error = adapter_error_of(fault);
    if (error < 0) {
        adapter_answer(adapter, m);
    } else {
        m->hdr.flags = VFIO_USER_REPLY | VFIO_USER_ERROR;
        m->hdr.error_reply = error;
        m->hdr.size = sizeof(m->hdr);
    }
    adapter_drop_fds(adapter);
    adapter->requests[m->hdr.command]++;
    g_cond_broadcast(&adapter->changed);
    g_mutex_unlock(&adapter->lock);

    /* The test is a single thread, so it does not ask again before this. */
    if (ask && !adapter_send_request(fd, adapter->ask_command,
                                     adapter->ask_fds)) {
        return false;
    }
    if (!posted && !adapter_do_first(adapter, fd)) {
        return false;
    }
    if (adapter->sender) {
        return posted ||
               adapter->sender(adapter->sender_opaque, fd, m, m->hdr.size);
    }
    switch (fault) {
    case ADAPTER_FAULT_CLOSE:
        return false;
    case ADAPTER_FAULT_SILENT:
        return true;
    case ADAPTER_FAULT_HALF:
        return adapter_send(fd, m, sizeof(m->hdr) + 1);
    case ADAPTER_FAULT_STUCK:
        adapter_hang(adapter, fd);
        return false;
    case ADAPTER_FAULT_BABBLE:
        return adapter_babble(adapter, fd);
    case ADAPTER_FAULT_SHORT:
        m->rw.count /= 2;
        m->hdr.size = sizeof(m->rw) + m->rw.count;
        break;
    case ADAPTER_FAULT_HEADER:
        m->hdr.size = sizeof(m->hdr);
        break;
    case ADAPTER_FAULT_CUT:
        m->hdr.size--;
        break;
    default:
        break;
    }

    return posted || adapter_send_reply(adapter, fd, m);
}

gpointer adapter_thread(gpointer opaque)
{
    Adapter *adapter = opaque;
    g_autofree AdapterMessage *m = g_new0(AdapterMessage, 1);

    for (;;) {
        struct pollfd pfd[2] = {
            { .fd = adapter->listen_fd, .events = POLLIN },
            { .fd = adapter->wake[0], .events = POLLIN },
        };
        int fd;

        if (poll(pfd, 2, -1) < 0 && errno == EINTR) {
            continue;
        }
        if (pfd[1].revents) {
            return NULL;
        }
        fd = accept(adapter->listen_fd, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        g_mutex_lock(&adapter_send_lock);
        adapter->conn_fd = fd;
        g_mutex_unlock(&adapter_send_lock);
        while (adapter_serve_one(adapter, fd, m)) {
            /* until the connection ends */
        }
        g_mutex_lock(&adapter_send_lock);
        adapter->conn_fd = -1;
        close(fd);
        g_mutex_unlock(&adapter_send_lock);

        g_mutex_lock(&adapter->lock);
        adapter_irq_forget(adapter);
        adapter->closed++;
        g_cond_broadcast(&adapter->changed);
        g_mutex_unlock(&adapter->lock);
    }
}
