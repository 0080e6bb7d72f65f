/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pictures in VBE modes, drawn byte by byte through the window at 0xa0000.
 * Banks are switched by INT 10h and by the far call of the mode, and the
 * pictures are read back.  Each ends with a scene, see scene.inc; if there is
 * no such mode, the scene is "no-NUMBER".  VBE Core Functions Standard 3.0
 * (VESA) has the calls.
 */
        .set    SECTORS, 3
        .set    INFO, 0x2000            /* the mode's data; offsets in it: */
        .set    GRANULARITY, INFO + 4
        .set    SWITCH, INFO + 0x0c

        .macro  mode number             /* 4F01h, 4F02h; to the next if none */
        pushw   %ds
        popw    %es
        movw    $0x4f01, %ax
        movw    $\number, %cx
        movw    $INFO, %di
        int     $0x10
        cmpw    $0x004f, %ax
        jne     9f
        testb   $1, INFO
        jz      9f
        movw    $0x4f02, %ax
        movw    $\number, %bx
        int     $0x10
        cmpw    $0x004f, %ax
        jne     9f
        movw    $-1, bank
        .endm
        .macro  no number               /* where there is none */
        jmp     8f
9:
        scene   no-\number
8:
        .endm

        .include "disk.inc"
        .include "scene.inc"

reach:                                  /* byte %ebx of memory: %es:%di */
        movw    $0xa000, %di
        movw    %di, %es
        movl    %ebx, %edx
        shrl    $16, %edx               /* in units of 64 KiB */
        cmpw    bank, %dx
        je      1f
        movw    %dx, bank
        pushw   %ax
        pushl   %ebx
        movw    $64, %ax
        pushw   %dx
        xorw    %dx, %dx
        divw    GRANULARITY
        popw    %dx
        mulw    %dx
        movw    %ax, %dx
        xorw    %bx, %bx                /* 4F05h: set window A */
        movw    $0x4f05, %ax
        call    *how
        popl    %ebx
        popw    %ax
1:
        movw    %bx, %di
        ret

by_interrupt:
        int     $0x10
        ret

by_call:
        lcall   *SWITCH
        ret

fill:                                   /* bytes %ebx to %ecx, kind in %ah */
        call    reach
        movl    %ebx, %edx
        shrl    $7, %edx
        addb    %bl, %dl
        xorb    %ah, %dl
        movb    %dl, %es:(%di)
        incl    %ebx
        cmpl    %ecx, %ebx
        jb      fill
        ret

mirror:                                 /* %ecx bytes, to %ecx bytes behind */
        xorl    %ebx, %ebx
1:
        call    reach
        movb    %es:(%di), %al
        pushl   %ebx
        addl    %ecx, %ebx
        call    reach
        notb    %al
        movb    %al, %es:(%di)
        popl    %ebx
        addl    $3, %ebx
        cmpl    %ecx, %ebx
        jb      1b
        ret

main:
        mode    0x0101                  /* 640x480, 8 bits */
        movw    $by_interrupt, how
        xorl    %ebx, %ebx
        movl    $307200, %ecx
        movb    $0, %ah
        call    fill
        scene   by-interrupt
        movw    $by_call, how
        movl    $60000, %ebx
        movl    $240000, %ecx
        movb    $0x5a, %ah
        call    fill
        scene   by-call
        movl    $130000, %ecx
        call    mirror
        scene   mirror
        no      101

        mode    0x0111                  /* 640x480, 16 bits */
        movw    $by_interrupt, how
        movl    $100000, %ebx
        movl    $500000, %ecx
        movb    $0x33, %ah
        call    fill
        scene   16-bits
        no      111

        mode    0x0103                  /* 800x600, 8 bits */
        movw    $by_call, how
        movl    $30000, %ebx
        movl    $450000, %ecx
        movb    $0, %ah
        call    fill
        scene   800
        no      103
        jmp     stuck

bank:   .word   -1
how:    .word   by_interrupt
