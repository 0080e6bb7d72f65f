/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest does steps of work on a VGA adapter, each of which ends with the
 * word
 *
 *     step NAME
 *
 * on the first serial port.  The test at its other end looks at the adapter
 * and answers with a line.  Before the word the guest reads the adapter's
 * config space, so that posted writes have arrived.  It says the sum of all
 * that it read on the debug port.  The guest is a disk of a few sectors.
 */
        .set    SECTORS, 4
        .set    SERIAL, 0x3f8
        .set    DEBUG, 0x402
        .set    SCROLLS, 13
        .set    LINES, 3
        .set    BUFFER, 0x9000          /* for a saved state */
        .set    BANKS, 5
        .set    COLOR, 0xb800
        .set    MONO, 0xb000
        .set    GRAPHICS, 0xa000

        .macro  register port, index, value
        movw    $\port, %dx
        movw    $(\value << 8 | \index), %ax
        outw    %ax, %dx
        .endm
        .macro  step name
        movw    $1f, %si
        call    end_step
        .text   1
1:      .asciz  "\name"
        .text   0
        .endm
        .macro  mode number
        movw    $\number, %ax
        int     $0x10
        .endm

        .include "disk.inc"

/* ---- everything besides the adapter ---- */

        .include "say.inc"

debug_sum:                              /* prints the sum of reads, %bx */
        movw    $4, %cx
        movw    $DEBUG, %dx
1:
        rolw    $4, %bx
        movb    %bl, %al
        andb    $0x0f, %al
        addb    $'a', %al
        outb    %al, %dx
        loop    1b
        movb    $'\n', %al
        outb    %al, %dx
        ret

send:                                   /* sends %al */
        movb    %al, %ah
        movw    $(SERIAL + 5), %dx
1:
        inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movw    $SERIAL, %dx
        movb    %ah, %al
        outb    %al, %dx
        ret

tell:                                   /* sends the string at %si */
        lodsb
        testb   %al, %al
        jz      1f
        call    send
        jmp     tell
1:
        ret

answered:                               /* waits for the end of a line */
        movw    $(SERIAL + 5), %dx
1:
        inb     %dx, %al
        testb   $0x01, %al
        jz      1b
        movw    $SERIAL, %dx
        inb     %dx, %al
        cmpb    $'\n', %al
        jne     answered
        ret

config:                                 /* %eax: the register %bl */
        movl    adapter, %eax
        movb    %bl, %al
        movw    $0xcf8, %dx
        outl    %eax, %dx
        movw    $0xcfc, %dx
        inl     %dx, %eax
        ret

find_adapter:                           /* the first of its class on bus 0 */
        movl    $0x80000000, adapter
1:
        movb    $0x08, %bl
        call    config
        shrl    $16, %eax
        cmpw    $0x0300, %ax
        je      2f
        addl    $0x800, adapter
        cmpl    $0x80010000, adapter
        jb      1b
        jmp     stuck
2:
        ret

end_step:                               /* ends a step; its name is at %si */
        pushw   %si
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movb    $0, %bl
        call    config
        movw    $step_word, %si
        call    tell
        popw    %si
        pushw   %si
        call    tell
        movb    $'\n', %al
        call    send
        call    answered
        popw    %si
        call    say
        movw    $end, %si
        jmp     say

wait:                                   /* waits for two ticks of the clock */
        movw    0x46c, %ax
        addw    $2, %ax
1:
        hlt
        cmpw    0x46c, %ax
        jns     1b
        ret

/* ---- text ---- */

redraw:                                 /* %es: the window */
        xorw    %di, %di
        movw    $2000, %cx
        movw    $0x0741, %ax
1:
        stosw
        incb    %al
        andb    $0x7f, %al
        orb     $0x20, %al
        loop    1b
        ret

movsw:                                  /* scrolls one line by itself */
        movw    $COLOR, %ax
        movw    %ax, %es
        pushw   %ds
        movw    %ax, %ds
        movw    $160, %si
        xorw    %di, %di
        movw    $1920, %cx
        rep movsw
        popw    %ds
        movw    $0x0720, %ax
        movw    $80, %cx
        rep stosw
        ret

read:                                   /* %ax: segment, %cx: words; to %bx */
        pushw   %ds
        movw    %ax, %ds
        xorw    %si, %si
        xorw    %bx, %bx
1:
        lodsw
        rolw    $1, %bx
        addw    %ax, %bx
        loop    1b
        popw    %ds
        jmp     debug_sum

bios_scrolls:
        movw    $SCROLLS, %cx
1:
        pushw   %cx
        movw    $0x0601, %ax            /* the whole screen, one line up */
        movb    $0x17, %bh
        xorw    %cx, %cx
        movw    $0x184f, %dx
        int     $0x10
        popw    %cx
        loop    1b
        ret

teletype:                               /* lines at the bottom, as DOS does */
        movb    $0x02, %ah
        movb    $0, %bh
        movw    $0x1800, %dx
        int     $0x10
        movw    $LINES, %cx
1:
        movw    $line, %si
2:
        lodsb
        testb   %al, %al
        jz      3f
        movb    $0x0e, %ah
        movw    $0x0007, %bx
        int     $0x10
        jmp     2b
3:
        loop    1b
        ret

/* ---- graphics ---- */

frame:                                  /* of mode 13h */
        movw    $GRAPHICS, %ax
        movw    %ax, %es
        xorw    %di, %di
        movl    $0x01020304, %eax
        movw    $16000, %cx
1:
        stosl
        addl    $0x01010101, %eax
        loop    1b
        ret

planar:                                 /* 12h: all write and read modes */
        movw    $GRAPHICS, %ax
        movw    %ax, %es
        register 0x3c4, 0x02, 0x05      /* write mode 0, two planes */
        xorw    %di, %di
        movw    $2000, %cx
        movb    $0x5a, %al
        rep stosb
        register 0x3c4, 0x02, 0x0f
        register 0x3ce, 0x08, 0x3c      /* some bits, the others latched */
        register 0x3ce, 0x03, 0x18      /* XOR */
        movw    $100, %di
        movw    $500, %cx
1:
        movb    %es:(%di), %al
        movb    $0xff, %al
        stosb
        loop    1b
        register 0x3ce, 0x03, 0x02      /* replace, rotated by 2 */
        register 0x3ce, 0x00, 0x0a      /* set/reset of two planes */
        register 0x3ce, 0x01, 0x06
        movw    $500, %cx
2:
        movb    %es:(%di), %al
        movb    %cl, %al
        stosb
        loop    2b
        register 0x3ce, 0x01, 0x00
        register 0x3ce, 0x03, 0x00
        register 0x3ce, 0x08, 0xff
        register 0x3ce, 0x05, 0x01      /* write mode 1 */
        pushw   %ds
        pushw   %es
        popw    %ds
        xorw    %si, %si
        movw    $4000, %di
        movw    $1500, %cx
        rep movsb
        popw    %ds
        register 0x3ce, 0x05, 0x02      /* write mode 2 */
        register 0x3ce, 0x08, 0x0f
        movw    $500, %cx
3:
        movb    %es:(%di), %al
        movb    %cl, %al
        stosb
        loop    3b
        register 0x3ce, 0x05, 0x03      /* write mode 3 */
        register 0x3ce, 0x08, 0xff
        movw    $500, %cx
4:
        movb    %es:(%di), %al
        movb    %cl, %al
        stosb
        loop    4b
        register 0x3ce, 0x05, 0x08      /* read mode 1 */
        register 0x3ce, 0x02, 0x05
        register 0x3ce, 0x07, 0x0f
        movw    $GRAPHICS, %ax
        movw    $2000, %cx
        call    read
        register 0x3ce, 0x05, 0x00
        register 0x3ce, 0x04, 0x02      /* plane 2 */
        movw    $GRAPHICS, %ax
        movw    $2000, %cx
        call    read
        register 0x3ce, 0x04, 0x00
        ret

banked:                                 /* VBE: a line in each bank */
        movw    $GRAPHICS, %ax
        movw    %ax, %es
        xorw    %dx, %dx
1:
        pushw   %dx
        movw    $0x4f05, %ax
        xorw    %bx, %bx
        int     $0x10
        popw    %dx
        movw    $0x1230, %di
        movw    $640, %cx
        movb    %dl, %al
        addb    $0x11, %al
        rep stosb
        pushw   %dx
        movw    $(GRAPHICS + 0x123), %ax
        movw    $160, %cx
        call    read
        popw    %dx
        incw    %dx
        cmpw    $BANKS, %dx
        jb      1b
        ret

main:
        call    find_adapter
        step    post
        mode    0x0003
        step    mode-3

        movw    $COLOR, %ax
        movw    %ax, %es
        call    redraw
        step    redraw
        call    movsw
        step    scroll
        movw    $COLOR, %ax
        movw    $2000, %cx
        call    read
        step    read
        call    bios_scrolls
        step    bios-scrolls
        call    movsw
        step    scroll-again
        call    teletype
        step    teletype

        movw    $0x1c01, %ax            /* save hardware, data and DAC */
        movw    $0x0007, %cx
        movw    $BUFFER, %bx
        int     $0x10
        step    save-state
        movw    $COLOR, %ax
        movw    %ax, %es
        call    redraw
        step    redraw-again

        mode    0x0007
        step    mode-7
        movw    $MONO, %ax
        movw    %ax, %es
        call    redraw
        step    redraw-mono

        mode    0x0013
        step    mode-13
        call    frame
        step    frame
        call    frame
        step    frame-again
        mode    0x0012
        step    mode-12
        call    planar
        step    planar

        movw    $0x4f02, %ax
        movw    $0x0101, %bx
        int     $0x10
        step    vbe
        call    banked
        step    banked

        mode    0x0003
        step    mode-3-again
        movw    $COLOR, %ax
        movw    %ax, %es
        call    redraw
        step    redraw-last
        movw    $COLOR, %ax
        movw    $2000, %cx
        call    read
        step    read-last

        movw    $event_word, %si        /* for an event during the step */
        call    tell
        call    answered
        call    wait                    /* a check every 10 ms has seen it */
        movw    $COLOR, %ax
        movw    $0x840, %cx             /* a bit more than a screen */
        call    read
        movw    $COLOR, %ax
        movw    %ax, %es
        movw    $0x1742, %ax
        movw    $800, %di
        movw    $400, %cx
        rep stosw
        step    event

        movw    $done, %si
        call    say
        jmp     stuck

adapter: .long  0
step_word: .asciz "step "
event_word: .asciz "event\n"
line:   .asciz  "A line of text, and the next of the same.\r\n"
end:    .asciz  "\n"
done:   .asciz  "ZOO DONE\n"
