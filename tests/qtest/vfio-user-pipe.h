/*
 * A QEMU that gets many commands before its first reply is read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libqtest waits for each reply, which takes more than half of the time of an
 * access (12 thousand accesses a second, and 29 thousand in batches).  QEMU
 * does not need that: it executes line by line what it gets, with one reply to
 * each line, and the device sees the same accesses.  So libqtest only starts
 * the process (and ends it if this one aborts).  The command line's last
 * -qtest, which is the one that counts, is a socket of this test.
 */

#ifndef TESTS_VFIO_USER_PIPE_H
#define TESTS_VFIO_USER_PIPE_H

#include "libqtest.h"

typedef struct Pipe {
    QTestState *qts;
    int fd;
    int qmp;
    GString *out; /* commands */
    size_t sent;
    GString *in;
    size_t read;  /* bytes of @in taken by pipe_reply() */
    int wanted;   /* replies, one for each command */
} Pipe;

/*
 * @path: where its sockets may be until it has opened them; @args: QEMU's
 * options
 */
void pipe_open(Pipe *p, const char *path, const char *args);
void pipe_close(Pipe *p);

/* Queue a command of qtest, a line, without its newline */
void pipe_printf(Pipe *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Run until each of @n has its replies.  None may wait for the others: a QEMU
 * whose replies are not read stops.
 */
void pipes_run(Pipe *pipes, int n);

/* Returns the next reply, valid until pipe_clear() */
char *pipe_reply(Pipe *p);
void pipe_clear(Pipe *p);

/*
 * Run a QMP command, which must succeed, and wait for the event that it ends
 * with
 */
void pipe_command(Pipe *p, const char *command, const char *event);

#endif /* TESTS_VFIO_USER_PIPE_H */
