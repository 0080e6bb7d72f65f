/*
 * Why an adapter offers no VGA region, or cannot be assigned at all
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <linux/vfio.h>

#include "vga-explain.h"
#include "hw/pci/pci_ids.h"
#include "hw/pci/pci_regs.h"
#include "hw/vfio/vfio-device.h"
#include "qapi/error.h"
#include "qemu/bswap.h"

/*
 * Each rule answers one question.  It returns what is wrong, newly allocated,
 * or NULL if it does not apply.  Facts: Linux answers
 * VFIO_DEVICE_GET_REGION_INFO with -EINVAL unless has_vga, which
 * vfio_pci_core_enable() sets if VGA access is built in (CONFIG_VFIO_PCI_VGA),
 * not disabled (disable_vga), and the adapter's class is VGA
 * (drivers/vfio/pci/vfio_pci_core.c).
 */

/* Nothing in sysfs is about the adapters of a server */
static char *explain_server(VFIODevice *vbasedev, const char *sysfs)
{
    if (!vbasedev->proxy) {
        return NULL;
    }
    return g_strdup("the vfio-user server offers no VGA region");
}

static char *explain_mdev(VFIODevice *vbasedev, const char *sysfs)
{
    if (!vbasedev->mdev) {
        return NULL;
    }
    return g_strdup("mediated devices have no legacy VGA region");
}

static char *explain_class(VFIODevice *vbasedev, const char *sysfs)
{
    uint16_t class = 0;
    int ret;

    ret = vbasedev->io_ops->region_read(vbasedev, VFIO_PCI_CONFIG_REGION_INDEX,
                                        PCI_CLASS_DEVICE, sizeof(class),
                                        &class);
    class = le16_to_cpu(class);
    if (ret != sizeof(class) || class == PCI_CLASS_DISPLAY_VGA) {
        return NULL;
    }
    return g_strdup_printf("it is not a VGA controller, its class is 0x%04x "
                           "(that of VGA is 0x%04x)",
                           class, PCI_CLASS_DISPLAY_VGA);
}

/* Linux shows a boolean parameter as Y or N */
static char *explain_disabled(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *path =
        g_strdup_printf("%s/module/vfio_pci/parameters/disable_vga", sysfs);
    g_autofree char *value = NULL;

    if (!g_file_get_contents(path, &value, NULL, NULL) || value[0] != 'Y') {
        return NULL;
    }
    return g_strdup("the host's vfio-pci was loaded with disable_vga=1");
}

/* vfio_pci.c declares disable_vga only #ifdef CONFIG_VFIO_PCI_VGA */
static char *explain_not_built(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *module = g_strdup_printf("%s/module/vfio_pci", sysfs);
    g_autofree char *path =
        g_strdup_printf("%s/parameters/disable_vga", module);

    if (!g_file_test(module, G_FILE_TEST_IS_DIR) ||
        g_file_test(path, G_FILE_TEST_EXISTS)) {
        return NULL;
    }
    return g_strdup("the host's kernel was built without CONFIG_VFIO_PCI_VGA");
}

/*
 * The last part of a link in the device's directory in sysfs, newly allocated,
 * or NULL; a device given as a file descriptor has no known directory there
 */
static char *explain_link(const VFIODevice *vbasedev, const char *name)
{
    g_autofree char *link = NULL;
    g_autofree char *target = NULL;

    if (!vbasedev->sysfsdev) {
        return NULL;
    }
    link = g_strdup_printf("%s/%s", vbasedev->sysfsdev, name);
    target = g_file_read_link(link, NULL);
    return target ? g_path_get_basename(target) : NULL;
}

static char *explain_driver(VFIODevice *vbasedev, const char *sysfs)
{
    g_autofree char *driver = explain_link(vbasedev, "driver");

    if (!driver || !strcmp(driver, "vfio-pci")) {
        return NULL;
    }
    return g_strdup_printf("its host driver is '%s', not 'vfio-pci'", driver);
}

/*
 * In this order: who answers for the device (one behind a vfio-user server is
 * marked as a mediated device too), what it is, then how the host's vfio-pci
 * was loaded and built, which holds for each driver on top of vfio_pci_core,
 * and the driver itself only when neither tells.
 */
static const struct {
    char *(*ask)(VFIODevice *vbasedev, const char *sysfs);
    const char *remedy;
} explain_causes[] = {
    { explain_server,
      "Serve a VGA-class device, such as VGA or cirrus-vga, from a server that "
      "offers the region.\nQEMU's x-vfio-user-server does so if it was built "
      "with legacy VGA assignment." },
    { explain_mdev,
      "Leave x-vga out. A mediated device with a display shows it with "
      "display=on." },
    { explain_class,
      "Assign the VGA controller ('lspci -nn' shows [0300]), or leave x-vga "
      "out." },
    { explain_disabled,
      "Remove disable_vga=1 from /etc/modprobe.d or from the host's kernel "
      "command line\n(vfio_pci.disable_vga=1, vfio-pci.disable_vga=1), then "
      "reload vfio-pci or reboot." },
    { explain_not_built,
      "Boot a host kernel with CONFIG_VFIO_PCI_VGA=y; it exists on x86 only." },
    { explain_driver,
      "Bind the adapter to vfio-pci, for example with\n"
      "'driverctl set-override ADDRESS vfio-pci'." },
};

void vfio_vga_explain(VFIODevice *vbasedev, const char *sysfs,
                             Error **errp)
{
    ERRP_GUARD();
    g_autofree char *cause = NULL;
    const char *remedy = "The host's kernel log may tell more; what x-vga=on "
                         "needs is in QEMU's documentation,\n"
                         "\"Legacy VGA assignment\".";
    int i;

    for (i = 0; i < ARRAY_SIZE(explain_causes) && !cause; i++) {
        cause = explain_causes[i].ask(vbasedev, sysfs);
        if (cause) {
            remedy = explain_causes[i].remedy;
        }
    }
    if (!cause) {
        cause = g_strdup(error_get_pretty(*errp));
    }

    error_free(*errp);
    *errp = NULL;
    error_setg(errp, "x-vga=on needs a VGA region, and the adapter offers "
               "none: %s", cause);
    error_append_hint(errp, "%s\n", remedy);
}

/* The kernel makes /dev/vfio/GROUP when a driver of vfio has the device */
void vfio_vga_explain_attach(const VFIODevice *vbasedev, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *group = explain_link(vbasedev, "iommu_group");
    g_autofree char *driver = explain_link(vbasedev, "driver");

    if (!vbasedev->sysfsdev || vbasedev->mdev) {
        return;
    }
    if (!group) {
        error_append_hint(errp, "The host uses no IOMMU for this device. Turn "
                          "VT-d or AMD-Vi on in the firmware setup;\non Intel, "
                          "also boot the host with intel_iommu=on. "
                          "'vga-assign check %s' tells more.\n",
                          vbasedev->name);
    } else if (!driver || !strstr(driver, "vfio")) {
        error_append_hint(errp, "The device is bound to %s on the host, and "
                          "not to vfio-pci. Type:\n"
                          "driverctl set-override %s vfio-pci\n",
                          driver ?: "no driver", vbasedev->name);
    }
}
