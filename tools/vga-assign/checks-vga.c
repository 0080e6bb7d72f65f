/*
 * Checks of legacy VGA: who passes it to guests, who decodes it, who locks it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "arbiter.h"
#include "checkimpl.h"
#include "igd.h"

/* Intel's GGC in 00:02.0, bit 1: IVD (Linux, i915; QEMU, hw/vfio/igd.c). */
#define IGD_GGC 0x50
#define IGD_GGC_IVD 0x2

void check_vfio_vga(const CheckContext *c, CheckResult *r)
{
    if (c->m->vfio_vga == ANSWER_YES) {
        is_ok(r, "CONFIG_VFIO_PCI_VGA=y");
    } else if (c->m->vfio_vga == ANSWER_UNKNOWN) {
        is_unknown(r, "vfio-pci is not loaded, and the kernel's configuration "
                   "was not found");
        to_fix(r, "modprobe vfio-pci, then run this again");
    } else {
        is_fail(r, "the kernel was built without CONFIG_VFIO_PCI_VGA: "
                "vfio-pci offers no legacy VGA, and x-vga=on is refused");
        to_fix(r, "boot a kernel that has it (Debian: linux-image-amd64, not "
               "linux-image-cloud-amd64)");
    }
}

/* At boot the kernel reads the copy of modprobe.d in the initramfs. */
#define NEW_INITRAMFS "update-initramfs -u (dracut -f, mkinitcpio -P)"

void check_disable_vga(const CheckContext *c, CheckResult *r)
{
    const char *source = c->m->disable_vga_source;

    if (c->m->disable_vga == ANSWER_YES && source) {
        is_fail(r, "vfio-pci was loaded with disable_vga, which %s sets: it "
                "offers no legacy VGA", source);
        to_fix(r, "remove disable_vga from %s; " NEW_INITRAMFS "; reboot",
               source);
    } else if (c->m->disable_vga == ANSWER_YES) {
        is_fail(r, "vfio-pci was loaded with disable_vga, which no file sets "
                "now: it offers no legacy VGA until it is loaded again");
        to_fix(r, NEW_INITRAMFS "; reboot");
    } else if (source) {
        is_fail(r, "%s sets disable_vga for vfio-pci: once it is loaded, it "
                "offers no legacy VGA", source);
        to_fix(r, "remove disable_vga from %s; " NEW_INITRAMFS, source);
    } else if (c->m->disable_vga == ANSWER_NO) {
        is_ok(r, "vfio-pci offers legacy VGA");
    } else {
        is_ok(r, "not set; vfio-pci is not loaded yet");
    }
}

void check_arbiter(const CheckContext *c, CheckResult *r)
{
    const MachineArbiter *a = &c->d->arbiter;

    if (!device_is_vga(c->d) || device_is_virtual(c->d)) {
        is_na(r, "it decodes no legacy VGA");
    } else if (!a->known && root_is_unread(c->m->root, ARBITER_NODE)) {
        is_unknown(r, ARBITER_NODE " could not be read");
        to_fix(r, AS_ROOT);
    } else if (!a->known) {
        is_warn(r, "the kernel has no VGA arbiter: nothing keeps two adapters' "
                "accesses apart");
        to_fix(r, "boot a kernel with CONFIG_VGA_ARB");
    } else if (g_str_equal(a->decodes, "none") && device_is_bound(c->d)) {
        is_fail(r, "the arbiter was told that it decodes no legacy VGA, so "
                "nothing is switched to it");
        to_fix(r, "bind it again: echo %s > "
               "/sys/bus/pci/drivers/vfio-pci/unbind, and the same to bind; "
               "reboot if that does not help",
               c->d->bdf);
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

void check_locks(const CheckContext *c, CheckResult *r)
{
    const MachineDevice *locked = locked_adapter(c->m);
    const MachineHolder *holder = machine_holder(c->m, ARBITER_NODE);
    const char *name = holder && holder->name ? holder->name : "a program";

    if (!c->d->arbiter.known) {
        is_na(r, "the arbiter could not be read");
    } else if (!locked) {
        is_ok(r, "nobody has locked legacy VGA");
    } else if (holder) {
        is_warn(r, "%s (process %s) has it locked for %s (%u:%u): the guest "
                "waits as long as that lasts", name, holder->pid, locked->bdf,
                locked->arbiter.io_locks, locked->arbiter.mem_locks);
        to_fix(r, "end %s if the guest stands still: kill %s", name,
               holder->pid);
    } else if (c->m->holders_hidden) {
        is_unknown(r, "it is locked for %s (%u:%u), but by whom could not be "
                   "seen",
                   locked->bdf, locked->arbiter.io_locks,
                   locked->arbiter.mem_locks);
        to_fix(r, AS_ROOT);
    } else {
        is_fail(r, "it is locked for %s (%u:%u), but no program holds the "
                "lock: a guest would wait forever", locked->bdf,
                locked->arbiter.io_locks, locked->arbiter.mem_locks);
        to_fix(r, "reboot; what left the lock behind used the arbiter's "
               "trylock");
    }
}

static bool is_beside(const MachineDevice *a, const MachineDevice *b)
{
    return a != b && device_is_vga(b) && !device_is_virtual(b) &&
           a->domain == b->domain && a->bridge == b->bridge && a->bus == b->bus;
}

void check_bridge(const CheckContext *c, CheckResult *r)
{
    if (device_is_virtual(c->d)) {
        is_na(r, "it decodes no legacy VGA");
        return;
    }
    for (guint i = 0; i < c->m->devices->len; i++) {
        const MachineDevice *other = g_ptr_array_index(c->m->devices, i);

        if (is_beside(c->d, other)) {
            is_warn(r, "VGA adapter %s is on the same bus: a switch to one "
                    "turns all decoding of the other off", other->bdf);
            to_fix(r, "move one of them to another slot, or leave %s unused",
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

static void igd_without_vbios(const CheckContext *c, CheckResult *r,
                              const char *name)
{
    if (c->guest->firmware == VBIOS_FIRMWARE_UEFI) {
        is_ok(r, "%s: at the guest's 00:02.0 of the machine pc", name);
        return;
    }
    is_fail(r, "%s: QEMU has no legacy mode for it, and there is no VBIOS: a "
            "BIOS guest shows nothing", name);
    to_fix(r, "use a UEFI guest: --firmware uefi --romfile FILE, an option ROM "
           "for IGD (QEMU's docs/igd-assign.txt, \"Guest firmware\")");
}

static void igd_with_vbios(const CheckContext *c, CheckResult *r,
                           const char *name)
{
    uint16_t ggc;

    if (!device_config(c->d, IGD_GGC, &ggc)) {
        is_unknown(r, "%s: it could not be read whether it decodes VGA", name);
        to_fix(r, AS_ROOT);
    } else if (ggc & IGD_GGC_IVD) {
        is_fail(r, "%s: the host's firmware turned its VGA off (GGC.IVD=1), "
                "and no guest can turn it on", name);
        to_fix(r, "firmware setup: make the onboard display the primary one; "
               "reboot");
    } else if (c->guest->q35 && c->guest->machine_given) {
        is_fail(r, "%s: QEMU's legacy mode, which it needs for a picture, does "
                "not exist on q35", name);
        to_fix(r, "--machine pc");
    } else {
        is_ok(r, "%s: legacy mode, at the guest's 00:02.0 of the machine pc",
              name);
    }
}

static void igd_is_the_adapter(const CheckContext *c, CheckResult *r,
                               const Igd *igd)
{
    g_autofree char *name = igd_name(igd);

    if (igd->is_too_old) {
        is_fail(r, "%s: older than what QEMU's legacy mode knows (Sandy Bridge "
                "and later), without which there is no picture", name);
        to_fix(r, "assign another adapter");
    } else if (!igd->has_legacy_mode || c->guest->firmware == VBIOS_FIRMWARE_UEFI) {
        igd_without_vbios(c, r, name);
    } else {
        igd_with_vbios(c, r, name);
    }
}

/*
 * i915 tells the arbiter that it decodes no VGA, but only IVD stops the
 * decoding.
 */
static void igd_is_another(const CheckContext *c, CheckResult *r,
                           const MachineDevice *igd, bool disabled)
{
    if (!disabled && igd->arbiter.known &&
        g_str_equal(igd->arbiter.decodes, "none")) {
        is_warn(r, "Intel graphics %s decode VGA, but the arbiter does not "
                "know it: they answer the guest's accesses, too", igd->bdf);
        to_fix(r, "firmware setup: make the adapter's slot the primary display; "
               "reboot");
    } else if (g_strcmp0(igd->driver, "i915") == 0 &&
               machine_kernel_before(c->m, 6, 19)) {
        is_ok(r, "i915 waits while VGA is locked (Linux before 6.19)");
    } else {
        is_ok(r, "Intel graphics %s", disabled ? "do not decode VGA" :
              "are known to the arbiter");
    }
}

void check_igd(const CheckContext *c, CheckResult *r)
{
    const MachineDevice *found = find_igd(c->m);
    uint16_t ggc;
    Igd igd;

    if (igd_identify(c->d, &igd)) {
        if (device_is_dead(c->d)) {
            is_na(r, "it does not answer");
            return;
        }
        igd_is_the_adapter(c, r, &igd);
    } else if (!found) {
        is_na(r, "no Intel graphics in this machine");
    } else if (!device_config(found, IGD_GGC, &ggc)) {
        is_unknown(r, "it could not be read whether Intel graphics %s decode "
                      "VGA",
                   found->bdf);
        to_fix(r, AS_ROOT);
    } else {
        igd_is_another(c, r, found, ggc & IGD_GGC_IVD);
    }
}
