/*
 * Backdoors to an assigned adapter's config space: what the guest can reach
 * through them, and their state after a reset
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only vfio-pci sets up these quirks, for a host's device.  So the test builds
 * pci-quirks.c itself with mocks around it.  Config space is an array, with
 * the assertion of pci_default_write_config().  BARs and VGA ports are
 * registers that keep what is written.  The memory core keeps the
 * MemoryRegionOps, so that a test plays the guest by calling them.
 */

/*
 * A source that is compiled for a target may use CONFIG_VFIO_IGD, which is off
 * here
 */
#define HW_POISON_H
#include "qemu/osdep.h"
#define CONFIG_DEVICES "qemu/osdep.h"
#include "../../hw/vfio/pci-quirks.c"

#include "hw/pci/pci_ids.h"
#include "vfio-types.h"

/* Mocks */

void *object_field_prop_ptr(Object *obj, const Property *prop)
{
    g_assert_not_reached();
}

int pci_add_capability(PCIDevice *pdev, uint8_t cap_id, uint8_t offset,
                       uint8_t size, Error **errp)
{
    g_assert_not_reached();
}

void qemu_set_fd_handler(int fd, IOHandler *fd_read, IOHandler *fd_write,
                         void *opaque)
{
    g_assert_not_reached();
}

void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data,
                               EventNotifier *e)
{
    g_assert_not_reached();
}

void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data,
                               EventNotifier *e)
{
    g_assert_not_reached();
}

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr,
                                        uint64_t *pval, MemOp op,
                                        MemTxAttrs attrs)
{
    g_assert_not_reached();
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr,
                                         uint64_t data, MemOp op,
                                         MemTxAttrs attrs)
{
    g_assert_not_reached();
}

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    mr->ops = ops;
    mr->opaque = opaque;
    mr->name = name;
    mr->size = int128_make64(size);
    mr->enabled = true;
}

const char *memory_region_name(const MemoryRegion *mr)
{
    return mr->name;
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    mr->enabled = enabled;
}

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset,
                                 MemoryRegion *subregion)
{
    subregion->addr = offset;
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset,
                                         MemoryRegion *subregion, int priority)
{
    memory_region_add_subregion(mr, offset, subregion);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *subregion)
{
}

/*
 * The adapter
 */

#define REGISTER 0x5e7e5e7e     /* the value of its registers */

static VFIOPCIDevice vdev;
static VFIOVGA vga;
static uint8_t config[PCIE_CONFIG_SPACE_SIZE];
static unsigned config_reads, config_writes, register_writes;

static void check_config(uint32_t addr, int len)
{
    /* the assertion of pci_default_write_config() */
    g_assert_cmpint(addr + len, <=, pci_config_size(PCI_DEVICE(&vdev)));
    /* which vfio_pci_read_config() assumes */
    g_assert_cmpint(addr + len, <=, vdev.config_size);
}

uint32_t vfio_pci_read_config(PCIDevice *pdev, uint32_t addr, int len)
{
    check_config(addr, len);
    config_reads++;
    return ldn_le_p(config + addr, len);
}

void vfio_pci_write_config(PCIDevice *pdev, uint32_t addr, uint32_t val,
                           int len)
{
    check_config(addr, len);
    config_writes++;
    stn_le_p(config + addr, len, val);
}

uint64_t vfio_region_read(void *opaque, hwaddr addr, unsigned size)
{
    return REGISTER;
}

void vfio_region_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    register_writes++;
}

uint64_t vfio_vga_read(void *opaque, hwaddr addr, unsigned size)
{
    return REGISTER;
}

void vfio_vga_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    register_writes++;
}

/* Config space of the device, and as the guest sees it */
static const struct {
    unsigned device;
    bool express;
} sizes[] = {
    { PCI_CONFIG_SPACE_SIZE, false },
    { PCIE_CONFIG_SPACE_SIZE, true },
    { PCIE_CONFIG_SPACE_SIZE, false },
    { PCI_CONFIG_SPACE_SIZE, true },
};

static unsigned config_end(void)
{
    return MIN(vdev.config_size, pci_config_size(PCI_DEVICE(&vdev)));
}

static void adapter_start(uint16_t vendor, unsigned size)
{
    int i;

    object_initialize(&vdev, sizeof(vdev), TYPE_VFIO_PCI_DEVICE);
    memset(&vga, 0, sizeof(vga));
    for (i = 0; i < sizeof(config); i++) {
        config[i] = i * 37 + (i >> 8) + 5;
    }
    config_reads = config_writes = register_writes = 0;

    vdev.vbasedev.name = (char *)"adapter";
    vdev.vendor_id = vendor;
    vdev.class_code = PCI_CLASS_DISPLAY_VGA << 8;
    vdev.config_size = sizes[size].device;
    PCI_DEVICE(&vdev)->cap_present = sizes[size].express ?
                                     QEMU_PCI_CAP_EXPRESS : 0;
    vdev.vga = &vga;
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        vdev.bars[i].region.size = 256;
        vdev.bars[i].ioport = i >= 4;
    }
    vfio_vga_quirk_setup(&vdev);
    for (i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_bar_quirk_setup(&vdev, i);
    }
}

static void adapter_stop(void)
{
    int i;

    for (i = 0; i < PCI_ROM_SLOT; i++) {
        vfio_bar_quirk_finalize(&vdev, i);
    }
    vfio_vga_quirk_finalize(&vdev);
    object_unref(OBJECT(&vdev));
}

/*
 * The guest
 */

/* A backdoor: an address register, a data register and how to open it */
typedef struct Backdoor {
    const char *address, *data;
    uint16_t vendor;
    uint32_t base;              /* the address of offset 0 */
    bool whole;                 /* reaches more than 256 bytes */
    unsigned max_size;
    unsigned steps;             /* that open it */
} Backdoor;

static const Backdoor backdoors[] = {
    {
        .address = "vfio-ati-bar4-window-address-quirk",
        .data = "vfio-ati-bar4-window-data-quirk",
        .vendor = PCI_VENDOR_ID_ATI, .base = 0x4000, .whole = true,
        .max_size = 4, .steps = 1,
    }, {
        .address = "vfio-nvidia-bar5-window-address-quirk",
        .data = "vfio-nvidia-bar5-window-data-quirk",
        .vendor = PCI_VENDOR_ID_NVIDIA, .base = 0x1800,
        .max_size = 4, .steps = 3,
    }, {
        .address = "vfio-nvidia-bar5-window-address-quirk",
        .data = "vfio-nvidia-bar5-window-data-quirk",
        .vendor = PCI_VENDOR_ID_NVIDIA, .base = 0x88000, .whole = true,
        .max_size = 4, .steps = 3,
    }, {
        .address = "vfio-nvidia-3d0-quirk",
        .data = "vfio-nvidia-3d0-quirk",
        .vendor = PCI_VENDOR_ID_NVIDIA, .base = 0x1800,
        .max_size = 2, .steps = 3,
    },
};

static MemoryRegion *find_in(VFIOQuirk *quirk, const char *name)
{
    int i;

    for (; quirk; quirk = QLIST_NEXT(quirk, next)) {
        for (i = 0; i < quirk->nr_mem; i++) {
            if (!strcmp(quirk->mem[i].name, name)) {
                return &quirk->mem[i];
            }
        }
    }
    return NULL;
}

static MemoryRegion *find(const char *name)
{
    MemoryRegion *mr = NULL;
    int i;

    for (i = 0; !mr && i < PCI_ROM_SLOT; i++) {
        mr = find_in(QLIST_FIRST(&vdev.bars[i].quirks), name);
    }
    for (i = 0; !mr && i < ARRAY_SIZE(vga.region); i++) {
        mr = find_in(QLIST_FIRST(&vga.region[i].quirks), name);
    }
    g_assert_nonnull(mr);
    return mr;
}

static void guest_write(const char *name, uint32_t data, unsigned size)
{
    MemoryRegion *mr = find(name);

    if (mr->enabled) {
        mr->ops->write(mr->opaque, 0, data, size);
    } else {
        register_writes++;      /* the BAR below */
    }
}

static uint32_t guest_read(const char *name, unsigned size)
{
    MemoryRegion *mr = find(name);
    uint64_t data = mr->enabled ? mr->ops->read(mr->opaque, 0, size) : REGISTER;

    return extract64(data, 0, 8 * size);
}

static bool is_3d0(const Backdoor *door)
{
    return !strcmp(door->data, "vfio-nvidia-3d0-quirk");
}

/* Do steps @from (the first is 1) to @to of opening @door at @offset */
static void open_steps(const Backdoor *door, unsigned from, unsigned to,
                       uint32_t offset, bool write)
{
    for (; from <= to; from++) {
        if (is_3d0(door)) {
            switch (from) {
            case 1:
                guest_write("vfio-nvidia-3d4-quirk", 0x338, 2);
                break;
            case 2:
                guest_write(door->address, door->base + offset, 2);
                break;
            case 3:
                guest_write("vfio-nvidia-3d4-quirk", write ? 0x738 : 0x538, 2);
                break;
            }
        } else if (from == door->steps) {
            guest_write(door->address, door->base + offset, 4);
        } else if (from == 1) {
            guest_write("vfio-nvidia-bar5-master-quirk", 1, 4);
        } else {
            guest_write("vfio-nvidia-bar5-enable-quirk", 1, 4);
        }
    }
}

/* This used to end in an assertion, or read past the end of config space */
static void test_window(const void *opaque)
{
    const Backdoor *door = opaque;
    unsigned i, size;
    uint32_t offset;

    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint32_t reach = door->whole ? sizes[i].device :
                                       PCI_CONFIG_SPACE_SIZE;

        for (offset = 0; offset < reach; offset++) {
            for (size = 1; size <= door->max_size; size *= 2) {
                uint32_t ones = MAKE_64BIT_MASK(0, 8 * size);
                uint32_t was;
                bool fits;

                adapter_start(door->vendor, i);
                fits = offset + size <= config_end();
                was = fits ? ldn_le_p(config + offset, size) : ones;

                open_steps(door, 1, door->steps, offset, false);
                g_assert_cmphex(guest_read(door->data, size), ==, was);
                g_assert_cmpint(config_reads, ==, fits);

                register_writes = 0;
                open_steps(door, is_3d0(door) ? 1 : door->steps, door->steps,
                           offset, true);
                register_writes = 0;
                guest_write(door->data, ~was, size);
                g_assert_cmpint(config_writes, ==, fits);
                g_assert_cmpint(register_writes, ==, 0);
                if (fits) {
                    g_assert_cmphex(ldn_le_p(config + offset, size), ==,
                                    ~was & ones);
                }
                adapter_stop();
            }
        }
    }
}

/* A window is open after its last step, and used to stay open after a reset */
static void test_reset(const void *opaque)
{
    const Backdoor *door = opaque;
    unsigned step;

    for (step = 0; step <= door->steps; step++) {
        adapter_start(door->vendor, 1);
        open_steps(door, 1, step, 0x10, false);
        vfio_quirk_reset(&vdev);
        g_assert_cmphex(guest_read(door->data, 2), ==, REGISTER & 0xffff);
        g_assert_cmpint(config_reads, ==, 0);
        adapter_stop();

        /* The remaining steps alone do not open it... */
        if (step) {
            adapter_start(door->vendor, 1);
            open_steps(door, 1, step, 0x10, false);
            vfio_quirk_reset(&vdev);
            open_steps(door, step + 1, door->steps, 0x10, false);
            g_assert_cmphex(guest_read(door->data, 2), ==, REGISTER & 0xffff);
            g_assert_cmpint(config_reads, ==, 0);

            /* ...but all steps do */
            guest_read(door->data, 2);
            open_steps(door, 1, door->steps, 0x10, false);
            g_assert_cmphex(guest_read(door->data, 2), ==,
                            lduw_le_p(config + 0x10));
            adapter_stop();
        }
    }
}

int main(int argc, char **argv)
{
    unsigned i;

    vfio_types_register();
    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(backdoors); i++) {
        const Backdoor *door = &backdoors[i];
        g_autofree char *window = g_strdup_printf("/vfio-quirks/window/%s-%x",
                                                  door->data, door->base);
        g_autofree char *reset = g_strdup_printf("/vfio-quirks/reset/%s-%x",
                                                 door->data, door->base);

        g_test_add_data_func(window, door, test_window);
        g_test_add_data_func(reset, door, test_reset);
    }
    return g_test_run();
}
