#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a libvirt domain whose <hostdev> vga-assign wrote (TAP on stdout).

The emulated host runs Debian's libvirtd with the patched QEMU as <emulator>.
Its adapter has its own driver (cirrus) before. With managed='yes' libvirt
takes the adapter from this driver and has to give it back.
"""

import functools
import os
import re
import subprocess

LAB = __import__('lab-test')
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(LAB.BUILD, 'tests', 'tools', 'vga-assign', 'vga-assign')
BDF = '0000:02:00.0'
READY = 'LAB GUEST READY'
# What a person types on the host: first a pristine ROM, then the XML.
COMMANDS = f'''
lab_load cirrus
lab_adapters
mkdir -p /roms
{{ vga-assign rom dump {BDF} -o /roms/vga.rom &&
  vga-assign xml {BDF} --romfile /roms/vga.rom --domain /lab/base.xml --full \
      > /lab/domain.xml; }} 2>&1 | while read -r line; do
    event "qemu vga-assign: $line"; done
'''


def program_files(path):
    """Return --file arguments for a program and its libraries."""
    listing = subprocess.run(['ldd', path], capture_output=True, text=True,
                             check=True).stdout
    libraries = re.findall(r'(/\S+)', listing)
    return [argument for source, target in
            [(path, '/usr/bin/' + os.path.basename(path))] +
            [(library, library) for library in libraries]
            for argument in ('--file', f'{source}:{target}')]


@functools.cache
def managed_domain():
    """Run the domain that the tool writes, once for all cases."""
    return LAB.Lab(
        'libvirt', '--adapter', 'VGA', '--adapter', 'cirrus-vga',
        '--guest', 'linux', '--seconds', '300', '--libvirt',
        '/lab/domain.xml', '--file',
        os.path.join(HERE, 'libvirt-domain.xml') + ':/lab/base.xml',
        *program_files(TOOL), '--host-cmd', COMMANDS, until=READY)


def text_on_adapter():
    """The domain is valid by libvirt's schema, starts, and shows text."""
    lab = managed_domain()
    screen = lab.read('adapter1.txt')
    for text in (READY, 'on the assigned adapter', 'boot_vga 1'):
        LAB.require(text in screen, f'"{text}" is not on the screen')
    LAB.require(lab.qemu_log('domain guest: running'),
                'libvirt does not say that the domain runs')
    LAB.require(lab.result['adapters'][0]['text_unchanged'],
                'the host\'s own screen changed')
    LAB.require(lab.result['counters']['region_failures'] == 0,
                'accesses failed, or nobody counted')


def native_arguments():
    """domxml-to-native has the adapter with its ROM, as the XML says."""
    log = managed_domain().read('qemu.log')
    native = re.search(r'^native (.+)$', log, re.M)
    LAB.require(native, f'no command line in: {log}')
    for text in ('vfio-pci', BDF, '/roms/vga.rom'):
        LAB.require(text in native.group(1),
                    f'"{text}" is not in: {native.group(1)}')


def given_back():
    """managed='yes': the previous driver has the adapter again."""
    card = managed_domain().result['adapters'][1]
    LAB.require(card['driver'] == 'cirrus',
                f'{card["driver"]} had the adapter before')
    LAB.require(card['driver_afterwards'] == 'cirrus',
                f'{card["driver_afterwards"]} has the adapter afterwards')


LAB.GROUPS['libvirt'] = [
    ('a managed domain shows its text on the adapter', text_on_adapter),
    ('its native command line', native_arguments),
    ('the adapter goes back to its driver', given_back),
]

if __name__ == '__main__':
    LAB.main()
