#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's libvirtd with AppArmor, and the packaged emulator (TAP on stdout).

The emulated host gets what the packages of build/deb install and the profiles
of Debian's libvirt, which are enforced, and runs the package's own postinst.
Without the package's rules the same domain does not start. The test is run by
hand, because it needs `make deb`.
"""

import functools
import glob
import os
import re
import shutil
import subprocess

LIBVIRT = __import__('libvirt-test')
LAB = LIBVIRT.LAB
HERE = os.path.dirname(os.path.abspath(__file__))
DEBS = os.environ.get('VGA_ASSIGN_DEBS', os.path.join(LAB.BUILD, 'deb'))
EMULATOR = '/usr/bin/qemu-system-x86_64-vga-assign'
RULES = '/etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-vga-assign'
# The lab looks into the guest through serial ports that libvirt does not know,
# and the adapter's VBIOS lies where Debian's profile lets guests read.
PORTS = '/dev/ttyS[23] rw,'
ROM = '/usr/share/vgabios/vga.rom'
SETUP = f'''
lab_load cirrus
lab_adapters
mkdir -p {os.path.dirname(ROM)} /etc/apparmor.d/local/abstractions
touch /etc/apparmor.d/local/usr.sbin.libvirtd \\
    /etc/apparmor.d/local/usr.lib.libvirt.virt-aa-helper
echo '{PORTS}' > /etc/apparmor.d/local/abstractions/libvirt-qemu
%s
sh /postinst configure
{{ vga-assign rom dump {LIBVIRT.BDF} -o {ROM} &&
  vga-assign xml {LIBVIRT.BDF} --romfile {ROM} --domain /lab/base.xml --full \\
      --emulator {EMULATOR} |
  sed "s,<qemu:property name='x-vga' .*,&<qemu:property name='x-vga-arbiter' \\
type='bool' value='true'/>," > /lab/domain.xml; }} 2>&1 |
while read -r line; do event "qemu vga-assign: $line"; done
'''


def unpack(deb, tree):
    """Unpack a package's files without installing it."""
    subprocess.run(['dpkg-deb', '-x', deb, tree], check=True)


def newest(name):
    """Return the newest package of that name that make deb made."""
    found = sorted(glob.glob(os.path.join(DEBS, name + '_*.deb')))
    LAB.require(found, f'{DEBS} has no {name}; run make deb')
    return found[-1]


def libraries(tree):
    """Copy the libraries that a tree's programs need, from this machine."""
    for path in glob.glob(tree + '/usr/lib/qemu-vga-assign/bin/qemu-system-*') \
            + glob.glob(tree + '/usr/bin/vga-assign'):
        said = subprocess.run(['ldd', path], capture_output=True, text=True,
                              check=True).stdout
        for library in re.findall(r'(/\S+)', said):
            os.makedirs(tree + os.path.dirname(library), exist_ok=True)
            shutil.copy(library, tree + library)


@functools.cache
def host_tree():
    """Return what the host has in addition to the lab's libvirt."""
    tree = os.path.join(LAB.BUILD, 'tests', 'lab', 'apparmor-tree')
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    store = os.path.join(LAB.BUILD, 'lab', 'apparmor')
    done = subprocess.run(
        [os.path.join(LAB.TOP, 'scripts', 'debs'), store, 'bookworm',
         'apparmor', 'libvirt-daemon-system'], capture_output=True, text=True,
        check=True)
    debian = os.path.join(store, 'root')
    for deb in done.stdout.split():
        unpack(deb, debian)
    for name in ('etc/apparmor.d', 'etc/apparmor', 'sbin',
                 'usr/share/apparmor-features'):
        shutil.copytree(os.path.join(debian, name), os.path.join(tree, name))
    for name in ('qemu-vga-assign', 'vga-assign'):
        unpack(newest(name), tree)
    shutil.rmtree(os.path.join(tree, 'usr/share/doc'), ignore_errors=True)
    subprocess.run(['dpkg-deb', '-e', newest('qemu-vga-assign'), tree + '/e'],
                   check=True)
    os.rename(tree + '/e/postinst', tree + '/postinst')
    shutil.rmtree(tree + '/e')
    libraries(tree)
    with open(os.path.join(HERE, 'libvirt-domain.xml'),
              encoding='utf-8') as file:
        domain = file.read()
    # The package brings the firmware.
    domain = re.sub(r"<qemu:arg value='-L'/>.*\n", '\n', domain)
    os.makedirs(tree + '/lab')
    with open(tree + '/lab/base.xml', 'w', encoding='utf-8') as file:
        file.write(domain)
    return tree


def run(name, before, **options):
    """Run a domain on the host, after doing something before the postinst."""
    return LAB.Lab(
        name, '--adapter', 'VGA', '--adapter', 'cirrus-vga', '--guest',
        'linux', '--seconds', '600', '--libvirt', '/lab/domain.xml', '--tree',
        host_tree(), '--host-cmd', SETUP % before, **options)


@functools.cache
def confined():
    """Return the run with the package as it is."""
    return run('apparmor', ':', until=LIBVIRT.READY)


def text_on_adapter():
    """The guest runs with the package's SeaBIOS."""
    lab = confined()
    screen = lab.read('adapter1.txt')
    for text in (LIBVIRT.READY, 'on the assigned adapter', 'boot_vga 1'):
        LAB.require(text in screen, f'"{text}" is not on the screen')
    LAB.require('vga-assign' in lab.read('guest.log'),
                'SeaBIOS is not the package\'s')


def enforced():
    """Both programs were in enforced profiles."""
    log = confined().read('qemu.log')
    for program, profile in (('libvirtd', r'libvirtd'),
                             ('qemu-system-x86_64', r'libvirt-[0-9a-f-]{36}')):
        LAB.require(re.search(rf'profile of {program}: {profile} \(enforce\)',
                              log), f'{program} is not confined: {log}')


def arbiter():
    """x-vga-arbiter=on opened /dev/vga_arbiter."""
    native = confined().read('qemu.log')
    LAB.require('x-vga-arbiter' in native, 'the property was not set')
    LAB.require(confined().result['counters'].get('arbiter_holds', 0) > 0,
                'the arbiter was never held')


def without_rules():
    """Without the package's file AppArmor refuses the emulator."""
    lab = run('apparmor-without', f'rm {RULES}', until=LIBVIRT.READY, status=1)
    log = lab.read('qemu.log')
    LAB.require('ermission denied' in log, f'it was not AppArmor: {log}')


LAB.GROUPS['apparmor'] = [
    ('a domain on the packaged emulator shows its text', text_on_adapter),
    ('libvirtd and the guest are confined', enforced),
    ('the host\'s arbiter can be opened', arbiter),
    ('without the package\'s rules it does not start', without_rules),
]

if __name__ == '__main__':
    LAB.main()
