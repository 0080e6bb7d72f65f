# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of guests: how each is started, and its scenes."""

from typing import Callable, NamedTuple

import play                                 # makes vgalab known
from vgalab import debian, disks, software

MODELS = ('VGA', 'cirrus-vga', 'ati-vga')
MACHINES = ('pc', 'q35')
# For VBE modes the video BIOS of the other models needs ports besides the
# legacy ranges.
VBE = ('cirrus-vga', 'ati-vga')


class Scene(NamedTuple):
    """A picture on the screen, and how the guest gets there.

    keys: QEMU's names of keys, sent when the previous scene is quiet; said:
    what the guest says on the debug port or its serial port; text: what is on
    a text screen; size, colors: its dots, and its least number of colours;
    pictures: 2 if a cursor blinks.
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
    initrd: file, append: words}, perhaps with {bios: file}; engines: those
    with which it is served; lab: those with which it runs in the lab; short:
    the runs that are a part of `make check`; beside: an emulated adapter that
    the guest also has, in the slot before; starts_on_mine: whether firmware
    then starts on the adapter that is compared; legacy: whether the guest
    draws on that one by the legacy ranges.
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
    """Return scenes of a boot sector; a key leads from each to the next."""
    return tuple(Scene(name, keys=('ret',) if number else (),
                       said=play.WORD + name, **special.get(name, {}))
                 for number, name in enumerate(names))


def boot_sector(name):
    """Return a disk of lab/guests."""
    return lambda: {'disk': disks.boot_sector(name)}


def isolinux():
    """Return its CD."""
    return {'cdrom': software.isolinux()}


def grub(name, about, scenes, **others):
    """Return a guest with GRUB and one of its configurations."""
    return Guest(f'grub-{name}', f'GRUB, {about}',
                 lambda: {'disk': software.grub(name)}, scenes, **others)


def graphical(size):
    """Return the scenes of GRUB's menu on a graphical terminal."""
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
# On a served adapter each dot is a message, so the mode is small.
SMALL = 'video=640x480'
# The console is first on one adapter, and then on another.
SWITCHED = own(('before', 'colours', 'scrolled', 'region'))


def linux(name, about, append, *modules, scenes=CONSOLE,
          media=software.linux, **others):
    """Return a guest with Linux and its console on the display."""
    return Guest(f'linux-{name}', f'Linux, {about}',
                 lambda: media(append, *modules), scenes, **others)


def ipxe():
    """Return its image, and a script."""
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


def memtest(release, image):
    """Return a guest with memtest86+, up to its choice of tests.

    While the tests run the screen changes all the time. The guest's clock
    counts instructions, so that the program measures the same speed of the
    processor in each run, and its RAM is too small for the measurement of
    caches.
    """
    return Guest(
        f'memtest{release}', f'memtest86+ {release}, choice of tests',
        lambda: {'kernel': image(), 'icount': 'shift=4', 'm': '64',
                 'append': 'nosmp keyboard=both usbdebug'}, (
            Scene('scanned', text='Press any key', pictures=2),
            Scene('tests', ('ret', 'f1', 'f1'), text='Current selection'),
            Scene('none', ('f1',)),
            Scene('error', ('f10',), text='at least one test')))


SCENES = own(
    ('text', 'blinking', 'moved', '80x50', '80x43', '80x28', 'font', 'fonts',
     'split', 'panned', '160x100', 'mono', 'cga4', 'cga6', 'ega-panned',
     'write-modes', 'read-mode', 'mode13', 'page-0', 'page-1', 'changed',
     'restored', 'sums'),
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
    # On cirrus-vga the screen is black, with QEMU's release as well.
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
    memtest(6, debian.memtest), memtest(7, software.newer_memtest),
    linux('vgacon', 'vgacon', 'nomodeset', lab=('auto',),
          short=(('cirrus-vga', 'q35', 'served', 'auto'),)),
    # The cursor is below the cells, which have 8 lines.
    linux('vgacon-8x8', 'vgacon, 80x50', 'nomodeset vga=0xf01',
          scenes=CONSOLE[:-1]),
    linux('vesafb', 'vesafb, vga=785', 'nomodeset vga=785', adapters=VBE,
          lab=('auto',)),
    linux('bochs', 'bochs-drm', SMALL, 'bochs', adapters=('VGA',)),
    linux('cirrus', 'cirrus-drm', SMALL, 'cirrus', adapters=('cirrus-vga',)),
    linux('aty128fb', 'aty128fb', SMALL, 'aty128fb', adapters=('ati-vga',)),
    # OVMF has drivers of these two, which need no video BIOS.
    Guest('ovmf', 'OVMF, UEFI shell', lambda: {'bios': software.ovmf()}, (
        Scene('shell', said='startup.nsh'),
        Scene('version', (*'ver', 'ret'))), adapters=('VGA', 'cirrus-vga'),
        legacy=False),
    Guest('ovmf-linux', 'OVMF, Linux, efifb', lambda: {
        'bios': software.ovmf(), **software.linux('nomodeset')}, CONSOLE,
        adapters=('VGA', 'cirrus-vga'), legacy=False),
    # There are two adapters, one of them emulated.
    *(Guest(name, about, boot_sector('scenes'), SCENES, adapters=VBE,
            engines=('auto',), beside='VGA', starts_on_mine=mine,
            legacy=mine)
      for name, about, mine in (
          ('scenes-beside', 'ways of drawing on an emulated VGA', False),
          ('scenes-first', 'ways of drawing, an emulated VGA beside', True))),
    # Linux's driver of cirrus-vga needs an adapter that a video BIOS has set
    # up.
    linux('beside', 'vgacon on an emulated cirrus-vga, then bochs-drm',
          f'lab.first {SMALL}', 'bochs', scenes=SWITCHED, adapters=('VGA',),
          beside='cirrus-vga', legacy=False),
    linux('first', 'vgacon, then bochs-drm on an emulated VGA',
          f'lab.first {SMALL}', 'bochs', scenes=SWITCHED,
          adapters=('cirrus-vga',), beside='VGA', starts_on_mine=True),
    linux('x-beside', 'vgacon on an emulated cirrus-vga, Xorg by bochs-drm',
          SMALL, 'bochs', media=software.linux_and_x, adapters=('VGA',),
          engines=('auto',), beside='cirrus-vga', legacy=False),
    linux('x-first', 'vgacon, Xorg by bochs-drm on an emulated VGA',
          SMALL, 'bochs', media=software.linux_and_x,
          adapters=('cirrus-vga',), engines=('auto',), beside='VGA',
          starts_on_mine=True),
)
