#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's libvirtd with AppArmor, and the packaged emulator (TAP on stdout).

The emulated host gets what the packages of build/deb install, the profiles of
Debian's libvirt, and runs the package's own postinst.  Profiles are enforced.
Without the package's rules the same domain does not start.  By hand, as
`make deb` comes first.
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
# The lab looks into the guest by serial ports that libvirt does not know of,
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
    """Install a package's files by hand."""
    subprocess.run(['dpkg-deb', '-x', deb, tree], check=True)


def newest(name):
    """A package that make deb made."""
    found = sorted(glob.glob(os.path.join(DEBS, name + '_*.deb')))
    LAB.require(found, f'{DEBS} has no {name}; run make deb')
    return found[-1]


def libraries(tree):
    """What the programs of a tree are linked with, from this machine."""
    for path in glob.glob(tree + '/usr/lib/qemu-vga-assign/bin/qemu-system-*') \
            + glob.glob(tree + '/usr/bin/vga-assign'):
        said = subprocess.run(['ldd', path], capture_output=True, text=True,
                              check=True).stdout
        for library in re.findall(r'(/\S+)', said):
            os.makedirs(tree + os.path.dirname(library), exist_ok=True)
            shutil.copy(library, tree + library)


@functools.cache
def host_tree():
    """All that the host has beyond what the lab's libvirt gives it."""
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
    # The firmware is the package's.
    domain = re.sub(r"<qemu:arg value='-L'/>.*\n", '\n', domain)
    os.makedirs(tree + '/lab')
    with open(tree + '/lab/base.xml', 'w', encoding='utf-8') as file:
        file.write(domain)
    return tree


def run(name, before, **options):
    """A domain on the host, with something done before the postinst."""
    return LAB.Lab(
        name, '--adapter', 'VGA', '--adapter', 'cirrus-vga', '--guest',
        'linux', '--seconds', '600', '--libvirt', '/lab/domain.xml', '--tree',
        host_tree(), '--host-cmd', SETUP % before, **options)


@functools.cache
def confined():
    """The run with the package as it is."""
    return run('apparmor', ':', until=LIBVIRT.READY)


def text_on_adapter():
    """The guest runs, with the package's SeaBIOS."""
    lab = confined()
    screen = lab.read('adapter1.txt')
    for text in (LIBVIRT.READY, 'on the assigned adapter', 'boot_vga 1'):
        LAB.require(text in screen, f'"{text}" is not on the screen')
    LAB.require('vga-assign' in lab.read('guest.log'),
                'SeaBIOS is not the package\'s')


def enforced():
    """Both programs were in profiles that are enforced."""
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
    """The same without the package's file: AppArmor refuses the emulator."""
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
