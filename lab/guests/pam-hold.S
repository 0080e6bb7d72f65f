/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware for tests that migrate a running guest.  It puts each PAM segment
 * into a mode of its own and tries to write to those that are write-protected.
 * Every second it says what it reads there and what the code there returns.
 */
        .include "firmware.inc"

main:
        call    find_chipset
        xorb    %bl, %bl
1:
        call    segment
        movb    $3, %al
        call    set_mode
        movb    %bl, %al
        addb    $0x30, %al
        movb    %al, %es:0
        movb    $0xb0, %es:ROUTINE      /* movb $..., %al; lret */
        movb    %al, %es:ROUTINE + 1
        movb    $0xcb, %es:ROUTINE + 2
        movb    %bl, %al
        andb    $3, %al
        call    set_mode
        incb    %bl
        cmpb    $F_SEGMENT, %bl
        jbe     1b
look:
        xorb    %bl, %bl
1:
        call    segment
        movb    %bl, %al
        andb    $3, %al
        cmpb    $1, %al
        jne     2f
        movb    $0xee, %es:0
        movb    $0xee, %es:ROUTINE + 1
2:
        movb    %es:0, %al
        call    hex8
        cmpb    $0xcb, %es:ROUTINE + 2
        jne     3f
        pushw   %cs
        pushw   $4f
        pushw   %es
        pushw   $ROUTINE
        lret
4:
        call    hex8
3:
        call    space
        incb    %bl
        cmpb    $F_SEGMENT, %bl
        jbe     1b
        call    newline

        call    second                  /* until the clock changes */
        movb    %al, %ah
5:
        call    second
        cmpb    %al, %ah
        je      5b
        jmp     look

second:                                 /* reads the RTC's second into %al */
        movb    $0, %al
        outb    %al, $0x70
        inb     $0x71, %al
        ret

        .include "firmware-end.inc"
