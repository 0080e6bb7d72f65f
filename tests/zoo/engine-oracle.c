/*
 * The engine's oracle in one process: each personality of the zoo on each tier
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ORACLE_ACCESSES=N in the environment is the number of accesses of each case,
 * and ORACLE_SEED=N what the guest does.  Copies are exact for any guest, as
 * with x-vga-copy-ram=off, but for the cases whose path ends with -mapped: there
 * busy copies are RAM, and the guest uses latches as software does.
 */

#include "qemu/osdep.h"

#include "engine-oracle.h"
#include "pair.h"
#include "vga-engine-machine.h"
#include "qemu/cutils.h"

#define ACCESSES 300000
#define SEED 0x3c4
#define BATCH 400       /* accesses after which memory and registers are compared */

typedef struct Case {
    const char *personality;
    VFIOVGATier tier;
    bool mapped;
} Case;

static uint64_t from_environment(const char *name, uint64_t standard)
{
    const char *text = getenv(name);
    uint64_t value = standard;

    g_assert_cmpint(text ? qemu_strtou64(text, NULL, 0, &value) : 0, ==, 0);
    return value;
}

/* After an access to config space, nothing is on its way */
static void compare(void)
{
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    machine_compare("after a write to config space");
}

static void check_work(const Case *c, const VFIOVGAStats *stats)
{
    const struct {
        VFIOVGATier first;
        const char *name;
        uint64_t count;
    } counts[] = {
        { VFIO_VGA_TIER_COMBINE, "combined writes", stats->combined_writes },
        { VFIO_VGA_TIER_COPY, "copies of text", stats->copy_begins },
        { VFIO_VGA_TIER_CHAIN4, "copies of chain-4", stats->chain4_begins },
        { VFIO_VGA_TIER_PLANES, "copies of planes", stats->planes_begins },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(counts) && counts[i].first <= c->tier; i++) {
        g_test_message("%" PRIu64 " %s", counts[i].count, counts[i].name);
        g_assert_cmpint(counts[i].count, >, 0);
    }
    g_test_message("%" PRIu64 " copies mapped", stats->copy_maps);
    g_assert_cmpint(!stats->copy_maps, ==, !c->mapped);
    g_assert_cmpint(stats->latch_losses, ==, 0);
}

static void test_oracle(const void *opaque)
{
    const Case *c = opaque;
    uint64_t accesses = from_environment("ORACLE_ACCESSES", ACCESSES);
    uint64_t seed = from_environment("ORACLE_SEED", SEED);
    uint64_t next = 0;
    int64_t start = g_get_monotonic_time();
    VFIOVGAStats stats;

    g_test_message("seed 0x%" PRIx64, seed);
    oracle_tier = c->tier;
    g_assert_true(pair_start(c->personality));
    oracle_loads_latches = c->mapped;
    machine_start((MachineOptions) { .no_ram = !c->mapped });
    machine.random = seed * 0x9e3779b97f4a7c15 + 1;
    oracle_recipe_text(c->personality);
    while (machine_noted() < accesses) {
        oracle_recipe(c->personality);
        if (machine_noted() >= next) {
            compare();
            next = machine_noted() + BATCH;
        }
    }
    compare();
    stats = machine_stats();
    g_test_message("%lu accesses, %" PRIu64 " a second", machine_noted(),
                   accesses * G_USEC_PER_SEC /
                   (g_get_monotonic_time() - start + 1));
    check_work(c, &stats);
    machine_stop();
    pair_free();
}

static void add_test(const char *personality, VFIOVGATier tier, bool mapped)
{
    g_autofree char *path = g_strdup_printf("/engine-oracle/%s/%s%s",
        personality, VFIOVGATier_str(tier), mapped ? "-mapped" : "");
    Case *c = g_new(Case, 1);

    *c = (Case) { personality, tier, mapped };
    g_test_add_data_func_full(path, c, test_oracle, g_free);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {
        "plain", "qemu", "s3", "cirrus", "tseng", "trident", "matrox", "voodoo",
        "nvidia", "ati", "intel",
    };
    int i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(names); i++) {
        VFIOVGATier tier;

        for (tier = VFIO_VGA_TIER_COMBINE; tier <= VFIO_VGA_TIER_PLANES;
             tier++) {
            add_test(names[i], tier, false);
        }
        add_test(names[i], VFIO_VGA_TIER_PLANES, true);
    }
    return g_test_run();
}
