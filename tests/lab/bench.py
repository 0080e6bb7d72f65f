# SPDX-License-Identifier: GPL-2.0-or-later
"""Helpers of the tests that start QEMU themselves."""

import os
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'lab'))

from vgalab import LabError             # noqa: E402 (path is set above)
from vgalab.machine import Qmp          # noqa: E402

PATIENCE = 300


class Failure(Exception):
    """A case failed."""


def require(truth, message):
    """Fail with the message unless the condition holds."""
    if not truth:
        raise Failure(message)


class Bench:
    """The QEMU processes and files of one case, removed at its end."""

    def __enter__(self):
        self.processes = []
        # The path is short because paths of sockets must be.
        # pylint: disable-next=consider-using-with
        self.temporary = tempfile.TemporaryDirectory(prefix='bench-')
        return self

    def __exit__(self, *_):
        # The guest ends first; otherwise it would report that its server is
        # gone.
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.temporary.cleanup()

    def path(self, name):
        """Return the path of a file of this case."""
        return os.path.join(self.temporary.name, name)

    def start(self, qemu, name, *arguments):
        """Start a QEMU with QMP; a guest's port 0x402 is NAME.debug."""
        process = subprocess.Popen(
            [qemu, '-nodefaults', '-display', 'none', '-qmp',
             f'unix:{self.path(name)},server=on,wait=off', *arguments],
            stdin=subprocess.DEVNULL, stdout=sys.stderr)
        self.processes.append(process)
        qmp = Qmp(self.path(name), process)
        qmp.process = process
        return qmp

    def gone(self, process):
        """Wait until a QEMU that was told to end has ended."""
        process.wait(PATIENCE)
        self.processes.remove(process)

    def debug(self, name):
        """Return arguments that make port 0x402 the file NAME.debug."""
        return ['-chardev', f'file,id=debug,path={self.path(name)}.debug',
                '-device', 'isa-debugcon,iobase=0x402,chardev=debug']

    def said(self, name):
        """Return the complete lines of a file."""
        try:
            with open(self.path(name), encoding='utf-8',
                      errors='replace') as file:
                return file.read().replace('\r', '').split('\n')[:-1]
        except FileNotFoundError:
            return []

    def wait(self, condition, what):
        """Wait for a condition, but fail if a QEMU has ended."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            for process in self.processes:
                require(process.poll() is None, f'a QEMU ended with '
                        f'{process.returncode} before {what}')
            require(time.monotonic() < deadline,
                    f'waited {PATIENCE} s for {what}')
            time.sleep(0.05)

    def wait_for_line(self, name, text, count=1):
        """Wait until a file has that many lines with a text."""
        self.wait(lambda: sum(text in l for l in self.said(name)) >= count,
                  f'"{text}" in {name}')


def differences(found, wanted):
    """Return the first few lines that differ, for a message; '' for none."""
    lines = []
    for name in {**wanted, **found}:
        if found.get(name) != wanted.get(name):
            lines.append(f'{name}: {found.get(name)}\n'
                         f'{" " * len(name)}  {wanted.get(name)} wanted')
    return '\n'.join(lines[:6])


def save(directory, files):
    """Save results; `files` has their texts by name."""
    os.makedirs(directory, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(directory, name), 'w', encoding='utf-8') as file:
            file.write(text)


def rst_table(rows):
    """Return rows of cells as an rst table; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = '  '.join('=' * width for width in widths)
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths))
             .rstrip() for row in rows]
    return '\n'.join([rule, lines[0], rule, *lines[1:], rule, ''])


def tap(cases):
    """Run (title, function) pairs as TAP; a function may return a remark.

    Return how many failed.
    """
    failures = 0
    print(f'1..{len(cases)}', flush=True)
    for number, (title, case) in enumerate(cases, 1):
        remark = failed = None
        try:
            remark = case()
        except (Failure, LabError, OSError, RuntimeError) as problem:
            failed = str(problem) or type(problem).__name__
            failures += 1
        print(f'{"not ok" if failed else "ok"} {number} - {title}')
        for line in (failed or remark or '').splitlines():
            print(f'# {line}')
        sys.stdout.flush()
    return failures
