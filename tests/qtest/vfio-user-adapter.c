/*
 * A display adapter for tests: the server's end of vfio-user, in the test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header is the manual.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/bswap.h"
#include "vfio-user-adapter.h"

#define ADAPTER_MSIX_CAP    0x40
#define ADAPTER_MSIX_LENGTH 12
#define ADAPTER_MAX_MESSAGE (VFIO_USER_DEF_MAX_XFER + 4096)
#define ADAPTER_PATIENCE    (60 * G_TIME_SPAN_SECOND)

typedef struct AdapterRegion {
    uint32_t flags;
    uint64_t size;
    uint64_t said_size;     /* 0: size */
    uint8_t *data;
    const void *caps;
    uint32_t caps_size, caps_offset;
} AdapterRegion;

/* Of messages, which the test sends as well, and for Adapter.conn_fd */
static GMutex adapter_send_lock;

struct Adapter {
    AdapterRegion region[ADAPTER_REGIONS];
    uint8_t wmask[PCI_CFG_SPACE_EXP_SIZE];
    uint32_t num_regions, num_irqs;
    unsigned msi_vectors, msix_vectors;
    const char *capabilities;
    uint32_t region_argsz;

    char *dir, *path;
    int listen_fd;
    int wake[2];            /* closing [1] ends the thread */
    GThread *thread;
    int conn_fd;            /* -1: not connected */
    AdapterSender *sender;
    void *sender_opaque;
    bool forgets_accesses;

    GMutex lock;            /* for all below */
    GCond changed;
    AdapterFault fault;
    unsigned fault_command, fault_region;
    GQueue accesses;
    bool ask;
    unsigned ask_command, ask_fds;
    unsigned requests[VFIO_USER_MAX];
    unsigned replies;
    GQueue reply_messages;  /* GBytes */
    GBytes *first;          /* to be answered before the next reply is sent */
    bool paused;
    unsigned pace;
    gint64 pace_end;
    unsigned closed;
    int fds[VFIO_USER_MAX_MAX_FDS];     /* of the message being received */
    unsigned num_fds;
    struct {
        int fd[VFIO_PCI_MSIX_IRQ_INDEX + 1];    /* vector 0, or -1 */
        bool on[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned error[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned enabled[VFIO_PCI_MSIX_IRQ_INDEX + 1];
        unsigned conflicts, unmasked;
        bool masked;            /* INTx */
        bool pending;           /* while masked, or not armed */
        bool disarmed;
        unsigned rearm_size;    /* 0: needs none */
        uint64_t rearm_offset;
        uint32_t rearm_value;
    } irq;
};

/*
 * Messages
 */

typedef union AdapterMessage {
    VFIOUserHdr hdr;
    VFIOUserVersion version;
    VFIOUserDeviceInfo info;
    VFIOUserRegionInfo region;
    VFIOUserIRQInfo irq;
    VFIOUserIRQSet irq_set;
    VFIOUserRegionRW rw;
    uint8_t bytes[ADAPTER_MAX_MESSAGE];
} AdapterMessage;

/* Read @size bytes, false at the end of the connection or of the test */
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

/* Close what came with a message and was of no use, as the guest's memory is */
static void adapter_drop_fds(Adapter *adapter)
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

/* What adapter_ask() asked for */
static bool adapter_send_request(int fd, unsigned command, unsigned fds)
{
    VFIOUserHdr hdr = {
        .command = command, .size = sizeof(hdr), .flags = VFIO_USER_REQUEST,
    };
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(VFIO_USER_MAX_MAX_FDS * sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = &hdr, .iov_len = sizeof(hdr) };
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
        ((int *)CMSG_DATA(cmsg))[i] = fd;
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL) == sizeof(hdr);
}

/*
 * Interrupts; the lock is held
 */

static int adapter_irq_on(Adapter *adapter)
{
    int i;

    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        if (adapter->irq.on[i]) {
            return i;
        }
    }
    return -1;
}

static bool adapter_irq_signal(Adapter *adapter)
{
    int on = adapter_irq_on(adapter);
    uint64_t one = 1;

    if (on < 0 || adapter->irq.fd[on] < 0) {
        return false;
    }
    adapter->irq.pending = on == VFIO_PCI_INTX_IRQ_INDEX ?
                           adapter->irq.masked : adapter->irq.disarmed;
    if (adapter->irq.pending) {
        return false;
    }
    if (on == VFIO_PCI_INTX_IRQ_INDEX) {
        adapter->irq.masked = true;
    } else {
        adapter->irq.disarmed = adapter->irq.rearm_size;
    }
    g_assert_cmpint(write(adapter->irq.fd[on], &one, sizeof(one)), ==,
                    sizeof(one));
    return true;
}

static void adapter_irq_disable(Adapter *adapter, unsigned index)
{
    adapter->irq.on[index] = false;
    if (adapter->irq.fd[index] >= 0) {
        close(adapter->irq.fd[index]);
        adapter->irq.fd[index] = -1;
    }
}

/* The connection has ended */
static void adapter_irq_forget(Adapter *adapter)
{
    unsigned i;

    adapter_drop_fds(adapter);
    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        adapter_irq_disable(adapter, i);
    }
}

static int adapter_irq_enable(Adapter *adapter, VFIOUserIRQSet *set)
{
    int on = adapter_irq_on(adapter);

    if (adapter->irq.error[set->index]) {
        return -adapter->irq.error[set->index];
    }
    if (on >= 0 && on != set->index) {
        adapter->irq.conflicts++;
        return -EINVAL;
    }
    if (!set->start) {
        adapter_irq_disable(adapter, set->index);
        if (adapter->num_fds) {
            adapter->irq.fd[set->index] = adapter->fds[0];
            adapter->fds[0] = adapter->fds[--adapter->num_fds];
        }
    }
    if (!adapter->irq.on[set->index]) {
        adapter->irq.enabled[set->index]++;
        adapter->irq.masked = adapter->irq.pending = false;
        adapter->irq.disarmed = false;
    }
    adapter->irq.on[set->index] = true;
    return 0;
}

/* Returns 0, or -errno for the reply to be an error */
static int adapter_set_irqs(Adapter *adapter, VFIOUserIRQSet *set)
{
    bool intx = set->index == VFIO_PCI_INTX_IRQ_INDEX;

    if (set->index > VFIO_PCI_MSIX_IRQ_INDEX) {
        return 0;
    }
    switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
    case VFIO_IRQ_SET_ACTION_TRIGGER:
        if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
            return adapter_irq_enable(adapter, set);
        }
        adapter_irq_disable(adapter, set->index);
        return 0;
    case VFIO_IRQ_SET_ACTION_MASK:
        adapter->irq.masked |= intx;
        return intx ? 0 : -EINVAL;
    case VFIO_IRQ_SET_ACTION_UNMASK:
        if (!intx) {
            return -EINVAL;
        }
        adapter->irq.unmasked++;
        adapter->irq.masked = false;
        if (adapter->irq.pending) {
            adapter_irq_signal(adapter);
        }
        return 0;
    default:
        return -EINVAL;
    }
}

/* A write to BAR 0 that may be what re-arms messages */
static void adapter_irq_rearm(Adapter *adapter, VFIOUserRegionRW *rw)
{
    if (!adapter->irq.rearm_size || rw->region ||
        rw->offset != adapter->irq.rearm_offset ||
        rw->count != adapter->irq.rearm_size ||
        memcmp(rw->data, &adapter->irq.rearm_value, rw->count)) {
        return;
    }
    adapter->irq.disarmed = false;
    if (adapter->irq.pending) {
        adapter_irq_signal(adapter);
    }
}

/*
 * The device
 */

/* What the guest may change in config space, as the wmask says */
static void adapter_write_config(Adapter *adapter, uint64_t offset,
                                 uint32_t count, const char *data)
{
    uint8_t *config = adapter->region[VFIO_PCI_CONFIG_REGION_INDEX].data;
    uint32_t i;

    for (i = 0; i < count; i++) {
        uint8_t mask = adapter->wmask[offset + i];

        config[offset + i] = (config[offset + i] & ~mask) | (data[i] & mask);
    }
}

/* Returns 0, or -errno for the reply to be an error */
static int adapter_access(Adapter *adapter, VFIOUserRegionRW *rw, bool write)
{
    AdapterRegion *region;
    AdapterAccess *access;

    if (rw->region >= ADAPTER_REGIONS) {
        return -EINVAL;
    }
    region = &adapter->region[rw->region];
    if (rw->count > ADAPTER_MAX_MESSAGE - sizeof(*rw) ||
        rw->offset > region->size || rw->count > region->size - rw->offset) {
        return -EINVAL;
    }

    if (!write) {
        memcpy(rw->data, region->data + rw->offset, rw->count);
    } else if (rw->region == VFIO_PCI_CONFIG_REGION_INDEX) {
        adapter_write_config(adapter, rw->offset, rw->count, rw->data);
    } else {
        memcpy(region->data + rw->offset, rw->data, rw->count);
        adapter_irq_rearm(adapter, rw);
    }

    if (rw->region != VFIO_PCI_CONFIG_REGION_INDEX &&
        !adapter->forgets_accesses) {
        access = g_new0(AdapterAccess, 1);
        access->write = write;
        access->posted = rw->hdr.flags & VFIO_USER_NO_REPLY;
        access->region = rw->region;
        access->offset = rw->offset;
        access->count = rw->count;
        memcpy(access->data, rw->data, MIN(rw->count, sizeof(access->data)));
        g_queue_push_tail(&adapter->accesses, access);
    }
    return 0;
}

static int adapter_irq_info(Adapter *adapter, VFIOUserIRQInfo *irq)
{
    irq->flags = VFIO_IRQ_INFO_EVENTFD;
    switch (irq->index) {
    case VFIO_PCI_INTX_IRQ_INDEX:
        irq->count =
            !!adapter->region[VFIO_PCI_CONFIG_REGION_INDEX]
                .data[PCI_INTERRUPT_PIN];
        return 0;
    case VFIO_PCI_MSI_IRQ_INDEX:
        irq->count = adapter->msi_vectors;
        return 0;
    case VFIO_PCI_MSIX_IRQ_INDEX:
        irq->count = adapter->msix_vectors;
        return 0;
    case VFIO_PCI_ERR_IRQ_INDEX:
        return -EINVAL;
    default:
        irq->count = 0;
        return 0;
    }
}

/* Returns the size of the reply */
static uint32_t adapter_region_info(Adapter *adapter, VFIOUserRegionInfo *info)
{
    AdapterRegion *region = &adapter->region[info->index];
    uint32_t room = info->argsz;

    info->flags = region->flags;
    info->size = region->said_size ?: region->size;
    info->cap_offset = 0;
    info->offset = 0;
    if (adapter->region_argsz) {
        info->argsz = adapter->region_argsz;
    }
    if (region->caps) {
        info->argsz = sizeof(struct vfio_region_info) + region->caps_size;
    }
    if (!region->caps || info->argsz > room) {
        return sizeof(*info);
    }
    info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
    info->cap_offset = region->caps_offset;
    memcpy(info + 1, region->caps, region->caps_size);
    return sizeof(*info) + region->caps_size;
}

/* Turn the request @m into its reply */
static void adapter_answer(Adapter *adapter, AdapterMessage *m)
{
    uint32_t size = sizeof(m->hdr);
    int error = 0;

    switch (m->hdr.command) {
    case VFIO_USER_VERSION:
        size = sizeof(m->version) + strlen(adapter->capabilities) + 1;
        strcpy(m->version.capabilities, adapter->capabilities);
        break;
    case VFIO_USER_DEVICE_GET_INFO:
        size = sizeof(m->info);
        m->info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
        m->info.num_regions = adapter->num_regions;
        m->info.num_irqs = adapter->num_irqs;
        break;
    case VFIO_USER_DEVICE_GET_REGION_INFO:
        if (m->region.index >= ADAPTER_REGIONS) {
            error = -EINVAL;
            break;
        }
        size = adapter_region_info(adapter, &m->region);
        break;
    case VFIO_USER_DEVICE_GET_IRQ_INFO:
        size = sizeof(m->irq);
        error = adapter_irq_info(adapter, &m->irq);
        break;
    case VFIO_USER_REGION_READ:
        error = adapter_access(adapter, &m->rw, false);
        size = sizeof(m->rw) + m->rw.count;
        break;
    case VFIO_USER_REGION_WRITE:
        error = adapter_access(adapter, &m->rw, true);
        size = sizeof(m->rw);
        break;
    case VFIO_USER_DMA_MAP:
    case VFIO_USER_DMA_UNMAP:
    case VFIO_USER_DEVICE_RESET:
        break;
    case VFIO_USER_DEVICE_SET_IRQS:
        error = adapter_set_irqs(adapter, &m->irq_set);
        break;
    default:
        error = -ENOSYS;
        break;
    }

    m->hdr.flags = (m->hdr.flags & VFIO_USER_NO_REPLY) | VFIO_USER_REPLY;
    if (error) {
        m->hdr.flags |= VFIO_USER_ERROR;
        m->hdr.error_reply = -error;
        size = sizeof(m->hdr);
    }
    m->hdr.size = size;
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

/* The error of a reply that is nothing else, -1 for another fault */
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

/* Until QEMU closes the connection or the test ends */
static void adapter_hang(Adapter *adapter, int fd)
{
    struct pollfd pfd[2] = {
        { .fd = fd },
        { .fd = adapter->wake[0], .events = POLLIN },
    };

    while (poll(pfd, 2, -1) < 0 && errno == EINTR) {
        /* again */
    }
}

/* Make requests, in place of a reply, until QEMU closes the connection */
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

/* Be as slow as the test wants it */
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

/* adapter_ask_first(): the reply @m is not sent before */
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

/* Serve one request, false to end the connection */
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

    /* The test has no other thread, so it does not ask again before this. */
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
    default:
        break;
    }

    return posted || adapter_send(fd, m, m->hdr.size);
}

static gpointer adapter_thread(gpointer opaque)
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

/*
 * What a test calls
 */

Adapter *adapter_new(void)
{
    Adapter *adapter = g_new0(Adapter, 1);
    uint8_t *config;
    int i;

    for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
        adapter->irq.fd[i] = -1;
    }
    g_mutex_init(&adapter->lock);
    g_cond_init(&adapter->changed);
    g_queue_init(&adapter->accesses);
    g_queue_init(&adapter->reply_messages);
    adapter->conn_fd = -1;
    adapter_set_counts(adapter, ADAPTER_REGIONS, VFIO_PCI_REQ_IRQ_INDEX + 1);
    adapter_set_capabilities(adapter, "{\"capabilities\":{\"max_msg_fds\":8}}");

    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       PCI_CFG_SPACE_SIZE);
    config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    stw_le_p(config + PCI_VENDOR_ID, ADAPTER_VENDOR);
    stw_le_p(config + PCI_DEVICE_ID, ADAPTER_DEVICE);
    stw_le_p(config + PCI_CLASS_DEVICE, 0x0300 /* VGA */);
    stw_le_p(adapter->wmask + PCI_COMMAND, 0x0507);
    return adapter;
}

void adapter_set_counts(Adapter *adapter, uint32_t regions, uint32_t irqs)
{
    adapter->num_regions = regions;
    adapter->num_irqs = irqs;
}

void adapter_set_region(Adapter *adapter, unsigned region, uint32_t flags,
                        uint64_t size)
{
    g_assert_cmpint(region, <, ADAPTER_REGIONS);
    g_free(adapter->region[region].data);
    adapter->region[region].flags = flags;
    adapter->region[region].size = size;
    adapter->region[region].data = g_malloc0(size);
}

/* A base address register of @size bytes at @offset */
static void adapter_set_base(Adapter *adapter, unsigned offset, uint32_t size,
                             uint32_t bits)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    stl_le_p(config + offset, bits);
    stl_le_p(adapter->wmask + offset, ~(size - 1) | bits);
}

void adapter_set_bar(Adapter *adapter, unsigned bar, uint32_t size, bool io)
{
    g_assert_cmpint(bar, <=, VFIO_PCI_BAR5_REGION_INDEX);
    adapter_set_region(adapter, bar,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       size);
    adapter_set_base(adapter, PCI_BASE_ADDRESS_0 + 4 * bar, size,
                     io ? PCI_BASE_ADDRESS_SPACE_IO : 0);
}

void adapter_set_rom(Adapter *adapter, uint32_t size)
{
    adapter_set_region(adapter, VFIO_PCI_ROM_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ, size);
    adapter_set_base(adapter, PCI_ROM_ADDRESS, size, 0);
    adapter->wmask[PCI_ROM_ADDRESS] |= PCI_ROM_ADDRESS_ENABLE;
}

void adapter_set_msix(Adapter *adapter, unsigned bar, unsigned vectors)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_MSIX_CAP;

    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_MSIX_CAP;
    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
    stw_le_p(cap + PCI_MSIX_FLAGS, vectors - 1);
    stl_le_p(cap + PCI_MSIX_TABLE, bar);
    stl_le_p(cap + PCI_MSIX_PBA, adapter->region[bar].size / 2 | bar);
    stw_le_p(adapter->wmask + ADAPTER_MSIX_CAP + PCI_MSIX_FLAGS,
             PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    adapter->msix_vectors = vectors;
}

void adapter_set_pm(Adapter *adapter)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_PM_CAP;

    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_PM;
    cap[PCI_CAP_LIST_NEXT] = config[PCI_CAPABILITY_LIST];
    stw_le_p(cap + PCI_PM_PMC, 3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2);
    stw_le_p(cap + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    stw_le_p(adapter->wmask + ADAPTER_PM_CAP + PCI_PM_CTRL,
             PCI_PM_CTRL_STATE_MASK);
    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_PM_CAP;
}

void adapter_set_express(Adapter *adapter)
{
    uint8_t config[PCI_CFG_SPACE_SIZE];

    memcpy(config, adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX),
           sizeof(config));
    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       PCI_CFG_SPACE_EXP_SIZE);
    memcpy(adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX), config,
           sizeof(config));
}

void adapter_set_sender(Adapter *adapter, AdapterSender *sender, void *opaque)
{
    adapter->sender = sender;
    adapter->sender_opaque = opaque;
}

void adapter_forget_accesses(Adapter *adapter)
{
    adapter->forgets_accesses = true;
}

void adapter_set_intx(Adapter *adapter)
{
    adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX)[PCI_INTERRUPT_PIN] = 1;
}

void adapter_set_msi(Adapter *adapter)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    uint8_t *cap = config + ADAPTER_MSI_CAP;

    cap[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSI;
    cap[PCI_CAP_LIST_NEXT] = config[PCI_CAPABILITY_LIST];
    stw_le_p(cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config[PCI_CAPABILITY_LIST] = ADAPTER_MSI_CAP;
    adapter->msi_vectors = 1;
}

void adapter_set_rearm(Adapter *adapter, uint64_t offset, unsigned size,
                       uint32_t value)
{
    adapter->irq.rearm_offset = offset;
    adapter->irq.rearm_size = size;
    stl_le_p(&adapter->irq.rearm_value, value);
}

void adapter_set_capabilities(Adapter *adapter, const char *json)
{
    adapter->capabilities = json;
}

void adapter_set_region_argsz(Adapter *adapter, uint32_t argsz)
{
    adapter->region_argsz = argsz;
}

void adapter_set_region_size(Adapter *adapter, unsigned region, uint64_t size)
{
    adapter->region[region].said_size = size;
}

void adapter_set_region_caps(Adapter *adapter, unsigned region,
                             const void *caps, uint32_t size, uint32_t offset)
{
    adapter->region[region].caps = caps;
    adapter->region[region].caps_size = size;
    adapter->region[region].caps_offset = offset;
}

void adapter_start(Adapter *adapter)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    adapter->dir = g_dir_make_tmp("vfio-user-adapter-XXXXXX", NULL);
    g_assert_nonnull(adapter->dir);
    adapter->path = g_build_filename(adapter->dir, "socket", NULL);
    g_assert_cmpint(strlen(adapter->path), <, sizeof(un.sun_path));
    strcpy(un.sun_path, adapter->path);

    adapter->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(adapter->listen_fd, >=, 0);
    g_assert_cmpint(bind(adapter->listen_fd, (struct sockaddr *)&un,
                         sizeof(un)), ==, 0);
    g_assert_cmpint(listen(adapter->listen_fd, 1), ==, 0);
    g_assert_true(g_unix_open_pipe(adapter->wake, FD_CLOEXEC, NULL));
    adapter->thread = g_thread_new("adapter", adapter_thread, adapter);
}

const char *adapter_path(Adapter *adapter)
{
    return adapter->path;
}

uint8_t *adapter_data(Adapter *adapter, unsigned region)
{
    return adapter->region[region].data;
}

void adapter_fault(Adapter *adapter, AdapterFault fault, unsigned command,
                   unsigned region)
{
    g_mutex_lock(&adapter->lock);
    adapter->fault = fault;
    adapter->fault_command = command;
    adapter->fault_region = region;
    g_mutex_unlock(&adapter->lock);
}

void adapter_ask(Adapter *adapter, unsigned command, unsigned fds)
{
    g_mutex_lock(&adapter->lock);
    adapter->ask = true;
    adapter->ask_command = command;
    adapter->ask_fds = fds;
    g_mutex_unlock(&adapter->lock);
}

bool adapter_send_raw(Adapter *adapter, const void *buf, size_t size)
{
    const uint8_t *next = buf;
    ssize_t sent = 1;

    while (size && sent > 0) {
        g_mutex_lock(&adapter_send_lock);
        sent = send(adapter->conn_fd, next, size, MSG_NOSIGNAL);
        g_mutex_unlock(&adapter_send_lock);
        next += sent;
        size -= MAX(sent, 0);
    }
    return !size;
}

void adapter_ask_first(Adapter *adapter, const void *msg, size_t size)
{
    g_mutex_lock(&adapter->lock);
    g_assert_null(adapter->first);
    adapter->first = g_bytes_new(msg, size);
    g_mutex_unlock(&adapter->lock);
}

void adapter_pause(Adapter *adapter, bool pause)
{
    g_mutex_lock(&adapter->lock);
    adapter->paused = pause;
    g_cond_broadcast(&adapter->changed);
    g_mutex_unlock(&adapter->lock);
}

void adapter_set_pace(Adapter *adapter, unsigned ms, unsigned for_ms)
{
    g_mutex_lock(&adapter->lock);
    adapter->pace = ms;
    adapter->pace_end = g_get_monotonic_time() +
                        for_ms * G_TIME_SPAN_MILLISECOND;
    g_mutex_unlock(&adapter->lock);
}

void adapter_refuse_irq(Adapter *adapter, unsigned index, unsigned error)
{
    g_mutex_lock(&adapter->lock);
    adapter->irq.error[index] = error;
    g_mutex_unlock(&adapter->lock);
}

int adapter_irq_index(Adapter *adapter)
{
    int index;

    g_mutex_lock(&adapter->lock);
    index = adapter_irq_on(adapter);
    g_mutex_unlock(&adapter->lock);
    return index;
}

/* *@counter, which the lock protects */
static unsigned adapter_count(Adapter *adapter, const unsigned *counter)
{
    unsigned n;

    g_mutex_lock(&adapter->lock);
    n = *counter;
    g_mutex_unlock(&adapter->lock);
    return n;
}

unsigned adapter_irq_enabled(Adapter *adapter, unsigned index)
{
    return adapter_count(adapter, &adapter->irq.enabled[index]);
}

unsigned adapter_irq_conflicts(Adapter *adapter)
{
    return adapter_count(adapter, &adapter->irq.conflicts);
}

unsigned adapter_irq_unmasked(Adapter *adapter)
{
    return adapter_count(adapter, &adapter->irq.unmasked);
}

bool adapter_interrupt(Adapter *adapter)
{
    bool signalled;

    g_mutex_lock(&adapter->lock);
    signalled = adapter_irq_signal(adapter);
    g_mutex_unlock(&adapter->lock);
    return signalled;
}

/* What was signalled, and nobody has read yet */
static bool adapter_irq_waits(Adapter *adapter)
{
    struct pollfd pfd = { .fd = -1, .events = POLLIN };
    int on;

    g_mutex_lock(&adapter->lock);
    on = adapter_irq_on(adapter);
    if (on >= 0) {
        pfd.fd = adapter->irq.fd[on];
    }
    on = poll(&pfd, 1, 0);
    g_mutex_unlock(&adapter->lock);
    return on > 0;
}

void adapter_wait_irq_taken(Adapter *adapter)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;

    while (adapter_irq_waits(adapter)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(100);
    }
}

bool adapter_next(Adapter *adapter, AdapterAccess *access)
{
    g_autofree AdapterAccess *first = NULL;

    g_mutex_lock(&adapter->lock);
    first = g_queue_pop_head(&adapter->accesses);
    g_mutex_unlock(&adapter->lock);
    if (first) {
        *access = *first;
    }
    return first;
}

unsigned adapter_requests(Adapter *adapter, unsigned command)
{
    return adapter_count(adapter, &adapter->requests[command]);
}

/* Until *@counter, which the lock protects, is at least @n */
static void adapter_wait(Adapter *adapter, const unsigned *counter, unsigned n)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;

    g_mutex_lock(&adapter->lock);
    while (*counter < n) {
        g_assert_true(g_cond_wait_until(&adapter->changed, &adapter->lock,
                                        end));
    }
    g_mutex_unlock(&adapter->lock);
}

void adapter_wait_requests(Adapter *adapter, unsigned command, unsigned n)
{
    adapter_wait(adapter, &adapter->requests[command], n);
}

void adapter_wait_replies(Adapter *adapter, unsigned n)
{
    adapter_wait(adapter, &adapter->replies, n);
}

GBytes *adapter_next_reply(Adapter *adapter)
{
    gint64 end = g_get_monotonic_time() + ADAPTER_PATIENCE;
    GBytes *reply;

    g_mutex_lock(&adapter->lock);
    while (!(reply = g_queue_pop_head(&adapter->reply_messages))) {
        g_assert_true(g_cond_wait_until(&adapter->changed, &adapter->lock,
                                        end));
    }
    g_mutex_unlock(&adapter->lock);
    return reply;
}

void adapter_wait_closed(Adapter *adapter, unsigned n)
{
    adapter_wait(adapter, &adapter->closed, n);
}

void adapter_free(Adapter *adapter)
{
    int i;

    adapter_pause(adapter, false);
    if (adapter->thread) {
        close(adapter->wake[1]);
        g_thread_join(adapter->thread);
        close(adapter->wake[0]);
        close(adapter->listen_fd);
        g_unlink(adapter->path);
        g_rmdir(adapter->dir);
    }
    g_free(adapter->path);
    g_free(adapter->dir);
    adapter_irq_forget(adapter);
    for (i = 0; i < ADAPTER_REGIONS; i++) {
        g_free(adapter->region[i].data);
    }
    g_queue_clear_full(&adapter->accesses, g_free);
    g_queue_clear_full(&adapter->reply_messages,
                       (GDestroyNotify)g_bytes_unref);
    g_clear_pointer(&adapter->first, g_bytes_unref);
    g_mutex_clear(&adapter->lock);
    g_cond_clear(&adapter->changed);
    g_free(adapter);
}
