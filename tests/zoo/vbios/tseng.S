/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set as Tseng's VBIOSes do: 3cd, 3cb and 3d8, the first half of
 * what takes the key back.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 0
        .include "vbios.inc"

give_key:
        port    0x3bf, 0x03
        port    0x3d8, 0xa0
        ret

vendor_begin:
        call    give_key
        port    0x3cd, 0x00
        ret

vendor_end:
        register 0x3c4, 0x07, 0xbc      /* TS auxiliary mode */
        port    0x3cd, 0x00
        port    0x3cb, 0x00
        port    0x3d8, 0x29
vendor_scroll:
        ret

vendor_packed:
        jmp     give_key

vendor_bank:                            /* one for reads, one for writes */
        movb    %bl, %al
        shlb    $4, %al
        orb     %bl, %al
        movw    $0x3cd, %dx
        outb    %al, %dx
        ret
