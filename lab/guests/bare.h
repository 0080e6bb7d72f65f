/*
 * What the guests that run without an operating system share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each guest is a Multiboot image in 32-bit protected mode, for QEMU's
 * -kernel: SeaBIOS has run, and PCI is set up.  Messages go to port 0x402.
 */

#ifndef BARE_H
#define BARE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ways.h"

#define DEBUG_PORT 0x402
#define WINDOW     0xa0000

typedef struct MultibootInfo {
    uint32_t flags;
    uint32_t mem_lower;
    uint32_t mem_upper;
    uint32_t boot_device;
    uint32_t command_line;
} MultibootInfo;

static void guest(const char *command_line);

asm(".section .multiboot, \"a\"\n"
    ".long 0x1badb002, 0, -0x1badb002\n"
    ".text\n"
    ".globl _start\n"
    "_start:\n"
    "    movl $stack_end, %esp\n"
    "    cld\n"
    "    pushl %ebx\n"
    "    call start\n"
    ".bss\n"
    "    .balign 16\n"
    "    .skip 16384\n"
    "stack_end:\n"
    ".text\n");

static volatile uint8_t *const window = (uint8_t *)WINDOW;

static inline void outb(uint8_t value, uint16_t port)
{
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t value, uint16_t port)
{
    asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint32_t value, uint16_t port)
{
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t value;

    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;

    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void set(uint16_t port, uint8_t index, uint8_t value)
{
    outb(index, port);
    outb(value, port + 1);
}

static inline uint8_t get(uint16_t port, uint8_t index)
{
    outb(index, port);
    return inb(port + 1);
}

static void say_number(uint32_t value, uint32_t base)
{
    char digits[12];
    int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n) {
        outb(digits[--n], DEBUG_PORT);
    }
}

/* Knows these conversions of printf(): %s, %u, %x. */
static void say(const char *format, ...)
{
    va_list arguments;
    const char *s;

    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            outb(*format, DEBUG_PORT);
            continue;
        }
        switch (*++format) {
        case 's':
            for (s = va_arg(arguments, const char *); *s; s++) {
                outb(*s, DEBUG_PORT);
            }
            break;
        case 'u':
            say_number(va_arg(arguments, uint32_t), 10);
            break;
        case 'x':
            say_number(va_arg(arguments, uint32_t), 16);
            break;
        }
    }
    va_end(arguments);
}

/* The word behind the next blanks; the end of @text if there is none. */
static const char *next_word(const char *text)
{
    while (!ends(*text)) {
        text++;
    }
    while (*text == ' ') {
        text++;
    }
    return text;
}

/* PCI configuration by ports; the adapter is the first VGA on bus 0. */

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000
#define PCI_CLASS   0x08
#define PCI_BAR     0x10
#define CLASS_VGA   0x0300

static void pci_select(uint32_t device, uint32_t offset)
{
    outl(PCI_ENABLE | device << 11 | (offset & ~3), PCI_ADDRESS);
}

static uint32_t pci_read(uint32_t device, uint32_t offset)
{
    pci_select(device, offset);
    return inl(PCI_DATA);
}

#define BARS 6

static uint32_t vga;            /* the device; 32 if there is none */
static uint32_t bars[BARS];     /* read once, from config space */

static void find_vga(void)
{
    int i;

    while (vga < 32 && pci_read(vga, PCI_CLASS) >> 16 != CLASS_VGA) {
        vga++;
    }
    for (i = 0; i < BARS; i++) {
        bars[i] = pci_read(vga, PCI_BAR + 4 * i);
    }
}

static uint32_t access_port(uint16_t port, unsigned size, bool write,
                            uint32_t value)
{
    switch (size) {
    case 1:
        return write ? outb(value, port), 0 : inb(port);
    case 2:
        return write ? outw(value, port), 0 : inw(port);
    default:
        return write ? outl(value, port), 0 : inl(port);
    }
}

static uint32_t access_memory(uint32_t address, unsigned size, bool write,
                              uint32_t value)
{
    switch (size) {
    case 1:
        return write ? *(volatile uint8_t *)address = value
                     : *(volatile uint8_t *)address;
    case 2:
        return write ? *(volatile uint16_t *)address = value
                     : *(volatile uint16_t *)address;
    default:
        return write ? *(volatile uint32_t *)address = value
                     : *(volatile uint32_t *)address;
    }
}

static uint32_t access_way(const Way *way, unsigned size, bool write,
                           uint32_t value)
{
    uint32_t bar;

    if (way->kind == 'p') {
        return access_port(way->at, size, write, value);
    }
    if (way->kind == 'c') {
        pci_select(vga, way->at);
        return access_port(PCI_DATA + (way->at & 3), size, write, value);
    }
    bar = bars[way->kind - '0'];
    return bar & 1
           ? access_port((bar & ~3) + way->at, size, write, value)
           : access_memory((bar & ~15) + way->at, size, write, value);
}

static void __attribute__((noreturn, used, regparm(0)))
start(const MultibootInfo *info)
{
    find_vga();
    guest(info->flags & 4 ? (const char *)info->command_line : "");
    for (;;) {
        asm volatile("hlt");
    }
}

#endif /* BARE_H */
