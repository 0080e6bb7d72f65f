#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Start the machines of other programs with the installed QEMU (TAP).

machines/NAME.args has the command line of one machine, with an option and its
value on each line. @DIR@ is a directory for sockets, @DISKS@ one for disks.
Each machine starts with the QEMU of `make install` and runs until its firmware
has read the boot sector of the disk. It is emulated, because KVM's features
differ from host to host. Then virsh is asked what that QEMU can do.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from bench import Bench, require, tap
from vgalab.debian import LIBVIRT_DRIVERS, libvirt_packages
from vgalab.paths import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
FULL = os.path.join(BUILD, 'qemu-full')
QEMU = os.path.join(FULL, 'qemu-system-x86_64')
DISKS = os.path.join(BUILD, 'tests', 'lab', 'machines')
BOOTED = 'the boot sector runs'
# Where `virsh domcapabilities` has a list, and what must be on it.
OFFERED = {
    "devices/graphics/enum[@name='type']":
        {'sdl', 'vnc', 'spice', 'egl-headless', 'dbus'},
    "devices/video/enum[@name='modelType']":
        {'vga', 'cirrus', 'vmvga', 'qxl', 'virtio', 'none', 'bochs', 'ramfb'},
    "devices/hostdev/enum[@name='subsysType']": {'usb', 'pci', 'scsi'},
    "devices/disk/enum[@name='bus']":
        {'fdc', 'scsi', 'virtio', 'usb', 'sata'},
    "devices/tpm/enum[@name='model']": {'tpm-tis', 'tpm-crb'},
    "devices/redirdev/enum[@name='bus']": {'usb'},
}
# This sector writes the text behind it to port 0x402, and halts.
#   cld; xor ax,ax; mov ds,ax; mov si,0x7c17; mov dx,0x402
#   1: lodsb; test al,al; je 2f; out dx,al; jmp 1b;  2: cli; hlt; jmp 2b
BOOT_SECTOR = bytes.fromhex('fc31c08ed8be177cba0204ac84c07403eeebf8faf4ebfc')


def make_disks():
    """Make the machines' disk, installation medium and key."""
    os.makedirs(DISKS, exist_ok=True)
    raw = os.path.join(DISKS, 'disk.raw')
    code = BOOT_SECTOR + BOOTED.encode() + b'\n\0'
    with open(raw, 'wb') as file:
        file.write(code.ljust(510, b'\0') + b'\x55\xaa')
        file.truncate(1 << 20)
    subprocess.run([os.path.join(FULL, 'qemu-img'), 'convert', '-O', 'qcow2',
                    raw, os.path.join(DISKS, 'disk.qcow2')], check=True)
    for name, size in (('install.iso', 1 << 16), ('master-key.aes', 32)):
        with open(os.path.join(DISKS, name), 'wb') as file:
            file.write(bytes(size))


def arguments(path, directory):
    """Return the options of a file, with their values."""
    with open(path, encoding='utf-8') as file:
        lines = [line.rstrip('\n').split(' ', 1) for line in file
                 if not line.startswith('#')]
    return [[word.replace('@DIR@', directory).replace('@DISKS@', DISKS)
             for word in line] for line in lines]


def emulated(option):
    """Return an option without the parts that need KVM."""
    return {'-accel': ['-accel', 'tcg'],
            '-cpu': ['-cpu', 'max']}.get(option[0], option)


def identifiers(options):
    """Return the ids of all devices that options make."""
    values = [o[1] for o in options if o[0] == '-device']
    return {m.group(1) for m in (re.search(r'[,{]"?id"?[=:]"?([\w.-]+)', v)
                                 for v in values) if m}


def starts(path):
    """A machine has its devices, and boots from its disk."""
    make_disks()
    with Bench() as bench:
        options = [emulated(o)
                   for o in arguments(path, bench.temporary.name)]
        qmp = bench.start(QEMU, 'machine', *bench.debug('machine'),
                          *[word for option in options for word in option])
        wanted = identifiers(options)
        require(len(wanted) > 8, f'{path} names hardly any device: {wanted}')
        there = {d['name'] for d in qmp.command('qom-list',
                                                path='/machine/peripheral')}
        require(wanted <= there, f'no device {sorted(wanted - there)}')
        if ['-S'] in options:
            require(qmp.command('query-status')['status'] == 'prelaunch',
                    'the machine does not wait for its manager')
            qmp.command('cont')
        bench.wait_for_line('machine.debug', BOOTED)
        require(any('vga-assign' in line
                    for line in bench.said('machine.debug')),
                'the firmware is not the series\' SeaBIOS')
        qmp.command('quit')
        bench.gone(qmp.process)
        require(qmp.process.returncode == 0,
                f'QEMU ended with {qmp.process.returncode}')


def virsh(*command):
    """Return the XML that Debian's virsh prints without a daemon."""
    root = os.path.join(libvirt_packages(), 'root')
    libraries = [os.path.join(root, d, 'x86_64-linux-gnu')
                 for d in ('usr/lib', 'lib')]
    # As root libvirt needs a user that its package would make.
    nobody = {'user': 65534, 'group': 65534, 'extra_groups': []}
    with tempfile.TemporaryDirectory(prefix='virsh-') as directory:
        os.chmod(directory, 0o777)
        done = subprocess.run(
            [os.path.join(root, 'lib64/ld-linux-x86-64.so.2'),
             '--library-path', ':'.join(libraries),
             os.path.join(root, 'usr/bin/virsh'), '-c',
             f'qemu:///embed?root={directory}/root', *command],
            env={'HOME': directory, 'LC_ALL': 'C', 'LIBVIRT_DRIVER_DIR':
                 os.path.dirname(os.path.join(root, LIBVIRT_DRIVERS))},
            capture_output=True, text=True, check=False, cwd=directory,
            **({} if os.getuid() else nobody))
        require(done.returncode == 0, f'virsh: {done.stderr.strip()}')
        return ET.fromstring(done.stdout)


def capabilities():
    """virsh offers what virt-manager looks for."""
    for machine in ('pc', 'q35'):
        found = virsh('domcapabilities', '--emulatorbin', QEMU, '--virttype',
                      'qemu', '--machine', machine)
        require(found.find('path').text == QEMU, 'another emulator answered')
        for path, wanted in OFFERED.items():
            there = {value.text for value in found.findall(path + '/value')}
            require(wanted <= there, f'{machine}: {path} lacks '
                    f'{sorted(wanted - there)}')


def main():
    """Run a case for each machine."""
    if not os.path.exists(os.path.join(FULL, 'qemu-img')):
        print('1..0 # SKIP build/qemu-full is not built: make qemu-full')
        return
    paths = sorted(glob.glob(os.path.join(HERE, 'machines', '*.args')))
    tap([(os.path.basename(path)[:-len('.args')],
          lambda path=path: starts(path)) for path in paths]
        + [('virsh domcapabilities', capabilities)])


if __name__ == '__main__':
    sys.exit(main())
