/*
 * x-bar-identity: an assigned adapter's BARs are where the host has them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapters are vfio-user-adapter.c, whose config space says where "the
 * host" has the BARs. qtest plays the firmware and the operating system.  Each
 * refusal is caused once.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "bar-identity-bench.h"

/*
 * The guest
 */

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

/* Firmware that does not know the file */
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

/* The guest moves a BAR, and moves it back */
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

/* Sizing a BAR while memory is decoded does not move it */
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

/* Outside of D0 nothing is decoded, which does not count as a move */
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

/* Another device's BAR has priority over the host's address */
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
 * Refusals
 */

typedef struct Refusal {
    const char *name;
    const char *machine;
    const char *options;
    Bar bars[5];
    const char *bus;                    /* the adapter's bus, or NULL */
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
      { "0x10000000000-0x100000fffff", "have only 40 physical address bits" } },
    { "hypertransport", "pc", "-cpu qemu64,phys-bits=48",
      { { 0, 0xfd00000000, 1 * MiB, MEM64 } }, NULL,
      { "0xfd00000000-", "the HyperTransport area of AMD" } },
    /* On q35 hotplug is for bridges */
    { "ecam", "q35", "-m 1G -device pcie-pci-bridge,id=b1", {
          { 0, 0x40000000, 1 * GiB }, { 1, 0x80000000, 1 * GiB },
          { 2, 0xc0000000, 512 * MiB }, { 3, 0xe0000000, 256 * MiB } }, "b1",
      { "no room for the 256 MiB of ECAM" } },
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
    /* A window around both BARs would have the I/O APIC in it */
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

/*
 * The result with on and with auto, and that the adapter works without the
 * property
 */
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
            g_assert_cmpint(machine_said(&machine, "x-bar-identity=auto has "
                                         "no effect: "), ==, 1);
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

/* The BARs or windows of a second adapter meet those of the first */
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

/* The property is on the command line of a machine that does not support it */
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

    if (!machine_test_init(&argc, &argv)) {
        return 0;
    }
    qtest_add_func("bar-identity/property", test_property);
    qtest_add_func("bar-identity/placed", test_placed);
    qtest_add_func("bar-identity/alias", test_alias);
    qtest_add_func("bar-identity/moved", test_moved);
    qtest_add_func("bar-identity/sizing", test_sizing);
    qtest_add_func("bar-identity/power", test_power);
    qtest_add_func("bar-identity/hidden", test_hidden);
    for (i = 0; i < ARRAY_SIZE(refusals); i++) {
        machine_add("bar-identity/refused", refusals[i].name, &refusals[i],
                    test_refusal);
    }
    qtest_add_data_func("bar-identity/refused/second-bar", GUINT_TO_POINTER(0),
                        test_refused_second);
    qtest_add_data_func("bar-identity/refused/second-window",
                        GUINT_TO_POINTER(1), test_refused_second);
    if (qtest_has_machine("microvm")) {
        qtest_add_func("bar-identity/refused/machine", test_machine);
    }
    for (i = 0; i < ARRAY_SIZE(wishes); i++) {
        machine_add("bar-identity/wish", wishes[i].name, GUINT_TO_POINTER(i),
                    test_wish);
    }
    identity_add_file();
    return g_test_run();
}
