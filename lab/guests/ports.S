/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that accesses ports of a VGA two and four at a time where that
 * is not aligned, and then one at a time.  A line on the debug port has what
 * each access read, and what each write left in a register.
 *
 * The processor splits no such access: it makes it as one, and the bus splits
 * it.
 */
        .include "boot.inc"

        .macro  read2 port
        movw    $\port, %dx
        xorl    %eax, %eax
        inw     %dx, %ax
        call    tell
        .endm
        .macro  read4 port
        movw    $\port, %dx
        inl     %dx, %eax
        call    tell
        .endm
        .macro  write1 port, value
        movw    $\port, %dx
        movb    $\value, %al
        outb    %al, %dx
        .endm
        .macro  write2 port, value
        movw    $\port, %dx
        movw    $\value, %ax
        outw    %ax, %dx
        .endm
        .macro  write4 port, value
        movw    $\port, %dx
        movl    $\value, %eax
        outl    %eax, %dx
        .endm
        .macro  left port
        movw    $\port, %dx
        xorl    %eax, %eax
        inb     %dx, %al
        call    tell
        .endm

        write1  0x3c2, 0x67             /* colour ports */
        write1  0x3c4, 2                /* Map Mask */
        write2  0x3c5, 0x3c05           /* ... and the DAC's mask */
        left    0x3c5
        left    0x3c6
        read2   0x3c5
        write4  0x3c5, 0x2200ff0f       /* ... and its two indices */
        left    0x3c5
        left    0x3c6
        left    0x3c8
        write1  0x3ce, 0                /* 3ce and 3cf, 3d0 and 3d1 */
        write4  0x3ce, 0x00005a08
        left    0x3ce
        left    0x3cf
        read4   0x3cd
        write4  0x3d3, 0x00330e00       /* 3d3, 3d4 and 3d5, 3d6 */
        left    0x3d4
        left    0x3d5
        write2  0x3df, 0xffff           /* the second is not of a VGA */
        write2  0x3af, 0xffff           /* ... nor is the first */
        read2   0x3df
        movw    $done, %si
        call    say
stuck:
        hlt
        jmp     stuck

tell:                                   /* prints %eax */
        call    hex32
        movw    $0x402, %dx
        movb    $'\n', %al
        outb    %al, %dx
        ret

done:   .asciz  "PORTS DONE\n"

        .include "say.inc"
        .include "hex32.inc"
        .org    510
        .word   0xaa55
