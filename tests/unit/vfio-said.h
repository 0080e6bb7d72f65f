/*
 * What QEMU's code says to the user, for unit tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_SAID_H
#define TESTS_VFIO_SAID_H

/* All messages since the test has emptied it; the test creates it */
extern GString *said;

#endif /* TESTS_VFIO_SAID_H */
