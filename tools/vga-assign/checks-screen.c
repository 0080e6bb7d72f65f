/*
 * Checks of the host's screen, which must not use the adapter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "checkimpl.h"
#include "host.h"

#define NO_SYSFB "initcall_blacklist=sysfb_init"
#define VFIO_DRIVER "/sys/bus/pci/drivers/vfio-pci/"

/*
 * The range of firmware's framebuffer device, whether it has a driver or not.
 */
static bool range_is_reserved(const MachineRange *range)
{
    return g_str_equal(range->name, "BOOTFB");
}

/* The names that drivers of firmware's framebuffer have in /proc/iomem. */
static bool range_is_framebuffer(const MachineRange *range)
{
    static const char *const names[] = {
        "efifb", "vesafb", "uvesafb", "simplefb", "simpledrm", "efidrm",
        "vesadrm", "vga16fb", "offb", "ofdrm", "framebuffer",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(range->name, names[i])) {
            return true;
        }
    }
    return false;
}

/* The BAR that has the range in it; -1 if none has. */
static int range_bar(const MachineRange *range, const MachineDevice *d)
{
    for (int i = 0; i < MACHINE_ROM; i++) {
        const MachineBar *bar = &d->bars[i];

        if (bar->size && (bar->flags & BAR_MEM) && range->first >= bar->start &&
            range->last - bar->start < bar->size) {
            return i;
        }
    }
    return -1;
}

static const MachineRange *find_range(const CheckContext *c,
                                      bool (*is)(const MachineRange *range))
{
    for (guint i = 0; i < c->m->ranges->len; i++) {
        const MachineRange *range = g_ptr_array_index(c->m->ranges, i);

        if (is(range) && range_bar(range, c->d) >= 0) {
            return range;
        }
    }
    return NULL;
}

/*
 * A device's own range is named by its address, a driver's range by the
 * driver.
 */
static bool range_is_foreign(const MachineRange *range)
{
    g_autofree char *bdf = bdf_parse(range->name);

    return !bdf && !g_str_has_prefix(range->name, "vfio") &&
           !g_str_has_prefix(range->name, "PCI Bus") &&
           !range_is_reserved(range) && !range_is_framebuffer(range);
}

/*
 * A framebuffer of the adapter's driver, or of firmware and without a PCI
 * device.
 */
static const MachineScreen *screen_of(const Machine *m, const char *owner)
{
    for (guint i = 0; i < m->screens->len; i++) {
        const MachineScreen *s = g_ptr_array_index(m->screens, i);

        if (g_str_has_prefix(s->node, "renderD")) {
            continue;
        }
        if (owner ? g_strcmp0(s->owner, owner) == 0 :
            s->owner && strstr(s->owner, "framebuffer")) {
            return s;
        }
    }
    return NULL;
}

static bool sysfb_is_off(const Machine *m)
{
    return m->cmdline && strstr(m->cmdline, NO_SYSFB);
}

/* Since 6.0 vfio-pci removes firmware's framebuffers from a VGA adapter. */
static bool vfio_removes_framebuffers(const CheckContext *c)
{
    return device_is_vga(c->d) && !machine_kernel_before(c->m, 6, 0);
}

/* The lasting remedy, named after the one that helps now. */
static const char *keep_it_away(const CheckContext *c)
{
    return sysfb_is_off(c->m) ? "; " NO_SYSFB " is on the command line "
           "already and did not help" :
           "; for good: kernel argument " NO_SYSFB;
}

static void framebuffer_draws(const CheckContext *c, CheckResult *r,
                              const MachineRange *range)
{
    const MachineScreen *s = screen_of(c->m, NULL);
    const char *dot = s ? strrchr(s->owner, '.') : NULL;

    is_fail(r, "%s holds part of its BAR %d: vfio-pci gets EBUSY (\"can't "
            "reserve\"), and the guest reaches no memory there", range->name,
            range_bar(range, c->d));
    if (dot) {
        to_fix(r, "echo %s > /sys/bus/platform/drivers/%.*s/unbind%s", s->owner,
               (int)(dot - s->owner), s->owner, keep_it_away(c));
    } else if (!sysfb_is_off(c->m)) {
        to_fix(r, "kernel argument " NO_SYSFB "; reboot");
    } else {
        to_fix(r, "load vfio-pci before %s, from the initramfs: update-"
               "initramfs -u with vfio-pci in /etc/initramfs-tools/modules",
               range->name);
    }
}

/* The framebuffer's driver is gone, but its device is still there. */
static void framebuffer_is_reserved(const CheckContext *c, CheckResult *r,
                                    const MachineRange *range)
{
    is_fail(r, "the kernel still keeps the firmware's framebuffer (BOOTFB) in "
            "its BAR %d: vfio-pci gets EBUSY there", range_bar(range, c->d));
    if (vfio_removes_framebuffers(c)) {
        to_fix(r, "vfio-pci removes it when it is bound: echo %s > " VFIO_DRIVER
               "unbind; echo %s > " VFIO_DRIVER "bind", c->d->bdf, c->d->bdf);
    } else if (!sysfb_is_off(c->m)) {
        to_fix(r, "kernel argument " NO_SYSFB "; reboot");
    } else {
        to_fix(r, "make another adapter the host's primary display (firmware "
               "setup); reboot");
    }
}

static void framebuffer_will_go(CheckResult *r, const char *name)
{
    is_warn(r, "the host's screen (%s) is on it until vfio-pci is bound, and "
            "goes dark then", name);
    to_fix(r, "nothing to type, but have another way to log in, such as ssh");
}

static void framebuffer_of_driver(CheckResult *r, const MachineScreen *s)
{
    is_warn(r, "the host's screen (%s%s%s) is on it, and goes dark when the "
            "adapter is given away", s->node, s->name ? ", " : "",
            s->name ? s->name : "");
    to_fix(r, "nothing to type, but have another way to log in, such as ssh");
}

static void framebuffer_is_foreign(const CheckContext *c, CheckResult *r,
                                   const MachineRange *range)
{
    is_fail(r, "'%s' holds part of its BAR %d (/proc/iomem): vfio-pci gets "
            "EBUSY there", range->name, range_bar(range, c->d));
    to_fix(r, "unload the driver that holds it, or reboot without that driver");
}

/* Returns false if firmware's framebuffer is not in the adapter's BARs. */
static bool framebuffer_of_firmware(const CheckContext *c, CheckResult *r)
{
    const MachineRange *drawn = find_range(c, range_is_framebuffer);
    const MachineRange *reserved = find_range(c, range_is_reserved);

    if (!drawn && !reserved) {
        return false;
    }
    if (!device_is_bound(c->d) && vfio_removes_framebuffers(c)) {
        framebuffer_will_go(r, drawn ? drawn->name : reserved->name);
    } else if (drawn) {
        framebuffer_draws(c, r, drawn);
    } else if (screen_of(c->m, NULL)) {
        framebuffer_draws(c, r, reserved);
    } else {
        framebuffer_is_reserved(c, r, reserved);
    }
    return true;
}

void check_framebuffer(const CheckContext *c, CheckResult *r)
{
    const MachineScreen *own = screen_of(c->m, c->d->bdf);
    const MachineRange *foreign = device_is_bound(c->d) ?
                                  find_range(c, range_is_foreign) : NULL;

    if (framebuffer_of_firmware(c, r)) {
        return;
    }
    if (foreign) {
        framebuffer_is_foreign(c, r, foreign);
    } else if (own) {
        framebuffer_of_driver(r, own);
    } else if (c->m->ranges_hidden && device_is_boot_vga(c->d) &&
               screen_of(c->m, NULL)) {
        is_unknown(r, "it could not be read whether %s is in its BARs",
                   screen_of(c->m, NULL)->owner);
        to_fix(r, AS_ROOT);
    } else {
        is_ok(r, "the host does not draw on it");
    }
}

static const MachineDevice *boot_vga(const Machine *m)
{
    for (guint i = 0; i < m->devices->len; i++) {
        const MachineDevice *d = g_ptr_array_index(m->devices, i);

        if (device_is_boot_vga(d)) {
            return d;
        }
    }
    return NULL;
}

/* The driver that gives a host's adapter a framebuffer console. */
static const char *native_driver(const MachineDevice *d)
{
    static const struct {
        uint16_t vendor;
        const char *driver;
    } drivers[] = {
        { 0x1002, "amdgpu (or radeon)" }, { 0x102b, "mgag200" },
        { 0x10de, "nouveau" }, { 0x1234, "bochs" }, { 0x1a03, "ast" },
        { 0x8086, "i915" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (d->vendor == drivers[i].vendor) {
            return drivers[i].driver;
        }
    }
    return NULL;
}

/* The kernel gives up vgacon only if another console driver takes over. */
static void console_fix(CheckResult *r, const MachineDevice *host)
{
    const char *driver = host ? native_driver(host) : NULL;

    if (driver && !host->driver) {
        to_fix(r, "give the host a framebuffer console: modprobe %s, for %s",
               driver, host->bdf);
    } else {
        to_fix(r, "give the host a framebuffer console: "
               "GRUB_GFXPAYLOAD_LINUX=1024x768x32 in /etc/default/grub, "
               "update-grub, reboot");
    }
}

void check_console(const CheckContext *c, CheckResult *r)
{
    g_autofree char *console = host_vgacon(c->m);
    const MachineDevice *boot = boot_vga(c->m);

    if (!console) {
        is_na(r, "the host has no text console on VGA");
    } else if (boot == c->d && !device_is_bound(c->d) &&
               !machine_kernel_before(c->m, 6, 0)) {
        is_warn(r, "the host's text console (vgacon, %s) is on it until "
                "vfio-pci is bound", console);
        to_fix(r, "nothing to type, but have another way to log in, such as ssh");
    } else if (boot == c->d) {
        is_fail(r, "the host's text console (vgacon, %s) draws on it, whatever "
                "the guest does", console);
        to_fix(r, "make another adapter the host's primary display (firmware "
               "setup); reboot");
    } else {
        is_warn(r, "the host's text console (vgacon, %s) draws on %s and does "
                "not ask the VGA arbiter: its text can land on the guest's "
                "screen", console, boot ? boot->bdf : "whichever adapter "
                "decodes VGA");
        console_fix(r, boot);
    }
}
