#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare pictures on an adapter that another process serves (TAP on stdout).

A guest draws in text mode, in mode 12h and in mode 13h on an adapter that a
second QEMU serves over vfio-user, and on the same model without anything in
between. Both screens must show the same, dot for dot.
"""

import json

from bench import Bench, Failure, tap     # makes vgalab known
from vgalab import disks, paths

MODELS = ('VGA', 'cirrus-vga', 'ati-vga')
# (name, least number of colours)
PICTURES = (
    ('text', 16),
    ('mode12h', 16),
    ('mode13h', 200),
)


def colours(ppm):
    """Return how many colours a picture has."""
    pixels = ppm.split(b'\n', 3)[3]
    return len({pixels[i:i + 3] for i in range(0, len(pixels), 3)})


def guest(bench, picture, device):
    """Start a guest that draws on a device."""
    arguments = ['-machine', 'pc', '-accel', 'tcg', '-vga', 'none', '-device',
                 device, *bench.debug('guest'),
                 '-drive', f'file={disks.boot_sector(picture)},'
                 'format=raw,snapshot=on,if=virtio']
    return bench.start(paths.QEMU, 'guest', *arguments)


def draw(model, picture, served):
    """Return the screen after a guest has drawn on it."""
    with Bench() as bench:
        if served:
            card = bench.path('card')
            owner = bench.start(
                paths.QEMU, 'server', '-machine', 'x-remote,vfio-user=on',
                '-device', f'{model},id=gpu', '-object', 'x-vfio-user-server,'
                f'id=server,type=unix,path={card},device=gpu')
            drawer = guest(bench, picture, json.dumps(
                {'driver': 'vfio-user-pci', 'x-vga': True,
                 'socket': {'type': 'unix', 'path': card}}))
        else:
            owner = drawer = guest(bench, picture, f'{model},id=gpu')
        bench.wait_for_line('guest.debug', 'PICTURE DRAWN')
        # The guest's last writes may reach the adapter up to a period later,
        # but reach it at once if the guest stops. A read of a port returns
        # when the server has handled all that came before.
        drawer.command('stop')
        drawer.command('human-monitor-command', **{
            'command-line': 'i /b 0x3cc'})
        path = bench.path('screen.ppm')
        owner.command('screendump', filename=path, device='gpu')
        with open(path, 'rb') as file:
            return file.read()


def same_picture(model, picture, least):
    """A picture is the same over vfio-user and directly."""
    direct = draw(model, picture, served=False)
    if colours(direct) < least:
        raise Failure(f'{colours(direct)} colours on the model itself, not '
                      f'{least}: the guest drew nothing')
    served = draw(model, picture, served=True)
    if served != direct:
        raise Failure('the served screen shows something else')


def case(model, picture, least):
    """Return (title, function) of a model and picture."""
    return (f'{model} {picture}',
            lambda: same_picture(model, picture, least))


if __name__ == '__main__':
    tap([case(model, *picture) for model in MODELS for picture in PICTURES])
