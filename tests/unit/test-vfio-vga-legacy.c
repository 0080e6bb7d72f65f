/*
 * Legacy VGA accesses of an assigned adapter: what reaches VFIODeviceIOOps,
 * what an adapter that fails does to the guest and to the log, and what the
 * user is told when there is no VGA region.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is a VFIODeviceIOOps that records each call and answers as the
 * test says; the memory core is a stub that keeps what it was given, so a test
 * plays the guest by calling the MemoryRegionOps.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <linux/vfio.h>

#include "hw/vfio/pci.h"
#include "hw/vfio/vga-engine.h"
#include "hw/vfio/vga-explain.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"

/*
 * What the test replaces
 */

static GString *said; /* all that went to the user */

int error_vprintf(const char *fmt, va_list ap)
{
    size_t before = said->len;

    g_string_append_vprintf(said, fmt, ap);
    return said->len - before;
}

int error_vprintf_unless_qmp(const char *fmt, va_list ap)
{
    return error_vprintf(fmt, ap);
}

static int count(const char *text, const char *what)
{
    int n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

static int regions_made;

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

static struct vfio_region_info vga_info;
static int info_ret;
static int info_calls;

int vfio_device_get_region_info(VFIODevice *vbasedev, int index,
                                struct vfio_region_info **info)
{
    g_assert_cmpint(index, ==, VFIO_PCI_VGA_REGION_INDEX);
    info_calls++;
    *info = info_ret ? NULL : &vga_info;
    return info_ret;
}

/* There is no engine and no arbiter in this test */

bool vfio_vga_props_valid(const VFIOPCIDevice *vdev, Error **errp)
{
    return true;
}

bool vfio_vga_arbiter_setup(VFIOPCIDevice *vdev, Error **errp)
{
    return true;
}

void vfio_vga_arbiter_finalize(VFIOPCIDevice *vdev)
{
}

void vfio_vga_arbiter_use(VFIOVGAArbiter *arbiter)
{
    g_assert_not_reached();
}

uint64_t vfio_vga_arbiter_holds(VFIOVGAArbiter *arbiter)
{
    g_assert_not_reached();
}

VFIOVGAEngine *vfio_vga_engine_init(VFIOPCIDevice *vdev)
{
    return NULL;
}

void vfio_vga_engine_exit(VFIOVGAEngine *e)
{
    g_assert_not_reached();
}

void vfio_vga_engine_read(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                          void *data)
{
    g_assert_not_reached();
}

void vfio_vga_engine_write(VFIOVGAEngine *e, uint32_t offset, uint32_t size,
                           const void *data)
{
    g_assert_not_reached();
}

void vfio_vga_engine_stats(const VFIOVGAEngine *e, VFIOVGAStats *stats)
{
    g_assert_not_reached();
}

/*
 * The adapter
 */

typedef struct Call {
    bool write;
    uint8_t nr;
    off_t off;
    uint32_t size;
    bool post;
    uint8_t data[8];
} Call;

static Call last;
static uint64_t calls;
static uint16_t config_class;
static int config_ret;      /* what a class read returns, 0: all of it */
static int answer;          /* what the first @answer_times calls return */
static uint64_t answer_times;

/* No two neighbours alike, and no symmetry that hides a swapped byte */
static uint8_t card_byte(off_t off)
{
    return off * 37 + (off >> 8) + 5;
}

static uint64_t card_value(off_t off, unsigned size)
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

/* Each test starts here: a healthy adapter and nothing said */
static VFIODevice card_new(void)
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
        .offset = 8ULL << 40, /* must never show up in an offset */
    };
    g_string_truncate(said, 0);

    return (VFIODevice) {
        .name = (char *)"0000:01:00.0",
        .io_ops = &card_ops,
        .num_initial_regions = VFIO_PCI_NUM_REGIONS,
    };
}

static void assert_write(off_t off, uint32_t size, uint64_t value, bool post)
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

static void assert_read(off_t off, uint32_t size)
{
    g_assert_false(last.write);
    g_assert_cmpint(last.nr, ==, VFIO_PCI_VGA_REGION_INDEX);
    g_assert_cmphex(last.off, ==, off);
    g_assert_cmpint(last.size, ==, size);
}

/*
 * The region
 */

static uint64_t region_read(VFIOVGAHostRegion *region, uint32_t offset,
                            unsigned size)
{
    uint8_t bytes[8] = { };

    vfio_vga_region_read(region, offset, size, bytes);
    return ldq_le_p(bytes);
}

static void region_write(VFIOVGAHostRegion *region, uint32_t offset,
                         uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    stq_le_p(bytes, value);
    vfio_vga_region_write(region, offset, size, bytes);
}

static void test_sizes(void)
{
    static const unsigned sizes[] = { 1, 2, 4, 8 };
    const uint64_t value = 0x8877665544332211;
    VFIODevice card = card_new();
    VFIOVGAHostRegion region;
    int i;

    vfio_vga_region_init(&region, &card);
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned size = sizes[i];

        region_write(&region, 0xb8000, value, size);
        assert_write(0xb8000, size, value, true);

        g_assert_cmphex(region_read(&region, 0xb8008, size),
                        ==, card_value(0xb8008, size));
        assert_read(0xb8008, size);
    }
    g_assert_cmpint(calls, ==, 2 * ARRAY_SIZE(sizes));
    g_assert_cmpint(region.reads, ==, ARRAY_SIZE(sizes));
    g_assert_cmpint(region.writes, ==, ARRAY_SIZE(sizes));
    g_assert_cmpint(region.failures, ==, 0);
    g_assert_cmpstr(said->str, ==, "");
}

static void test_posted(void)
{
    static const struct {
        hwaddr offset;
        bool post;
    } cases[] = {
        { 0x3b0, false }, { 0x3bb, false }, { 0x3c0, false }, { 0x3df, false },
        { 0xa0000, true }, { 0xb8000, true }, { 0xbffff, true },
    };
    VFIODevice card = card_new();
    VFIOVGAHostRegion region;
    int i;

    vfio_vga_region_init(&region, &card);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        region_write(&region, cases[i].offset, 0x5a, 1);
        assert_write(cases[i].offset, 1, 0x5a, cases[i].post);
    }
}

static void test_retry(void)
{
    static const int again[] = { -EINTR, -EAGAIN };
    static const int times[] = { 1, 2, 999 };
    VFIODevice card;
    VFIOVGAHostRegion region;
    int i, j;

    for (i = 0; i < ARRAY_SIZE(again); i++) {
        for (j = 0; j < ARRAY_SIZE(times); j++) {
            card = card_new();
            vfio_vga_region_init(&region, &card);
            answer = again[i];
            answer_times = times[j];
            g_assert_cmphex(region_read(&region, 0x3da, 1),
                            ==, card_value(0x3da, 1));
            g_assert_cmpint(calls, ==, times[j] + 1);

            calls = 0;
            region_write(&region, 0x3d4, 0x0e, 1);
            g_assert_cmpint(calls, ==, times[j] + 1);
            assert_write(0x3d4, 1, 0x0e, false);

            g_assert_cmpint(region.reads, ==, times[j] + 1);
            g_assert_cmpint(region.writes, ==, times[j] + 1);
            g_assert_cmpint(region.failures, ==, 0);
            g_assert_cmpstr(said->str, ==, "");
        }
    }
}

static void test_endless(void)
{
    static const int again[] = { -EINTR, -EAGAIN };
    VFIODevice card;
    VFIOVGAHostRegion region;
    int i;

    for (i = 0; i < ARRAY_SIZE(again); i++) {
        card = card_new();
        vfio_vga_region_init(&region, &card);
        answer = again[i];
        answer_times = UINT64_MAX;

        g_assert_cmphex(region_read(&region, 0xa0000, 2), ==, 0xffff);
        g_assert_cmpint(calls, ==, 1000);
        region_write(&region, 0xa0000, 0, 2);
        g_assert_cmpint(calls, ==, 2000);
        g_assert_cmpint(region.failures, ==, 2);
        g_assert_nonnull(strstr(said->str, strerror(-again[i])));
    }
}

/* Any other error is final at once, and so is a transfer cut short */
static void test_failures(void)
{
    static const struct {
        int ret;
        unsigned size;
        uint64_t ones;
        const char *reason; /* NULL: strerror() */
    } cases[] = {
        { -EIO, 1, 0xff, NULL },
        { -EINVAL, 2, 0xffff, NULL },
        { -ENODEV, 4, 0xffffffff, NULL },
        { -EFAULT, 8, UINT64_MAX, NULL },
        { 0, 1, 0xff, "short transfer" },
        { 1, 2, 0xffff, "short transfer" },
        { 2, 4, 0xffffffff, "short transfer" },
        { 3, 4, 0xffffffff, "short transfer" },
    };
    int i, write;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        for (write = 0; write < 2; write++) {
            VFIODevice card = card_new();
            const char *reason = cases[i].reason ?: strerror(-cases[i].ret);
            unsigned size = cases[i].size;
            g_autofree char *line = NULL;
            VFIOVGAHostRegion region;

            vfio_vga_region_init(&region, &card);
            answer = cases[i].ret;
            answer_times = UINT64_MAX;
            if (write) {
                region_write(&region, 0xb8f9c, 0, size);
            } else {
                g_assert_cmphex(region_read(&region, 0xb8f9c, size),
                                ==, cases[i].ones);
            }
            g_assert_cmpint(calls, ==, 1);
            g_assert_cmpint(region.failures, ==, 1);
            g_assert_cmpint(region.reads, ==, !write);
            g_assert_cmpint(region.writes, ==, write);

            line = g_strdup_printf("warning: vfio 0000:01:00.0: %u-byte legacy "
                                   "VGA %s at 0xb8f9c failed: %s\n",
                                   size, write ? "write" : "read", reason);
            g_assert_nonnull(strstr(said->str, line));
        }
    }
}

/* A card that comes back is used again: failures leave no state behind */
static void test_recovery(void)
{
    VFIODevice card = card_new();
    VFIOVGAHostRegion region;

    vfio_vga_region_init(&region, &card);
    answer = -EIO;
    answer_times = 3;
    g_assert_cmphex(region_read(&region, 0x3c1, 1), ==, 0xff);
    region_write(&region, 0x3c0, 0x20, 1);
    g_assert_cmphex(region_read(&region, 0x3cc, 1), ==, 0xff);
    g_assert_cmphex(region_read(&region, 0x3cc, 1),
                    ==, card_byte(0x3cc));
    region_write(&region, 0x3c2, 0x67, 1);
    assert_write(0x3c2, 1, 0x67, false);
    g_assert_cmpint(region.failures, ==, 3);
}

static void test_one_warning(void)
{
    VFIODevice cards[2] = { card_new(), card_new() };
    VFIOVGAHostRegion region[2];
    int i;

    cards[1].name = (char *)"0000:02:00.0";
    vfio_vga_region_init(&region[0], &cards[0]);
    vfio_vga_region_init(&region[1], &cards[1]);
    answer = -EIO;
    answer_times = UINT64_MAX;
    for (i = 0; i < 500000; i++) {
        region_write(&region[0], 0xb8000 + i % 4000, i, 1);
        region_read(&region[0], 0x3da, 1);
    }
    g_assert_cmpint(region[0].failures, ==, 1000000);
    g_assert_cmpint(count(said->str, "warning: "), ==, 1);
    g_assert_cmpint(count(said->str, "info vga-stats"), ==, 1);

    /* Once a device, not once a process */
    region_read(&region[1], 0x3da, 1);
    g_assert_cmpint(count(said->str, "warning: "), ==, 2);
    g_assert_nonnull(strstr(said->str, "vfio 0000:02:00.0: "));
}

/* What waited goes in one call, or in pieces that a guest could have written */
static void test_put(void)
{
    static const struct {
        unsigned width;
        bool one;
        uint32_t offset, size;
        unsigned calls;
    } cases[] = {
        { 0, false, 0xb8001, 8, 1 },
        { 4, false, 0xb8001, 8, 4 }, /* 1, 2, 4, 1 */
        { 1, false, 0xb8000, 8, 8 },
        { 1, true, 0xb8000, 4, 1 },
    };
    const uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    int i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        VFIODevice card = card_new();
        VFIOVGAHostRegion region;

        vfio_vga_region_init(&region, &card);
        region.width = cases[i].width;
        vfio_vga_region_put(&region, cases[i].offset, cases[i].size, bytes,
                            cases[i].one);
        g_assert_cmpint(calls, ==, cases[i].calls);
        g_assert_cmpint(region.writes, ==, cases[i].calls);
        g_assert_cmpint(last.off + last.size, ==,
                        cases[i].offset + cases[i].size);
        g_assert_false(region.failed);
    }
}

/* What the host does not take together, it gets one by one */
static void test_put_refused(void)
{
    const uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    VFIODevice card = card_new();
    VFIOVGAHostRegion region;

    vfio_vga_region_init(&region, &card);
    answer = -EINVAL;
    answer_times = 1;
    vfio_vga_region_put(&region, 0xb8001, 8, bytes, false);
    g_assert_cmpint(calls, ==, 1 + 4);
    g_assert_cmpint(region.failures, ==, 0);
    g_assert_false(region.failed);

    calls = 0;
    answer_times = 2; /* the first of the pieces, too */
    vfio_vga_region_put(&region, 0xb8001, 8, bytes, false);
    g_assert_cmpint(calls, ==, 1 + 4);
    g_assert_cmpint(region.failures, ==, 1);
    g_assert_true(region.failed);
    g_assert_nonnull(strstr(said->str, "1-byte legacy VGA write at 0xb8001"));
}

/* The guest did not ask, so a failure is nobody's */
static void test_peek(void)
{
    VFIODevice card = card_new();
    VFIOVGAHostRegion region;
    uint8_t bytes[4];

    vfio_vga_region_init(&region, &card);
    answer = -EINTR;
    answer_times = 3;
    g_assert_true(vfio_vga_region_peek(&region, 0xb8000, 4, bytes));
    g_assert_cmphex((uint32_t)ldl_le_p(bytes), ==, card_value(0xb8000, 4));
    g_assert_cmpint(region.reads, ==, 4);

    answer = 3;
    answer_times = UINT64_MAX;
    g_assert_false(vfio_vga_region_peek(&region, 0xb8000, 4, bytes));
    g_assert_cmpint(region.failures, ==, 0);
    g_assert_false(region.failed);
    g_assert_cmpstr(said->str, ==, "");
}

/*
 * Window to region
 */

static VFIOPCIDevice *assigned_new(void)
{
    Object *obj = object_new(TYPE_VFIO_PCI_DEVICE);
    VFIOPCIDevice *vdev = VFIO_PCI_DEVICE(obj);

    vdev->vbasedev = card_new();
    vdev->class_code = PCI_ANY_ID;
    vdev->features = VFIO_FEATURE_ENABLE_VGA;
    return vdev;
}

static void assigned_instance_finalize(Object *obj)
{
    g_free(VFIO_PCI_DEVICE(obj)->vga);
}

static void test_windows(void)
{
    static const struct {
        const char *name;
        hwaddr base;
        uint64_t size;
        bool post;
    } windows[QEMU_PCI_VGA_NUM_REGIONS] = {
        [QEMU_PCI_VGA_MEM] = {
            "vfio-vga-mmio@0xa0000", 0xa0000, 0x20000, true
        },
        [QEMU_PCI_VGA_IO_LO] = { "vfio-vga-io@0x3b0", 0x3b0, 0xc, false },
        [QEMU_PCI_VGA_IO_HI] = { "vfio-vga-io@0x3c0", 0x3c0, 0x20, false },
    };
    VFIOPCIDevice *vdev = assigned_new();
    int i;

    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    g_assert_cmpint(regions_made, ==, QEMU_PCI_VGA_NUM_REGIONS);

    for (i = 0; i < QEMU_PCI_VGA_NUM_REGIONS; i++) {
        MemoryRegion *mr = &vdev->vga->region[i].mem;
        hwaddr base = windows[i].base;
        hwaddr end = windows[i].size - 1;

        g_assert_cmpstr(mr->name, ==, windows[i].name);
        g_assert_true(mr->owner == OBJECT(vdev));
        g_assert_cmphex(int128_get64(mr->size), ==, windows[i].size);
        g_assert_true(QLIST_EMPTY(&vdev->vga->region[i].quirks));

        mr->ops->write(mr->opaque, 0, 0xa1, 1);
        assert_write(base, 1, 0xa1, windows[i].post);
        mr->ops->write(mr->opaque, end, 0xa2, 1);
        assert_write(base + end, 1, 0xa2, windows[i].post);
        mr->ops->write(mr->opaque, end - 3, 0xd4c3b2a1, 4);
        assert_write(base + end - 3, 4, 0xd4c3b2a1, windows[i].post);

        g_assert_cmphex(mr->ops->read(mr->opaque, 0, 1), ==, card_byte(base));
        assert_read(base, 1);
        g_assert_cmphex(mr->ops->read(mr->opaque, end, 1),
                        ==, card_byte(base + end));
        assert_read(base + end, 1);
        g_assert_cmphex(mr->ops->read(mr->opaque, end - 1, 2),
                        ==, card_value(base + end - 1, 2));
        assert_read(base + end - 1, 2);
    }
    g_assert_cmpint(vdev->vga->legacy.reads, ==, 9);
    g_assert_cmpint(vdev->vga->legacy.writes, ==, 9);
    object_unref(vdev);
}

/* The quirks call in with a window of their own choice */
static void test_quirk_entry(void)
{
    VFIOPCIDevice *vdev = assigned_new();
    VFIOVGARegion *region;

    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    region = &vdev->vga->region[QEMU_PCI_VGA_IO_HI];
    vfio_vga_write(region, 0x14, 0x338, 2);
    assert_write(0x3d4, 2, 0x338, false);
    g_assert_cmphex(vfio_vga_read(region, 0x10, 4), ==, card_value(0x3d0, 4));
    assert_read(0x3d0, 4);
    object_unref(vdev);
}

/*
 * The memory core refuses what .valid excludes and splits what exceeds .impl;
 * TCG hands over an aligned 8-byte access whole.
 */
static void test_access_sizes(void)
{
    VFIOPCIDevice *vdev = assigned_new();
    const MemoryRegionOps *ops;
    int i;

    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    for (i = 0; i < QEMU_PCI_VGA_NUM_REGIONS; i++) {
        ops = vdev->vga->region[i].mem.ops;
        g_assert_cmpint(ops->endianness, ==, DEVICE_LITTLE_ENDIAN);
        g_assert_cmpint(ops->valid.min_access_size, ==, 1);
        g_assert_cmpint(ops->valid.max_access_size, ==, 8);
        g_assert_false(ops->valid.unaligned);
        g_assert_cmpint(ops->impl.min_access_size, ==, 1);
        g_assert_cmpint(ops->impl.max_access_size, ==, 4);
        g_assert_false(ops->impl.unaligned);
    }
    object_unref(vdev);
}

static void test_counters(void)
{
    VFIOPCIDevice *vdev = assigned_new();
    g_autoptr(VFIOVGAStats) stats = NULL;
    MemoryRegion *mr;

    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    vfio_vga_legacy_start(vdev);
    mr = &vdev->vga->region[QEMU_PCI_VGA_IO_LO].mem;

    mr->ops->write(mr->opaque, 4, 0x0f, 1);
    answer = -EINTR;
    answer_times = calls + 2;
    mr->ops->write(mr->opaque, 5, 0x00, 1);
    mr->ops->read(mr->opaque, 5, 1);
    answer = -EIO;
    answer_times = UINT64_MAX;
    mr->ops->write(mr->opaque, 4, 0x0e, 1);

    stats = vfio_vga_legacy_stats(vdev);
    g_assert_cmpstr(stats->host_name, ==, "0000:01:00.0");
    g_assert_cmpint(stats->tier, ==, VFIO_VGA_TIER_FORWARD);
    g_assert_cmpint(stats->guest_reads, ==, 1);
    g_assert_cmpint(stats->guest_writes, ==, 3);
    g_assert_cmpint(stats->region_reads, ==, 1);
    g_assert_cmpint(stats->region_writes, ==, 5);
    g_assert_cmpint(stats->region_failures, ==, 1);
    g_assert_false(stats->has_arbiter_holds);
    vfio_vga_legacy_stop(vdev);
    object_unref(vdev);
}

/*
 * No region
 */

static void assert_no_vga(VFIOPCIDevice *vdev, const char *message)
{
    Error *err = NULL;

    g_assert_false(vfio_populate_vga(vdev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, message);
    error_free(err);
    g_assert_null(vdev->vga);
    g_assert_cmpint(regions_made, ==, 0);
}

static void test_no_region(void)
{
    VFIOPCIDevice *vdev = assigned_new();

    info_ret = -EINVAL;
    assert_no_vga(vdev, "failed getting region info for VGA region index 8: "
                  "Invalid argument");
    g_assert_cmpint(info_calls, ==, 1);
    info_ret = 0;

    vga_info.flags = VFIO_REGION_INFO_FLAG_READ;
    assert_no_vga(vdev, "unexpected VGA info, flags 0x1, size 0xc0000");
    vga_info.flags = VFIO_REGION_INFO_FLAG_WRITE;
    assert_no_vga(vdev, "unexpected VGA info, flags 0x2, size 0xc0000");
    vga_info.flags |= VFIO_REGION_INFO_FLAG_READ;

    vga_info.size = 0xbffff;
    assert_no_vga(vdev, "unexpected VGA info, flags 0x3, size 0xbffff");
    vga_info.size = 0xc0000;

    /* Not cached, so it would be allocated anew with each access: not asked */
    info_calls = 0;
    vdev->vbasedev.num_initial_regions = VFIO_PCI_VGA_REGION_INDEX;
    assert_no_vga(vdev, "failed getting region info for VGA region index 8: "
                  "Invalid argument");
    g_assert_cmpint(info_calls, ==, 0);

    vdev->vbasedev.num_initial_regions = VFIO_PCI_VGA_REGION_INDEX + 1;
    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    object_unref(vdev);
}

/*
 * Why there is none: a sysfs of our own
 */

static char *sysfs;

static void put(const char *path, const char *text)
{
    g_autofree char *full = g_strdup_printf("%s/%s", sysfs, path);
    g_autofree char *dir = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static void put_driver(const char *driver)
{
    g_autofree char *dir = g_strdup_printf("%s/dev", sysfs);
    g_autofree char *path = g_strdup_printf("%s/driver", dir);
    g_autofree char *target = g_strdup_printf("../bus/pci/drivers/%s", driver);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    unlink(path);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void remove_tree(const char *path)
{
    GDir *dir = NULL;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        dir = g_dir_open(path, 0, NULL);
    }
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *full = g_strdup_printf("%s/%s", path, name);

        remove_tree(full);
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

/* A host on which nothing is wrong, as far as sysfs tells */
static VFIODevice host_new(void)
{
    VFIODevice card = card_new();

    sysfs = g_dir_make_tmp("vfio-vga-XXXXXX", NULL);
    g_assert_nonnull(sysfs);
    put("module/vfio_pci/parameters/disable_vga", "N\n");
    put("module/vfio_pci/parameters/nointxmask", "N\n");
    put_driver("vfio-pci");
    card.sysfsdev = g_strdup_printf("%s/dev", sysfs);
    return card;
}

static void host_free(VFIODevice *card)
{
    g_free(card->sysfsdev);
    remove_tree(sysfs);
    g_clear_pointer(&sysfs, g_free);
}

static void assert_explained(VFIODevice *card, const char *cause,
                             const char *remedy)
{
    g_autofree char *want = NULL;
    Error *err = NULL;

    error_setg_errno(&err, EINVAL, "region 8");
    vfio_vga_explain(card, sysfs, &err);
    want = g_strdup_printf("x-vga=on needs a VGA region, and the adapter "
                           "offers none: %s", cause);
    g_assert_cmpstr(error_get_pretty(err), ==, want);

    /* The hint has no accessor; it is printed after the message */
    g_string_truncate(said, 0);
    error_report_err(err);
    g_assert_nonnull(strstr(said->str, remedy));
}

#define GENERIC "region 8: Invalid argument"
#define DISABLED "the host's vfio-pci was loaded with disable_vga=1"
#define NOT_BUILT "the host's kernel was built without CONFIG_VFIO_PCI_VGA"
#define NO_VGA(class) "it is no VGA controller, its class is " class \
                      " (VGA is 0x0300)"
#define VARIANT(driver) "its host driver is '" driver "', not 'vfio-pci'"
#define MDEV "mediated devices have no legacy VGA region"
#define SERVER "the vfio-user server offers no VGA region"

static void test_explain_generic(void)
{
    VFIODevice card = host_new();

    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);

    /* Without sysfs, and without a path, nothing is known */
    card = card_new();
    sysfs = g_strdup("/nonexistent");
    assert_explained(&card, GENERIC, "kernel log");
    g_clear_pointer(&sysfs, g_free);
}

static void test_explain_mdev(void)
{
    VFIODevice card = host_new();

    card.mdev = true;
    assert_explained(&card, MDEV, "display=on");
    host_free(&card);
}

/* vfio-user-pci sets mdev too */
static void test_explain_server(void)
{
    VFIODevice card = host_new();
    VFIOUserProxy *proxy = (VFIOUserProxy *)&card; /* any but NULL will do */

    card.mdev = true;
    card.proxy = proxy;
    assert_explained(&card, SERVER, "Serve a VGA-class device");
    card.mdev = false;
    assert_explained(&card, SERVER, "Serve a VGA-class device");
    host_free(&card);
}

static void test_explain_class(void)
{
    VFIODevice card = host_new();

    config_class = 0x0302;
    assert_explained(&card, NO_VGA("0x0302"), "lspci -nn");
    config_class = 0x0200;
    assert_explained(&card, NO_VGA("0x0200"), "lspci -nn");
    config_class = 0x0003; /* VGA with its bytes swapped is not VGA */
    assert_explained(&card, NO_VGA("0x0003"), "lspci -nn");

    /* A class that could not be read accuses nobody */
    config_ret = -EIO;
    assert_explained(&card, GENERIC, "kernel log");
    config_ret = 1;
    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);
}

static void test_explain_disabled(void)
{
    VFIODevice card = host_new();

    put("module/vfio_pci/parameters/disable_vga", "Y\n");
    assert_explained(&card, DISABLED, "Remove disable_vga=1");
    put("module/vfio_pci/parameters/disable_vga", "");
    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);
}

static void test_explain_not_built(void)
{
    VFIODevice card = host_new();
    g_autofree char *param =
        g_strdup_printf("%s/module/vfio_pci/parameters/disable_vga", sysfs);
    g_autofree char *module = g_strdup_printf("%s/module/vfio_pci", sysfs);

    g_assert_cmpint(unlink(param), ==, 0);
    assert_explained(&card, NOT_BUILT, "CONFIG_VFIO_PCI_VGA=y");

    /* vfio_pci itself not there: says nothing about how it was built */
    remove_tree(module);
    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);
}

static void test_explain_driver(void)
{
    VFIODevice card = host_new();

    put_driver("nvgrace-gpu-vfio-pci");
    assert_explained(&card, VARIANT("nvgrace-gpu-vfio-pci"), "driverctl");
    put_driver("vfio-pci");
    assert_explained(&card, GENERIC, "kernel log");

    g_clear_pointer(&card.sysfsdev, g_free);
    put_driver("nvgrace-gpu-vfio-pci");
    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);
}

/* All causes at once, then the first one taken away, and so on */
static void test_explain_order(void)
{
    VFIODevice card = host_new();
    g_autofree char *param =
        g_strdup_printf("%s/module/vfio_pci/parameters/disable_vga", sysfs);

    card.proxy = (VFIOUserProxy *)&card;
    card.mdev = true;
    config_class = 0x0380;
    put("module/vfio_pci/parameters/disable_vga", "Y\n");
    put_driver("other");
    assert_explained(&card, SERVER, "Serve a VGA-class device");
    card.proxy = NULL;
    assert_explained(&card, MDEV, "display=on");
    card.mdev = false;
    assert_explained(&card, NO_VGA("0x0380"), "lspci -nn");
    config_class = PCI_CLASS_DISPLAY_VGA;
    assert_explained(&card, DISABLED, "Remove disable_vga=1");
    g_assert_cmpint(unlink(param), ==, 0);
    assert_explained(&card, NOT_BUILT, "CONFIG_VFIO_PCI_VGA=y");
    put("module/vfio_pci/parameters/disable_vga", "N\n");
    assert_explained(&card, VARIANT("other"), "driverctl");
    host_free(&card);
}

/*
 * x-vga=on
 */

static void test_enable(void)
{
    VFIOPCIDevice *vdev = assigned_new();

    g_assert_true(vfio_vga_legacy_setup(vdev, &error_abort));
    g_assert_nonnull(vdev->vga);
    object_unref(vdev);

    /* The class given by the user, any programming interface */
    vdev = assigned_new();
    vdev->class_code = 0x030001;
    g_assert_true(vfio_vga_legacy_setup(vdev, &error_abort));
    g_assert_nonnull(vdev->vga);
    object_unref(vdev);
}

static void test_enable_off(void)
{
    VFIOPCIDevice *vdev = assigned_new();

    vdev->features = 0;
    g_assert_true(vfio_vga_legacy_setup(vdev, &error_abort));
    g_assert_null(vdev->vga);
    g_assert_cmpint(info_calls, ==, 0);
    object_unref(vdev);
}

static void test_enable_fails(void)
{
    VFIOPCIDevice *vdev = assigned_new();
    Error *err = NULL;

    info_ret = -EINVAL;
    vdev->vbasedev.mdev = true;
    g_assert_false(vfio_vga_legacy_setup(vdev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "x-vga=on needs a VGA region, "
                    "and the adapter offers none: " MDEV);
    error_free(err);
    g_assert_null(vdev->vga);

    /* A caller that does not care */
    g_assert_false(vfio_vga_legacy_setup(vdev, NULL));
    object_unref(vdev);
}

static void test_enable_contradiction(void)
{
    static const uint32_t classes[] = { 0x030200, 0x038000, 0x000300, 0 };
    int i;

    for (i = 0; i < ARRAY_SIZE(classes); i++) {
        VFIOPCIDevice *vdev = assigned_new();
        g_autofree char *want = NULL;
        Error *err = NULL;

        vdev->class_code = classes[i];
        want = g_strdup_printf("x-vga=on contradicts x-pci-class-code=0x%06x",
                               classes[i]);
        g_assert_false(vfio_vga_legacy_setup(vdev, &err));
        g_assert_cmpstr(error_get_pretty(err), ==, want);
        error_free(err);
        g_assert_null(vdev->vga);
        g_assert_cmpint(regions_made, ==, 0);
        object_unref(vdev);
    }
}

static void test_enable_virtual(void)
{
    VFIODevice card = host_new();
    VFIOPCIDevice *vdev = assigned_new();
    g_autofree char *path = g_strdup_printf("%s/physfn", card.sysfsdev);
    Error *err = NULL;

    vdev->vbasedev.sysfsdev = card.sysfsdev;
    g_assert_true(vfio_vga_legacy_setup(vdev, &error_abort));
    object_unref(vdev);

    vdev = assigned_new();
    vdev->vbasedev.sysfsdev = card.sysfsdev;
    regions_made = 0;
    g_assert_cmpint(symlink("../0000:00:02.0", path), ==, 0);
    g_assert_false(vfio_vga_legacy_setup(vdev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, "x-vga=on needs an adapter that "
                    "answers legacy VGA addresses, and a virtual function "
                    "(this one is of 0000:00:02.0) answers none");
    g_string_truncate(said, 0);
    error_report_err(err);
    g_assert_nonnull(strstr(said->str, "Assign 0000:00:02.0 itself"));
    g_assert_null(vdev->vga);
    g_assert_cmpint(regions_made, ==, 0);
    object_unref(vdev);
    host_free(&card);
}

static const TypeInfo assigned_info = {
    .name = TYPE_VFIO_PCI_DEVICE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(VFIOPCIDevice),
    .instance_finalize = assigned_instance_finalize,
};

int main(int argc, char **argv)
{
    said = g_string_new(NULL);
    module_call_init(MODULE_INIT_QOM);
    type_register_static(&assigned_info);
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/vfio-vga/sizes", test_sizes);
    g_test_add_func("/vfio-vga/posted", test_posted);
    g_test_add_func("/vfio-vga/retry", test_retry);
    g_test_add_func("/vfio-vga/endless", test_endless);
    g_test_add_func("/vfio-vga/failures", test_failures);
    g_test_add_func("/vfio-vga/recovery", test_recovery);
    g_test_add_func("/vfio-vga/one-warning", test_one_warning);
    g_test_add_func("/vfio-vga/put", test_put);
    g_test_add_func("/vfio-vga/put/refused", test_put_refused);
    g_test_add_func("/vfio-vga/peek", test_peek);
    g_test_add_func("/vfio-vga/windows", test_windows);
    g_test_add_func("/vfio-vga/quirk-entry", test_quirk_entry);
    g_test_add_func("/vfio-vga/access-sizes", test_access_sizes);
    g_test_add_func("/vfio-vga/counters", test_counters);
    g_test_add_func("/vfio-vga/no-region", test_no_region);
    g_test_add_func("/vfio-vga/explain/generic", test_explain_generic);
    g_test_add_func("/vfio-vga/explain/mdev", test_explain_mdev);
    g_test_add_func("/vfio-vga/explain/server", test_explain_server);
    g_test_add_func("/vfio-vga/explain/class", test_explain_class);
    g_test_add_func("/vfio-vga/explain/disabled", test_explain_disabled);
    g_test_add_func("/vfio-vga/explain/not-built", test_explain_not_built);
    g_test_add_func("/vfio-vga/explain/driver", test_explain_driver);
    g_test_add_func("/vfio-vga/explain/order", test_explain_order);
    g_test_add_func("/vfio-vga/enable", test_enable);
    g_test_add_func("/vfio-vga/enable/off", test_enable_off);
    g_test_add_func("/vfio-vga/enable/fails", test_enable_fails);
    g_test_add_func("/vfio-vga/enable/contradiction",
                    test_enable_contradiction);
    g_test_add_func("/vfio-vga/enable/virtual", test_enable_virtual);

    return g_test_run();
}
