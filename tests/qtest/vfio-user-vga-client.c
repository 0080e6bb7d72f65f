/*
 * x-vga=on, seen from the guest and from between client and server
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>

#include "hw/pci/pci_regs.h"
#include "qemu/units.h"
#include "vfio-user-vga-server.h"

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

/* Returns the number of bytes received, 0 at the end of the connection */
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
            break; /* the next read of the other end sees it */
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

/*
 * Pass on one message, in whatever pieces it arrives.  Returns false when one
 * side ends.
 */
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

/* @options: more properties of the adapter, as JSON */
static void guest_start(Guest *g, const char *model, const char *options)
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
                         "\"addr\":\"%d\",\"x-vga\":true,%s"
                         "\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}'",
                         SLOT, options, g->path);
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

/* Returns the region accesses since the last call, of which there must be @n */
static Seen *guest_seen(Guest *g, int n)
{
    Seen *seen;

    /*
     * An access that waits for its reply was seen before the guest goes on.  A
     * posted one was only sent by then, so an access that waits follows it;
     * the class code is not cached in the client.
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

void test_guest(const void *model)
{
    Guest g = { };

    guest_start(&g, model, "");
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    guest_round_trips(&g);

    /* The guest's machine is reset, and so is the card in the other process */
    qtest_system_reset(g.qts);
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    g_assert_cmphex(qtest_inb(g.qts, 0x3cc), ==, 0);
    qtest_outb(g.qts, 0x3ce, 8);
    g_assert_cmphex(qtest_inb(g.qts, 0x3cf), ==, 0);
    guest_round_trips(&g);
    guest_stop(&g);
}

void test_posted(void)
{
    Guest g = { };
    g_autofree Seen *none = NULL;
    g_autofree Seen *seen = NULL;

    /* no BAR is mapped, and without an engine none is trapped */
    guest_start(&g, "VGA", "\"x-mmap\":\"off\",");
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

/*
 * A BAR that the client can map is trapped at first, and the access that maps
 * it waits.  So no posted write is on its way then, or later.
 */
void test_posted_mapped(void)
{
    const uint64_t bar = 0xe0000000;
    Guest g = { };
    g_autofree Seen *none = NULL;
    g_autofree Seen *seen = NULL;

    guest_start(&g, "VGA", "\"x-vga-engine\":\"combine\",");
    qtest_outl(g.qts, 0xcf8, config_address(PCI_BASE_ADDRESS_0));
    qtest_outl(g.qts, 0xcfc, bar);
    guest_command(&g, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    none = guest_seen(&g, 0);

    qtest_writeb(g.qts, MEM, 0x12);
    qtest_writeb(g.qts, bar, 0x34);
    qtest_writeb(g.qts, bar + 1, 0x56);     /* without a message */
    qtest_writeb(g.qts, MEM, 0x78);
    g_assert_cmphex(qtest_readb(g.qts, bar + 1), ==, 0x56);
    seen = guest_seen(&g, 2);

    g_assert_true(seen[0].write && seen[0].posted);
    g_assert_cmphex(seen[0].offset, ==, MEM);
    g_assert_true(seen[1].write && !seen[1].posted);
    g_assert_cmphex(seen[1].offset, ==, MEM);
    g_assert_cmphex(seen[1].data[0], ==, 0x78);
    guest_stop(&g);
}

void test_decode(void)
{
    Guest g = { };
    int command;

    guest_start(&g, "VGA", "");
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

void test_no_region(const void *model)
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
