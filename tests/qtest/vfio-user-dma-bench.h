/*
 * A vfio-user server that sends requests of its own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_USER_DMA_BENCH_H
#define TESTS_VFIO_USER_DMA_BENCH_H

#include "libqos/pci-pc.h"
#include "qemu/units.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    4096
#define RAM_SIZE    (128 * MiB)
#define BUFFER      (16 * MiB)      /* the guest uses no other memory here */
#define NOTHING     0xd0000000      /* the guest has nothing there */
#define MAX_COUNT   (1 * MiB)
#define BODY        16              /* offsets in a message */
#define DATA        32

extern Machine machine;
extern QPCIBus *pci;
extern QPCIDevice *dev;
extern QPCIBar bar;

void start(unsigned msg_timeout);
void stop(void);
/*
 * Make a request of the server: @size bytes, of which @data_size bytes of data
 * begin at @data
 */
void *request(unsigned command, uint64_t address, uint64_t count,
              const void *data, size_t data_size, size_t *size);
void send_request(unsigned command, uint64_t address, uint64_t count,
                  const void *data, size_t data_size);
void expect_error(unsigned command, unsigned error);
/*
 * Expect the reply to a DMA that succeeded, with @data_size bytes of data at
 * @data
 */
void expect_reply(unsigned command, uint64_t address, uint64_t count,
                  const void *data, size_t data_size);
uint8_t *pattern(size_t size, unsigned seed);
void check_read(uint64_t address, size_t count);
/* Check that the bytes before and after stay as they are */
void check_write(uint64_t address, size_t count);
/* Check that the adapter still works, by DMA and by its BAR */
void check_works(void);

/* QEMU's anonymous memory in MiB */
unsigned anonymous_memory(void);

/*
 * The cases of each file
 */
void dma_add_messages(void);

#endif /* TESTS_VFIO_USER_DMA_BENCH_H */
