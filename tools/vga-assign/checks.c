/*
 * What stands between an adapter and a guest's screen on it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbiter.h"
#include "checks.h"
#include "output.h"
#include "window.h"

/* Intel's GGC in 00:02.0, bit 1: IVD (Linux, i915; QEMU, hw/vfio/igd.c). */
#define IGD_GGC 0x50
#define IGD_GGC_IVD 0x2
#define PCI_INTERRUPT_PIN 0x3d

typedef struct CheckContext {
    Machine *m;
    MachineDevice *d;
    const CheckGuest *guest;
} CheckContext;

/* A check sets its verdict with one of these, last. */
#define DEFINE_VERDICT(name, value)                                         \
static void G_GNUC_PRINTF(2, 3) name(CheckResult *r, const char *format, ...) \
{                                                                           \
    va_list args;                                                           \
                                                                            \
    va_start(args, format);                                                 \
    r->verdict = value;                                                     \
    r->text = g_strdup_vprintf(format, args);                               \
    va_end(args);                                                           \
}

DEFINE_VERDICT(is_ok, VERDICT_OK)
DEFINE_VERDICT(is_warn, VERDICT_WARN)
DEFINE_VERDICT(is_fail, VERDICT_FAIL)
DEFINE_VERDICT(is_unknown, VERDICT_UNKNOWN)
DEFINE_VERDICT(is_na, VERDICT_NA)

static void G_GNUC_PRINTF(2, 3) to_fix(CheckResult *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_free(r->fix);
    r->fix = g_strdup_vprintf(format, args);
    va_end(args);
}

#define AS_ROOT "run it as root"

static void check_class(const CheckContext *c, CheckResult *r)
{
    if (device_is_vga(c->d)) {
        is_ok(r, "VGA controller, class 0300");
    } else {
        is_fail(r, "class %04x: it has no legacy VGA ranges",
                c->d->class_code >> 8);
        to_fix(r, "assign a VGA controller (0300), or leave out x-vga=on");
    }
}

static bool iommu_was_asked_for(const Machine *m)
{
    return m->cmdline && (strstr(m->cmdline, "intel_iommu=on") ||
                          strstr(m->cmdline, "iommu=pt"));
}

static void check_iommu(const CheckContext *c, CheckResult *r)
{
    if (c->m->noiommu) {
        is_warn(r, "vfio is in its unsafe mode without an IOMMU");
        to_fix(r, "turn VT-d or AMD-Vi on and remove "
               "enable_unsafe_noiommu_mode");
    } else if (!c->m->iommu_present) {
        is_fail(r, "the kernel drives no IOMMU");
        to_fix(r, iommu_was_asked_for(c->m) ?
               "turn VT-d or AMD-Vi on in the firmware setup, reboot" :
               "firmware setup: VT-d or AMD-Vi on; Intel: kernel argument "
               "intel_iommu=on; reboot");
    } else if (c->d->group < 0) {
        is_fail(r, "on (%s), but it does not cover this adapter",
                c->m->iommu_names);
        to_fix(r, "use another slot; look at the kernel log for DMAR, AMD-Vi");
    } else {
        is_ok(r, "on (%s)", c->m->iommu_names);
    }
}

/* vfio takes a group in which nothing but bridges has another driver. */
static bool group_is_blocked_by(const MachineDevice *other)
{
    return !device_is_bridge(other) && other->driver &&
           !device_is_bound(other) && !g_str_equal(other->driver, "pci-stub");
}

static bool is_other_of_group(const MachineDevice *d,
                              const MachineDevice *other)
{
    return other != d && d->group >= 0 && other->group == d->group;
}

GPtrArray *check_group_blockers(const Machine *machine,
                                const MachineDevice *device)
{
    GPtrArray *blockers = g_ptr_array_new();

    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(machine->devices, i);

        if (is_other_of_group(device, other) && group_is_blocked_by(other)) {
            g_ptr_array_add(blockers, other);
        }
    }
    return blockers;
}

static bool is_same_slot(const MachineDevice *a, const MachineDevice *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

/* "0000:01:00.1 (snd_hda_intel), 0000:02:00.0 (e1000e) and 3 more" */
static char *group_list(const GPtrArray *devices)
{
    GString *text = g_string_new("");

    for (guint i = 0; i < devices->len && i < 2; i++) {
        const MachineDevice *d = g_ptr_array_index(devices, i);

        g_string_append_printf(text, "%s%s (%s)", i ? ", " : "", d->bdf,
                               d->driver ? d->driver : "no driver");
    }
    if (devices->len > 2) {
        g_string_append_printf(text, " and %u more", devices->len - 2);
    }
    return g_string_free(text, FALSE);
}

static void group_is_blocked(const CheckContext *c, CheckResult *r,
                             const GPtrArray *blockers)
{
    g_autofree char *list = group_list(blockers);
    bool foreign = false;

    for (guint i = 0; i < blockers->len; i++) {
        foreign |= !is_same_slot(c->d, g_ptr_array_index(blockers, i));
    }
    is_fail(r, "%d has also %s%s", c->d->group, list,
            foreign && c->d->bridge && c->d->bridge->acs == ANSWER_NO ?
            "; the port above has no ACS" : "");
    if (foreign) {
        to_fix(r, "use a slot with a group of its own, or give up all: "
               "vga-assign bind --group %s", c->d->bdf);
    } else {
        to_fix(r, "vga-assign bind --group --apply %s", c->d->bdf);
    }
}

static void check_group(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GPtrArray) blockers = check_group_blockers(c->m, c->d);
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    g_autofree char *list = NULL;

    if (c->d->group < 0) {
        is_na(r, "no IOMMU group");
        return;
    }
    if (blockers->len) {
        group_is_blocked(c, r, blockers);
        return;
    }
    for (guint i = 0; i < c->m->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(c->m->devices, i);

        if (is_other_of_group(c->d, other) && !device_is_bridge(other)) {
            g_ptr_array_add(others, other);
        }
    }
    list = group_list(others);
    if (others->len) {
        is_ok(r, "%d, with %s", c->d->group, list);
    } else {
        is_ok(r, "%d, alone in it", c->d->group);
    }
}

static void check_driver(const CheckContext *c, CheckResult *r)
{
    if (device_is_bound(c->d)) {
        is_ok(r, "vfio-pci");
    } else {
        is_fail(r, "%s, not vfio-pci", c->d->driver ? c->d->driver : "none");
        to_fix(r, "vga-assign bind --apply %s", c->d->bdf);
    }
}

/* What requests a framebuffer's range in /proc/iomem under its own name. */
static bool range_is_framebuffer(const MachineRange *range)
{
    static const char *const names[] = {
        "BOOTFB", "efifb", "vesafb", "simplefb", "simpledrm", "offb",
        "framebuffer",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(range->name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool range_is_in_bar(const MachineRange *range, const MachineDevice *d)
{
    for (int i = 0; i < MACHINE_ROM; i++) {
        const MachineBar *bar = &d->bars[i];

        if (bar->size && (bar->flags & BAR_MEM) && range->first >= bar->start &&
            range->last - bar->start < bar->size) {
            return true;
        }
    }
    return false;
}

static const char *firmware_framebuffer(const Machine *m,
                                        const MachineDevice *d)
{
    for (guint i = 0; i < m->ranges->len; i++) {
        const MachineRange *range = g_ptr_array_index(m->ranges, i);

        if (range_is_framebuffer(range) && range_is_in_bar(range, d)) {
            return range->name;
        }
    }
    return NULL;
}

/* A framebuffer of the host's driver on it, or of firmware on no PCI device. */
static const MachineScreen *screen_of(const Machine *m, const char *owner)
{
    for (guint i = 0; i < m->screens->len; i++) {
        const MachineScreen *s = g_ptr_array_index(m->screens, i);

        if (owner ? g_strcmp0(s->owner, owner) == 0 :
            s->owner && strstr(s->owner, "framebuffer")) {
            return s;
        }
    }
    return NULL;
}

static void framebuffer_is_firmwares(const CheckContext *c, CheckResult *r,
                                     const char *name)
{
    const MachineScreen *s = screen_of(c->m, NULL);

    if (device_is_bound(c->d) || machine_kernel_before(c->m, 6, 0)) {
        is_fail(r, "%s holds its framebuffer: \"can't reserve\" follows", name);
        to_fix(r, "kernel argument initcall_blacklist=sysfb_init%s%s",
               s ? ", or unbind " : "", s ? s->owner : "");
    } else {
        is_warn(r, "%s, the host's screen, is on it until vfio-pci is bound",
                name);
        to_fix(r, "nothing to do; have another way to log in");
    }
}

static void check_framebuffer(const CheckContext *c, CheckResult *r)
{
    const char *name = firmware_framebuffer(c->m, c->d);
    const MachineScreen *own = screen_of(c->m, c->d->bdf);

    if (name) {
        framebuffer_is_firmwares(c, r, name);
    } else if (own) {
        is_warn(r, "%s%s%s%s: the host's screen is on it", own->node,
                own->name ? " (" : "", own->name ? own->name : "",
                own->name ? ")" : "");
        to_fix(r, "stop what draws there first; have another way to log in");
    } else if (c->m->ranges_hidden && device_is_boot_vga(c->d) &&
               screen_of(c->m, NULL)) {
        is_unknown(r, "whether %s is in its BARs",
                   screen_of(c->m, NULL)->owner);
        to_fix(r, AS_ROOT);
    } else {
        is_ok(r, "no host framebuffer is on it");
    }
}

static void check_vfio_vga(const CheckContext *c, CheckResult *r)
{
    if (c->m->vfio_vga == ANSWER_YES) {
        is_ok(r, "CONFIG_VFIO_PCI_VGA=y");
    } else if (c->m->vfio_vga == ANSWER_UNKNOWN) {
        is_unknown(r, "the kernel's configuration was not found");
        to_fix(r, "modprobe vfio-pci, then run this again");
    } else {
        is_fail(r, "the kernel has no CONFIG_VFIO_PCI_VGA");
        to_fix(r, "boot a kernel with it (Debian: linux-image-amd64, not "
               "the cloud one)");
    }
}

static void check_disable_vga(const CheckContext *c, CheckResult *r)
{
    const char *source = c->m->disable_vga_source;

    if (c->m->disable_vga == ANSWER_YES) {
        is_fail(r, "vfio-pci was loaded with disable_vga=1");
        to_fix(r, "remove it from %s, reload vfio-pci or reboot",
               source ? source : "/etc/modprobe.d and the initramfs");
    } else if (c->m->disable_vga == ANSWER_NO) {
        is_ok(r, "vfio-pci offers legacy VGA");
    } else if (source) {
        is_fail(r, "%s sets disable_vga=1 for vfio-pci", source);
        to_fix(r, "remove it there; update-initramfs -u");
    } else {
        is_ok(r, "not set; vfio-pci is not loaded yet");
    }
}

static void check_arbiter(const CheckContext *c, CheckResult *r)
{
    const MachineArbiter *a = &c->d->arbiter;

    if (!device_is_vga(c->d)) {
        is_na(r, "it is no VGA controller");
    } else if (!a->known && root_is_unread(c->m->root, ARBITER_NODE)) {
        is_unknown(r, ARBITER_NODE " could not be read");
        to_fix(r, AS_ROOT);
    } else if (!a->known) {
        is_warn(r, "the kernel has no VGA arbiter");
        to_fix(r, "boot a kernel with CONFIG_VGA_ARB");
    } else if (g_str_equal(a->decodes, "none") && device_is_bound(c->d)) {
        is_fail(r, "the adapter was told to decode no legacy ranges");
        to_fix(r, "bind it to vfio-pci anew, or reboot");
    } else if (g_str_equal(a->decodes, "none")) {
        is_ok(r, "decodes none for %s; vfio-pci will change that",
              c->d->driver ? c->d->driver : "no driver");
    } else {
        is_ok(r, "decodes %s, owns %s", a->decodes, a->owns);
    }
}

static const MachineDevice *locked_adapter(const Machine *m)
{
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(m->devices, i);

        if (arbiter_is_locked(&d->arbiter)) {
            return d;
        }
    }
    return NULL;
}

static void check_locks(const CheckContext *c, CheckResult *r)
{
    const MachineDevice *locked = locked_adapter(c->m);
    const MachineHolder *holder = machine_holder(c->m, ARBITER_NODE);

    if (!c->d->arbiter.known) {
        is_na(r, "the arbiter could not be read");
    } else if (!locked) {
        is_ok(r, "nobody has locked the legacy ranges");
    } else if (holder) {
        is_warn(r, "%s (%u:%u), by %s (process %s)", locked->bdf,
                locked->arbiter.io_locks, locked->arbiter.mem_locks,
                holder->name ? holder->name : "?", holder->pid);
        to_fix(r, "end %s if the guest hangs", holder->name ? holder->name :
               "it");
    } else if (c->m->holders_hidden) {
        is_unknown(r, "%s (%u:%u); who holds it cannot be seen", locked->bdf,
                   locked->arbiter.io_locks, locked->arbiter.mem_locks);
        to_fix(r, AS_ROOT);
    } else {
        is_fail(r, "%s (%u:%u), and no process holds it: a leaked lock",
                locked->bdf, locked->arbiter.io_locks,
                locked->arbiter.mem_locks);
        to_fix(r, "reboot; avoid programs that use the arbiter's trylock");
    }
}

static bool is_beside(const MachineDevice *a, const MachineDevice *b)
{
    return a != b && device_is_vga(b) && a->domain == b->domain &&
           a->bridge == b->bridge && a->bus == b->bus;
}

static void check_bridge(const CheckContext *c, CheckResult *r)
{
    for (guint i = 0; i < c->m->devices->len; i++) {
        const MachineDevice *other = g_ptr_array_index(c->m->devices, i);

        if (is_beside(c->d, other)) {
            is_warn(r, "shares its bus with VGA adapter %s: each switch "
                    "turns the other off", other->bdf);
            to_fix(r, "move one to another slot, or leave %s unused",
                   other->bdf);
            return;
        }
    }
    if (c->d->bridge) {
        is_ok(r, "the only VGA adapter below %s", c->d->bridge->bdf);
    } else {
        is_ok(r, "the only VGA adapter on root bus %02x", c->d->bus);
    }
}

static const MachineDevice *find_igd(const Machine *m)
{
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(m->devices, i);

        if (device_is_igd(d)) {
            return d;
        }
    }
    return NULL;
}

static void igd_is_the_adapter(CheckResult *r, bool disabled)
{
    if (disabled) {
        is_fail(r, "the firmware turned its VGA decoding off (GGC.IVD=1)");
        to_fix(r, "firmware setup: primary display is the onboard one; reboot");
    } else {
        is_ok(r, "it decodes VGA (GGC.IVD=0)");
    }
}

/* i915 gives VGA up in the arbiter, but only IVD stops the decoding. */
static void igd_is_another(const CheckContext *c, CheckResult *r,
                           const MachineDevice *igd, bool disabled)
{
    if (!disabled && igd->arbiter.known &&
        g_str_equal(igd->arbiter.decodes, "none")) {
        is_warn(r, "Intel graphics still decode VGA, unknown to the arbiter");
        to_fix(r, "firmware setup: primary display is the adapter's slot");
    } else if (g_strcmp0(igd->driver, "i915") == 0 &&
               machine_kernel_before(c->m, 6, 19)) {
        is_ok(r, "i915 waits while VGA is locked (kernel before 6.19)");
    } else {
        is_ok(r, "Intel graphics %s", disabled ? "do not decode VGA" :
              "are known to the arbiter");
    }
}

static void check_igd(const CheckContext *c, CheckResult *r)
{
    const MachineDevice *igd = find_igd(c->m);
    uint16_t ggc;

    if (!igd) {
        is_na(r, "no Intel graphics in this machine");
    } else if (!device_config(igd, IGD_GGC, &ggc)) {
        is_unknown(r, "whether Intel graphics %s decode VGA", igd->bdf);
        to_fix(r, AS_ROOT);
    } else if (igd == c->d) {
        igd_is_the_adapter(r, ggc & IGD_GGC_IVD);
    } else {
        igd_is_another(c, r, igd, ggc & IGD_GGC_IVD);
    }
}

/* The walker's remedy, with the names it cannot know. */
static char *rom_remedy(const CheckContext *c, const char *remedy)
{
    g_autoptr(GString) text = g_string_new(remedy);
    const char *file = c->guest->romfile ? c->guest->romfile : "FILE";

    g_string_replace(text, "BDF", c->d->bdf, 0);
    g_string_replace(text, "FILE", file, 0);
    return g_strdup(text->str);
}

/* The worst; of the copy at 0xc0000 that it is one, which explains the rest. */
static const VBIOSFinding *rom_main_finding(const VBIOSVerdict *v, bool shadow)
{
    for (unsigned i = 0; shadow && i < v->n_findings; i++) {
        if (v->findings[i].id == VBIOS_SHADOW_COPY) {
            return &v->findings[i];
        }
    }
    return &v->findings[0];
}

static void rom_judge(const CheckContext *c, CheckResult *r,
                      const RomBytes *bytes)
{
    VBIOSGuest guest = rom_guest(c->d, c->guest->firmware, bytes->shadow);
    g_autofree VBIOSRom *rom = g_new0(VBIOSRom, 1);
    g_autoptr(VBIOSVerdict) v = NULL;

    vbios_parse(rom, bytes->data, bytes->size);
    v = vbios_judge(rom, bytes->data, bytes->size, &guest);
    if (v->fatal & guest.firmware) {
        const VBIOSFinding *f = rom_main_finding(v, bytes->shadow);

        is_fail(r, "%s", f->text);
        if (f->remedy) {
            g_autofree char *remedy = rom_remedy(c, f->remedy);

            to_fix(r, "%s", remedy);
        }
    } else {
        g_autofree char *size = size_text(rom->end - rom->start);

        is_ok(r, "%s, %s, from %s", rom_kinds(rom), size, bytes->path);
    }
}

static void check_rom(const CheckContext *c, CheckResult *r)
{
    g_autofree char *unsafe = rom_is_unsafe(c->m, c->d);
    g_autoptr(RomBytes) bytes = NULL;
    g_autoptr(GError) error = NULL;

    if (!c->guest->romfile && unsafe && !c->guest->read_rom) {
        is_unknown(r, "not read: %s", unsafe);
        to_fix(r, "after binding, or now with --read-rom, or --romfile FILE");
        return;
    }
    bytes = c->guest->romfile ? rom_from_file(c->guest->romfile, &error) :
            rom_from_adapter(c->m, c->d, &error);
    if (bytes) {
        rom_judge(c, r, bytes);
    } else if (error->code == G_IO_ERROR_PERMISSION_DENIED) {
        is_unknown(r, "%s", error->message);
        to_fix(r, AS_ROOT);
    } else {
        is_fail(r, "%s", error->message);
        to_fix(r, "--romfile with a file from vga-assign rom dump");
    }
}

/* What to type for the BARs to have room, in the order of what it costs. */
static void window_fix(CheckResult *r, const Window *w, bool q35)
{
    g_autofree char *split = size_text(w->advice.max_ram_below_4g);

    if (w->advice.max_ram_below_4g) {
        to_fix(r, "-machine %s,max-ram-below-4g=%s", q35 ? "q35" : "pc", split);
    } else {
        to_fix(r, "turn resizable BAR off in the firmware setup");
    }
}

static void check_window(const CheckContext *c, CheckResult *r)
{
    Window w = window_of(c->m, c->d, c->guest->q35, c->guest->memory);
    g_autofree char *low = size_text(w.fit.low);
    g_autofree char *high = size_text(w.fit.high);
    g_autofree char *none = size_text(w.fit.none);
    g_autofree char *room = size_text(w.fit.room);

    if (w.fit.none && w.advice.phys_bits) {
        is_fail(r, "BARs of %s have no place, the processor has %u address bits",
                none, c->m->phys_bits);
        window_fix(r, &w, c->guest->q35);
    } else if (w.fit.none) {
        is_fail(r, "BARs of %s have no place, there are %s below 4G", none,
                room);
        window_fix(r, &w, c->guest->q35);
    } else if (w.advice.max_ram_below_4g) {
        is_warn(r, "its BARs go above 4G, where a VBIOS cannot reach them");
        window_fix(r, &w, c->guest->q35);
    } else if (w.fit.high) {
        is_ok(r, "%s of %s below 4G; %s above", low, room, high);
    } else {
        is_ok(r, "needs %s of %s below 4G", low, room);
    }
}

/* Who else is on the line of @irq in /proc/interrupts; NULL: nobody. */
static char *irq_sharers(const Machine *m, int irq)
{
    g_autofree char *prefix = g_strdup_printf("%d:", irq);
    g_auto(GStrv) lines = g_strsplit(m->interrupts ? m->interrupts : "", "\n",
                                     -1);

    for (char **line = lines; irq > 0 && *line; line++) {
        const char *names = strrchr(g_strstrip(*line), ' ');
        const char *gap = g_strrstr(*line, "  ");

        if (!g_str_has_prefix(*line, prefix) || !names) {
            continue;
        }
        names = g_strstrip((char *)(gap ? gap : names));
        return g_str_has_prefix(names, "vfio") || strchr(names, '-') ?
               NULL : g_strdup(names);
    }
    return NULL;
}

static bool vfio_forbids_sharing(Machine *m)
{
    g_autofree char *value =
        root_text(m->root, "/sys/module/vfio_pci/parameters/nointxmask");

    return value && *value && strchr("1yY", *value);
}

static void check_interrupt(const CheckContext *c, CheckResult *r)
{
    bool known = c->d->config && c->d->config->len > PCI_INTERRUPT_PIN;
    unsigned pin = known ? c->d->config->data[PCI_INTERRUPT_PIN] : 0;
    g_autofree char *sharers = irq_sharers(c->m, c->d->irq);
    const char *msi = c->d->msi == ANSWER_YES ? ", MSI" :
                      c->d->msi == ANSWER_NO ? ", no MSI" : "";

    if (!known) {
        is_unknown(r, "its configuration space could not be read");
        to_fix(r, AS_ROOT);
    } else if (!pin) {
        is_ok(r, "no INTx%s", msi);
    } else if (sharers && vfio_forbids_sharing(c->m)) {
        is_fail(r, "INTx is shared with %s, and nointxmask forbids that",
                sharers);
        to_fix(r, "another slot, or vfio-pci without nointxmask=1");
    } else if (sharers) {
        is_ok(r, "INT%c on %d, with %s%s", 'A' + (pin - 1) % 4, c->d->irq,
              sharers, msi);
    } else {
        is_ok(r, "INT%c on %d%s", 'A' + (pin - 1) % 4, c->d->irq, msi);
    }
}

static void check_reset(const CheckContext *c, CheckResult *r)
{
    const char *methods = c->d->reset_methods;

    if (!methods) {
        is_na(r, "the kernel does not tell");
    } else if (!*methods) {
        is_warn(r, "none: a second start may find the adapter as it was left");
        to_fix(r, "suspend or reboot the host if a second guest stays black");
    } else {
        is_ok(r, "%s", methods);
    }
}

/* Whether somebody who is not root may read it: libvirt's QEMU is not. */
static bool romfile_is_private(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !(st.st_mode & S_IROTH);
}

static void check_access(const CheckContext *c, CheckResult *r)
{
    g_autofree char *node = g_strdup_printf("/dev/vfio/%d", c->d->group);
    g_autofree char *path = root_path(c->m->root, node);
    struct stat st;

    if (c->guest->romfile && romfile_is_private(c->guest->romfile)) {
        is_warn(r, "libvirt's QEMU is not root and cannot read the romfile");
        to_fix(r, "chmod o+r %s", c->guest->romfile);
    } else if (!device_is_bound(c->d) || c->d->group < 0) {
        is_na(r, "its node is made when it is bound");
    } else if (stat(path, &st) < 0) {
        is_fail(r, "%s: %s", node, g_strerror(errno));
        to_fix(r, "modprobe vfio-pci; look at the kernel log");
    } else if (st.st_mode & S_IWOTH) {
        is_ok(r, "everybody may open %s", node);
    } else {
        is_ok(r, "%s %04o: libvirt opens it; else root or its owner", node,
              st.st_mode & 07777);
    }
}

static const struct Check {
    const char *name;
    const char *question;
    void (*run)(const CheckContext *c, CheckResult *r);
} checks[] = {
    { "class", "is it a VGA controller", check_class },
    { "iommu", "does an IOMMU keep the guest's DMA apart", check_iommu },
    { "group", "is its IOMMU group free", check_group },
    { "driver", "is it bound to vfio-pci", check_driver },
    { "framebuffer", "is the host's screen off it", check_framebuffer },
    { "vfio-vga", "has the kernel legacy VGA for vfio", check_vfio_vga },
    { "disable-vga", "is legacy VGA left on in vfio-pci", check_disable_vga },
    { "arbiter", "does it decode the legacy ranges", check_arbiter },
    { "locks", "are the legacy ranges unlocked", check_locks },
    { "bridge", "is it the only VGA adapter on its bus", check_bridge },
    { "igd", "do Intel graphics leave or have VGA", check_igd },
    { "rom", "can the guest's firmware run its VBIOS", check_rom },
    { "window", "do its BARs fit the guest's PCI window", check_window },
    { "interrupt", "can its interrupt be delivered", check_interrupt },
    { "reset", "can it be reset", check_reset },
    { "access", "may QEMU open what it needs", check_access },
};

static void result_free(gpointer opaque)
{
    CheckResult *r = opaque;

    g_free(r->text);
    g_free(r->fix);
    g_free(r);
}

GPtrArray *checks_run(Machine *machine, MachineDevice *device,
                      const CheckGuest *guest)
{
    GPtrArray *results = g_ptr_array_new_with_free_func(result_free);
    CheckContext context = { machine, device, guest };

    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        CheckResult *r = g_new0(CheckResult, 1);

        r->name = checks[i].name;
        r->question = checks[i].question;
        checks[i].run(&context, r);
        g_ptr_array_add(results, r);
    }
    return results;
}

static int verdict_rank(Verdict verdict)
{
    static const int ranks[] = {
        [VERDICT_NA] = 0, [VERDICT_OK] = 0, [VERDICT_WARN] = 1,
        [VERDICT_UNKNOWN] = 2, [VERDICT_FAIL] = 3,
    };

    return ranks[verdict];
}

Verdict checks_verdict(const GPtrArray *results)
{
    Verdict worst = VERDICT_OK;

    for (guint i = 0; i < results->len; i++) {
        const CheckResult *r = g_ptr_array_index(results, i);

        if (verdict_rank(r->verdict) > verdict_rank(worst)) {
            worst = r->verdict;
        }
    }
    return worst;
}

int checks_exit(Verdict verdict)
{
    return verdict == VERDICT_FAIL ? EXIT_NO :
           verdict == VERDICT_UNKNOWN ? EXIT_PARTIAL : EXIT_YES;
}

const char *verdict_name(Verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_OK] = "ok", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail",
        [VERDICT_UNKNOWN] = "unknown", [VERDICT_NA] = "n/a",
    };

    return names[verdict];
}
