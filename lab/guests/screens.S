/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector with two pictures: a text screen with all characters and
 * colours and, after a key, mode 13h, in which the colour of each dot is its
 * column XOR its line.
 */
        .code16
        .globl  _start
_start:
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld
        movw    $0x0003, %ax            /* INT 10h: set mode 3 */
        int     $0x10
        movb    $0x01, %ah              /* ... no cursor: it would blink */
        movw    $0x2000, %cx
        int     $0x10
        movw    $0xb800, %ax
        movw    %ax, %es
        xorw    %di, %di
        xorw    %ax, %ax
        movw    $2000, %cx
text:
        stosb                           /* character */
        pushw   %ax
        shrw    $2, %ax
        andb    $0x7f, %al              /* colours, without blinking */
        stosb
        popw    %ax
        incw    %ax
        loop    text
        movw    $text_drawn, %si
        call    say_drawn

        xorw    %ax, %ax                /* INT 16h: wait for a key */
        int     $0x16
        .include "mode13h.inc"
        movw    $drawn, %si
        call    say_drawn
halt:
        hlt
        jmp     halt

        /* Waits for the writes, then says it. */
say_drawn:
        movw    $0x3da, %dx
        inb     %dx, %al
        .include "say.inc"

text_drawn: .asciz "TEXT DRAWN\n"
drawn:  .asciz  "PICTURE DRAWN\n"
        .org    510
        .word   0xaa55
