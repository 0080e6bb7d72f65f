/*
 * An adapter whose config space a test breaks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_CONFIG_CHECK_BENCH_H
#define TESTS_VFIO_CONFIG_CHECK_BENCH_H

#include "hw/pci/pci_regs.h"
#include "vfio-user-machine.h"

#define BAR_SIZE        0x10000
#define CARD            QPCI_DEVFN(MACHINE_SLOT, 0)
#define ANY             ADAPTER_REGIONS
#define PREFIX          "vfio-config-check"
#define ROOT_PORT       "-device pcie-root-port,id=rp,addr=2,slot=1,chassis=1"

uint8_t *config_of(Adapter *adapter);
Adapter *adapter_with_bar(void);
QDict *properties(void);
void start_plugged(Machine *machine, Adapter *adapter);
/*
 * ... and return the adapter as the guest has it; the caller frees it and the
 * bus
 */
QPCIDevice *start_found(Machine *machine, Adapter *adapter, QPCIBus **bus);

/* Check what the guest sees of a list that QEMU has corrected */
void test_list_seen(void);

/*
 * The cases of each file
 */
void config_add_lists(void);

#endif /* TESTS_VFIO_CONFIG_CHECK_BENCH_H */
