#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test what SeaBIOS's MTRRs say of RAM and of the PCI window (TAP).

It looks at both processors of a machine, after its start and after S3. A boot
sector reads the first one's MTRRs. The second one's are read from a migration
stream: if the guest started this processor, its INIT would clear them under
TCG.
"""

import functools
import json
import os

from firmware import (BUILD, GIB, MIB, OURS, OVERFLOW, PROCESSORS, STOCK,
                      boot, display, low_ram, many, testdev, vga)
from bench import Bench, require, tap
from sleep import gdb_option, suspend_and_wake
from vgalab import disks, programs

ANALYZE = os.path.join(BUILD, 'src', 'qemu', 'scripts',
                       'analyze-migration.py')
END = 'mtrr end'
WAKE_AT = 0x7c00                # runs the boot sector again
ENABLED = 0xc00                 # variable and fixed MTRRs are on
VALID = 0x800
UC, WB = 0, 6
PAIRS = 8
LEFT = 2                        # pairs left for the operating system


class Mtrrs:
    """The MTRRs of one processor."""

    def __init__(self, pairs, default, fixed=()):
        self.fixed = fixed
        self.enabled = default & ENABLED == ENABLED
        self.default = default & 0xff
        self.ranges = [(base & 0xfffff000, mask & 0xfffff000, base & 0xff)
                       for base, mask in pairs if mask & VALID]

    def __eq__(self, other):
        return vars(self) == vars(other)

    def says(self, other):
        """Return whether pairs and default are the same."""
        return str(self) == str(other)

    def __str__(self):
        return f'{"on" if self.enabled else "off"}, {self.default} and ' + (
            ' '.join(f'{b:x}/{m:x}={t}' for b, m, t in self.ranges))

    def type_at(self, address):
        """Return the memory type; where ranges overlap, UC wins."""
        types = [t for base, mask, t in self.ranges
                 if address & mask == base & mask]
        return min(types) if types else self.default

    def first_not(self, wanted, start, end):
        """Return the first address in a range with another type, or None."""
        return next((a for a in range(start, end, MIB)
                     if self.type_at(a) != wanted), None)


def said_last(said):
    """Return the Mtrrs that the boot sector said last."""
    pairs = []
    for line in said:
        words = line.split()
        if words[:2] == ['mtrr', 'type']:
            found = Mtrrs(pairs, int(words[2], 16))
            pairs = []
        elif words[:1] == ['mtrr'] and line != END:
            pairs.append(tuple(int(w, 16) for w in words[1:]))
    return found


def shared_ram(bench, ram):
    """Return options for guest memory that a migration does not copy."""
    return ['-object', f'memory-backend-file,id=ram,size={ram}M,share=on,'
            f'mem-path={bench.path("ram")}', '-M', 'memory-backend=ram']


def migrated(bench, qmp):
    """Return the Mtrrs of each processor from a migration stream."""
    path = bench.path('state')
    qmp.command('migrate-set-capabilities', capabilities=[
        {'capability': 'x-ignore-shared', 'state': True}])
    qmp.command('migrate', uri=f'file:{path}')
    bench.wait(lambda: qmp.command('query-migrate')['status'] in
               ('completed', 'failed'), 'migration')
    state = json.loads(programs.run([ANALYZE, '-f', path, '-d', 'state'],
                                    text=True).stdout)
    qmp.command('cont')
    return [Mtrrs([(int(v['base'], 16), int(v['mask'], 16))
                   for v in cpu['env.mtrr_var']],
                  int(cpu['env.mtrr_deftype'], 16), cpu['env.mtrr_fixed'])
            for name, cpu in state.items() if name.startswith('cpu (')]


def run(bios, machine, ram, devices, *extra, sleeps=False):
    """Return the messages, and the Mtrrs of each processor, also after S3."""
    with Bench() as bench:
        qmp = boot(bench, bios, machine, ram, devices, '-drive',
                   f'file={disks.boot_sector("mtrr-read")},format=raw',
                   *shared_ram(bench, ram), *PROCESSORS, *extra,
                   *gdb_option(bench), until=END)
        found = migrated(bench, qmp)
        if sleeps:
            suspend_and_wake(bench, qmp, low_ram(machine, ram), WAKE_AT)
            bench.wait_for_line('run.debug', END, 2)
            found += migrated(bench, qmp)
        return bench.said('run.debug'), found


def window_start(said):
    """Return the start of the window below 4 GiB."""
    return next(int(l.split()[2], 16) for l in said if 'PCI: 32:' in l)


def gap(bios, machine, ram):
    """Return the release's first address of the window that is not UC."""
    said, found = run(bios, machine, ram, [vga('256M')])
    return found[0].first_not(UC, window_start(said), 4 * GIB)


def describes(machine, ram, devices, *extra, sleeps=False, default=WB,
              unsaid=0, pairs=None):
    """RAM is WB and the window is UC, for all processors.

    unsaid: bytes of the window that may be like RAM; pairs: how many are used.
    """
    said, found = run(OURS, machine, ram, devices, *extra, sleeps=sleeps)
    full = [l for l in said if OVERFLOW in l]
    require(not full, f'{full}')
    require(len(found) == (4 if sleeps else 2), f'{len(found)} processors')
    start = window_start(said)
    for number, mtrrs in enumerate(found):
        require(mtrrs.enabled, f'processor {number}: {mtrrs}')
        require(mtrrs == found[0], f'{found[0]}\n{mtrrs}')
    require(found[0].says(said_last(said)), f'rdmsr: {said_last(said)}')
    first, low = found[0], low_ram(machine, ram)
    require(first.default == default, f'{first}')
    require(first.first_not(WB, MIB, low) is None, f'not WB in RAM: {first}')
    wrong = first.first_not(UC, start + unsaid, 4 * GIB)
    require(wrong is None, f'{wrong or 0:x} is not UC: {first}')
    require(len(first.ranges) <= PAIRS - LEFT
            and pairs in (None, len(first.ranges)), f'{first}')
    return f'{first}'


def with_release(machine, ram, stock_gap):
    """The release leaves out part of the window, or nothing."""
    found = gap(STOCK, machine, ram)
    require(found == stock_gap, f'the release leaves out {found}')
    return describes(machine, ram, [vga('256M')])


def cases():
    """Return all cases."""
    five = many(testdev, 5, '256M')
    partial = functools.partial
    return [
        *((f'{machine} with {ram} MiB', partial(
            with_release, machine, ram, found)) for machine, ram, found in (
                ('pc', 1024, None), ('pc', 3328, 0xe0000000),
                ('pc', 3500, 0xdb000000), ('q35', 4096, None))),
        ('pc with 3328 MiB: after S3', partial(
            describes, 'pc', 3328, [], sleeps=True, pairs=2)),
        ('q35 with 2 GiB and five 256 MiB BARs: after S3', partial(
            describes, 'q35', 2048, five, sleeps=True)),
        ('pc with 128 MiB: the largest window', partial(
            describes, 'pc', 128, many(display, 7, 512), sleeps=True,
            pairs=3)),
        # The window is 1023 MiB: ten powers of two
        ('pc with 3073 MiB: RAM is described', partial(
            describes, 'pc', 3073, [vga('256M')], default=UC, pairs=3,
            sleeps=True)),
        ('pc with 3073 MiB, and more may come', partial(
            describes, 'pc', 3073, [vga('256M')], '-m',
            '3073,slots=1,maxmem=8G', unsaid=15 * MIB))]


if __name__ == '__main__':
    tap(cases())
