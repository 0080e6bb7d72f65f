/*
 * A guest's display adapters, and which of them gets its legacy VGA accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each has its number in a byte of its memory and in a register, so the
 * guest's reads say which one answers; 0xff says that none does.
 *
 *   vga-routing-bench.c  the machine, and a model of which adapter answers
 *   vga-routing-test.c   each topology, hotplug, other ports, compatibility
 *   vga-routing-query.c  what QEMU says about it
 */

#ifndef TESTS_VGA_ROUTING_BENCH_H
#define TESTS_VGA_ROUTING_BENCH_H

#include "hw/pci/pci_regs.h"
#include "libqtest.h"
#include "vfio-user-adapter.h"

#define VGA         VFIO_PCI_VGA_REGION_INDEX
#define VGA_SIZE    0xc0000
#define RW          (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define IO_MEM      (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

/*
 * The places of the number: memory that a card has in every mode set here, and
 * the write index of the palette, which can be read back
 */
#define MEM_NUMBER  0xa0000
#define PORT_NUMBER 0x3c8
#define NOBODY      0xff

#define MAX_NODES   8
#define STEPS       150

/* A bridge, or an adapter; an adapter with a model is emulated */
typedef struct Node {
    const char *driver;     /* NULL: end of the list; "": assigned */
    const char *id;
    const char *bus;        /* id of the bridge above, or NULL */
    unsigned slot;
    const char *options;
} Node;

typedef struct Topology {
    const char *name, *machine;
    Node nodes[MAX_NODES];  /* in the order of the command line */
} Topology;

#define ASSIGNED ""

/*
 * What the test knows of a node.  In arrays over the ranges memory is 0 and
 * ports are 1
 */
typedef struct State {
    int parent;             /* node, or -1: the first root bus */
    unsigned bus;           /* number of its bus */
    unsigned secondary;     /* of the bus behind it; adapter: 0 */
    Adapter *adapter;
    bool present;
    uint16_t command;
    bool vga_enable, asleep;
    bool owns[2];
} State;

typedef struct Bench {
    const Topology *topology;
    unsigned n;
    State state[MAX_NODES];
    QTestState *qts;
} Bench;

bool is_assigned(const Node *node);
bool is_bridge(const Node *node);
/* An adapter's number: its place plus one, and so not 0 */
uint8_t number_of(unsigned i);

/* Update the model: which adapter answers after a step, on every bus */
void settle(Bench *bench);
/* The number that the guest should read according to the model */
uint8_t expected(Bench *bench, bool port);
/* Check what the guest reads */
void check(Bench *bench);

void set_command(Bench *bench, unsigned i, uint16_t command);
void set_vga_enable(Bench *bench, unsigned i, bool on);
void set_asleep(Bench *bench, unsigned i, bool asleep);

Adapter *adapter_with_number(uint8_t number);
void bench_start(Bench *bench, const Topology *topology);
void bridges_set_up(Bench *bench);
/* An adapter and all bridges above it decode, or none of them does */
void set_path(Bench *bench, unsigned i, bool on);
/*
 * Give a card its number: all planes are written, and the first one is read.
 * @chain4: memory is a framebuffer, as in mode 13h, which used to be above all
 * other cards.
 */
void vga_give_number(QTestState *qts, bool chain4, uint8_t number);
void emulated_give_numbers(Bench *bench, bool chain4);
void bench_stop(Bench *bench);
/* Whether QEMU has all devices */
bool bench_can(const Topology *topology);
/* One emulated adapter and one assigned one */
extern const Topology mixed;

/*
 * The cases of each file
 */
void routing_add_query(void);

#endif /* TESTS_VGA_ROUTING_BENCH_H */
