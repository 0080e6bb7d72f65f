/*
 * A fuzzer of vfio-user-pci from both sides: a server that lies, and a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "wire": each seed is a device.  It is made of a description with mistakes and
 * of replies that are changed, cut, doubled, mixed with requests or followed by
 * the end of the connection; it is plugged, used by a guest if QEMU takes it,
 * and unplugged.  "guest": each seed is a batch of accesses to what an adapter
 * that does its work decodes, with what moves it about: BARs, PAM, resets,
 * hot-plug.
 *
 * Nothing is expected but that QEMU lives, answers, and keeps what it had: file
 * descriptors, threads, memory.  What is said about each device has a bound,
 * too.  A failure prints the seed.  Environment:
 *
 *   VFIO_USER_FUZZ_SEED     the first, default 1; those that follow count on
 *   VFIO_USER_FUZZ_COUNT    of seeds; default: some, for a test
 *   VFIO_USER_FUZZ_SECONDS  go on for so long, whatever the count
 *
 * To replay a failure, set the seed and the count that it printed.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqmp.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qemu/bswap.h"
#include "qemu/memfd.h"
#include "qemu/units.h"
#include "vfio-user-adapter.h"

#define SLOT            4
#define BAR0            0xe0000000
#define BAR1            0xe8000000
#define BAR2            0xc000          /* ports */
#define ROM             0xf0000000
#define EJECT           0xae08          /* ACPI's, of -machine pc */
#define DEVICES_A_QEMU  100
#define LOG_A_DEVICE    (16 * KiB)
#define HANGS           120             /* s */

static uint32_t seed, first_seed;       /* the first of the QEMU that runs */
static volatile sig_atomic_t seconds_waited;
static char *log_name;

/*
 * QEMU, sent many commands before their replies are read
 */

typedef struct Client {
    QTestState *qts;
    int fd, qmp;
    GString *out;
    unsigned wanted;        /* replies */
    bool deleted;
    unsigned devices, fds, threads;
    uint64_t memory, log;
} Client;

static void fuzz_failed(void *opaque)
{
    g_autofree char *text = NULL;
    gsize size = 0;

    fprintf(stderr, "failed with VFIO_USER_FUZZ_SEED=%" PRIu32
            " VFIO_USER_FUZZ_COUNT=1, or with all that this QEMU did before:"
            " VFIO_USER_FUZZ_SEED=%" PRIu32 " VFIO_USER_FUZZ_COUNT=%" PRIu32
            "\n", seed, first_seed, seed - first_seed + 1);
    if (log_name && g_file_get_contents(log_name, &text, &size, NULL)) {
        fprintf(stderr, "%s\n", text + (size > 4096 ? size - 4096 : 0));
    }
}

/* Each second that this process runs, so a stop of it is no hang */
static void fuzz_tick(int sig)
{
    static const char text[] = "QEMU does not answer\n";

    if (++seconds_waited < HANGS) {
        alarm(1);
    } else if (write(STDERR_FILENO, text, sizeof(text) - 1) >= 0) {
        abort();
    }
}

static int qemu_listen(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static int qemu_accept(int listener, const char *path)
{
    int fd = accept(listener, NULL, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(listener);
    g_unlink(path);
    return fd;
}

static void qemu_start(Client *q, const char *options)
{
    g_autofree char *dir = g_dir_make_tmp("vfio-user-fuzz-XXXXXX", NULL);
    g_autofree char *qtest = g_strdup_printf("%s/qtest", dir);
    g_autofree char *qmp = g_strdup_printf("%s/qmp", dir);
    g_autofree char *all = NULL;
    int qtest_listener = qemu_listen(qtest);
    int qmp_listener = qemu_listen(qmp);
    int fd = g_file_open_tmp("vfio-user-fuzz-XXXXXX", &log_name, NULL);

    close(fd);
    all = g_strdup_printf("-nodefaults -vga none -m 64M %s -qtest unix:%s "
                          "-qmp unix:%s 2>%s", options, qtest, qmp, log_name);
    *q = (Client) { .out = g_string_new("") };
    first_seed = seed;
    q->qts = qtest_init_ext(NULL, all, NULL, false);
    q->fd = qemu_accept(qtest_listener, qtest);
    q->qmp = qemu_accept(qmp_listener, qmp);
    g_rmdir(dir);
    qobject_unref(qmp_fd_receive(q->qmp));  /* greeting */
    qobject_unref(qmp_fd(q->qmp, "{ 'execute': 'qmp_capabilities' }"));
}

static void qemu_stop(Client *q)
{
    close(q->fd);
    close(q->qmp);
    qtest_quit(q->qts);     /* aborts if its status is not 0 */
    g_string_free(q->out, true);
    g_unlink(log_name);
    g_clear_pointer(&log_name, g_free);
}

static void G_GNUC_PRINTF(2, 3) qemu_put(Client *q, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_string_append_vprintf(q->out, format, ap);
    va_end(ap);
    g_string_append_c(q->out, '\n');
    q->wanted++;
}

/* Do what was put */
static void qemu_run(Client *q)
{
    size_t sent = 0;

    while (q->wanted) {
        struct pollfd pfd = { .fd = q->fd, .events = POLLIN };
        char data[16 * KiB];
        ssize_t n, i;

        pfd.events |= sent < q->out->len ? POLLOUT : 0;
        if (poll(&pfd, 1, -1) < 0 && errno == EINTR) {
            continue;
        }
        if (pfd.revents & POLLOUT) {
            n = send(q->fd, q->out->str + sent, q->out->len - sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
            g_assert(n > 0 || errno == EAGAIN);
            sent += MAX(n, 0);
        }
        if (pfd.revents & ~POLLOUT) {
            n = recv(q->fd, data, sizeof(data), MSG_DONTWAIT);
            g_assert_cmpint(n, >, 0);
            for (i = 0; i < n; i++) {
                q->wanted -= data[i] == '\n';
            }
        }
    }
    g_string_truncate(q->out, 0);
}

/* What comes next from the monitor, if it is no event */
static QDict *qemu_receive(Client *q)
{
    QDict *answer = qmp_fd_receive(q->qmp);
    const char *event = qdict_get_try_str(answer, "event");

    if (!event) {
        return answer;
    }
    if (g_str_equal(event, "DEVICE_DELETED")) {
        q->deleted |= qdict_haskey(qdict_get_qdict(answer, "data"), "device");
    }
    qobject_unref(answer);
    return NULL;
}

/* True if QEMU did it; takes @command */
static bool qemu_command(Client *q, QDict *command)
{
    QDict *answer;
    bool done;

    qmp_fd_send(q->qmp, "%p", command);
    do {
        answer = qemu_receive(q);
    } while (!answer);
    done = qdict_haskey(answer, "return");
    qobject_unref(answer);
    return done;
}

static bool qemu_simple(Client *q, const char *command)
{
    return qemu_command(q, qdict_from_jsonf_nofail("{'execute': %s}", command));
}

static void put_config(Client *q, unsigned devfn, unsigned reg, uint32_t value,
                       char size)
{
    qemu_put(q, "outl 0xcf8 0x%x", 0x80000000 | devfn << 8 | (reg & ~3));
    qemu_put(q, "out%c 0x%x 0x%x", size, 0xcfc + (reg & 3), value);
}

/* The guest's firmware: all there may be is decoded */
static void put_bars(Client *q)
{
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_0, BAR0, 'l');
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_1, BAR1, 'l');
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_2, BAR2 | 1, 'l');
    put_config(q, SLOT << 3, PCI_ROM_ADDRESS, ROM | 1, 'l');
    put_config(q, SLOT << 3, PCI_COMMAND, 7, 'w');
}

static bool qemu_plug(Client *q, Adapter *adapter, QDict *properties)
{
    qdict_put_str(properties, "driver", "vfio-user-pci");
    qdict_put_str(properties, "id", "card");
    qdict_put_str(properties, "addr", stringify(SLOT));
    qdict_put(properties, "socket",
              qdict_from_jsonf_nofail("{'type': 'unix', 'path': %s}",
                                      adapter_path(adapter)));
    return qemu_command(q, qdict_from_jsonf_nofail(
        "{'execute': 'device_add', 'arguments': %p}", properties));
}

static void qemu_unplug(Client *q)
{
    q->deleted = false;
    /* a BAR must not be where the ports of hot-plug are */
    put_config(q, SLOT << 3, PCI_COMMAND, 0, 'w');
    qemu_run(q);
    g_assert_true(qemu_command(q, qdict_from_jsonf_nofail(
        "{'execute': 'device_del', 'arguments': {'id': 'card'}}")));
    qemu_put(q, "outl 0x%x 0x%x", EJECT, 1 << SLOT);
    qemu_run(q);
    while (!q->deleted) {
        qobject_unref(qemu_receive(q));
    }
}

/*
 * What QEMU has
 */

static unsigned qemu_count(Client *q, const char *what)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/%s", qtest_pid(q->qts),
                                            what);
    GDir *dir = g_dir_open(name, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

static char *qemu_proc(Client *q, const char *file)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/%s", qtest_pid(q->qts),
                                            file);
    char *text;

    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    return text;
}

/* In KiB; 0 with AddressSanitizer, which keeps what is freed */
static uint64_t qemu_memory(Client *q)
{
    g_autofree char *maps = qemu_proc(q, "maps");
    g_autofree char *status = qemu_proc(q, "status");

    if (strstr(maps, "libasan")) {
        return 0;
    }
    return g_ascii_strtoull(strstr(status, "RssAnon:") + 8, NULL, 10);
}

/*
 * Nothing of a device may be left, once RCU has let go of it: no sooner is its
 * connection closed.
 */
static void qemu_check_left(Client *q)
{
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    while (qemu_count(q, "fd") > q->fds ||
           qemu_count(q, "task") > q->threads) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
    g_assert_cmpint(qemu_memory(q), <=, q->memory + 64 * KiB);
}

/* Called when a device is gone */
static void qemu_check(Client *q)
{
    uint64_t log;
    GStatBuf st;

    g_assert_true(qemu_simple(q, "query-pci"));
    g_assert_cmpint(g_stat(log_name, &st), ==, 0);
    log = st.st_size - q->log;
    g_assert_cmpint(log, <, LOG_A_DEVICE);
    q->log = st.st_size;

    /* the first ones have QEMU make what it keeps */
    if (++q->devices > 5) {
        qemu_check_left(q);
    } else if (q->devices == 5) {
        q->fds = qemu_count(q, "fd");
        q->threads = qemu_count(q, "task");
        q->memory = qemu_memory(q);
    }
}

/*
 * A guest
 */

typedef struct Place {
    uint64_t base, size;
    bool port;
} Place;

static const Place places[] = {
    { 0x3ae, 0x34, true },
    { 0x3c0, 0x20, true },
    { BAR2, 0x100, true },
    { 0xcf8, 8, true },
    { 0xa0000, 0x20000 },
    { 0xb8000, 0x1000 },
    { 0xa0000, 0x60000 },
    { BAR0, 0x10000 },
    { BAR1, 0x10000 },
    { ROM, 0x10000 },
};

static uint32_t any_value(GRand *r)
{
    static const uint32_t values[] = {
        0, 1, 4, 7, 0x55aa, 0xff, 0xffff, 0xffffffff, 0x80000000, 0xa0000,
        0xb8000, 0xfee00000, BAR0, BAR1, BAR2 | 1, ROM | 1,
    };

    return g_rand_boolean(r) ? g_rand_int(r) :
           values[g_rand_int_range(r, 0, ARRAY_SIZE(values))];
}

static void put_access(Client *q, GRand *r)
{
    const Place *p = &places[g_rand_int_range(r, 0, ARRAY_SIZE(places))];
    uint64_t address = p->base + g_rand_int_range(r, 0, p->size);
    char size = "bwlq"[g_rand_int_range(r, 0, p->port ? 3 : 4)];

    if (!p->port && !g_rand_int_range(r, 0, 50)) {
        qemu_put(q, "read 0x%" PRIx64 " 0x%x", address,
                 g_rand_int_range(r, 1, 4096));
    } else if (!p->port && !g_rand_int_range(r, 0, 50)) {
        qemu_put(q, "memset 0x%" PRIx64 " 0x%x 0x%x", address,
                 g_rand_int_range(r, 1, 4096), g_rand_int_range(r, 0, 256));
    } else if (g_rand_boolean(r)) {
        qemu_put(q, "%s%c 0x%" PRIx64, p->port ? "in" : "read", size, address);
    } else {
        qemu_put(q, "%s%c 0x%" PRIx64 " 0x%x", p->port ? "out" : "write", size,
                 address, any_value(r));
    }
}

/* The device's config space, and registers of the host bridge: PAM, SMRAM */
static void put_any_config(Client *q, GRand *r)
{
    static const uint8_t bridge[] = {
        0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x72,     /* i440FX */
        0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x9d,     /* Q35 */
    };
    unsigned size = g_rand_int_range(r, 0, 3);

    if (!g_rand_int_range(r, 0, 3)) {
        put_config(q, 0, bridge[g_rand_int_range(r, 0, ARRAY_SIZE(bridge))],
                   g_rand_int_range(r, 0, 256), 'b');
    } else {
        put_config(q, SLOT << 3,
                   g_rand_int_range(r, 0, 256) & ~((1 << size) - 1),
                   any_value(r), "bwl"[size]);
    }
}

static void put_guest(Client *q, GRand *r, unsigned n)
{
    put_bars(q);
    while (n--) {
        switch (g_rand_int_range(r, 0, 100)) {
        case 0 ... 7:
            put_any_config(q, r);
            break;
        case 8:
            put_bars(q);
            break;
        default:
            put_access(q, r);
            break;
        }
    }
}

/*
 * A server that lies
 */

typedef struct Wire {
    GRand *rand;            /* of the adapter's thread */
    unsigned rate;          /* of replies that are changed, in 1000 */
    int memfd;
} Wire;

static bool wire_send_fds(int fd, const void *data, size_t size, const int *fds,
                          unsigned num_fds)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(VFIO_USER_MAX_MAX_FDS * sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = CMSG_SPACE(num_fds * sizeof(int)),
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    ssize_t n;

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(num_fds * sizeof(int));
    memcpy(CMSG_DATA(cmsg), fds, num_fds * sizeof(int));
    n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    return n == size;
}

static bool wire_send(int fd, GByteArray *m)
{
    size_t sent = 0;

    while (sent < m->len) {
        ssize_t n = send(fd, m->data + sent, m->len - sent, MSG_NOSIGNAL);

        if (n <= 0) {
            return false;
        }
        sent += n;
    }
    return true;
}

typedef bool Mutation(Wire *w, int fd, GByteArray *m);

static bool mutate_header(Wire *w, int fd, GByteArray *m)
{
    m->data[g_rand_int_range(w->rand, 0, 16)] = g_rand_int(w->rand);
    return wire_send(fd, m);
}

static bool mutate_byte(Wire *w, int fd, GByteArray *m)
{
    m->data[g_rand_int_range(w->rand, 0, m->len)] = g_rand_int(w->rand);
    return wire_send(fd, m);
}

static bool mutate_words(Wire *w, int fd, GByteArray *m)
{
    unsigned i;

    for (i = 16; i + 4 <= m->len && i < 256; i += 4) {
        if (!g_rand_int_range(w->rand, 0, 4)) {
            stl_le_p(m->data + i, any_value(w->rand));
        }
    }
    return wire_send(fd, m);
}

static bool mutate_cut(Wire *w, int fd, GByteArray *m)
{
    g_byte_array_set_size(m, g_rand_int_range(w->rand, 0, m->len));
    return wire_send(fd, m);
}

static bool mutate_cut_and_close(Wire *w, int fd, GByteArray *m)
{
    mutate_cut(w, fd, m);
    return false;
}

static bool mutate_close(Wire *w, int fd, GByteArray *m)
{
    return false;
}

static bool mutate_silence(Wire *w, int fd, GByteArray *m)
{
    return true;
}

static bool mutate_append(Wire *w, int fd, GByteArray *m)
{
    unsigned n = g_rand_int_range(w->rand, 1, 200);

    while (n--) {
        uint8_t byte = g_rand_int(w->rand);

        g_byte_array_append(m, &byte, 1);
    }
    return wire_send(fd, m);
}

static bool mutate_size(Wire *w, int fd, GByteArray *m)
{
    const uint32_t sizes[] = {
        0, 1, 15, 16, 17, m->len - 1, m->len + 1, 1 * MiB, 2 * GiB, UINT32_MAX,
    };

    stl_le_p(m->data + 4, sizes[g_rand_int_range(w->rand, 0,
                                                 ARRAY_SIZE(sizes))]);
    return wire_send(fd, m);
}

static bool mutate_error(Wire *w, int fd, GByteArray *m)
{
    static const uint32_t flags[] = { 0, 1, 2, 0x21, 0x31, 0x20, UINT32_MAX };
    static const uint32_t errors[] = { 0, 1, 11, 22, 133, 4096, UINT32_MAX };

    stl_le_p(m->data + 8, flags[g_rand_int_range(w->rand, 0,
                                                 ARRAY_SIZE(flags))]);
    stl_le_p(m->data + 12, errors[g_rand_int_range(w->rand, 0,
                                                   ARRAY_SIZE(errors))]);
    return wire_send(fd, m);
}

static bool mutate_fds(Wire *w, int fd, GByteArray *m)
{
    int fds[VFIO_USER_MAX_MAX_FDS];
    unsigned i, n = g_rand_int_range(w->rand, 1, ARRAY_SIZE(fds) + 1);

    for (i = 0; i < n; i++) {
        fds[i] = w->memfd;
    }
    return wire_send_fds(fd, m->data, m->len, fds, n);
}

static bool mutate_twice(Wire *w, int fd, GByteArray *m)
{
    return wire_send(fd, m) && wire_send(fd, m);
}

static bool mutate_pieces(Wire *w, int fd, GByteArray *m)
{
    unsigned i;

    for (i = 0; i < m->len && i < 512; i++) {
        if (send(fd, m->data + i, 1, MSG_NOSIGNAL) != 1) {
            return false;
        }
    }
    g_byte_array_remove_range(m, 0, i);
    return wire_send(fd, m);
}

/* A request comes before the reply */
static bool mutate_request(Wire *w, int fd, GByteArray *m)
{
    static const uint64_t addresses[] = {
        0, 0x1000, 0xa0000, 0xb8000, 0xc0000, 0x3fffff0, 0x4000000, BAR0, BAR1,
        ROM, 0xb0000000, 0xfec00000, 0xfee00000, 0xffff0000, UINT64_MAX,
    };
    static const uint64_t counts[] = {
        0, 1, 4, 64, 4096, 65536, 1 * MiB, 1 * MiB + 1, UINT32_MAX, UINT64_MAX,
    };
    g_autoptr(GByteArray) request = g_byte_array_new();
    bool write = g_rand_boolean(w->rand);
    uint64_t count = counts[g_rand_int_range(w->rand, 0, ARRAY_SIZE(counts))];
    unsigned n = 1;

    g_byte_array_set_size(request, 32 + (write ? MIN(count, 65536) : 0));
    memset(request->data, 0x5a, request->len);
    stw_le_p(request->data + 2, g_rand_int_range(w->rand, 0, 10) ?
             VFIO_USER_DMA_READ + write : g_rand_int_range(w->rand, 0, 20));
    stl_le_p(request->data + 4, request->len);
    stl_le_p(request->data + 8,
             g_rand_boolean(w->rand) ? VFIO_USER_NO_REPLY : 0);
    stq_le_p(request->data + 16,
             addresses[g_rand_int_range(w->rand, 0, ARRAY_SIZE(addresses))]);
    stq_le_p(request->data + 24, count);
    if (!g_rand_int_range(w->rand, 0, 8)) {
        n = 64;
    }
    while (n--) {
        if (!wire_send(fd, request)) {
            return false;
        }
    }
    return wire_send(fd, m);
}

static Mutation *const mutations[] = {
    mutate_header, mutate_byte, mutate_words, mutate_words, mutate_cut,
    mutate_cut_and_close, mutate_close, mutate_silence, mutate_append,
    mutate_size, mutate_error, mutate_fds, mutate_twice, mutate_pieces,
    mutate_request, mutate_request,
};

/* In place of the adapter's: send a reply, perhaps */
static bool wire_reply(void *opaque, int fd, const void *msg, size_t size)
{
    Wire *w = opaque;
    g_autoptr(GByteArray) m = g_byte_array_new();

    g_byte_array_append(m, msg, size);
    if (g_rand_int_range(w->rand, 0, 1000) >= w->rate) {
        return wire_send(fd, m);
    }
    return mutations[g_rand_int_range(w->rand, 0, ARRAY_SIZE(mutations))](w, fd,
                                                                          m);
}

static const char *const capabilities[] = {
    "{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}",
    "{\"capabilities\":{\"max_data_xfer_size\":1}}",
    "{\"capabilities\":{\"max_data_xfer_size\":67108864}}",
    "{\"capabilities\":{\"max_msg_fds\":0}}",
    "{\"capabilities\":{\"max_msg_fds\":-1}}",
    "{\"capabilities\":{\"pgsizes\":0}}",
    "{\"capabilities\":{\"pgsizes\":9223372036854775808}}",
    "{\"capabilities\":{\"max_dma_maps\":0}}",
    "{\"capabilities\":{\"migration\":7}}",
    "{\"capabilities\":{\"migration\":{\"pgsize\":0,\"max_bitmap_size\":0}}}",
    "{\"capabilities\":{\"write_multiple\":3}}",
    "{\"capabilities\":1}", "[]", "null", "{", "", "%s%n%x",
};

static uint64_t any_size(GRand *r)
{
    static const uint64_t sizes[] = {
        0, 1, 3, 255, 256, 4095, 4096, 4097, 0xbffff, 0xc0000, 1 * MiB,
        3 * MiB / 2, 2 * GiB, 4 * GiB - 1, 4 * GiB, 1 * TiB, 1ULL << 62,
        1ULL << 63, UINT64_MAX,
    };

    return sizes[g_rand_int_range(r, 0, ARRAY_SIZE(sizes))];
}

/* Something about the device is not as it should be */
static void wire_mistake(Adapter *adapter, GRand *r)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
    unsigned i;

    switch (g_rand_int_range(r, 0, 8)) {
    case 0:
        adapter_set_region_size(adapter,
                                g_rand_int_range(r, 0, ADAPTER_REGIONS),
                                any_size(r));
        break;
    case 1:
        adapter_set_counts(adapter, g_rand_int_range(r, 0, 12), 5);
        break;
    case 2:
        adapter_set_counts(adapter, ADAPTER_REGIONS, g_rand_int_range(r, 0, 8));
        break;
    case 3:
        for (i = g_rand_int_range(r, 1, 10); i; i--) {
            config[g_rand_int_range(r, 0, 256)] = g_rand_int(r);
        }
        break;
    case 4:
        for (i = g_rand_int_range(r, 1, 20); i; i--) {
            config[g_rand_int_range(r, 0x34, 0x90)] = any_value(r);
        }
        break;
    case 5:
        for (i = g_rand_int_range(r, 1, 200); i; i--) {
            stl_le_p(config + 0x100 + 4 * g_rand_int_range(r, 0, 0x3c0),
                     g_rand_int(r));
        }
        break;
    case 6:
        adapter_set_capabilities(adapter, capabilities[
            g_rand_int_range(r, 0, ARRAY_SIZE(capabilities))]);
        break;
    default:
        adapter_set_region_argsz(adapter, any_size(r));
        break;
    }
}

/* A VGA adapter with some of everything */
static Adapter *whole_adapter(void)
{
    Adapter *adapter = adapter_new();
    uint8_t *rom;

    adapter_set_express(adapter);
    adapter_set_bar(adapter, 0, 64 * KiB, false);
    adapter_set_bar(adapter, 1, 64 * KiB, false);
    adapter_set_bar(adapter, 2, 256, true);
    adapter_set_rom(adapter, 64 * KiB);
    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       0xc0000);
    adapter_set_msix(adapter, 1, 4);
    adapter_set_pm(adapter);
    adapter_set_msi(adapter);
    adapter_set_intx(adapter);
    rom = adapter_data(adapter, VFIO_PCI_ROM_REGION_INDEX);
    memcpy(rom, "\x55\xaa\x80\xe9\x3d", 5);
    stw_le_p(rom + 0x18, 0x40);
    memcpy(rom + 0x40, "PCIR", 4);
    return adapter;
}

static QDict *any_properties(GRand *r, unsigned msg_timeout)
{
    static const struct {
        const char *name, *values[5];
    } known[] = {
        { "x-vga-engine",
          { "forward", "combine", "shadow", "linear", "auto" } },
        { "x-rom-check", { "off", "warn", "error" } },
        { "x-rom-source", { "auto", "region", "flash" } },
        { "x-bar-identity", { "on", "auto", "off" } },
        { "x-prefer-msi", { "on", "auto", "off" } },
    };
    static const unsigned vendors[] = { 0x10de, 0x1002, 0x8086, 0x1013 };
    QDict *properties = qdict_from_jsonf_nofail("{'x-msg-timeout': %u}",
                                                msg_timeout);
    unsigned i;

    qdict_put_bool(properties, "x-vga", g_rand_int_range(r, 0, 5));
    qdict_put_bool(properties, "x-send-queued", !g_rand_int_range(r, 0, 4));
    qdict_put_bool(properties, "x-no-posted-writes",
                   !g_rand_int_range(r, 0, 4));
    if (g_rand_boolean(r)) {
        qdict_put_int(properties, "x-pci-vendor-id",
                      vendors[g_rand_int_range(r, 0, ARRAY_SIZE(vendors))]);
    }
    for (i = 0; i < ARRAY_SIZE(known); i++) {
        const char *value = known[i].values[g_rand_int_range(r, 0, 5)];

        if (value && !g_rand_int_range(r, 0, 3)) {
            qdict_put_str(properties, known[i].name, value);
        }
    }
    return properties;
}

/* True if QEMU took the device */
static bool wire_device(Client *q)
{
    static const unsigned rates[] = { 0, 2, 10, 50, 200 };
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    Adapter *adapter = whole_adapter();
    Wire w = {
        .rand = g_rand_new_with_seed(~seed),
        .rate = rates[g_rand_int_range(r, 0, ARRAY_SIZE(rates))],
        .memfd = qemu_memfd_create("fuzz", 64 * KiB, false, 0, 0, NULL),
    };
    unsigned mistakes = g_rand_boolean(r) ? g_rand_int_range(r, 1, 5) : 0;
    bool plugged;

    while (mistakes--) {
        wire_mistake(adapter, r);
    }
    adapter_set_sender(adapter, wire_reply, &w);
    adapter_start(adapter);
    plugged = qemu_plug(q, adapter, any_properties(r, 200));
    if (plugged) {
        put_guest(q, r, g_rand_int_range(r, 0, 60));
        qemu_run(q);
        if (!g_rand_int_range(r, 0, 8)) {
            qemu_simple(q, "system_reset");
        }
        qemu_unplug(q);
    }
    qemu_check(q);
    adapter_free(adapter);
    close(w.memfd);
    g_rand_free(w.rand);
    return plugged;
}

/*
 * Seeds
 */

static uint64_t environment(const char *name, uint64_t otherwise)
{
    const char *value = g_getenv(name);

    return value ? g_ascii_strtoull(value, NULL, 0) : otherwise;
}

/* One more, of @count that a test does?  The first has @done = 0. */
static bool more(uint64_t done, unsigned count)
{
    static gint64 end;
    uint64_t seconds = environment("VFIO_USER_FUZZ_SECONDS", 0);

    if (!done) {
        seed = environment("VFIO_USER_FUZZ_SEED", 1);
        end = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    } else {
        seed++;
    }
    seconds_waited = 0;
    return seconds ? g_get_monotonic_time() < end :
           done < environment("VFIO_USER_FUZZ_COUNT", count);
}

static void fuzz_wire(void)
{
    unsigned devices, plugged = 0;
    Client q;

    for (devices = 0; more(devices, 60); devices++) {
        if (devices % DEVICES_A_QEMU == 0) {
            if (devices) {
                qemu_stop(&q);
            }
            qemu_start(&q, "-machine pc");
        }
        plugged += wire_device(&q);
    }
    if (devices) {
        qemu_stop(&q);
    }
    g_test_message("%u devices, %u of them plugged", devices, plugged);
}

/* A QEMU, one adapter after the other, and 20 batches for each */
static uint64_t guest_seed(void)
{
    enum { ADAPTERS = 8, BATCHES = 20, BATCH = 500 };
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    unsigned i, j;
    Client q;

    qemu_start(&q, "-machine pc");
    for (i = 0; i < ADAPTERS; i++) {
        Adapter *adapter = whole_adapter();

        adapter_forget_accesses(adapter);
        adapter_start(adapter);
        while (!qemu_plug(&q, adapter, any_properties(r, HANGS * 1000))) {
            /* some of the properties are refused, rightly */
        }
        for (j = 0; j < BATCHES; j++) {
            seconds_waited = 0;
            put_guest(&q, r, BATCH);
            qemu_run(&q);
            if (!g_rand_int_range(r, 0, 10)) {
                g_assert_true(qemu_simple(&q, "system_reset"));
            }
        }
        qemu_unplug(&q);
        qemu_check(&q);
        adapter_free(adapter);
    }
    qemu_stop(&q);
    return ADAPTERS * BATCHES * BATCH;
}

static void fuzz_guest(void)
{
    uint64_t seeds, accesses = 0;

    for (seeds = 0; more(seeds, 1); seeds++) {
        accesses += guest_seed();
    }
    g_test_message("%" PRIu64 " accesses", accesses);
}

int main(int argc, char **argv)
{
    struct sigaction tick = { .sa_handler = fuzz_tick, .sa_flags = SA_RESTART };

    g_test_init(&argc, &argv, NULL);
    sigaction(SIGALRM, &tick, NULL);
    alarm(1);
    qtest_add_abrt_handler(fuzz_failed, NULL);
    qtest_add_func("/vfio-user/fuzz/wire", fuzz_wire);
    qtest_add_func("/vfio-user/fuzz/guest", fuzz_guest);
    return g_test_run();
}
