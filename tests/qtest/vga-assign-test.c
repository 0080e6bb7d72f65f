/*
 * Legacy VGA of an assigned adapter: which guest accesses reach it, as what,
 * and what the guest gets if the adapter does not answer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is vfio-user-adapter.c, in this process, given to QEMU as
 * vfio-user-pci with x-vga=on (vfio-user-machine.c).  It records what it is
 * asked.  The guest is played by qtest, so no processor runs, and neither KVM
 * nor hardware is needed.
 *
 * A memory write is posted: it is on its way when QEMU goes on.  sync() has
 * it arrive, and no "nothing came" is believed without it.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "vfio-user-machine.h"
#include "vga-stats.h"

#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE    0xc0000
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ANY         ADAPTER_REGIONS
#define IO_MEM      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static struct {
    unsigned bus, slot;
} where;                        /* the adapter is */

/*
 * The machine
 */

static Adapter *adapter_with_vga(void)
{
    Adapter *adapter = adapter_new();
    uint8_t *data;
    unsigned i;

    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    data = adapter_data(adapter, VGA);
    for (i = 0; i < VGA_SIZE; i++) {
        /* neither 0 nor 0xff, and no two neighbours alike */
        data[i] = 1 + i % 251;
    }
    return adapter;
}

static void start_with(Machine *machine, Adapter *adapter, const char *type,
                       const char *options)
{
    where.bus = 0;
    where.slot = MACHINE_SLOT;
    machine_start(machine, adapter, type, options);
}

static QDict *properties(bool x_vga, unsigned msec)
{
    return qdict_from_jsonf_nofail("{'x-vga': %i, 'x-msg-timeout': %u}", x_vga,
                                   msec);
}

static void plug(Machine *machine)
{
    machine_plug(machine, properties(true, 5000));
}

static void start(Machine *machine, Adapter *adapter)
{
    adapter_start(adapter);
    start_with(machine, adapter, "pc", "");
    plug(machine);
}

/* One of the adapter's counters */
static uint64_t region_counter(Machine *machine, const char *name)
{
    return vga_stats_counter(qtest_qmp(machine->qts, VGA_STATS_QUERY), name);
}

/*
 * Config space, of any bus
 */

static void config_at(Machine *machine, unsigned bus, unsigned slot,
                      unsigned offset)
{
    qtest_outl(machine->qts, 0xcf8,
               0x80000000 | bus << 16 | slot << 11 | (offset & 0xfc));
}

static uint32_t config_readl(Machine *machine, unsigned bus, unsigned slot,
                             unsigned offset)
{
    config_at(machine, bus, slot, offset);
    return qtest_inl(machine->qts, 0xcfc);
}

static void config_writel(Machine *machine, unsigned bus, unsigned slot,
                          unsigned offset, uint32_t value)
{
    config_at(machine, bus, slot, offset);
    qtest_outl(machine->qts, 0xcfc, value);
}

static void config_writew(Machine *machine, unsigned bus, unsigned slot,
                          unsigned offset, uint16_t value)
{
    config_at(machine, bus, slot, offset);
    qtest_outw(machine->qts, 0xcfc + (offset & 2), value);
}

static void set_command(Machine *machine, uint16_t command)
{
    config_writew(machine, where.bus, where.slot, PCI_COMMAND, command);
}

static void set_power(Machine *machine, unsigned state)
{
    unsigned offset = ADAPTER_PM_CAP + PCI_PM_CTRL;

    config_writew(machine, where.bus, where.slot, offset,
                  PCI_PM_CTRL_NO_SOFT_RESET | state);
    g_assert_cmpint(config_readl(machine, where.bus, where.slot, offset)
                    & PCI_PM_CTRL_STATE_MASK, ==, state);
}

/*
 * What came before has arrived: the adapter answers in order, and a byte of
 * config space that means nothing is asked of it and not of QEMU
 */
static void sync_with_adapter(Machine *machine)
{
    unsigned n = adapter_requests(machine->adapter, VFIO_USER_REGION_READ);

    config_readl(machine, where.bus, where.slot, 0xfc);
    g_assert_cmpint(adapter_requests(machine->adapter, VFIO_USER_REGION_READ),
                    ==, n + 1);
}

/*
 * Accesses
 */

typedef struct Range {
    uint32_t start, end;        /* end is the first address after it */
    bool port;
} Range;

static const Range ranges[] = {
    { 0xa0000, 0xc0000, false },
    { 0x3b0, 0x3bc, true },
    { 0x3c0, 0x3e0, true },
};

static const Range *range_of(uint32_t addr, bool port)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (ranges[i].port == port && addr >= ranges[i].start &&
            addr < ranges[i].end) {
            return &ranges[i];
        }
    }
    return NULL;
}

static uint64_t guest_read(Machine *machine, bool port, uint32_t addr,
                           unsigned size)
{
    QTestState *qts = machine->qts;

    switch (size) {
    case 1:
        return port ? qtest_inb(qts, addr) : qtest_readb(qts, addr);
    case 2:
        return port ? qtest_inw(qts, addr) : qtest_readw(qts, addr);
    case 4:
        return port ? qtest_inl(qts, addr) : qtest_readl(qts, addr);
    default:
        g_assert_false(port);
        return qtest_readq(qts, addr);
    }
}

static void guest_write(Machine *machine, bool port, uint32_t addr,
                        unsigned size, uint64_t value)
{
    QTestState *qts = machine->qts;

    switch (size) {
    case 1:
        port ? qtest_outb(qts, addr, value) : qtest_writeb(qts, addr, value);
        break;
    case 2:
        port ? qtest_outw(qts, addr, value) : qtest_writew(qts, addr, value);
        break;
    case 4:
        port ? qtest_outl(qts, addr, value) : qtest_writel(qts, addr, value);
        break;
    default:
        g_assert_false(port);
        qtest_writeq(qts, addr, value);
    }
}

static void check_nothing(Machine *machine)
{
    AdapterAccess access;

    g_assert_false(adapter_next(machine->adapter, &access));
}

static void check_piece(Machine *machine, bool write, bool port, uint32_t addr,
                        unsigned size, const uint8_t *bytes)
{
    AdapterAccess access;

    g_assert_true(adapter_next(machine->adapter, &access));
    g_assert_cmpint(access.region, ==, VGA);
    g_assert_cmpint(access.write, ==, write);
    g_assert_cmpint(access.posted, ==, write && !port);
    g_assert_cmphex(access.offset, ==, addr);
    g_assert_cmpint(access.count, ==, size);
    g_assert_cmpmem(access.data, size, bytes, size);
}

/*
 * The accesses the adapter gets for one of the guest's: of each range the
 * part that is in it, lowest address first, in pieces that are naturally
 * aligned, as large as they can be, and of at most 4 bytes.
 *
 * Returns how many.
 */
static unsigned check_pieces(Machine *machine, bool write, bool port,
                             uint32_t addr, unsigned size, uint64_t value)
{
    uint32_t at = addr, end = addr + size;
    uint8_t bytes[8];
    unsigned n = 0;

    stq_le_p(bytes, value);
    while (at < end) {
        const Range *range = range_of(at, port);
        unsigned piece = 4;

        if (!range) {
            at++;
            continue;
        }
        while (at % piece || at + piece > MIN(end, range->end)) {
            piece /= 2;
        }
        check_piece(machine, write, port, at, piece, bytes + (at - addr));
        at += piece;
        n++;
    }
    check_nothing(machine);
    return n;
}

/* Returns how many accesses the adapter got for a write and a read */
static unsigned check_access(Machine *machine, bool port, uint32_t addr,
                             unsigned size)
{
    static uint64_t seed = 0x0123456789abcdef;
    uint8_t *data = adapter_data(machine->adapter, VGA);
    uint64_t value;
    unsigned i, n;

    seed = seed * 6364136223846793005 + 1442695040888963407;
    value = seed >> 3 & MAKE_64BIT_MASK(0, 8 * size);

    sync_with_adapter(machine);
    check_nothing(machine);
    guest_write(machine, port, addr, size, value);
    sync_with_adapter(machine);
    n = check_pieces(machine, true, port, addr, size, value);

    /* Not what has just been written: an echo is no read */
    for (i = 0; i < size; i++) {
        if (range_of(addr + i, port)) {
            data[addr + i] ^= 0x5a;
        }
    }
    value = guest_read(machine, port, addr, size);
    for (i = 0; i < size; i++) {
        if (range_of(addr + i, port)) {
            g_assert_cmphex(value >> 8 * i & 0xff, ==, data[addr + i]);
        } else if (port) {
            g_assert_cmphex(value >> 8 * i & 0xff, ==, 0xff);
        }
    }
    sync_with_adapter(machine);
    return n + check_pieces(machine, false, port, addr, size, value);
}

static void check_silent(Machine *machine, bool port, uint32_t addr)
{
    guest_write(machine, port, addr, 1, 0x77);
    guest_read(machine, port, addr, 1);
    sync_with_adapter(machine);
    check_nothing(machine);
}

/* First and last byte of each range: there as the bits of PCI_COMMAND say */
static void check_decode(Machine *machine, uint16_t command)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(ranges); i++) {
        const Range *r = &ranges[i];

        if (command & (r->port ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) {
            g_assert_cmpint(check_access(machine, r->port, r->start, 1), ==, 2);
            g_assert_cmpint(check_access(machine, r->port, r->end - 1, 1), ==,
                            2);
        } else {
            check_silent(machine, r->port, r->start);
            check_silent(machine, r->port, r->end - 1);
        }
    }
}

/*
 * Which accesses reach the adapter
 */

static void test_command(void)
{
    static const uint16_t commands[] = {
        0, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, IO_MEM, PCI_COMMAND_MASTER,
        PCI_COMMAND_MEMORY, PCI_COMMAND_IO, 0, IO_MEM, 0,
    };
    Machine machine;
    unsigned i;

    start(&machine, adapter_with_vga());
    check_decode(&machine, 0);
    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        set_command(&machine, commands[i]);
        check_decode(&machine, commands[i]);
    }
    machine_stop(&machine);
}

/* Without x-vga, a VGA region is no reason to use it */
static void test_off(void)
{
    Machine machine = { .adapter = adapter_with_vga() };

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(false, 5000));
    set_command(&machine, IO_MEM);
    check_decode(&machine, 0);
    machine_stop(&machine);
}

/* Used to answer in any power state */
static void test_power(void)
{
    Adapter *adapter = adapter_with_vga();
    Machine machine;
    unsigned state;

    adapter_set_pm(adapter);
    start(&machine, adapter);
    for (state = 1; state <= 3; state++) {
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        set_power(&machine, state);
        check_decode(&machine, 0);

        /* PCI_COMMAND can be written, and counts later */
        set_command(&machine, 0);
        set_command(&machine, PCI_COMMAND_MEMORY);
        check_decode(&machine, 0);
        set_power(&machine, 0);
        check_decode(&machine, PCI_COMMAND_MEMORY);
    }

    /* From one state to a deeper one */
    set_command(&machine, IO_MEM);
    set_power(&machine, 1);
    set_power(&machine, 3);
    check_decode(&machine, 0);
    set_power(&machine, 0);
    check_decode(&machine, IO_MEM);

    /* A reset ends it */
    set_power(&machine, 3);
    qtest_system_reset(machine.qts);
    check_decode(&machine, 0);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

static const struct {
    const char *name, *type, *options, *bus;
    unsigned n;         /* bridges, the first on bus 0, the nth on bus n - 1 */
    unsigned slot[3];   /* theirs, and then the adapter's */
} bridges[] = {
    { "pci-bridge", "pc",
      "-device pci-bridge,id=b1,chassis_nr=1,addr=2", "b1", 1, { 2, 1 } },
    { "two-pci-bridges", "pc",
      "-device pci-bridge,id=b1,chassis_nr=1,addr=2 "
      "-device pci-bridge,id=b2,chassis_nr=2,bus=b1,addr=3", "b2",
      2, { 2, 3, 1 } },
    { "root-port", "q35",
      "-device pcie-root-port,id=b1,chassis=1,addr=2", "b1", 1, { 2, 0 } },
    { "root-port-and-pci-bridge", "q35",
      "-device pcie-root-port,id=b1,chassis=1,addr=2 "
      "-device pcie-pci-bridge,id=b2,bus=b1", "b2", 2, { 2, 0, 1 } },
};

static void bridge_set_control(Machine *machine, unsigned bridge, unsigned i,
                               bool vga)
{
    config_writew(machine, i, bridges[bridge].slot[i], PCI_BRIDGE_CONTROL,
                  vga ? PCI_BRIDGE_CTL_VGA : 0);
}

static void test_bridge(const void *opaque)
{
    unsigned bridge = GPOINTER_TO_UINT(opaque);
    unsigned n = bridges[bridge].n;
    const unsigned *slot = bridges[bridge].slot;
    g_autofree char *options = NULL;
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i, set, command;

    if (!qtest_has_machine(bridges[bridge].type)) {
        g_test_skip("no such machine");
        adapter_free(machine.adapter);
        return;
    }
    adapter_start(machine.adapter);
    options = g_strdup_printf("%s -device '{\"driver\": \"vfio-user-pci\","
        " \"id\": \"card\", \"x-vga\": true, \"bus\": \"%s\", \"addr\": \"%u\","
        " \"socket\": {\"type\": \"unix\", \"path\": \"%s\"}}'",
        bridges[bridge].options, bridges[bridge].bus, slot[n],
        adapter_path(machine.adapter));
    start_with(&machine, machine.adapter, bridges[bridge].type,
                       options);
    where.bus = n;
    where.slot = slot[n];

    for (i = 0; i < n; i++) {
        config_writel(&machine, i, slot[i], PCI_PRIMARY_BUS,
                      i | (i + 1) << 8 | n << 16);
        /* Windows whose end is before their start: none */
        config_writew(&machine, i, slot[i], PCI_IO_BASE, 0x00f0);
        config_writel(&machine, i, slot[i], PCI_MEMORY_BASE, 0x0000fff0);
        config_writel(&machine, i, slot[i], PCI_PREF_MEMORY_BASE, 0x0000fff0);
        config_writew(&machine, i, slot[i], PCI_COMMAND, IO_MEM);
    }
    g_assert_cmphex(config_readl(&machine, n, slot[n], PCI_VENDOR_ID), ==,
                    ADAPTER_DEVICE << 16 | ADAPTER_VENDOR);
    set_command(&machine, IO_MEM);

    /* Each bridge on the way must have VGA Enable, none, some, all, none */
    for (set = 0; set <= 1 << n; set++) {
        for (i = 0; i < n; i++) {
            bridge_set_control(&machine, bridge, i, set & 1 << i);
        }
        check_decode(&machine, set == (1 << n) - 1 ? IO_MEM : 0);
    }

    /* And must decode what it forwards */
    for (i = 0; i < n; i++) {
        bridge_set_control(&machine, bridge, i, true);
    }
    for (i = 0; i < n; i++) {
        for (command = 0; command <= IO_MEM; command++) {
            config_writew(&machine, i, slot[i], PCI_COMMAND, command);
            check_decode(&machine, command);
        }
    }

    /* So must the adapter */
    for (command = 0; command <= IO_MEM; command++) {
        set_command(&machine, command);
        check_decode(&machine, command);
    }
    machine_stop(&machine);
}

/*
 * As what they reach it
 */

/* Each size at each address from 9 bytes before an edge to 9 after it */
static void test_edges(void)
{
    Machine machine;
    unsigned i, size;

    start(&machine, adapter_with_vga());
    set_command(&machine, IO_MEM);
    for (i = 0; i < 2 * ARRAY_SIZE(ranges); i++) {
        const Range *r = &ranges[i / 2];
        uint32_t edge = i % 2 ? r->end : r->start;
        uint32_t addr;

        for (size = 1; size <= (r->port ? 4 : 8); size *= 2) {
            for (addr = edge - 9; addr <= edge + 9; addr++) {
                check_access(&machine, r->port, addr, size);
            }
        }
    }

    /* The header of this file in numbers, in case check_pieces() errs */
    g_assert_cmpint(check_access(&machine, false, 0x9ffff, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, false, 0xa0000, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, false, 0xbffff, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, false, 0xc0000, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3af, 1), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3b0, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3bb, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3bc, 4), ==, 0);
    g_assert_cmpint(check_access(&machine, true, 0x3c0, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3df, 1), ==, 2);
    g_assert_cmpint(check_access(&machine, true, 0x3e0, 1), ==, 0);
    machine_stop(&machine);
}

/* The byte at the lowest address is the least significant one */
static void test_endianness(void)
{
    Machine machine;
    uint8_t *data;

    start(&machine, adapter_with_vga());
    data = adapter_data(machine.adapter, VGA);
    set_command(&machine, IO_MEM);

    qtest_writeq(machine.qts, 0xb8000, 0x8877665544332211);
    qtest_outl(machine.qts, 0x3c4, 0xddccbbaa);
    sync_with_adapter(&machine);
    g_assert_cmpmem(data + 0xb8000, 8, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    g_assert_cmpmem(data + 0x3c4, 4, "\xaa\xbb\xcc\xdd", 4);
    g_assert_cmphex(qtest_readq(machine.qts, 0xb8000), ==, 0x8877665544332211);
    g_assert_cmphex(qtest_readl(machine.qts, 0xb8001), ==, 0x55443322);
    g_assert_cmphex(qtest_readw(machine.qts, 0xb8003), ==, 0x5544);
    g_assert_cmphex(qtest_readb(machine.qts, 0xb8007), ==, 0x88);
    g_assert_cmphex(qtest_inl(machine.qts, 0x3c4), ==, 0xddccbbaa);
    g_assert_cmphex(qtest_inw(machine.qts, 0x3c5), ==, 0xccbb);
    g_assert_cmphex(qtest_inb(machine.qts, 0x3c7), ==, 0xdd);
    machine_stop(&machine);
}

/*
 * An adapter that does not answer
 */

static const struct {
    const char *name;
    AdapterFault fault;
    bool write;         /* port writes fail, in place of reads */
    unsigned msec, n;
} faults[] = {
    { "error", ADAPTER_FAULT_ERROR, false, MACHINE_LONG_TIME, 100 },
    { "short", ADAPTER_FAULT_SHORT, false, MACHINE_LONG_TIME, 100 },
    { "header", ADAPTER_FAULT_HEADER, false, MACHINE_LONG_TIME, 100 },
    { "closed", ADAPTER_FAULT_CLOSE, false, MACHINE_LONG_TIME, 100 },
    { "error-code", ADAPTER_FAULT_CODE, false, MACHINE_LONG_TIME, 100 },
    { "error-zero", ADAPTER_FAULT_ZERO, false, MACHINE_LONG_TIME, 100 },
    { "silent", ADAPTER_FAULT_SILENT, false, 100, 100 },
    { "half", ADAPTER_FAULT_HALF, false, 100, 100 },
    { "write-error", ADAPTER_FAULT_ERROR, true, MACHINE_LONG_TIME, 100 },
    { "write-closed", ADAPTER_FAULT_CLOSE, true, MACHINE_LONG_TIME, 100 },
    { "write-silent", ADAPTER_FAULT_SILENT, true, 100, 100 },
};

/* After these there is no connection any more */
static bool fault_is_last(AdapterFault fault)
{
    return fault == ADAPTER_FAULT_CLOSE || fault == ADAPTER_FAULT_SILENT ||
           fault == ADAPTER_FAULT_HALF;
}

/* A reset, and then the adapter is plugged again and does all it should */
static void check_new_life(Machine *machine)
{
    AdapterAccess access;

    qtest_system_reset(machine->qts);
    machine_check_alive(machine);
    machine_unplug(machine);
    adapter_wait_closed(machine->adapter, 1);
    adapter_fault(machine->adapter, ADAPTER_FAULT_NONE, 0, ANY);
    while (adapter_next(machine->adapter, &access)) {
        /* drop it */
    }
    plug(machine);
    set_command(machine, IO_MEM);
    check_decode(machine, IO_MEM);
}

static void test_fault(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    AdapterFault fault = faults[number].fault;
    bool write = faults[number].write;
    bool gone = fault_is_last(fault);
    unsigned command = write ? VFIO_USER_REGION_WRITE : VFIO_USER_REGION_READ;
    Machine machine = { .adapter = adapter_with_vga() };
    AdapterAccess access;
    unsigned i, before, failures = 0;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(true, faults[number].msec));
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    g_assert_cmpint(region_counter(&machine, "region-failures"), ==, 0);

    before = adapter_requests(machine.adapter, command);
    adapter_fault(machine.adapter, fault, command, VGA);
    for (i = 0; i < faults[number].n; i++) {
        QTestState *qts = machine.qts;

        if (write) {
            qtest_outb(qts, 0x3c4, i);
            qtest_outw(qts, 0x3c4, i);
            failures += 2;
        }
        if (!write || gone) {
            g_assert_cmphex(qtest_readb(qts, 0xb8000), ==, 0xff);
            g_assert_cmphex(qtest_readw(qts, 0xb8000), ==, 0xffff);
            g_assert_cmphex(qtest_readl(qts, 0xb8000), ==, 0xffffffff);
            g_assert_cmphex(qtest_readq(qts, 0xb8000), ==, UINT64_MAX);
            g_assert_cmphex(qtest_inb(qts, 0x3da), ==, 0xff);
            g_assert_cmphex(qtest_inw(qts, 0x3c4), ==, 0xffff);
            g_assert_cmphex(qtest_inl(qts, 0x3d4), ==, 0xffffffff);
            failures += 8;      /* readq is two */
        }
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, "legacy VGA"), ==, 1);
    g_assert_cmpint(region_counter(&machine, "region-failures"), ==,
                    failures);

    if (gone) {
        /* nobody waits twice for an adapter that has not answered once */
        g_assert_cmpint(adapter_requests(machine.adapter, command), ==,
                        before + 1);
        /* posted, and there is nobody to get it */
        qtest_writel(machine.qts, 0xb8000, 0);
    } else {
        adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
        sync_with_adapter(&machine);
        while (adapter_next(machine.adapter, &access)) {
            /* drop it */
        }
        check_decode(&machine, IO_MEM);
    }
    check_new_life(&machine);
    machine_stop(&machine);
}

/* Posted writes used to pile up in QEMU */
static void test_stuck(void)
{
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    machine_plug(&machine, properties(true, 100));
    set_command(&machine, IO_MEM);
    adapter_fault(machine.adapter, ADAPTER_FAULT_STUCK, VFIO_USER_REGION_WRITE,
                  VGA);
    for (i = 0; i < 12000; i++) {
        qtest_writeb(machine.qts, 0xb8000, i);
    }
    g_assert_cmpint(region_counter(&machine, "region-failures"), >, 0);
    g_assert_cmpint(machine_said(&machine, "legacy VGA"), ==, 1);
    g_assert_cmphex(qtest_readb(machine.qts, 0xb8000), ==, 0xff);
    check_new_life(&machine);
    machine_stop(&machine);
}

/*
 * Memory that comes and goes with the adapter's decoding, as RAM below the VGA
 * memory does without the legacy hole, and an adapter that will not hear of it
 */

static const struct {
    const char *name;
    AdapterFault fault;
    unsigned command;
    const char *why;
} maps[] = {
    { "map-error", ADAPTER_FAULT_ERROR, VFIO_USER_DMA_MAP,
      "refused to map memory: Input/output error" },
    { "map-silent", ADAPTER_FAULT_SILENT, VFIO_USER_DMA_MAP,
      "no reply within 100 ms" },
    { "unmap-error", ADAPTER_FAULT_ERROR, VFIO_USER_DMA_UNMAP,
      "refused to unmap memory: Input/output error" },
};

static void test_map(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i, said;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc,x-legacy-hole=off", "");
    machine_plug(&machine, properties(true, 100));
    said = machine_said(&machine, "vfio");
    adapter_fault(machine.adapter, maps[number].fault, maps[number].command,
                  ANY);
    for (i = 0; i < 20; i++) {
        set_command(&machine, i % 2 ? 0 : IO_MEM);
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, maps[number].why), ==, 1);
    if (maps[number].fault == ADAPTER_FAULT_ERROR) {
        g_assert_cmpint(machine_said(&machine, "vfio"), ==, said + 1);
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
    }
    check_new_life(&machine);
    machine_stop(&machine);
}

/* Used to be realized all the same */
static void test_map_refused(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    adapter_fault(machine.adapter, maps[number].fault, maps[number].command,
                  ANY);
    for (i = 1; i <= 2; i++) {
        g_autofree char *desc = machine_try_plug(&machine,
                                                 properties(true, 100));

        g_test_message("%s", desc);
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, maps[number].why));
        adapter_wait_closed(machine.adapter, i);
    }
    machine_check_alive(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

/* What is not answered when the adapter is unplugged used to be leaked */
static void test_unplug_unanswered(void)
{
    Machine machine;

    start(&machine, adapter_with_vga());
    adapter_fault(machine.adapter, ADAPTER_FAULT_SILENT, VFIO_USER_DMA_UNMAP,
                  ANY);
    set_command(&machine, IO_MEM);
    set_command(&machine, 0);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    check_new_life(&machine);
    machine_stop(&machine);
}

/*
 * Used to end QEMU: where RAM is below the VGA memory, as on pc, it comes and
 * goes with the adapter's decoding, and a server that is gone cannot be told.
 * Here it goes when it is told.
 */
static void test_closed_by_map(const void *opaque)
{
    unsigned command = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc,x-legacy-hole=off", "");
    plug(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_CLOSE, command, ANY);
    for (i = 0; i < 4; i++) {
        set_command(&machine, i % 2 ? 0 : IO_MEM);
        machine_check_alive(&machine);
    }
    adapter_wait_closed(machine.adapter, 1);
    qtest_system_reset(machine.qts);
    machine_check_alive(&machine);
    machine_unplug(&machine);
    adapter_fault(machine.adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    set_command(&machine, IO_MEM);
    check_decode(&machine, IO_MEM);
    machine_stop(&machine);
}

/*
 * Its life
 */

static void test_plug_twice(void)
{
    Machine machine = { .adapter = adapter_with_vga() };
    unsigned i;

    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    for (i = 1; i <= 3; i++) {
        plug(&machine);
        check_decode(&machine, 0);
        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        machine_unplug(&machine);
        adapter_wait_closed(machine.adapter, i);

        /* Nobody there.  What the guest reads in memory is not of here. */
        check_nothing(&machine);
        g_assert_cmphex(qtest_inl(machine.qts, 0x3c4), ==, 0xffffffff);
        qtest_writel(machine.qts, 0xb8000, 0x12345678);
        qtest_readl(machine.qts, 0xb8000);
        check_nothing(&machine);
        machine_check_alive(&machine);
    }
    machine_stop(&machine);
}

static void test_reset_twice(void)
{
    Machine machine;
    unsigned i;

    start(&machine, adapter_with_vga());
    for (i = 0; i < 2; i++) {
        unsigned n = adapter_requests(machine.adapter, VFIO_USER_DEVICE_RESET);

        set_command(&machine, IO_MEM);
        check_decode(&machine, IO_MEM);
        qtest_system_reset(machine.qts);
        g_assert_cmpint(adapter_requests(machine.adapter,
                                         VFIO_USER_DEVICE_RESET), ==, n + 1);
        check_decode(&machine, 0);
    }
    machine_stop(&machine);
}

static const struct {
    const char *name;
    uint32_t flags;
    uint64_t size;
} refused[] = {
    { "no-region", 0, 0 },
    { "read-only", VFIO_REGION_INFO_FLAG_READ, VGA_SIZE },
    { "small", RW, VGA_SIZE - 1 },
};

static void test_refused_twice(const void *opaque)
{
    unsigned number = GPOINTER_TO_UINT(opaque);
    Machine machine = { .adapter = adapter_new() };
    unsigned i;

    adapter_set_region(machine.adapter, VGA, refused[number].flags,
                       refused[number].size);
    adapter_start(machine.adapter);
    start_with(&machine, machine.adapter, "pc", "");
    for (i = 1; i <= 2; i++) {
        g_autofree char *desc = machine_try_plug(&machine,
                                                 properties(true, 5000));

        g_test_message("%s", desc);
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, "x-vga=on needs a VGA region"));
        g_assert_nonnull(strstr(desc, "server offers no VGA region"));
        adapter_wait_closed(machine.adapter, i);
        machine_check_alive(&machine);
    }

    /* Without x-vga it is a device like any other */
    machine_plug(&machine, properties(false, 5000));
    set_command(&machine, IO_MEM);
    check_decode(&machine, 0);
    machine_stop(&machine);
}

/*
 * Help
 */

static bool is_ours(const char *name)
{
    static const char *const prefixes[] = {
        "bar-", "prefer_msi", "x-bar-", "x-prefer-", "x-rom-", "x-vga",
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* What -device DRIVER,help says: what can be set, and what it is otherwise */
static void check_help(QTestState *qts, const char *driver)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    QDict *response = qtest_qmp(qts, "{'execute': 'device-list-properties',"
                                " 'arguments': {'typename': %s}}", driver);
    QListEntry *entry;
    unsigned ours = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), entry) {
        QDict *property = qobject_to(QDict, qlist_entry_obj(entry));
        const char *name = qdict_get_str(property, "name");
        const char *text = qdict_get_try_str(property, "description") ?: "";

        g_assert_true(g_hash_table_add(names, (char *)name));
        if (is_ours(name)) {
            g_test_message("%s: %s", driver, name);
            g_assert_true(qdict_haskey(property, "default-value"));
            g_assert_null(strstr(text, "default"));
            ours++;
        }
    }
    g_assert_cmpint(ours, >, 0);
    /* is told of a device that is there */
    g_assert_false(g_hash_table_contains(names, "bar-identity"));
    qobject_unref(response);
}

static void test_help(void)
{
    static const char *const drivers[] = {
        "vfio-pci", "vfio-pci-nohotplug", "vfio-user-pci", "pci-assign",
        "kvm-pci-assign",
    };
    QTestState *qts = qtest_init("-M none");
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (qtest_has_device(drivers[i])) {
            check_help(qts, drivers[i]);
        }
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return 0;
    }

    qtest_add_func("vga-assign/command", test_command);
    qtest_add_func("vga-assign/off", test_off);
    qtest_add_func("vga-assign/power", test_power);
    for (i = 0; i < ARRAY_SIZE(bridges); i++) {
        g_autofree char *name = g_strdup_printf("vga-assign/bridge/%s",
                                                bridges[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_bridge);
    }
    qtest_add_func("vga-assign/help", test_help);
    qtest_add_func("vga-assign/edges", test_edges);
    qtest_add_func("vga-assign/endianness", test_endianness);
    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        g_autofree char *name = g_strdup_printf("vga-assign/fault/%s",
                                                faults[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_fault);
    }
    qtest_add_func("vga-assign/fault/stuck", test_stuck);
    for (i = 0; i < ARRAY_SIZE(maps); i++) {
        g_autofree char *name = g_strdup_printf("vga-assign/%s", maps[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_map);
        if (maps[i].command == VFIO_USER_DMA_MAP) {
            g_autofree char *refused_name = g_strdup_printf("%s-refused", name);

            qtest_add_data_func(refused_name, GUINT_TO_POINTER(i),
                                test_map_refused);
        }
    }
    qtest_add_func("vga-assign/unplug-unanswered", test_unplug_unanswered);
    qtest_add_data_func("vga-assign/closed-by-map",
                        GUINT_TO_POINTER(VFIO_USER_DMA_MAP),
                        test_closed_by_map);
    qtest_add_data_func("vga-assign/closed-by-unmap",
                        GUINT_TO_POINTER(VFIO_USER_DMA_UNMAP),
                        test_closed_by_map);
    qtest_add_func("vga-assign/plug-twice", test_plug_twice);
    qtest_add_func("vga-assign/reset-twice", test_reset_twice);
    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        g_autofree char *name = g_strdup_printf("vga-assign/refused/%s",
                                                refused[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_refused_twice);
    }
    return g_test_run();
}
