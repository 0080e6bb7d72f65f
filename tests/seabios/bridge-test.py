#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test BARs that fit nowhere behind bridges, and expander bridges (TAP).

bridge-test.py GROUP: if there is no space, one BAR is given up, and not all
BARs behind its bridge. Cases in which the release panics say so.
"""

import functools
import sys

from firmware import (BOOTED, OURS, PANIC32, PANIC_IO, STOCK,
                      check_sound, display, place, require_unassigned,
                      testdev, vga)
from bench import Bench, require, tap

CPU = ('-cpu', 'qemu64,phys-bits=40')


def bridges(*names, more=''):
    """Return pci-bridges one behind the other, the first one on bus 0."""
    return [f'pci-bridge,id={name},chassis_nr={n + 1},bus={bus},addr=3{more}'
            for n, (name, bus) in enumerate(zip(names, ('pci.0', *names)))]


def ports(count, bus='pcie.0'):
    """Return root ports p0, p1 ..."""
    return [f'pcie-root-port,id=p{n},chassis={n + 1},bus={bus},addr={n + 4}'
            for n in range(count)]


def card(bus, more=''):
    """Return the boot VGA with 32-bit BARs 0 and 2."""
    return f'VGA,id=vga,bus={bus}{more}'


def placed(machine, ram, devices, *extra, panic=PANIC32):
    """Return the series' placement after a boot; the release may panic."""
    with Bench() as bench:
        stock = place(bench, STOCK, machine, ram, devices, *extra)
        require(stock.panic == panic, f'the release: {stock.panic}')
        ours = place(bench, OURS, machine, ram, devices, *extra,
                     until=BOOTED)
    require(ours.panic is None, f'{ours.panic}')
    check_sound(ours, machine, ram)
    return ours


def given_up(machine, ram, devices, *bars, extra=(), panic=PANIC32):
    """These BARs get no address, and all others get one."""
    ours = placed(machine, ram, devices, *extra, panic=panic)
    require_unassigned(ours, *bars)
    require(all(b.address is not None for b in ours.bars.values()
                if b.kind == 'io'), 'a BAR of I/O without an address')
    return '\n'.join(ours.lines('no space for'))


def vga_stays_low():
    """A BAR without a place even alone does not move the boot VGA's BAR up."""
    ours = placed('pc', 3580, [vga('128M'), display('x', 512)])
    require_unassigned(ours, ('x', 0))
    require(ours.bars['vga', 4].low, f'{ours.bars["vga", 4]}')


def reserve_only():
    """Space in reserve is given up, and no BAR behind the same bridge is."""
    devices = [*bridges('a', 'b', more=',mem-reserve=1G,pref32-reserve=512M'),
               card('b', ',addr=1'), display('x', 256, ',bus=b,addr=2')]
    return given_up('pc', 4096, devices)


def input_output():
    """Empty bridges behind a bridge give way to the VGA's I/O."""
    devices = ['pci-bridge,id=a,chassis_nr=1,bus=pci.0,addr=3',
               *(f'pci-bridge,id=b{n},chassis_nr={n + 2},bus=a,addr={n + 1}'
                 for n in range(12)),
               'ati-vga,id=vga,bus=b11,addr=1',
               'rtl8139,id=nic,bus=b10,addr=1,romfile=']
    return given_up('pc', 256, devices, extra=('-nic', 'none'),
                    panic=PANIC_IO)


def high():
    """Above 4 GiB, behind two bridges, the smaller one of two BARs stays."""
    devices = [*bridges('a', 'b'), testdev('x', '512G,bus=b,addr=1'),
               testdev('y', '256G,bus=b,addr=2'), vga('128M')]
    with Bench() as bench:
        ours = place(bench, OURS, 'pc', 4096, devices, *CPU)
    check_sound(ours, 'pc', 4096)
    require_unassigned(ours, ('x', 2))
    require(ours.bars['y', 2].high, f'{ours.bars["y", 2]}')
    require(ours.bars['vga', 4].low, f'{ours.bars["vga", 4]}')


def no_space():
    """Return cases in which BARs fit nowhere."""
    def case(title, machine, ram, devices, *bars):
        return title, functools.partial(given_up, machine, ram, devices,
                                        *bars)

    deep = bridges('a', 'b', 'c', 'd')
    return [
        case('1 GiB behind two bridges, beside the VGA', 'pc', 4096,
             [*bridges('a', 'b'), card('b', ',addr=1'),
              testdev('x', '1G,bus=b,addr=2')], ('x', 2)),
        case('1 GiB behind one bridge, the VGA behind two', 'pc', 4096,
             [*bridges('a', 'b'), card('b', ',addr=1'),
              testdev('x', '1G,bus=a,addr=2')], ('x', 2)),
        case('1 and 2 GiB on the way, the VGA behind four', 'pc', 4096,
             [*deep, testdev('x', '1G,bus=a,addr=2'), card('d', ',addr=1'),
              testdev('y', '2G,bus=c,addr=2'),
              testdev('z', '64M,bus=b,addr=2')], ('x', 2), ('y', 2)),
        case('behind a root port and two bridges', 'q35', 4096,
             [*ports(1), 'pcie-pci-bridge,id=a,bus=p0',
              'pci-bridge,id=b,chassis_nr=9,bus=a,addr=1',
              testdev('x', '1G,bus=b,addr=1'), card('b', ',addr=2')],
             ('x', 2)),
        case('functions of one slot behind a root port', 'q35', 4096,
             [*ports(1), card('p0', ',addr=0.0,multifunction=on'),
              testdev('x', '2G,bus=p0,addr=0.1')], ('x', 2)),
        case('of those that fit alone, the largest', 'pc', 4096,
             [*bridges('a', 'b'), display('x', 256, ',bus=b,addr=1'),
              display('y', 512, ',bus=b,addr=2'), card('b', ',addr=3'),
              display('z', 256, ',bus=a,addr=1')], ('y', 0)),
        case('two as large as the window', 'pc', 4096,
             [*bridges('a', 'b'), display('x', 512, ',bus=b,addr=1'),
              display('y', 512, ',bus=a,addr=2'), card('b', ',addr=3')],
             ('x', 0), ('y', 0)),
        case('the VGA\'s own, and its others stay', 'pc', 3580,
             [*bridges('a', 'b'), card('b', ',addr=1,vgamem_mb=512'),
              display('x', 64, ',bus=b,addr=2')], ('vga', 0)),
        ('a BAR that is larger than the window', vga_stays_low),
        ('space in reserve', reserve_only),
        ('I/O space', input_output),
        ('above 4 GiB', high)]


# --- expander bridges ------------------------------------------------------

EXPANDERS = {
    # pxb has a pci-bridge of the same name behind it
    'pc': ['pxb,id=e,bus_nr=128,bus=pci.0,addr=8'],
    'q35': ['pxb-pcie,id=e,bus_nr=128,bus=pcie.0,addr=8', *ports(2, 'e')]}


def behind(machine, slot):
    """Return a slot beyond the expander bridge."""
    return f',bus=e,addr={slot}' if machine == 'pc' else f',bus=p{slot - 1}'


def expander(machine, ram):
    """All devices of all root busses have their BARs."""
    root = 'pci.0' if machine == 'pc' else 'pcie.0'
    devices = [*EXPANDERS[machine], f'VGA,id=vga{behind(machine, 1)}',
               testdev('x', '256M' + behind(machine, 2)),
               testdev('y', f'128M,bus={root}')]
    with Bench() as bench:
        for bios in STOCK, OURS:
            found = place(bench, bios, machine, ram, devices, until=BOOTED)
            check_sound(found, machine, ram)
            require_unassigned(found)
        require(found.bars['vga', 0].low, f'{found.bars["vga", 0]}')
        require(found.lines('Turning on vga text mode console'), 'no VBIOS')


def expander_grows(machine, ram, start):
    """The window grows for devices behind an expander bridge."""
    devices = [*EXPANDERS[machine],
               *(display(f'x{n}', 512, behind(machine, n + 1))
                 for n in range(2))]
    ours = placed(machine, ram, devices)
    require_unassigned(ours)
    require(ours.window[0] == start, f'window from {ours.window[0]:x}')


def expander_without_space():
    """A BAR behind an expander bridge is given up, and the VGA's is not."""
    devices = [*EXPANDERS['pc'], card('e', ',addr=1'),
               testdev('x', '1G,bus=e,addr=2')]
    return given_up('pc', 4096, devices, ('x', 2))


def expanders():
    """Return cases of pxb and pxb-pcie."""
    return [
        *((f'{machine} with {ram} MiB', functools.partial(
            expander, machine, ram)) for machine in ('pc', 'q35')
          for ram in (1024, 4096)),
        ('pc: the window grows', functools.partial(
            expander_grows, 'pc', 2100, 0xa0000000)),
        ('q35: the window grows', functools.partial(
            expander_grows, 'q35', 1024, 0xa0000000)),
        ('no space', expander_without_space)]


GROUPS = {'no-space': no_space, 'expanders': expanders}


if __name__ == '__main__':
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f'usage: {sys.argv[0]} {"|".join(GROUPS)}')
    tap(GROUPS[sys.argv[1]]())
