/*
 * What a test asks an adapter of the zoo: the control socket
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lines of text on a UNIX stream socket, one connection at a time.  A guest's
 * serial port may be that connection, so that the guest itself says where a
 * step ends, with nobody else in the loop.  Each command is answered by one
 * line.
 *
 * step NAME    What happened since the last step goes to standard output, and
 * with --dump to DIR; the counters start again at 0.  NAME is of a-z, 0-9 and
 * "-".  Answer: "ok".
 * event        The personality's event, which no access causes.  "ok".
 * counters     Answer: the counters, as "step" prints them.
 * state        Answer: the hashes, as "step" prints them.
 *
 * Anything else is answered by "error" and the reason.
 *
 * "step" prints a line
 *
 * step NAME memory-reads N memory-writes N memory-read-cycles N memory-write-
 * cycles N port-reads N port-writes N bar-reads N bar-writes N config-reads N
 * config-writes N memory HASH colors HASH registers HASH
 *
 * (without the line breaks), and leaves DIR/NAME.ram, the adapter's memory, and
 * DIR/NAME.txt: registers, colors and, of a text mode, the screen.  Latches and
 * the number of status reads are in no hash: a copy of a window, which is right
 * to be there at that time, takes reads.
 */

#ifndef ZOO_CONTROL_H
#define ZOO_CONTROL_H

#include "card.h"

typedef struct Control Control;

/*
 * Without a @path there is no socket, without @dump no directory.  Returns NULL
 * after a message if the socket cannot be made.
 */
Control *control_new(Card *card, const char *path, const char *dump);

/* What to poll for reading, or -1 */
int control_poll_fd(const Control *control);

/* Takes a connection or what was said on it; does not wait */
void control_run(Control *control);

void control_free(Control *control);

#endif /* ZOO_CONTROL_H */
