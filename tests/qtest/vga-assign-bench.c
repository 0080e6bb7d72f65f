/*
 * A guest's accesses to the legacy VGA of an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/pci/vga-compat.h"
#include "hw/vfio-user/protocol.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "vga-assign-bench.h"
#include "vga-stats.h"

Place place;

/*
 * The machine
 */

Adapter *adapter_with_vga(void)
{
    Adapter *adapter = adapter_new();
    uint8_t *data;
    unsigned i;

    adapter_set_region(adapter, VGA, RW, VGA_SIZE);
    data = adapter_data(adapter, VGA);
    for (i = 0; i < VGA_SIZE; i++) {
        /* neither 0 nor 0xff, and no two neighbours are equal */
        data[i] = 1 + i % 251;
    }
    return adapter;
}

void start_with(Machine *machine, Adapter *adapter, const char *type,
                const char *options)
{
    place.bus = 0;
    place.slot = MACHINE_SLOT;
    machine_start(machine, adapter, type, options);
}

QDict *properties(bool x_vga, unsigned msec)
{
    return qdict_from_jsonf_nofail("{'x-vga': %i, 'x-msg-timeout': %u}", x_vga,
                                   msec);
}

void plug(Machine *machine)
{
    machine_plug(machine, properties(true, 5000));
}

void start(Machine *machine, Adapter *adapter)
{
    adapter_start(adapter);
    start_with(machine, adapter, "pc", "");
    plug(machine);
}

uint64_t region_counter(Machine *machine, const char *name)
{
    return vga_stats_counter(qtest_qmp(machine->qts, VGA_STATS_QUERY), name);
}

/* Config space on any bus */

static void config_at(Machine *machine, unsigned bus, unsigned slot,
                      unsigned offset)
{
    qtest_outl(machine->qts, 0xcf8,
               0x80000000 | bus << 16 | slot << 11 | (offset & 0xfc));
}

uint32_t config_readl(Machine *machine, unsigned bus, unsigned slot,
                      unsigned offset)
{
    config_at(machine, bus, slot, offset);
    return qtest_inl(machine->qts, 0xcfc);
}

void config_writel(Machine *machine, unsigned bus, unsigned slot,
                   unsigned offset, uint32_t value)
{
    config_at(machine, bus, slot, offset);
    qtest_outl(machine->qts, 0xcfc, value);
}

void config_writew(Machine *machine, unsigned bus, unsigned slot,
                   unsigned offset, uint16_t value)
{
    config_at(machine, bus, slot, offset);
    qtest_outw(machine->qts, 0xcfc + (offset & 2), value);
}

void set_command(Machine *machine, uint16_t command)
{
    config_writew(machine, place.bus, place.slot, PCI_COMMAND, command);
}

void set_power(Machine *machine, unsigned state)
{
    unsigned offset = ADAPTER_PM_CAP + PCI_PM_CTRL;

    config_writew(machine, place.bus, place.slot, offset,
                  PCI_PM_CTRL_NO_SOFT_RESET | state);
    g_assert_cmpint(config_readl(machine, place.bus, place.slot, offset)
                    & PCI_PM_CTRL_STATE_MASK, ==, state);
}

void sync_with_adapter(Machine *machine)
{
    unsigned n = adapter_requests(machine->adapter, VFIO_USER_REGION_READ);

    config_readl(machine, place.bus, place.slot, 0xfc);
    g_assert_cmpint(adapter_requests(machine->adapter, VFIO_USER_REGION_READ),
                    ==, n + 1);
}

/*
 * Accesses
 */

const LegacyRange ranges[RANGES] = {
    { 0xa0000, 0xc0000, false },
    { 0x3b0, 0x3bc, true },
    { 0x3c0, 0x3e0, true },
};

static const LegacyRange *range_of(uint32_t addr, bool port)
{
    unsigned i;

    for (i = 0; i < RANGES; i++) {
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

void check_nothing(Machine *machine)
{
    AdapterAccess access;

    g_assert_false(adapter_next(machine->adapter, &access));
}

static void check_piece(Machine *machine, bool write, bool port, uint32_t addr,
                        unsigned size, const uint8_t *bytes)
{
    bool colors = addr >= 0x3c8 && addr + size - 1 <= 0x3c9;
    AdapterAccess access;

    g_assert_true(adapter_next(machine->adapter, &access));
    g_assert_cmpint(access.region, ==, VGA);
    g_assert_cmpint(access.write, ==, write);
    g_assert_cmpint(access.posted, ==, write && (!port || colors));
    g_assert_cmphex(access.offset, ==, addr);
    g_assert_cmpint(access.count, ==, size);
    g_assert_cmpmem(access.data, size, bytes, size);
}

/*
 * The range of @at if an access that begins at @addr gets there: since QEMU
 * 11.0 qtest does not split a port access, just as TCG does not, so all of it
 * goes where its first byte goes.
 */
static const LegacyRange *range_for(uint32_t at, uint32_t addr, bool port)
{
    const LegacyRange *range = range_of(at, port);

    if (VGA_COMPAT_11_0 && port && range != range_of(addr, port)) {
        return NULL;
    }
    return range;
}

/*
 * Check the accesses that the adapter gets for one of the guest's: the part of
 * it in each range, lowest address first, in pieces that are naturally
 * aligned, as large as possible, and at most 4 bytes.
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
        const LegacyRange *range = range_for(at, addr, port);
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

unsigned check_access(Machine *machine, bool port, uint32_t addr,
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

    /*
     * The value differs from the one just written, so that an echo is not a
     * read
     */
    for (i = 0; i < size; i++) {
        if (range_for(addr + i, addr, port)) {
            data[addr + i] ^= 0x5a;
        }
    }
    value = guest_read(machine, port, addr, size);
    for (i = 0; i < size; i++) {
        if (range_for(addr + i, addr, port)) {
            g_assert_cmphex(value >> 8 * i & 0xff, ==, data[addr + i]);
        } else if (port && !(VGA_COMPAT_11_0 && addr % size)) {
            /* There QEMU itself answers what is not aligned, and with 0. */
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

void check_decode(Machine *machine, uint16_t command)
{
    unsigned i;

    for (i = 0; i < RANGES; i++) {
        const LegacyRange *r = &ranges[i];

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
 * An adapter that does not answer
 */

void check_new_life(Machine *machine)
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
