/*
 * A vfio-user server that lies
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <sys/socket.h>

#include "hw/vfio-user/protocol.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "libqmp.h"
#include "qemu/memfd.h"
#include "vfio-user-fuzz-qemu.h"

typedef struct Wire {
    GRand *rand;            /* of the adapter's thread */
    unsigned rate;          /* replies in 1000 that are changed */
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

/* Send a request before the reply */
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

/* Send a reply in place of the adapter, or none */
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

/* Make a mistake in the device's description */
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

Adapter *whole_adapter(void)
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

QDict *any_properties(GRand *r, unsigned msg_timeout)
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

bool wire_device(Client *q)
{
    static const unsigned rates[] = { 0, 2, 10, 50, 200 };
    g_autoptr(GRand) r = g_rand_new_with_seed(fuzz_seed);
    Adapter *adapter = whole_adapter();
    Wire w = {
        .rand = g_rand_new_with_seed(~fuzz_seed),
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
