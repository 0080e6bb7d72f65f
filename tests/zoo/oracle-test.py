#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's oracle on the zoo: oracle-test.py [NAME...] (TAP on stdout).

Two machines get the same random accesses to two adapters of one personality, one
with x-vga-engine=forward and one with planes, all of whose copies are exact for any
guest with x-vga-copy-ram=off.  Each read must give the same;
every few hundred accesses, after one to config space, so must memory and
registers, past the client.  What a maker added gets its accesses, too: registers
behind higher indices, unused ports, locks and banks, BARs.

ORACLE_SEED and ORACLE_ACCESSES choose others, and ORACLE_TIER another tier in
place of planes: combine, copy or chain4.
"""

import os
import socket
import sys
import time

from zoo import (ADVERSARIES, device, engine_counters, personalities,
                 start_zoo)
from guest import GRAPHICS, MEMORY, SEQUENCER, Guest, register
from qtest import PCI_ADDRESS, PCI_DATA, SLOT, Machine, access

from bench import Bench, require, tap

SEED = int(os.environ.get('ORACLE_SEED', '0x3c4'), 0)
ACCESSES = int(os.environ.get('ORACLE_ACCESSES', '30000'))
# A tier, and the counters that show whether it did its work
TIERS = {
    'combine': ('combined_writes',),
    'copy': ('combined_writes', 'copy_begins'),
    'chain4': ('combined_writes', 'copy_begins', 'chain4_begins'),
    'planes': ('combined_writes', 'copy_begins', 'chain4_begins',
               'planes_begins'),
}
TIER = os.environ.get('ORACLE_TIER', 'planes')
BATCH = 400
TICK, LASTING = 10_000_000, 60_000_000   # ns
# A copy comes after 16 reads in a row, and after 1024 where many did not last
# for LASTING.
READS = (20, 1100)
TEXT = 0xb8000
PLANES = 0xa0000
# Their retrace counts reads.
SILENT = ('inb 0x3da', 'inb 0x3ba')
# What a VBIOS writes before and after a mode set: what opens and locks, and the
# window as a VGA's again
OPEN = {
    's3': [(SEQUENCER, 8, 0x06), (0x3d4, 0x38, 0x48), (0x3d4, 0x39, 0xa5),
           (0x3d4, 0x6a, 0), (0x3d4, 0x35, 0), (0x3d4, 0x31, 5)],
    'cirrus': [(SEQUENCER, 6, 0x12), (GRAPHICS, 9, 0), (GRAPHICS, 0xb, 0),
               (SEQUENCER, 7, 0), (SEQUENCER, 0x17, 0)],
    'tseng': [(0x3bf, None, 0x03), (0x3d8, None, 0xa0), (0x3cd, None, 0),
              (0x3cb, None, 0)],
    'trident': [(GRAPHICS, 0xf, 0), (SEQUENCER, 0xb, None),
                (SEQUENCER, 0xe, 2)],
    'matrox': [(0x3de, 3, 0), (0x3de, 4, 0)],
    'nvidia': [(0x3d4, 0x1f, 0x57), (0x3d4, 0x1d, 0), (0x3d4, 0x1e, 0)],
    'intel': [(GRAPHICS, 0x10, 0), (GRAPHICS, 0x11, 0)],
}
LOCK = {
    's3': [(SEQUENCER, 0x15, 2), (0x3d4, 0x67, 0), (SEQUENCER, 8, 0)],
    'cirrus': [(SEQUENCER, 0x17, 1), (SEQUENCER, 0x15, 3)],
    'tseng': [(0x3bf, None, 1), (0x3cd, None, 0), (0x3d8, None, 0x29)],
    'trident': [(GRAPHICS, 0xf, 2), (0x3d4, 0x36, 0), (0x3d4, 0x1e, 0)],
    'matrox': [(0x3d8, None, 0x29)],
    'nvidia': [(0x3d4, 0x1f, 0x99)],
    'intel': [(GRAPHICS, 0x10, 0)],
}
# The place of a bank, for adapters that have one in a register
BANKS = {
    's3': [(0x3d4, 0x6a), (0x3d4, 0x35)],
    'cirrus': [(GRAPHICS, 9), (GRAPHICS, 0xa), (GRAPHICS, 0xb),
               (SEQUENCER, 7)],
    'tseng': [(0x3cd, None)],
    'trident': [(0x3d8, None), (0x3d9, None), (SEQUENCER, 0xe)],
    'matrox': [(0x3de, 4)],
    'nvidia': [(0x3d4, 0x1d), (0x3d4, 0x1e)],
    'intel': [(GRAPHICS, 0x11), (GRAPHICS, 0x10)],
}
UNUSED = (0x3b0, 0x3b8, 0x3bf, 0x3c3, 0x3cb, 0x3cd, 0x3d0, 0x3d2, 0x3d6,
          0x3d8, 0x3d9, 0x3de, 0x3df)
# The registers of mode 3 that make its window RAM
MODE_3 = ([(SEQUENCER, i, v) for i, v in ((0, 1), (1, 0), (2, 3), (3, 0),
                                          (4, 2), (0, 3))]
          + [(GRAPHICS, i, v) for i, v in enumerate(
              (0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff))]
          + [(0x3d4, 0x11, 0x0e), (0x3d4, 0x14, 0x1f), (0x3d4, 0x17, 0xa3)])


# And what makes planes of it
MODE_12 = ([(SEQUENCER, i, v) for i, v in ((2, 0x0f), (4, 6))]
           + [(GRAPHICS, i, v) for i, v in ((5, 0), (6, 5))]
           + [(0x3d4, i, v) for i, v in ((0x14, 0), (0x17, 0xe3))])
# Or chain-4, as mode 13h has it
MODE_13 = ([(SEQUENCER, i, v) for i, v in ((2, 0x0f), (4, 0x0e))]
           + [(GRAPHICS, i, v) for i, v in ((5, 0x40), (6, 5))]
           + [(0x3d4, i, v) for i, v in ((0x14, 0x40), (0x17, 0xa3))])


def written(steps):
    """(port, index, value) as accesses; no index: the port; no value: a read."""
    found = []
    for port, index, value in steps:
        if index is None:
            found.append(access('out', 1, port, value))
        elif value is None:
            found += [access('out', 1, port, index), access('in', 1, port + 1)]
        else:
            found.append(register(port, index, value))
    return found


class Owner(Guest):
    """A guest that knows what the maker added."""

    def __init__(self, seed, personality, bars):
        super().__init__(seed)
        self.personality = personality
        self.bars = list(bars.values())

    def text(self):
        """A VBIOS's mode set, and reads by which the engine takes a copy."""
        self.color, self.chain4 = True, False
        return ([access('out', 1, 0x3c2, 0x67)]
                + written(OPEN.get(self.personality, []) + MODE_3)
                + (written(LOCK.get(self.personality, []))
                   if self.random.random() < 0.5 else [])
                + [access('read', 2, TEXT + 2 * i)
                   for i in range(self.random.choice(READS))]
                + self.time())

    def planar(self):
        """A planar mode, and a picture that is drawn by reads and writes, perhaps
        from one bank to another."""
        return self.text() + written(MODE_12) + (
            self.bank() if self.random.random() < 0.3 else []) + sum(
                (self.draw() for _ in range(self.random.randrange(1, 12))), [])

    def linear(self):
        """Mode 13h, and runs of dots, read and written."""
        start = self.text() + written(MODE_13)
        self.chain4 = True
        return start + (self.bank() if self.random.random() < 0.3 else []) + [
            access('read', 4, PLANES + 4 * i)
            for i in range(self.random.choice(READS))] + self.time() + sum(
                (self.dots() for _ in range(self.random.randrange(1, 6))), [])

    def dots(self):
        """Dots of mode 13h: some lines' worth of it."""
        at = PLANES + self.random.randrange(0xf000)
        size = self.random.choice((1, 2, 4))
        return [access('write', size, at + size * i,
                       self.random.randrange(1 << 8 * size))
                if self.random.random() < 0.7
                else access('read', size, at + size * i) for i in range(40)]

    def draw(self):
        """Bytes of the planes, each read and written, by any registers."""
        at = PLANES + self.random.randrange(0x200)
        setup = [register(SEQUENCER, 2, self.byte())] if \
            self.random.random() < 0.5 else []
        for _ in range(self.random.randrange(4)):
            index = self.random.choice((0, 1, 2, 3, 4, 5, 7, 8))
            setup.append(register(GRAPHICS, index, self.byte() &
                                  (0x0b if index == 5 else 0xff)))
        size = 1 if self.random.random() < 0.9 else 2
        return setup + sum(
            ([access('read', size, at + i),
              access('write', size, at + i, self.random.randrange(256))]
             for i in range(self.random.randrange(40))), [])

    def cells(self):
        """Text, written and read."""
        start = TEXT + 2 * self.random.randrange(2000)
        return [access('write', 2, start + 2 * i, self.random.randrange(65536))
                if self.random.random() < 0.7
                else access('read', 2, start + 2 * i) for i in range(40)]

    def harmless(self):
        """What changes no window, so that a copy stays: cursor and colors."""
        if self.random.random() < 0.5:
            return self.color_write()
        return [register(self.crtc, self.random.choice((0xa, 0xb, 0xe, 0xf)),
                         self.byte())]

    def index(self):
        """A register that a VGA does not have, written or read."""
        port, first, last = self.random.choice(
            ((SEQUENCER, 5, 0x1f), (GRAPHICS, 9, 0x3f),
             (self.crtc, 0x19, 0x7f), (self.crtc, 0x19, 0x7f)))
        index = self.random.randrange(first, last + 1)
        if self.random.random() < 0.5:
            return written([(port, index, None)])
        return [register(port, index, self.byte())]

    def latch(self):
        """The latches, which some adapters show in the CRTC's register 22h, and
        find by six bits of the index."""
        index = self.random.choice((0x22, 0x22, 0x62, 0xa2))
        return written([(self.crtc, index, None)])

    def bank(self):
        """Another bank, from an opened lock."""
        banks = BANKS.get(self.personality)
        if not banks:
            return []
        value = self.random.choice((0, 0, 1, 0x11, self.byte()))
        return written(OPEN[self.personality]) + written(
            [(*self.random.choice(banks), value)])

    def unused(self):
        """A port that a VGA does not have."""
        port = self.random.choice(UNUSED)
        size = self.random.choice((1, 1, 2)) if port & 3 != 3 else 1
        if self.random.random() < 0.5:
            return [access('in', size, port)]
        return [access('out', size, port, self.byte())]

    def bar(self):
        """A register or memory in a BAR."""
        if not self.bars:
            return []
        io, address, size = self.random.choice(self.bars)
        offset = self.random.randrange(0, min(size, 0x100), 4)
        if self.random.random() < 0.2 and size > 0x2000: # where mirrors are
            offset = self.random.choice((0x1fc0, 0x3c0)) + \
                self.random.randrange(0, 0x20, 4)
        if self.random.random() < 0.4:
            return [access('in' if io else 'read', 4, address + offset)]
        return [access('out' if io else 'write', 4, address + offset,
                       self.random.choice((0, 8, 0x80008, 0x3c4, 0x54, 0x10000,
                                           self.random.randrange(1 << 32))))]

    def time(self):
        """Enough of it for the timer."""
        return [f'clock_step {self.random.choice((TICK, LASTING))}']

    def some(self):
        kind = self.random.choices(
            (super().some, self.text, self.planar, self.linear, self.draw,
             self.dots, self.cells, self.harmless, self.index, self.latch,
             self.bank, self.unused, self.bar, self.time),
            (24, 4, 2, 1, 4, 3, 24, 10, 2, 1, 1, 1, 1, 3))[0]
        return kind()


class Adapter:
    """One of the two, and its control socket."""

    def __init__(self, bench, personality, engine):
        start_zoo(bench, engine, personality, bars='trapped')
        # pylint: disable-next=consider-using-with
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(bench.path(engine + '.control'))
        self.answers = self.control.makefile('r', encoding='ascii')
        self.machine = Machine(bench, engine + '.qmp', *device(
            bench.path(engine), **{'x-vga-engine': engine,
                                   'x-vga-copy-ram': False,
                                   'addr': f'{SLOT:x}', 'rombar': 0}))
        self.bars = self.machine.place_bars()

    def state(self):
        """Memory and registers, when all has arrived."""
        self.machine.run([f'outl {PCI_ADDRESS} {Machine.config(0)}',
                          f'inl {PCI_DATA}'])
        self.control.sendall(b'state\n')
        return self.answers.readline()

    def counter(self, name):
        """One of the engine's."""
        return engine_counters(self.machine.monitor)[name]

    def close(self):
        """The processes are the bench's."""
        self.machine.close()
        self.answers.close()
        self.control.close()


def compare(personality, forward, tier):
    """Until there were enough accesses; returns how many."""
    guest, done = Owner(SEED, personality, forward.bars), 0
    require(forward.bars == tier.bars, 'BARs differ')
    while done < ACCESSES:
        batch = guest.text() if not done else []
        while len(batch) < BATCH:
            batch += guest.some()
        wanted, found = forward.machine.run(batch), tier.machine.run(batch)
        for i, command in enumerate(batch):
            require(wanted[i] == found[i] or command in SILENT or
                    command.startswith('clock'),
                    f'access {done + i} with seed {SEED:#x}, {command}: '
                    f'{found[i]}, forwarded {wanted[i]}; before it:\n'
                    + '\n'.join(batch[max(0, i - 12):i]))
        done += len(batch)
        states = forward.state(), tier.state()
        require(states[0] == states[1], f'before access {done}, with seed '
                f'{SEED:#x}: {states[1].strip()}, forwarded '
                f'{states[0].strip()}')
    return done


def same(personality):
    """One case."""
    require(TIER in TIERS, f'ORACLE_TIER must be one of {", ".join(TIERS)}, not '
            f'{TIER!r}')
    with Bench() as bench:
        pair = [Adapter(bench, personality, e) for e in ('forward', TIER)]
        start = time.monotonic()
        done = compare(personality, *pair)
        rate = done / (time.monotonic() - start)
        counts = {name: pair[1].counter(name) for name in TIERS[TIER]}
        for name, count in counts.items():
            require(count, f'{name} is 0: {TIER} did not do its work')
        for adapter in pair:
            adapter.close()
    return f'{done} accesses, {rate:.0f} a second; ' + ', '.join(
        f'{name} {count}' for name, count in counts.items())


def case(personality):
    """(title, function)."""
    return personality, lambda: same(personality)


if __name__ == '__main__':
    tap([case(name) for name in sys.argv[1:] or
         [name for name in personalities() if name not in ADVERSARIES]])
