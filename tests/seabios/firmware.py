# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a SeaBIOS image and read where it put the BARs.

The machine runs under TCG with devices whose BARs take address space but no
memory: pci-testdev (one 64-bit prefetchable BAR of any size), virtio-vga with
hostmem= (the same on a VGA) and secondary-vga (a 32-bit prefetchable one).
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'lab'))

from bench import TOP, require      # noqa: E402 (path is set above)

BUILD = os.environ.get('VGA_ASSIGN_BUILD', os.path.join(TOP, 'build'))
QEMU = os.path.join(BUILD, 'qemu', 'qemu-system-x86_64')
STOCK = os.path.join(BUILD, 'base', 'seabios', 'bios-256k.bin')
OURS = os.path.join(BUILD, 'seabios', 'bios-256k.bin')

MIB = 1 << 20
GIB = 1 << 30
HOLE_END = 0xfec00000       # the IO-APIC
ECAM_SIZE = 256 * MIB
ROM_BAR = 6
# Memory below 4G by default, for -m in MiB: hw/i386/pc_piix.c and pc_q35.c of
# QEMU.
LOW_LIMIT = {'pc': (3584, 3072), 'q35': (2816, 2048)}

PLACED = 'Scan for VGA option rom'
BOOTED = 'No bootable device'
PANIC32 = 'PCI: out of 32bit address space'
PANIC_IO = 'PCI: out of I/O address space'
PANICS = (PANIC32, PANIC_IO)
# A list of SeaBIOS is too short, or has no memory left.
OVERFLOW = 'Unable to allocate resource'
# SeaBIOS repeats some of the setup of one processor on the others.
PROCESSORS = ('-smp', '2')


def testdev(name, size):
    """Return a device with a 64-bit prefetchable BAR 2."""
    return f'pci-testdev,id={name},membar={size}'


def display(name, mebibytes, more=''):
    """Return a device with a 32-bit prefetchable BAR 0 of up to 512 MiB."""
    return f'secondary-vga,id={name},vgamem_mb={mebibytes}{more}'


def vga(size, more=''):
    """Return the boot VGA, with a 64-bit prefetchable BAR 4."""
    return f'virtio-vga,id=vga,hostmem={size}{more}'


def many(device, count, size):
    """Return several devices of one kind: x0, x1 ..."""
    return [device(f'x{n}', size) for n in range(count)]


def low_ram(machine, ram):
    """Return where RAM below 4G ends on a machine with so many MiB."""
    limit, split = LOW_LIMIT[machine]
    return min(ram, split if ram >= limit else ram) * MIB


class Bar:
    """A BAR, or a window of a bridge, as QEMU has it."""

    def __init__(self, size, address, kind):
        self.size, self.address, self.kind = size, address, kind

    def __str__(self):
        return ('unassigned' if self.address is None
                else f'{self.address:x}')

    @property
    def end(self):
        """The first address behind it."""
        return self.address + self.size

    @property
    def low(self):
        """Whether it is below 4G."""
        return self.address is not None and self.end <= 4 * GIB

    @property
    def high(self):
        """Whether it is above 4G."""
        return self.address is not None and self.address >= 4 * GIB


class Placement:
    """The result: BARs by (device, number), windows, those of bridges (memory,
    prefetchable; each start and end), and SeaBIOS's messages."""

    def __init__(self, said, devices, ecam):
        self.said, self.ecam = said, ecam
        self.panic = next((p for p in PANICS if any(p in l for l in said)),
                          None)
        self.window = self._range(r'PCI: 32: (\w+) - (\w+)')
        self.window64 = self._range(r'PCI: 64: (\w+) - (\w+)')
        self.bars, self.bridges, self.io_windows = {}, {}, {}
        self.behind = {}        # the bridge above a device
        for device in devices:
            self._add(device)

    def _range(self, pattern):
        for line in self.said:
            if found := re.match(pattern, line):
                return tuple(int(x, 16) for x in found.groups())
        return None

    def _add(self, device):
        name = device['qdev_id'] or (f'{device["bus"]:02x}:'
                                     f'{device["slot"]:02x}.'
                                     f'{device["function"]:x}')
        for region in device['regions']:
            if region['bar'] == ROM_BAR:
                continue        # has an address only while it is read
            kind = region['type']
            if kind == 'memory':
                kind = ('pref' if region['prefetch'] else 'mem') + (
                    '64' if region['mem_type_64'] else '')
            address = region['address']
            self.bars[name, region['bar']] = Bar(
                region['size'], None if address in (-1, 2**64 - 1)
                else address, kind)
        bridge = device.get('pci_bridge', {})
        if bridge:
            self.bridges[name] = [
                (bridge['bus'][w]['base'], bridge['bus'][w]['limit'] + 1)
                for w in ('memory_range', 'prefetchable_range')]
            window = bridge['bus']['io_range']
            self.io_windows[name] = window['base'], window['limit'] + 1
        for inner in bridge.get('devices', ()):
            self.behind[self._add(inner)] = name
        return name

    def is_behind(self, name, bridge):
        """Return whether a device is behind a bridge, directly or not."""
        while name in self.behind:
            name = self.behind[name]
            if name == bridge:
                return True
        return False

    @property
    def memory(self):
        """Return memory BARs with an address."""
        return {k: b for k, b in self.bars.items()
                if b.kind != 'io' and b.address is not None}

    def without_address(self):
        """Return memory BARs without an address."""
        return {k for k, b in self.bars.items()
                if b.kind != 'io' and b.address is None}

    def lines(self, text):
        """Return the messages with a text in them."""
        return [line for line in self.said if text in line]


def boot(bench, bios, machine, ram, devices, *extra, until=PLACED,
         qemu=QEMU, name='run'):
    """Run a machine until SeaBIOS says a text, or panics."""
    qmp = bench.start(qemu, name, '-M', machine, '-accel', 'tcg', '-m',
                      str(ram), '-bios', bios, '-vga', 'none',
                      *(a for d in devices for a in ('-device', d)), *extra,
                      *bench.debug(name))
    bench.wait(lambda: any(t in line for line in bench.said(name + '.debug')
                           for t in (until, *PANICS)),
               f'"{until}" of {os.path.basename(os.path.dirname(bios))}')
    return qmp


def ecam_of(qmp):
    """Return where QEMU decodes memory-mapped configuration, or None."""
    tree = qmp.command('human-monitor-command',
                       **{'command-line': 'info mtree -f'})
    found = re.search(r'^ *(\w{16})-\w{16} .*: pcie-mmcfg-mmio', tree, re.M)
    return int(found[1], 16) if found else None


def place(bench, bios, machine, ram, devices, *extra, name='run', **more):
    """Boot and return the Placement; the machine has ended then."""
    qmp = boot(bench, bios, machine, ram, devices, *PROCESSORS, *extra,
               name=name, **more)
    buses = qmp.command('query-pci')
    placement = Placement(bench.said(name + '.debug'), [d for b in buses
                                             for d in b['devices']],
                          ecam_of(qmp))
    qmp.process.kill()
    bench.gone(qmp.process)
    return placement


def check_sound(placement, machine, ram, low=None):
    """Check the rules that hold for every placement."""
    low = low_ram(machine, ram) if low is None else low
    require(not placement.lines(OVERFLOW), f'{placement.lines(OVERFLOW)}')
    taken = sorted((b.address, b.end, f'{n[0]} BAR {n[1]}')
                   for n, b in placement.memory.items())
    if placement.ecam is not None:
        taken.append((placement.ecam, placement.ecam + ECAM_SIZE, 'mmconfig'))
        taken.sort()
    for start, end, name in taken:
        require(start >= low and not start < HOLE_END < end
                and not HOLE_END <= start < 4 * GIB,
                f'{name} at {start:x}-{end:x}: RAM ends at {low:x}')
    for (_, end, name), (start, _, other) in zip(taken, taken[1:]):
        require(end <= start, f'{name} reaches into {other} at {start:x}')
    for (name, number), bar in placement.memory.items():
        require(not bar.address % bar.size, f'{name} BAR {number}: '
                f'{bar} is not a multiple of {bar.size:x}')
    check_bridges(placement)


def check_bridges(placement):
    """A window has all BARs behind its bridge in it, and nothing else."""
    ranges = [(name, b.address, b.end, b.kind == 'io')
              for (name, _), b in placement.bars.items()
              if b.address is not None]
    for bridge, windows in placement.bridges.items():
        ranges += [(bridge, *w, False) for w in windows if w[0] < w[1]]
        window = placement.io_windows[bridge]
        if window[0] < window[1]:
            ranges.append((bridge, *window, True))
    for bridge, windows in placement.bridges.items():
        for name, start, end, is_io in ranges:
            found = [placement.io_windows[bridge]] if is_io else windows
            if placement.is_behind(name, bridge):
                right = any(w[0] <= start and end <= w[1] for w in found)
            else:
                right = name == bridge or placement.is_behind(bridge, name) \
                    or all(end <= w[0] or start >= w[1] or w[0] >= w[1]
                           for w in found)
            require(right, f'{name} at {start:x}-{end:x}, windows of {bridge}:'
                    f' {[f"{w[0]:x}-{w[1]:x}" for w in found]}')


def require_unassigned(placement, *bars):
    """Exactly these memory BARs have no address."""
    found = placement.without_address()
    require(found == set(bars), f'without an address: {found or "none"}')
    require(len(placement.lines('no space for')) >= len(bars),
            f'said of it: {placement.lines("no space for")}')
