# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without a processor, which a test moves: QEMU's qtest protocol."""

import socket

from vgalab import paths

SLOT = 4                # of the adapter
PCI_ADDRESS, PCI_DATA = 0xcf8, 0xcfc
PCI_COMMAND = 0x04
SUFFIX = {1: 'b', 2: 'w', 4: 'l'}


class Machine:
    """One QEMU with an adapter at SLOT that decodes I/O and memory."""

    def __init__(self, bench, name, *device):
        path = bench.path(name + '.qtest')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            self.monitor = bench.start(
                paths.QEMU, name, '-machine', 'pc,accel=qtest', '-vga', 'none',
                '-qtest', f'unix:{path}', '-qtest-log', 'none', *device)
            self.connection = listener.accept()[0]
        self.answers = self.connection.makefile('r', encoding='ascii')
        self.run([f'outl {PCI_ADDRESS} {self.config(PCI_COMMAND)}',
                  f'outw {PCI_DATA} 3'])

    @staticmethod
    def config(offset):
        """What to write to PCI_ADDRESS for a register of the adapter's."""
        return 0x80000000 | SLOT << 11 | offset

    def place_bars(self):
        """Gives each BAR an address: {number: (I/O?, address, size)}."""
        free, found = {True: 0xc000, False: 0xe0000000}, {}
        for number in range(6):
            at = f'outl {PCI_ADDRESS} {self.config(0x10 + 4 * number)}'
            value = int(self.run([at, f'outl {PCI_DATA} 0xffffffff', at,
                                  f'inl {PCI_DATA}'])[3], 16)
            io = bool(value & 1)
            size = -(value & ~(3 if io else 15)) & (0xffff if io
                                                    else 0xffffffff)
            if value and size:
                address = free[io] + -free[io] % size
                free[io] = address + size
                self.run([at, f'outl {PCI_DATA} {address}'])
                found[number] = io, address, size
        return found

    def run(self, commands):
        """The answers to some commands: numbers, None, or hex digits."""
        self.connection.sendall(''.join(c + '\n' for c in commands)
                                .encode('ascii'))
        return [self.answer() for _ in commands]

    def answer(self):
        """What is behind OK in the next line."""
        line = self.answers.readline().split()
        while line and line[0] == 'IRQ':
            line = self.answers.readline().split()
        if not line or line[0] != 'OK':
            raise OSError(f'qtest: {line}')
        return line[1] if len(line) > 1 else None

    def close(self):
        """Ends the conversation; the QEMU is the bench's."""
        self.answers.close()
        self.connection.close()


def access(kind, size, address, value=None):
    """A command: kind is in, out, read or write."""
    words = [f'{kind}{SUFFIX[size]}', hex(address)]
    return ' '.join(words + ([] if value is None else [hex(value)]))
