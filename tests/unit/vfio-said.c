/*
 * Messages of QEMU's code to the user, for unit tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "vfio-said.h"
#include "vfio-say.h"

GString *said;

int vfio_say(const char *fmt, va_list ap)
{
    size_t before = said->len;

    g_string_append_vprintf(said, fmt, ap);
    return said->len - before;
}
