/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A game for mode 13h in three sectors: a ball, a paddle and 96 bricks.  It
 * plays by itself, waits for the retrace as DOS games do, and starts again
 * after the last brick.  When 30 bricks are gone, it says "BRICKS GONE" on the
 * debug port.
 */
        .set    COLUMNS, 16
        .set    ROWS, 6
        .set    BRICK_W, 20             /* with the gap to the next one */
        .set    BRICK_H, 10
        .set    WALL, 30                /* first line of the bricks */
        .set    PADDLE, 184             /* first line of the paddle */
        .set    PADDLE_W, 48
        .set    TRAIL, 6
        .set    SKY, 128                /* first of 50 colours, 4 lines each */

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        cld
        movw    $0x0202, %ax            /* INT 13h: read two sectors */
        movw    $0x0002, %cx            /* ... from the second one */
        movb    $0, %dh
        movw    $0x7e00, %bx
        int     $0x13
        movw    $0x0013, %ax            /* INT 10h: set mode 13h */
        int     $0x10
        jmp     game

        .org    510
        .word   0xaa55

/*
 * The palette goes from dark to bright blue; the DAC has six bits for each
 * color.
 */
game:
        movw    $0x3c8, %dx
        movb    $SKY, %al
        outb    %al, %dx
        incw    %dx
        xorw    %cx, %cx
sky:
        movb    $0, %al
        outb    %al, %dx
        movb    %cl, %al
        shrb    $1, %al
        outb    %al, %dx
        movb    %cl, %al
        addb    $10, %al
        outb    %al, %dx
        incw    %cx
        cmpw    $50, %cx
        jb      sky

level:
        pushw   %ds
        popw    %es
        movw    $bricks, %di
        movb    $1, %al
        movw    $(COLUMNS * ROWS), %cx
        rep stosb
        movw    $(COLUMNS * ROWS), left
        movw    $0xa000, %ax
        movw    %ax, %es

        xorw    %bx, %bx                /* the whole screen is sky */
        xorw    %ax, %ax
        movw    $320, %cx
        movw    $200, %dx
        call    clear
        movw    $(COLUMNS * ROWS - 1), %si
1:
        call    brick
        decw    %si
        jns     1b
        call    score

frame:
        movw    $0x3da, %dx             /* out of the retrace, and into it */
1:
        inb     %dx, %al
        testb   $8, %al
        jnz     1b
2:
        inb     %dx, %al
        testb   $8, %al
        jz      2b

        /*
         * The end of the trail becomes sky, and each dot moves to the place of
         * the next.
         */
        movw    trail + 4 * (TRAIL - 1), %ax
        movw    trail + 4 * (TRAIL - 1) + 2, %bx
        movw    $5, %cx
        movw    $5, %dx
        pushaw
        call    clear
        popaw
        call    mend
        pushw   %es
        pushw   %ds
        popw    %es
        movw    $(trail + 4 * TRAIL - 2), %di
        movw    $(trail + 4 * TRAIL - 6), %si
        movw    $(2 * TRAIL - 2), %cx
        std
        rep movsw
        cld
        popw    %es
        movw    ball_x, %ax
        movw    %ax, trail
        movw    ball_y, %ax
        movw    %ax, trail + 2

        call    move
        call    hit

        movw    $(TRAIL - 1), %si       /* the trail, from its dark end */
3:
        movw    %si, %di
        shlw    $2, %di
        movb    $28, %al                /* one of the palette's greys */
        subw    %si, %ax
        subw    %si, %ax
        movb    %al, colour
        movw    trail(%di), %ax
        movw    trail + 2(%di), %bx
        movw    $5, %cx
        movw    $5, %dx
        call    fill
        decw    %si
        jns     3b
        movb    $15, colour
        movw    ball_x, %ax
        movw    ball_y, %bx
        movw    $5, %cx
        movw    $5, %dx
        call    fill
        call    paddle
        cmpw    $0, left
        jne     frame
        jmp     level

/*
 * One step of the ball.  Walls reflect it, the paddle does so by a random
 * angle.
 */
move:
        movw    ball_x, %ax
        addw    step_x, %ax
        cmpw    $314, %ax
        jbe     1f
        negw    step_x
        movw    ball_x, %ax
1:
        movw    %ax, ball_x
        movw    ball_y, %ax
        addw    step_y, %ax
        cmpw    $18, %ax
        ja      2f
        negw    step_y
        movw    ball_y, %ax
2:
        cmpw    $(PADDLE - 5), %ax
        jb      3f
        negw    step_y
        movw    random, %ax
        movw    $25173, %cx
        mulw    %cx
        addw    $13849, %ax
        movw    %ax, random
        shrw    $13, %ax                /* 0 to 7 become -4 to 3; 0 becomes 4 */
        subw    $4, %ax
        jnz     4f
        movw    $4, %ax
4:
        movw    %ax, step_x
        movw    $(PADDLE - 6), %ax
3:
        movw    %ax, ball_y
        ret

/* Sets carry, and %si to a brick, if one is at column %ax of line %bx. */
find:
        pushw   %ax
        movw    %bx, %ax
        subw    $WALL, %ax
        jb      1f
        movb    $BRICK_H, %cl
        divb    %cl
        cmpb    $ROWS, %al
        jae     1f
        movb    $COLUMNS, %cl
        mulb    %cl
        movw    %ax, %si
        popw    %ax
        pushw   %ax
        movb    $BRICK_W, %cl
        divb    %cl
        movb    $0, %ah
        addw    %ax, %si
        cmpb    $1, bricks(%si)         /* carry set: 0, no brick */
        cmc
        popw    %ax
        ret
1:
        popw    %ax
        clc
        ret

/*
 * Draws again the bricks that the ball covers or covered at column %ax, line
 * %bx.
 */
mend:
        pushaw
        call    mend_one
        addw    $4, %ax
        call    mend_one
        addw    $4, %bx
        call    mend_one
        subw    $4, %ax
        call    mend_one
        popaw
        ret
mend_one:
        pushaw
        call    find
        jnc     1f
        call    brick
1:
        popaw
        ret

/* Removes a brick at the middle of the ball, and reflects the ball. */
hit:
        movw    ball_x, %ax
        movw    ball_y, %bx
        addw    $2, %ax
        addw    $2, %bx
        call    find
        jnc     1f
        movb    $0, bricks(%si)
        negw    step_y
        call    place
        movw    $BRICK_W, %cx
        movw    $BRICK_H, %dx
        call    clear
        decw    left
        call    score
        cmpw    $(COLUMNS * ROWS - 30), left
        jne     1f
        movw    $0x3da, %dx             /* waits for the writes, see done.inc */
        inb     %dx, %al
        movw    $0x402, %dx
        movw    $gone, %si
2:
        lodsb
        testb   %al, %al
        jz      1f
        outb    %al, %dx
        jmp     2b
1:
        ret

/* %ax, %bx: column and line of brick %si */
place:
        movw    %si, %ax
        movb    $COLUMNS, %cl
        divb    %cl
        movb    %ah, %bl                /* column */
        movb    $BRICK_H, %cl
        mulb    %cl
        addw    $WALL, %ax
        pushw   %ax
        movb    %bl, %al
        movb    $BRICK_W, %cl
        mulb    %cl
        popw    %bx
        ret

/* Draws brick %si: a bright edge, a dark one, and the colour of its row. */
brick:
        movw    %si, %ax
        movb    $COLUMNS, %cl
        divb    %cl
        movb    $0, %ah
        movw    %ax, %di
        movb    colours(%di), %al
        pushw   %ax
        addb    $72, %al                /* the same hue, dark */
        movb    %al, colour
        call    place
        incw    %ax
        movw    $(BRICK_W - 2), %cx
        movw    $(BRICK_H - 2), %dx
        pushaw
        call    fill
        popaw
        popw    %di
        pushw   %di
        xchgw   %ax, %di
        addb    $24, %al                /* the same hue, pale */
        movb    %al, colour
        xchgw   %ax, %di
        decw    %cx
        decw    %dx
        pushaw
        call    fill
        popaw
        popw    %di
        xchgw   %ax, %di
        movb    %al, colour
        xchgw   %ax, %di
        incw    %ax
        incw    %bx
        decw    %cx
        decw    %dx
        jmp     fill

/* The paddle follows the ball, slightly off its middle. */
paddle:
        movw    ball_x, %ax
        subw    $(PADDLE_W / 2 - 8), %ax
        jnb     1f
        xorw    %ax, %ax
1:
        cmpw    $(320 - PADDLE_W), %ax
        jbe     2f
        movw    $(320 - PADDLE_W), %ax
2:
        xchgw   %ax, paddle_x
        movw    $PADDLE, %bx
        movw    $PADDLE_W, %cx
        movw    $6, %dx
        pushw   %bx
        call    clear
        popw    %bx
        movb    $23, colour
        movw    paddle_x, %ax
        movw    $PADDLE_W, %cx
        movw    $6, %dx
        pushw   %bx
        call    fill
        popw    %bx
        movb    $31, colour
        movw    paddle_x, %ax
        movw    $PADDLE_W, %cx
        movw    $2, %dx
        jmp     fill

/*
 * Fills %cx dots of %dx lines from column %ax, line %bx, with sky or `colour`.
 */
clear:
        movb    $0, colour
fill:
        pushw   %si
        movw    %ax, %si
1:
        imulw   $320, %bx, %di
        addw    %si, %di
        movb    colour, %al
        testb   %al, %al
        jnz     2f
        movw    %bx, %ax
        shrw    $2, %ax
        addb    $SKY, %al
2:
        pushw   %cx
        rep stosb
        popw    %cx
        incw    %bx
        decw    %dx
        jnz     1b
        popw    %si
        ret

/* The first line of text has ten points for each brick that is gone. */
score:
        pushw   %si
        movw    $(COLUMNS * ROWS), %ax
        subw    left, %ax
        movb    $10, %cl
        divb    %cl
        addw    $0x3030, %ax
        movw    %ax, digits
        movw    $title, %si
        xorw    %di, %di                /* column */
1:
        movw    %di, %dx                /* INT 10h: cursor */
        movb    $0, %dh
        movb    $0x02, %ah
        movb    $0, %bh
        int     $0x10
        lodsb
        testb   %al, %al
        jz      2f
        movb    $0x0e, %ah              /* ... teletype, in a colour */
        movw    $14, %bx
        int     $0x10
        incw    %di
        jmp     1b
2:
        popw    %si
        ret

title:  .ascii  " B R I C K S      mode 13h     score "
digits: .ascii  "000 "
        .byte   0
gone:   .asciz  "BRICKS GONE\n"
colours: .byte  40, 42, 44, 48, 52, 33
ball_x: .word   60
ball_y: .word   150
step_x: .word   3
step_y: .word   -3
random: .word   1
paddle_x: .word 40
trail:  .fill   2 * TRAIL, 2, 150
left:   .word   0
colour: .byte   0
bricks: .fill   COLUMNS * ROWS, 1, 0
        .org    3 * 512
