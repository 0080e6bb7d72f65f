/*
 * A QEMU that serves devices, and a client of it without QEMU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_USER_SERVER_BENCH_H
#define TESTS_VFIO_USER_SERVER_BENCH_H

#include "libqtest.h"

#define MAX_DEVICES 2
#define WIDTH       640
#define HEIGHT      480

typedef struct Server {
    QTestState *qts;
    char *dir;
    char *path[MAX_DEVICES];
} Server;

/*
 * Serve @devices devices of the type @model; @machine has more of the
 * machine's properties
 */
void server_start(Server *server, const char *machine, const char *model,
                  unsigned devices);
void server_stop(Server *server);
/* Returns the colour 0x00rrggbb at @x, @y of the server's screen */
uint32_t server_pixel(Server *server, unsigned x, unsigned y);

/* The caller closes the socket */
int raw_connect(const char *path);
/*
 * Returns the flags that the server gives a region.  @size and @file may be
 * NULL; the caller closes *@file, which is -1 if none came.
 */
uint32_t raw_region_info(int fd, unsigned region, uint64_t *size, int *file);
void raw_access(int fd, bool write, unsigned region, uint64_t offset,
                void *data, uint32_t count);

#endif /* TESTS_VFIO_USER_SERVER_BENCH_H */
