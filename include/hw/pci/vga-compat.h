/*
 * Headers of QEMU's that lie elsewhere in another release
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

#if __has_include("hw/core/qdev.h")
#include "hw/core/boards.h"
#include "hw/core/loader.h"
#include "hw/core/qdev.h"
#include "hw/core/qdev-properties.h"
#else
#include "hw/boards.h"
#include "hw/loader.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#endif

#endif
