# SPDX-License-Identifier: GPL-2.0-or-later
"""The copy of a served adapter's ROM in DRAM, as firmware makes and runs it."""

import json

from bench import Bench, require
from vgalab import guest_code, paths

from . import MACHINES


def check_shadow(said, works):
    """The ROM says that its code and its data stayed, and reaches its end."""
    wanted = [f'{place}: calling, the ROM runs: 11beef77'
              for place in ('in place', 'elsewhere')]
    require('SHADOW DONE' in said, f'the copy did not end: {said[-3:]}')
    found = said[1:said.index('SHADOW DONE')]
    require((found == wanted) == works, f'{found}')


def shadow_case(machine, qemu, works):
    """Makes the case that the ROM of a served adapter is copied and run."""
    def case():
        with Bench() as bench:
            card = bench.path('card')
            bench.start(
                paths.QEMU, 'server', '-machine', 'x-remote,vfio-user=on',
                '-device', 'cirrus-vga,id=gpu,romfile='
                + guest_code.option_rom('self-writer'), '-object',
                f'x-vfio-user-server,id=s,type=unix,path={card},device=gpu')
            device = {'driver': 'vfio-user-pci', 'addr': '6',
                      'socket': {'type': 'unix', 'path': card}}
            if works:
                device['x-vga'] = True
            bench.start(qemu, 'guest', *bench.debug('guest'), '-machine',
                        f'{machine},accel=tcg', '-m', '64', '-vga', 'none',
                        '-bios', guest_code.firmware('rom-shadow'), '-device',
                        json.dumps(device))
            bench.wait_for_line('guest.debug', 'SHADOW DONE')
            check_shadow(bench.said('guest.debug'), works)
    return (f'shadow copy of a served ROM: {machine}'
            + ('' if works else ' unpatched'), case)


def shadows():
    """The copy is right with x-vga=on, and without it as before."""
    return [shadow_case(machine, qemu, qemu == paths.QEMU)
            for machine in MACHINES
            for qemu in (paths.QEMU, paths.QEMU_BASE)]
