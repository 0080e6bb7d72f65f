# SPDX-License-Identifier: GPL-2.0-or-later
"""The VBIOSes of the zoo: SeaBIOS's vgabios, and a maker's tail behind it."""

import os
import struct
import subprocess

from bench import TOP, require
from vgalab import guest_code, paths

BLOCK = 512
NEAR_JUMP = 0xe9
ENTRY = 3               # where the POST of an option ROM begins
CHECKSUM = 6            # a byte that SeaBIOS leaves for it
PCIR = 0x18             # where the offset of the PCI data structure is
VBIOS = os.path.join(TOP, 'tests', 'zoo', 'vbios')
# Adversaries and the core by itself have nothing of a maker's own.
TAILS = ('s3', 'cirrus', 'tseng', 'trident', 'matrox', 'voodoo', 'nvidia',
         'ati', 'intel')


def vgabios():
    """SeaBIOS's for a VGA without extensions: a path."""
    name = 'vgabios-zoo.bin'
    done = subprocess.run(
        [os.path.join(TOP, 'scripts', 'build'), 'rom', name, 'vga-zoo',
         'vgabios.bin'], capture_output=True, text=True, check=False)
    require(not done.returncode, done.stderr)
    return os.path.join(paths.BUILD, 'seabios', name)


def joined(first, tail, ids):
    """One image: both, with the tail's POST first, for one adapter's IDs."""
    rom = bytearray(first + tail)
    rom += bytes(-len(rom) % BLOCK)
    rom[2] = len(rom) // BLOCK
    rom[ENTRY] = NEAR_JUMP
    struct.pack_into('<H', rom, ENTRY + 1, len(first) - (ENTRY + 3))
    pcir, = struct.unpack_from('<H', rom, PCIR)
    require(rom[pcir:pcir + 4] == b'PCIR', 'the vgabios has no PCI data')
    struct.pack_into('<HH', rom, pcir + 4, *ids)
    struct.pack_into('<H', rom, pcir + 0x10, rom[2])
    rom[CHECKSUM] = 0
    rom[CHECKSUM] = -sum(rom) & 0xff
    return bytes(rom)


def entry(rom):
    """Where the jump at an option ROM's entry goes to."""
    if rom[ENTRY] == NEAR_JUMP:
        return ENTRY + 3 + struct.unpack_from('<h', rom, ENTRY + 1)[0]
    require(rom[ENTRY] == 0xeb, 'the vgabios does not begin with a jump')
    return ENTRY + 2 + struct.unpack_from('<b', rom, ENTRY + 1)[0]


def vbios(personality, ids):
    """The path of a personality's ROM; ids: vendor and device."""
    source = vgabios()
    with open(source, 'rb') as file:
        first = file.read()
    first += bytes(-len(first) % BLOCK)
    tail = personality if personality in TAILS else 'plain'
    return guest_code.assembled(
        tail, len(first), f'zoo-{personality}.rom',
        lambda code: joined(first, code, ids), sources=(VBIOS,),
        symbols=(f'VGABIOS_ENTRY={entry(first)}',), inputs=(source, f'{ids}'))
