#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which VBIOS the guest gets, on the nested lab: rom-test.py (TAP on stdout).

The host's boot VGA is assigned, of which vfio-pci hands out the copy at
0xc0000 that has run.  Two boots of the host are enough: on the unpatched QEMU
the guest's screen stays dark and nothing is said; the patched one is started
with each kind of bad VBIOS, without a guest that runs, and then boots a guest
with the right one.
"""

import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# The file has a hyphen in its name, as Meson's tests have.
Tests = __import__('lab-test')
BUILD, BASE = Tests.BUILD, Tests.BASE
Failure, Lab, require = Tests.Failure, Tests.Lab, Tests.require

ADAPTERS = ('--assign', '0', '--adapter', 'VGA')
GOOD = os.path.join(BUILD, 'seabios', 'vgabios-stdvga.bin')
OTHER = os.path.join(BUILD, 'seabios', 'vgabios-cirrus.bin')

# A QEMU that stops before its guest runs: what it says is in qemu.log.
PROBE = '''
probe() {
    name=$1; shift
    echo quit | timeout 120 qemu-system-x86_64 -L /firmware -nodefaults \
        -no-user-config -machine pc,accel=tcg -m 64 -display none -vga none \
        -S -monitor stdio -device "vfio-pci,x-vga=on,$*" 2>&1 >/dev/null |
        while read -r line; do event "qemu [$name] $line"; done
    event "qemu [$name] end"
}
'''

# What is probed: a name, the device's options, and what is said of it.
BOOT_VGA, SECOND = 'host=01:00.0', 'host=02:00.0'
PROBES = [
    ('shadow', BOOT_VGA,
     ('VBIOS (ROM region): it is the kernel\'s copy at 0xc0000',
      'romfile=FILE', 'The flash part is no way out')),
    ('strict', BOOT_VGA + ',x-rom-check=error',
     ('qemu-system-x86_64: -device', 'it is the kernel\'s copy at 0xc0000')),
    ('off', BOOT_VGA + ',x-rom-check=off', ()),
    ('good', BOOT_VGA + ',romfile=/roms/good.rom', ()),
    ('ids', BOOT_VGA + ',romfile=/roms/ids.rom',
     ('romfile \'/roms/ids.rom\'', 'its x86 image is for 1013:00b8, the '
      'adapter is 1234:1111')),
    ('nvgi', BOOT_VGA + ',romfile=/roms/nvgi.rom',
     ('it starts with NVIDIA\'s flash header',)),
    ('efi', BOOT_VGA + ',romfile=/roms/efi.rom',
     ('it has no x86 image: SeaBIOS finds nothing to run',)),
    ('nobar', BOOT_VGA + ',romfile=/roms/good.rom,rombar=0',
     ('with rombar=0 a BIOS runs it for no adapter in particular',
      'leave out rombar=0')),
    ('unreadable', SECOND, ('VBIOS (ROM region): the host gives none',
                            'romfile=FILE')),
]


def efi_image():
    """An EFI image for the boot VGA, with nothing in it."""
    image = bytearray(1024)
    struct.pack_into('<HHIHHH', image, 0, 0xaa55, 2, 0x0ef1, 11, 0x8664, 0)
    struct.pack_into('<HH', image, 0x16, 0x60, 0x40)
    struct.pack_into('<4sHHHHB3sHHBB', image, 0x40, b'PCIR', 0x1234, 0x1111, 0,
                     0x18, 0, b'\0\0\3', 2, 0, 3, 0x80)
    return bytes(image)


def with_flash_header(image):
    """As a tool that reads the whole flash part of an NVIDIA adapter has it."""
    header = bytearray(0x600)
    struct.pack_into('<II', header, 0, 0x4947564e, 0x00200200)
    struct.pack_into('<I', header, 0x24, len(header))
    return bytes(header) + image


def contents(path):
    """A file's bytes."""
    with open(path, 'rb') as file:
        return file.read()


def unpatched():
    """The guest runs, its screen is dark, and nobody says a word."""
    lab = Lab('rom-unpatched', *ADAPTERS, '--adapter', 'cirrus-vga', '--guest',
              'seabios', '--qemu', BASE, '--seconds', '300',
              until='debug:' + Tests.NO_DISK)
    require(lab.result['adapters'][0]['boot_vga'], 'it is not the boot VGA')
    path = os.path.join(lab.out, 'adapter0.txt')
    require(not os.path.exists(path) or
            'SeaBIOS' not in lab.read('adapter0.txt'),
            'the screen works: no copy that has run')
    require(not lab.read('qemu.log'), 'the unpatched QEMU said something')


def patched():
    """Each probe's words, and a screen that works with the right VBIOS."""
    roms = {'good': contents(GOOD), 'ids': contents(OTHER),
            'nvgi': with_flash_header(contents(GOOD)), 'efi': efi_image()}
    with tempfile.TemporaryDirectory() as directory:
        arguments = []
        for name, data in dict(roms, junk=b'\x12' * 65536).items():
            path = os.path.join(directory, name)
            with open(path, 'wb') as file:
                file.write(data)
            if name in roms:
                arguments += ['--file', f'{path}:/roms/{name}.rom']
        for command in (PROBE, 'lab_vfio_bind 0000:02:00.0',
                        *(f'probe {n} {o}' for n, o, _ in PROBES)):
            arguments += ['--host-cmd', command]
        lab = Lab('rom', *ADAPTERS, '--adapter',
                  'cirrus-vga,romfile=' + os.path.join(directory, 'junk'),
                  '--guest', 'seabios', '--device-opts',
                  'romfile=/roms/good.rom', *arguments, '--seconds', '400')
    require('SeaBIOS (version' in lab.read('adapter0.txt'),
            'no SeaBIOS banner on the boot VGA')
    said = lab.read('qemu.log').splitlines()
    for name, _, texts in PROBES:
        start = f'[{name}] '
        lines = [line[len(start):] for line in said if line.startswith(start)]
        require(lines and lines[-1] == 'end', f'{name}: QEMU did not end')
        words = ' '.join(lines[:-1])
        for text in texts:
            require(text in words, f'{name}: "{text}" is not in: {words}')
        require(texts or not words, f'{name}: it complains: {words}')
    require(all(line.startswith('[') for line in said),
            'the guest\'s own QEMU complained')


def main():
    """One TAP line a case."""
    cases = [('boot VGA, unpatched: a dark screen without a word', unpatched),
             ('boot VGA: what is wrong is said, and the right VBIOS works',
              patched)]
    print(f'1..{len(cases)}', flush=True)
    for number, (title, case) in enumerate(cases, 1):
        try:
            case()
            print(f'ok {number} - {title}', flush=True)
        except Failure as failure:
            print(f'not ok {number} - {title}')
            print(f'# {failure}', flush=True)


main()
