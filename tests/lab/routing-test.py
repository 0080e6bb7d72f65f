#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test guests with several display adapters: routing-test.py GROUP (TAP).

Each adapter is emulated by the guest's QEMU, or served over vfio-user by a
QEMU of its own. In the group `assigned` the real vfio-pci of the nested lab
has them. The test tells the adapters apart from outside, by their screens.
"""

import json
import os
import subprocess
import sys

from bench import TOP, Bench, require, tap
from vgalab import debian, initramfs, paths
from vgalab.machine import ram_blocks, read_screen

NO_DISK = 'No bootable device'
ROUNDS = 3
# SeaBIOS's text does not name the adapter, so the test draws a line that does.
MARK = 'Adapter {number}, 0000:{address}, round {round}'

PORTS = ['-device', 'pcie-root-port,id=rp1,chassis=1,addr=2',
         '-device', 'pcie-root-port,id=rp2,chassis=2,addr=3']
BRIDGES = ['-device', 'pci-bridge,id=rp1,chassis_nr=1,addr=2',
           '-device', 'pci-bridge,id=rp2,chassis_nr=2,addr=3']


class Card:
    """A display adapter: model, served or not, and its place in the guest."""

    def __init__(self, model, served, bus=None, slot=0, bootindex=None):
        self.model, self.served = model, served
        self.bus, self.slot, self.bootindex = bus, slot, bootindex
        self.owner = self.vram = None

    def __str__(self):
        place = f'{self.bus or "bus 0"} slot {self.slot}'
        index = '' if self.bootindex is None else \
            f' bootindex {self.bootindex}'
        return f'{"served" if self.served else "own"} {self.model} ' \
               f'at {place}{index}'

    def device(self, bench, name):
        """Return -device for the guest; start a served adapter's owner."""
        device = {'id': name, 'addr': str(self.slot)}
        if self.bus:
            device['bus'] = self.bus
        if not self.served:
            return json.dumps(dict(device, driver=self.model))
        path = bench.path(name)
        self.owner = bench.start(
            paths.QEMU, 'server-' + name, '-machine',
            'x-remote,vfio-user=on', '-device', f'{self.model},id={name}',
            '-object', f'x-vfio-user-server,id=s,type=unix,path={path},'
            f'device={name}')
        device.update(driver='vfio-user-pci', socket={
            'type': 'unix', 'path': path})
        device['x-vga'] = True
        if self.bootindex is not None:
            device['bootindex'] = self.bootindex
        return json.dumps(device)

    def text(self, bench, name):
        """Return the lines of its text screen; none in other modes."""
        if not self.vram:
            self.vram, = (address for block, address in
                          ram_blocks(self.owner).items()
                          if block.endswith('vga.vram'))
        lines, _ = read_screen(self.owner, self.owner.process.pid, name,
                               self.vram, bench.temporary.name)
        return lines or []


def start(bench, machine, cards, *arguments):
    """Start the guest with all its adapters."""
    devices = []
    for number, card in enumerate(cards):
        devices += ['-device', card.device(bench, f'gpu{number}')]
    guest = bench.start(paths.QEMU, 'guest', '-machine',
                        f'{machine},accel=tcg', '-m', '256', '-vga', 'none',
                        *bench.debug('guest'), *arguments, *devices)
    for card in cards:
        card.owner = card.owner or guest
    return guest


def routing(guest):
    """Return what QEMU says of the routing, for a message."""
    return guest.monitor('info vga')


# ---- which adapter firmware starts ----

def primary_case(machine, first, cards, *arguments):
    """SeaBIOS draws on one adapter, and on no other."""
    def case():
        with Bench() as bench:
            guest = start(bench, machine, cards, *arguments)
            bench.wait_for_line('guest.debug', NO_DISK)
            for number, card in enumerate(cards):
                drawn = any(NO_DISK in line for line in
                            card.text(bench, f'gpu{number}'))
                require(drawn == (number == first),
                        f'card {number} is {"" if drawn else "not "}drawn on\n'
                        + routing(guest))
    return (f'SeaBIOS starts card {first} of: '
            + ', '.join(map(str, cards)) + f' ({machine})', case)


def primaries():
    """Yield cases with and without bootindex."""
    def own(slot, bus=None):
        return Card('VGA', False, bus, slot)

    def served(slot, bus=None, index=None, model='cirrus-vga'):
        return Card(model, True, bus, slot, index)

    return [
        primary_case('pc', 0, [own(2), served(3)]),
        primary_case('pc', 1, [own(2), served(3, index=0)]),
        primary_case('pc', 0, [served(2), own(3)]),
        primary_case('pc', 1, [own(3), served(2)]),
        primary_case('pc', 0, [served(2), served(3, model='VGA')]),
        primary_case('pc', 1, [served(2), served(3, None, 0, 'VGA')]),
        primary_case('pc', 1, [served(2, None, 1), served(3, None, 0, 'VGA')]),
        primary_case('q35', 0, [own(1), served(0, 'rp1')], *PORTS),
        primary_case('q35', 1, [own(1), served(0, 'rp1', 0)], *PORTS),
        primary_case('q35', 0, [served(0, 'rp1'),
                                served(0, 'rp2', model='VGA')], *PORTS),
        primary_case('q35', 1, [served(0, 'rp1'),
                                served(0, 'rp2', 0, 'VGA')], *PORTS),
        primary_case('pc', 1, [own(1, 'rp1'), served(1, 'rp2', 0)],
                     *BRIDGES),
    ]


# ---- what Linux's VGA arbiter switches between ----

def check_drawn(lines, number, address):
    """The screen of an adapter has its own lines, in order, and no others."""
    wanted = [MARK.format(number=number, address=address, round=n)
              for n in range(ROUNDS)]
    found = [line.rstrip() for line in lines if line.strip()]
    require(found == wanted, f'adapter {number} shows {found}, not {wanted}')


def switch_case(machine, cards, addresses, *arguments):
    """Linux draws on each adapter, first on the one that firmware started."""
    def case():
        with Bench() as bench:
            guest = start(
                bench, machine, cards, *arguments, '-kernel', debian.kernel(),
                '-initrd', initramfs.switch_initrd(), '-append',
                'console=ttyS0 quiet no_timer_check nomodeset')
            bench.wait_for_line('guest.debug', 'vga-switch: done')
            for number, address in enumerate(addresses):
                check_drawn(cards[number].text(bench, f'gpu{number}'), number,
                            address)
            return routing(guest)
    return ('Linux switches: ' + ', '.join(map(str, cards))
            + f' ({machine})', case)


def switches():
    """Yield cases of both kinds of adapters, on one bus and behind bridges.

    There is no case with two of them on the root bus, because Linux takes the
    last one for an adapter that a bridge controls, and never switches it.
    """
    def own(slot, bus=None):
        return Card('VGA', False, bus, slot)

    def served(slot, bus, model='cirrus-vga'):
        return Card(model, True, bus, slot)

    return [
        switch_case('q35', [own(1), served(0, 'rp1', 'VGA'),
                            served(0, 'rp2')],
                    ['00:01.0', '01:00.0', '02:00.0'], *PORTS),
        switch_case('pc', [own(4), served(1, 'rp1')],
                    ['00:04.0', '01:01.0'], *BRIDGES),
        switch_case('pc', [served(1, 'rp1'), own(2, 'rp1')],
                    ['01:01.0', '01:02.0'], *BRIDGES),
        switch_case('pc', [own(1, 'rp1'), served(1, 'rp2')],
                    ['01:01.0', '02:01.0'], *BRIDGES),
    ]


# ---- the same through the real vfio-pci ----

def assigned_case(machine, second, addresses, *arguments):
    """One guest has two assigned adapters of the nested lab's host."""
    def case():
        out = os.path.join(paths.BUILD, 'tests', 'lab', 'switch-' + machine)
        done = subprocess.run(
            [os.path.join(TOP, 'lab', 'run'), '--out', out, '--machine',
             machine, '--seconds', '900', '--until', 'debug:vga-switch: done',
             '--adapter', 'VGA', '--adapter', 'VGA', '--adapter', 'cirrus-vga',
             '--assign', '1', '--host-cmd', 'lab_vfio_bind 0000:03:00.0',
             '--kernel', debian.kernel(), '--initrd', initramfs.switch_initrd(),
             '--append', 'console=ttyS0 quiet no_timer_check nomodeset',
             *arguments, '--arg',
             f'-device vfio-pci,host=03:00.0,x-vga=on,id=second{second}'],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            check=False)
        require(not done.returncode, f'lab/run: {done.stdout} {done.stderr}')
        for number, address in enumerate(addresses):
            with open(os.path.join(out, f'adapter{number + 1}.txt'),
                      encoding='utf-8') as file:
                check_drawn(file.read().splitlines(), number, address)
        with open(os.path.join(out, 'result.json'), encoding='utf-8') as file:
            require(json.load(file)['adapters'][0]['text_unchanged'],
                    'the host\'s own screen changed')
    return (f'Linux switches between two assigned adapters ({machine})', case)


def assigned():
    """Yield cases with and without a pci-bridge, and with root ports."""
    return [
        assigned_case('pc', ',bus=br,addr=1', ['00:02.0', '01:01.0'],
                      '--arg', '-device pci-bridge,id=br,chassis_nr=1'),
        assigned_case('q35', ',bus=rp2', ['01:00.0', '02:00.0'], '--arg',
                      '-device pcie-root-port,id=rp2,chassis=2'),
    ]


GROUPS = {'primary': primaries, 'switch': switches, 'assigned': assigned}


def main():
    """Run one group."""
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: routing-test.py {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())


if __name__ == '__main__':
    main()
