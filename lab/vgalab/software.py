# SPDX-License-Identifier: GPL-2.0-or-later
"""Make guests from Debian's packages, for pictures: boot loaders and Linux."""

import os
import shutil

from . import xorg
from .debian import get_debs, kernel, one, unpacked
from .disks import PARTITION_BYTES, grub_directory, write_disk
from .initramfs import guest_initrd
from .programs import run
from .store import built, digest, staging

# Packages that the lab does not use otherwise
PACKAGES = ('isolinux', 'syslinux-common', 'ipxe', 'ovmf')
GRUB_MODULES = ('biosdisk', 'part_msdos', 'ext2', 'normal', 'test', 'true',
                'echo', 'configfile')
GRUB_GRAPHICS = ('video', 'font', 'gfxterm', 'gfxmenu', 'png')
GRUB_EMBEDDED = 'set root=hd0,msdos1\nset prefix=($root)/grub\n' \
                'configfile $prefix/grub.cfg\n'
GRUB_FONTS = '/usr/share/grub'
GRUB_MENU = '''
menuentry "The first of the entries" { true }
menuentry "The second" { true }
submenu "More of them" {
    menuentry "The only one below" { true }
}
'''
GRUB_COLORS = 'set menu_color_normal=yellow/blue\n' \
              'set menu_color_highlight=white/red\n' \
              'set color_normal=light-green/black\n' \
              'export menu_color_normal menu_color_highlight color_normal\n'
GRUB_THEMED = 'set theme=$prefix/theme.txt\n'


def grub_text(more=''):
    """Return a grub.cfg without a graphical terminal."""
    return (), 'terminal_output console\nset timeout=-1\n' + more + GRUB_MENU


def grub_graphics(driver, mode, more=GRUB_COLORS):
    """Return a grub.cfg with a graphical terminal and its driver's module."""
    return ((*GRUB_GRAPHICS, driver),
            f'loadfont $prefix/font.pf2\nset gfxmode={mode}\n'
            f'terminal_output gfxterm\nset timeout=-1\n{more}' + GRUB_MENU)


# For each disk the modules besides GRUB_MODULES, and grub.cfg; `vga` draws in
# mode 12h.
GRUB_CONFIGS = {
    'text': grub_text(), 'colors': grub_text(GRUB_COLORS),
    'planar': grub_graphics('vga', '640x480'),
    **{f'vbe-{mode}': grub_graphics('vbe', mode) for mode in (
        '640x480x16', '640x480x32', '800x600x16',
        '1024x768x16')},
    'cirrus': grub_graphics('video_cirrus', '640x480x16'),
    'theme': grub_graphics('vbe', '640x480x32', GRUB_THEMED),
}
GRUB_THEME = '''
desktop-color: "#204060"
title-text: ""
+ boot_menu {
    left = 10%  top = 20%  width = 80%  height = 50%
    item_color = "#c0c0ff"  selected_item_color = "#ffff80"
    item_height = 24  item_padding = 4  item_spacing = 8
}
+ label {
    left = 10%  top = 80%  text = "A line of text below the menu"
    color = "#80ff80"
}
'''
ISOLINUX_CONFIG = '''
PROMPT 1
TIMEOUT 0
DISPLAY message
DEFAULT menu
LABEL menu
    COM32 menu.c32
    APPEND menu.cfg
LABEL vesa
    COM32 vesamenu.c32
    APPEND menu.cfg
LABEL modes
    COM32 vesainfo.c32
'''
ISOLINUX_MENU = '''
MENU TITLE A menu with a title
MENU RESOLUTION 640 480
LABEL one
    MENU LABEL The ^first of the entries
    COM32 reboot.c32
LABEL two
    MENU LABEL The ^second
    COM32 reboot.c32
    TEXT HELP
This is what the second of them does,
in two lines.
    ENDTEXT
MENU SEPARATOR
MENU BEGIN more
    MENU TITLE More of them
    LABEL three
        MENU LABEL The ^only one below
        COM32 reboot.c32
MENU END
'''
# ^O and two digits choose the colours of the text.
ISOLINUX_MESSAGE = ''.join(
    f'\x0f{n:x}{15 - n:x} colour {n:x} on {15 - n:x} ' + ('\n' if n % 4 == 3
                                                        else '')
    for n in range(16)) + '\x0f07\n'
ISOLINUX_MODULES = ('ldlinux', 'libcom32', 'libutil', 'menu', 'vesamenu',
                    'vesainfo', 'reboot')


def packages():
    """Return the directory with the unpacked packages."""
    store = unpacked('software', ', '.join(PACKAGES),
                     lambda debs: get_debs(debs, *PACKAGES))
    return os.path.join(store, 'root')


def newer_memtest():
    """Return memtest86+ of the Debian release after the lab's."""
    store = unpacked('memtest', 'memtest86+ of trixie', lambda debs: get_debs(
        debs, 'memtest86+', suite='trixie'))
    return one(os.path.join(store, 'root', 'boot', 'memtest86+x64.bin'))


def ipxe():
    """Return iPXE, a Linux image for BIOS machines."""
    return one(os.path.join(packages(), 'boot', 'ipxe.lkrn'))


def ovmf():
    """Return UEFI firmware in one file."""
    return one(os.path.join(packages(), 'usr', 'share', 'ovmf', 'OVMF.fd'))


def ipxe_script(text):
    """Return an initramfs with iPXE's script."""
    return written('ipxe.txt', '#!ipxe\n' + text)


def written(name, text):
    """Return a file with that text."""
    def build(path):
        with open(path, 'w', encoding='latin-1') as file:
            file.write(text)

    return built(name, digest(text), build)


def grub(name):
    """Return a disk that boots GRUB with one of GRUB_CONFIGS."""
    directory, (modules, config) = grub_directory(), GRUB_CONFIGS[name]
    font = os.path.join(GRUB_FONTS, 'unicode.pf2')

    def build(path):
        with staging() as tree:
            files = os.path.join(tree, 'files', 'grub')
            os.makedirs(files)
            shutil.copy(one(font), os.path.join(files, 'font.pf2'))
            texts = {os.path.join(files, 'grub.cfg'): config,
                     os.path.join(files, 'theme.txt'): GRUB_THEME,
                     os.path.join(tree, 'embedded'): GRUB_EMBEDDED}
            for where, text in texts.items():
                with open(where, 'w', encoding='utf-8') as file:
                    file.write(text)
            core, partition = (os.path.join(tree, n)
                               for n in ('core', 'partition'))
            run(['grub-mkimage', '-O', 'i386-pc', '-d', directory, '-c',
                 os.path.join(tree, 'embedded'), '-p', '/grub', '-o', core,
                 *GRUB_MODULES, *modules])
            run(['/sbin/mke2fs', '-q', '-t', 'ext2', '-d',
                 os.path.dirname(files), partition,
                 f'{PARTITION_BYTES // 1024}k'])
            write_disk(path, os.path.join(directory, 'boot.img'), core,
                       partition)

    return built(f'grub-{name}.img', digest(directory, font, config,
                                            *modules, __file__), build)


def isolinux():
    """Return a CD that boots ISOLINUX: a prompt, menus, a list of modes."""
    root = packages()
    loader = one(os.path.join(root, 'usr/lib/ISOLINUX/isolinux.bin'))
    modules = os.path.join(root, 'usr/lib/syslinux/modules/bios')

    def build(path):
        with staging() as tree:
            shutil.copy(loader, tree)
            for name in ISOLINUX_MODULES:
                shutil.copy(os.path.join(modules, name + '.c32'), tree)
            for name, text in (('isolinux.cfg', ISOLINUX_CONFIG),
                               ('menu.cfg', ISOLINUX_MENU),
                               ('message', ISOLINUX_MESSAGE)):
                with open(os.path.join(tree, name), 'w',
                          encoding='latin-1') as file:
                    file.write(text)
            run(['xorriso', '-as', 'mkisofs', '-quiet', '-o', path, '-b',
                 'isolinux.bin', '-c', 'boot.cat', '-no-emul-boot',
                 '-boot-load-size', '4', '-boot-info-table', tree])

    return built('isolinux.iso', digest(loader, __file__), build)


def linux(append, *modules, below=None):
    """Return kernel, initrd and append of a Linux with a console."""
    return {'kernel': kernel(),
            'initrd': guest_initrd('guest-screen-init', modules, below),
            'append': f'quiet loglevel=0 console=tty0 no_timer_check {append}'}


def linux_and_x(append, *modules):
    """Return the same, with an X server on the adapter of the driver."""
    return linux(append, *modules, below=xorg.server())
