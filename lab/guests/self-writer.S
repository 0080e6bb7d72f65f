/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An option ROM that tries to write to itself: to data, and to the instruction
 * that runs next.  It says the results on the debug port.
 */
        .set    DEBUG_PORT, 0x402
        .set    BLOCKS, 64              /* of 512 bytes */

        .code16
        .globl  _start
_start:
        .word   0xaa55
        .byte   BLOCKS
        jmp     start
        .org    0x18
        .word   pci_data
        .org    0x1c
pci_data:
        .ascii  "PCIR"
        .word   0x1013, 0x00b8          /* cirrus-vga */
        .word   0, 24
        .byte   0, 0, 0, 3              /* class 0300 */
        .word   BLOCKS, 0
        .byte   0, 0x80
        .word   0

start:
        pushw   %ds
        pushw   %cs
        popw    %ds
        movw    $0x1234, data
        movb    $0x99, instruction + 1
        jmp     instruction
instruction:
        movb    $0x11, %al
        movw    $running, %si
        call    say
        call    hex8
        movw    data, %ax
        xchgb   %al, %ah
        call    hex8
        xchgb   %al, %ah
        call    hex8
        movb    last, %al               /* shows that the whole ROM is there */
        call    hex8
        movb    $'\n', %al
        movw    $DEBUG_PORT, %dx
        outb    %al, %dx
        popw    %ds
        lret

say:
        pushaw
        movw    $DEBUG_PORT, %dx
1:
        lodsb
        testb   %al, %al
        jz      2f
        outb    %al, %dx
        jmp     1b
2:
        popaw
        ret
hex8:
        pushaw
        movw    $DEBUG_PORT, %dx
        movw    $2, %cx
1:
        rolb    $4, %al
        pushw   %ax
        andw    $0x0f, %ax
        movw    %ax, %bx
        movb    digits(%bx), %al
        outb    %al, %dx
        popw    %ax
        loop    1b
        popaw
        ret
digits: .ascii  "0123456789abcdef"
running: .asciz "the ROM runs: "
data:   .word   0xbeef
        .org    BLOCKS * 512 - 2
last:   .byte   0x77
checksum: .byte 0
