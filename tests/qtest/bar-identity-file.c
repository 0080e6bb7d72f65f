/*
 * The fw_cfg file with the BARs of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "libqos/fw_cfg.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "bar-identity-bench.h"

/*
 * What firmware is told
 */

static GByteArray *read_file(Machine *machine, const char *name, size_t most)
{
    GByteArray *file = g_byte_array_new();
    QFWCFG *fw_cfg = pc_fw_cfg_init(machine->qts);
    size_t size;

    g_byte_array_set_size(file, most);
    size = qfw_cfg_get_file(fw_cfg, name, file->data, most);
    g_byte_array_set_size(file, MIN(size, most));
    pc_fw_cfg_uninit(fw_cfg);
    return file;
}

static void check_record(const uint8_t *record, const Bar *bar, unsigned depth,
                         const char *path)
{
    unsigned i;

    g_assert_cmphex(ldq_le_p(record), ==, bar->address);
    g_assert_cmphex(ldq_le_p(record + 8), ==, bar->size);
    g_assert_cmpint(record[16], ==, bar->nr);
    g_assert_cmpint(record[17], ==, depth);
    g_assert_cmpint(record[18], ==, 0);
    g_assert_cmpint(record[19], ==, 0);
    for (i = 0; i < 12; i++) {
        g_assert_cmpint(record[20 + i], ==, i < depth ? path[i] : 0);
    }
}

static void check_records(const uint8_t *record, const Bar *bar, unsigned depth,
                          const char *path)
{
    for (; bar->size; bar++, record += RECORD) {
        check_record(record, bar, depth, path);
    }
}

static void test_file(void)
{
    g_autoptr(GByteArray) file = NULL;
    Machine machine;

    start_cold(&machine, usual, "");
    file = read_file(&machine, FILE_NAME, 4096);
    g_assert_cmpint(file->len, ==, 3 * RECORD);
    check_records(file->data, usual, 1, "\x20");
    machine_stop(&machine);
}

/* There are two adapters, one of them behind two bridges */
static void test_file_bridges(void)
{
    static const Bar others[] = {
        { 0, 0xe0000000, 1 * MiB, PREF },
        { 2, 0xe8000000, 4 * KiB, 0 },
        { }
    };
    Adapter *far = adapter_with(others), *near = adapter_with(usual);
    g_autofree char *far_option = option(far, "far", ", \"bus\": \"inner\", "
                                         "\"addr\": \"3\"");
    g_autofree char *near_option = option(near, "card", ", \"addr\": \"5\"");
    g_autofree char *options = g_strdup_printf(
        "-device pci-bridge,id=outer,chassis_nr=1,addr=7 "
        "-device pci-bridge,id=inner,chassis_nr=2,bus=outer,addr=2.1,"
        "multifunction=on %s %s", near_option, far_option);
    g_autoptr(GByteArray) file = NULL;
    Machine machine;

    machine_start(&machine, near, "pc", options);
    file = read_file(&machine, FILE_NAME, 4096);
    g_assert_cmpint(file->len, ==, 5 * RECORD);
    check_records(file->data, others, 3, "\x38\x11\x18");
    check_records(file->data + 2 * RECORD, usual, 1, "\x28");
    machine_stop(&machine);
    adapter_free(far);
}

static void test_unplug(void)
{
    Machine machine;
    unsigned i;

    start_cold(&machine, usual, "");
    for (i = 1; i <= 2; i++) {
        g_autoptr(GByteArray) file = NULL, none = NULL;

        file = read_file(&machine, FILE_NAME, 4096);
        g_assert_cmpint(file->len, ==, 3 * RECORD);
        decode(&machine, true);
        g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), ==, MARK);
        machine_unplug(&machine);
        none = read_file(&machine, FILE_NAME, 4096);
        g_assert_cmpint(none->len, ==, 0);
        g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
        adapter_wait_closed(machine.adapter, i);
        machine_plug(&machine, identity("on"));
    }
    machine_stop(&machine);
}

/* fw_cfg's directory, which firmware reads once */

#define DIRECTORY   0x19
#define SLOTS       32          /* x-file-slots */

typedef struct FWFile {
    uint32_t size;
    uint16_t key, reserved;
    char name[56];
} FWFile;

typedef struct Directory {
    uint32_t count;
    FWFile files[SLOTS];
} Directory;

static void read_directory(Machine *machine, Directory *directory)
{
    QFWCFG *fw_cfg = pc_fw_cfg_init(machine->qts);

    qfw_cfg_get(fw_cfg, DIRECTORY, directory, sizeof(*directory));
    pc_fw_cfg_uninit(fw_cfg);
}

/* Whatever is plugged, a name keeps its key; sizes may change */
static void check_keys(const Directory *before, const Directory *after)
{
    unsigned i;

    g_assert_cmpint(be32_to_cpu(before->count), ==, be32_to_cpu(after->count));
    for (i = 0; i < be32_to_cpu(before->count); i++) {
        g_assert_cmpstr(before->files[i].name, ==, after->files[i].name);
        g_assert_cmpint(before->files[i].key, ==, after->files[i].key);
    }
}

/* Returns @n -fw_cfg options, whose names come after all others */
static char *fw_cfg_options(unsigned n)
{
    GString *text = g_string_new("");

    while (n--) {
        g_string_append_printf(text, "-fw_cfg name=opt/x%u,string=%u ", n, n);
    }
    return g_string_free(text, false);
}

/* After the adapter is plugged, firmware finds what it found before */
static void plug_and_check_keys(Machine *machine, Directory *before)
{
    Directory after;

    read_directory(machine, before);
    machine_plug(machine, identity("on"));
    read_directory(machine, &after);
    check_keys(before, &after);
}

/* Firmware has run, and gets no record of an adapter that is plugged later */
static void test_hotplug(void)
{
    g_autofree char *options = fw_cfg_options(1);
    Directory before, after;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    plug_and_check_keys(&machine, &before);
    write_bar(&machine, 0, 0xe0000000, false);
    decode(&machine, true);
    check_state(&machine, "BAR 0: 0xf6000000 alias; BAR 1: 0x1800000000 alias; "
                "BAR 3: 0xf4000000 alias");
    g_assert_cmpint(machine_said(&machine, "give the adapter on the command "
                                           "line"), ==, 1);
    machine_unplug(&machine);
    qtest_system_reset(machine.qts);
    read_directory(&machine, &after);
    check_keys(&before, &after);
    machine_stop(&machine);
}

/* If there is a file already, its contents change */
static void test_hotplug_second(void)
{
    static const Bar others[] = { { 0, 0xe0000000, 1 * MiB, PREF }, { } };
    Adapter *first = adapter_with(others);
    g_autofree char *device = option(first, "first", ", \"addr\": \"6\"");
    g_autofree char *more = fw_cfg_options(1);
    g_autofree char *options = g_strdup_printf("%s %s", device, more);
    g_autoptr(GByteArray) file = NULL;
    Directory before;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    plug_and_check_keys(&machine, &before);
    file = read_file(&machine, FILE_NAME, 4096);
    g_assert_cmpint(file->len, ==, 4 * RECORD);
    machine_stop(&machine);
    adapter_free(first);
}

/* Returns how many more files a machine has room for */
static unsigned room(void)
{
    Directory directory;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", "");
    read_directory(&machine, &directory);
    machine_stop(&machine);
    return SLOTS - be32_to_cpu(directory.count);
}

static void test_hotplug_full(void)
{
    g_autofree char *options = fw_cfg_options(room());
    Directory before;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    plug_and_check_keys(&machine, &before);
    g_assert_cmpint(be32_to_cpu(before.count), ==, SLOTS);
    machine_stop(&machine);
}

/* Returns QEMU's error for @n -fw_cfg options */
static char *refusal_with(const char *device, unsigned n)
{
    g_autofree char *files = fw_cfg_options(n);
    g_autofree char *options = g_strdup_printf("-M pc %s %s", files, device);

    return machine_refusal(options);
}

/*
 * First there is one option too many, and finally so many that they alone fill
 * the directory.  Files that are added after the device's run out of room
 * first, then the device's, then an option's.
 */
static void test_full(void)
{
    Adapter *adapter = adapter_with(usual);
    g_autofree char *device = option(adapter, "card", "");
    unsigned n, devices = 0, others = 0;

    for (n = room(); n <= SLOTS; n++) {
        g_autofree char *said = refusal_with(device, n);

        if (strstr(said, "x-bar-identity=on: fw_cfg has no room for")) {
            g_assert_nonnull(strstr(said, "\"id\": \"card\""));
            devices++;
        } else {
            g_assert_nonnull(strstr(said, "fw_cfg has room for 32 files, and"));
            others++;
        }
        g_assert_nonnull(strstr(said, "-global fw_cfg_io.x-file-slots=64"));
    }
    g_assert_cmpint(devices, ==, 1);
    g_assert_cmpint(others, >, 1);
    adapter_free(adapter);
}

/*
 * The ACPI tables, which are made when firmware asks for them, reserve the
 * range
 */
static bool is_reserved(Machine *machine)
{
    g_autoptr(GByteArray) tables = read_file(machine, "etc/acpi/tables",
                                             16 * KiB);
    static const uint8_t address[] = { 0x00, 0x00, 0x00, 0xf6 };
    const uint8_t *name = memmem(tables->data, tables->len, "HBAR", 4);

    return name && memmem(name, 128, address, sizeof(address));
}

static void test_reserved(void)
{
    Adapter *adapter = adapter_with(usual);
    g_autofree char *options = option(adapter, "card", ", \"addr\": \""
                                      stringify(MACHINE_SLOT) "\"");
    Machine machine;

    machine_start(&machine, adapter, "pc", options);
    decode(&machine, true);
    g_assert_true(is_reserved(&machine));
    qtest_system_reset(machine.qts);
    place(&machine);
    g_assert_false(is_reserved(&machine));
    machine_stop(&machine);
}

void identity_add_file(void)
{
    qtest_add_func("bar-identity/file", test_file);
    qtest_add_func("bar-identity/file-bridges", test_file_bridges);
    qtest_add_func("bar-identity/unplug", test_unplug);
    qtest_add_func("bar-identity/reserved", test_reserved);
    qtest_add_func("bar-identity/hotplug", test_hotplug);
    qtest_add_func("bar-identity/hotplug/second", test_hotplug_second);
    qtest_add_func("bar-identity/hotplug/full", test_hotplug_full);
    qtest_add_func("bar-identity/full", test_full);
}
