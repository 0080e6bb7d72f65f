/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set as S3's VBIOSes do: SR15, CR67 and the lock of SR08; saves
 * the latches with a state.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 1
        .include "vbios.inc"

open:
        register 0x3c4, 0x08, 0x06
        register 0x3d4, 0x38, 0x48
        register 0x3d4, 0x39, 0xa5
        ret

vendor_begin:
        port    0x3c2, 0x67             /* so that the CRTC is at 3d4 */
        call    open
        register 0x3d4, 0x6a, 0x00
        register 0x3d4, 0x35, 0x00
        register 0x3d4, 0x31, 0x05      /* banks, VGA addresses */
        ret

vendor_end:
        register 0x3c4, 0x15, 0x02      /* the clocks' */
        movw    $0x3cc, %dx             /* of a mode with its CRTC at 3b4 */
        inb     %dx, %al
        movw    $0x3b4, %dx
        andw    $1, %ax
        shlw    $5, %ax
        addw    %ax, %dx
        movw    $0x0067, %ax
        outw    %ax, %dx
        register 0x3c4, 0x08, 0x00
        ret

vendor_packed:
        call    open
        register 0x3d4, 0x31, 0x0d
        ret

vendor_bank:
        movw    $0x3d4, %dx
        movb    $0x6a, %al
        movb    %bl, %ah
        outw    %ax, %dx
vendor_scroll:
        ret
