/*
 * Backdoors of NVIDIA's and ATI's adapters to their config space, for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VGA_BACKDOORS_DOORS_H
#define TESTS_VGA_BACKDOORS_DOORS_H

#include "hw/pci/pci_ids.h"
#include "hw/pci/pci_regs.h"
#include "vfio-user-machine.h"

#define DOORS 9

#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE    0xc0000
#define CONFIG      VFIO_PCI_CONFIG_REGION_INDEX
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define IO_MEM      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

#define PCI_VENDOR_ID_ATI 0x1002
#define HOST        0xa1b2c3d0      /* where BAR 0 is on the host */
#define BAR_SIZE    0x100000
#define IO_SIZE     0x100

typedef struct Door Door;

struct Door {
    const char *name;
    uint16_t vendor;
    unsigned region;            /* region of the adapter with its data */
    bool io;
    uint32_t data;              /* address of offset 0's data */
    uint32_t base;              /* value that selects offset 0 */
    void (*open)(Machine *m, const Door *door, uint32_t offset, bool write);
};

/* The addresses that the guest gives them */
extern const uint32_t bars[];

Adapter *adapter_of(uint16_t vendor);
uint32_t config_read(Machine *m, unsigned offset);
void config_write(Machine *m, unsigned offset, uint32_t value);
void firmware(Machine *m);
void forget(Machine *m);
void start_with(Machine *m, Adapter *adapter, const char *properties);
void start(Machine *m, uint16_t vendor);
/* Counts writes that reached @region of the adapter; *@last is the last one */
unsigned writes(Machine *m, unsigned region, AdapterAccess *last);

void open_bar5(Machine *m, const Door *door, uint32_t offset, bool write);
extern const Door doors[DOORS];
/* Returns where the guest finds @offset, after opening the door if necessary */
uint32_t door_open(Machine *m, const Door *door, uint32_t offset, bool write);
uint32_t get(Machine *m, const Door *door, uint32_t address, unsigned size);
void put(Machine *m, const Door *door, uint32_t address, uint32_t value,
         unsigned size);

#endif /* TESTS_VGA_BACKDOORS_DOORS_H */
