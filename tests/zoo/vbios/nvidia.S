/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ends a mode set with what VBIOSes of NVIDIA's reach their registers by, 3d0
 * and the I/O BAR (hw/vfio/pci-quirks.c of QEMU; docs/hw/bus/bars.rst of
 * envytools), and with the lock at CR1F.  Their order was not measured.
 */
        .set    IO_BAR, 0x24
        .set    SAVE_LATCHES, 0
        .set    PRAMDAC, 0x680800       /* a register of BAR 0 */
        .include "vbios.inc"

        .macro  window, value           /* what the 32 bits at 3d0 are */
        movw    $0x3d0, %dx
        movl    $\value, %eax
        outl    %eax, %dx
        .endm

vendor_begin:
        port    0x3c2, 0x67
        register 0x3d4, 0x1f, 0x57
        register 0x3d4, 0x1d, 0x00
        register 0x3d4, 0x1e, 0x00
        register 0x3d4, 0x28, 0x00
        ret

vendor_end:
        movw    $0x3cc, %dx
        inb     %dx, %al
        testb   $1, %al                 /* the CRTC is at 3b4 */
        jz      1f
        register 0x3d4, 0x38, 0x03
        window  PRAMDAC
        register 0x3d4, 0x38, 0x07
        window  0
        register 0x3d4, 0x38, 0x00
1:
        io      0, 1                    /* its master, and its enable */
        io      4, 1
        io      8, PRAMDAC
        io      12, 0
        io      4, 0
        io      0, 0
        movw    $0x3cc, %dx
        inb     %dx, %al
        movw    $0x3b4, %dx
        andw    $1, %ax
        shlw    $5, %ax
        addw    %ax, %dx
        movw    $0x991f, %ax
        outw    %ax, %dx
vendor_scroll:
        ret

vendor_packed:
        register 0x3d4, 0x1f, 0x57
        register 0x3d4, 0x28, 0x01
        ret

vendor_bank:                            /* 64 KiB are two banks */
        movw    $0x3d4, %dx
        movb    %bl, %ah
        shlb    $1, %ah
        movb    $0x1d, %al
        outw    %ax, %dx
        movb    $0x1e, %al
        outw    %ax, %dx
        ret
