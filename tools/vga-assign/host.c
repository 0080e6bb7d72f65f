/*
 * Facts about the host besides its adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "output.h"

/* The prefix of Debian's package, and its name for libvirt's <emulator>. */
#define PACKAGE_PREFIX "/usr/lib/qemu-vga-assign"
#define PACKAGE_COMMAND "/usr/bin/qemu-system-x86_64-vga-assign"

#define VTCONSOLES "/sys/class/vtconsole"
#define CGROUPS "/sys/fs/cgroup"

/* Linux, drivers/tty/vt/vt.c: the name is "(S) VGA+", and "bind" reads 1. */
char *host_vgacon(const Machine *m)
{
    g_auto(GStrv) names = root_list(m->root, VTCONSOLES);

    for (char **n = names; *n; n++) {
        g_autofree char *name = g_strconcat(VTCONSOLES "/", *n, "/name", NULL);
        g_autofree char *bind = g_strconcat(VTCONSOLES "/", *n, "/bind", NULL);
        g_autofree char *text = root_text(m->root, name);

        if (text && strstr(text, "VGA") &&
            root_number(m->root, bind, 0) == 1) {
            return g_strdup(*n);
        }
    }
    return NULL;
}

/* A number of bytes, or a word that stands for no limit. */
static guint64 limit_of(const char *text)
{
    char *end;
    guint64 value = g_ascii_strtoull(text, &end, 10);

    return end == text ? G_MAXUINT64 : value;
}

bool host_memlock(const Machine *m, guint64 *bytes)
{
    static const char name[] = "Max locked memory";
    g_autofree char *text = root_text(m->root, "/proc/self/limits");
    const char *line = text ? strstr(text, name) : NULL;

    if (!line) {
        return false;
    }
    line += strlen(name);
    *bytes = !root_is_copy(m->root) && geteuid() == 0 ? G_MAXUINT64 :
             limit_of(line + strspn(line, " "));
    return true;
}

/* The line of the unified hierarchy in /proc/self/cgroup is "0::/a/b". */
static char *own_cgroup(const Machine *m)
{
    g_autofree char *text = root_text(m->root, "/proc/self/cgroup");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "0::/") && !strstr(*line, "..")) {
            return g_strdup(*line + strlen("0::"));
        }
    }
    return NULL;
}

bool host_memory_max(const Machine *m, guint64 *bytes, char **group)
{
    g_autofree char *path = own_cgroup(m);

    *bytes = G_MAXUINT64;
    *group = NULL;
    while (path && *path) {
        g_autofree char *file = g_strconcat(CGROUPS, path, "/memory.max", NULL);
        g_autofree char *text = root_text(m->root, file);
        guint64 value = text ? limit_of(text) : G_MAXUINT64;

        if (value < *bytes) {
            *bytes = value;
            g_free(*group);
            *group = g_strdup(path);
        }
        *strrchr(path, '/') = '\0';
    }
    return *group != NULL;
}

/*
 * The library's file name has the version: libvirt.so.0.8002.0 is libvirt 8.2.
 */
unsigned host_libvirt(const Machine *m)
{
    static const char *const places[] = {
        "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
        "/lib/x86_64-linux-gnu",
    };
    unsigned version = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(places) && !version; i++) {
        g_auto(GStrv) names = root_list(m->root, places[i]);

        for (char **n = names; *n && !version; n++) {
            if (sscanf(*n, "libvirt.so.0.%u", &version) != 1) {
                version = 0;
            }
        }
    }
    return version;
}

bool host_is_proxmox(const Machine *m)
{
    return root_exists(m->root, "/usr/bin/pveversion");
}

#define APPARMOR "/etc/apparmor.d/"
#define APPARMOR_LIBVIRT APPARMOR "abstractions/libvirt-qemu"
#define APPARMOR_LOCAL APPARMOR "local/abstractions/libvirt-qemu"
#define APPARMOR_PARTS "abstractions/libvirt-qemu.d"

bool host_apparmor(const Machine *m)
{
    g_autofree char *enabled =
        root_text(m->root, "/sys/module/apparmor/parameters/enabled");

    return enabled && *enabled == 'Y' &&
           root_exists(m->root, APPARMOR_LIBVIRT);
}

/* Whether a rule or an include has @word in it; "#include" is not a comment. */
static bool profile_has(const Machine *m, const char *path, const char *word)
{
    g_autofree char *text = root_text(m->root, path);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        const char *rule = g_strchug(*line);

        if (strstr(rule, word) &&
            (*rule != '#' || g_str_has_prefix(rule, "#include"))) {
            return true;
        }
    }
    return false;
}

static bool guests_profile_has(const Machine *m, const char *word)
{
    return profile_has(m, APPARMOR_LIBVIRT, word) ||
           profile_has(m, APPARMOR_LOCAL, word);
}

/* Debian 12's libvirt includes no directory, only files that it names. */
static bool part_allows(const Machine *m, const char *name, const char *prefix)
{
    g_autofree char *include = g_strconcat("<" APPARMOR_PARTS "/", name, ">",
                                           NULL);
    g_autofree char *path = g_strconcat(APPARMOR APPARMOR_PARTS "/", name,
                                        NULL);

    return profile_has(m, path, prefix) &&
           (guests_profile_has(m, "<" APPARMOR_PARTS ">") ||
            guests_profile_has(m, include));
}

bool host_apparmor_allows(const Machine *m, const HostQEMU *q)
{
    g_auto(GStrv) names = root_list(m->root, APPARMOR APPARMOR_PARTS);
    bool allowed = guests_profile_has(m, q->prefix);

    for (char **n = names; *n && !allowed; n++) {
        allowed = part_allows(m, *n, q->prefix);
    }
    return allowed;
}

bool host_apparmor_starts(const Machine *m, const HostQEMU *q)
{
    return g_str_has_prefix(q->path, "/usr/bin/") ||
           !root_exists(m->root, APPARMOR "usr.sbin.libvirtd") ||
           profile_has(m, APPARMOR "local/usr.sbin.libvirtd", q->prefix);
}

static bool file_has(const Machine *m, const char *path, const char *mark)
{
    g_autofree char *name = root_path(m->root, path);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool found = false;
    struct stat st;
    void *map;

    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED) {
            found = memmem(map, st.st_size, mark, strlen(mark)) != NULL;
            munmap(map, st.st_size);
        }
    }
    close(fd);
    return found;
}

static void qemu_free(gpointer opaque)
{
    HostQEMU *q = opaque;

    g_free(q->path);
    g_free(q->binary);
    g_free(q->prefix);
    g_free(q->bios);
    g_free(q);
}

static void add_qemu(const Machine *m, GPtrArray *qemus, const char *prefix)
{
    g_autofree char *path = g_strconcat(prefix, "/bin/qemu-system-x86_64",
                                        NULL);
    bool packaged = g_str_equal(prefix, PACKAGE_PREFIX) &&
                    root_exists(m->root, PACKAGE_COMMAND);
    HostQEMU *q;

    if (!root_exists(m->root, path)) {
        return;
    }
    q = g_new0(HostQEMU, 1);
    q->path = g_strdup(packaged ? PACKAGE_COMMAND : path);
    q->binary = g_steal_pointer(&path);
    q->prefix = g_strdup(prefix);
    q->bios = g_strconcat(prefix, "/share/qemu/bios-256k.bin", NULL);
    q->packaged = packaged;
    /*
     * Only this series' QEMU has the property, and only its SeaBIOS the name.
     */
    q->patched = file_has(m, q->binary, "x-vga-arbiter");
    q->seabios = root_exists(m->root, q->bios) ?
                 file_has(m, q->bios, "-vga-assign") : ANSWER_UNKNOWN;
    g_ptr_array_insert(qemus, q->patched ? 0 : -1, q);
}

GPtrArray *host_qemus(const Machine *m)
{
    static const char *const prefixes[] = {
        PACKAGE_PREFIX, "/usr/local", "/usr",
    };
    GPtrArray *qemus = g_ptr_array_new_with_free_func(qemu_free);
    g_auto(GStrv) names = root_list(m->root, "/opt");

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        add_qemu(m, qemus, prefixes[i]);
    }
    for (char **n = names; *n; n++) {
        g_autofree char *prefix = g_strconcat("/opt/", *n, NULL);

        add_qemu(m, qemus, prefix);
    }
    return qemus;
}

char *host_series(const Machine *m)
{
    g_autoptr(GPtrArray) qemus = host_qemus(m);
    const HostQEMU *first = qemus->len ? g_ptr_array_index(qemus, 0) : NULL;
    g_autofree char *clean = first ? out_clean(first->path) : NULL;

    return first && first->patched && g_str_equal(clean, first->path) ?
           g_strdup(first->path) : NULL;
}

bool host_is_series(const Machine *m, const char *path)
{
    g_autoptr(GPtrArray) qemus = host_qemus(m);

    for (guint i = 0; i < qemus->len; i++) {
        const HostQEMU *q = g_ptr_array_index(qemus, i);

        if (q->patched && (g_str_equal(q->path, path) ||
                           g_str_equal(q->binary, path))) {
            return true;
        }
    }
    return false;
}

char *host_ovmf(const Machine *m)
{
    static const char *const files[] = {
        "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/x64/OVMF_CODE.fd",
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/pve-edk2-firmware/"
        "OVMF_CODE_4M.fd", "/usr/share/qemu/ovmf-x86_64-code.bin",
        "/usr/share/qemu/edk2-x86_64-code.fd",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (root_exists(m->root, files[i])) {
            return g_strdup(files[i]);
        }
    }
    return NULL;
}
