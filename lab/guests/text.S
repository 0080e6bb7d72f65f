/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that fills a text screen with lines of characters in all
 * colors.  The VBIOS writes and scrolls some of them; others go straight to
 * memory.
 */
        .include "boot.inc"
        movw    $0x0003, %ax            /* INT 10h: set mode 3 */
        int     $0x10

        /* 40 lines of 16 characters, so that the first 16 scroll away */
        movb    $40, %ch
line:
        movb    %ch, %cl
        andb    $15, %cl
        addb    $'a', %cl
        movw    $16, %bp
char:
        movb    %cl, %al
        movb    $0x0e, %ah              /* INT 10h: write as on a teletype */
        movw    $7, %bx
        int     $0x10
        decw    %bp
        jnz     char
        movw    $0x0e0d, %ax
        int     $0x10
        movw    $0x0e0a, %ax
        int     $0x10
        decb    %ch
        jnz     line

        /* All characters in all colors, in the right half of the screen */
        movw    $0xb800, %ax
        movw    %ax, %es
        movw    $80, %di
        xorw    %ax, %ax
        movb    $24, %dl
row:
        movw    $40, %cx
cell:
        andb    $0x7f, %ah              /* no blinking */
        stosw
        incb    %al
        addb    $3, %ah
        loop    cell
        addw    $80, %di
        decb    %dl
        jnz     row

        .include "done.inc"
