/*
 * The accesses of the oracle for legacy VGA: commands of qtest for what a
 * random guest does, and the comparison of two replies to one of them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VGA_ORACLE_ACCESS_H
#define TESTS_VGA_ORACLE_ACCESS_H

#include "hw/pci/pci_regs.h"
#include "qemu/units.h"

#define MEM 0xa0000
#define MEM_SIZE (128 * KiB)
#define PLANES 4

#define SLOT 4 /* of the adapter */
#define CONFIG(reg) (0x80000000 | SLOT << 11 | (reg))
#define BAR 0xe0000000 /* BAR 0, each model's frame buffer */

typedef enum Op {
    OP_IN,
    OP_OUT,
    OP_READ,
    OP_WRITE,
    OP_READ_RUN,  /* ascending, as by "rep movs", which QEMU splits */
    OP_WRITE_RUN,
    OP_STEP,      /* @value ns pass */
    /* Events of the machine that are not accesses */
    OP_STOP,
    OP_CONT,
    OP_RESET,
    OP_OTHER,     /* a write to a port, past the guest */
} Op;

#define RUN_MAX 1024

typedef struct Access {
    uint32_t op;
    uint32_t size;  /* bytes: 1, 2 or 4; up to RUN_MAX */
    uint32_t addr;
    uint32_t value; /* of a write; for a run, its seed */
} Access;

/* Append @a as qtest's command, a line; it is also reported in this form */
void access_print(GString *out, const Access *a);

/*
 * The bits of a port that are compared.  Bits that depend on the moment of the
 * read are not:
 *
 * - Input Status 1, 3ba or 3da: bit 0 display enable, bit 3 vertical retrace
 *
 * - Input Status 0, 3c2: bit 7 vertical retrace interrupt pending
 *
 * QEMU's models invent these bits without a clock unless told to be precise
 * (-vga std,retrace=precise), but an adapter does not.  Everything else is
 * state.
 */
uint8_t port_mask(uint16_t port);

/* Whether two replies to @a, without their newlines, say the same */
bool access_agrees(const Access *a, const char *x, const char *y);

#endif /* TESTS_VGA_ORACLE_ACCESS_H */
