/*
 * A timer that interrupts, for guests without an operating system
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef BARE_TIMER_H
#define BARE_TIMER_H

#include "bare.h"

#define PIC_COMMAND 0x20
#define PIC_DATA    0x21
#define PIC_OTHER   0xa1
#define PIC_EOI     0x20
#define TIMER_VECTOR 0x20
#define PIT_HZ      1193182
#define TIMER_HZ    1000

static volatile uint32_t ticks;

static void __attribute__((used, regparm(0))) tick(void)
{
    ticks++;
    outb(PIC_EOI, PIC_COMMAND);
}

void timer_entry(void);
asm(".text\n"
    "timer_entry:\n"
    "    pushal\n"
    "    cld\n"
    "    call tick\n"
    "    popal\n"
    "    iretl\n");

typedef struct __attribute__((packed)) Table {
    uint16_t limit;
    uint32_t base;
} Table;

static const uint64_t segments[] = {
    0, 0x00cf9a000000ffff, 0x00cf92000000ffff, /* code, data: all memory */
};
static uint64_t gates[TIMER_VECTOR + 1];

static void start_timer(void)
{
    Table gdt = { sizeof(segments) - 1, (uint32_t)segments };
    Table idt = { sizeof(gates) - 1, (uint32_t)gates };
    uint32_t entry = (uint32_t)timer_entry;

    gates[TIMER_VECTOR] = (uint64_t)(entry & 0xffff0000) << 32 |
                          0x8e00ULL << 32 | 8 << 16 | (entry & 0xffff);
    asm volatile("lgdt %0\n"
                 "ljmpl $8, $1f\n"
                 "1:\n"
                 "movw %w2, %%ds\n"
                 "movw %w2, %%es\n"
                 "movw %w2, %%ss\n"
                 "lidt %1\n" : : "m"(gdt), "m"(idt), "r"(16) : "memory");
    outb(0x11, PIC_COMMAND);            /* initialize: four words */
    outb(TIMER_VECTOR, PIC_DATA);
    outb(0x04, PIC_DATA);
    outb(0x01, PIC_DATA);
    outb(0xfe, PIC_DATA);               /* only IRQ 0 */
    outb(0xff, PIC_OTHER);
    outb(0x34, 0x43);                   /* counter 0: rate generator */
    outb((uint8_t)(PIT_HZ / TIMER_HZ), 0x40);
    outb(PIT_HZ / TIMER_HZ >> 8, 0x40);
    asm volatile("sti");
}

static void wait_ticks(uint32_t count)
{
    uint32_t until = ticks + count;

    while ((int32_t)(until - ticks) > 0) {
        asm volatile("hlt");
    }
}

#endif /* BARE_TIMER_H */
