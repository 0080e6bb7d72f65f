# SPDX-License-Identifier: GPL-2.0-or-later
"""Which guests there are, how each is started, and its scenes."""

from typing import Callable, NamedTuple

import play                                 # makes vgalab known
from vgalab import disks, software

MODELS = ('VGA', 'cirrus-vga', 'ati-vga')
MACHINES = ('pc', 'q35')
# The others' video BIOS needs ports beside the legacy ranges for VBE modes.
VBE = ('cirrus-vga', 'ati-vga')


class Scene(NamedTuple):
    """What is on the screen, and what leads there.

    keys: QEMU's names of them, sent when the scene before it is quiet; said:
    what the guest says on the debug port or its serial port; text: what is on a
    text screen; size, colors: its dots, and how many colours it has at least;
    pictures: 2 where a cursor blinks.
    """
    name: str
    keys: tuple = ()
    said: str = ''
    text: str = ''
    size: tuple = ()
    colors: int = 2
    pictures: int = 1


class Guest(NamedTuple):
    """A guest: what it is, what it boots, and its scenes in their order.

    media: a function that makes {disk or cdrom: file}, or {kernel: file,
    initrd: file, append: words}, perhaps with {bios: file}; engines: while it is
    served; lab: the same in the lab, where it runs there; short: where it is a
    part of `make check`; beside: an emulated adapter that the guest has as well,
    in the slot before; then starts_on_mine says that firmware starts on the one
    that is compared; legacy: whether it draws on that by the legacy ranges.
    """
    name: str
    about: str
    media: Callable
    scenes: tuple
    adapters: tuple = MODELS
    machines: tuple = MACHINES
    engines: tuple = ('auto', 'forward')
    short: tuple = ()
    lab: tuple = ()
    beside: str = ''
    starts_on_mine: bool = False
    legacy: bool = True


def own(names, **special):
    """Scenes of a boot sector of our own, each a key further."""
    return tuple(Scene(name, keys=('ret',) if number else (),
                       said=play.WORD + name, **special.get(name, {}))
                 for number, name in enumerate(names))


def boot_sector(name):
    """A disk of lab/guests."""
    return lambda: {'disk': disks.boot_sector(name)}


def isolinux():
    """Its CD."""
    return {'cdrom': software.isolinux()}


def grub(name, about, scenes, **others):
    """GRUB with one of its configurations."""
    return Guest(f'grub-{name}', f'GRUB, {about}',
                 lambda: {'disk': software.grub(name)}, scenes, **others)


def graphical(size):
    """Scenes of GRUB's menu on a graphical terminal."""
    return (Scene('menu', size=size), Scene('second', ('down',), size=size),
            Scene('submenu', ('down', 'ret'), size=size),
            Scene('console', ('c',), size=size))


GRUB_TEXT = (Scene('menu', text='GNU GRUB'), Scene('second', ('down',)),
             Scene('editor', ('e',), text='setparams', pictures=2),
             Scene('back', ('esc',)),
             Scene('submenu', ('down', 'ret'), text='only one below'),
             Scene('console', ('c',), text='grub>', pictures=2),
             Scene('help', (*'help', 'ret'), pictures=2))
CONSOLE = own(('colours', 'scrolled', 'region', 'cursor'),
              cursor={'pictures': 2})
# Each dot of a larger mode is a message to a server.
SMALL = 'video=640x480'
# With the console on one adapter, and then on another
SWITCHED = own(('before', 'colours', 'scrolled', 'region'))


def linux(name, about, append, *modules, scenes=CONSOLE, **others):
    """Linux with its console on the display."""
    return Guest(f'linux-{name}', f'Linux, {about}',
                 lambda: software.linux(append, *modules), scenes, **others)


def ipxe():
    """Its image, and a script."""
    return {'kernel': software.ipxe(), 'initrd': software.ipxe_script('''
menu Some entries
item one The first of them
item two The second
item --gap -- A line between
item three The third
choose chosen ||
config ||
shell
''')}


SCENES = own(
    ('text', 'blinking', 'moved', '80x50', '80x28', 'font', 'fonts', 'split',
     'panned', '160x100', 'mono', 'cga4', 'cga6', 'ega-panned', 'write-modes',
     'read-mode', 'mode13', 'page-0', 'page-1', 'changed', 'restored', 'sums'),
    blinking={'pictures': 2})
GUESTS = (
    Guest('scenes', 'ways of drawing', boot_sector('scenes'), SCENES,
        engines=('auto', 'forward', 'combine', 'copy', 'chain4', 'planes'),
        short=(('cirrus-vga', 'pc', 'served', 'auto'),),
        lab=('auto', 'forward')),
    Guest('vbe', 'banks of VBE modes', boot_sector('vbe'), own(
        ('by-interrupt', 'by-call', 'mirror', '16-bits', '800')),
        adapters=('cirrus-vga',),
        engines=('auto', 'forward', 'combine', 'copy', 'chain4', 'planes'),
        lab=('auto', 'forward')),
    grub('text', 'text', GRUB_TEXT, short=(('VGA', 'pc', 'served', 'auto'),),
         lab=('auto',)),
    grub('colors', 'text in colours', GRUB_TEXT[:3]),
    grub('planar', 'mode 12h', graphical((640, 480)), lab=('auto',)),
    # On cirrus-vga the same is black, also of the release of QEMU
    *(grub(f'vbe-{mode}', f'VBE {mode}', graphical(size), adapters=('ati-vga',))
      for mode, size in (
          ('640x480x16', (640, 480)), ('640x480x32', (640, 480)),
          ('800x600x16', (800, 600)), ('1024x768x16', (1024, 768)))),
    grub('theme', 'a theme, VBE 640x480x32', graphical((640, 480))[:2],
         adapters=('ati-vga',)),
    grub('cirrus', 'its driver of cirrus-vga', graphical((640, 479)),
         adapters=('cirrus-vga',)),
    Guest('isolinux', 'ISOLINUX, prompt and menu', isolinux, (
        Scene('prompt', text='boot:', pictures=2),
        Scene('menu', (*'menu', 'ret'), text='A menu with a title'),
        Scene('second', ('down',)),
        Scene('edited', ('tab',), pictures=2)),
        short=(('ati-vga', 'q35', 'served', 'auto'),), lab=('auto',)),
    Guest('isolinux-vesa', 'ISOLINUX, vesamenu', isolinux, (
        Scene('prompt', text='boot:', pictures=2),
        Scene('menu', (*'vesa', 'ret'), size=(640, 480), colors=5),
        Scene('second', ('down',))), adapters=VBE, lab=('auto',)),
    Guest('isolinux-modes', 'ISOLINUX, vesainfo', isolinux, (
        Scene('prompt', text='boot:', pictures=2),
        Scene('modes', (*'modes', 'ret'), pictures=2)), adapters=VBE),
    Guest('ipxe', 'iPXE, menu, settings and shell', ipxe, (
        Scene('menu', text='Some entries'), Scene('second', ('down',)),
        Scene('settings', ('esc',), text='iPXE configuration'),
        Scene('shell', ('ctrl-x',), text='iPXE>', pictures=2)),
        lab=('auto',)),
    linux('vgacon', 'vgacon', 'nomodeset', lab=('auto',),
          short=(('cirrus-vga', 'q35', 'served', 'auto'),)),
    # Its cursor is below the cells of 8 lines.
    linux('vgacon-8x8', 'vgacon, 80x50', 'nomodeset vga=0xf01',
          scenes=CONSOLE[:-1]),
    linux('vesafb', 'vesafb, vga=785', 'nomodeset vga=785', adapters=VBE,
          lab=('auto',)),
    linux('bochs', 'bochs-drm', SMALL, 'bochs', adapters=('VGA',)),
    linux('cirrus', 'cirrus-drm', SMALL, 'cirrus', adapters=('cirrus-vga',)),
    linux('aty128fb', 'aty128fb', SMALL, 'aty128fb', adapters=('ati-vga',)),
    # OVMF has a driver of these two, which needs no video BIOS.
    Guest('ovmf', 'OVMF, UEFI shell', lambda: {'bios': software.ovmf()}, (
        Scene('shell', said='startup.nsh'),
        Scene('version', (*'ver', 'ret'))), adapters=('VGA', 'cirrus-vga'),
        legacy=False),
    Guest('ovmf-linux', 'OVMF, Linux, efifb', lambda: {
        'bios': software.ovmf(), **software.linux('nomodeset')}, CONSOLE,
        adapters=('VGA', 'cirrus-vga'), legacy=False),
    # Two adapters, of which one is emulated
    *(Guest(name, about, boot_sector('scenes'), SCENES, adapters=VBE,
            engines=('auto',), beside='VGA', starts_on_mine=mine,
            legacy=mine)
      for name, about, mine in (
          ('scenes-beside', 'ways of drawing on an emulated VGA', False),
          ('scenes-first', 'ways of drawing, an emulated VGA beside', True))),
    # Linux' driver of cirrus-vga lights only what a video BIOS has set up.
    linux('beside', 'vgacon on an emulated cirrus-vga, then bochs-drm',
          f'lab.first {SMALL}', 'bochs', scenes=SWITCHED, adapters=('VGA',),
          beside='cirrus-vga', legacy=False),
    linux('first', 'vgacon, then bochs-drm on an emulated VGA',
          f'lab.first {SMALL}', 'bochs', scenes=SWITCHED,
          adapters=('cirrus-vga',), beside='VGA', starts_on_mine=True),
)
