/*
 * The kernel's VGA arbiter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbiter.h"

#define ANSWER_MAX 1024

char *arbiter_line(const char *bdf, const MachineArbiter *a)
{
    if (!a->known) {
        return NULL;
    }
    return g_strdup_printf("count:%d,PCI:%s,decodes=%s,owns=%s,locks=%s(%u:%u)",
                           a->count, bdf, a->decodes, a->owns, a->locks,
                           a->io_locks, a->mem_locks);
}

bool arbiter_is_locked(const MachineArbiter *arbiter)
{
    return arbiter->known && (arbiter->io_locks || arbiter->mem_locks);
}

/*
 * Parse the line of @bdf in an answer.  "invalid" and the lines of other
 * adapters are ignored.
 */
static void arbiter_parse(const char *text, const char *bdf, MachineArbiter *a)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line && !a->known; line++) {
        char name[32], decodes[16], owns[16], locks[16];
        int count;
        unsigned io, mem;

        if (sscanf(*line, "count:%d,PCI:%31[^,],decodes=%15[^,],owns=%15[^,],"
                   "locks=%15[^(](%u:%u)", &count, name, decodes, owns, locks,
                   &io, &mem) != 7 || !g_str_equal(name, bdf)) {
            continue;
        }
        a->known = true;
        a->count = count;
        a->decodes = g_utf8_make_valid(decodes, -1);
        a->owns = g_utf8_make_valid(owns, -1);
        a->locks = g_utf8_make_valid(locks, -1);
        a->io_locks = io;
        a->mem_locks = mem;
    }
}

/* Ask the node about @bdf.  Returns 0, or the errno of the step that failed. */
static int arbiter_ask(int fd, const char *bdf, char *answer)
{
    g_autofree char *target = g_strdup_printf("target PCI:%s", bdf);
    ssize_t got;

    if (write(fd, target, strlen(target)) < 0) {
        return errno;
    }
    got = read(fd, answer, ANSWER_MAX);
    if (got < 0) {
        return errno;
    }
    answer[got] = '\0';
    return 0;
}

/* A copy of a machine has a file with all answers in place of the node. */
static void arbiter_load_copy(Machine *machine, MachineDevice *device)
{
    g_autofree char *text = root_text(machine->root, ARBITER_NODE);

    if (text) {
        arbiter_parse(text, device->bdf, &device->arbiter);
    }
}

void arbiter_load(Machine *machine, MachineDevice *device)
{
    char answer[ANSWER_MAX + 1];
    int fd, code;

    if (!device_is_vga(device)) {
        return;         /* the arbiter has VGA adapters only */
    }
    if (root_is_copy(machine->root)) {
        arbiter_load_copy(machine, device);
        return;
    }
    fd = open(ARBITER_NODE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT) {
            root_unreadable(machine->root, ARBITER_NODE, errno);
        }
        return;
    }
    code = arbiter_ask(fd, device->bdf, answer);
    if (!code) {
        arbiter_parse(answer, device->bdf, &device->arbiter);
    } else if (code != ENODEV) {
        root_unreadable(machine->root, ARBITER_NODE, code);
    }
    close(fd);
}
