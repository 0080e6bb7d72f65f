#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The zoo in the lab, under KVM: lab-test.py [NAME...] (TAP on stdout).

As zoo-test.py, but on the lab's host: there a busy copy is mapped as RAM and KVM
keeps writes, so the engine sees less of what the guest does.  What must come out
is what x-vga-engine=forward leaves here, without KVM: in the lab each of its half
a million calls takes milliseconds.
"""

import os
import shlex
import sys

from zoo import (COMPARED, STEPS, ZOO, Run, check_steps, parse_steps,
                 personalities, table)

import roms
from bench import Bench, tap
from vgalab import disks

# A file with a hyphen in its name, as Meson's tests have.
Lab = __import__('lab-test').Lab

# One with memory BARs that are mapped, and one whose are not
DEFAULT = ('s3', 'voodoo')
TRAPPED = ('voodoo',)


class Steps:
    """One guest on one personality in the lab."""

    def __init__(self, personality):
        rom = roms.vbios(personality, personalities()[personality])
        server = shlex.join([
            '/lab/zoo', '--personality', personality, '--socket',
            '/tmp/served', '--control', '/tmp/control', '--rom',
            '/lab/zoo.rom', '--bars',
            'trapped' if personality in TRAPPED else 'mapped'])
        lab = Lab(f'zoo-{personality}', '--served-by', server,
                  '--file', f'{ZOO}:/lab/zoo', '--file', f'{rom}:/lab/zoo.rom',
                  '--disk', disks.boot_sector('zoo'), '--arg',
                  '-chardev socket,id=steps,path=/tmp/control '
                  '-serial chardev:steps', '--seconds', '1500',
                  until='debug:ZOO DONE')
        self.steps = parse_steps(lab.read('qemu.log').splitlines())
        self.read = [line for line in lab.read('guest.log').splitlines()
                     if line.isalnum() and len(line) == 4]
        self.counters = lab.result['counters']


def same(personality):
    """One case."""
    with Bench() as bench:
        forward = Run(bench, personality, 'forward')
    auto = Steps(personality)
    # The firmware of the two guests says different things before.
    check_steps(forward, auto, COMPARED.get(personality, STEPS)[1:])
    return table(forward, auto)


def case(personality):
    """(title, function)."""
    return personality, lambda: same(personality)


if __name__ == '__main__':
    tap([case(name) for name in sys.argv[1:] or DEFAULT])
