/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware that drives QEMU's device "edu" on bus 0 by INTx, through the
 * 8259s.  It makes the device raise interrupts, and counts those for which its
 * handler found a cause and those for which it found none.
 *
 *     plain   one interrupt after the other
 *     again   the handler itself raises the next one after it has
 *             acknowledged the device and before its EOI
 *     shared  two devices on the same line: the handler has looked at
 *             both, and the second device has an interrupt before the EOI
 *
 * The firmware waits for each interrupt, so a lost one stops it.  After
 * "plain" it says two times in ticks of the TSC: the total, and the sum of the
 * times from raising an interrupt to its handler.
 */
        .include "firmware.inc"

        .set    EDU_ID, 0x11e81234
        .set    EDU_BAR, 0xe0000000
        .set    EDU_STATUS, 0x24
        .set    EDU_RAISE, 0x60
        .set    EDU_ACK, 0x64
        .set    MEMORY_AND_MASTER, 6
        .set    IRQ, 10
        .set    VECTOR, 0x70 + IRQ - 8
        .set    PLAIN, 10000
        .set    AGAIN, 1000
        .set    SHARED, 1000
        .set    EDU_DISTANCE, 0x200000  /* from one BAR to the next one */
        .set    LAPIC, 0xfee00000
        .set    DELAY, 200              /* in port accesses */

main:
        call    find_chipset
        call    flat
        xorl    %esi, %esi
        movl    $EDU_BAR, %ecx
        call    find_edu
        jc      nothing
        addl    $EDU_DISTANCE, %ecx
        call    find_edu
        setnc   two
        call    route
        call    pic
        call    vector
        sti

        rdtsc
        movl    %eax, began
        movl    %edx, began + 4
        movl    $PLAIN, %ebp
1:
        movl    count, %ebx
        incl    %ebx
        call    raise
        call    await
        decl    %ebp
        jnz     1b
        movw    $plain, %si
        call    report
        call    report_times

        movl    $AGAIN, %ebp
2:
        movl    count, %ebx
        addl    $2, %ebx
        movb    $1, extra
        call    raise
        call    await
        decl    %ebp
        jnz     2b
        movw    $again, %si
        call    report

        cmpb    $0, two
        je      4f
        movl    $SHARED, %ebp
3:
        movl    count, %ebx
        addl    $2, %ebx
        movb    $1, other
        call    raise
        call    await
        decl    %ebp
        jnz     3b
        movw    $shared, %si
        call    report
4:
        movw    $done, %si
        call    say
        jmp     finish
nothing:
        movw    $none, %si
        call    say
        jmp     finish

report:                                 /* %si and both counts */
        call    say
        movl    count, %eax
        call    hex32
        movw    $spurious, %si
        call    say
        movl    unasked, %eax
        call    hex32
        jmp     newline

report_times:
        rdtsc
        subl    began, %eax
        sbbl    began + 4, %edx
        movw    $ticks, %si
        call    say64
        call    space
        movl    waited, %eax
        movl    waited + 4, %edx
        movw    $empty, %si
        call    say64
        jmp     newline

say64:                                  /* %si and %edx:%eax */
        pushl   %eax
        pushl   %edx
        call    say
        popl    %eax
        call    hex32
        popl    %eax
        jmp     hex32

raise:
        rdtsc
        movl    %eax, raised
        movl    %edx, raised + 4
        movl    $EDU_BAR, %edi
        movl    $1, %fs:EDU_RAISE(%edi)
        ret

await:                                  /* until %ebx interrupts */
        cli
        cmpl    %ebx, count
        jae     1f
        sti
        hlt
        jmp     await
1:
        sti
        ret

handler:
        pushal
        pushw   %ds
        pushw   %cs
        popw    %ds
        rdtsc
        subl    raised, %eax
        sbbl    raised + 4, %edx
        addl    %eax, waited
        adcl    %edx, waited + 4
        pushl   count
        movl    $EDU_BAR, %edi
        call    serve
        cmpb    $0, two
        je      1f
        addl    $EDU_DISTANCE, %edi
        call    serve
1:
        popl    %eax
        cmpl    %eax, count
        jne     2f
        incl    unasked
2:
        cmpb    $0, extra
        je      3f
        movb    $0, extra
        call    raise
3:
        cmpb    $0, other
        je      5f
        movb    $0, other
        movl    $1, %fs:EDU_RAISE(%edi)
        movw    $DELAY, %cx             /* until the MSI has arrived */
4:
        inb     $0x80, %al
        loop    4b
5:
        movb    $0x20, %al
        outb    %al, $0xa0
        outb    %al, $0x20
        popw    %ds
        popal
        iretw

serve:                                  /* the device at %edi */
        movl    %fs:EDU_STATUS(%edi), %eax
        testl   %eax, %eax
        jz      1f
        movl    %eax, %fs:EDU_ACK(%edi)
        incl    count
1:
        ret

/* Makes all of memory reachable through %fs. */
flat:
        lgdtl   gdt
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %dx
        movw    %dx, %fs
        andb    $0xfe, %al
        movl    %eax, %cr0
        xorw    %dx, %dx
        movw    %dx, %fs
        ret

/* Gives BAR %ecx to the next edu from %esi on.  Sets carry if there is none. */
find_edu:
        movl    %esi, %eax
        call    config_read32
        cmpl    $EDU_ID, %eax
        je      1f
        addl    $0x800, %esi
        cmpl    $0x10000, %esi
        jb      find_edu
        stc
        ret
1:
        leal    0x10(%esi), %eax
        call    config_write32
        pushl   %ecx
        leal    4(%esi), %eax
        movl    $MEMORY_AND_MASTER, %ecx
        call    config_write32
        popl    %ecx
        call    say_pin
        addl    $0x800, %esi
        clc
        ret

say_pin:
        pushl   %esi
        movl    %esi, %edx
        movw    $pin, %si
        call    say
        leal    0x3d(%edx), %eax
        call    config_read8
        call    hex8
        call    newline
        popl    %esi
        ret

route:                                  /* routes all PIRQs to IRQ */
        movl    $IRQ * 0x01010101, %ecx
        movl    $0x0860, %eax           /* PIIX3, 00:01.0 */
        cmpl    $0x59, pam
        je      config_write32
        movl    $0xf860, %eax           /* ICH9, 00:1f.0 */
        call    config_write32
        movl    $0xf868, %eax
        jmp     config_write32

pic:                                    /* only IRQ, as a level, to the CPU */
        movl    $LAPIC, %edi
        movl    $0x1ff, %fs:0xf0(%edi)  /* enabled */
        movl    $0x8700, %fs:0x350(%edi)        /* LINT0: ExtINT */
        movw    $0x4d1, %dx
        movb    $1 << (IRQ - 8), %al
        outb    %al, %dx
        movb    $0x11, %al
        outb    %al, $0x20
        outb    %al, $0xa0
        movb    $0x08, %al
        outb    %al, $0x21
        movb    $0x70, %al
        outb    %al, $0xa1
        movb    $4, %al
        outb    %al, $0x21
        movb    $2, %al
        outb    %al, $0xa1
        movb    $1, %al
        outb    %al, $0x21
        outb    %al, $0xa1
        movb    $0xfb, %al
        outb    %al, $0x21
        movb    $0xff ^ (1 << (IRQ - 8)), %al
        outb    %al, $0xa1
        ret

vector:
        xorw    %ax, %ax
        movw    %ax, %es
        movw    $handler, %es:(VECTOR * 4)
        movw    $HOME, %es:(VECTOR * 4 + 2)
        ret

        .balign 8
gdt:    .word   15                      /* the first descriptor is not used */
        .long   HOME * 16 + gdt
        .word   0
        .quad   0x00cf92000000ffff
count:  .long   0
began:  .quad   0
raised: .quad   0
waited: .quad   0
unasked: .long  0
extra:  .byte   0
other:  .byte   0
two:    .byte   0
none:   .asciz  "no edu\n"
pin:    .asciz  "pin "
plain:  .asciz  "plain "
again:  .asciz  "again "
shared: .asciz  "shared "
spurious: .asciz " spurious "
ticks:  .asciz  "ticks "
empty:  .asciz  ""
done:   .asciz  "INTERRUPTS DONE\n"

        .include "firmware-end.inc"
