#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines for the tests of vga-assign.

usage: machines.py DIRECTORY [NAME]...    write them (all) below DIRECTORY

They are made up: no real machine was copied. Each follows what the kernel's
documentation and source say of such files, and is plausible: its ids are those
of existing adapters, and its parts are consistent. Each has one property that
matters.
"""
import os
import re
import struct
import sys

from roms import posted, rom

MEM, IO, PREFETCH, MEM64, SHADOW = 0x40200, 0x40101, 0x2000, 0x100000, 0x2
M, G = 1 << 20, 1 << 30

PCI_IDS = """\
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t5159  RV100 [Radeon 7000 / Radeon VE]
\t699f  Lexa PRO [Radeon 540/540X/550/550X / RX 540X/550/550X]
\t73bf  Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]
\tab28  Navi 21/23 HDMI/DP Audio Controller
1013  Cirrus Logic
\t00b8  GD 5446
102b  Matrox Electronics Systems Ltd.
\t0525  MGA G400/G450
10de  NVIDIA Corporation
\t0e0f  GK208 HDMI/DP Audio Controller
\t128b  GK208B [GeForce GT 710]
\t1c81  GP107 [GeForce GTX 1050]
\t2331  GH100 [H100 PCIe]
1234  Technical Corp.
\t1111  QEMU Virtual Video Controller
1a03  ASPEED Technology, Inc.
\t2000  ASPEED Graphics Family
8086  Intel Corporation
\t0152  IvyBridge GT1 [HD Graphics]
\t1912  HD Graphics 530
"""


class Machine:
    """Writes the files of one machine."""
    def __init__(self, root, kernel='6.12.43+deb13-amd64', cmdline='quiet',
                 iommu=('dmar0', 'dmar1'), phys_bits=39, hidden=False):
        self.root, self.hidden, self.iommu = root, hidden, iommu
        self.kernel, self.places, self.arbiter = kernel, {}, []
        self.unreadable = ['13 /proc/1/fd'] if hidden else []
        self.ranges = ['00001000-0009ffff : System RAM',
                       '000a0000-000bffff : PCI Bus 0000:00']
        self.file('/usr/share/misc/pci.ids', PCI_IDS)
        self.file('/proc/sys/kernel/osrelease', kernel + '\n')
        self.file('/proc/cmdline', 'BOOT_IMAGE=/vmlinuz-%s root=UUID=0c5d9cb1-'
                  '1b2a-4a5e-8f3a-7a2d6b1f9e10 ro %s\n' % (kernel, cmdline))
        self.file('/proc/cpuinfo', 'processor\t: 0\naddress sizes\t: %d bits '
                  'physical, 48 bits virtual\n' % phys_bits)
        for name in iommu:
            self.directory('/sys/class/iommu/' + name)
        self.directory('/sys/bus/pci/devices')
        self.directory('/sys/bus/pci/drivers')
        self.file('/sys/bus/pci/drivers_probe', '')

    def path(self, name):
        """Return where a file of the machine lies."""
        return self.root + name

    def directory(self, name):
        """Make a directory."""
        os.makedirs(self.path(name), exist_ok=True)

    def file(self, name, contents, mode=None):
        """Write a file; text or bytes."""
        self.directory(os.path.dirname(name))
        data = contents if isinstance(contents, bytes) else contents.encode()
        with open(self.path(name), 'wb') as f:
            f.write(data)
        if mode is not None:
            os.chmod(self.path(name), mode)

    def link(self, name, target):
        """Make a symbolic link to another file of the machine, as in sysfs."""
        self.directory(os.path.dirname(name))
        os.symlink(os.path.relpath(target, os.path.dirname(name)),
                   self.path(name))

    def config(self, answer, module=None):
        """Write CONFIG_VFIO_PCI_VGA, and disable_vga if vfio-pci is loaded."""
        line = {'y': 'CONFIG_VFIO_PCI_VGA=y',
                'n': '# CONFIG_VFIO_PCI_VGA is not set'}[answer]
        self.file('/boot/config-' + self.kernel,
                  'CONFIG_PCI=y\nCONFIG_VGA_ARB=y\nCONFIG_VFIO_PCI=m\n%s\n' %
                  line)
        if module:
            where = '/sys/module/vfio_pci/parameters/'
            self.file(where + 'nointxmask', 'N\n')
            if answer == 'y':
                self.file(where + 'disable_vga', module + '\n')

    def device(self, bdf, ids, klass, below=None, driver=None, group=None,
               bars=(), rom_data=None, shadow=False, boot_vga=None, irq=0,
               pin=1, caps=(5, 0x10), extended=(), ggc=None, reset='bus',
               arbiter=None, rom_bar=0x80000):
        """Add a PCI device. bars: (flags, address, size)."""
        vendor, device = ids
        place = (self.places[below] if below else
                 '/sys/devices/pci%s' % bdf[:7]) + '/' + bdf
        self.places[bdf] = place
        self.link('/sys/bus/pci/devices/' + bdf, place)
        files = {'vendor': '0x%04x' % vendor, 'device': '0x%04x' % device,
                 'subsystem_vendor': '0x%04x' % vendor,
                 'subsystem_device': '0x0001', 'class': '0x%06x' % klass,
                 'revision': '0xa1', 'irq': str(irq),
                 'driver_override': '(null)'}
        if klass >> 16 == 3:
            files['reset_method'] = reset
            files['power_state'] = 'D0'
            if boot_vga is not None:
                files['boot_vga'] = str(boot_vga)
        for name, text in files.items():
            self.file(place + '/' + name, text + '\n')
        self.resources(place, bars, rom_data, shadow, rom_bar)
        config = self.config_space(ids, klass, bars, pin, caps, extended, ggc)
        self.file(place + '/config', config[:64] if self.hidden else config)
        if rom_data is not None:
            self.file(place + '/rom', rom_data)
            if self.hidden:
                self.unreadable.append('13 /sys/bus/pci/devices/%s/rom' % bdf)
        if driver:
            where = '/sys/bus/pci/drivers/' + driver
            for name in ('bind', 'unbind'):
                self.file(where + '/' + name, '')
            self.link(place + '/driver', where)
        if group is not None and self.iommu:
            where = '/sys/kernel/iommu_groups/%d' % group
            self.link(place + '/iommu_group', where)
            self.link(where + '/devices/' + bdf, place)
            if driver == 'vfio-pci':
                self.file('/dev/vfio/%d' % group, '', 0o600)
                self.file('/dev/vfio/vfio', '', 0o666)
        if arbiter:
            self.arbiter.append((bdf,) + arbiter)
        return place

    def resources(self, place, bars, rom_data, shadow, rom_bar):
        """Write sysfs' "resource": BARs 0 to 5, ROM, a bridge's windows."""
        lines = [(0, 0, 0)] * 13
        index = 0
        for flags, address, size in bars:
            lines[index] = (address, address + size - 1, flags)
            if size > 4096:
                self.ranges.append('%08x-%08x : %s' % (
                    address, address + size - 1, os.path.basename(place)))
            index += 2 if flags & MEM64 else 1
        if shadow:
            lines[6] = (0xc0000, 0xdffff, 0x200 | SHADOW | 0x10)
        elif rom_data is not None:
            lines[6] = (0xf0000000, 0xf0000000 + rom_bar - 1, 0x46200)
        self.file(place + '/resource',
                  ''.join('0x%016x 0x%016x 0x%016x\n' % l for l in lines))

    @staticmethod
    def config_space(ids, klass, bars, pin, caps, extended, ggc):
        """Return header, capabilities from 0x90, extended ones from 0x100."""
        c = bytearray(4096 if extended else 256)
        c[0:4] = struct.pack('<HH', *ids)
        c[4:8] = struct.pack('<HH', 0x7, 0x10 if caps else 0)
        c[8:12] = struct.pack('<I', klass << 8 | 0xa1)
        bridge = klass >> 8 == 0x0604
        c[14] = 1 if bridge else 0
        index = 0x10
        for flags, address, _ in bars:
            low = {True: 1}.get(bool(flags & 0x100),
                                (4 if flags & MEM64 else 0) |
                                (8 if flags & PREFETCH else 0))
            wide = 8 if flags & MEM64 else 4
            c[index:index + wide] = (address | low).to_bytes(
                8, 'little')[:wide]
            index += wide
        c[0x3d] = pin
        where = 0x90
        if caps:
            c[0x34] = where
        for number, cap in enumerate(caps):
            last = number == len(caps) - 1
            c[where:where + 2] = bytes([cap, 0 if last else where + 0x18])
            if cap == 0x10:
                c[where + 2] = 0x42 if bridge else 0x12
            where += 0x18
        where = 0x100
        for number, cap in enumerate(extended):
            after = 0 if number == len(extended) - 1 else where + 0x20
            c[where:where + 4] = struct.pack('<I', cap | 1 << 16 | after << 20)
            if cap == 3:
                c[where + 4:where + 12] = bytes.fromhex('2c2b2aff29282726')
            where += 0x20
        if ggc is not None:
            c[0x50:0x52] = struct.pack('<H', ggc)
        return bytes(c)

    def port(self, bdf, group=None, acs=True, below=None):
        """Add a root port; without ACS its device is in its group."""
        self.device(bdf, (0x8086, 0x1901), 0x060400, below, 'pcieport', group,
                    irq=120, extended=(0xd,) if acs else (1,))

    def host_bridge(self, group=0):
        """Add 00:00.0."""
        self.device('0000:00:00.0', (0x8086, 0x191f), 0x060000, group=group,
                    pin=0, caps=())

    def framebuffer(self, number, name, owner):
        """Add fbN with its owner: an address, or a platform device."""
        place = self.places.get(owner, '/sys/devices/platform/' + owner)
        self.directory(place)
        where = '/sys/class/graphics/fb%d' % number
        self.file(where + '/name', name + '\n')
        self.link(where + '/device', place)

    def card(self, number, bdf):
        """Add a DRM device."""
        self.link('/sys/class/drm/card%d/device' % number, self.places[bdf])
        self.directory('/sys/class/drm/card%d-DP-1' % number)

    def in_bar(self, address, size, name):
        """Add a framebuffer's line to /proc/iomem, below its BAR's."""
        self.ranges.append('  %08x-%08x : %s' % (address, address + size - 1,
                                                 name))

    def holder(self, pid, name, node):
        """Add a process that has a node open."""
        self.file('/proc/%d/comm' % pid, name + '\n')
        self.directory('/proc/%d/fd' % pid)
        os.symlink(node, self.path('/proc/%d/fd/7' % pid))

    def interrupts(self, lines):
        """Write /proc/interrupts."""
        self.file('/proc/interrupts', '           CPU0       CPU1\n' + ''.join(
            '%4d:   %8d          0  IR-IO-APIC  %3d-fasteoi   %s\n' %
            (irq, 1000 + irq, irq, names) for irq, names in lines))

    def close(self):
        """Write what is known only when all devices are there."""
        lines = self.ranges
        if self.hidden:
            self.unreadable.append('13 /dev/vga_arbiter')
            self.file('/unreadable', '\n'.join(self.unreadable) + '\n')
            self.directory('/proc/1/fd')
            lines = [re.sub('[0-9a-f]{8,}', '00000000', l) for l in lines]
        self.file('/proc/iomem', '\n'.join(lines) + '\n')
        if self.arbiter:
            self.file('/dev/vga_arbiter', ''.join(
                'count:%d,PCI:%s,decodes=%s,owns=%s,locks=%s(%d:%d)\n' %
                (len(self.arbiter), bdf, decodes, owns,
                 'io+mem' if locks else 'none', locks, locks)
                for bdf, decodes, owns, locks in self.arbiter), 0o600)


IGD_BARS = ((MEM | MEM64, 0xf6000000, 16 * M),
            (MEM | MEM64 | PREFETCH, 0xe0000000, 256 * M), (IO, 0xf000, 64))
GT710 = (0x10de, 0x128b)
GT710_BARS = ((MEM, 0xf7000000, 16 * M),
              (MEM | MEM64 | PREFETCH, 0xd0000000, 128 * M),
              (MEM | MEM64 | PREFETCH, 0xd8000000, 32 * M), (IO, 0xe000, 128))
RADEON = (0x1002, 0x699f)
RADEON_BARS = ((MEM | MEM64 | PREFETCH, 0xc0000000, 256 * M),
               (MEM | MEM64 | PREFETCH, 0xd0000000, 2 * M), (IO, 0xd000, 256),
               (MEM, 0xfce00000, 256 * 1024))


def intel_desktop(m, igd_arbiter=('none', 'none', 0), ggc=0x2, gpu_driver=None,
                  audio_driver=None, gpu_arbiter=('io+mem', 'none', 0),
                  gpu_rom=None):
    """Make an IGD that the host uses, and a GT 710 behind a root port."""
    m.host_bridge()
    m.device('0000:00:02.0', (0x8086, 0x1912), 0x030000, driver='i915', group=1,
             bars=IGD_BARS, boot_vga=1, irq=127, ggc=ggc, reset='flr',
             rom_data=bytes(0x20000), shadow=True, arbiter=igd_arbiter)
    m.port('0000:00:01.0', 2)
    m.device('0000:01:00.0', GT710, 0x030000, '0000:00:01.0', gpu_driver, 16,
             GT710_BARS, rom(*GT710) if gpu_rom is None else gpu_rom,
             boot_vga=0, irq=16, extended=(3,), arbiter=gpu_arbiter)
    m.device('0000:01:00.1', (0x10de, 0x0e0f), 0x040300, '0000:00:01.0',
             audio_driver, 16, ((MEM, 0xf8000000, 16384),), irq=17, pin=2)
    m.framebuffer(0, 'i915drmfb', '0000:00:02.0')
    m.card(0, '0000:00:02.0')
    m.interrupts([(16, 'vfio-intx(0000:01:00.0), xhci_hcd:usb1')])


def ready(root):
    """All is well: a GT 710 beside the processor's graphics."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci')
    m.config('y', 'N')
    m.close()


def fresh(root):
    """Nothing was done yet: host drivers have both functions."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    intel_desktop(m, gpu_driver='nouveau', audio_driver='snd_hda_intel',
                  gpu_arbiter=('none', 'none', 0))
    m.config('y')
    m.framebuffer(1, 'nouveaudrmfb', '0000:01:00.0')
    m.card(1, '0000:01:00.0')
    m.close()


def single(root):
    """The only adapter is the boot VGA: its ROM is the shadow copy."""
    m = Machine(root, kernel='6.1.0-38-amd64', cmdline='quiet', phys_bits=43,
                iommu=('ivhd0',))
    m.host_bridge()
    m.port('0000:00:01.0', 2)
    m.device('0000:01:00.0', (0x10de, 0x1c81), 0x030000, '0000:00:01.0',
             'vfio-pci', 12, GT710_BARS, posted(rom(0x10de, 0x1c81, 'bios')),
             shadow=True, boot_vga=1, irq=40,
             arbiter=('io+mem', 'io+mem', 0))
    m.config('y', 'N')
    m.framebuffer(0, 'EFI VGA', 'efi-framebuffer.0')
    m.close()


def efifb(root):
    """An old kernel has an efifb that keeps its part of the adapter's BAR."""
    m = Machine(root, kernel='5.10.0-35-amd64', cmdline='quiet amd_iommu=on',
                iommu=('ivhd0',), phys_bits=43)
    m.host_bridge()
    m.port('0000:00:03.0', 2)
    m.device('0000:0a:00.0', RADEON, 0x030000, '0000:00:03.0', 'vfio-pci', 21,
             RADEON_BARS, rom(*RADEON), boot_vga=1, irq=50, reset='',
             arbiter=('io+mem', 'io+mem', 0))
    m.in_bar(0xc0000000, 8 * M, 'efifb')
    m.framebuffer(0, 'EFI VGA', 'efi-framebuffer.0')
    m.config('y', 'N')
    m.close()


def chipset_slot(root):
    """A slot of the chipset has no ACS, so its group has the network in it."""
    m = Machine(root, cmdline='quiet', iommu=('ivhd0',), phys_bits=48)
    m.host_bridge()
    m.port('0000:00:01.1', 14)
    m.device('0000:09:00.0', (0x1002, 0x73bf), 0x030000, '0000:00:01.1',
             'amdgpu', 20, ((MEM | MEM64 | PREFETCH, 0x7c00000000, 16 * G),
                            (MEM | MEM64 | PREFETCH, 0x8000000000, 256 * M),
                            (IO, 0xf000, 256), (MEM, 0xfcb00000, M)),
             bytes(0x20000), shadow=True, boot_vga=1, irq=90, reset='bus',
             arbiter=('none', 'none', 0))
    m.port('0000:00:02.1', 15, acs=False)
    m.device('0000:05:00.0', RADEON, 0x030000, '0000:00:02.1', None, 15,
             RADEON_BARS, rom(*RADEON), boot_vga=0, irq=30,
             arbiter=('io+mem', 'none', 0))
    m.device('0000:06:00.0', (0x8086, 0x15f3), 0x020000, '0000:00:02.1', 'igc',
             15, ((MEM, 0xfc700000, M),), irq=31)
    m.device('0000:07:00.0', (0x1b21, 0x1166), 0x010601, '0000:00:02.1', 'ahci',
             15, ((MEM, 0xfc800000, 8192),), irq=32)
    m.framebuffer(0, 'amdgpudrmfb', '0000:09:00.0')
    m.card(0, '0000:09:00.0')
    m.config('y')
    m.close()


def cloud_kernel(root):
    """The kernel has no CONFIG_VFIO_PCI_VGA."""
    m = Machine(root, kernel='6.1.0-38-cloud-amd64',
                cmdline='console=ttyS0 intel_iommu=on', phys_bits=46)
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci')
    m.config('n', 'N')
    m.close()


def disable_vga(root):
    """vfio-pci was told to leave legacy VGA out."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci')
    m.config('y', 'Y')
    m.file('/etc/modprobe.d/vfio.conf', '# from a guide\n'
           'options vfio-pci ids=10de:128b,10de:0e0f disable_vga=1\n')
    m.close()


def no_iommu(root):
    """The IOMMU is off, and the only adapter is an old PCI one."""
    m = Machine(root, kernel='5.10.0-35-amd64', iommu=(), phys_bits=36)
    m.host_bridge()
    m.device('0000:00:1e.0', (0x8086, 0x244e), 0x060401, extended=())
    m.device('0000:05:00.0', (0x102b, 0x0525), 0x030000, '0000:00:1e.0',
             'matroxfb', None, ((MEM | PREFETCH, 0xf0000000, 32 * M),
                                (MEM, 0xfebfc000, 16384),
                                (MEM, 0xfe000000, 8 * M)),
             rom(0x102b, 0x0525, 'bios'), boot_vga=1, irq=18, caps=(),
             arbiter=('io+mem', 'io+mem', 0))
    m.framebuffer(0, 'MATROX', '0000:05:00.0')
    m.config('y')
    m.close()


def leaked_lock(root):
    """A program used trylock, and has ended."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci',
                  igd_arbiter=('io+mem', 'io+mem', 1), ggc=0)
    m.config('y', 'N')
    m.close()


def server(root):
    """An ASPEED and a Radeon are on one PCI bus, and X holds a lock."""
    m = Machine(root, kernel='6.1.0-38-amd64', cmdline='intel_iommu=on',
                phys_bits=46)
    m.host_bridge()
    m.device('0000:00:1c.0', (0x8086, 0x1d10), 0x060400, driver='pcieport',
             group=30, extended=(0xd,))
    m.device('0000:02:00.0', (0x1a03, 0x1150), 0x060400, '0000:00:1c.0',
             group=31)
    m.device('0000:03:00.0', (0x1a03, 0x2000), 0x030000, '0000:02:00.0', 'ast',
             31, ((MEM, 0xf5000000, 16 * M), (MEM, 0xf6000000, 131072),
                  (IO, 0xd000, 128)), bytes(0x20000), shadow=True, boot_vga=1,
             irq=16, caps=(5,), arbiter=('io+mem', 'io+mem', 2))
    m.device('0000:03:01.0', (0x1002, 0x5159), 0x030000, '0000:02:00.0',
             'radeon', 31, ((MEM | PREFETCH, 0xe0000000, 128 * M),
                            (IO, 0xd800, 256), (MEM, 0xf6800000, 65536)),
             rom(0x1002, 0x5159, 'bios'), boot_vga=0, irq=17, caps=(),
             arbiter=('io+mem', 'none', 0))
    m.framebuffer(0, 'astdrmfb', '0000:03:00.0')
    m.holder(812, 'Xorg', '/dev/vga_arbiter')
    m.interrupts([(17, 'ehci_hcd:usb2, radeon')])
    m.config('y')
    m.close()


def igd_off(root):
    """The processor's graphics are to be assigned, but may not decode VGA."""
    m = Machine(root, kernel='6.1.0-38-amd64', cmdline='intel_iommu=on',
                phys_bits=36)
    m.host_bridge()
    m.device('0000:00:02.0', (0x8086, 0x0152), 0x030000, driver='vfio-pci',
             group=1, bars=IGD_BARS, boot_vga=0, irq=16, ggc=0x212,
             reset='flr', rom_data=b'', arbiter=('io+mem', 'none', 0))
    m.port('0000:00:01.0', 2)
    m.device('0000:01:00.0', GT710, 0x030000, '0000:00:01.0', 'nouveau', 16,
             GT710_BARS, bytes(0x20000), shadow=True, boot_vga=1, irq=17,
             arbiter=('none', 'none', 0))
    m.framebuffer(0, 'nouveaudrmfb', '0000:01:00.0')
    m.config('y', 'N')
    m.close()


def igd_decodes(root):
    """i915 gave VGA up in the arbiter, but the hardware still decodes it."""
    m = Machine(root, kernel='4.19.0-27-amd64', cmdline='intel_iommu=on')
    intel_desktop(m, ggc=0, gpu_driver='vfio-pci', audio_driver='vfio-pci')
    m.config('y', 'N')
    m.close()


def big_bars(root):
    """There is a 3D controller, and a VGA adapter whose BARs do not fit."""
    m = Machine(root, phys_bits=40, cmdline='intel_iommu=on')
    m.host_bridge()
    m.port('0000:00:01.0', 2)
    m.device('0000:01:00.0', (0x10de, 0x2331), 0x030200, '0000:00:01.0',
             'vfio-pci', 40, ((MEM | MEM64 | PREFETCH, 1 << 41, 128 * G),),
             irq=16, extended=(3,))
    m.port('0000:00:03.0', 3)
    m.device('0000:02:00.0', (0x1002, 0x73bf), 0x030000, '0000:00:03.0',
             'vfio-pci', 41, ((MEM | PREFETCH, 0x80000000, G),
                              (MEM, 0xc0000000, 256 * M)),
             rom(0x1002, 0x73bf, 'uefi'), boot_vga=0, irq=17,
             arbiter=('io+mem', 'io+mem', 0))
    m.config('y', 'N')
    m.close()


def huge_bars(root):
    """Resizable BARs have their largest size; the processor has 39 bits."""
    m = Machine(root, phys_bits=39, cmdline='intel_iommu=on')
    m.host_bridge()
    for bus, slot, size in ((1, 1, 256), (2, 3, 512)):
        m.port('0000:00:%02x.0' % slot, bus + 1)
        m.device('0000:%02x:00.0' % bus, (0x1002, 0x73bf), 0x030000,
                 '0000:00:%02x.0' % slot, 'vfio-pci', 40 + bus,
                 ((MEM | MEM64 | PREFETCH, bus << 40, size * G),
                  (MEM | MEM64 | PREFETCH, bus << 32, 32 * M)),
                 rom(0x1002, 0x73bf, 'uefi'), boot_vga=0, irq=15 + bus,
                 arbiter=('io+mem', 'none', 0))
    m.config('y', 'N')
    m.close()


def shared_interrupt(root):
    """INTx is shared with USB, and vfio-pci may not share."""
    m = Machine(root, cmdline='quiet intel_iommu=on')
    m.host_bridge()
    m.port('0000:00:1c.0', 5)
    m.device('0000:04:00.0', (0x1013, 0x00b8), 0x030000, '0000:00:1c.0',
             'vfio-pci', 22, ((MEM | PREFETCH, 0xf4000000, 32 * M),
                              (MEM, 0xf6000000, 4096)),
             rom(0x1013, 0x00b9, 'bios'), boot_vga=0, irq=18, caps=(),
             arbiter=('io+mem', 'none', 0))
    m.interrupts([(18, 'ehci_hcd:usb1')])
    m.config('y', 'N')
    m.file('/sys/module/vfio_pci/parameters/nointxmask', 'Y\n')
    m.close()


def unprivileged(root):
    """The first machine is seen by a user who is not root."""
    m = Machine(root, cmdline='quiet intel_iommu=on', hidden=True)
    intel_desktop(m, gpu_driver='vfio-pci', audio_driver='vfio-pci')
    m.config('y', 'N')
    m.close()


def headless(root):
    """There is no display adapter at all."""
    m = Machine(root)
    m.host_bridge()
    m.config('y')
    m.close()


# Each machine with the adapter to be assigned.
MACHINES = {
    'ready': (ready, '0000:01:00.0'),
    'fresh': (fresh, '0000:01:00.0'),
    'single': (single, '0000:01:00.0'),
    'efifb': (efifb, '0000:0a:00.0'),
    'chipset-slot': (chipset_slot, '0000:05:00.0'),
    'cloud-kernel': (cloud_kernel, '0000:01:00.0'),
    'disable-vga': (disable_vga, '0000:01:00.0'),
    'no-iommu': (no_iommu, '0000:05:00.0'),
    'leaked-lock': (leaked_lock, '0000:01:00.0'),
    'server': (server, '0000:03:01.0'),
    'igd-off': (igd_off, '0000:00:02.0'),
    'igd-decodes': (igd_decodes, '0000:01:00.0'),
    'big-bars': (big_bars, '0000:02:00.0'),
    'huge-bars': (huge_bars, '0000:02:00.0'),
    'huge-bars-256g': (huge_bars, '0000:01:00.0'),
    'shared-interrupt': (shared_interrupt, '0000:04:00.0'),
    'unprivileged': (unprivileged, '0000:01:00.0'),
}


def main():
    """Run the command line."""
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit(__doc__)
    for name in sys.argv[2:] or MACHINES:
        where = os.path.join(sys.argv[1], name)
        MACHINES[name][0](where)
        print('%s: %s' % (where, MACHINES[name][0].__doc__))


if __name__ == '__main__':
    main()
