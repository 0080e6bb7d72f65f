#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the table of guests that showed the same on an assigned adapter, for docs/vga-assign/guests.rst.

guests.py            prints the table for the last runs of make check-guests
guests.py --update   writes the table into the chapter

Reads the scenes.json of each run in build/tests/guests.
"""

import collections
import glob
import json
import os

import status

CHAPTER = os.environ.get('VGA_ASSIGN_GUESTS', os.path.join(
    status.TOP, 'docs', 'vga-assign', 'guests.rst'))
BEGIN = '.. begin of what scripts/guests.py writes\n'
END = '.. end of what scripts/guests.py writes\n'
WAYS = ('served', 'lab')


def runs():
    """Return all results."""
    for path in sorted(glob.glob(os.path.join(
            status.BUILD, 'tests', 'guests', '*', 'scenes.json'))):
        with open(path, encoding='utf-8') as file:
            yield json.load(file)


def cell(those):
    """Return the ways of one guest, adapter and machine, with the engines of each."""
    found = []
    for way in WAYS:
        engines = [run['engine'] for run in those if run['way'] == way
                   and not run['differ']]
        if engines:
            found.append(f'{way}: {", ".join(engines)}')
        found += [f'**{way}, {run["engine"]}: {len(run["differ"])} differ**'
                  for run in those if run['way'] == way and run['differ']]
    return '; '.join(found) or 'not run'


def rows(all_runs):
    """Return [guest, scenes, adapters, pc, q35]; adapters with the same cells share a row."""
    guests = collections.defaultdict(lambda: collections.defaultdict(list))
    about = {}
    for run in all_runs:
        guests[run['guest']][run['adapter']].append(run)
        about[run['guest']] = f'{run["about"]} (``{run["guest"]}``)', \
            run['scenes']
    for guest, adapters in guests.items():
        merged = collections.defaultdict(list)
        for adapter, those in sorted(adapters.items()):
            cells = tuple(cell([run for run in those
                                if run['machine'] == machine])
                          for machine in ('pc', 'q35'))
            merged[cells].append(adapter)
        for cells, names in merged.items():
            yield [*about[guest], ', '.join(names), *cells]


def text():
    """Return the table."""
    found = list(runs())
    if not found:
        return 'No results of ``make check-guests`` were there.\n'
    scenes = sum(run['scenes'] for run in found)
    differ = sum(len(run['differ']) for run in found)
    return (f'{len(found)} runs, {scenes} scenes compared, {differ} of them '
            'different.\n\n' + status.table(
                ['Guest', 'Scenes', 'Adapter', 'pc', 'q35'],
                list(rows(found)), [36, 8, 16, 20, 20]))


if __name__ == '__main__':
    status.update(CHAPTER, BEGIN, END, text())
