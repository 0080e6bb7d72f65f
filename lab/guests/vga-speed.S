/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Measures what legacy VGA accesses cost; the guest is a disk of a few
 * sectors.  It sets the mode of each case of the table, runs the case, and
 * says on the debug port how many accesses the case made and how long it took,
 * in ticks of the TSC.  After all cases it says DONE.  It does all this TIMES
 * times:
 *
 *     fill 00007d00 000000000012d687
 */
        .set    SECTORS, 4
        .set    ROUNDS, 32              /* of a text screen */
        .set    TIMES, 6                /* for each case; timers fall anywhere */
        .set    FEW, 8                  /* for cases in which a timer may fall */
        .set    SHORT, 40               /* for cases that take little time */

        .include "disk.inc"

/* ---- output on the debug port ---- */

        .include "say.inc"
        .include "hex32.inc"

/* ---- the cases ---- */

text_fill:
        movw    $0xb800, %ax
        movw    %ax, %es
        movw    $ROUNDS, %bx
1:
        xorw    %di, %di
        movw    $2000, %cx
        movw    %bx, %ax
        rep stosw
        decw    %bx
        jnz     1b
        ret

text_scroll:                            /* 1920 reads and writes, and a line */
        movw    $0xb800, %ax
        movw    %ax, %es
        movw    $ROUNDS, %bx
1:
        pushw   %ds
        movw    %ax, %ds
        movw    $160, %si
        xorw    %di, %di
        movw    $1920, %cx
        rep movsw
        popw    %ds
        movw    $80, %cx
        rep stosw
        decw    %bx
        jnz     1b
        ret

frame:                                  /* 320x200, 4 dots at a time */
        movw    $0xa000, %ax
        movw    %ax, %es
        xorw    %di, %di
        movl    $0x01020304, %eax
        movw    $16000, %cx
        rep stosl
        ret

planar_fill:                            /* 640x400, each plane by itself */
        movw    $0xa000, %ax
        movw    %ax, %es
        movw    $0x0102, %bx            /* map mask: plane 0 */
1:
        movw    $0x3c4, %dx
        movw    %bx, %ax
        outw    %ax, %dx
        xorw    %di, %di
        movw    $2000, %cx
        rep stosl
        shlb    $1, %bh
        cmpb    $0x10, %bh
        jb      1b
        ret

latched_copy:                           /* write mode 1 */
        movw    $0x3ce, %dx
        movw    $0x0105, %ax
        outw    %ax, %dx
        movw    $0xa000, %ax
        movw    %ax, %es
        pushw   %ds
        movw    %ax, %ds
        movw    $8000, %si
        xorw    %di, %di
        movw    $4000, %cx
        rep movsb
        popw    %ds
        ret

palette:
        movw    $0x3c8, %dx
        xorb    %al, %al
        outb    %al, %dx
        incw    %dx
        movw    $768, %cx
1:
        movb    %cl, %al
        outb    %al, %dx
        loop    1b
        ret

registers:                              /* index, data, and the same again */
        movw    $0x3d4, %dx
        movw    $500, %cx
1:
        movb    $0x0f, %al
        outb    %al, %dx
        incw    %dx
        inb     %dx, %al
        decw    %dx
        loop    1b
        ret

cursor:
        movw    $0x3d4, %dx
        movw    $250, %cx
1:
        movb    $0x0e, %al
        movb    %ch, %ah
        outw    %ax, %dx
        movb    $0x0f, %al
        movb    %cl, %ah
        outw    %ax, %dx
        loop    1b
        ret

mode_set:                               /* INT 10h; it clears the screen, too */
        movw    $0x0003, %ax
        int     $0x10
        ret

scroll_cursor:                          /* a line, and the cursor after it */
        movw    $0xb800, %ax
        movw    %ax, %es
        movw    $100, %bx
1:
        xorw    %di, %di
        movw    $80, %cx
        rep stosw
        movw    $0x3d4, %dx
        movb    $0x0f, %al
        movb    %bl, %ah
        outw    %ax, %dx
        decw    %bx
        jnz     1b
        ret

        .macro  case name, mode, count, times=1
        .word   \name, \mode, \times
        .long   \count
        .asciz  "\name "
        .endm
cases:
        case    mode_set, 0x03, 1, 10
        case    text_fill, 0x03, 2000*ROUNDS
        case    text_scroll, 0x03, 3920*ROUNDS
        case    scroll_cursor, 0x03, 8100, FEW
        case    frame, 0x13, 16000
        case    planar_fill, 0x12, 8004
        case    latched_copy, 0x12, 8001
        case    palette, 0x03, 769, SHORT
        case    registers, 0x03, 1000, SHORT
        case    cursor, 0x03, 500, SHORT
        .word   0

main:
        movw    $cases, %bp
next:
        movw    4(%bp), %ax
        movw    %ax, again
        movw    2(%bp), %ax
        pushw   %bp
        int     $0x10
        popw    %bp
repeat:
        rdtsc
        movl    %eax, ticks
        movl    %edx, ticks + 4
        pushw   %bp
        call    *(%bp)
        movw    $0x3da, %dx             /* waits until posted writes arrived */
        inb     %dx, %al
        popw    %bp
        rdtsc
        subl    ticks, %eax
        sbbl    ticks + 4, %edx
        movl    %eax, ticks
        movl    %edx, ticks + 4

        leaw    10(%bp), %si
        call    say
        pushw   %si
        movl    6(%bp), %eax
        call    hex32
        movw    $blank, %si
        call    say
        movl    ticks + 4, %eax
        call    hex32
        movl    ticks, %eax
        call    hex32
        movw    $end, %si
        call    say
        popw    %si
        decw    again
        jnz     repeat
        movw    %si, %bp
        cmpw    $0, (%bp)
        jne     next
        movw    $round, %si
        call    say
        decw    times
        jnz     main
        movw    $done, %si
        call    say
        jmp     stuck

ticks:  .quad   0
times:  .word   TIMES
again:  .word   0
round:  .asciz  "DONE\n"
blank:  .asciz  " "
end:    .asciz  "\n"
done:   .asciz  "SPEED MEASURED\n"
        .org    512 * (SECTORS + 1)
