# SPDX-License-Identifier: GPL-2.0-or-later
"""A small firmware walks over the chipset and says what it reads."""

from bench import Bench, differences, require
from vgalab import guest_code, paths

from . import MACHINES, STRICT
from .answers import (SMRAM_UNPATCHED, UNPATCHED_TCG, strict_answer,
                      walk_answer)


def walk_lines(said):
    """Returns what a walk said, by name."""
    require(said and said[-1] == 'WALK DONE',
            f'the walk did not end: {said[-1:]}')
    lines = {}
    for line in said[1:-1]:
        words = line.split()
        count = 2 if words[0] in ('dword', 'word', 'byte', 'code', 'late',
                                  'registers') else 1
        lines[' '.join(words[:count])] = ' '.join(words[count:])
    return lines


def walk_arguments(machine, accel, options, kib_path, side):
    """Returns what a walk needs on QEMU's command line."""
    return ['-machine', f'{machine},accel={accel}{options}', '-m', '64',
            '-vga', 'none', '-bios', kib_path,
            '-device', f'loader,file={side},addr=0xc0000,force-raw=on',
            '-device', 'secondary-vga,addr=5']


def walk(qemu, machine, options, kib):
    """Walks under TCG; returns the lines."""
    with Bench() as bench:
        qmp = bench.start(
            qemu, 'guest', *bench.debug('guest'), *walk_arguments(
                machine, 'tcg', options, guest_code.firmware('pam-walk', kib),
                guest_code.pci_side()))
        bench.wait(lambda: 'WALK DONE' in bench.said('guest.debug'),
                   'the end of the walk')
        qmp.command('query-status')
        return walk_lines(bench.said('guest.debug'))


def walk_case(title, qemu, machine, options, kib, wanted):
    """Makes the case that a walk gives exactly this answer."""
    def case():
        problem = differences(walk(qemu, machine, options, kib), wanted)
        require(not problem, problem)
    return (f'{title}: {machine}{options} {kib} KiB', case)


def walks():
    """QEMU answers as hardware with everything on, and otherwise as before."""
    cases = []
    for machine in MACHINES:
        for kib in (64, 128, 256):
            for smm in ('on', 'off') if kib == 64 else ('on',):
                cases.append(walk_case(
                    'strict', paths.QEMU, machine, f',smm={smm}{STRICT}', kib,
                    strict_answer(machine, kib, smm)))
        for name, qemu in ('auto', paths.QEMU), ('unpatched',
                                                  paths.QEMU_BASE):
            cases.append(walk_case(
                name, qemu, machine, '', 64, walk_answer(
                    UNPATCHED_TCG, SMRAM_UNPATCHED[machine], 64)))
    return cases
