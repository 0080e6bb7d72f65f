/*
 * The QEMU that is fuzzed: its adapter, and what remains after its removal
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "libqmp.h"
#include "qemu/memfd.h"
#include "vfio-user-fuzz-qemu.h"
#include "vfio-user-machine.h"

uint32_t fuzz_seed;

static uint32_t fuzz_first_seed;

volatile sig_atomic_t fuzz_seconds;

static char *log_name;

/* QEMU gets many commands before their replies are read */

void fuzz_failed(void *opaque)
{
    g_autofree char *text = NULL;
    gsize size = 0;

    fprintf(stderr, "failed with VFIO_USER_FUZZ_SEED=%" PRIu32
            " VFIO_USER_FUZZ_COUNT=1, or with all that this QEMU did before:"
            " VFIO_USER_FUZZ_SEED=%" PRIu32 " VFIO_USER_FUZZ_COUNT=%" PRIu32
            "\n", fuzz_seed, fuzz_first_seed, fuzz_seed - fuzz_first_seed + 1);
    if (log_name && g_file_get_contents(log_name, &text, &size, NULL)) {
        fprintf(stderr, "%s\n", text + (size > 4096 ? size - 4096 : 0));
    }
}

void fuzz_tick(int sig)
{
    static const char text[] = "QEMU does not answer\n";

    if (++fuzz_seconds < HANGS) {
        alarm(1);
    } else if (write(STDERR_FILENO, text, sizeof(text) - 1) >= 0) {
        abort();
    }
}

void qemu_start(Client *q, const char *options)
{
    g_autofree char *dir = g_dir_make_tmp("vfio-user-fuzz-XXXXXX", NULL);
    g_autofree char *qtest = g_strdup_printf("%s/qtest", dir);
    g_autofree char *all = NULL;
    int fd = g_file_open_tmp("vfio-user-fuzz-XXXXXX", &log_name, NULL);

    close(fd);
    all = g_strdup_printf("-nodefaults -vga none -m 64M %s 2>%s", options,
                          log_name);
    *q = (Client) { };
    fuzz_first_seed = fuzz_seed;
    pipe_open(&q->pipe, qtest, all);
    g_rmdir(dir);
}

void qemu_stop(Client *q)
{
    pipe_close(&q->pipe);   /* aborts if its status is not 0 */
    g_unlink(log_name);
    g_clear_pointer(&log_name, g_free);
}

void qemu_run(Client *q)
{
    pipes_run(&q->pipe, 1);
    pipe_clear(&q->pipe);
}

/* Returns the monitor's next message that is not an event */
static QDict *qemu_receive(Client *q)
{
    QDict *answer = qmp_fd_receive(q->pipe.qmp);
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

/* Returns true if QEMU did it; takes over @command */
static bool qemu_command(Client *q, QDict *command)
{
    QDict *answer;
    bool done;

    qmp_fd_send(q->pipe.qmp, "%p", command);
    do {
        answer = qemu_receive(q);
    } while (!answer);
    done = qdict_haskey(answer, "return");
    qobject_unref(answer);
    return done;
}

bool qemu_simple(Client *q, const char *command)
{
    return qemu_command(q, qdict_from_jsonf_nofail("{'execute': %s}", command));
}

void put_config(Client *q, unsigned devfn, unsigned reg, uint32_t value,
                char size)
{
    pipe_printf(&q->pipe, "outl 0xcf8 0x%x",
                0x80000000 | devfn << 8 | (reg & ~3));
    pipe_printf(&q->pipe, "out%c 0x%x 0x%x", size, 0xcfc + (reg & 3), value);
}

void put_bars(Client *q)
{
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_0, BAR0, 'l');
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_1, BAR1, 'l');
    put_config(q, SLOT << 3, PCI_BASE_ADDRESS_2, BAR2 | 1, 'l');
    put_config(q, SLOT << 3, PCI_ROM_ADDRESS, ROM | 1, 'l');
    put_config(q, SLOT << 3, PCI_COMMAND, 7, 'w');
}

bool qemu_plug(Client *q, Adapter *adapter, QDict *properties)
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

void qemu_unplug(Client *q)
{
    q->deleted = false;
    /* BARs must not overlap the ports of hot-plug */
    put_config(q, SLOT << 3, PCI_COMMAND, 0, 'w');
    qemu_run(q);
    g_assert_true(qemu_command(q, qdict_from_jsonf_nofail(
        "{'execute': 'device_del', 'arguments': {'id': 'card'}}")));
    pipe_printf(&q->pipe, "outl 0x%x 0x%x", EJECT, 1 << SLOT);
    qemu_run(q);
    while (!q->deleted) {
        qobject_unref(qemu_receive(q));
    }
}

/* What QEMU holds */

static char *qemu_proc(Client *q, const char *file)
{
    g_autofree char *name = g_strdup_printf("/proc/%d/%s",
                                            qtest_pid(q->pipe.qts), file);
    char *text;

    g_assert_true(g_file_get_contents(name, &text, NULL, NULL));
    return text;
}

/* In KiB; 0 with AddressSanitizer, which keeps freed memory */
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
 * Nothing of a device may remain after RCU has released it, which is also when
 * its connection is closed.
 */
static void qemu_check_left(Client *q)
{
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    while (machine_count(q->pipe.qts, "fd") > q->fds ||
           machine_count(q->pipe.qts, "task") > q->threads) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
    g_assert_cmpint(qemu_memory(q), <=, q->memory + 64 * KiB);
}

void qemu_check(Client *q)
{
    uint64_t log;
    GStatBuf st;

    g_assert_true(qemu_simple(q, "query-pci"));
    g_assert_cmpint(g_stat(log_name, &st), ==, 0);
    log = st.st_size - q->log;
    g_assert_cmpint(log, <, LOG_A_DEVICE);
    q->log = st.st_size;

    /* the first devices make QEMU allocate memory that it keeps */
    if (++q->devices > 5) {
        qemu_check_left(q);
    } else if (q->devices == 5) {
        q->fds = machine_count(q->pipe.qts, "fd");
        q->threads = machine_count(q->pipe.qts, "task");
        q->memory = qemu_memory(q);
    }
}
