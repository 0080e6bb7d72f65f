/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As the Mystique's VBIOS: its extensions come before a mode set and none after
 * it, but 3d8, of which a VGA knows nothing, is written after each scroll.
 */
        .set    IO_BAR, 0
        .set    SAVE_LATCHES, 0
        .include "vbios.inc"

        .macro  extension index, value
        register 0x3de, \index, \value
        .endm

vendor_begin:
        extension 0, 0x00
        extension 1, 0x00
        extension 2, 0x00
        extension 3, 0x00
        extension 4, 0x00
        extension 5, 0x00
vendor_end:
        ret

vendor_packed:
        extension 3, 0x80
        ret

vendor_bank:
        movw    $0x3de, %dx
        movb    $4, %al
        movb    %bl, %ah
        outw    %ax, %dx
        ret

vendor_scroll:
        port    0x3d8, 0x29
        ret
