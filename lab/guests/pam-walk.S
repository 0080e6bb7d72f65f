/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware that walks the PAM segments and SMRAM of i440FX and q35 by itself
 * and says on the debug port what it read.  A line is a name and what was seen
 * step by step.  The tables at the end have the steps.
 * tests/lab/chipset/answers.py has the answers of hardware, of this QEMU and
 * of an unpatched one.
 */
        .include "firmware.inc"

        .set    DRAWER, 0x500           /* results of SMM, below 1 MiB */
        .set    MMIO_CARD, 0x2800       /* the secondary-vga at 00:05.0 */
        .set    MMIO_SEGMENT, 10        /* its registers go to 0xe8000 */
        .set    MMIO_REGISTER, 0x502    /* DISPI XRES, a plain register */
        .set    SMI_PORT, 0xb2
        .set    PATIENCE, 0xffff        /* how often it polls for an SMI */

main:
        call    find_chipset
        xorb    %bl, %bl
1:
        call    walk_segment
        incb    %bl
        cmpb    $F_SEGMENT, %bl
        jbe     1b
        call    mixture
        call    mmio
        call    walk_smram
        movw    $done, %si
        call    say
        jmp     finish

/* Data in three widths, and code, in PAM segment %bl. */
walk_segment:
        call    segment
        xorw    %di, %di
        movw    $dword, %si
        movw    $read32, read
        movw    $write32, write
        call    walk_data
        movw    $0x2001, %di            /* unaligned */
        movw    $word, %si
        movw    $read16, read
        movw    $write16, write
        call    walk_data
        movw    $0x3fff, %di            /* the last of a 16 KiB segment */
        cmpb    $F_SEGMENT, %bl
        jne     1f
        movw    $0xffff, %di
1:
        movw    $byte, %si
        movw    $read8, read
        movw    $write8, write
        call    walk_data
        jmp     walk_code

/* name at %si; a step is a mode and a value to write there, 0 for none */
walk_data:
        call    name
        movw    $data_steps, %si
1:
        lodsw
        cmpb    $0xff, %al
        je      newline
        call    set_mode
        movzbl  %ah, %eax
        testb   %al, %al
        jz      2f
        imull   $0x01010101, %eax
        call    *write
2:
        call    *read
        call    hex32
        call    space
        jmp     1b

name:                                   /* starts a line: %si, segment %bl */
        call    say
        pushw   %ax
        movw    %es, %ax
        xchgb   %al, %ah
        call    hex8
        xchgb   %al, %ah
        call    hex8
        popw    %ax
        jmp     space

read32:
        movl    %es:(%di), %eax
        ret
read16:
        xorl    %eax, %eax
        movw    %es:(%di), %ax
        ret
read8:
        xorl    %eax, %eax
        movb    %es:(%di), %al
        ret
write32:
        movl    %eax, %es:(%di)
        ret
write16:
        movw    %ax, %es:(%di)
        ret
write8:
        movb    %al, %es:(%di)
        ret

/*
 * A routine returns its second byte, which is changed and called in each mode.
 */
walk_code:
        movw    $code, %si
        call    name
        movb    $3, %al
        call    set_mode
        movb    $0xb0, %es:ROUTINE      /* movb $..., %al */
        movb    $0xcb, %es:ROUTINE + 2  /* lret */
        movw    $code_steps, %si
1:
        lodsw
        cmpb    $0xff, %al
        je      newline
        call    set_mode
        testb   %ah, %ah
        jz      2f
        movb    %ah, %es:ROUTINE + 1
2:
        call    run_routine
        call    space
        jmp     1b

run_routine:                            /* prints what it returns, or -- */
        cmpb    $0xcb, %es:ROUTINE + 2
        jne     1f
        pushw   %cs
        pushw   $2f
        pushw   %es
        pushw   $ROUTINE
        lret
2:
        jmp     hex8
1:
        pushw   %si
        movw    $nothing, %si
        call    say
        popw    %si
        ret

/* Gives each segment a mode of its own, then reads all of them. */
mixture:
        movw    $mixed, %si
        call    say
        xorb    %bl, %bl
1:
        movb    %bl, %al
        andb    $3, %al
        call    set_mode
        incb    %bl
        cmpb    $F_SEGMENT, %bl
        jbe     1b
        xorb    %bl, %bl
2:
        call    segment
        movb    %es:0, %al
        call    hex8
        call    space
        incb    %bl
        cmpb    $F_SEGMENT, %bl
        jbe     2b
        jmp     newline

/* Puts registers on the PCI side, where forwarded accesses have an effect. */
mmio:
        movl    $MMIO_CARD, %eax
        call    config_read32
        cmpw    $0xffff, %ax
        je      1f
        movb    $MMIO_SEGMENT, %bl
        movb    $2, %al
        call    set_mode
        call    segment
        movl    $(MMIO_CARD + 0x18), %eax
        movl    $0xe8000, %ecx
        call    config_write32
        movw    $MMIO_REGISTER, %di
        movw    $read16, read
        movw    $write16, write
        movw    $late, %si
        call    name
        call    show_mmio               /* mode 2, without a device */
        movb    $2, %cl
        call    mmio_command
        call    show_mmio               /* ... then with a device */
        movb    $0, %al
        call    set_mode
        movw    $0x7777, %ax
        call    write16
        movb    $2, %al
        call    set_mode
        call    show_mmio
        movb    $0, %cl
        call    mmio_command
        call    show_mmio               /* ... and without one again */
        movb    $2, %cl
        call    mmio_command
        call    newline
        movw    $registers, %si
        call    walk_data
        movb    $0, %cl
mmio_command:                           /* PCI_COMMAND := %cl */
        movl    $(MMIO_CARD + 4), %eax
        jmp     config_write8
show_mmio:
        call    read16
        call    hex32
        jmp     space
1:
        ret

/*
 * Walks the SMRAM register and what is at 0xa0000.  A step has the value of
 * the register and, unless it is 0, a value for memory there.
 */
walk_smram:
        movw    $smram_name, %si
        call    say
        movw    $0xa000, %ax
        movw    %ax, %es
        movw    $smram_steps, %si
        call    smram_walk
        call    smm
        movw    $smram_locked, %si
        call    say
        movw    $lock_steps, %si
smram_walk:
        lodsw
        cmpb    $0xff, %al
        je      newline
        movb    %al, %cl
        call    set_smram
        movzbl  %ah, %eax
        testb   %al, %al
        jz      1f
        imull   $0x01010101, %eax
        movl    %eax, %es:0
1:
        movl    smram, %eax
        call    config_read8
        call    hex8
        movb    $':', %al
        pushw   %ax
        call    say_colon
        movl    %es:0, %eax
        call    hex32
        call    space
        jmp     smram_walk
say_colon:
        popw    %ax                     /* return address */
        popw    %cx
        pushw   %ax
        movb    %cl, %al
        movw    $DEBUG_PORT, %dx
        outb    %al, %dx
        ret

set_smram:                              /* register := %cl */
        pushl   %eax
        movl    smram, %eax
        call    config_write8
        popl    %eax
        ret

/* The same from within SMM, if the machine has SMM. */
smm:
        movw    $smm_name, %si
        call    say
        call    enable_smi
        movw    $nothing, %si
        jc      say_and_newline
        movw    $0x3800, %ax            /* SMBASE is 0x30000 after reset */
        call    install_handler
        movb    $0x02, %cl              /* SMRAM off */
        call    set_smram
        call    smi
        movb    $0x4a, %cl              /* open, to copy the handler */
        call    set_smram
        movw    $0xa800, %ax
        call    install_handler
        movb    $0x0a, %cl              /* closed */
        call    set_smram
        call    smi
        movb    $0x2a, %cl              /* closed, data to PCI */
        call    set_smram
        call    smi
        movb    $0x0a, %cl
        call    set_smram
        jmp     newline
say_and_newline:
        call    say
        jmp     newline

install_handler:                        /* at segment %ax */
        pushw   %es
        movw    %ax, %es
        movw    $handler, %si
        xorw    %di, %di
        movw    $(handler_end - handler), %cx
        rep movsb
        popw    %es
        ret

smi:                                    /* prints what SMM saw */
        pushw   %fs
        xorw    %ax, %ax
        movw    %ax, %fs
        movb    $0, %fs:DRAWER + 4
        outb    %al, $SMI_PORT
        movw    $PATIENCE, %cx
1:
        cmpb    $0, %fs:DRAWER + 4
        loope   1b
        je      2f
        movl    %fs:DRAWER, %eax
        call    hex32
        jmp     3f
2:
        movw    $nothing, %si
        call    say
3:
        popw    %fs
        jmp     space

/*
 * Enables SMIs by port 0xb2.  A machine without SMM has them enabled from the
 * start, so that SeaBIOS leaves them alone; CF is set in that case.
 */
enable_smi:
        cmpl    $0x9d, smram
        je      1f
        movl    $0x0b5b, %eax           /* 00:01.3, PIIX4 PM, DEVACTB: APMC_EN */
        call    config_read8
        testb   $2, %al
        jnz     2f
        movl    $0x0b5b, %eax
        movb    $2, %cl
        call    config_write8
        clc
        ret
2:
        stc
        ret
1:
        movl    $0xf840, %eax           /* 00:1f.0, ICH9: PMBASE, ACPI_EN */
        movl    $0x601, %ecx
        call    config_write32
        movl    $0xf844, %eax
        movb    $0x80, %cl
        call    config_write8
        movw    $0x630, %dx             /* SMI_EN: GBL_SMI_EN, APMC_EN */
        inl     %dx, %eax
        testb   $0x20, %al
        jnz     2b
        orb     $0x21, %al
        outl    %eax, %dx
        clc
        ret

/*
 * Runs in SMM, position-independent.  SMBASE, which processors with long mode
 * have at 0xff00 above it in their saved state, becomes 0xa0000.
 */
handler:
        pushl   %eax
        pushw   %ds
        xorw    %ax, %ax
        movw    %ax, %ds
        movl    $0xa0000, %cs:0xff00
        movw    $0xa000, %ax
        movw    %ax, %ds
        movl    0, %eax
        pushw   $0
        popw    %ds
        movl    %eax, DRAWER
        movb    $1, DRAWER + 4
        popw    %ds
        popl    %eax
        rsm
handler_end:

read:   .word   0
write:  .word   0
/* mode, value to write: each mode follows each other one */
data_steps:
        .byte   3, 0x11,  1, 0x22,  3, 0,  2, 0x33,  3, 0,  0, 0
        .byte   1, 0x44,  2, 0x55,  1, 0,  0, 0x66,  1, 0,  2, 0,  3, 0
        .byte   0xff, 0xff
code_steps:
        .byte   3, 0x41,  1, 0x42,  3, 0x43,  1, 0,  2, 0x44,  3, 0
        .byte   0, 0,  1, 0
        .byte   0xff, 0xff
/*      D_OPEN 40, D_CLS 20, D_LCK 10, G_SMRAME 08, C_BASE_SEG 07 */
smram_steps:
        .byte   0x4a, 0x55              /* open */
        .byte   0x0a, 0x66              /* closed */
        .byte   0x4a, 0                 /* the write went elsewhere */
        .byte   0x42, 0                 /* open without G_SMRAME */
        .byte   0x02, 0x77              /* off */
        .byte   0x4f, 0                 /* C_BASE_SEG is read-only */
        .byte   0x2a, 0                 /* D_CLS outside of SMM */
        .byte   0xff, 0xff
lock_steps:
        .byte   0x5a, 0                 /* D_LCK takes D_OPEN away */
        .byte   0x4a, 0                 /* ... for good */
        .byte   0x02, 0                 /* ... and nothing changes */
        .byte   0xff, 0xff
dword:  .asciz  "dword "
word:   .asciz  "word "
byte:   .asciz  "byte "
code:   .asciz  "code "
mixed:  .asciz  "mixed "
late:   .asciz  "late "
registers: .asciz "registers "
smram_name: .asciz "smram "
smram_locked: .asciz "locked "
smm_name: .asciz "smm "
nothing: .asciz "--"
done:   .asciz  "WALK DONE\n"

        .include "firmware-end.inc"
