/*
 * All values for all properties of an assigned adapter, files that are not a
 * ROM, and adapters that are plugged and unplugged many times
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each case works or gives one error: QEMU does not end, does not wait, and
 * holds as many files as before.  The server is vfio-user-adapter.c, the
 * machine is vfio-user-machine.c.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    0x10000
#define ANY         ADAPTER_REGIONS
#define PREFIX      "vfio-user-properties"
#define PLUGS       40          /* default of VFIO_USER_PLUGS */
#define LINES       4           /* lines of the log for one device */
#define TOGETHER    300         /* devices with several properties */
#define ROOT_PORT \
    "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off " \
    "-device pcie-root-port,id=rp,addr=2,slot=1,chassis=1"

static Adapter *adapter_whole(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    adapter_set_rom(adapter, 4096);
    adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       0xc0000);
    adapter_set_intx(adapter);
    adapter_set_msix(adapter, 0, 4);
    adapter_set_pm(adapter);
    return adapter;
}

/* Returns QEMU's error, which the caller frees, or NULL */
static char *device_add(Machine *machine, QDict *properties)
{
    QDict *response = qtest_qmp(machine->qts,
                                "{'execute': 'device_add', 'arguments': %p}",
                                properties);
    QDict *error = qdict_get_qdict(response, "error");
    char *desc = error ? g_strdup(qdict_get_str(error, "desc")) : NULL;

    qobject_unref(response);
    return desc;
}

/*
 * Values
 */

static const char *const values[] = {
    "0", "1", "-1", "7", "4096", "2147483647", "2147483648", "-2147483648",
    "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809",
    "0.5", "1e300", "true", "false", "null", "[]", "{}", "[1]",
    "{\"type\":\"unix\",\"path\":\"\"}", "{\"type\":\"fd\",\"str\":\"0\"}",
    "{\"type\":\"inet\",\"host\":\"\",\"port\":\"\"}",
    "\"\"", "\"on\"", "\"off\"", "\"auto\"", "\"no such value\"", "\"0\"",
    "\"-1\"", "\"0xffffffffffffffffffff\"", "\"1f.7\"", "\"99:99.9\"",
    "\"%s%n\"", "\"\\u00ff\\ud83d\\ude00\"", "\"a\\nb\"", "\"/dev/zero\"",
    "LONG",             /* a long string */
};

static QObject *value_new(unsigned i)
{
    g_autofree char *filler = NULL;
    QObject *value;

    if (strcmp(values[i], "LONG")) {
        value = qobject_from_json(values[i], NULL);
        g_assert_nonnull(value);
        return value;
    }
    filler = g_strnfill(5000, 'A');
    return QOBJECT(qstring_from_str(filler));
}

/* The names of a type's properties in -device, in an array to free */
static GPtrArray *property_names(Machine *machine, const char *type)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    QDict *response = qtest_qmp(machine->qts,
        "{'execute': 'device-list-properties',"
        " 'arguments': {'typename': %s}}", type);
    QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));

        g_ptr_array_add(names, g_strdup(qdict_get_str(property, "name")));
    }
    qobject_unref(response);
    g_assert_cmpint(names->len, >, 30);
    return names;
}

typedef struct Trial {
    Machine machine;
    GPtrArray *names;
    const char *driver;
    unsigned files;
    unsigned devices, refused;
} Trial;

static void trial_begin(Trial *trial, const char *driver)
{
    Adapter *adapter = adapter_whole();

    adapter_start(adapter);
    machine_start(&trial->machine, adapter, "pc", "");
    trial->driver = driver;
    trial->devices = trial->refused = 0;
    trial->names = property_names(&trial->machine, driver);
    trial->files = machine_open_files(&trial->machine);
}

static void trial_end(Trial *trial)
{
    g_test_message("%u of %u refused", trial->refused, trial->devices);
    g_assert_cmpint(trial->refused, >, 0);
    g_assert_cmpint(machine_said(&trial->machine, ""), <=,
                    LINES * trial->devices);
    g_ptr_array_free(trial->names, true);
    machine_stop(&trial->machine);
}

/* Try a device with @properties, which are freed */
static void trial_device(Trial *trial, QDict *properties)
{
    bool served = !strcmp(trial->driver, "vfio-user-pci");
    g_autoptr(GString) text = qobject_to_json(QOBJECT(properties));
    g_autofree char *desc = NULL;

    qdict_put_str(properties, "driver", trial->driver);
    qdict_put_str(properties, "id", "card");
    if (!qdict_haskey(properties, "addr")) {
        qdict_put_str(properties, "addr", stringify(MACHINE_SLOT));
    }
    if (served && !qdict_haskey(properties, "socket")) {
        qdict_put(properties, "socket",
                  qdict_from_jsonf_nofail(
                      "{'type': 'unix', 'path': %s}",
                      adapter_path(trial->machine.adapter)));
    }
    desc = device_add(&trial->machine, properties);
    machine_remark("", text->str);
    machine_remark("  ", desc);
    trial->devices++;
    trial->refused += !!desc;
    if (desc) {
        g_assert_cmpstr(desc, !=, "");
    } else {
        g_assert_true(served);
        qtest_qmp_device_del_send(trial->machine.qts, "card");
        qtest_system_reset(trial->machine.qts);
        qtest_qmp_eventwait(trial->machine.qts, "DEVICE_DELETED");
    }
    machine_check_alive(&trial->machine);
    g_assert_cmpint(machine_open_files(&trial->machine), ==, trial->files);
}

static const char *const drivers[] = { "vfio-user-pci", "vfio-pci" };

/* vfio-pci, which always fails without hardware, gets a part of the values */
static void test_each(const void *opaque)
{
    unsigned step = GPOINTER_TO_UINT(opaque) ? 5 : 1;
    Trial trial;
    unsigned i, j;

    trial_begin(&trial, drivers[GPOINTER_TO_UINT(opaque)]);
    for (i = 0; i < trial.names->len; i++) {
        for (j = i % step; j < ARRAY_SIZE(values); j += step) {
            QDict *properties = qdict_new();

            qdict_put_obj(properties, g_ptr_array_index(trial.names, i),
                          value_new(j));
            trial_device(&trial, properties);
        }
    }
    trial_end(&trial);
}

static void test_together(const void *opaque)
{
    GRand *rand = g_rand_new_with_seed(1);
    Trial trial;
    unsigned i, j;

    trial_begin(&trial, drivers[GPOINTER_TO_UINT(opaque)]);
    for (i = 0; i < TOGETHER; i++) {
        QDict *properties = qdict_new();

        for (j = g_rand_int_range(rand, 2, 7); j; j--) {
            unsigned name = g_rand_int_range(rand, 0, trial.names->len);
            unsigned value = g_rand_int_range(rand, 0, ARRAY_SIZE(values));

            qdict_put_obj(properties, g_ptr_array_index(trial.names, name),
                          value_new(value));
        }
        trial_device(&trial, properties);
    }
    trial_end(&trial);
    g_rand_free(rand);
}

/*
 * On the command line a value can have any bytes.  QEMU ends with an error on
 * one line, besides hints.
 */

/* Returns QEMU's messages; @device is freed */
static char *command_line(char *device)
{
    const char *argv[] = {
        qtest_qemu_binary(NULL), "-M", "pc,accel=qtest", "-nodefaults",
        "-vga", "none", "-display", "none", "-S", "-device", device, NULL,
    };
    char *text = NULL;
    int status;

    machine_remark("-device ", device);
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
                               G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                               &text, &status, NULL));
    machine_remark("", text);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_free(device);
    return text;
}

static void test_command_line(void)
{
    static const char *const options[] = {
        "socket=", "socket=\xff", "socket.type=unix", "socket.type=unix,"
        "socket.path=/no/such/socket", "socket.type=unix,socket.path=",
        "x-msg-timeout=-1", "x-msg-timeout=4294967296", "x-msg-timeout=",
        "x-vga=\xff\xfe", "x-mmap=\xff", "x-mmap=", "bootindex=\x80",
        "\xff=1", "=", "x-bar-identity=\xc3\x28", "romfile=\xff",
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(options); i++) {
        g_autofree char *text =
            command_line(g_strdup_printf("vfio-user-pci,%s", options[i]));

        g_assert_nonnull(strstr(text, "-device vfio-user-pci,"));
    }
}

/* ROM files.  A FIFO used to stop QEMU. */

typedef struct RomFile {
    const char *name;
    const char *why;            /* NULL: it is a ROM */
} RomFile;

static const RomFile rom_files[] = {
    { "rom", NULL },
    { "missing", "failed to find romfile" },
    { "fifo", "is not a regular file" },
    { "directory", "is not a regular file" },
    { "socket", "is not a regular file" },
    { "device", "is not a regular file" },
    { "loop", "failed to find romfile" },
    { "empty", "is empty" },
    { "huge", "too large" },
};

static void rom_socket(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(strlen(path), <, sizeof(un.sun_path));
    strcpy(un.sun_path, path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    close(fd);
}

static void rom_regular(const char *path, off_t size)
{
    int fd = g_creat(path, 0600);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
}

/* Returns the path of a file in @dir that is what its name says */
static char *rom_file_new(const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);

    if (!strcmp(name, "rom")) {
        rom_regular(path, 4096);
    } else if (!strcmp(name, "fifo")) {
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    } else if (!strcmp(name, "directory")) {
        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    } else if (!strcmp(name, "socket")) {
        rom_socket(path);
    } else if (!strcmp(name, "device")) {
        g_assert_cmpint(symlink("/dev/zero", path), ==, 0);
    } else if (!strcmp(name, "loop")) {
        g_assert_cmpint(symlink(name, path), ==, 0);
    } else if (!strcmp(name, "empty")) {
        rom_regular(path, 0);
    } else if (!strcmp(name, "huge")) {
        rom_regular(path, 3 * GiB);
    }
    return path;
}

static void rom_check(const RomFile *file, const char *path, char *desc)
{
    g_test_message("%s: %s", file->name, desc);
    g_assert_true(!desc == !file->why);
    if (desc) {
        g_assert_nonnull(strstr(desc, file->why));
        g_assert_nonnull(strstr(desc, path));
    }
    g_free(desc);
}

/* For an assigned adapter and for an emulated device */
static void test_rom_plug(const RomFile *file, const char *path)
{
    Adapter *adapter = adapter_whole();
    Machine machine;
    unsigned i, before;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    before = machine_open_files(&machine);
    for (i = 0; i < 2; i++) {
        rom_check(file, path,
                  machine_try_plug(&machine, qdict_from_jsonf_nofail(
                                                 "{'romfile': %s}", path)));
        if (!file->why) {
            machine_unplug(&machine);
        }
        adapter_wait_closed(adapter, i + 1);
        g_assert_cmpint(machine_open_files(&machine), ==, before);
    }
    rom_check(file, path,
              device_add(&machine, qdict_from_jsonf_nofail(
                  "{'driver': 'pci-testdev', 'addr': '6', 'romfile': %s}",
                  path)));
    machine_stop(&machine);
}

/* With rombar=0 fw_cfg gives the file to the firmware */
static void test_rom_fw_cfg(const RomFile *file, const char *path)
{
    g_autofree char *text = NULL;

    if (!file->why) {
        return;
    }
    text = command_line(g_strdup_printf("pci-testdev,rombar=0,romfile=%s",
                                        path));
    g_assert_nonnull(strstr(text, file->why));
}

static void test_rom(const void *opaque)
{
    const RomFile *file = opaque;
    g_autofree char *dir = g_dir_make_tmp("vfio-user-rom-XXXXXX", NULL);
    g_autofree char *path = rom_file_new(dir, file->name);

    test_rom_plug(file, path);
    test_rom_fw_cfg(file, path);
    g_remove(path);
    g_rmdir(dir);
}

/*
 * After it was refused, a device can be plugged with correct values and the
 * same properties
 */
static void test_again(void)
{
    Adapter *adapter = adapter_whole();
    Machine machine;
    unsigned i;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    for (i = 0; i < 3; i++) {
        machine_check_refused(&machine,
                              qdict_from_jsonf_nofail("{'acpi-index': 7,"
                                                      " 'bootindex': 3,"
                                                      " 'romsize': 3}"),
                              "not a power of two");
        machine_check_refused(&machine,
                              qdict_from_jsonf_nofail("{'acpi-index': 7,"
                                                      " 'bootindex': 3,"
                                                      " 'x-msg-timeout': 0}"),
                              "x-msg-timeout must be from 1 to 2147483647 ms");
        machine_check_refused(&machine,
                              qdict_from_jsonf_nofail("{'acpi-index': 7,"
                                                      " 'bootindex': 3,"
                                                      " 'romfile': '/dev'}"),
                              "is not a regular file");
        machine_plug(&machine, qdict_from_jsonf_nofail("{'acpi-index': 7,"
                                                       " 'bootindex': 3}"));
        machine_unplug(&machine);
    }
    machine_stop(&machine);
}

/* The largest values used to become negative, which meant no timeout */
static void test_timeout(void)
{
    Adapter *adapter = adapter_whole();
    Machine machine;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_check_refused(&machine,
                          qdict_from_jsonf_nofail("{'x-msg-timeout': "
                                                  "2147483648}"),
                          "to 2147483647 ms, not 2147483648");
    machine_plug(&machine,
                 qdict_from_jsonf_nofail("{'x-msg-timeout': 2147483647}"));
    machine_unplug(&machine);
    machine_stop(&machine);
}

/* Devices are plugged and unplugged many times */

typedef struct Churn {
    Machine machine;
    bool express;
} Churn;

static QDict *churn_properties(Churn *churn)
{
    QDict *properties = qdict_from_jsonf_nofail("{'x-vga': true}");

    if (churn->express) {
        qdict_put_str(properties, "bus", "rp");
        qdict_put_str(properties, "addr", "0");
    }
    return properties;
}

/*
 * The slot of the root port is off, as it is without a guest, so this is
 * immediate
 */
static void churn_unplug(Churn *churn)
{
    if (churn->express) {
        qtest_qmp_device_del(churn->machine.qts, "card");
    } else {
        machine_unplug(&churn->machine);
    }
}

/* One device works, and one fails in each part of realize */
static void churn_once(Churn *churn)
{
    static const struct {
        unsigned command, region;
    } when[] = {
        { VFIO_USER_VERSION, ANY },
        { VFIO_USER_DEVICE_GET_INFO, ANY },
        { VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_CONFIG_REGION_INDEX },
        { VFIO_USER_REGION_READ, VFIO_PCI_CONFIG_REGION_INDEX },
        { VFIO_USER_DEVICE_SET_IRQS, ANY },
    };
    Adapter *adapter = churn->machine.adapter;
    QDict *properties;
    unsigned i;

    machine_plug(&churn->machine, churn_properties(churn));
    churn_unplug(churn);
    for (i = 0; i < ARRAY_SIZE(when); i++) {
        adapter_fault(adapter, ADAPTER_FAULT_ERROR, when[i].command,
                      when[i].region);
        machine_check_refused(&churn->machine, churn_properties(churn), "");
    }
    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    properties = churn_properties(churn);
    qdict_put_str(properties, "romfile", "/dev/null");
    machine_check_refused(&churn->machine, properties, "romfile");
}

/* QEMU's own memory in KiB */
static unsigned memory(Machine *machine)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status",
                                            qtest_pid(machine->qts));
    g_autofree char *text = NULL;
    char *line;
    unsigned kib;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "RssAnon:");
    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line, "RssAnon: %u kB", &kib), ==, 1);
    return kib;
}

/* AddressSanitizer keeps freed memory, and finds leaks itself */
static bool memory_counts(void)
{
#ifdef QEMU_SANITIZE_ADDRESS
    return false;
#else
    return true;
#endif
}

static void test_plugs(const void *opaque)
{
    const char *asked = getenv("VFIO_USER_PLUGS");
    unsigned plugs = asked ? atoi(asked) : PLUGS;
    Churn churn = { .express = GPOINTER_TO_UINT(opaque) };
    Adapter *adapter = adapter_whole();
    unsigned i, files, before, after;

    adapter_start(adapter);
    machine_start(&churn.machine, adapter, churn.express ? "q35" : "pc",
                  churn.express ? ROOT_PORT : "");
    for (i = 0; i < plugs / 2; i++) {
        churn_once(&churn);
    }
    files = machine_open_files(&churn.machine);
    before = memory(&churn.machine);
    for (; i < plugs; i++) {
        churn_once(&churn);
        g_assert_cmpint(machine_open_files(&churn.machine), ==, files);
    }
    after = memory(&churn.machine);
    g_test_message("%u times: %u files, %u KiB after the first half, "
                   "%u after all", plugs, files, before, after);
    if (memory_counts()) {
        /* 4 KiB in each round, of seven devices, would be a leak */
        g_assert_cmpint(after, <, before + 1024 + 4 * (plugs - plugs / 2));
    }
    machine_stop(&churn.machine);
}

static void add(const char *name, const void *opaque, GTestDataFunc func)
{
    g_autofree char *path = g_strdup_printf("%s/%s", PREFIX, name);

    qtest_add_data_func(path, opaque, func);
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci") ||
        !qtest_has_device("pci-testdev")) {
        g_test_skip("no vfio-user-pci, or no pci-testdev");
        return 0;
    }

    add("each/vfio-user-pci", GUINT_TO_POINTER(0), test_each);
    add("together/vfio-user-pci", GUINT_TO_POINTER(0), test_together);
    if (qtest_has_device("vfio-pci")) {
        add("each/vfio-pci", GUINT_TO_POINTER(1), test_each);
        add("together/vfio-pci", GUINT_TO_POINTER(1), test_together);
    }
    qtest_add_func(PREFIX "/command-line", test_command_line);
    for (i = 0; i < ARRAY_SIZE(rom_files); i++) {
        g_autofree char *name = g_strdup_printf("rom/%s", rom_files[i].name);

        add(name, &rom_files[i], test_rom);
    }
    qtest_add_func(PREFIX "/again", test_again);
    qtest_add_func(PREFIX "/timeout", test_timeout);
    add("plugs/pc", GUINT_TO_POINTER(false), test_plugs);
    add("plugs/q35", GUINT_TO_POINTER(true), test_plugs);
    return g_test_run();
}
