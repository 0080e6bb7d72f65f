/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that draws as DOS programs do.  First the BIOS writes a text
 * screen character by character, and scrolls it.  Then the program writes text
 * itself, with a bar that moves down line by line.  Then it loads a palette
 * and draws frames of mode 13h.  It says "SCENE teletype", "SCENE cells" and
 * "SCENE frames" on the debug port.
 */
        .set    LINES, 200              /* lines that the BIOS prints */
        .set    SCREENS, 1000           /* screens of text */
        .set    FRAMES, 64

        .include "boot.inc"
        movw    $LINES, %bp
teletype:
        movw    $line, %si
1:
        lodsb
        testb   %al, %al
        jz      2f
        movb    $0x0e, %ah              /* INT 10h: teletype */
        movw    $0x0007, %bx
        int     $0x10
        jmp     1b
2:
        decw    %bp
        jnz     teletype
        movw    $said_teletype, %si
        call    done

        movw    $0xb800, %ax
        movw    %ax, %es
        xorw    %bx, %bx                /* the line with the bar, from 0 */
        movw    $SCREENS, %bp
cells:
        xorw    %di, %di
        xorw    %dx, %dx                /* line */
1:
        movw    $0x1f20, %ax            /* white on blue */
        cmpw    %bx, %dx
        jne     2f
        movw    $0x70b0, %ax
2:
        movw    $80, %cx
        rep stosw
        incw    %dx
        cmpw    $25, %dx
        jb      1b
        movb    %bl, %dh
        movb    $0, %dl
        pushw   %bx
        xorw    %bx, %bx
        movb    $0x02, %ah              /* INT 10h: set the cursor */
        int     $0x10
        popw    %bx
        incw    %bx
        cmpw    $25, %bx
        jb      3f
        xorw    %bx, %bx
3:
        decw    %bp
        jnz     cells
        movw    $said_cells, %si
        call    done

        movw    $0x0013, %ax            /* INT 10h: set mode 13h */
        int     $0x10
        movw    $0x3c8, %dx
        xorb    %al, %al
        outb    %al, %dx
        incw    %dx
        movw    $768, %cx
1:
        movb    %cl, %al
        andb    $0x3f, %al
        outb    %al, %dx
        loop    1b
        movw    $0xa000, %ax
        movw    %ax, %es
        movw    $FRAMES, %bp
frames:
        xorw    %di, %di
        movw    $64000, %cx
1:
        movw    %di, %ax
        addw    %bp, %ax
        stosb
        loop    1b
        decw    %bp
        jnz     frames
        movw    $said_frames, %si
        call    done
halt:
        hlt
        jmp     halt

done:                                   /* waits for the adapter */
        movw    $0x3da, %dx
        inb     %dx, %al
        .include "say.inc"

line:
        .asciz  "A line as long as most are, and a number: 0123456789\r\n"
said_teletype:
        .asciz  "SCENE teletype\n"
said_cells:
        .asciz  "SCENE cells\n"
said_frames:
        .asciz  "SCENE frames\n"
        .org    510
        .word   0xaa55
