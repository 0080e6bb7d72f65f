/*
 * An assigned adapter that records the accesses it gets
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header describes the interface.
 */

#include "qemu/osdep.h"

#include "hw/vfio/vga-engine.h"
#include "hw/vfio/vga-explain.h"
#include "monitor/monitor.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "vga-legacy-card.h"

/* Mocks */

int count(const char *text, const char *what)
{
    int n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

int regions_made;

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    mr->owner = owner;
    mr->ops = ops;
    mr->opaque = opaque;
    mr->name = name;
    mr->size = int128_make64(size);
    regions_made++;
}

struct vfio_region_info vga_info;
int info_ret;
int info_calls;

int vfio_device_get_region_info(VFIODevice *vbasedev, int index,
                                struct vfio_region_info **info)
{
    g_assert_cmpint(index, ==, VFIO_PCI_VGA_REGION_INDEX);
    info_calls++;
    *info = info_ret ? NULL : &vga_info;
    return info_ret;
}

/*
 * The adapter
 */

Call last;
uint64_t calls;
uint16_t config_class;
int config_ret;
int answer;
uint64_t answer_times;

uint8_t card_byte(off_t off)
{
    return off * 37 + (off >> 8) + 5;
}

uint64_t card_value(off_t off, unsigned size)
{
    uint64_t value = 0;
    int i;

    for (i = 0; i < size; i++) {
        value |= (uint64_t)card_byte(off + i) << (8 * i);
    }
    return value;
}

static int card_answer(uint32_t size)
{
    calls++;
    return calls <= answer_times ? answer : size;
}

static int card_read(VFIODevice *vbasedev, uint8_t nr, off_t off,
                     uint32_t size, void *data)
{
    uint8_t *bytes = data;
    int ret, i;

    if (nr == VFIO_PCI_CONFIG_REGION_INDEX) {
        g_assert_cmpint(off, ==, PCI_CLASS_DEVICE);
        g_assert_cmpint(size, ==, 2);
        bytes[0] = config_class;
        bytes[1] = config_class >> 8;
        return config_ret ?: size;
    }

    ret = card_answer(size);
    last = (Call) { .nr = nr, .off = off, .size = size };
    for (i = 0; i < MIN(ret, (int)size); i++) {
        bytes[i] = card_byte(off + i);
    }
    return ret;
}

static int card_write(VFIODevice *vbasedev, uint8_t nr, off_t off,
                      uint32_t size, void *data, bool post)
{
    g_assert_cmpint(size, <=, sizeof(last.data));
    last = (Call) {
        .write = true, .nr = nr, .off = off, .size = size, .post = post
    };
    memcpy(last.data, data, size);
    return card_answer(size);
}

static VFIODeviceIOOps card_ops = {
    .region_read = card_read,
    .region_write = card_write,
};

VFIODevice card_new(void)
{
    calls = 0;
    answer = 0;
    answer_times = 0;
    config_class = PCI_CLASS_DISPLAY_VGA;
    config_ret = 0;
    info_ret = 0;
    info_calls = 0;
    regions_made = 0;
    vga_info = (struct vfio_region_info) {
        .flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
        .size = 0xc0000,
        .offset = 8ULL << 40, /* must never be part of an offset */
    };
    g_string_truncate(said, 0);

    return (VFIODevice) {
        .name = (char *)"0000:01:00.0",
        .io_ops = &card_ops,
        .num_initial_regions = VFIO_PCI_NUM_REGIONS,
    };
}

void assert_write(off_t off, uint32_t size, uint64_t value, bool post)
{
    int i;

    g_assert_true(last.write);
    g_assert_cmpint(last.nr, ==, VFIO_PCI_VGA_REGION_INDEX);
    g_assert_cmphex(last.off, ==, off);
    g_assert_cmpint(last.size, ==, size);
    g_assert_cmpint(last.post, ==, post);
    for (i = 0; i < size; i++) {
        g_assert_cmphex(last.data[i], ==, (uint8_t)(value >> (8 * i)));
    }
}

void assert_read(off_t off, uint32_t size)
{
    g_assert_false(last.write);
    g_assert_cmpint(last.nr, ==, VFIO_PCI_VGA_REGION_INDEX);
    g_assert_cmphex(last.off, ==, off);
    g_assert_cmpint(last.size, ==, size);
}

/*
 * Window to region
 */

VFIOPCIDevice *assigned_new(void)
{
    Object *obj = object_new(TYPE_VFIO_PCI_DEVICE);
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(obj);

    vdev->vbasedev = card_new();
    vdev->class_code = PCI_ANY_ID;
    vdev->features = VFIO_FEATURE_ENABLE_VGA;
    return vdev;
}
