/*
 * Checks of the host: IOMMU, driver, who uses the adapter, what QEMU may do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkimpl.h"
#include "emit.h"
#include "holders.h"
#include "host.h"
#include "output.h"

#define VFIO_DRIVER "/sys/bus/pci/drivers/vfio-pci"

/* QEMU's own needs besides the guest's memory: firmware, BARs, tables. */
#define MEMORY_BESIDES (1ULL << 30)

/* The releases of Linux that brought what the checks look for. */
static const struct {
    unsigned major, minor;
    bool igd;               /* matters to Intel graphics only */
    const char *text;
} kernels[] = {
    { 3, 9, false, "vfio-pci offers legacy VGA only from 3.9 on" },
    { 4, 6, true, "QEMU's legacy mode needs regions that vfio-pci has only "
      "from 4.6 on" },
};

void check_kernel(const CheckContext *c, CheckResult *r)
{
    if (!c->m->kernel_major) {
        is_na(r, "the release of Linux is not known");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kernels); i++) {
        if (machine_kernel_before(c->m, kernels[i].major, kernels[i].minor) &&
            (!kernels[i].igd || device_is_igd(c->d))) {
            is_fail(r, "Linux %u.%u: %s", c->m->kernel_major,
                    c->m->kernel_minor, kernels[i].text);
            to_fix(r, "boot a newer kernel");
            return;
        }
    }
    is_ok(r, "Linux %u.%u%s", c->m->kernel_major, c->m->kernel_minor,
          machine_kernel_before(c->m, 6, 0) ? ", where vfio-pci leaves "
          "firmware's framebuffers alone" : "");
}

/* The kernel argument that turns the IOMMU off, or NULL. */
static const char *iommu_is_turned_off(const Machine *m)
{
    static const char *const off[] = {
        "intel_iommu=off", "amd_iommu=off", "iommu=off",
    };

    for (size_t i = 0; m->cmdline && i < G_N_ELEMENTS(off); i++) {
        if (strstr(m->cmdline, off[i])) {
            return off[i];
        }
    }
    return NULL;
}

static bool iommu_was_asked_for(const Machine *m)
{
    return m->cmdline && (strstr(m->cmdline, "intel_iommu=on") ||
                          strstr(m->cmdline, "iommu=pt"));
}

static void iommu_is_missing(const CheckContext *c, CheckResult *r)
{
    const char *off = iommu_is_turned_off(c->m);

    if (off) {
        is_fail(r, "the kernel argument %s turns the IOMMU off, and vfio-pci "
                "needs one", off);
        to_fix(r, "remove %s from the kernel command line; reboot", off);
        return;
    }
    is_fail(r, "the kernel uses no IOMMU, and vfio-pci needs one");
    to_fix(r, iommu_was_asked_for(c->m) ?
           "turn VT-d or AMD-Vi on in the firmware setup; reboot" :
           "turn VT-d or AMD-Vi on in the firmware setup; on Intel, add the "
           "kernel argument intel_iommu=on; reboot");
}

void check_iommu(const CheckContext *c, CheckResult *r)
{
    if (c->m->noiommu) {
        is_warn(r, "vfio was told to do without an IOMMU: the guest can write "
                "to all of the host's memory");
        to_fix(r, "turn VT-d or AMD-Vi on in the firmware setup, and remove "
               "enable_unsafe_noiommu_mode from /etc/modprobe.d");
    } else if (!c->m->iommu_present) {
        iommu_is_missing(c, r);
    } else if (c->d->group < 0) {
        is_fail(r, "the IOMMU (%s) does not cover this adapter, and vfio-pci "
                "needs that", c->m->iommu_names);
        to_fix(r, "use another slot; journalctl -k -g 'DMAR|AMD-Vi' may tell "
               "why");
    } else {
        is_ok(r, "on (%s)", c->m->iommu_names);
    }
}

/* vfio accepts a group if only bridges have drivers other than vfio-pci. */
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

static bool is_same_slot(const MachineDevice *a, const MachineDevice *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

/* Whether it goes to the guest with the adapter, and is not ready for that. */
static bool is_unbound_function(const MachineDevice *d,
                                const MachineDevice *other)
{
    return emit_is_function(d, other) && !device_is_bound(other);
}

GPtrArray *check_group_rest(const Machine *machine,
                            const MachineDevice *device)
{
    GPtrArray *rest = g_ptr_array_new();

    for (guint i = 0; i < machine->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(machine->devices, i);

        if (is_other_of_group(device, other) &&
            (group_is_blocked_by(other) ||
             is_unbound_function(device, other))) {
            g_ptr_array_add(rest, other);
        }
    }
    return rest;
}

static GPtrArray *group_blockers(const CheckContext *c)
{
    GPtrArray *blockers = check_group_rest(c->m, c->d);

    for (guint i = blockers->len; i-- > 0;) {
        if (!group_is_blocked_by(g_ptr_array_index(blockers, i))) {
            g_ptr_array_remove_index(blockers, i);
        }
    }
    return blockers;
}

bool group_is_foreign(const Machine *machine, const MachineDevice *device)
{
    g_autoptr(GPtrArray) rest = check_group_rest(machine, device);

    for (guint i = 0; i < rest->len; i++) {
        if (!is_same_slot(device, g_ptr_array_index(rest, i))) {
            return true;
        }
    }
    return false;
}

char *check_device_names(const GPtrArray *devices)
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

char *check_bind_command(const Machine *machine, const MachineDevice *device)
{
    g_autoptr(GPtrArray) rest = check_group_rest(machine, device);
    bool loaded = root_exists(machine->root, VFIO_DRIVER);

    return g_strdup_printf("%s%s bind %s%s --apply",
                           loaded ? "" : "modprobe vfio-pci; ", out_tool(),
                           device->bdf, rest->len &&
                           !group_is_foreign(machine, device) ?
                           " --group" : "");
}

static void group_is_blocked(const CheckContext *c, CheckResult *r,
                             const GPtrArray *blockers)
{
    g_autofree char *list = check_device_names(blockers);
    g_autofree char *bind = check_bind_command(c->m, c->d);
    bool foreign = group_is_foreign(c->m, c->d);

    is_fail(r, "%d also has %s%s: vfio takes a group as a whole, or not at all",
            c->d->group, list, foreign && c->d->bridge &&
            c->d->bridge->acs == ANSWER_NO ?
            " (the port above has no ACS)" : "");
    if (foreign) {
        to_fix(r, "use a slot that has a group of its own; or, if the host can "
               "do without all of them: %s bind %s --group --apply",
               out_tool(), c->d->bdf);
    } else {
        to_fix(r, "%s", bind);
    }
}

void check_group(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GPtrArray) blockers = group_blockers(c);
    g_autoptr(GPtrArray) rest = check_group_rest(c->m, c->d);
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    g_autofree char *bind = check_bind_command(c->m, c->d);
    g_autofree char *list = NULL;

    if (c->d->group < 0) {
        is_na(r, "no IOMMU group");
        return;
    }
    if (blockers->len) {
        group_is_blocked(c, r, blockers);
        return;
    }
    if (rest->len) {
        list = check_device_names(rest);
        is_warn(r, "%d, with %s: a guest gets all functions of the adapter, "
                "and QEMU takes them only from vfio-pci", c->d->group, list);
        to_fix(r, "%s", bind);
        return;
    }
    for (guint i = 0; i < c->m->devices->len; i++) {
        MachineDevice *other = g_ptr_array_index(c->m->devices, i);

        if (is_other_of_group(c->d, other) && !device_is_bridge(other)) {
            g_ptr_array_add(others, other);
        }
    }
    list = check_device_names(others);
    if (others->len) {
        is_ok(r, "%d, with %s", c->d->group, list);
    } else {
        is_ok(r, "%d, alone in it", c->d->group);
    }
}

void check_driver(const CheckContext *c, CheckResult *r)
{
    g_autofree char *bind = check_bind_command(c->m, c->d);
    g_autoptr(GPtrArray) holders = device_holders(c->m, c->d);

    if (device_is_bound(c->d)) {
        is_ok(r, "vfio-pci");
        return;
    }
    if (c->d->driver) {
        is_fail(r, "bound to %s, but QEMU can use it only through vfio-pci",
                c->d->driver);
    } else {
        is_fail(r, "bound to no driver, but QEMU can use it only through "
                "vfio-pci");
    }
    if (group_is_foreign(c->m, c->d)) {
        to_fix(r, "first do what group says");
        return;
    }
    to_fix(r, "%s%s", c->d->group < 0 && !c->m->noiommu ?
           "first do what iommu says; then: " :
           holders->len ? "first do what in-use says; then: " :
           c->m->disable_vga_source && !root_exists(c->m->root, VFIO_DRIVER) ?
           "first do what disable-vga says; then: " : "", bind);
}

/*
 * A QEMU that has the adapter open is normal if it is the user's own guest,
 * and a mistake if it is another one.
 */
static void in_use_by_guest(const GPtrArray *holders, CheckResult *r)
{
    const MachineHolder *h = g_ptr_array_index(holders, 0);
    const char *name = h->name ? h->name : "a guest";

    is_warn(r, "%s (process %s) has it assigned: a second QEMU gets EBUSY",
            name, h->pid);
    to_fix(r, "end %s before another guest is started", name);
}

void check_in_use(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GPtrArray) holders = device_holders(c->m, c->d);
    g_autofree char *text = holders_text(holders);
    g_autofree char *remedy = holders_remedy(holders);

    if (holders->len && device_is_bound(c->d)) {
        in_use_by_guest(holders, r);
    } else if (holders->len) {
        is_fail(r, "%s: the driver cannot be unbound while it is in use", text);
        to_fix(r, "%s", remedy);
    } else if (c->m->holders_hidden) {
        is_unknown(r, "it could not be seen whether a program has the adapter "
                      "open");
        to_fix(r, AS_ROOT);
    } else {
        is_ok(r, "nobody has it open");
    }
}

void check_memory(const CheckContext *c, CheckResult *r)
{
    guint64 need = c->guest->memory + MEMORY_BESIDES, lock, max;
    g_autofree char *group = NULL;
    g_autofree char *need_text = size_text(need);
    bool limited = host_memory_max(c->m, &max, &group);
    bool known = host_memlock(c->m, &lock);
    g_autofree char *max_text = size_text(max);
    g_autofree char *lock_text = size_text(lock);

    if (limited && max < need) {
        is_warn(r, "the control group %s may have %s, and a guest with an "
                "assigned adapter needs all of its memory at once (%s): QEMU is "
                "killed", group, max_text, need_text);
        to_fix(r, "start the guest outside of it (libvirt does), with less "
               "memory, or raise memory.max");
    } else if (!known) {
        is_na(r, "the limits of this process are not known");
    } else if (lock < need) {
        is_warn(r, "this user may lock %s, and vfio locks all of the guest's "
                "memory (%s): a QEMU that this user starts fails with ENOMEM",
                lock_text, need_text);
        to_fix(r, "start the guest by libvirt or as root; or: prlimit --pid $$ "
               "--memlock=%" G_GUINT64_FORMAT ", as root, for your shell", need);
    } else {
        is_ok(r, "the guest's memory may be locked");
    }
}

/* Whether only root may read the file: libvirt's QEMU does not run as root. */
static bool romfile_is_private(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !(st.st_mode & S_IROTH);
}

/* True if vfio's groups are missing or unused, so that access is by iommufd. */
static bool access_by_iommufd(const CheckContext *c, CheckResult *r)
{
    g_autofree char *node = g_strconcat("/dev/vfio/devices/", c->d->cdev, NULL);

    if (!c->d->cdev || !root_exists(c->m->root, node) ||
        !root_exists(c->m->root, "/dev/iommu")) {
        return false;
    }
    is_warn(r, "%s and /dev/iommu exist, but the node of its group does not: "
            "QEMU opens the node of the group unless it is told to use "
            "IOMMUFD", node);
    to_fix(r, "-object iommufd,id=iommufd0 -device vfio-pci,...,"
           "iommufd=iommufd0");
    return true;
}

void check_access(const CheckContext *c, CheckResult *r)
{
    g_autofree char *node = g_strdup_printf("/dev/vfio/%d", c->d->group);
    g_autofree char *path = root_path(c->m->root, node);
    struct stat st;

    if (c->guest->romfile && romfile_is_private(c->guest->romfile)) {
        is_warn(r, "libvirt's QEMU is not root, and cannot read %s",
                c->guest->romfile);
        to_fix(r, "chmod o+r %s", c->guest->romfile);
    } else if (!device_is_bound(c->d) || c->d->group < 0) {
        is_na(r, "its node is made when it is bound");
    } else if (stat(path, &st) < 0) {
        if (!access_by_iommufd(c, r)) {
            is_fail(r, "%s: %s", node, g_strerror(errno));
            to_fix(r, "bind it again: echo %s > " VFIO_DRIVER "/unbind, and "
                   "the same to bind; journalctl -k -g vfio may tell why",
                   c->d->bdf);
        }
    } else if (st.st_mode & S_IWOTH) {
        is_ok(r, "everybody may open %s", node);
    } else {
        is_ok(r, "%s %04o: libvirt opens it; else root or its owner", node,
              st.st_mode & 07777);
    }
}

static const char *const not_the_series =
    "without it, QEMU tells less of what goes wrong, and each access takes "
    "longer";

static void qemu_is_proxmox(CheckResult *r)
{
    is_warn(r, "Proxmox VE starts its own /usr/bin/kvm and SeaBIOS, and neither "
            "has this series: %s", not_the_series);
    to_fix(r, "nothing to type; to run this series' QEMU, use the command of "
           "%s args", out_tool());
}

static void qemu_is_series(const CheckContext *c, CheckResult *r,
                           const HostQEMU *q, const char *ovmf)
{
    if (c->guest->firmware == VBIOS_FIRMWARE_UEFI) {
        is_ok(r, "%s, with this series, and %s", q->path, ovmf);
    } else if (q->seabios == ANSWER_YES) {
        is_ok(r, "%s, with this series and its SeaBIOS, %s", q->path, q->bios);
    } else {
        is_ok(r, "%s, with this series", q->path);
    }
}

void check_qemu(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GPtrArray) qemus = host_qemus(c->m);
    const HostQEMU *q = qemus->len ? g_ptr_array_index(qemus, 0) : NULL;
    g_autofree char *ovmf = host_ovmf(c->m);

    if (q && c->guest->firmware == VBIOS_FIRMWARE_UEFI && !ovmf) {
        is_warn(r, "%s, and no OVMF was found for a UEFI guest", q->path);
        to_fix(r, "apt install ovmf (Fedora: edk2-ovmf)");
    } else if (q && q->patched && q->seabios == ANSWER_NO) {
        is_warn(r, "%s has this series, and its SeaBIOS does not: the window "
                "for BARs is smaller, and the boot VGA may be another", q->path);
        to_fix(r, "make install PREFIX=%s, which brings both", q->prefix);
    } else if (q && q->patched) {
        qemu_is_series(c, r, q, ovmf);
    } else if (host_is_proxmox(c->m)) {
        qemu_is_proxmox(r);
    } else if (q) {
        is_warn(r, "%s does not have this series: %s", q->path, not_the_series);
        to_fix(r, "make install PREFIX=/opt/qemu-vga, and name that QEMU in "
               "the domain's <emulator>");
    } else {
        is_na(r, "no QEMU in /usr, /usr/local or /opt");
    }
}

static const HostQEMU *patched_qemu(const GPtrArray *qemus)
{
    const HostQEMU *q = qemus->len ? g_ptr_array_index(qemus, 0) : NULL;

    return q && q->patched ? q : NULL;
}

/* AppArmor's profile for libvirt's guests allows /usr/bin/qemu-* by itself. */
static bool is_confined(const CheckContext *c, const HostQEMU *q)
{
    return q && !g_str_equal(q->prefix, "/usr") && host_apparmor(c->m) &&
           !(host_apparmor_allows(c->m, q) && host_apparmor_starts(c->m, q));
}

static void fix_confined(const HostQEMU *q, CheckResult *r)
{
    if (q->packaged) {
        to_fix(r, "apt-get install --reinstall "
               "-o Dpkg::Options::=--force-confask,confmiss qemu-vga-assign");
    } else {
        to_fix(r, "printf '%%s,\\n' '%s/** rmix' '/dev/vga_arbiter rw' >> "
               "/etc/apparmor.d/local/abstractions/libvirt-qemu; echo '%s/bin/* "
               "PUx,' >> /etc/apparmor.d/local/usr.sbin.libvirtd; "
               "systemctl reload apparmor", q->prefix, q->prefix);
    }
}

void check_libvirt(const CheckContext *c, CheckResult *r)
{
    g_autoptr(GPtrArray) qemus = host_qemus(c->m);
    const HostQEMU *q = patched_qemu(qemus);
    unsigned version = host_libvirt(c->m);

    if (!version) {
        is_na(r, "libvirt is not installed");
    } else if (version < 8002) {
        is_warn(r, "libvirt %u.%u does not know <qemu:override>, by which a "
                "domain gets x-vga=on (8.2 does)", version / 1000,
                version % 1000);
        to_fix(r, "use a newer libvirt, or start QEMU with the command of "
               "%s args", out_tool());
    } else if (is_confined(c, q)) {
        is_warn(r, "AppArmor keeps libvirt %u.%u from %s", version / 1000,
                version % 1000, q->path);
        fix_confined(q, r);
    } else if (q && !g_str_equal(q->prefix, "/usr")) {
        is_ok(r, "libvirt %u.%u, which runs %s where a domain names it in "
              "<emulator>", version / 1000, version % 1000, q->path);
    } else {
        is_ok(r, "libvirt %u.%u", version / 1000, version % 1000);
    }
}
