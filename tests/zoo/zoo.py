# SPDX-License-Identifier: GPL-2.0-or-later
"""An adapter of the zoo, and a guest that works on it."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'lab'))

# pylint: disable=wrong-import-position
from bench import require, rst_table                 # noqa: E402 (makes vgalab known)
from vgalab import disks, paths          # noqa: E402
from vgalab.machine import vga_stats      # noqa: E402

import roms                               # noqa: E402

ZOO = os.path.join(paths.BUILD, 'tests', 'tests', 'zoo', 'zoo')
ADVERSARIES = ('drop', 'dual', 'mute', 'master')
ENGINES = ('forward', 'auto')
STEPS = ('post', 'mode-3', 'redraw', 'scroll', 'read', 'bios-scrolls',
         'scroll-again', 'teletype', 'save-state', 'redraw-again', 'mode-7',
         'redraw-mono', 'mode-13', 'frame', 'frame-again', 'mode-12', 'planar',
         'vbe', 'banked', 'mode-3-again', 'redraw-last', 'read-last', 'event')
# The screen of an engine that combines differs until the next period.  What one
# cell of another master is, only reading the whole window each time would tell.
COMPARED = {name: STEPS[:-1] for name in ADVERSARIES if name != 'mute'}
HASHES = ('memory', 'colors', 'registers')
# The model of what hardware costs, in microseconds: a call, a cycle that the
# processor waits for, a posted write
COST_CALL, COST_READ, COST_WRITE = 2, 1, 0.1
# Calls on the VGA region
VGA_CALLS = ('memory-reads', 'memory-writes', 'port-reads', 'port-writes')


def personalities():
    """{name: (vendor, device)} of what the zoo has."""
    said = subprocess.run([ZOO, '--list'], capture_output=True, text=True,
                          check=True).stdout
    found = {}
    for line in said.splitlines():
        name, ids = line.split()[:2]
        found[name] = tuple(int(i, 16) for i in ids.split(':'))
    return found


def start_zoo(bench, name, personality, bars='mapped', dump=None):
    """Serves an adapter; bench.path(name) is the socket."""
    socket, control = bench.path(name), bench.path(name + '.control')
    command = [ZOO, '--personality', personality, '--socket', socket,
               '--control', control, '--bars', bars, '--rom',
               roms.vbios(personality, personalities()[personality])]
    if dump:
        os.makedirs(dump, exist_ok=True)
        command += ['--dump', dump]
    with open(bench.path(name + '.steps'), 'w', encoding='utf-8') as out:
        # Bench ends it.
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen(command, stdout=out,
                                   stdin=subprocess.DEVNULL)
    bench.processes.append(process)
    bench.wait(lambda: os.path.exists(socket) and os.path.exists(control),
               'the zoo serves')
    return process


def device(socket, **properties):
    """-device for an adapter of the zoo."""
    return ['-device', json.dumps(
        {'driver': 'vfio-user-pci', 'id': 'card', 'x-vga': True,
         'socket': {'type': 'unix', 'path': socket}, **properties})]


def engine_counters(monitor):
    """QEMU's own counters of the adapter."""
    return vga_stats(monitor, '/machine/peripheral/card')


def parse_step(line):
    """(name, {counter: number, each of HASHES: hash})."""
    words = line.split()
    pairs = dict(zip(words[2::2], words[3::2]))
    return words[1], {key: value if key in HASHES
                      else int(value) for key, value in pairs.items()}


def parse_steps(lines):
    """What the zoo said of a whole guest."""
    return dict(parse_step(line) for line in lines
                if line.startswith('step '))


def calls(step):
    """Calls on the VGA region in a step."""
    return sum(step[name] for name in VGA_CALLS)


def cost(step):
    """What a step costs on hardware by the model of docs/vga-assign/speed.rst, in
    microseconds."""
    return (COST_CALL * calls(step)
            + COST_READ * (step['memory-read-cycles'] + step['port-reads']
                           + step['port-writes'])
            + COST_WRITE * step['memory-write-cycles'])


def check_steps(forward, auto, compared):
    """Nothing that software could see differs."""
    for name in STEPS:
        require(name in forward.steps and name in auto.steps,
                f'the step {name} was not reached')
    for name in compared:
        for what in HASHES:
            require(forward.steps[name][what] == auto.steps[name][what],
                    f'{what} after {name} differ')
    if 'event' in compared:
        require(forward.read == auto.read, 'what the guest read differs: '
                f'{forward.read} forwarded, {auto.read} with the engine')


def check_banks(ram):
    """Each of the guest's banks is where it was written (lab/guests/zoo.S)."""
    for bank in range(5):
        at = bank * 0x10000 + 0x1230
        require(ram[at:at + 640] == bytes([0x11 + bank]) * 640,
                f'bank {bank} is not at {at:#x} of memory')


class Run:
    """One guest on one personality: steps, what it read, counters."""

    def __init__(self, bench, personality, engine, bars='mapped', dump=None):
        name = f'{personality}-{engine}'
        dump = dump or bench.path(name + '.dump')
        zoo = start_zoo(bench, name, personality, bars, dump)
        monitor = bench.start(
            paths.QEMU, f'{name}.qmp', '-machine', 'pc,accel=tcg', '-vga',
            'none', '-drive', f'file={disks.boot_sector("zoo")},format=raw,'
            'if=ide,snapshot=on', '-chardev', 'socket,id=steps,path='
            f'{bench.path(name)}.control', '-serial', 'chardev:steps',
            *bench.debug(name),
            *device(bench.path(name), **{'x-vga-engine': engine}))
        bench.wait_for_line(f'{name}.debug', 'ZOO DONE')
        self.counters = engine_counters(monitor)
        self.read = [line for line in bench.said(f'{name}.debug')
                     if line.isalnum() and len(line) == 4]
        self.steps = parse_steps(bench.said(f'{name}.steps'))
        with open(os.path.join(dump, 'banked.ram'), 'rb') as file:
            self.banked = file.read()
        monitor.command('quit')
        bench.gone(monitor.process)
        zoo.terminate()
        bench.gone(zoo)
        require(zoo.returncode == 0, f'the zoo ended with {zoo.returncode}')


def table(forward, auto):
    """Calls on the VGA region, and the rest that is not legacy VGA."""
    rows = [['step', *ENGINES]]
    for name in STEPS:
        rows.append([name, *(str(calls(r.steps[name]))
                             for r in (forward, auto))])
    return rst_table(rows) + '\n' + ', '.join(
        f'{key} {value}'
        for key, value in auto.counters.items())
