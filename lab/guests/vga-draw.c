/*
 * A guest that draws without pauses, and checks that its accesses are done
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     vga-draw SECONDS NAME [0000:00:02.0]
 *
 * It fills the text screen with lines that have its name, one byte at a time.
 * It reads each byte back, and writes and reads a register in between; an
 * access that another adapter got, or none, reads differently.  It says how
 * many accesses there were, how many of them had no effect, and how long the
 * longest took.  With an address it locks that adapter in Linux's VGA arbiter
 * for each line, and leaves time between the lines, as on a host with other
 * users.
 */

#include <time.h>

#include "vga-text.h"

static unsigned long accesses, lost, longest_us, over_100_ms;

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

/* Write and read the cursor's low byte, which nothing else uses. */
static void access_all(int offset, uint8_t value)
{
    uint64_t us[4];
    uint8_t byte, index;
    int i;

    us[0] = now_us();
    window[TEXT + offset] = value;
    us[1] = now_us();
    byte = window[TEXT + offset];
    us[2] = now_us();
    set(0x3d4, 0x0f, value);
    index = get(0x3d4, 0x0f);
    us[3] = now_us();
    lost += (byte != value) + (index != value);
    accesses += 6;
    for (i = 0; i < 3; i++) {
        unsigned long took = us[i + 1] - us[i];

        longest_us = took > longest_us ? took : longest_us;
        over_100_ms += took > 100000;
    }
}

static void draw(int row, const char *name, unsigned pass)
{
    char line[COLUMNS + 1];
    int length, column;

    length = snprintf(line, sizeof(line), "%s line %d, pass %u", name, row,
                      pass);
    for (column = 0; column < COLUMNS; column++) {
        access_all(2 * (row * COLUMNS + column),
                   column < length ? line[column] : ' ');
    }
}

static int arbiter_fd = -1;

static void take(void)
{
    if (arbiter_fd >= 0) {
        arbiter(arbiter_fd, "lock io+mem", "");
    }
}

static void give_back(void)
{
    if (arbiter_fd >= 0) {
        arbiter(arbiter_fd, "unlock io+mem", "");
        usleep(200000);
    }
}

int main(int argc, char **argv)
{
    uint64_t begin, us;
    unsigned pass;
    int row;

    if (!open_ports()) {
        return 1;
    }
    if (argc != 3 && argc != 4) {
        errno = EINVAL;
        give_up("SECONDS and a name");
    }
    open_window();
    if (argc == 4) {
        arbiter_fd = open_arbiter();
        arbiter(arbiter_fd, "target PCI:%s", argv[3]);
    }
    take();
    clear();
    give_back();
    say("vga-draw %s: begin\n", argv[2]);
    begin = now_us();
    for (pass = 0; now_us() - begin < atoi(argv[1]) * 1000000ULL; pass++) {
        take();
        draw(pass % ROWS, argv[2], pass);
        give_back();
    }
    us = now_us() - begin;
    take();
    for (row = 0; row < ROWS; row++) {
        char line[COLUMNS + 1];

        snprintf(line, sizeof(line), "%s line %d", argv[2], row);
        cells(row, line);
    }
    give_back();
    say("vga-draw %s: done: %lu accesses in %lu ms, lost %lu, longest %lu us, "
        "over 100 ms %lu\n", argv[2], accesses, (unsigned long)(us / 1000),
        lost, longest_us, over_100_ms);
    return 0;
}
