/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware that shadows the ROM of the VGA adapter on bus 0 as vendors'
 * BIOSes do, and runs it.  In PAM mode 2 (read PCI, write DRAM) it reads and
 * writes each byte; then in mode 1 (read DRAM) the ROM must not change.  First
 * the ROM BAR lies where the copy goes, as datasheets describe it, then
 * elsewhere below 1 MiB.
 */
        .include "firmware.inc"

        .set    ROM_SEGMENTS, 4         /* 64 KiB from 0xc0000 */

main:
        call    find_chipset
        xorl    %ebp, %ebp              /* the adapter */
1:
        leal    8(%ebp), %eax
        call    config_read32
        shrl    $16, %eax
        cmpw    $0x0300, %ax
        je      2f
        addl    $0x800, %ebp
        cmpl    $0x10000, %ebp
        jb      1b
        movw    $none, %si
        call    say
        jmp     finish
2:
        movw    $in_place, %si
        call    say
        movl    $0xc0001, %ecx
        call    shadow
        movw    $elsewhere, %si
        call    say
        movl    $0xd0001, %ecx
        call    shadow
        movw    $done, %si
        call    say
        jmp     finish

/* %ecx: the ROM BAR with its enable bit */
shadow:
        movb    $3, %al                 /* clears what is left there */
        call    rom_mode
        movw    $0xc000, %ax
        movw    %ax, %es
        pushl   %ecx
        xorl    %eax, %eax
        xorw    %di, %di
        movw    $0x4000, %cx
        rep stosl
        popl    %ecx

        movb    $2, %al
        call    rom_mode
        leal    0x30(%ebp), %eax
        call    config_write32
        pushl   %ecx
        leal    4(%ebp), %eax
        movb    $2, %cl                 /* memory space */
        call    config_write8
        popl    %ecx
        pushw   %ds
        shrl    $4, %ecx
        movw    %cx, %ds
        xorw    %si, %si
        xorw    %di, %di
        movw    $0x4000, %cx
        rep movsl
        popw    %ds
        leal    4(%ebp), %eax
        movb    $0, %cl
        call    config_write8
        leal    0x30(%ebp), %eax
        xorl    %ecx, %ecx
        call    config_write32

        movb    $1, %al
        call    rom_mode
        cmpw    $0xaa55, %es:0
        jne     1f
        movw    $calling, %si
        call    say
        pushal
        lcall   $0xc000, $3
        popal
        movw    $HOME, %ax
        movw    %ax, %ds
        ret
1:
        movw    %es:0, %ax
        call    hex8
        movw    $no_rom, %si
        jmp     say

rom_mode:                               /* mode %al for the first 64 KiB */
        movb    $0, %bl
1:
        call    set_mode
        incb    %bl
        cmpb    $ROM_SEGMENTS, %bl
        jb      1b
        ret

none:   .asciz  "no adapter\n"
in_place: .asciz "in place: "
elsewhere: .asciz "elsewhere: "
calling: .asciz "calling, "
no_rom: .asciz  " is no ROM\n"
done:   .asciz  "SHADOW DONE\n"

        .include "firmware-end.inc"
