/*
 * BARs of a served device that its client maps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "exec/cpu-common.h"
#include "hw/remote/vfio-user-mmap.h"
#include "qemu/memfd.h"
#include "system/ramblock.h"

/* A client that could grow or seal the file would do that to the device */
#define VFU_MMAP_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Is it RAM from its first to its last byte, whatever the device does? */
static bool vfu_mmap_is_ram(MemoryRegion *bar)
{
    return memory_region_is_ram(bar) && !memory_region_is_ram_device(bar) &&
           !memory_region_is_rom(bar) && !bar->alias &&
           QTAILQ_EMPTY(&bar->subregions) &&
           QEMU_IS_ALIGNED(memory_region_size(bar), qemu_real_host_page_size());
}

static bool vfu_mmap_seal(int fd)
{
    int seals;

    fcntl(fd, F_ADD_SEALS, VFU_MMAP_SEALS);
    seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && seals & F_SEAL_SHRINK;
}

/* Somebody wants to know what was written: it could have been all of it */
static void vfu_mmap_log_sync(MemoryListener *listener, bool last_stage)
{
    VFUMmap *m = container_of(listener, VFUMmap, listener);
    unsigned i;

    for (i = 0; i < m->nr_bars; i++) {
        memory_region_set_dirty(m->bars[i], 0, memory_region_size(m->bars[i]));
    }
}

int vfu_mmap_offer(VFUMmap *m, MemoryRegion *bar)
{
    RAMBlock *block;
    int fd;

    if (!vfu_mmap_is_ram(bar)) {
        return -1;
    }
    block = bar->ram_block;
    fd = qemu_ram_get_fd(block);
    if (fd < 0 || !qemu_ram_is_shared(block) || qemu_ram_get_fd_offset(block) ||
        !vfu_mmap_seal(fd)) {
        return -1;
    }
    if (!m->nr_bars) {
        m->listener = (MemoryListener) {
            .name = "vfio-user-mmap",
            .log_sync_global = vfu_mmap_log_sync,
        };
        memory_listener_register(&m->listener, &address_space_memory);
    }
    m->bars[m->nr_bars++] = bar;
    return fd;
}

void vfu_mmap_end(VFUMmap *m)
{
    if (m->nr_bars) {
        memory_listener_unregister(&m->listener);
    }
    *m = (VFUMmap) { };
}
