#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test where SeaBIOS puts BARs, and which option ROMs it survives (TAP).

seabios-test.py GROUP: each case boots the release and the series' SeaBIOS on
the same machine, under TCG. It requires the release's defect as well.
"""

import functools
import json
import re
import struct
import sys

import firmware
from firmware import (BOOTED, ECAM_SIZE, GIB, MIB, OURS, PANIC32, PANIC_IO,
                      STOCK, boot, check_sound, display, low_ram, many, place,
                      require_unassigned, testdev, vga)
from bench import Bench, require, tap
from roms import BLOCK, Image, OTHER, PCIR, pnp
from sleep import gdb_option, suspend_and_wake
from vgalab import paths

HT_HOLE = 0xfd00000000          # of AMD, up to 1 TiB
# The instructions after which SeaBIOS counts as hung; with icount each takes 1
# microsecond. Only the ROM under test is there, so kvmvapic's is left out.
SLOW = ('-global', 'apic.vapic=off', '-icount', 'shift=10', '-rtc', 'base=2000-01-01,clock=vm')
HANG_SECONDS = 150


def integer(name, value):
    """Return a fw_cfg file with a number."""
    with open(name, 'wb') as file:
        file.write(struct.pack('<Q', value))
    return name


def both(machine, ram, devices, *extra, name=lambda bench: ()):
    """Return placements of the release and of the series."""
    with Bench() as bench:
        more = [*extra, *name(bench)]
        stock = place(bench, STOCK, machine, ram, devices, *more, name='stock')
        ours = place(bench, OURS, machine, ram, devices, *more, name='ours')
        return stock, ours


def where(placement, *names):
    """Return BARs as text, for messages: name=address ..."""
    return ' '.join(f'{n}={b}' for (n, _), b in placement.bars.items()
                    if not names or n in names)


def require_low(placement, *bars):
    """These BARs are below 4G."""
    for bar in bars:
        require(placement.bars[bar].low,
                f'{bar[0]} BAR {bar[1]} is at {placement.bars[bar]}')


def require_high(placement, *bars):
    """These BARs are above 4G."""
    for bar in bars:
        require(placement.bars[bar].high,
                f'{bar[0]} BAR {bar[1]} is at {placement.bars[bar]}')


# --- windows ---------------------------------------------------------------

def grows(machine, ram, devices, start, low=None, extra=()):
    """All fits below 4G, which the release cannot achieve."""
    stock, ours = both(machine, ram, devices, *extra)
    require(stock.panic == PANIC32, f'the release: {stock.panic}')
    require(ours.panic is None, f'{ours.panic}')
    check_sound(ours, machine, ram, low)
    require_unassigned(ours)
    require_low(ours, *((k) for k, b in ours.bars.items() if b.kind != 'io'))
    require(ours.window[0] == start, f'window from {ours.window[0]:x}')
    if machine == 'q35':
        require(ours.ecam == start - ECAM_SIZE, f'mmconfig at {ours.ecam:x}')


def first_64bit():
    """64-bit BARs fit below 4G in a larger window."""
    stock, ours = both('pc', 512, many(testdev, 9, '256M'))
    require_high(stock, *((f'x{n}', 2) for n in range(9)))
    require_low(ours, *((f'x{n}', 2) for n in range(9)))
    check_sound(ours, 'pc', 512)
    require(ours.window[0] == 0x60000000, f'window from {ours.window[0]:x}')


def unchanged(machine, ram):
    """BARs that fitted before are where they were, for each size of RAM."""
    devices = [vga('256M'), testdev('x', '128M'), 'nvme,id=disk,serial=1']
    stock, ours = both(machine, ram, devices)
    check_sound(ours, machine, ram)
    require_low(ours, ('vga', 4), ('vga', 0), ('x', 2))
    if not low_ram(machine, ram) < ram * MIB:
        require(where(stock) == where(ours),
                f'{where(stock)} before, {where(ours)} now')
    require(stock.window == ours.window and stock.ecam == ours.ecam,
            f'window {ours.window}')
    return f'{where(ours, "vga", "x")}'


def limited():
    """etc/pci-window-start limits the growth."""
    def knob(bench):
        return ['-fw_cfg', 'name=etc/pci-window-start,file='
                + integer(bench.path('start'), 0x78000000)]

    _, ours = both('pc', 512, many(testdev, 8, '256M'), name=knob)
    require(ours.window[0] == 0x80000000, f'window from {ours.window[0]:x}')
    check_sound(ours, 'pc', 512, 0x80000000)
    require_high(ours, ('x7', 2))
    require_low(ours, ('x0', 2))


def limit_is_nonsense():
    """A limit above the window is refused."""
    def knob(bench):
        return ['-fw_cfg', 'name=etc/pci-window-start,file='
                + integer(bench.path('start'), 1 << 32)]

    _, ours = both('q35', 512, [vga('256M')], name=knob)
    require(ours.lines('etc/pci-window-start 100000000 is not below'),
            'not said')
    check_sound(ours, 'q35', 512)
    require_low(ours, ('vga', 4))


def windows():
    """Return cases of the window below 4G."""
    three = many(display, 3, 512)
    cases = [
        ('q35 with 1 GiB: three 512 MiB BARs', functools.partial(
            grows, 'q35', 1024, three, 0x80000000)),
        ('q35 with 6 GiB: two 512 MiB BARs', functools.partial(
            grows, 'q35', 6144, three[:2], 0xa0000000)),
        ('q35 with 6 GiB, 1 GiB of it low: three', functools.partial(
            grows, 'q35', 6144, three, 0x80000000, GIB,
            ('-M', 'max-ram-below-4g=1G'))),
        ('pc with 1 GiB: four 512 MiB BARs', functools.partial(
            grows, 'pc', 1024, many(display, 4, 512), 0x60000000)),
        ('pc with 512 MiB: nine 64-bit BARs of 256 MiB', first_64bit),
        ('pc: etc/pci-window-start', limited),
        ('q35: etc/pci-window-start out of range', limit_is_nonsense)]
    for machine in 'pc', 'q35':
        for ram in 128, 512, 2048, 2815, 2816, 3072, 3583, 3584, 4096, 6144:
            cases.append((f'{machine} with {ram} MiB: as it was',
                          functools.partial(unchanged, machine, ram)))
    return cases


# --- above 4G --------------------------------------------------------------

def one_by_one():
    """Of 256M, 1G and 1G one BAR goes high, and not into a reserved range."""
    stock, ours = both('pc', 2048, [testdev('a', '256M'), testdev('b', '1G'),
                                    testdev('c', '1G')])
    require_high(stock, ('a', 2), ('b', 2), ('c', 2))
    require(stock.bars['a', 2].address >= HT_HOLE, where(stock))
    check_sound(ours, 'pc', 2048)
    require_low(ours, ('a', 2), ('b', 2))
    require_high(ours, ('c', 2))
    require(ours.bars['c', 2].end <= HT_HOLE, where(ours))


def vga_stays():
    """The boot VGA's BAR stays low, and the largest one goes high."""
    stock, ours = both('pc', 6144, [vga('256M'), testdev('a', '256M'),
                                    testdev('b', '512M')])
    require_high(stock, ('vga', 4), ('a', 2), ('b', 2))
    require_low(ours, ('vga', 4), ('a', 2))
    require_high(ours, ('b', 2))
    check_sound(ours, 'pc', 6144)


def vga_is_the_largest():
    """The boot VGA's BAR is the largest that fits, and still stays low."""
    stock, ours = both('pc', 6144, [vga('512M'), testdev('a', '256M'),
                                    testdev('b', '256M')])
    require_high(stock, ('vga', 4), ('a', 2), ('b', 2))
    require_low(ours, ('vga', 4))
    require_high(ours, *((n, 2) for n in 'ab' if ours.bars[n, 2].high))
    require(any(ours.bars[n, 2].high for n in 'ab'), where(ours))
    check_sound(ours, 'pc', 6144)


def vga_primary():
    """The first of two VGA devices is primary, and its BAR stays low."""
    devices = [vga('256M'), vga('512M').replace('id=vga', 'id=other'),
               testdev('a', '256M')]
    stock, ours = both('pc', 6144, devices)
    require_high(stock, ('vga', 4), ('other', 4), ('a', 2))
    require_low(ours, ('vga', 4), ('a', 2))
    # SeaBIOS disables the second one's decoding, so QEMU has no address for
    # it.
    line = ours.lines('map device bdf=00:03.0  bar 4, addr')[0]
    require(int(re.search(r'addr (\w+)', line)[1], 16) >= 4 * GIB, line)
    check_sound(ours, 'pc', 6144)


def served_vga(bench, name, size):
    """Return a VGA with a bootindex, as assigned devices have."""
    path = bench.path(name)
    bench.start(paths.QEMU, name + '-server', '-machine',
                'x-remote,vfio-user=on,auto-shutdown=off', '-device',
                f'virtio-vga,id=gpu,hostmem={size}', '-object',
                'x-vfio-user-server,id=server,type=unix,device=gpu,'
                f'path={path}')
    return json.dumps({'driver': 'vfio-user-pci', 'id': 'served',
                       'addr': '6', 'x-vga': True, 'bootindex': 0,
                       'socket': {'type': 'unix', 'path': path}})


def vga_bootindex():
    """The VGA that bootindex makes primary stays low."""
    with Bench() as bench:
        found = [place(bench, bios, 'pc', 6144, [
            vga('512M'), served_vga(bench, name + '-vga', '512M'),
            testdev('a', '256M')], name=name)
            for bios, name in ((STOCK, 'stock'), (OURS, 'ours'))]
    require_high(found[0], ('served', 4), ('a', 2))
    require_low(found[1], ('served', 4))
    line = found[1].lines('map device bdf=00:02.0  bar 4, addr')[0]
    require(int(re.search(r'addr (\w+)', line)[1], 16) >= 4 * GIB, line)


def vga_knob():
    """etc/pci-vga-low=0 treats the boot VGA like any other device."""
    def knob(bench):
        return ['-fw_cfg', 'name=etc/pci-vga-low,file='
                + integer(bench.path('low'), 0)]

    _, ours = both('pc', 6144, [vga('512M'), testdev('a', '256M'),
                                testdev('b', '256M')], name=knob)
    require_high(ours, ('vga', 4))
    require_low(ours, ('a', 2), ('b', 2))


def vga_too_large():
    """A BAR of the boot VGA that cannot fit low goes high, others do not."""
    _, ours = both('q35', 6144, [vga('8G'), testdev('a', '256M')])
    require_low(ours, ('vga', 0), ('a', 2))
    require_high(ours, ('vga', 4))
    check_sound(ours, 'q35', 6144)


def too_large_first():
    """A BAR that cannot fit low does not push out others that can."""
    stock, ours = both('q35', 2048, [testdev('a', '4G'), testdev('b', '512M'),
                                     testdev('c', '64M')])
    require_high(stock, ('a', 2), ('b', 2), ('c', 2))
    require_high(ours, ('a', 2))
    require_low(ours, ('b', 2), ('c', 2))
    check_sound(ours, 'q35', 2048)


def pci64(value, low, high):
    """opt/org.seabios/pci64 works as documented."""
    devices = [vga('256M'), testdev('a', '256M'), 'qemu-xhci,id=usb']
    _, ours = both('q35', 4096, devices, '-fw_cfg',
                   f'name=opt/org.seabios/pci64,string={value}')
    require_low(ours, ('vga', 4), ('usb', 0), *low)
    require_high(ours, *high)
    check_sound(ours, 'q35', 4096)


def reserved_for_hotplug():
    """An empty hotplug port has space above 4G; a boot VGA's has none."""
    devices = ['pcie-root-port,id=p1,chassis=1',
               'pcie-root-port,id=p2,chassis=2',
               vga('256M', ',bus=p1'), testdev('a', '512M')]
    with Bench() as bench:
        qmp = boot(bench, OURS, 'q35', 6144, devices)
        bridges = {d['qdev_id']: d['pci_bridge']['bus']['prefetchable_range']
                   for b in qmp.command('query-pci') for d in b['devices']
                   if 'pci_bridge' in d}
    require(bridges['p1']['limit'] < 4 * GIB, f'{bridges["p1"]}')
    require(bridges['p2']['base'] >= 4 * GIB, f'{bridges["p2"]}')


def large(size, cpu):
    """A BAR of a data-centre GPU is where the processor reaches it."""
    _, ours = both('q35', 6144, [vga('256M'), testdev('a', size)],
                   '-cpu', cpu)
    require_high(ours, ('a', 2))
    require_low(ours, ('vga', 4))
    check_sound(ours, 'q35', 6144)


def high():
    """Return cases of BARs above 4G."""
    return [
        ('one at a time, and not into the HyperTransport range', one_by_one),
        ('the boot VGA stays low', vga_stays),
        ('the boot VGA stays low though it is the largest',
         vga_is_the_largest),
        ('the primary one of two VGA devices stays low', vga_primary),
        ('bootindex picks the one that stays low', vga_bootindex),
        ('etc/pci-vga-low=0', vga_knob),
        ('a BAR of the boot VGA that cannot fit low', vga_too_large),
        ('what cannot fit low goes first', too_large_first),
        ('pci64=1', functools.partial(pci64, '1', (), [('a', 2)])),
        ('pci64=0', functools.partial(pci64, '0', [('a', 2)], ())),
        ('space for hotplug', reserved_for_hotplug),
        ('256 GiB', functools.partial(large, '256G', 'qemu64')),
        ('512 GiB', functools.partial(large, '512G',
                                      'qemu64,phys-bits=46'))]


# --- no space --------------------------------------------------------------

def goes_on(machine, ram, devices, *bars, panic=PANIC32, extra=()):
    """These BARs get no address, and the machine boots."""
    stock, _ = both(machine, ram, devices, *extra)
    require(stock.panic == panic, f'the release: {stock.panic}')
    with Bench() as bench:
        ours = place(bench, OURS, machine, ram, devices, *extra,
                     until=BOOTED)
    check_sound(ours, machine, ram)
    require_unassigned(ours, *bars)
    return '\n'.join(ours.lines('no space for'))


def beyond():
    """The address space has no room at all for a BAR."""
    stock, ours = both('q35', 6144, [testdev('a', '512G'), vga('256M')])
    require(stock.window64[0] > 1 << 40, f'{stock.window64}')
    require_unassigned(ours, ('a', 2))
    require_low(ours, ('vga', 4))


def thirty_two_bits():
    """The processor has no addresses above 4G."""
    stock, ours = both('pc', 2048, [testdev('a', '1G'), testdev('b', '1G')],
                       '-cpu', '486')
    require_high(stock, ('a', 2))
    require_unassigned(ours, ('b', 2))
    require_low(ours, ('a', 2))


def input_output():
    """I/O windows of empty bridges give way to one that is in use."""
    devices = [f'pci-bridge,id=b{n},chassis_nr={n + 1},bus=pci.0,addr={n + 3}'
               for n in range(12)] + ['rtl8139,id=nic,bus=b11,addr=1,romfile=']
    remark = goes_on('pc', 256, devices, panic=PANIC_IO)
    _, ours = both('pc', 256, devices)
    require(ours.bars['nic', 0].address is not None, 'the card has no I/O')
    return remark


def behind_bridge():
    """A window is closed, or has its reserve."""
    devices = [d for n in range(3) for d in (
        f'pcie-root-port,id=p{n},chassis={n + 1},hotplug=off',
        display(f'x{n}', 512, f',bus=p{n}'))]
    remark = goes_on('q35', 4096, devices, ('x2', 0))
    with Bench() as bench:
        ours = place(bench, OURS, 'q35', 4096, devices)
    start, end = ours.bridges['p2'][1]
    require(end - start <= 2 * MIB, f'{start:x}-{end:x}')
    return remark


def no_space():
    """Return cases in which BARs fit nowhere."""
    three = many(display, 3, 512)
    return [
        ('pc with 4 GiB: three 512 MiB BARs', functools.partial(
            goes_on, 'pc', 4096, three, ('x1', 0), ('x2', 0))),
        ('q35 with 4 GiB: three 512 MiB BARs', functools.partial(
            goes_on, 'q35', 4096, three, ('x2', 0))),
        ('512 GiB and a processor of 40 bits', beyond),
        ('64-bit BARs and a processor of 32 bits', thirty_two_bits),
        ('I/O space', input_output),
        ('behind a root port', behind_bridge)]


# --- option ROMs -----------------------------------------------------------

def romfile(bench, data):
    """Return a device with that ROM."""
    path = bench.path('rom')
    with open(path, 'wb') as file:
        file.write(data)
    return [f'pci-testdev,id=x,romfile={path}']


def virtual_seconds(qmp):
    """Return the time of the machine's clock since its start."""
    now = qmp.command('qom-get', path='/machine', property='rtc-time')
    return (now['tm_mday'] - 1) * 86400 + now['tm_hour'] * 3600 + \
        now['tm_min'] * 60 + now['tm_sec']


def walked(bios, data):
    """Return what was said of a ROM, and whether SeaBIOS got past it."""
    with Bench() as bench:
        qmp = boot(bench, bios, 'pc', 64, romfile(bench, data), *SLOW,
                   '-d', 'invalid_mem', '-D', bench.path('invalid'))
        bench.wait(lambda: virtual_seconds(qmp) > HANG_SECONDS or any(
            BOOTED in line for line in bench.said('run.debug')),
            'the end or a hang')
        qmp.process.kill()
        bench.gone(qmp.process)
        said = bench.said('run.debug')
        rom = next(int(re.search(r'addr (\w+)', line)[1], 16)
                   for line in said if '  bar 6, ' in line)
        outside = [line for line in bench.said('invalid')
                   if f'addr 0x{rom >> 12:X}' in line]
        return said, any(BOOTED in l for l in said), outside


def hangs(data):
    """The release hangs, and the series' SeaBIOS does not."""
    require(not walked(STOCK, data)[1], 'the release comes to an end')
    said, ended, outside = walked(OURS, data)
    require(ended and not outside, f'ended: {ended}, {outside}')
    return '\n'.join(l for l in said if 'Option rom of' in l)


def reads_outside(data, runs=False):
    """The release reads behind the BAR, and may even run such a ROM."""
    said, _, outside = walked(STOCK, data)
    require(outside, 'the release reads nothing outside')
    require(runs == any('Running option rom' in line for line in said),
            'the release and the ROM: not as expected')
    said, ended, outside = walked(OURS, data)
    require(ended and not outside, f'ended: {ended}, {outside}')
    require(not any('Running option rom' in l for l in said), 'it was run')
    return '\n'.join(l for l in said if 'Option rom of' in l)


def good_rom():
    """Of two images the second is the device's: both SeaBIOSes run it."""
    data = (Image(2, device=OTHER, last=False).data()
            + Image(2, pnp=pnp(0)).data())
    for bios in STOCK, OURS:
        said, ended, _ = walked(bios, data)
        require(ended and any('Running option rom' in l for l in said),
                f'{bios}: not run')


def option_roms():
    """Return cases of ROMs with wrong headers, and of BARs of 2 KiB."""
    def cut(**fields):
        return Image(4, **fields).data()

    return [
        ('a good ROM of two images', good_rom),
        ('an image of length zero', functools.partial(
            hangs, cut(device=OTHER, last=False, length=0))),
        ('a PnP header that follows itself', functools.partial(
            hangs, Image(4, pnp=pnp(0x40)).data())),
        ('a length that leads behind the BAR', functools.partial(
            reads_outside, cut(device=OTHER, last=False, length=5))),
        ('a PCIR behind the BAR', functools.partial(
            reads_outside, cut(pcir=4 * BLOCK + PCIR))),
        ('an image that is longer than the BAR', functools.partial(
            reads_outside, cut(size=6, pnp=pnp(0)), True))]


# --- sleep ---------------------------------------------------------------

WAKE_AT = 0x7e00                # the guest goes on there: jmp .
WAKE_CODE = b'\xeb\xfe'


def slept(bios, devices):
    """Return where mmconfig is before and after S3, with 1 GiB of RAM."""
    with Bench() as bench:
        qmp = boot(bench, bios, 'q35', 1024, devices, *gdb_option(bench),
                   until=BOOTED)
        before = firmware.ecam_of(qmp)
        suspend_and_wake(bench, qmp, GIB, WAKE_AT, WAKE_CODE)
        return before, firmware.ecam_of(qmp)


def sleep(devices, ecam):
    """mmconfig comes back at its place; the release's does not."""
    if ecam == 0xb0000000:
        require(slept(STOCK, devices) == (ecam, None), 'the release')
    found = slept(OURS, devices)
    require(found == (ecam, ecam), f'{found}')


def resume():
    """Return cases of S3."""
    return [('where it always was', functools.partial(
        sleep, [vga('256M')], 0xb0000000)),
            ('where it moved to', functools.partial(
                sleep, many(display, 3, 512), 0x70000000))]


GROUPS = {'windows': windows, 'high': high, 'no-space': no_space,
          'option-roms': option_roms, 'resume': resume}


if __name__ == '__main__':
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: {sys.argv[0]} {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())
