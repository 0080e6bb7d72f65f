/*
 * Memory of a vfio-user client that a served device reaches by messages
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/remote/vfio-user-dma.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "system/memory.h"
#include "trace.h"

/* The libvfio-user of QEMU 11.1 takes flags as well, which must be 0 */
#ifdef LIBVFIO_USER_MAX_DMA_REGIONS
#define vfu_sgl_read(ctx, sg, count, data) vfu_sgl_read(ctx, sg, count, data, 0)
#define vfu_sgl_write(ctx, sg, count, data) \
    vfu_sgl_write(ctx, sg, count, data, 0)
#endif

typedef struct VFUDMARegion {
    struct rcu_head rcu;
    MemoryRegion mr;
    vfu_ctx_t *ctx;
    hwaddr iova;
    QEMUBH *requests;
} VFUDMARegion;

static MemTxResult vfu_dma_access(VFUDMARegion *region, hwaddr addr, void *buf,
                                  unsigned size, bool is_write)
{
    vfu_dma_addr_t iova = (vfu_dma_addr_t)(uintptr_t)(region->iova + addr);
    g_autofree dma_sg_t *sg = g_malloc0(dma_sg_size());
    int ret;

    if (vfu_addr_to_sgl(region->ctx, iova, size, sg, 1,
                        is_write ? PROT_WRITE : PROT_READ) != 1) {
        return MEMTX_ACCESS_ERROR;
    }
    qemu_bh_schedule(region->requests);
    ret = is_write ? vfu_sgl_write(region->ctx, sg, 1, buf) :
                     vfu_sgl_read(region->ctx, sg, 1, buf);
    return ret ? MEMTX_ERROR : MEMTX_OK;
}

static MemTxResult vfu_dma_read(void *opaque, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    uint8_t buf[8] = { 0 };
    MemTxResult result;

    result = vfu_dma_access(opaque, addr, buf, size, false);
    *data = ldn_le_p(buf, size);
    return result;
}

static MemTxResult vfu_dma_write(void *opaque, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    uint8_t buf[8];

    stn_le_p(buf, size, data);
    return vfu_dma_access(opaque, addr, buf, size, true);
}

static const MemoryRegionOps vfu_dma_ops = {
    .read_with_attrs = vfu_dma_read,
    .write_with_attrs = vfu_dma_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void vfu_dma_add(MemoryRegion *root, vfu_ctx_t *ctx, const vfu_dma_info_t *info,
                 QEMUBH *requests)
{
    VFUDMARegion *region = g_new0(VFUDMARegion, 1);

    region->ctx = ctx;
    region->iova = (uintptr_t)info->iova.iov_base;
    region->requests = requests;
    memory_region_init_io(&region->mr, NULL, &vfu_dma_ops, region,
                          "vfio-user-dma", info->iova.iov_len);
    memory_region_add_subregion(root, region->iova, &region->mr);
    trace_vfu_dma_register(region->iova, info->iova.iov_len);
}

/* An access may still use the previous memory map */
static void vfu_dma_free(VFUDMARegion *region)
{
    object_unparent(OBJECT(&region->mr));
    g_free(region);
}

static VFUDMARegion *vfu_dma_find(MemoryRegion *root,
                                  const vfu_dma_info_t *info)
{
    MemoryRegion *mr;

    QTAILQ_FOREACH(mr, &root->subregions, subregions_link) {
        if (mr->ops == &vfu_dma_ops &&
            mr->addr == (uintptr_t)info->iova.iov_base) {
            return container_of(mr, VFUDMARegion, mr);
        }
    }
    return NULL;
}

void vfu_dma_remove(MemoryRegion *root, const vfu_dma_info_t *info)
{
    VFUDMARegion *region = vfu_dma_find(root, info);

    if (region) {
        trace_vfu_dma_unregister(region->iova);
        memory_region_del_subregion(root, &region->mr);
        call_rcu(region, vfu_dma_free, rcu);
    }
}
