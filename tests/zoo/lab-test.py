#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The zoo in the lab, under KVM: lab-test.py [NAME...] (TAP on stdout).

As zoo-test.py, but on the lab's host: there a busy copy is mapped as RAM and KVM
keeps writes, so the engine sees less of what the guest does.
"""

import os
import shlex
import sys

from zoo import (COMPARED, ENGINES, STEPS, ZOO, calls, check_steps,
                 parse_steps, personalities)

import roms
from bench import rst_table, tap
from vgalab import images

# A file with a hyphen in its name, as Meson's tests have.
Lab = __import__('lab-test').Lab

# One with memory BARs that are mapped, and one whose are not
DEFAULT = ('s3', 'voodoo')
TRAPPED = ('voodoo',)


class Steps:
    """One guest on one personality in the lab."""

    def __init__(self, personality, engine):
        rom = roms.vbios(personality, personalities()[personality])
        server = shlex.join([
            '/lab/zoo', '--personality', personality, '--socket',
            '/tmp/served', '--control', '/tmp/control', '--rom',
            '/lab/zoo.rom', '--bars',
            'trapped' if personality in TRAPPED else 'mapped'])
        lab = Lab(f'zoo-{personality}-{engine}', '--served-by', server,
                  '--file', f'{ZOO}:/lab/zoo', '--file', f'{rom}:/lab/zoo.rom',
                  '--disk', images.boot_sector('zoo'), '--device-opts',
                  f'x-vga-engine={engine}', '--arg',
                  '-chardev socket,id=steps,path=/tmp/control '
                  '-serial chardev:steps', '--seconds', '1500',
                  until='debug:ZOO DONE')
        self.steps = parse_steps(lab.read('qemu.log').splitlines())
        self.read = [line for line in lab.read('guest.log').split()
                     if line.isalnum() and len(line) == 4]
        self.counters = lab.result['counters']


def same(personality):
    """One case."""
    forward, auto = (Steps(personality, engine) for engine in ENGINES)
    check_steps(forward, auto, COMPARED.get(personality, STEPS))
    rows = [['step', *ENGINES]] + [
        [name, *(str(calls(r.steps[name])) for r in (forward, auto))]
        for name in STEPS]
    return f'{rst_table(rows)}\n{auto.counters}'


def case(personality):
    """(title, function)."""
    return personality, lambda: same(personality)


if __name__ == '__main__':
    tap([case(name) for name in sys.argv[1:] or DEFAULT])
