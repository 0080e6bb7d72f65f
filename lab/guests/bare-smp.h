/*
 * A second processor, for guests without an operating system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef BARE_SMP_H
#define BARE_SMP_H

#include "bare.h"

#define APIC_COMMAND   ((volatile uint32_t *)0xfee00300)
#define APIC_TO_OTHERS 0xc0000
#define APIC_PENDING   0x1000
#define APIC_INIT      0x4500
#define APIC_STARTUP   0x4600
#define TRAMPOLINE     0x8000   /* a page below 1 MiB */

static void (*second_processor)(void);
static volatile bool second_started;

static void __attribute__((used, noreturn, regparm(0))) start_second(void)
{
    second_started = true;
    second_processor();
    for (;;) {
        asm volatile("cli\n"
                     "hlt");
    }
}

/* In real mode first, at TRAMPOLINE */
extern const uint8_t trampoline[], trampoline_end[];
asm(".section .rodata\n"
    "    .balign 8\n"
    "trampoline:\n"
    "    .code16\n"
    "    cli\n"
    "    xorw %ax, %ax\n"
    "    movw %ax, %ds\n"
    "    lgdtl second_gdt - trampoline + 0x8000\n"
    "    movl %cr0, %eax\n"
    "    orb $1, %al\n"
    "    movl %eax, %cr0\n"
    "    ljmpl $8, $second_entry\n"
    "    .balign 4\n"
    "second_gdt:\n"
    "    .word 23\n"
    "    .long second_segments - trampoline + 0x8000\n"
    "    .balign 8\n"
    "second_segments:\n"
    "    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff\n"
    "trampoline_end:\n"
    "    .code32\n"
    ".bss\n"
    "    .balign 16\n"
    "    .skip 16384\n"
    "second_stack_end:\n"
    ".text\n"
    "second_entry:\n"
    "    movl $16, %eax\n"
    "    movw %ax, %ds\n"
    "    movw %ax, %es\n"
    "    movw %ax, %ss\n"
    "    movl $second_stack_end, %esp\n"
    "    cld\n"
    "    call start_second\n");

static void apic_send(uint32_t command)
{
    *APIC_COMMAND = APIC_TO_OTHERS | command;
    while (*APIC_COMMAND & APIC_PENDING) {
    }
}

/* The machine has two processors.  Returns when the other one runs @work. */
static void start_processor(void (*work)(void))
{
    volatile uint8_t *to = (uint8_t *)TRAMPOLINE;
    const uint8_t *from;

    second_processor = work;
    for (from = trampoline; from < trampoline_end; from++) {
        *to++ = *from;
    }
    apic_send(APIC_INIT);
    apic_send(APIC_STARTUP | TRAMPOLINE >> 12);
    while (!second_started) {
    }
}

#endif /* BARE_SMP_H */
