# SPDX-License-Identifier: GPL-2.0-or-later
"""Random accesses to a VGA, as commands of qtest."""

import random

from qtest import access

MEMORY, MEMORY_SIZE = 0xa0000, 0x20000
PLANE = 0x10000
MISC = (0x67, 0x47, 0xe3, 0x63, 0x66, 0xa6)
SEQUENCER, GRAPHICS = 0x3c4, 0x3ce
CHAIN4 = 0x0e


def register(port, index, value):
    """Index and data in one access."""
    return access('out', 2, port, value << 8 | index)


class Guest:
    """Makes accesses; all that it remembers is what it must keep away from."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.color = True
        self.chain4 = False

    def byte(self):
        """Any; the borders more often."""
        return self.random.choice((0, 0xff, self.random.randrange(256)))

    @property
    def crtc(self):
        """Where the CRTC is, as far as it can be known."""
        return 0x3d4 if self.color else 0x3b4

    def memory(self):
        """One access to memory."""
        size = self.random.choice((1, 1, 2, 4))
        where = MEMORY + self.random.randrange(MEMORY_SIZE - 4)
        if self.random.random() < 0.3:          # the same again and again
            where = MEMORY + 0x18000 + self.random.randrange(64)
        if self.random.random() < 0.5:
            return [access('read', size, where)]
        return [access('write', size, where,
                       self.random.randrange(1 << 8 * size))]

    def mode(self):
        """Another addressing, with what must go with it."""
        self.chain4 = self.random.random() < 0.25
        if self.chain4:
            return [register(SEQUENCER, 4, CHAIN4), register(GRAPHICS, 1, 0),
                    register(GRAPHICS, 3, 0), register(GRAPHICS, 5, 0x40),
                    register(GRAPHICS, 6, self.random.choice((1, 5, 0xd))),
                    register(GRAPHICS, 8, 0xff),
                    register(self.crtc, 0x14, 0x40)]
        window = self.random.randrange(4)
        base = MEMORY + (0, 0, 0x10000, 0x18000)[window]
        return [register(SEQUENCER, 4, self.random.choice((2, 6))),
                register(GRAPHICS, 6, window << 2 | self.random.randrange(4)),
                access('read', 1, base + self.random.randrange(0x8000))]

    def graphics(self):
        """A register of the graphics controller, but no other window."""
        index = self.random.choice((0, 2, 4, 7) if self.chain4 else
                                   (0, 1, 2, 3, 4, 5, 7, 8))
        return [register(GRAPHICS, index, self.byte())]

    def crtc_register(self):
        """A register of the CRTC, and whether it reads back."""
        index = self.random.randrange(0x19)
        if self.chain4 and index == 0x14:
            return []
        return [register(self.crtc, index, self.byte()),
                access('in', 1, self.crtc + 1)]

    def attribute(self):
        """An attribute register, from a known state of the flip-flop."""
        index = self.random.randrange(0x15)
        status = self.crtc + 6
        return [access('in', 1, status), access('out', 1, 0x3c0, index),
                access('out', 1, 0x3c0, self.byte()), access('in', 1, status),
                access('out', 1, 0x3c0, index), access('in', 1, 0x3c1),
                access('out', 1, 0x3c0, self.byte())]

    def color_write(self):
        """Some bytes of colors, not always whole ones."""
        return [access('out', 1, self.random.choice((0x3c7, 0x3c8)),
                       self.byte())] + [
            access('out', 1, 0x3c9, self.random.randrange(64))
            if self.random.random() < 0.6 else access('in', 1, 0x3c9)
            for _ in range(self.random.randrange(8))]

    def misc(self):
        """Miscellaneous Output, and with it the CRTC's ports."""
        value = self.random.choice(MISC)
        self.color = bool(value & 1)
        return [access('out', 1, 0x3c2, value), access('in', 1, 0x3cc)]

    def look(self):
        """Ports that read."""
        port = self.random.choice((0x3c4, 0x3c5, 0x3c6, 0x3c7, 0x3c8, 0x3ca,
                                   0x3cc, 0x3ce, 0x3cf, 0x3d4, 0x3d5, 0x3b4,
                                   0x3b5))
        return [access('in', 1, port)]

    def some(self):
        """A few accesses that belong together."""
        kind = self.random.choices(
            (self.memory, self.mode, self.graphics, self.crtc_register,
             self.attribute, self.color_write, self.misc, self.look,
             lambda: [register(SEQUENCER, 2, self.byte())]),
            (60, 3, 12, 3, 2, 2, 1, 4, 8))[0]
        return kind()
