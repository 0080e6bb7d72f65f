/*
 * The life of a vfio-user-pci device: plugged, refused, unplugged, reset, and
 * left by its server, each time more than once
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server is vfio-user-adapter.c, the machine is vfio-user-machine.c.  A
 * test named after something that used to go wrong says so in its comment.
 */

#include "qemu/osdep.h"

#include "hw/pci/pci_regs.h"
#include "hw/vfio-user/protocol.h"
#include "libqos/pci-pc.h"
#include "qemu/bswap.h"
#include "qobject/qjson.h"
#include "vfio-user-machine.h"

#define BAR_SIZE    4096
#define PROBE       0x400       /* an offset that is plain memory */
#define ROM_ADDRESS 0xf0000000
#define ANY         ADAPTER_REGIONS

static QPCIBus *pci;        /* of the machine that runs */

static void start(Machine *machine, Adapter *adapter)
{
    machine_start(machine, adapter, "pc", "");
    pci = qpci_new_pc(machine->qts, NULL);
}

static void stop(Machine *machine)
{
    qpci_free_pc(pci);
    machine_stop(machine);
}

/* Have QEMU's I/O thread send all requests, not the one who makes them */
static bool queued;

/* "x-pci-vendor-id" @vendor, and a patience of @msec for each reply */
static QDict *properties(unsigned vendor, unsigned msec)
{
    return qdict_from_jsonf_nofail(
        "{'x-pci-vendor-id': %u, 'x-msg-timeout': %u, 'x-send-queued': %i}",
        vendor, msec, queued);
}

static char *try_plug(Machine *machine, unsigned vendor, unsigned msec)
{
    return machine_try_plug(machine, properties(vendor, msec));
}

static void plug(Machine *machine)
{
    machine_plug(machine, properties(ADAPTER_VENDOR, 5000));
}

static QPCIDevice *find(void)
{
    QPCIDevice *dev = qpci_device_find(pci, QPCI_DEVFN(MACHINE_SLOT, 0));

    g_assert_nonnull(dev);
    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==, ADAPTER_VENDOR);
    qpci_device_enable(dev);
    return dev;
}

/* A BAR that is where it should be and answers, beside its MSI-X tables */
static void check_bar(QPCIDevice *dev, QPCIBar bar, Adapter *adapter)
{
    AdapterAccess access;

    /* what came before, posted writes too, is no matter */
    qpci_io_readl(dev, bar, PROBE);
    while (adapter_next(adapter, &access)) {
        /* drop it */
    }
    qpci_io_writel(dev, bar, PROBE, 0x12345678);
    g_assert_cmphex(qpci_io_readl(dev, bar, PROBE), ==, 0x12345678);

    g_assert_true(adapter_next(adapter, &access));
    g_assert_true(access.write && access.posted);
    g_assert_cmpint(access.region, ==, 0);
    g_assert_cmpint(access.offset, ==, PROBE);
    g_assert_cmpint(access.count, ==, 4);
    g_assert_cmphex(ldl_le_p(access.data), ==, 0x12345678);
    g_assert_true(adapter_next(adapter, &access));
    g_assert_false(access.write);
    g_assert_cmpint(access.offset, ==, PROBE);
    g_assert_false(adapter_next(adapter, &access));
}

static Adapter *adapter_with_bar(void)
{
    Adapter *adapter = adapter_new();

    adapter_set_bar(adapter, 0, BAR_SIZE, false);
    return adapter;
}

/*
 * What used to go wrong
 */

/* Used to free the device twice: SIGSEGV */
static void test_realize_fails_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_set_intx(adapter);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < 2; i++) {
        g_autofree char *desc = try_plug(&machine, 0xffff, 5000);

        g_assert_nonnull(desc);
        g_assert_nonnull(strstr(desc, "invalid PCI vendor ID"));
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }

    plug(&machine);
    dev = find();
    check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
    g_free(dev);
    stop(&machine);
}

/*
 * Used to take the MSI-X pending bits out of a BAR that was no longer what it
 * had been: "Assertion `subregion->container == mr' failed"
 */
static void test_unplug_msix_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < 2; i++) {
        QPCIDevice *dev;

        plug(&machine);
        dev = find();
        qpci_iomap(dev, 0, NULL);
        qpci_msix_enable(dev);
        qpci_msix_disable(dev);
        g_free(dev);
        machine_unplug(&machine);
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }
    stop(&machine);
}

/*
 * Used to leave a container behind whose server was gone, and which QEMU told
 * of the next change of the guest's memory map: use after free
 */
static void test_memory_map_after_no_info(void)
{
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;

    adapter_start(adapter);
    start(&machine, adapter);
    adapter_fault(adapter, ADAPTER_FAULT_ERROR, VFIO_USER_DEVICE_GET_INFO, ANY);
    desc = try_plug(&machine, ADAPTER_VENDOR, 5000);
    g_assert_nonnull(desc);
    adapter_wait_closed(adapter, 1);

    /* The guest opens PAM segments: RAM comes and goes */
    qpci_config_writeb(&(QPCIDevice) { .bus = pci }, 0x59, 0x33);
    qpci_config_writeb(&(QPCIDevice) { .bus = pci }, 0x59, 0x00);
    machine_check_alive(&machine);

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    machine_unplug(&machine);
    stop(&machine);
}

static void rom_enable(QPCIDevice *dev)
{
    qpci_config_writel(dev, PCI_ROM_ADDRESS,
                       ROM_ADDRESS | PCI_ROM_ADDRESS_ENABLE);
}

/* Used to give the guest what lay on QEMU's stack */
static void test_rom_unreadable(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    adapter_set_rom(adapter, 64 * 1024);
    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    dev = find();
    rom_enable(dev);

    adapter_fault(adapter, ADAPTER_FAULT_ERROR,
                  VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readb(machine.qts, ROM_ADDRESS + i), ==, 0xff);
        g_assert_cmphex(qtest_readw(machine.qts, ROM_ADDRESS + 2 * i), ==,
                        0xffff);
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(machine_said(&machine, "vfio"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* Used to be the same for a ROM that the server says is empty */
static void test_rom_empty(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    /* Config space has a ROM BAR, and the region has no bytes */
    adapter_set_rom(adapter, 64 * 1024);
    adapter_set_region(adapter, VFIO_PCI_ROM_REGION_INDEX, 0, 0);
    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    dev = find();
    rom_enable(dev);

    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(machine_said(&machine, "Cannot read device rom"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* One error, after so many reads */
static void check_rom_fault(AdapterFault fault, unsigned reads)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i, before;

    adapter_set_rom(adapter, 64 * 1024);
    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    dev = find();
    rom_enable(dev);

    before = adapter_requests(adapter, VFIO_USER_REGION_READ);
    adapter_fault(adapter, fault, VFIO_USER_REGION_READ,
                  VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + 4 * i), ==,
                        0xffffffff);
    }
    g_assert_cmpint(adapter_requests(adapter, VFIO_USER_REGION_READ), ==,
                    before + reads);
    g_assert_cmpint(machine_said(&machine, "Error reading device ROM"), ==, 1);

    g_free(dev);
    stop(&machine);
}

/* Used to add what was no error to its offset in the ROM */
static void test_rom_error_code(void)
{
    check_rom_fault(ADAPTER_FAULT_CODE, 1);
}

/* Used to go on for ever */
static void test_rom_again(void)
{
    check_rom_fault(ADAPTER_FAULT_AGAIN, 11);
}

static void check_rom(uint32_t size, const char *capabilities)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    uint8_t *rom;
    uint32_t i;

    adapter_set_rom(adapter, size);
    if (capabilities) {
        adapter_set_capabilities(adapter, capabilities);
    }
    rom = adapter_data(adapter, VFIO_PCI_ROM_REGION_INDEX);
    for (i = 0; i < size; i++) {
        rom[i] = 1 + i % 251;
    }
    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    dev = find();
    rom_enable(dev);

    for (i = 0; i < size; i += size / 64) {
        g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + i), ==,
                        (uint32_t)ldl_le_p(rom + i));
    }
    g_assert_cmphex(qtest_readl(machine.qts, ROM_ADDRESS + size - 4), ==,
                    ldl_le_p(rom + size - 4));

    g_free(dev);
    stop(&machine);
}

/* Used to be refused by QEMU itself: more than a message carries */
static void test_rom_in_pieces(void)
{
    check_rom(2 * 1024 * 1024, NULL);
}

/* Not even config space is read at once */
static void test_rom_small_transfers(void)
{
    check_rom(4096,
              "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":64}}");
}

/*
 * QEMU writes its own device ID into a ROM made for another card of the
 * vendor, and makes the checksum right again.  It used to do so for the sum
 * of the whole region, where firmware takes the sum of the image.
 */
static uint8_t rom_image[2048];

static void rom_make(unsigned image_size)
{
    uint8_t *pcir = rom_image + 0x40;
    uint32_t noise = 1;
    unsigned i;

    for (i = 0; i < sizeof(rom_image); i++) {
        noise = noise * 1664525 + 1013904223;
        rom_image[i] = noise >> 24;
    }
    stw_le_p(rom_image, 0xaa55);
    rom_image[2] = image_size / 512;
    stw_le_p(rom_image + 0x18, 0x40);
    memcpy(pcir, "PCIR", 4);
    stw_le_p(pcir + 4, ADAPTER_VENDOR);
    stw_le_p(pcir + 6, ADAPTER_DEVICE ^ 0x00ff);
}

static uint8_t rom_sum(Machine *machine, unsigned size)
{
    uint8_t sum = 0;
    unsigned i;

    for (i = 0; i < size; i++) {
        sum += qtest_readb(machine->qts, ROM_ADDRESS + i);
    }
    return sum;
}

static void test_rom_checksum_of_image(void)
{
    /* the size the image gives itself, and how much of it there is */
    static const unsigned sizes[][2] = {
        { 512, 512 },
        { 1024, 1024 },
        { 2048, 2048 },
        { 0, 2048 },        /* no size: all there is, as before */
        { 127 * 512, 2048 }, /* more than there is */
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        Adapter *adapter = adapter_with_bar();
        Machine machine;
        QPCIDevice *dev;

        rom_make(sizes[i][0]);
        adapter_set_rom(adapter, sizeof(rom_image));
        memcpy(adapter_data(adapter, VFIO_PCI_ROM_REGION_INDEX), rom_image,
               sizeof(rom_image));
        adapter_start(adapter);
        start(&machine, adapter);
        plug(&machine);
        dev = find();
        rom_enable(dev);

        g_assert_cmphex(qtest_readw(machine.qts, ROM_ADDRESS + 0x46), ==,
                        ADAPTER_DEVICE);
        g_assert_cmphex(rom_sum(&machine, sizes[i][1]), ==, 0);

        g_free(dev);
        stop(&machine);
        }
}

/*
 * A server that behaves badly while the device is realized
 */

static void test_realize_fault(AdapterFault fault, unsigned msec)
{
    static const struct {
        unsigned command, region;
        const char *why;
    } when[] = {
        { VFIO_USER_VERSION, ANY, "version reply: Input/output error" },
        { VFIO_USER_DEVICE_GET_INFO, ANY, "failed: Input/output error" },
        { VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_BAR0_REGION_INDEX,
          "failed to get region 0 info: Input/output error" },
        { VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_CONFIG_REGION_INDEX,
          "failed to get config info: Input/output error" },
        { VFIO_USER_REGION_READ, VFIO_PCI_CONFIG_REGION_INDEX,
          "failed to read device config space: Input/output error" },
        { VFIO_USER_DEVICE_SET_IRQS, ANY, "interrupt INTX-0" },
    };
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    unsigned i;

    adapter_set_msix(adapter, 0, 4);
    adapter_set_intx(adapter);
    adapter_start(adapter);
    start(&machine, adapter);
    for (i = 0; i < ARRAY_SIZE(when); i++) {
        g_autofree char *desc = NULL;

        adapter_fault(adapter, fault, when[i].command, when[i].region);
        desc = try_plug(&machine, ADAPTER_VENDOR, msec);
        g_test_message("command %u region %u: %s", when[i].command,
                       when[i].region, desc);
        g_assert_nonnull(desc);
        if (fault == ADAPTER_FAULT_ERROR) {
            g_assert_nonnull(strstr(desc, when[i].why));
        }
        adapter_wait_closed(adapter, i + 1);
        machine_check_alive(&machine);
    }

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    dev = find();
    check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
    g_free(dev);
    machine_unplug(&machine);
    stop(&machine);
}

static void test_realize_error(void)
{
    test_realize_fault(ADAPTER_FAULT_ERROR, 5000);
}

/* A reply to the first request that has no body is no version */
static void test_version_header_only(void)
{
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;

    adapter_start(adapter);
    start(&machine, adapter);
    adapter_fault(adapter, ADAPTER_FAULT_HEADER, VFIO_USER_VERSION, ANY);
    desc = try_plug(&machine, ADAPTER_VENDOR, 5000);
    g_assert_nonnull(desc);
    g_assert_nonnull(strstr(desc, "corrupt version reply"));
    adapter_wait_closed(adapter, 1);
    stop(&machine);
}

static void test_realize_closed(void)
{
    test_realize_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
}

static void test_realize_silent(void)
{
    test_realize_fault(ADAPTER_FAULT_SILENT, 100);
}

/*
 * A server that talks nonsense.  Each used to end QEMU, or to have it write
 * past the end of a buffer.
 */

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

/* Capabilities of region 0, the first of them right behind its information */
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

/* No nonsense; the server that has areas to map offers no file for them */
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

/* No nonsense: the kernel's sample mdevs are like that */
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
    const char *why;        /* NULL: no matter whether it is refused */
} nonsense[] = {
    { "no-page-size", twist_pgsizes, "pgsize 0x0 too small" },
    { "large-pages", twist_large_pages, "pgsize 0x80000000 too large" },
    { "no-transfer", twist_no_transfer, "malformed max_data_xfer_size" },
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

/*
 * A server that behaves badly while the guest runs
 */

static void test_running_fault(AdapterFault fault, unsigned msec)
{
    bool gone = fault == ADAPTER_FAULT_CLOSE || fault == ADAPTER_FAULT_SILENT;
    Adapter *adapter = adapter_with_bar();
    g_autofree char *desc = NULL;
    Machine machine;
    QPCIDevice *dev;
    QPCIBar bar;
    unsigned i;

    adapter_start(adapter);
    start(&machine, adapter);
    desc = try_plug(&machine, ADAPTER_VENDOR, msec);
    g_assert_cmpstr(desc, ==, NULL);
    dev = find();
    bar = qpci_iomap(dev, 0, NULL);
    check_bar(dev, bar, adapter);

    adapter_fault(adapter, fault, VFIO_USER_REGION_READ, 0);
    for (i = 0; i < 8; i++) {
        g_assert_cmphex(qpci_io_readl(dev, bar, 8), ==, 0xffffffff);
        g_assert_cmphex(qpci_io_readw(dev, bar, 8), ==, 0xffff);
        g_assert_cmphex(qpci_io_readb(dev, bar, 9), ==, 0xff);
        qpci_io_writel(dev, bar, 8, i);
    }
    machine_check_alive(&machine);
    g_assert_cmpint(machine_said(&machine, "_region_"), ==, 1);

    if (!gone) {
        adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
        check_bar(dev, bar, adapter);
    }

    /* A reset, and to be unplugged and plugged again, is possible after it */
    qtest_system_reset(machine.qts);
    machine_check_alive(&machine);
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    g_free(dev);

    adapter_fault(adapter, ADAPTER_FAULT_NONE, 0, ANY);
    plug(&machine);
    dev = find();
    check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
    g_free(dev);
    stop(&machine);
}

static void test_running_error(void)
{
    test_running_fault(ADAPTER_FAULT_ERROR, 5000);
}

static void test_running_short(void)
{
    test_running_fault(ADAPTER_FAULT_SHORT, 5000);
}

static void test_running_closed(void)
{
    test_running_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
}

static void test_running_closed_queued(void)
{
    queued = true;
    test_running_fault(ADAPTER_FAULT_CLOSE, MACHINE_LONG_TIME);
    queued = false;
}

static void test_running_silent(void)
{
    test_running_fault(ADAPTER_FAULT_SILENT, 50);
}

static unsigned open_files(Machine *machine)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd",
                                            qtest_pid(machine->qts));
    GDir *dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir)) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

/* Used to keep the descriptors that came with a server's requests for ever */
static void test_request_with_fds(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    QPCIDevice *dev;
    QPCIBar bar;
    unsigned i, before;

    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    dev = find();
    bar = qpci_iomap(dev, 0, NULL);
    machine_check_alive(&machine);
    before = open_files(&machine);
    for (i = 1; i <= 8; i++) {
        adapter_ask(adapter, i & 1 ? VFIO_USER_DMA_READ : VFIO_USER_DMA_WRITE,
                    8);
        qpci_io_readl(dev, bar, PROBE);
        adapter_wait_replies(adapter, i);
    }
    /* The last are closed after the reply, before QEMU looks at its monitor. */
    machine_check_alive(&machine);
    g_assert_cmpint(open_files(&machine), ==, before);
    check_bar(dev, bar, adapter);
    g_free(dev);
    stop(&machine);
}

/* Each reset of the machine resets the device once */
static void test_reset_twice(void)
{
    Adapter *adapter = adapter_with_bar();
    Machine machine;
    unsigned i;

    adapter_start(adapter);
    start(&machine, adapter);
    plug(&machine);
    for (i = 0; i < 2; i++) {
        unsigned before = adapter_requests(adapter, VFIO_USER_DEVICE_RESET);
        QPCIDevice *dev = find();

        check_bar(dev, qpci_iomap(dev, 0, NULL), adapter);
        qtest_system_reset(machine.qts);
        g_assert_cmpint(adapter_requests(adapter, VFIO_USER_DEVICE_RESET), ==,
                        before + 1);
        g_assert_cmphex(qpci_config_readw(dev, PCI_COMMAND), ==, 0);
        g_free(dev);
    }
    machine_unplug(&machine);
    adapter_wait_closed(adapter, 1);
    stop(&machine);
}

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    if (!qtest_has_device("vfio-user-pci")) {
        g_test_skip("no vfio-user-pci");
        return 0;
    }

    qtest_add_func("vfio-user/realize-fails-twice", test_realize_fails_twice);
    qtest_add_func("vfio-user/unplug-msix-twice", test_unplug_msix_twice);
    qtest_add_func("vfio-user/memory-map-after-no-info",
                   test_memory_map_after_no_info);
    qtest_add_func("vfio-user/rom-unreadable", test_rom_unreadable);
    qtest_add_func("vfio-user/rom-empty", test_rom_empty);
    qtest_add_func("vfio-user/rom-error-code", test_rom_error_code);
    qtest_add_func("vfio-user/rom-again", test_rom_again);
    qtest_add_func("vfio-user/rom-in-pieces", test_rom_in_pieces);
    qtest_add_func("vfio-user/rom-small-transfers", test_rom_small_transfers);
    qtest_add_func("vfio-user/rom-checksum-of-image",
                   test_rom_checksum_of_image);
    qtest_add_func("vfio-user/realize-error", test_realize_error);
    qtest_add_func("vfio-user/version-header-only", test_version_header_only);
    qtest_add_func("vfio-user/realize-closed", test_realize_closed);
    qtest_add_func("vfio-user/realize-silent", test_realize_silent);
    for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
        g_autofree char *name = g_strdup_printf("vfio-user/nonsense/%s",
                                                nonsense[i].name);

        qtest_add_data_func(name, GUINT_TO_POINTER(i), test_nonsense);
    }
    qtest_add_func("vfio-user/running-error", test_running_error);
    qtest_add_func("vfio-user/running-short", test_running_short);
    qtest_add_func("vfio-user/running-closed", test_running_closed);
    qtest_add_func("vfio-user/running-closed-queued",
                   test_running_closed_queued);
    qtest_add_func("vfio-user/running-silent", test_running_silent);
    qtest_add_func("vfio-user/request-with-fds", test_request_with_fds);
    qtest_add_func("vfio-user/reset-twice", test_reset_twice);
    return g_test_run();
}
