/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set as Trident's VBIOSes do: GR0F, CR36, CR27 and CR1E.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 0
        .include "vbios.inc"

vendor_begin:
        movw    $0x3c4, %dx
        movb    $0x0b, %al
        outb    %al, %dx
        incw    %dx
        inb     %dx, %al                /* the new meanings */
        register 0x3c4, 0x0e, 0x02      /* bank 0 */
        register 0x3ce, 0x0f, 0x00
        ret

vendor_end:
        register 0x3ce, 0x0f, 0x02
        movw    $0x3cc, %dx             /* of a mode with its CRTC at 3b4 */
        inb     %dx, %al
        movw    $0x3b4, %dx
        andw    $1, %ax
        shlw    $5, %ax
        addw    %ax, %dx
        movw    $0x0036, %ax
        outw    %ax, %dx
        movw    $0x0027, %ax
        outw    %ax, %dx
        movw    $0x001e, %ax
        outw    %ax, %dx
        ret

vendor_packed:
        register 0x3ce, 0x0f, 0x05      /* 3d8 and 3d9 */
        ret

vendor_bank:
        movb    %bl, %al
        movw    $0x3d8, %dx
        outb    %al, %dx
        incw    %dx
        outb    %al, %dx
vendor_scroll:
        ret
