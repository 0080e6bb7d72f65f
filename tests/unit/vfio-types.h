/*
 * An assigned device for unit tests: the types that it is made of
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_VFIO_TYPES_H
#define TESTS_VFIO_TYPES_H

/* TYPE_VFIO_PCI_DEVICE and its parents, with only their structs */
void vfio_types_register(void);

#endif /* TESTS_VFIO_TYPES_H */
