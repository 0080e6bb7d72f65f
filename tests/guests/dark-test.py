#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test what QEMU says of an adapter on which no BIOS can draw (TAP)."""

import json
import os
import subprocess
import sys

from play import Bench, require       # makes vgalab known
from bench import tap
from vgalab import paths, software

SAID = 'the guest has no other display adapter, and without x-vga=on its ' \
       'BIOS and boot loader cannot draw on this one'


def said(adapter, *arguments, machine='pc', **properties):
    """Return what a QEMU with an assigned adapter says at its start."""
    with Bench() as bench:
        socket = bench.path('card')
        bench.start(paths.QEMU, 'server', '-machine', 'x-remote,vfio-user=on',
                    '-device', f'{adapter},id=gpu', '-object',
                    'x-vfio-user-server,id=server,type=unix,device=gpu,'
                    f'path={socket}')
        bench.wait(lambda: os.path.exists(socket), 'it serves')
        device = {'driver': 'vfio-user-pci', 'socket':
                  {'type': 'unix', 'path': socket}, **properties}
        done = subprocess.run(
            [paths.QEMU, '-nodefaults', '-display', 'none', '-S', '-machine',
             machine, '-device', json.dumps(device), *arguments, '-monitor',
             'stdio'], input='quit\n', capture_output=True, text=True,
            check=False)
        require(done.returncode == 0, done.stderr)
        return done.stderr


def case(title, wanted, *arguments, **properties):
    """Return a case: the text is said, or no text is."""
    def check():
        text = said(*arguments, **properties)
        require(text.count(SAID) == wanted and (wanted or not text), text)
        require(not wanted or ': info: vfio ' in text, text)
    return title, check


if __name__ == '__main__':
    sys.exit(tap([
        case('the only one, without x-vga', 1, 'VGA'),
        case('the only one on q35', 1, 'ati-vga', machine='q35'),
        case('with x-vga', 0, 'VGA', **{'x-vga': True}),
        case('with x-rom-check=off', 0, 'VGA', **{'x-rom-check': 'off'}),
        case('beside an emulated one', 0, 'VGA', '-device', 'cirrus-vga'),
        case('beside one that is not a VGA', 0, 'VGA', '-device',
             'bochs-display'),
        case('beside one on the ISA bus', 0, 'VGA', '-device', 'isa-vga'),
        case('beside ramfb', 0, 'VGA', '-device', 'ramfb'),
        case('none that is a VGA', 0, 'bochs-display'),
        case('a guest with UEFI', 0, 'VGA', '-bios', software.ovmf())]) != 0)
