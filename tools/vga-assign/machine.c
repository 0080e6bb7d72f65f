/*
 * A machine as far as giving away a VGA adapter is concerned
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>

#include "arbiter.h"
#include "holders.h"
#include "machine.h"
#include "modprobe.h"
#include "pci.h"

#define CONFIG_HEADER 64
#define DEVICES "/sys/bus/pci/devices/"
#define VFIO_MODULE "/sys/module/vfio_pci"
#define DISABLE_VGA VFIO_MODULE "/parameters/disable_vga"
#define DISABLE_IDLE_D3 VFIO_MODULE "/parameters/disable_idle_d3"

char *bdf_parse(const char *text)
{
    unsigned domain = 0, bus, slot, function;
    int used = 0;

    if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text) ||
        strlen(text) > strlen("00000000:00:00.0")) {
        return NULL;
    }
    if (sscanf(text, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function,
               &used) != 4 || text[used]) {
        domain = 0;
        used = 0;
        if (sscanf(text, "%x:%x.%x%n", &bus, &slot, &function, &used) != 3 ||
            text[used]) {
            return NULL;
        }
    }
    if (bus > 0xff || slot > 0x1f || function > 7) {
        return NULL;
    }
    return g_strdup_printf("%04x:%02x:%02x.%x", domain, bus, slot, function);
}

char *device_file(const MachineDevice *device, const char *file)
{
    return g_strconcat(DEVICES, device->bdf, "/", file, NULL);
}

bool device_is_display(const MachineDevice *device)
{
    return device->class_code >> 16 == 0x03;
}

bool device_is_vga(const MachineDevice *device)
{
    return device->class_code >> 8 == 0x0300;
}

bool device_is_bridge(const MachineDevice *device)
{
    return device->class_code >> 8 == 0x0604;
}

bool device_is_igd(const MachineDevice *device)
{
    return device->vendor == 0x8086 && device_is_display(device) &&
           device->domain == 0 && device->bus == 0 && device->slot == 2 &&
           device->function == 0;
}

bool device_is_bound(const MachineDevice *device)
{
    return g_strcmp0(device->driver, "vfio-pci") == 0;
}

bool device_is_virtual(const MachineDevice *device)
{
    return device->physfn != NULL;
}

bool device_rom_is_shadow(const MachineDevice *device)
{
    return device->bars[MACHINE_ROM].flags & BAR_ROM_SHADOW;
}

bool device_is_boot_vga(const MachineDevice *device)
{
    return g_strcmp0(device->boot_vga, "1") == 0;
}

/* A device that is absent or does not answer reads as all ones. */
bool device_is_silent(const MachineDevice *device)
{
    const GByteArray *c = device->config;

    for (guint i = 0; c && i < CONFIG_HEADER; i++) {
        if (i >= c->len || c->data[i] != 0xff) {
            return false;
        }
    }
    return c != NULL;
}

bool device_config(const MachineDevice *device, unsigned offset, uint16_t *value)
{
    if (!device->config || offset + 2 > device->config->len) {
        return false;
    }
    *value = device->config->data[offset] |
             device->config->data[offset + 1] << 8;
    return true;
}

MachineDevice *machine_device(const Machine *machine, const char *bdf)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *d = g_ptr_array_index(machine->devices, i);

        if (g_str_equal(d->bdf, bdf)) {
            return d;
        }
    }
    return NULL;
}

const MachineHolder *machine_holder(const Machine *machine, const char *node)
{
    for (guint i = 0; i < machine->holders->len; i++) {
        const MachineHolder *h = g_ptr_array_index(machine->holders, i);

        if (g_str_equal(h->node, node)) {
            return h;
        }
    }
    return NULL;
}

bool machine_kernel_before(const Machine *machine, unsigned major,
                           unsigned minor)
{
    return machine->kernel_major &&
           (machine->kernel_major < major ||
            (machine->kernel_major == major && machine->kernel_minor < minor));
}

/* The parent directory names the device above: .../0000:00:01.0/0000:01:00.0 */
static MachineDevice *load_bridge(Machine *m, const MachineDevice *d)
{
    g_autofree char *path = g_strconcat(DEVICES, d->bdf, NULL);
    g_autofree char *target = root_link(m->root, path);
    g_autofree char *parent = target ? g_path_get_dirname(target) : NULL;
    g_autofree char *name = parent ? g_path_get_basename(parent) : NULL;

    return name ? machine_device(m, name) : NULL;
}

static char *load_device_text(Machine *m, const MachineDevice *d,
                              const char *file)
{
    g_autofree char *path = device_file(d, file);

    return root_text(m->root, path);
}

/*
 * "resource0_resize" has a bit for each possible size: bit 8 is 256 MiB (Linux
 * 6.1, drivers/pci/pci-sysfs.c).
 */
static void load_resizable(Machine *m, MachineDevice *d)
{
    for (int i = 0; i < MACHINE_ROM; i++) {
        g_autofree char *name = g_strdup_printf("resource%d_resize", i);
        g_autofree char *text = load_device_text(m, d, name);

        d->bars[i].resizable = text ? g_ascii_strtoull(text, NULL, 16) : 0;
    }
}

static void load_device(Machine *m, MachineDevice *d)
{
    g_autofree char *driver = device_file(d, "driver");
    g_autofree char *group = device_file(d, "iommu_group");
    g_autofree char *physfn = device_file(d, "physfn");
    g_autofree char *number = root_link_name(m->root, group);
    g_autofree char *cdev = device_file(d, "vfio-dev");
    g_auto(GStrv) cdevs = NULL;
    char *end;

    d->driver = root_link_name(m->root, driver);
    d->physfn = root_link_name(m->root, physfn);
    if (number && *number) {
        gint64 value = g_ascii_strtoll(number, &end, 10);

        d->group = *end || value < 0 || value > G_MAXINT ? -1 : value;
    }
    d->override = load_device_text(m, d, "driver_override");
    if (d->override && (!*d->override || g_str_equal(d->override, "(null)"))) {
        g_clear_pointer(&d->override, g_free);
    }
    d->bridge = load_bridge(m, d);
    cdevs = root_list(m->root, cdev);
    d->cdev = g_strdup(cdevs[0]);
    if (device_is_display(d)) {
        d->boot_vga = load_device_text(m, d, "boot_vga");
        d->reset_methods = load_device_text(m, d, "reset_method");
        d->power_state = load_device_text(m, d, "power_state");
        d->power_control = load_device_text(m, d, "power/control");
        load_resizable(m, d);
        arbiter_load(m, d);
    }
}

static void load_kernel(Machine *m)
{
    m->kernel = root_text(m->root, "/proc/sys/kernel/osrelease");
    if (m->kernel &&
        sscanf(m->kernel, "%u.%u", &m->kernel_major, &m->kernel_minor) != 2) {
        m->kernel_major = 0;
    }
    m->cmdline = root_text(m->root, "/proc/cmdline");
}

/* A name that is part of a path must not lead out of it. */
static bool kernel_name_is_plain(const char *name)
{
    return name && *name && !strchr(name, '/');
}

static char *gunzip(const char *data, size_t size)
{
    g_autoptr(GZlibDecompressor) zlib =
        g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autofree char *text = g_malloc(ROOT_TEXT_MAX + 1);
    size_t in = 0, out = 0;

    for (;;) {
        gsize used, made;
        GConverterResult r =
            g_converter_convert(G_CONVERTER(zlib), data + in, size - in,
                                text + out, ROOT_TEXT_MAX - out,
                                G_CONVERTER_INPUT_AT_END, &used, &made, NULL);

        if (r == G_CONVERTER_ERROR) {
            return NULL;
        }
        in += used;
        out += made;
        if (r == G_CONVERTER_FINISHED) {
            text[out] = '\0';
            return g_steal_pointer(&text);
        }
    }
}

static char *load_config_text(Machine *m, const char *path)
{
    char *data;
    size_t size;
    char *text;

    if (!g_str_has_suffix(path, ".gz")) {
        return root_text(m->root, path);
    }
    if (root_read(m->root, path, ROOT_TEXT_MAX, &data, &size) != ROOT_OK) {
        return NULL;
    }
    text = gunzip(data, size);
    g_free(data);
    return text;
}

static bool has_line(const char *text, const char *line)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    return g_strv_contains((const char *const *)lines, line);
}

/*
 * The module has the parameter only if it was built with CONFIG_VFIO_PCI_VGA
 * (Linux, drivers/vfio/pci/vfio_pci.c), so a loaded module answers both
 * questions.  If it is not loaded, the kernel's configuration answers the
 * first one.
 */
static void load_vfio_vga(Machine *m)
{
    static const char *const places[] = {
        "/boot/config-%s", "/lib/modules/%s/config",
        "/usr/lib/modules/%s/config", "/proc/config.gz",
    };

    m->vfio_vga = ANSWER_UNKNOWN;
    if (root_exists(m->root, VFIO_MODULE "/parameters")) {
        m->vfio_vga = root_exists(m->root, DISABLE_VGA);
        m->vfio_vga_source = g_strdup(DISABLE_VGA);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_auto(GStrv) part = g_strsplit(places[i], "%s", 2);
        g_autofree char *path = NULL;
        g_autofree char *text = NULL;

        if (part[1] && !kernel_name_is_plain(m->kernel)) {
            continue;
        }
        path = g_strconcat(part[0], part[1] ? m->kernel : "", part[1], NULL);
        text = load_config_text(m, path);
        if (text && strstr(text, "CONFIG_")) {
            m->vfio_vga = has_line(text, "CONFIG_VFIO_PCI_VGA=y");
            m->vfio_vga_source = g_steal_pointer(&path);
            return;
        }
    }
}

static void load_disable_vga(Machine *m)
{
    g_autofree char *value = root_text(m->root, DISABLE_VGA);
    g_autofree char *idle = root_text(m->root, DISABLE_IDLE_D3);

    m->disable_vga = value ? kernel_bool(value) : ANSWER_UNKNOWN;
    m->disable_vga_source = modprobe_true(m, "disable_vga");
    m->disable_idle_d3 = idle ? kernel_bool(idle) : ANSWER_UNKNOWN;
}

static void load_iommu(Machine *m)
{
    g_auto(GStrv) names = root_list(m->root, "/sys/class/iommu");
    g_autofree char *noiommu =
        root_text(m->root,
                  "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");

    m->iommu_names = g_strjoinv(" ", names);
    m->iommu_present = names[0] != NULL;
    m->noiommu = noiommu && strchr("1yY", *noiommu) && *noiommu;
}

static void screen_free(gpointer opaque)
{
    MachineScreen *s = opaque;

    g_free(s->node);
    g_free(s->name);
    g_free(s->owner);
    g_free(s);
}

static void load_screens(Machine *m, const char *class, const char *prefix)
{
    g_auto(GStrv) names = root_list(m->root, class);

    for (char **n = names; *n; n++) {
        g_autofree char *device = NULL;
        g_autofree char *name = NULL;
        MachineScreen *s;

        /* card0, without its connectors (card0-DP-1) */
        if (!g_str_has_prefix(*n, prefix) ||
            strspn(*n + strlen(prefix), "0123456789") !=
            strlen(*n + strlen(prefix))) {
            continue;
        }
        device = g_strconcat(class, "/", *n, "/device", NULL);
        name = g_strconcat(class, "/", *n, "/name", NULL);
        s = g_new0(MachineScreen, 1);
        s->node = g_strdup(*n);
        s->name = root_text(m->root, name);
        s->owner = root_link_name(m->root, device);
        g_ptr_array_add(m->screens, s);
    }
}

static void range_free(gpointer opaque)
{
    MachineRange *r = opaque;

    g_free(r->name);
    g_free(r);
}

/* Users who may not see addresses read zeros (Linux, kernel/resource.c). */
static void load_ranges(Machine *m)
{
    g_autofree char *text = root_text(m->root, "/proc/iomem");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    m->ranges_hidden = true;
    for (char **line = lines; *line; line++) {
        unsigned long long first, last;
        int used = 0;
        MachineRange *r;

        if (sscanf(*line, " %llx-%llx : %n", &first, &last, &used) != 2 ||
            !used) {
            continue;
        }
        r = g_new0(MachineRange, 1);
        r->first = first;
        r->last = last;
        r->depth = strspn(*line, " ") / 2;
        r->name = g_strdup(*line + used);
        g_ptr_array_add(m->ranges, r);
        if (last) {
            m->ranges_hidden = false;
        }
    }
    if (text && m->ranges_hidden) {
        root_unreadable(m->root, "/proc/iomem", EACCES);
    }
}

static void holder_free(gpointer opaque)
{
    MachineHolder *h = opaque;

    g_free(h->pid);
    g_free(h->name);
    g_free(h->node);
    g_free(h);
}

static void load_processor(Machine *m)
{
    g_autofree char *text = root_text(m->root, "/proc/cpuinfo");
    const char *line = text ? strstr(text, "address sizes") : NULL;

    if (line && sscanf(line, "address sizes : %u bits physical",
                       &m->phys_bits) != 1) {
        m->phys_bits = 0;
    }
    if (m->phys_bits > 64) {
        m->phys_bits = 0;
    }
}

Machine *machine_load(Root *root, GError **error)
{
    g_autoptr(Machine) m = g_new0(Machine, 1);

    m->root = root;
    m->screens = g_ptr_array_new_with_free_func(screen_free);
    m->ranges = g_ptr_array_new_with_free_func(range_free);
    m->holders = g_ptr_array_new_with_free_func(holder_free);
    m->devices = pci_devices(root, error);
    if (!m->devices) {
        return NULL;
    }
    load_kernel(m);
    load_vfio_vga(m);
    load_disable_vga(m);
    load_iommu(m);
    load_screens(m, "/sys/class/graphics", "fb");
    load_screens(m, "/sys/class/drm", "card");
    load_screens(m, "/sys/class/drm", "renderD");
    load_ranges(m);
    holders_load(m);
    load_processor(m);
    m->interrupts = root_text(root, "/proc/interrupts");
    for (guint i = 0; i < m->devices->len; i++) {
        load_device(m, g_ptr_array_index(m->devices, i));
    }
    return g_steal_pointer(&m);
}

void machine_free(Machine *m)
{
    root_free(m->root);
    g_clear_pointer(&m->devices, g_ptr_array_unref);
    g_ptr_array_unref(m->screens);
    g_ptr_array_unref(m->ranges);
    g_ptr_array_unref(m->holders);
    g_free(m->kernel);
    g_free(m->cmdline);
    g_free(m->vfio_vga_source);
    g_free(m->disable_vga_source);
    g_free(m->iommu_names);
    g_free(m->interrupts);
    g_free(m);
}
