# SPDX-License-Identifier: GPL-2.0-or-later
"""VBIOS images for the tests of vga-assign."""
import struct


def rom_image(vendor, device, efi, last, blocks=8, fill=0x90):
    """Return one image: an x86 one whose sum is 0, or an EFI one."""
    data = bytearray([fill]) * (blocks * 512)
    data[0:3] = bytes([0x55, 0xaa, blocks])
    if efi:
        data[2:4] = struct.pack('<H', blocks)
        data[4:0x18] = struct.pack('<IHHH8xH', 0xef1, 11, 0x8664, 1, 0x40)
    else:
        data[3:6] = b'\xe9\x3d\x00'
    data[0x18:0x1c] = struct.pack('<HH', 0x20, 0)
    data[0x20:0x3a] = struct.pack('<4sHHHHB3sHHBBHH', b'PCIR', vendor, device,
                                  0, 0x1a, 3, b'\0\0\3', blocks, 1,
                                  3 if efi else 0, 0x80 if last else 0, 0, 0)
    data[0x3a:0x40] = bytes(6)
    if not efi:
        data[-1] = 0
        data[-1] = -sum(data) & 0xff
    return bytes(data)


def rom(vendor, device, kinds='bios+uefi'):
    """Return a VBIOS with these images."""
    kinds = kinds.split('+')
    return b''.join(rom_image(vendor, device, k == 'uefi', k == kinds[-1])
                    for k in kinds)


def posted(data):
    """Return what POST leaves at 0xc0000: changed variables, a wrong sum."""
    changed = bytearray(data)
    changed[0x100:0x104] = b'\x12\x34\x56\x78'
    return bytes(changed) + bytes(0x20000 - len(changed))


def nvgi(data):
    """Return an image with a flash header in front, as flash tools save it."""
    head = bytearray(0x400)
    head[0:8] = struct.pack('<II', 0x4947564e, 0x0010_0100)
    head[0x14:0x18] = struct.pack('<I', 0x400)
    return bytes(head) + data
