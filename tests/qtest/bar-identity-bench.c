/*
 * An adapter with BARs that have addresses on the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "bar-identity-bench.h"

const Bar usual[] = {
    { 0, 0xf6000000, 1 * MiB, 0 },
    { 1, 0x1800000000, 2 * MiB, PREF | MEM64 },
    { 3, 0xf4000000, 64 * KiB, PREF },
    { }
};

/*
 * Adapters
 */

void set_bars(Adapter *adapter, const Bar *bar)
{
    uint8_t *config = adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);

    for (; bar->size; bar++) {
        uint8_t *reg = config + PCI_BASE_ADDRESS_0 + 4 * bar->nr;

        /* No test reads all of the large ones */
        adapter_set_region(adapter, bar->nr, RW, MIN(bar->size, 2 * MiB));
        adapter_set_region_size(adapter, bar->nr, bar->size);
        stl_le_p(reg, bar->address | bar->flags);
        if (bar->flags & MEM64) {
            stl_le_p(reg + 4, bar->address >> 32);
        }
    }
}

Adapter *adapter_with(const Bar *bars)
{
    Adapter *adapter = adapter_new();

    set_bars(adapter, bars);
    stq_le_p(adapter_data(adapter, bars->nr), MARK);
    adapter_start(adapter);
    return adapter;
}

char *option(Adapter *adapter, const char *id, const char *more)
{
    return g_strdup_printf("-device '{\"driver\": \"vfio-user-pci\", "
                           "\"id\": \"%s\", \"x-bar-identity\": \"on\", "
                           "\"socket\": {\"type\": \"unix\", "
                           "\"path\": \"%s\"}%s}' ", id,
                           adapter_path(adapter), more);
}

QDict *identity(const char *value)
{
    return qdict_from_jsonf_nofail("{'x-bar-identity': %s}", value);
}

void start(Machine *machine, const Bar *bars, const char *type)
{
    machine_start(machine, adapter_with(bars), type, "");
    machine_plug(machine, identity("on"));
}

void start_cold(Machine *machine, const Bar *bars, const char *more)
{
    Adapter *adapter = adapter_with(bars);
    g_autofree char *device = option(adapter, "card", ", \"addr\": \""
                                     stringify(MACHINE_SLOT) "\"");
    g_autofree char *options = g_strdup_printf("%s %s", device, more);

    machine_start(machine, adapter, "pc", options);
}

char *state(Machine *machine)
{
    QDict *response = qtest_qmp(machine->qts,
        "{'execute': 'qom-get', 'arguments': {"
        " 'path': '/machine/peripheral/card', 'property': 'bar-identity'}}");
    char *text = g_strdup(qdict_get_str(response, "return"));

    qobject_unref(response);
    return text;
}

void check_state(Machine *machine, const char *expected)
{
    g_autofree char *text = state(machine);

    g_assert_cmpstr(text, ==, expected);
}

/*
 * The guest
 */

void config_writel(Machine *machine, unsigned devfn, unsigned offset,
                   uint32_t value)
{
    qtest_outl(machine->qts, 0xcf8, 0x80000000 | devfn << 8 | offset);
    qtest_outl(machine->qts, 0xcfc, value);
}

uint32_t config_readl(Machine *machine, unsigned devfn, unsigned offset)
{
    qtest_outl(machine->qts, 0xcf8, 0x80000000 | devfn << 8 | offset);
    return qtest_inl(machine->qts, 0xcfc);
}

void write_bar(Machine *machine, unsigned nr, uint64_t address, bool mem64)
{
    unsigned reg = PCI_BASE_ADDRESS_0 + 4 * nr;

    config_writel(machine, MACHINE_SLOT << 3, reg, address);
    if (mem64) {
        config_writel(machine, MACHINE_SLOT << 3, reg + 4, address >> 32);
    }
}

void decode(Machine *machine, bool memory)
{
    config_writel(machine, MACHINE_SLOT << 3, PCI_COMMAND,
                  memory ? PCI_COMMAND_MEMORY : 0);
}

void place(Machine *machine)
{
    const Bar *bar;

    decode(machine, false);
    for (bar = usual; bar->size; bar++) {
        write_bar(machine, bar->nr, bar->address, bar->flags & MEM64);
    }
    decode(machine, true);
}
