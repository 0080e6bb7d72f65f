#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""BARs where the host has them, through the real vfio-pci (TAP).

identity-test.py GROUP: the emulated host says where its adapters' BARs are
(/sys/bus/pci/devices/*/resource), the guest's SeaBIOS where it has put them.
"""

import functools
import re

# A file with a hyphen in its name, as Meson's tests have.
LAB = __import__('lab-test')
Lab, require = LAB.Lab, LAB.require

IORESOURCE_MEM = 0x200
# Where the guest has them; on q35 behind root ports, of which lab/run makes
# the first.
SLOTS = (5, 6)
PORT = '-device pcie-root-port,id=rp2,chassis=2,addr=6'


def host_bdf(number):
    """Of an adapter of the host."""
    return f'0000:{number + 1:02x}:00.0'


def say_bars(bdf):
    """The host says where the BARs are: bar BDF N FIRST LAST FLAGS."""
    return (f'n=0; while read -r first last flags; do event "qemu bar {bdf} '
            f'$n $first $last $flags"; n=$((n + 1)); '
            f'done < /sys/bus/pci/devices/{bdf}/resource')


def host_bars(lab, bdf):
    """{number: address} of the host's memory BARs."""
    bars = {}
    for number, first, flags in re.findall(
            rf'bar {bdf} (\d) (0x\w+) 0x\w+ (0x\w+)', lab.read('qemu.log')):
        if int(number) < 6 and int(flags, 16) & IORESOURCE_MEM:
            bars[int(number)] = int(first, 16)
    return bars


def guest_bars(lab, bdf):
    """{number: address} of what SeaBIOS has placed, ROM and I/O left out."""
    return {int(number): int(address, 16) for number, address in re.findall(
        rf'PCI: map device bdf={bdf}  bar ([0-5]), addr (\w+), '
        r'size \w+ \[(?:pref)?mem\]', lab.read('guest.log'))}


def run(machine, models, identity='on'):
    """A Lab with all adapters but the host's own assigned."""
    pc = machine == 'pc'
    arguments = ['--machine', machine, '--guest', 'seabios', '--adapter',
                 'VGA', '--assign', '1', '--device-opts',
                 f'x-bar-identity={identity}'
                 + (f',addr={SLOTS[0]:#x}' if pc else '')]
    for number, model in enumerate(models, 1):
        arguments += ['--adapter', model, '--host-cmd',
                      say_bars(host_bdf(number))]
    if len(models) == 2:
        arguments += [
            '--host-cmd', f'lab_vfio_bind {host_bdf(2)}',
            *(() if pc else ('--arg', PORT)), '--arg',
            f'-device vfio-pci,host={host_bdf(2)},x-bar-identity={identity},'
            + (f'addr={SLOTS[1]:#x}' if pc else 'bus=rp2')]
    return Lab('-'.join(['identity', machine, *models, identity]), *arguments,
               '--seconds', '240')


def guest_bdf(machine, number):
    """Of an adapter of the guest: SeaBIOS numbers buses in order."""
    return f'00:{SLOTS[number]:02x}.0' if machine == 'pc' else \
        f'{number + 1:02x}:00.0'


def same(machine, models):
    """The guest has them where the host has them, and nobody complains."""
    lab = run(machine, models)
    for number, model in enumerate(models):
        host = host_bars(lab, host_bdf(number + 1))
        guest = guest_bars(lab, guest_bdf(machine, number))
        require(host, f'adapter {number + 1} has no BARs on the host')
        require(host == guest, f'host {host}, guest {guest}')
        print(f'# {model}: '
              + ', '.join(f'BAR {n} {a:x}' for n, a in sorted(host.items())))
    require('x-bar-identity' not in lab.read('qemu.log')
            and 'the adapter also answers' not in lab.read('qemu.log'),
            'QEMU complained')
    require('SeaBIOS (version' in lab.read('adapter1.txt'),
            'no SeaBIOS banner on the assigned adapter')


def off_is_elsewhere(machine):
    """Without it the addresses differ, or the test would prove nothing."""
    lab = run(machine, ['ati-vga'], 'off')
    host = host_bars(lab, host_bdf(1))
    guest = guest_bars(lab, guest_bdf(machine, 0))
    require(set(host) == set(guest) and host != guest,
            f'host {host}, guest {guest}')


LAB.GROUPS.update({
    'one': [
        ('pc, ati-vga', functools.partial(same, 'pc', ['ati-vga'])),
        ('q35, cirrus-vga', functools.partial(same, 'q35', ['cirrus-vga'])),
        ('pc, ati-vga, off', functools.partial(off_is_elsewhere, 'pc'))],
    'two': [
        ('q35, ati-vga and cirrus-vga', functools.partial(
            same, 'q35', ['ati-vga', 'cirrus-vga'])),
        ('pc, cirrus-vga and ati-vga', functools.partial(
            same, 'pc', ['cirrus-vga', 'ati-vga']))]})


if __name__ == '__main__':
    LAB.main()
