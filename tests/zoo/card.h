/*
 * A VGA adapter of the zoo: one core, and what a maker added to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core is a VGA as IBM documented it ("PS/2 Hardware Interface Technical
 * Reference: Video Subsystem", 1992): four planes with latches, all write and
 * read modes, odd/even and chain-4 addressing, registers that read back, the
 * DAC and the attribute controller's flip-flop.  Every access is of one byte
 * and has its effect at once.
 *
 * A personality is what one family of adapters has beyond that: hooks that see
 * an access first.  It may leave out each of them.
 */

#ifndef ZOO_CARD_H
#define ZOO_CARD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CARD_BARS 6
#define CARD_DAC 768

#define CARD_MEMORY 0xa0000     /* the legacy memory, and its size */
#define CARD_MEMORY_SIZE 0x20000

/* Sets of registers behind an index */
typedef enum CardSet {
    CARD_SR, CARD_GR, CARD_CR, CARD_AR, CARD_SETS
} CardSet;

/* What a hook for reads returns when the core is to answer */
#define CARD_DEFAULT (-1)

typedef struct Card Card;

typedef struct CardBar {
    uint32_t size;              /* bytes, a power of two; 0: there is none */
    bool io;
    bool frame;                 /* shows the adapter's memory */
} CardBar;

typedef struct Personality {
    const char *name;
    const char *about;          /* one line */
    uint16_t vendor, device;    /* PCI */
    uint8_t last_index[CARD_SETS]; /* a mask; 0: as a VGA has it */
    CardBar bars[CARD_BARS];
    size_t own_size;            /* bytes at Card.own, 0 after a reset */

    void (*reset)(Card *card);
    /* Registers behind an index; of a write: was this all of it? */
    int (*read_register)(Card *card, CardSet set, uint8_t index);
    bool (*write_register)(Card *card, CardSet set, uint8_t index,
                           uint8_t value);
    /* Any port of 0x3b0-0x3df, before the core */
    int (*read_port)(Card *card, uint16_t port);
    bool (*write_port)(Card *card, uint16_t port, uint8_t value);
    /* What the window's offset grows by, in bytes of the window */
    uint32_t (*bank)(const Card *card, uint32_t offset, bool write);
    /* Does chain-4 use all bytes of memory, and not each fourth of a plane? */
    bool (*packed)(const Card *card);
    /* An address in the planes, in place of the core's rule */
    uint32_t (*plane_address)(const Card *card, uint32_t offset, bool write);
    /* Legacy memory before the core: registers in it, other write modes */
    int (*read_memory)(Card *card, uint32_t address);
    bool (*write_memory)(Card *card, uint32_t address, uint8_t value);
    /* BARs that are not the frame; @size is 1, 2 or 4 */
    uint32_t (*read_bar)(Card *card, int bar, uint32_t offset, unsigned size);
    void (*write_bar)(Card *card, int bar, uint32_t offset, uint32_t value,
                      unsigned size);
    /* What no access causes: the control socket's "event" */
    void (*event)(Card *card);
} Personality;

/*
 * Calls on the adapter's regions, as the server saw, and what those to memory
 * are on a bus: the host's kernel makes accesses of up to 4 bytes (Linux,
 * drivers/vfio/pci/vfio_pci_rdwr.c).
 */
typedef struct CardCounters {
    uint64_t memory_reads, memory_writes;
    uint64_t memory_read_cycles, memory_write_cycles;
    uint64_t port_reads, port_writes;
    uint64_t bar_reads, bar_writes;
    uint64_t config_reads, config_writes;
} CardCounters;

struct Card {
    const Personality *personality;
    uint8_t *ram;               /* byte 4 * address + plane */
    uint32_t ram_size;          /* bytes, a power of two */
    uint8_t reg[CARD_SETS][256];
    uint8_t index[CARD_SETS];
    bool attribute_data;        /* the flip-flop: the next write is data */
    uint8_t misc, feature, pel_mask;
    uint8_t dac[CARD_DAC], dac_cache[3];
    uint8_t dac_write, dac_read, dac_part;
    bool dac_reading;
    uint8_t latch[4];
    uint8_t status_reads;       /* makes the retrace come and go */
    void *own;                  /* the personality's own state */
    CardCounters counters;
};

/* A file each */
extern const Personality plain, qemu_std, s3, cirrus, tseng, trident, matrox,
                         voodoo, nvidia, ati, intel, adversary_drop,
                         adversary_dual, adversary_mute, adversary_master;

/* All of them, up to a NULL */
extern const Personality *const personalities[];

/* The memory is the caller's: @ram_size is a power of two, from 256 KiB on */
void card_init(Card *card, const Personality *personality, uint8_t *ram,
               uint32_t ram_size);

/* A reset leaves memory, colors and latches, as a VGA's does */
void card_reset(Card *card);

/* @address is on the bus: from CARD_MEMORY on */
uint8_t card_read_memory(Card *card, uint32_t address);
void card_write_memory(Card *card, uint32_t address, uint8_t value);

/* @port is 0x3b0-0x3bb or 0x3c0-0x3df */
uint8_t card_read_port(Card *card, uint16_t port);
void card_write_port(Card *card, uint16_t port, uint8_t value);

uint32_t card_read_bar(Card *card, int bar, uint32_t offset, unsigned size);
void card_write_bar(Card *card, int bar, uint32_t offset, uint32_t value,
                    unsigned size);

/*
 * A byte of a mirror of the VGA's ports in a BAR; @port is 0x3b0 to 0x3df.
 * Accesses wider than a byte are of that many ports.
 */
uint32_t card_read_mirror(Card *card, uint16_t port, unsigned size);
void card_write_mirror(Card *card, uint16_t port, uint32_t value,
                       unsigned size);

/* Where a byte of the legacy window is in memory, or -1: it is not decoded */
int64_t card_where(const Card *card, uint32_t address, bool write);

#endif /* ZOO_CARD_H */
