/*
 * A guest that gets interrupts from an assigned adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   vfio-intx-msi-bench.c   the guest
 *   vfio-intx-msi-test.c    which interrupt the host uses, and properties
 *   vfio-intx-msi-line.c    the line, and changes of the kind of interrupt
 *   vfio-intx-msi-nvidia.c  adapters whose messages must be re-armed
 */

#ifndef TESTS_VFIO_INTX_MSI_BENCH_H
#define TESTS_VFIO_INTX_MSI_BENCH_H

#include "libqos/pci-pc.h"
#include "vfio-user-machine.h"

#define BAR_SIZE        0x100000        /* has NVIDIA's registers */
#define QUIET           0x40000         /* in BAR 0, without side effects */
#define PORTS_BAR       1
#define PIIX3_SLOT      1
#define PIIX3_PIRQ      0x60            /* PIRQA to PIRQD */
#define IRQ             10
#define OTHER_IRQ       11
#define Q35_GSI         20              /* slot 4, pin A */

#define INTX    VFIO_PCI_INTX_IRQ_INDEX
#define MSI     VFIO_PCI_MSI_IRQ_INDEX
#define MSIX    VFIO_PCI_MSIX_IRQ_INDEX

typedef struct Guest {
    Machine machine;
    Adapter *adapter;
    QTestState *qts;
    QPCIBus *pci;
    QPCIDevice *dev;
    QPCIBar bar, ports;
    unsigned gsi;
} Guest;

Adapter *adapter_with_bars(void);
Adapter *new_adapter(void);
void route(Guest *guest, unsigned irq);
void start(Guest *guest, Adapter *adapter);
char *try_plug(Guest *guest, const char *prefer);
void enable(Guest *guest);
void plug(Guest *guest, const char *prefer);
/* The usual adapter */
void start_plugged(Guest *guest, const char *prefer);
void unplug(Guest *guest, unsigned times);
void stop(Guest *guest);
bool line(Guest *guest);
/* Signals the adapter's interrupt, and waits until QEMU has seen it */
void interrupt(Guest *guest);
void serve(Guest *guest);
/* Signals @n interrupts; each raises the line until it is served */
void check_interrupts(Guest *guest, unsigned n);
void check_index(Guest *guest, int index);
void set_command(Guest *guest, uint16_t set, uint16_t clear);
bool status_bit(Guest *guest);

/*
 * The cases of each file
 */
void intx_add_line(void);
void intx_add_nvidia(void);

#endif /* TESTS_VFIO_INTX_MSI_BENCH_H */
