/*
 * An oracle for legacy VGA accesses of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between a guest and its adapter there is software.  Its mistakes show much
 * later, as a wrong pixel: a write was lost, two of them were exchanged, a byte
 * is in the wrong plane because a latch was not loaded.  A VGA has so much
 * hidden state (indices, a flip-flop, latches) that nobody can foresee which
 * accesses reveal a mistake.
 *
 * So random guests make accesses, each of them twice.  One QEMU, the client,
 * has the adapter assigned, by vfio-user-pci from a server that is a QEMU too.
 * Another, the direct one, has the same device model on its own bus.  Both get
 * the same accesses, and each read has to give the same.  From time to time
 * all registers and planes are compared.  They are read past the client,
 * because the client may answer a guest from a copy, but the adapter's state
 * must be right as well.
 *
 * The accesses depend only on the seed, not on replies or on the model, so the
 * seed is enough to replay a failure.  The test does so to find the access
 * after which the two adapters first differed.  Environment:
 *
 *   VGA_ORACLE_SEED         a number; default: a fixed one
 *   VGA_ORACLE_ACCESSES     for each model
 *   VGA_ORACLE_MODEL        only this one
 *   VGA_ORACLE_CLIENT_OPTS  properties of the client's vfio-user-pci:
 *                           prop=value,prop=value
 *   VGA_ORACLE_TIER         only this one of the client's tiers (tiers[])
 *
 * The test needs no KVM: no processor runs in any of the QEMUs.
 */

#include "qemu/osdep.h"

#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "vga-oracle.h"

#define DEFAULT_SEED 0x3c03da3c4ULL
#define DEFAULT_ACCESSES 24500 /* half a million for all tiers and models */

static const char *const models[] = { "VGA", "cirrus-vga", "ati-vga" };

static const Tier tiers[] = {
    { "forward", "" },
    { "combine", "x-vga-engine=combine", false, "combined-writes" },
    { "bytes", "x-vga-engine=copy,x-vga-copy-ram=off,x-vga-write-width=1",
      false, "copy-begins" },
    { "copy", "x-vga-engine=copy,x-vga-copy-ram=off", false,
      "copy-begins" },
    { "mapped", "x-vga-engine=copy", true, "copy-maps" },
    { "planes", "x-vga-engine=planes,x-vga-copy-ram=off", false,
      "planes-begins" },
    { "chain4-mapped", "x-vga-engine=chain4", true, "chain4-begins" },
    { "planes-mapped", "x-vga-engine=planes", true, "planes-begins" },
};

static uint64_t environment(const char *name, uint64_t otherwise)
{
    const char *value = g_getenv(name);
    uint64_t number;

    if (!value) {
        return otherwise;
    }
    g_assert_cmpint(qemu_strtou64(value, NULL, 0, &number), ==, 0);
    return number;
}

/*
 * A difference is seen when an access reads a wrong value, which can be long
 * after the access that caused it.  To find that one, the same accesses are
 * run again, fewer or more of them, with a comparison after the last.
 */
static bool run_again(const Tier *tier, const char *model, uint64_t seed,
                      uint64_t accesses)
{
    bool diverged;
    Oracle o;

    oracle_start(&o, tier, model, seed);
    o.quiet = true;
    oracle_run(&o, accesses);
    diverged = o.diverged;
    oracle_stop(&o);
    return diverged;
}

static void explain(const Tier *tier, const char *model, uint64_t seed,
                    uint64_t good, uint64_t bad)
{
    Access past[HISTORY + 1] = { };
    Guest g;
    uint64_t i;

    if (!run_again(tier, model, seed, bad)) {
        g_test_message("it does not happen again: not the accesses alone");
        return;
    }
    while (bad - good > 1) {
        uint64_t middle = good + (bad - good) / 2;

        if (run_again(tier, model, seed, middle)) {
            bad = middle;
        } else {
            good = middle;
        }
    }

    guest_start(&g, seed, tier->loads_latches);
    for (i = 0; i < bad; i++) {
        memmove(past, past + 1, HISTORY * sizeof(past[0]));
        past[HISTORY] = guest_next(&g);
    }
    guest_end(&g);
    g_test_message("first different after the last of these:");
    oracle_print_last(&past[HISTORY + 1], MIN(bad, HISTORY));
}

static void check_used(Oracle *o)
{
    uint64_t count = oracle_counter(o, o->tier->counter);

    g_test_message("%s %" PRIu64, o->tier->counter, count);
    g_assert_cmpint(count, >, 0);
}

typedef struct Case {
    const Tier *tier;
    const char *model;
} Case;

static void test_model(const void *data)
{
    const Case *c = data;
    uint64_t seed = environment("VGA_ORACLE_SEED", DEFAULT_SEED);
    uint64_t accesses = environment("VGA_ORACLE_ACCESSES", DEFAULT_ACCESSES);
    int64_t time;
    Oracle o;

    g_test_message("VGA_ORACLE_TIER=%s VGA_ORACLE_MODEL=%s VGA_ORACLE_SEED=0x%"
                   PRIx64 " VGA_ORACLE_ACCESSES=%" PRIu64, c->tier->name,
                   c->model, seed, accesses);
    oracle_start(&o, c->tier, c->model, seed);
    time = g_get_monotonic_time();
    oracle_run(&o, accesses);
    time = g_get_monotonic_time() - time;
    g_test_message("%" PRIu64 " accesses in %" PRId64 " ms, hash 0x%" PRIx64,
                   o.done, time / 1000, o.guest.hash);
    if (!o.diverged && c->tier->counter &&
        !g_getenv("VGA_ORACLE_CLIENT_OPTS")) {
        check_used(&o);
    }
    oracle_stop(&o);
    if (o.diverged) {
        g_test_message("VGA_ORACLE_SEED=0x%" PRIx64 " replays it; to find the "
                       "access that did it takes a while", seed);
        explain(c->tier, c->model, seed, o.good, o.bad);
        g_test_fail();
    }
}

/*
 * Each recipe of VGA software begins with a known state, and is compared at
 * its end
 */
static void test_classics(const void *data)
{
    const Case *c = data;
    Oracle o;
    int i, j;

    oracle_start(&o, c->tier, c->model, DEFAULT_SEED);
    for (i = 0; i < CLASSICS && !o.diverged; i++) {
        for (j = 0; j < 3; j++) {
            classics[i].make(&o.guest);
        }
        while (!g_queue_is_empty(&o.guest.queue) && !o.diverged) {
            oracle_batch(&o, MIN(g_queue_get_length(&o.guest.queue), BATCH));
        }
        if (!o.diverged) {
            oracle_dump(&o);
        }
        if (o.diverged) {
            g_test_message("recipe '%s'", classics[i].name);
        }
    }
    g_assert_false(o.diverged);
    oracle_stop(&o);
}

/* An oracle must be able to say no: it must find the smallest faults */

static bool fault_lost_write(Access *a)
{
    if (a->op != OP_WRITE) {
        return false;
    }
    *a = (Access) { .op = OP_OUT, .size = 1, .addr = 0x80 }; /* no device's */
    return true;
}

static bool fault_swapped_bytes(Access *a)
{
    if (a->op != OP_WRITE || a->size != 2 || a->value == bswap16(a->value)) {
        return false;
    }
    a->value = bswap16(a->value);
    return true;
}

static bool fault_wrong_crtc(Access *a)
{
    if (a->op != OP_OUT || a->addr != 0x3d4 || a->size != 2) {
        return false;
    }
    a->addr = 0x3b4;
    return true;
}

static bool fault_lost_latch(Access *a)
{
    if (a->op != OP_READ) {
        return false;
    }
    a->addr ^= 0x100;
    return true;
}

static const struct {
    const char *name;
    Fault *fault;
} faults[] = {
    { "lost-write", fault_lost_write },
    { "swapped-bytes", fault_swapped_bytes },
    { "wrong-crtc", fault_wrong_crtc },
    { "wrong-read", fault_lost_latch },
};

/*
 * A single fault may have no effect (a write to a protected plane) or be
 * undone, so it is repeated until it is found. test_model() has shown that a
 * run without a fault agrees.
 */
static void test_fault(const void *data)
{
    int i = GPOINTER_TO_INT(data);
    Oracle o;

    oracle_start(&o, &tiers[0], models[0], DEFAULT_SEED);
    o.quiet = true;
    while (!o.diverged && o.done < 40000) {
        o.fault = faults[i].fault;
        oracle_run(&o, 2000);
    }
    g_assert_true(o.diverged);
    g_test_message("%s at access %" PRIu64 ", seen at %" PRIu64,
                   faults[i].name, o.fault_at, o.diverged_at);
    oracle_stop(&o);
}

static uint64_t hash_of(uint64_t seed)
{
    uint64_t hash;
    Guest g;
    int i;

    guest_start(&g, seed, false);
    for (i = 0; i < 100000; i++) {
        guest_next(&g);
    }
    hash = g.hash;
    guest_end(&g);
    return hash;
}

static void test_replay(void)
{
    uint64_t hash = hash_of(DEFAULT_SEED);

    g_assert_cmphex(hash, ==, hash_of(DEFAULT_SEED));
    g_assert_cmphex(hash, !=, hash_of(DEFAULT_SEED + 1));
}

static void add_model(const Tier *tier, const char *model)
{
    g_autofree char *path = g_strdup_printf("/vga-oracle/%s/%s", tier->name,
                                            model);
    g_autofree char *classics_path = g_strdup_printf("%s/classics", path);
    Case *c = g_new(Case, 1);

    *c = (Case) { .tier = tier, .model = model };
    qtest_add_data_func_full(path, c, test_model, g_free);
    qtest_add_data_func_full(classics_path, g_memdup2(c, sizeof(*c)),
                             test_classics, g_free);
}

static bool is_wanted(const char *variable, const char *name)
{
    const char *only = g_getenv(variable);

    return !only || !strcmp(only, name);
}

/* Whether a client has the properties of the tiers */
static bool have_tiers(void)
{
    QTestState *qts = qtest_init("-machine none");
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'device-list-properties',"
                             "'arguments': { 'typename': 'vfio-user-pci' } }");
    QListEntry *entry;
    bool have = false;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));

        have |= !strcmp(qdict_get_str(property, "name"), "x-vga-engine");
    }
    qobject_unref(reply);
    qtest_quit(qts);
    return have;
}

static void add_models(void)
{
    int count = have_tiers() ? ARRAY_SIZE(tiers) : 1;
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < ARRAY_SIZE(models); j++) {
            if (qtest_has_device(models[j]) &&
                is_wanted("VGA_ORACLE_TIER", tiers[i].name) &&
                is_wanted("VGA_ORACLE_MODEL", models[j])) {
                add_model(&tiers[i], models[j]);
            }
        }
    }
}

int main(int argc, char **argv)
{
    int i;

    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_machine("x-remote") || !qtest_has_machine("pc") ||
        !qtest_has_device("vfio-user-pci") || !qtest_has_device(models[0])) {
        g_test_skip("needs machines x-remote and pc, devices VGA and "
                    "vfio-user-pci");
        return g_test_run();
    }

    qtest_add_func("/vga-oracle/replay", test_replay);
    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        g_autofree char *path = g_strdup_printf("/vga-oracle/fault/%s",
                                                faults[i].name);

        qtest_add_data_func(path, GINT_TO_POINTER(i), test_fault);
    }
    add_models();

    return g_test_run();
}
