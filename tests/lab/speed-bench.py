#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what legacy VGA accesses cost: a table for the manual.

speed-bench.py [--lab | --served | --against BIN] [--adapter MODEL] [--out DIR]

The same guest, lab/guests/vga-speed.S, runs on each of these in turn; in the
lab also Linux with its log on the screen:
  --lab     an adapter assigned by the unpatched QEMU, by the patched QEMU,
            and the emulated VGA, under the lab's host and KVM
  --served  an adapter that a second QEMU serves by vfio-user, forwarded and
            with the engine, and the emulated VGA, here and under TCG
  --against an adapter assigned by BIN, another build of the series, and by the
            patched QEMU, in the lab: is a change slower in any row?
In the lab's guests a nanosecond is an instruction of the lab's host, so their
times do not depend on what else this machine does; but the moment of an
engine's timer changes a row, and some rows by a factor of two. --served takes times of
emulated processors, of which only the ratios mean anything, and only within
one run. DIR gets speed.json and speed.rst, the manual's table. --update also replaces the table in the manual,
from which scripts/diagrams.py draws the chart. --from reads a speed.json
instead of measuring.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

from bench import TOP, Bench, save
from vgalab import debian, disks, initramfs, paths
from vgalab.machine import vga_stats

LINE = re.compile(r'(\w+) ([0-9a-f]{8}) ([0-9a-f]{16})$')
TITLES = {
    'mode_set': 'VBIOS mode set', 'text_fill': 'text fill',
    'text_scroll': 'text scroll', 'scroll_cursor': 'lines and cursor',
    'frame': 'mode 13h frame', 'planar_fill': 'planar fill',
    'latched_copy': 'latched copy', 'palette': 'palette load',
    'registers': 'register ping-pong', 'cursor': 'cursor moves',
    'linux_boot': 'Linux boots', 'linux_log': 'Linux scrolls a log',
}
LINUX = re.compile(r'^(linux_\w+) ([0-9.]+) ?([0-9.]*)\r?$', re.MULTILINE)


def parse(lines, choose=min):
    """Return {case: ticks of an access}; `choose` picks one of those measured."""
    found = {}
    for line in lines:
        match = LINE.match(line.strip())
        if match:
            found.setdefault(match[1], []).append(
                int(match[3], 16) / int(match[2], 16))
    return {case: choose(ticks) for case, ticks in found.items()}


# The lab's time is what its processor has done: a nanosecond for an instruction.
COUNTED = ['--host-arg=-icount shift=0,sleep=off']


def run_lab(where, *options):
    """Run the lab once."""
    # A second of the lab's host may take half a minute while instructions are counted.
    subprocess.run([os.path.join(TOP, 'lab', 'run'), '--seconds', '900',
                    '--out', where, *options], check=True,
                   env={**os.environ, 'VGALAB_HEARTBEAT_SECONDS': '300'})


def linux_in_lab(where, options):
    """Return {case: seconds} of a guest whose console is on the adapter."""
    run_lab(where, '--kernel', debian.kernel(), '--initrd',
            initramfs.log_initrd(), '--append', 'console=tty0 loglevel=8 '
            'nomodeset no_timer_check', '--arg=-serial stdio', '--until',
            'qemu:LINUX MEASURED', *options)
    with open(os.path.join(where, 'qemu.log'), encoding='utf-8') as file:
        return {case: float(end) - float(begin) if end else float(begin)
                for case, begin, end in LINUX.findall(file.read())}


def in_lab(name, disk, options, out, until='^DONE', choose=min):
    """Run the lab twice; return what its guests said.

    This is one round, because it takes minutes without the engine.
    """
    where = os.path.join(out, name)
    run_lab(where, '--disk', disk, '--until', f'debug:{until}', *options)
    with open(os.path.join(where, 'guest.log'), encoding='utf-8',
              errors='replace') as file:
        found = parse(file, choose)
    return found | linux_in_lab(where + '-linux', options)


def lab(disk, adapter, out):
    """Measure unpatched, patched and emulated under the lab's KVM."""
    base = os.path.join(paths.BUILD, 'qemu-base', 'qemu-system-x86_64')
    card = ['--adapter', 'VGA', '--adapter', adapter, *COUNTED]
    return {
        'unpatched': in_lab('unpatched', disk, card + ['--qemu', base], out),
        'patched': in_lab('patched', disk, card, out),
        'emulated': in_lab('emulated', disk, card + [
            '--device-opts', 'x-vga=off,addr=9', '--arg=-device VGA,addr=8'],
            out),
    }


def against(before):
    """Measure another build of the series and this one, in the lab."""
    def way(disk, adapter, out):
        card = ['--adapter', 'VGA', '--adapter', adapter, *COUNTED]
        return {name: in_lab(name, disk, card + qemu, out, 'SPEED MEASURED',
                             statistics.mean)
                for name, qemu in (('before', ['--qemu', before]),
                                   ('now', []))}
    return way


def here(bench, name, disk, devices):
    """Run a guest under TCG; return what it said, and its adapter's counters."""
    qemu = os.path.join(paths.BUILD, 'qemu', 'qemu-system-x86_64')
    monitor = bench.start(qemu, name, '-machine', 'pc,accel=tcg', '-vga',
                          'none', '-drive', f'file={disk},format=raw,'
                          'if=ide,snapshot=on', *bench.debug(name), *devices)
    bench.wait_for_line(f'{name}.debug', 'SPEED MEASURED')
    found = parse(bench.said(f'{name}.debug'))
    found.update(vga_stats(monitor, '/machine/peripheral/card'))
    monitor.command('quit')
    bench.gone(monitor.process)
    return found


def served(disk, adapter, _out):
    """Measure forwarded, with the engine, and emulated, under TCG."""
    qemu = os.path.join(paths.BUILD, 'qemu', 'qemu-system-x86_64')
    found = {}
    with Bench() as bench:
        for name, engine in (('forward', 'forward'), ('engine', 'auto')):
            socket = bench.path(f'{name}.vfio')
            server = bench.start(
                qemu, f'{name}-server', '-machine', 'x-remote,vfio-user=on',
                '-device', f'{adapter},id=gpu', '-object',
                'x-vfio-user-server,id=server,type=unix,device=gpu,'
                f'path={socket}')
            card = {'driver': 'vfio-user-pci', 'id': 'card', 'x-vga': True,
                    'x-vga-engine': engine,
                    'socket': {'type': 'unix', 'path': socket}}
            found[name] = here(bench, name, disk,
                               ['-device', json.dumps(card)])
            server.process.kill()
            bench.gone(server.process)
        found['emulated'] = here(bench, 'emulated', disk, ['-device', 'VGA'])
    return found


def ratios(found):
    """Yield (title, {way: how much faster}, {way: faster than emulated}).

    The first result is the slow way, the last one the emulated VGA.
    """
    slow, *ways = found
    # If two builds are compared, none is emulated.
    emulated = ways.pop() if len(ways) > 1 else None
    return [(title,
             {way: found[slow][case] / found[way][case] for way in ways},
             {way: found[emulated][case] / found[way][case] for way in ways}
             if emulated else {})
            for case, title in TITLES.items() if case in found[slow]]


def digits(ratio):
    """Return a number with three digits, never as a power of ten."""
    return f'{ratio:.0f}' if ratio >= 100 else f'{ratio:.3g}'


# The manual's names for the ways.
NAMES = {'patched': 'Patched', 'engine': '``auto``', 'now': 'This build'}
COMPARED = {'unpatched': 'to unpatched', 'forward': 'to ``forward``',
            'before': 'to the build before', 'emulated': 'to emulated VGA'}
MANUAL = os.path.join(TOP, 'docs', 'vga-assign', 'speed.rst')


def table(found):
    """Return the manual's table of ratios."""
    slow, *ways = found
    emulated = [ways.pop()] if len(ways) > 1 else []
    columns = [f'{NAMES[way]} {COMPARED[to]}' for to in [slow] + emulated
               for way in ways]
    width = 60 // len(columns)
    rows = [['Work'] + columns] + [
        [title] + [digits(n) for n in [*faster.values(), *than.values()]]
        for title, faster, than in ratios(found)]
    lines = ['.. list-table::', '   :header-rows: 1', '   :widths: '
             + ' '.join(map(str, [100 - width * len(columns)]
                            + [width] * len(columns))), '']
    for row in rows:
        lines += [f'   * - {row[0]}'] + [f'     - {cell}' for cell in row[1:]]
    return '\n'.join(lines + [''])


def update_manual(text):
    """Replace the manual's table that compares with the same QEMU."""
    with open(MANUAL, encoding='utf-8') as file:
        manual = file.read()
    kind = 'unpatched' if 'to unpatched' in text else '``forward``'
    tables = [found for found in re.finditer(
        r'\.\. list-table::\n(?:   .*\n|\n(?=   ))+', manual)
        if re.search(r'\* - Work\n(?:.*\n)*?     - .*' + re.escape(kind),
                     found[0])]
    if len(tables) != 1:
        sys.exit(f'{MANUAL} has {len(tables)} tables about {kind}, not one')
    start, end = tables[0].span()
    with open(MANUAL, 'w', encoding='utf-8') as file:
        file.write(manual[:start] + text + manual[end:])
    print(f'{MANUAL}: written; scripts/diagrams.py draws the chart anew')


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group()
    way.add_argument('--lab', action='store_const', dest='way', const=lab)
    way.add_argument('--served', action='store_const', dest='way',
                     const=served)
    way.add_argument('--against', type=against, dest='way', metavar='BIN')
    parser.set_defaults(way=lab)
    parser.add_argument('--adapter', default='cirrus-vga')
    parser.add_argument('--out', default=os.path.join(paths.BUILD, 'bench'))
    parser.add_argument('--from', dest='results', metavar='FILE')
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    if options.results:
        with open(options.results, encoding='utf-8') as file:
            found = json.load(file)
    else:
        found = options.way(disks.boot_sector('vga-speed'), options.adapter,
                            options.out)
    text = table(found)
    save(options.out, {'speed.json': json.dumps(found, indent=1) + '\n',
                       'speed.rst': text})
    print(text)
    if options.update:
        update_manual(text)


if __name__ == '__main__':
    sys.exit(main())
