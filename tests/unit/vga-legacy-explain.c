/*
 * The messages about an adapter without a VGA region, or one that is not
 * attached
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include <glib/gstdio.h>

#include "hw/vfio/vga-engine.h"
#include "hw/vfio/vga-explain.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "vga-legacy-card.h"

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

    /*
     * The answer is not cached and would be allocated at each access, so there
     * must be no query
     */
    info_calls = 0;
    vdev->vbasedev.num_initial_regions = VFIO_PCI_VGA_REGION_INDEX;
    assert_no_vga(vdev, "failed getting region info for VGA region index 8: "
                  "Invalid argument");
    g_assert_cmpint(info_calls, ==, 0);

    vdev->vbasedev.num_initial_regions = VFIO_PCI_VGA_REGION_INDEX + 1;
    g_assert_true(vfio_populate_vga(vdev, &error_abort));
    object_unref(vdev);
}

/* Why there is none, according to a sysfs of the test */

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

/* A host on which nothing is wrong according to sysfs */
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

    /* The hint has no accessor, so it is printed after the message */
    g_string_truncate(said, 0);
    error_report_err(err);
    g_assert_nonnull(strstr(said->str, remedy));
}

#define GENERIC "region 8: Invalid argument"
#define DISABLED "the host's vfio-pci was loaded with disable_vga=1"
#define NOT_BUILT "the host's kernel was built without CONFIG_VFIO_PCI_VGA"
#define NO_VGA(class) "it is not a VGA controller, its class is " class \
                      " (that of VGA is 0x0300)"
#define VARIANT(driver) "its host driver is '" driver "', not 'vfio-pci'"
#define MDEV "mediated devices have no legacy VGA region"
#define SERVER "the vfio-user server offers no VGA region"

static void test_explain_generic(void)
{
    VFIODevice card = host_new();

    assert_explained(&card, GENERIC, "kernel log");
    host_free(&card);

    /* Without sysfs, or without a path, nothing is known */
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

/* vfio-user-pci sets mdev, too */
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
    config_class = 0x0003; /* VGA with its bytes swapped is another class */
    assert_explained(&card, NO_VGA("0x0003"), "lspci -nn");

    /* If the class could not be read, it is not the reason */
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

    /* without vfio_pci it is not known how it was built */
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

/* All causes together at first; then one after the other is removed */
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

/* A device that cannot be attached */

static void put_group(void)
{
    g_autofree char *path = g_strdup_printf("%s/dev/iommu_group", sysfs);

    g_assert_cmpint(symlink("../kernel/iommu_groups/7", path), ==, 0);
}

static void assert_hint(const VFIODevice *card, const char *hint)
{
    Error *err = NULL;

    error_setg(&err, "reason");
    vfio_vga_explain_attach(card, &err);
    g_assert_cmpstr(error_get_pretty(err), ==, "reason");
    g_string_truncate(said, 0);
    error_report_err(err);
    if (hint) {
        g_assert_nonnull(strstr(said->str, hint));
    } else {
        g_assert_true(g_str_has_suffix(said->str, "reason\n"));
    }
}

static void test_attach(void)
{
    VFIODevice card = host_new();
    g_autofree char *driver = g_strdup_printf("%s/dev/driver", sysfs);
    char *dir = card.sysfsdev;

    card.name = (char *)"0000:01:00.0";
    assert_hint(&card, "'vga-assign check 0000:01:00.0' tells more.\n");
    put_group();
    assert_hint(&card, NULL);
    put_driver("nouveau");
    assert_hint(&card, "bound to nouveau on the host, and not to vfio-pci. "
                "Type:\ndriverctl set-override 0000:01:00.0 vfio-pci\n");
    g_assert_cmpint(unlink(driver), ==, 0);
    assert_hint(&card, "bound to no driver on the host");
    put_driver("nvgrace-gpu-vfio-pci");
    assert_hint(&card, NULL);

    /* Nothing is known of a device that is passed as a file descriptor */
    put_driver("nouveau");
    card.sysfsdev = NULL;
    assert_hint(&card, NULL);
    card.sysfsdev = dir;
    card.mdev = true;
    assert_hint(&card, NULL);
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

    /* The user gave the class, with any programming interface */
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

    /* The caller may pass no errp */
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

void legacy_add_explain(void)
{
    g_test_add_func("/vfio-vga/no-region", test_no_region);
    g_test_add_func("/vfio-vga/explain/generic", test_explain_generic);
    g_test_add_func("/vfio-vga/explain/mdev", test_explain_mdev);
    g_test_add_func("/vfio-vga/explain/server", test_explain_server);
    g_test_add_func("/vfio-vga/explain/class", test_explain_class);
    g_test_add_func("/vfio-vga/explain/disabled", test_explain_disabled);
    g_test_add_func("/vfio-vga/explain/not-built", test_explain_not_built);
    g_test_add_func("/vfio-vga/explain/driver", test_explain_driver);
    g_test_add_func("/vfio-vga/explain/order", test_explain_order);
    g_test_add_func("/vfio-vga/explain/attach", test_attach);
    g_test_add_func("/vfio-vga/enable", test_enable);
    g_test_add_func("/vfio-vga/enable/off", test_enable_off);
    g_test_add_func("/vfio-vga/enable/fails", test_enable_fails);
    g_test_add_func("/vfio-vga/enable/contradiction",
                    test_enable_contradiction);
    g_test_add_func("/vfio-vga/enable/virtual", test_enable_virtual);
}
