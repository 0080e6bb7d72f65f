/*
 * ROM devices that show RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "system/memory.h"
#include "system/ramblock.h"

void memory_region_init_rom_device_of_ram(MemoryRegion *mr,
                                          Object *owner,
                                          const MemoryRegionOps *ops,
                                          void *opaque,
                                          const char *name,
                                          MemoryRegion *ram,
                                          uint64_t size)
{
    assert(memory_region_is_ram(ram) && memory_region_size(ram) >= size);
    memory_region_init_io(mr, owner, ops, opaque, name, size);
    mr->rom_device = true;
    mr->readonly = true;
    mr->ram_block = ram->ram_block;
}

/* QEMU 11.0 has no memory_region_init_rom_device_nomigrate() any longer */
bool memory_region_init_private_rom_device(MemoryRegion *mr, Object *owner,
                                           const MemoryRegionOps *ops,
                                           void *opaque, const char *name,
                                           uint64_t size, Error **errp)
{
    if (!memory_region_init_ram_flags_nomigrate(mr, owner, name, size, 0,
                                                errp)) {
        return false;
    }
    mr->ram = false;
    mr->rom_device = true;
    mr->ops = ops;
    mr->opaque = opaque;
    return true;
}

bool memory_region_shows_ram(MemoryRegion *mr)
{
    return memory_region_is_ram(mr) ||
           (memory_region_is_romd(mr) && mr->ram_block->mr != mr);
}
