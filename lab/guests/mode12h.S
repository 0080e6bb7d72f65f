/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that draws in mode 12h, the planar 640x480 mode.  It draws
 * sixteen bars plane by plane (map mask), and across them stripes with
 * set/reset and bit mask, where the latches keep the dots between the stripes.
 */
        .include "boot.inc"
        movw    $0x0012, %ax            /* INT 10h: set mode 12h */
        int     $0x10
        movw    $0xa000, %ax
        movw    %ax, %es

        /*
         * Each bar has 30 lines.  Plane N is all ones if bit N of the colour
         * is set.
         */
        movb    $0, %bl                 /* plane */
plane:
        movw    $0x3c4, %dx
        movb    $1, %ah
        movb    %bl, %cl
        shlb    %cl, %ah
        movb    $2, %al                 /* sequencer 2: map mask */
        outw    %ax, %dx
        xorw    %di, %di
        xorw    %si, %si                /* colour */
bar:
        movw    %si, %ax
        movb    %bl, %cl
        shrw    %cl, %ax
        andw    $1, %ax
        negw    %ax
        movw    $(30 * 80 / 2), %cx
        rep stosw
        incw    %si
        cmpw    $16, %si
        jb      bar
        incb    %bl
        cmpb    $4, %bl
        jb      plane

        /* White stripes: a read loads the latches, and the write keeps them */
        movw    $0x3c4, %dx
        movw    $0x0f02, %ax            /* all planes */
        outw    %ax, %dx
        movw    $0x3ce, %dx
        movw    $0x0f00, %ax            /* set/reset: white */
        outw    %ax, %dx
        movw    $0x0f01, %ax            /* ... in all planes */
        outw    %ax, %dx
        movw    $0x3c08, %ax            /* bit mask: the middle four dots */
        outw    %ax, %dx
        movw    $(80 * 100 + 20), %di
        movw    $200, %bp
line:
        pushw   %di
        movw    $40, %cx
byte:
        movb    %es:(%di), %al
        stosb
        loop    byte
        popw    %di
        addw    $80, %di
        decw    %bp
        jnz     line

        .include "done.inc"
