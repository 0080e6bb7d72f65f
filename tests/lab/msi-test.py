#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test guest INTx on host INTx and on host MSI, with the real vfio-pci (TAP).

msi-test.py edu|edu-more: QEMU's device "edu" of the emulated host is assigned
to a firmware that counts its interrupts (lab/guests/edu-intx.S), while the
host counts them in /proc/interrupts.
msi-test.py io|split|split-alone: an AHCI and a network adapter are assigned to
Linux with pci=nomsi, where they share a line. split uses QEMU's IO-APIC, as a
vIOMMU needs it, and split-alone gives each device its own line.
"""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile

from bench import TOP, require, tap
from vgalab import debian, guest_code, initramfs

DEVICE = '0000:00:10.0'
NEXT = '0000:00:11.0'
# The slot four further on is on the same line of the host.
OTHER = '0000:00:14.0'
PLAIN = 10000
AGAIN = 12000
SHARED = 14000
# What the host has counted when the guest has had AGAIN. MSI has one message
# for each interrupt. But if INTx is still asserted at the guest's EOI, vfio
# passes the interrupt on without taking another one on the host
# (drivers/vfio/pci/vfio_pci_intrs.c, vfio_pci_intx_unmask_handler()), and half
# of the last 2000 are of this kind.
HOST = {'intx': 11000, 'msi': 12000}
# A second device adds its own 1000, and as many of the first one.
HOST_SECOND = 1000
# Names of vfio's interrupts in the host's /proc/interrupts
NAMES = {'intx': 'vfio-intx', 'msi': r'vfio-msi\[0\]'}
# Says the host's counts every second
SAMPLE = ('while sleep 1; do grep vfio-[im][ns] /proc/interrupts | while '
          'read -r line; do event "qemu irq $line"; done; done &')
SECONDS = 240
SPLIT = ['--arg', '-machine kernel-irqchip=split']
# vfio-pci uses the host's line exclusively
EXCLUSIVE = ['--host-cmd', 'lab_vfio_reload nointxmask=1']
IO_BYTES = 2 << 20


def run(machine, *arguments):
    """Return (guest's lines, QEMU's lines); arguments: those of lab/run."""
    with tempfile.TemporaryDirectory(prefix='msi-') as out:
        command = [
            os.path.join(TOP, 'lab', 'run'), '--machine', machine,
            '--seconds', str(SECONDS), '--out', out, *arguments,
            '--host-cmd', SAMPLE]
        process = subprocess.run(command, check=False, capture_output=True,
                                 text=True)
        lines = []
        for name in ('guest.log', 'qemu.log'):
            path = os.path.join(out, name)
            lines.append([])
            if os.path.exists(path):
                with open(path, encoding='utf-8', errors='replace') as file:
                    lines[-1] = file.read().replace('\r', '').splitlines()
        require(process.returncode == 0,
                f'lab/run ended with {process.returncode}: '
                f'{process.stderr.strip()[-300:]} '
                + json.dumps([part[-6:] for part in lines]))
        return lines


def run_edu(options, machine, more, until):
    """Run a guest with edu; more: further arguments of lab/run."""
    return run(machine, '--host-device', 'edu',
               '--bios', guest_code.firmware('edu-intx'),
               '--host-cmd', f'lab_vfio_bind {DEVICE}', *more,
               '--arg', f'-device {options},id=edu,addr=0x5',
               '--until', 'debug:^INTERRUPTS DONE', *until)


def counted(guest, name):
    """Return (interrupts, those without a cause) of a phase of the guest."""
    for line in guest:
        found = re.match(rf'{name} ([0-9a-f]+) spurious ([0-9a-f]+)', line)
        if found:
            return tuple(int(number, 16) for number in found.groups())
    require(False, f'the guest said nothing of "{name}": {guest[-4:]}')


def host_counts(kind, shared, second_too):
    """Return arguments of lab/run that wait until the host has counted all."""
    counts = {DEVICE: HOST[kind] + (HOST_SECOND if shared else 0)}
    if second_too:
        counts[NEXT] = HOST_SECOND
    return [word for device, count in counts.items() for word in
            ('--until', rf'qemu:irq \d+: +{count} .*{NAMES[kind]}\({device}')]


def check(options, kind, machine='pc', more=(), shared=False, second=False):
    """All interrupts arrive, as INTx in the guest and as KIND on the host.

    shared: a second device is on the guest's line; second: the host counts its
    interrupts, too. Return a remark, and QEMU's lines.
    """
    guest, qemu = run_edu(options, machine, more,
                          host_counts(kind, shared, second))
    plain, spurious = counted(guest, 'plain')
    again, late = counted(guest, 'again')
    require(plain == PLAIN, f'{plain} of {PLAIN} interrupts')
    require(again == AGAIN, f'{again} of {AGAIN} interrupts')
    other = rf'{NAMES["intx" if kind == "msi" else "msi"]}\({DEVICE}'
    require(not any(re.search(other, line) for line in qemu),
            f'the host used {other}')
    remark = f'{again} interrupts, without a cause: {spurious}, then {late}'
    if shared:
        both, more_spurious = counted(guest, 'shared')
        require(both == SHARED, f'{both} of {SHARED} interrupts')
        remark += f'; {both} with two devices: {more_spurious}'
    return remark, qemu


def check_busy():
    """A device that is alone on its line keeps MSI with prefer_msi=auto."""
    remark, qemu = check(f'vfio-pci,host={DEVICE},x-prefer-msi=auto', 'msi',
                         more=['--host-device', 'edu,addr=0x14',
                               '--host-cmd', 'lab_vfio_reload nointxmask=1',
                               '--host-cmd', f'lab_vfio_bind {OTHER}',
                               '--arg', f'-device vfio-pci,host={OTHER},'
                               'addr=0x6'], shared=True)
    warnings = [l for l in qemu if 'prefer_msi=auto' in l]
    require(len(warnings) == 1 and 'Device or resource busy' in warnings[0],
            f'the warning: {warnings}')
    return remark


def check_shared():
    """Two devices share one line of the guest."""
    remark, _ = check(f'vfio-pci,host={DEVICE},x-prefer-msi=on', 'msi', 'q35',
                      more=['--host-device', 'edu',
                            '--host-cmd', f'lab_vfio_bind {NEXT}',
                            '--arg', f'-device vfio-pci,host={NEXT},'
                            'x-prefer-msi=on,addr=0x9'],
                      shared=True, second=True)
    return remark


def run_io(directory, data, prefer, more, slot):
    """Return QEMU's and Linux's lines; slot: of the network adapter."""
    disk = os.path.join(directory, 'disk')
    with open(os.path.join(directory, 'data'), 'wb') as file:
        file.write(data)
    with open(disk, 'wb') as file:
        file.write(data + bytes(len(data)))
    _, qemu = run(
        'pc', '--device-opts', 'x-vga=off',
        '--host-device', 'ich9-ahci,id=ahci',
        '--host-device', f'e1000e,netdev=net,addr={OTHER[8:10]}',
        '--host-arg', f'-netdev user,id=net,tftp={directory}',
        '--host-arg',
        f'-drive if=none,id=disk,snapshot=on,format=raw,file={disk}',
        '--host-arg', '-device ide-hd,bus=ahci.0,drive=disk',
        '--host-cmd', f'lab_vfio_bind {DEVICE}', *more,
        '--host-cmd', f'lab_vfio_bind {OTHER}',
        '--kernel', debian.kernel(), '--initrd', initramfs.io_initrd(),
        '--append', 'pci=nomsi console=ttyS0 no_timer_check',
        '--arg', '-serial stdio',
        '--arg', f'-device vfio-pci,host={DEVICE},x-prefer-msi={prefer},addr=5',
        '--arg',
        f'-device vfio-pci,host={OTHER},x-prefer-msi={prefer},addr={slot}',
        '--until', 'qemu:IO DONE')
    return qemu


def check_io(prefer, kinds, more=(), alone=False):
    """Real input and output arrives by the guest's line; kinds: the host's.

    alone: each device has its own line of the guest.
    """
    data = random.Random(9).randbytes(IO_BYTES)
    with tempfile.TemporaryDirectory(prefix='msi-') as directory:
        # Slots 5 and 9 share a line.
        qemu = run_io(directory, data, prefer, more, 6 if alone else 9)
    digest = hashlib.sha256(data).hexdigest()
    said = [line[3:] for line in qemu if line.startswith('IO ')]
    for name in ('first', 'second', 'received'):
        require(f'{name} {digest}' in said, f'{name} is not right: {said}')
    lines = [line for line in said if line.startswith('irq ')]
    both = [line for line in lines if 'ahci' in line and 'eth0' in line]
    require((len(lines), len(both)) == ((2, 0) if alone else (1, 1)),
            f'on other lines of the guest than alone={alone}: {said}')
    require(not any(line.startswith('trouble') for line in said), f'{said}')
    used = [line for line in qemu if re.match(r'irq +\d+: ', line)][-2:]
    for device, kind in zip((DEVICE, OTHER), kinds):
        require(any(re.search(rf'{NAMES[kind]}\({device}', line)
                    for line in used), f'{device} not by {kind}: {used}')
    return '\n'.join([*lines, *used])


def split_cases(alone):
    """With QEMU's IO-APIC, QEMU tells vfio of the guest's EOI."""
    kinds = {'off': ('intx', 'intx'), 'on': ('msi', 'msi'),
             'auto': ('intx', 'msi')}

    def case(prefer):
        more = SPLIT + (EXCLUSIVE if prefer == 'auto' else [])
        return lambda: check_io(prefer, kinds[prefer], more, alone)

    where = 'a line for each' if alone else 'on one line'
    return [(f'split irqchip, two devices {where}, prefer_msi={prefer}',
             case(prefer)) for prefer in kinds]


def cases(group):
    """Return the cases of a group."""
    vfio = f'vfio-pci,host={DEVICE}'
    return {
        'edu': [
            ('INTx on the host: prefer_msi=off',
             lambda: check(vfio, 'intx')[0]),
            ('MSI on the host: prefer_msi=on',
             lambda: check(vfio + ',x-prefer-msi=on', 'msi')[0]),
            ('the line is busy on the host: prefer_msi=auto', check_busy),
        ],
        'io': [
            ('AHCI and a network adapter, prefer_msi=off',
             lambda: check_io('off', ('intx', 'intx'))),
            ('AHCI and a network adapter, prefer_msi=on',
             lambda: check_io('on', ('msi', 'msi'))),
            ('AHCI and a network adapter, prefer_msi=auto, a line for one',
             lambda: check_io('auto', ('intx', 'msi'), EXCLUSIVE)),
        ],
        'split': split_cases(False),
        'split-alone': split_cases(True),
        'edu-more': [
            ('MSI on the host, two devices on a line of the guest, q35',
             check_shared),
            ('MSI on the host, EOI by access to a BAR',
             lambda: check(vfio + ',x-prefer-msi=on,x-no-kvm-intx=on',
                           'msi')[0]),
            ('the old command line',
             lambda: check(f'pci-assign,host={DEVICE[5:]},prefer_msi=on',
                           'msi')[0]),
        ],
    }[group]


if __name__ == '__main__':
    tap(cases(sys.argv[1]))
