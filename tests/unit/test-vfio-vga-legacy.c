/*
 * Legacy VGA accesses of an assigned adapter: which calls of VFIODeviceIOOps
 * they become, what guest and log get from an adapter that fails, and what the
 * user is told if there is no VGA region.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The adapter is a VFIODeviceIOOps that records each call and answers as the
 * test says.  The memory core is a stub that keeps its arguments, so that a
 * test plays the guest by calling the MemoryRegionOps.
 */

#include "qemu/osdep.h"

#include "hw/vfio/vga-engine.h"
#include "hw/vfio/vga-explain.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "vga-legacy-card.h"

/* This test has no engine */

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
        { 0x3c7, false }, { 0x3c8, true }, { 0x3c9, true }, { 0x3ca, false },
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

/* Any other error is final at once, and so is a short transfer */
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

/* An adapter that works again is used again: failures leave no state behind */
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
    g_assert_cmpint(count(said->str, "info vga\""), ==, 1);

    /* Once for each device, not once for each process */
    region_read(&region[1], 0x3da, 1);
    g_assert_cmpint(count(said->str, "warning: "), ==, 2);
    g_assert_nonnull(strstr(said->str, "vfio 0000:02:00.0: "));
}

/*
 * Collected writes become one call, or pieces that a guest could have written
 */
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

/* Writes that the host refuses together are repeated one by one */
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
    answer_times = 2; /* the first piece fails as well */
    vfio_vga_region_put(&region, 0xb8001, 8, bytes, false);
    g_assert_cmpint(calls, ==, 1 + 4);
    g_assert_cmpint(region.failures, ==, 1);
    g_assert_true(region.failed);
    g_assert_nonnull(strstr(said->str, "1-byte legacy VGA write at 0xb8001"));
}

/* A failure is not reported, because the guest did not ask for this read */
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

/* The quirks call with a window of their own choice */
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
 * TCG passes on an aligned 8-byte access, or one of a word at an odd port, as a
 * whole.
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
        g_assert_true(ops->valid.unaligned);
        g_assert_cmpint(ops->impl.min_access_size, ==, 1);
        g_assert_cmpint(ops->impl.max_access_size, ==, 4);
        g_assert_false(ops->impl.unaligned);
    }
    object_unref(vdev);
}

/*
 * On a bus, an access that is not aligned is several; what is past the end of
 * the window is not of a VGA
 */
static void test_unaligned(void)
{
    static const struct {
        int window;
        hwaddr addr;
        unsigned size;
        unsigned pieces;
        hwaddr last;            /* where the last one is */
        unsigned last_size;
        unsigned past;          /* bytes past the end */
    } cases[] = {
        { QEMU_PCI_VGA_IO_HI, 0x05, 2, 2, 0x06, 1, 0 },
        { QEMU_PCI_VGA_IO_HI, 0x0e, 4, 2, 0x10, 2, 0 },
        { QEMU_PCI_VGA_IO_HI, 0x01, 4, 3, 0x04, 1, 0 },
        { QEMU_PCI_VGA_IO_HI, 0x07, 4, 3, 0x0a, 1, 0 },
        { QEMU_PCI_VGA_IO_HI, 0x1f, 2, 1, 0x1f, 1, 1 },
        { QEMU_PCI_VGA_IO_HI, 0x1e, 4, 1, 0x1e, 2, 2 },
        { QEMU_PCI_VGA_IO_LO, 0x0b, 4, 1, 0x0b, 1, 3 },
        { QEMU_PCI_VGA_IO_LO, 0x09, 4, 2, 0x0a, 2, 1 },
        { QEMU_PCI_VGA_MEM, 0x18001, 4, 3, 0x18004, 1, 0 },
        { QEMU_PCI_VGA_MEM, 0x1ffff, 2, 1, 0x1ffff, 1, 1 },
    };
    VFIOPCIDevice *vdev = assigned_new();
    int i;

    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        VFIOVGARegion *region = &vdev->vga->region[cases[i].window];
        const MemoryRegionOps *ops = region->mem.ops;
        unsigned reach = 8 * (cases[i].size - cases[i].past);
        unsigned shift = 8 * (cases[i].last - cases[i].addr);
        uint64_t value = extract64(0xd4c3b2a1, 0, 8 * cases[i].size);
        uint64_t want = card_value(region->offset + cases[i].addr,
                                   cases[i].size);

        calls = 0;
        ops->write(region, cases[i].addr, value, cases[i].size);
        g_assert_cmpint(calls, ==, cases[i].pieces);
        assert_write(region->offset + cases[i].last, cases[i].last_size,
                     extract64(value, shift, 8 * cases[i].last_size),
                     cases[i].window == QEMU_PCI_VGA_MEM);

        want = extract64(want | ~MAKE_64BIT_MASK(0, reach), 0,
                         8 * cases[i].size);
        g_assert_cmphex(ops->read(region, cases[i].addr, cases[i].size),
                        ==, want);
        g_assert_cmpint(calls, ==, 2 * cases[i].pieces);
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
    g_test_add_func("/vfio-vga/unaligned", test_unaligned);
    g_test_add_func("/vfio-vga/counters", test_counters);
    legacy_add_explain();

    return g_test_run();
}
