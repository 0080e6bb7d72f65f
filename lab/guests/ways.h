/*
 * Ways to a VGA adapter besides its memory: BARs, config space, ports
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which ways there are, and which accesses are harmless, depends on the
 * adapter.  So the command line names them, in words of this form:
 *
 *     N:OFFSET  in BAR N
 *     c:OFFSET  in config space
 *     p:PORT    a port
 *
 * followed by:
 *
 *     /N        no wider than N bytes; otherwise a byte, a word and a dword
 *     r         the way may only be read
 *     m         the way is the adapter's memory from its first byte on
 *     i         the way is the DAC's write index, as is port 3c8
 *     =VALUE    not a way: VALUE is written there, once, as a dword
 *
 * All numbers are hexadecimal.
 */

#ifndef WAYS_H
#define WAYS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Way {
    char name[16];
    char kind;                  /* a BAR's number, or c, p */
    uint32_t at;
    unsigned widest;
    bool read_only;
    bool mirror;
    bool dac;
} Way;

/* The access itself, which each guest has to provide */
static uint32_t access_way(const Way *way, unsigned size, bool write,
                           uint32_t value);

/* Read a hexadecimal number, and move @text behind it. */
static uint32_t read_number(const char **text)
{
    uint32_t value = 0;

    for (;; ++*text) {
        char c = **text;

        if (c >= '0' && c <= '9') {
            value = value * 16 + c - '0';
        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + c - 'a' + 10;
        } else {
            return value;
        }
    }
}

static bool ends(char c)
{
    return !c || c == ' ';
}

static void name_way(Way *way, const char *begin, const char *end)
{
    unsigned i;

    for (i = 0; i < sizeof(way->name) - 1 && begin + i < end; i++) {
        way->name[i] = begin[i];
    }
}

/* Read a word.  Returns false if it is a value to write instead of a way. */
static bool read_way(Way *way, const char *word)
{
    const char *at = word + 2;

    *way = (Way) { .kind = *word, .widest = 4 };
    way->at = read_number(&at);
    name_way(way, word, at);
    for (; !ends(*at); at++) {
        if (*at == '/') {
            way->widest = at[1] - '0';
        } else if (*at == 'r') {
            way->read_only = true;
        } else if (*at == 'm') {
            way->mirror = true;
        } else if (*at == 'i') {
            way->dac = true;
        } else if (*at == '=') {
            at++;
            access_way(way, 4, true, read_number(&at));
            return false;
        }
    }
    return true;
}

#endif /* WAYS_H */
