/*
 * What lies elsewhere, or has another prototype, in another release of QEMU's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU 11.0 moved the headers of hw/ into directories, most of them to
 * hw/core/, and renamed qdev-core.h.  The files of this series compile on
 * either side of that: those which include one of these include this header
 * instead.
 */

#ifndef HW_PCI_VGA_COMPAT_H
#define HW_PCI_VGA_COMPAT_H

#define VGA_COMPAT_HAS(header) __has_include(header)

#if VGA_COMPAT_HAS("hw/core/qdev.h")
#include "hw/core/boards.h"
#include "hw/core/loader.h"
#include "hw/core/qdev.h"
#include "hw/core/qdev-properties.h"
#define VGA_COMPAT_11_0 1
#else
#include "hw/boards.h"
#include "hw/loader.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#define VGA_COMPAT_11_0 0
#endif

/*
 * For unit tests, which define functions of QEMU's: the memory core takes more
 * of its parameters as const from release to release.
 */
#if VGA_COMPAT_11_0
#define VGA_COMPAT_CONST_11_0 const
#else
#define VGA_COMPAT_CONST_11_0
#endif
#if VGA_COMPAT_HAS("system/ram-discard-manager.h")
#define VGA_COMPAT_11_1 1
#define VGA_COMPAT_CONST_11_1 const
#else
#define VGA_COMPAT_11_1 0
#define VGA_COMPAT_CONST_11_1
#endif

#endif
