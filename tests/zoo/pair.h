/*
 * Two adapters of one personality, which must stay the same
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest reaches the first one directly, as if it were the only one, and the
 * second one through QEMU's code for assigned adapters.  Neither QEMU's headers
 * nor card.h are needed here, because both have a Card.
 */

#ifndef ZOO_PAIR_H
#define ZOO_PAIR_H

#include <stdbool.h>
#include <stdint.h>

typedef enum PairCard { PAIR_DIRECT, PAIR_ASSIGNED, PAIR_CARDS } PairCard;

/* Makes both, after a reset.  Returns false if there is no such personality. */
bool pair_start(const char *personality);
void pair_free(void);

/* An access of @size bytes, little endian, to consecutive ports or addresses */
uint32_t pair_read_port(PairCard which, uint16_t port, unsigned size);
void pair_write_port(PairCard which, uint16_t port, uint32_t value,
                     unsigned size);
uint32_t pair_read_memory(PairCard which, uint32_t address, unsigned size);
void pair_write_memory(PairCard which, uint32_t address, uint32_t value,
                       unsigned size);
uint32_t pair_read_bar(PairCard which, int bar, uint32_t offset,
                       unsigned size);
void pair_write_bar(PairCard which, int bar, uint32_t offset, uint32_t value,
                    unsigned size);

/* Returns the size of a BAR in bytes, 0 if there is none */
uint32_t pair_bar_size(int bar, bool *io);

/* Returns the first difference, newly allocated, or NULL if there is none */
char *pair_compare(void);

#endif /* ZOO_PAIR_H */
