/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that draws in mode 13h, the linear 320x200 mode with 256
 * colours that DOS programs like: each dot is its column XOR its line.
 */
        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        movw    $0x0013, %ax            /* INT 10h: set mode 13h */
        int     $0x10
        movw    $0xa000, %ax
        movw    %ax, %es
        cld
        xorw    %di, %di
        xorw    %bx, %bx                /* line */
line:
        xorw    %cx, %cx                /* column */
dot:
        movb    %cl, %al
        xorb    %bl, %al
        stosb
        incw    %cx
        cmpw    $320, %cx
        jb      dot
        incw    %bx
        cmpw    $200, %bx
        jb      line

        .include "done.inc"
