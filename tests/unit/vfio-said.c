/*
 * Messages of QEMU's code to the user, for unit tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"

#include "monitor/monitor.h"
#include "qemu/error-report.h"
#include "vfio-said.h"

GString *said;

int error_vprintf(const char *fmt, va_list ap)
{
    size_t before = said->len;

    g_string_append_vprintf(said, fmt, ap);
    return said->len - before;
}

int error_vprintf_unless_qmp(const char *fmt, va_list ap)
{
    return error_vprintf(fmt, ap);
}
