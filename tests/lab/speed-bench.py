#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What legacy VGA accesses cost: a table and a plot.

speed-bench.py [--lab | --served] [--adapter MODEL] [--out DIR]

The same guest, lab/guests/vga-speed.S, runs on each of these in turn:
  --lab     an adapter assigned by the unpatched QEMU, one assigned by the
            patched QEMU, and the emulated VGA, under the lab's host and KVM
  --served  an adapter that a second QEMU serves by vfio-user, forwarded and
            with the engine, and the emulated VGA, here and under TCG
Times are of emulated processors, so only their ratios mean anything, and only
within one run.  DIR gets speed.json, speed.rst and speed.svg.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys

from bench import TOP, Bench, rst_table
from vgalab import images

LINE = re.compile(r'(\w+) ([0-9a-f]{8}) ([0-9a-f]{16})$')
TITLES = {
    'mode_set': 'VBIOS mode set', 'text_fill': 'text fill',
    'text_scroll': 'text scroll', 'scroll_cursor': 'lines and cursor',
    'frame': 'mode 13h frame', 'planar_fill': 'planar fill',
    'latched_copy': 'latched copy', 'palette': 'palette load',
    'registers': 'register ping-pong', 'cursor': 'cursor moves',
}
COUNTERS = ('x-vga-region-reads', 'x-vga-region-writes', 'x-vga-calls-read',
            'x-vga-calls-write', 'x-vga-shadow-maps', 'x-vga-latch-losses')


def parse(lines):
    """{case: ticks an access, the fewest} of what the guest said."""
    found = {}
    for line in lines:
        match = LINE.match(line.strip())
        if match:
            ticks = int(match[3], 16) / int(match[2], 16)
            found[match[1]] = min(ticks, found.get(match[1], ticks))
    return found


def in_lab(name, disk, options, out):
    """One run of the lab; what its guest said."""
    where = os.path.join(out, name)
    # The last case's first time: a round takes minutes without an engine.
    command = [os.path.join(TOP, 'lab', 'run'), '--disk', disk, '--seconds',
               '500', '--until', 'debug:^cursor ', '--out', where]
    subprocess.run(command + options, check=True)
    with open(os.path.join(where, 'guest.log'), encoding='utf-8',
              errors='replace') as file:
        return parse(file)


def lab(disk, adapter, out):
    """Unpatched, patched and emulated under the lab's KVM."""
    base = os.path.join(images.BUILD, 'qemu-base', 'qemu-system-x86_64')
    card = ['--adapter', 'VGA', '--adapter', adapter]
    return {
        'unpatched': in_lab('unpatched', disk, card + ['--qemu', base], out),
        'patched': in_lab('patched', disk, card, out),
        'emulated': in_lab('emulated', disk, card + [
            '--device-opts', 'x-vga=off', '--arg=-device VGA,addr=2'], out),
    }


def here(bench, name, disk, devices, counters=()):
    """One guest under TCG; what it said, and counters of its card."""
    qemu = os.path.join(images.BUILD, 'qemu', 'qemu-system-x86_64')
    monitor = bench.start(qemu, name, '-machine', 'pc,accel=tcg', '-vga',
                          'none', '-drive', f'file={disk},format=raw,'
                          'if=ide,snapshot=on', *bench.debug(name), *devices)
    bench.wait_for_line(f'{name}.debug', 'SPEED MEASURED')
    found = parse(bench.said(f'{name}.debug'))
    for counter in counters:
        found[counter] = monitor.command(
            'qom-get', path='/machine/peripheral/card', property=counter)
    monitor.command('quit')
    bench.gone(monitor.process)
    return found


def served(disk, adapter, _out):
    """Forwarded, with the engine, and emulated, under TCG."""
    qemu = os.path.join(images.BUILD, 'qemu', 'qemu-system-x86_64')
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
            found[name] = here(
                bench, name, disk, ['-device', json.dumps(card)],
                COUNTERS if engine == 'auto' else COUNTERS[:2])
            server.process.kill()
            bench.gone(server.process)
        found['emulated'] = here(bench, 'emulated', disk, ['-device', 'VGA'])
    return found


def ratios(found):
    """(title, ticks by the slow way, how much faster, faster than emulated)"""
    slow, fast, emulated = found.values()
    return [(title, slow[case], slow[case] / fast[case],
             emulated[case] / fast[case])
            for case, title in TITLES.items()]


def table(found):
    """An rst table of ratios."""
    slow, fast, emulated = found
    return rst_table([
        ('case', f'{fast} to {slow}', f'{fast} to {emulated}')] + [
            (title, f'{a:.3g}', f'{b:.3g}') for title, _, a, b in
            ratios(found)])


def plot(found):
    """Bars on a logarithmic scale, one a case."""
    slow, fast, _ = found
    rows = ratios(found)
    height = 28 * len(rows) + 60
    powers = max(1, math.ceil(math.log10(max(row[2] for row in rows))))
    unit = 540 / powers                 # dots a power of ten
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" '
             f'height="{height}" font-family="sans-serif" font-size="13">',
             f'<rect width="760" height="{height}" fill="white"/>',
             f'<text x="10" y="22" font-size="15">How many times faster: '
             f'{fast} to {slow}</text>']
    for power in range(powers + 1):
        x = round(170 + power * unit)
        parts.append(f'<path d="M{x} 36V{height - 20}" stroke="#ccc"/>'
                     f'<text x="{x}" y="{height - 5}" text-anchor="middle">'
                     f'{10 ** power}</text>')
    for number, (title, _, ratio, _) in enumerate(rows):
        y = 44 + 28 * number
        width = max(1, unit * math.log10(max(1, ratio)))
        parts.append(f'<text x="160" y="{y + 13}" text-anchor="end">{title}'
                     f'</text><rect x="170" y="{y}" width="{width:.0f}" '
                     f'height="18" fill="#3a6ea5"/><text x="{175 + width:.0f}"'
                     f' y="{y + 13}">{ratio:.3g}</text>')
    return '\n'.join(parts + ['</svg>', ''])


def main():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group()
    way.add_argument('--lab', action='store_const', dest='way', const=lab)
    way.add_argument('--served', action='store_const', dest='way',
                     const=served)
    parser.set_defaults(way=lab)
    parser.add_argument('--adapter', default='cirrus-vga')
    parser.add_argument('--out', default=os.path.join(images.BUILD, 'bench'))
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    found = options.way(images.boot_sector('vga-speed'), options.adapter,
                        options.out)
    for name, text in (('speed.json', json.dumps(found, indent=1) + '\n'),
                       ('speed.rst', table(found)),
                       ('speed.svg', plot(found))):
        with open(os.path.join(options.out, name), 'w',
                  encoding='utf-8') as file:
            file.write(text)
    print(table(found))


if __name__ == '__main__':
    sys.exit(main())
