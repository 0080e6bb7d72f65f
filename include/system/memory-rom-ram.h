/*
 * ROM devices that show RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A part of system/memory.h, which includes it.
 */
#ifndef SYSTEM_MEMORY_ROM_RAM_H
#define SYSTEM_MEMORY_ROM_RAM_H

/**
 * memory_region_init_rom_device_of_ram: Initialize a ROM device that shows RAM
 *
 * Reads return the contents of @ram, and writes are handled via callbacks.  The
 * device has no memory of its own: writes to @ram are seen at once, and neither
 * migration nor ram_addr_t has a second block.
 *
 * @mr: the #MemoryRegion to be initialized.
 * @owner: the object that tracks the region's reference count
 * @ops: callbacks for write access handling (must not be NULL).
 * @opaque: passed to the read and write callbacks of the @ops structure.
 * @name: Region name
 * @ram: a RAM region that is at least as large, and lives at least as long
 * @size: size of the region.
 */
void memory_region_init_rom_device_of_ram(MemoryRegion *mr,
                                          Object *owner,
                                          const MemoryRegionOps *ops,
                                          void *opaque,
                                          const char *name,
                                          MemoryRegion *ram,
                                          uint64_t size);

/**
 * memory_region_init_private_rom_device: Initialize a ROM device whose memory
 * does not migrate
 *
 * As memory_region_init_rom_device() otherwise.
 *
 * Returns %false and sets an error if there is no memory.
 */
bool memory_region_init_private_rom_device(MemoryRegion *mr, Object *owner,
                                           const MemoryRegionOps *ops,
                                           void *opaque, const char *name,
                                           uint64_t size, Error **errp);

/**
 * memory_region_shows_ram: check whether reads of a memory region are of RAM
 *
 * Returns %true if a memory region is random access, or a ROM device of
 * memory_region_init_rom_device_of_ram().  Code that reads the guest's memory
 * directly, such as DMA and dumps, finds it in both.  Code that writes it has
 * to check #MemoryRegionSection.readonly as well.
 *
 * @mr: the memory region being queried
 */
bool memory_region_shows_ram(MemoryRegion *mr);

#endif
