#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the lab's reader of text screens, on screens made here (TAP on stdout).
"""

import os
import random
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'lab'))

from vgalab import screen               # noqa: E402 (path is set above)

COLOURS = [bytes([n * 16, 255 - n * 16, n * 7 % 256]) for n in range(16)]


class Card:
    """Video memory of a text mode and the picture that it gives."""

    def __init__(self, seed, columns=80, rows=25, width=9, height=16,
                 start=0, slot=0):
        self.geometry = columns, rows, width, height
        self.start, self.slot = start, slot
        chance = random.Random(seed)
        self.vram = bytearray(chance.randbytes(screen.CELLS * screen.PLANES))
        for code in range(256):
            at = (slot * screen.FONT_SLOT
                  + code * screen.GLYPH_STRIDE) * screen.PLANES + 2
            for row in range(height):
                blank = code in (0, ord(' '))
                self.vram[at + row * screen.PLANES] = \
                    0 if blank else chance.randrange(256)
        self.write(0, 0, ' ' * columns * rows)

    def write(self, column, row, text, attribute=0x07):
        """Write ASCII characters from a place on."""
        at = self.start + row * self.geometry[0] + column
        for i, char in enumerate(text):
            cell = (at + i) * screen.PLANES
            self.vram[cell:cell + 2] = bytes([ord(char), attribute])

    def glyph_row(self, char, row):
        """Return 8 dots of a glyph."""
        at = (self.slot * screen.FONT_SLOT + char * screen.GLYPH_STRIDE
              + row) * screen.PLANES + 2
        return self.vram[at]

    def ppm(self, cursor=None, blinked_off=False):
        """Return what the adapter would show."""
        columns, rows, width, height = self.geometry
        lines = [b'P6', b'%d %d' % (columns * width, rows * height), b'255']
        pixels = bytearray()
        for y in range(rows * height):
            for x in range(columns):
                cell = (self.start + y // height * columns + x) * screen.PLANES
                char, attribute = self.vram[cell:cell + 2]
                dots = self.glyph_row(char, y % height) << width - 8
                if (x, y // height) == cursor and y % height > height - 3:
                    dots = (1 << width) - 1
                if blinked_off and attribute & 0x80:
                    dots = 0
                ink, paper = COLOURS[attribute & 15], COLOURS[attribute >> 4
                                                              & 7]
                for dot in reversed(range(width)):
                    pixels += ink if dots >> dot & 1 else paper
        return b'\n'.join(lines) + b'\n' + bytes(pixels)

    def text(self, **picture):
        """Return what the lab reads from it."""
        return screen.text_screen(bytes(self.vram), self.ppm(**picture))


class TextScreen(unittest.TestCase):
    """Screens that are text."""

    def test_plain(self):
        """Text is read at the top left, at the right, and in the last row."""
        card = Card(1)
        card.write(0, 0, 'SeaBIOS')
        card.write(75, 3, 'right')
        card.write(0, 24, 'last row')
        lines = card.text()
        self.assertEqual(lines[0], 'SeaBIOS')
        self.assertEqual(lines[3], ' ' * 75 + 'right')
        self.assertEqual(lines[24], 'last row')

    def test_start_address(self):
        """A console that has scrolled by the start address is read."""
        card = Card(2, start=12345)
        card.write(0, 5, 'scrolled')
        self.assertEqual(card.text()[5], 'scrolled')

    def test_geometries(self):
        """Other sizes of cells and fonts, 40 columns and font slots work."""
        for n, geometry in enumerate((
                {'width': 8}, {'rows': 50, 'height': 8},
                {'rows': 25, 'height': 14}, {'columns': 40, 'width': 8},
                {'slot': 3})):
            card = Card(10 + n, **geometry)
            card.write(3, 2, 'geometry')
            self.assertEqual(card.text()[2], '   geometry', geometry)

    def test_cursor(self):
        """The cursor may cover a cell."""
        card = Card(3)
        card.write(0, 0, 'C:\\>')
        self.assertEqual(card.text(cursor=(4, 0)), ['C:\\>'])

    def test_blinking(self):
        """Blinking text is read while it is off."""
        card = Card(4)
        card.write(0, 0, 'steady')
        card.write(0, 1, 'blinks', attribute=0x87)
        self.assertEqual(card.text(blinked_off=True), ['steady', 'blinks'])

    def test_colours(self):
        """Inverse and hidden text is read from memory as well."""
        card = Card(5)
        card.write(0, 0, 'inverse', attribute=0x70)
        card.write(0, 1, 'hidden', attribute=0x22)
        self.assertEqual(card.text(), ['inverse', 'hidden'])

    def test_code_page(self):
        """Codes outside ASCII are the PC's characters."""
        self.assertEqual(''.join(map(screen.cp437, (1, 0xc4, 0xfb, 127))),
                         '☺─√⌂')


class NoTextScreen(unittest.TestCase):
    """Pictures that must not pass for text."""

    def test_graphics(self):
        """A picture with many colours is not text."""
        card = Card(6)
        chance = random.Random(6)
        header = card.ppm().split(b'\n', 3)[:3]
        picture = b'\n'.join(header) + b'\n' + chance.randbytes(720 * 400 * 3)
        self.assertIsNone(screen.text_screen(bytes(card.vram), picture))

    def test_memory_of_another_moment(self):
        """Memory and picture from different moments are not text."""
        card = Card(7)
        card.write(0, 0, 'before')
        picture = card.ppm()
        card.write(0, 0, 'behind')
        self.assertIsNone(screen.text_screen(bytes(card.vram), picture))

    def test_blank(self):
        """A blank picture has no text, whatever is in memory."""
        card = Card(8)
        self.assertEqual(card.text(), [])


class Tap(unittest.TestResult):
    """Print results as TAP."""

    def line(self, test, good, detail=''):
        """Print the line of one case."""
        print(f'{"" if good else "not "}ok {self.testsRun} - '
              f'{test.id().split(".", 1)[1]}')
        for text in detail.splitlines():
            print(f'# {text}')

    def addSuccess(self, test):
        self.line(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(test, False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line(test, False, self.errors[-1][1])


if __name__ == '__main__':
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules['__main__'])
    print(f'1..{suite.countTestCases()}')
    suite.run(Tap())
