#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test SeaBIOS builds without QEMU, and the size of the 128 KiB image (TAP).

A build is repeated only if the source or the compiler has changed.
"""

import functools
import os
import re
import subprocess

from firmware import BUILD
from bench import TOP, require, tap

# The most that the series may add to the code of the 128 KiB image.
GROWTH = 8 << 10
TOTAL = r'^Total size: (\d+) .*Free: (\d+) .*of 128KiB rom'


def build(image, config, built, root=BUILD):
    """Build an image; return what make said."""
    done = subprocess.run([os.path.join(TOP, 'scripts', 'build'), 'rom', image,
                           config, built, root], capture_output=True,
                          text=True, check=False)
    require(not done.returncode, done.stderr)
    with open(os.path.join(root, 'seabios', 'obj', config + '.log'),
              encoding='utf-8') as file:
        return file.read()


def compiles(name, built):
    """A configuration without CONFIG_QEMU compiles without a warning."""
    said = build(f'{name}.elf', name, built)
    with open(os.path.join(BUILD, 'seabios', 'obj', name, '.config'),
              encoding='utf-8') as file:
        require('# CONFIG_QEMU is not set' in file.read(), 'CONFIG_QEMU is on')
    warnings = re.findall(r'^\S+\.[ch]:.*warning: .*', said, re.M)
    require(not warnings, '\n'.join(warnings))


def size():
    """The image of 128 KiB has space left, and did not grow much."""
    sizes = []
    for root in os.path.join(BUILD, 'base'), BUILD:
        found = re.search(TOTAL, build('bios.bin', 'seabios-128k', 'bios.bin',
                                       root), re.M)
        require(found, f'{root}: no size in the log')
        sizes.append(tuple(map(int, found.groups())))
    (before, _), (now, free) = sizes
    require(now - before <= GROWTH,
            f'{before} bytes before, {now} now: more than {GROWTH}')
    return f'{before} bytes before, {now} now, {free} free'


if __name__ == '__main__':
    tap([('coreboot', functools.partial(compiles, 'coreboot', 'bios.bin.elf')),
         ('coreboot on an emulator', functools.partial(
             compiles, 'coreboot-emulator', 'bios.bin.elf')),
         ('UEFI\'s compatibility module', functools.partial(
             compiles, 'csm', 'Csm16.bin')),
         ('128 KiB', size)])
