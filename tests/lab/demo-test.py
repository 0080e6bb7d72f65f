#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make demo HOST=` says is missing, on imitations of sysfs (TAP)."""

import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CARD, SOUND, BRIDGE = '0000:01:00.0', '0000:01:00.1', '0000:00:01.0'


class Machine:
    """A machine on which nothing is missing, until a case takes it away."""

    def __init__(self, root):
        self.sys = os.path.join(root, 'sys')
        self.dev = os.path.join(root, 'dev')
        self.devices = os.path.join(self.sys, 'bus', 'pci', 'devices')
        self.device(CARD, '0x030000', 'vfio-pci')
        self.device(SOUND, '0x040300', 'vfio-pci')
        self.device(BRIDGE, '0x060400', 'pcieport')
        self.parameters = os.path.join(self.sys, 'module', 'vfio_pci',
                                       'parameters')
        self.write(os.path.join(self.parameters, 'disable_vga'), 'N\n')
        self.write(os.path.join(self.dev, 'vfio', '7'), '')
        self.write(os.path.join(self.dev, 'kvm'), '')

    @staticmethod
    def write(path, text):
        """A file with its directories."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def device(self, address, device_class, driver):
        """A PCI device in IOMMU group 7."""
        path = os.path.join(self.devices, address)
        self.write(os.path.join(path, 'class'), device_class + '\n')
        self.link(address, 'driver', driver)
        group = os.path.join(self.sys, 'kernel', 'iommu_groups', '7')
        self.write(os.path.join(group, 'devices', address), '')
        self.link(address, 'iommu_group', '7')

    def link(self, address, name, target):
        """A link of a device; None takes it away."""
        path = os.path.join(self.devices, address, name)
        if os.path.islink(path):
            os.unlink(path)
        if target:
            os.symlink(os.path.join('..', target), path)

    def demo(self, address=CARD):
        """(exit status, what it said) of the demo."""
        done = subprocess.run(
            [os.path.join(TOP, 'lab', 'demo'), '--host', address, '--out',
             os.path.join(self.dev, 'out')], capture_output=True, text=True,
            check=False, env=dict(os.environ, VGA_ASSIGN_SYSFS=self.sys,
                                  VGA_ASSIGN_DEV=self.dev,
                                  # No QEMU there: nothing may start here.
                                  VGA_ASSIGN_BUILD=self.dev))
        return done.returncode, done.stderr


def no_iommu(machine):
    for address in (CARD, SOUND, BRIDGE):
        machine.link(address, 'iommu_group', None)


CASES = {
    'not a VGA adapter': (
        lambda m: m.write(os.path.join(m.devices, CARD, 'class'), '0x020000'),
        'has class 0x020000'),
    'IOMMU off': (no_iommu, 'the IOMMU is off'),
    'adapter with another driver': (
        lambda m: m.link(CARD, 'driver', 'nouveau'),
        'is bound to nouveau; type: modprobe vfio-pci'),
    'adapter without a driver': (
        lambda m: m.link(CARD, 'driver', None), 'is bound to no driver'),
    'group with a foreign driver': (
        lambda m: m.link(SOUND, 'driver', 'snd_hda_intel'),
        f'{SOUND} in the same IOMMU group 7 is bound to snd_hda_intel'),
    'disable_vga': (
        lambda m: m.write(os.path.join(m.parameters, 'disable_vga'), 'Y\n'),
        'loaded with disable_vga=1'),
    'no CONFIG_VFIO_PCI_VGA': (
        lambda m: os.unlink(os.path.join(m.parameters, 'disable_vga')),
        'has no CONFIG_VFIO_PCI_VGA'),
    'no group node': (
        lambda m: os.unlink(os.path.join(m.dev, 'vfio', '7')),
        'vfio/7 cannot be opened'),
    'no KVM': (lambda m: os.unlink(os.path.join(m.dev, 'kvm')),
               'kvm cannot be opened'),
}


def main():
    """Each lack alone: one line names it, and only it."""
    print(f'1..{len(CASES) + 3}')
    results = []
    for name, (take_away, text) in CASES.items():
        with tempfile.TemporaryDirectory() as root:
            machine = Machine(root)
            take_away(machine)
            status, said = machine.demo()
            problems = [l for l in said.splitlines() if l.startswith('  - ')]
            results.append((name, status == 4 and len(problems) == 1
                            and text in problems[0], said))
    with tempfile.TemporaryDirectory() as root:
        machine = Machine(root)
        status, said = machine.demo('0000:02:00.0')
        results.append(('no such device', status == 4
                        and 'no PCI device 0000:02:00.0' in said, said))
        status, said = machine.demo('01:00.0')
        results.append(('short address', status == 2
                        and '0000:01:00.0' in said, said))
        status, said = machine.demo()
        results.append(('nothing is missing but QEMU', status == 4
                        and 'run make qemu' in said, said))
    for number, (name, good, said) in enumerate(results, 1):
        print(f'{"" if good else "not "}ok {number} - {name}')
        if not good:
            print('\n'.join(f'# {line}' for line in said.splitlines()))
    sys.exit(0)


if __name__ == '__main__':
    main()
