/*
 * Memory of a vfio-user client that a served device reaches by messages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client passes a file descriptor for memory that it shares, and the server
 * maps the file.  Other memory is reached by VFIO_USER_DMA_READ and
 * VFIO_USER_DMA_WRITE: a region here turns each access into such a message, of
 * up to 8 bytes, and waits for the reply.
 */
#ifndef HW_REMOTE_VFIO_USER_DMA_H
#define HW_REMOTE_VFIO_USER_DMA_H

#include "libvfio-user.h"

struct MemoryRegion;
struct QEMUBH;

/**
 * vfu_dma_add: let a device reach memory of the client by messages
 *
 * @root: the device's DMA address space
 * @ctx: the server
 * @info: the memory, which is not mapped
 * @requests: to be scheduled after a message, because requests of the client
 *            may have been received meanwhile, and wait for vfu_run_ctx()
 */
void vfu_dma_add(struct MemoryRegion *root, vfu_ctx_t *ctx,
                 const vfu_dma_info_t *info, struct QEMUBH *requests);

/**
 * vfu_dma_remove: remove memory of the client
 *
 * @root, @info: as for vfu_dma_add()
 */
void vfu_dma_remove(struct MemoryRegion *root, const vfu_dma_info_t *info);

#endif /* HW_REMOTE_VFIO_USER_DMA_H */
