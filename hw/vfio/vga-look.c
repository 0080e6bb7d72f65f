/*
 * When registers that were forgotten are read back
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vga-look.h"

/* What a look needs doubles up to this factor: 640 ms, or 4 MiB */
#define LOOK_NEEDED_MAX 64

static void look_begin(VFIOVGALook *look)
{
    look->calm = 0;
    look->written = 0;
    look->reads.count = 0;
}

void vfio_vga_look_forgotten(VFIOVGALook *look)
{
    look->due = look->disturbed = true;
    look_begin(look);
}

void vfio_vga_look_again(VFIOVGALook *look)
{
    look->needed = 1;
}

void vfio_vga_look_sees_register(VFIOVGALook *look)
{
    look->disturbed = true;
    look->written = 0;
}

bool vfio_vga_look_sees_read(VFIOVGALook *look)
{
    return look->due &&
           vfio_vga_heat_up(&look->reads, VFIO_VGA_HEAT_FIRST * look->needed);
}

bool vfio_vga_look_period(VFIOVGALook *look, bool busy)
{
    bool calm = !busy && !look->disturbed;

    look->disturbed = false;
    look->calm = calm ? look->calm + 1 : 0;
    return look->due && look->calm >= look->needed;
}

void vfio_vga_look_done(VFIOVGALook *look, bool found)
{
    look->due = false;
    look->looks++;
    look->needed = found ? 1 : MIN(2 * look->needed, LOOK_NEEDED_MAX);
    look_begin(look);
}
