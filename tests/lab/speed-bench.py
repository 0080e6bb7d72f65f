#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What legacy VGA accesses cost: a table and a plot.

speed-bench.py [--lab | --served | --against BIN] [--adapter MODEL] [--out DIR]

The same guest, lab/guests/vga-speed.S, runs on each of these in turn, and in
the lab Linux with its log on the screen, too:
  --lab     an adapter assigned by the unpatched QEMU, by the patched QEMU,
            by the same with x-vga-engine=chain4, and the emulated VGA, under
            the lab's host and KVM
  --served  an adapter that a second QEMU serves by vfio-user, forwarded and
            with the engine, and the emulated VGA, here and under TCG
  --against an adapter assigned by BIN, another build of the series, and by the
            patched QEMU, in the lab: is a change slower in any row?
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

from bench import TOP, Bench, rst_table, save
from vgalab import images
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
COLOURS = ('#3a7ebf', '#d0662f')
# What is measured, for people who look at the chart alone.
MEANINGS = {
    'VBIOS mode set': 'INT 10h, which clears the screen',
    'text fill': 'a full text screen, again and again',
    'text scroll': 'the screen moved up by a line',
    'lines and cursor': 'a line of text, then the cursor',
    'mode 13h frame': '320x200 dots, 4 at a time',
    'planar fill': 'mode 12h, plane by plane',
    'latched copy': 'mode 12h, by write mode 1',
    'palette load': '256 colours by the DAC',
    'register ping-pong': 'index written, data read',
    'cursor moves': 'its address written',
    'Linux boots': 'a guest with a VGA console',
    'Linux scrolls a log': 'the same, many lines'}
NAMES = {
    'unpatched': 'the unpatched QEMU', 'patched': 'patched QEMU, as it is',
    'chain4': 'with the chain-4 copy, too', 'forward': 'forwarding each access',
    'engine': 'the engine', 'before': 'the build before', 'now': 'this build',
    'emulated': 'an emulated VGA'}
STYLE = '''
  text { font: 13px sans-serif; fill: var(--ink); }
  .small { font-size: 11px; fill: var(--faint); }
  .head { font-size: 15px; font-weight: bold; }
  .page { fill: var(--page); }
  .grid { stroke: var(--line); }
  .one { stroke: var(--ink); }
  svg { --page: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #30363d; }
  }
'''


def parse(lines):
    """{case: ticks an access, the fewest} of what the guest said."""
    found = {}
    for line in lines:
        match = LINE.match(line.strip())
        if match:
            ticks = int(match[3], 16) / int(match[2], 16)
            found[match[1]] = min(ticks, found.get(match[1], ticks))
    return found


def run_lab(where, *options):
    """One run of the lab."""
    subprocess.run([os.path.join(TOP, 'lab', 'run'), '--seconds', '500',
                    '--out', where, *options], check=True)


def linux_in_lab(where, options):
    """{case: seconds} of a guest whose console is the adapter."""
    run_lab(where, '--kernel', images.kernel(), '--initrd',
            images.log_initrd(), '--append', 'console=tty0 loglevel=8 '
            'nomodeset no_timer_check', '--arg=-serial stdio', '--until',
            'qemu:LINUX MEASURED', *options)
    with open(os.path.join(where, 'qemu.log'), encoding='utf-8') as file:
        return {case: float(end) - float(begin) if end else float(begin)
                for case, begin, end in LINUX.findall(file.read())}


def in_lab(name, disk, options, out):
    """Two runs of the lab; what its guests said."""
    where = os.path.join(out, name)
    # One round, which takes minutes without an engine.
    run_lab(where, '--disk', disk, '--until', 'debug:^DONE', *options)
    with open(os.path.join(where, 'guest.log'), encoding='utf-8',
              errors='replace') as file:
        found = parse(file)
    return found | linux_in_lab(where + '-linux', options)


def lab(disk, adapter, out):
    """Unpatched, patched and emulated under the lab's KVM."""
    base = os.path.join(images.BUILD, 'qemu-base', 'qemu-system-x86_64')
    card = ['--adapter', 'VGA', '--adapter', adapter]
    return {
        'unpatched': in_lab('unpatched', disk, card + ['--qemu', base], out),
        'patched': in_lab('patched', disk, card, out),
        'chain4': in_lab('chain4', disk, card + [
            '--device-opts', 'x-vga-engine=chain4'], out),
        'emulated': in_lab('emulated', disk, card + [
            '--device-opts', 'x-vga=off,addr=9', '--arg=-device VGA,addr=8'],
            out),
    }


def against(before):
    """Another build of the series and this one, in the lab."""
    def way(disk, adapter, out):
        card = ['--adapter', 'VGA', '--adapter', adapter]
        return {'before': in_lab('before', disk, card + ['--qemu', before],
                                 out),
                'now': in_lab('now', disk, card, out)}
    return way


def here(bench, name, disk, devices):
    """One guest under TCG; what it said, and counters of its card."""
    qemu = os.path.join(images.BUILD, 'qemu', 'qemu-system-x86_64')
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


def table(found):
    """An rst table of ratios."""
    slow, *ways = found
    emulated = ways.pop() if len(ways) > 1 else None
    return rst_table([
        ['case'] + [f'{way} to {slow}' for way in ways]
        + [f'{way} to {emulated}' for way in ways if emulated]] + [
            [title] + [digits(n) for n in [*faster.values(), *than.values()]]
            for title, faster, than in ratios(found)])


def chart_text(x, y, text, kind='', anchor='start'):
    """A line of text of the chart."""
    return (f'<text class="{kind}" x="{x:.0f}" y="{y}" '
            f'text-anchor="{anchor}">{text}</text>')


def bar(y, one, end, colour, ratio):
    """A bar from 1 to its ratio, to the left below 1, with its number."""
    left, right = min(one, end), max(one, end)
    return (f'<rect x="{left:.0f}" y="{y}" width="{max(2, right - left):.0f}" '
            f'height="15" fill="{colour}"/>'
            + (chart_text(right + 5, y + 12, digits(ratio)) if ratio >= 1 else
               chart_text(left - 5, y + 12, digits(ratio), anchor='end')))


def plot(found):
    """Bars on a logarithmic scale, one a way and case."""
    slow, *ways = found
    ways = ways[:-1] or ways
    rows = ratios(found)
    logs = [math.log10(ratio) for _, faster, _ in rows
            for ratio in faster.values()]
    # Room for the number of a bar that is slower, even if it is so by little.
    least, most = min(-0.5, *logs) - 0.2, max(1, math.ceil(max(logs)))
    step = 17 * len(ways) + 14
    bottom = 66 + step * len(rows)

    def place(log):
        return 290 + (log - least) * 420 / (most - least)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" '
             f'height="{bottom + 44}" viewBox="0 0 760 {bottom + 44}">',
             f'<style>{STYLE}</style>',
             f'<rect class="page" width="760" height="{bottom + 44}" rx="6"/>',
             chart_text(14, 24, f'How many times as fast as {NAMES[slow]}',
                        'head')]
    x = 14
    for way, colour in zip(ways, COLOURS):
        parts += [f'<rect x="{x}" y="36" width="12" height="12" '
                  f'fill="{colour}"/>', chart_text(x + 18, 47, NAMES[way])]
        x += 40 + 7 * len(NAMES[way])
    for power in range(math.ceil(least), most + 1):
        parts.append(f'<path class="{"one" if not power else "grid"}" '
                     f'd="M{place(power):.0f} 58V{bottom}"/>'
                     + chart_text(place(power), bottom + 16,
                                  f'{10 ** power:g}', anchor='middle'))
    parts.append(chart_text(place(0) - 8, bottom + 34, 'slower &#8592;',
                            'small', 'end'))
    parts.append(chart_text(place(0) + 8, bottom + 34, '&#8594; faster, on a '
                            'logarithmic scale: each line is ten times the '
                            'one before', 'small'))
    for number, (title, faster, _) in enumerate(rows):
        y = 66 + step * number
        parts.append(chart_text(14, y + 13, title))
        parts.append(chart_text(14, y + 28, MEANINGS[title], 'small'))
        for nth, (way, ratio) in enumerate(faster.items()):
            parts.append(bar(y + 17 * nth, place(0), place(math.log10(ratio)),
                             COLOURS[nth], ratio))
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
    way.add_argument('--against', type=against, dest='way', metavar='BIN')
    parser.set_defaults(way=lab)
    parser.add_argument('--adapter', default='cirrus-vga')
    parser.add_argument('--out', default=os.path.join(images.BUILD, 'bench'))
    options = parser.parse_args()

    os.makedirs(options.out, exist_ok=True)
    found = options.way(images.boot_sector('vga-speed'), options.adapter,
                        options.out)
    save(options.out, {'speed.json': json.dumps(found, indent=1) + '\n',
                       'speed.rst': table(found), 'speed.svg': plot(found)})
    print(table(found))


if __name__ == '__main__':
    sys.exit(main())
