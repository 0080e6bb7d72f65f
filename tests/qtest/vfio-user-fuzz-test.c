/*
 * A fuzzer of vfio-user-pci from both sides: a server that lies, and a guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * "wire": each seed is a device.  It has a description with mistakes, and its
 * replies are changed, cut, doubled, mixed with requests or followed by the
 * end of the connection.  It is plugged, used by a guest if QEMU accepts it,
 * and unplugged.  "guest": each seed is a batch of accesses to all that a
 * working adapter decodes, and of events that change what it decodes: BARs,
 * PAM, resets, hot-plug.
 *
 * The only conditions are that QEMU lives, answers, and holds no more file
 * descriptors, threads and memory than before.  The number of messages about
 * each device is limited, too.  A failure prints the seed.  Environment:
 *
 *   VFIO_USER_FUZZ_SEED     the first seed, default 1; the next ones count up
 *   VFIO_USER_FUZZ_COUNT    number of seeds; default: a few, for a test
 *   VFIO_USER_FUZZ_SECONDS  run for this time instead of a number of seeds
 *
 * To replay a failure, set the seed and the count that it printed.
 */

#include "qemu/osdep.h"

#include "hw/vfio-user/protocol.h"
#include "libqmp.h"
#include "qemu/memfd.h"
#include "vfio-user-fuzz-qemu.h"

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

uint32_t any_value(GRand *r)
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
        pipe_printf(&q->pipe, "read 0x%" PRIx64 " 0x%x", address,
                    g_rand_int_range(r, 1, 4096));
    } else if (!p->port && !g_rand_int_range(r, 0, 50)) {
        pipe_printf(&q->pipe, "memset 0x%" PRIx64 " 0x%x 0x%x", address,
                    g_rand_int_range(r, 1, 4096), g_rand_int_range(r, 0, 256));
    } else if (g_rand_boolean(r)) {
        pipe_printf(&q->pipe, "%s%c 0x%" PRIx64, p->port ? "in" : "read", size,
                    address);
    } else {
        pipe_printf(&q->pipe, "%s%c 0x%" PRIx64 " 0x%x",
                    p->port ? "out" : "write", size, address, any_value(r));
    }
}

/* The device's config space, or registers of the host bridge: PAM, SMRAM */
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

void put_guest(Client *q, GRand *r, unsigned n)
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
 * Seeds
 */

static uint64_t environment(const char *name, uint64_t otherwise)
{
    const char *value = g_getenv(name);

    return value ? g_ascii_strtoull(value, NULL, 0) : otherwise;
}

/*
 * Returns whether to run one more of a test's @count.  The first has @done =
 * 0.
 */
static bool more(uint64_t done, unsigned count)
{
    static gint64 end;
    uint64_t seconds = environment("VFIO_USER_FUZZ_SECONDS", 0);

    if (!done) {
        fuzz_seed = environment("VFIO_USER_FUZZ_SEED", 1);
        end = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    } else {
        fuzz_seed++;
    }
    fuzz_seconds = 0;
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

/* Run a QEMU with one adapter after the other, and 20 batches for each */
static uint64_t guest_seed(void)
{
    enum { ADAPTERS = 8, BATCHES = 20, BATCH = 500 };
    g_autoptr(GRand) r = g_rand_new_with_seed(fuzz_seed);
    unsigned i, j;
    Client q;

    qemu_start(&q, "-machine pc");
    for (i = 0; i < ADAPTERS; i++) {
        Adapter *adapter = whole_adapter();

        adapter_forget_accesses(adapter);
        adapter_start(adapter);
        while (!qemu_plug(&q, adapter, any_properties(r, HANGS * 1000))) {
            /* QEMU may refuse some of the properties */
        }
        for (j = 0; j < BATCHES; j++) {
            fuzz_seconds = 0;
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
