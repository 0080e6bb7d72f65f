/*
 * Holding the host's VGA arbiter while a guest draws
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The thread owns the file.  It may sleep in a system call as long as another
 * user holds the arbiter, and nothing can wake it.  So nothing waits for the
 * thread, and it may outlive the adapter.
 */

#include "qemu/osdep.h"
#include <sys/sysmacros.h>

#include "pci.h"
#include "trace.h"
#include "vga-arbiter.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/thread.h"
#include "qemu/timer.h"

#define SYS_NODES   "/sys/dev/char"
#define PROC_MISC   "/proc/misc"
#define MISC_MAJOR  10              /* linux/major.h */

struct VFIOVGAArbiter {
    char *name;
    int fd;
    int users;              /* the adapter and the thread */

    QemuMutex lock;         /* of the rest; not held while fd is used */
    QemuCond wake;
    bool idle;              /* the thread waits for an access */
    bool used;              /* an access has come since the last look */
    bool quit;
    uint64_t holds;
};

static const char remedy[] =
    "Leave out x-vga-arbiter=on: it only makes switches fewer, and the "
    "host\nswitches by itself.\n";

/*
 * The file
 */

int vfio_vga_arbiter_open(const char *path, Error **errp)
{
    ERRP_GUARD();
    int fd = qemu_open_old(path, O_RDWR);

    if (fd >= 0) {
        return fd;
    }
    error_setg_errno(errp, errno, "x-vga-arbiter=on: cannot open %s", path);
    if (errno == EACCES || errno == EPERM) {
        error_append_hint(errp, "Let the program that starts QEMU open the "
                          "file and pass it as vga-arbiter-fd=NUMBER,\n"
                          "or leave out x-vga-arbiter=on.\n");
    } else {
        error_append_hint(errp, "The host's kernel needs CONFIG_VGA_ARB, and "
                          "a container needs the device node.\n%s", remedy);
    }
    return -1;
}

/* Linux, drivers/char/misc.c: each line has a minor number and a name */
static char *node_in_list(const char *text, unsigned minor)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned i;

    for (i = 0; lines[i]; i++) {
        unsigned number;
        char name[32];

        if (sscanf(lines[i], "%u %31s", &number, name) == 2 &&
            number == minor) {
            return g_strdup(name);
        }
    }
    return g_strdup("");
}

char *vfio_vga_arbiter_node(dev_t device, const char *sys, const char *misc)
{
    g_autofree char *link = g_strdup_printf("%s/%u:%u", sys, major(device),
                                            minor(device));
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *text = NULL;

    if (target) {
        return g_path_get_basename(target);
    }
    if (g_file_test(sys, G_FILE_TEST_IS_DIR) || major(device) != MISC_MAJOR) {
        return g_strdup("");
    }
    return g_file_get_contents(misc, &text, NULL, NULL) ?
           node_in_list(text, minor(device)) : NULL;
}

bool vfio_vga_arbiter_check_fd(int fd, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *node = NULL;
    struct stat about;

    if (fstat(fd, &about)) {
        error_setg_errno(errp, errno,
                         "vga-arbiter-fd: file descriptor %d cannot be used",
                         fd);
        return false;
    }
    node = S_ISCHR(about.st_mode) ?
           vfio_vga_arbiter_node(about.st_rdev, SYS_NODES, PROC_MISC) :
           g_strdup("");
    if (!node) {
        error_setg(errp, "vga-arbiter-fd: it is not known whether file "
                   "descriptor %d is " VFIO_VGA_ARBITER_PATH ": there is "
                   "neither " SYS_NODES " nor " PROC_MISC, fd);
        error_append_hint(errp, "Mount /sys or /proc where QEMU runs, or leave "
                          "out x-vga-arbiter=on.\n");
        return false;
    }
    if (strcmp(node, "vga_arbiter")) {
        error_setg(errp, "vga-arbiter-fd: file descriptor %d is not "
                   VFIO_VGA_ARBITER_PATH, fd);
        error_append_hint(errp, "Pass one that was opened for reading and "
                          "writing on " VFIO_VGA_ARBITER_PATH ",\nor leave out "
                          "vga-arbiter-fd.\n");
        return false;
    }
    return true;
}

static bool arbiter_say(VFIOVGAArbiter *a, const char *command, Error **errp)
{
    ssize_t ret = RETRY_ON_EINTR(write(a->fd, command, strlen(command)));

    trace_vfio_vga_arbiter_said(a->name, command, ret < 0 ? errno : 0);
    if (ret == strlen(command)) {
        return true;
    }
    error_setg_errno(errp, ret < 0 ? errno : EIO,
                     "the VGA arbiter refused '%s'", command);
    return false;
}

/*
 * The thread
 */

static void arbiter_unref(VFIOVGAArbiter *a)
{
    if (qatomic_fetch_dec(&a->users) > 1) {
        return;
    }
    qemu_cond_destroy(&a->wake);
    qemu_mutex_destroy(&a->lock);
    g_free(a->name);
    g_free(a);
}

static void arbiter_hold(VFIOVGAArbiter *a)
{
    int64_t end = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                  VFIO_VGA_ARBITER_HOLD_MS;

    qemu_mutex_lock(&a->lock);
    a->holds++;
    do {
        a->used = false;
        if (!a->quit) {
            qemu_cond_timedwait(&a->wake, &a->lock, VFIO_VGA_ARBITER_IDLE_MS);
        }
    } while (!a->quit && a->used &&
             qemu_clock_get_ms(QEMU_CLOCK_REALTIME) < end);
    qemu_mutex_unlock(&a->lock);
}

/* Returns false if the arbiter should not be held again */
static bool arbiter_wait_for_use(VFIOVGAArbiter *a)
{
    bool quit;

    qemu_mutex_lock(&a->lock);
    if (!a->quit) {
        qemu_cond_timedwait(&a->wake, &a->lock, VFIO_VGA_ARBITER_REST_MS);
    }
    a->idle = true;
    while (!a->quit && !a->used) {
        qemu_cond_wait(&a->wake, &a->lock);
    }
    a->idle = false;
    quit = a->quit;
    qemu_mutex_unlock(&a->lock);
    return !quit;
}

static void *arbiter_thread(void *opaque)
{
    VFIOVGAArbiter *a = opaque;
    Error *err = NULL;

    while (!err && arbiter_wait_for_use(a)) {
        if (arbiter_say(a, "lock io+mem", &err)) {
            arbiter_hold(a);
            arbiter_say(a, "unlock io+mem", &err);
        }
    }
    if (err) {
        warn_reportf_err(err, VFIO_MSG_PREFIX "x-vga-arbiter is off from now "
                         "on: ",
                         a->name);
    }
    close(a->fd);
    arbiter_unref(a);
    return NULL;
}

VFIOVGAArbiter *vfio_vga_arbiter_new(const char *name, const char *address,
                                     int fd, Error **errp)
{
    g_autofree char *target = g_strdup_printf("target PCI:%s", address);
    VFIOVGAArbiter *a = g_new0(VFIOVGAArbiter, 1);
    QemuThread thread;

    a->name = g_strdup(name);
    a->fd = fd;
    a->users = 1;
    /*
     * The file may have been inherited, but programs that QEMU starts must not
     * have it
     */
    qemu_set_cloexec(fd);
    qemu_mutex_init(&a->lock);
    qemu_cond_init(&a->wake);
    if (!arbiter_say(a, target, errp)) {
        arbiter_unref(a);
        return NULL;
    }
    a->users++;
    qemu_thread_create(&thread, "vga-arbiter", arbiter_thread, a,
                       QEMU_THREAD_DETACHED);
    return a;
}

void vfio_vga_arbiter_use(VFIOVGAArbiter *a)
{
    QEMU_LOCK_GUARD(&a->lock);

    a->used = true;
    if (a->idle) {
        qemu_cond_signal(&a->wake);
    }
}

uint64_t vfio_vga_arbiter_holds(VFIOVGAArbiter *a)
{
    QEMU_LOCK_GUARD(&a->lock);

    return a->holds;
}

void vfio_vga_arbiter_free(VFIOVGAArbiter *a)
{
    qemu_mutex_lock(&a->lock);
    a->quit = true;
    qemu_cond_signal(&a->wake);
    qemu_mutex_unlock(&a->lock);
    arbiter_unref(a);
}

/*
 * The adapter
 */

/* Options that contradict each other */
static bool hold_options_valid(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    VFIOVGAHold *hold = &vdev->vga_hold;

    if (!hold->on && hold->fd_name) {
        error_setg(errp, "vga-arbiter-fd=%s needs x-vga-arbiter=on",
                   hold->fd_name);
        error_append_hint(errp, "Add x-vga-arbiter=on, or leave "
                          "vga-arbiter-fd out.\n");
        return false;
    }
    if (hold->on && !(vdev->features & VFIO_FEATURE_ENABLE_VGA)) {
        error_setg(errp, "x-vga-arbiter=on needs an adapter with x-vga=on");
        error_append_hint(errp, "Add x-vga=on, or leave x-vga-arbiter out.\n");
        return false;
    }
    return true;
}

/* DDDD:BB:DD.F of the adapter on the host, newly allocated, or NULL */
static char *hold_address(VFIODevice *vbasedev, Error **errp)
{
    ERRP_GUARD();
    g_autofree char *path =
        vbasedev->sysfsdev ? realpath(vbasedev->sysfsdev, NULL) : NULL;
    g_autofree char *address = path ? g_path_get_basename(path) : NULL;
    unsigned domain, bus, slot, function;
    int end = 0;

    if (!address || sscanf(address, "%x:%x:%x.%x%n", &domain, &bus, &slot,
                           &function, &end) != 4 || address[end]) {
        error_setg(errp, "x-vga-arbiter=on: the adapter's address on the host "
                   "is not known");
        error_append_hint(errp, "Give the adapter by host= or sysfsdev=, or "
                          "leave x-vga-arbiter out.\n");
        return NULL;
    }
    return g_steal_pointer(&address);
}

static int hold_open(const char *fd_name, Error **errp)
{
    int fd;

    if (!fd_name) {
        return vfio_vga_arbiter_open(VFIO_VGA_ARBITER_PATH, errp);
    }
    fd = monitor_fd_param(monitor_cur(), fd_name, errp);
    if (fd >= 0 && !vfio_vga_arbiter_check_fd(fd, errp)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool vfio_vga_arbiter_setup(VFIOPCIDevice *vdev, Error **errp)
{
    ERRP_GUARD();
    VFIOVGAHold *hold = &vdev->vga_hold;
    VFIODevice *vbasedev = &vdev->vbasedev;
    g_autofree char *address = NULL;
    int fd;

    if (!hold_options_valid(vdev, errp)) {
        return false;
    }
    if (!hold->on) {
        return true;
    }
    address = hold_address(vbasedev, errp);
    fd = address ? hold_open(hold->fd_name, errp) : -1;
    if (fd < 0) {
        return false;
    }
    hold->arbiter = vfio_vga_arbiter_new(vbasedev->name, address, fd, errp);
    if (!hold->arbiter) {
        error_prepend(errp, "x-vga-arbiter=on: ");
        error_append_hint(errp, "%s", remedy);
        close(fd);
        return false;
    }
    return true;
}

void vfio_vga_arbiter_finalize(VFIOPCIDevice *vdev)
{
    VFIOVGAHold *hold = &vdev->vga_hold;

    if (!hold->arbiter) {
        return;
    }
    vfio_vga_arbiter_free(hold->arbiter);
    hold->arbiter = NULL;
}
