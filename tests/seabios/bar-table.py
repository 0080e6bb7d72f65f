#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the table of docs/vga-assign/bars.rst from real runs.

bar-table.py              prints the table
bar-table.py --update     writes it into the chapter
bar-table.py --check      compares it with the chapter (TAP)

A row is a machine, booted with SeaBIOS's release and with the series'.
"""

import os
import sys

from firmware import OURS, STOCK, check_sound, place
from bench import TOP, Bench, require, tap

CHAPTER = os.path.join(TOP, 'docs', 'vga-assign', 'bars.rst')
BEGIN = '.. begin of the table that tests/seabios/bar-table.py writes\n'
END = '.. end of the table\n'
HEAD = '''
.. csv-table::
   :header: "Machine", "RAM", "BARs", "SeaBIOS 1.17.0", "With the series"
   :widths: 8, 8, 22, 31, 31

'''

CPU = 'qemu64,phys-bits=46'
VGA = 'virtio-vga,id={},hostmem={}'
TESTDEV = 'pci-testdev,id={},membar={}'
DISPLAY = 'secondary-vga,id={},vgamem_mb={}'
BAR_OF = {VGA: 4, TESTDEV: 2, DISPLAY: 0}

# (name of the row, devices: (kind, name in the table, size))
SETS = (
    ('VGA 256M', ((VGA, 'VGA', '256M'),)),
    ('VGA 256M, 512M, 1G', ((VGA, 'VGA', '256M'), (TESTDEV, '512M', '512M'),
                            (TESTDEV, '1G', '1G'))),
    ('VGA 8G, 256M', ((VGA, 'VGA', '8G'), (TESTDEV, '256M', '256M'))),
    ('three of 512M, 32-bit', tuple((DISPLAY, f'{n}.', '512')
                                    for n in (1, 2, 3))),
    ('VGA 256M, 256G', ((VGA, 'VGA', '256M'), (TESTDEV, '256G', '256G'))),
    ('VGA 256M, 512G', ((VGA, 'VGA', '256M'), (TESTDEV, '512G', '512G'))),
)
ROWS = [(machine, ram, bars) for machine in ('pc', 'q35')
        for ram in (128, 2048, 4096, 6144) for bars in SETS]


def cell(placement, plugged):
    """Return a window and where the BARs are, or that the machine panics."""
    start, end = placement.window
    # The release prints its window before it knows whether that is large
    # enough.
    text = [f'{start:08x}-{end - 1:08x}']
    if placement.panic:
        return text[0] + ': halts'
    for kind, name, _ in plugged:
        address = placement.bars[f'd{name}', BAR_OF[kind]]
        text.append(f'{name} {"none" if address.address is None else address}')
    return text[0] + ': ' + ', '.join(text[1:])


def size_name(mebibytes):
    """Return a size of RAM in words."""
    return (f'{mebibytes // 1024}G' if not mebibytes % 1024
            else f'{mebibytes}M')


def row(machine, ram, bars):
    """Return a line of the table."""
    name, plugged = bars
    devices = [kind.format(f'd{name}', size) for kind, name, size in plugged]
    cells = []
    for bios in STOCK, OURS:
        with Bench() as bench:
            placement = place(bench, bios, machine, ram, devices, '-cpu', CPU)
        if bios == OURS:
            require(not placement.panic, f'{placement.panic}')
            check_sound(placement, machine, ram)
        cells.append(cell(placement, plugged))
    return '   ' + ', '.join(f'"{c}"' for c in (
        machine, size_name(ram), name, *cells)) + '\n'


def chapter():
    """Return what is before the table, the table, and what is after it."""
    with open(CHAPTER, encoding='utf-8') as file:
        before, rest = file.read().split(BEGIN)
    table, after = rest.split(END)
    return before + BEGIN, table, END + after


def check(number, arguments):
    """A row of the chapter is what its run gives."""
    lines = [l + '\n' for l in chapter()[1].splitlines() if l[:4] == '   "']
    require(len(lines) == len(ROWS), f'{len(lines)} rows in the chapter')
    found = row(*arguments)
    require(found == lines[number], f'{found}{lines[number]}'
            'bar-table.py --update writes it anew')


def main():
    """Do what the argument says."""
    if sys.argv[1:] == ['--check']:
        tap([(f'{m} {size_name(r)} {b[0]}', lambda n=n, a=(m, r, b):
              check(n, a)) for n, (m, r, b) in enumerate(ROWS)])
        return
    if sys.argv[1:] not in ([], ['--update']):
        sys.exit(__doc__)
    table = HEAD + ''.join(row(*arguments) for arguments in ROWS) + '\n'
    if not sys.argv[1:]:
        print(table, end='')
        return
    before, _, after = chapter()
    with open(CHAPTER, 'w', encoding='utf-8') as file:
        file.write(before + table + after)


if __name__ == '__main__':
    main()
