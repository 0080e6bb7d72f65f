#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SeaBIOS puts BARs where etc/pci-fixed-bars says (TAP).

The devices are emulated, and the test writes the file.
tests/qtest/bar-identity-test.c tests what QEMU writes for assigned adapters.
"""

import functools
import struct

from firmware import GIB, MIB, OURS, STOCK, check_sound, place
from bench import Bench, Failure, require, tap

VBIOS_RAN = 'Turning on vga text mode console'
CPU = ('-cpu', 'qemu64,phys-bits=46')


def record(path, bar, size, address, root=0, depth=None):
    """Return a BAR's record; path: slots from the root bus on, function 0."""
    way = bytes(slot << 3 for slot in path)
    return struct.pack('<QQBBBB12s', address, size, bar,
                       len(path) if depth is None else depth, root, 0, way)


def wanted(bench, records):
    """Return the option that gives a file with these records to firmware."""
    with open(bench.path('bars'), 'wb') as file:
        file.write(b''.join(records))
    return ['-fw_cfg', f'name=etc/pci-fixed-bars,file={bench.path("bars")}']


def placed(machine, ram, devices, records, **more):
    """Return the Placement with a file."""
    with Bench() as bench:
        return place(bench, more.pop('bios', OURS), machine, ram, devices,
                     *wanted(bench, records), *CPU, **more)


def require_at(placement, **addresses):
    """The BARs are at these addresses: name_number=address."""
    for key, address in addresses.items():
        name, number = key.split('_')
        bar = placement.bars[name, int(number)]
        require(bar.address == address,
                f'{name} BAR {number} is at {bar} and not at {address:x}')


def require_windows(placement, **inside):
    """Each bridge's windows contain the BARs behind it: bridge=names."""
    for bridge, names in inside.items():
        for (name, number), bar in placement.bars.items():
            if name in names and bar.kind != 'io':
                require(any(start <= bar.address and bar.end <= end
                            for start, end in placement.bridges[bridge]),
                        f'{name} BAR {number} at {bar} is not in the windows '
                        f'of {bridge}, {placement.bridges[bridge]}')
    windows = [w for b in placement.bridges.values() for w in b if w[0] < w[1]]
    for start, end in windows:
        for name, bar in placement.memory.items():
            outside = not any(name[0] in names for names in inside.values())
            require(not outside or bar.end <= start or bar.address >= end,
                    f'{name} at {bar} is in the window {start:x}-{end:x}')


# A 64-bit BAR, a device with two 32-bit BARs, and the boot VGA
ROOT = ['virtio-vga,id=vga,hostmem=256M', 'pci-testdev,id=a,addr=5,membar=256M',
        'secondary-vga,id=b,addr=6,vgamem_mb=64', 'nvme,id=disk,serial=1']


def on_root(machine, ram, a, b, bios=OURS):
    """BARs on the root bus are at their addresses, others around them."""
    found = placed(machine, ram, ROOT, [
        record([5], 2, 256 * MIB, a), record([6], 0, 64 * MIB, b),
        record([6], 2, 4096, b + 64 * MIB)], bios=bios)
    require(found.panic is None, f'{found.panic}')
    check_sound(found, machine, ram)
    require(not found.without_address(), f'{found.without_address()}')
    require_at(found, a_2=a, b_0=b, b_2=b + 64 * MIB)
    require(found.window[0] <= min(x.address for x in found.memory.values()
                                   if x.low), f'window {found.window}')
    return f'mmconfig {found.ecam:x}' if found.ecam else ''


def stock_does_not(machine, ram):
    """The release does not know the file."""
    try:
        on_root(machine, ram, 0xd0000000, 0xc4000000, STOCK)
    except Failure:
        return
    require(False, 'the release knows')


BEHIND = {
    'pc': ['pci-bridge,id=p,chassis_nr=1,addr=7'],
    'q35': ['pcie-root-port,id=p,chassis=1,addr=7']}


def through(machine, ram, address):
    """A VGA with a ROM is behind a bridge, with and without neighbours."""
    slot = 3 if machine == 'pc' else 0
    devices = [*BEHIND[machine],
               f'VGA,id=card,bus=p,addr={slot},vgamem_mb=16',
               'pci-testdev,id=x,membar=256M', 'nvme,id=disk,serial=1']
    inside = ['card']
    if machine == 'pc':
        devices.append('pci-testdev,id=beside,bus=p,addr=4,membar=8M')
        inside.append('beside')
    found = placed(machine, ram, devices, [
        record([7, slot], 0, 16 * MIB, address),
        record([7, slot], 2, 4096, address + 0x1800000)],
        until=VBIOS_RAN)
    check_sound(found, machine, ram)
    require(not found.without_address(), f'{found.without_address()}')
    require_at(found, card_0=address, card_2=address + 0x1800000)
    require_windows(found, p=inside)
    require(found.lines(VBIOS_RAN), 'its VBIOS did not run')


def two_ports(ram):
    """Two adapters are behind ports of their own, one of them above 4 GiB."""
    devices = ['pcie-root-port,id=p,chassis=1,addr=7',
               'pcie-root-port,id=q,chassis=2,addr=8',
               'secondary-vga,id=a,bus=p,vgamem_mb=16',
               'pci-testdev,id=b,bus=q,membar=1G',
               'virtio-vga,id=vga,hostmem=256M']
    found = placed('q35', ram, devices, [
        record([7, 0], 0, 16 * MIB, 0xa0000000),
        record([7, 0], 2, 4096, 0xa4000000),
        record([8, 0], 2, GIB, 0x3fc0000000)])
    check_sound(found, 'q35', ram)
    require(not found.without_address(), f'{found.without_address()}')
    require_at(found, a_0=0xa0000000, a_2=0xa4000000, b_2=0x3fc0000000)
    require_windows(found, p=['a'], q=['b'])


def nested():
    """The device is behind two bridges."""
    found = placed('pc', 512, [
        'pci-bridge,id=p,chassis_nr=1,addr=7',
        'pci-bridge,id=q,chassis_nr=2,bus=p,addr=2',
        'secondary-vga,id=a,bus=q,addr=3,vgamem_mb=16',
        'pci-testdev,id=b,bus=p,addr=4,membar=1M'],
        [record([7, 2, 3], 0, 16 * MIB, 0x90000000),
         record([7, 2, 3], 2, 4096, 0x98000000)])
    check_sound(found, 'pc', 512)
    require(not found.without_address(), f'{found.without_address()}')
    require_at(found, a_0=0x90000000, a_2=0x98000000)
    require_windows(found, q=['a'], p=['a', 'b', 'q'])


def as_much_as_fits():
    """One BAR beside a fixed one has no place, and the others have."""
    found = placed('pc', 4096, [
        'pci-bridge,id=p,chassis_nr=1,addr=7',
        'pci-bridge,id=q,chassis_nr=2,bus=p,addr=2',
        'secondary-vga,id=a,bus=p,addr=3,vgamem_mb=16',
        'secondary-vga,id=b,bus=q,addr=4,vgamem_mb=32',
        'pci-testdev,id=c,bus=q,addr=5,membar=1G'],
        [record([7, 3], 0, 16 * MIB, 0xd0000000),
         record([7, 3], 2, 4096, 0xe8000000)])
    check_sound(found, 'pc', 4096)
    require_at(found, a_0=0xd0000000, a_2=0xe8000000)
    require(found.without_address() == {('c', 2)},
            f'{found.without_address()}')


def not_prefetchable():
    """A bridge's window that is not prefetchable ends at 4 GiB."""
    found = placed('pc', 1024, [
        'pci-bridge,id=p,chassis_nr=1,addr=7',
        'nvme,id=disk,serial=1,bus=p,addr=3'],
        [record([7, 3], 0, 16 * 1024, 0x4000000000)])
    check_sound(found, 'pc', 1024)
    require(found.bars['disk', 0].low, f'{found.bars["disk", 0]}')
    require(found.lines('cannot be at 4000000000'), 'not said')


def expander():
    """The device is behind an expander bridge, which is a root of its own."""
    found = placed('q35', 1024, [
        'pxb-pcie,id=e,bus_nr=128,bus=pcie.0,addr=8',
        'pcie-root-port,id=p,chassis=1,bus=e,addr=1',
        'secondary-vga,id=a,bus=p,vgamem_mb=16',
        'virtio-vga,id=vga,hostmem=256M,bus=pcie.0'],
        [record([1, 0], 0, 16 * MIB, 0xd1000000, root=128),
         record([1, 0], 2, 4096, 0xd4000000, root=128)])
    check_sound(found, 'q35', 1024)
    require(not found.without_address(), f'{found.without_address()}')
    require_at(found, a_0=0xd1000000, a_2=0xd4000000)


def mmconfig_between():
    """There is no space for mmconfig below the fixed BARs."""
    found = placed('q35', 2048, ROOT, [
        record([5], 2, 256 * MIB, 0x80000000)])
    check_sound(found, 'q35', 2048)
    require_at(found, a_2=0x80000000)
    require(found.ecam and found.ecam > 0x80000000, f'{found.ecam}')
    require(not found.without_address(), f'{found.without_address()}')


def high_beside_high():
    """64-bit BARs that have to go high go around a fixed one there."""
    found = placed('pc', 4096, ['pci-testdev,id=a,addr=5,membar=8G',
                                'pci-testdev,id=b,addr=6,membar=8G',
                                'virtio-vga,id=vga,hostmem=256M'],
                   [record([5], 2, 8 * GIB, 0xffe00000000)])
    check_sound(found, 'pc', 4096)
    require_at(found, a_2=0xffe00000000)
    require(found.bars['b', 2].high, f'{found.bars["b", 2]}')


def no_space():
    """Fixed BARs have precedence, and the machine boots."""
    found = placed('pc', 4096, [
        'secondary-vga,id=a,addr=5,vgamem_mb=512',
        'secondary-vga,id=b,addr=6,vgamem_mb=512'],
        [record([5], 0, 512 * MIB, 0xc0000000),
         record([5], 2, 4096, 0xe0000000)])
    check_sound(found, 'pc', 4096)
    require_at(found, a_0=0xc0000000, a_2=0xe0000000)
    require(found.without_address() == {('b', 0)},
            f'{found.without_address()}')


NONSENSE = [
    ('in RAM', record([5], 2, 256 * MIB, 0x10000000)),
    ('of another size', record([5], 2, 128 * MIB, 0xd0000000)),
    ('crooked', record([5], 2, 256 * MIB, 0xd8000000)),
    ('in the chipset', record([5], 2, 256 * MIB, 0xf0000000)),
    ('at 0', record([5], 2, 256 * MIB, 0)),
    ('at the end', record([5], 2, 256 * MIB, 2**64 - 256 * MIB)),
    ('a 32-bit BAR above 4 GiB', record([6], 0, 64 * MIB, 0x4000000000)),
    ('no such device', record([9], 2, 256 * MIB, 0xd0000000)),
    ('no such BAR', record([5], 4, 256 * MIB, 0xd0000000)),
    ('a BAR of I/O', record([5], 1, 256, 0xd000)),
    ('the ROM', record([6], 6, 64 * 1024, 0xd0000000)),
    ('another root', record([5], 2, 256 * MIB, 0xd0000000, root=1)),
    ('depth 0', record([5], 2, 256 * MIB, 0xd0000000, depth=0)),
    ('depth 13', record([5], 2, 256 * MIB, 0xd0000000, depth=13)),
    ('depth 255', record([5], 2, 256 * MIB, 0xd0000000, depth=255)),
    ('a bridge that is none', record([5, 0], 2, 256 * MIB, 0xd0000000)),
    ('cut off', record([5], 2, 256 * MIB, 0xd0000000)[:31]),
    ('empty', b'')]


def nonsense():
    """Impossible records are ignored."""
    with Bench() as bench:
        plain = place(bench, OURS, 'pc', 1024, ROOT, *CPU)
        for what, bad in NONSENSE:
            found = place(bench, OURS, 'pc', 1024, ROOT,
                          *wanted(bench, [bad]), *CPU)
            require({k: b.address for k, b in found.bars.items()}
                    == {k: b.address for k, b in plain.bars.items()}, what)


def cases():
    """Return all cases."""
    found = [('the release does not know the file', functools.partial(
        stock_does_not, 'pc', 1024))]
    for machine, ram, a, b in (('pc', 1024, 0xd0000000, 0xc4000000),
                               ('pc', 1024, 0x60000000, 0x50000000),
                               ('pc', 4096, 0x2000000000, 0xf0000000),
                               ('q35', 1024, 0xd0000000, 0xc4000000),
                               ('q35', 1024, 0xb0000000, 0xf0000000),
                               ('q35', 2048, 0xa0000000, 0x90000000),
                               ('q35', 6144, 0x2000000000, 0xa8000000)):
        found.append((f'{machine} with {ram} MiB: {a:x} and {b:x}',
                      functools.partial(on_root, machine, ram, a, b)))
    for machine, ram, address in (('pc', 1024, 0xe0000000),
                                  ('pc', 128, 0x70000000),
                                  ('q35', 1024, 0xe0000000),
                                  ('q35', 4096, 0xb1000000)):
        found.append((f'{machine} with {ram} MiB: {address:x} behind a bridge',
                      functools.partial(through, machine, ram, address)))
    return found + [
        ('two root ports', functools.partial(two_ports, 4096)),
        ('a bridge behind a bridge', nested),
        ('behind pxb-pcie', expander),
        ('as much beside it as fits', as_much_as_fits),
        ('above 4 GiB, behind a bridge, not prefetchable', not_prefetchable),
        ('mmconfig above what is wanted', mmconfig_between),
        ('above 4 GiB, beside others', high_beside_high),
        ('others get no address', no_space),
        ('nonsense is ignored', nonsense)]


if __name__ == '__main__':
    tap(cases())
