/*
 * The oracle for legacy VGA: one adapter through a client and one directly
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "libqmp.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "vga-oracle.h"
#include "vga-hole.h"
#include "vga-stats.h"

#define DUMP_EVERY 20000 /* accesses; and at the end */

static void oracle_start_server(Oracle *o)
{
    o->server = qtest_initf(
        "-machine x-remote,vfio-user=on,auto-shutdown=off -nodefaults "
        "-device %s,id=gpu,romfile= "
        "-object x-vfio-user-server,id=server,device=gpu,"
        "type=unix,path=%s/vfio", o->model, o->dir);
}

/*
 * Time stands still here, so BARs that were mapped once would stay mapped, and
 * the engine would have nothing to do.
 */
static char *client_options(const Tier *tier)
{
    const char *own = g_getenv("VGA_ORACLE_CLIENT_OPTS");
    g_auto(GStrv) options = g_strsplit(own ?: tier->options, ",", 0);
    GString *args = g_string_new(own ? "" :
                                 " -global vfio-user-pci.x-mmap=off");
    int i;

    for (i = 0; options[i] && *options[i]; i++) {
        g_string_append_printf(args, " -global vfio-user-pci.%s", options[i]);
    }
    return g_string_free(args, false);
}

/*
 * An access may go beyond the end of the window.  What is there, without an
 * option ROM, depends on the legacy hole, which x-vga=on turns on.
 */
static void oracle_start_guests(Oracle *o)
{
    g_autofree char *path = g_strdup_printf("%s/qtest", o->dir);
    g_autofree char *options = client_options(o->tier);
    g_autofree char *client = g_strdup_printf(
        "-machine pc -nodefaults -vga none%s -device "
        "'{\"driver\":\"vfio-user-pci\",\"id\":\"gpu\",\"addr\":\"%d\",\"x-vga\":true,"
        "\"socket\":{\"type\":\"unix\",\"path\":\"%s/vfio\"}}'",
        options, SLOT, o->dir);
    g_autofree char *type = vga_hole_machine(true);
    g_autofree char *direct = g_strdup_printf(
        "-machine %s -nodefaults -vga none -device %s,addr=%d,romfile=",
        type, o->model, SLOT);

    pipe_open(&o->pipes[CLIENT], path, client);
    pipe_open(&o->pipes[DIRECT], path, direct);
}

void oracle_stop(Oracle *o)
{
    g_autofree char *socket = g_strdup_printf("%s/vfio", o->dir);

    pipe_close(&o->pipes[CLIENT]);
    pipe_close(&o->pipes[DIRECT]);
    qtest_quit(o->server);
    guest_end(&o->guest);
    g_unlink(socket);
    g_assert_cmpint(g_rmdir(o->dir), ==, 0);
    g_free(o->dir);
}

/*
 * Comparing
 */

void oracle_print_last(const Access *past, int n)
{
    int i;

    for (i = -n; i < 0; i++) {
        g_autoptr(GString) line = g_string_new("    ");

        access_print(line, &past[i]);
        g_string_truncate(line, line->len - 1);
        g_test_message("%s", line->str);
    }
}

void oracle_report(Oracle *o, int n, const char *what, const char *got,
                   const char *expected)
{
    o->diverged = true;
    o->diverged_at = o->done + n;
    o->bad = o->made + (o->in_batch ? n + 1 : 0);
    if (o->quiet) {
        return;
    }
    g_test_message("%s diverges at access %" PRIu64 ": %s", o->model,
                   o->diverged_at, what);
    g_test_message("  through the client: %s", got);
    g_test_message("  directly:           %s", expected);
    g_test_message("  after:");
    oracle_print_last(&o->past[HISTORY + n], MIN(o->diverged_at, HISTORY));
}

static void oracle_compare(Oracle *o, int n)
{
    int i;

    for (i = 0; i < n && !o->diverged; i++) {
        const Access *a = &o->past[HISTORY + i];
        const char *got = pipe_reply(&o->pipes[CLIENT]);
        const char *expected = pipe_reply(&o->pipes[DIRECT]);

        if (!access_agrees(a, got, expected)) {
            g_autoptr(GString) what = g_string_new("");

            access_print(what, a);
            g_string_truncate(what, what->len - 1);
            oracle_report(o, i, what->str, got, expected);
        }
    }
    pipe_clear(&o->pipes[CLIENT]);
    pipe_clear(&o->pipes[DIRECT]);
}

static void put_access(Pipe *p, const Access *a)
{
    access_print(p->out, a);
    p->wanted++;
}

static void oracle_put(Oracle *o, int n, Access a)
{
    g_assert_cmpint(n, <, BATCH);
    if (a.op == OP_OUT && a.addr == 0xcfc && a.size == 2) {
        o->decodes = a.value & PCI_COMMAND_MEMORY;
    }
    o->past[HISTORY + n] = a;
    put_access(&o->pipes[DIRECT], &a);
    if (o->fault && o->fault(&a)) {
        o->fault = NULL;
        o->fault_at = o->done + n;
    }
    put_access(&o->pipes[CLIENT], &a);
}

/* Run and compare the queued accesses */
static void oracle_do(Oracle *o, int n)
{
    pipes_run(o->pipes, 2);
    oracle_compare(o, n);
    if (o->diverged) {
        return;
    }
    memmove(o->past, o->past + n, HISTORY * sizeof(o->past[0]));
    o->done += n;
}

void oracle_guests(Oracle *o, const Access *list, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        oracle_put(o, i, list[i]);
    }
    oracle_do(o, n);
}

/* Turn decoding on and map BAR 0, because there is no firmware */
static void oracle_decode(Oracle *o)
{
    static const Access decode[] = {
        { .op = OP_OUT, .size = 4, .addr = 0xcf8,
          .value = CONFIG(PCI_BASE_ADDRESS_0) },
        { .op = OP_OUT, .size = 4, .addr = 0xcfc, .value = BAR },
        { .op = OP_OUT, .size = 4, .addr = 0xcf8,
          .value = CONFIG(PCI_COMMAND) },
        { .op = OP_OUT, .size = 2, .addr = 0xcfc,
          .value = PCI_COMMAND_IO | PCI_COMMAND_MEMORY },
    };

    oracle_guests(o, decode, ARRAY_SIZE(decode));
}

uint8_t oracle_direct_byte(Oracle *o, const Access *a)
{
    Pipe *p = &o->pipes[DIRECT];
    uint64_t value = 0;
    const char *reply;

    put_access(p, a);
    pipes_run(p, 1);
    reply = pipe_reply(p);
    g_assert_true(g_str_has_prefix(reply, "OK"));
    if (a->op == OP_IN) {
        g_assert_cmpint(qemu_strtou64(reply + 3, NULL, 0, &value), ==, 0);
    }
    pipe_clear(p);
    return value;
}

void oracle_other(Oracle *o, uint16_t port, uint8_t value)
{
    Access a = { .op = OP_OUT, .size = 1, .addr = port, .value = value };

    qtest_outb(o->server, port, value);
    oracle_direct_byte(o, &a);
}

uint64_t oracle_counter(Oracle *o, const char *name)
{
    int qmp = o->pipes[CLIENT].qmp;
    QDict *response;

    qmp_fd_send(qmp, VGA_STATS_QUERY);
    while (response = qmp_fd_receive(qmp), qdict_haskey(response, "event")) {
        qobject_unref(response);
    }
    return vga_stats_counter(response, name);
}

static void oracle_event(Oracle *o, const Access *a)
{
    static const struct {
        const char *command;
        const char *event;
    } events[] = {
        [OP_STOP] = { "stop", "STOP" },
        [OP_CONT] = { "cont", "RESUME" },
        [OP_RESET] = { "system_reset", "RESET" },
    };
    int i;

    if (a->op == OP_OTHER) {
        oracle_other(o, a->addr, a->value);
        return;
    }
    for (i = 0; i < ARRAY_SIZE(o->pipes); i++) {
        pipe_command(&o->pipes[i], events[a->op].command, events[a->op].event);
    }
    if (a->op == OP_RESET) {
        oracle_decode(o);
    }
}

int oracle_batch(Oracle *o, int n)
{
    Access a = { };
    int i;

    for (i = 0; i < n; i++) {
        a = guest_next(&o->guest);
        if (a.op >= OP_STOP) {
            break;
        }
        oracle_put(o, i, a);
    }
    o->in_batch = true;
    oracle_do(o, i);
    o->in_batch = false;
    if (!o->diverged && i < n) {
        oracle_event(o, &a);
        i++;
    }
    o->made += o->diverged ? 0 : i;
    return i;
}

void oracle_start(Oracle *o, const Tier *tier, const char *model,
                  uint64_t seed)
{
    *o = (Oracle) { .tier = tier, .model = model };
    o->dir = g_dir_make_tmp("vga-oracle-XXXXXX", NULL);
    g_assert_nonnull(o->dir);
    oracle_start_server(o);
    oracle_start_guests(o);
    oracle_decode(o);
    guest_start(&o->guest, seed, tier->loads_latches);
}

void oracle_run(Oracle *o, uint64_t accesses)
{
    uint64_t left = accesses;
    uint64_t until_dump = DUMP_EVERY;

    while (left && !o->diverged) {
        int n = oracle_batch(o, MIN(MIN(left, until_dump), BATCH));

        left -= n;
        until_dump -= n;
        if (!o->diverged && (!left || !until_dump)) {
            oracle_dump(o);
            until_dump = DUMP_EVERY;
        }
    }
}
