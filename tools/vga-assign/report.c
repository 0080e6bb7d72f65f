/*
 * vga-assign report
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A report has the files that the checks read, as text.  Only the files named
 * below are taken, and of each only what a check looks at.  Serial numbers in
 * configuration space are zeroed, the kernel's command line is cut down to
 * known arguments, and a VBIOS keeps its structure but not its contents.
 * tests/tool/unpack.py makes a directory of a report, for --sysfs-root.
 *
 * The format, "vga-assign report 1", has one entry on each line:
 *   file PATH               lines of text follow, each after a "|"
 *   binary PATH             rows follow: " OFFSET COUNT HEX", COUNT times HEX
 *   link PATH TARGET        both are paths of the machine
 *   text PATH TARGET        a link that leads out of sysfs
 *   directory PATH
 *   node PATH MODE          an empty file with that mode
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <gio/gio.h>

#include "arbiter.h"
#include "cli.h"
#include "output.h"
#include "reportfacts.h"
#include "reportname.h"

#define SERIAL_CAP 0x0003
#define EXTENDED_CAPS 0x100
#define ROW 16

typedef struct Report {
    Machine *m;
    GString *out;
} Report;

static void report_text(Report *r, const char *path, const char *text)
{
    g_autofree char *body = NULL;
    g_auto(GStrv) lines = NULL;

    if (!text) {
        return;
    }
    body = g_strchomp(g_strdup(text));
    lines = g_strsplit(body, "\n", -1);
    g_string_append_printf(r->out, "file %s\n", path);
    for (char **line = lines; *line; line++) {
        g_autofree char *clean = report_line(*line);

        g_string_append_printf(r->out, "|%s\n", clean);
    }
}

static void report_row(GString *out, size_t offset, size_t count,
                       const uint8_t *row, size_t size)
{
    g_string_append_printf(out, " %zx %zu ", offset, count);
    for (size_t i = 0; i < size; i++) {
        g_string_append_printf(out, "%02x", row[i]);
    }
    g_string_append_c(out, '\n');
}

static void report_binary(Report *r, const char *path, const uint8_t *data,
                          size_t size)
{
    g_string_append_printf(r->out, "binary %s\n", path);
    for (size_t i = 0; i < size;) {
        size_t row = MIN(ROW, size - i), count = 1;

        while (row == ROW && i + (count + 1) * ROW <= size &&
               !memcmp(data + i, data + i + count * ROW, ROW)) {
            count++;
        }
        report_row(r->out, i, count, data + i, row);
        i += count * row;
    }
}

static void report_copy(Report *r, const char *path)
{
    g_autofree char *text = root_text(r->m->root, path);

    report_text(r, path, text);
}

/* Keep only the arguments that a check or a reader of the report needs. */
static char *report_cmdline(const char *cmdline)
{
    static const char *const known[] = {
        "intel_iommu=", "amd_iommu=", "iommu=", "vfio", "vfio-pci.", "video=",
        "pci=", "nomodeset", "initcall_blacklist=", "i915.", "amdgpu.",
        "nouveau.", "efifb", "pcie_acs_override=", "vga=",
    };
    g_auto(GStrv) words = g_strsplit(cmdline, " ", -1);
    g_autoptr(GString) kept = g_string_new("");

    for (char **word = words; *word; word++) {
        for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
            if (g_str_has_prefix(*word, known[i])) {
                g_string_append_printf(kept, "%s%s", kept->len ? " " : "",
                                       *word);
                break;
            }
        }
    }
    return g_strdup(kept->str);
}

/* "6.1.0-38" for "6.1.0-38-of-somebody". */
static char *report_release(const char *release)
{
    size_t length = strspn(release, "0123456789.-");

    while (length && strchr(".-", release[length - 1])) {
        length--;
    }
    return g_strndup(release, length);
}

static void report_kernel(Report *r)
{
    g_autofree char *release = r->m->kernel ? report_release(r->m->kernel) :
                               NULL;
    g_autofree char *cmdline = r->m->cmdline ? report_cmdline(r->m->cmdline) :
                               NULL;
    g_autofree char *config = NULL;
    g_autofree char *cpu = NULL;

    report_text(r, "/proc/sys/kernel/osrelease", release);
    report_text(r, "/proc/cmdline", cmdline);
    if (r->m->phys_bits) {
        cpu = g_strdup_printf("address sizes\t: %u bits physical",
                              r->m->phys_bits);
        report_text(r, "/proc/cpuinfo", cpu);
    }
    if (r->m->vfio_vga_source &&
        !strstr(r->m->vfio_vga_source, "disable_vga") && release) {
        config = g_strconcat("/boot/config-", release, NULL);
        report_text(r, config, r->m->vfio_vga == ANSWER_YES ?
                    "CONFIG_VFIO_PCI_VGA=y" :
                    "# CONFIG_VFIO_PCI_VGA is not set");
    }
    if (r->m->disable_vga_source && strchr(r->m->disable_vga_source, '/')) {
        report_text(r, "/etc/modprobe.d/report.conf",
                    "options vfio-pci disable_vga=1");
    }
}

static void report_modules(Report *r)
{
    static const char *const files[] = {
        "/sys/module/vfio_pci/parameters/disable_vga",
        "/sys/module/vfio_pci/parameters/nointxmask",
        "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
    };
    g_auto(GStrv) iommus = root_list(r->m->root, "/sys/class/iommu");

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        report_copy(r, files[i]);
    }
    for (char **name = iommus; *name; name++) {
        g_autofree char *part = report_part(*name);

        g_string_append_printf(r->out, "directory /sys/class/iommu/%s\n",
                               part);
    }
}

/* Add the devices that have framebuffers, on PCI or of firmware. */
static void report_screens(Report *r)
{
    for (guint i = 0; i < r->m->screens->len; i++) {
        const MachineScreen *s = g_ptr_array_index(r->m->screens, i);
        const char *class = g_str_has_prefix(s->node, "fb") ? "graphics" :
                            "drm";
        g_autofree char *node = report_part(s->node);
        g_autofree char *owner = s->owner ? report_part(s->owner) : NULL;
        g_autofree char *name = g_strdup_printf("/sys/class/%s/%s/name", class,
                                                node);

        report_text(r, name, s->name);
        if (owner) {
            g_string_append_printf(r->out, "text /sys/class/%s/%s/device "
                                   "../../../devices/%s\n", class, node, owner);
        }
    }
}

static bool range_is_of_display(const Machine *m, const MachineRange *range)
{
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(m->devices, i);

        for (int j = 0; device_is_display(d) && j < MACHINE_ROM; j++) {
            const MachineBar *bar = &d->bars[j];

            if (bar->size && range->first >= bar->start &&
                range->last - bar->start < bar->size) {
                return true;
            }
        }
    }
    return false;
}

static void report_ranges(Report *r)
{
    g_autoptr(GString) text = g_string_new("");

    for (guint i = 0; i < r->m->ranges->len; i++) {
        const MachineRange *range = g_ptr_array_index(r->m->ranges, i);

        if (r->m->ranges_hidden || range_is_of_display(r->m, range)) {
            g_string_append_printf(text, "%*s%08" G_GINT64_MODIFIER "x-%08"
                                   G_GINT64_MODIFIER "x : %s\n",
                                   2 * range->depth, "", range->first,
                                   range->last, r->m->ranges_hidden ? "?" :
                                   range->name);
        }
        if (r->m->ranges_hidden) {
            break;
        }
    }
    /* One range of system memory shows that addresses are visible. */
    if (!r->m->ranges_hidden) {
        g_string_append(text, "00001000-0009ffff : System RAM\n");
    }
    report_text(r, "/proc/iomem", text->str);
}

/* Add the lines of display adapters, without hardware addresses in names. */
static void report_interrupts(Report *r)
{
    g_auto(GStrv) lines = g_strsplit(r->m->interrupts ? r->m->interrupts : "",
                                     "\n", -1);
    g_autoptr(GRegex) mac =
        g_regex_new("([0-9a-f]{2}:?){6}", G_REGEX_CASELESS, 0, NULL);
    g_autoptr(GString) text = g_string_new("");

    for (char **line = lines; *line; line++) {
        int irq = atoi(*line);

        for (guint i = 0; irq && i < r->m->devices->len; i++) {
            const MachineDevice *d = g_ptr_array_index(r->m->devices, i);

            if (device_is_display(d) && d->irq == irq) {
                g_autofree char *clean =
                    g_regex_replace_literal(mac, *line, -1, 0, "X", 0, NULL);

                g_string_append_printf(text, "%s\n", clean ? clean : "");
                break;
            }
        }
    }
    if (text->len) {
        report_text(r, "/proc/interrupts", text->str);
    }
}

static void report_arbiter(Report *r)
{
    g_autoptr(GString) text = g_string_new("");

    for (guint i = 0; i < r->m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(r->m->devices, i);
        g_autofree char *line = arbiter_line(d->bdf, &d->arbiter);

        if (line) {
            g_string_append_printf(text, "%s\n", line);
        }
    }
    if (text->len) {
        report_text(r, ARBITER_NODE, text->str);
    }
    for (guint i = 0; i < r->m->holders->len; i++) {
        const MachineHolder *h = g_ptr_array_index(r->m->holders, i);
        g_autofree char *pid = report_part(h->pid);
        g_autofree char *node = report_path(h->node);
        g_autofree char *comm = g_strconcat("/proc/", pid, "/comm", NULL);

        if (!strstr(r->out->str, comm)) {
            report_text(r, comm, h->name);
        }
        g_string_append_printf(r->out, "text /proc/%s/fd/%u %s\n", pid, i,
                               node);
    }
}

static bool is_of_interest(const Machine *m, const MachineDevice *d)
{
    if (device_is_display(d) || (!d->bus && !d->slot && !d->function)) {
        return true;
    }
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *o = g_ptr_array_index(m->devices, i);

        if (device_is_display(o) && (o->bridge == d ||
            (o->bus && o->domain == d->domain && o->bus == d->bus) ||
            (o->group >= 0 && o->group == d->group) ||
            (o->bridge && o->bridge->bridge == d))) {
            return true;
        }
    }
    return false;
}

/* Zero the Device Serial Number: 4 bytes of header, 8 of number. */
static void config_anonymize(uint8_t *config, size_t size)
{
    size_t where = EXTENDED_CAPS;

    for (int hops = 0; hops < 64 && where >= EXTENDED_CAPS &&
         where + 12 <= size; hops++) {
        uint32_t header = config[where] | config[where + 1] << 8 |
                          config[where + 2] << 16 |
                          (uint32_t)config[where + 3] << 24;

        if ((header & 0xffff) == SERIAL_CAP) {
            memset(config + where + 4, 0, 8);
        }
        where = header >> 20;
    }
}

static void report_config(Report *r, const MachineDevice *d)
{
    g_autofree char *path = device_file(d, "config");
    g_autofree uint8_t *copy = NULL;

    if (d->config) {
        copy = g_memdup2(d->config->data, d->config->len);
        config_anonymize(copy, d->config->len);
        report_binary(r, path, copy, d->config->len);
    }
}

static bool is_padding(const uint8_t *data, size_t size)
{
    for (size_t i = 1; i < size; i++) {
        if (data[i] != data[0]) {
            return false;
        }
    }
    return !size || data[0] == 0 || data[0] == 0xff;
}

static void rom_keep(const uint8_t *from, uint8_t *to, size_t size,
                     size_t offset, size_t length)
{
    if (offset < size) {
        memcpy(to + offset, from + offset, MIN(length, size - offset));
    }
}

/*
 * Keep the GUID of the Graphics Output Protocol, as EFI images have it in
 * memory.
 */
static void rom_keep_guids(const uint8_t *from, uint8_t *to, size_t size)
{
    static const uint8_t gop[16] = {
        0xde, 0xa9, 0x42, 0x90, 0xdc, 0x23, 0x38, 0x4a,
        0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a,
    };

    for (size_t i = 0; i + sizeof(gop) <= size; i++) {
        if (!memcmp(from + i, gop, sizeof(gop))) {
            rom_keep(from, to, size, i, sizeof(gop));
        }
    }
}

/* Restore the image's checksum by setting its last summed byte. */
static void rom_keep_sum(const uint8_t *from, uint8_t *to, size_t size,
                         const VBIOSImage *image)
{
    uint8_t before = 0, after = 0;
    size_t end = image->offset + (size_t)image->init_size;

    if (!image->init_size || end > size) {
        return;
    }
    for (size_t i = image->offset; i < end; i++) {
        before += from[i];
        after += to[i];
    }
    to[end - 1] += before - after;
}

/*
 * A VBIOS that the walker judges like the original, without its code and data:
 * blocks that are not padding are filled with 0xa5.
 */
static uint8_t *rom_skeleton(const uint8_t *data, size_t size)
{
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);
    uint8_t *to = g_memdup2(data, size);

    vbios_parse(rom, data, size);
    for (size_t i = 0; i < size; i += VBIOS_BLOCK) {
        size_t length = MIN(VBIOS_BLOCK, size - i);

        if (!is_padding(data + i, length)) {
            memset(to + i, 0xa5, length);
        }
    }
    rom_keep(data, to, size, 0, rom->n_images ? 0x40 : 2);
    rom_keep_guids(data, to, size);
    for (unsigned i = 0; i < rom->n_images; i++) {
        const VBIOSImage *image = &rom->images[i];
        size_t pcir = image->offset + image->pcir_offset;

        /*
         * Keep the header up to the end of NPDE, which begins at the next 16
         * bytes.
         */
        rom_keep(data, to, size, image->offset, 0x1c);
        rom_keep(data, to, size, pcir, image->pcir_length + 32);
        rom_keep(data, to, size, image->device_list, 2 * image->n_devices + 2);
    }
    for (unsigned i = 0; i < rom->n_images; i++) {
        rom_keep_sum(data, to, size, &rom->images[i]);
    }
    return to;
}

static void report_rom(Report *r, const MachineDevice *d)
{
    g_autofree char *path = device_file(d, "rom");
    g_autofree char *unsafe = rom_is_unsafe(r->m, d);
    g_autoptr(RomBytes) bytes = NULL;
    g_autofree uint8_t *skeleton = NULL;

    if (unsafe) {
        return;
    }
    bytes = rom_from_adapter(r->m, d, NULL);
    if (bytes) {
        skeleton = bytes->size ? rom_skeleton(bytes->data, bytes->size) : NULL;
        report_binary(r, path, skeleton, bytes->size);
    }
}

/* Add firmware's table, only with the records of adapters that are here. */
static void report_acpi(Report *r)
{
    size_t size;
    g_autofree uint8_t *table = report_vfct(r->m, rom_skeleton, &size);

    if (table) {
        report_binary(r, "/sys/firmware/acpi/tables/VFCT", table, size);
    }
}

static void report_device(Report *r, const MachineDevice *d)
{
    static const char *const files[] = {
        "vendor", "device", "subsystem_vendor", "subsystem_device", "class",
        "revision", "irq", "resource", "boot_vga", "reset_method",
        "power_state", "driver_override",
    };
    g_autoptr(GString) place = g_string_new("");
    g_autofree char *node = g_strdup_printf("/dev/vfio/%d", d->group);
    g_autofree char *real = root_path(r->m->root, node);
    struct stat st;

    for (const MachineDevice *b = d; b; b = b->bridge) {
        g_autofree char *part = g_strconcat("/", b->bdf, NULL);

        g_string_prepend(place, part);
    }
    g_string_append_printf(r->out, "link /sys/bus/pci/devices/%s "
                           "/sys/devices/pci%.7s%s\n", d->bdf, d->bdf,
                           place->str);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = device_file(d, files[i]);

        report_copy(r, path);
    }
    report_config(r, d);
    report_device_facts(r->out, r->m, d);
    if (d->driver) {
        g_autofree char *driver = report_part(d->driver);

        g_string_append_printf(r->out, "link /sys/bus/pci/devices/%s/driver "
                               "/sys/bus/pci/drivers/%s\n", d->bdf, driver);
    }
    if (d->group >= 0) {
        g_string_append_printf(r->out, "link /sys/bus/pci/devices/%s/"
                               "iommu_group /sys/kernel/iommu_groups/%d\n",
                               d->bdf, d->group);
    }
    if (device_is_display(d)) {
        report_rom(r, d);
        if (d->group >= 0 && stat(real, &st) == 0) {
            g_string_append_printf(r->out, "node %s %04o\n", node,
                                   st.st_mode & 07777);
        }
    }
}

/*
 * Add the names of all ids in the report, so that it looks the same on any
 * machine. libpci wants each vendor and each device once.
 */
static void report_names(Report *r)
{
    g_autoptr(GString) text = g_string_new("");
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < r->m->devices->len; i++) {
        const MachineDevice *v = g_ptr_array_index(r->m->devices, i);

        if (!is_of_interest(r->m, v) ||
            !g_hash_table_add(seen, GUINT_TO_POINTER(v->vendor + 1u))) {
            continue;
        }
        g_string_append_printf(text, "%04x  %s\n", v->vendor, v->vendor_name);
        for (guint j = i; j < r->m->devices->len; j++) {
            const MachineDevice *d = g_ptr_array_index(r->m->devices, j);
            guint key = ((guint)d->vendor << 16 | d->device) + 0x10001u;

            if (d->vendor == v->vendor && is_of_interest(r->m, d) &&
                g_hash_table_add(seen, GUINT_TO_POINTER(key))) {
                g_string_append_printf(text, "\t%04x  %s\n", d->device,
                                       d->name);
            }
        }
    }
    report_text(r, "/usr/share/misc/pci.ids", text->str);
}

static void report_unreadable(Report *r)
{
    g_autoptr(GString) text = g_string_new("");

    for (guint i = 0; i < r->m->root->unread->len; i++) {
        const RootUnread *u = g_ptr_array_index(r->m->root->unread, i);

        /* The report has these as far as they could be read. */
        if (!g_str_has_suffix(u->path, "/config") &&
            !g_str_equal(u->path, "/proc/iomem")) {
            g_string_append_printf(text, "%d %s\n", u->code, u->path);
        }
    }
    if (r->m->holders_hidden) {
        g_string_append(text, "13 /proc/1/fd\n");
        g_string_append(r->out, "directory /proc/1/fd\n");
    }
    if (text->len) {
        report_text(r, "/unreadable", text->str);
    }
}

static void report_all(Report *r)
{
    report_names(r);
    report_kernel(r);
    report_modules(r);
    report_host(r->out, r->m);
    report_acpi(r);
    for (guint i = 0; i < r->m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(r->m->devices, i);

        if (is_of_interest(r->m, d)) {
            report_device(r, d);
        }
    }
    report_screens(r);
    report_ranges(r);
    report_interrupts(r);
    report_arbiter(r);
    report_unreadable(r);
}

int cmd_report(const Command *command)
{
    g_autoptr(Machine) m = cli_machine(command);
    g_autoptr(GString) text = g_string_new("vga-assign report 1\n");
    Report report = { m, text };
    GError *error = NULL;
    int code;

    if (!m) {
        return EXIT_ENVIRONMENT;
    }
    report_all(&report);
    if (!command->options->output) {
        out_text(text->str);
    } else if (!out_file(command->options->output, text->str, text->len,
                         command->options->force, &error)) {
        return out_fail(EXIT_ENVIRONMENT, error, NULL);
    }
    code = out_unread(m->root);
    out_note("%s has what the checks read; read it before you send it, and "
             "open an issue where you got the series from",
             command->options->output ? command->options->output :
             "this report");
    return code;
}
