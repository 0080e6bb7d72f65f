#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure how slow software feels on a served adapter: a table of ratios.

felt-bench.py [--qemu BIN] [--accel tcg|kvm] [--rounds N] [--out DIR] [GUEST...]

Each guest runs on an adapter that a second QEMU serves over vfio-user, and on
the same model without anything in between, in turn. With --before it also runs
on an adapter that another build serves. It goes through its scenes. A scene
ends when the guest says so, or when the screen shows, dot for dot, what it
showed at rest on the model itself. For each scene the table has the ratio of
assigned to direct: of processor seconds, for both processes together, and of
time. One more run counts the messages to the regions, because a trace costs
time. DIR gets felt.json, with the messages to each region, and felt.rst.
"""

import argparse
import collections
import json
import os
import re
import sys
import time

from bench import Bench, Failure, require, rst_table, save
from vgalab import debian, disks, initramfs, paths

PERIOD = 0.05           # between two looks at a screen
REST = 40               # looks without a change
PATIENCE = 120
TICKS = os.sysconf('SC_CLK_TCK')
REGIONS = {**{n: f'BAR {n}' for n in range(6)}, 6: 'ROM', 7: 'config',
           8: 'VGA'}

# A scene is (title, what the guest says at its end or None for a screen at rest, keys that begin it).
Guest = collections.namedtuple('Guest', 'model arguments scenes')


def disc(menu):
    """Return arguments for a CD with an ISOLINUX menu."""
    return ['-cdrom', disks.isolinux_disc(menu)]


def disk(name):
    """Return arguments for a boot sector."""
    return ['-drive', f'file={disks.boot_sector(name)},format=raw,'
            'snapshot=on,if=ide']


def linux():
    """Return arguments for Linux with a DRM driver's console."""
    return ['-kernel', debian.kernel(), '-initrd',
            initramfs.log_initrd(('bochs',)), '-append',
            'console=tty0 loglevel=8 no_timer_check']


MENU = (('first menu', None, ''), ('20 keys', None, 'down ' * 11 + 'up ' * 9))
GUESTS = {
    'isolinux-text': Guest('VGA', lambda: disc('menu'), MENU),
    'isolinux-vesa': Guest('ati-vga', lambda: disc('vesamenu'), MENU),
    'linux-drm': Guest('VGA', linux, (('1000 lines', 'LINUX MEASURED', ''),)),
    'dos-like': Guest('VGA', lambda: disk('felt'), tuple(
        (title, f'SCENE {title}', '')
        for title in ('teletype', 'cells', 'frames'))),
}


def processor_seconds(process):
    """Return the processor time that a process has used."""
    with open(f'/proc/{process.pid}/stat', encoding='utf-8') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Run:
    """One run of a guest on its model, directly or assigned."""

    def __init__(self, bench, guest, accel, qemu, served, trace=None):
        self.bench = bench
        arguments = ['-machine', f'pc,accel={accel}', '-m', '512',
                     '-vga', 'none', *bench.debug('guest'), '-serial',
                     f'file:{bench.path("guest.serial")}', *guest.arguments()]
        if trace:
            arguments += ['-trace', 'vfio_user_region_rw', '-D', trace]
        if served:
            card = bench.path('card')
            self.owner = bench.start(
                qemu, 'server', '-machine', 'x-remote,vfio-user=on',
                '-device', f'{guest.model},id=gpu', '-object',
                f'x-vfio-user-server,id=server,type=unix,path={card},'
                'device=gpu')
            device = {'driver': 'vfio-user-pci', 'x-vga': True,
                      'socket': {'type': 'unix', 'path': card}}
        else:
            device = {'driver': guest.model, 'id': 'gpu'}
        self.fresh = True       # nothing is drawn yet
        self.start = time.monotonic()
        self.guest = bench.start(qemu, 'guest', *arguments,
                                 '-device', json.dumps(device))
        if not served:
            self.owner = self.guest

    def cost(self):
        """Return (processor seconds, time) since the guest began."""
        return (sum(processor_seconds(p) for p in self.bench.processes),
                time.monotonic() - self.start)

    def screen(self):
        """Return what the adapter shows."""
        path = self.bench.path('screen.ppm')
        self.owner.command('screendump', filename=path, device='gpu')
        with open(path, 'rb') as file:
            return file.read()

    def said(self):
        """Return all that the guest has said."""
        return self.bench.said('guest.debug') + self.bench.said('guest.serial')

    def until_said(self, text):
        """Return the cost when the guest says the text."""
        self.bench.wait(lambda: any(text in line for line in self.said()), text)
        return self.cost()

    def rest(self):
        """Return ({screens at rest, which differ by a cursor}, cost of the first)."""
        looks = []
        blank = self.screen() if self.fresh else None
        self.fresh = False
        while True:
            looks.append((self.screen(), self.cost()))
            last = {screen for screen, _ in looks[-REST:]}
            before = {screen for screen, _ in looks[-2 * REST:-REST]}
            if len(looks) >= 2 * REST and last <= before - {blank}:
                break
            require(len(looks) * PERIOD < PATIENCE, 'the screen never rests')
            time.sleep(PERIOD)
        cost = looks[-1][1]
        for screen, then in reversed(looks):
            if screen not in last:
                break
            cost = then
        return last, cost

    def until_shown(self, screens, title):
        """Return the cost when one of the screens is shown."""
        deadline = time.monotonic() + PATIENCE
        while self.screen() not in screens:
            require(time.monotonic() < deadline,
                    f'{title}: the assigned adapter never showed what the '
                    'model did')
            time.sleep(PERIOD)
        return self.cost()

    def press(self, keys):
        """Press keys one by one; the screen shows each before the next."""
        for key in keys.split():
            before = last = self.screen()
            self.guest.command('send-key', keys=[{'type': 'qcode',
                                                  'data': key}],
                               **{'hold-time': 10})
            deadline = time.monotonic() + PATIENCE
            while (now := self.screen()) == before or now != last:
                require(time.monotonic() < deadline, f'key {key} shows nothing')
                last = now
                time.sleep(PERIOD / 2)

    def scenes(self, guest, wanted):
        """Return [(cost, screens)] of its scenes; `wanted` are the model's screens."""
        found = []
        for number, (title, text, keys) in enumerate(guest.scenes):
            self.press(keys)
            if text:
                found.append((self.until_said(text), None))
            elif wanted:
                found.append((self.until_shown(wanted[number][1],
                                               title), None))
            else:
                screens, cost = self.rest()
                found.append((cost, screens))
        return found


def run(guest, options, qemu, wanted=None):
    """Return [(cost, screens)] of a run; with `wanted` on a served adapter."""
    with Bench() as bench:
        return Run(bench, guest, options.accel, qemu,
                   bool(wanted)).scenes(guest, wanted)


def messages(guest, options, qemu, wanted):
    """Return {region: messages} of a whole run."""
    with Bench() as bench:
        trace = bench.path('trace')
        Run(bench, guest, options.accel, qemu, True,
            trace).scenes(guest, wanted)
        with open(trace, encoding='utf-8') as file:
            counts = collections.Counter(re.findall(
                r'vfio_user_region_rw +region (\d+)', file.read()))
    return {REGIONS[int(n)]: count for n, count in sorted(counts.items())}


def steps(found, before=(0, 0)):
    """Return costs since the previous scene from costs since the start."""
    costs = [before] + [cost for cost, _ in found]
    return [[now - then for now, then in zip(*pair)]
            for pair in zip(costs[1:], costs)]


def measure(name, options):
    """Return what one guest costs: for each scene the smallest of the rounds."""
    guest = GUESTS[name]
    qemus = {'served': options.qemu}
    if options.before:
        qemus = {'before': options.before, **qemus}
    rounds = collections.defaultdict(list)
    for _ in range(options.rounds):
        model = run(guest, options, options.qemu)
        rounds['direct'].append(steps(model))
        for way, qemu in qemus.items():
            rounds[way].append(steps(run(guest, options, qemu, model)))
    return {'model': guest.model, 'titles': [t for t, _, _ in guest.scenes],
            'costs': {way: [[min(values) for values in zip(*scene)]
                            for scene in zip(*costs)]
                      for way, costs in rounds.items()},
            'messages': {way: messages(guest, options, qemu, model)
                         for way, qemu in qemus.items()}}


def ratio(served, direct):
    """Return the ratio of two costs as text; seconds are counted in 1/TICKS."""
    return f'{served / direct:.2f}' if direct > 5 / TICKS else '-'


def rows(name, found):
    """Return one guest's rows: its scenes, and their sum."""
    costs, titles = found['costs'], found['titles']
    if len(titles) > 1:
        titles = titles + ['all']
        costs = {way: c + [[sum(v) for v in zip(*c)]]
                 for way, c in costs.items()}
    for at, title in enumerate(titles):
        direct = costs['direct'][at]
        row = [f'{name} ({found["model"]})', title, f'{direct[0]:.2f}']
        for way in found['messages']:
            total = sum(found['messages'][way].values())
            row += [ratio(costs[way][at][0], direct[0]),
                    ratio(costs[way][at][1], direct[1]),
                    str(total) if title == titles[-1] else '']
        yield row


def table(found):
    """Return the table of all guests."""
    ways = next(iter(found.values()))['messages']
    head = ['Guest', 'Scene', 'CPU s']
    for way in ways:
        head += [f'CPU {way}', f'time {way}', f'messages {way}']
    return rst_table([head] + [row for name in found
                               for row in rows(name, found[name])])


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--qemu', default=paths.QEMU)
    parser.add_argument('--before', metavar='BIN')
    parser.add_argument('--accel', default='tcg', choices=('tcg', 'kvm'))
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--out', default=os.path.join(paths.BUILD, 'bench'))
    parser.add_argument('guest', nargs='*', default=list(GUESTS),
                        metavar='GUEST', help=', '.join(GUESTS))
    options = parser.parse_args()
    for name in options.guest:
        if name not in GUESTS:
            parser.error(f'no guest {name}; there are {", ".join(GUESTS)}')
    try:
        found = {name: measure(name, options) for name in options.guest}
    except Failure as problem:
        sys.exit(f'felt-bench.py: {problem}')
    text = table(found)
    save(options.out, {'felt.json': json.dumps(found, indent=1) + '\n',
                       'felt.rst': text})
    print(text)


if __name__ == '__main__':
    main()
