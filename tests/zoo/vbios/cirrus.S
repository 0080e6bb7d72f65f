/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set as Cirrus Logic's VBIOSes do: SR17, SR16 and SR15, which is
 * a scratch register.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 0
        .include "vbios.inc"

vendor_begin:
        register 0x3c4, 0x06, 0x12
        register 0x3ce, 0x09, 0x00
        register 0x3ce, 0x0a, 0x00
        register 0x3ce, 0x0b, 0x00
        register 0x3c4, 0x07, 0x00
        register 0x3c4, 0x12, 0x00      /* no cursor */
        ret

vendor_end:
        movw    $0x3c6, %dx             /* the DAC's hidden register */
        inb     %dx, %al
        inb     %dx, %al
        inb     %dx, %al
        inb     %dx, %al
        xorb    %al, %al
        outb    %al, %dx
        movb    $0xff, %al
        outb    %al, %dx
        register 0x3c4, 0x17, 0x01
        register 0x3c4, 0x16, 0x51
        register 0x3c4, 0x15, 0x03
        ret

vendor_packed:
        register 0x3c4, 0x07, 0x11
        register 0x3ce, 0x0b, 0x21      /* two banks of 32 KiB, by 16 KiB */
        ret

vendor_bank:
        movw    $0x3ce, %dx
        movb    %bl, %ah
        shlb    $2, %ah
        movb    $0x09, %al
        outw    %ax, %dx
        addb    $2, %ah
        movb    $0x0a, %al
        outw    %ax, %dx
vendor_scroll:
        ret
