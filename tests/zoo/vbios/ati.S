/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set by index and data of the I/O BAR, as VBIOSes of AMD's reach
 * their registers (hw/vfio/pci-quirks.c of QEMU).  Which they end with was not
 * measured.
 */
        .set    IO_BAR, 0x20
        .set    SAVE_LATCHES, 0
        .set    WRITE_BANK, 0x38
        .set    READ_BANK, 0x3c
        .set    CRTC_EXT, 0x54
        .include "vbios.inc"

        .macro  table register, value
        io      0, \register
        io      4, \value
        .endm

vendor_begin:
        table   WRITE_BANK, 0x10000
        table   READ_BANK, 0x10000
        table   CRTC_EXT, 0
        ret

vendor_end:
        table   CRTC_EXT, 0
        table   WRITE_BANK, 0x10000
        table   READ_BANK, 0x10000
vendor_scroll:
        ret

vendor_packed:
        table   CRTC_EXT, 0x80008       /* packed, and with banks */
        ret

vendor_bank:                            /* 64 KiB are two banks, side by side */
        movzbl  %bl, %ecx
        shll    $1, %ecx
        movl    %ecx, %eax
        incl    %eax
        shll    $16, %eax
        orl     %eax, %ecx
        io      0, WRITE_BANK
        movw    %cs:io_base, %dx
        addw    $4, %dx
        movl    %ecx, %eax
        outl    %eax, %dx
        io      0, READ_BANK
        movw    %cs:io_base, %dx
        addw    $4, %dx
        movl    %ecx, %eax
        outl    %eax, %dx
        ret
