/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As the Voodoo3's VBIOS: 58 writes to the I/O BAR in a mode set, most of them
 * colors.
 */
        .set    IO_BAR, 0x18
        .set    SAVE_LATCHES, 0
        .set    VGA_INIT0, 0x28
        .set    VGA_INIT1, 0x2c
        .set    DAC_MODE, 0x4c
        .set    DAC_ADDRESS, 0x50
        .set    DAC_DATA, 0x54
        .set    VIDEO_CONFIG, 0x5c
        .set    COLORS, 26
        .include "vbios.inc"

vendor_begin:
        io      VGA_INIT0, 0x140
        io      VGA_INIT1, 0
        io      DAC_MODE, 0
        ret

vendor_end:
        movw    $COLORS, %cx
1:
        io      DAC_ADDRESS, 0
        io      DAC_DATA, 0
        loop    1b
        io      VIDEO_CONFIG, 0
        io      DAC_MODE, 0
        io      VGA_INIT0, 0x140
vendor_scroll:
        ret

vendor_packed:
        io      VGA_INIT1, 0x100000
        ret

vendor_bank:                            /* 64 KiB are two banks */
        movzbl  %bl, %eax
        shll    $1, %eax
        movl    %eax, %ecx
        shll    $10, %ecx
        orl     %ecx, %eax
        orl     $0x100000, %eax
        movw    %cs:io_base, %dx
        addw    $VGA_INIT1, %dx
        outl    %eax, %dx
        ret
