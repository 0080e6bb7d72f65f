# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare pictures as QEMU's screendump writes them."""

import struct
import zlib
from typing import NamedTuple

MARK = b'\xff\x00\x00'


class Picture(NamedTuple):
    """Size and dots, three bytes for each."""
    width: int
    height: int
    dots: bytes

    @property
    def colors(self):
        """Return how many colours it has."""
        return len({self.dots[i:i + 3] for i in range(0, len(self.dots), 3)})


def read(path):
    """Read a PPM file."""
    with open(path, 'rb') as file:
        magic, size, depth, dots = file.read().split(b'\n', 3)
    if magic != b'P6' or depth != b'255':
        raise ValueError(f'{path} is not a PPM picture')
    return Picture(*map(int, size.split()), dots)


def stacked(those):
    """Return pictures one below the other, with black beside narrow ones."""
    width = max(picture.width for picture in those)
    dots = b''.join(
        picture.dots[y * picture.width * 3:(y + 1) * picture.width * 3]
        .ljust(width * 3, b'\0')
        for picture in those for y in range(picture.height)) \
        if len(those) > 1 else those[0].dots
    return Picture(width, sum(picture.height for picture in those), dots)


def difference(found, wanted):
    """Return (number of different dots, first one, a picture that marks them).

    Equal dots are dark grey in it. If the sizes differ, all dots differ.
    """
    if found[:2] != wanted[:2]:
        count = found.width * found.height
        return count, (0, 0), Picture(*found[:2], MARK * count)
    dots, count, first = bytearray(), 0, None
    for at in range(0, len(found.dots), 3):
        dot = found.dots[at:at + 3]
        if dot == wanted.dots[at:at + 3]:
            dots += bytes([sum(dot) // 6]) * 3
            continue
        count += 1
        first = first or (at // 3 % found.width, at // 3 // found.width)
        dots += MARK
    return count, first, Picture(*found[:2], bytes(dots))


def chunk(kind, data):
    """Return a part of a PNG file."""
    return struct.pack('>I', len(data)) + kind + data + \
        struct.pack('>I', zlib.crc32(kind + data))


def write(picture, path):
    """Write a PNG file (ISO/IEC 15948): 8 bits for each colour, no filter."""
    line = picture.width * 3
    rows = b''.join(b'\0' + picture.dots[y * line:(y + 1) * line]
                    for y in range(picture.height))
    header = struct.pack('>IIBBBBB', picture.width, picture.height, 8, 2, 0,
                         0, 0)
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header)
                   + chunk(b'IDAT', zlib.compress(rows, 1))
                   + chunk(b'IEND', b''))
