/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pictures that are drawn as old software did, in ways that no package of
 * Debian uses.  Each ends with a scene, see scene.inc.  Nothing moves, except
 * in the scene "blinking".  Data that the guest reads from the adapter are
 * drawn as well, or are in the numbers of the last scene.  The guest is a disk
 * of a few sectors.
 */
        .set    SECTORS, 4
        .set    COLOR, 0xb800
        .set    MONO, 0xb000
        .set    GRAPHICS, 0xa000
        .set    BUFFER, 0x2000          /* segment: fonts, states, what was read */
        .set    SUMS, 0x600            /* of what was read */
        .set    SEQUENCER, 0x3c4
        .set    CONTROLLER, 0x3ce       /* of graphics */
        .set    CRTC, 0x3d4

        .macro  register port, index, value
        movw    $\port, %dx
        movw    $(\value << 8 | \index), %ax
        outw    %ax, %dx
        .endm
        .macro  mode number
        movw    $\number, %ax
        int     $0x10
        .endm
        .macro  window segment
        movw    $\segment, %ax
        movw    %ax, %es
        .endm

        .include "disk.inc"
        .include "scene.inc"

text_mode:                              /* mode 3: no cursor, no blinking */
        mode    0x0003
steady:
        movb    $0x01, %ah              /* INT 10h: shape of the cursor */
        movw    $0x2000, %cx
        int     $0x10
        movw    $0x1003, %ax            /* ... bit 7 is intensity */
        movb    $0, %bl
        int     $0x10
        window  COLOR
        ret

cells:                                  /* %cx of them at %es:%di, all kinds */
        xorw    %ax, %ax
1:
        stosb
        pushw   %ax
        shrw    $1, %ax
        stosb
        popw    %ax
        incw    %ax
        loop    1b
        ret

own_font:                               /* to BUFFER, for %es:%bp */
        window  BUFFER
        xorw    %di, %di
        xorw    %bp, %bp
1:
        movw    %di, %ax
        imulw   $29, %ax, %ax
        xorb    %ah, %al
        rorb    $3, %al
        stosb
        cmpw    $4096, %di
        jb      1b
        movw    $256, %cx
        xorw    %dx, %dx
        ret

stripes:                                /* %cx bytes at %es:%di */
        movw    %di, %ax
        shrw    $3, %ax
        xorw    %di, %ax
        stosb
        loop    stripes
        ret

sum:                                    /* of %cx bytes at %es:0, kept */
        xorw    %si, %si
        xorw    %bx, %bx
1:
        movb    %es:(%si), %al
        incw    %si
        rolw    $1, %bx
        addb    %al, %bl
        loop    1b
        movw    sums_end, %di
        movw    %bx, (%di)
        addw    $2, sums_end
        ret

main:
        call    text_mode
        xorw    %di, %di
        movw    $2000, %cx
        call    cells
        scene   text
        movw    $4000, %cx
        call    sum

        mode    0x0003                  /* with its cursor */
        window  COLOR
        movw    $1600, %di
        movw    $800, %cx
        call    cells
        scene   blinking

        call    text_mode               /* moved by the BIOS */
        xorw    %di, %di
        movw    $2000, %cx
        call    cells
        movw    $0x0603, %ax            /* INT 10h: a window, 3 lines up */
        movb    $0x1e, %bh
        movw    $0x0205, %cx
        movw    $0x1040, %dx
        int     $0x10
        movw    $0x0702, %ax            /* ... 2 lines down */
        movb    $0x2f, %bh
        movw    $0x0a20, %cx
        movw    $0x184f, %dx
        int     $0x10
        movw    $600, %cx
1:
        pushw   %cx
        movb    %cl, %al
        andb    $0x3f, %al
        addb    $0x20, %al
        movw    $0x0007, %bx
        movb    $0x0e, %ah              /* ... teletype */
        int     $0x10
        popw    %cx
        loop    1b
        scene   moved

        call    text_mode
        movw    $0x1112, %ax            /* INT 10h: font of 8x8 */
        movb    $0, %bl
        int     $0x10
        window  COLOR
        xorw    %di, %di
        movw    $4000, %cx
        call    cells
        scene   80x50

        call    text_mode
        movw    $0x1112, %ax            /* INT 10h: font of 8x8 */
        movb    $0, %bl
        int     $0x10
        movw    $lines_350, %si         /* 43 rows and a part */
        movw    $CRTC, %dx
        movw    $((lines_350_end - lines_350) / 2), %cx
1:
        lodsw
        outw    %ax, %dx
        loop    1b
        window  COLOR
        xorw    %di, %di
        movw    $3520, %cx
        call    cells
        scene   80x43

        call    text_mode
        movw    $0x1111, %ax            /* INT 10h: font of 8x14 */
        movb    $0, %bl
        int     $0x10
        window  COLOR
        xorw    %di, %di
        movw    $2240, %cx
        call    cells
        scene   80x28

        call    text_mode
        call    own_font
        movw    $0x1100, %ax            /* INT 10h: font of the caller's */
        movw    $0x1000, %bx
        int     $0x10
        window  COLOR
        xorw    %di, %di
        movw    $2000, %cx
        call    cells
        scene   font

        call    text_mode
        call    own_font
        movw    $0x1100, %ax
        movw    $0x1001, %bx            /* ... in the second place */
        int     $0x10
        movw    $0x1103, %ax            /* INT 10h: bit 3 chooses the font */
        movb    $0x04, %bl
        int     $0x10
        window  COLOR
        xorw    %di, %di
        movw    $2000, %cx
        call    cells
        scene   fonts

        call    text_mode               /* of 25 lines the last 12 are 0 to 11 */
        xorw    %di, %di
        movw    $6000, %cx
        call    cells
        register CRTC, 0x0c, 0x08
        register CRTC, 0x0d, 0x03
        register CRTC, 0x18, 207
        register CRTC, 0x07, 0x0f
        register CRTC, 0x09, 0x0f
        scene   split

        call    text_mode               /* by 5 lines and 3 dots */
        xorw    %di, %di
        movw    $4000, %cx
        call    cells
        register CRTC, 0x0d, 0x21
        register CRTC, 0x08, 0x05
        movb    $3, %bl
        call    pan
        scene   panned

        call    text_mode               /* 160x100: half cells of 4 lines */
        register CRTC, 0x09, 0x43
        xorw    %di, %di
        movw    $8000, %cx
1:
        movb    $0xde, %al
        stosb
        movw    %di, %ax
        shrw    $5, %ax
        xorw    %di, %ax
        stosb
        loop    1b
        scene   160x100

        mode    0x0007                  /* in the other window and ports */
        movb    $0x01, %ah
        movw    $0x2000, %cx
        int     $0x10
        window  MONO
        xorw    %di, %di
        movw    $2000, %cx
1:
        movw    %di, %ax
        shrw    $1, %ax
        stosb
        andb    $0x7f, %al
        stosb
        loop    1b
        scene   mono
        movw    $4000, %cx
        call    sum

        mode    0x0004                  /* two banks of lines */
        window  COLOR
        xorw    %di, %di
        movw    $16384, %cx
        call    stripes
        movb    $0x0b, %ah              /* INT 10h: the other palette */
        movw    $0x0100, %bx
        int     $0x10
        scene   cga4
        movw    $16384, %cx
        call    sum

        mode    0x0006
        window  COLOR
        xorw    %di, %di
        movw    $16384, %cx
        call    stripes
        scene   cga6

        mode    0x000d                  /* wider than the screen, panned */
        window  GRAPHICS
        call    bars
        register CRTC, 0x13, 0x20
        register CRTC, 0x0d, 0x09
        movb    $5, %bl
        call    pan
        scene   ega-panned

        mode    0x0010
        window  GRAPHICS
        call    bars
        call    write_modes
        scene   write-modes
        call    read_mode
        scene   read-mode

        mode    0x0013
        window  GRAPHICS
        xorw    %di, %di
        movw    $64000, %cx
        call    stripes
        call    colors
        scene   mode13
        movw    $64000, %cx
        call    sum

        call    mode_x
        scene   page-0
        register CRTC, 0x0c, 0x4b
        movw    $0x3da, %dx
1:
        inb     %dx, %al
        testb   $8, %al
        jz      1b
        scene   page-1

        call    text_mode               /* what INT 10h saves comes back */
        xorw    %di, %di
        movw    $2000, %cx
        call    cells
        movw    $0x1c01, %ax
        call    state
        register CRTC, 0x0c, 0x02
        register CRTC, 0x09, 0x07
        register SEQUENCER, 0x01, 0x01
        movb    $3, %bl
        call    pan
        call    colors
        scene   changed
        movw    $0x1c02, %ax
        call    state
        scene   restored

        call    text_mode               /* what was read, as colours too */
        movw    $SUMS, %si
        movw    $330, %di
1:
        lodsw
        movw    $16, %cx
2:
        rolw    $1, %ax
        movw    %ax, %bx
        andw    $1, %bx
        addw    $0x1e30, %bx
        movw    %bx, %es:(%di)
        addw    $2, %di
        loop    2b
        addw    $128, %di
        cmpw    sums_end, %si
        jb      1b
        scene   sums
        jmp     stuck

pan:                                    /* by %bl dots */
        movw    $0x3da, %dx
        inb     %dx, %al
        movw    $0x3c0, %dx
        movb    $0x33, %al
        outb    %al, %dx
        movb    %bl, %al
        outb    %al, %dx
        ret

colors:                                 /* 256 of its own */
        movw    $0x3c8, %dx
        movb    $0, %al
        outb    %al, %dx
        incw    %dx
        movw    $768, %cx
1:
        movb    %cl, %al
        xorb    %ch, %al
        andb    $0x3f, %al
        outb    %al, %dx
        loop    1b
        ret

state:                                  /* saved or restored */
        movw    $BUFFER, %bx
        movw    %bx, %es
        xorw    %bx, %bx
        movw    $7, %cx
        int     $0x10
        window  COLOR
        ret

bars:                                   /* 16 colours, plane by plane */
        movb    $1, %bl
1:
        movw    $SEQUENCER, %dx
        movb    %bl, %ah
        movb    $2, %al
        outw    %ax, %dx
        xorw    %di, %di
        xorw    %si, %si                /* number of a bar of 1000 bytes */
2:
        movw    %si, %ax
        testb   %bl, %al
        movb    $0xff, %al
        jnz     3f
        movb    $0, %al
3:
        movw    $1000, %cx
        rep stosb
        incw    %si
        cmpw    $28, %si
        jb      2b
        shlb    $1, %bl
        cmpb    $16, %bl
        jb      1b
        register SEQUENCER, 2, 0x0f
        ret

rows:                                   /* %cx of 16 bytes, read and written */
        pushw   %di
        movw    $16, %bp
1:
        movb    %es:(%di), %al
        movw    %di, %ax
        imulw   $77, %ax, %ax
        stosb
        decw    %bp
        jnz     1b
        popw    %di
        addw    $80, %di
        loop    rows
        ret

write_modes:
        movw    $functions, %si
1:
        lodsw                           /* where */
        movw    %ax, %di
        movw    $CONTROLLER, %dx
2:
        lodsw                           /* registers, up to Bit Mask */
        outw    %ax, %dx
        cmpb    $8, %al
        jne     2b
        movw    $60, %cx
        call    rows
        cmpw    $functions_end, %si
        jb      1b

        register CONTROLLER, 5, 1       /* write mode 1 copies all planes */
        movw    %es, %ax
        movw    %ax, %ds
        movw    $(80 * 20), %si
        movw    $(80 * 250 + 12), %di
        movw    $60, %dx
3:
        movw    $56, %cx
        rep movsb
        addw    $24, %si
        addw    $24, %di
        decw    %dx
        jnz     3b
        xorw    %ax, %ax
        movw    %ax, %ds
        register CONTROLLER, 0, 0
        register CONTROLLER, 1, 0
        register CONTROLLER, 3, 0
        register CONTROLLER, 5, 0
        register CONTROLLER, 8, 0xff
        ret

read_mode:                              /* where is colour 5 or 7, as dots */
        register CONTROLLER, 2, 5
        register CONTROLLER, 7, 0x0d
        register CONTROLLER, 5, 8
        movw    $BUFFER, %ax
        pushw   %es
        popw    %ds
        movw    %ax, %es
        xorw    %si, %si
        xorw    %di, %di
        movw    $28000, %cx
        rep movsb
        pushw   %ds
        pushw   %es
        popw    %ds
        popw    %es
        register CONTROLLER, 5, 0
        register SEQUENCER, 2, 0x0a
        xorw    %si, %si
        xorw    %di, %di
        movw    $28000, %cx
        rep movsb
        xorw    %ax, %ax
        movw    %ax, %ds
        ret

mode_x:                                 /* 320x240, two pages of 19200 bytes */
        mode    0x0013
        register SEQUENCER, 4, 0x06
        register CRTC, 0x14, 0x00
        register CRTC, 0x17, 0xe3
        register CRTC, 0x11, 0x2c
        register CRTC, 0x06, 0x0d
        register CRTC, 0x07, 0x3e
        register CRTC, 0x10, 0xea
        register CRTC, 0x11, 0xac
        register CRTC, 0x12, 0xdf
        register CRTC, 0x15, 0xe7
        register CRTC, 0x16, 0x06
        movw    $0x3c2, %dx
        movb    $0xe3, %al
        outb    %al, %dx
        window  GRAPHICS
        movb    $1, %bl
1:
        movw    $SEQUENCER, %dx
        movb    %bl, %ah
        movb    $2, %al
        outw    %ax, %dx
        xorw    %di, %di
2:
        movw    %di, %ax
        imulw   $3, %ax, %ax
        xorb    %ah, %al
        addb    %bl, %al
        stosb
        cmpw    $38400, %di
        jb      2b
        shlb    $1, %bl
        cmpb    $16, %bl
        jb      1b
        ret

/* Where to, then registers of the Graphics Controller: value, index; 60 rows each */
functions:
        .word   80 * 10 + 2, 0x0005, 0x0303, 0xff08             /* rotated */
        .word   80 * 10 + 22, 0x0003, 0x0a00, 0x0601, 0x3c08    /* set/reset */
        .word   80 * 10 + 42, 0x0001, 0x0803, 0xff08            /* AND */
        .word   80 * 10 + 62, 0x1003, 0xff08                    /* OR */
        .word   80 * 90 + 2, 0x1a03, 0x7e08                     /* XOR */
        .word   80 * 90 + 22, 0x0003, 0x0205, 0xa508            /* mode 2 */
        .word   80 * 90 + 42, 0x1803, 0xdb08                    /* with XOR */
        .word   80 * 90 + 62, 0x0003, 0x0305, 0x0c00, 0x7f08    /* mode 3 */
        .word   80 * 170 + 2, 0x1203, 0x0900, 0xf308            /* with OR */
functions_end:
/* Registers of the CRTC: unlocked, 350 lines, their retrace and blanking, locked */
lines_350:
        .word   0x0511, 0xbf06, 0x1f07, 0x5d12, 0x8310, 0x6315, 0xba16, 0x8511
lines_350_end:
sums_end:
        .word   SUMS
