/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A boot sector that prints the MTRRs on the debug port: "mtrr BASE MASK" for
 * each variable pair, with 16 digits for each register, "mtrr type VALUE" for
 * the register that turns them on, and "mtrr end".  After S3, firmware wakes
 * it up at 0x7c00, and it prints them once more.  Intel SDM volume 3, 12.11.2:
 * IA32_MTRRCAP has the number of pairs, which begin at MSR 0x200.
 */
        .code16
        .set    DEBUG_PORT, 0x402
        .set    MTRR_CAP, 0xfe
        .set    MTRR_FIRST, 0x200
        .set    MTRR_DEF_TYPE, 0x2ff

        .globl  _start
_start:
        ljmp    $0, $1f
1:
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld
        movl    $MTRR_CAP, %ecx
        rdmsr
        movzbw  %al, %bp
        movl    $MTRR_FIRST, %ecx
2:
        movw    $name, %si
        call    say
        call    msr
        movb    $' ', %al
        call    out
        call    msr
        call    newline
        decw    %bp
        jnz     2b
        movw    $name, %si
        call    say
        movw    $type, %si
        call    say
        movl    $MTRR_DEF_TYPE, %ecx
        call    msr
        call    newline
        movw    $name, %si
        call    say
        movw    $end, %si
        call    say
        call    newline
3:
        hlt
        jmp     3b

/* Prints MSR %ecx, and goes on to the next one. */
msr:
        rdmsr
        pushl   %eax
        movl    %edx, %eax
        call    hex
        popl    %eax
        call    hex
        incl    %ecx
        ret

/* Prints %eax in hexadecimal. */
hex:
        movl    %eax, %ebx
        movw    $8, %di
1:
        roll    $4, %ebx
        movb    %bl, %al
        andb    $15, %al
        cmpb    $10, %al
        sbbb    $0x69, %al              /* 0-9 and A-F in ASCII */
        das
        call    out
        decw    %di
        jnz     1b
        ret

newline:
        movb    $'\n', %al
out:
        movw    $DEBUG_PORT, %dx
        outb    %al, %dx
        ret

say:
        lodsb
        testb   %al, %al
        jz      1f
        call    out
        jmp     say
1:
        ret

name:   .asciz  "mtrr "
type:   .asciz  "type "
end:    .asciz  "end"

        .org    510
        .word   0xaa55
