#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine on each adapter of the zoo: zoo-test.py [NAME...] (TAP).

The same guest works on an adapter with x-vga-engine=forward, where each access
is a call, and with the default.  After each step memory, registers and colors
of the two adapters must be the same, and so must all that the guest read.  What
the steps cost is a table of calls on the VGA region, behind `#`; with ZOO_DUMP=DIR
each step leaves its registers, memory and screen there, and with ZOO_TABLE=FILE the
tables of all become one, and one of what that costs on hardware by a model.
"""

import os
import sys

from zoo import (COMPARED, ENGINES, STEPS, Run, calls, check_banks,
                 check_steps, cost, personalities, table)
from roms import TAILS

from bench import Bench, Failure, require, rst_table, tap

# Of the table of all
COLUMNS = ('mode-3', 'redraw', 'scroll', 'read', 'bios-scrolls', 'teletype',
           'frame', 'planar', 'banked')
# Of what one of them costs
COSTED = ('s3', 'mode-3', 'redraw', 'scroll', 'read', 'bios-scrolls', 'teletype',
          'mode-12', 'planar', 'frame', 'banked')
found = {}

def run(personality, engine, bars='mapped'):
    """One guest."""
    dump = os.environ.get('ZOO_DUMP')
    with Bench() as bench:
        return Run(bench, personality, engine, bars,
                   dump and os.path.join(dump, f'{personality}-{engine}'))


def after_event(forward, auto):
    """Whether what an adversary did was seen, in words."""
    same_memory = forward.steps['event']['memory'] == \
        auto.steps['event']['memory']
    return (f'after the event: memory {"as" if same_memory else "not as"} '
            f'forwarded, reads {"as" if forward.read == auto.read else "not as"}'
            ' forwarded')


def same(personality):
    """One case."""
    forward, auto = (run(personality, engine) for engine in ENGINES)
    text = table(forward, auto)
    found[personality] = forward.steps, auto.steps
    try:
        check_steps(forward, auto, COMPARED.get(personality, STEPS))
        if personality in TAILS:
            check_banks(forward.banked)
        if personality in COMPARED:
            text += '\n' + after_event(forward, auto)
            require(personality == 'master' or forward.read == auto.read,
                    'what was read after the event differs')
    except Failure as problem:
        raise Failure(f'{problem}\n{text}') from problem
    return text


def case(personality):
    """(title, function)."""
    return personality, lambda: same(personality)


def summary():
    """Calls of each personality: forwarded/with the engine.

    In two tables, since a page of the manual has no room for one.
    """
    return '\n'.join(rst_table([['personality', *columns]] + [
        [name] + ['/'.join(str(calls(steps[column])) for steps in both)
                  for column in columns] for name, both in found.items()])
                     for columns in (COLUMNS[:4], COLUMNS[4:]))


def costs():
    """Of one personality: what hardware would take, by the model."""
    rows = [['work', 'calls', 'reads on the bus', 'writes on the bus',
             'milliseconds']]
    for name in COSTED[1:]:
        both = [steps[name] for steps in found[COSTED[0]]]
        rows.append([name] + ['/'.join(values) for values in (
            [str(calls(s)) for s in both],
            [str(s['memory-read-cycles'] + s['port-reads']) for s in both],
            [str(s['memory-write-cycles'] + s['port-writes']) for s in both],
            [f'{cost(s) / 1000:.2f}' for s in both])])
    return rst_table(rows)


if __name__ == '__main__':
    tap([case(name) for name in sys.argv[1:] or personalities()])
    if os.environ.get('ZOO_TABLE'):
        with open(os.environ['ZOO_TABLE'], 'w', encoding='utf-8') as file:
            file.write(summary() + (f"\n{costs()}" if COSTED[0] in found else ""))
