#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures on an adapter that another process serves (TAP on stdout).

A guest draws in text mode, in mode 12h and in mode 13h on an adapter that a
second QEMU serves over vfio-user, and on the same model without anything in
between: what the two screens show must be the same to the last dot.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'lab'))

from vgalab import images               # noqa: E402 (path is set above)
from vgalab.machine import Qmp          # noqa: E402

MODELS = ('VGA', 'cirrus-vga', 'ati-vga')
# (name, what the guest says when it has drawn, colours there must be)
PICTURES = (
    ('text', 'No bootable device', 2),
    ('mode12h', 'PICTURE DRAWN', 16),
    ('mode13h', 'PICTURE DRAWN', 200),
)
PATIENCE = 60


class Failure(Exception):
    """What a case found wrong."""


def wait_until(condition, what):
    """Waits for a condition, not for a time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f'waited {PATIENCE} s for {what}')
        time.sleep(0.05)


def colours(ppm):
    """How many colours a picture has."""
    pixels = ppm.split(b'\n', 3)[3]
    return len({pixels[i:i + 3] for i in range(0, len(pixels), 3)})


class Bench:
    """QEMU processes of one case, gone at its end."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = []

    def path(self, name):
        """A file of this case."""
        return os.path.join(self.directory, name)

    def start(self, name, *arguments):
        """A QEMU with a QMP connection."""
        process = subprocess.Popen(
            [images.QEMU, '-nodefaults', '-display', 'none', '-qmp',
             f'unix:{self.path(name)},server=on,wait=off', *arguments],
            stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return Qmp(self.path(name), process)

    def guest(self, picture, device):
        """A guest that draws on a device."""
        arguments = ['-machine', 'pc', '-accel', 'tcg', '-vga', 'none',
                     '-device', device,
                     '-chardev', f'file,id=debug,path={self.path("debug")}',
                     '-device', 'isa-debugcon,iobase=0x402,chardev=debug']
        if picture != 'text':
            arguments += ['-drive', f'file={images.boot_sector(picture)},'
                          'format=raw,snapshot=on,if=virtio']
        return self.start('guest', *arguments)

    def debug_says(self, text):
        """Has the guest said this?"""
        try:
            with open(self.path('debug'), encoding='utf-8',
                      errors='replace') as file:
                return text in file.read()
        except OSError:
            return False

    def screen(self, qmp):
        """The picture of device gpu."""
        path = self.path('screen.ppm')
        qmp.command('screendump', filename=path, device='gpu')
        with open(path, 'rb') as file:
            return file.read()

    def stop(self):
        """Nothing stays behind."""
        for process in self.processes:
            process.kill()
            process.wait()


def draw(model, picture, marker, served):
    """The screen after a guest has drawn on it."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(directory)
        try:
            if served:
                card = bench.path('card')
                owner = bench.start(
                    'server', '-machine', 'x-remote,vfio-user=on', '-device',
                    f'{model},id=gpu', '-object', 'x-vfio-user-server,'
                    f'id=server,type=unix,path={card},device=gpu')
                bench.guest(picture, json.dumps(
                    {'driver': 'vfio-user-pci', 'x-vga': True,
                     'socket': {'type': 'unix', 'path': card}}))
            else:
                owner = bench.guest(picture, f'{model},id=gpu')
            wait_until(lambda: bench.debug_says(marker), f'"{marker}"')
            return bench.screen(owner)
        finally:
            bench.stop()


def same_picture(model, picture, marker, least):
    """One case: drawn over vfio-user and directly."""
    direct = draw(model, picture, marker, served=False)
    if colours(direct) < least:
        raise Failure(f'{colours(direct)} colours on the model itself, not '
                      f'{least}: the guest drew nothing')
    served = draw(model, picture, marker, served=True)
    if served != direct:
        raise Failure('the served screen shows something else')


def main():
    """One TAP line a model and picture."""
    print(f'1..{len(MODELS) * len(PICTURES)}')
    number = 0
    for model in MODELS:
        for picture, marker, least in PICTURES:
            number += 1
            try:
                same_picture(model, picture, marker, least)
                print(f'ok {number} - {model} {picture}', flush=True)
            except Failure as failure:
                print(f'not ok {number} - {model} {picture}')
                print(f'# {failure}', flush=True)


if __name__ == '__main__':
    main()
