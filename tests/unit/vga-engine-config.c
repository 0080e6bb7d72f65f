/*
 * Writes to config space that may change what the engine knows of an adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "vga-engine-cases.h"
#include "vga-engine-machine.h"
#include "vga-engine-modes.h"

typedef struct ConfigWrite {
    const char *path;
    uint32_t addr, size, value;
    bool harmless; /* VGA does not depend on it, so the copy stays */
} ConfigWrite;

static const ConfigWrite config_writes[] = {
    { "flr-byte", CARD_EXP + PCI_EXP_DEVCTL + 1, 1, 0x80, false },
    { "flr-word", CARD_EXP + PCI_EXP_DEVCTL, 2, 0x8010, false },
    { "flr-dword", CARD_EXP + PCI_EXP_DEVCTL, 4, 0x000f8010, false },
    { "flr-af", CARD_AF + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, false },
    { "flr-af-word", CARD_AF + PCI_AF_CTRL, 2, PCI_AF_CTRL_FLR, false },
    { "d3-byte", CARD_PM + PCI_PM_CTRL, 1, 3, false },
    { "d3-word", CARD_PM + PCI_PM_CTRL, 2, 3, false },
    { "d3-dword", CARD_PM + PCI_PM_CTRL, 4, 3, false },
    { "bist", PCI_BIST, 1, PCI_BIST_START, false },
    { "bist-dword", PCI_CACHE_LINE_SIZE, 4, PCI_BIST_START << 24, false },
    { "bank", CARD_CONFIG_BANK, 1, 1, false },
    { "master-dword", PCI_COMMAND, 4, IO_MEM | PCI_COMMAND_MASTER, false },
    { "master-byte", PCI_COMMAND, 1, IO_MEM | PCI_COMMAND_MASTER, false },
    { "memory-off", PCI_COMMAND, 4, PCI_COMMAND_IO, false },
    { "behind-msi", CARD_MSI + 14, 1, 1, false },
    { "no-flr", CARD_EXP + PCI_EXP_DEVCTL, 4, 0x000f7f10, true },
    { "no-flr-byte", CARD_EXP + PCI_EXP_DEVCTL, 1, 0x80, true },
    { "d0", CARD_PM + PCI_PM_CTRL, 2, 0x8100, true },
    { "pme-byte", CARD_PM + PCI_PM_CTRL + 1, 1, 0x83, true },
    { "intx-byte", PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8, true },
    { "intx", PCI_COMMAND, 2, IO_MEM | PCI_COMMAND_INTX_DISABLE, true },
    { "address", PCI_BASE_ADDRESS_0, 4, 0xe0000000, true },
    { "msi", CARD_MSI + PCI_MSI_DATA_64, 2, 0x4041, true },
};

static void test_config(const void *opaque)
{
    const ConfigWrite *w = opaque;
    int i;

    text_start((MachineOptions) { });
    text_write(0, 80);
    guest_write_config(w->addr, w->value, w->size);
    g_assert_cmpint(machine_copy_mapped(), ==, w->harmless);
    machine_compare("written");

    /*
     * An adapter that was reset loses what is written before the next mode set;
     * what is written after it has to be there.
     */
    guest_write_config(CARD_PM + PCI_PM_CTRL, 0, 2);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(100, 80);
    for (i = 0; i < 2; i++) {
        mode_set(MODE_TEXT, i);
        text_write(0, SCREEN);
    }
    machine_check();
    machine_stop();
}

/* The capability of version 1 of PCI Express is 14h long, not 3ch. */
static void test_config_express_1(void)
{
    text_start((MachineOptions) { });
    pci_set_word(PCI_DEVICE(machine.vdev)->config + CARD_EXP + PCI_EXP_FLAGS,
                 1);
    guest_write_config(CARD_EXP + PCI_EXP_VER1_SIZEOF - 4, 0, 4);
    g_assert_true(machine_copy_mapped());
    guest_write_config(CARD_EXP + PCI_EXP_VER1_SIZEOF, 0, 4);
    g_assert_false(machine_copy_mapped());
    machine_stop();
}

/*
 * A bus master has a driver, which may have left the adapter in any state by
 * accesses that QEMU did not see.
 */
static void test_config_driver(void)
{
    text_start((MachineOptions) { .mmap = true });
    guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER, 2);
    g_assert_true(machine_bars_mapped());
    mode_set(MODE_TEXT, false);
    /* The driver sets a graphics mode by a mapped BAR. */
    guest_write_bar(CARD_MMIO_BAR, 0x3ce - 0x3b0, 6);
    guest_write_bar(CARD_MMIO_BAR, 0x3cf - 0x3b0, 5);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(0, 100);
    machine_pass(2000 * MS);
    text_write(0, 100);
    g_assert_false(machine_copy_mapped());
    machine_check();
    machine_stop();
}

static void test_config_driver_unmapped(void)
{
    text_start((MachineOptions) { });
    guest_write_config(PCI_COMMAND, IO_MEM | PCI_COMMAND_MASTER, 2);
    mode_set(MODE_TEXT, false);
    guest_write_config(PCI_COMMAND, IO_MEM, 2);
    text_write(0, 100);
    g_assert_false(machine_copy_mapped());
    machine_check();
    machine_stop();
}

void config_add_tests(void)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(config_writes); i++) {
        g_autofree char *path = g_strdup_printf("/vga-engine/config/%s",
                                                config_writes[i].path);

        g_test_add_data_func(path, &config_writes[i], test_config);
    }
    g_test_add_func("/vga-engine/config/express-1", test_config_express_1);
    g_test_add_func("/vga-engine/config/driver", test_config_driver);
    g_test_add_func("/vga-engine/config/driver-unmapped",
                    test_config_driver_unmapped);
}
