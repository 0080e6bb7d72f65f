/*
 * A vfio-user server must not be able to end QEMU, to stop it, or to make it
 * leak
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server is vfio-user-adapter.c, the machine is vfio-user-machine.c.
 * vfio-config-check-test.c has the tests of its config space.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "vfio-user-machine.h"

#define BAR_SIZE        0x10000
#define BAR_ADDRESS     0xe0000000u
#define CARD            QPCI_DEVFN(MACHINE_SLOT, 0)
#define ANY             ADAPTER_REGIONS
#define PREFIX          "vfio-user-hostile"

static uint8_t *config_of(Adapter *adapter)
{
    return adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
}

static Adapter *adapter_with_bar(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    return adapter;
}

static QDict *properties(void)
{
    return qdict_from_jsonf_nofail("{'x-msg-timeout': %u}", MACHINE_LONG_TIME);
}

/*
 * The version reply.  If it was refused for its "migration", realize used to
 * go on and then fail, and the device was freed but still used.
 */

#define CAP(text) "{\"capabilities\":{" text "}}"
#define MIGRATION(text) CAP("\"migration\":{" text "}")

static const struct {
    const char *json;
    const char *why;        /* NULL: it is accepted */
} versions[] = {
    { "{}", NULL },
    { CAP(""), NULL },
    { MIGRATION(""), NULL },
    { CAP("\"max_msg_fds\":1,\"max_data_xfer_size\":8,\"max_dma_maps\":1"),
      NULL },
    { CAP("\"max_msg_fds\":16,\"max_data_xfer_size\":67108864,"
          "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":false,"
          "\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":268435456}"),
      NULL },
    { "", "JSON" },
    { "{", "JSON" },
    { "\xff\xfe", "JSON" },
    { "7", "the capabilities must be an object" },
    { "null", "the capabilities must be an object" },
    { "[]", "the capabilities must be an object" },
    { "{\"capabilities\":7}", "capabilities must be an object" },
    { "{\"capabilities\":null}", "capabilities must be an object" },
    { "{\"capabilities\":[]}", "capabilities must be an object" },
    { CAP("\"migration\":7"), "migration must be an object" },
    { CAP("\"migration\":null"), "migration must be an object" },
    { CAP("\"migration\":[]"), "migration must be an object" },
    { CAP("\"migration\":\"\""), "migration must be an object" },
    { CAP("\"migration\":true"), "migration must be an object" },
    { MIGRATION("\"pgsize\":\"4096\""), "pgsize must be " },
    { MIGRATION("\"pgsize\":0"), "pgsize 0x0 too small" },
    { MIGRATION("\"pgsize\":17"), "pgsize 0x11 too small" },
    { MIGRATION("\"pgsize\":-4096"), "pgsize must be " },
    { MIGRATION("\"max_bitmap_size\":{}"), "max_bitmap_size must be " },
    { MIGRATION("\"max_bitmap_size\":268435457"), "max_bitmap_size must be " },
    { CAP("\"max_msg_fds\":0"), "max_msg_fds must be " },
    { CAP("\"max_msg_fds\":17"), "max_msg_fds must be " },
    { CAP("\"max_msg_fds\":1.5"), "max_msg_fds must be " },
    { CAP("\"max_msg_fds\":-1"), "max_msg_fds must be " },
    { CAP("\"max_msg_fds\":\"8\""), "max_msg_fds must be " },
    { CAP("\"max_msg_fds\":18446744073709551617"), "max_msg_fds must be " },
    { CAP("\"max_data_xfer_size\":1"), "max_data_xfer_size must be " },
    { CAP("\"max_data_xfer_size\":67108865"), "max_data_xfer_size must be " },
    { CAP("\"max_data_xfer_size\":[1048576]"), "max_data_xfer_size must be " },
    { CAP("\"pgsizes\":true"), "pgsizes must be " },
    { CAP("\"pgsizes\":1"), " 0x1 too small" },
    { CAP("\"max_dma_maps\":0"), "max_dma_maps must be " },
    { CAP("\"max_dma_maps\":65536"), "max_dma_maps must be " },
    { CAP("\"max_dma_maps\":null"), "max_dma_maps must be " },
    { CAP("\"write_multiple\":1"), "write_multiple must be " },
    { CAP("\"write_multiple\":\"true\""), "write_multiple must be " },
};

static void test_version(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i, before;

    adapter_set_intx(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    before = machine_open_files(&machine);
    for (i = 0; i < ARRAY_SIZE(versions); i++) {
        adapter_set_capabilities(adapter, versions[i].json);
        machine_remark("", versions[i].json);
        if (versions[i].why) {
            machine_check_refused(&machine, properties(), versions[i].why);
        } else {
            machine_plug(&machine, properties());
            machine_unplug(&machine);
        }
        adapter_wait_closed(adapter, i + 1);
        g_assert_cmpint(machine_open_files(&machine), ==, before);
    }
    machine_stop(&machine);
}

static void test_version_cut(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    adapter_fault(adapter, ADAPTER_FAULT_CUT, VFIO_USER_VERSION, ANY);
    machine_check_refused(&machine, properties(), "corrupt version reply");
    adapter_wait_closed(adapter, 1);
    machine_stop(&machine);
}

/* The protocol leaves the capabilities to the server */
static void test_version_alone(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;

    adapter_set_capabilities(adapter, NULL);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    machine_unplug(&machine);
    machine_stop(&machine);
}

/* A server may have more capabilities than QEMU, and used to be refused */
static void test_version_long(void)
{
    Adapter *adapter = adapter_with_bar();
    g_autofree char *blanks = g_strnfill(2000, ' ');
    g_autofree char *json = g_strconcat(CAP(""), blanks, NULL);
    Machine machine;

    adapter_set_capabilities(adapter, json);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    machine_unplug(&machine);
    machine_stop(&machine);
}

/* One warning on one line names what it is about */
static void test_version_unknown(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;

    adapter_set_capabilities(adapter, CAP("\"twin\\nsocket\":{}"));
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, properties());
    g_assert_cmpint(machine_said(&machine, "capability"), ==, 1);
    g_assert_cmpint(machine_said(&machine, "\"twin\\nsocket\""), ==, 1);
    machine_unplug(&machine);
    machine_stop(&machine);
}

/*
 * A server listens but does not accept connections.  This used to stop QEMU
 * forever.
 */

static int socket_new(struct sockaddr_un *un, const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    *un = (struct sockaddr_un) { .sun_family = AF_UNIX };
    g_assert_cmpint(strlen(path), <, sizeof(un->sun_path));
    strcpy(un->sun_path, path);
    return fd;
}

/* Make a listener without room for another connection; closing @fds ends it */
static void backlog_fill(const char *path, GArray *fds)
{
    struct sockaddr_un un;
    int fd = socket_new(&un, path);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    g_assert_cmpint(listen(fd, 0), ==, 0);
    do {
        g_array_append_val(fds, fd);
        fd = socket_new(&un, path);
    } while (!connect(fd, (struct sockaddr *)&un, sizeof(un)));
    g_assert_cmpint(errno, ==, EAGAIN);
    close(fd);
}

static void test_backlog(void)
{
    g_autofree char *dir = g_dir_make_tmp("vfio-user-hostile-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    GArray *fds = g_array_new(false, false, sizeof(int));
    Machine machine;
    unsigned i, before;

    backlog_fill(path, fds);
    machine_start(&machine, adapter_new(), "pc", "");
    before = machine_open_files(&machine);
    for (i = 0; i < 2; i++) {
        QDict *response = qtest_qmp(machine.qts,
            "{'execute': 'device_add', 'arguments': {"
            " 'driver': 'vfio-user-pci', 'x-msg-timeout': 50,"
            " 'socket': {'type': 'unix', 'path': %s}}}", path);
        QDict *error = qdict_get_qdict(response, "error");

        g_assert_nonnull(error);
        g_assert_nonnull(strstr(qdict_get_str(error, "desc"),
                                "did not accept the connection within 50 ms"));
        g_assert_nonnull(strstr(qdict_get_str(error, "desc"), path));
        qobject_unref(response);
        g_assert_cmpint(machine_open_files(&machine), ==, before);
    }
    machine_stop(&machine);

    for (i = 0; i < fds->len; i++) {
        close(g_array_index(fds, int, i));
    }
    g_array_free(fds, true);
    g_unlink(path);
    g_rmdir(dir);
}

/*
 * A file for a BAR.  A file that was too short, or became too short, used to
 * end QEMU with SIGBUS.
 */

#define UNSEALABLE  0
#define SEALABLE    1
#define SEALED      2       /* the server has sealed it */
#define NO_MEMFD    3       /* a file on a file system */

static int file_new(unsigned kind, uint64_t size)
{
    g_autofree char *name = NULL;
    int fd;

    if (kind == NO_MEMFD) {
        fd = g_file_open_tmp("vfio-user-hostile-XXXXXX", &name, NULL);
        g_assert_cmpint(fd, >=, 0);
        g_unlink(name);
    } else {
        fd = memfd_create("bar", MFD_CLOEXEC |
                          (kind == UNSEALABLE ? 0 : MFD_ALLOW_SEALING));
        g_assert_cmpint(fd, >=, 0);
    }
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    if (kind == SEALED) {
        g_assert_cmpint(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL),
                        ==, 0);
    }
    return fd;
}

static const struct {
    const char *name;
    unsigned kind;
    uint64_t size;
    uint64_t offset;
    uint32_t flags;         /* flags of the region, besides MMAP */
    const char *wish;       /* x-mmap */
    bool mapped;
    const char *why_not;
} files[] = {
    { "sealable", SEALABLE, BAR_SIZE, 0, 3, "auto", true },
    { "sealed", SEALED, BAR_SIZE, 0, 3, "auto", true },
    { "long", SEALABLE, 2 * BAR_SIZE, BAR_SIZE, 3, "auto", true },
    { "unsealable", UNSEALABLE, BAR_SIZE, 0, 3, "auto", false, "sealed" },
    { "no-memfd", NO_MEMFD, BAR_SIZE, 0, 3, "auto", false, "sealed" },
    { "trusted", UNSEALABLE, BAR_SIZE, 0, 3, "on", true },
    { "trusted-no-memfd", NO_MEMFD, BAR_SIZE, 0, 3, "on", true },
    { "off", SEALABLE, BAR_SIZE, 0, 3, "off", false },
    { "empty", SEALABLE, 0, 0, 3, "auto", false, "too short" },
    { "trusted-empty", UNSEALABLE, 0, 0, 3, "on", false, "too short" },
    { "short", SEALABLE, BAR_SIZE - 1, 0, 3, "auto", false, "too short" },
    { "offset", SEALABLE, BAR_SIZE, 4096, 3, "auto", false, "too short" },
    { "offset-wraps", SEALABLE, BAR_SIZE, -4096, 3, "auto", false,
      "too short" },
    { "read-only", SEALABLE, BAR_SIZE, 0, VFIO_REGION_INFO_FLAG_READ, "auto",
      false, "both read and write" },
    { "no-access", SEALABLE, BAR_SIZE, 0, 0, "auto", false,
      "both read and write" },
};

/* Returns whether the guest's read arrives as a message */
static bool read_by_message(Machine *machine, Adapter *adapter)
{
    unsigned before = adapter_requests(adapter, VFIO_USER_REGION_READ);

    qtest_readl(machine->qts, BAR_ADDRESS + 0x8000);
    return adapter_requests(adapter, VFIO_USER_REGION_READ) != before;
}

static void map_bar(Machine *machine)
{
    QPCIBus *pci = qpci_new_pc(machine->qts, NULL);
    QPCIDevice *dev = qpci_device_find(pci, CARD);

    g_assert_nonnull(dev);
    qpci_config_writel(dev, PCI_BASE_ADDRESS_0, BAR_ADDRESS);
    qpci_config_writew(dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_free(dev);
    qpci_free_pc(pci);
}

static void test_file(const void *opaque)
{
    unsigned n = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_with_bar();
    int fd = file_new(files[n].kind, files[n].size);
    g_autofree char *desc = NULL;
    QDict *props = properties();
    Machine machine;
    unsigned before;

    adapter_set_region(adapter, 0, files[n].flags, BAR_SIZE);
    adapter_set_region_file(adapter, 0, fd, files[n].offset);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    before = machine_open_files(&machine);
    qdict_put_str(props, "x-mmap", files[n].wish);
    desc = machine_try_plug(&machine, props);
    g_assert_cmpstr(desc, ==, NULL);
    map_bar(&machine);
    g_assert_true(read_by_message(&machine, adapter) != files[n].mapped);
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, !!files[n].why_not);
    if (files[n].why_not) {
        g_assert_cmpint(machine_said(&machine, files[n].why_not), ==, 1);
    }
    if (strcmp(files[n].wish, "on")) {
        bool shrunk = !ftruncate(fd, 0);

        g_assert_false(files[n].mapped && shrunk);
        read_by_message(&machine, adapter);
        machine_check_alive(&machine);
    }
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    g_assert_cmpint(machine_open_files(&machine), ==, before);
    machine_stop(&machine);
    close(fd);
}

/* Only the areas are mapped, so the file needs to have only them */
static void test_file_areas(void)
{
    static const struct {
        struct vfio_region_info_cap_sparse_mmap sparse;
        struct vfio_region_sparse_mmap_area area;
    } caps = {
        .sparse.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP,
        .sparse.nr_areas = 1,
        .area.offset = 0x8000, .area.size = 0x1000,
    };
    static const struct {
        uint64_t size;
        bool mapped;
    } sizes[] = { { 0x9000, true }, { 0x8000, false }, { 0x8fff, false } };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        Adapter *adapter = adapter_with_bar();
        int fd = file_new(SEALABLE, sizes[i].size);
        Machine machine;

        adapter_set_region_file(adapter, 0, fd, 0);
        adapter_set_region_caps(adapter, 0, &caps, sizeof(caps),
                                sizeof(struct vfio_region_info));
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        machine_plug(&machine, properties());
        map_bar(&machine);
        g_assert_true(read_by_message(&machine, adapter) != sizes[i].mapped);
        g_assert_cmpint(machine_said(&machine, "too short"), ==,
                        !sizes[i].mapped);
        machine_unplug(&machine);
        machine_stop(&machine);
        close(fd);
    }
}

/* A table is at the very end of what 32 bits count, in a BAR that is mapped */
static void test_file_msix(void)
{
    Adapter *adapter = adapter_with_bar();
    int fd = file_new(SEALABLE, BAR_SIZE);
    Machine machine;

    adapter_set_region_file(adapter, 0, fd, 0);
    adapter_set_msix(adapter, 0, 4);
    stl_le_p(config_of(adapter) + 0x40 + PCI_MSIX_TABLE, 0xfffffff8);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_check_refused(&machine, properties(), "MSIX table outside");
    machine_stop(&machine);
    close(fd);
}

/* Migration.  It used to complete without the state of the adapter. */

static void check_blocked(Machine *machine, bool blocked)
{
    QDict *response = qtest_qmp(machine->qts, "{'execute': 'query-migrate'}");
    QDict *info = qdict_get_qdict(response, "return");
    QList *reasons = qdict_get_qlist(info, "blocked-reasons");

    g_assert_true(!reasons != blocked);
    if (blocked) {
        const char *reason =
            qstring_get_str(qobject_to(QString, qlist_peek(reasons)));

        g_assert_nonnull(strstr(reason, adapter_path(machine->adapter)));
        g_assert_nonnull(strstr(reason, "unplug"));
    }
    qobject_unref(response);
}

static void test_migration(void)
{
    static const char *const props[] = {
        "{}", "{'x-vga': true}", "{'x-bar-identity': 'on'}",
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(props); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;
        QDict *response, *error;

        adapter_set_region(adapter, VFIO_PCI_VGA_REGION_INDEX, 3, 0xc0000);
        stl_le_p(config_of(adapter) + PCI_BASE_ADDRESS_0, BAR_ADDRESS);
        adapter_start(adapter);
        machine_start(&machine, adapter, "pc", "");
        check_blocked(&machine, false);
        machine_plug(&machine, qobject_to(QDict,
                                          qobject_from_json(props[i], NULL)));
        check_blocked(&machine, true);
        response = qtest_qmp(machine.qts, "{'execute': 'migrate', "
                             "'arguments': {'uri': 'exec:cat >/dev/null'}}");
        error = qdict_get_qdict(response, "error");
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(qdict_get_str(error, "desc"), "vfio-user"));
        qobject_unref(response);
        machine_unplug(&machine);
        check_blocked(&machine, false);
        machine_stop(&machine);
    }
}

/*
 * A device that cannot be migrated is not plugged, and leaves no blocker
 * behind
 */
static void test_migration_refused(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;

    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "-only-migratable");
    machine_check_refused(&machine, properties(),
                          "vfio-user-pci cannot migrate");
    check_blocked(&machine, false);
    machine_stop(&machine);
}

int main(int argc, char **argv)
{
    static const MachineTest tests[] = {
        { "version", test_version },
        { "version-cut", test_version_cut },
        { "version-alone", test_version_alone },
        { "version-long", test_version_long },
        { "version-unknown", test_version_unknown },
        { "backlog", test_backlog },
        { "file-areas", test_file_areas },
        { "file-msix", test_file_msix },
        { "migration", test_migration },
        { "migration-refused", test_migration_refused },
    };
    unsigned i;

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }

    machine_add_list(PREFIX, tests, ARRAY_SIZE(tests));
    for (i = 0; i < ARRAY_SIZE(files); i++) {
        machine_add(PREFIX "/file", files[i].name, GUINT_TO_POINTER(i),
                    test_file);
    }
    return g_test_run();
}
