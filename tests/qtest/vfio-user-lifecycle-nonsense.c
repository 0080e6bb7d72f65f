/*
 * A vfio-user server that sends nonsense
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "vfio-user-lifecycle-bench.h"

static uint8_t *config_of(Adapter *adapter)
{
    return adapter_data(adapter, VFIO_PCI_CONFIG_REGION_INDEX);
}

static void twist_pgsizes(Adapter *adapter)
{
    adapter_set_capabilities(adapter, "{\"capabilities\":{\"pgsizes\":0}}");
}

static void twist_large_pages(Adapter *adapter)
{
    adapter_set_capabilities(adapter,
                             "{\"capabilities\":{\"pgsizes\":2147483648}}");
}

static void twist_no_transfer(Adapter *adapter)
{
    adapter_set_capabilities(adapter,
                             "{\"capabilities\":{\"max_data_xfer_size\":0}}");
}

/* Capabilities of region 0, the first of them right behind the information */
#define CAPS    sizeof(struct vfio_region_info)

typedef struct Caps {
    struct vfio_region_info_cap_sparse_mmap sparse;
    struct vfio_region_sparse_mmap_area area;
    struct vfio_region_info_cap_type type;
} Caps;

static const Caps caps_right = {
    .sparse.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP,
    .sparse.header.next = CAPS + offsetof(Caps, type),
    .sparse.nr_areas = 1,
    .area.size = BAR_SIZE,
    .type.header.id = VFIO_REGION_INFO_CAP_TYPE,
};

static Caps caps_wrong;

/* This is valid: the server has areas to map, but offers no file for them */
static void twist_caps_right(Adapter *adapter)
{
    adapter_set_region(adapter, 0, VFIO_REGION_INFO_FLAG_READ |
                       VFIO_REGION_INFO_FLAG_WRITE |
                       VFIO_REGION_INFO_FLAG_MMAP, BAR_SIZE);
    adapter_set_region_caps(adapter, 0, &caps_right, sizeof(caps_right), CAPS);
}

static Caps *caps_twisted(Adapter *adapter)
{
    caps_wrong = caps_right;
    twist_caps_right(adapter);
    adapter_set_region_caps(adapter, 0, &caps_wrong, sizeof(caps_wrong), CAPS);
    return &caps_wrong;
}

static void twist_region_caps_loop(Adapter *adapter)
{
    Caps *caps = caps_twisted(adapter);

    caps->sparse.header.id = 0x7777;
    caps->type.header.id = 0x7777;
    caps->type.header.next = CAPS;
}

static void twist_region_caps_outside(Adapter *adapter)
{
    caps_twisted(adapter)->sparse.header.next = 0x40000000;
}

static void twist_region_caps_in_info(Adapter *adapter)
{
    adapter_set_region_caps(adapter, 0, &caps_right, sizeof(caps_right), 8);
}

static void twist_region_caps_cut(Adapter *adapter)
{
    adapter_set_region_caps(adapter, 0, &caps_right,
                            sizeof(caps_right) - 8, CAPS);
}

static void twist_region_caps_unaligned(Adapter *adapter)
{
    adapter_set_region_caps(adapter, 0, &caps_right, sizeof(caps_right),
                            CAPS + 1);
}

static void twist_region_areas_many(Adapter *adapter)
{
    caps_twisted(adapter)->sparse.nr_areas = UINT32_MAX;
}

static void twist_region_area_outside(Adapter *adapter)
{
    caps_twisted(adapter)->area.offset = BAR_SIZE;
}

static void twist_region_area_unaligned(Adapter *adapter)
{
    caps_twisted(adapter)->area.size = 100;
}

static void twist_argsz_wraps(Adapter *adapter)
{
    adapter_set_region_argsz(adapter, UINT32_MAX);
}

static void twist_argsz_huge(Adapter *adapter)
{
    adapter_set_region_argsz(adapter, UINT32_MAX - 64);
}

static void config_resize(Adapter *adapter, uint64_t size)
{
    g_autofree uint8_t *old = g_memdup2(config_of(adapter), PCI_CFG_SPACE_SIZE);

    adapter_set_region(adapter, VFIO_PCI_CONFIG_REGION_INDEX,
                       VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
                       size);
    if (size) {
        memcpy(config_of(adapter), old, MIN(size, PCI_CFG_SPACE_SIZE));
    }
}

static void twist_config_empty(Adapter *adapter)
{
    config_resize(adapter, 0);
}

static void twist_config_small(Adapter *adapter)
{
    config_resize(adapter, 32);
}

static void twist_config_large(Adapter *adapter)
{
    config_resize(adapter, 2 * PCI_CFG_SPACE_EXP_SIZE);
}

/* This is valid: the kernel's sample mdevs are like that */
static void twist_config_255(Adapter *adapter)
{
    config_resize(adapter, 255);
}

static void twist_bar_size(Adapter *adapter)
{
    adapter_set_region(adapter, 1, VFIO_REGION_INFO_FLAG_READ, 3000);
}

static void twist_bar_tiny(Adapter *adapter)
{
    adapter_set_region(adapter, 1, VFIO_REGION_INFO_FLAG_READ, 2);
}

static void twist_bar_5_64bit(Adapter *adapter)
{
    adapter_set_bar(adapter, 5, BAR_SIZE, false);
    config_of(adapter)[PCI_BASE_ADDRESS_5] = PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static void twist_bridge(Adapter *adapter)
{
    adapter_set_bar(adapter, 3, BAR_SIZE, false);
    config_of(adapter)[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
}

static void twist_rom_size(Adapter *adapter)
{
    /* 5 * 2048 */
    adapter_set_rom(adapter, 0x2800);
}

static void twist_rom_huge(Adapter *adapter)
{
    adapter_set_rom(adapter, 0x10000);
    adapter_set_region_size(adapter, VFIO_PCI_ROM_REGION_INDEX,
                            (1ULL << 60) + 4096);
}

static void twist_caps_loop(Adapter *adapter)
{
    config_of(adapter)[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config_of(adapter)[PCI_CAPABILITY_LIST] = 0x80;
    config_of(adapter)[0x80] = PCI_CAP_ID_VNDR;
    config_of(adapter)[0x81] = 0x90;
    config_of(adapter)[0x90] = PCI_CAP_ID_VNDR;
    config_of(adapter)[0x91] = 0x80;
}

static void twist_caps_in_header(Adapter *adapter)
{
    config_of(adapter)[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    config_of(adapter)[PCI_CAPABILITY_LIST] = PCI_BASE_ADDRESS_0;
}

static void twist_msix_no_such_bar(Adapter *adapter)
{
    adapter_set_msix(adapter, 0, 4);
    config_of(adapter)[0x40 + PCI_MSIX_TABLE] |= 7;
}

static void twist_msix_pba_no_such_bar(Adapter *adapter)
{
    adapter_set_msix(adapter, 0, 4);
    config_of(adapter)[0x40 + PCI_MSIX_PBA] |= 7;
}

static void twist_msix_empty_bar(Adapter *adapter)
{
    adapter_set_msix(adapter, 0, 4);
    config_of(adapter)[0x40 + PCI_MSIX_TABLE] |= 5;
}

static void twist_msix_past_the_end(Adapter *adapter)
{
    adapter_set_msix(adapter, 0, 4);
    stl_le_p(config_of(adapter) + 0x40 + PCI_MSIX_TABLE, 0x7ffffff8);
}

static void twist_msix_many(Adapter *adapter)
{
    adapter_set_msix(adapter, 0, 2048);
}

static const struct {
    const char *name;
    void (*twist)(Adapter *adapter);
    const char *why;        /* NULL: it may be refused or not */
} nonsense[] = {
    { "no-page-size", twist_pgsizes, " 0x0 too small" },
    { "large-pages", twist_large_pages, "pgsize 0x80000000 too large" },
    { "no-transfer", twist_no_transfer, "max_data_xfer_size must be " },
    { "region-caps-right", twist_caps_right },
    { "region-caps-loop", twist_region_caps_loop, "region 0 info" },
    { "region-caps-outside", twist_region_caps_outside, "region 0 info" },
    { "region-caps-in-info", twist_region_caps_in_info, "region 0 info" },
    { "region-caps-cut", twist_region_caps_cut, "region 0 info" },
    { "region-caps-unaligned", twist_region_caps_unaligned, "region 0 info" },
    { "region-areas-many", twist_region_areas_many, "region 0 info" },
    { "region-area-outside", twist_region_area_outside, "region 0 info" },
    { "region-area-unaligned", twist_region_area_unaligned, "region 0 info" },
    { "region-argsz-wraps", twist_argsz_wraps, "region 0 info" },
    { "region-argsz-huge", twist_argsz_huge, "region 0 info" },
    { "config-empty", twist_config_empty, "config space" },
    { "config-small", twist_config_small, "config space" },
    { "config-large", twist_config_large, "config space" },
    { "config-255", twist_config_255 },
    { "bar-size", twist_bar_size, "region 1" },
    { "bar-tiny", twist_bar_tiny },
    { "bar-5-64bit", twist_bar_5_64bit },
    { "bridge", twist_bridge, "header type" },
    { "rom-size", twist_rom_size },
    { "rom-huge", twist_rom_huge },
    { "capability-loop", twist_caps_loop, "capabilities" },
    { "capability-in-header", twist_caps_in_header, "capabilities" },
    { "msix-no-such-bar", twist_msix_no_such_bar, "MSI" },
    { "msix-pba-no-such-bar", twist_msix_pba_no_such_bar, "MSI" },
    { "msix-empty-bar", twist_msix_empty_bar, "MSI" },
    { "msix-past-the-end", twist_msix_past_the_end, "" },
    { "msix-many", twist_msix_many, "" },
};

static void test_nonsense(const void *opaque)
{
    unsigned i = GPOINTER_TO_UINT(opaque);
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;

    nonsense[i].twist(adapter);
    adapter_start(adapter);
    start(&machine, adapter);
    desc = try_plug(&machine, ADAPTER_VENDOR, 5000);
    g_test_message("%s", desc);
    if (!desc) {
        QPCIDevice *dev = find();

        qpci_config_readl(dev, 0xfc);
        rom_enable(dev);
        qtest_readl(machine.qts, ROM_ADDRESS);
        g_free(dev);
        machine_unplug(&machine);
    }
    adapter_wait_closed(adapter, 1);
    machine_check_alive(&machine);
    if (nonsense[i].why) {
        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, nonsense[i].why));
    }
    stop(&machine);
}

void lifecycle_add_nonsense(void)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
        machine_add("vfio-user/nonsense", nonsense[i].name, GUINT_TO_POINTER(i),
                    test_nonsense);
    }
}
