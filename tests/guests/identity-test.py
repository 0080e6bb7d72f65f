#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux under OVMF, with BARs that the host has elsewhere (TAP).

OVMF does not know where the host has the BARs, so the adapter answers at both
addresses, and Linux is to put nothing at the host's.  These are the addresses
at which Linux places a device that is plugged in while they are free.
"""

import functools
import json
import re
import socket
import struct
import sys
from typing import NamedTuple

import play                             # makes vgalab known
from play import Bench, Screen, require
from bench import tap
from table import GUESTS
from vgalab import paths

GUEST, = (guest for guest in GUESTS if guest.name == 'ovmf-linux')
MIB = 1 << 20
# vfio-user's messages, and the region that is the config space
VERSION, REGION_WRITE, CONFIG = 1, 10, 7
PCI_BASE_ADDRESS_0 = 0x10
# The BARs of VGA and of the device that is plugged in, with their sizes: what
# is drawn on, and registers
BARS = {0: 16 << 20, 2: 4096}
CARD = {'driver': 'vfio-user-pci', 'id': 'card', 'addr': '2', 'x-vga': True}
PLUGGED = {'driver': 'secondary-vga', 'id': 'plugged', 'addr': '5'}


class Result(NamedTuple):
    """Of a run: {scene: pictures}, {size: address} of the adapter and of the
    device that was plugged in, all that Linux has, and what QEMU says."""
    pictures: dict
    card: dict
    plugged: dict
    memory: list
    said: str


class Client:
    """A client that places the BARs of a served adapter, as firmware does."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.ask(VERSION, struct.pack('<HH', 0, 1) + b'{}\0')

    def ask(self, command, body):
        """One message, and its answer."""
        self.socket.sendall(struct.pack('<HHIII', 0, command, 16 + len(body),
                                        0, 0) + body)
        head = self.socket.recv(16, socket.MSG_WAITALL)
        _, _, size, _, error = struct.unpack('<HHIII', head)
        self.socket.recv(size - 16, socket.MSG_WAITALL)
        require(not error, f'command {command} failed with {error}')

    def put(self, bar, address):
        """A BAR's low half."""
        self.ask(REGION_WRITE, struct.pack(
            '<QIII', PCI_BASE_ADDRESS_0 + 4 * bar, CONFIG, 4, address))


def serve(bench, addresses):
    """A QEMU with an adapter that has BARs at addresses, and its socket."""
    owner = bench.start(paths.QEMU, 'server', '-machine',
                        'x-remote,vfio-user=on,auto-shutdown=off', '-device',
                        'VGA,id=gpu')
    for name in ('host', 'card'):
        owner.command('object-add', **{
            'qom-type': 'x-vfio-user-server', 'id': name, 'device': 'gpu',
            'socket': {'type': 'unix', 'path': bench.path(name)}})
        if name == 'host':
            client = Client(bench.path(name))
            for bar, address in addresses.items():
                client.put(bar, address)
            owner.command('object-del', id=name)
            client.socket.close()
    return owner, bench.path('card')


def memory(bench):
    """[(name, first, last)] as Linux last said it to the end."""
    whole = '\n'.join(bench.said('guest.serial')).split('iomem 00000000-')[1:-1]
    return [(name, int(first, 16), int(last, 16)) for first, last, name in
            re.findall(r'iomem (\w+)-(\w+) : (.+)', whole[-1])] \
        if whole else []


def of_slot(bench, slot):
    """{size: address} of the BARs of the device in a slot."""
    return {last + 1 - first: first for name, first, last in memory(bench)
            if name == f'0000:00:{slot:02x}.0'}


def run(addresses):
    """Where Linux puts a device, and what is where then; the pictures."""
    with Bench() as bench:
        owner, path = serve(bench, addresses)
        card = {**CARD, 'x-bar-identity': 'on' if addresses else 'off',
                'socket': {'type': 'unix', 'path': path}}
        guest = bench.start(paths.QEMU, 'guest', '-device', json.dumps(card),
                            *play.arguments(bench, GUEST, 'pc'))
        screen = Screen(bench, guest, owner)
        pictures = play.scenes(screen, GUEST)
        guest.command('device_add', **PLUGGED)
        screen.keys(['ret'])
        bench.wait(lambda: len(of_slot(bench, 5)) == len(BARS),
                   'Linux has placed what was plugged in')
        where = guest.command('qom-get', path='/machine/peripheral/card',
                              property='bar-identity')
        return Result(pictures, of_slot(bench, 2), of_slot(bench, 5),
                      memory(bench), where)


@functools.cache
def without():
    """What is where without the property."""
    return run({})


def wanted():
    """The host's addresses: where Linux has put what was plugged in."""
    return {bar: without().plugged[size] for bar, size in BARS.items()}


@functools.cache
def beside():
    """What is where if the host has the BARs there."""
    return run(wanted())


def both_answer():
    """OVMF has put the BARs elsewhere, and the adapter answers at both."""
    found = beside()
    require(set(found.card) == set(BARS.values()), f'{found.card}')
    require(found.card == without().card, f'{found.card}, {without().card}')
    require(set(found.card.values()).isdisjoint(wanted().values()),
            f'{found.card}')
    require(found.said.count('alias') == len(BARS), found.said)
    return found.said


def reserved():
    """Linux has them for a motherboard resource."""
    for bar, first in wanted().items():
        here = [name for name, *where in beside().memory
                if where == [first, first + BARS[bar] - 1]]
        require(len(here) == 1 and here[0].startswith('pnp '),
                f'at {first:x} there is {here or "nothing"}')
    return ', '.join(f'BAR {bar} at {first:x}'
                     for bar, first in wanted().items())


def nothing_there():
    """What is plugged in has another place than without the property."""
    found = beside().plugged
    require(set(found) == set(BARS.values()), f'{found}')
    for bar, first in wanted().items():
        for size, other in found.items():
            require(other + size <= first or other >= first + BARS[bar],
                    f'{other:x} is at the host\'s {first:x}')
    return ', '.join(f'{first:x}' for first in found.values())


def pictures_equal():
    """Dot by dot, with the property and without it."""
    require(beside().pictures == without().pictures, 'the pictures differ')
    return f'{len(beside().pictures)} scenes'


if __name__ == '__main__':
    sys.exit(tap([
        ('the adapter answers at both addresses', both_answer),
        ('Linux sees the reservation', reserved),
        ('Linux puts nothing there', nothing_there),
        ('the pictures are equal', pictures_equal)]) != 0)
