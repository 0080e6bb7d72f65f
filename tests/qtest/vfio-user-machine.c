/*
 * A machine without a processor for an adapter of vfio-user-adapter.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "libqos/pci-pc.h"
#include "qapi/error.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

bool machine_test_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    if (qtest_has_device("vfio-user-pci")) {
        return true;
    }
    g_test_skip("no vfio-user-pci");
    return false;
}

void machine_add(const char *group, const char *name, const void *data,
                 GTestDataFunc test)
{
    g_autofree char *path = g_strdup_printf("%s/%s", group, name);

    qtest_add_data_func(path, data, test);
}

void machine_add_list(const char *group, const MachineTest *tests, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", group, tests[i].name);

        qtest_add_func(path, tests[i].func);
    }
}

char *machine_refusal(const char *options)
{
    g_autofree char *command = g_strdup_printf(
        "%s -accel qtest -display none -nodefaults %s",
        qtest_qemu_binary(NULL), options);
    char *said;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &said, &status,
                                            NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return said;
}

void machine_start(Machine *machine, Adapter *adapter, const char *type,
                   const char *options)
{
    int fd;

    *machine = (Machine) { .adapter = adapter };
    fd = g_file_open_tmp("vfio-user-machine-XXXXXX", &machine->log, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    machine->qts = qtest_initf("-M %s -nodefaults -vga none %s 2>%s",
                               type, options, machine->log);
}

char *machine_try_plug(Machine *machine, QDict *properties)
{
    QDict *response, *error;
    char *desc = NULL;

    qdict_put_str(properties, "driver", "vfio-user-pci");
    qdict_put_str(properties, "id", "card");
    if (!qdict_haskey(properties, "addr")) {
        qdict_put_str(properties, "addr", stringify(MACHINE_SLOT));
    }
    qdict_put(properties, "socket",
              qdict_from_jsonf_nofail("{'type': 'unix', 'path': %s}",
                                      adapter_path(machine->adapter)));
    response = qtest_qmp(machine->qts,
                         "{'execute': 'device_add', 'arguments': %p}",
                         properties);
    error = qdict_get_qdict(response, "error");
    if (error) {
        desc = g_strdup(qdict_get_str(error, "desc"));
    }
    qobject_unref(response);
    return desc;
}

void machine_plug(Machine *machine, QDict *properties)
{
    g_autofree char *desc = machine_try_plug(machine, properties);

    g_assert_cmpstr(desc, ==, NULL);
}

void machine_remark(const char *what, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ?: "nothing", -1);

    g_test_message("%s%.500s", what, valid);
}

void machine_check_refused(Machine *machine, QDict *properties,
                           const char *why)
{
    g_autofree char *desc = machine_try_plug(machine, properties);

    machine_remark("", desc);
    g_assert_nonnull(desc);
    g_assert_nonnull(strstr(desc, why));
    machine_check_alive(machine);
}

void machine_check_choice(Machine *machine, const char *name,
                          const char *values)
{
    g_autofree char *why = g_strdup_printf("%s must be %s", name, values);
    static const char *const bad[] = { "'banana'", "''", "true", "3", "null" };
    g_autofree char *line = g_strdup_printf(" %s = ", name);
    g_autofree char *tree = NULL;
    QDict *response;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *json = g_strdup_printf("{'%s': %s}", name, bad[i]);

        QObject *properties = qobject_from_json(json, &error_abort);

        machine_check_refused(machine, qobject_to(QDict, properties), why);
    }
    machine_plug(machine, qdict_new());
    response = qtest_qmp(machine->qts, "{'execute': 'qom-set', 'arguments':"
                         " {'path': '/machine/peripheral/card',"
                         "  'property': %s, 'value': 'auto'}}", name);
    g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(response, "error"),
                                          "desc"), "after it was realized"));
    qobject_unref(response);
    tree = qtest_hmp(machine->qts, "info qtree");
    g_assert_nonnull(strstr(tree, line));
    machine_unplug(machine);
}

unsigned machine_open_files(Machine *machine)
{
    return machine_count(machine->qts, "fd");
}

unsigned machine_count(QTestState *qts, const char *what)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", qtest_pid(qts),
                                            what);
    GDir *dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

QPCIDevice *machine_open(Machine *machine, QPCIBus **bus, QPCIBar *bar)
{
    QPCIDevice *dev;

    *bus = qpci_new_pc(machine->qts, NULL);
    dev = qpci_device_find(*bus, QPCI_DEVFN(MACHINE_SLOT, 0));
    g_assert_nonnull(dev);
    qpci_device_enable(dev);
    *bar = qpci_iomap(dev, 0, NULL);
    return dev;
}

void machine_unplug(Machine *machine)
{
    qpci_unplug_acpi_device_test(machine->qts, "card", MACHINE_SLOT);
}

void machine_check_alive(Machine *machine)
{
    QDict *response = qtest_qmp(machine->qts, "{'execute': 'query-status'}");

    g_assert_true(qdict_haskey(response, "return"));
    qobject_unref(response);
}

unsigned machine_said(Machine *machine, const char *what)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    unsigned n = 0;
    int i;

    g_assert_true(g_file_get_contents(machine->log, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        /* AddressSanitizer has a warning for programs with coroutines. */
        n += *lines[i] && strstr(lines[i], what) &&
             !strstr(lines[i], "==WARNING: ASan doesn't fully support");
    }
    return n;
}

void machine_wait_said(Machine *machine, const char *what)
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (!machine_said(machine, what)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

void machine_stop(Machine *machine)
{
    machine_check_alive(machine);
    qtest_quit(machine->qts);   /* aborts if its status is not 0 */
    g_unlink(machine->log);
    g_free(machine->log);
    adapter_free(machine->adapter);
}
