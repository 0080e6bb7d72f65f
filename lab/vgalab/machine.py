# SPDX-License-Identifier: GPL-2.0-or-later
"""The outer QEMU: it plays the host machine with its adapters.

The lab talks to the host over four serial lines:
    ttyS0  the host's console              -> host.log
    ttyS1  events, a line each, and heartbeats (lab/host-init writes them)
    ttyS2  QMP of the inner QEMU
    ttyS3  the guest's debug port 0x402    -> guest.log
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

from . import EnvironmentFault, UsageError
from .programs import run
from .screen import CELLS, PLANES, text_screen

VGA_CLASS = 'VGA controller'
VGA_MODELS = ('VGA', 'cirrus-vga', 'ati-vga', 'qxl-vga', 'virtio-vga',
              'vmware-svga')
# qxl-vga must be the first display on the command line. vmware-svga uses a
# name for its migration state that VGA needs, too, and so has to come after
# VGA.
PLACE_ON_COMMAND_LINE = {'qxl-vga': 2, 'vmware-svga': 1}
# The first slot for devices that are neither adapters nor their root ports
FIRST_SLOT = 0x10
# PCI-to-PCI Bridge Architecture Specification, Bridge Control Register
BRIDGE_VGA_ENABLE = 0x8
CONNECT_SECONDS = 30
# The host says "hb" every second of its own time.
HEARTBEAT_SECONDS = int(os.environ.get('VGALAB_HEARTBEAT_SECONDS', '45'))


class Qmp:
    """A QMP connection that survives a peer which never answers."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError as problem:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise EnvironmentFault(
                        f'no QMP connection at {path}: {problem}') from problem
                time.sleep(0.05)
        self.pending = b''
        self.ready = False

    def _message(self, deadline):
        while b'\n' not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError('QMP peer does not answer')
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError('QMP peer is gone')
            self.pending += data
        line, self.pending = self.pending.split(b'\n', 1)
        return json.loads(line) if line.strip() else {}

    def _roundtrip(self, request, deadline):
        self.socket.sendall(json.dumps(request).encode() + b'\n')
        while True:
            reply = self._message(deadline)
            if 'return' in reply or 'error' in reply:
                return reply

    def command(self, name, seconds=30, **arguments):
        """Run a command; returns its result or raises RuntimeError."""
        deadline = time.monotonic() + seconds
        if not self.ready:
            while 'QMP' not in self._message(deadline):
                pass
            self._roundtrip({'execute': 'qmp_capabilities'}, deadline)
            self.ready = True
        reply = self._roundtrip({'execute': name, 'arguments': arguments},
                                deadline)
        if 'error' in reply:
            raise RuntimeError(reply['error']['desc'])
        return reply['return']

    def monitor(self, line):
        """Run a line of the human monitor."""
        return self.command('human-monitor-command', **{'command-line': line})


class HostHang(Exception):
    """The host's heartbeat stopped: a fault of the lab, not a result."""


class Host:
    """One run of the emulated host machine."""

    def __init__(self, qemu, datadirs, adapters, image, options):
        self.adapters = adapters
        self.options = options
        self.out = options.out
        self.events = []
        self.partial = b''
        self.beat = time.monotonic()
        self.uptime = 0.0
        self.directory = tempfile.mkdtemp(prefix='vgalab-')
        self.process = None
        self.command = self._command(qemu, datadirs, image)

    # ---- start and end ----

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _command(self, qemu, datadirs, image):
        o = self.options
        command = [qemu]
        for directory in datadirs:
            command += ['-L', directory]
        command += [
            '-accel', o.outer_accel, '-cpu',
            'host' if o.outer_accel == 'kvm' else 'max',
            '-machine', 'q35,kernel-irqchip=split', '-m', '3072',
            '-smp', str(o.host_cpus),
            '-nodefaults', '-no-user-config', '-display', 'none',
            '-vga', 'none', '-no-reboot', '-S',
            '-device', 'intel-iommu,intremap=on,caching-mode=on']
        ports = [f'pcie-root-port,id=rp{n},chassis={n},addr={n + 1:#x}'
                 for n in range(len(self.adapters))]
        # Which adapter is the host's boot VGA depends on its root port.
        order = sorted(range(len(self.adapters)), key=self._command_line_rank)
        cards = [','.join([self.adapters[n].model, f'id=gpu{n},bus=rp{n}',
                           *self.adapters[n].properties]) for n in order]
        more = [device if ',addr=' in device
                else f'{device},addr={FIRST_SLOT + n:#x}'
                for n, device in enumerate(o.host_device)]
        for device in ports + cards + more:
            command += ['-device', device]
        for drive in o.drives:
            name = drive.replace(',', ',,')
            command += ['-drive', f'if=virtio,snapshot=on,file={name}']
        command += [
            '-kernel', image.kernel, '-initrd', image.initrd,
            # The kernel's check counts timer ticks against a delay loop, which
            # fails now and then on a busy machine and ends in a panic before
            # anything has run.
            '-trace', 'pci_cfg_write', '-D',
            os.path.join(self.out, 'outer.log'),
            '-append', 'console=ttyS0 quiet intel_iommu=on panic=-1 '
            'no_timer_check',
            '-serial', f'file:{os.path.join(self.out, "host.log")}',
            '-serial', f'unix:{self._path("events")},server=on,wait=off',
            '-serial', f'unix:{self._path("inner")},server=on,wait=off',
            '-serial', f'file:{os.path.join(self.out, "guest.log")}',
            '-qmp', f'unix:{self._path("outer")},server=on,wait=off']
        return command + o.host_arguments

    def _command_line_rank(self, number):
        """Return an adapter's rank; a higher one is earlier in the command."""
        return -PLACE_ON_COMMAND_LINE.get(self.adapters[number].model, 0)

    def start(self):
        """Power on; the adapters are checked before the host runs."""
        known = display_models(self.command[0])
        for adapter in self.adapters:
            if adapter.model not in known:
                raise UsageError(f'--adapter {adapter}: the outer QEMU has no '
                                 f'display device {adapter.model}; '
                                 + model_hint(known))
        self.log = open(self._path('stderr'), 'w+b')
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True)
        try:
            self.qmp = Qmp(self._path('outer'), self.process)
            self._check_adapters(known)
        except (EnvironmentFault, OSError):
            self.complain_if_dead()
            raise
        self.event_socket = socket.socket(socket.AF_UNIX)
        self.event_socket.connect(self._path('events'))
        self.event_socket.setblocking(False)
        self.inner = Qmp(self._path('inner'), self.process)
        self.vram = self._find_vram()
        self.beat = time.monotonic()
        self.qmp.command('cont')

    def complain_if_dead(self):
        """If QEMU has ended, pass on its own error message."""
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            return
        self.log.seek(0)
        said = self.log.read().decode(errors='replace').strip()
        for number, adapter in enumerate(self.adapters):
            if f'id=gpu{number},' in said:
                raise UsageError(f'--adapter {adapter}: {last_line(said)}')
        raise EnvironmentFault('the outer QEMU did not start: '
                               + (last_line(said) or 'it said nothing'))

    def _check_adapters(self, known):
        # Before firmware has run, only "info qtree" names a device's class.
        tree = self.qmp.monitor('info qtree')
        for number, adapter in enumerate(self.adapters):
            about = tree.partition(f'id "gpu{number}"')[2].partition('dev: ')[0]
            found = re.search(r'\bclass ([^,]*), addr', about)
            if not found or found.group(1) != VGA_CLASS:
                kind = found.group(1) if found else 'not a PCI device'
                raise UsageError(
                    f'--adapter {adapter}: {kind}, but the lab assigns '
                    f'{VGA_CLASS}s (class 0300); '
                    + model_hint(known))

    def stop(self):
        """Power off and leave nothing behind."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for name in os.listdir(self.directory):
            os.unlink(self._path(name))
        os.rmdir(self.directory)

    # ---- messages from and to the host ----

    def say(self, line):
        """Send a line to whatever reads the host's ttyS1."""
        self.event_socket.sendall(line.encode() + b'\n')

    def poll(self, seconds):
        """Take in events for a while; return the new ones, line by line."""
        new = []
        deadline = time.monotonic() + seconds
        while True:
            left = max(0, deadline - time.monotonic())
            if select.select([self.event_socket], [], [], left)[0]:
                data = self.event_socket.recv(65536)
                if not data:
                    break
                *lines, self.partial = (self.partial + data).split(b'\n')
                new += [self._event(l.decode(errors='replace').rstrip('\r'))
                        for l in lines]
            if left == 0 or self.process.poll() is not None:
                break
        if self.process.poll() is not None:
            down = f'the emulated host went down; see {self.out}/host.log'
            # Before its first event the host has done nothing that the user
            # asked for.
            raise EnvironmentFault(down) if self.events else HostHang(down)
        if time.monotonic() - self.beat > HEARTBEAT_SECONDS:
            raise HostHang(f'no heartbeat for {HEARTBEAT_SECONDS} s, '
                           f'host uptime {self.uptime:.0f} s')
        return [line for line in new if line]

    def _event(self, line):
        """Count a heartbeat, or keep any other event."""
        self.beat = time.monotonic()
        beat = re.fullmatch(r'hb ([0-9.]+)', line)
        if beat:
            self.uptime = float(beat.group(1))
            return ''
        self.events.append(line)
        return line

    # ---- the host's writes to its bridges ----

    def vga_switches(self):
        """Return how often a VGA Enable that was not set has been set."""
        with open(os.path.join(self.out, 'outer.log'),
                  encoding='utf-8') as file:
            return count_switches(file)

    # ---- what the adapters show ----

    def _find_vram(self):
        """Return addresses of the adapters' video memory in the outer QEMU."""
        blocks = ram_blocks(self.qmp)
        return [blocks.get(f'0000:00:{n + 1:02x}.0:00.0/vga.vram')
                for n in range(len(self.adapters))]

    def screen(self, number, picture=None):
        """Return (text lines or None, PPM) of an adapter, with the host stopped."""
        self.qmp.command('stop')
        try:
            return read_screen(self.qmp, self.process.pid, f'gpu{number}',
                               self.vram[number], self.directory, picture)
        finally:
            self.qmp.command('cont')


def count_switches(lines):
    """Return how often a log of config writes (see Host) sets VGA Enable."""
    enabled, count = set(), 0
    for line in lines:
        found = re.match(r'pci_cfg_write pcie-root-port (\S+) '
                         r'@0x3e <- 0x([0-9a-f]+)', line)
        if not found:
            continue
        bridge, value = found.groups()
        if not int(value, 16) & BRIDGE_VGA_ENABLE:
            enabled.discard(bridge)
        elif bridge not in enabled:
            enabled.add(bridge)
            count += 1
    return count


def vga_stats(qmp, path):
    """Return counters of the adapter at PATH; {} for an unpatched QEMU.

    The names are those of x-query-vga-stats, with underscores.
    """
    try:
        adapters = qmp.command('x-query-vga-stats')
    except RuntimeError:
        return {}
    for adapter in adapters:
        if adapter.pop('path') == path:
            return {name.replace('-', '_'): value
                    for name, value in adapter.items()
                    if isinstance(value, int)}
    return {}


def ram_blocks(qmp):
    """Return name -> address in QEMU's process for each block of memory."""
    blocks = {}
    for line in qmp.monitor('info ramblock').splitlines():
        # Name, page size (two words), offset, used, total, address, mode
        fields = line.split()
        if len(fields) >= 7 and fields[-2].startswith('0x'):
            blocks[fields[0]] = int(fields[-2], 16)
    return blocks


def read_screen(qmp, pid, device, vram, directory, picture=None):
    """Return (text lines or None, PPM) of a display device of a QEMU process.

    vram: address of its video memory there, or None; directory: place for a
    temporary file; picture: path for a PNG, or None.
    """
    path = os.path.join(directory, 'screen.ppm')
    qmp.command('screendump', filename=path, device=device)
    if picture:
        qmp.command('screendump', filename=picture, device=device,
                    format='png')
    with open(path, 'rb') as file:
        ppm = file.read()
    if vram is None:
        return None, ppm
    # Unbuffered, because reading ahead could go beyond the mapping.
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        memory.seek(vram)
        return text_screen(memory.read(CELLS * PLANES), ppm), ppm


def last_line(text):
    """Return the last line of a program's error, without the program's name."""
    lines = text.splitlines()
    return re.sub(r'^\S*qemu-system-x86_64: (-device \S+: )?', '',
                  lines[-1]) if lines else ''


def display_models(qemu):
    """Return the names of the display devices that a QEMU has."""
    text = run([qemu, '-device', 'help'], text=True).stdout
    return re.findall(r'name "([^"]+)"', text.partition('Display devices:')[2]
                      .partition('\n\n')[0])


def model_hint(known):
    """Return which models would have been right."""
    models = [m for m in VGA_MODELS if m in known]
    return f'it has {", ".join(models)}'
