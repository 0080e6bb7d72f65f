/*
 * Programs that have an adapter's device nodes open
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arbiter.h"
#include "holders.h"

/* Whether the target of a link in /proc/PID/fd can belong to an adapter. */
static bool node_matters(const char *node)
{
    static const char *const prefixes[] = {
        "/dev/vfio/", "/dev/dri/", "/dev/fb", "/dev/nvidia", "/dev/snd/",
        "/sys/devices/pci",
    };

    if (g_str_equal(node, ARBITER_NODE)) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(node, prefixes[i])) {
            return true;
        }
    }
    return false;
}

static void load_holders_of(Machine *m, const char *pid)
{
    g_autofree char *dir = g_strconcat("/proc/", pid, "/fd", NULL);
    g_autofree char *real = root_path(m->root, dir);
    g_auto(GStrv) fds = NULL;

    /*
     * root_list() would report each directory: hundreds of lines with one
     * cause.
     */
    if (root_hidden(m->root, dir)) {
        m->holders_hidden = true;
        return;
    }
    if (access(real, R_OK) != 0) {
        m->holders_hidden |= errno == EACCES || errno == EPERM;
        return;
    }
    fds = root_list(m->root, dir);
    for (char **fd = fds; *fd; fd++) {
        g_autofree char *path = g_strconcat(dir, "/", *fd, NULL);
        g_autofree char *target = root_link(m->root, path);
        g_autofree char *comm = g_strconcat("/proc/", pid, "/comm", NULL);
        MachineHolder *h;

        if (!target || !node_matters(target)) {
            continue;
        }
        h = g_new0(MachineHolder, 1);
        h->pid = g_strdup(pid);
        h->name = root_text(m->root, comm);
        h->node = g_steal_pointer(&target);
        g_ptr_array_add(m->holders, h);
    }
}

void holders_load(Machine *m)
{
    g_auto(GStrv) pids = root_list(m->root, "/proc");
    /* The tool itself has the arbiter open, too. */
    g_autofree char *self = g_strdup_printf("%d", (int)getpid());

    for (char **pid = pids; *pid; pid++) {
        if (g_ascii_isdigit((*pid)[0]) &&
            (root_is_copy(m->root) || !g_str_equal(*pid, self))) {
            load_holders_of(m, *pid);
        }
    }
}

/* The number in "Device Minor: 0" of NVIDIA's driver; -1 if it is missing. */
static int nvidia_minor(const Machine *m, const MachineDevice *d)
{
    g_autofree char *path = g_strconcat("/proc/driver/nvidia/gpus/", d->bdf,
                                        "/information", NULL);
    g_autofree char *text = root_text(m->root, path);
    const char *line = text ? strstr(text, "Device Minor:") : NULL;

    return line ? atoi(line + strlen("Device Minor:")) : -1;
}

/* Without the number any node counts: NVIDIA's driver has all its adapters. */
static bool is_nvidia_node(const Machine *m, const MachineDevice *d,
                           const char *node)
{
    const char *number = node + strlen("/dev/nvidia");
    int minor;

    if (g_strcmp0(d->driver, "nvidia") != 0 ||
        !g_str_has_prefix(node, "/dev/nvidia") || !g_ascii_isdigit(*number)) {
        return false;
    }
    minor = nvidia_minor(m, d);
    return minor < 0 || atoi(number) == minor;
}

static bool is_screen_node(const Machine *m, const MachineDevice *d,
                           const char *node)
{
    g_autofree char *name = g_path_get_basename(node);

    if (!g_str_has_prefix(node, "/dev/dri/") &&
        !g_str_has_prefix(node, "/dev/fb")) {
        return false;
    }
    for (guint i = 0; i < m->screens->len; i++) {
        const MachineScreen *s = g_ptr_array_index(m->screens, i);

        if (g_str_equal(s->node, name) &&
            g_strcmp0(s->owner, d->bdf) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * "/dev/snd/pcmC1D3p" belongs to card 1, whose directory names its PCI device.
 */
static bool is_sound_node(const Machine *m, const MachineDevice *d,
                          const char *node)
{
    const char *number = g_str_has_prefix(node, "/dev/snd/") ?
                         strrchr(node, 'C') : NULL;
    g_autofree char *path = NULL;
    g_autofree char *owner = NULL;

    if (!number || !g_ascii_isdigit(number[1])) {
        return false;
    }
    path = g_strdup_printf("/sys/class/sound/card%d/device", atoi(number + 1));
    owner = root_link_name(m->root, path);
    return g_strcmp0(owner, d->bdf) == 0;
}

static bool is_vfio_node(const MachineDevice *d, const char *node)
{
    g_autofree char *group = g_strdup_printf("/dev/vfio/%d", d->group);
    g_autofree char *cdev = g_strconcat("/dev/vfio/devices/", d->cdev, NULL);

    return device_is_bound(d) &&
           (g_str_equal(node, group) || (d->cdev && g_str_equal(node, cdev)));
}

static bool is_bar_node(const MachineDevice *d, const char *node)
{
    g_autofree char *part = g_strconcat("/", d->bdf, "/resource", NULL);

    return strstr(node, part) != NULL;
}

static bool is_node_of(const Machine *m, const MachineDevice *d,
                       const char *node)
{
    return is_vfio_node(d, node) || is_bar_node(d, node) ||
           is_screen_node(m, d, node) || is_nvidia_node(m, d, node) ||
           is_sound_node(m, d, node);
}

static bool has_pid(const GPtrArray *holders, const char *pid)
{
    for (guint i = 0; i < holders->len; i++) {
        const MachineHolder *h = g_ptr_array_index(holders, i);

        if (g_str_equal(h->pid, pid)) {
            return true;
        }
    }
    return false;
}

GPtrArray *device_holders(const Machine *m, const MachineDevice *d)
{
    GPtrArray *holders = g_ptr_array_new();

    for (guint i = 0; i < m->holders->len; i++) {
        MachineHolder *h = g_ptr_array_index(m->holders, i);

        if (!has_pid(holders, h->pid) && is_node_of(m, d, h->node)) {
            g_ptr_array_add(holders, h);
        }
    }
    return holders;
}

static const char *holder_name(const MachineHolder *h)
{
    return h->name && *h->name ? h->name : "a process";
}

char *holders_text(const GPtrArray *holders)
{
    GString *text = g_string_new("");

    for (guint i = 0; i < holders->len && i < 3; i++) {
        const MachineHolder *h = g_ptr_array_index(holders, i);

        g_string_append_printf(text, "%s%s (process %s) has %s open",
                               i ? ", " : "", holder_name(h), h->pid, h->node);
    }
    if (holders->len > 3) {
        g_string_append_printf(text, ", and so ha%s %u more",
                               holders->len == 4 ? "s" : "ve",
                               holders->len - 3);
    }
    return g_string_free(text, FALSE);
}

/* How to end a program that is restarted by itself, or that has all windows. */
static const char *holder_remedy(const MachineHolder *h)
{
    static const struct {
        const char *name;
        const char *remedy;
    } remedies[] = {
        { "nvidia-persiste", "systemctl stop nvidia-persistenced" },
        { "nvidia-powerd", "systemctl stop nvidia-powerd" },
        { "Xorg", "systemctl stop display-manager" },
        { "Xwayland", "systemctl stop display-manager" },
        { "gnome-shell", "systemctl stop display-manager" },
        { "kwin_", "systemctl stop display-manager" },
        { "mutter", "systemctl stop display-manager" },
        { "sway", "end the session of sway" },
        { "Hyprland", "end the session of Hyprland" },
        { "weston", "end the session of weston" },
        { "systemd-logind", "systemctl stop display-manager" },
        { "plymouthd", "plymouth quit" },
        { "pipewire", "systemctl --user stop pipewire.socket wireplumber" },
        { "wireplumber", "systemctl --user stop pipewire.socket wireplumber" },
        { "pulseaudio", "systemctl --user stop pulseaudio.socket pulseaudio" },
    };

    for (size_t i = 0; h->name && i < G_N_ELEMENTS(remedies); i++) {
        if (g_str_has_prefix(h->name, remedies[i].name)) {
            return remedies[i].remedy;
        }
    }
    return NULL;
}

char *holders_remedy(const GPtrArray *holders)
{
    GString *text = g_string_new("");

    for (guint i = 0; i < holders->len; i++) {
        const MachineHolder *h = g_ptr_array_index(holders, i);
        g_autofree char *end = g_strdup_printf("kill %s", h->pid);
        const char *remedy = holder_remedy(h);

        remedy = remedy ? remedy : end;
        if (!strstr(text->str, remedy)) {
            g_string_append_printf(text, "%s%s", text->len ? "; " : "", remedy);
        }
    }
    return g_string_free(text, FALSE);
}
