/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The video BIOS sets modes again and again while a timer interrupts.  Each
 * time the registers and the palette must be what they were the first times.
 * The guest is a disk of a few sectors.  It runs forever, and says on the
 * debug port after each round how many modes it has set and how many bytes
 * were wrong in all of them:
 *
 *     modes 0000000c wrong 00000000
 */
        .set    SECTORS, 4
        .set    SEGMENT, 0x2000         /* the values of the first times */
        .set    KEEP, 1024              /* bytes for each mode */
        .set    PIT_DIVISOR, 1193       /* a thousand interrupts a second */

        .include "disk.inc"

        .include "say.inc"
        .include "hex32.inc"

/*
 * Keeps a byte (%al) at %di while values are learned; later compares with it.
 */
note:
        cmpb    $0, learn
        je      1f
        stosb
        ret
1:
        cmpb    %al, %es:(%di)
        je      2f
        incl    wrong
        pushaw
        movzbl  %al, %eax
        shll    $16, %eax
        movb    %es:(%di), %ah
        movb    %dl, %al
        pushl   %eax
        movw    $is, %si                /* place, value, first value, port */
        call    say
        movzwl  %di, %eax
        call    hex32
        popl    %eax
        call    hex32
        movw    $end, %si
        call    say
        popaw
2:
        incw    %di
        ret

/* Notes registers 0 to %cl - 1; the index port is %dx. */
indexed:
        xorb    %ah, %ah
1:
        movb    %ah, %al
        outb    %al, %dx
        incw    %dx
        inb     %dx, %al
        decw    %dx
        call    note
        incb    %ah
        decb    %cl
        jnz     1b
        ret

look:
        movw    $0x3cc, %dx
        inb     %dx, %al
        call    note
        movw    $0x3c4, %dx
        movb    $5, %cl
        call    indexed
        movw    $0x3ce, %dx
        movb    $9, %cl
        call    indexed
        movw    $0x3d4, %dx
        movb    $25, %cl
        call    indexed
        xorb    %ah, %ah                /* attributes */
1:
        movw    $0x3da, %dx
        inb     %dx, %al
        movw    $0x3c0, %dx
        movb    %ah, %al
        orb     $0x20, %al
        outb    %al, %dx
        incw    %dx
        inb     %dx, %al
        call    note
        incb    %ah
        cmpb    $0x15, %ah
        jb      1b
        movw    $0x3c6, %dx
        inb     %dx, %al
        call    note
        movw    $0x3c8, %dx             /* the last load has ended there */
        inb     %dx, %al
        call    note
        movw    $0x3c7, %dx
        xorb    %al, %al
        outb    %al, %dx
        movw    $0x3c9, %dx
        movw    $768, %cx
1:
        inb     %dx, %al
        call    note
        loop    1b
        ret

modes:  .word   0x4f02, 0x0101          /* %ax and %bx of INT 10h */
        .word   0x0003, 0
        .word   0x4f02, 0x0103
        .word   0x0012, 0
        .word   0x4f02, 0x0111
        .word   0x0013, 0
        .word   0

main:
        movw    $SEGMENT, %ax
        movw    %ax, %es
        movb    $0x34, %al              /* counter 0: rate generator */
        outb    %al, $0x43
        movb    $(PIT_DIVISOR & 0xff), %al
        outb    %al, $0x40
        movb    $(PIT_DIVISOR >> 8), %al
        outb    %al, $0x40
round:
        movw    $modes, %bp
        xorw    %di, %di
set:
        movw    (%bp), %ax
        movw    2(%bp), %bx
        pushw   %bp
        pushw   %di
        pushw   %es
        int     $0x10
        popw    %es
        popw    %di
        popw    %bp
        pushw   %di
        call    look
        popw    %di
        incl    count
        addw    $KEEP, %di
        addw    $4, %bp
        cmpw    $0, (%bp)
        jne     set
        subb    $1, learn               /* but not below 0 */
        adcb    $0, learn
        movw    $set_so_far, %si
        call    say
        movl    count, %eax
        call    hex32
        movw    $wrong_so_far, %si
        call    say
        movl    wrong, %eax
        call    hex32
        movw    $end, %si
        call    say
        jmp     round

learn:  .byte   2                       /* rounds of learning */
count:  .long   0
wrong:  .long   0
is:     .asciz  "differs: "
set_so_far:
        .asciz  "modes "
wrong_so_far:
        .asciz  " wrong "
end:    .asciz  "\n"
        .org    512 * (SECTORS + 1)
