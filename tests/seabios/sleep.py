# SPDX-License-Identifier: GPL-2.0-or-later
"""Let a machine sleep (S3) whose guest does not know about ACPI."""

import socket

from firmware import MIB
from bench import require

FACS_VECTOR = 12                # ACPI 6.5, 5.2.10
PM1A_CNT = 0x604
SLEEP_S3 = 0x2400               # SLP_TYP 1 and SLP_EN


class Gdb:
    """The part of GDB's remote protocol that writes physical memory."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.command(b'Qqemu.PhyMemMode:1')

    def command(self, text):
        """Send a packet, whose answer must be OK."""
        self.socket.sendall(b'$' + text + b'#%02x' % (sum(text) & 0xff))
        answer = b''
        while not answer.count(b'#') or len(answer.split(b'#')[-1]) < 2:
            answer += self.socket.recv(4096)
        self.socket.sendall(b'+')
        require(b'$OK#' in answer, f'gdb: {text} gives {answer}')

    def write(self, address, data):
        """Write bytes to guest memory while the machine is stopped."""
        self.command(b'M%x,%x:' % (address, len(data)) + data.hex().encode())


def gdb_option(bench):
    """Return the option with which suspend_and_wake() can write to memory."""
    return ['-gdb', f'unix:{bench.path("gdb")},server=on,wait=off']


def suspend_and_wake(bench, qmp, low, vector, code=b''):
    """Go to S3 and back, to real-mode code at a physical address; low: where
    RAM below 4G ends, under which the tables are."""
    top = bench.path('top')
    qmp.command('pmemsave', val=low - MIB, size=MIB, filename=top)
    with open(top, 'rb') as file:
        facs = file.read().index(b'FACS\x40\0\0\0') + low - MIB
    gdb = Gdb(bench.path('gdb'))
    if code:
        gdb.write(vector, code)
    gdb.write(facs + FACS_VECTOR, vector.to_bytes(4, 'little'))
    gdb.socket.close()
    qmp.command('cont')
    qmp.command('human-monitor-command', **{
        'command-line': f'o /h {PM1A_CNT:#x} {SLEEP_S3:#x}'})
    bench.wait(lambda: qmp.command('query-status')['status'] == 'suspended',
               'sleep')
    qmp.command('system_wakeup')
    bench.wait_for_line('run.debug', 'Jump to resume vector')
