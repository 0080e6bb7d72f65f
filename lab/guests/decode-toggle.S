/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A firmware that switches a VGA adapter's decoding off and on, as vgaarb and
 * drivers do.  It writes PCI_COMMAND of the adapter, which is on bus 0 or
 * behind the only root port there, and then VGA Enable of the port.  BAR 0
 * gets an address, so that a test can tell the adapter's own memory from other
 * memory.  The trace has the writes (pci_cfg_write), with which a test counts
 * the cost of a switch.
 */
        .include "firmware.inc"

        .set    SWITCHES, 16
        .set    MEMORY_AND_IO, 3

main:
        call    find_chipset
        xorl    %edi, %edi              /* bridge, 0 for none */
        call    find_adapter
        leal    0x10(%esi), %eax
        movl    $0xe0000000, %ecx
        call    config_write32          /* BAR 0 */
        leal    4(%esi), %eax
        movb    $MEMORY_AND_IO, %ch
        call    switch_it
        testl   %edi, %edi
        jz      1f
        movb    $MEMORY_AND_IO, %cl
        call    config_write8
        leal    0x3e(%edi), %eax        /* bridge control */
        movb    $8, %ch                 /* VGA Enable */
        call    switch_it
1:
        movw    $done, %si
        call    say
        jmp     finish

/* Switches the byte register %eax between %ch and 0 many times. */
switch_it:
        movw    $SWITCHES, %bp
1:
        movb    %ch, %cl
        call    config_write8
        movb    $0, %cl
        call    config_write8
        decw    %bp
        jnz     1b
        ret

find_adapter:                           /* to %esi, its root port to %edi */
        xorl    %esi, %esi
1:
        leal    8(%esi), %eax
        call    config_read32
        shrl    $16, %eax
        cmpw    $0x0300, %ax
        je      3f
        cmpw    $0x0604, %ax
        je      2f
        addl    $0x800, %esi
        cmpl    $0x10000, %esi
        jb      1b
        movw    $none, %si
        call    say
        jmp     finish
2:
        movl    %esi, %edi
        leal    0x18(%edi), %eax        /* bus 1 is behind it */
        movl    $0x00010100, %ecx
        call    config_write32
        leal    0x1c(%edi), %eax        /* no I/O window */
        movl    $0x00f0, %ecx
        call    config_write32
        leal    0x20(%edi), %eax        /* memory: 0xe0000000-0xefffffff */
        movl    $0xeff0e000, %ecx
        call    config_write32
        leal    0x24(%edi), %eax        /* no prefetchable window */
        movl    $0x0000fff0, %ecx
        call    config_write32
        leal    0x3e(%edi), %eax
        movb    $8, %cl
        call    config_write8
        leal    4(%edi), %eax
        movb    $MEMORY_AND_IO, %cl
        call    config_write8
        movl    $0x10000, %esi
3:
        ret

none:   .asciz  "no adapter\n"
done:   .asciz  "SWITCHING DONE\n"

        .include "firmware-end.inc"
