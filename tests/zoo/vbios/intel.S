/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set with GR10, GR11, and a register by index and data of the I/O
 * BAR, which VBIOSes of Intel's use (hw/vfio/igd.c of QEMU 9.2).  What they end
 * with was not measured.
 */
        .set    IO_BAR, 0x20
        .set    SAVE_LATCHES, 0
        .set    VGA_CONTROL, 0x71400
        .include "vbios.inc"

vendor_begin:
vendor_end:
        register 0x3ce, 0x10, 0x00
        register 0x3ce, 0x11, 0x00
        io      0, VGA_CONTROL
        io      4, 0x22c4008e
vendor_scroll:
        ret

vendor_packed:
        register 0x3ce, 0x10, 0x01
        ret

vendor_bank:
        movw    $0x3ce, %dx
        movb    $0x11, %al
        movb    %bl, %ah
        outw    %ax, %dx
        ret
