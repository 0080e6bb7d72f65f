/*
 * Holding the host's VGA arbiter: what is written to it and when, and what
 * happens if another program has locked it, or the adapter is gone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arbiter's file is one end of a socket pair, in which each write is a
 * message.  If it is full, a write sleeps, as a write to the arbiter does
 * while another program has the lock.
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "hw/vfio/pci.h"
#include "monitor/monitor.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "vfio-say.h"

#define ADDRESS "0000:02:00.0"
#define PATIENCE_MS 60000

/* Mocks */

static GMutex said_lock;
static GString *said; /* all messages, also the thread's */

int vfio_say(const char *fmt, va_list ap)
{
    size_t before;
    int length;

    g_mutex_lock(&said_lock);
    before = said->len;
    g_string_append_vprintf(said, fmt, ap);
    length = said->len - before;
    g_mutex_unlock(&said_lock);
    return length;
}

int monitor_fd_param(Monitor *mon, const char *fdname, Error **errp)
{
    g_assert_not_reached();
}

static int said_times(const char *what)
{
    const char *at;
    int n = 0;

    g_mutex_lock(&said_lock);
    for (at = said->str; (at = strstr(at, what)); at += strlen(what)) {
        n++;
    }
    g_mutex_unlock(&said_lock);
    return n;
}

/* The arbiter's end */

typedef struct Fake {
    int fd;
    VFIOVGAArbiter *arbiter;
} Fake;

/* The next thing written, or "" if the other end is closed */
static char *fake_heard(Fake *fake)
{
    struct pollfd wait = { .fd = fake->fd, .events = POLLIN };
    char text[64];
    ssize_t size;

    g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), ==, 1);
    size = recv(fake->fd, text, sizeof(text), 0);
    g_assert_cmpint(size, >=, 0);
    return g_strndup(text, size);
}

static void fake_expect(Fake *fake, const char *text)
{
    g_autofree char *heard = fake_heard(fake);

    g_assert_cmpstr(heard, ==, text);
}

static bool fake_hears_nothing(Fake *fake, int ms)
{
    struct pollfd wait = { .fd = fake->fd, .events = POLLIN };

    return !poll(&wait, 1, ms);
}

static int fake_pair(Fake *fake)
{
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), ==, 0);
    fake->fd = fds[0];
    return fds[1];
}

static void fake_start(Fake *fake)
{
    fake->arbiter = vfio_vga_arbiter_new("card", ADDRESS, fake_pair(fake),
                                         &error_abort);
    g_assert_nonnull(fake->arbiter);
    fake_expect(fake, "target PCI:" ADDRESS);
}

/* Check that nothing is locked when the file is closed */
static void fake_end(Fake *fake)
{
    vfio_vga_arbiter_free(fake->arbiter);
    fake_expect(fake, "");
    close(fake->fd);
}

/* When the lock is held */

/*
 * A program that QEMU starts, such as a network helper, does not inherit the
 * file
 */
static void test_close_on_exec(void)
{
    Fake fake;
    int fd = fake_pair(&fake);

    g_assert_cmpint(fcntl(fd, F_SETFD, 0), ==, 0);
    fake.arbiter = vfio_vga_arbiter_new("card", ADDRESS, fd, &error_abort);
    fake_expect(&fake, "target PCI:" ADDRESS);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
    fake_end(&fake);
}

static void test_one(void)
{
    Fake fake;

    fake_start(&fake);
    g_assert_true(fake_hears_nothing(&fake, 50));
    vfio_vga_arbiter_use(fake.arbiter);
    fake_expect(&fake, "lock io+mem");
    fake_expect(&fake, "unlock io+mem");
    g_assert_true(fake_hears_nothing(&fake, 50));
    g_assert_cmpint(vfio_vga_arbiter_holds(fake.arbiter), ==, 1);

    vfio_vga_arbiter_use(fake.arbiter);
    fake_expect(&fake, "lock io+mem");
    fake_expect(&fake, "unlock io+mem");
    g_assert_cmpint(vfio_vga_arbiter_holds(fake.arbiter), ==, 2);
    fake_end(&fake);
}

/* While a guest never pauses, the arbiter is released and locked again */
static void test_bounded(void)
{
    char text[64];
    Fake fake;
    int locks = 0, unlocks = 0;

    fake_start(&fake);
    while (unlocks < 5) {
        ssize_t size;

        vfio_vga_arbiter_use(fake.arbiter);
        size = recv(fake.fd, text, sizeof(text), MSG_DONTWAIT);
        locks += size == strlen("lock io+mem");
        unlocks += size == strlen("unlock io+mem");
    }
    g_assert_cmpint(locks - unlocks, >=, 0);
    g_assert_cmpint(locks - unlocks, <=, 1);
    while (!fake_hears_nothing(&fake, 50)) {
        g_autofree char *heard = fake_heard(&fake);

        locks += !strcmp(heard, "lock io+mem");
        unlocks += !strcmp(heard, "unlock io+mem");
    }
    g_assert_cmpint(locks, ==, unlocks);
    fake_end(&fake);
}

/* The adapter is removed while the lock is held */
static void test_free_while_held(void)
{
    Fake fake;

    fake_start(&fake);
    vfio_vga_arbiter_use(fake.arbiter);
    fake_expect(&fake, "lock io+mem");
    vfio_vga_arbiter_free(fake.arbiter);
    fake_expect(&fake, "unlock io+mem");
    fake_expect(&fake, "");
    close(fake.fd);
}

/* Faults */

/* Fill the socket until a write would sleep; returns how many writes it took */
static int fake_fill(int fd)
{
    int n = 0;

    while (send(fd, "x", 1, MSG_DONTWAIT) == 1) {
        n++;
    }
    return n;
}

/*
 * Another program has the lock: neither an access nor the removal of the
 * adapter waits, and nothing stays locked when the lock becomes free.
 */
static void test_contention(void)
{
    Fake fake;
    int fd, filled, i;

    fd = fake_pair(&fake);
    fake.arbiter = vfio_vga_arbiter_new("card", ADDRESS, fd, &error_abort);
    fake_expect(&fake, "target PCI:" ADDRESS);
    filled = fake_fill(fd);
    for (i = 0; i < 1000; i++) {
        vfio_vga_arbiter_use(fake.arbiter);
    }
    g_assert_cmpint(vfio_vga_arbiter_holds(fake.arbiter), ==, 0);
    g_usleep(20000); /* if it is not asleep yet, the test shows less */
    vfio_vga_arbiter_free(fake.arbiter);
    for (i = 0; i < filled; i++) {
        fake_expect(&fake, "x");
    }
    while (true) {
        g_autofree char *heard = fake_heard(&fake);

        if (!*heard) {
            break;
        }
        g_assert_cmpstr(heard, ==, "lock io+mem");
        fake_expect(&fake, "unlock io+mem");
    }
    close(fake.fd);
}

/* If the arbiter no longer knows the adapter, there is a single message */
static void test_gone(void)
{
    Fake fake;
    int i;

    fake_start(&fake);
    close(fake.fd);
    vfio_vga_arbiter_use(fake.arbiter);
    for (i = 0; i < PATIENCE_MS && !said_times("is off from now on"); i++) {
        g_usleep(1000);
    }
    for (i = 0; i < 100; i++) {
        vfio_vga_arbiter_use(fake.arbiter);
    }
    g_usleep(20000);
    g_assert_cmpint(said_times("card: x-vga-arbiter is off from now on: the "
                               "VGA arbiter refused 'lock io+mem'"), ==, 1);
    vfio_vga_arbiter_free(fake.arbiter);
}

static void check_error(Error *err, const char *text)
{
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(error_get_pretty(err), text));
    error_free(err);
}

static void test_unknown(void)
{
    Error *err = NULL;
    Fake fake;
    int fd = fake_pair(&fake);

    close(fake.fd);
    g_assert_null(vfio_vga_arbiter_new("card", ADDRESS, fd, &err));
    check_error(err, "refused 'target PCI:" ADDRESS "'");
    g_assert_cmpint(close(fd), ==, 0); /* it is still the test's */
}

static void test_no_node(void)
{
    Error *err = NULL;

    g_assert_cmpint(vfio_vga_arbiter_open("/nonexistent/vga", &err), ==, -1);
    check_error(err, "cannot open /nonexistent/vga: No such file");
}

static void test_no_permission(void)
{
    g_autofree char *directory = g_dir_make_tmp("vga-arbiter-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "node", NULL);
    bool root = !geteuid();
    Error *err = NULL;

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(g_chmod(path, 0), ==, 0);
    g_assert_cmpint(g_chmod(directory, 0755), ==, 0);
    g_assert_true(!root || !seteuid(65534));
    g_assert_cmpint(vfio_vga_arbiter_open(path, &err), ==, -1);
    g_assert_true(!root || !seteuid(0));
    check_error(err, "Permission denied");
    g_unlink(path);
    g_rmdir(directory);
}

static void test_wrong_fd(void)
{
    static const char *const paths[] = { "/dev/null", "/" };
    Error *err = NULL;
    int i;

    for (i = 0; i < ARRAY_SIZE(paths); i++) {
        int fd = open(paths[i], O_RDONLY);

        g_assert_false(vfio_vga_arbiter_check_fd(fd, &err));
        check_error(err, "is not " VFIO_VGA_ARBITER_PATH);
        err = NULL;
        close(fd);
    }
    g_assert_false(vfio_vga_arbiter_check_fd(9999, &err));
    check_error(err, "file descriptor 9999");
}

static void check_node(dev_t device, const char *sys, const char *misc,
                       const char *expected)
{
    g_autofree char *node = vfio_vga_arbiter_node(device, sys, misc);

    g_assert_cmpstr(node, ==, expected);
}

/* The device is identified by /sys, or else by /proc, or not at all */
static void test_node(void)
{
    g_autofree char *top = g_dir_make_tmp("vga-arbiter-XXXXXX", NULL);
    g_autofree char *sys = g_build_filename(top, "sys", NULL);
    g_autofree char *link = g_build_filename(sys, "10:63", NULL);
    g_autofree char *misc = g_build_filename(top, "misc", NULL);

    check_node(makedev(10, 63), sys, misc, NULL);
    check_node(makedev(1, 3), sys, misc, "");

    g_assert_true(g_file_set_contents(misc, "  1 psaux\n 63 vga_arbiter\n"
                                      "229 fuse\n", -1, NULL));
    check_node(makedev(10, 63), sys, misc, "vga_arbiter");
    check_node(makedev(10, 229), sys, misc, "fuse");
    check_node(makedev(10, 6), sys, misc, "");
    check_node(makedev(1, 63), sys, misc, "");

    g_assert_cmpint(g_mkdir(sys, 0755), ==, 0);
    check_node(makedev(10, 63), sys, misc, "");
    g_assert_cmpint(symlink("../../devices/virtual/misc/vga_arbiter", link), ==,
                    0);
    g_unlink(misc);
    check_node(makedev(10, 63), sys, misc, "vga_arbiter");
    g_unlink(link);
    g_rmdir(sys);
    g_rmdir(top);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    module_call_init(MODULE_INIT_QOM);
    signal(SIGPIPE, SIG_IGN); /* as QEMU does */
    said = g_string_new(NULL);

    g_test_add_func("/vfio-vga-arbiter/one", test_one);
    g_test_add_func("/vfio-vga-arbiter/close-on-exec", test_close_on_exec);
    g_test_add_func("/vfio-vga-arbiter/bounded", test_bounded);
    g_test_add_func("/vfio-vga-arbiter/free-while-held", test_free_while_held);
    g_test_add_func("/vfio-vga-arbiter/contention", test_contention);
    g_test_add_func("/vfio-vga-arbiter/gone", test_gone);
    g_test_add_func("/vfio-vga-arbiter/unknown", test_unknown);
    g_test_add_func("/vfio-vga-arbiter/no-node", test_no_node);
    g_test_add_func("/vfio-vga-arbiter/no-permission", test_no_permission);
    g_test_add_func("/vfio-vga-arbiter/wrong-fd", test_wrong_fd);
    g_test_add_func("/vfio-vga-arbiter/node", test_node);

    return g_test_run();
}
