/*
 * A minimal VGA adapter for tests of the engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All accesses are single bytes, and each has its effect at once.  Besides a
 * VGA's own registers there are those of an adapter: a bank that moves the
 * window, which an extended CRTC register, an I/O BAR and config space can
 * change; a BAR that shows all memory, and one that shows the ports.  A
 * function-level reset clears the registers and keeps memory and colors.
 */

#ifndef VGA_ENGINE_CARD_H
#define VGA_ENGINE_CARD_H

#define CARD_PLANE 0x10000
#define CARD_DAC 768

/* Numbers of the BARs' regions */
#define CARD_MEMORY_BAR 0       /* byte 4 * offset + plane */
#define CARD_MEMORY_BAR_SIZE (4 * CARD_PLANE)
#define CARD_MMIO_BAR 2         /* ports from 0x3b0 on */
#define CARD_MMIO_BAR_SIZE 0x1000
#define CARD_IO_BAR 4           /* index, data at 4, memory at 8 */
#define CARD_IO_BAR_SIZE 0x100

/*
 * The bank's extended CRTC register, index in the I/O BAR, and config register
 */
#define CARD_CR_BANK 0x38
#define CARD_IO_BANK 0x10
#define CARD_CONFIG_BANK 0xd4

/* The places that read as the byte at CARD_PROBE of plane 0 */
#define CARD_PROBE 0x123
#define CARD_IO_PROBE 8
#define CARD_CONFIG_PROBE 0xd8

/* Capabilities */
#define CARD_PM 0x40
#define CARD_EXP 0x70
#define CARD_AF 0xb0
#define CARD_MSI 0xc0

typedef struct Card {
    uint8_t plane[4][CARD_PLANE];
    uint8_t dac[CARD_DAC];
    uint8_t latch[4];
    uint8_t sr[8], gr[16], cr[256], ar[32], misc;
    uint8_t sr_index, gr_index, cr_index, ar_index;
    bool ar_data;
    unsigned dac_index;
    uint8_t bank;
    uint8_t io_index;
    bool off;                   /* in D3 */
} Card;

uint8_t card_read_memory(Card *card, uint32_t addr);
void card_write_memory(Card *card, uint32_t addr, uint8_t value);
uint8_t card_in(Card *card, uint32_t port);
void card_out(Card *card, uint32_t port, uint8_t value);
uint8_t card_read_bar(Card *card, int bar, uint32_t offset);
void card_write_bar(Card *card, int bar, uint32_t offset, uint8_t value);
uint8_t card_read_config(Card *card, uint32_t addr);
void card_write_config(Card *card, uint32_t addr, uint8_t value);

/* The place in CARD_MEMORY_BAR of a byte in a text mode's window */
uint32_t card_text_in_bar(const Card *card, uint32_t addr);

/* Returns the differences, newly allocated, or NULL if there are none */
char *card_compare(const Card *a, const Card *b);

#endif /* VGA_ENGINE_CARD_H */
