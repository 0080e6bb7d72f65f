/*
 * What QEMU's code says to the user goes to vfio_say() of a unit test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_SAY_H
#define TESTS_VFIO_SAY_H

/* Takes a message, or a part of it; the test defines it */
int vfio_say(const char *fmt, va_list ap) G_GNUC_PRINTF(1, 0);

#endif /* TESTS_VFIO_SAY_H */
