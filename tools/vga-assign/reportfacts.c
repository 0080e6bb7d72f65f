/*
 * The facts about the host in a report, besides its adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As in report.c only what a check looks at is taken.  The names of users, of
 * control groups and of programs' files are left out, and of contents all that
 * no check asks for.
 */
#include <string.h>

#include "holders.h"
#include "host.h"
#include "output.h"
#include "reportfacts.h"
#include "romsource.h"

static void G_GNUC_PRINTF(3, 4) fact(GString *out, const char *path,
                                     const char *format, ...)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    lines = g_strsplit(text, "\n", -1);
    g_string_append_printf(out, "file %s\n", path);
    for (char **line = lines; *line; line++) {
        g_autofree char *clean = out_clean(*line);

        g_string_append_printf(out, "|%s\n", clean);
    }
}

static void fact_copy(GString *out, const Machine *m, const char *path)
{
    g_autofree char *text = root_text(m->root, path);

    if (text) {
        fact(out, path, "%s", text);
    }
}

static void report_modules(GString *out, const Machine *m)
{
    fact_copy(out, m, "/sys/module/vfio_pci/parameters/disable_idle_d3");
    fact_copy(out, m, "/sys/module/apparmor/parameters/enabled");
    if (root_exists(m->root, "/sys/module/vendor_reset")) {
        g_string_append(out, "directory /sys/module/vendor_reset\n");
    }
    if (root_exists(m->root, "/sys/bus/pci/drivers/vfio-pci")) {
        g_string_append(out, "directory /sys/bus/pci/drivers/vfio-pci\n");
    }
}

static void report_console(GString *out, const Machine *m)
{
    g_autofree char *console = host_vgacon(m);

    if (console) {
        fact(out, "/sys/class/vtconsole/vtcon0/name", "(S) VGA+");
        fact(out, "/sys/class/vtconsole/vtcon0/bind", "1");
    }
}

static void report_limits(GString *out, const Machine *m)
{
    g_autofree char *group = NULL;
    guint64 bytes;

    if (host_memlock(m, &bytes)) {
        fact(out, "/proc/self/limits", bytes == G_MAXUINT64 ?
             "Max locked memory         unlimited" :
             "Max locked memory         %" G_GUINT64_FORMAT, bytes);
    }
    if (host_memory_max(m, &bytes, &group)) {
        fact(out, "/proc/self/cgroup", "0::/report");
        fact(out, "/sys/fs/cgroup/report/memory.max", "%" G_GUINT64_FORMAT,
             bytes);
    }
}

/* Add the rules that the two checks of libvirt's profiles look for. */
static void report_apparmor(GString *out, const Machine *m, const HostQEMU *q)
{
    if (host_apparmor_allows(m, q)) {
        fact(out, "/etc/apparmor.d/local/abstractions/libvirt-qemu",
             "%s/** rmix,", q->prefix);
    }
    if (!host_apparmor_starts(m, q)) {
        fact(out, "/etc/apparmor.d/usr.sbin.libvirtd", "%s", "");
    }
}

static void report_programs(GString *out, const Machine *m)
{
    g_autoptr(GPtrArray) qemus = host_qemus(m);
    g_autofree char *ovmf = host_ovmf(m);
    unsigned libvirt = host_libvirt(m);

    for (guint i = 0; i < qemus->len; i++) {
        const HostQEMU *q = g_ptr_array_index(qemus, i);

        fact(out, q->binary, "%s", q->patched ? "x-vga-arbiter" : "");
        if (q->packaged) {
            fact(out, q->path, "%s", "");
        }
        if (q->seabios != ANSWER_UNKNOWN) {
            fact(out, q->bios, "%s", q->seabios == ANSWER_YES ? "-vga-assign" :
                 "rel-");
        }
        if (q->patched && host_apparmor(m)) {
            report_apparmor(out, m, q);
        }
    }
    if (host_apparmor(m)) {
        fact(out, "/etc/apparmor.d/abstractions/libvirt-qemu", "%s", "");
    }
    if (libvirt) {
        g_string_append_printf(out, "file /usr/lib64/libvirt.so.0.%u.0\n",
                               libvirt);
    }
    if (host_is_proxmox(m)) {
        g_string_append(out, "file /usr/bin/pveversion\n");
    }
    if (ovmf) {
        g_string_append_printf(out, "file %s\n", ovmf);
    }
}

void report_host(GString *out, const Machine *m)
{
    report_modules(out, m);
    report_console(out, m);
    report_limits(out, m);
    report_programs(out, m);
}

/* Add the line of NVIDIA's driver that has the number of the adapter's node. */
static void report_nvidia(GString *out, const Machine *m,
                          const MachineDevice *d)
{
    g_autofree char *path = g_strconcat("/proc/driver/nvidia/gpus/", d->bdf,
                                        "/information", NULL);
    g_autofree char *text = root_text(m->root, path);
    const char *line = text ? strstr(text, "Device Minor:") : NULL;

    if (line) {
        fact(out, path, "%.*s", (int)strcspn(line, "\n"), line);
    }
}

static void report_node(GString *out, const Machine *m, const char *path)
{
    if (root_exists(m->root, path)) {
        g_string_append_printf(out, "node %s 0600\n", path);
    }
}

static void report_cdev(GString *out, const Machine *m, const MachineDevice *d)
{
    g_autofree char *dir = device_file(d, "vfio-dev/vfio0");

    if (d->cdev) {
        g_string_append_printf(out, "directory %s\n", dir);
        report_node(out, m, "/dev/vfio/devices/vfio0");
        report_node(out, m, "/dev/iommu");
    }
}

void report_device_facts(GString *out, const Machine *m,
                         const MachineDevice *d)
{
    g_autofree char *control = device_file(d, "power/control");
    g_autofree char *physfn = device_file(d, "physfn");

    if (d->power_control) {
        fact(out, control, "%s", d->power_control);
    }
    if (d->physfn) {
        g_autofree char *bdf = bdf_parse(d->physfn);

        g_string_append_printf(out, "text %s ../%s\n", physfn,
                               bdf ? bdf : "0000:00:00.0");
    }
    for (int i = 0; i < MACHINE_ROM; i++) {
        g_autofree char *name = g_strdup_printf("resource%d_resize", i);
        g_autofree char *path = device_file(d, name);

        if (d->bars[i].resizable) {
            fact(out, path, "%016" G_GINT64_MODIFIER "x", d->bars[i].resizable);
        }
    }
    report_cdev(out, m, d);
    report_nvidia(out, m, d);
}

static void append32(GByteArray *table, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    g_byte_array_append(table, (const uint8_t *)&value, sizeof(value));
}

static void append_record(GByteArray *table, const MachineDevice *d,
                          const uint8_t *image, size_t size)
{
    append32(table, d->bus);
    append32(table, d->slot);
    append32(table, d->function);
    append32(table, d->vendor | (uint32_t)d->device << 16);
    append32(table, 0);
    append32(table, 0);
    append32(table, size);
    g_byte_array_append(table, image, size);
}

uint8_t *report_vfct(const Machine *m,
                     uint8_t *(*skeleton)(const uint8_t *data, size_t size),
                     size_t *size)
{
    GByteArray *table = g_byte_array_new();
    static const uint8_t header[0x4c] = "VFCT";
    bool any = false;

    g_byte_array_append(table, header, sizeof(header));
    table->data[0x34] = sizeof(header);
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(m->devices, i);
        g_autoptr(RomBytes) bytes = device_is_display(d) ?
            rom_from_vfct((Machine *)m, d, NULL) : NULL;
        g_autofree uint8_t *image = bytes && bytes->size ?
            skeleton(bytes->data, bytes->size) : NULL;

        if (image) {
            append_record(table, d, image, bytes->size);
            any = true;
        }
    }
    *size = table->len;
    if (!any) {
        g_byte_array_unref(table);
        return NULL;
    }
    return g_byte_array_free(table, FALSE);
}
