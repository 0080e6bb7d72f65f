#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What legacy VGA accesses cost: a table for the manual.

speed-bench.py [--lab | --served | --against BIN] [--adapter MODEL] [--out DIR]

The same guest, lab/guests/vga-speed.S, runs on each of these in turn, and in
the lab Linux with its log on the screen, too:
  --lab     an adapter assigned by the unpatched QEMU, by the patched QEMU,
            and the emulated VGA, under the lab's host and KVM
  --served  an adapter that a second QEMU serves by vfio-user, forwarded and
            with the engine, and the emulated VGA, here and under TCG
  --against an adapter assigned by BIN, another build of the series, and by the
            patched QEMU, in the lab: is a change slower in any row?
Times are of emulated processors, so only their ratios mean anything, and only
within one run.  --against counts the instructions of the lab's host instead,
of all that runs there, which do not depend on what else this machine does;
where a timer of the engine falls still moves a row by a few percent.  DIR gets speed.json and speed.rst, the manual's table; with
--update it also replaces the manual's, from which scripts/diagrams.py draws
the chart.  --from takes a speed.json and measures nothing.
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
    """{case: ticks an access, one of those measured} of what the guest said."""
    found = {}
    for line in lines:
        match = LINE.match(line.strip())
        if match:
            found.setdefault(match[1], []).append(
                int(match[3], 16) / int(match[2], 16))
    return {case: choose(ticks) for case, ticks in found.items()}


# The lab's time is what its processor has done, a nanosecond an instruction.
COUNTED = ['--host-arg=-icount shift=0,sleep=off']


def run_lab(where, *options):
    """One run of the lab."""
    # A second of the lab's host may take half a minute where it is counted.
    subprocess.run([os.path.join(TOP, 'lab', 'run'), '--seconds', '900',
                    '--out', where, *options], check=True,
                   env={**os.environ, 'VGALAB_HEARTBEAT_SECONDS': '300'})


def linux_in_lab(where, options):
    """{case: seconds} of a guest whose console is the adapter."""
    run_lab(where, '--kernel', debian.kernel(), '--initrd',
            initramfs.log_initrd(), '--append', 'console=tty0 loglevel=8 '
            'nomodeset no_timer_check', '--arg=-serial stdio', '--until',
            'qemu:LINUX MEASURED', *options)
    with open(os.path.join(where, 'qemu.log'), encoding='utf-8') as file:
        return {case: float(end) - float(begin) if end else float(begin)
                for case, begin, end in LINUX.findall(file.read())}


def in_lab(name, disk, options, out, until='^DONE', choose=min):
    """Two runs of the lab; what its guests said.

    That is one round, which takes minutes without an engine.
    """
    where = os.path.join(out, name)
    run_lab(where, '--disk', disk, '--until', f'debug:{until}', *options)
    with open(os.path.join(where, 'guest.log'), encoding='utf-8',
              errors='replace') as file:
        found = parse(file, choose)
    return found | linux_in_lab(where + '-linux', options)


def lab(disk, adapter, out):
    """Unpatched, patched and emulated under the lab's KVM."""
    base = os.path.join(paths.BUILD, 'qemu-base', 'qemu-system-x86_64')
    card = ['--adapter', 'VGA', '--adapter', adapter]
    return {
        'unpatched': in_lab('unpatched', disk, card + ['--qemu', base], out),
        'patched': in_lab('patched', disk, card, out),
        'emulated': in_lab('emulated', disk, card + [
            '--device-opts', 'x-vga=off,addr=9', '--arg=-device VGA,addr=8'],
            out),
    }


def against(before):
    """Another build of the series and this one, in the lab."""
    def way(disk, adapter, out):
        card = ['--adapter', 'VGA', '--adapter', adapter, *COUNTED]
        return {name: in_lab(name, disk, card + qemu, out, 'SPEED MEASURED',
                             statistics.mean)
                for name, qemu in (('before', ['--qemu', before]),
                                   ('now', []))}
    return way


def here(bench, name, disk, devices):
    """One guest under TCG; what it said, and counters of its card."""
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
    """Forwarded, with the engine, and emulated, under TCG."""
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
    """(title, {way: how much faster}, {way: faster than emulated}) a case.

    The first of what was found is the slow way, the last the emulated VGA.
    """
    slow, *ways = found
    # Of two builds none is emulated.
    emulated = ways.pop() if len(ways) > 1 else None
    return [(title,
             {way: found[slow][case] / found[way][case] for way in ways},
             {way: found[emulated][case] / found[way][case] for way in ways}
             if emulated else {})
            for case, title in TITLES.items() if case in found[slow]]


def digits(ratio):
    """Three of them, never as a power of ten."""
    return f'{ratio:.0f}' if ratio >= 100 else f'{ratio:.3g}'


# How the manual calls the ways.
NAMES = {'patched': 'Patched', 'engine': '``auto``', 'now': 'This build'}
COMPARED = {'unpatched': 'to unpatched', 'forward': 'to ``forward``',
            'before': 'to the build before', 'emulated': 'to emulated VGA'}
MANUAL = os.path.join(TOP, 'docs', 'vga-assign', 'speed.rst')


def table(found):
    """The manual's table of ratios."""
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
    """Replaces the manual's table that compares with the same QEMU."""
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
    """The command line."""
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
