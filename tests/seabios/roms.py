# SPDX-License-Identifier: GPL-2.0-or-later
"""Make option ROMs for tests: PCI Firmware Specification 3.2, chapter 5."""

import struct

BLOCK = 512
PCIR = 0x1c             # in every image here
VENDOR, DEVICE = 0x1b36, 0x0005         # pci-testdev
OTHER = 0xffff          # an image for another device


class Image:
    """One image of a ROM; firmware calls its code at offset 3."""

    def __init__(self, blocks=1, **fields):
        self.blocks = blocks
        self.fields = dict(device=DEVICE, last=True, length=blocks,
                           size=blocks, pcir=PCIR, pnp=b'')
        self.fields.update(fields)

    def data(self, beyond=b''):
        """Return the bytes; the checksum covers what seems to lie beyond."""
        f = self.fields
        image = bytearray(self.blocks * BLOCK)
        struct.pack_into('<HBB', image, 0, 0xaa55, f['size'], 0xcb)
        struct.pack_into('<HH', image, 0x18, f['pcir'],
                         0x40 if f['pnp'] else 0)
        struct.pack_into('<4sHHHHBBHHHBBH', image, PCIR, b'PCIR', VENDOR,
                         f['device'], 0, 0x18, 0, 0, 0xff00, f['length'], 0,
                         0, 0x80 if f['last'] else 0, 0)
        image[0x40:0x40 + len(f['pnp'])] = f['pnp']
        image[-1] = -sum(image + beyond) & 0xff
        return bytes(image)


def pnp(following):
    """Return a PnP header at 0x40 with a boot entry and a link to the next."""
    header = bytearray(struct.pack(
        '<4sBBHBBIHHBHBHHHHH', b'$PnP', 1, 2, following, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 3, 0, 0))
    header[9] = -sum(header) & 0xff
    return bytes(header)
