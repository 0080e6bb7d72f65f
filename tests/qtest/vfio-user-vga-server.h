/*
 * A server of display adapters, and its vfio-user on the wire
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_USER_VGA_SERVER_H
#define TESTS_VFIO_USER_VGA_SERVER_H

#include "libqtest.h"
#include "qemu/units.h"

#define VGA_REGION 8
#define VGA_SIZE 0xc0000
#define MEM 0xa0000
#define MEM_SIZE (128 * KiB)

enum {
    CMD_VERSION = 1,
    CMD_REGION_INFO = 5,
    CMD_READ = 9,
    CMD_WRITE = 10,
    CMD_RESET = 13,
};

#define FLAG_REPLY 0x01
#define FLAG_NO_REPLY 0x10
#define FLAG_ERROR 0x20

typedef struct Header {
    uint16_t id;
    uint16_t command;
    uint32_t size; /* of the message, header included */
    uint32_t flags;
    uint32_t error;
} Header;

typedef struct Access {
    uint64_t offset;
    uint32_t region;
    uint32_t count;
} Access;

typedef struct RegionInfo {
    uint32_t argsz;
    uint32_t flags; /* 1: readable, 2: writable */
    uint32_t index;
    uint32_t cap_offset;
    uint64_t size;
    uint64_t offset;
} RegionInfo;

typedef struct Wire {
    int fd;
    uint16_t id; /* of the last message sent */
} Wire;

typedef struct Server {
    QTestState *qts;
    char *dir;
    int cards;
    char *path[2];
    Wire wire[2]; /* fd -1: not connected */
} Server;

/*
 * The wire
 */

void wire_send(Wire *wire, uint16_t command, uint32_t flags,
               const void *head, size_t head_size,
               const void *data, size_t data_size);
/*
 * Receive the reply to the last message, and to no other.  Returns its error,
 * or 0; @body gets up to @size bytes of its body.
 */
int wire_reply(Wire *wire, void *body, size_t size);
int wire_listen(const char *path);
int wire_connect(const char *path);
int wire_read(Wire *wire, uint64_t offset, uint32_t count, void *data);
void wire_write_only(Wire *wire, uint64_t offset, uint32_t count,
                     const void *data, uint32_t flags);
int wire_write(Wire *wire, uint64_t offset, uint32_t count, const void *data);
/* Write a byte; it must work */
void put(Wire *wire, uint64_t offset, uint8_t value);
uint8_t get(Wire *wire, uint64_t offset);
/* Write a register behind an index port */
void put_reg(Wire *wire, uint16_t port, uint8_t index, uint8_t value);
uint8_t get_reg(Wire *wire, uint16_t port, uint8_t index);
RegionInfo region_info(Wire *wire, int index);

/* Serve @first, and @second unless it is NULL; does not connect */
void server_start(Server *s, const char *first, const char *second);
void server_start_and_connect(Server *s, const char *first, const char *second);
void server_stop(Server *s);
/*
 * Set the registers of sequencer and graphics controller that decide where a
 * byte goes
 */
void planar_mode(Wire *wire);
void chained_mode(Wire *wire);
/*
 * No two neighbours are equal, and the period is not a power of two, which
 * could hide a lost piece
 */
uint8_t pattern(uint32_t i);

/*
 * The cases of vfio-user-vga-client.c
 */

void test_guest(const void *model);
void test_posted(void);
void test_posted_mapped(void);
/* The adapter sees only what PCI_COMMAND lets through */
void test_decode(void);
/* The message for a user whose server has no VGA card */
void test_no_region(const void *model);

#endif /* TESTS_VFIO_USER_VGA_SERVER_H */
