#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the comparison finds differences and quiet screens (TAP)."""

import struct
import sys
import zlib

from play import Bench, quiet, require, wait_for     # makes vgalab known
from bench import tap
import pictures
from table import Scene

SIZE = 5, 4


def picture(*changed):
    """Return a picture with three colours; dots at other places are changed."""
    dots = bytearray(b'\x10\x20\x30\x40\x50\x60\x00\x00\x00\xff' * 6)
    for x, y in changed:
        dots[(y * SIZE[0] + x) * 3 + 1] ^= 1
    return pictures.Picture(*SIZE, bytes(dots))


class FakeScreen:
    """Shows pictures and counters in turn, and then the last one forever."""

    def __init__(self, shown, counters=({},)):
        self.shown, self.numbers = list(shown), list(counters)

    @staticmethod
    def next(those):
        """Return the next one."""
        return those.pop(0) if len(those) > 1 else those[0]

    def look(self):
        """Return a picture."""
        return self.next(self.shown)

    def counters(self):
        """Return numbers."""
        return self.next(self.numbers)

    def alive(self):
        """Do nothing: it is always alive."""

    def unsaid(self, _):
        """Return nothing."""
        return ''

    def unseen(self, *_):
        """Return nothing."""
        return ''


def one_dot():
    """One dot of one colour is counted, located and marked."""
    count, first, marked = pictures.difference(picture((3, 2)), picture())
    require((count, first) == (1, (3, 2)), f'{count} dots, first {first}')
    at = (2 * SIZE[0] + 3) * 3
    require(marked.dots[at:at + 3] == pictures.MARK, 'the dot is not marked')
    require(marked.dots.count(pictures.MARK) == 1, 'others are marked')


def sizes():
    """A picture of another size is another picture."""
    other = pictures.Picture(SIZE[0], SIZE[1] - 1, picture().dots[:-15])
    require(pictures.difference(other, picture())[0] == 15, 'not all differ')


def two():
    """With two adapters, both count."""
    with Bench() as bench:
        path = bench.path('a.ppm')
        with open(path, 'wb') as file:
            file.write(b'P6\n5 4\n255\n' + picture((3, 2)).dots)
        require(pictures.read(path) == picture((3, 2)), 'not as written')
    narrow = pictures.Picture(2, 1, bytes(6))
    both = pictures.stacked([narrow, picture((3, 2))])
    require(both[:2] == (5, 5), f'{both[:2]} dots')
    require(pictures.difference(both, pictures.stacked([narrow, picture()]))
            [:2] == (1, (3, 3)), 'the second is not compared')


def png():
    """The file has all dots, and correct sums."""
    with Bench() as bench:
        path = bench.path('a.png')
        pictures.write(picture(), path)
        with open(path, 'rb') as file:
            data = file.read()
    require(data[:8] == b'\x89PNG\r\n\x1a\n', 'no signature')
    parts, at = {}, 8
    while at < len(data):
        size, = struct.unpack_from('>I', data, at)
        body = data[at + 4:at + 8 + size]
        require(struct.unpack_from('>I', data, at + 8 + size)[0] ==
                zlib.crc32(body), f'the sum of {body[:4]} is wrong')
        parts[body[:4]] = body[4:]
        at += 12 + size
    require(struct.unpack_from('>II', parts[b'IHDR']) == SIZE, 'another size')
    rows = zlib.decompress(parts[b'IDAT'])
    line = SIZE[0] * 3 + 1
    require(b''.join(rows[y * line + 1:(y + 1) * line]
                     for y in range(SIZE[1])) == picture().dots,
            'other dots')


def moving():
    """Neither a screen that changes nor one with accesses is quiet."""
    scene = Scene('a')
    a, b = picture(), picture((0, 0))
    require(quiet(FakeScreen([a]), scene) == {a}, 'a still screen is not')
    require(quiet(FakeScreen([a, a, b]), scene) is None, 'one that changes is')
    require(quiet(FakeScreen([a], ({'guest_writes': 1}, {'guest_writes': 2})),
                  scene) is None, 'one that is written to is')
    blinking = Scene('a', pictures=2)
    require(quiet(FakeScreen([a, b] * 20), blinking) == {a, b},
            'a cursor that blinks is not')
    require(quiet(FakeScreen([a] * 5 + [b] * 20), blinking) is None,
            'a cursor that shows its first picture only once blinks')
    require(quiet(FakeScreen([a]), blinking) is None,
            'a cursor that stopped is')


def different():
    """A quiet picture that is not the wanted one is the result."""
    a, b = picture(), picture((4, 3))
    require(wait_for(FakeScreen([a]), Scene('a', said='a'), None, {b}) == {a},
            'a dot that differs passes')
    require(wait_for(FakeScreen([a] * 9 + [b]), Scene('a', said='a'), None,
                     {b}) == {b}, 'what comes late does not pass')


if __name__ == '__main__':
    sys.exit(tap([(case.__doc__, case) for case in (
        one_dot, sizes, two, png, moving, different)]) != 0)
