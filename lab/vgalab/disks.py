# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that a guest boots: one sector, GRUB, a CD with ISOLINUX."""

import os
import shutil

from . import EnvironmentFault
from .debian import isolinux_packages, kernel
from .guest_code import assembled
from .initramfs import guest_initrd
from .programs import run
from .store import built, digest, staging

SECTOR = 512
PARTITION_START = 1024 * 1024
PARTITION_BYTES = 24 * 1024 * 1024

GRUB_MODULES = ('biosdisk', 'part_msdos', 'ext2', 'normal', 'linux',
                'linux16', 'echo', 'sleep', 'configfile', 'halt', 'reboot')
GRUB_EMBEDDED = 'set root=hd0,msdos1\nset prefix=($root)/grub\n' \
                'configfile $prefix/grub.cfg\n'
GRUB_CONFIG = '''
terminal_output console
set timeout={timeout}
menuentry "Linux on the assigned adapter" {{
    linux /vmlinuz console=tty0 nomodeset
    initrd /initrd
}}
menuentry "Reboot" {{
    reboot
}}
'''

ISOLINUX_MODULES = ('ldlinux', 'libcom32', 'libutil', 'menu', 'vesamenu')
ISOLINUX_CONFIG = '''
UI {menu}.c32
PROMPT 0
MENU TITLE Systems of this disc
{entries}
'''


def boot_sector(name):
    """Makes lab/guests/NAME.S the first sector of a small disk."""
    return assembled(name, 0x7c00, name + '.img',
                     lambda code: code.ljust(PARTITION_START, b'\0'))


def grub_directory():
    """Returns the directory of Debian's GRUB for BIOS machines."""
    path = '/usr/lib/grub/i386-pc'
    if not os.path.exists(os.path.join(path, 'boot.img')):
        raise EnvironmentFault(f'{path} is missing; run scripts/deps (Debian '
                               'package grub-pc-bin)')
    return path


def grub_disk(timeout):
    """Builds a disk that boots GRUB in text mode, with Linux in its menu.

    GRUB boots Linux after `timeout` seconds; with -1 it stays in the menu.
    """
    grub, initrd, vmlinuz = grub_directory(), guest_initrd(), kernel()

    def build(path):
        with staging() as tree:
            files = os.path.join(tree, 'files')
            os.makedirs(os.path.join(files, 'grub'))
            shutil.copy(vmlinuz, os.path.join(files, 'vmlinuz'))
            shutil.copy(initrd, os.path.join(files, 'initrd'))
            with open(os.path.join(files, 'grub', 'grub.cfg'), 'w',
                      encoding='utf-8') as file:
                file.write(GRUB_CONFIG.format(timeout=timeout))
            core, embedded, partition = (os.path.join(tree, n) for n in
                                         ('core', 'embedded', 'partition'))
            with open(embedded, 'w', encoding='utf-8') as file:
                file.write(GRUB_EMBEDDED)
            run(['grub-mkimage', '-O', 'i386-pc', '-d', grub, '-c', embedded,
                 '-p', '/grub', '-o', core, *GRUB_MODULES])
            run(['/sbin/mke2fs', '-q', '-t', 'ext2', '-d', files, partition,
                 f'{PARTITION_BYTES // 1024}k'])
            write_disk(path, os.path.join(grub, 'boot.img'), core, partition)

    # The initrd's name has its key, because its time is that of its last use.
    return built('grub.img', digest(grub, os.path.basename(initrd), vmlinuz,
                                    __file__, str(timeout)), build)


def write_disk(path, boot, core, partition):
    """Writes GRUB's boot sector and core, and one ext2 partition at 1 MiB.

    boot.img loads its second part from sector 1, where core.img is put, and
    grub-mkimage writes the length of core.img into its first sector: so a
    plain copy boots, as for a disk made by grub-bios-setup.
    """
    with open(path, 'wb') as disk:
        with open(boot, 'rb') as file:
            disk.write(file.read(SECTOR))
        with open(core, 'rb') as file:
            disk.write(file.read())
        first = PARTITION_START // SECTOR
        count = PARTITION_BYTES // SECTOR
        disk.seek(446)
        entry = bytes([0x80, 0, 2, 0, 0x83, 0, 2, 0]) \
            + first.to_bytes(4, 'little') + count.to_bytes(4, 'little')
        # boot.img has code for floppies where the other partition entries are.
        disk.write(entry + bytes(3 * len(entry)) + b'\x55\xaa')
        disk.seek(PARTITION_START)
        with open(partition, 'rb') as file:
            shutil.copyfileobj(file, disk)


def isolinux_disc(menu):
    """Builds a CD that boots ISOLINUX: `menu` shows text, `vesamenu` dots."""
    root = os.path.join(isolinux_packages(), 'root', 'usr', 'lib')
    entries = '\n'.join(f'LABEL {n}\n  MENU LABEL System number {n}\n'
                        f'  KERNEL system{n}' for n in range(1, 13))

    def build(path):
        with staging() as tree:
            shutil.copy(os.path.join(root, 'ISOLINUX', 'isolinux.bin'), tree)
            for module in ISOLINUX_MODULES:
                shutil.copy(os.path.join(root, 'syslinux', 'modules', 'bios',
                                         module + '.c32'), tree)
            with open(os.path.join(tree, 'isolinux.cfg'), 'w',
                      encoding='utf-8') as file:
                file.write(ISOLINUX_CONFIG.format(menu=menu, entries=entries))
            run(['xorriso', '-as', 'mkisofs', '-o', path, '-b', 'isolinux.bin',
                 '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '4',
                 '-boot-info-table', tree])

    return built('isolinux.iso', digest(root, menu, entries, __file__), build)
