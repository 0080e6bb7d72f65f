/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that draws in mode 13h.
 */
        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld
        .include "mode13h.inc"
        .include "done.inc"
