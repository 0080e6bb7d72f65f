/*
 * PCI devices, read through libpci
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libpci ends the process when a file of sysfs is missing or malformed
 * (pci_generic_error).  Its error function may be replaced but must not
 * return, so the one below jumps back into pci_try().  Memory that libpci held
 * at that moment leaks, at most once for each device.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <pci/pci.h>
#include <gio/gio.h>

#include "pci.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define CONFIG_SIZE 4096
/* The bytes that the kernel shows to users other than root. */
#define CONFIG_PUBLIC 64

static jmp_buf pci_escape;
static char pci_message[512];

static void G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) pci_failed(char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(pci_message, sizeof(pci_message), format, args);
    va_end(args);
    longjmp(pci_escape, 1);
}

static void G_GNUC_PRINTF(1, 2) pci_silent(char *format G_GNUC_UNUSED, ...)
{
}

/* Run a function that calls libpci; false if libpci gave up. */
static bool pci_try(void (*function)(void *opaque), void *opaque)
{
    if (setjmp(pci_escape)) {
        return false;
    }
    function(opaque);
    return true;
}

typedef struct PciFill {
    struct pci_dev *dev;
    int flags;
} PciFill;

static void pci_do_init(void *opaque)
{
    pci_init(opaque);
}

static void pci_do_fill(void *opaque)
{
    PciFill *fill = opaque;

    pci_fill_info(fill->dev, fill->flags);
}

static struct pci_access *pci_open(const Root *root)
{
    g_autofree char *bus = root_path(root, "/sys/bus/pci");
    g_autofree char *ids = root_path(root, "/usr/share/misc/pci.ids");
    struct pci_access *access = pci_alloc();

    access->error = pci_failed;
    access->warning = pci_silent;
    access->debug = pci_silent;
    access->method = PCI_ACCESS_SYS_BUS_PCI;
    pci_set_param(access, (char *)"sysfs.path", bus);
    /*
     * A copy of a machine has the names in it, so that output stays the same.
     */
    if (root_is_copy(root)) {
        char *copy = strdup(ids);

        pci_set_name_list_path(access, copy, 1);
    }
    return access;
}

/*
 * "NVIDIA Corporation" becomes NVIDIA; "Advanced Micro Devices, Inc.
 * [AMD/ATI]" becomes AMD/ATI.
 */
static char *pci_short_vendor(const char *name)
{
    const char *open = strrchr(name, '[');
    const char *close = open ? strchr(open, ']') : NULL;

    if (close) {
        return g_strndup(open + 1, close - open - 1);
    }
    return g_strndup(name, strcspn(name, " ,"));
}

typedef struct PciNames {
    struct pci_access *access;
    struct pci_dev *dev;
    char device[256];
    char vendor[256];
} PciNames;

/* libpci reports a malformed file of names, and gives up. */
static void pci_do_names(void *opaque)
{
    PciNames *n = opaque;
    const int flags = PCI_LOOKUP_NO_HWDB | PCI_LOOKUP_NO_NUMBERS;
    char buffer[256];
    const char *name;

    name = pci_lookup_name(n->access, buffer, sizeof(buffer),
                           PCI_LOOKUP_DEVICE | flags, n->dev->vendor_id,
                           n->dev->device_id);
    g_strlcpy(n->device, name ? name : "", sizeof(n->device));
    name = pci_lookup_name(n->access, buffer, sizeof(buffer),
                           PCI_LOOKUP_VENDOR | flags, n->dev->vendor_id);
    g_strlcpy(n->vendor, name ? name : "", sizeof(n->vendor));
}

static void pci_names(struct pci_access *access, struct pci_dev *dev,
                      MachineDevice *d)
{
    PciNames names = { .access = access, .dev = dev };
    g_autofree char *vendor = NULL;

    pci_try(pci_do_names, &names);
    vendor = g_utf8_make_valid(names.vendor, -1);
    d->name = *names.device ? g_utf8_make_valid(names.device, -1) :
              g_strdup_printf("device %04x", dev->device_id);
    d->vendor_name = *vendor ? pci_short_vendor(vendor) :
                     g_strdup_printf("%04x", dev->vendor_id);
}

static void pci_bars(struct pci_dev *dev, MachineDevice *d)
{
    for (int i = 0; i < 6; i++) {
        d->bars[i].start = dev->base_addr[i] & ~(pciaddr_t)PCI_ADDR_FLAG_MASK;
        d->bars[i].size = dev->size[i];
        d->bars[i].flags = dev->flags[i];
        if (d->bars[i].flags & BAR_IO) {
            d->bars[i].start = dev->base_addr[i] & PCI_ADDR_IO_MASK;
        }
    }
    d->bars[MACHINE_ROM].start =
        dev->rom_base_addr & ~(pciaddr_t)PCI_ADDR_FLAG_MASK;
    d->bars[MACHINE_ROM].size = dev->rom_size;
    d->bars[MACHINE_ROM].flags = dev->rom_flags;
}

static bool pci_is_interesting(const MachineDevice *d)
{
    return device_is_display(d) || device_is_bridge(d) ||
           (d->bus == 0 && d->slot == 0 && d->function == 0);
}

static Answer pci_has(struct pci_dev *dev, const MachineDevice *d,
                      unsigned id, unsigned type)
{
    if (pci_find_cap(dev, id, type)) {
        return ANSWER_YES;
    }
    /* Extended capabilities begin at 256; conventional devices have none. */
    if (!d->config || d->config->len <= CONFIG_PUBLIC) {
        return ANSWER_UNKNOWN;
    }
    return ANSWER_NO;
}

static void pci_capabilities(Root *root, struct pci_dev *dev, MachineDevice *d)
{
    g_autofree char *path = device_file(d, "config");
    PciFill fill = { dev, PCI_FILL_CAPS | PCI_FILL_EXT_CAPS };
    char *data;
    size_t size;

    d->msi = d->msix = d->acs = ANSWER_UNKNOWN;
    if (!pci_is_interesting(d)) {
        return;
    }
    if (root_read(root, path, CONFIG_SIZE, &data, &size) == ROOT_OK) {
        d->config = g_byte_array_new_take((guint8 *)data, size);
    }
    if (d->config && size <= CONFIG_PUBLIC) {
        root_unreadable(root, path, EACCES);
    }
    if (!pci_try(pci_do_fill, &fill)) {
        return;
    }
    d->msi = pci_has(dev, d, PCI_CAP_ID_MSI, PCI_CAP_NORMAL);
    d->msix = pci_has(dev, d, PCI_CAP_ID_MSIX, PCI_CAP_NORMAL);
    d->acs = pci_has(dev, d, PCI_EXT_CAP_ID_ACS, PCI_CAP_EXTENDED);
}

static MachineDevice *pci_device(Root *root, struct pci_access *access,
                                 struct pci_dev *dev)
{
    MachineDevice *d = g_new0(MachineDevice, 1);
    PciFill fill = { dev, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_CLASS_EXT |
                          PCI_FILL_BASES | PCI_FILL_SIZES | PCI_FILL_ROM_BASE |
                          PCI_FILL_IO_FLAGS | PCI_FILL_IRQ | PCI_FILL_SUBSYS };

    d->domain = dev->domain;
    d->bus = dev->bus;
    d->slot = dev->dev;
    d->function = dev->func;
    d->bdf = g_strdup_printf("%04x:%02x:%02x.%x", d->domain, d->bus, d->slot,
                             d->function);
    d->group = -1;
    if (!pci_try(pci_do_fill, &fill)) {
        d->broken = g_utf8_make_valid(pci_message, -1);
    }
    d->vendor = dev->vendor_id;
    d->device = dev->device_id;
    d->sub_vendor = dev->subsys_vendor_id;
    d->sub_device = dev->subsys_id;
    d->class_code = dev->device_class << 8 | dev->prog_if;
    d->revision = dev->rev_id;
    d->irq = dev->irq;
    pci_bars(dev, d);
    pci_names(access, dev, d);
    pci_capabilities(root, dev, d);
    return d;
}

static int pci_compare(gconstpointer a, gconstpointer b)
{
    const MachineDevice *x = *(MachineDevice *const *)a;
    const MachineDevice *y = *(MachineDevice *const *)b;

    return strcmp(x->bdf, y->bdf);
}

static void pci_device_free(gpointer opaque)
{
    MachineDevice *d = opaque;

    g_free(d->bdf);
    g_free(d->name);
    g_free(d->vendor_name);
    g_free(d->driver);
    g_free(d->override);
    g_free(d->physfn);
    g_free(d->boot_vga);
    g_free(d->reset_methods);
    g_free(d->power_state);
    g_free(d->power_control);
    g_free(d->cdev);
    g_free(d->broken);
    g_free(d->arbiter.decodes);
    g_free(d->arbiter.owns);
    g_free(d->arbiter.locks);
    g_clear_pointer(&d->config, g_byte_array_unref);
    g_free(d);
}

/* One entry of the bus; NULL if its name is not a device's address. */
static MachineDevice *pci_entry(Root *root, struct pci_access *access,
                                const char *name)
{
    unsigned domain, bus, slot, function;
    struct pci_dev *dev;
    MachineDevice *d;
    int used = 0;

    if (sscanf(name, "%x:%x:%x.%u%n", &domain, &bus, &slot, &function,
               &used) != 4 || name[used] || bus > 0xff || slot > 0x1f ||
        function > 7 || domain > 0x7fffffff) {
        return NULL;
    }
    dev = pci_get_dev(access, domain, bus, slot, function);
    d = pci_device(root, access, dev);
    pci_free_dev(dev);
    return d;
}

static GPtrArray *pci_entries(Root *root, struct pci_access *access)
{
    GPtrArray *devices = g_ptr_array_new_with_free_func(pci_device_free);
    g_auto(GStrv) names = root_list(root, PCI_DEVICES);

    for (char **name = names; *name; name++) {
        MachineDevice *d = pci_entry(root, access, *name);

        if (d) {
            g_ptr_array_add(devices, d);
        } else {
            g_autofree char *path = g_strconcat(PCI_DEVICES "/", *name, NULL);

            root_unreadable(root, path, EINVAL);
        }
    }
    g_ptr_array_sort(devices, pci_compare);
    return devices;
}

/*
 * Devices are read one by one, because pci_scan_bus() fails as a whole if it
 * cannot read one of them.
 */
GPtrArray *pci_devices(Root *root, GError **error)
{
    g_autofree char *path = root_path(root, PCI_DEVICES);
    struct pci_access *access = pci_open(root);
    GPtrArray *devices = NULL;

    if (g_file_test(path, G_FILE_TEST_IS_DIR) && pci_try(pci_do_init, access)) {
        devices = pci_entries(root, access);
    } else {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the PCI bus cannot be read: %s", *pci_message ?
                    pci_message : path);
    }
    pci_cleanup(access);
    return devices;
}
