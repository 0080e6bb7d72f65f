/*
 * BARs of an assigned adapter where the host has them: x-bar-identity
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapters are vfio-user-adapter.c, whose config space says where "the
 * host" has the BARs.  qtest plays the firmware and the operating system, and
 * each refusal is asked for once.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/fw_cfg.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

#define RW      (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define PREF    PCI_BASE_ADDRESS_MEM_PREFETCH
#define MEM64   PCI_BASE_ADDRESS_MEM_TYPE_64
#define FILE_NAME   "etc/pci-fixed-bars"
#define NVIDIA  0x10de
#define AMD     0x1002
#define RECORD  32                      /* bytes, bar-identity.h */
#define MARK    0x1234567887654321ULL   /* in BAR 0 */

typedef struct Bar {
    unsigned nr;
    uint64_t address;
    uint64_t size;                      /* 0 ends the list */
    uint32_t flags;
} Bar;

/* As a display adapter has them; the second one is a 64-bit one */
static const Bar usual[] = {
    { 0, 0xf6000000, 1 * MiB, 0 },
    { 1, 0x1800000000, 2 * MiB, PREF | MEM64 },
    { 3, 0xf4000000, 64 * KiB, PREF },
    { }
};

/*
 * Adapters
 */

static void set_bars(Adapter *adapter, const Bar *bar)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    for (; bar->size; bar++) {
        uint8_t *reg = config + PCI_BASE_ADDRESS_0 + 4 * bar->nr;

        /* Nobody reads the large ones */
        adapter_set_region(adapter, bar->nr, RW, MIN(bar->size, 2 * MiB));
        adapter_set_region_size(adapter, bar->nr, bar->size);
        stl_le_p(reg, bar->address | bar->flags);
        if (bar->flags & MEM64) {
            stl_le_p(reg + 4, bar->address >> 32);
        }
    }
}

static Adapter *adapter_with(const Bar *bars)
{
    Adapter *adapter = adapter_new();

    set_bars(adapter, bars);
    stq_le_p(adapter_data(adapter, bars->nr), MARK);
    adapter_start(adapter);
    return adapter;
}

/* -device for the command line; @more: further properties, with a comma */
static char *option(Adapter *adapter, const char *id, const char *more)
{
    return g_strdup_printf("-device '{\"driver\": \"vfio-user-pci\", "
                           "\"id\": \"%s\", \"x-bar-identity\": \"on\", "
                           "\"socket\": {\"type\": \"unix\", "
                           "\"path\": \"%s\"}%s}' ", id,
                           adapter_path(adapter), more);
}

static QDict *identity(const char *value)
{
    return qdict_from_jsonf_nofail("{'x-bar-identity': %s}", value);
}

static void start(Machine *machine, const Bar *bars, const char *type)
{
    machine_start(machine, adapter_with(bars), type, "");
    machine_plug(machine, identity("on"));
}

/* On the command line, so that firmware is told; @more: further options */
static void start_cold(Machine *machine, const Bar *bars, const char *more)
{
    Adapter *adapter = adapter_with(bars);
    g_autofree char *device = option(adapter, "card", ", \"addr\": \""
                                     stringify(MACHINE_SLOT) "\"");
    g_autofree char *options = g_strdup_printf("%s %s", device, more);

    machine_start(machine, adapter, "pc", options);
}

static char *state(Machine *machine)
{
    QDict *response = qtest_qmp(machine->qts,
        "{'execute': 'qom-get', 'arguments': {"
        " 'path': '/machine/peripheral/card', 'property': 'bar-identity'}}");
    char *text = g_strdup(qdict_get_str(response, "return"));

    qobject_unref(response);
    return text;
}

static void check_state(Machine *machine, const char *expected)
{
    g_autofree char *text = state(machine);

    g_assert_cmpstr(text, ==, expected);
}

/*
 * The guest
 */

static void config_writel(Machine *machine, unsigned devfn, unsigned offset,
                          uint32_t value)
{
    qtest_outl(machine->qts, 0xcf8, 0x80000000 | devfn << 8 | offset);
    qtest_outl(machine->qts, 0xcfc, value);
}

static uint32_t config_readl(Machine *machine, unsigned devfn, unsigned offset)
{
    qtest_outl(machine->qts, 0xcf8, 0x80000000 | devfn << 8 | offset);
    return qtest_inl(machine->qts, 0xcfc);
}

static void write_bar(Machine *machine, unsigned nr, uint64_t address,
                      bool mem64)
{
    unsigned reg = PCI_BASE_ADDRESS_0 + 4 * nr;

    config_writel(machine, MACHINE_SLOT << 3, reg, address);
    if (mem64) {
        config_writel(machine, MACHINE_SLOT << 3, reg + 4, address >> 32);
    }
}

static void decode(Machine *machine, bool memory)
{
    config_writel(machine, MACHINE_SLOT << 3, PCI_COMMAND,
                  memory ? PCI_COMMAND_MEMORY : 0);
}

/* All BARs where the host has them */
static void place(Machine *machine)
{
    const Bar *bar;

    decode(machine, false);
    for (bar = usual; bar->size; bar++) {
        write_bar(machine, bar->nr, bar->address, bar->flags & MEM64);
    }
    decode(machine, true);
}

static void test_placed(void)
{
    Machine machine;

    start(&machine, usual, "pc");
    check_state(&machine, "BAR 0: 0xf6000000 off; BAR 1: 0x1800000000 off; "
                "BAR 3: 0xf4000000 off");
    place(&machine);
    check_state(&machine, "BAR 0: 0xf6000000 identical; "
                "BAR 1: 0x1800000000 identical; BAR 3: 0xf4000000 identical");
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), ==, MARK);
    g_assert_cmpint(machine_said(&machine, "BAR"), ==, 0);
    qtest_system_reset(machine.qts);
    check_state(&machine, "BAR 0: 0xf6000000 off; BAR 1: 0x1800000000 off; "
                "BAR 3: 0xf4000000 off");
    machine_stop(&machine);
}

/* Firmware that does not know it */
static void test_alias(void)
{
    Machine machine;

    start_cold(&machine, usual, "");
    write_bar(&machine, 0, 0xe0000000, false);
    write_bar(&machine, 1, 0xe8000000, true);
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
    decode(&machine, true);
    check_state(&machine, "BAR 0: 0xf6000000 alias; BAR 1: 0x1800000000 alias; "
                "BAR 3: 0xf4000000 alias");
    g_assert_cmphex(qtest_readq(machine.qts, 0xe0000000), ==, MARK);
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), ==, MARK);
    qtest_writeq(machine.qts, 0x1800000008, 42);
    g_assert_cmpint(qtest_readq(machine.qts, 0xe8000008), ==, 42);
    g_assert_cmpint(machine_said(&machine, "firmware has not put BAR"), ==, 1);
    decode(&machine, false);
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
    machine_stop(&machine);
}

/* A guest that moves a BAR, and one that moves it back */
static void test_moved(void)
{
    Machine machine;

    start(&machine, usual, "pc");
    place(&machine);
    write_bar(&machine, 0, 0xe0000000, false);
    check_state(&machine, "BAR 0: 0xf6000000 alias; "
                "BAR 1: 0x1800000000 identical; BAR 3: 0xf4000000 identical");
    g_assert_cmphex(qtest_readq(machine.qts, 0xe0000000), ==, MARK);
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), ==, MARK);
    write_bar(&machine, 3, 0xe1000000, false);
    write_bar(&machine, 0, 0xe2000000, false);
    g_assert_cmpint(machine_said(&machine, "has moved BAR 0 away"), ==, 1);
    g_assert_cmpint(machine_said(&machine, "BAR"), ==, 1);
    place(&machine);
    check_state(&machine, "BAR 0: 0xf6000000 identical; "
                "BAR 1: 0x1800000000 identical; BAR 3: 0xf4000000 identical");
    g_assert_cmphex(qtest_readq(machine.qts, 0xe2000000), !=, MARK);
    machine_stop(&machine);
}

/* Finding out a BAR's size, while memory is decoded, does not move it */
static void test_sizing(void)
{
    Machine machine;
    const Bar *bar;

    start(&machine, usual, "pc");
    place(&machine);
    for (bar = usual; bar->size; bar++) {
        unsigned reg = PCI_BASE_ADDRESS_0 + 4 * bar->nr;

        config_writel(&machine, MACHINE_SLOT << 3, reg, UINT32_MAX);
        g_assert_cmphex(config_readl(&machine, MACHINE_SLOT << 3, reg) & ~0xf,
                        ==, (uint32_t)-bar->size);
        config_writel(&machine, MACHINE_SLOT << 3, reg, bar->address);
        if (bar->flags & MEM64) {
            config_writel(&machine, MACHINE_SLOT << 3, reg + 4, UINT32_MAX);
            config_readl(&machine, MACHINE_SLOT << 3, reg + 4);
            config_writel(&machine, MACHINE_SLOT << 3, reg + 4,
                          bar->address >> 32);
        }
    }
    check_state(&machine, "BAR 0: 0xf6000000 identical; "
                "BAR 1: 0x1800000000 identical; BAR 3: 0xf4000000 identical");
    g_assert_cmpint(machine_said(&machine, "BAR"), ==, 0);
    machine_stop(&machine);
}

/* Outside D0 nothing is decoded, which is no move either */
static void test_power(void)
{
    Adapter *adapter = adapter_new();
    Machine machine;

    set_bars(adapter, usual);
    stq_le_p(adapter_data(adapter, 0), MARK);
    adapter_set_pm(adapter);
    adapter_start(adapter);
    machine_start(&machine, adapter, "pc", "");
    machine_plug(&machine, identity("on"));
    place(&machine);
    config_writel(&machine, MACHINE_SLOT << 3, ADAPTER_PM_CAP + PCI_PM_CTRL,
                  PCI_PM_CTRL_NO_SOFT_RESET | 3);
    check_state(&machine, "BAR 0: 0xf6000000 off; BAR 1: 0x1800000000 off; "
                "BAR 3: 0xf4000000 off");
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
    config_writel(&machine, MACHINE_SLOT << 3, ADAPTER_PM_CAP + PCI_PM_CTRL,
                  PCI_PM_CTRL_NO_SOFT_RESET);
    check_state(&machine, "BAR 0: 0xf6000000 identical; "
                "BAR 1: 0x1800000000 identical; BAR 3: 0xf4000000 identical");
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), ==, MARK);
    g_assert_cmpint(machine_said(&machine, "BAR"), ==, 0);
    machine_stop(&machine);
}

/* Another device's BAR has priority over the address of the host's */
static void test_hidden(void)
{
    Machine machine = { };

    machine_start(&machine, adapter_with(usual), "pc",
                  "-device pci-testdev,addr=6,membar=2M,membar-backed=on");
    machine_plug(&machine, identity("on"));
    config_writel(&machine, 6 << 3, PCI_BASE_ADDRESS_2, 0xf6000000);
    config_writel(&machine, 6 << 3, PCI_BASE_ADDRESS_3, 0);
    config_writel(&machine, 6 << 3, PCI_COMMAND, PCI_COMMAND_MEMORY);
    write_bar(&machine, 0, 0xe0000000, false);
    decode(&machine, true);
    check_state(&machine, "BAR 0: 0xf6000000 hidden; "
                "BAR 1: 0x1800000000 alias; BAR 3: 0xf4000000 alias");
    g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
    g_assert_cmphex(qtest_readq(machine.qts, 0xe0000000), ==, MARK);
    machine_stop(&machine);
}

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

/* Two adapters, one of them two bridges away */
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

/*
 * fw_cfg's directory, which firmware reads once
 */

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

/* Whatever is plugged, a name stays with its key; sizes may change */
static void check_keys(const Directory *before, const Directory *after)
{
    unsigned i;

    g_assert_cmpint(be32_to_cpu(before->count), ==, be32_to_cpu(after->count));
    for (i = 0; i < be32_to_cpu(before->count); i++) {
        g_assert_cmpstr(before->files[i].name, ==, after->files[i].name);
        g_assert_cmpint(before->files[i].key, ==, after->files[i].key);
    }
}

/* @n -fw_cfg options, the names of which come after all others */
static char *fw_cfg_options(unsigned n)
{
    GString *text = g_string_new("");

    while (n--) {
        g_string_append_printf(text, "-fw_cfg name=opt/x%u,string=%u ", n, n);
    }
    return g_string_free(text, false);
}

/* Firmware has run, and has nothing to say about one that comes later */
static void test_hotplug(void)
{
    g_autofree char *options = fw_cfg_options(1);
    Directory before, after;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    read_directory(&machine, &before);
    machine_plug(&machine, identity("on"));
    read_directory(&machine, &after);
    check_keys(&before, &after);
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

/* Where there is the file, what is in it follows */
static void test_hotplug_second(void)
{
    static const Bar others[] = { { 0, 0xe0000000, 1 * MiB, PREF }, { } };
    Adapter *first = adapter_with(others);
    g_autofree char *device = option(first, "first", ", \"addr\": \"6\"");
    g_autofree char *more = fw_cfg_options(1);
    g_autofree char *options = g_strdup_printf("%s %s", device, more);
    g_autoptr(GByteArray) file = NULL;
    Directory before, after;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    read_directory(&machine, &before);
    machine_plug(&machine, identity("on"));
    read_directory(&machine, &after);
    check_keys(&before, &after);
    file = read_file(&machine, FILE_NAME, 4096);
    g_assert_cmpint(file->len, ==, 4 * RECORD);
    machine_stop(&machine);
    adapter_free(first);
}

/* How many further files a machine has room for */
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
    Directory before, after;
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", options);
    read_directory(&machine, &before);
    g_assert_cmpint(be32_to_cpu(before.count), ==, SLOTS);
    machine_plug(&machine, identity("on"));
    read_directory(&machine, &after);
    check_keys(&before, &after);
    machine_stop(&machine);
}

/* What QEMU says, and no more than exits, with @n -fw_cfg options */
static char *refusal_with(const char *device, unsigned n)
{
    g_autofree char *options = fw_cfg_options(n);
    g_autofree char *command = g_strdup_printf(
        "%s -M pc -accel qtest -display none -nodefaults %s %s",
        qtest_qemu_binary(NULL), options, device);
    char *said;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &said, &status,
                                            NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return said;
}

/*
 * One option too many, up to as many as fill the directory alone: of the files
 * that are added later than that of the device one has no room, then the
 * device's, then an option's
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

/* The ACPI tables, made when firmware asks for them, keep the OS away */
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

/*
 * Refusals
 */

typedef struct Refusal {
    const char *name;
    const char *machine;
    const char *options;
    Bar bars[5];
    const char *bus;                    /* that the adapter is on, or NULL */
    const char *said[2];                /* parts of the message */
} Refusal;

#define BRIDGE(n, bus) \
    "-device pci-bridge,id=b" #n ",chassis_nr=" #n ",bus=" bus ",addr=7 "

static const Refusal refusals[] = {
    { "ram-low", "pc", "-m 1G", { { 0, 0x30000000, 1 * MiB } }, NULL,
      { "BAR 0 of", "the guest's RAM is there" } },
    { "ram-high", "pc,max-ram-below-4g=512M", "-m 768M",
      { { 2, 0x108000000, 1 * MiB, MEM64 } }, NULL,
      { "BAR 2 of", "the guest's RAM is there" } },
    { "ram-hotplug", "pc", "-m 128M,slots=1,maxmem=1G",
      { { 2, 0x118000000, 1 * MiB, MEM64 } }, NULL,
      { "BAR 2 of", "memory can be plugged there" } },
    { "apic", "pc", "", { { 0, 0xfee00000, 1 * MiB } }, NULL,
      { "0xfee00000-0xfeefffff", "the local APICs" } },
    { "legacy", "pc", "", { { 0, 0xa0000, 128 * KiB } }, NULL,
      { "0xa0000-0xbffff", "the first MiB is there" } },
    { "phys-bits", "pc", "-cpu qemu64,phys-bits=40",
      { { 0, 1ULL << 40, 1 * MiB, MEM64 } }, NULL,
      { "0x10000000000-0x100000fffff", "have 40 physical address bits" } },
    { "hypertransport", "pc", "-cpu qemu64,phys-bits=48",
      { { 0, 0xfd00000000, 1 * MiB, MEM64 } }, NULL,
      { "0xfd00000000-", "the HyperTransport area of AMD" } },
    /* Hotplug is for bridges there */
    { "ecam", "q35", "-m 1G -device pcie-pci-bridge,id=b1", {
          { 0, 0x40000000, 1 * GiB }, { 1, 0x80000000, 1 * GiB },
          { 2, 0xc0000000, 512 * MiB }, { 3, 0xe0000000, 256 * MiB } }, "b1",
      { "no place for the 256 MiB of ECAM" } },
    { "unassigned", "pc", "", { { 0, 0, 1 * MiB } }, NULL,
      { "BAR 0 has no address on the host" } },
    { "crooked", "pc", "", { { 0, 0xf6080000, 1 * MiB } }, NULL,
      { "BAR 0 of 0x100000 bytes cannot be at 0xf6080000" } },
    { "own-bars", "pc", "", {
          { 0, 0xf6000000, 2 * MiB }, { 1, 0xf6100000, 1 * MiB } }, NULL,
      { "BAR 0 of", "BAR 1 of" } },
    { "bridge-high", "pc", BRIDGE(1, "pci.0"),
      { { 0, 0x1800000000, 1 * MiB, MEM64 } }, "b1",
      { "behind a bridge: it is not prefetchable" } },
    /* From RAM's end to the first BAR above RAM is the I/O APIC */
    { "bridge-window", "pc", BRIDGE(1, "pci.0"), {
          { 0, 0xf6000000, 1 * MiB, PREF },
          { 2, 0x1800000000, 1 * MiB, PREF | MEM64 } }, "b1",
      { "the prefetchable window of bridge b1", "the I/O APIC" } },
    { "depth", "pc", BRIDGE(1, "pci.0") BRIDGE(2, "b1") BRIDGE(3, "b2")
      BRIDGE(4, "b3") BRIDGE(5, "b4") BRIDGE(6, "b5") BRIDGE(7, "b6")
      BRIDGE(8, "b7") BRIDGE(9, "b8") BRIDGE(10, "b9") BRIDGE(11, "b10")
      BRIDGE(12, "b11"), { { 0, 0xf6000000, 1 * MiB } }, "b12",
      { "behind more than 11 bridges" } },
};

/* What on and auto make of it, and that the adapter can be had without */
static void test_refusal(const void *data)
{
    const Refusal *refusal = data;
    Machine machine;
    unsigned i, j;

    machine_start(&machine, adapter_with(refusal->bars), refusal->machine,
                  refusal->options);
    for (i = 0; i < 2; i++) {
        QDict *properties = identity(i ? "auto" : "on");
        g_autofree char *desc = NULL;

        if (refusal->bus) {
            qdict_put_str(properties, "bus", refusal->bus);
        }
        qdict_put_int(properties, "x-pci-vendor-id", NVIDIA);
        desc = machine_try_plug(&machine, properties);
        if (i) {
            g_assert_cmpstr(desc, ==, NULL);
            g_free(desc);
            desc = state(&machine);
            g_assert_true(g_str_has_prefix(desc, "off: "));
            g_assert_cmpint(machine_said(&machine, "x-bar-identity=auto: not "
                                         "possible: "), ==, 1);
        } else {
            g_assert_cmpstr(desc, !=, NULL);
            g_assert_nonnull(strstr(desc, "x-bar-identity=on: "));
            adapter_wait_closed(machine.adapter, 1);
        }
        for (j = 0; j < ARRAY_SIZE(refusal->said) && refusal->said[j]; j++) {
            if (!strstr(desc, refusal->said[j])) {
                g_test_message("said: %s", desc);
                g_test_fail();
            }
        }
    }
    machine_stop(&machine);
}

/* A second adapter, whose BARs or windows meet those of the first */
static void test_refused_second(const void *data)
{
    bool window = GPOINTER_TO_UINT(data);
    static const Bar wide[] = {
        { 0, 0xe0000000, 1 * MiB }, { 1, 0xf0000000, 1 * MiB }, { }
    };
    static const Bar inside[] = { { 0, 0xe8000000, 1 * MiB }, { } };
    static const Bar same[] = { { 3, 0xe0000000, 2 * MiB }, { } };
    Adapter *first = adapter_with(wide);
    g_autofree char *device = option(first, "first", ", \"addr\": \"1\", "
                                     "\"bus\": \"b1\"");
    g_autofree char *options = g_strconcat(BRIDGE(1, "pci.0"), device, NULL);
    g_autofree char *desc = NULL;
    Machine machine;

    machine_start(&machine, adapter_with(window ? inside : same), "pc",
                  options);
    desc = machine_try_plug(&machine, identity("on"));
    g_assert_nonnull(desc);
    g_assert_nonnull(strstr(desc, window ? "BAR 0 of" : "BAR 3 of"));
    g_assert_nonnull(strstr(desc, "the memory window of bridge b1 would be at "
                            "0xe0000000-0xf00fffff"));
    adapter_wait_closed(machine.adapter, 1);
    machine_plug(&machine, identity("off"));
    machine_stop(&machine);
    adapter_free(first);
}

/* On the command line of a machine that has no such thing */
static void test_machine(void)
{
    Adapter *adapter = adapter_with(usual);
    g_autofree char *device = option(adapter, "card", "");
    g_autofree char *command = g_strdup_printf(
        "%s -M microvm,pcie=on -accel qtest -display none -nodefaults %s",
        qtest_qemu_binary(NULL), device);
    g_autofree char *said = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &said, &status,
                                            NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(said, "x-bar-identity=on: the machine is neither a "
                            "pc nor a q35"));
    adapter_free(adapter);
}

/*
 * auto
 */

static const struct {
    const char *name, *wish;
    unsigned vendor, class_code;
    const char *state;
} wishes[] = {
    { "default", NULL, NVIDIA, 0x030000, "off" },
    { "off", "off", NVIDIA, 0x030000, "off" },
    { "auto-other", "auto", AMD, 0x030000, "off" },
    { "auto-3d", "auto", NVIDIA, 0x030200, "off" },
    { "auto-nvidia", "auto", NVIDIA, 0x030000,
      "BAR 0: 0xf6000000 off; BAR 1: 0x1800000000 off; BAR 3: 0xf4000000 off" },
    { "on-other", "on", AMD, 0x038000,
      "BAR 0: 0xf6000000 off; BAR 1: 0x1800000000 off; BAR 3: 0xf4000000 off" },
};

static void test_wish(const void *data)
{
    unsigned i = GPOINTER_TO_UINT(data);
    QDict *properties = qdict_new();
    Machine machine;

    if (wishes[i].wish) {
        qdict_put_str(properties, "x-bar-identity", wishes[i].wish);
    }
    qdict_put_int(properties, "x-pci-vendor-id", wishes[i].vendor);
    qdict_put_int(properties, "x-pci-class-code", wishes[i].class_code);
    machine_start(&machine, adapter_with(usual), "pc", "");
    machine_plug(&machine, properties);
    check_state(&machine, wishes[i].state);
    g_assert_cmpint(machine_said(&machine, "identity"), ==, 0);
    if (!strcmp(wishes[i].state, "off")) {
        decode(&machine, true);
        g_assert_cmphex(qtest_readq(machine.qts, 0xf6000000), !=, MARK);
    }
    machine_stop(&machine);
}

static void test_property(void)
{
    Machine machine;

    machine_start(&machine, adapter_with(usual), "pc", "");
    machine_check_choice(&machine, "x-bar-identity", "auto, on or off");
    machine_stop(&machine);
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return 0;
    }
    qtest_add_func("bar-identity/property", test_property);
    qtest_add_func("bar-identity/placed", test_placed);
    qtest_add_func("bar-identity/alias", test_alias);
    qtest_add_func("bar-identity/moved", test_moved);
    qtest_add_func("bar-identity/sizing", test_sizing);
    qtest_add_func("bar-identity/power", test_power);
    qtest_add_func("bar-identity/hidden", test_hidden);
    qtest_add_func("bar-identity/file", test_file);
    qtest_add_func("bar-identity/file-bridges", test_file_bridges);
    qtest_add_func("bar-identity/unplug", test_unplug);
    qtest_add_func("bar-identity/reserved", test_reserved);
    qtest_add_func("bar-identity/hotplug", test_hotplug);
    qtest_add_func("bar-identity/hotplug/second", test_hotplug_second);
    qtest_add_func("bar-identity/hotplug/full", test_hotplug_full);
    qtest_add_func("bar-identity/full", test_full);
    for (i = 0; i < ARRAY_SIZE(refusals); i++) {
        g_autofree char *name = g_strdup_printf("bar-identity/refused/%s",
                                                refusals[i].name);

        qtest_add_data_func(name, &refusals[i], test_refusal);
    }
    qtest_add_data_func("bar-identity/refused/second-bar", GUINT_TO_POINTER(0),
                        test_refused_second);
    qtest_add_data_func("bar-identity/refused/second-window",
                        GUINT_TO_POINTER(1), test_refused_second);
    if (qtest_has_machine("microvm")) {
        qtest_add_func("bar-identity/refused/machine", test_machine);
    }
    for (i = 0; i < ARRAY_SIZE(wishes); i++) {
        g_autofree char *name = g_strdup_printf("bar-identity/wish/%s",
                                                wishes[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_wish);
    }
    return g_test_run();
}
