/*
 * The connection to a vfio-user server
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef VFIO_USER_CONNECT_H
#define VFIO_USER_CONNECT_H

#include "qapi/qapi-types-sockets.h"

/**
 * vfio_user_connect_unix: connect to a server's UNIX socket
 * @saddr: the address, in the file system or abstract
 * @msec: how long to wait for a server that listens but does not accept, from 1
 *        to INT_MAX
 * @errp: error, set on failure
 *
 * Returns a blocking socket, or -1.
 */
int vfio_user_connect_unix(const UnixSocketAddress *saddr, uint32_t msec,
                           Error **errp);

#endif /* VFIO_USER_CONNECT_H */
