#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Port accesses that are not aligned, by a processor: ports-test.py (TAP).

TCG passes such an access on as a whole, while qtest and KVM's split it first, so
only a guest's code shows what an adapter gets (lab/guests/ports.S).
"""

from zoo import ENGINES, device, start_zoo

from bench import Bench, require, tap
from vgalab import disks, paths

# What each access of the guest reads, or has left in a register
WANTED = '''
00000005 0000003c 00003c05
0000000f 000000ff 00000022
00000008 0000005a
005a0800
0000000e 00000033
'''.split()


def ports(engine):
    """One guest; its last line is of a port with no other behind it."""
    with Bench() as bench:
        start_zoo(bench, 'card', 'plain')
        bench.start(
            paths.QEMU, 'guest', '-machine', 'pc,accel=tcg', '-vga', 'none',
            '-drive', f'file={disks.boot_sector("ports")},format=raw,if=ide,'
            'snapshot=on', *bench.debug('guest'),
            *device(bench.path('card'), **{'x-vga-engine': engine}))
        bench.wait_for_line('guest.debug', 'PORTS DONE')
        said = [line for line in bench.said('guest.debug')
                if len(line) == 8 and line.isalnum()]
        require(said[:-1] == WANTED, f'{said}, not {WANTED}')
        require(said[-1].startswith('0000ff'), f'past the end: {said[-1]}')


if __name__ == '__main__':
    tap([(engine, lambda e=engine: ports(e)) for engine in ENGINES])
