#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare real software on an assigned adapter dot by dot (TAP).

guests-test.py short                a part of it, as in make check
guests-test.py all                  each guest on each adapter, machine, engine
guests-test.py GUEST[/ADAPTER[/MACHINE[/WAY[/ENGINE]]]]...    those

The same guest runs on a model directly and on the same model assigned: `served`
by a second QEMU, or in the `lab`. In each quiet scene both screens must be
equal. What differs is left as pictures in build/tests/guests;
scripts/guests.py makes the table of the manual from the results there.
"""

import functools
import json
import os
import sys

from play import play, require       # makes vgalab known
from bench import tap
import in_lab
import pictures
from vgalab import paths
from table import GUESTS

OUT = os.path.join(paths.BUILD, 'tests', 'guests')
# Served over vfio-user, with TCG, or by vfio-pci in the nested lab, with KVM
WAYS = ('served', 'lab')


@functools.cache
def direct(guest, adapter, machine):
    """Return the scenes on the model itself; save them as pictures, too."""
    out = os.path.join(OUT, f'{guest.name}-{adapter}-{machine}')
    forget(out)
    scenes = play(guest, adapter, machine)[0]
    os.makedirs(out, exist_ok=True)
    for name, taken in scenes.items():
        save(out, name, taken)
    return scenes


def ordered(taken):
    """Return the pictures of a scene, always in the same order."""
    return sorted(taken, key=lambda picture: picture.dots)


def save(out, name, taken):
    """Save pictures as NAME.png, NAME1.png ..."""
    for number, picture in enumerate(ordered(taken)):
        pictures.write(picture, os.path.join(out, f'{name}{number or ""}.png'))


def show(out, name, found, wanted):
    """Save the pictures of a scene that differs; return where they are."""
    count, first, marked = min((pictures.difference(a, b)
                                for a in found for b in wanted),
                               key=lambda result: result[0])
    os.makedirs(out, exist_ok=True)
    for kind, taken in (('direct', wanted), ('assigned', found),
                        ('difference', [marked])):
        save(out, f'{name}-{kind}', taken)
    path = os.path.join(out, f'{name}-difference.png')
    if not count:
        return f'{name}: {len(found)} pictures, {len(wanted)} directly; {path}'
    return f'{name}: {count} dots differ, the first at {first}; see {path}'


def forget(out):
    """Remove an earlier run's results, which must not pass for new ones."""
    for name in os.listdir(out) if os.path.isdir(out) else ():
        os.unlink(os.path.join(out, name))


def same(guest, adapter, machine, way, engine):
    """One case: both show the same."""
    out = os.path.join(OUT, f'{guest.name}-{adapter}-{machine}-{way}-{engine}')
    forget(out)
    wanted = direct(guest, adapter, machine)
    if way == 'lab':
        found, counters = in_lab.run(guest, adapter, machine, engine, wanted,
                                     out)
    else:
        found, counters = play(guest, adapter, machine, engine, wanted)
    differ = [name for name in wanted if found[name] != wanted[name]]
    said = [show(out, name, found[name], wanted[name]) for name in differ]
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, 'scenes.json'), 'w', encoding='utf-8') as file:
        json.dump({'guest': guest.name, 'about': guest.about,
                   'adapter': adapter, 'machine': machine, 'way': way, 'engine': engine,
                   'scenes': len(wanted), 'differ': differ,
                   'counters': counters}, file, indent=2)
    require(not said, '\n'.join(said))
    require(counters['guest_writes'] or not guest.legacy,
            'the guest has not used the legacy ranges')
    require(not counters['region_failures'], 'accesses failed')
    return f'{len(wanted)} scenes'


def case(guest, *where):
    """Return (title, function)."""
    return (' '.join([guest.name, *where]),
            functools.partial(same, guest, *where))


def everything():
    """Return all runs of the table; those of the same guest are neighbours."""
    return [(guest, adapter, machine, way, engine) for guest in GUESTS
            for adapter in guest.adapters for machine in guest.machines
            for way in WAYS if way != 'lab' or guest.lab
            for engine in (guest.engines if way != 'lab' else guest.lab)]


def chosen(words):
    """Return the runs that the arguments name."""
    if words == ['all']:
        return everything()
    if words == ['short']:
        return [(guest, *where) for guest in GUESTS for where in guest.short]
    found = []
    for word in words:
        parts = word.split('/')
        those = [run for run in everything()
                 if [run[0].name, *run[1:]][:len(parts)] == parts]
        if not those:
            sys.exit(f'guests-test.py: nothing in the table is {word}; its '
                     f'guests are {", ".join(g.name for g in GUESTS)}')
        found += those
    return found


if __name__ == '__main__':
    if not sys.argv[1:] or sys.argv[1].startswith('-'):
        sys.exit(__doc__)
    sys.exit(tap([case(*run) for run in chosen(sys.argv[1:])]) != 0)
