/*
 * A guest that draws its text screen now and then
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *     redraw TIMES TICKS WAY
 *
 * It draws TIMES times, with TICKS thousandths of a second in between.  Before
 * the first time it reads the WAY (ways.h), as a sign for the test that
 * watches.  All numbers are hexadecimal.
 */

#include "bare.h"
#include "bare-timer.h"
#include "vga-modes.h"

#define CELLS 2000

static void draw(uint16_t cell)
{
    volatile uint16_t *at = (void *)(window + modes[MODE_3].start);
    int i;

    for (i = 0; i < CELLS; i++) {
        at[i] = cell;
    }
}

static void guest(const char *text)
{
    uint32_t times, interval, i;
    Way way;

    text = next_word(text);     /* the first word is the image's name */
    times = read_number(&text);
    text = next_word(text);
    interval = read_number(&text);
    read_way(&way, next_word(text));

    set_mode(&modes[MODE_3]);
    start_timer();
    access_way(&way, way.widest, false, 0);
    for (i = 0; i < times; i++) {
        draw(0x0700 | ('A' + i % 26));
        wait_ticks(interval);
    }
    say("redraw: done\n");
}
