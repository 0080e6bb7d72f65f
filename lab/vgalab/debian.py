# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's packages, from which the emulated host and the guests are made."""

import glob
import os
import shutil

from . import EnvironmentFault
from .paths import BUILD, TOP
from .programs import run
from .store import only_one, say

# The lab uses one release of Debian, whatever the machine runs.
SUITE = 'bookworm'

LIBVIRT_PACKAGES = ('libvirt-daemon', 'libvirt-daemon-driver-qemu',
                    'libvirt-clients')
LIBVIRT_LEFT_OUT = ('usr/share/doc', 'usr/share/man', 'usr/share/locale',
                    'usr/lib/x86_64-linux-gnu/gconv')
# The other connection drivers look for programs that the lab does not have.
LIBVIRT_DRIVERS = 'usr/lib/x86_64-linux-gnu/libvirt/connection-driver/*'
LIBVIRT_DRIVER = 'libvirt_driver_qemu.so'

# A disc with ISOLINUX is made from these.
ISOLINUX_PACKAGES = ('isolinux', 'syslinux-common')


def get_debs(directory, *packages, options=(), suite=SUITE):
    """Fetches packages of the lab's suite or another one, by scripts/debs."""
    run([os.path.join(TOP, 'scripts', 'debs'), *options, directory, suite,
         *packages])


def unpacked(name, about, get, trim=None):
    """Returns build/lab/NAME, whose `root` has what get(DIR) fetches, unpacked.

    trim(root) may remove what the lab does not need.
    """
    store = os.path.join(BUILD, 'lab', name)
    root = os.path.join(store, 'root')
    ready = os.path.join(store, 'ready')
    with only_one():
        if os.path.exists(ready):
            return store
        say(f'getting Debian packages ({about})')
        shutil.rmtree(store, ignore_errors=True)
        debs = os.path.join(store, 'debs')
        os.makedirs(debs)
        get(debs)
        for deb in glob.glob(os.path.join(debs, '*.deb')):
            run(['dpkg-deb', '-x', deb, root])
        shutil.rmtree(debs)
        if trim:
            trim(root)
        with open(ready, 'w', encoding='utf-8'):
            pass
    return store


def trim_libvirt(root):
    """Removes what a domain of QEMU does not need from libvirt's packages."""
    for directory in LIBVIRT_LEFT_OUT:
        shutil.rmtree(os.path.join(root, directory), ignore_errors=True)
    for path in glob.glob(os.path.join(root, LIBVIRT_DRIVERS)):
        if os.path.basename(path) != LIBVIRT_DRIVER:
            os.unlink(path)


def libvirt_packages():
    """Returns a directory with libvirtd, virsh and all they need."""
    return unpacked('libvirt', 'libvirt', lambda debs: get_debs(
        debs, *LIBVIRT_PACKAGES, options=['--with-dependencies']),
                    trim_libvirt)


def get_lab(debs):
    """Fetches the lab's packages, with the kernel that the suite has today."""
    get_debs(debs, 'linux-image-amd64', 'busybox-static', 'memtest86+')
    # The metapackage names the kernel.
    meta, = glob.glob(os.path.join(debs, 'linux-image-amd64_*.deb'))
    depends = run(['dpkg-deb', '-f', meta, 'Depends'], text=True).stdout
    get_debs(debs, depends.split()[0].rstrip(','))


def packages():
    """Returns the directory with the lab's unpacked packages."""
    return unpacked('packages', 'kernel, busybox, memtest86+', get_lab)


def isolinux_packages():
    """Returns the directory with ISOLINUX's unpacked packages."""
    return unpacked('isolinux', 'isolinux', lambda debs: get_debs(
        debs, *ISOLINUX_PACKAGES))


def one(pattern):
    """Returns the path that matches, the last one if there are several."""
    found = sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise EnvironmentFault(f'{pattern} not found in the lab\'s packages; '
                               'remove build/lab and run again')
    return found[-1]


def kernel():
    """Returns the kernel of host and guest."""
    return one(os.path.join(packages(), 'root', 'boot', 'vmlinuz-*'))


def memtest():
    """Returns memtest86+, which a BIOS machine boots like Linux."""
    return one(os.path.join(packages(), 'root', 'boot', 'memtest86+x64.bin'))
