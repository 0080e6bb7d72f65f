/*
 * Messages of QEMU's code to the user, for unit tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_SAID_H
#define TESTS_VFIO_SAID_H

/* All messages since the test last emptied it; the test creates it */
extern GString *said;

#endif /* TESTS_VFIO_SAID_H */
