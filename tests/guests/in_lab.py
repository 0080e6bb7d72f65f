# SPDX-License-Identifier: GPL-2.0-or-later
"""Play a guest in the nested lab, with vfio-pci and KVM."""

import contextlib
import importlib.machinery
import importlib.util
import os
import sys

import play                                 # makes vgalab known
from vgalab import paths
from vgalab.machine import vga_stats

import pictures


def load(path):
    """Return a program of this repository as a module."""
    loader = importlib.machinery.SourceFileLoader('lab_run', path)
    spec = importlib.util.spec_from_loader('lab_run', loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


lab_run = load(os.path.join(paths.LAB, 'run'))


class LabScreen(play.Screen):
    """The screen of the adapter that the inner QEMU has."""

    # pylint: disable-next=super-init-not-called
    def __init__(self, run):
        self.run = run
        self.guest = run.host.inner
        self.number = run.options.assign

    def look(self):
        host = self.run.host
        path = os.path.join(host.directory, 'look.ppm')
        host.qmp.command('screendump', filename=path,
                         device=f'gpu{self.number}')
        return pictures.read(path)

    def lines(self):
        return self.run.host.screen(self.number)[0] or []

    def counters(self):
        return vga_stats(self.guest, self.run.assigned_path())

    def said(self):
        return self.run.debug_lines() + self.run.qemu_log

    def alive(self):
        self.run.events()
        play.require(self.run.status is None, 'the inner QEMU ended: '
                     + ' '.join(self.run.qemu_log[-1:]))


def arguments(guest, adapter, machine, engine, out):
    """Return arguments of lab/run; the host's own adapter is another model."""
    own = 'cirrus-vga' if adapter == 'VGA' else 'VGA'
    return ['--adapter', own, '--adapter', adapter, '--machine', machine,
            '--device-opts', f'x-vga-engine={engine}', '--arg',
            '-serial stdio', '--out', out,
            *(word for name, value in guest.media().items()
              for word in ('--' + name, value))]


def run(guest, adapter, machine, engine, wanted, out):
    """Return the scenes of a guest and its counters, as play.play() does."""
    found = []

    class Run(lab_run.Run):
        """One try, which looks at the scenes."""

        def watch(self):
            screen = LabScreen(self)
            found[:] = [play.scenes(screen, guest, wanted), screen.counters()]

    options = lab_run.parse(arguments(guest, adapter, machine, engine, out))
    with contextlib.redirect_stdout(sys.stderr):
        lab_run.lab(options, Run)
    return found
