/*
 * A QEMU that is sent many commands before its first reply is read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libqtest waits for each reply, which is more than half of the time an access
 * takes (12 thousand a second, with batches 29).  QEMU does not ask for that:
 * it works off line by line what it gets, one reply to each, and the device
 * sees the same accesses.  So libqtest only starts the process (and ends it if
 * this one aborts); the command line's last -qtest, which is the one that
 * counts, is a socket of this test.
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
    size_t read;  /* of @in, by pipe_reply() */
    int wanted;   /* replies, one for each command */
} Pipe;

/* @path: where its sockets may be until it has opened them; @args: of QEMU */
void pipe_open(Pipe *p, const char *path, const char *args);
void pipe_close(Pipe *p);

/* Queue a command of qtest, which is a line, without its newline */
void pipe_printf(Pipe *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Until each of @n has its replies.  Neither may wait for the other: a QEMU
 * whose replies nobody reads stops.
 */
void pipes_run(Pipe *pipes, int n);

/* The next reply, valid until pipe_clear() */
char *pipe_reply(Pipe *p);
void pipe_clear(Pipe *p);

/* By QMP: the command has succeeded, and the event it ends with has come */
void pipe_command(Pipe *p, const char *command, const char *event);

#endif /* TESTS_VFIO_USER_PIPE_H */
