#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test what `make demo` says (TAP): with HOST=, what is missing, on imitations of sysfs; how far a
build is; and what to do next."""

import importlib.machinery
import importlib.util
import os
import pty
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CARD, SOUND, BRIDGE = '0000:01:00.0', '0000:01:00.1', '0000:00:01.0'


class Machine:
    """A machine that has everything, until a case removes something."""

    def __init__(self, root):
        self.sys = os.path.join(root, 'sys')
        self.dev = os.path.join(root, 'dev')
        self.devices = os.path.join(self.sys, 'bus', 'pci', 'devices')
        self.device(CARD, '0x030000', 'vfio-pci')
        self.device(SOUND, '0x040300', 'vfio-pci')
        self.device(BRIDGE, '0x060400', 'pcieport')
        self.parameters = os.path.join(self.sys, 'module', 'vfio_pci',
                                       'parameters')
        self.write(os.path.join(self.parameters, 'disable_vga'), 'N\n')
        self.write(os.path.join(self.dev, 'vfio', '7'), '')
        self.write(os.path.join(self.dev, 'kvm'), '')

    @staticmethod
    def write(path, text):
        """Write a file, and make its directories."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def device(self, address, device_class, driver):
        """Make a PCI device in IOMMU group 7."""
        path = os.path.join(self.devices, address)
        self.write(os.path.join(path, 'class'), device_class + '\n')
        self.link(address, 'driver', driver)
        group = os.path.join(self.sys, 'kernel', 'iommu_groups', '7')
        self.write(os.path.join(group, 'devices', address), '')
        self.link(address, 'iommu_group', '7')

    def load(self):
        """Let the driver vfio-pci be loaded."""
        os.makedirs(os.path.join(self.sys, 'bus', 'pci', 'drivers',
                                 'vfio-pci'))

    def link(self, address, name, target):
        """Set a link of a device; None removes it."""
        path = os.path.join(self.devices, address, name)
        if os.path.islink(path):
            os.unlink(path)
        if target:
            os.symlink(os.path.join('..', target), path)

    def demo(self, address=CARD, *more):
        """Return (exit status, output) of the demo."""
        # No vga-assign that is installed is in PATH.
        programs = os.path.join(self.dev, 'bin')
        if not os.path.exists(programs):
            os.makedirs(programs)
            os.symlink(sys.executable, os.path.join(programs, 'python3'))
        done = subprocess.run(
            [os.path.join(TOP, 'lab', 'demo'), '--host', address, '--out',
             os.path.join(self.dev, 'out'), *more], capture_output=True, text=True,
            check=False, env=dict(os.environ, VGA_ASSIGN_SYSFS=self.sys,
                                  PATH=programs,
                                  VGA_ASSIGN_DEV=self.dev,
                                  # This directory has no QEMU, because none must start here.
                                  VGA_ASSIGN_BUILD=self.dev))
        return done.returncode, done.stderr


def no_iommu(machine):
    for address in (CARD, SOUND, BRIDGE):
        machine.link(address, 'iommu_group', None)


CASES = {
    'not a VGA adapter': (
        lambda m: m.write(os.path.join(m.devices, CARD, 'class'), '0x020000'),
        'has class 0x020000, a VGA adapter has 0x030000; display adapters '
        'here: none'),
    'IOMMU off': (no_iommu, 'the IOMMU is off'),
    'adapter with another driver': (
        lambda m: m.link(CARD, 'driver', 'nouveau'),
        'is bound to nouveau; type: modprobe vfio-pci; make tool; '),
    'adapter with another driver, vfio-pci loaded': (
        lambda m: (m.link(CARD, 'driver', 'nouveau'), m.load()),
        f'/vga-assign bind {CARD} --apply'),
    'adapter and a function without a driver': (
        lambda m: (m.link(CARD, 'driver', 'nouveau'),
                   m.link(SOUND, 'driver', None)),
        f'/vga-assign bind {CARD} --group --apply'),
    'group of another slot': (
        lambda m: m.device('0000:02:00.0', '0x020000', 'igc'),
        'if the host can do without all of them, type: modprobe'),
    'adapter without a driver': (
        lambda m: m.link(CARD, 'driver', None), 'is bound to no driver'),
    'group with a foreign driver': (
        lambda m: m.link(SOUND, 'driver', 'snd_hda_intel'),
        f'IOMMU group 7 also has {SOUND} (snd_hda_intel)'),
    'disable_vga': (
        lambda m: m.write(os.path.join(m.parameters, 'disable_vga'), 'Y\n'),
        'loaded with disable_vga=1'),
    'no CONFIG_VFIO_PCI_VGA': (
        lambda m: os.unlink(os.path.join(m.parameters, 'disable_vga')),
        'has no CONFIG_VFIO_PCI_VGA'),
    'no group node': (
        lambda m: os.unlink(os.path.join(m.dev, 'vfio', '7')),
        'vfio/7 cannot be opened'),
    'no KVM': (lambda m: os.unlink(os.path.join(m.dev, 'kvm')),
               'kvm cannot be opened'),
}


def program(*path):
    """Return a program of the repository as a module."""
    name = os.path.join(TOP, *path)
    sys.path.insert(0, os.path.dirname(name))
    loader = importlib.machinery.SourceFileLoader(path[-1], name)
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(path[-1], loader))
    loader.exec_module(module)
    return module


# Prints lines like ninja's, and like those of a step that fails.
STEPS = 'for i in $(seq 300); do echo "[$i/300] step $i"; done; '
FAILS = STEPS + 'echo FAILED: one.o; echo cc -c one.c; echo one.c: no; exit 3'
# Goes on when the test has seen a line of progress.
WAITS = STEPS + 'read go; echo "[300/300] last"'


def progress(root, script, terminal):
    """Return (exit status, output) of scripts/progress for a command."""
    command = [os.path.join(TOP, 'scripts', 'progress'), 'Build',
               os.path.join(root, 'log'), 'sh', '-c', script]
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=theirs,
                          stderr=theirs) as process:
        os.close(theirs)
        said = b''
        # On Linux the end of a terminal's output is an error.
        try:
            while data := os.read(ours, 4096):
                said += data
                if b'300 of 300' in said and not process.stdin.closed:
                    process.stdin.write(b'\n')
                    process.stdin.close()
        except OSError:
            pass
    os.close(ours)
    return process.returncode, said.decode()


def progress_cases():
    """Yield (name, good, output) for each way to show progress."""
    with tempfile.TemporaryDirectory() as root:
        status, said = progress(root, WAITS, False)
        yield ('progress: a few plain lines without a terminal', status == 0
               and re.fullmatch(r'Build: 300 of 300 steps, \d+ s\n'
                                r'Build: 300 steps in \d+ s\n', said), said)
        status, said = progress(root, WAITS, True)
        yield ('progress: one line that is rewritten on a terminal',
               status == 0 and re.fullmatch(
                   r'(\rBuild: 300 of 300 steps, \d+ s\x1b\[K)+'
                   r'\rBuild: 300 steps in \d+ s\x1b\[K\r\n', said), said)
        with open(os.path.join(root, 'log'), encoding='utf-8') as file:
            yield ('progress: the output is in a file',
                   file.read().count('step') == 300, said)
        status, said = progress(root, FAILS, False)
        yield ('progress: a failure says why, and no more', status == 3
               and re.fullmatch(r'Build: failed after \d+ s\n  FAILED: one.o\n'
                                r'  cc -c one.c\n  one.c: no\n'
                                r'The whole output is in .*/log.\n', said),
               said)
        status, said = progress(root, 'true', False)
        yield ('progress: nothing to do, nothing said',
               status == 0 and not said, said)
        status, said = progress(root, 'sleep 1.2', False)
        yield ('progress: nothing was to be done, after a second',
               status == 0 and said.endswith('Build: up to date\n'), said)
    module = program('scripts', 'progress')
    left = module.estimate
    said = [left(5, 0.5), left(60, 0.001), left(60, 0.25), left(90, 0.75),
            left(60, 1)]
    yield ('progress: an estimate by what is done, once there is enough',
           said == ['', '', ', about 3 min left', ', less than a minute left',
                    ''], repr(said))
    ninja, lines = module.Counter(), module.Counter(re.compile('^a'), 4)
    # At this step of a build from nothing, 4 min 21 s were left.
    ninja.take('[681/1859] step')
    lines.take('a')
    said = [ninja.status(61), lines.status(60)]
    yield ('progress: of steps of ninja, the first ones are the cheap ones',
           said == ['681 of 1859 steps, 1 min 01 s, about 5 min left',
                    '1 of 4 steps, 1 min 00 s, about 3 min left'], repr(said))


def plan_cases():
    """Yield (name, good, output) for what is said before the build."""
    with tempfile.TemporaryDirectory() as root:
        demo = [os.path.join(TOP, 'lab', 'demo'), '--plan']
        environment = dict(os.environ, VGA_ASSIGN_BUILD=root)
        said = subprocess.run(demo, capture_output=True, text=True,
                              check=False, env=environment).stdout
        yield ('the plan of a first run', 'builds SeaBIOS' in said
               and 'and a guest on it: 1 minute.' in said, said)
        Machine.write(os.path.join(root, 'qemu', 'qemu-system-x86_64'), '')
        said = subprocess.run(demo + ['--host', '01:00.0'], text=True,
                              capture_output=True, check=False,
                              env=environment).stdout
        yield ('the plan of a later run', 'brings the build up to date' in said
               and 'on 0000:01:00.0: 1 minute' in said, said)


def ending():
    """The ending names only what exists."""
    text = program('lab', 'demo').NEXT
    with open(os.path.join(TOP, 'Makefile'), encoding='utf-8') as file:
        targets = set(re.findall(r'^([a-z-]+):', file.read(), re.M))
    with open(os.path.join(TOP, 'README.md'), encoding='utf-8') as file:
        sections = set(re.findall(r'^## (.*)', file.read(), re.M))
    files = re.findall(r'\S+\.(?:rst|md)\b', text)
    named = set(re.findall(r'make ([a-z-]+)', text))
    said = f'{files} {named} {sections}'
    return ('the ending names files, targets and sections that exist',
            len(set(files)) == 3 and named == {'tool', 'install', 'demo'}
            and named <= targets and '"Using it"' in text
            and 'Using it' in sections
            and all(os.path.exists(os.path.join(TOP, f)) for f in files), said)


def same_remedies(machine):
    """Neither names a program that is not part of the project."""
    machine.link(CARD, 'driver', 'nouveau')
    machine.link(SOUND, 'driver', 'snd_hda_intel')
    said = machine.demo()[1]
    problems = re.findall(r'  - .*type: (.*)', said)
    machine.link(CARD, 'driver', 'vfio-pci')
    machine.link(SOUND, 'driver', 'vfio-pci')
    return ('one command gives the adapter and its functions to vfio-pci',
            len(problems) == 2 and len(set(problems)) == 1
            and problems[0].endswith(f'/vga-assign bind {CARD} --group --apply')
            and 'driverctl' not in said and 'lspci' not in said, said)


def served_word():
    """A wrong ADAPTER= is reported before anything is built."""
    done = subprocess.run(['make', '-C', TOP, 'demo', 'ADAPTER=foo'],
                          capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return ('a wrong ADAPTER', done.returncode == 2 and 'demo: foo: ADAPTER '
            'must be vfio-user, or left out for vfio-pci' in said
            and 'usage' not in said and 'Build' not in said, said)


def main():
    """Remove one thing at a time: one line names it, and no other line does."""
    results = [*progress_cases(), *plan_cases(), ending(), served_word()]
    for name, (take_away, text) in CASES.items():
        with tempfile.TemporaryDirectory() as root:
            machine = Machine(root)
            take_away(machine)
            status, said = machine.demo()
            problems = [l for l in said.splitlines() if l.startswith('  - ')]
            results.append((name, status == 4 and len(problems) == 1
                            and text in problems[0], said))
    with tempfile.TemporaryDirectory() as root:
        machine = Machine(root)
        status, said = machine.demo('0000:02:00.0')
        results.append(('no such device', status == 4
                        and 'no PCI device 0000:02:00.0; display adapters '
                        f'here: {CARD}' in said, said))
        status, said = machine.demo('gpu')
        results.append(('no address', status == 2
                        and 'type one like 01:00.0' in said
                        and f'display adapters here: {CARD}' in said, said))
        status, said = machine.demo(CARD, '--adapter', 'vfio-user')
        results.append(('HOST and ADAPTER', status == 2
                        and 'exclude each other' in said, said))
        results.append(same_remedies(machine))
        status, said = machine.demo('01:00.0')
        results.append(('short address', status == 4
                        and 'run make qemu' in said, said))
        status, said = machine.demo('01:00.0', '--check')
        results.append(('a check before the build', status == 0
                        and not said, said))
        status, said = machine.demo()
        results.append(('nothing is missing but QEMU', status == 4
                        and 'run make qemu' in said, said))
    print(f'1..{len(results)}')
    for number, (name, good, said) in enumerate(results, 1):
        print(f'{"" if good else "not "}ok {number} - {name}')
        if not good:
            print('\n'.join(f'# {line}' for line in said.splitlines()))
    sys.exit(0)


if __name__ == '__main__':
    main()
