/*
 * Assigned IGD: the messages when legacy mode is not possible
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only vfio-pci sets up these quirks, and only for a host's Intel display.  So
 * the test builds igd.c itself with mocks around it: the test provides region
 * infos and config space, it writes the device's file, and the machine is a
 * pc_piix by name only.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "vfio-types.h"

/* Errors that igd.c reports itself instead of passing them to the caller */
static GString *reports;

static void test_report(Error *err)
{
    g_assert_nonnull(err);
    g_string_append(reports, error_get_pretty(err));
    error_free(err);
}

#define error_report_err test_report
#include "../../hw/vfio/igd.c"

#define OPREGION_SIZE   (8 * KiB)
#define GMCH_SNB        0x00000008      /* 32 MiB stolen, VGA enabled */

static VFIOPCIDevice vdev;
static PCIDevice host_bridge, isa_bridge, *bridge;
static Object *machine;

/* The faults of a case */
static bool no_rom, no_vga, no_lpc;

/* Mocks */

Object *qdev_get_machine(void)
{
    return machine;
}

PCIBus *pci_device_root_bus(const PCIDevice *d)
{
    return NULL;
}

PCIDevice *pci_find_device(PCIBus *bus, int bus_num, uint8_t devfn)
{
    switch (devfn) {
    case PCI_DEVFN(0, 0):
        return &host_bridge;
    case PCI_DEVFN(2, 0):
        return PCI_DEVICE(&vdev);
    case PCI_DEVFN(0x1f, 0):
        return bridge;
    default:
        g_assert_not_reached();
    }
}

PCIDevice *pci_create_simple(PCIBus *bus, int devfn, const char *name)
{
    g_assert_cmpstr(name, ==, "vfio-pci-igd-lpc-bridge");
    return &isa_bridge;
}

/* The caller reads a region info, but does not free it */
static struct vfio_region_info *region(uint64_t offset, uint64_t size)
{
    static struct vfio_region_info infos[4];
    static unsigned next;
    struct vfio_region_info *info = &infos[next++ % ARRAY_SIZE(infos)];

    info->offset = offset;
    info->size = size;
    return info;
}

/* The file has OpRegion, host bridge and LPC bridge in this order */
int vfio_device_get_region_info_type(VFIODevice *vbasedev, uint32_t type,
                                     uint32_t subtype,
                                     struct vfio_region_info **info)
{
    switch (subtype) {
    case VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION:
        *info = region(0, OPREGION_SIZE);
        return 0;
    case VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG:
        *info = region(OPREGION_SIZE, PCI_CONFIG_SPACE_SIZE);
        return 0;
    case VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG:
        *info = region(OPREGION_SIZE + PCI_CONFIG_SPACE_SIZE,
                       PCI_CONFIG_SPACE_SIZE);
        return no_lpc ? -ENODEV : 0;
    default:
        g_assert_not_reached();
    }
}

int vfio_device_get_region_info(VFIODevice *vbasedev, int index,
                                struct vfio_region_info **info)
{
    *info = region(0, no_rom ? 0 : 64 * KiB);
    return 0;
}

bool vfio_populate_vga(VFIOPCIDevice *pci, Error **errp)
{
    static VFIOVGA vga;

    if (no_vga) {
        error_setg(errp, "the host offers none");
        return false;
    }
    pci->vga = &vga;
    return true;
}

void vfio_pci_config_register_vga(VFIOPCIDevice *pci)
{
    g_assert_nonnull(pci->vga);
}

uint32_t vfio_pci_read_config(PCIDevice *pdev, uint32_t addr, int len)
{
    g_assert_cmphex(addr, ==, IGD_GMCH);
    return GMCH_SNB;
}

FWCfgState *fw_cfg_find(void)
{
    return NULL;
}

void fw_cfg_add_file(FWCfgState *s, const char *filename, void *data,
                     size_t len)
{
    g_free(data);
}

VFIOQuirk *vfio_quirk_alloc(int nr_mem)
{
    g_assert_not_reached();
}

const MemoryRegionOps vfio_generic_mirror_quirk;

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    g_assert_not_reached();
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset,
                                         MemoryRegion *subregion, int priority)
{
    g_assert_not_reached();
}

/* Cases */

/* The device's file is large enough for OpRegion and bridges, or too small */
static void start(OnOffAuto legacy_mode, uint64_t file_size)
{
    FILE *file = tmpfile();

    g_assert_nonnull(file);
    object_initialize(&vdev, sizeof(vdev), TYPE_VFIO_PCI_DEVICE);
    vdev.vbasedev.name = (char *)"adapter";
    vdev.vbasedev.fd = dup(fileno(file));
    g_assert_cmpint(ftruncate(vdev.vbasedev.fd, file_size), ==, 0);
    fclose(file);
    vdev.vendor_id = PCI_VENDOR_ID_INTEL;
    vdev.device_id = 0x0102;            /* generation 6 */
    vdev.class_code = PCI_CLASS_DISPLAY_VGA << 8;
    vdev.igd_legacy_mode = legacy_mode;
    vdev.emulated_config_bits = g_malloc0(PCI_CONFIG_SPACE_SIZE);
    PCI_DEVICE(&vdev)->config = g_malloc0(PCI_CONFIG_SPACE_SIZE);
    PCI_DEVICE(&vdev)->wmask = g_malloc0(PCI_CONFIG_SPACE_SIZE);
    host_bridge.config = g_malloc0(PCI_CONFIG_SPACE_SIZE);
    isa_bridge.config = g_malloc0(PCI_CONFIG_SPACE_SIZE);
    no_rom = no_vga = no_lpc = false;
    bridge = NULL;
    g_string_truncate(reports, 0);
}

static void stop(void)
{
    g_free(isa_bridge.config);
    g_free(host_bridge.config);
    g_free(PCI_DEVICE(&vdev)->wmask);
    g_free(PCI_DEVICE(&vdev)->config);
    g_free(vdev.emulated_config_bits);
    close(vdev.vbasedev.fd);
    object_unref(OBJECT(&vdev));
}

/* Obstacles, and their messages */
typedef struct Obstacle {
    const char *name, *said;
    bool no_rom, no_vga, no_lpc, other_bridge;
    uint64_t file_size;
} Obstacle;

#define WHOLE_FILE (OPREGION_SIZE + 2 * PCI_CONFIG_SPACE_SIZE)

static const Obstacle obstacles[] = {
    {
        .name = "rom", .said = "Device has no ROM",
        .no_rom = true, .file_size = WHOLE_FILE,
    }, {
        .name = "vga",
        .said = "Unable to enable VGA access: the host offers none",
        .no_vga = true, .file_size = WHOLE_FILE,
    }, {
        .name = "opregion", .said = "failed to read IGD OpRegion",
        .file_size = OPREGION_SIZE - 1,
    }, {
        .name = "lpc-kernel",
        .said = "IGD LPC bridge access is not supported by kernel",
        .no_lpc = true, .file_size = WHOLE_FILE,
    }, {
        .name = "lpc-taken",
        .said = "Cannot create LPC bridge due to existing device at 1f.0",
        .other_bridge = true, .file_size = WHOLE_FILE,
    },
};

static void start_with(const Obstacle *obstacle, OnOffAuto legacy_mode)
{
    start(legacy_mode, obstacle->file_size);
    no_rom = obstacle->no_rom;
    no_vga = obstacle->no_vga;
    no_lpc = obstacle->no_lpc;
    bridge = obstacle->other_bridge ? &host_bridge : NULL;
}

/*
 * If the mode was asked for, the caller gets the error once, and nothing is
 * reported
 */
static void test_on(const void *opaque)
{
    const Obstacle *obstacle = opaque;
    Error *err = NULL;

    start_with(obstacle, ON_OFF_AUTO_ON);
    g_assert_false(vfio_pci_igd_config_quirk(&vdev, &err));
    g_assert_cmpstr(error_get_pretty(err), ==, obstacle->said);
    g_assert_cmpstr(reports->str, ==, "");
    error_free(err);
    stop();
}

/*
 * If it was not asked for, the reason is reported, and the device works
 * without it
 */
static void test_auto(const void *opaque)
{
    const Obstacle *obstacle = opaque;
    Error *err = NULL;

    start_with(obstacle, ON_OFF_AUTO_AUTO);
    g_assert_true(vfio_pci_igd_config_quirk(&vdev, &err));
    g_assert_null(err);
    g_assert_cmpstr(reports->str, ==, obstacle->said);
    stop();
}

static void test_works(void)
{
    start(ON_OFF_AUTO_AUTO, WHOLE_FILE);
    g_assert_true(vfio_pci_igd_config_quirk(&vdev, &error_abort));
    g_assert_cmpstr(reports->str, ==, "");
    stop();
}

static void machine_class_init(ObjectClass *klass, const void *data)
{
    MACHINE_CLASS(klass)->family = "pc_piix";
}

static const TypeInfo machine_info = {
    .name = TYPE_MACHINE,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(MachineState),
    .class_size = sizeof(MachineClass),
    .class_init = machine_class_init,
};

int main(int argc, char **argv)
{
    int i;

    vfio_types_register();
    type_register_static(&machine_info);
    object_initialize(&host_bridge, sizeof(host_bridge), TYPE_PCI_DEVICE);
    object_initialize(&isa_bridge, sizeof(isa_bridge), TYPE_PCI_DEVICE);
    machine = object_new(TYPE_MACHINE);
    reports = g_string_new(NULL);
    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(obstacles); i++) {
        g_autofree char *on = g_strdup_printf("/vfio-igd/on/%s",
                                              obstacles[i].name);
        g_autofree char *by_itself = g_strdup_printf("/vfio-igd/auto/%s",
                                                     obstacles[i].name);

        g_test_add_data_func(on, &obstacles[i], test_on);
        g_test_add_data_func(by_itself, &obstacles[i], test_auto);
    }
    g_test_add_func("/vfio-igd/works", test_works);
    return g_test_run();
}
