# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to the lab's adapters besides VGA memory, for its guests."""

import re

# lab/guests/ways.h describes the words. An access there changes nothing, or
# has a known effect: of a BAR with the adapter's memory, of ati-vga's MM_DATA,
# and of the DAC's index.
PORTS = 'p:3c2r/1 p:3c3/1 p:3ccr/4 p:3d0/4 p:3d4/2 p:3d5r/1'
CONFIG = 'c:2cr c:c'
BARS = {
    'VGA': '2:504/2 2:408ir/1 0:0m',
    'cirrus-vga': '1:8ir/1 1:14/1 0:0m',
    'ati-vga': '1:10 1:b0ir/1 1:0=80000000 1:4m 2:10 2:b0ir/1 2:4m 0:0m',
}
WAYS = {model: f'{PORTS} {CONFIG} {bars}' for model, bars in BARS.items()}


def names(ways):
    """Return the names of the cases of lab/guests/posted.c."""
    found = ['planes CRTC 2 write']
    for word in ways.split():
        if '=' in word:
            continue
        name, marks = re.fullmatch(r'(\w:[0-9a-f]+)(.*)', word).groups()
        widest = int(marks.partition('/')[2] or 4)
        modes = ('dots',) if name[0] == 'p' else ('dots', 'text')
        found += [f'{mode} {name} {size} {way}' for mode in modes
                  for size in (1, 2, 4) if size <= widest
                  for way in ('read', 'write') if way == 'read'
                  or 'r' not in marks]
    return found
