#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Test which VBIOS the guest gets, in the nested lab: rom-test.py (TAP).

The host's boot VGA is assigned. As its ROM, vfio-pci gives out the copy at
0xc0000, which has run. The host boots three times. With the unpatched QEMU the
guest's screen stays dark without a message. With the same adapter as the
second one, vga-assign dumps its VBIOS. Last, the patched QEMU is started with
each kind of bad VBIOS, without running a guest, and then boots a guest with
the dumped VBIOS.
"""

import base64
import functools
import gzip
import os
import struct
import tempfile

# __import__ is needed for file names with a hyphen, as Meson's tests have.
LAB = __import__('lab-test')
LIBVIRT = __import__('libvirt-test')
BUILD, Lab, require = LAB.BUILD, LAB.Lab, LAB.require

ADAPTERS = ('--assign', '0', '--adapter', 'VGA')
MADE_WITH = os.path.join(BUILD, 'seabios', 'vgabios-stdvga.bin')
OTHER = os.path.join(BUILD, 'seabios', 'vgabios-cirrus.bin')

# Starts a QEMU that stops before its guest runs; its messages are in qemu.log.
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

# What a person types on the host where the adapter is the second one.
SECOND, END = '0000:02:00.0', 'dump: end'
DUMP = f'''
mkdir -p /roms
vga-assign rom dump {SECOND} -o /roms/vga.rom 2>&1 |
    while read -r line; do event "qemu said: $line"; done
gzip -c /roms/vga.rom | base64 |
    while read -r line; do event "qemu dump: $line"; done
event "qemu {END}"
'''

# Each probe has a name, the device's options, and the expected messages.
BOOT_VGA, UNREADABLE = 'host=01:00.0', 'host=02:00.0'
PROBES = [
    ('shadow', BOOT_VGA,
     ('VBIOS (ROM region): it is the kernel\'s copy at 0xc0000',
      'romfile=NEW', 'The flash ROM does not help')),
    ('strict', BOOT_VGA + ',x-rom-check=error',
     ('qemu-system-x86_64: -device', 'it is the kernel\'s copy at 0xc0000')),
    ('off', BOOT_VGA + ',x-rom-check=off', ()),
    ('blank', BOOT_VGA + ',romfile=/roms/blank.rom',
     ('all its 4096 bytes are 0xff: nothing was read',
      'vga-assign rom dump 0000:01:00.0 -o NEW')),
    ('good', BOOT_VGA + ',romfile=/roms/good.rom', ()),
    ('ids', BOOT_VGA + ',romfile=/roms/ids.rom',
     ('romfile \'/roms/ids.rom\'', 'its x86 image is for 1013:00b8, and the '
      'adapter is 1234:1111')),
    ('nvgi', BOOT_VGA + ',romfile=/roms/nvgi.rom',
     ('it starts with NVIDIA\'s flash header',)),
    ('efi', BOOT_VGA + ',romfile=/roms/efi.rom',
     ('it has no x86 image: SeaBIOS finds nothing to run',)),
    ('nobar', BOOT_VGA + ',romfile=/roms/good.rom,rombar=0',
     ('with rombar=0 a BIOS runs it for no adapter in particular',
      'Leave out rombar=0')),
    ('unreadable', UNREADABLE,
     ('VBIOS (ROM region): the host gives none', 'romfile=FILE')),
]


def efi_image():
    """Return an EFI image for the boot VGA that does nothing."""
    image = bytearray(1024)
    struct.pack_into('<HHIHHH', image, 0, 0xaa55, 2, 0x0ef1, 11, 0x8664, 0)
    struct.pack_into('<HH', image, 0x16, 0x60, 0x40)
    struct.pack_into('<4sHHHHB3sHHBB', image, 0x40, b'PCIR', 0x1234, 0x1111, 0,
                     0x18, 0, b'\0\0\3', 2, 0, 3, 0x80)
    return bytes(image)


def with_flash_header(image):
    """Return an image as tools save an NVIDIA adapter's whole flash ROM."""
    header = bytearray(0x600)
    struct.pack_into('<II', header, 0, 0x4947564e, 0x00200200)
    struct.pack_into('<I', header, 0x24, len(header))
    return bytes(header) + image


def contents(path):
    """Return a file's bytes."""
    with open(path, 'rb') as file:
        return file.read()


def unpatched():
    """The guest runs, its screen is dark, and there is no message."""
    lab = Lab('rom-unpatched', *ADAPTERS, '--adapter', 'cirrus-vga', '--guest',
              'seabios', '--qemu', LAB.BASE, '--seconds', '300',
              until='debug:' + LAB.NO_DISK)
    require(lab.result['adapters'][0]['boot_vga'], 'it is not the boot VGA')
    # The screen still has the text of the host's own firmware.
    path = os.path.join(lab.out, 'adapter0.txt')
    require(not os.path.exists(path) or
            LAB.NO_DISK not in lab.read('adapter0.txt'),
            'the screen works: no copy that has run')
    require(not lab.read('qemu.log'), 'the unpatched QEMU said something')


@functools.cache
def dumped():
    """Dump the VBIOS with vga-assign while the adapter is the second one."""
    lab = Lab('rom-dump', '--adapter', 'cirrus-vga', '--adapter', 'VGA',
              '--guest', 'seabios', *LIBVIRT.program_files(LIBVIRT.TOOL),
              '--host-cmd', DUMP, until='qemu:' + END)
    require(not lab.result['adapters'][1]['boot_vga'], 'it is the boot VGA')
    lines = lab.read('qemu.log').splitlines()
    text = ''.join(line.removeprefix('dump: ') for line in lines
                   if line.startswith('dump: ') and line != END)
    require(text, 'nothing was taken: ' + ' '.join(lines))
    return gzip.decompress(base64.b64decode(text))


def taken():
    """The dump is the VBIOS that the adapter was made with."""
    wanted = contents(MADE_WITH)
    require(dumped()[:len(wanted)] == wanted, 'the VBIOS is another one')


@functools.cache
def patched():
    """Boot once, run each probe, and then the guest with the dumped VBIOS."""
    roms = {'good': dumped(), 'ids': contents(OTHER),
            'nvgi': with_flash_header(contents(MADE_WITH)),
            'efi': efi_image(), 'blank': b'\xff' * 4096}
    with tempfile.TemporaryDirectory() as directory:
        arguments = []
        for name, data in dict(roms, junk=b'\x12' * 65536).items():
            path = os.path.join(directory, name)
            with open(path, 'wb') as file:
                file.write(data)
            if name in roms:
                arguments += ['--file', f'{path}:/roms/{name}.rom']
        for command in (PROBE, f'lab_vfio_bind {SECOND}',
                        *(f'probe {n} {o}' for n, o, _ in PROBES)):
            arguments += ['--host-cmd', command]
        return Lab('rom', *ADAPTERS, '--adapter',
                   'cirrus-vga,romfile=' + os.path.join(directory, 'junk'),
                   '--guest', 'seabios', '--device-opts',
                   'romfile=/roms/good.rom', *arguments, '--seconds', '400')


def probe_case(name, texts):
    """Return (title, function) of a probe: QEMU says the texts, and ends."""
    def case():
        start = f'[{name}] '
        lines = [line.removeprefix(start) for line in
                 patched().read('qemu.log').splitlines()
                 if line.startswith(start)]
        require(lines and lines[-1] == 'end', 'QEMU did not end')
        said = ' '.join(lines[:-1])
        for text in texts:
            require(text in said, f'"{text}" is not in: {said}')
        require(texts or not said, f'it complains: {said}')
    return f'what is said: {name}', case


def works():
    """The guest's firmware is on the screen, without a message."""
    require(LAB.NO_DISK in patched().read('adapter0.txt'),
            f'"{LAB.NO_DISK}" is not on the boot VGA')
    require(all(line.startswith('[') for line in
                patched().read('qemu.log').splitlines()),
            'the guest\'s own QEMU complained')


LAB.GROUPS['rom'] = [
    ('boot VGA, unpatched: a dark screen without a word', unpatched),
    ('vga-assign takes the VBIOS of a second adapter', taken),
    *(probe_case(name, texts) for name, _, texts in PROBES),
    ('boot VGA: the screen works with the VBIOS taken', works),
]

if __name__ == '__main__':
    LAB.main()
