#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest has BARs where the host has them, through the real vfio-pci (TAP).

identity-test.py GROUP: the emulated host says where its adapters' BARs are
(/sys/bus/pci/devices/*/resource), and the guest's SeaBIOS says where it has
put them.
"""

import functools
import hashlib
import re

# __import__ is needed for a file name with a hyphen, as Meson's tests have.
LAB = __import__('lab-test')
from vgalab import debian, initramfs    # noqa: E402 (lab-test sets the path)

Lab, require = LAB.Lab, LAB.require

IORESOURCE_MEM = 0x200
# Slots of the adapters in the guest. On q35 they are behind root ports, of
# which lab/run makes the first.
SLOTS = (5, 6)
PORT = '-device pcie-root-port,id=rp2,chassis=2,addr=6'


def host_bdf(number):
    """Return the address of an adapter of the host."""
    return f'0000:{number + 1:02x}:00.0'


def say_bars(bdf):
    """Return a command that prints BARs: bar BDF N FIRST LAST FLAGS."""
    return (f'n=0; while read -r first last flags; do event "qemu bar {bdf} '
            f'$n $first $last $flags"; n=$((n + 1)); '
            f'done < /sys/bus/pci/devices/{bdf}/resource')


def host_bars(lab, bdf):
    """Return {number: address} of the host's memory BARs."""
    bars = {}
    for number, first, flags in re.findall(
            rf'bar {bdf} (\d) (0x\w+) 0x\w+ (0x\w+)', lab.read('qemu.log')):
        if int(number) < 6 and int(flags, 16) & IORESOURCE_MEM:
            bars[int(number)] = int(first, 16)
    return bars


def guest_bars(lab, bdf):
    """Return {number: address} of SeaBIOS's placement, without ROM and I/O."""
    return {int(number): int(address, 16) for number, address in re.findall(
        rf'PCI: map device bdf={bdf}  bar ([0-5]), addr (\w+), '
        r'size \w+ \[(?:pref)?mem\]', lab.read('guest.log'))}


def run(machine, models, identity='on', *more):
    """Run the lab with all adapters assigned except the host's own."""
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
               '--seconds', '240', *more)


def guest_bdf(machine, number):
    """Return an adapter's address in the guest; buses are in order."""
    return f'00:{SLOTS[number]:02x}.0' if machine == 'pc' else \
        f'{number + 1:02x}:00.0'


def same(machine, models, *more):
    """The guest's BARs are where the host has them, without a message."""
    lab = run(machine, models, 'on', *more)
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


def with_ram(machine, mib):
    """Run with SIZE MiB of guest RAM, all of which the host has to pin."""
    return (f'{machine}, ati-vga, {mib} MiB', functools.partial(
        same, machine, ['ati-vga'], '--host-arg', f'-m {mib + 2048}',
        '--arg', f'-m {mib}'))


def linux_bars(lab):
    """Return {number: address} of the memory BARs in the guest's Linux."""
    return {int(number): int(first, 16) for number, first, flags in re.findall(
        r'DRM bar \S+ ([0-5]) (0x\w+) 0x\w+ (0x\w+)', lab.read('qemu.log'))
        if int(flags, 16) & IORESOURCE_MEM}


def linux_driver(machine):
    """Linux keeps the addresses, and its driver paints the adapter's screen."""
    lab = Lab(f'identity-{machine}-drm', '--machine', machine, '--adapter',
              'VGA', '--adapter', 'VGA', '--device-opts', 'x-bar-identity=on'
              + (f',addr={SLOTS[0]:#x}' if machine == 'pc' else ''),
              '--host-cmd', say_bars(host_bdf(1)), '--seconds', '400',
              '--kernel', debian.kernel(), '--initrd', initramfs.drm_initrd(),
              '--append', 'console=ttyS0 quiet no_timer_check', '--arg',
              '-serial stdio', until='qemu:DRM DONE')
    log = lab.read('qemu.log')
    host, guest = host_bars(lab, host_bdf(1)), linux_bars(lab)
    require(host and host == guest, f'host {host}, guest {guest}')
    require('Initialized bochs-drm' in log, f'no driver: {log}')
    width, height = map(int, re.search(r'DRM mode (\d+) (\d+)', log).groups())
    grey = f'P6\n{width} {height}\n255\n'.encode() + b'Z' * (width * height * 3)
    require(lab.result['adapters'][1]['picture_sha256'] ==
            hashlib.sha256(grey).hexdigest(), 'the screen is not grey')


LAB.GROUPS.update({
    'one': [
        ('pc, ati-vga', functools.partial(same, 'pc', ['ati-vga'])),
        ('q35, cirrus-vga', functools.partial(same, 'q35', ['cirrus-vga'])),
        ('pc, ati-vga, off', functools.partial(off_is_elsewhere, 'pc'))],
    'two': [
        ('q35, ati-vga and cirrus-vga', functools.partial(
            same, 'q35', ['ati-vga', 'cirrus-vga'])),
        ('pc, cirrus-vga and ati-vga', functools.partial(
            same, 'pc', ['cirrus-vga', 'ati-vga']))],
    'ram': [with_ram(machine, mib)
            for machine in ('pc', 'q35') for mib in (128, 6144)],
    'linux': [(f'{machine}, the DRM driver', functools.partial(
        linux_driver, machine)) for machine in ('pc', 'q35')]})


if __name__ == '__main__':
    LAB.main()
