# SPDX-License-Identifier: GPL-2.0-or-later
"""Text and mode 13h of each emulated adapter, on each chipset."""

import functools

from bench import Bench, require
from vgalab import disks, paths
from vgalab.machine import ram_blocks, read_screen
from vgalab.screen import Picture, cp437

from . import MACHINES

MODELS = ('VGA', 'cirrus-vga', 'ati-vga', 'qxl-vga', 'virtio-vga')
TEXT = [''.join(cp437((row * 80 + column) & 0xff) for column in range(80))
        .rstrip() for row in range(25)]
# There are fewer than 256, because the last entries of the BIOS's palette are
# black.
COLOURS = 200


def picture_arguments(machine, accel, smm, model):
    """Returns the arguments of a guest that draws text, then mode 13h."""
    return ['-machine', f'{machine},accel={accel},smm={smm}', '-m', '64',
            '-vga', 'none', '-device', f'{model},id=gpu', '-drive',
            f'file={disks.boot_sector("screens")},format=raw,snapshot=on,'
            'if=virtio']


@functools.cache
def draw(qemu, machine, smm, model):
    """Returns both pictures (PPM), and the text lines of the first."""
    with Bench() as bench:
        qmp = bench.start(qemu, 'guest', *bench.debug('guest'),
                          *picture_arguments(machine, 'tcg', smm, model))
        bench.wait_for_line('guest.debug', 'TEXT DRAWN')
        vram, = (address for name, address in ram_blocks(qmp).items()
                 if name.endswith('vga.vram'))
        lines, text = read_screen(qmp, qmp.process.pid, 'gpu', vram,
                                  bench.temporary.name)
        qmp.command('send-key', keys=[{'type': 'qcode', 'data': 'ret'}])
        bench.wait_for_line('guest.debug', 'PICTURE DRAWN')
        _, dots = read_screen(qmp, qmp.process.pid, 'gpu', None,
                              bench.temporary.name)
        return text, dots, lines


def check_mode13h(ppm):
    """Each dot's colour must be that of its column XOR its line."""
    picture = Picture(ppm)
    wide_dots = picture.width // 320
    require(picture.width == 320 * wide_dots and
            picture.height == 200 * wide_dots,
            f'mode 13h has {picture.width}x{picture.height} dots')
    palette = {}
    for at in range(picture.width * picture.height):
        y, x = divmod(at, picture.width)
        index = (x // wide_dots ^ y // wide_dots) & 0xff
        colour = picture.pixels[at * 3:at * 3 + 3]
        require(palette.setdefault(index, colour) == colour,
                f'dot {x},{y} has another colour than others of its kind')
    require(len(set(palette.values())) > COLOURS,
            f'{len(set(palette.values()))} colours')


def pictures_of(model, machine, smm, drawn):
    """Makes the case that both are visible, and the same on every chipset."""
    def case():
        text, dots, lines = draw(paths.QEMU, machine, smm, model)
        require(lines == TEXT, f'the text is not there but {lines}')
        check_mode13h(dots)
        first = drawn.setdefault(model, (text, dots))
        require((text, dots) == first, 'other dots than on the first chipset')
    return (f'-vga none -device {model}: {machine} smm={smm}', case)


def black_unpatched():
    """q35 without SMM never mapped the window."""
    text, dots, lines = draw(paths.QEMU_BASE, 'q35', 'off', 'VGA')
    require(lines != TEXT, 'the text is visible: nothing was wrong')
    for name, ppm in ('text', text), ('mode 13h', dots):
        pixels = set(Picture(ppm).pixels)
        require(pixels == {0}, f'{name} is not black: {sorted(pixels)}')


def pictures():
    """Every model draws on every chipset; q35 without SMM was black."""
    drawn = {}
    return [pictures_of(model, machine, smm, drawn) for model in MODELS
            for machine in MACHINES for smm in ('on', 'off')] + [
                ('unpatched: q35 smm=off is black', black_unpatched)]
