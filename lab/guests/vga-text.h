/*
 * What the guests that draw with VGA's own registers share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Their messages go to port 0x402, as SeaBIOS's do.
 */

#ifndef VGA_TEXT_H
#define VGA_TEXT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW      0xa0000
#define WINDOW_SIZE 0x20000
#define TEXT        0x18000     /* of the window */
#define COLUMNS     80
#define ROWS        25
#define DEBUG_PORT  0x402

static volatile uint8_t *window;
static int ports;

/*
 * Ports are accessed through /dev/port instead of iopl().  In a guest of an
 * SVM that TCG emulates, the processor looks for an idle TSS, but KVM has
 * marked it busy, so each port access of a program would be a general
 * protection fault.
 */
static void outb(uint8_t value, uint16_t port)
{
    pwrite(ports, &value, 1, port);
}

static uint8_t inb(uint16_t port)
{
    uint8_t value = 0xff;

    pread(ports, &value, 1, port);
    return value;
}

static void say(const char *format, ...)
{
    char text[200];
    va_list arguments;
    char *at;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (at = text; *at; at++) {
        outb(*at, DEBUG_PORT);
    }
}

static void give_up(const char *what)
{
    say("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void arbiter(int fd, const char *format, const char *argument)
{
    char command[64];
    int length = snprintf(command, sizeof(command), format, argument);

    while (write(fd, command, length) != length) {
        if (errno != EINTR && errno != EAGAIN) {
            give_up(command);
        }
    }
}

static uint8_t get(uint16_t port, uint8_t index)
{
    outb(index, port);
    return inb(port + 1);
}

static void set(uint16_t port, uint8_t index, uint8_t value)
{
    outb(index, port);
    outb(value, port + 1);
}

static void cells(int row, const char *text)
{
    int column;

    for (column = 0; column < COLUMNS; column++) {
        volatile uint8_t *cell = window + TEXT + 2 * (row * COLUMNS + column);

        cell[0] = *text ? *text++ : ' ';
        cell[1] = 0x07;
    }
}

static void clear(void)
{
    int row;

    set(0x3d4, 0x0a, 0x20);         /* no cursor */
    set(0x3d4, 0x0c, 0);            /* the screen begins where memory does */
    set(0x3d4, 0x0d, 0);
    for (row = 0; row < ROWS; row++) {
        cells(row, "");
    }
}

static int open_arbiter(void)
{
    int fd = open("/dev/vga_arbiter", O_RDWR);

    if (fd < 0) {
        give_up("/dev/vga_arbiter");
    }
    return fd;
}

static bool open_ports(void)
{
    ports = open("/dev/port", O_RDWR);
    return ports >= 0;
}

static void open_window(void)
{
    int memory = open("/dev/mem", O_RDWR | O_SYNC);

    window = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                  memory, WINDOW);
    if (window == MAP_FAILED) {
        give_up("/dev/mem");
    }
}

#endif /* VGA_TEXT_H */
