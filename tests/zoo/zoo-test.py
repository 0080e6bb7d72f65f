#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine on each adapter of the zoo: zoo-test.py [NAME...] (TAP).

The same guest works on an adapter with x-vga-engine=forward, where each access
is a call, and with the default.  After each step memory, registers and colors
of the two adapters must be the same, and so must all that the guest read.  What
the steps cost is a table of calls on the VGA region, behind `#`; with ZOO_DUMP=DIR
each step leaves its registers, memory and screen there.
"""

import os
import sys

from zoo import ADVERSARIES, Run, calls, personalities

from bench import Bench, Failure, require, rst_table, tap

ENGINES = ('forward', 'auto')
STEPS = ('post', 'mode-3', 'redraw', 'scroll', 'read', 'bios-scrolls',
         'scroll-again', 'teletype', 'save-state', 'redraw-again', 'mode-7', 'redraw-mono',
         'mode-13', 'frame', 'frame-again', 'mode-12', 'planar', 'vbe',
         'banked', 'mode-3-again', 'redraw-last', 'event')
# Pairs of adapters have nothing to compare where the event has come: forward
# sees it at once, and a copy at the next tick.
COMPARED = {name: STEPS[:-1] for name in ADVERSARIES if name != 'mute'}


def run(personality, engine, bars='mapped'):
    """One guest."""
    dump = os.environ.get('ZOO_DUMP')
    with Bench() as bench:
        return Run(bench, personality, engine, bars,
                   dump and os.path.join(dump, f'{personality}-{engine}'))


def check_same(forward, auto, compared):
    """Nothing that software could see differs."""
    for name in STEPS:
        require(name in forward.steps and name in auto.steps,
                f'the step {name} was not reached')
    for name in compared:
        for what in 'memory', 'registers':
            require(forward.steps[name][what] == auto.steps[name][what],
                    f'{what} after {name} differ')
    if compared == STEPS:
        require(forward.read == auto.read, 'what the guest read differs: '
                f'{forward.read} forwarded, {auto.read} with the engine')


def table(forward, auto):
    """Calls on the VGA region, and the rest that is not legacy VGA."""
    rows = [['step', *ENGINES]]
    for name in STEPS:
        rows.append([name, *(str(calls(r.steps[name]))
                             for r in (forward, auto))])
    return rst_table(rows) + '\n' + ', '.join(
        f'{key.removeprefix("x-vga-")} {value}'
        for key, value in auto.counters.items())


def same(personality):
    """One case."""
    forward, auto = (run(personality, engine) for engine in ENGINES)
    text = table(forward, auto)
    try:
        check_same(forward, auto, COMPARED.get(personality, STEPS))
    except Failure as problem:
        raise Failure(f'{problem}\n{text}') from problem
    return text


def case(personality):
    """(title, function)."""
    return personality, lambda: same(personality)


if __name__ == '__main__':
    tap([case(name) for name in sys.argv[1:] or personalities()])
