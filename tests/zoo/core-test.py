#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The zoo's program, and its core against QEMU's VGA: core-test.py (TAP).

Random accesses, the same to both; all that is read must be the same, and so must
the four planes in the end.  Where the two are known to differ, no access goes:

- QEMU's chain-4 neither loads the latches nor knows write modes, and is always
  by doublewords; so in chain-4 the graphics controller is plain, CR14 has its
  bit, and the latches are loaded behind it.
- QEMU's DAC keeps 8 bits and has no mask, its retrace has another rhythm, and 3c0
  reads as 0 between an index and its data.

CORE_SEED and CORE_ACCESSES choose others.
"""

import os
import subprocess

from zoo import ZOO, device, start_zoo
from guest import GRAPHICS, MEMORY, PLANE, SEQUENCER, Guest, register
from qtest import SLOT, Machine, access

from bench import Bench, require, tap

SEED = int(os.environ.get('CORE_SEED', '0x3c03da'), 0)
ACCESSES = int(os.environ.get('CORE_ACCESSES', '60000'))
BATCH = 500
# Whether both give the same, and not only take it
SILENT = ('inb 0x3da', 'inb 0x3ba', 'inb 0x3c6')


def planes(machine):
    """All memory that a VGA has, plane by plane."""
    found = []
    machine.run([access('out', 1, 0x3c2, 0x67), register(SEQUENCER, 4, 6),
                 register(GRAPHICS, 5, 0), register(GRAPHICS, 6, 5),
                 register(0x3d4, 0x14, 0), register(0x3d4, 0x17, 0xe3)])
    for plane in range(4):
        found += machine.run([register(GRAPHICS, 4, plane),
                              f'read {MEMORY} {PLANE}'])[1:]
    return found


def compare(one, other):
    """Both get the same accesses; returns how many."""
    guest, done, history = Guest(SEED), 0, []
    # The first of all: the same state, with all of it decoded
    batch = [access('out', 1, 0x3c2, 0x67), register(SEQUENCER, 4, 6),
             register(GRAPHICS, 8, 0xff), register(GRAPHICS, 6, 5),
             access('read', 1, MEMORY)]
    while done < ACCESSES:
        while len(batch) < BATCH:
            batch += guest.some()
        found, wanted = one.run(batch), other.run(batch)
        for i, command in enumerate(batch):
            require(found[i] == wanted[i] or command in SILENT,
                    f'access {done + i}, {command}: {found[i]}, QEMU has '
                    f'{wanted[i]}; before it:\n'
                    + '\n'.join((history + batch[:i])[-12:]))
        done += len(batch)
        history, batch = batch[-12:], []
    return done


def case():
    """The whole test."""
    with Bench() as bench:
        start_zoo(bench, 'card', 'qemu')
        machines = [
            Machine(bench, 'zoo', *device(
                bench.path('card'), **{'x-vga-engine': 'forward',
                                       'addr': f'{SLOT:x}', 'rombar': 0})),
            Machine(bench, 'direct', '-device',
                    f'VGA,addr={SLOT:x},rombar=0')]
        done = compare(*machines)
        for number, (a, b) in enumerate(zip(*map(planes, machines))):
            require(a == b, f'plane {number} differs')
        for machine in machines:
            machine.close()
    return f'{done} accesses, seed {SEED:#x}'


def refused(*arguments, why):
    """One line that says why, and nothing is served."""
    done = subprocess.run([ZOO, *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=60)
    require(done.returncode in (1, 2) and not done.stdout,
            f'{arguments}: status {done.returncode}, {done.stdout}')
    require(done.stderr.count('\n') == 1 and why in done.stderr,
            f'{arguments}: said {done.stderr}')


def refusals():
    """What is wrong on the command line."""
    with Bench() as bench:
        nobody = bench.path('nobody')
        served = ['--personality', 's3', '--socket', nobody]
        with open(bench.path('text'), 'w', encoding='utf-8') as file:
            file.write('not a ROM')
        refused(why='--personality is needed')
        refused('--personality', 's4', why='s4: unknown')
        refused('--personality', 's3', why='--socket is needed')
        refused(*served, '--bars', 'all', why='must be mapped or trapped')
        refused(*served, '--rom', nobody, why='No such file')
        refused(*served, '--rom', bench.path('text'), why='not an option ROM')
        refused(*served, '--dump', nobody, why='not a directory')
        refused(*served, '--speed', '9', why='Unknown option')
        refused(*served, 'more', why="'more' is not an option")
        refused('--personality', 's3', '--socket', nobody + '/x',
                why='No such file')
        refused(*served, '--control', nobody + '/x', why='No such file')
        require(not os.path.exists(nobody), 'a socket stayed behind')


if __name__ == '__main__':
    tap([('refusals', refusals), ('the core is a VGA as QEMU\'s is', case)])
