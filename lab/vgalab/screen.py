# SPDX-License-Identifier: GPL-2.0-or-later
"""Read text screens from an adapter's memory, and prove them by its picture.

A VGA text screen is a run of (character, attribute) cells in planes 0 and 1,
and its font is in plane 2. The CRTC has the start of the run, but only the
owner of the legacy ports can read it. The picture shows the start as well:
with exactly one start address each cell of the picture is the glyph of the
cell in memory. So nothing is guessed. The characters come from memory, and a
screen counts as text only if the picture agrees cell by cell.

Layout of video memory in QEMU's VGA core (hw/display/vga.c, which all the
VGA-class models share): the four planes are interleaved, one byte each.
"""

PLANES = 4
FONT_SLOT = 8192            # bytes of plane 2 a font slot takes, 8 slots
GLYPH_STRIDE = 32           # bytes of plane 2 a glyph takes
CELLS = 65536               # cells in 256 KiB of video memory
CELL_HEIGHTS = (16, 14, 8)
# The hardware cursor covers some glyph rows of one cell.
CURSOR_CELLS = 1

CP437_LOW = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼'


def cp437(code):
    """Return the character that a PC's font shows for a code."""
    if code < len(CP437_LOW):
        return CP437_LOW[code]
    return '⌂' if code == 127 else bytes([code]).decode('cp437')


class Picture:
    """An RGB picture, as QEMU's screendump writes it (PPM, P6)."""

    def __init__(self, data):
        magic, size, depth, self.pixels = data.split(b'\n', 3)
        if magic != b'P6' or depth != b'255':
            raise ValueError('not a PPM picture')
        self.width, self.height = (int(n) for n in size.split())

    def cell_pattern(self, column, row, width, height, cache):
        """Return a cell's left 8 dots as bits; None with more than two colours.

        Bits are relative to the first dot, so that a glyph and its inverse
        compare equal; which colour is the foreground depends on the palette.
        """
        start = (row * height * self.width + column * width) * 3
        first = self.pixels[start:start + 3]
        pattern, other = 0, None
        for line in range(height):
            at = start + line * self.width * 3
            dots = self.pixels[at:at + 24]
            found = cache.get((dots, first))
            if found is None:
                found = cache[(dots, first)] = dot_bits(dots, first)
            bits, colour = found
            if colour is False or (other and colour and colour != other):
                return None
            other = other or colour
            pattern = pattern << 8 | bits
        return pattern


def dot_bits(dots, first):
    """Return 8 RGB dots as (bits that differ from first, their colour).

    The colour is None if none differs and False if they differ in more than
    one colour.
    """
    bits, colour = 0, None
    for dot in range(0, 24, 3):
        rgb = dots[dot:dot + 3]
        bits <<= 1
        if rgb != first:
            bits |= 1
            if colour is None:
                colour = rgb
            elif rgb != colour:
                colour = False
                break
    return bits, colour


def glyph_patterns(vram, slot, height):
    """Return the 256 glyphs of a font slot, relative to their first dot."""
    flip = (1 << 8 * height) - 1
    patterns = []
    for code in range(256):
        at = (slot * FONT_SLOT + code * GLYPH_STRIDE) * PLANES + 2
        rows = vram[at:at + height * PLANES:PLANES]
        pattern = int.from_bytes(rows, 'big')
        patterns.append(pattern ^ flip if rows[0] & 0x80 else pattern)
    return patterns


def cell_agrees(seen, char, attribute, glyphs):
    """Return whether the picture's cell shows what memory holds."""
    if seen == glyphs[char]:
        return True
    blinks_or_hidden = attribute & 0x80 or (attribute >> 4) == (attribute & 15)
    return seen == 0 and bool(blinks_or_hidden)


def find_start(patterns, chars, attributes, glyphs):
    """Return the first cell of the text screen, or None in other modes."""
    # Cells with the most information come first, so that a wrong start fails
    # at once.
    order = sorted(range(len(patterns)), key=lambda i: patterns[i] == 0)
    for start in range(CELLS - len(patterns) + 1):
        wrong = 0
        for cell in order:
            at = start + cell
            if not cell_agrees(patterns[cell], chars[at], attributes[at],
                               glyphs):
                wrong += 1
                if wrong > CURSOR_CELLS:
                    break
        if wrong <= CURSOR_CELLS:
            return start
    return None


def text_screen(vram, ppm):
    """Return the text screen's lines if vram and picture agree, or None.

    vram: the adapter's first 256 KiB; ppm: its picture at the same moment.
    """
    picture = Picture(ppm)
    width = 9 if picture.width % 9 == 0 else 8
    columns = picture.width // width
    vram = vram[:CELLS * PLANES]
    chars, attributes = vram[0::PLANES], vram[1::PLANES]
    for height in CELL_HEIGHTS:
        if picture.height % height:
            continue
        cache = {}
        patterns = [picture.cell_pattern(x, y, width, height, cache)
                    for y in range(picture.height // height)
                    for x in range(columns)]
        if sum(p is None for p in patterns) > CURSOR_CELLS:
            continue
        if not any(patterns):
            return []                   # a blank picture proves nothing
        for slot in range(8):
            glyphs = glyph_patterns(vram, slot, height)
            if not any(glyphs):
                continue
            start = find_start(patterns, chars, attributes, glyphs)
            if start is not None:
                cells = chars[start:start + len(patterns)]
                lines = [''.join(map(cp437, cells[i:i + columns])).rstrip()
                         for i in range(0, len(cells), columns)]
                return '\n'.join(lines).rstrip('\n').split('\n')
    return None
