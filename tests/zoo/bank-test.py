#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One bank for reads and another one for writes: bank-test.py [NAME...] (TAP).

A guest fills one bank, sets another one for writes, reads until the engine has a
copy, and then writes one cell and reads it.  It must read what the first bank has,
and no byte of the other bank may change but that cell.  Half of a window can have a
bank of its own, too, or both halves the same one.
"""

import sys

# What makes the lab's directory known comes first.
import zoo  # noqa: F401 pylint: disable=unused-import
from guest import GRAPHICS, SEQUENCER, register
from qtest import access

from bench import Bench, require, tap

# A file with a hyphen in its name, as Meson's tests have.
ORACLE = __import__('oracle-test')
WINDOW = {'3': 0xb8000, '12': 0xa0000, '13': 0xa0000}
MODES = {'3': [], '12': ORACLE.MODE_12, '13': ORACLE.MODE_13}
BEGINS = {'3': 'copy_begins', '12': 'planes_begins', '13': 'chain4_begins'}
READS = 1200            # as many as the engine may want first
MODE_SET_READS = 40     # not so many that the copy ends without a write
CELL = 0x10
# 4 * 64 KiB is the bank for writes; Tseng's does not move a text window.
SPLIT = {
    'tseng': [(0x3cd, None, 0x04)],
    'trident': [(GRAPHICS, 0xf, 5), (0x3d9, None, 0), (0x3d8, None, 4)],
    'nvidia': [(0x3d4, 0x28, 1), (0x3d4, 0x1e, 0), (0x3d4, 0x1d, 8)],
}
SPLIT_IO = {
    'voodoo': [(0x2c, 0x100008)],
    'ati': [(0, 0x54), (4, 0x80008), (0, 0x38), (4, 9 << 16 | 8)],
}
# Only the lower half of the window, which has a bank of its own
SPLIT_LOWER = {
    'ati': [(0, 0x54), (4, 0x80008), (0, 0x3c), (4, 1 << 16),
            (0, 0x38), (4, 1 << 16 | 8)],
}
UPPER = 0x8000
# Both halves of the window show one bank
TWICE = {
    'cirrus': [(GRAPHICS, 0xb, 0x01), (GRAPHICS, 9, 0), (GRAPHICS, 0xa, 0)],
}


def banks(name, bars, registers, written):
    """Accesses that set banks, by registers and by an I/O BAR."""
    io = [address for is_io, address, _ in bars.values() if is_io]
    return ORACLE.written(ORACLE.OPEN.get(name, [])
                          + registers.get(name, [])) + [
        access('out', 4, io[0] + offset, value)
        for offset, value in written.get(name, [])]


def begin(name, mode, bars, registers=SPLIT, written=SPLIT_IO):
    """A mode, some cells, and other banks."""
    return ([access('out', 1, 0x3c2, 0x67)]
            + ORACLE.written(ORACLE.OPEN.get(name, []) + ORACLE.MODE_3
                             + MODES[mode])
            + [access('write', 2, WINDOW[mode] + 2 * i, 0x0741 + i)
               for i in range(64)]
            + banks(name, bars, registers, written) + [f'clock_step {ORACLE.LASTING}']
            + ORACLE.written([(SEQUENCER, 2, 0xf), (GRAPHICS, 8, 0xff)]
                             if mode == '12' else []))


def one_cell(name, mode, bars):
    """A copy is read for long, and then one cell is written and read."""
    base = WINDOW[mode]
    return (begin(name, mode, bars)
            # A byte after two: of these, only one was read last.
            + [access('read', size, base + 2 * i)
               for i in range(READS) for size in (2, 1)]
            + [f'clock_step {ORACLE.TICK}',
               access('write', 2, base + CELL, 0x1234),
               access('read', 2, base + CELL),
               f'clock_step {ORACLE.TICK}'])


def mode_set(name, mode, bars):
    """A mode set right behind the first byte that is written, to one plane of what
    is latched: the engine sees nothing else between that and the mode set."""
    base = WINDOW[mode]
    return (begin(name, mode, bars) + [register(SEQUENCER, 2, 1)]
            + [access('read', 1, base + i) for i in range(MODE_SET_READS)]
            + [access('write', 1, base + MODE_SET_READS - 1, 0x5a),
               access('out', 1, 0x3c2, 0x67)]
            + ORACLE.written(ORACLE.MODE_3) + [f'clock_step {ORACLE.TICK}'])


def lower_half(name, mode, bars):
    """A byte of the half that has one bank, and then one of the other half."""
    base = WINDOW[mode]
    return (begin(name, mode, bars, written=SPLIT_LOWER)
            + [access('read', 1, base + i) for i in range(MODE_SET_READS)]
            + [access('read', 1, base + UPPER),
               access('write', 1, base + UPPER, 0x5a),
               access('read', 1, base + UPPER),
               access('write', 1, base + CELL, 0x5a),
               access('read', 1, base + CELL),
               access('write', 1, base + CELL + 2, 0x5b),
               f'clock_step {ORACLE.TICK}'])


def twice(name, mode, bars):
    """A byte of one half, which is in the other half as well."""
    base = WINDOW[mode]
    return (begin(name, mode, bars, TWICE)
            + [access('read', 1, base + i) for i in range(MODE_SET_READS)]
            + [access('read', 1, base + UPPER),
               access('write', 1, base + UPPER, 0x5a),
               access('read', 1, base),
               access('write', 1, base + CELL, 0x5b),
               access('read', 1, base + UPPER + CELL),
               access('write', 1, base + UPPER + CELL, 0x5c),
               access('read', 1, base + CELL), f'clock_step {ORACLE.TICK}'])


def same(name, mode, steps):
    """One case."""
    with Bench() as bench:
        pair = [ORACLE.Adapter(bench, name, e) for e in ('forward', 'planes')]
        done = [adapter.machine.run(steps(name, mode, adapter.bars))
                for adapter in pair]
        states = [adapter.state() for adapter in pair]
        begun = pair[1].counter(BEGINS[mode])
        require(begun, 'no copy was begun')
        differ = [what for what, (forward, engine) in
                  (('what was read', done), ('memory', states))
                  if forward != engine]
        require(not differ, f'{" and ".join(differ)}: not as forwarded')
        for adapter in pair:
            adapter.close()
    return f'{begun} copies were begun'


def cases(names):
    """(title, function) of each."""
    split_names = [name for name in names if name in {**SPLIT, **SPLIT_IO}]
    return [(f'{name}, mode {mode}',
             lambda n=name, m=mode: same(n, m, one_cell))
            for name in split_names for mode in MODES] + [
        (f'{name}, mode 12, a mode set behind the first write',
         lambda n=name: same(n, '12', mode_set)) for name in split_names] + [
        (f'{name}, mode {mode}, a bank for half of the window',
         lambda n=name, m=mode: same(n, m, lower_half))
        for name in names if name in SPLIT_LOWER for mode in ('12', '13')] + [
        (f'{name}, mode {mode}, one bank for both halves',
         lambda n=name, m=mode: same(n, m, twice))
        for name in names if name in TWICE for mode in ('13',)]


if __name__ == '__main__':
    tap(cases(sys.argv[1:] or [*SPLIT, *SPLIT_IO, *TWICE]))
