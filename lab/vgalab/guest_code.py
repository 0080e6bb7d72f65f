# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that a guest runs, compiled or assembled from lab/guests."""

import glob
import os

from .paths import LAB
from .programs import run
from .store import built, digest, staging

BARE = ('-m32', '-ffreestanding', '-fno-pic', '-no-pie', '-static',
        '-nostdlib', '-fno-stack-protector',
        '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none', '-Wl,-N',
        '-Wl,--no-warn-rwx-segments', '-Wl,--section-start=.multiboot=0x100000',
        '-Wl,-Ttext=0x100010')

# The PCI side of a PAM segment looks like this; lab/guests/firmware.inc has
# the same for the last segment.
PCI_PAGE = 16384
PCI_PATTERN = 0xa0
PCI_ROUTINE = 0x100


def guest_program(name):
    """Compiles lab/guests/NAME.c for a guest that has no libraries."""
    return compiled(name, '-static')


def bare_guest(name):
    """Compiles lab/guests/NAME.c to a Multiboot image, which needs no Linux.

    The header is an ELF section of its own, as it must come first in the file.
    """
    return compiled(name, *BARE)


def compiled(name, *options):
    """Compiles lab/guests/NAME.c with more options."""
    guests = os.path.join(LAB, 'guests')
    source = os.path.join(guests, name + '.c')
    included = sorted(glob.glob(os.path.join(guests, '*.h')))
    return built(name, digest(source, *included, *options, __file__),
                 lambda path: run(['cc', '-O2', '-o', path, *options, source]))


def assembled(name, origin, target, finish=lambda code: code,
              sources=(os.path.join(LAB, 'guests'),), symbols=(), inputs=()):
    """Assembles NAME.S to a flat binary, build/lab/TARGET.

    origin: offset of its first byte in its segment; finish: what the binary
    becomes; sources: where it and what it includes is; symbols: NAME=VALUE;
    inputs: what else finish() makes it from, files or words.
    """
    source = os.path.join(sources[0], name + '.S')

    def build(path):
        with staging() as tree:
            code = os.path.join(tree, 'code')
            run(['as', '--32', *(f'-I{s}' for s in sources),
                 *(f'--defsym={s}' for s in symbols), '-o', code + '.o',
                 source])
            run(['ld', '-m', 'elf_i386', '-Ttext', hex(origin), '--oformat',
                 'binary', '-o', code, code + '.o'])
            with open(code, 'rb') as file, open(path, 'wb') as image:
                image.write(finish(file.read()))

    included = sorted(path for s in sources
                      for path in glob.glob(os.path.join(s, '*.inc')))
    return built(target, digest(source, *included, *symbols, *inputs,
                                __file__), build)


def firmware(name, kib=64):
    """Makes lab/guests/NAME.S a -bios file; PCI pages fill it up to `kib`."""
    return assembled(name, 0, f'{name}-{kib}k.bin', lambda code: b''.join(
        pci_page(n) for n in range(16 - kib // 16, 12)) + code)


def option_rom(name):
    """Makes lab/guests/NAME.S an option ROM: its last byte is the checksum."""
    return assembled(name, 0, name + '.rom', lambda code: code[:-1]
                     + bytes([-sum(code[:-1]) & 0xff]))


def pci_page(number):
    """Returns what lies on the PCI side of the 16 KiB segment `number`.

    Segment 0 is at 0xc0000. Each byte identifies the segment, and at
    PCI_ROUTINE is a routine that returns that byte, as in firmware.inc for the
    F segment.
    """
    page = bytearray([PCI_PATTERN + number]) * PCI_PAGE
    page[PCI_ROUTINE:PCI_ROUTINE + 3] = bytes(
        [0xb0, PCI_PATTERN + number, 0xcb])         # movb to %al; lret
    return bytes(page)


def pci_side():
    """Makes 0xc0000 to 0xdffff of the PCI side, for -device loader."""
    def build(path):
        with open(path, 'wb') as file:
            file.writelines(pci_page(n) for n in range(8))

    return built('pci-side.bin', digest(__file__), build)
