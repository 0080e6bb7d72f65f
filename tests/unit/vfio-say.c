/*
 * What QEMU's code says to the user goes to vfio_say() of a unit test
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Until QEMU 10.2, error_vprintf() is what a program defines for that.  Since
 * 11.0, util/error-report.c has it, and asks the current monitor first.
 */

#include "qemu/osdep.h"

#include "hw/pci/vga-compat.h"
#include "monitor/monitor.h"
#include "qemu/error-report.h"
#include "vfio-say.h"

#if VGA_COMPAT_11_0
Monitor *monitor_cur(void)
{
    return NULL;
}

#if !VGA_COMPAT_11_1
bool monitor_cur_is_qmp(void)
{
    return false;
}
#endif

int monitor_vprintf(Monitor *mon, const char *fmt, va_list ap)
{
    return vfio_say(fmt, ap);
}
#else
int error_vprintf(const char *fmt, va_list ap)
{
    return vfio_say(fmt, ap);
}

int error_vprintf_unless_qmp(const char *fmt, va_list ap)
{
    return vfio_say(fmt, ap);
}
#endif
